"""A whole recipe is certified: right ones pass, and each planted fault is named."""

import re
import sys

import numpy as np
import pytest

import tinygan as tg
from tinygan import recipes
from tinygan.check import (
    Flat,
    check_layer,
    file_rows,
    finite_difference,
    part,
    recipe_rows,
)
from tinygan.check.device import FakeBackend, as_cupy, counting, xp
from tinygan.check.moves.game import judged
from tinygan.check.recipes import pieces
from tinygan.check.recipes.networks import fitting_batch, units
from tinygan.layers import (
    BatchNorm,
    Concat,
    ConditionalBatchNorm,
    Dense,
    Embedding,
    Identity,
    MinibatchStd,
    Pack,
    Paint,
    Parallel,
    Projection,
    Sequential,
    Tanh,
)
from tinygan.values import Integers

HEAD = """import numpy as np
import tinygan as tg
from tinygan import *
from tinygan.data import ring
from tinygan.runs import Classes, Experiment, Latent


class Square(tg.Layer):
    def forward(self, x, train=True):
        return x * x / 2, (x,)

    def backward(self, dy, cache, param_grads=True):
        (x,) = cache
        return x * dy

    def tangent(self, x_dot, cache):
        (x,) = cache
        return x * x_dot, (x_dot,)

    def tangent_backward(self, dy, dy_dot, cache, cache_dot):
        (x,), (x_dot,) = cache, cache_dot
        dx = 0 if dy is None else x * dy
        return (dx, None) if dy_dot is None else (dx + x_dot * dy_dot, x * dy_dot)


class Loss(tg.Objective):
    def value(self, s_real, s_fake):
        fake = (s_fake**2).sum() / s_fake.size
        return ((s_real - 1) ** 2).sum() / -s_real.size - fake

    def d_grads(self, s_real, s_fake):
        return -2 * (s_real - 1) / s_real.size, -2 * s_fake / s_fake.size

    def g_value(self, s_fake, s_real=None):
        return ((s_fake - 1) ** 2).sum() / s_fake.size

    def g_grad(self, s_fake, s_real=None):
        return 2 * (s_fake - 1) / s_fake.size
"""
TAIL = """

def recipe(steps=10, batch=16, lr=1e-3, seed=0):
    parts = {"G": Sequential(Dense(8), Square(), Dense(2)),
             "D": Sequential(Dense(8), Tanh(), Square(), Dense(1)),
             "objective": Loss(), "penalties": [R1(0.1)], "data": ring,
             "opt_G": Adam(lr), "opt_D": Adam(lr), "latent": Latent(3)}
    parts |= {MORE}
    return Experiment(shape=(2,), steps=steps, batch=batch, seed=seed, **parts)
"""


@pytest.fixture
def write(tmp_path, monkeypatch):
    """write(more code, parts of the experiment, *replacements): a recipe's file."""
    monkeypatch.chdir(tmp_path)

    def write(code="", more="{}", *changes):
        text = HEAD + code + TAIL.replace("{MORE}", more)
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        (tmp_path / "mine.py").write_text(text)
        return "mine.py"

    return write


def quickly(path, **options):
    """What a quick check of a recipe's file finds."""
    return file_rows(path, effort="quick", **options)


def failures(rows) -> dict:
    """{name: quantities} of what fails."""
    found: dict = {}
    for row in rows:
        if not row.ok:
            found.setdefault(row.name, set()).add(row.quantity)
    return found


def the_row(rows, name: str, quantity: str):
    (row,) = (r for r in rows if (r.name, r.quantity) == (name, quantity))
    return row


def test_a_right_recipe_has_no_failure_and_all_its_pieces(write):
    rows = file_rows(write())
    assert failures(rows) == {}
    names = {row.name for row in rows}
    assert names >= {
        "G.0_Dense on (3,)",
        "G.1_Square on (8,)",
        "G, the whole network",
        "D.2_Square on (8,)",
        "D, the whole network",
        "objective, Loss()",
        "d_step, Loss()",
        "g_step, Loss()",
        "penalties.0, R1(gamma=0.1)",
        "R1(gamma=0.1) on D",
        "opt_G, Adam",
        "two turns",
        "a turn on CuPy",
    }
    note = the_row(rows, "a turn on CuPy", "runs").note
    assert note.startswith("note: host reads: 0; uploads: 3; launches: ")


WRONG = {  # a change of the text: what has to fail, beside what follows from it
    "backward": (("return x * dy\n", "return x * dy * 1.001\n"), "D.2_Square on (8,)"),
    "tangent": (("x * x_dot, (x_dot", "x_dot, (x_dot"), "D.2_Square on (8,)"),
    "reverse": (("dx + x_dot * dy_dot", "dx + 0 * dy_dot"), "R1(gamma=0.1) on D"),
    "J": (("return 2 * (s_fake - 1)", "return -2 * (s_fake - 1)"), "g_step, Loss()"),
    "V": (("return -2 * (s_real", "return -1 * (s_real"), "d_step, Loss()"),
}


@pytest.mark.parametrize("change, name", WRONG.values(), ids=WRONG)
def test_a_wrong_derivative_is_named_and_followed(write, change, name):
    rows = quickly(write("", "{}", change))
    assert name in failures(rows)
    assert "two turns" not in failures(rows)  # it plays all the same
    for row in rows:
        if not row.ok:
            assert row.line.startswith("from tinygan.check") and "mine.py" in row.line
    if name.startswith("D."):
        whole = [row for row in rows if row.name == "D, the whole network"]
        assert f"perhaps because of {name}" in {row.note for row in whole}


def test_what_is_right_does_not_fail_with_a_wrong_loss(write):
    change = ("return 2 * (s_fake - 1)", "return -2 * (s_fake - 1)")
    found = failures(quickly(write("", "{}", change)))
    assert set(found) == {"objective, Loss()", "g_step, Loss()"}


LARGE = """{
    "G": Sequential(Dense(600), Square(), Dense(600), Tanh(), Dense(2)),
    "diversity": lambda turn: Diversity(0.1, 0.5) if turn > 3 else None}"""


def test_a_large_network_is_checked_by_layers_and_by_the_moves(write):
    rows = quickly(write("", LARGE))
    assert failures(rows) == {}
    names = {row.name for row in rows}
    assert "G.2_Dense on (600,)" not in names  # tinygan's own, of 360,600 numbers
    assert "d_step, WithDiversity(Loss(), Diversity(0.1, 0.5))" in names
    assert "diversity, Diversity(0.1, 0.5)" in names
    note = the_row(rows, "G, the whole network", "layers").note
    assert note.startswith("note: large: ") and note.endswith("layers (2_Dense)")


def test_a_wrong_layer_in_a_large_network(write):
    rows = quickly(write("", LARGE, ("return x * dy\n", "return x * dy * 1.001\n")))
    row = the_row(rows, "G, the whole network", "layers")
    assert (row.error, row.note) == (1.0, "wrong: G.1_Square on (600,)")
    name = "g_step, WithDiversity(Loss(), Diversity(0.1, 0.5))"
    assert not the_row(rows, name, "gradient").ok


# The rules of two turns.

CREEPS = """
class Creeps(Dense):
    def forward(self, x, train=True):
        y = super().forward(x, train)
        self.W *= 0.999
        return y
"""
HIDDEN = """
class Hidden(tg.Layer):
    calls = 0
    def forward(self, x, train=True):
        self.calls += 1
        return x * (1 + 0.1 * self.calls), (self.calls,)
    def backward(self, dy, cache, param_grads=True):
        return dy * (1 + 0.1 * cache[0])
"""
STREAM = """
class Stream:
    shape = (2,)
    rng = np.random.default_rng()
    def batches(self, batch, seed, backend):
        draw = lambda i: self.rng.standard_normal((batch, 2)).astype("float32")
        return lambda i: backend.asarray(draw(i))
"""
LAZY = """
class Lazy(SGD):
    def step(self, theta, g, signed_lr):
        super().step(theta, 0 * g, signed_lr)
"""
EXPLODES = """
class Explodes(tg.Layer):
    def forward(self, x, train=True):
        return x * 1e30, ()
    def backward(self, dy, cache, param_grads=True):
        return dy * 1e30
"""
RULES = {
    "stays": (CREEPS, '{"D": Sequential(Creeps(4), Dense(1))}', "theta_D changed"),
    "resume": (
        HIDDEN,
        '{"D": Sequential(Hidden(), Dense(1)), "penalties": []}',
        "differs in",
    ),
    "resume, data": (STREAM, '{"data": Stream}', "differs in log; G.theta"),
    "moves": (LAZY, '{"opt_G": Lazy(0.1)}', "theta_G did not move"),
    "finite": (
        EXPLODES,
        '{"D": Sequential(Explodes(), Explodes(), Dense(1)), "penalties": []}',
        "step 1: NaN or infinity in ",
    ),
}


@pytest.mark.parametrize("quantity", RULES)
def test_a_broken_rule_of_two_turns(write, quantity):
    code, more, words = RULES[quantity]
    rows = recipe_rows(write(code, more), only="two turns")
    row = the_row(rows, "two turns", quantity.partition(",")[0])
    assert not row.ok and words in row.note
    assert set(failures(rows)["two turns"]) == {row.quantity}
    assert "only='two turns'" in row.line


def test_the_rules_of_two_turns_are_kept_by_a_right_recipe(write):
    rows = recipe_rows(write(), only="two turns")
    assert [row.quantity for row in rows] == ["finite", "stays", "moves", "resume"]
    assert failures(rows) == {}


# A turn on CuPy, on the stand-in.

MIDDLE = """
class Middle(tg.Layer):
    def forward(self, x, train=True):
        return FORWARD, ()
    def backward(self, dy, cache, param_grads=True):
        return dy
"""


def on_device(write, forward: str):
    code = MIDDLE.replace("FORWARD", forward)
    line = 1 + (HEAD + code).split("\n").index(f"        return {forward}, ()")
    more = '{"D": Sequential(Middle(), Dense(1)), "penalties": []}'
    (row,) = recipe_rows(write(code, more), only="a turn on CuPy")
    return row, f"mine.py, line {line}"


@pytest.mark.parametrize(
    "forward, n",
    [
        ("x if (x * x).sum() > 0 else -x", 3),  # real, fake, and the move of G
        ("x * float(x.sum() * 0 + 1)", 3),
        ("x + x[x > 0].sum() * 0", 3),
    ],
)
def test_a_host_read_is_counted_with_its_line(write, forward, n):
    row, place = on_device(write, forward)
    assert row.ok and f"host reads: {n} ({place})" in row.note


@pytest.mark.parametrize(
    "forward",
    [
        "tg.get_xp(x).asarray(np.asarray(x))",
        "x * np.ones(2, 'float32')",
        "x + np.zeros((1, 2), 'float32')",
    ],
)
def test_a_turn_that_cupy_cannot_play_fails_with_its_line(write, forward):
    row, place = on_device(write, forward)
    assert not row.ok and place in row.note and "get_xp(x)" in row.note


def test_numpys_functions_are_cupys_there(write):
    """CuPy takes over np.exp(x), so this is told and is no failure."""
    row, place = on_device(write, "np.exp(x)")
    assert row.ok and f"calls of NumPy: 3 ({place})" in row.note
    x = FakeBackend().asarray(np.ones(3))
    with as_cupy(), counting() as counts:
        assert type(np.add(x, 1.0)) is type(np.sum(x)) is xp.Array
        assert counts.numpy_calls == 2
        with pytest.raises(TypeError, match="Unsupported type"):
            np.add(x, np.ones(3))
    with pytest.raises(TypeError):
        np.add(x, 1.0)  # strict again


def test_what_the_stand_in_lacks_is_no_failure(write):
    row, place = on_device(write, "tg.get_xp(x).flipud(x)")
    assert row.ok and row.note.startswith("note: not counted") and place in row.note


def test_data_that_stay_on_the_host_fail(write):
    more = '{"data": Stream}'
    code = STREAM.replace("backend.asarray(draw(i))", "draw(i)")
    (row,) = recipe_rows(write(code, more), only="a turn on CuPy")
    assert not row.ok and "expected an array of cupy" in row.note


# Networks of other kinds.

CLASSES = """
class Labelled:
    shape = (2,)
    condition_shape = tg.values.Integers((), 3) if hasattr(tg, "values") else None

    def batches(self, batch, seed, backend):
        def batch_of(i):
            rng = np.random.default_rng([seed, i])
            y = rng.integers(0, 3, batch)
            x = rng.standard_normal((batch, 2)) + y[:, None]
            return backend.asarray(x.astype("float32")), backend.asarray(y)
        return batch_of


class Join(tg.Layer):
    def build(self, in_shape):
        (n,), (m,) = in_shape
        assert n == m
        return (n,)
    def forward(self, x, train=True):
        a, b = x
        return a * b, (a, b)
    def backward(self, dy, cache, param_grads=True):
        a, b = cache
        return b * dy, a * dy
"""
TWO = """{
    "G": Sequential(Parallel(Dense(8), Embedding(8)), Join(), Tanh(), Dense(2)),
    "D": Sequential(Parallel(Dense(8), Embedding(8)), Join(), Dense(1)),
    "data": Labelled, "condition": Classes(3), "penalties": [Mismatch(0.5)]}"""


def test_a_recipe_with_classes_and_a_layer_of_two_values(write):
    rows = quickly(write(CLASSES, TWO))
    assert failures(rows) == {}
    names = {row.name for row in rows}
    assert "G.1_Join on ((8,), (8,))" in names
    assert "G.0_Parallel.1_Embedding on Integers((), 3)" in names
    assert "Mismatch(weight=0.5, near=0) on D" in names
    change = ("return b * dy, a * dy", "return b * dy, b * dy")
    found = failures(quickly(write(CLASSES, TWO, change)))
    assert "dx" in found["G.1_Join on ((8,), (8,))"]
    assert "d_step, Loss()" in found


def test_batches_that_the_layers_take(write):
    """Groups of three, and pairs: the check finds a batch for each."""
    more = """{"D": Sequential(Pack(2), MinibatchStd(3), Dense(1)), "penalties": []}"""
    rows = quickly(write("", more, ("batch=16", "batch=24")))
    assert failures(rows) == {}
    assert fitting_batch(Sequential(Pack(3), MinibatchStd(2)), (2,)) == 6
    assert fitting_batch(Tanh(), (2,)) == 4
    with pytest.raises(tg.ShapeError):
        fitting_batch(Pack(7919), (2,))


def test_a_batch_that_no_layer_takes_is_refused_in_one_sentence(write):
    more = """{"D": Sequential(Pack(7), Dense(1)), "penalties": []}"""
    with pytest.raises(tg.InputError, match=r"Pack\(7\) expects"):
        file_rows(write("", more))


def test_layers_that_differ_only_in_settings_are_all_checked():
    tree = Sequential(Dense(4), Tanh(), Dense(4), Tanh(), Dense(4, bias=False))
    net = tg.Net(tree, (4,))
    assert [path for path, _, _ in units(net)] == ["0_Dense", "1_Tanh", "4_Dense"]


FLAT = [
    (Embedding(3), Integers((), 4)),
    (Embedding(3), Integers((2, 5), 4)),
    (Concat(), ((3,), (4,))),
    (ConditionalBatchNorm(), ((3, 4, 2), Integers((), 4))),
    (Projection(), ((5,), Integers((), 3))),
    (Pack(2), (4,)),
    (Paint(), ((3, 3, 1), (3, 3, 2), (2,))),
    (Parallel(Dense(3), Identity()), ((5,), Integers((), 3))),
    (BatchNorm(), (3, 4, 2)),
]


@pytest.mark.parametrize("layer, shape", FLAT, ids=lambda v: repr(v)[:30])
def test_flat_makes_any_layer_one_of_vectors(layer, shape):
    flat = Flat(layer, shape)
    sizes = {Embedding: 1, Concat: 7, ConditionalBatchNorm: 24, Projection: 5, Pack: 4}
    sizes |= {Paint: 9 + 18 + 2, Parallel: 5, BatchNorm: 24}
    rows = check_layer(flat, (sizes[type(layer)],), effort="quick")
    assert all(row.ok for row in rows)
    assert {row.quantity for row in rows} >= {"dx", "tangent", "reverse", "contract"}


def test_flat_refuses_what_is_no_layer_of_numbers():
    with pytest.raises(tg.InputError, match="Flat expects in_shape"):
        Flat(Tanh(), 3)
    with pytest.raises(tg.ShapeError, match="a vector of 3"):
        check_layer(Flat(Tanh(), (3,)), (4,))
    with pytest.raises(tg.ShapeError, match="an output with numbers"):
        check_layer(Flat(Identity(), Integers((), 3)), (1,))


# The oracles judge by themselves whether a function is analytic.


def judge(L, grad, x):
    rng = np.random.default_rng(0)
    return judged("L", "gradient", L, x, grad, rng)


def test_a_function_that_is_not_analytic_is_judged_by_differences():
    x = np.random.default_rng(1).standard_normal(50)
    for L in (
        lambda x: (np.abs(x) ** 3).sum(),
        lambda x: (x.real**3 * np.sign(x.real)).sum(),
    ):
        grad = 3 * x * np.abs(x)
        rows = judge(L, grad, x)
        assert [row.quantity for row in rows] == ["gradient finite"] and rows[0].ok
        assert rows[0].note.startswith("not analytic")
        assert not judge(L, 1.001 * grad, x)[0].ok


def test_a_step_that_is_short_enough_judges_next_to_a_kink():
    x = np.array([1e-7])
    assert finite_difference(lambda x: np.abs(x).sum(), x, np.ones(1)) is None
    (row,) = judge(lambda x: np.abs(x).sum(), np.ones(1), x)
    assert row.ok and row.note.startswith("not analytic")
    assert not judge(lambda x: np.abs(x).sum(), -np.ones(1), x)[0].ok


def test_an_analytic_function_is_judged_by_both():
    x = np.random.default_rng(1).standard_normal(50)
    rows = judge(lambda x: (x**3).sum(), 3 * x * x, x)
    assert [row.ok for row in rows] == [True, True] and not rows[1].note
    assert rows[0].limit == 1e-11 and rows[0].error < 1e-13
    wrong = judge(lambda x: (x**3).sum(), 3 * x * x * (1 + 1e-9), x)
    assert [row.ok for row in wrong] == [False, True]
    for zero in judge(lambda x: (x**3).sum(), 0 * x, x):
        assert not zero.ok


def test_a_function_with_kinks_everywhere_is_judged_by_the_complex_step():
    def L(x):
        return (np.where(np.sin(3e7 * x.real) > 0, x, 2 * x)).sum()

    x = np.random.default_rng(1).standard_normal(400)
    grad = np.where(np.sin(3e7 * x) > 0, 1.0, 2.0)
    assert finite_difference(L, x, np.ones(400)) is None
    (row,) = judge(L, grad, x)
    assert row.quantity == "gradient" and row.ok
    assert not judge(L, 1.1 * grad, x)[0].ok


# By name, in parts, and in one sentence if it cannot be.


def test_a_recipe_of_tinygan_by_its_name():
    said = []
    rows = quickly("mlp-ring", say=said.append)
    assert failures(rows) == {} and len(rows) > 80
    assert said[0].startswith("G.0_Dense") and said[-1] == "a turn on CuPy"


def test_a_file_of_the_same_name_comes_first(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mlp-ring").write_text("")
    with pytest.raises(tg.InputError, match="whose name ends in"):
        file_rows("mlp-ring")


def test_data_that_take_long_are_read_once(write, monkeypatch):
    monkeypatch.setattr(pieces, "SLOW", 0.0)
    code = "read = []\ndef data():\n    read.append(1)\n    return ring()\n"
    path = write(f"\n\n{code}", '{"data": data}')
    said = []
    quickly(path, say=said.append)
    assert said and sys.modules["tinygan_userfile_mine"].read == [1]


def test_parts_of_a_recipe(write):
    path = write()
    layer = part(path, "D.2_Square")
    assert type(layer).__name__ == "Square"
    assert type(part(path, "D")) is Sequential
    assert repr(part(path, "penalties.0")) == "R1(gamma=0.1)"
    assert part(path, "opt_D").lr == 1e-3
    assert type(part("wgan-ring", "opt_D")) is tg.RMSProp  # what ClipWeights is around
    with pytest.raises(tg.InputError, match=r"no part 'D\.7', only G\.0_Dense"):
        part(path, "D.7")
    with pytest.raises(tg.InputError, match="no piece 'x', only G"):
        recipe_rows(path, only="x")


def test_checks_beside_a_recipe_are_checked_too(write):
    path = write("\n\nCHECKS = [(Square(), (3,))]\n")
    assert {"Square() on (3,)", "two turns"} <= {row.name for row in quickly(path)}


@pytest.mark.parametrize(
    "code, more, sentence",
    [
        ("", '{"data": lambda: open("nowhere")}', "FileNotFoundError"),
        ("", '{"G": Dense(3)}', "G makes samples (3,), D takes (2,)"),
        ("", '{"G": 3}', "expects a Layer as G"),
        (
            "class Bad(tg.Layer): pass\n",
            '{"G": Sequential(Bad(), Dense(2))}',
            "does not define forward",
        ),
        (
            "class Bad(tg.Layer):\n    def forward(self, x, train): return 1 / 0\n",
            '{"G": Sequential(Bad(), Dense(2))}',
            "ZeroDivisionError",
        ),
    ],
)
def test_a_recipe_that_cannot_be_played_is_one_sentence(write, code, more, sentence):
    path = write(f"\n\n{code}", more)
    with pytest.raises(tg.InputError) as error:
        file_rows(path)
    assert sentence in str(error.value) and "\n" not in str(error.value)
    if "Error" in sentence:
        assert re.search(r"mine\.py, line \d+", str(error.value))


def test_missing_data_are_one_sentence(tmp_path):
    for name, data, words in (
        ("dcgan-mnist", None, "--data FOLDER"),
        ("dcgan-mnist", str(tmp_path / "no"), "no"),
        ("mlp-ring", "x", "does not take --data"),
        ("mlp-rong", None, "did you mean mlp-ring"),
    ):
        with pytest.raises(tg.InputError, match=words):
            file_rows(name, data=data)


def test_a_game_of_one(tmp_path, monkeypatch):
    """Another kind of game has no objective and no moves of two, but it has turns."""
    from tests.runs.test_game import solo

    all_of_it = pieces.Pieces(solo(), 0, "solo")
    rows = [row for _, check in all_of_it(True, "quick") for row in check()]
    assert failures(rows) == {}
    names = {row.name for row in rows}
    assert {"model.0_Dense on (3,)", "two turns", "a turn on CuPy"} <= names
    assert not [n for n in names if n.startswith(("objective", "d_step", "opt"))]


@pytest.mark.parametrize("name", ["wgan-ring", "pacgan-grid", "acgan-digits"])
def test_recipes_of_tinygan_have_no_failure(name):
    assert failures(recipe_rows(name, effort="quick")) == {}
    assert name in recipes.names()

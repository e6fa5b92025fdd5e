"""Slips in a user's layer, network, data or recipe: each is named, none is silent."""

import os

import numpy as np
import pytest

import tinygan as tg
from tinygan.check import check_layer
from tinygan.cli import main
from tinygan.data import ImageStream, load_digits, ring
from tinygan.errors import LayerError
from tinygan.layers import (
    AvgPool2d,
    BatchNorm,
    Dense,
    Dropout,
    Flatten,
    Identity,
    LeakyReLU,
    MeanPool,
    Parallel,
    Pick,
    Projection,
    Reshape,
    Scale,
    Sequential,
    Sigmoid,
    SpectralNorm,
    Tanh,
)
from tinygan.runs import Classes, Experiment, Latent
from tinygan.runs.run import Run


def experiment(**other):
    """Points on a ring by small networks, with parts exchanged."""
    game = {"G": Sequential(Dense(8), Tanh(), Dense(2)), "shape": (2,), "data": ring}
    game |= {"D": Sequential(Dense(8), LeakyReLU(), Dense(1)), "latent": Latent(3)}
    rules = {"objective": tg.NonSaturating(), "opt_G": tg.Adam(), "opt_D": tg.Adam()}
    return Experiment(
        **{**game, **rules, "steps": 4, "batch": 8, "log_every": 1, **other}
    )


# A parameter or a gradient that is set to another array.


class Own(tg.Layer):
    """y = x W + b, with W and b of this layer."""

    def build(self, in_shape):
        self.shapes = {"W": (in_shape[0], 2), "b": (2,)}
        return (2,)

    def init(self, rng):
        self.W[...] = rng.normal(0, 0.5, self.W.shape)

    def forward(self, x, train=True):
        return x @ self.W + self.b, (x,)

    def backward(self, dy, cache, param_grads=True):
        (x,) = cache
        if param_grads:
            self.dW += x.T @ dy
            self.db += dy.sum(axis=0)
        return dy @ self.W.T


class SetsW(Own):
    def init(self, rng):
        self.W = rng.normal(0, 0.5, self.W.shape)


class SetsTheBias(Own):
    def init(self, rng):
        super().init(rng)
        self.b = np.zeros(2)


class SetsDW(Own):
    def backward(self, dy, cache, param_grads=True):
        (x,) = cache
        if param_grads:
            self.dW = x.T @ dy
            self.db += dy.sum(axis=0)
        return dy @ self.W.T


class SetsDb(Own):
    def backward(self, dy, cache, param_grads=True):
        (x,) = cache
        if param_grads:
            self.dW += x.T @ dy
            self.db = dy.sum(axis=0)
        return dy @ self.W.T


class SetsWInForward(Own):
    def forward(self, x, train=True):
        self.W = self.W * 0.99
        return super().forward(x, train)


REBOUND = {
    SetsW: r"self\.W\[\.\.\.\] = ",
    SetsTheBias: r"self\.b\[\.\.\.\] = ",
    SetsDW: r"self\.dW \+= ",
    SetsDb: r"self\.db \+= ",
    SetsWInForward: r"self\.W\[\.\.\.\] = ",
}
rebound = pytest.mark.parametrize("kind, right", REBOUND.items())


def learn(layer, steps=1):
    net = tg.Net(Sequential(Dense(3), layer), (3,), dtype="float64")
    x = np.random.default_rng(0).standard_normal((4, 3))
    for _ in range(steps):
        y, cache = net.forward(x)
        net.zero_grad()
        net.backward_weights(y, cache)


@rebound
def test_an_array_that_a_layer_sets_is_named_with_the_right_line(kind, right):
    learn(Own(), 3)
    with pytest.raises(LayerError, match=rf"1_{kind.__name__}.*{right}"):
        learn(kind())


@rebound
def test_it_is_refused_before_a_run_begins(kind, right):
    with pytest.raises(LayerError, match=right):
        Run(experiment(G=Sequential(Dense(4), Tanh(), kind())))
    with pytest.raises(LayerError, match=right):
        Run(experiment(D=Sequential(kind(), Tanh(), Dense(1))))


@rebound
def test_a_check_reports_it(kind, right):
    assert all(row.ok for row in check_layer(Own(), (3,)))
    (row,) = check_layer(kind(), (3,))
    assert not row.ok and row.quantity == "contract"
    assert kind.__name__ in row.note and right.replace("\\", "")[:7] in row.note


@pytest.mark.parametrize("kind", [SetsW, SetsTheBias, SetsDb])
def test_it_is_seen_inside_spectral_normalisation(kind):
    learn(SpectralNorm(Own()))
    with pytest.raises(LayerError, match=kind.__name__):
        learn(SpectralNorm(kind()))


def test_a_layer_that_sets_a_gradient_later_is_caught_at_the_next_step():
    class Later(Own):
        calls = 0

        def backward(self, dy, cache, param_grads=True):
            dx = super().backward(dy, cache, param_grads)
            self.calls += 1
            if self.calls == 3:
                self.dW = self.dW.copy()
            return dx

    learn(Later(), 3)
    with pytest.raises(LayerError, match=r"1_Later.*self\.dW \+= "):
        learn(Later(), 4)


def test_a_network_whose_layers_went_to_another_network_says_so():
    tree = Sequential(Dense(3))
    first, _ = tg.Net(tree, (2,)), tg.Net(tree, (2,))
    with pytest.raises(LayerError, match="give each Net layers of its own"):
        first.zero_grad()


# What a pass returns.


class Passes(tg.Layer):
    """The identity; a test exchanges a method."""

    def forward(self, x, train=True):
        return x, ()

    def backward(self, dy, cache, param_grads=True):
        return dy

    def tangent(self, x_dot, cache):
        return x_dot, ()

    def tangent_backward(self, dy, dy_dot, cache, cache_dot):
        return dy, dy_dot


WRONG = {
    "no cache": ("forward", lambda self, x, train=True: x),
    "three values": ("forward", lambda self, x, train=True: (x, (), ())),
    "nothing": ("forward", lambda self, x, train=True: None),
    "half of y": ("forward", lambda self, x, train=True: (x[:, ::2], ())),
    "half of the samples": ("forward", lambda self, x, train=True: (x[::2], ())),
    "no batch": ("forward", lambda self, x, train=True: (x[0], ())),
    "half of dx": ("backward", lambda self, dy, *rest, **k: dy[:, ::2]),
    "no dx": ("backward", lambda self, dy, *rest, **k: None),
    "dx and more": ("backward", lambda self, dy, *rest, **k: (dy, dy)),
    "the sum of dx": ("backward", lambda self, dy, *rest, **k: dy.sum(axis=0)),
    "tangent alone": ("tangent", lambda self, x_dot, cache: x_dot),
    "half of y_dot": ("tangent", lambda self, x_dot, cache: (x_dot[:, ::2], ())),
    "dx alone": ("tangent_backward", lambda self, dy, *rest: dy),
    "no shape": ("build", lambda self, in_shape: None),
    "a list as shape": ("build", lambda self, in_shape: [2]),
}


@pytest.mark.parametrize("name, method", WRONG.values(), ids=WRONG)
def test_a_pass_that_returns_another_thing_is_named(name, method):
    def play(layer):
        D = Sequential(Dense(4), layer, Dense(1))
        return Run(experiment(D=D, penalties=[tg.R1(1.0)]))

    play(Passes())
    wrong = type("Wrong", (Passes,), {name: method})()
    with pytest.raises(LayerError, match=f"Wrong.*{name} must return"):
        play(wrong)


def test_the_sentence_tells_the_file_and_the_line_of_the_pass():
    class NoCache(Passes):
        def forward(self, x, train=True):
            return x

    with pytest.raises(LayerError, match=r"NoCache.*test_slips\.py, line \d+\)"):
        tg.Net(NoCache(), (2,)).forward(np.zeros((3, 2)))


# A Sigmoid at the end of D.

HEADS = {
    "plain": Sequential(Dense(1), Sigmoid()),
    "nested": Sequential(Dense(4), Sequential(Dense(1), Sequential(Sigmoid()))),
    "reshaped": Sequential(Dense(1), Sigmoid(), Reshape(1, 1), Flatten()),
    "identity": Sequential(SpectralNorm(Dense(1)), Sigmoid(), Identity(), Dropout(0.1)),
}
TAKES_LOGITS = [
    *(tg.Minimax(), tg.NonSaturating(), tg.RelativisticAverage()),
    *(tg.RelativisticPairing(), tg.Wasserstein(), tg.Hinge()),
]


@pytest.mark.parametrize("D", HEADS.values(), ids=HEADS)
@pytest.mark.parametrize("objective", TAKES_LOGITS, ids=repr)
def test_a_sigmoid_at_the_end_of_d_is_refused(D, objective):
    with pytest.raises(tg.InputError, match=r"takes logits.*leave Sigmoid\(\) out"):
        Run(experiment(D=D, objective=objective))
    Run(experiment(D=D, objective=tg.LeastSquares()))


def test_a_sigmoid_of_ones_own_is_one_too():
    class Squash(tg.Activation):
        def f(self, x):
            return 1 / (1 + np.exp(-x))

        def slope(self, y, v):
            return y * (1 - y) * v

    with pytest.raises(tg.InputError, match=r"leave Squash\(\) out"):
        Run(experiment(D=Sequential(Dense(1), Squash())))


def test_a_sigmoid_at_the_end_of_patches_is_refused():
    patches = Sequential(Reshape(2, 2, 1), Sigmoid())
    pooled = (AvgPool2d(2), Flatten())
    for tail in (pooled, (MeanPool(),)):
        D = Sequential(Dense(4), patches, *tail)
        with pytest.raises(tg.InputError, match="takes logits"):
            Run(experiment(D=D))


def test_a_sigmoid_elsewhere_is_none_of_this():
    for D in (
        Sequential(Dense(4), Sigmoid(), Dense(1)),
        Sequential(Sigmoid(), Dense(1)),
        Sequential(Dense(1), Sigmoid(), Scale(20, -10)),
        Sequential(Dense(1), Tanh()),
        Sequential(Dense(4), BatchNorm(), Sigmoid(), Dense(1), Flatten()),
    ):
        Run(experiment(D=D))


def test_a_conditional_d_is_looked_at_too():
    G = Sequential(Pick(0), Dense(2))
    judge = Sequential(Parallel(Dense(4), Identity()), Projection())
    e = experiment(G=G, D=judge, condition=Classes(3), data=ClassData)
    Run(e)
    squashed = Sequential(Parallel(Dense(4), Identity()), Projection(), Sigmoid())
    with pytest.raises(tg.InputError, match="takes logits"):
        Run(experiment(G=G, D=squashed, condition=Classes(3), data=ClassData))


class ClassData:
    """Points with a class, drawn anew for each batch."""

    shape = (2,)
    condition_shape = tg.Integers((), 3)

    def batches(self, batch, seed, backend):
        def number(i):
            rng = np.random.default_rng([seed, i])
            x = rng.standard_normal((batch, 2)).astype("float32")
            return backend.asarray(x), backend.asarray(rng.integers(0, 3, batch))

        return number


# Data that several processes cannot share.

linux = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")


class OneFile:
    """Samples from one open file: each read moves its place."""

    shape = (64,)

    def __init__(self, path):
        self.file = open(path, "rb", buffering=0)  # noqa: SIM115
        self.size = os.path.getsize(path) // 256

    def batches(self, batch, seed, backend):
        def number(i):
            which = np.random.default_rng([seed, i]).integers(0, self.size, batch)
            x = np.empty((batch, 64), np.float32)
            for k, n in enumerate(which):
                self.file.seek(256 * int(n))
                x[k] = np.frombuffer(self.file.read(256), np.float32)
            return backend.asarray(x)

        return number


class Counter:
    """Batches from a generator, whatever their number: the state is in the process."""

    shape = (64,)

    def __init__(self, path=None):
        self.rng = np.random.default_rng(5)

    def close(self):
        """There is nothing to close."""

    def batches(self, batch, seed, backend):
        return lambda i: self.rng.standard_normal((batch, 64)).astype("float32")


def wide(make, path, **other):
    D = Sequential(Dense(16), LeakyReLU(), Dense(1))
    G = Sequential(Dense(16), LeakyReLU(), Dense(64))
    given = {"G": G, "D": D, "shape": (64,), "batch": 64, "k": 2, **other}
    return experiment(data=lambda: make(path), steps=10, **given)


@linux
@pytest.mark.parametrize("make", [OneFile, Counter])
def test_data_with_a_state_are_read_by_one_process(make, tmp_path, monkeypatch):
    monkeypatch.setattr("tinygan.backend.cores", lambda: 2)
    path = tmp_path / "samples.raw"
    rng = np.random.default_rng(1)
    path.write_bytes(rng.standard_normal((500, 64)).astype("float32").tobytes())
    runs = [Run(wide(make, path), cores=n) for n in (1, 2)]
    assert [run.divided for run in runs] == [False, True]
    for _ in range(10):
        for run in runs:
            run.turn()
    runs[1].shards.close()
    for run in runs:
        getattr(run.data, "file", run.data).close()
    apart = np.abs(runs[0].D.theta - runs[1].D.theta).max()
    assert apart < 1e-4  # another order of sums; wrong samples give 1e-2


@linux
def test_the_other_processes_never_read(tmp_path, monkeypatch):
    monkeypatch.setattr("tinygan.backend.cores", lambda: 2)
    first = os.getpid()

    class Watched(Counter):
        def batches(self, batch, seed, backend):
            def number(i):
                if os.getpid() != first:
                    raise RuntimeError("read by another process")
                return self.rng.standard_normal((batch, 64)).astype("float32")

            return number

    run = Run(wide(Watched, None), cores=2)
    run.turn()
    run.shards.close()

    class Shared(Watched):
        divisible = True

    run = Run(wide(Shared, None), cores=2)
    with pytest.raises(RuntimeError, match="read by another process"):
        run.turn()


def test_our_streams_say_that_they_may_be_shared_and_a_subclass_has_to_say_so():
    digits = load_digits()
    assert digits.batches(4, 0).divisible and ring().batches(4, 0).divisible

    class Mine(ImageStream):
        pass

    class Density(type(ring())):
        pass

    assert not Mine(digits, 4, 0).divisible
    assert not Density([[0.0, 0.0]], 1.0).batches(4, 0).divisible


# Batches that D does not take.

BATCHES = {
    "bytes": lambda x: (x * 100).astype("uint8"),
    "a list": lambda x: x.tolist(),
    "another shape": lambda x: x[:, :1],
    "empty": lambda x: x[:0],
    "a pair": lambda x: (x, np.zeros(len(x), int)),
    "nothing": lambda x: None,
}


@pytest.mark.parametrize("wrong", BATCHES.values(), ids=BATCHES)
def test_a_batch_that_d_does_not_take_is_named_by_its_number(wrong):
    class Mine:
        shape = (2,)

        def batches(self, batch, seed, backend):
            stream = ring().batches(batch, seed, backend)
            return lambda i: wrong(stream(i)) if i == 2 else stream(i)

    run = Run(experiment(data=Mine))
    run.turn()
    run.turn()
    with pytest.raises(tg.InputError, match="data: batch 2: expected"):
        run.turn()


# NaN, named where it arises.


def diagnosed(e) -> str:
    run = Run(e)
    good = run.state()
    with np.errstate(all="ignore"):
        while run.finite(run.state()) and run.step < e.steps:
            run.turn()
        return run.diagnose(good)


def test_nan_in_the_real_batch_is_told():
    class Holes:
        shape = (2,)

        def batches(self, batch, seed, backend):
            def number(i):
                x = ring().batches(batch, seed)(i).copy()
                if i == 2:
                    x[[1, 4, 5], 0] = np.nan
                return x

            return number

    sentence = "step 3: NaN or infinity in 3 of 8 samples of the real batch"
    assert diagnosed(experiment(data=Holes)) == sentence


def test_nan_in_z_is_told():
    class Holes(Latent):
        def draw(self, n, rng):
            z = super().draw(n, rng)
            z[0, 0] = np.inf if self.calls() > 6 else z[0, 0]
            return z

        def calls(self):
            object.__setattr__(self, "n", vars(self).get("n", 0) + 1)
            return self.n

    found = diagnosed(experiment(latent=Holes(3)))
    assert "NaN or infinity in 1 of 8 latents z" in found


class Fails(Passes):
    """The identity until a pass gives NaN in the second turn."""

    def __init__(self, which, after):
        self.which, self.after = which, after

    def init(self, rng):
        self.state = {"turns": 0}

    def advance(self):
        self.state["turns"] += 1

    def bad(self, which):
        return np.nan if which == self.which and self.state["turns"] > self.after else 0

    def tangent(self, x_dot, cache):
        return x_dot + x_dot.dtype.type(self.bad("tangent")), ()

    def tangent_backward(self, dy, dy_dot, cache, cache_dot):
        extra = dy_dot.dtype.type(self.bad("tangent_backward"))
        return dy_dot * 0 + extra if dy is None else dy + extra, dy_dot


@pytest.mark.parametrize("which", ["tangent", "tangent_backward"])
@pytest.mark.parametrize("penalty", [tg.R1(1.0), tg.WGANGP(1.0)], ids=repr)
def test_nan_in_a_tangent_is_told_by_its_layer(which, penalty):
    D = Sequential(Dense(4), Fails(which, 2), LeakyReLU(), Dense(1))
    found = diagnosed(experiment(D=D, penalties=[penalty]))
    assert found == f"step 3: NaN or infinity in D, layer 1_Fails, in {which}"


# Recipes

RECIPE = '''
"""A recipe with a slip."""
import numpy as np
import tinygan as tg
from tinygan.data import load_digits, ring
from tinygan.runs import Experiment, Latent


class Fails(tg.Layer):
    def forward(self, x, train=True):
        return x.no_such_thing, ()


def recipe(steps=3):
    G, D = tg.Sequential(tg.Dense(2)), tg.Sequential(tg.Dense(1))
    parts = dict(G=G, D=D, shape=(2,), data=ring, latent=Latent(2))
    parts |= dict(objective=tg.Minimax(), opt_G=tg.Adam(), opt_D=tg.Adam())
    return Experiment(**{**parts, "steps": steps, "batch": 4, SLIP})
'''
SLIPS = {
    '"D": tg.Sequential([tg.Dense(1)])': ("write Sequential(Dense(1))", 17),
    '"D": tg.Sequential(tg.Dense(64 / 1))': ("Dense expects a whole number", 17),
    '"D": tg.Sequential(Fails(), tg.Dense(1))': ("layer 0_Fails", 10),
    '"objective": tg.Minimax': ("write Minimax()", 17),
    '"data": ring()': ("data=lambda: ...", 17),
    '"opt_G": None': ("opt_G=Adam(1e-3)", 17),
}


@pytest.mark.parametrize("slip", SLIPS)
def test_a_slip_in_a_recipe_is_told_with_file_and_line(slip, tmp_path, capsys):
    path = tmp_path / "mine.py"
    path.write_text(RECIPE.replace("SLIP", slip).lstrip())
    out = str(tmp_path / "run")
    assert main(["train", str(path), "--quiet", "--out", out]) == 2
    said, line = SLIPS[slip]
    sentence = capsys.readouterr().err
    assert said in sentence and f"mine.py, line {line}" in sentence
    assert sentence.count("\n") == 1 and not os.path.exists(out)


def test_the_traceback_can_be_seen(tmp_path, capsys, monkeypatch):
    path = tmp_path / "mine.py"
    path.write_text(RECIPE.replace("SLIP", '"k": 0').lstrip())
    command = ["train", str(path), "--out", str(tmp_path / "run")]
    assert main(command) == 2
    assert "Traceback" not in capsys.readouterr().err
    assert main([*command, "--traceback"]) == 2
    assert "Traceback" in capsys.readouterr().err
    monkeypatch.setenv("TINYGAN_TRACEBACK", "1")
    assert main(command) == 2
    assert "Traceback" in capsys.readouterr().err

"""The checks as assertions: what is right passes, and what is wrong is named, with a
line that fails again when it is pasted. The classes are of the kind that people write.
"""

import copy
import importlib
import pickle
import re
import sys
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinygan import Dense, Layer, NonSaturating, Sequential
from tinygan.check import (
    Case,
    adapted,
    assert_gradient,
    assert_layer,
    assert_objective,
)
from tinygan.check.layers.cases import VALUES
from tinygan.check.report import EFFORTS
from tinygan.check.strategies import arrays, cases, layers, shapes
from tinygan.errors import InputError, ShapeError

X = np.array([[0.5, -1.25, 2.0], [3.0, 0.25, -0.75]])


def said(assertion, *args, **how) -> str:
    """What an assertion that fails says."""
    with pytest.raises(AssertionError) as failure:
        assertion(*args, **how)
    return str(failure.value)


def pasted(text: str, **names) -> str:
    """What the line says that a failure shows."""
    (line,) = set(re.findall(r"^    (assert_\w+\(.*\))$", text, re.MULTILINE))
    with pytest.raises(AssertionError) as failure:
        exec(line, globals() | names)
    return str(failure.value)


# Layers of tinygan's protocol


class Square(Layer):
    divisible = True

    def forward(self, x, train=True):
        return x * x, (x,)

    def backward(self, dy, cache, param_grads=True):
        return 2 * cache[0] * dy


class WrongAtZero(Square):
    def backward(self, dy, cache, param_grads=True):
        dx = super().backward(dy, cache)
        return np.where(cache[0] == 0, 7.0 * dy, dx)


class Gain(Dense):
    def weight_grad(self, dy, cache):
        self.dW += cache[0].T @ dy / len(dy)  # a mean, where a sum belongs

    def __repr__(self):
        return f"Gain({self.n_out})"


class Flipped(NonSaturating):
    def g_grad(self, s_fake, s_real=None):
        return -super().g_grad(s_fake, s_real)


@pytest.mark.parametrize("effort", EFFORTS[:3])
def test_right_layers_pass_with_every_effort(effort):
    assert assert_layer(Square(), (3,), effort=effort) is None
    assert_layer(Sequential(Dense(4), Square()), (3,), effort=effort, seed=3, batch=2)


def test_a_layer_that_is_wrong_at_zero_fails_with_its_smallest_case():
    text = said(assert_layer, WrongAtZero(), (3,))
    assert "WrongAtZero() on (3,): dx: error" in text
    again = pasted(text)
    assert "slope" in again or "dx[" in again
    assert_layer(WrongAtZero(), (3,), effort="plain")
    assert "7" in said(assert_layer, WrongAtZero(), (3,), case=Case(values="zeros"))


def test_a_wrong_parameter_gradient_names_its_entry():
    text = said(assert_layer, Gain(4), (3,))
    assert re.search(r"dW\[\d, \d\] is \S+, it should be \S+;", text)
    assert (
        "a mean over the batch, where a sum belongs?; right for one sample only" in text
    )
    assert "case=Case(N=2))" in text
    again = pasted(text)
    assert re.search(r"dW\[\d, \d\]", again)


def test_an_objective_with_a_wrong_sign_fails_and_its_line_fails_again():
    assert assert_objective(NonSaturating()) is None
    text = said(assert_objective, Flipped())
    assert "Flipped(): dJ/ds: error" in text
    assert "g_grad[0] is" in text and "opposite sign" in text
    assert "opposite sign" in pasted(text)
    assert "dV/ds" not in text


def test_a_note_that_two_rows_share_is_told_once():
    text = said(assert_objective, Flipped())
    assert text.count("dJ/ds") == 2 and text.count("opposite sign") == 1


@pytest.mark.parametrize(
    "call",
    [
        lambda: assert_layer(Square, (3,)),
        lambda: assert_layer(Square(), "three"),
        lambda: assert_layer(Square(), (3,), effort="much"),
        lambda: assert_layer(Square(), (3,), case="zeros"),
        lambda: assert_objective(Square()),
        lambda: assert_objective(NonSaturating(), batch=0),
    ],
)
def test_what_is_no_layer_no_shape_no_effort_is_refused(call):
    with pytest.raises(InputError) as refusal:
        call()
    assert "\n" not in str(refusal.value)


# Layers of other projects


class Linear:
    def __init__(self, n_in, n_out):
        rng = np.random.default_rng(0)
        self.n_in, self.n_out = n_in, n_out
        self.W = rng.standard_normal((n_in, n_out)) / n_in
        self.b = np.zeros(n_out)

    def forward(self, x):
        self.x = x
        return x @ self.W + self.b

    def backward(self, dy):
        self.dW = self.x.T @ dy
        self.db = dy.sum(axis=0)
        return dy @ self.W.T

    def __repr__(self):
        return f"{type(self).__name__}({self.n_in}, {self.n_out})"


class FirstSample(Linear):
    def backward(self, dy):
        dx = super().backward(dy)
        self.db = dy[0]
        return dx


class NoTranspose(Linear):
    def backward(self, dy):
        super().backward(dy)
        return dy @ self.W


class AddsUp(Linear):
    """Gradients add up in arrays, which hold something from an earlier pass."""

    def __init__(self, n_in, n_out):
        super().__init__(n_in, n_out)
        self.dW, self.db = np.ones_like(self.W), np.ones_like(self.b)

    def backward(self, dy):
        self.dW += self.x.T @ dy
        self.db += dy.sum(axis=0)
        return dy @ self.W.T


class ReLU:
    def forward(self, x):
        self.mask = x > 0
        return x * self.mask

    def backward(self, dy):
        return dy * self.mask


class OnesAtZero(ReLU):
    def backward(self, dy):
        return dy * np.where(self.mask, 1.0, 0.1)


class InPlace(ReLU):
    def forward(self, x):
        self.mask = x > 0
        x *= self.mask
        return x


class Conv:
    """3x3, by loops into arrays of zeros, which are float64 and real."""

    def __init__(self, c_in, c_out):
        self.W = np.random.default_rng(1).standard_normal((3, 3, c_in, c_out))

    def forward(self, x):
        self.x, (N, H, W, _) = x, x.shape
        y = np.zeros((N, H - 2, W - 2, self.W.shape[-1]))
        for i, j in np.ndindex(y.shape[1:3]):
            y[:, i, j] = np.tensordot(x[:, i : i + 3, j : j + 3], self.W, 3)
        return y

    def backward(self, dy):
        self.dW, dx = np.zeros(self.W.shape), np.zeros(self.x.shape)
        for i, j in np.ndindex(dy.shape[1:3]):
            patch = np.s_[:, i : i + 3, j : j + 3]
            self.dW += np.tensordot(self.x[patch], dy[:, i, j], (0, 0))
            dx[patch] += np.tensordot(dy[:, i, j], self.W, (1, 3))
        return dx


class InDicts:
    """Parameters and gradients in dicts, and a forward that draws on them."""

    def __init__(self, scale=1.0):
        self.params = {"w": np.ones((3, 4)) / 3, "b": np.zeros(4)}
        self.grads, self.scale = {}, scale

    def forward(self, x):
        self.x = x
        return x @ self.params["w"] + self.params["b"]

    def backward(self, dy):
        self.grads["w"] = self.scale * self.x.T @ dy
        self.grads["b"] = dy.sum(axis=0)
        return dy @ self.params["w"].T


class InLists:
    def __init__(self):
        self.params = [np.ones((3, 4)) / 3]
        self.grads = [np.zeros((3, 4))]

    def forward(self, x):
        (W,), self.x = self.params, x
        return x @ W

    def backward(self, dy):
        self.grads[0][...] = self.x.T @ dy
        return dy @ self.params[0].T


class Dropout:
    def __init__(self, p):
        self.p, self.training, self.rng = p, True, np.random.default_rng(0)

    def forward(self, x):
        keep = self.rng.random(x.shape) > self.p
        self.mask = keep / (1 - self.p) if self.training else np.ones(x.shape)
        return x * self.mask

    def backward(self, dy):
        return dy * self.mask


class HalfInEvaluation(Dropout):
    def backward(self, dy):
        return super().backward(dy) * (1.0 if self.training else 0.5)


class Argument(Dropout):
    def forward(self, x, training):
        self.training = training
        return super().forward(x)


@pytest.mark.parametrize(
    ("layer", "in_shape"),
    [
        (adapted(Linear(3, 4), W="dW", b="db"), (3,)),
        (adapted(AddsUp(3, 4), W="dW", b="db"), (3,)),
        (adapted(ReLU()), (5,)),
        (adapted(Conv(2, 3), W="dW"), (5, 4, 2)),
        (adapted(InDicts(), params="grads"), (3,)),
        (adapted(InLists(), params="grads"), (3,)),
        (adapted(Dropout(0.3), train="training"), (6,)),
        (adapted(Argument(0.3), train="training"), (6,)),
    ],
    ids=repr,
)
def test_right_layers_of_other_projects_pass(layer, in_shape):
    kept = copy.deepcopy(vars(layer.theirs))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert_layer(layer, in_shape)
    now = vars(layer.theirs)  # as it was: no cache, no gradient
    assert pickle.dumps(now) == pickle.dumps(kept)


def test_a_missing_sum_is_found_named_and_found_again():
    text = said(assert_layer, adapted(FirstSample(3, 4), W="dW", b="db"), (3,))
    assert 'adapted(FirstSample(3, 4), W="dW", b="db") on (3,): dtheta: error' in text
    assert re.search(r"db\[\d\] is \S+, it should be \S+", text)
    assert "right for one sample only: a sum over the batch is missing?" in text
    assert "Case(N=2)" in text
    assert re.search(r"db\[\d\] is", pasted(text))


@pytest.mark.parametrize(
    ("layer", "in_shape", "words"),
    [
        (adapted(NoTranspose(3, 3), W="dW", b="db"), (3,), r"dx\[\d, \d\] is"),
        (adapted(InDicts(2.0), params="grads"), (3,), r"dparams_w\[\d, \d\] is"),
        (adapted(OnesAtZero()), (5,), r"dx\[\d, \d\] is \S+, it should be 0"),
        (adapted(HalfInEvaluation(0.3), train="training"), (6,), "wrong in evaluation"),
    ],
    ids=repr,
)
def test_wrong_layers_of_other_projects_are_found(layer, in_shape, words):
    text = said(assert_layer, layer, in_shape)
    assert re.search(words, text)
    line = re.search(r"case=(Case\(.*?\))\)$", text, re.MULTILINE)
    assert re.search(words, said(assert_layer, layer, in_shape, case=eval(line[1])))


def test_a_forward_that_writes_into_x_is_found():
    text = said(assert_layer, adapted(InPlace()), (3,))
    assert "a pass leaves its inputs alone, which may be read-only" in text


class NoGradient(Linear):
    def backward(self, dy):
        return dy @ self.W.T


class Transposed(Linear):
    def backward(self, dy):
        dx = super().backward(dy)
        self.dW = self.dW.T
        return dx


class Words(ReLU):
    params = {"w": "three"}  # noqa: RUF012


class Unnamed(Linear):
    def __init__(self, n_in, n_out):
        super().__init__(n_in, n_out)
        self.params = {"w": self.W}


class NoDx(Linear):
    def backward(self, dy):
        super().backward(dy)


@pytest.mark.parametrize(
    ("theirs", "words"),
    [
        (NoGradient(3, 4), r"backward leaves None as dW, and W has the shape \(3, 4\)"),
        (Transposed(3, 4), r"shape \(4, 3\) as dW, and W has the shape \(3, 4\)"),
        (Unnamed(3, 4), r"leaves None as grads\['w'\], and params\['w'\] has the sh"),
        (NoDx(3, 4), r"backward must return dx of the shape \(N, 3\), it gave None"),
    ],
    ids=repr,
)
def test_a_backward_that_leaves_no_gradient_is_told(theirs, words):
    names = {"params": "grads"} if hasattr(theirs, "params") else {"W": "dW"}
    assert re.search(words, said(assert_layer, adapted(theirs, **names), (3,)))


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: adapted(Linear), "got the class Linear; write Linear(...)"),
        (lambda: adapted(3), "an object with forward and backward, got 3"),
        (lambda: adapted(Square().forward), "an object with forward and backward"),
        (lambda: adapted(Linear(3, 4), V="dV"), "array as Linear(3, 4).V, got None"),
        (lambda: adapted(Linear(3, 4), n_in="dW"), "floating array as Linear(3, 4)"),
        (lambda: adapted(Linear(3, 4), W=None), "such as W='dW', got None"),
        (lambda: adapted(Words(), params="grads"), "array as Words().params['w'], got"),
        (lambda: adapted(ReLU(), train="mode"), "an argument of forward, got 'mode'"),
        (
            lambda: assert_layer(Linear(3, 4), (3,)),
            'write assert_layer(adapted(Linear(3, 4), W="dW"), (3,))',
        ),
    ],
)
def test_what_cannot_be_adapted_is_refused_in_one_sentence(call, words):
    with pytest.raises(InputError, match=re.escape(words)):
        call()


def test_a_class_without_a_repr_is_shown_by_its_name():
    assert repr(adapted(ReLU())) == "adapted(ReLU())"
    shown = 'adapted(Dropout(...), train="training")'
    assert repr(adapted(Dropout(0.3), train="training")) == shown


# Any function


def square(x):
    return (x * x).sum()


def twice(x):
    return 2 * x


def halved(x):
    return np.where(x < 0, x, 2 * x)


RIGHT = {
    "square": (square, twice, X),
    "a number": (lambda x: x**3, lambda x: 3 * x * x, 2.0),
    "a list": (square, twice, [1, 2, 3]),
    "array": (np.sin, lambda x, dy: np.cos(x) * dy, X),
    "log, positive x alone": (lambda x: np.log(x).sum(), lambda x: 1 / x, [0.1, 2.0]),
    "abs": (lambda x: np.abs(x).sum(), np.sign, X),
    "abs at its kink": (lambda x: np.abs(x).sum(), np.sign, [0.0, 1.0]),
    "max": (np.max, lambda x: 1.0 * (x == x.max()), X),
    "sort": (np.sort, lambda x, dy: dy[np.argsort(np.argsort(x))], X[0]),
    "var": (np.var, lambda x: 2 * (x - x.mean()) / x.size, X),
    "saturated": (
        lambda x: (1 / (1 + np.exp(-x))).sum(),
        lambda x: 1 / (1 + np.exp(-x)) * (1 - 1 / (1 + np.exp(-x))),
        [40.0, -40.0, 30.0],
    ),
    "constant": (lambda x: 3.0, np.zeros_like, X),
    "norm": (np.linalg.norm, lambda x: x / np.linalg.norm(x), X),
    "log det": (
        lambda A: np.linalg.slogdet(A)[1],
        lambda A: np.linalg.inv(A).T,
        X[:, :2],
    ),
}
WRONG = {
    "square": (square, lambda x: 2.0000001 * x, X, r"gradient\[\d, \d\] is \S+, it"),
    "half of it": (square, halved, X, r"is -1.25, it should be -2.5; 2 of 6 entries"),
    "a number": (lambda x: x**3, lambda x: 2 * x * x, 2.0, "is 8, it should be 12"),
    "a factor": (square, lambda x: -x, X, "all entries are -0.5 times what they"),
    "array": (np.sin, lambda x, dy: np.cos(x), X, "the gradient"),
    "abs": (
        lambda x: np.abs(x).sum(),
        lambda x: -np.sign(x),
        X,
        "is -1, it should be 1",
    ),
    "max": (np.max, lambda x: 1.0 * (x == x.min()), X, "is 1, it should be 0; 2 of 6"),
    "sort": (np.sort, lambda x, dy: dy[np.argsort(x)], X[0], "the gradient"),
    "far from x": (
        square,
        lambda x: np.where(x < 0.01, 0, 2 * x),
        [1.0, 2.0],
        "at numbers of x's size",
    ),
    "var as a constant": (  # as the complex step has it
        lambda x: (x / x.std()).sum(),
        lambda x: np.ones_like(x) / x.std(),
        X,
        "f is not analytic, so differences judge it",
    ),
    "nan": (square, lambda x: x / 0.0, [1.0], r"gradient\[0\] is inf, though f is"),
}


@pytest.mark.parametrize("effort", EFFORTS)
@pytest.mark.parametrize("name", RIGHT)
def test_right_gradients_pass(name, effort):
    f, grad, x = RIGHT[name]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert assert_gradient(f, grad, x, effort=effort) is None


@pytest.mark.parametrize("effort", EFFORTS)
@pytest.mark.parametrize("name", WRONG)
def test_wrong_gradients_are_named_and_fail_again(name, effort):
    f, grad, x, words = WRONG[name]
    text = said(assert_gradient, f, grad, x, effort=effort)
    assert re.search(words, text)
    error = text.split(";")[0]
    assert pasted(text, f=f, grad=grad).split(";")[0] == error


def test_a_wrong_entry_of_a_large_gradient_is_found():
    x = np.random.default_rng(0).standard_normal((40, 50))

    def grad(x):
        dx = 2 * x
        dx[17, 3] += 1e-6
        return dx

    text = said(assert_gradient, square, grad, x, seed=5)
    assert "assert_gradient(square, grad, x, seed=5)" in text
    pasted(text, grad=grad, x=x)


def writes_into_x(x):
    x *= 2
    return x


def writes_into_dy(x, dy):
    dy *= np.cos(x)
    return dy


def test_a_function_that_writes_into_its_argument_is_found():
    x = X.copy()
    text = said(assert_gradient, square, writes_into_x, x)
    assert "grad writes into x" in text and np.array_equal(x, X)
    assert "writes_into_x" in pasted(text)
    assert "grad writes into dy" in said(assert_gradient, np.sin, writes_into_dy, X)
    text = said(assert_gradient, lambda x: writes_into_x(x).sum(), twice, x)
    assert "f writes into x" in text and np.array_equal(x, X)


def test_a_function_without_slopes_or_with_chance_is_found():
    rng = np.random.default_rng(0)
    text = said(assert_gradient, lambda x: rng.random() + x.sum(), np.ones_like, X)
    assert "f gives another value each time" in text
    rough = lambda x: np.sin(1e12 * np.floor(1e9 * x)).sum()  # noqa: E731
    assert "f has no slope" in said(assert_gradient, rough, np.zeros_like, X)


def test_a_class_that_keeps_its_cache_is_a_function_too():
    layer = Linear(3, 4)
    assert_gradient(layer.forward, lambda x, dy: layer.backward(dy), X)
    wrong = NoTranspose(3, 3)
    text = said(assert_gradient, wrong.forward, lambda x, dy: wrong.backward(dy), X)
    assert "the gradient[" in text


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: assert_gradient(3, twice, X), "expects a function as f, got 3"),
        (lambda: assert_gradient(square, X, X), "expects a function as grad, got an"),
        (lambda: assert_gradient(square, twice, "x"), "an array of real numbers"),
        (lambda: assert_gradient(square, twice, [1.0, np.nan]), "finite numbers as x"),
        (lambda: assert_gradient(square, twice, []), "finite numbers as x"),
        (lambda: assert_gradient(square, lambda x: x[0], X), "x's shape (2, 3), got"),
        (lambda: assert_gradient(square, lambda x, dy: x, X), "grad(x), since f"),
        (lambda: assert_gradient(np.sin, twice, X), "grad(x, dy), since f returns"),
        (lambda: assert_gradient(np.float32, twice, X), "a function as f, got the"),
        (lambda: assert_gradient(lambda x: np.float32(x.sum()), twice, X), "float64"),
        (lambda: assert_gradient(lambda x: None, twice, X), "f(x): expected an array"),
        (lambda: assert_gradient(square, lambda x: None, X), "the gradient: expected"),
        (lambda: assert_gradient(lambda x: np.nan, twice, X), "at which f is finite"),
        (lambda: assert_gradient(square, twice, X, seed=-1), "seed >= 0"),
        (lambda: assert_gradient(square, twice, X, effort="much"), "effort, one of"),
    ],
)
def test_what_is_no_function_and_no_array_is_refused(call, words):
    with pytest.raises(InputError, match=re.escape(words)) as refusal:
        call()
    assert "\n" not in str(refusal.value)


def test_a_gradient_of_another_shape_is_a_shape_error():
    with pytest.raises(ShapeError):
        assert_gradient(square, lambda x: 2 * x.ravel(), X)


# Strategies


@given(st.data())
def test_arrays_have_the_shape_the_dtype_and_the_values(data):
    shape = data.draw(st.one_of(st.just(()), shapes(), shapes(rank=4, largest=3)))
    dtype = data.draw(st.sampled_from(["float32", "float64"]))
    x = data.draw(arrays(shape, dtype=dtype))
    assert x.shape == shape and x.dtype == dtype and np.isfinite(x).all()
    x += 1  # it is the test's own
    assert not data.draw(arrays(shape, values=["zeros"])).any()
    assert (data.draw(arrays(list(shape), "positive")) > 0).all()


@pytest.mark.parametrize("name", VALUES)
def test_every_kind_of_values_can_be_drawn_alone(name):
    @given(arrays((3, 2), [name]))
    def right(x):
        assert x.shape == (3, 2)

    right()


@given(shapes(rank=2, largest=5))
def test_shapes_have_their_rank_and_are_not_larger(shape):
    assert len(shape) == 2 and all(1 <= s <= 5 for s in shape)


@given(cases((3,)))
def test_a_right_layer_passes_in_every_case(case):
    assert_layer(Square(), (3,), case=case)
    assert eval(repr(case)) == case


@given(cases((4, 2), shaped=False))
def test_cases_may_keep_the_shape(case):
    assert case.in_shape is None


@given(layers())
def test_layers_come_with_a_shape_on_which_they_can_be_built(drawn):
    layer, in_shape = drawn
    assert isinstance(layer, Layer) and isinstance(in_shape, tuple)
    layer.build(in_shape)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: arrays((3,), ["zero"]), "arrays expects values"),
        (lambda: arrays((3,), [["zeros"]]), "arrays expects values"),
        (lambda: arrays((3,), []), "arrays expects values"),
        (lambda: arrays("three"), "arrays expects a shape such as (4, 3)"),
        (lambda: arrays((0, 3)), "arrays expects a shape such as (4, 3)"),
        (lambda: arrays((3,), dtype="int64"), "arrays expects a dtype"),
        (lambda: shapes(rank=-1), "shapes expects a whole number rank >= 0"),
        (lambda: shapes(largest=0), "shapes expects a whole number largest >= 1"),
        (lambda: cases(3), "cases expects in_shape such as (3,), got 3"),
        (lambda: cases((0,)), "cases expects in_shape such as (3,), got (0,)"),
    ],
)
def test_what_no_strategy_can_draw_is_refused(call, words):
    with pytest.raises(InputError, match=re.escape(words)):
        call()


def test_strategies_without_hypothesis_say_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "hypothesis", None)
    monkeypatch.delitem(sys.modules, "tinygan.check.strategies", raising=False)
    with pytest.raises(ImportError, match="pip install hypothesis"):
        importlib.import_module("tinygan.check.strategies")

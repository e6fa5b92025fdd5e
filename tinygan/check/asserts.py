"""Gradient checks as assertions, for anybody's tests.

    assert_gradient(f, grad, x)                  any NumPy function and its gradient
    assert_layer(Mine(5), (6,))                  a layer of tinygan's protocol
    assert_layer(adapted(TheirLayer()), (6,))    forward and backward of the usual kind
    assert_objective(MyLoss())                   an objective

Each raises AssertionError with the failures in words, and returns None if all is right.
"""

import copy
from collections.abc import Callable

import numpy as np

from ..errors import function, numbers, whole
from ..layers.base import Layer
from .layers.layer import check_layer
from .layers.passes import judged
from .moves.objective import check_objective
from .oracles import relative
from .report import Row, an_effort

DIRECTIONS = {"quick": 4, "normal": 16, "thorough": 200}


def assert_layer(layer: Layer, in_shape, **how) -> None:
    """AssertionError, in words, if a pass of the layer is wrong on (N, *in_shape).

    how: what `check_layer` takes: seed, batch, analytic, effort, case
    """
    _assert_rows(check_layer(layer, in_shape, **how))


def assert_objective(objective, **how) -> None:
    """AssertionError, in words, if a value or a derivative of the objective is wrong.

    how: what `check_objective` takes: seed, batch, analytic, effort
    """
    _assert_rows(check_objective(objective, **how))


def assert_gradient(
    f: Callable, grad: Callable, x, seed: int = 0, effort: str = "normal"
) -> None:
    """AssertionError unless grad(x) is the gradient of f at x, and near x.

    f maps an array of any shape to a number. Or it maps it to an array y, and then
    grad(x, dy) must be J^T dy. The points are x itself, other numbers of its size, and
    small numbers. An error is divided by the gradient's size. It may be 1e-11 if f is
    analytic, and 1e-8 or 1e-6 otherwise.

    Raises InputError if f or grad is no function.
    """
    _assert_rows(gradient_rows(f, grad, x, seed, effort))


def gradient_rows(f, grad, x, seed=0, effort="normal", name=None) -> list[Row]:
    """The rows of `assert_gradient`, for a table."""
    function("assert_gradient", "f", f, "lambda x: (x * x).sum()")
    function("assert_gradient", "grad", grad, "lambda x: 2 * x")
    x = np.asarray(numbers("assert_gradient, x", x), float)
    rng = np.random.default_rng(whole("assert_gradient", "seed >= 0", seed))
    draws = DIRECTIONS[an_effort("assert_gradient", effort)]
    size = float(np.abs(x).max(initial=0.0)) or 1.0
    points = {
        "x": x,
        "numbers of x's size": size * rng.standard_normal(x.shape),
        "small numbers": 1e-3 * size * rng.standard_normal(x.shape),
    }
    name = name or getattr(grad, "__name__", "grad")
    rows = [
        _at(f, grad, point, where, rng, draws, name) for where, point in points.items()
    ]
    return [max(rows, key=lambda row: row.error / row.limit)]


def _at(f, grad, x, where, rng, draws, name) -> Row:
    """The worst of `draws` directions at one point."""
    given = x.copy()
    y = np.asarray(f(x))
    dy = rng.standard_normal(y.shape)
    found = np.asarray(grad(x) if y.ndim == 0 else grad(x, dy.copy()))
    dy = np.ones(()) if y.ndim == 0 else dy
    if found.shape != x.shape:
        note = f"the gradient has the shape {found.shape}, x has {x.shape}"
        return Row(name, "gradient", np.inf, 1e-11, note)
    if not np.array_equal(given, x):
        return Row(name, "gradient", np.inf, 1e-11, "f or grad writes into x")

    def L(x):
        return (dy * f(x)).sum()

    worst = judged(L, x, np.zeros_like(x), 0.0, 1.0, 1e-11)
    norm = float(np.linalg.norm(found))
    for i in range(draws):
        v = rng.standard_normal(x.shape)
        if i < min(x.size, draws // 2):  # single entries, too
            v = np.zeros(x.shape)
            v.ravel()[i] = 1.0
        slope = float((found * v).sum())
        worst.worst(judged(L, x, v, slope, norm or relative(dy, 1.0), 1e-11))
    at = "" if worst.error <= worst.limit else f"at {where} = {_shown(x)}"
    note = "; ".join(filter(None, [worst.note, at]))
    return Row(name, "gradient", worst.error, worst.limit, note)


def _shown(x) -> str:
    return np.array2string(x.ravel()[:4], precision=4, separator=", ")


def _assert_rows(rows: list[Row]) -> None:
    failures = [row for row in rows if not row.ok]
    if failures:
        said = [
            f"{row.name}: {row.quantity}: error {row.error:.3g}, at most {row.limit:g} "
            f"allowed{f' ({row.note})' if row.note else ''}"
            + (f"\n    {row.line}" if row.line else "")
            for row in failures
        ]
        raise AssertionError("\n".join(said))


class Adapted(Layer):
    """A layer with forward(x) and backward(dy) of the usual kind, which keeps what it
    needs on itself, as a layer of tinygan's protocol.

    Its parameters are named by `parameters`, {"W": "dW"}: attribute and gradient. Each
    pass works on a copy of the object, so that nothing is shared between passes.
    """

    def __init__(self, theirs, parameters=(), train: str | None = None):
        self.theirs, self.named = theirs, dict(parameters)
        self.train = train

    def build(self, in_shape):
        self.shapes = {
            name: np.shape(getattr(self.theirs, name)) for name in self.named
        }
        made = copy.deepcopy(self.theirs)
        return np.shape(made.forward(np.zeros((2, *in_shape))))[1:]

    def init(self, rng):
        for name in self.shapes:
            getattr(self, name)[...] = getattr(self.theirs, name)

    def forward(self, x, train=True):
        theirs = copy.deepcopy(self.theirs)
        for name in self.shapes:
            setattr(theirs, name, getattr(self, name))
        if self.train is not None:
            setattr(theirs, self.train, train)
        return theirs.forward(x), (theirs,)

    def backward(self, dy, cache, param_grads=True):
        theirs = copy.deepcopy(cache[0])
        dx = theirs.backward(dy)
        if param_grads:
            for name, gradient in self.named.items():
                grad = getattr(self, f"d{name}")
                grad += getattr(theirs, gradient)
        return dx

    def __repr__(self) -> str:
        return f"adapted({type(self.theirs).__name__})"


def adapted(theirs, train: str | None = None, **parameters) -> Adapted:
    """A layer of another project, for `assert_layer`.

    theirs has forward(x) and backward(dy), which returns dx and leaves the gradients of
    its parameters in attributes: adapted(Linear(3), W="dW", b="db") names them. train
    names the attribute that says whether it trains.
    """
    return Adapted(theirs, parameters, train)

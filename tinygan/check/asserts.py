"""Gradient checks as assertions, for anybody's tests.

    assert_gradient(f, grad, x)                  any NumPy function and its gradient
    assert_layer(Mine(5), (6,))                  a layer of tinygan's protocol
    assert_layer(adapted(TheirLayer()), (6,))    forward and backward of the usual kind
    assert_objective(MyLoss())                   an objective

Each raises AssertionError with the failures in words, and returns None if all is right.
"""

import copy
import inspect
import warnings
from collections.abc import Callable

import numpy as np

from ..errors import InputError, LayerError, shown
from ..layers.base import Layer
from .gradient import gradient_rows
from .layers.layer import check_layer
from .moves.objective import check_objective
from .report import Row
from .table import MEANINGS


def assert_layer(layer: Layer, in_shape, **how) -> None:
    """AssertionError, in words, if a pass of the layer is wrong on (N, *in_shape).

    how: what `check_layer` takes: seed, batch, analytic, effort, case

    Raises InputError for anything but a layer, such as one that is not `adapted`.
    """
    if not isinstance(layer, Layer) and _has_passes(layer):
        code = _code(layer)
        raise InputError(
            f"assert_layer expects a Layer, got {code}; write "
            f'assert_layer(adapted({code}, W="dW"), {in_shape})'
        )
    with warnings.catch_warnings():  # of a buffer that takes no complex numbers
        warnings.simplefilter("ignore", np.exceptions.ComplexWarning)
        rows = check_layer(layer, in_shape, **how)
    _assert_rows(rows)


def assert_objective(objective, **how) -> None:
    """AssertionError, in words, if a value or a derivative of the objective is wrong.

    how: what `check_objective` takes: seed, batch, analytic, effort
    """
    rows = check_objective(objective, **how)
    for row in rows:
        row.line = row.line.replace("check_objective(", "assert_objective(", 1)
    _assert_rows(rows)


def assert_gradient(
    f: Callable, grad: Callable, x, seed: int = 0, effort: str = "normal"
) -> None:
    """AssertionError unless grad(x) is the gradient of f at x, and near x.

    f maps an array x of any shape to a number. Or it maps it to an array y, and then
    grad(x, dy) must be J^T dy. The points are x itself, numbers near x, others of its
    size, and small numbers. Those that f refuses are left out. An error is divided by
    the gradient's size. It may be 1e-11 if f is analytic, and 1e-8 or 1e-6 otherwise.

    Raises InputError if f or grad is no function or x no array of finite numbers, and
    ShapeError if the gradient has another shape than x.
    """
    _assert_rows(gradient_rows(f, grad, x, seed, effort))


def _assert_rows(rows: list[Row]) -> None:
    """AssertionError with the failures: the error, what it means, a line to paste. What
    two of them share stands below the second.
    """
    failures, said = [row for row in rows if not row.ok], []
    for i, row in enumerate(failures):
        after = failures[i + 1] if i + 1 < len(failures) else None
        limit = f"at most {row.limit:g} allowed"
        said.append(f"{row.name}: {row.quantity}: error {row.error:.3g}, {limit}")
        if after is None or (row.note, row.line) != (after.note, after.line):
            meaning = row.note or MEANINGS.get(row.quantity.removesuffix(" finite"), "")
            meaning = "; ".join(dict.fromkeys(meaning.split("; ")))
            said += [f"    {text}" for text in (meaning, row.line) if text]
    if failures:
        raise AssertionError("\n".join(said))


class Adapted(Layer):
    """A layer with forward(x) and backward(dy) of the usual kind, which keeps what it
    needs on itself, as a layer of tinygan's protocol.

    Its parameters are named by `parameters`, {"W": "dW"}: attribute and gradient. An
    attribute may be an array, or a dict or a list of arrays. Each pass works on a copy
    of the object, so that nothing is shared between passes. A float32 that becomes
    float64 is its own affair.

    Raises InputError for an object without these methods or without a parameter that is
    named, and LayerError if backward leaves no gradient of a parameter's shape.
    """

    def __init__(self, theirs, parameters=(), train: str | None = None):
        if isinstance(theirs, type) or not _has_passes(theirs):
            hint = f"; write {theirs.__name__}(...)" if isinstance(theirs, type) else ""
            wanted = "an object with forward and backward"
            raise InputError(f"adapted expects {wanted}, got {_code(theirs)}{hint}")
        self.theirs, self.named = theirs, dict(parameters)
        self.places: dict[str, tuple] = {}  # name: (place of W, place of dW)
        for name, gradient in self.named.items():
            if not isinstance(gradient, str):
                wanted = f"the name of {name}'s gradient, such as {name}='d{name}'"
                raise InputError(f"adapted expects {wanted}, got {shown(gradient)}")
            for key in _keys(getattr(theirs, name, None)):
                own = name if key is None else f"{name}_{key}"
                self.places[own] = (name, key), (gradient, key)
                held = _get(theirs, (name, key))
                if getattr(held, "dtype", np.dtype(int)).kind != "f":
                    at = _spelt((name, key))
                    wanted = f"a floating array as {_code(theirs)}.{at}"
                    raise InputError(f"adapted expects {wanted}, got {shown(held)}")
        self.train, self.passed = train, train in _arguments(theirs.forward)
        if train is not None and not (self.passed or hasattr(theirs, str(train))):
            wanted = "train, the name of an attribute or of an argument of forward"
            raise InputError(f"adapted expects {wanted}, got {shown(train)}")

    def build(self, in_shape):
        self.shapes = {
            name: _get(self.theirs, place).shape
            for name, (place, _) in self.places.items()
        }
        x = np.random.default_rng(0).standard_normal((2, *in_shape))
        with np.errstate(all="ignore"):
            return np.shape(self._forward(copy.deepcopy(self.theirs), x, True))[1:]

    def init(self, rng):
        for name, (place, _) in self.places.items():
            getattr(self, name)[...] = _get(self.theirs, place)

    def forward(self, x, train=True):
        theirs = copy.deepcopy(self.theirs)
        for name, (place, _) in self.places.items():
            _set(theirs, place, getattr(self, name))
        return _like(self._forward(theirs, x, train), x), (theirs,)

    def _forward(self, theirs, x, train):
        if self.passed:
            return theirs.forward(x, **{self.train: train})
        if self.train is not None:
            setattr(theirs, self.train, train)
        return theirs.forward(x)

    def backward(self, dy, cache, param_grads=True):
        theirs = copy.deepcopy(cache[0])
        for name, (_, place) in self.places.items():
            if _get(theirs, place) is not None:  # one may add to it
                _set(theirs, place, np.zeros_like(getattr(self, name)))
        dx = _like(theirs.backward(dy), dy)
        for name, (of, place) in self.places.items():
            found, W = _get(theirs, place), getattr(self, name)
            if np.shape(found) != W.shape or found is None:
                raise LayerError(
                    f"{self!r}: backward leaves {shown(found)} as {_spelt(place)}, and "
                    f"{_spelt(of)} has the shape {W.shape}"
                )
            if param_grads:
                grad = getattr(self, f"d{name}")
                grad += found
        return dx

    def __repr__(self) -> str:
        named = "".join(f', {name}="{of}"' for name, of in self.named.items())
        mode = f', train="{self.train}"' if self.train is not None else ""
        return f"adapted({_code(self.theirs)}{mode}{named})"


def _keys(held) -> list:
    """The keys of the arrays of a dict or a list; [None] for an array itself."""
    if isinstance(held, dict):
        return [*held]
    return [*range(len(held))] if isinstance(held, list) else [None]


def _get(theirs, place):
    """What is at a place, (attribute, key or None); None if nothing is."""
    attribute, key = place
    held = getattr(theirs, attribute, None)
    try:
        return held if key is None else held[key]
    except (KeyError, IndexError, TypeError):
        return None


def _set(theirs, place, a) -> None:
    """Put an array, of any shape, at a place."""
    attribute, key = place
    if key is None:
        setattr(theirs, attribute, a)
    else:
        getattr(theirs, attribute)[key] = a


def _spelt(place) -> str:
    attribute, key = place
    return attribute if key is None else f"{attribute}[{key!r}]"


def _like(a, given):
    """`a` in float32 if the array given is; both of any shape."""
    float32 = getattr(a, "dtype", None) == np.float64 and given.dtype == np.float32
    return a.astype(np.float32) if float32 else a


def _has_passes(theirs) -> bool:
    return all(callable(getattr(theirs, f, None)) for f in ("forward", "backward"))


def _arguments(function) -> list[str]:
    try:
        return [*inspect.signature(function).parameters]
    except ValueError:  # a function in C may not tell them
        return []


def _code(theirs) -> str:
    """The code that makes an object, as far as its repr or its class tells."""
    if isinstance(theirs, type) or not _has_passes(theirs):
        return shown(theirs)
    cls, text = type(theirs), repr(theirs)
    if not text.startswith("<"):
        return text
    bare = cls.__init__ is object.__init__ or len(_arguments(cls.__init__)) == 1
    return f"{cls.__name__}({'' if bare else '...'})"


def adapted(theirs, train: str | None = None, **parameters) -> Adapted:
    """A layer of another project, for `assert_layer`.

    theirs has forward(x) and backward(dy), which returns dx and leaves the gradients of
    its parameters in attributes: adapted(Linear(3), W="dW", b="db") names them. If the
    arrays are in a dict or a list, adapted(Linear(3), params="grads") names that. The
    argument train names the attribute, or the argument of forward, that says whether it
    trains.

    Raises InputError for an object without these methods or without a parameter that is
    named.
    """
    return Adapted(theirs, parameters, train)

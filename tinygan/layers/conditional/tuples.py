"""Layers for tuples of arrays, of which the trees of conditional networks are made.

A generator takes (z, y), a discriminator (x, y): `Parallel` gives each its own layers,
`Concat` puts together what they made of it, `Branch` gives one value to several layers,
`Pick` leaves all but one behind. Of a gradient and of a tangent, None is zero.
"""

from ...ops import get_xp
from ...values import Integers, is_tuple, leaves, plus
from ..base import (
    Affine,
    Layer,
    backward_of,
    backward_weights_of,
    named,
    require,
    tangent_backward_of,
    tangent_of,
)


class Identity(Layer):
    """y = x      dx = dy      y_dot = x_dot, of an array or a tuple: "leave it" """

    divisible = True

    def build(self, in_shape):
        return in_shape

    def forward(self, x, train=True):
        return x, ()

    def backward(self, dy, cache, param_grads=True):
        return dy  # eq: identity-dx

    def tangent(self, x_dot, cache):
        return x_dot, ()

    def tangent_backward(self, dy, dy_dot, cache, cache_dot):
        return dy, dy_dot


class Several(Layer):
    """Layers side by side: y_i = f_i(x_i), y = (y_1, y_2, ...)

    A subclass says what each is given, `given`, and what that makes of their gradients,
    `joined`. A layer whose tangent is zero is left out of the tangent pass, and one
    that is given only integers out of a backward pass for dx alone. Raises ValueError
    for no layers at all.
    """

    divisible = True

    def __init__(self, *layers: Layer):
        if not layers:
            raise ValueError(f"{type(self).__name__} expects at least one layer")
        self.layers = layers

    def given(self, x) -> tuple:
        """(x_1, x_2, ...) of a value or its tangent: a part for each layer."""
        raise TypeError(f"{self!r} does not define given(x)")

    def joined(self, parts: tuple):
        """The adjoint: dx from (dx_1, dx_2, ...)."""
        raise TypeError(f"{self!r} does not define joined(parts)")

    def children(self):
        return named(self.layers)

    def build(self, in_shape):
        shapes = self.given(in_shape)
        self.numbers = tuple(map(has_numbers, shapes))
        return tuple(f.build(s) for f, s in zip(self.layers, shapes, strict=True))

    def forward(self, x, train=True):
        pairs = zip(self.layers, self.given(x), strict=True)
        return tuple(zip(*(f.forward(part, train) for f, part in pairs), strict=True))

    def backward(self, dy, cache, param_grads=True):
        passes = zip(self.layers, self._parts(dy), cache, self.numbers, strict=True)
        return self.joined(
            tuple(
                backward_of(f, d, c, param_grads) if param_grads or numbers else None
                for f, d, c, numbers in passes
            )
        )

    def backward_weights(self, dy, cache):
        for each in zip(self.layers, self._parts(dy), cache, strict=True):
            backward_weights_of(*each)

    def tangent(self, x_dot, cache):
        passes = zip(self.layers, self.given(x_dot), cache, strict=True)
        return tuple(zip(*(tangent_of(*p) for p in passes), strict=True))

    def tangent_backward(self, dy, dy_dot, cache, cache_dot):
        parts = self._parts(dy), self._parts(dy_dot)
        passes = zip(self.layers, *parts, cache, cache_dot, strict=True)
        dxs, dx_dots = zip(*(tangent_backward_of(*p) for p in passes), strict=True)
        return self.joined(dxs), self.joined(dx_dots)

    def _parts(self, dy) -> tuple:
        return (None,) * len(self.layers) if dy is None else dy

    def __repr__(self):
        return f"{type(self).__name__}({', '.join(map(repr, self.layers))})"


def has_numbers(shape) -> bool:
    """Whether there is something that has a gradient: not integers alone."""
    if is_tuple(shape):
        return any(map(has_numbers, shape))
    return not isinstance(shape, Integers)


class Parallel(Several):
    """(x_1, x_2, ...) -> (f_1(x_1), f_2(x_2), ...)      dx_i = J_i^T dy_i

    A layer for each part of a tuple; `Identity()` leaves one as it is. Raises
    ShapeError when built on anything but a tuple of as many.
    """

    def build(self, in_shape):
        n = len(self.layers)
        fits = is_tuple(in_shape) and len(in_shape) == n
        require(fits, self, f"a tuple of {n}", in_shape)
        return super().build(in_shape)

    def given(self, x):
        return self._parts(x)

    def joined(self, parts):
        return parts if leaves(parts) else None


class Branch(Several):
    """v -> (f_1(v), f_2(v), ...)      dv = sum_i J_i^T dy_i      y_i_dot = J_i v_dot

    One value, which may be a tuple itself, goes to several layers, and what comes back
    from them adds up.
    """

    def given(self, x):
        return (x,) * len(self.layers)

    def joined(self, parts):
        dv = None
        for part in parts:
            dv = plus(dv, part)  # eq: branch-dv
        return dv


class Pick(Layer):
    """(v_0, v_1, ...) -> v_i      dv = (None, ..., dy, ..., None), dy at place i

    i < 0 counts from the end. Raises ShapeError when built on anything but a tuple that
    has an i-th part, ValueError for an i that is no whole number.
    """

    divisible = True

    def __init__(self, i: int):
        if not isinstance(i, int):
            raise ValueError(f"Pick expects a whole number, got {i!r}")
        self.i = i

    def build(self, in_shape):
        fits = is_tuple(in_shape) and -len(in_shape) <= self.i < len(in_shape)
        require(fits, self, f"a tuple with a part {self.i}", in_shape)
        return in_shape[self.i]

    def forward(self, x, train=True):
        return x[self.i], (len(x),)

    def backward(self, dy, cache, param_grads=True):
        (n,) = cache
        return tuple(dy if j == self.i % n else None for j in range(n))  # eq: pick-dv

    def tangent(self, x_dot, cache):
        return x_dot[self.i], ()

    def tangent_backward(self, dy, dy_dot, cache, cache_dot):
        return tuple(
            None if d is None else self.backward(d, cache) for d in (dy, dy_dot)
        )

    def __repr__(self):
        return f"Pick({self.i})"


class Concat(Affine):
    """(a, b, ...) -> y = [a, b, ...] along the last axis      (da, db, ...) = dy cut up

    Arrays (N, ..., C_i) of the same places give (N, ..., sum_i C_i). Beside images or
    sequences a vector (N, C_i) stands at every place, and its gradient is the sum over
    the places: so a condition is shown to a convolution (Reed et al. 2016, sec. 4.1).

    Raises ShapeError when built on anything else, integers among it.
    """

    divisible = True

    def build(self, in_shape):
        kinds = is_tuple(in_shape) and not any(
            is_tuple(s) or isinstance(s, Integers) or not s for s in in_shape
        )
        require(kinds, self, "a tuple of arrays of numbers (..., C)", in_shape)
        places = {s[:-1] for s in in_shape} - {()}
        require(len(places) <= 1, self, "arrays of the same places", in_shape)
        self.in_shapes = in_shape
        self.places = places.pop() if places else ()
        return (*self.places, sum(s[-1] for s in in_shape))

    def linear(self, x):
        xp, like = get_xp(leaves(x)[0]), leaves(x)[0]
        parts = []
        for v, shape in zip(x, self.in_shapes, strict=True):
            if v is None:  # a tangent
                v = xp.zeros((len(like), *shape), like.dtype)
            if len(shape) == 1 and self.places:
                v = v.reshape(len(v), *(1 for _ in self.places), *shape)
                v = xp.broadcast_to(v, (len(v), *self.places, *shape))
            parts.append(v)
        return xp.concatenate(parts, axis=-1), ()  # eq: concat

    def adjoint(self, dy, cache):
        parts, end = [], 0
        for shape in self.in_shapes:
            part = dy[..., end : end + shape[-1]]
            end += shape[-1]
            if len(shape) == 1 and self.places:
                part = part.sum(axis=tuple(range(1, dy.ndim - 1)))  # eq: concat-dx
            parts.append(part)
        return tuple(parts)

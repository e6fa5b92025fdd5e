"""Layers for tuples of arrays: the trees of conditional networks are made of them.

A generator takes (z, y), and a discriminator takes (x, y). `Parallel` gives each value
of a tuple its own layer, `Concat` puts arrays side by side, `Branch` gives one value to
several layers, and `Pick` keeps one value. A gradient or a tangent of None means zero.
"""

from ...errors import whole
from ...guard.layers import built
from ...ops import get_xp
from ...values import Integers, is_tuple, leaves, plus
from ..base import (
    Affine,
    Layer,
    a_layer,
    backward_of,
    backward_weights_of,
    named,
    require,
    tangent_backward_of,
    tangent_of,
)


class Identity(Layer):
    """y = x      dx = dy      y_dot = x_dot, for an array or a tuple"""

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

    A subclass writes `inputs`, which gives each layer its input x_i, and the adjoint of
    that map, `inputs_adjoint`. The tangent pass leaves out a layer whose tangent is
    zero. A backward pass for dx alone leaves out a layer that takes only integers.
    Raises ValueError for no layers at all.
    """

    divisible = True

    def __init__(self, *layers: Layer):
        if not layers:
            raise ValueError(f"{type(self).__name__} expects at least one layer")
        self.layers = tuple(a_layer(self, layer) for layer in layers)

    def inputs(self, x) -> tuple:
        """(x_1, x_2, ...), one for each layer, from a value or tangent of any shape."""
        raise TypeError(f"{self!r} does not define inputs(x)")

    def inputs_adjoint(self, dxs: tuple):
        """The adjoint: dx from (dx_1, dx_2, ...)."""
        raise TypeError(f"{self!r} does not define inputs_adjoint(dxs)")

    def children(self):
        return named(self.layers)

    def build(self, in_shape):
        shapes = self.inputs(in_shape)
        self.numbers = tuple(map(has_numbers, shapes))
        return tuple(built(f, s) for f, s in zip(self.layers, shapes, strict=True))

    def forward(self, x, train=True):
        pairs = zip(self.layers, self.inputs(x), strict=True)
        return tuple(zip(*(f.forward(x_i, train) for f, x_i in pairs), strict=True))

    def backward(self, dy, cache, param_grads=True):
        passes = zip(self.layers, self._one_each(dy), cache, self.numbers, strict=True)
        return self.inputs_adjoint(
            tuple(
                backward_of(f, d, c, param_grads) if param_grads or numbers else None
                for f, d, c, numbers in passes
            )
        )

    def backward_weights(self, dy, cache):
        for f, d, c in zip(self.layers, self._one_each(dy), cache, strict=True):
            backward_weights_of(f, d, c)

    def tangent(self, x_dot, cache):
        passes = zip(self.layers, self.inputs(x_dot), cache, strict=True)
        return tuple(zip(*(tangent_of(*p) for p in passes), strict=True))

    def tangent_backward(self, dy, dy_dot, cache, cache_dot):
        gradients = self._one_each(dy), self._one_each(dy_dot)
        passes = zip(self.layers, *gradients, cache, cache_dot, strict=True)
        dxs, dx_dots = zip(*(tangent_backward_of(*p) for p in passes), strict=True)
        return self.inputs_adjoint(dxs), self.inputs_adjoint(dx_dots)

    def _one_each(self, v) -> tuple:
        """v, or None for each layer if v is None."""
        return (None,) * len(self.layers) if v is None else v

    def __repr__(self):
        return f"{type(self).__name__}({', '.join(map(repr, self.layers))})"


def has_numbers(shape) -> bool:
    """Whether a value of this shape can have a gradient: integers have none."""
    if is_tuple(shape):
        return any(map(has_numbers, shape))
    return not isinstance(shape, Integers)


class Parallel(Several):
    """(x_1, x_2, ...) -> (f_1(x_1), f_2(x_2), ...)      dx_i = J_i^T dy_i

    One layer for each value of a tuple; `Identity()` leaves a value as it is. Raises
    ShapeError when built on anything but a tuple of as many values.
    """

    def build(self, in_shape):
        n = len(self.layers)
        fits = is_tuple(in_shape) and len(in_shape) == n
        require(fits, self, f"a tuple of {n} values", in_shape)
        return super().build(in_shape)

    def inputs(self, x):
        return self._one_each(x)

    def inputs_adjoint(self, dxs):
        return dxs if leaves(dxs) else None


class Branch(Several):
    """v -> (f_1(v), f_2(v), ...)      dv = sum_i J_i^T dy_i      y_i_dot = J_i v_dot

    One value, which may be a tuple itself, goes to several layers, and their gradients
    add up.
    """

    def inputs(self, x):
        return (x,) * len(self.layers)

    def inputs_adjoint(self, dxs):
        dv = None
        for dx in dxs:
            dv = plus(dv, dx)  # eq: branch-dv
        return dv


class Pick(Layer):
    """(v_0, v_1, ...) -> v_i      dv = (None, ..., dy, ..., None), dy at place i

    i < 0 counts from the end. Raises ShapeError when built on anything but a tuple that
    has an i-th value, InputError for an i that is not a whole number.
    """

    divisible = True

    def __init__(self, i: int):
        self.i = whole(self, "i", i)

    def build(self, in_shape):
        fits = is_tuple(in_shape) and -len(in_shape) <= self.i < len(in_shape)
        require(fits, self, f"a tuple with a value {self.i}", in_shape)
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

    Arrays (N, ..., C_i) with the same places give (N, ..., sum_i C_i). Beside images or
    sequences, a vector (N, C_i) is repeated at every place, and its gradient is the sum
    over the places. So a convolution can see a condition (Reed et al. 2016, sec. 4.1).

    Raises ShapeError when built on anything else, integers included.
    """

    divisible = True

    def build(self, in_shape):
        kinds = is_tuple(in_shape) and not any(
            is_tuple(s) or isinstance(s, Integers) or not s for s in in_shape
        )
        require(kinds, self, "a tuple of arrays of numbers (..., C)", in_shape)
        places = {s[:-1] for s in in_shape} - {()}
        require(len(places) <= 1, self, "arrays with the same places", in_shape)
        self.in_shapes = in_shape
        self.places = places.pop() if places else ()
        return (*self.places, sum(s[-1] for s in in_shape))

    def linear(self, x):
        xp, like = get_xp(leaves(x)[0]), leaves(x)[0]
        arrays = []
        for v, shape in zip(x, self.in_shapes, strict=True):
            if v is None:  # a tangent that is zero
                v = xp.zeros((len(like), *shape), like.dtype)
            if len(shape) == 1 and self.places:
                v = v.reshape(len(v), *(1 for _ in self.places), *shape)
                v = xp.broadcast_to(v, (len(v), *self.places, *shape))
            arrays.append(v)
        return xp.concatenate(arrays, axis=-1), ()  # eq: concat

    def adjoint(self, dy, cache):
        dx, end = [], 0
        for shape in self.in_shapes:
            dv = dy[..., end : end + shape[-1]]
            end += shape[-1]
            if len(shape) == 1 and self.places:
                dv = dv.sum(axis=tuple(range(1, dy.ndim - 1)))  # eq: concat-dx
            dx.append(dv)
        return tuple(dx)

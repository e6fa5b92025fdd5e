"""Layers for sequences (N, T, C), with which a generator reads a sentence.

An `Embedding` turns a sentence into a sequence of vectors. A `Conv1d` along it sees
neighbouring words, a GRU (gru.py) reads them one by one, and `MeanPool` forgets their
order. `Each` applies any of them to several sentences of one sample.
"""

import math

from ...guard.layers import built
from ...ops import get_xp
from ...values import Integers, is_tuple, mapped
from ..base import (
    Affine,
    Layer,
    a_layer,
    backward_of,
    backward_weights_of,
    each_once,
    require,
    require_array,
    tangent_backward_of,
    tangent_of,
)
from ..conv1d import Conv1d

__all__ = ["Conv1d", "Each", "MeanPool"]  # Conv1d was defined here once


class MeanPool(Affine):
    """y = the mean over all places      dx = dy / m at each of the m places

    x is (N, ..., C), y (N, C): the mean of a sequence (T, C), of several (M, T, C), or
    of an image. Raises ShapeError when built on a shape without places.
    """

    divisible = True

    def build(self, in_shape):
        require_array(self, in_shape)
        require(len(in_shape) >= 2, self, "inputs (..., C) with places", in_shape)
        return in_shape[-1:]

    def linear(self, x):
        places = tuple(range(1, x.ndim - 1))
        return x.mean(axis=places), (x.shape,)  # eq: meanpool

    def adjoint(self, dy, cache):
        ((N, *places, C),) = cache
        dx = (dy / math.prod(places)).reshape(N, *(1 for _ in places), C)
        xp = get_xp(dy)
        return xp.ascontiguousarray(xp.broadcast_to(dx, (N, *places, C)))


class Each(Layer):
    """y[:, m] = f(x[:, m]) for every m: (N, M, ...) -> (N, M, ...)

    The axis M is folded into the batch axis, f sees N M samples, and its outputs are
    unfolded again. So one f reads every sentence of a picture. Raises ShapeError when
    built on a shape without M, on a tuple whose arrays differ in M, or around a layer
    that packs samples.
    """

    divisible = True

    def __init__(self, f: Layer):
        self.f = a_layer(self, f)

    def children(self):
        return (("f", self.f),)

    def build(self, in_shape):
        shapes = in_shape if is_tuple(in_shape) else (in_shape,)
        flat = all(shape and not is_tuple(shape) for shape in shapes)
        fits = flat and len({shape[0] for shape in shapes}) == 1
        require(fits, self, "inputs (M, ...)", in_shape)
        apart = all(inner.packs == 1 for _, inner in each_once(self.f))
        require(apart, self, "a layer that keeps samples apart", self.f)
        self.M = shapes[0][0]
        return self._with_M(built(self.f, self._without_M(in_shape)))

    def forward(self, x, train=True):
        y, cache = self.f.forward(self._folded(x), train)
        return self._unfolded(y), cache

    def backward(self, dy, cache, param_grads=True):
        dx = backward_of(self.f, self._folded(dy), cache, param_grads)  # eq: each-dx
        return self._unfolded(dx)

    def backward_weights(self, dy, cache):
        backward_weights_of(self.f, self._folded(dy), cache)

    def tangent(self, x_dot, cache):
        y_dot, cache_dot = tangent_of(self.f, self._folded(x_dot), cache)
        return self._unfolded(y_dot), cache_dot

    def tangent_backward(self, dy, dy_dot, cache, cache_dot):
        dy, dy_dot = self._folded(dy), self._folded(dy_dot)
        dx, dx_dot = tangent_backward_of(self.f, dy, dy_dot, cache, cache_dot)
        return self._unfolded(dx), self._unfolded(dx_dot)

    def _folded(self, v):
        """(N, M, ...) -> (N M, ...)"""
        return mapped(lambda a: a.reshape(len(a) * self.M, *a.shape[2:]), v)

    def _unfolded(self, v):
        """(N M, ...) -> (N, M, ...)"""
        return mapped(lambda a: a.reshape(len(a) // self.M, self.M, *a.shape[1:]), v)

    def _without_M(self, shape):
        if is_tuple(shape):
            return tuple(map(self._without_M, shape))
        rest = shape[1:]
        return Integers(rest, shape.n) if isinstance(shape, Integers) else rest

    def _with_M(self, shape):
        if is_tuple(shape):
            return tuple(map(self._with_M, shape))
        more = (self.M, *shape)
        return Integers(more, shape.n) if isinstance(shape, Integers) else more

    def __repr__(self):
        return f"Each({self.f!r})"

"""Layers that only move numbers: a reshape is linear, and its adjoint reshapes back."""

import math

from ..errors import InputError, shown, whole
from .base import Affine, require, require_array


class Reshape(Affine):
    """y = x seen in another shape      dx = dy seen in x's shape

    `shape` is the output's, without the batch axis, as in Reshape(7, 7, 128).
    Raises ShapeError when built on a shape that holds another number of elements, and
    InputError for sizes that are not whole numbers.
    """

    divisible = True

    def __init__(self, *shape: int):
        if len(shape) == 1 and isinstance(shape[0], tuple | list):
            right = ", ".join(map(shown, shape[0]))
            raise InputError(f"Reshape expects sizes; write Reshape({right})")
        self.shape = tuple(whole(self, "size >= 1", size) for size in shape)

    def build(self, in_shape):
        require_array(self, in_shape)
        n, m = math.prod(in_shape), math.prod(self.shape)
        require(n == m, self, f"{m} numbers per sample", f"{in_shape}, which has {n}")
        return self.shape

    def linear(self, x):
        return x.reshape(x.shape[0], *self.shape), (x.shape,)

    def adjoint(self, dy, cache):
        (x_shape,) = cache
        return dy.reshape(x_shape)  # eq: reshape-dx

    def __repr__(self):
        return f"{type(self).__name__}{self.shape}"


class Flatten(Reshape):
    """Each sample as one row: (N, H, W, C) -> (N, H W C)."""

    def __init__(self):
        self.shape = ()

    def build(self, in_shape):
        require_array(self, in_shape)
        self.shape = (math.prod(in_shape),)
        return self.shape

    def __repr__(self):
        return "Flatten()"

"""The fully connected layer: one matrix product each way."""

import numpy as np

from ..errors import numbers, shown, whole
from ..ops import Array
from .base import Affine, require, require_array
from .init import he, initialiser


class Dense(Affine):
    """y = x W + b     dx = dy W^T     dW = x^T dy     db = sum_n dy     y_dot = x_dot W

    x is (N, n_in) and y (N, n_out); any further axes in front of the last count as
    samples. Every sample adds its own x^T dy to dW: gradients add, because the
    objective is a sum over samples. `bias` may also be the n_out numbers at which b
    starts, instead of 0.

    Raises ShapeError when built on a shape without a last axis, and InputError for an
    n_out or an init of another kind.
    """

    divisible = True
    W: Array  # (n_in, n_out)
    dW: Array

    def __init__(self, n_out: int, bias=True, init=None):
        self.n_out = whole(self, "n_out >= 1", n_out)
        self.initialise = initialiser(self, init, he())
        self.bias, self.start = bias is not False, np.zeros(())
        if not isinstance(bias, bool):
            self.start = numbers("Dense, bias", bias)
            fits = self.start.shape == (self.n_out,)
            fits = fits and bool(np.isfinite(self.start).all())
            what = f"bias True, False or {self.n_out} finite numbers"
            require(fits, self, what, shown(bias))

    def build(self, in_shape):
        require_array(self, in_shape)
        require(len(in_shape) >= 1, self, "inputs (..., n_in)", in_shape)
        self.shapes = {"W": (in_shape[-1], self.n_out)}
        self.fans = self.shapes["W"]
        if self.bias:
            self.shapes["b"] = (self.n_out,)
        return (*in_shape[:-1], self.n_out)

    def init(self, rng):
        self.W[...] = self.initialise(rng, self.W.shape, *self.fans)
        if self.bias:
            self.b[...] = self.start

    def linear(self, x):
        n_in, n_out = self.W.shape
        y = x.reshape(-1, n_in) @ self.W  # eq: dense
        return y.reshape(*x.shape[:-1], n_out), (x,)

    def adjoint(self, dy, cache):
        (x,) = cache
        dy = dy.reshape(-1, self.n_out)
        dx = dy.dot(self.W.T)  # `@` would not use BLAS for n_out = 1  # eq: dense-dx
        return dx.reshape(x.shape)

    def weight_grad(self, dy, cache):
        (x,) = cache
        n_in, n_out = self.W.shape
        self.dW += x.reshape(-1, n_in).T @ dy.reshape(-1, n_out)  # eq: dense-dW

    def __repr__(self):
        return f"Dense({self.n_out})"

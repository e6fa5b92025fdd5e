"""Normalisation within each sample: a critic with a gradient penalty may have it.

BatchNorm mixes the samples of a batch, so the gradient of D(x_n) with respect to x_n
alone says nothing. Here the statistics are of one sample, or of one part of it, and
the three layers differ only in which axes they are taken over.

Normalising, x_hat = (x - mu) / sigma, has the Jacobian

    J = (1/sigma) (I - 1 1^T / m - x_hat x_hat^T / m)

over the m numbers that share mu and sigma. It projects onto what is orthogonal to 1
and (nearly, because of eps) to x_hat: neither a shift nor a scale of x passes. J is
symmetric, so the tangent and the backward pass are one and the same function.
"""

import math

from ..errors import number
from ..fast import primitive
from ..ops import Array, column_sum, get_xp
from ..values import plus
from .base import Layer, require, require_array


@primitive
def normalised(x, axes, eps: float, centre: bool = True):
    """(x_hat, 1/sigma): x_hat = (x - mu) / sigma, sigma^2 = mean((x - mu)^2) + eps.

    x is (N, ...). Means are over `axes`, of length 1 in 1/sigma. No `centre`: mu = 0.
    """
    if centre:
        x = x - x.mean(axis=axes, keepdims=True)
    inv_std = 1 / get_xp(x).sqrt(mean_product(x, x, axes) + eps)
    return x * inv_std, inv_std  # eq: samplenorm


@primitive
def jacobian(v, x_hat, inv_std, axes, centre: bool = True):
    """(J v, mean(x_hat v)), J = (1/sigma) (I - 1 1^T/m - x_hat x_hat^T/m) = J^T.

    v: of the shape of x_hat (N, ...)      inv_std: 1/sigma, as `normalised` gave it
    """
    along = mean_product(x_hat, v, axes)
    Jv = v - x_hat * along
    if centre:
        Jv = Jv - v.mean(axis=axes, keepdims=True)
    return inv_std * Jv, along  # eq: samplenorm-jacobian


@primitive
def mean_product(a, b, axes):
    """mean(a b) over `axes` of two arrays (N, ...); they stay as axes of length 1."""
    return (a * b).mean(axis=axes, keepdims=True)


class SampleNorm(Layer):
    """x_hat = (x - mu) / sigma over some axes of one sample      y = gamma x_hat + beta

        dx = J (gamma dy)      x_hat_dot = J x_dot      y_dot = gamma x_hat_dot
        dgamma = sum dy x_hat + sum dy_dot x_hat_dot      dbeta = sum dy

    The reversed tangent differentiates J too, and J depends on x. Let h = gamma dy_dot:

        dx_dot = J h
        dx = J (gamma dy) - (1/sigma) (x_hat mean(h x_hat_dot) + x_hat_dot mean(h x_hat)
                                       + dx_dot mean(x_hat x_dot))

    A subclass says which axes the means are over. Raises InputError unless
    0 < eps < 1, and ShapeError when built on a shape for which a mean would be over
    one number.
    """

    divisible = True
    gamma: Array  # (C,)
    dgamma: Array
    beta: Array  # (C,)
    dbeta: Array

    over = "number"  # the kind of thing that a mean is over, for a message
    centre = True  # whether mu is subtracted
    affine = True  # whether there are gamma and beta, one of each per channel

    def __init__(self, eps: float = 1e-5):
        self.eps = number(self, "0 < eps < 1", eps)

    def axes(self, ndim: int) -> tuple[int, ...]:
        """The axes of an x with `ndim` axes over which the statistics are taken."""
        raise TypeError(f"{type(self).__name__} does not define axes(ndim)")

    def build(self, in_shape):
        require_array(self, in_shape)
        require(len(in_shape) >= 1, self, "inputs (..., C)", in_shape)
        m = math.prod(in_shape[axis - 1] for axis in self.axes(len(in_shape) + 1))
        require(m > 1, self, f"more than one {self.over}", in_shape)
        if self.affine:
            self.shapes = {"gamma": in_shape[-1:], "beta": in_shape[-1:]}
        return in_shape

    def init(self, rng):
        if self.affine:
            self.gamma[...] = 1

    def forward(self, x, train=True):
        x_hat, inv_std = normalised(x, self.axes(x.ndim), self.eps, self.centre)
        y = self._scaled(x_hat)
        if self.affine:
            y = y + self.beta
        return y, (x_hat, inv_std)

    def backward(self, dy, cache, param_grads=True):
        x_hat, _ = cache
        if param_grads and self.affine:
            self.dgamma += column_sum(dy * x_hat)  # eq: samplenorm-dgamma
            self.dbeta += column_sum(dy)  # eq: samplenorm-dbeta
        return self._J(self._scaled(dy), cache)[0]

    def tangent(self, x_dot, cache):
        x_hat_dot, along = self._J(x_dot, cache)
        return self._scaled(x_hat_dot), (x_hat_dot, along)

    def tangent_backward(self, dy, dy_dot, cache, cache_dot):
        (x_hat, inv_std), (x_hat_dot, a) = cache, cache_dot  # a = mean(x_hat x_dot)
        dx = None if dy is None else self.backward(dy, cache)
        if dy_dot is None:
            return dx, None
        if self.affine:
            self.dgamma += column_sum(dy_dot * x_hat_dot)
        h = self._scaled(dy_dot)
        dx_dot, b = self._J(h, cache)  # b = mean(x_hat h)
        c = mean_product(h, x_hat_dot, self.axes(h.ndim))
        bend = (x_hat * c + x_hat_dot * b + dx_dot * a) * inv_std
        return plus(dx, -bend), dx_dot  # eq: samplenorm-curvature

    def _J(self, v, cache):
        x_hat, inv_std = cache
        return jacobian(v, x_hat, inv_std, self.axes(v.ndim), self.centre)

    def _scaled(self, v):
        return self.gamma * v if self.affine else v


class LayerNorm(SampleNorm):
    """Statistics of a whole sample, over all axes but the batch; gamma, beta (C,)

    x is (N, ..., C). gamma and beta are per channel, as in the code of WGAN-GP, which
    puts this layer where DCGAN's critic has BatchNorm. Raises ShapeError when built on
    a single number per sample. Source: Ba et al. 2016, eq. 3.
    """

    over = "number per sample"

    def axes(self, ndim):
        return tuple(range(1, ndim))


class InstanceNorm(SampleNorm):
    """Statistics of each channel of each sample, over the positions; gamma, beta (C,)

    x is (N, ..., C) with at least one axis of positions. Raises ShapeError when built
    on fewer than two positions, because x_hat would be 0. Source: Ulyanov et al. 2016.
    """

    over = "position"

    def axes(self, ndim):
        return tuple(range(1, ndim - 1))


class PixelNorm(SampleNorm):
    """y = x / sqrt(mean_c x^2 + eps)      dx = J dy      y_dot = J x_dot

    It scales the vector of channels at each position to length sqrt(C), without
    parameters and without mu. It keeps the signals of a generator from growing without
    bound. Raises ShapeError when built on a single channel, because y would be a sign.
    Source: Karras et al. 2018, sec. 4.2.
    """

    over = "channel"
    centre = affine = False

    def __init__(self, eps: float = 1e-8):
        super().__init__(eps)

    def axes(self, ndim):
        return (ndim - 1,)

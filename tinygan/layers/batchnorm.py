"""Batch normalisation: every channel to mean 0 and variance 1, then scaled and shifted.

In training the statistics are the batch's, so every sample's output depends on every
other sample, and backward has two extra terms. In evaluation they are constants, the
layer is affine, and backward has none: the two formulas must not be mixed up.
"""

import numpy as np

from ..backend import column_dot, column_sum, get_xp, repeated
from ..errors import TangentError
from ..fast import cuda as kernels
from .base import Layer, require, require_array


class BatchNorm(Layer):
    """x_hat = (x - mu) / sqrt(var + eps)      y = gamma x_hat + beta, per channel

    x is (..., C); the statistics of a channel are taken over all the other axes, which
    hold m numbers.

        dgamma = sum dy x_hat      dbeta = sum dy
        training    dx = gamma / sqrt(var + eps) (dy - mean(dy) - x_hat mean(dy x_hat))
        evaluation  dx = gamma / sqrt(var + eps) dy

    In evaluation alone there is a tangent, x_hat_dot = x_dot / sqrt(var + eps):

        y_dot = gamma x_hat_dot      dx_dot = gamma / sqrt(var + eps) dy_dot
        dgamma = sum dy x_hat + sum dy_dot x_hat_dot

    Running statistics are layer state, r += momentum (batch - r), with the unbiased
    variance (m / (m - 1)). Where processes share a batch, sums are those of all parts
    (`group`). gamma starts at N(1, gamma_std^2); DCGAN uses 0.02.

    Raises ShapeError in training when m = 1, where x_hat is always 0, and TangentError
    for the tangent in training. Source: Ioffe and Szegedy 2015, Algorithm 1.
    """

    divisible = True

    def __init__(self, eps: float = 1e-5, momentum: float = 0.1, gamma_std=0.0):
        self.eps, self.momentum = float(eps), float(momentum)
        self.gamma_std = gamma_std

    def build(self, in_shape):
        require_array(self, in_shape)
        require(len(in_shape) >= 1, self, "inputs (..., C)", in_shape)
        C = in_shape[-1]
        self.shapes = {"gamma": (C,), "beta": (C,)}
        return in_shape

    def init(self, rng):
        self.gamma[...] = rng.normal(1.0, self.gamma_std, self.gamma.shape)
        C = self.gamma.shape[-1]
        self.state = {"mean": np.zeros(C), "var": np.ones(C)}

    def forward(self, x, train=True):
        if kernels.usable(x) and self.group.size == 1:
            return self._by_kernels(x, train)
        x_hat, inv_std = self._normalised(x, train)
        y = repeated(self.gamma, x) * x_hat
        y += repeated(self.beta, x)  # eq: batchnorm
        return y, (x_hat, inv_std, train)

    def _normalised(self, x, train):
        """(x_hat, 1 / sqrt(var + eps)); in training the running statistics move."""
        m = self._count(x, train)
        if train:
            total, m = self.group.sum(column_sum(x), m)
            mean = total / m  # (C,)  # eq: shard-mean
            centred = x - repeated(mean, x)
            (total,) = self.group.sum(column_dot(centred, centred))
            var = total / m  # eq: shard-variance
            if self.group.keeps_state:
                self.state["mean"] += self.momentum * (mean - self.state["mean"])
                unbiased = var * (m / (m - 1))  # eq: batchnorm-unbiased
                self.state["var"] += self.momentum * (unbiased - self.state["var"])
        else:
            centred, var = x - repeated(self.state["mean"], x), self.state["var"]
        inv_std = 1 / get_xp(x).sqrt(var + self.eps)
        centred *= repeated(inv_std, x)  # eq: batchnorm-x-hat
        return centred, inv_std

    def _count(self, x, train) -> int:
        """m, the numbers of a channel; ShapeError if they cannot be trained on."""
        m = x.size // x.shape[-1]
        if train:
            require(m > 1, self, "more than one value per channel to train on", x.shape)
        return m

    def _by_kernels(self, x, train):
        """The same in three launches."""
        self._count(x, train)
        stats = self.state["mean"], self.state["var"]
        if train:
            stats = kernels.moments(x, stats, self.momentum)  # and moves the running
        y, *rest = kernels.normalise(x, *stats, self.gamma, self.beta, self.eps)
        return y, (*rest, train)

    def backward(self, dy, cache, param_grads=True):
        x_hat, inv_std, train = cache
        if not (train or param_grads):
            return (self.gamma * inv_std) * dy
        fused = kernels.usable(dy, x_hat) and self.group.size == 1
        if fused:
            dbeta, dgamma = kernels.column_sums(dy, x_hat)
        else:
            dgamma, dbeta = column_dot(dy, x_hat), column_sum(dy)
        if param_grads:
            self.dgamma += dgamma  # eq: batchnorm-dgamma
            self.dbeta += dbeta  # eq: batchnorm-dbeta
        if not train:
            return (self.gamma * inv_std) * dy  # eq: batchnorm-dx-eval
        if fused:
            return kernels.normalise_dx(dy, x_hat, self.gamma, inv_std, dgamma, dbeta)
        return self._dx(dy, x_hat, dgamma, dbeta, self.gamma * inv_std)

    def _dx(self, v, x_hat, along, total, scale):
        """scale (v - mean(v) - x_hat mean(v x_hat)), from the sums of v x_hat and v."""
        m = v.size // v.shape[-1]
        along, total, m = self.group.sum(along, total, m)
        dx = x_hat * repeated(-along / m, v)
        dx += v
        dx -= repeated(total / m, v)
        dx *= repeated(scale, v)  # eq: batchnorm-dx
        return dx

    def tangent(self, x_dot, cache):
        _, inv_std, train = cache
        self._require_constants(train)
        x_hat_dot = x_dot * inv_std
        return self.gamma * x_hat_dot, (x_hat_dot,)

    def tangent_backward(self, dy, dy_dot, cache, cache_dot):
        (_, inv_std, _), (x_hat_dot,) = cache, cache_dot
        dx = None if dy is None else self.backward(dy, cache)
        if dy_dot is None:
            return dx, None
        self.dgamma += column_dot(dy_dot, x_hat_dot)
        return dx, (self.gamma * inv_std) * dy_dot

    def _require_constants(self, train) -> None:
        if train:
            raise TangentError(
                f"{type(self).__name__} in training has no per-sample gradient, which "
                "a gradient penalty needs: its output for one sample depends on the "
                "whole batch. Use LayerNorm, InstanceNorm or SpectralNorm instead"
            )

    def __repr__(self):
        return f"{type(self).__name__}()"

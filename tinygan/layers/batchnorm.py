"""Batch normalisation: a channel gets mean 0 and variance 1, then a scale and a shift.

In training the statistics are the batch's, so every sample's output depends on every
other sample, and backward has two extra terms. In evaluation they are constants, the
layer is affine, and backward has no extra term. The two formulas must not be mixed up.
"""

import numpy as np

from ..errors import TangentError, number
from ..fast import primitive
from ..group import Group
from ..ops import Array, column_sum, get_xp
from .base import Layer, require, require_array


@primitive
def moments(x, group: Group, running: dict, momentum: float):
    """mean and var of each channel of x (N, ..., C), over the batch of all ranks: (C,)

    `running`, {"mean": (C,), "var": (C,)}, moves towards them in place.

    A sum of numbers far from 0 has rounding errors of their size, not of the size of
    their deviations. So the first mean is a guess, close to the mean. The numbers
    x - guess are small, and so is the error of their sum, `rest`. Without rounding
    `rest` is 0. With it, guess + rest / m is the mean, rounded once.
    """
    total, m = group.all_reduce(column_sum(x), x.size // x.shape[-1])
    guess = total / m  # eq: shard-mean
    (rest,) = group.all_reduce(column_sum(x - guess))
    mean = guess + rest / m  # eq: batchnorm-mean
    apart = x - mean
    (total,) = group.all_reduce(column_sum(apart * apart))
    var = total / m  # eq: shard-variance
    if group.keeps_state:
        running["mean"] += momentum * (mean - running["mean"])
        unbiased = var * (m / (m - 1))  # eq: batchnorm-unbiased
        running["var"] += momentum * (unbiased - running["var"])
    return mean, var


@primitive
def standardise(x, mean, var, eps):
    """x_hat = (x - mean) / sqrt(var + eps), and 1 / sqrt(var + eps), (C,)

    x and x_hat are (N, ..., C), mean and var (C,).
    """
    inv_std = 1 / get_xp(x).sqrt(var + eps)
    return (x - mean) * inv_std, inv_std  # eq: batchnorm-x-hat


@primitive
def normalise(x, mean, var, gamma, beta, eps):
    """y = gamma x_hat + beta, and what `standardise` gives; gamma and beta are (C,)."""
    x_hat, inv_std = standardise(x, mean, var, eps)
    return gamma * x_hat + beta, x_hat, inv_std  # eq: batchnorm


@primitive
def batchnorm(x, gamma, beta, eps, group: Group, running: dict, momentum: float):
    """What `normalise` gives for x (N, ..., C) with the moments of the batch."""
    mean, var = moments(x, group, running, momentum)
    return normalise(x, mean, var, gamma, beta, eps)


@primitive
def channel_sums(dy, x_hat):
    """(sum dy x_hat, sum dy) of each channel, (N, ..., C) -> (C,) twice."""
    dbeta = column_sum(dy)  # eq: batchnorm-dbeta
    return column_sum(dy * x_hat), dbeta  # eq: batchnorm-dgamma


@primitive
def batchnorm_dx(dy, x_hat, gamma, inv_std, dgamma, dbeta, m):
    """dx = gamma inv_std (dy - dbeta/m - x_hat dgamma/m), (N, ..., C)

    dgamma = sum dy x_hat and dbeta = sum dy, (C,), are over all m numbers of a channel.
    """
    mean, along = dbeta / m, x_hat * (dgamma / m)
    return (gamma * inv_std) * (dy - mean - along)  # eq: batchnorm-dx


class BatchNorm(Layer):
    """x_hat = (x - mu) / sqrt(var + eps)      y = gamma x_hat + beta, per channel

    x is (..., C); the statistics of a channel are taken over all the other axes, which
    hold m numbers.

        dgamma = sum dy x_hat      dbeta = sum dy
        training    dx = gamma / sqrt(var + eps) (dy - mean(dy) - x_hat mean(dy x_hat))
        evaluation  dx = gamma / sqrt(var + eps) dy

    There is a tangent in evaluation only, x_hat_dot = x_dot / sqrt(var + eps):

        y_dot = gamma x_hat_dot      dx_dot = gamma / sqrt(var + eps) dy_dot
        dgamma = sum dy x_hat + sum dy_dot x_hat_dot

    Running statistics are layer state, r += momentum (batch - r), with the unbiased
    variance (m / (m - 1)). If several ranks share a batch, the sums are over the whole
    batch (`group`). gamma starts at N(1, gamma_std^2); DCGAN uses 0.02.

    Raises ShapeError in training when m = 1, because x_hat would be 0, and TangentError
    for the tangent in training. InputError unless 0 <= eps < 1, 0 <= momentum <= 1 and
    gamma_std >= 0. Source: Ioffe and Szegedy 2015, Algorithm 1.
    """

    divisible = True
    gamma: Array  # (C,)
    dgamma: Array
    beta: Array  # (C,)
    dbeta: Array

    def __init__(self, eps: float = 1e-5, momentum: float = 0.1, gamma_std=0.0):
        self.eps = number(self, "0 <= eps < 1", eps)
        self.momentum = number(self, "0 <= momentum <= 1", momentum)
        self.gamma_std = number(self, "gamma_std >= 0", gamma_std)

    def build(self, in_shape):
        require_array(self, in_shape)
        require(len(in_shape) >= 1, self, "inputs (..., C)", in_shape)
        self.shapes = {"gamma": in_shape[-1:], "beta": in_shape[-1:]}
        return in_shape

    def init(self, rng):
        self.gamma[...] = rng.normal(1.0, self.gamma_std, self.gamma.shape)
        C = self.gamma.shape[-1]
        self.state = {"mean": np.zeros(C), "var": np.ones(C)}

    def forward(self, x, train=True):
        affine = self.gamma, self.beta, self.eps
        if train:
            batch = self.batch_of(x)
            y, x_hat, inv_std = batchnorm(x, *affine, *batch)
        else:
            mean, var = self.state["mean"], self.state["var"]
            y, x_hat, inv_std = normalise(x, mean, var, *affine)
        return y, (x_hat, inv_std, train)

    def batch_of(self, x) -> tuple:
        """The last arguments of `moments` for a batch x (N, ..., C) in training."""
        m = x.size // x.shape[-1]
        require(m > 1, self, "more than one value per channel to train on", x.shape)
        return self.group, self.state, self.momentum

    def backward(self, dy, cache, param_grads=True):
        x_hat, inv_std, train = cache
        if train or param_grads:
            dgamma, dbeta = channel_sums(dy, x_hat)
        if param_grads:
            self.dgamma += dgamma
            self.dbeta += dbeta
        if not train:
            return (self.gamma * inv_std) * dy  # eq: batchnorm-dx-eval
        sums = self.group.all_reduce(dgamma, dbeta, dy.size // dy.shape[-1])
        return batchnorm_dx(dy, x_hat, self.gamma, inv_std, *sums)

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
        self.dgamma += column_sum(dy_dot * x_hat_dot)
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

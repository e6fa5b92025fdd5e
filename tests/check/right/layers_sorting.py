"""Sorting, ranks and order statistics of the features."""

import functools

import numpy as np

from tinygan import Layer


class SortFeatures(Layer):
    """y = x sorted along the features, by np.sort, with a tangent pass (GroupSort)"""

    def forward(self, x, train=True):
        return np.sort(x, axis=-1), (np.argsort(x, axis=-1),)

    def backward(self, dy, cache, param_grads=True):
        back = np.argsort(cache[0], axis=-1)
        return np.take_along_axis(dy, back, axis=-1)

    def tangent(self, x_dot, cache):
        return np.take_along_axis(x_dot, cache[0], axis=-1), ()

    def tangent_backward(self, dy, dy_dot, cache, cache_dot):
        undo = functools.partial(self.backward, cache=cache)
        return (
            None if dy is None else undo(dy),
            None if dy_dot is None else undo(dy_dot),
        )


class MaxMin(Layer):
    """pairs of features become (max, min): GroupSort of size 2"""

    def forward(self, x, train=True):
        a, b = x[..., ::2], x[..., 1::2]
        y = np.empty_like(x)
        y[..., ::2] = np.fmax(a, b)
        y[..., 1::2] = np.fmin(a, b)
        return y, (a >= b,)

    def backward(self, dy, cache, param_grads=True):
        (keep,) = cache
        up, low = dy[..., ::2], dy[..., 1::2]
        dx = np.empty_like(dy)
        dx[..., ::2] = np.where(keep, up, low)
        dx[..., 1::2] = np.where(keep, low, up)
        return dx


class RankFeatures(Layer):
    """y = x rank(x)/d: the rank counts, but has derivative 0"""

    def forward(self, x, train=True):
        rank = np.argsort(np.argsort(x, axis=1), axis=1)
        w = (rank / x.shape[1]).astype(x.dtype)
        return x * w, (w,)

    def backward(self, dy, cache, param_grads=True):
        return dy * cache[0]


class WeightedOrder(Layer):
    """y = sum_k w_k x_(k), order statistics with learnt weights (an L-estimator)"""

    def build(self, in_shape):
        self.shapes = {"w": in_shape}
        return (1,)

    def init(self, rng):
        self.w[...] = rng.random(self.w.shape)

    def forward(self, x, train=True):
        order = x.argsort(axis=1)
        s = x[np.arange(len(x))[:, None], order]
        return (s @ self.w).reshape(-1, 1), (order, s)

    def backward(self, dy, cache, param_grads=True):
        order, s = cache
        if param_grads:
            self.dw += (dy * s).sum(axis=0)
        dx = np.empty(s.shape, dy.dtype)
        dx[np.arange(len(s))[:, None], order] = dy * self.w
        return dx


class QuantileClip(Layer):
    """y = x clipped at its sample's second smallest and second largest feature"""

    def forward(self, x, train=True):
        order = np.argsort(x, axis=1)
        lo = np.take_along_axis(x, order[:, 1:2], 1)
        hi = np.take_along_axis(x, order[:, -2:-1], 1)
        return np.clip(x, lo, hi), (order,)

    def backward(self, dy, cache, param_grads=True):
        (order,) = cache
        g = np.take_along_axis(dy, order, 1)
        g[:, 1] += g[:, 0]
        g[:, -2] += g[:, -1]
        g[:, 0] = g[:, -1] = 0
        dx = np.empty_like(dy)
        np.put_along_axis(dx, order, g, 1)
        return dx


CHECKS = [
    (SortFeatures(), (3, 4)),
    (MaxMin(), (6,)),
    (RankFeatures(), (6,)),
    (WeightedOrder(), (5,)),
    (QuantileClip(), (7,)),
]

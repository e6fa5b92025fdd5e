"""Choices among numbers: medians, the k largest, quantiles, maxout."""

import numpy as np

from tinygan import Layer


class MedianFilter(Layer):
    """y_t = median(x_{t-1}, x_t, x_{t+1}) along time, edges repeated"""

    def build(self, in_shape):
        assert len(in_shape) == 2
        return in_shape

    def forward(self, x, train=True):
        p = np.pad(x, ((0, 0), (1, 1), (0, 0)), mode="edge")
        w = np.stack([p[:, :-2], p[:, 1:-1], p[:, 2:]])
        mid = np.argsort(w, axis=0)[1]
        return np.take_along_axis(w, mid[None], axis=0)[0], (mid,)

    def backward(self, dy, cache, param_grads=True):
        (mid,) = cache
        N, T, C = dy.shape
        dp = np.zeros((N, T + 2, C), dy.dtype)
        for k in range(3):
            dp[:, k : k + T] += np.where(mid == k, dy, 0)
        dx = dp[:, 1:-1].copy()
        dx[:, 0] += dp[:, 0]
        dx[:, -1] += dp[:, -1]
        return dx


class Median(Layer):
    """y = np.median over an odd number of features"""

    def build(self, in_shape):
        assert in_shape[-1] % 2 == 1
        return (1,)

    def forward(self, x, train=True):
        med = np.median(x, axis=1, keepdims=True)
        return med, (x == med,)

    def backward(self, dy, cache, param_grads=True):
        return dy * cache[0].astype(dy.dtype)


class MaxoutGroups(Layer):
    """y_j = max_k (W_k x + b_k)_j over K = 3 dense pieces"""

    def __init__(self, units):
        self.units = units

    def build(self, in_shape):
        self.shapes = {"W": (3, in_shape[0], self.units), "b": (3, 1, self.units)}
        return (self.units,)

    def init(self, rng):
        self.W[...] = rng.standard_normal(self.W.shape) * 0.4

    def forward(self, x, train=True):
        z = np.matmul(x[None], self.W) + self.b
        k = z.argmax(0)
        return z.max(0), (x, k)

    def backward(self, dy, cache, param_grads=True):
        x, k = cache
        dz = np.stack([dy * (k == i) for i in range(3)])
        if param_grads:
            self.dW += np.einsum("ni,knj->kij", x, dz)
            self.db += dz.sum(axis=1, keepdims=True)
        return np.einsum("knj,kij->ni", dz, self.W)


class TopK(Layer):
    """y = x at the k largest features of each sample, 0 elsewhere"""

    def __init__(self, k):
        self.k = k

    def forward(self, x, train=True):
        kth = np.sort(x, axis=-1)[..., -self.k, None]
        mask = x >= kth
        return np.where(mask, x, 0), (mask,)

    def backward(self, dy, cache, param_grads=True):
        return dy * cache[0]


class TopKMagnitude(Layer):
    """y = x at the k entries of largest |x|, found by argpartition"""

    def __init__(self, k):
        self.k = k

    def forward(self, x, train=True):
        order = np.argpartition(-np.abs(x), self.k - 1, axis=-1)[..., : self.k]
        y = np.zeros_like(x)
        np.put_along_axis(y, order, np.take_along_axis(x, order, -1), -1)
        return y, (order,)

    def backward(self, dy, cache, param_grads=True):
        (order,) = cache
        dx = np.zeros_like(dy)
        np.put_along_axis(dx, order, np.take_along_axis(dy, order, -1), -1)
        return dx


class RangePool(Layer):
    """y = [max, min, max - min] of each channel over time"""

    def build(self, in_shape):
        return (3, in_shape[-1])

    def forward(self, x, train=True):
        hi, lo = x.max(1), x.min(1)
        return np.stack([hi, lo, hi - lo], axis=1), (x.argmax(1), x.argmin(1), x.shape)

    def backward(self, dy, cache, param_grads=True):
        imax, imin, shape = cache
        dx = np.zeros(shape, dy.dtype)
        n = np.arange(shape[0])[:, None]
        c = np.arange(shape[2])[None, :]
        np.add.at(dx, (n, imax, c), dy[:, 0] + dy[:, 2])
        np.add.at(dx, (n, imin, c), dy[:, 1] - dy[:, 2])
        return dx


class PercentilePool(Layer):
    """y = the 30 % quantile over positions, linear between two order statistics"""

    def build(self, in_shape):
        self.n = in_shape[0]
        return in_shape[1:]

    def forward(self, x, train=True):
        place = 0.3 * (self.n - 1)
        lo, frac = int(place), place - int(place)
        order = np.argsort(x, axis=1, kind="stable")
        a, b = order[:, lo], order[:, lo + 1]
        xa = np.take_along_axis(x, a[:, None], 1)[:, 0]
        xb = np.take_along_axis(x, b[:, None], 1)[:, 0]
        return (1 - frac) * xa + frac * xb, (a, b, frac)

    def backward(self, dy, cache, param_grads=True):
        a, b, frac = cache
        dx = np.zeros((dy.shape[0], self.n, *dy.shape[1:]), dy.dtype)
        np.put_along_axis(dx, a[:, None], (1 - frac) * dy[:, None], 1)
        np.put_along_axis(dx, b[:, None], frac * dy[:, None], 1)
        return dx


class MixedPool(Layer):
    """y = s max + (1 - s) mean over time, s = sigmoid(a_c) learnt per channel"""

    def build(self, in_shape):
        self.shapes = {"a": in_shape[1:]}
        return in_shape[1:]

    def init(self, rng):
        self.a[...] = rng.normal(size=self.a.shape)

    def forward(self, x, train=True):
        s = 1 / (1 + np.exp(-self.a))
        hot = np.zeros(x.shape, bool)
        np.put_along_axis(hot, x.argmax(1)[:, None], True, 1)
        big, avg = np.amax(x, axis=1), np.mean(x, axis=1)
        return s * big + (1 - s) * avg, (s, hot, big - avg)

    def backward(self, dy, cache, param_grads=True):
        s, hot, diff = cache
        if param_grads:
            self.da += np.sum(dy * diff, 0) * s * (1 - s)
        return (
            np.where(hot, (s * dy)[:, None], 0) + (1 - s) * dy[:, None] / hot.shape[1]
        )


CHECKS = [
    (MedianFilter(), (6, 2)),
    (Median(), (7,)),
    (MaxoutGroups(4), (5,)),
    (TopK(3), (8,)),
    (TopKMagnitude(2), (4, 5)),
    (RangePool(), (5, 3)),
    (PercentilePool(), (7, 2)),
    (MixedPool(), (4, 3)),
]

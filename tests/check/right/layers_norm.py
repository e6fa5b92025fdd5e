"""Normalisations within a sample, and within a batch."""

from collections import namedtuple

import numpy as np

from tinygan import Layer

Saved = namedtuple("Saved", "xhat std axes")


class MyLayerNorm(Layer):
    """y = g (x - mean)/sqrt(var + eps) + b over the last axis, by np.mean and np.var"""

    eps = 1e-5

    def build(self, in_shape):
        d = in_shape[-1]
        self.shapes = {"g": (d,), "b": (d,)}
        return in_shape

    def init(self, rng):
        self.g[...] = 1

    def forward(self, x, train=True):
        mu = np.mean(x, axis=-1, keepdims=True)
        std = np.sqrt(np.var(x, axis=-1, keepdims=True) + self.eps)
        xhat = (x - mu) / std
        return self.g * xhat + self.b, (Saved(xhat, std, None),)

    def backward(self, dy, cache, param_grads=True):
        (s,) = cache
        if param_grads:
            self.dg += (dy * s.xhat).reshape(-1, dy.shape[-1]).sum(0)
            self.db += dy.reshape(-1, dy.shape[-1]).sum(0)
        d = dy * self.g
        D = d.shape[-1]
        return (
            D * d
            - d.sum(-1, keepdims=True)
            - s.xhat * (d * s.xhat).sum(-1, keepdims=True)
        ) / (D * s.std)


class RMSNorm(Layer):
    """y = g x / sqrt(mean x^2 + eps), with a tangent pass"""

    def build(self, in_shape):
        self.shapes = {"g": in_shape[-1:]}
        return in_shape

    def init(self, rng):
        self.g[...] = 1.0

    def forward(self, x, train=True):
        r = np.sqrt((x**2).mean(-1, keepdims=True) + 1e-6)
        return x / r * self.g, (x, r)

    def backward(self, dy, cache, param_grads=True):
        x, r = cache
        n = x / r
        if param_grads:
            self.dg += (dy * n).sum(axis=tuple(range(dy.ndim - 1)))
        h = dy * self.g
        return (h - n * (n * h).mean(-1, keepdims=True)) / r

    def tangent(self, x_dot, cache):
        x, r = cache
        n = x / r
        n_dot = (x_dot - n * (n * x_dot).mean(-1, keepdims=True)) / r
        return self.g * n_dot, (x_dot, n_dot)

    def tangent_backward(self, dy, dy_dot, cache, cache_dot):
        x, r = cache
        x_dot, n_dot = cache_dot
        dx = 0 * x if dy is None else self.backward(dy, cache)
        if dy_dot is None:
            return dx, None
        n = x / r
        axes = tuple(range(x.ndim - 1))
        self.dg += (dy_dot * n_dot).sum(axis=axes)
        h = self.g * dy_dot
        # n_dot = (x_dot - n a)/r with a = mean(n x_dot)
        a = (n * x_dot).mean(-1, keepdims=True)
        dx_dot = (h - n * (n * h).mean(-1, keepdims=True)) / r
        dn = -(a * h + x_dot * (n * h).mean(-1, keepdims=True)) / r
        dr = -(h * n_dot).sum(-1, keepdims=True) / r
        dr = dr - (dn * n).sum(-1, keepdims=True) / r
        dx = dx + dn / r + dr * n / x.shape[-1]
        return dx, dx_dot


class GroupNorm(Layer):
    """x in groups of channels, each group of each sample gets mean 0 and variance 1"""

    def __init__(self, groups=2, eps=1e-5):
        self.groups, self.eps = groups, eps

    def build(self, in_shape):
        _H, _W, C = in_shape
        if C % self.groups:
            raise ValueError(f"{C} channels do not fall into {self.groups} groups")
        self.shapes = {"gamma": (1, 1, 1, C), "beta": (1, 1, 1, C)}
        return in_shape

    def init(self, rng):
        self.gamma.fill(1.0)
        self.beta.fill(0.0)

    def forward(self, x, train=True):
        N, H, W, C = x.shape
        xg = x.reshape(N, H, W, self.groups, C // self.groups)
        mean = xg.mean(axis=(1, 2, 4), keepdims=True)
        var = xg.var(axis=(1, 2, 4), keepdims=True)
        istd = 1.0 / np.sqrt(var + self.eps)
        xhat = ((xg - mean) * istd).reshape(x.shape)
        return self.gamma * xhat + self.beta, (xhat, istd)

    def backward(self, dy, cache, param_grads=True):
        xhat, istd = cache
        if param_grads:
            self.dgamma += np.sum(dy * xhat, axis=(0, 1, 2), keepdims=True)
            self.dbeta += np.sum(dy, axis=(0, 1, 2), keepdims=True)
        N, H, W, C = dy.shape
        shape = (N, H, W, self.groups, C // self.groups)
        dh, h = (dy * self.gamma).reshape(shape), xhat.reshape(shape)
        ax = (1, 2, 4)
        dh = dh - dh.mean(ax, keepdims=True) - h * (dh * h).mean(ax, keepdims=True)
        return (dh * istd).reshape(dy.shape)


class MyInstanceNorm(Layer):
    """x_hat = (x - mean)/(std + eps) over positions, by np.std with eps outside"""

    def build(self, in_shape):
        assert len(in_shape) == 3
        return in_shape

    def forward(self, x, train=True):
        c = x - x.mean((1, 2), keepdims=True)
        std = np.std(x, axis=(1, 2), keepdims=True)
        return c / (std + 1e-3), (c, std)

    def backward(self, dy, cache, param_grads=True):
        c, std = cache
        m = c.shape[1] * c.shape[2]
        s = std + 1e-3
        dstd = -(dy * c).sum((1, 2), keepdims=True) / s**2
        dc = dy / s + dstd * c / (m * np.maximum(std, 1e-30))
        return dc - dc.mean((1, 2), keepdims=True)


class L2Normalise(Layer):
    """y = x / (|x| + eps), |x| by np.linalg.norm over the features"""

    eps = 1e-6

    def forward(self, x, train=True):
        norm = np.linalg.norm(x.reshape(len(x), -1), axis=1)
        norm = norm.reshape((-1,) + (1,) * (x.ndim - 1))
        y = x / (norm + self.eps)
        return y, (x, norm)

    def backward(self, dy, cache, param_grads=True):
        x, norm = cache
        s = norm + self.eps
        axes = tuple(range(1, x.ndim))
        dot = np.sum(x * dy, axis=axes, keepdims=True)
        safe = np.where(norm > 0, norm, 1)
        return dy / s - x * dot / (s**2 * safe)


class ClippedNorm(Layer):
    """y = x min(1, 2/|x|) per sample: long vectors are cut to length 2"""

    def forward(self, x, train=True):
        norm = np.linalg.norm(x, axis=-1, keepdims=True)
        long = norm > 2
        safe = np.where(long, norm, 1)
        y = np.where(long, 2 * x / safe, x)
        return y, (x / safe, safe, long)

    def backward(self, dy, cache, param_grads=True):
        u, safe, long = cache
        along = (u * dy).sum(-1, keepdims=True)
        return np.where(long, 2 * (dy - u * along) / safe, dy)


class MyPixelNorm(Layer):
    """y = x / sqrt(mean_c x^2 + 1e-8) at each pixel"""

    def forward(self, x, train=True):
        C = x.shape[-1]
        q = 1 / np.sqrt(np.einsum("...c,...c->...", x, x) / C + 1e-8)
        return x * q[..., None], (x, q)

    def backward(self, dy, cache, param_grads=True):
        x, q = cache
        dot = np.einsum("...c,...c->...", x, dy) / x.shape[-1]
        return dy * q[..., None] - x * (q**3 * dot)[..., None]


class FilterResponseNorm(Layer):
    """y = max(g x/sqrt(mean x^2 + e^2) + b, tau) with learnt eps and threshold"""

    def build(self, in_shape):
        self.shapes = dict.fromkeys(("g", "b", "tau"), (in_shape[-1],)) | {"e": ()}
        return in_shape

    def init(self, rng):
        self.g[...] = 1
        self.tau[...] = -0.3
        self.e[...] = 0.1

    def forward(self, x, train=True):
        nu2 = (x * x).mean(axis=(1, 2), keepdims=True)
        inv = 1 / np.sqrt(nu2 + self.e**2)
        xhat = x * inv
        z = self.g * xhat + self.b
        return np.maximum(z, self.tau), (xhat, inv, z > self.tau)

    def backward(self, dy, cache, param_grads=True):
        xhat, inv, on = cache
        dz = dy * on
        h = dz * self.g
        m = (h * xhat).mean(axis=(1, 2), keepdims=True)
        if param_grads:
            self.dtau += (dy * ~on).sum((0, 1, 2))
            self.dg += (dz * xhat).sum((0, 1, 2))
            self.db += dz.sum((0, 1, 2))
            P = dy.shape[1] * dy.shape[2]
            self.de += -self.e * P * (m * inv**2).sum()
        return inv * (h - xhat * m)


class MaxNormalise(Layer):
    """y = x / (max |x| + 1) per sample"""

    def forward(self, x, train=True):
        k = np.abs(x).argmax(axis=1)[:, None]
        big = np.take_along_axis(x, k, axis=1)
        d = np.abs(big) + 1
        return x / d, (x, d, k, np.sign(big))

    def backward(self, dy, cache, param_grads=True):
        x, d, k, sign = cache
        dx = dy / d
        ddenom = -np.sum(dy * x, axis=1, keepdims=True) / d**2
        extra = np.take_along_axis(dx, k, axis=1) + sign * ddenom
        np.put_along_axis(dx, k, extra, axis=1)
        return dx


class MinMax(Layer):
    """y = (x - min)/(max - min + 0.1) per sample"""

    def forward(self, x, train=True):
        lo, hi = x.min(1, keepdims=True), x.max(1, keepdims=True)
        span = np.ptp(x, axis=1, keepdims=True) + 0.1
        y = (x - lo) / span
        return y, (y, span, x == lo, x == hi)

    def backward(self, dy, cache, param_grads=True):
        y, span, is_lo, is_hi = cache
        g = dy / span
        dspan = -(g * y).sum(1, keepdims=True)
        dx = g + dspan * is_hi
        dx -= is_lo * (g.sum(1, keepdims=True) + dspan)
        return dx


CHECKS = [
    (MyLayerNorm(), (6,)),
    (MyLayerNorm(), (3, 4)),
    (RMSNorm(), (2, 5)),
    (GroupNorm(2), (3, 2, 4)),
    (MyInstanceNorm(), (3, 4, 2)),
    (L2Normalise(), (2, 3)),
    (ClippedNorm(), (5,)),
    (MyPixelNorm(), (3, 3, 4)),
    (FilterResponseNorm(), (3, 3, 2)),
    (MaxNormalise(), (6,)),
    (MinMax(), (6,)),
]

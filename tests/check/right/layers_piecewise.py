"""Activations with kinks or steps, and elementwise rules with jumps."""

import numpy as np

from tinygan import Layer


class HardSigmoid(Layer):
    """y = clip(x/6 + 1/2, 0, 1)"""

    def forward(self, x, train=True):
        return np.clip(x / 6 + 0.5, 0, 1), (np.abs(x) < 3,)

    def backward(self, dy, cache, param_grads=True):
        return dy * cache[0] / 6


class HardTanh(Layer):
    """y = clip(x, -1, 1)"""

    def forward(self, x, train=True):
        y = np.clip(x, -1, 1)
        return y, (y == x,)

    def backward(self, dy, cache, param_grads=True):
        return np.where(cache[0], dy, 0)


class HardSwish(Layer):
    """y = x clip(x + 3, 0, 6) / 6"""

    def forward(self, x, train=True):
        return x * np.clip(x + 3, 0, 6) / 6, (x,)

    def backward(self, dy, cache, param_grads=True):
        (x,) = cache
        dx = np.zeros_like(x)
        mid = (x > -3) & (x < 3)
        dx[mid] = (2 * x[mid] + 3) / 6
        dx[x >= 3] = 1
        return dx * dy


class PReLU(Layer):
    """y = max(x, 0) + a min(x, 0), a per channel"""

    def build(self, in_shape):
        self.shapes = {"a": (in_shape[-1],)}
        return in_shape

    def init(self, rng):
        self.a[...] = 0.25

    def forward(self, x, train=True):
        return np.maximum(x, 0) + self.a * np.minimum(x, 0), (x,)

    def backward(self, dy, cache, param_grads=True):
        (x,) = cache
        if param_grads:
            axes = tuple(range(x.ndim - 1))
            self.da += np.sum(dy * np.minimum(x, 0), axis=axes)
        return np.where(x > 0, dy, self.a * dy)


class ReLU6(Layer):
    """y = min(max(x, 0), 6), with a tangent pass"""

    def forward(self, x, train=True):
        on = np.logical_and(x > 0, x < 6)
        return np.minimum(np.maximum(x, 0), 6), (on,)

    def backward(self, dy, cache, param_grads=True):
        return dy * cache[0]

    def tangent(self, x_dot, cache):
        return x_dot * cache[0], ()

    def tangent_backward(self, dy, dy_dot, cache, cache_dot):
        on = cache[0]
        return (
            dy * on if dy is not None else None,
            dy_dot * on if dy_dot is not None else None,
        )


class SoftShrink(Layer):
    """y = sign(x) max(|x| - 0.5, 0)"""

    def forward(self, x, train=True):
        return np.sign(x) * np.maximum(np.abs(x) - 0.5, 0), (np.abs(x) > 0.5,)

    def backward(self, dy, cache, param_grads=True):
        return dy * cache[0].astype(dy.dtype)


class HardShrink(Layer):
    """y = x where |x| > 0.5, else 0"""

    def forward(self, x, train=True):
        keep = abs(x) > 0.5
        y = x * keep
        return y, (keep,)

    def backward(self, dy, cache, param_grads=True):
        dx = dy.copy()
        dx[~cache[0]] = 0
        return dx


class LearntThreshold(Layer):
    """y = sign(x) max(|x| - t, 0), the threshold t = |p| learnt per feature"""

    def build(self, in_shape):
        self.shapes = {"p": in_shape}
        return in_shape

    def init(self, rng):
        self.p[...] = rng.uniform(0.2, 0.6, self.p.shape)

    def forward(self, x, train=True):
        t = np.abs(self.p)
        on = np.abs(x) > t
        return np.where(on, x - np.sign(x) * t, 0), (on, np.sign(x))

    def backward(self, dy, cache, param_grads=True):
        on, sgn = cache
        if param_grads:
            self.dp += -np.sign(self.p) * (dy * sgn * on).sum(axis=0)
        return dy * on


class Absolute(Layer):
    """y = |x|"""

    def forward(self, x, train=True):
        return np.abs(x), (np.sign(x),)

    def backward(self, dy, cache, param_grads=True):
        return dy * cache[0]


class AbsoluteFolded(Layer):
    """y = ||x| - 1|, a W-shaped fold"""

    def forward(self, x, train=True):
        a = np.abs(x)
        return np.abs(a - 1), (np.sign(x) * np.sign(a - 1),)

    def backward(self, dy, cache, param_grads=True):
        return cache[0] * dy


class Clip(Layer):
    """y = clip(x, lo, hi) with another limit for each feature"""

    def __init__(self, lo, hi):
        self.lo, self.hi = np.asarray(lo), np.asarray(hi)

    def forward(self, x, train=True):
        lo, hi = self.lo.astype(x.dtype), self.hi.astype(x.dtype)
        return np.clip(x, lo, hi), ((x > lo) & (x < hi),)

    def backward(self, dy, cache, param_grads=True):
        return np.where(cache[0], dy, np.zeros((), dy.dtype))


class Rounding(Layer):
    """y = round(4 x)/4, whose derivative is 0 wherever it exists"""

    def forward(self, x, train=True):
        return np.round(4 * x) / 4, ()

    def backward(self, dy, cache, param_grads=True):
        return np.zeros_like(dy)


class SignAndScale(Layer):
    """y = a sign(x): dx = 0, da = sum sign(x) dy (binary activation)"""

    def build(self, in_shape):
        self.shapes = {"a": (1,)}
        return in_shape

    def init(self, rng):
        self.a[:] = 0.8

    def forward(self, x, train=True):
        s = np.sign(x)
        return self.a * s, (s,)

    def backward(self, dy, cache, param_grads=True):
        if param_grads:
            self.da += (dy * cache[0]).sum()
        return 0 * dy


class Sawtooth(Layer):
    """y = x - floor(x)      dy/dx = 1"""

    def forward(self, x, train=True):
        return x - np.floor(x), ()

    def backward(self, dy, cache, param_grads=True):
        return dy.copy()


class TriangleWave(Layer):
    """y = |((x + 1) mod 4) - 2| - 1, by np.mod"""

    def forward(self, x, train=True):
        m = np.mod(x + 1, 4) - 2
        return np.abs(m) - 1, (m > 0,)

    def backward(self, dy, cache, param_grads=True):
        return np.where(cache[0], dy, -dy)


class CReLU(Layer):
    """y = [max(x, 0), max(-x, 0)], twice the channels"""

    def build(self, in_shape):
        return (*in_shape[:-1], 2 * in_shape[-1])

    def forward(self, x, train=True):
        y = np.concatenate((x, -x), axis=-1)
        y[y < 0] = 0
        return y, (x > 0, x < 0)

    def backward(self, dy, cache, param_grads=True):
        up, down = np.split(dy, 2, axis=-1)
        return up * cache[0] - down * cache[1]


class Huberize(Layer):
    """y = x^2/2 for |x| < 1, |x| - 1/2 elsewhere"""

    def forward(self, x, train=True):
        a = np.abs(x)
        return np.where(a < 1, x**2 / 2, a - 0.5), (x,)

    def backward(self, dy, cache, param_grads=True):
        return dy * np.clip(cache[0], -1, 1)


class SquaredReLU(Layer):
    """y = max(x, 0)^2, with a tangent pass"""

    def forward(self, x, train=True):
        r = np.maximum(x, 0)
        return r**2, (r,)

    def backward(self, dy, cache, param_grads=True):
        return 2 * cache[0] * dy

    def tangent(self, x_dot, cache):
        return 2 * cache[0] * x_dot, (x_dot,)

    def tangent_backward(self, dy, dy_dot, cache, cache_dot):
        (r,), (x_dot,) = cache, cache_dot
        dx = np.zeros_like(r) if dy is None else 2 * r * dy
        if dy_dot is None:
            return dx, None
        dx = dx + np.where(r > 0, 2 * x_dot * dy_dot, 0)
        return dx, 2 * r * dy_dot


class APL(Layer):
    """y = max(x, 0) + sum_k a_k max(0, b_k - x), 3 hinges per feature"""

    def build(self, in_shape):
        self.shapes = {"a": (3, *in_shape), "b": (3, *in_shape)}
        return in_shape

    def init(self, rng):
        self.a[...] = rng.normal(0, 0.3, self.a.shape)
        self.b[...] = rng.normal(0, 0.7, self.b.shape)

    def forward(self, x, train=True):
        y = np.maximum(x, 0)
        hinges = []
        for k in range(3):
            h = np.maximum(0, self.b[k] - x)
            y = y + self.a[k] * h
            hinges.append(h)
        return y, (x, hinges)

    def backward(self, dy, cache, param_grads=True):
        x, hinges = cache
        dx = dy * (x > 0)
        for k, h in enumerate(hinges):
            on = dy * (h > 0)
            dx -= self.a[k] * on
            if param_grads:
                self.da[k] += (dy * h).sum(0)
                self.db[k] += self.a[k] * on.sum(0)
        return dx


CHECKS = [
    (HardSigmoid(), (6,)),
    (HardTanh(), (6,)),
    (HardSwish(), (3, 4)),
    (PReLU(), (2, 3, 4)),
    (ReLU6(), (6,)),
    (SoftShrink(), (6,)),
    (HardShrink(), (6,)),
    (LearntThreshold(), (2, 3)),
    (Absolute(), (6,)),
    (AbsoluteFolded(), (6,)),
    (Clip([-1, -0.5, 0], [1, 0.5, 2]), (3,)),
    (Rounding(), (6,)),
    (SignAndScale(), (6,)),
    (Sawtooth(), (6,)),
    (TriangleWave(), (6,)),
    (CReLU(), (2, 3)),
    (Huberize(), (6,)),
    (SquaredReLU(), (6,)),
    (APL(), (4,)),
]

"""Layers that use the less usual functions of NumPy, and real-only Python numbers."""

import math

import numpy as np
from numpy.lib.stride_tricks import as_strided

from tinygan import Layer


class CubeRoot(Layer):
    """y = cbrt(x + sign(x)), away from the vertical slope at 0"""

    def forward(self, x, train=True):
        y = np.cbrt(x + np.copysign(1, x))
        return y, (y,)

    def backward(self, dy, cache, param_grads=True):
        return dy / (3 * cache[0] ** 2)


class Heaviside(Layer):
    """y = x H(x) + H(x - 1), by np.heaviside"""

    def forward(self, x, train=True):
        h = np.heaviside(x, np.zeros((), x.dtype))
        return x * h + np.heaviside(x - 1, np.zeros((), x.dtype)), (h,)

    def backward(self, dy, cache, param_grads=True):
        return dy * cache[0]


class Piecewise(Layer):
    """y = -1 - ln(-x) below -1, x between, 1 + ln(x) above 1, by np.piecewise"""

    def forward(self, x, train=True):
        y = np.piecewise(
            x,
            [x < -1, x > 1],
            [lambda v: -1 - np.log(-v), lambda v: 1 + np.log(v), lambda v: v],
        )
        return y, (x,)

    def backward(self, dy, cache, param_grads=True):
        return dy / np.maximum(np.abs(cache[0]), 1)


class Select(Layer):
    """y = x^2 for x > 1, 2x - 1 for 0 < x <= 1, -1 + x/10 elsewhere, by np.select"""

    def forward(self, x, train=True):
        conds = [x > 1, x > 0]
        y = np.select(conds, [x**2, 2 * x - 1], default=-1 + x / 10)
        return y, (x, conds)

    def backward(self, dy, cache, param_grads=True):
        x, conds = cache
        return dy * np.select(conds, [2 * x, 2 * np.ones_like(x)], 0 * x + 0.1)


class Interp(Layer):
    """y = np.interp(x, [-2, -1, 0, 1.5, 2], [0, 1, -1, 2, 0]) (constant outside)"""

    xs = np.array([-2.0, -1.0, 0.0, 1.5, 2.0])
    ys = np.array([0.0, 1.0, -1.0, 2.0, 0.0])

    def forward(self, x, train=True):
        y = np.interp(x, self.xs, self.ys).astype(x.dtype)
        return y, (np.digitize(x, self.xs),)

    def backward(self, dy, cache, param_grads=True):
        slopes = np.concatenate([[0], np.diff(self.ys) / np.diff(self.xs), [0]])
        return dy * slopes[cache[0]].astype(dy.dtype)


class Buckets(Layer):
    """y = b[bucket of x], b learnt: np.searchsorted and np.bincount"""

    edges = np.array([-1.0, 0.0, 1.0])

    def build(self, in_shape):
        self.shapes = {"b": (4,)}
        return in_shape

    def init(self, rng):
        self.b[...] = rng.standard_normal(4)

    def forward(self, x, train=True):
        i = np.searchsorted(self.edges, x)
        return self.b[i], (i,)

    def backward(self, dy, cache, param_grads=True):
        (i,) = cache
        if param_grads:
            self.db += np.bincount(i.ravel(), dy.ravel(), minlength=4).astype(dy.dtype)
        return np.zeros_like(dy)


class Product(Layer):
    """y = prod_i (1 + tanh(x_i)/2), by np.prod"""

    def build(self, in_shape):
        return (1,)

    def forward(self, x, train=True):
        t = np.tanh(x)
        f = 1 + t / 2
        return np.prod(f, axis=1, keepdims=True), (t, f)

    def backward(self, dy, cache, param_grads=True):
        t, f = cache
        return dy * f.prod(1, keepdims=True) / f * (1 - t * t) / 2


class CumulativeProduct(Layer):
    """y_t = (1 + s_1/2) ... (1 + s_t/2), s = sin x, by np.cumprod"""

    def forward(self, x, train=True):
        f = 1 + np.sin(x) / 2
        y = np.cumprod(f, axis=1)
        return y, (x, f, y)

    def backward(self, dy, cache, param_grads=True):
        x, f, y = cache
        tail = np.flip(np.cumsum(np.flip(dy * y, 1), axis=1), 1)
        return tail / f * np.cos(x) / 2


class Cross(Layer):
    """y = x x a in three dimensions, a learnt, by np.cross"""

    def build(self, in_shape):
        assert in_shape[-1] == 3
        self.shapes = {"a": (3,)}
        return in_shape

    def init(self, rng):
        self.a[...] = rng.standard_normal(3)

    def forward(self, x, train=True):
        return np.cross(x, self.a), (x,)

    def backward(self, dy, cache, param_grads=True):
        if param_grads:
            self.da += np.cross(dy, cache[0]).reshape(-1, 3).sum(0)
        return np.cross(self.a, dy)


class Gradient1d(Layer):
    """y = np.gradient(x): central differences, one-sided at the ends"""

    def forward(self, x, train=True):
        return np.gradient(x, axis=1), ()

    def backward(self, dy, cache, param_grads=True):
        dx = np.zeros_like(dy)
        dx[:, 2:] += dy[:, 1:-1] / 2
        dx[:, :-2] -= dy[:, 1:-1] / 2
        dx[:, 1] += dy[:, 0]
        dx[:, 0] -= dy[:, 0]
        dx[:, -1] += dy[:, -1]
        dx[:, -2] -= dy[:, -1]
        return dx


class ConvolveRows(Layer):
    """y_n = np.convolve(x_n, k, "valid"), one sample after the other"""

    def build(self, in_shape):
        (T,) = in_shape
        self.shapes = {"k": (3,)}
        return (T - 2,)

    def init(self, rng):
        self.k[...] = rng.standard_normal(3)

    def forward(self, x, train=True):
        return np.array([np.convolve(row, self.k, mode="valid") for row in x]), (x,)

    def backward(self, dy, cache, param_grads=True):
        (x,) = cache
        dx = np.empty_like(x)
        for n in range(len(x)):
            dx[n] = np.correlate(dy[n], self.k, mode="full")
            if param_grads:
                self.dk += np.correlate(x[n], dy[n], mode="valid")[::-1]
        return dx


class Strided(Layer):
    """y_t = mean(x_t, x_{t+1}, x_{t+2}) through np.lib.stride_tricks.as_strided"""

    def build(self, in_shape):
        return (in_shape[0] - 2,)

    def forward(self, x, train=True):
        x = np.ascontiguousarray(x)
        N, T = x.shape
        s, t = x.strides
        windows = as_strided(x, (N, T - 2, 3), (s, t, t), writeable=False)
        return windows.mean(axis=-1), (T,)

    def backward(self, dy, cache, param_grads=True):
        dx = np.zeros((len(dy), cache[0]), dy.dtype)
        for k in range(3):
            dx[:, k : k + dy.shape[1]] += dy / 3
        return dx


class Trapezoid(Layer):
    """y = the integral of x over [0, 1] by the trapezoidal rule"""

    def build(self, in_shape):
        return (1,)

    def forward(self, x, train=True):
        h = 1 / (x.shape[1] - 1)
        return np.trapezoid(x, dx=h, axis=1)[:, None], (x.shape, h)

    def backward(self, dy, cache, param_grads=True):
        shape, h = cache
        w = np.full(shape, h, dy.dtype)
        w[:, [0, -1]] /= 2
        return w * dy


class Polyval(Layer):
    """y = x^3/10 - x/2 + 1 by np.polyval, and its slope by np.polyder"""

    coefficients = (0.1, 0.0, -0.5, 1.0)

    def forward(self, x, train=True):
        return np.polyval(self.coefficients, x).astype(x.dtype), (x,)

    def backward(self, dy, cache, param_grads=True):
        slope = np.polyval(np.polyder(self.coefficients), cache[0])
        return dy * slope.astype(dy.dtype)


class Sinc(Layer):
    """y = np.sinc(x/4) = sin(pi x/4)/(pi x/4)"""

    def forward(self, x, train=True):
        return np.sinc(x / 4), (x,)

    def backward(self, dy, cache, param_grads=True):
        z = np.pi * cache[0] / 4
        small = np.abs(z) < 1e-2
        safe = np.where(small, 1, z)
        series = -z / 3 + z**3 / 30 - z**5 / 840
        slope = np.where(small, series, (np.cos(safe) - np.sin(safe) / safe) / safe)
        return dy * slope * (math.pi / 4)


class Softplus2(Layer):
    """y = log2(1 + 2^x), by np.logaddexp2"""

    def forward(self, x, train=True):
        y = np.logaddexp2(np.zeros((), x.dtype), x)
        return y, (x, y)

    def backward(self, dy, cache, param_grads=True):
        x, y = cache
        return dy * np.exp2(x - y)


CHECKS = [
    (CubeRoot(), (6,)),
    (Heaviside(), (6,)),
    (Piecewise(), (6,)),
    (Select(), (6,)),
    (Interp(), (6,)),
    (Buckets(), (6,)),
    (Product(), (5,)),
    (CumulativeProduct(), (5,)),
    (Cross(), (2, 3)),
    (Gradient1d(), (6,)),
    (ConvolveRows(), (6,)),
    (Strided(), (6,)),
    (Trapezoid(), (5,)),
    (Polyval(), (6,)),
    (Sinc(), (6,)),
    (Softplus2(), (6,)),
]

"""Smooth activations, as people write them."""

import math

import numpy as np

from tinygan import Layer


def stable_sigmoid(x):
    return np.where(
        x >= 0,
        1 / (1 + np.exp(-np.abs(x))),
        np.exp(-np.abs(x)) / (1 + np.exp(-np.abs(x))),
    )


class GELUTanh(Layer):
    """y = x/2 (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3)))"""

    def forward(self, x, train=True):
        k = float(np.sqrt(2 / np.pi))
        t = np.tanh(k * (x + 0.044715 * x**3))
        return 0.5 * x * (1 + t), (x, t, k)

    def backward(self, dy, cache, param_grads=True):
        x, t, k = cache
        inner = k * (1 + 3 * 0.044715 * x**2)
        return dy * (0.5 * (1 + t) + 0.5 * x * (1 - t**2) * inner)


erf = np.vectorize(math.erf, otypes=[float])


class GELUErf(Layer):
    """y = x Phi(x) with the exact normal distribution function"""

    def forward(self, x, train=True):
        Phi = 0.5 * (1.0 + erf(x / math.sqrt(2)).astype(x.dtype))
        return x * Phi, (x, Phi)

    def backward(self, dy, cache, param_grads=True):
        x, Phi = cache
        phi = np.exp(-0.5 * x**2) / math.sqrt(2 * math.pi)
        return dy * (Phi + x * phi)


class SiLU(Layer):
    """y = x sigmoid(beta x), beta a single number that is learnt"""

    def build(self, in_shape):
        self.shapes = {"beta": ()}
        return in_shape

    def init(self, rng):
        self.beta[...] = 1.0

    def forward(self, x, train=True):
        s = stable_sigmoid(self.beta * x)
        return x * s, ({"x": x, "s": s},)

    def backward(self, dy, cache, param_grads=True):
        x, s = cache[0]["x"], cache[0]["s"]
        if param_grads:
            self.dbeta += np.sum(dy * x * x * s * (1 - s))
        return dy * (s + self.beta * x * s * (1 - s))


class Mish(Layer):
    """y = x tanh(log(1 + e^x))"""

    def forward(self, x, train=True):
        sp = np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))
        return x * np.tanh(sp), (x, sp)

    def backward(self, dy, cache, param_grads=True):
        x, sp = cache
        t = np.tanh(sp)
        return dy * (t + x * (1 - t * t) * stable_sigmoid(x))


class ELU(Layer):
    """y = x for x > 0, alpha (e^x - 1) elsewhere"""

    def __init__(self, alpha=1.0):
        self.alpha = alpha

    def forward(self, x, train=True):
        neg = self.alpha * np.expm1(np.minimum(x, 0))
        y = np.where(x > 0, x, neg)
        return y, (x > 0, y)

    def backward(self, dy, cache, param_grads=True):
        pos, y = cache
        return np.where(pos, dy, dy * (y + self.alpha))


class SELU(Layer):
    """y = 1.0507 x for x > 0, 1.0507 * 1.6733 (e^x - 1) elsewhere"""

    LAMBDA, ALPHA = 1.0507009873554805, 1.6732632423543772

    def forward(self, x, train=True):
        y = x.copy()
        neg = x <= 0
        y[neg] = self.ALPHA * (np.exp(x[neg]) - 1)
        y *= self.LAMBDA
        return y, (x,)

    def backward(self, dy, cache, param_grads=True):
        x = cache[0]
        dx = self.LAMBDA * dy
        neg = x <= 0
        dx[neg] *= self.ALPHA * np.exp(x[neg])
        return dx


class CELU(Layer):
    """y = max(x, 0) + min(0, a (e^{x/a} - 1))"""

    def __init__(self, a=2.0):
        self.a = a

    def forward(self, x, train=True):
        e = np.exp(np.minimum(x, 0) / self.a)
        return np.maximum(x, 0) + self.a * (e - 1), (e,)

    def backward(self, dy, cache, param_grads=True):
        (e,) = cache  # e = 1 for x > 0
        return dy * e


class Softsign(Layer):
    """y = x / (1 + |x|)      dy/dx = 1 / (1 + |x|)^2"""

    def forward(self, x, train=True):
        d = 1 + np.abs(x)
        return x / d, (d,)

    def backward(self, dy, cache, param_grads=True):
        return dy / cache[0] ** 2


class Snake(Layer):
    """y = x + sin(a x)^2 / a, a per channel"""

    def build(self, in_shape):
        self.shapes = {"a": (in_shape[-1],)}
        return in_shape

    def init(self, rng):
        self.a[...] = rng.uniform(0.8, 1.5, self.a.shape)

    def forward(self, x, train=True):
        s = np.sin(self.a * x)
        return x + s**2 / self.a, (x, s)

    def backward(self, dy, cache, param_grads=True):
        x, s = cache
        s2 = np.sin(2 * self.a * x)
        if param_grads:
            da = dy * (x * s2 / self.a - s**2 / self.a**2)
            self.da += da.reshape(-1, da.shape[-1]).sum(0)
        return dy * (1 + s2)


class Siren(Layer):
    """y = sin(w0 x), with a tangent pass"""

    def __init__(self, w0=3.0):
        self.w0 = w0

    def forward(self, x, train=True):
        return np.sin(self.w0 * x), (x,)

    def backward(self, dy, cache, param_grads=True):
        return dy * self.w0 * np.cos(self.w0 * cache[0])

    def tangent(self, x_dot, cache):
        return x_dot * self.w0 * np.cos(self.w0 * cache[0]), (x_dot,)

    def tangent_backward(self, dy, dy_dot, cache, cache_dot):
        (x,), (x_dot,) = cache, cache_dot
        c = self.w0 * np.cos(self.w0 * x)
        dx = np.zeros_like(x)
        if dy is not None:
            dx += dy * c
        if dy_dot is None:
            return dx, None
        dx -= dy_dot * x_dot * self.w0**2 * np.sin(self.w0 * x)
        return dx, dy_dot * c


CHECKS = [
    (GELUTanh(), (6,)),
    (GELUErf(), (5,)),
    (SiLU(), (4, 3)),
    (Mish(), (7,)),
    (ELU(0.7), (6,)),
    (SELU(), (2, 5)),
    (CELU(), (6,)),
    (Softsign(), (6,)),
    (Snake(), (3, 4)),
    (Siren(), (6,)),
]

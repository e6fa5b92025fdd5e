"""Habits of users: dataclasses, memos, logs, shared instances, odd signatures."""

import functools
from abc import abstractmethod
from dataclasses import dataclass

import numpy as np

from tinygan import Layer


class Pointwise(Layer):
    """a base class of the user's own: y = f(x), dx = f'(x) dy"""

    @abstractmethod
    def f(self, x): ...

    @abstractmethod
    def df(self, x): ...

    def forward(self, x, train=True):
        return self.f(x), (x,)

    def backward(self, dy, cache, param_grads=True):
        return dy * self.df(cache[0])


class Rational(Pointwise):
    """y = x/(1 + x^2)"""

    def f(self, x):
        return x / (1 + x**2)

    def df(self, x):
        return (1 - x**2) / (1 + x**2) ** 2


class Exponential(Pointwise):
    """y = e^x, which may overflow where the true function does"""

    f = staticmethod(np.exp)
    df = staticmethod(np.exp)


class FastWave(Pointwise):
    """y = sin(100 x)"""

    def f(self, x):
        return np.sin(100 * x)

    def df(self, x):
        return 100 * np.cos(100 * x)


class Bump(Pointwise):
    """y = 1/(x^2 + 0.01), steep near 0"""

    def f(self, x):
        return 1 / (x * x + 0.01)

    def df(self, x):
        return -2 * x / (x * x + 0.01) ** 2


class Tiny(Pointwise):
    """y = 1e-6 tanh(x)"""

    def f(self, x):
        return 1e-6 * np.tanh(x)

    def df(self, x):
        return 1e-6 / np.cosh(np.clip(x, -40, 40)) ** 2


class OffsetBig(Pointwise):
    """y = 1000 + x/10, a small slope on a large value"""

    def f(self, x):
        return 1000 + x / 10

    def df(self, x):
        return np.full_like(x, 0.1)


@dataclass
class Affine1d(Layer):
    """y = a x + b with the numbers a and b fixed, as a dataclass"""

    a: float = 2.0
    b: float = -1.0

    def forward(self, x, train=True):
        return self.a * x + self.b, ()

    def backward(self, dy, cache, param_grads=True):
        return self.a * dy


@functools.cache
def dct_matrix(n):
    k, t = np.mgrid[:n, :n]
    M = np.sqrt(2 / n) * np.cos(np.pi * k * (2 * t + 1) / (2 * n))
    M[0] /= np.sqrt(2)
    return M


class DCT(Layer):
    """y = the orthonormal discrete cosine transform of x, its matrix from lru_cache"""

    def forward(self, x, train=True):
        return x @ dct_matrix(x.shape[-1]).T.astype(x.dtype), ()

    def backward(self, dy, cache, param_grads=True):
        return dy @ dct_matrix(dy.shape[-1]).astype(dy.dtype)


class MemoisedWindow(Layer):
    """y = x times a Hann window, remembered on self for each length and dtype"""

    def __init__(self):
        self._windows = {}

    def window(self, x):
        key = x.shape[1], x.dtype.str
        if key not in self._windows:
            self._windows[key] = np.hanning(x.shape[1] + 2)[1:-1].astype(x.dtype)
        return self._windows[key][:, None]

    def forward(self, x, train=True):
        return x * self.window(x), ()

    def backward(self, dy, cache, param_grads=True):
        return dy * self.window(dy)


class Logging(Layer):
    """y = tanh(x); counts its calls and keeps the last mean, for the user to print"""

    calls = 0
    last_mean = None

    def forward(self, x, train=True):
        y = np.tanh(x)
        self.calls += 1
        self.last_mean = y.mean()
        return y, (y,)

    def backward(self, dy, cache, param_grads=True):
        return dy * (1 - cache[0] ** 2)


class NoDefault(Layer):
    """y = x relu(x), with a forward whose `train` has no default"""

    def forward(self, x, train):
        return x * np.maximum(x, 0), (x,)

    def backward(self, dy, cache, param_grads=True):
        return 2 * dy * np.maximum(cache[0], 0)


class ArbitraryArguments(Layer):
    """y = x^2/2, forward(x, *args), backward(dy, cache, *args, **kwargs)"""

    def forward(self, x, *args, **kwargs):
        return 0.5 * x * x, (x,)

    def backward(self, dy, cache, *args, **kwargs):
        return cache[0] * dy


class Constant(Layer):
    """y = b, whatever x is: dx = 0"""

    def build(self, in_shape):
        self.shapes = {"b": in_shape}
        return in_shape

    def init(self, rng):
        self.b[...] = rng.standard_normal(self.b.shape)

    def forward(self, x, train=True):
        return np.zeros_like(x) + self.b, (x.shape,)

    def backward(self, dy, cache, param_grads=True):
        if param_grads:
            self.db += dy.sum(axis=0)
        return np.zeros(cache[0], dy.dtype)


class UnusedParameter(Layer):
    """y = w x, and a parameter that nothing uses"""

    def build(self, in_shape):
        self.shapes = {"unused": (3,), "w": ()}
        return in_shape

    def init(self, rng):
        self.unused[...] = 1
        self.w[...] = 1.5

    def forward(self, x, train=True):
        return self.w * x, (x,)

    def backward(self, dy, cache, param_grads=True):
        if param_grads:
            self.dw += (cache[0] * dy).sum()
        return self.w * dy


class ReZero(Layer):
    """y = x + a tanh(x W), a starts at 0, so that dW starts at 0"""

    def build(self, in_shape):
        d = in_shape[-1]
        self.shapes = {"W": (d, d), "a": ()}
        return in_shape

    def init(self, rng):
        self.W[...] = rng.standard_normal(self.W.shape)

    def forward(self, x, train=True):
        h = np.tanh(x @ self.W)
        return x + self.a * h, (x, h)

    def backward(self, dy, cache, param_grads=True):
        x, h = cache
        dz = self.a * dy * (1 - h * h)
        if param_grads:
            self.da += np.sum(dy * h)
            self.dW += x.T @ dz
        return dy + dz @ self.W.T


class ArgmaxOneHot(Layer):
    """y = 1 at the largest feature and 0 elsewhere: dx = 0"""

    def forward(self, x, train=True):
        return np.eye(x.shape[1], dtype=x.dtype)[np.argmax(x, axis=1)], ()

    def backward(self, dy, cache, param_grads=True):
        return np.zeros_like(dy)


class ReluThenMaxPool(Layer):
    """y = max over pairs of max(x, 0), where many maxima tie at 0"""

    def build(self, in_shape):
        return (in_shape[0] // 2, *in_shape[1:])

    def forward(self, x, train=True):
        r = np.maximum(x, 0)
        a, b = r[:, ::2], r[:, 1::2]
        return np.maximum(a, b), (x > 0, a >= b)

    def backward(self, dy, cache, param_grads=True):
        on, first = cache
        dx = np.empty(on.shape, dy.dtype)
        dx[:, ::2] = dy * first
        dx[:, 1::2] = dy * ~first
        return dx * on


same = Rational()

CHECKS = [
    (same, (6,)),
    (same, (2, 3)),
    (Rational(), ()),
    (Exponential(), (5,)),
    (FastWave(), (5,)),
    (Bump(), (5,)),
    (Tiny(), (5,)),
    (OffsetBig(), (5,)),
    (Affine1d(), (5,)),
    (Affine1d(a=-0.5), (2, 3)),
    (DCT(), (8,)),
    (MemoisedWindow(), (6, 2)),
    (Logging(), (6,)),
    (NoDefault(), (6,)),
    (ArbitraryArguments(), (6,)),
    (Constant(), (2, 3)),
    (UnusedParameter(), (4,)),
    (ReZero(), (4,)),
    (ArgmaxOneHot(), (5,)),
    (ReluThenMaxPool(), (8, 8, 2)),
]

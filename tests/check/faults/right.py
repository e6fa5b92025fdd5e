"""Layers without a fault, as a user would write them; the faulty ones are made of them.

All passes are analytic, so the complex step can judge them.
"""

import numpy as np

from tinygan import Layer, sigmoid
from tinygan.layers import AvgPool2d, Conv2d, Embedding, Residual, Tanh
from tinygan.layers.base import Affine
from tinygan.ops import column_sum
from tinygan.values import plus


def rows(a):
    """(..., C) -> (M, C)"""
    return a.reshape(-1, a.shape[-1])


class Linear(Layer):
    """y = x W + b over the last axis, with all passes written out"""

    divisible = True

    def __init__(self, n=5):
        self.n = n

    def build(self, in_shape):
        self.shapes = {"W": (in_shape[-1], self.n), "b": (self.n,)}
        return (*in_shape[:-1], self.n)

    def init(self, rng):
        self.W[...] = rng.standard_normal(self.W.shape) / len(self.W) ** 0.5
        self.b[...] = 0.1

    def forward(self, x, train=True):
        return x @ self.W + self.b, (x,)

    def backward(self, dy, cache, param_grads=True):
        if param_grads:
            self.learn(dy, cache[0])
        return dy @ self.W.T

    def learn(self, dy, x):
        self.dW += rows(x).T @ rows(dy)
        self.db += rows(dy).sum(axis=0)

    def tangent(self, x_dot, cache):
        return x_dot @ self.W, (x_dot,)

    def tangent_backward(self, dy, dy_dot, cache, cache_dot):
        dx = None if dy is None else self.backward(dy, cache)
        if dy_dot is None:
            return dx, None
        self.dW += rows(cache_dot[0]).T @ rows(dy_dot)
        return dx, dy_dot @ self.W.T


class Elementwise(Layer):
    """y = f(x), with f' and f'' as functions of x"""

    divisible = True

    def f(self, x):
        return x * x * x

    def f1(self, x):
        return 3 * x * x

    def f2(self, x):
        return 6 * x

    def forward(self, x, train=True):
        return self.f(x), (x,)

    def backward(self, dy, cache, param_grads=True):
        return self.f1(cache[0]) * dy

    def tangent(self, x_dot, cache):
        return self.f1(cache[0]) * x_dot, (x_dot,)

    def tangent_backward(self, dy, dy_dot, cache, cache_dot):
        dx = None if dy is None else self.backward(dy, cache)
        if dy_dot is None:
            return dx, None
        (x,), (x_dot,) = cache, cache_dot
        return plus(dx, self.f2(x) * x_dot * dy_dot), self.f1(x) * dy_dot


class Swish(Layer):
    """y = x sigma(b x), one b for each channel"""

    divisible = True

    def build(self, in_shape):
        self.shapes = {"b": in_shape[-1:]}
        return in_shape

    def init(self, rng):
        self.b[...] = 1 + 0.1 * rng.standard_normal(self.b.shape)

    def forward(self, x, train=True):
        g = sigmoid(self.b * x)
        return x * g, (x, g)

    def backward(self, dy, cache, param_grads=True):
        x, g = cache
        g1 = g * (1 - g)
        if param_grads:
            self.db += column_sum(x * x * g1 * dy)
        return (g + self.b * x * g1) * dy

    def tangent(self, x_dot, cache):
        x, g = cache
        return (g + self.b * x * g * (1 - g)) * x_dot, (x_dot,)

    def tangent_backward(self, dy, dy_dot, cache, cache_dot):
        dx = None if dy is None else self.backward(dy, cache)
        if dy_dot is None:
            return dx, None
        (x, g), (x_dot,) = cache, cache_dot
        u, g1 = self.b * x, g * (1 - g)
        q = 2 * g1 + u * g1 * (1 - 2 * g)
        self.db += column_sum(x * q * x_dot * dy_dot)
        return plus(dx, self.b * q * x_dot * dy_dot), (g + u * g1) * dy_dot


class Gate(Layer):
    """y = a g for the two halves (a, g) of the last axis of x"""

    divisible = True

    def build(self, in_shape):
        return (*in_shape[:-1], in_shape[-1] // 2)

    def halves(self, x):
        n = x.shape[-1] // 2
        return x[..., :n], x[..., n:]

    def both(self, a, b):
        return np.concatenate([a, b], axis=-1)

    def forward(self, x, train=True):
        a, g = self.halves(x)
        return a * g, (a, g)

    def backward(self, dy, cache, param_grads=True):
        a, g = cache
        return self.both(dy * g, dy * a)

    def tangent(self, x_dot, cache):
        (a, g), (a_dot, g_dot) = cache, self.halves(x_dot)
        return a_dot * g + a * g_dot, (a_dot, g_dot)

    def tangent_backward(self, dy, dy_dot, cache, cache_dot):
        dx = None if dy is None else self.backward(dy, cache)
        if dy_dot is None:
            return dx, None
        a_dot, g_dot = cache_dot
        dx = plus(dx, self.both(dy_dot * g_dot, dy_dot * a_dot))
        return dx, self.backward(dy_dot, cache)


class Causal(Affine):
    """y_t = sum_k x_{t-k} W_k + b, a convolution over time: (N, T, C) -> (N, T, n)"""

    divisible = bias = True
    taps, n = 3, 4

    def build(self, in_shape):
        T, C = in_shape
        self.shapes = {"W": (self.taps, C, self.n), "b": (self.n,)}
        return (T, self.n)

    def init(self, rng):
        self.W[...] = rng.standard_normal(self.W.shape) / 2

    def late(self, x, k):
        return np.concatenate([0 * x[:, :k], x[:, : x.shape[1] - k]], axis=1)

    def early(self, dy, k):
        return np.concatenate([dy[:, k:], 0 * dy[:, :k]], axis=1)

    def linear(self, x):
        return sum(self.late(x, k) @ self.W[k] for k in range(self.taps)), (x,)

    def adjoint(self, dy, cache):
        return sum(self.early(dy @ self.W[k].T, k) for k in range(self.taps))

    def weight_grad(self, dy, cache):
        for k in range(self.taps):
            self.dW[k] += rows(self.late(cache[0], k)).T @ rows(dy)


class Elman(Layer):
    """h_t = tanh(x_t W + h_{t-1} U + b), y = h_T: (N, T, C) -> (N, n)"""

    divisible = True
    n = 4

    def build(self, in_shape):
        C = in_shape[1]
        self.shapes = {"W": (C, self.n), "U": (self.n, self.n), "b": (self.n,)}
        return (self.n,)

    def init(self, rng):
        self.W[...] = rng.standard_normal(self.W.shape) / 2
        self.U[...] = rng.standard_normal(self.U.shape) / 2

    def forward(self, x, train=True):
        hs = [0 * (x[:, 0] @ self.W)]
        for t in range(x.shape[1]):
            hs.append(np.tanh(x[:, t] @ self.W + hs[-1] @ self.U + self.b))
        return hs[-1], (x, tuple(hs))

    def backward(self, dy, cache, param_grads=True):
        x, hs = cache
        dh, dx = dy, np.empty(x.shape, dy.dtype)
        for t in reversed(range(x.shape[1])):
            da = (1 - hs[t + 1] ** 2) * dh
            if param_grads:
                self.learn(da, x[:, t], hs[t], t)
            dx[:, t], dh = da @ self.W.T, da @ self.U.T
        return dx

    def learn(self, da, x, h, t):
        self.dW += x.T @ da
        self.dU += h.T @ da
        self.db += da.sum(axis=0)


class MaxPool(Layer):
    """y = the larger of each two neighbours in time: (N, 2 T, C) -> (N, T, C)"""

    divisible = True

    def build(self, in_shape):
        return (in_shape[0] // 2, *in_shape[1:])

    def first(self, x):
        return x[:, ::2] >= x[:, 1::2]

    def pick(self, x, first):
        return np.where(first, x[:, ::2], x[:, 1::2])

    def forward(self, x, train=True):
        first = self.first(x)
        return self.pick(x, first), (first,)

    def backward(self, dy, cache, param_grads=True):
        (first,) = cache
        pairs = np.stack([np.where(first, dy, 0), np.where(first, 0, dy)], axis=2)
        return pairs.reshape(len(dy), -1, *dy.shape[2:])

    def tangent(self, x_dot, cache):
        return self.pick(x_dot, *cache), ()

    def tangent_backward(self, dy, dy_dot, cache, cache_dot):
        dx = None if dy is None else self.backward(dy, cache)
        return dx, None if dy_dot is None else self.backward(dy_dot, cache)


class Softmax(Layer):
    """y = e^x / sum e^x over the last axis      dx = y (dy - <y, dy>)"""

    divisible = True

    def forward(self, x, train=True):
        e = np.exp(x - x.max(axis=-1, keepdims=True))
        y = e / e.sum(axis=-1, keepdims=True)
        return y, (y,)

    def backward(self, dy, cache, param_grads=True):
        (y,) = cache
        return y * (dy - (y * dy).sum(axis=-1, keepdims=True))


class Conv(Conv2d):
    """A convolution with settings"""

    def __init__(self):
        super().__init__(3, 3, stride=1, pad=1)


class Pool(AvgPool2d):
    """A pooling with settings"""

    def __init__(self):
        super().__init__(2)


class Words(Embedding):
    """An embedding with settings"""

    def __init__(self):
        super().__init__(3)


class Shortcut(Residual):
    """y = x + tanh(x W + b)"""

    def __init__(self):
        from tinygan.layers import Dense, Sequential

        super().__init__(Sequential(Dense(6), Tanh()))

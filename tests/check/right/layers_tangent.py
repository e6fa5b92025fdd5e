"""Layers for critics with a gradient penalty: all four passes by hand."""

import numpy as np

from tinygan import Layer, TangentError, sigmoid


def add(a, b):
    if a is None:
        return b
    return a if b is None else a + b


class ELUWithTangent(Layer):
    """y = x or e^x - 1, and its second derivative on the left side"""

    def forward(self, x, train=True):
        e = np.exp(np.minimum(x, 0))
        return np.where(x > 0, x, e - 1), (x > 0, e)

    def backward(self, dy, cache, param_grads=True):
        return dy * cache[1]

    def tangent(self, x_dot, cache):
        return x_dot * cache[1], (x_dot,)

    def tangent_backward(self, dy, dy_dot, cache, cache_dot):
        right, e = cache
        zero = np.zeros_like(e)
        dy = zero if dy is None else dy
        dy_dot = zero if dy_dot is None else dy_dot
        bend = np.where(right, 0, e) * cache_dot[0] * dy_dot
        return dy * e + bend, dy_dot * e


class MaxPoolWithTangent(Layer):
    """y = max over pairs along time; the chosen entry stays chosen"""

    def build(self, in_shape):
        return (in_shape[0] // 2, *in_shape[1:])

    def forward(self, x, train=True):
        a, b = x[:, ::2], x[:, 1::2]
        first = a >= b
        return np.where(first, a, b), (first,)

    def _spread(self, d, first):
        out = np.zeros((d.shape[0], 2 * d.shape[1], *d.shape[2:]), d.dtype)
        out[:, ::2][first] = d[first]
        out[:, 1::2][~first] = d[~first]
        return out

    def backward(self, dy, cache, param_grads=True):
        return self._spread(dy, cache[0])

    def tangent(self, x_dot, cache):
        return np.where(cache[0], x_dot[:, ::2], x_dot[:, 1::2]), ()

    def tangent_backward(self, dy, dy_dot, cache, cache_dot):
        spread = [
            None if d is None else self._spread(d, cache[0]) for d in (dy, dy_dot)
        ]
        return tuple(spread)


class NormOfSample(Layer):
    """y = sqrt(|x|^2 + 0.01), one number per sample"""

    def build(self, in_shape):
        return (1,)

    def forward(self, x, train=True):
        y = np.sqrt((x * x).sum(axis=1, keepdims=True) + 0.01)
        return y, (x, y)

    def backward(self, dy, cache, param_grads=True):
        x, y = cache
        return dy * x / y

    def tangent(self, x_dot, cache):
        x, y = cache
        y_dot = (x * x_dot).sum(axis=1, keepdims=True) / y
        return y_dot, (x_dot, y_dot)

    def tangent_backward(self, dy, dy_dot, cache, cache_dot):
        x, y = cache
        x_dot, y_dot = cache_dot
        dx = None if dy is None else dy * x / y
        if dy_dot is None:
            return dx, None
        return add(dx, dy_dot * (x_dot - x * y_dot / y) / y), dy_dot * x / y


class LogSumExpWithTangent(Layer):
    """y = log sum e^x over the last axis, kept as an axis of length 1"""

    def build(self, in_shape):
        return (*in_shape[:-1], 1)

    def forward(self, x, train=True):
        top = x.max(-1, keepdims=True)
        e = np.exp(x - top)
        s = e.sum(-1, keepdims=True)
        return top + np.log(s), (e / s,)

    def backward(self, dy, cache, param_grads=True):
        return cache[0] * dy

    def tangent(self, x_dot, cache):
        y_dot = (cache[0] * x_dot).sum(-1, keepdims=True)
        return y_dot, (x_dot, y_dot)

    def tangent_backward(self, dy, dy_dot, cache, cache_dot):
        (p,), (x_dot, y_dot) = cache, cache_dot
        dx = dx_dot = None
        if dy is not None:
            dx = p * dy
        if dy_dot is not None:
            dx = add(dx, dy_dot * p * (x_dot - y_dot))
            dx_dot = p * dy_dot
        return dx, dx_dot


class GateWithTangent(Layer):
    """y = a sigmoid(b), [a, b] = x"""

    def build(self, in_shape):
        return (*in_shape[:-1], in_shape[-1] // 2)

    def forward(self, x, train=True):
        a, b = np.split(x, 2, axis=-1)
        g = sigmoid(b)
        return a * g, (a, g)

    @staticmethod
    def _join(u, v):
        return np.concatenate([u, v], axis=-1)

    def backward(self, dy, cache, param_grads=True):
        a, g = cache
        return self._join(dy * g, dy * a * g * (1 - g))

    def tangent(self, x_dot, cache):
        a, g = cache
        a_dot, b_dot = np.split(x_dot, 2, axis=-1)
        return a_dot * g + a * g * (1 - g) * b_dot, (a_dot, b_dot)

    def tangent_backward(self, dy, dy_dot, cache, cache_dot):
        (a, g), (a_dot, b_dot) = cache, cache_dot
        dx = None if dy is None else self.backward(dy, cache)
        if dy_dot is None:
            return dx, None
        g1 = g * (1 - g)
        g2 = g1 * (1 - 2 * g)
        bend = self._join(g1 * b_dot, a_dot * g1 + a * g2 * b_dot) * np.tile(dy_dot, 2)
        return add(dx, bend), self.backward(dy_dot, cache, param_grads=False)


class DropoutWithTangent(Layer):
    """y = m x/0.6 in training, and the same mask in the tangent"""

    def init(self, rng):
        self.state = {"t": 0}

    def forward(self, x, train=True):
        if not train:
            return x.copy(), (np.ones_like(x),)
        rng = np.random.default_rng(self.state["t"])
        self.state["t"] += 1
        m = rng.binomial(1, 0.6, size=x.shape).astype(x.dtype) / 0.6
        return m * x, (m,)

    def backward(self, dy, cache, param_grads=True):
        return cache[0] * dy

    def tangent(self, x_dot, cache):
        return cache[0] * x_dot, ()

    def tangent_backward(self, dy, dy_dot, cache, cache_dot):
        return tuple(d if d is None else cache[0] * d for d in (dy, dy_dot))


class BatchScaleEvalTangent(Layer):
    """y = x/sqrt(v + 0.01): v the batch's mean square in training, a state otherwise

    In training it has no tangent, and says so.
    """

    def init(self, rng):
        self.state = {"v": np.ones(())}

    def forward(self, x, train=True):
        if train:
            v = np.mean(x**2)
            self.state["v"] *= 0.9
            self.state["v"] += 0.1 * v
        else:
            v = self.state["v"].copy()
        r = np.sqrt(v + 0.01)
        return x / r, (x, r, train)

    def backward(self, dy, cache, param_grads=True):
        x, r, train = cache
        dx = dy / r
        if train:
            dx = dx - x * ((dy * x).sum() / (x.size * r**3))
        return dx

    def tangent(self, x_dot, cache):
        if cache[2]:
            raise TangentError("BatchScaleEvalTangent has no tangent in training")
        return x_dot / cache[1], ()

    def tangent_backward(self, dy, dy_dot, cache, cache_dot):
        r = cache[1]
        return tuple(None if d is None else d / r for d in (dy, dy_dot))


CHECKS = [
    (ELUWithTangent(), (6,)),
    (MaxPoolWithTangent(), (6, 2)),
    (NormOfSample(), (5,)),
    (LogSumExpWithTangent(), (3, 4)),
    (GateWithTangent(), (6,)),
    (DropoutWithTangent(), (5,)),
    (BatchScaleEvalTangent(), (2, 3)),
]

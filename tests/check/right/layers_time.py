"""Sums, maxima and positions along time."""

import numpy as np

from tinygan import Layer


class CumulativeSum(Layer):
    """y_t = x_1 + ... + x_t      dx_t = dy_t + ... + dy_T"""

    def forward(self, x, train=True):
        return np.cumsum(x, axis=1), ()

    def backward(self, dy, cache, param_grads=True):
        return dy[:, ::-1].cumsum(axis=1)[:, ::-1]


class CausalMean(Layer):
    """y_t = mean of x_1 ... x_t"""

    def forward(self, x, train=True):
        t = np.arange(1, x.shape[1] + 1, dtype=x.dtype)[:, None]
        return np.cumsum(x, 1) / t, (t,)

    def backward(self, dy, cache, param_grads=True):
        g = dy / cache[0]
        return g + g.sum(1, keepdims=True) - np.cumsum(g, axis=1)


class RunningMax(Layer):
    """y_t = max(x_1, ..., x_t), by np.maximum.accumulate"""

    def forward(self, x, train=True):
        y = np.maximum.accumulate(x, axis=1)
        return y, (x == y,)

    def backward(self, dy, cache, param_grads=True):
        (record,) = cache
        dx = np.zeros_like(dy)
        carry = np.zeros_like(dy[:, 0])
        for t in range(dy.shape[1] - 1, -1, -1):
            carry = carry + dy[:, t]
            dx[:, t] = np.where(record[:, t], carry, 0)
            carry = np.where(record[:, t], 0, carry)
        return dx


class Differences(Layer):
    """y_t = x_{t+1} - x_t by np.diff, one step shorter, with a tangent pass"""

    def build(self, in_shape):
        return (in_shape[0] - 1, *in_shape[1:])

    def forward(self, x, train=True):
        return np.diff(x, axis=1), ()

    def backward(self, dy, cache, param_grads=True):
        edge = np.zeros_like(dy[:, :1])
        return -np.diff(dy, axis=1, prepend=edge, append=edge)

    def tangent(self, x_dot, cache):
        return np.diff(x_dot, axis=1), ()

    def tangent_backward(self, dy, dy_dot, cache, cache_dot):
        dx = self.backward(dy, cache) if dy is not None else None
        dx_dot = self.backward(dy_dot, cache) if dy_dot is not None else None
        return dx, dx_dot


class SinusoidalPositions(Layer):
    """y = x + PE, the sines and cosines of the Transformer"""

    def build(self, in_shape):
        T, C = in_shape
        t = np.arange(T)[:, None]
        i = np.arange(C)[None, :]
        angle = t / 10000 ** (2 * (i // 2) / C)
        self.PE = np.where(i % 2 == 0, np.sin(angle), np.cos(angle))
        return in_shape

    def forward(self, x, train=True):
        return x + self.PE.astype(x.dtype), ()

    def backward(self, dy, cache, param_grads=True):
        return dy


class LearntPositions(Layer):
    """y = x + P, P a table of parameters, one for each position and channel"""

    def build(self, in_shape):
        self.shapes = {"P": (1, *in_shape)}
        return in_shape

    def init(self, rng):
        self.P[...] = 0.02 * rng.standard_normal(self.P.shape)

    def forward(self, x, train=True):
        return np.add(x, self.P), ()

    def backward(self, dy, cache, param_grads=True):
        if param_grads:
            self.dP += dy.sum(axis=0, keepdims=True)
        return dy


class RotaryPositions(Layer):
    """pairs of channels rotated by an angle that grows with the position (RoPE)"""

    def forward(self, x, train=True):
        T, C = x.shape[1:]
        freq = 100.0 ** (-np.arange(0, C, 2) / C)
        angle = np.outer(np.arange(T), freq)
        cos, sin = np.cos(angle).astype(x.dtype), np.sin(angle).astype(x.dtype)
        return self._turn(x, cos, sin), (cos, sin)

    @staticmethod
    def _turn(x, cos, sin):
        y = np.empty_like(x)
        y[..., 0::2] = x[..., 0::2] * cos - x[..., 1::2] * sin
        y[..., 1::2] = x[..., 0::2] * sin + x[..., 1::2] * cos
        return y

    def backward(self, dy, cache, param_grads=True):
        cos, sin = cache
        return self._turn(dy, cos, -sin)


CHECKS = [
    (CumulativeSum(), (5, 2)),
    (CausalMean(), (4, 2)),
    (RunningMax(), (6, 2)),
    (Differences(), (5, 2)),
    (SinusoidalPositions(), (4, 6)),
    (LearntPositions(), (3, 4)),
    (RotaryPositions(), (4, 6)),
]

"""Smooth functions of one number: squares, logarithms, exponentials."""

import numpy as np

from tinygan import Layer


def stable_sigmoid(x):
    return np.where(
        x >= 0,
        1 / (1 + np.exp(-np.abs(x))),
        np.exp(-np.abs(x)) / (1 + np.exp(-np.abs(x))),
    )


class Square(Layer):
    """y = x^2, with a tangent pass"""

    def forward(self, x, train=True):
        return np.square(x), (x,)

    def backward(self, dy, cache, param_grads=True):
        return 2 * cache[0] * dy

    def tangent(self, x_dot, cache):
        return 2 * cache[0] * x_dot, (x_dot,)

    def tangent_backward(self, dy, dy_dot, cache, cache_dot):
        x, x_dot = cache[0], cache_dot[0]
        dy = 0 if dy is None else dy
        if dy_dot is None:
            return 2 * x * dy, None
        return 2 * x * dy + 2 * x_dot * dy_dot, 2 * x * dy_dot


class Cube(Layer):
    """y = x^3 by np.power"""

    def forward(self, x, train=True):
        return np.power(x, 3), (x,)

    def backward(self, dy, cache, param_grads=True):
        (x,) = cache
        return 3 * np.power(x, 2) * dy


class SmoothAbs(Layer):
    """y = sqrt(x^2 + eps)"""

    def forward(self, x, train=True):
        y = np.sqrt(x**2 + 1e-4)
        return y, (x, y)

    def backward(self, dy, cache, param_grads=True):
        x, y = cache
        return dy * x / y


class HypotAbs(Layer):
    """y = hypot(x, 0.1)"""

    def forward(self, x, train=True):
        y = np.hypot(x, 0.1)
        return y, (x / y,)

    def backward(self, dy, cache, param_grads=True):
        return dy * cache[0]


class LogSquare(Layer):
    """y = log(1 + x^2)"""

    def forward(self, x, train=True):
        return np.log1p(x * x), (x,)

    def backward(self, dy, cache, param_grads=True):
        (x,) = cache
        return dy * 2 * x / (1 + x * x)


class SymLog(Layer):
    """y = sign(x) log(1 + |x|)"""

    def forward(self, x, train=True):
        return np.sign(x) * np.log1p(np.abs(x)), (x,)

    def backward(self, dy, cache, param_grads=True):
        return dy / (1 + np.abs(cache[0]))


class BoundedExp(Layer):
    """y = exp(2 tanh(x/2))"""

    def forward(self, x, train=True):
        t = np.tanh(x / 2)
        y = np.exp(2 * t)
        return y, (t, y)

    def backward(self, dy, cache, param_grads=True):
        t, y = cache
        return dy * y * (1 - t**2)


class Gaussian(Layer):
    """y = exp(-x^2 / 2)"""

    def forward(self, x, train=True):
        y = np.exp(-(x**2) / 2)
        return y, (x, y)

    def backward(self, dy, cache, param_grads=True):
        x, y = cache
        return -x * y * dy


class LogSigmoid(Layer):
    """y = -logaddexp(0, -x)"""

    def forward(self, x, train=True):
        return -np.logaddexp(0, -x), (x,)

    def backward(self, dy, cache, param_grads=True):
        return dy * stable_sigmoid(-cache[0])


class Arctan(Layer):
    """y = arctan(x)"""

    def forward(self, x, train=True):
        return np.arctan(x), (x,)

    def backward(self, dy, cache, param_grads=True):
        return dy / (1 + cache[0] ** 2)


class TanhShrink(Layer):
    """y = x - tanh(x)      dy/dx = tanh(x)^2"""

    def forward(self, x, train=True):
        t = np.tanh(x)
        return x - t, (t,)

    def backward(self, dy, cache, param_grads=True):
        return dy * cache[0] ** 2


class ScaledTanh(Layer):
    """y = 1.7159 tanh(2 x / 3), LeCun's activation, with a tangent pass"""

    def forward(self, x, train=True):
        t = np.tanh(2 / 3 * x)
        return 1.7159 * t, (t,)

    def _J(self, v, t):
        return 1.7159 * (2 / 3) * (1 - t**2) * v

    def backward(self, dy, cache, param_grads=True):
        return self._J(dy, cache[0])

    def tangent(self, x_dot, cache):
        return self._J(x_dot, cache[0]), (x_dot,)

    def tangent_backward(self, dy, dy_dot, cache, cache_dot):
        t, x_dot = cache[0], cache_dot[0]
        dx = None if dy is None else self._J(dy, t)
        if dy_dot is None:
            return dx, None
        second = -1.7159 * 2 * (2 / 3) ** 2 * t * (1 - t**2) * x_dot * dy_dot
        return second if dx is None else dx + second, self._J(dy_dot, t)


class BentIdentity(Layer):
    """y = (sqrt(x^2 + 1) - 1)/2 + x"""

    def forward(self, x, train=True):
        r = np.sqrt(x * x + 1)
        return (r - 1) / 2 + x, (x, r)

    def backward(self, dy, cache, param_grads=True):
        x, r = cache
        return dy * (x / (2 * r) + 1)


CHECKS = [
    (Square(), (6,)),
    (Cube(), (6,)),
    (SmoothAbs(), (6,)),
    (HypotAbs(), (6,)),
    (LogSquare(), (6,)),
    (SymLog(), (6,)),
    (BoundedExp(), (6,)),
    (Gaussian(), (6,)),
    (LogSigmoid(), (6,)),
    (Arctan(), (6,)),
    (TanhShrink(), (6,)),
    (ScaledTanh(), (6,)),
    (BentIdentity(), (6,)),
]

"""Softmax and its relatives."""

import numpy as np

from tinygan import Layer


def softmax(z, axis=-1):
    e = np.exp(z - z.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


def softmax_back(d, p, axis=-1):
    return p * (d - (d * p).sum(axis=axis, keepdims=True))


class Softmax(Layer):
    """y_i = e^{x_i} / sum_j e^{x_j}, with a tangent pass"""

    def forward(self, x, train=True):
        p = softmax(x)
        return p, (p,)

    def backward(self, dy, cache, param_grads=True):
        return softmax_back(dy, cache[0])

    def tangent(self, x_dot, cache):
        return softmax_back(x_dot, cache[0]), (x_dot,)

    def tangent_backward(self, dy, dy_dot, cache, cache_dot):
        (p,), (v,) = cache, cache_dot
        dp = np.zeros_like(p)
        if dy is not None:
            dp = dp + dy
        if dy_dot is None:
            return softmax_back(dp, p), None
        m = (v * p).sum(-1, keepdims=True)
        dp = dp + dy_dot * (v - m) - v * (dy_dot * p).sum(-1, keepdims=True)
        return softmax_back(dp, p), softmax_back(dy_dot, p)


class SoftmaxJacobian(Layer):
    """y = softmax(x / T), T learnt; the Jacobian is written out sample by sample"""

    def build(self, in_shape):
        (self.d,) = in_shape
        self.shapes = {"T": (1,)}
        return in_shape

    def init(self, rng):
        self.T[...] = 1.7

    def forward(self, x, train=True):
        p = softmax(x / self.T)
        return p, (x, p)

    def backward(self, dy, cache, param_grads=True):
        x, p = cache
        dx = np.empty_like(x)
        for n in range(len(x)):
            J = np.diag(p[n]) - np.outer(p[n], p[n])
            dz = J @ dy[n]
            dx[n] = dz / self.T
            if param_grads:
                self.dT -= dz @ x[n] / self.T**2
        return dx


class LogSoftmax(Layer):
    """y = x - log sum exp(x) over the channels"""

    def forward(self, x, train=True):
        s = x - np.max(x, axis=-1, keepdims=True)
        y = s - np.log(np.exp(s).sum(-1, keepdims=True))
        return y, (np.exp(y),)

    def backward(self, dy, cache, param_grads=True):
        return dy - cache[0] * dy.sum(-1, keepdims=True)


class LogSumExp(Layer):
    """y = logaddexp.reduce(x), one number per sample"""

    def build(self, in_shape):
        return (1,)

    def forward(self, x, train=True):
        y = np.logaddexp.reduce(x, axis=1)[:, None]
        return y, (np.exp(x - y),)

    def backward(self, dy, cache, param_grads=True):
        return dy * cache[0]


class Sparsemax(Layer):
    """y = argmin_p |p - x|^2 on the simplex (Martins and Astudillo 2016)"""

    def forward(self, x, train=True):
        z = -np.sort(-x, axis=1)
        k = np.arange(1, x.shape[1] + 1)
        css = np.cumsum(z, axis=1)
        support = 1 + k * z > css
        kz = support.sum(axis=1)
        tau = (css[np.arange(len(x)), kz - 1] - 1) / kz
        p = np.maximum(x - tau[:, None].astype(x.dtype), 0)
        return p, (p > 0,)

    def backward(self, dy, cache, param_grads=True):
        (on,) = cache
        mean = np.sum(dy * on, axis=1) / on.sum(axis=1).astype(dy.dtype)
        return on * (dy - mean[:, None])


class Gumbel(Layer):
    """y = softmax((x + g)/0.7), g Gumbel noise in training, seeded by a counter"""

    def init(self, rng):
        self.state = {"calls": 0}

    def forward(self, x, train=True):
        g = np.zeros_like(x)
        if train:
            rng = np.random.default_rng(self.state["calls"])
            self.state["calls"] += 1
            g = rng.gumbel(size=x.shape).astype(x.dtype)
        p = softmax((x + g) / 0.7)
        return p, (p,)

    def backward(self, dy, cache, param_grads=True):
        return softmax_back(dy, cache[0]) / 0.7


CHECKS = [
    (Softmax(), (5,)),
    (Softmax(), (3, 4)),
    (SoftmaxJacobian(), (5,)),
    (LogSoftmax(), (2, 5)),
    (LogSumExp(), (6,)),
    (Sparsemax(), (6,)),
    (Gumbel(), (5,)),
]

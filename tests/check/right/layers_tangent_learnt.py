"""All four passes of layers with parameters."""

import numpy as np

from tinygan import Layer, sigmoid


def add(a, b):
    if a is None:
        return b
    return a if b is None else a + b


class SwishBeta(Layer):
    """y = x s(b x), b per channel      f = s + u s'      q = 2 s' + u s''"""

    def build(self, in_shape):
        self.shapes = {"b": in_shape[-1:]}
        return in_shape

    def init(self, rng):
        self.b[...] = rng.uniform(0.5, 1.5, self.b.shape)

    def forward(self, x, train=True):
        return x * sigmoid(self.b * x), (x,)

    def _sum(self, a):
        return a.reshape(-1, a.shape[-1]).sum(axis=0)

    def _parts(self, x):
        u = self.b * x
        s = sigmoid(u)
        s1 = s * (1 - s)
        return s1, s + u * s1, 2 * s1 + u * s1 * (1 - 2 * s)

    def backward(self, dy, cache, param_grads=True):
        (x,) = cache
        s1, f, _ = self._parts(x)
        if param_grads:
            self.db += self._sum(x * x * s1 * dy)
        return f * dy

    def tangent(self, x_dot, cache):
        return self._parts(cache[0])[1] * x_dot, (x_dot,)

    def tangent_backward(self, dy, dy_dot, cache, cache_dot):
        (x,), (x_dot,) = cache, cache_dot
        dx = self.backward(dy, cache) if dy is not None else None
        if dy_dot is None:
            return dx, None
        _, f, q = self._parts(x)
        w = q * x_dot * dy_dot
        self.db += self._sum(x * w)
        return add(dx, self.b * w), f * dy_dot


class QuadraticForm(Layer):
    """y_k = x^T A_k x"""

    def build(self, in_shape):
        self.shapes = {"A": (2, in_shape[0], in_shape[0])}
        return (2,)

    def init(self, rng):
        self.A[...] = rng.standard_normal(self.A.shape)

    def forward(self, x, train=True):
        return np.einsum("ni,kij,nj->nk", x, self.A, x), (x,)

    def _S(self):
        return self.A + self.A.transpose(0, 2, 1)

    def backward(self, dy, cache, param_grads=True):
        (x,) = cache
        if param_grads:
            self.dA += np.einsum("nk,ni,nj->kij", dy, x, x)
        return np.einsum("nk,kij,nj->ni", dy, self._S(), x)

    def tangent(self, x_dot, cache):
        return np.einsum("ni,kij,nj->nk", x_dot, self._S(), cache[0]), (x_dot,)

    def tangent_backward(self, dy, dy_dot, cache, cache_dot):
        (x,), (v,) = cache, cache_dot
        dx = self.backward(dy, cache) if dy is not None else None
        if dy_dot is None:
            return dx, None
        B = np.einsum("nk,ni,nj->kij", dy_dot, v, x)
        self.dA += B + B.transpose(0, 2, 1)
        S = self._S()
        bend = np.einsum("nk,kij,nj->ni", dy_dot, S, v)
        return add(dx, bend), np.einsum("nk,kij,nj->ni", dy_dot, S, x)


class TwoLayerPerceptron(Layer):
    """y = tanh(x V) w, with every second derivative written out"""

    def build(self, in_shape):
        self.shapes = {"V": (in_shape[0], 5), "w": (5, 1)}
        return (1,)

    def init(self, rng):
        self.V[...] = rng.standard_normal(self.V.shape) / 2
        self.w[...] = rng.standard_normal(self.w.shape)

    def forward(self, x, train=True):
        h = np.tanh(x @ self.V)
        return h @ self.w, (x, h)

    def backward(self, dy, cache, param_grads=True):
        x, h = cache
        dz = dy @ self.w.T * (1 - h * h)
        if param_grads:
            self.dw += h.T @ dy
            self.dV += x.T @ dz
        return dz @ self.V.T

    def tangent(self, x_dot, cache):
        z_dot = x_dot @ self.V
        h_dot = (1 - cache[1] ** 2) * z_dot
        return h_dot @ self.w, (x_dot, z_dot, h_dot)

    def tangent_backward(self, dy, dy_dot, cache, cache_dot):
        x, h = cache
        x_dot, z_dot, h_dot = cache_dot
        dx = None if dy is None else self.backward(dy, cache)
        if dy_dot is None:
            return dx, None
        self.dw += h_dot.T @ dy_dot
        dh_dot = dy_dot @ self.w.T
        dz_dot = dh_dot * (1 - h * h)
        dz = -2 * h * (1 - h * h) * z_dot * dh_dot
        self.dV += x_dot.T @ dz_dot + x.T @ dz
        return add(dx, dz @ self.V.T), dz_dot @ self.V.T


CHECKS = [
    (SwishBeta(), (3,)),
    (SwishBeta(), (2, 2, 3)),
    (QuadraticForm(), (4,)),
    (TwoLayerPerceptron(), (4,)),
]

"""Features of products and distances, and small models."""

import itertools

import numpy as np

from tinygan import Layer


class CosineDense(Layer):
    """y_j = s cos(x, w_j), s learnt"""

    def __init__(self, n_out):
        self.n_out = n_out

    def build(self, in_shape):
        self.shapes = {"W": (self.n_out, in_shape[0]), "s": ()}
        return (self.n_out,)

    def init(self, rng):
        self.W[...] = rng.standard_normal(self.W.shape)
        self.s[...] = 5

    @staticmethod
    def _unit(a):
        n = np.sqrt((a * a).sum(axis=1, keepdims=True) + 1e-8)
        return a / n, n

    @staticmethod
    def _unit_back(d, u, n):
        return (d - u * (u * d).sum(axis=1, keepdims=True)) / n

    def forward(self, x, train=True):
        (u, nx), (w, nw) = self._unit(x), self._unit(self.W)
        cos = u @ w.T
        return self.s * cos, (u, nx, w, nw, cos)

    def backward(self, dy, cache, param_grads=True):
        u, nx, w, nw, cos = cache
        dcos = self.s * dy
        if param_grads:
            self.ds += (dy * cos).sum()
            self.dW += self._unit_back(dcos.T @ u, w, nw)
        return self._unit_back(dcos @ w, u, nx)


class Bilinear(Layer):
    """y_k = x^T A_k x + b_k"""

    def __init__(self, k):
        self.k = k

    def build(self, in_shape):
        (d,) = in_shape
        self.shapes = {"A": (self.k, d, d), "b": (self.k,)}
        return (self.k,)

    def init(self, rng):
        self.A[...] = rng.standard_normal(self.A.shape) / self.A.shape[1]

    def forward(self, x, train=True):
        return np.einsum("ni,kij,nj->nk", x, self.A, x) + self.b, (x,)

    def backward(self, dy, cache, param_grads=True):
        (x,) = cache
        if param_grads:
            self.dA += np.einsum("nk,ni,nj->kij", dy, x, x)
            self.db += dy.sum(axis=0)
        S = self.A + np.swapaxes(self.A, 1, 2)
        return np.einsum("nk,kij,nj->ni", dy, S, x)


class RBF(Layer):
    """y_k = exp(-|x - c_k|^2/(2 w_k^2)), centres and log-widths learnt"""

    def __init__(self, k):
        self.k = k

    def build(self, in_shape):
        self.shapes = {"c": (self.k, *in_shape), "logw": (self.k,)}
        return (self.k,)

    def init(self, rng):
        self.c[...] = rng.standard_normal(self.c.shape)
        self.logw[...] = 0.3

    def forward(self, x, train=True):
        diff = x[:, None] - self.c
        d2 = (diff**2).sum(axis=tuple(range(2, diff.ndim)))
        inv = np.exp(-2 * self.logw)
        y = np.exp(-d2 * inv / 2)
        return y, (diff, d2, inv, y)

    def backward(self, dy, cache, param_grads=True):
        diff, d2, inv, y = cache
        g = dy * y * inv
        ddiff = -g.reshape(g.shape + (1,) * (diff.ndim - 2)) * diff
        if param_grads:
            self.dc -= ddiff.sum(0)
            self.dlogw += (g * d2).sum(0)
        return ddiff.sum(1)


class Polynomial(Layer):
    """y = [x, all products x_i x_j with i <= j]"""

    def build(self, in_shape):
        d = in_shape[0]
        self.pairs = list(itertools.combinations_with_replacement(range(d), 2))
        return (d + len(self.pairs),)

    def forward(self, x, train=True):
        cols = [x[:, i] * x[:, j] for i, j in self.pairs]
        return np.column_stack([x, *cols]), (x,)

    def backward(self, dy, cache, param_grads=True):
        (x,) = cache
        d = x.shape[1]
        dx = np.array(dy[:, :d])
        for k, (i, j) in enumerate(self.pairs):
            dx[:, i] += dy[:, d + k] * x[:, j]
            dx[:, j] += dy[:, d + k] * x[:, i]
        return dx


class FourierFeatures(Layer):
    """y = [cos(x B), sin(x B)] with a fixed random B (not learnt)"""

    def __init__(self, m, scale=0.7):
        self.m, self.scale = m, scale

    def build(self, in_shape):
        rng = np.random.default_rng(0)
        self.B = rng.normal(0, self.scale, (in_shape[0], self.m))
        return (2 * self.m,)

    def forward(self, x, train=True):
        B = self.B.astype(x.dtype)
        a = x @ B
        return np.concatenate([np.cos(a), np.sin(a)], axis=1), (a, B)

    def backward(self, dy, cache, param_grads=True):
        a, B = cache
        da = dy[:, self.m :] * np.cos(a) - dy[:, : self.m] * np.sin(a)
        return da @ B.T


class FactorisationMachine(Layer):
    """y = w.x + 1/2 sum_f ((x V)_f^2 - (x^2 V^2)_f), one number per sample"""

    def build(self, in_shape):
        (d,) = in_shape
        self.shapes = {"w": (d,), "V": (d, 3)}
        return (1,)

    def init(self, rng):
        self.w[...] = rng.normal(size=self.w.shape)
        self.V[...] = rng.normal(size=self.V.shape) * 0.5

    def forward(self, x, train=True):
        xv = x @ self.V
        inter = (xv**2 - (x**2) @ (self.V**2)).sum(1) / 2
        return (x @ self.w + inter)[:, np.newaxis], (x, xv)

    def backward(self, dy, cache, param_grads=True):
        x, xv = cache
        if param_grads:
            self.dw += x.T @ dy[:, 0]
            self.dV += (dy * x).T @ xv - ((dy * x**2).sum(0)[:, None]) * self.V
        return dy * (self.w + xv @ self.V.T - x * (self.V**2).sum(1))


class Householder(Layer):
    """y = x - 2 (x.v) v/(v.v): a learnt reflection"""

    def build(self, in_shape):
        self.shapes = {"v": in_shape}
        return in_shape

    def init(self, rng):
        self.v[...] = rng.standard_normal(self.v.shape)

    def forward(self, x, train=True):
        vv = np.inner(self.v, self.v)
        a = 2 * (x @ self.v) / vv
        return x - np.outer(a, self.v), (x, a, vv)

    def backward(self, dy, cache, param_grads=True):
        x, a, vv = cache
        p = dy @ self.v
        if param_grads:
            self.dv += (
                -(dy.T @ a) - (2 / vv) * (x.T @ p) + 2 * np.dot(a, p) / vv * self.v
            )
        return dy - 2 / vv * p[:, None] * self.v[None, :]


CHECKS = [
    (CosineDense(3), (4,)),
    (Bilinear(3), (4,)),
    (RBF(4), (3,)),
    (RBF(2), (2, 2)),
    (Polynomial(), (4,)),
    (FourierFeatures(4), (3,)),
    (FactorisationMachine(), (5,)),
    (Householder(), (5,)),
]

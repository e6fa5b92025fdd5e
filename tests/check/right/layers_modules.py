"""Modules of papers: flows, graphs, capsules, codebooks, tied and masked weights."""

import numpy as np

from tinygan import Layer


class AffineCoupling(Layer):
    """y = [a, b exp(s) + t], s = tanh(a Ws), t = a Wt (RealNVP)"""

    def build(self, in_shape):
        h = in_shape[0] // 2
        self.shapes = {"Ws": (h, h), "Wt": (h, h)}
        return in_shape

    def init(self, rng):
        self.Ws[...] = rng.standard_normal(self.Ws.shape)
        self.Wt[...] = rng.standard_normal(self.Wt.shape)

    def forward(self, x, train=True):
        a, b = np.split(x, 2, axis=1)
        s = np.tanh(a @ self.Ws)
        e = np.exp(s)
        return np.concatenate([a, b * e + a @ self.Wt], axis=1), (a, b, s, e)

    def backward(self, dy, cache, param_grads=True):
        a, b, s, e = cache
        da, db = np.split(dy, 2, axis=1)
        ds = db * b * e * (1 - s * s)
        if param_grads:
            self.dWs += a.T @ ds
            self.dWt += a.T @ db
        return np.concatenate([da + ds @ self.Ws.T + db @ self.Wt.T, db * e], axis=1)


class Reparameterise(Layer):
    """(mu, log var) -> mu + e^{tanh(log var)/2} n in training, mu in evaluation"""

    def build(self, in_shape):
        return (in_shape[0] // 2,)

    def init(self, rng):
        self.state = {"draw": 0}

    def forward(self, x, train=True):
        mu, lv = np.hsplit(x, 2)
        t = np.tanh(lv)
        if not train:
            return mu, (t, None)
        rng = np.random.default_rng(self.state["draw"])
        self.state["draw"] += 1
        shift = np.exp(t / 2) * rng.standard_normal(mu.shape).astype(x.dtype)
        return mu + shift, (t, shift)

    def backward(self, dy, cache, param_grads=True):
        t, shift = cache
        if shift is None:
            return np.hstack([dy, np.zeros_like(dy)])
        return np.hstack([dy, dy * shift / 2 * (1 - t * t)])


class GraphConv(Layer):
    """y = relu(A x W), A the normalised adjacency of a ring"""

    def build(self, in_shape):
        V, C = in_shape
        ring = np.eye(V) + np.roll(np.eye(V), 1, 0) + np.roll(np.eye(V), -1, 0)
        deg = ring.sum(1)
        self.A = ring / np.sqrt(np.outer(deg, deg))
        self.shapes = {"W": (C, 3)}
        return (V, 3)

    def init(self, rng):
        self.W[...] = rng.standard_normal(self.W.shape)

    def forward(self, x, train=True):
        A = self.A.astype(x.dtype)
        m = np.tensordot(A, x, axes=(1, 1)).swapaxes(0, 1)
        z = m @ self.W
        return np.where(z > 0, z, 0), (A, m, z > 0)

    def backward(self, dy, cache, param_grads=True):
        A, m, on = cache
        dz = dy * on
        if param_grads:
            self.dW += np.tensordot(m, dz, axes=([0, 1], [0, 1]))
        return np.matmul(A.T, dz @ self.W.T)


class Squash(Layer):
    """y = s |s|/(1 + |s|^2), the non-linearity of capsules"""

    def forward(self, x, train=True):
        n2 = np.sum(x**2, axis=-1, keepdims=True)
        n = np.sqrt(n2)
        k = n / (1 + n2)
        return x * k, (x, n, n2, k)

    def backward(self, dy, cache, param_grads=True):
        x, n, n2, k = cache
        dot = np.sum(dy * x, axis=-1, keepdims=True)
        slope = (1 - n2) / (1 + n2) ** 2
        return dy * k + dot * slope * x / np.where(n > 0, n, 1)


class Codebook(Layer):
    """y = the nearest of 6 learnt codes: dx = 0, each code gets its samples' dy"""

    def build(self, in_shape):
        self.shapes = {"E": (6, *in_shape)}
        return in_shape

    def init(self, rng):
        self.E[...] = rng.standard_normal(self.E.shape)

    def forward(self, x, train=True):
        d = ((x[:, None] - self.E) ** 2).sum(axis=2)
        k = np.argmin(d, axis=1)
        return self.E[k], (k,)

    def backward(self, dy, cache, param_grads=True):
        if param_grads:
            for k, row in zip(cache[0], dy, strict=True):
                self.dE[k] += row
        return np.zeros_like(dy)


class SoftCodebook(Layer):
    """y = sum_k p_k e_k, p = softmax(-|x - e_k|^2)"""

    def build(self, in_shape):
        self.shapes = {"E": (4, *in_shape)}
        return in_shape

    def init(self, rng):
        self.E[...] = rng.standard_normal(self.E.shape)

    def forward(self, x, train=True):
        diff = x[:, None] - self.E
        z = -(diff**2).sum(-1)
        p = np.exp(z - z.max(1, keepdims=True))
        p /= p.sum(1, keepdims=True)
        return p @ self.E, (diff, p)

    def backward(self, dy, cache, param_grads=True):
        diff, p = cache
        dp = dy @ self.E.T
        dz = p * (dp - (dp * p).sum(1, keepdims=True))
        ddiff = -2 * dz[:, :, None] * diff
        if param_grads:
            self.dE += p.T @ dy - ddiff.sum(0)
        return ddiff.sum(1)


class TiedAutoencoder(Layer):
    """y = tanh(x W + b) W^T + c"""

    def build(self, in_shape):
        d = in_shape[0]
        self.shapes = {"W": (d, 3), "b": (3,), "c": (d,)}
        return in_shape

    def init(self, rng):
        self.W[...] = rng.standard_normal(self.W.shape) / 2

    def forward(self, x, train=True):
        h = np.tanh(x @ self.W + self.b)
        return h @ self.W.T + self.c, (x, h)

    def backward(self, dy, cache, param_grads=True):
        x, h = cache
        dz = (dy @ self.W) * (1 - h**2)
        if param_grads:
            self.dW += dy.T @ h + x.T @ dz
            self.db += dz.sum(0)
            self.dc += dy.sum(0)
        return dz @ self.W.T


class DropConnect(Layer):
    """y = x (M W)/0.8, each weight dropped with probability 0.2 in training"""

    def build(self, in_shape):
        self.shapes = {"W": (in_shape[0], 4)}
        return (4,)

    def init(self, rng):
        self.W[...] = rng.standard_normal(self.W.shape)
        self.state = {"seed": 7, "t": 0}

    def forward(self, x, train=True):
        if train:
            rng = np.random.default_rng((self.state["seed"], self.state["t"]))
            self.state["t"] += 1
            M = (rng.random(self.W.shape) < 0.8).astype(x.dtype) / 0.8
        else:
            M = np.ones(self.W.shape, x.dtype)
        return x @ (M * self.W), (x, M)

    def backward(self, dy, cache, param_grads=True):
        x, M = cache
        if param_grads:
            self.dW += M * (x.T @ dy)
        return dy @ (M * self.W).T


class MySpectralDense(Layer):
    """y = x W/sigma, sigma = u.Wv; u and v are state, moved on by `advance`"""

    def build(self, in_shape):
        self.shapes = {"W": (in_shape[0], 3)}
        return (3,)

    def init(self, rng):
        self.W[...] = rng.standard_normal(self.W.shape)
        v = np.full(3, 3**-0.5)
        u = self.W @ v
        self.state = {"u": u / np.linalg.norm(u), "v": v}

    def advance(self):
        v = self.W.T @ self.state["u"]
        v = v / np.sqrt((v * v).sum())
        u = self.W @ v
        self.state = {"u": u / np.sqrt((u * u).sum()), "v": v}

    def forward(self, x, train=True):
        u, v = self.state["u"], self.state["v"]
        sigma = u @ self.W @ v
        return x @ self.W / sigma, (x, u, v, sigma)

    def backward(self, dy, cache, param_grads=True):
        x, u, v, sigma = cache
        if param_grads:
            dWbar = x.T @ dy
            along = (dWbar * self.W).sum() / sigma
            self.dW += (dWbar - along * np.outer(u, v)) / sigma
        return dy @ self.W.T / sigma


class LocalResponseNorm(Layer):
    """y_c = x_c (2 + 0.1 sum of x^2 over 3 neighbouring channels)^-0.75"""

    @staticmethod
    def _three(a):
        p = np.pad(a, [(0, 0)] * (a.ndim - 1) + [(1, 1)])
        return p[..., :-2] + p[..., 1:-1] + p[..., 2:]

    def forward(self, x, train=True):
        d = 2 + 0.1 * self._three(x * x)
        return x * d**-0.75, (x, d)

    def backward(self, dy, cache, param_grads=True):
        x, d = cache
        return dy * d**-0.75 - 0.15 * x * self._three(dy * x * d**-1.75)


class HashedFeatures(Layer):
    """y_h = sum of +-x_i over all i with hash(i) = h (count sketch)"""

    def __init__(self, buckets=4, seed=3):
        self.buckets, self.seed = buckets, seed

    def build(self, in_shape):
        rng = np.random.default_rng(self.seed)
        self.h = rng.integers(self.buckets, size=in_shape[0])
        self.sign = rng.choice([-1, 1], in_shape[0])
        return (self.buckets,)

    def forward(self, x, train=True):
        y = np.zeros((len(x), self.buckets), x.dtype)
        np.add.at(y, (slice(None), self.h), x * self.sign.astype(x.dtype))
        return y, ()

    def backward(self, dy, cache, param_grads=True):
        return dy[:, self.h] * self.sign.astype(dy.dtype)


class OuterProduct(Layer):
    """y = x_i tanh(x_j) for all i, j"""

    def build(self, in_shape):
        return (in_shape[0], in_shape[0])

    def forward(self, x, train=True):
        t = np.tanh(x)
        return x[:, :, None] * t[:, None, :], (x, t)

    def backward(self, dy, cache, param_grads=True):
        x, t = cache
        dt = np.matmul(x[:, None, :], dy)[:, 0]
        return np.matmul(dy, t[:, :, None])[..., 0] + dt * (1 - t * t)


class WideFourier(Layer):
    """y = [cos(2 pi x B), sin(2 pi x B)], B from N(0, 10^2): fast waves"""

    def build(self, in_shape):
        self.B = 10 * np.random.default_rng(1).standard_normal((in_shape[0], 5))
        return (10,)

    def forward(self, x, train=True):
        B = (2 * np.pi * self.B).astype(x.dtype)
        a = x @ B
        return np.hstack([np.cos(a), np.sin(a)]), (a, B)

    def backward(self, dy, cache, param_grads=True):
        a, B = cache
        c, s = np.hsplit(dy, 2)
        return (s * np.cos(a) - c * np.sin(a)) @ B.T


CHECKS = [
    (AffineCoupling(), (6,)),
    (Reparameterise(), (6,)),
    (GraphConv(), (5, 2)),
    (Squash(), (3, 4)),
    (Codebook(), (3,)),
    (SoftCodebook(), (3,)),
    (TiedAutoencoder(), (5,)),
    (DropConnect(), (5,)),
    (MySpectralDense(), (4,)),
    (LocalResponseNorm(), (2, 2, 5)),
    (HashedFeatures(), (7,)),
    (OuterProduct(), (4,)),
    (WideFourier(), (2,)),
]

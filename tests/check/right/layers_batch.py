"""Random masks, noise, state that moves, and samples that see each other."""

import numpy as np

from tinygan import Layer


class MyDropout(Layer):
    """y = m x/(1 - p) in training, the mask m seeded by a counter of steps"""

    def __init__(self, p=0.3):
        self.p = p

    def init(self, rng):
        self.state = {"step": 0, "seed": int(rng.integers(1 << 30))}

    def advance(self):
        self.state["step"] += 1

    def forward(self, x, train=True):
        if not train:
            return x, (1,)
        rng = np.random.default_rng([self.state["seed"], self.state["step"]])
        m = (rng.random(x.shape) > self.p) / (1 - self.p)
        m = m.astype(x.dtype)
        return x * m, (m,)

    def backward(self, dy, cache, param_grads=True):
        return dy * cache[0]


class ChannelDropout(Layer):
    """whole channels of a sample are dropped in training; evaluation scales instead"""

    def init(self, rng):
        self.state = {"n": 0}

    def forward(self, x, train=True):
        keep = 0.8
        if train:
            rng = np.random.RandomState(self.state["n"])
            self.state["n"] += 1
            shape = (x.shape[0],) + (1,) * (x.ndim - 2) + (x.shape[-1],)
            mask = (rng.uniform(size=shape) < keep).astype(x.dtype)
        else:
            mask = keep
        return x * mask, (mask,)

    def backward(self, dy, cache, param_grads=True):
        (mask,) = cache
        return dy * mask


class StochasticDepth(Layer):
    """y = x + b tanh(x w), b in {0, 1} per sample in training, its mean otherwise"""

    def build(self, in_shape):
        self.shapes = {"w": in_shape}
        return in_shape

    def init(self, rng):
        self.w[...] = rng.normal(size=self.w.shape)
        self.state = {"draws": 0}

    def forward(self, x, train=True):
        b = np.full((len(x),) + (1,) * (x.ndim - 1), 0.7, dtype=x.dtype)
        if train:
            coin = np.random.default_rng(self.state["draws"]).random(b.shape)
            b = (coin < 0.7).astype(x.dtype)
            self.state["draws"] += 1
        h = np.tanh(x * self.w)
        return x + b * h, (x, b, h)

    def backward(self, dy, cache, param_grads=True):
        x, b, h = cache
        dz = dy * b * (1 - h * h)
        if param_grads:
            self.dw += (dz * x).sum(axis=0)
        return dy + dz * self.w


class GaussianNoise(Layer):
    """y = x + s n in training, the strength s learnt"""

    def build(self, in_shape):
        self.shapes = {"s": ()}
        return in_shape

    def init(self, rng):
        self.s[...] = 0.2
        self.state = {"k": 0}

    def forward(self, x, train=True):
        if not train:
            return x, (None,)
        gen = np.random.Generator(np.random.PCG64(self.state["k"]))
        self.state["k"] += 1
        n = gen.standard_normal(x.shape).astype(x.dtype)
        return x + self.s * n, (n,)

    def backward(self, dy, cache, param_grads=True):
        n = cache[0]
        if param_grads and n is not None:
            self.ds += np.vdot(n, dy)
        return dy


class MultiplicativeNoise(Layer):
    """y = x exp(0.1 n), n one number per sample, fixed seed for each call"""

    def init(self, rng):
        self.state = {"calls": 0}

    def forward(self, x, train=True):
        if not train:
            return x, (np.ones((), x.dtype),)
        rng = np.random.default_rng(1000 + self.state["calls"])
        self.state["calls"] += 1
        f = np.exp(0.1 * rng.normal(size=(len(x), 1))).astype(x.dtype)
        return x * f, (f,)

    def backward(self, dy, cache, param_grads=True):
        return dy * cache[0]


class RReLU(Layer):
    """y = x or a x for x < 0, a random in [1/8, 1/3] in training, 11/48 otherwise"""

    def init(self, rng):
        self.state = {"i": 0}

    def forward(self, x, train=True):
        a = 11 / 48
        if train:
            a = np.random.default_rng(self.state["i"]).uniform(1 / 8, 1 / 3, x.shape)
            self.state["i"] += 1
        slope = np.where(x >= 0, 1, a).astype(x.dtype)
        return slope * x, (slope,)

    def backward(self, dy, cache, param_grads=True):
        return cache[0] * dy


class FadeIn(Layer):
    """y = (1 - a) x + a tanh(x), a grows from 0 to 1 over 10 steps (`advance`)"""

    def init(self, rng):
        self.state = {"a": np.zeros(())}

    def advance(self):
        self.state["a"][...] = np.minimum(self.state["a"] + 0.1, 1)

    def forward(self, x, train=True):
        a = self.state["a"].copy()
        t = np.tanh(x)
        return (1 - a) * x + a * t, (a, t)

    def backward(self, dy, cache, param_grads=True):
        a, t = cache
        return dy * (1 - a + a * (1 - t**2))


class MinibatchDiscrimination(Layer):
    """o_nb = sum_m exp(-|M_nb - M_mb|_1), M = x T; y = [x, o] (Salimans et al. 2016)"""

    def __init__(self, B=3, C=2):
        self.B, self.C = B, C

    def build(self, in_shape):
        (d,) = in_shape
        self.shapes = {"T": (d, self.B * self.C)}
        return (d + self.B,)

    def init(self, rng):
        self.T[...] = rng.standard_normal(self.T.shape) * 0.3

    def forward(self, x, train=True):
        M = (x @ self.T).reshape(-1, self.B, self.C)
        diff = M[:, None] - M[None]
        K = np.exp(-np.abs(diff).sum(-1))
        return np.concatenate([x, K.sum(1)], axis=1), (x, diff, K)

    def backward(self, dy, cache, param_grads=True):
        x, diff, K = cache
        d = x.shape[1]
        do = dy[:, d:]
        g = -(do[:, None] + do[None]) * K
        dM = (g[..., None] * np.sign(diff)).sum(1).reshape(len(x), -1)
        if param_grads:
            self.dT += x.T @ dM
        return dy[:, :d] + dM @ self.T.T


class BatchMaxScale(Layer):
    """y = x / (1 + largest x^2 of the batch)"""

    def forward(self, x, train=True):
        i = np.unravel_index(np.argmax(x**2), x.shape)
        s = 1 + x[i] ** 2
        return x / s, (x, i, s)

    def backward(self, dy, cache, param_grads=True):
        x, i, s = cache
        dx = dy / s
        dx[i] -= 2 * x[i] * (dy * x).sum() / s**2
        return dx


class MixUp(Layer):
    """y_n = 0.7 x_n + 0.3 x_{N-1-n} in training"""

    def forward(self, x, train=True):
        if train:
            return 0.7 * x + 0.3 * x[::-1], (True,)
        return x, (False,)

    def backward(self, dy, cache, param_grads=True):
        return 0.7 * dy + 0.3 * dy[::-1] if cache[0] else dy


class BatchAttention(Layer):
    """y = softmax(x x^T / d) x over the samples of the batch"""

    def forward(self, x, train=True):
        S = x @ x.T / x.shape[1]
        E = np.exp(S - S.max(1, keepdims=True))
        P = E / E.sum(1, keepdims=True)
        return P @ x, (x, P)

    def backward(self, dy, cache, param_grads=True):
        x, P = cache
        dP = dy @ x.T
        dS = P * (dP - np.sum(dP * P, axis=1, keepdims=True)) / x.shape[1]
        return P.T @ dy + dS @ x + dS.T @ x


class NearestNeighbourDistance(Layer):
    """y = [x, sqrt(|x_n - nearest other sample|^2 + 1e-4)], 0 if there is no other"""

    def build(self, in_shape):
        return (in_shape[0] + 1,)

    def forward(self, x, train=True):
        N = len(x)
        if N == 1:
            return np.pad(x, ((0, 0), (0, 1))), (None, None, None)
        d2 = ((x[:, None] - x[None]) ** 2).sum(-1)
        d2[np.arange(N), np.arange(N)] = np.inf
        j = d2.argmin(axis=1)
        r = np.sqrt(d2.min(axis=1) + 1e-4)[:, None]
        return np.hstack([x, r]), (x, j, r)

    def backward(self, dy, cache, param_grads=True):
        x, j, r = cache
        dx = dy[:, :-1].copy()
        if x is None:
            return dx
        g = dy[:, -1:] * (x - x[j]) / r
        dx += g
        np.subtract.at(dx, j, g)
        return dx


class BatchSort(Layer):
    """y = x sorted over the batch, feature by feature (quantile matching)"""

    def forward(self, x, train=True):
        order = np.argsort(x, axis=0)
        return np.take_along_axis(x, order, axis=0), (order,)

    def backward(self, dy, cache, param_grads=True):
        dx = np.empty_like(dy)
        np.put_along_axis(dx, cache[0], dy, axis=0)
        return dx


CHECKS = [
    (MyDropout(), (6,)),
    (ChannelDropout(), (3, 2, 4)),
    (StochasticDepth(), (4,)),
    (GaussianNoise(), (4,)),
    (MultiplicativeNoise(), (5,)),
    (RReLU(), (6,)),
    (FadeIn(), (5,)),
    (MinibatchDiscrimination(), (4,)),
    (BatchMaxScale(), (4,)),
    (MixUp(), (4,)),
    (BatchAttention(), (4,)),
    (NearestNeighbourDistance(), (4,)),
    (BatchSort(), (3,)),
]

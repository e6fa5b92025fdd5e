"""Normalisations over the batch, with and without running statistics."""

import numpy as np

from tinygan import Layer


class MyBatchNorm(Layer):
    """Batch norm over axis 0 with running statistics that are used in evaluation"""

    def __init__(self, momentum=0.9, eps=1e-5):
        self.momentum, self.eps = momentum, eps

    def build(self, in_shape):
        (d,) = in_shape
        self.shapes = {"gamma": (d,), "beta": (d,)}
        return in_shape

    def init(self, rng):
        d = self.gamma.size
        self.gamma[...] = 1
        self.state = {"mean": np.zeros(d), "var": np.ones(d)}

    def forward(self, x, train=True):
        if train:
            mu, var = x.mean(0), x.var(0)
            for name, new in (("mean", mu), ("var", var)):
                old = self.state[name]
                old[...] = self.momentum * old + (1 - self.momentum) * new
        else:
            mu, var = self.state["mean"].copy(), self.state["var"].copy()
        inv = 1 / np.sqrt(var + self.eps)
        xhat = (x - mu) * inv
        return self.gamma * xhat + self.beta, (xhat, inv, train)

    def backward(self, dy, cache, param_grads=True):
        xhat, inv, train = cache
        dgamma, dbeta = (dy * xhat).sum(0), dy.sum(0)
        if param_grads:
            self.dgamma += dgamma
            self.dbeta += dbeta
        if not train:
            return dy * self.gamma * inv
        n = len(dy)
        return self.gamma * inv / n * (n * dy - dbeta - xhat * dgamma)


class BatchRenorm(Layer):
    """x_hat = (x - mu_B)/sigma_B r + d, with r and d held constant per step

    r = clip(sigma_B/sigma, 1/3, 3) and d = clip((mu_B - mu)/sigma, -5, 5) would depend
    on x, so here they come from the state, and `advance` moves them on.
    """

    def build(self, in_shape):
        return in_shape

    def init(self, rng):
        self.state = {"r": np.array(0.8), "d": np.array(0.1), "t": 0}

    def advance(self):
        self.state["t"] += 1
        self.state["r"][...] = 1 - 0.2 / self.state["t"]
        self.state["d"] *= 0.9

    def forward(self, x, train=True):
        r, d = self.state["r"].copy(), self.state["d"].copy()
        axes = tuple(range(x.ndim - 1))
        mu = x.mean(axes)
        sigma = np.sqrt(x.var(axes) + 1e-4)
        xhat = (x - mu) / sigma
        return xhat * r + d, (xhat, sigma, r)

    def backward(self, dy, cache, param_grads=True):
        xhat, sigma, r = cache
        g = dy * r
        axes = tuple(range(dy.ndim - 1))
        return (g - g.mean(axes) - xhat * (g * xhat).mean(axes)) / sigma


class RunningScale(Layer):
    """y = x / s, s a moving average of the batches' rms, constant within a step"""

    def init(self, rng):
        self.state = {"s": np.ones(1), "seen": np.ones(1)}

    def advance(self):
        self.state["s"] *= 0.9
        self.state["s"] += 0.1 * self.state["seen"]

    def forward(self, x, train=True):
        if train:
            self.state["seen"][:] = np.sqrt(np.mean(x**2)) + 0.1
        s = self.state["s"].copy()
        return x / s, (s,)

    def backward(self, dy, cache, param_grads=True):
        return dy / cache[0]


class MyMinibatchStd(Layer):
    """y = x and one more feature, the mean over features of the batch's std"""

    def build(self, in_shape):
        (d,) = in_shape
        return (d + 1,)

    def forward(self, x, train=True):
        n, _d = x.shape
        c = x - x.mean(0)
        std = np.sqrt((c**2).mean(0) + 1e-6)
        s = np.full((n, 1), std.mean(), dtype=x.dtype)
        return np.hstack((x, s)), (c, std)

    def backward(self, dy, cache, param_grads=True):
        c, std = cache
        n, d = c.shape
        return dy[:, :d] + dy[:, d].sum() * c / (n * d * std)


class CentreBatch(Layer):
    """y = x - mean over the batch in training, x in evaluation"""

    def forward(self, x, train=True):
        if not train:
            return x, (False,)
        return x - np.average(x, axis=0), (True,)

    def backward(self, dy, cache, param_grads=True):
        return dy - dy.mean(axis=0, keepdims=True) if cache[0] else dy


CHECKS = [
    (MyBatchNorm(), (5,)),
    (BatchRenorm(), (3, 4)),
    (RunningScale(), (4,)),
    (MyMinibatchStd(), (4,)),
    (CentreBatch(), (4,)),
]

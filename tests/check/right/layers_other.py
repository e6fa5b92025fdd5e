"""Tables, scales, statistics, curves and steps of physics."""

import numpy as np

from tinygan import Layer


class TableLookup(Layer):
    """y = E[round(x) mod 5]: rows of a learnt table, dx = 0"""

    def build(self, in_shape):
        self.shapes = {"E": (5, 3)}
        return (*in_shape, 3)

    def init(self, rng):
        self.E[...] = rng.standard_normal(self.E.shape)

    def forward(self, x, train=True):
        i = np.rint(x).astype(int) % 5
        return self.E[i], (i,)

    def backward(self, dy, cache, param_grads=True):
        (i,) = cache
        if param_grads:
            np.add.at(self.dE, i, dy)
        return np.zeros(i.shape, dy.dtype)


class LinearTable(Layer):
    """y = piecewise linear interpolation of a table of 6 learnt values on [-3, 3]"""

    def build(self, in_shape):
        self.shapes = {"v": (6,)}
        return in_shape

    def init(self, rng):
        self.v[...] = rng.standard_normal(6)

    def forward(self, x, train=True):
        u = (x + 3) * (5 / 6)
        i = np.clip(np.floor(u).astype(int), 0, 4)
        w = np.clip(u - i, 0, 1).astype(x.dtype)
        inside = (u > 0) & (u < 5)
        return (1 - w) * self.v[i] + w * self.v[i + 1], (i, w, inside)

    def backward(self, dy, cache, param_grads=True):
        i, w, inside = cache
        if param_grads:
            np.add.at(self.dv, i, dy * (1 - w))
            np.add.at(self.dv, i + 1, dy * w)
        return dy * inside * (self.v[i + 1] - self.v[i]) * (5 / 6)


class PerPositionScale(Layer):
    """y = a x + b with a, b for each position, each channel (H, W, C)"""

    def build(self, in_shape):
        self.shapes = {"a": in_shape, "b": in_shape}
        return in_shape

    def init(self, rng):
        self.a[...] = rng.normal(1, 0.2, self.a.shape)

    def forward(self, x, train=True):
        return self.a * x + self.b, (x,)

    def backward(self, dy, cache, param_grads=True):
        if param_grads:
            np.add(self.da, np.einsum("n...,n...->...", cache[0], dy), out=self.da)
            np.add(self.db, dy.sum(0), out=self.db)
        return self.a * dy


class Temperature(Layer):
    """y = x exp(-t), one learnt log-temperature of shape (1, 1)"""

    def build(self, in_shape):
        self.shapes = {"t": (1, 1)}
        return in_shape

    def init(self, rng):
        self.t[0, 0] = 0.4

    def forward(self, x, train=True):
        y = x * np.exp(-self.t[0, 0])
        return y, (y,)

    def backward(self, dy, cache, param_grads=True):
        (y,) = cache
        if param_grads:
            self.dt[0, 0] -= np.tensordot(dy, y, axes=dy.ndim)
        return dy * np.exp(-self.t[0, 0])


class SoftHistogram(Layer):
    """y_k = mean_i exp(-(x_i - c_k)^2/2), 5 fixed bins"""

    centres = np.linspace(-2, 2, 5)

    def build(self, in_shape):
        return (5,)

    def forward(self, x, train=True):
        c = self.centres.astype(x.dtype)
        d = x.reshape(len(x), -1, 1) - c
        k = np.exp(-(d**2) / 2)
        return k.mean(1), (d, k, x.shape)

    def backward(self, dy, cache, param_grads=True):
        d, k, shape = cache
        dx = -(dy[:, None] * d * k).sum(-1) / d.shape[1]
        return dx.reshape(shape)


class Polar(Layer):
    """(a, b) -> (sqrt(a^2 + b^2 + 1e-6), arctan2(b, 1 + |a|))"""

    def build(self, in_shape):
        assert in_shape == (2,), "points of the plane"
        return in_shape

    def forward(self, x, train=True):
        a, b = x.T
        r = np.sqrt(a * a + b * b + 1e-6)
        q = 1 + np.abs(a)
        return np.stack([r, np.arctan2(b, q)], -1), (a, b, r, q)

    def backward(self, dy, cache, param_grads=True):
        a, b, r, q = cache
        dr, dphi = dy.T
        w = dphi / (q * q + b * b)
        return np.stack([dr * a / r - w * b * np.sign(a), dr * b / r + w * q], axis=1)


class CorrelateWithMean(Layer):
    """y = x - (x.m) m, m the unit vector along the learnt p, loop over samples"""

    def build(self, in_shape):
        self.shapes = {"p": in_shape}
        return in_shape

    def init(self, rng):
        self.p[...] = rng.normal(size=self.p.shape) + 1

    def forward(self, x, train=True):
        size = np.linalg.norm(self.p)
        m = self.p / size
        return np.array([row - np.dot(row, m) * m for row in x]), (x, m, size)

    def backward(self, dy, cache, param_grads=True):
        x, m, size = cache
        dx = np.zeros_like(dy)
        dm = np.zeros_like(m)
        for n, (row, d) in enumerate(zip(x, dy, strict=True)):
            dx[n] = d - np.dot(d, m) * m
            dm -= np.dot(d, m) * row + np.dot(row, m) * d
        if param_grads:
            self.dp += (dm - np.dot(dm, m) * m) / size
        return dx


class Chebyshev(Layer):
    """y = sum_k a_k T_k(tanh x), k = 0..4, by the recurrence of the polynomials"""

    def build(self, in_shape):
        self.shapes = {"a": (5, in_shape[-1])}
        return in_shape

    def init(self, rng):
        self.a[...] = rng.standard_normal(self.a.shape) / 2

    def forward(self, x, train=True):
        t = np.tanh(x)
        T = [np.ones_like(t), t]
        D = [np.zeros_like(t), np.ones_like(t)]
        for _ in range(3):
            D.append(2 * T[-1] + 2 * t * D[-1] - D[-2])
            T.append(2 * t * T[-1] - T[-2])
        y = sum(a * Tk for a, Tk in zip(self.a, T, strict=True))
        return y, (t, T, D)

    def backward(self, dy, cache, param_grads=True):
        t, T, D = cache
        if param_grads:
            for k in range(5):
                self.da[k] += (dy * T[k]).sum(axis=tuple(range(dy.ndim - 1)))
        return dy * sum(self.a[k] * D[k] for k in range(5)) * (1 - t * t)


class HarmonicOscillator(Layer):
    """(q, p) -> one leapfrog step with the learnt stiffness k = exp(w)"""

    def build(self, in_shape):
        self.shapes = {"w": ()}
        return in_shape

    def init(self, rng):
        self.w[...] = 0.2

    def forward(self, x, train=True):
        k, h = np.exp(self.w), 0.3
        q, p = np.hsplit(x, 2)
        p1 = p - h / 2 * k * q
        q1 = q + h * p1
        p2 = p1 - h / 2 * k * q1
        return np.hstack([q1, p2]), (q, q1, k, h)

    def backward(self, dy, cache, param_grads=True):
        q, q1, k, h = cache
        dq1, dp2 = np.hsplit(dy, 2)
        dq1 = dq1 - h / 2 * k * dp2
        dp1 = dp2 + h * dq1
        if param_grads:
            self.dw += -h / 2 * k * ((dp2 * q1).sum() + (dp1 * q).sum())
        return np.hstack([dq1 - h / 2 * k * dp1, dp1])


CHECKS = [
    (TableLookup(), (4,)),
    (LinearTable(), (4,)),
    (PerPositionScale(), (2, 3, 2)),
    (Temperature(), (5,)),
    (SoftHistogram(), (7,)),
    (Polar(), (2,)),
    (CorrelateWithMean(), (4,)),
    (Chebyshev(), (2, 3)),
    (HarmonicOscillator(), (4,)),
]

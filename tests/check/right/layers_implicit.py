"""Layers that iterate: fixed points, roots, Sinkhorn, dynamic programmes."""

import numpy as np

from tinygan import Layer


class DeepEquilibrium(Layer):
    """y = tanh(y A + x), solved by iteration; backward solves u = (dy + (u s) A^T)"""

    def build(self, in_shape):
        self.shapes = {"W": (in_shape[0], in_shape[0])}
        return in_shape

    def init(self, rng):
        self.W[...] = rng.standard_normal(self.W.shape)

    def _A(self):
        n = np.sqrt((self.W * self.W).sum())
        return 0.4 * self.W / (1 + n), n

    def forward(self, x, train=True):
        A, n = self._A()
        y = np.zeros_like(x)
        for _ in range(60):
            y = np.tanh(y @ A + x)
        return y, (y, A, n)

    def backward(self, dy, cache, param_grads=True):
        y, A, n = cache
        s = 1 - y * y
        u = dy
        for _ in range(60):
            u = dy + (u * s) @ A.T
        dx = u * s
        if param_grads:
            dA = 0.4 * y.T @ dx
            self.dW += dA / (1 + n) - self.W * (dA * self.W).sum() / (n * (1 + n) ** 2)
        return dx


class CubicRoot(Layer):
    """y + y^3 = x, by Newton's method      dy/dx = 1/(1 + 3 y^2)"""

    def forward(self, x, train=True):
        y = np.zeros_like(x)
        for _ in range(60):
            y = y - (y**3 + y - x) / (3 * y * y + 1)
        return y, (y,)

    def backward(self, dy, cache, param_grads=True):
        return dy / (1 + 3 * np.square(cache[0]))


class Sinkhorn(Layer):
    """rows and columns of exp(tanh x) normalised in turn, three times"""

    def forward(self, x, train=True):
        t = np.tanh(x)
        P = np.exp(t)
        steps = []
        for i in range(6):
            axis = 2 - i % 2
            s = P.sum(axis=axis, keepdims=True)
            P = P / s
            steps.append((axis, s, P))
        return P, (t, steps)

    def backward(self, dy, cache, param_grads=True):
        t, steps = cache
        d = dy
        for axis, s, P in reversed(steps):
            d = (d - (d * P).sum(axis=axis, keepdims=True)) / s
        return d * np.exp(t) * (1 - t * t)


class ChainPartition(Layer):
    """y = log Z of a chain with scores x (T, K) and learnt transitions A (K, K)"""

    def build(self, in_shape):
        _T, K = in_shape
        self.shapes = {"A": (K, K)}
        return (1,)

    def init(self, rng):
        self.A[...] = rng.standard_normal(self.A.shape)

    @staticmethod
    def _lse(z, axis):
        top = z.max(axis=axis, keepdims=True)
        return np.squeeze(top, axis) + np.log(np.exp(z - top).sum(axis=axis))

    def forward(self, x, train=True):
        alpha = [x[:, 0]]
        for t in range(1, x.shape[1]):
            alpha.append(self._lse(alpha[-1][:, :, None] + self.A, 1) + x[:, t])
        logZ = self._lse(alpha[-1], 1)
        return logZ[:, None], (x, alpha, logZ)

    def backward(self, dy, cache, param_grads=True):
        x, alpha, logZ = cache
        dx = np.empty_like(x)
        beta = np.zeros_like(x[:, 0])
        for t in range(x.shape[1] - 1, -1, -1):
            dx[:, t] = dy * np.exp(alpha[t] + beta - logZ[:, None])
            if t:
                out = self.A + (x[:, t] + beta)[:, None, :]
                if param_grads:
                    pair = alpha[t - 1][:, :, None] + out - logZ[:, None, None]
                    self.dA += (dy[:, :, None] * np.exp(pair)).sum(axis=0)
                beta = self._lse(out, 2)
        return dx


class BestPath(Layer):
    """y = the largest sum along a path that moves by at most one column per row"""

    def build(self, in_shape):
        return (1,)

    def forward(self, x, train=True):
        _N, T, _K = x.shape
        best = x[:, 0]
        choices = []
        for t in range(1, T):
            p = np.pad(best, ((0, 0), (1, 1)), constant_values=-np.inf)
            three = np.stack([p[:, :-2], p[:, 1:-1], p[:, 2:]])
            step = three.argmax(axis=0)
            choices.append(step - 1)
            best = three.max(axis=0) + x[:, t]
        return best.max(axis=1, keepdims=True), (choices, best.argmax(1), x.shape)

    def backward(self, dy, cache, param_grads=True):
        choices, k, shape = cache
        dx = np.zeros(shape, dy.dtype)
        n = np.arange(shape[0])
        for t in range(shape[1] - 1, -1, -1):
            dx[n, t, k] = dy[:, 0]
            if t:
                k = k + choices[t - 1][n, k]
        return dx


class SoftThresholdUnrolled(Layer):
    """three steps of ISTA, z <- S(z + (x - z D^T) D/8, 0.1), D learnt"""

    def build(self, in_shape):
        self.shapes = {"D": (in_shape[0], 5)}
        return (5,)

    def init(self, rng):
        self.D[...] = rng.standard_normal(self.D.shape) / 2

    def forward(self, x, train=True):
        z = np.zeros((len(x), 5), x.dtype)
        trace = []
        for _ in range(3):
            r = x - z @ self.D.T
            u = z + r @ self.D / 8
            on = np.abs(u) > 0.1
            trace.append((z, r, on))
            z = np.sign(u) * np.maximum(np.abs(u) - 0.1, 0)
        return z, tuple(trace)

    def backward(self, dy, cache, param_grads=True):
        dz, dx = dy, 0
        for z, r, on in cache[::-1]:
            du = dz * on
            dr = du @ self.D.T / 8
            if param_grads:
                self.dD += r.T @ du / 8 - dr.T @ z
            dx = dx + dr
            dz = du - dr @ self.D
        return dx


class GridSample(Layer):
    """an image sampled bilinearly at A (i, j) + t, A and t learnt, zeros outside"""

    def build(self, in_shape):
        self.shapes = {"A": (2, 2), "t": (2,)}
        return in_shape

    def init(self, rng):
        self.A[...] = [[0.91, 0.13], [-0.17, 1.07]]
        self.t[...] = [0.31, -0.23]

    def _corners(self, H, W):
        ij = np.stack(np.meshgrid(np.arange(H), np.arange(W), indexing="ij"), -1)
        p = ij.astype(self.A.dtype) @ self.A.T + self.t
        low = np.floor(p).astype(int)
        f = p - low.astype(p.dtype)
        for a in (0, 1):
            for b in (0, 1):
                i, j = low[..., 0] + a, low[..., 1] + b
                inside = (i >= 0) & (i < H) & (j >= 0) & (j < W)
                wi = f[..., 0] if a else 1 - f[..., 0]
                wj = f[..., 1] if b else 1 - f[..., 1]
                where = np.where(inside, i, 0), np.where(inside, j, 0)
                yield where, inside * wi, wj, 2 * a - 1, 2 * b - 1, inside

    def forward(self, x, train=True):
        H, W = x.shape[1:3]
        y = np.zeros(x.shape, x.dtype)
        for (i, j), wi, wj, *_ in self._corners(H, W):
            y += x[:, i, j] * (wi * wj)[..., None]
        return y, (x,)

    def backward(self, dy, cache, param_grads=True):
        (x,) = cache
        H, W = x.shape[1:3]
        dx = np.zeros(x.shape, x.dtype)
        dp = np.zeros((H, W, 2), x.dtype)
        for (i, j), wi, wj, si, sj, inside in self._corners(H, W):
            np.add.at(dx, (slice(None), i, j), dy * (wi * wj)[..., None])
            along = (dy * x[:, i, j]).sum(axis=(0, 3)) * inside
            dp += np.stack([along * si * wj, along * sj * wi], axis=-1)
        if param_grads:
            ij = np.stack(np.meshgrid(np.arange(H), np.arange(W), indexing="ij"), -1)
            self.dA += np.einsum("hwa,hwb->ab", dp, ij.astype(dp.dtype))
            self.dt += dp.sum((0, 1))
        return dx


CHECKS = [
    (DeepEquilibrium(), (4,)),
    (CubicRoot(), (6,)),
    (Sinkhorn(), (3, 3)),
    (ChainPartition(), (4, 3)),
    (BestPath(), (5, 4)),
    (SoftThresholdUnrolled(), (4,)),
    (GridSample(), (4, 5, 2)),
]

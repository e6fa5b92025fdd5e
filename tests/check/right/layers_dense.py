"""Dense layers with another parametrisation, features, and small models."""

import numpy as np

from tinygan import Layer


class EqualisedDense(Layer):
    """y = x (c W) + b with c = sqrt(2/n_in) at run time, with a tangent pass"""

    def __init__(self, n_out):
        self.n_out = n_out

    def build(self, in_shape):
        self.shapes = {"W": (in_shape[0], self.n_out), "b": (self.n_out,)}
        self.c = float(np.sqrt(2 / in_shape[0]))
        return (self.n_out,)

    def init(self, rng):
        self.W[...] = rng.standard_normal(self.W.shape)

    def forward(self, x, train=True):
        return x.dot(self.W) * self.c + self.b, (x,)

    def backward(self, dy, cache, param_grads=True):
        if param_grads:
            self.dW += self.c * cache[0].T.dot(dy)
            self.db += dy.sum(0)
        return self.c * dy.dot(self.W.T)

    def tangent(self, x_dot, cache):
        return x_dot.dot(self.W) * self.c, (x_dot,)

    def tangent_backward(self, dy, dy_dot, cache, cache_dot):
        dx = dx_dot = None
        if dy is not None:
            dx = self.backward(dy, cache)
        if dy_dot is not None:
            self.dW += self.c * cache_dot[0].T.dot(dy_dot)
            dx_dot = self.c * dy_dot.dot(self.W.T)
        return dx, dx_dot


class WeightNormDense(Layer):
    """y = x W + b, columns W_j = g_j v_j/|v_j|"""

    def __init__(self, n_out):
        self.n_out = n_out

    def build(self, in_shape):
        n = self.n_out
        self.shapes = {"v": (in_shape[-1], n), "g": (n,), "b": (n,)}
        return (*in_shape[:-1], n)

    def init(self, rng):
        self.v[...] = 0.5 * rng.standard_normal(self.v.shape)
        self.g[...] = np.linalg.norm(self.v, axis=0)

    def forward(self, x, train=True):
        norm = np.linalg.norm(self.v, axis=0)
        unit = self.v / norm
        return x @ (self.g * unit) + self.b, (x, unit, norm)

    def backward(self, dy, cache, param_grads=True):
        x, unit, norm = cache
        if param_grads:
            dW = np.tensordot(x, dy, axes=(range(x.ndim - 1), range(x.ndim - 1)))
            dg = (dW * unit).sum(0)
            self.dg += dg
            self.dv += self.g / norm * (dW - unit * dg)
            self.db += dy.reshape(-1, self.n_out).sum(0)
        return dy @ (self.g * unit).T


class WeightStandardDense(Layer):
    """y = x W_hat, W_hat_j = (W_j - mean)/(std + eps) of each column"""

    def __init__(self, n_out):
        self.n_out = n_out

    def build(self, in_shape):
        self.shapes = {"W": (in_shape[0], self.n_out)}
        return (self.n_out,)

    def init(self, rng):
        self.W[...] = rng.normal(0, 0.3, self.W.shape)

    def forward(self, x, train=True):
        mu, sd = self.W.mean(0), self.W.std(0)
        What = (self.W - mu) / (sd + 1e-4)
        return x @ What, (x, What, mu, sd)

    def backward(self, dy, cache, param_grads=True):
        x, What, mu, sd = cache
        if param_grads:
            dWh = x.T @ dy
            centred = self.W - mu
            d = dWh / (sd + 1e-4)
            dsd = -(dWh * centred).sum(0) / (sd + 1e-4) ** 2
            d = d + dsd * centred / (len(centred) * sd)
            self.dW += d - d.mean(0)
        return dy @ What.T


class LowRankDense(Layer):
    """y = (x U) V + b, of rank 2"""

    def __init__(self, n_out, rank=2):
        self.n_out, self.rank = n_out, rank

    def build(self, in_shape):
        self.shapes = {
            "U": (in_shape[0], self.rank),
            "V": (self.rank, self.n_out),
            "b": (1, self.n_out),
        }
        return (self.n_out,)

    def init(self, rng):
        for p in (self.U, self.V):
            p[...] = rng.uniform(-1, 1, p.shape)

    def forward(self, x, train=True):
        h = np.dot(x, self.U)
        return np.dot(h, self.V) + self.b, (x, h)

    def backward(self, dy, cache, param_grads=True):
        x, h = cache
        dh = np.dot(dy, self.V.T)
        if param_grads:
            self.dV += np.dot(h.T, dy)
            self.dU += np.dot(x.T, dh)
            self.db += np.sum(dy, axis=0, keepdims=True)
        return np.dot(dh, self.U.T)


class KroneckerDense(Layer):
    """y = x kron(A, B), computed as A^T X B with X = x as a matrix"""

    def build(self, in_shape):
        assert in_shape == (6,)
        self.shapes = {"A": (2, 4), "B": (3, 2)}
        return (8,)

    def init(self, rng):
        self.A[...] = rng.normal(size=(2, 4))
        self.B[...] = rng.normal(size=(3, 2))

    def forward(self, x, train=True):
        X = x.reshape(-1, 2, 3)
        return (self.A.T @ X @ self.B).reshape(-1, 8), (X,)

    def backward(self, dy, cache, param_grads=True):
        (X,) = cache
        dY = dy.reshape(-1, 4, 2)
        if param_grads:
            self.dA += np.einsum("nki,nai->ka", X @ self.B, dY)
            self.dB += np.einsum("nia,nib->ab", self.A.T @ X, dY)
        return (self.A @ dY @ self.B.T).reshape(-1, 6)


class LipschitzDense(Layer):
    """y = x W/max(1, |W|_inf), |W|_inf the largest absolute column sum"""

    def __init__(self, n_out):
        self.n_out = n_out

    def build(self, in_shape):
        self.shapes = {"W": (in_shape[0], self.n_out)}
        return (self.n_out,)

    def init(self, rng):
        self.W[...] = rng.normal(size=self.W.shape)

    def forward(self, x, train=True):
        sums = np.abs(self.W).sum(axis=0)
        j = int(sums.argmax())
        bound = sums[j]
        if bound <= 1:
            return x @ self.W, (x, None, 1.0)
        return x @ (self.W / bound), (x, j, bound)

    def backward(self, dy, cache, param_grads=True):
        x, j, bound = cache
        if param_grads:
            dWbar = x.T @ dy
            self.dW += dWbar / bound
            if j is not None:
                dbound = -(dWbar * self.W).sum() / bound**2
                self.dW[:, j] += dbound * np.sign(self.W[:, j])
        return dy @ (self.W / bound).T


class MaskedDense(Layer):
    """y = x (M W), M strictly upper triangular: an autoregressive layer"""

    def build(self, in_shape):
        d = in_shape[0]
        self.shapes = {"W": (d, d)}
        return (d,)

    def init(self, rng):
        self.W[...] = rng.normal(size=self.W.shape)

    def forward(self, x, train=True):
        return x @ np.triu(self.W, 1), (x,)

    def backward(self, dy, cache, param_grads=True):
        if param_grads:
            self.dW += np.triu(cache[0].T @ dy, k=1)
        return dy @ np.triu(self.W, 1).T


class ResidualBlock(Layer):
    """y = x + tanh(x W1 + b1) W2"""

    def __init__(self, hidden):
        self.hidden = hidden

    def build(self, in_shape):
        d, h = in_shape[0], self.hidden
        self.shapes = {"W1": (d, h), "b1": (h,), "W2": (h, d)}
        return in_shape

    def init(self, rng):
        self.W1[...] = rng.standard_normal(self.W1.shape) / 3
        self.W2[...] = rng.standard_normal(self.W2.shape) / 3

    def forward(self, x, train=True):
        h = np.tanh(x @ self.W1 + self.b1)
        y = x.copy()
        y += h @ self.W2
        return y, (x, h)

    def backward(self, dy, cache, param_grads=True):
        x, h = cache
        dz = (dy @ self.W2.T) * (1 - h**2)
        if param_grads:
            self.dW2 += h.T @ dy
            self.dW1 += x.T @ dz
            self.db1 += np.add.reduce(dz, axis=0)
        return dy + dz @ self.W1.T


CHECKS = [
    (EqualisedDense(4), (5,)),
    (WeightNormDense(4), (5,)),
    (WeightNormDense(3), (2, 5)),
    (WeightStandardDense(4), (5,)),
    (LowRankDense(5), (6,)),
    (KroneckerDense(), (6,)),
    (LipschitzDense(3), (4,)),
    (MaskedDense(), (5,)),
    (ResidualBlock(6), (4,)),
]

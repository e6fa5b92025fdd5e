"""Each sample is a matrix: moments, inverses, eigenvalues, distances."""

import numpy as np

from tinygan import Layer


class Gram(Layer):
    """y = x^T x / T of each sample: the channels' second moments (style features)"""

    def build(self, in_shape):
        _T, C = in_shape
        return C, C

    def forward(self, x, train=True):
        return np.einsum("nti,ntj->nij", x, x) / x.shape[1], (x,)

    def backward(self, dy, cache, param_grads=True):
        (x,) = cache
        return x @ (dy + dy.transpose(0, 2, 1)) / x.shape[1]


class MeanStd(Layer):
    """y = [mean, sqrt(var + 1e-4)] over time of each channel (statistics pooling)"""

    def build(self, in_shape):
        return (2 * in_shape[1],)

    def forward(self, x, train=True):
        mu = x.mean(axis=1)
        sd = np.sqrt(np.var(x, axis=1) + 1e-4)
        return np.r_["1", mu, sd], (x - mu[:, None], sd)

    def backward(self, dy, cache, param_grads=True):
        c, sd = cache
        C = sd.shape[1]
        return (dy[:, None, :C] + (dy[:, C:] / sd)[:, None] * c) / c.shape[1]


class RidgeInverse(Layer):
    """y = (X^T X + I)^-1 X^T t of each sample, ridge regression on a learnt t"""

    def build(self, in_shape):
        T, C = in_shape
        self.shapes = {"t": (T,)}
        return (C,)

    def init(self, rng):
        self.t[...] = rng.standard_normal(self.t.shape)

    def forward(self, x, train=True):
        A = np.einsum("nti,ntj->nij", x, x) + np.eye(x.shape[2], dtype=x.dtype)
        w = np.linalg.solve(A, (x.swapaxes(1, 2) @ self.t)[..., None])[..., 0]
        return w, (x, A, w)

    def backward(self, dy, cache, param_grads=True):
        x, A, w = cache
        u = np.linalg.solve(A, dy[..., None])[..., 0]
        xu, xw = np.einsum("ntc,nc->nt", x, u), np.einsum("ntc,nc->nt", x, w)
        if param_grads:
            self.dt += xu.sum(0)
        return (
            np.einsum("t,nc->ntc", self.t, u)
            - xu[:, :, None] * w[:, None]
            - xw[:, :, None] * u[:, None]
        )


class LogDet(Layer):
    """y = log det(I + X X^T) of each sample"""

    def build(self, in_shape):
        return (1,)

    def forward(self, x, train=True):
        A = x @ np.swapaxes(x, -1, -2) + np.eye(x.shape[1], dtype=x.dtype)
        return np.linalg.slogdet(A)[1][:, None], (x, A)

    def backward(self, dy, cache, param_grads=True):
        x, A = cache
        return 2 * dy[:, :, None] * np.linalg.solve(A, x)


class Eigenvalues(Layer):
    """y = the eigenvalues of (X + X^T)/2 of each sample, in ascending order"""

    def build(self, in_shape):
        n, m = in_shape
        assert n == m, "square matrices"
        return (n,)

    def forward(self, x, train=True):
        w, V = np.linalg.eigh((x + x.swapaxes(1, 2)) / 2)
        return w, (V,)

    def backward(self, dy, cache, param_grads=True):
        (V,) = cache
        return np.einsum("nij,nj,nkj->nik", V, dy, V)


class SingularValues(Layer):
    """y = the singular values of each sample      dX = U diag(dy) V^T"""

    def build(self, in_shape):
        return (min(in_shape),)

    def forward(self, x, train=True):
        U, s, Vt = np.linalg.svd(x, full_matrices=False)
        return s, (U, Vt)

    def backward(self, dy, cache, param_grads=True):
        U, Vt = cache
        return (U * dy[:, None, :]) @ Vt


class NuclearRatio(Layer):
    """y = trace(X)/(|X|_F + 1), by np.trace and np.linalg.norm over two axes"""

    def build(self, in_shape):
        assert in_shape[0] == in_shape[1], "square matrices"
        return (1,)

    def forward(self, x, train=True):
        n = np.linalg.norm(x, axis=(1, 2))
        t = np.trace(x, axis1=1, axis2=2)
        return (t / (1 + n))[:, None], (x, n, t)

    def backward(self, dy, cache, param_grads=True):
        x, n, t = cache
        g = dy[:, :, None] / (1 + n)[:, None, None]
        unit = x / np.where(n > 0, n, 1)[:, None, None]
        along = unit * (t / (1 + n))[:, None, None]
        return g * (np.eye(x.shape[1], dtype=x.dtype) - along)


class CholeskyFactor(Layer):
    """y = L with L L^T = X X^T + I (Murray 2016 for the backward pass)"""

    def build(self, in_shape):
        return (in_shape[0], in_shape[0])

    def forward(self, x, train=True):
        A = x @ x.swapaxes(1, 2) + np.eye(x.shape[1], dtype=x.dtype)
        L = np.linalg.cholesky(A)
        return L, (x, L)

    def backward(self, dy, cache, param_grads=True):
        x, L = cache
        P = np.tril(L.swapaxes(1, 2) @ np.tril(dy))
        d = np.arange(P.shape[1])
        P[:, d, d] /= 2
        inv = np.linalg.inv(L)
        S = inv.swapaxes(1, 2) @ P @ inv
        return (S + S.swapaxes(1, 2)) @ x


class PairwiseDistances(Layer):
    """y_ij = sqrt(|x_i - x_j|^2 + 1e-3) between the rows of a sample"""

    def build(self, in_shape):
        return (in_shape[0], in_shape[0])

    def forward(self, x, train=True):
        diff = x[:, :, None] - x[:, None]
        y = np.sqrt(np.einsum("nijc,nijc->nij", diff, diff) + 1e-3)
        return y, (diff, y)

    def backward(self, dy, cache, param_grads=True):
        diff, y = cache
        g = (dy / y)[..., None] * diff
        return g.sum(2) - g.sum(1)


CHECKS = [
    (Gram(), (4, 3)),
    (MeanStd(), (5, 2)),
    (RidgeInverse(), (5, 3)),
    (LogDet(), (3, 4)),
    (Eigenvalues(), (3, 3)),
    (SingularValues(), (3, 4)),
    (NuclearRatio(), (3, 3)),
    (CholeskyFactor(), (3, 2)),
    (PairwiseDistances(), (4, 2)),
]

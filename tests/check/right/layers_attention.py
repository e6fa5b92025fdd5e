"""Softmax and its relatives, attention and gates."""

import numpy as np

from tinygan import Layer


def softmax(z, axis=-1):
    e = np.exp(z - z.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


def softmax_back(d, p, axis=-1):
    return p * (d - (d * p).sum(axis=axis, keepdims=True))


class SelfAttention(Layer):
    """y = softmax(Q K^T / sqrt(d)) V with Q = x Wq, K = x Wk, V = x Wv"""

    def build(self, in_shape):
        _T, C = in_shape
        self.shapes = {"Wq": (C, C), "Wk": (C, C), "Wv": (C, C)}
        return in_shape

    def init(self, rng):
        for W in (self.Wq, self.Wk, self.Wv):
            W[...] = rng.standard_normal(W.shape) / np.sqrt(len(W))

    def forward(self, x, train=True):
        q, k, v = x @ self.Wq, x @ self.Wk, x @ self.Wv
        scale = x.shape[-1] ** -0.5
        A = softmax(q @ k.transpose(0, 2, 1) * scale)
        return A @ v, (x, q, k, v, A)

    def backward(self, dy, cache, param_grads=True):
        x, q, k, v, A = cache
        scale = x.shape[-1] ** -0.5
        dv = A.transpose(0, 2, 1) @ dy
        dS = softmax_back(dy @ v.transpose(0, 2, 1), A) * scale
        dq, dk = dS @ k, dS.transpose(0, 2, 1) @ q
        if param_grads:
            for name, d in (("dWq", dq), ("dWk", dk), ("dWv", dv)):
                getattr(self, name)[...] += np.einsum("nti,ntj->ij", x, d)
        return dq @ self.Wq.T + dk @ self.Wk.T + dv @ self.Wv.T


class MultiHead(Layer):
    """y = x + concat_h(softmax(Q_h K_h^T/sqrt(d)) V_h) Wo, one matrix for Q, K and V"""

    def __init__(self, heads):
        self.h = heads

    def build(self, in_shape):
        _T, C = in_shape
        self.d = C // self.h
        self.shapes = {"Wqkv": (3, C, self.h, self.d), "Wo": (self.h, self.d, C)}
        return in_shape

    def init(self, rng):
        self.Wqkv[...] = 0.4 * rng.normal(size=self.Wqkv.shape)
        self.Wo[...] = 0.4 * rng.normal(size=self.Wo.shape)

    def forward(self, x, train=True):
        q, k, v = np.einsum("ntc,schd->snhtd", x, self.Wqkv)
        P = softmax(np.einsum("nhtd,nhsd->nhts", q, k) / self.d**0.5)
        o = np.einsum("nhts,nhsd->nhtd", P, v)
        y = np.einsum("nhtd,hdc->ntc", o, self.Wo)
        return x + y, (x, q, k, v, P, o)

    def backward(self, dy, cache, param_grads=True):
        x, q, k, v, P, o = cache
        do = np.einsum("ntc,hdc->nhtd", dy, self.Wo)
        dP = np.einsum("nhtd,nhsd->nhts", do, v)
        dS = softmax_back(dP, P) / self.d**0.5
        dqkv = np.stack(
            [
                np.einsum("nhts,nhsd->nhtd", dS, k),
                np.einsum("nhts,nhtd->nhsd", dS, q),
                np.einsum("nhts,nhtd->nhsd", P, do),
            ]
        )
        if param_grads:
            self.dWo += np.einsum("nhtd,ntc->hdc", o, dy)
            self.dWqkv += np.einsum("ntc,snhtd->schd", x, dqkv)
        return dy + np.einsum("snhtd,schd->ntc", dqkv, self.Wqkv)


class CausalAttention(Layer):
    """y_t = sum_{s <= t} softmax_s(x_t . x_s / d) x_s, no parameters"""

    def forward(self, x, train=True):
        T, d = x.shape[1:]
        S = np.matmul(x, np.swapaxes(x, 1, 2)) / d
        late = np.triu(np.ones((T, T), bool), 1)
        S = np.where(late, -np.inf, S)
        P = softmax(S)
        return np.matmul(P, x), (x, P)

    def backward(self, dy, cache, param_grads=True):
        x, P = cache
        dS = softmax_back(np.matmul(dy, np.swapaxes(x, 1, 2)), P) / x.shape[2]
        dx = np.matmul(np.swapaxes(P, 1, 2), dy)
        dx += np.matmul(dS, x) + np.matmul(np.swapaxes(dS, 1, 2), x)
        return dx


class LinearAttention(Layer):
    """y = phi(x)(phi(x)^T x)/(phi(x) sum phi(x) + eps), phi = elu + 1"""

    def forward(self, x, train=True):
        f = np.where(x > 0, x + 1, np.exp(np.minimum(x, 0)))
        KV = np.einsum("ntc,ntd->ncd", f, x)
        Z = f.sum(axis=1)
        num = np.einsum("ntc,ncd->ntd", f, KV)
        den = np.einsum("ntc,nc->nt", f, Z)[..., None] + 1e-6
        y = num / den
        return y, (x, f, KV, Z, den, y)

    def backward(self, dy, cache, param_grads=True):
        x, f, KV, Z, den, y = cache
        dnum = dy / den
        dden = -(dy * y).sum(-1, keepdims=True) / den
        df = dnum @ KV.swapaxes(1, 2) + dden * Z[:, None]
        dKV = f.swapaxes(1, 2) @ dnum
        dZ = (f * dden).sum(1)
        df += x @ dKV.swapaxes(1, 2) + dZ[:, None]
        return f @ dKV + df * np.where(x > 0, 1, f)


CHECKS = [
    (SelfAttention(), (4, 3)),
    (MultiHead(2), (3, 4)),
    (CausalAttention(), (4, 3)),
    (LinearAttention(), (4, 3)),
]

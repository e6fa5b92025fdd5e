"""Softmax and its relatives, attention and gates."""

import numpy as np
from tinygan import Layer, sigmoid


def softmax(z, axis=-1):
    e = np.exp(z - z.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


def softmax_back(d, p, axis=-1):
    return p * (d - (d * p).sum(axis=axis, keepdims=True))


class Softmax(Layer):
    """y_i = e^{x_i} / sum_j e^{x_j}, with a tangent pass"""

    def forward(self, x, train=True):
        p = softmax(x)
        return p, (p,)

    def backward(self, dy, cache, param_grads=True):
        return softmax_back(dy, cache[0])

    def tangent(self, x_dot, cache):
        return softmax_back(x_dot, cache[0]), (x_dot,)

    def tangent_backward(self, dy, dy_dot, cache, cache_dot):
        (p,), (v,) = cache, cache_dot
        dp = np.zeros_like(p)
        if dy is not None:
            dp = dp + dy
        if dy_dot is None:
            return softmax_back(dp, p), None
        m = (v * p).sum(-1, keepdims=True)
        dp = dp + dy_dot * (v - m) - v * (dy_dot * p).sum(-1, keepdims=True)
        return softmax_back(dp, p), softmax_back(dy_dot, p)


class SoftmaxJacobian(Layer):
    """y = softmax(x / T), T learnt; the Jacobian is written out sample by sample"""

    def build(self, in_shape):
        (self.d,) = in_shape
        self.shapes = {"T": (1,)}
        return in_shape

    def init(self, rng):
        self.T[...] = 1.7

    def forward(self, x, train=True):
        p = softmax(x / self.T)
        return p, (x, p)

    def backward(self, dy, cache, param_grads=True):
        x, p = cache
        dx = np.empty_like(x)
        for n in range(len(x)):
            J = np.diag(p[n]) - np.outer(p[n], p[n])
            dz = J @ dy[n]
            dx[n] = dz / self.T
            if param_grads:
                self.dT -= dz @ x[n] / self.T**2
        return dx


class LogSoftmax(Layer):
    """y = x - log sum exp(x) over the channels"""

    def forward(self, x, train=True):
        s = x - np.max(x, axis=-1, keepdims=True)
        y = s - np.log(np.exp(s).sum(-1, keepdims=True))
        return y, (np.exp(y),)

    def backward(self, dy, cache, param_grads=True):
        return dy - cache[0] * dy.sum(-1, keepdims=True)


class LogSumExp(Layer):
    """y = logaddexp.reduce(x), one number per sample"""

    def build(self, in_shape):
        return (1,)

    def forward(self, x, train=True):
        y = np.logaddexp.reduce(x, axis=1)[:, None]
        return y, (np.exp(x - y),)

    def backward(self, dy, cache, param_grads=True):
        return dy * cache[0]


class Sparsemax(Layer):
    """y = argmin_p |p - x|^2 on the simplex (Martins and Astudillo 2016)"""

    def forward(self, x, train=True):
        z = -np.sort(-x, axis=1)
        k = np.arange(1, x.shape[1] + 1)
        css = np.cumsum(z, axis=1)
        support = 1 + k * z > css
        kz = support.sum(axis=1)
        tau = (css[np.arange(len(x)), kz - 1] - 1) / kz
        p = np.maximum(x - tau[:, None].astype(x.dtype), 0)
        return p, (p > 0,)

    def backward(self, dy, cache, param_grads=True):
        (on,) = cache
        mean = np.sum(dy * on, axis=1) / on.sum(axis=1).astype(dy.dtype)
        return on * (dy - mean[:, None])


class Gumbel(Layer):
    """y = softmax((x + g)/0.7), g Gumbel noise in training, seeded by a counter"""

    def init(self, rng):
        self.state = {"calls": 0}

    def forward(self, x, train=True):
        g = np.zeros_like(x)
        if train:
            rng = np.random.default_rng(self.state["calls"])
            self.state["calls"] += 1
            g = rng.gumbel(size=x.shape).astype(x.dtype)
        p = softmax((x + g) / 0.7)
        return p, (p,)

    def backward(self, dy, cache, param_grads=True):
        return softmax_back(dy, cache[0]) / 0.7


class SelfAttention(Layer):
    """y = softmax(Q K^T / sqrt(d)) V with Q = x Wq, K = x Wk, V = x Wv"""

    def build(self, in_shape):
        T, C = in_shape
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
        T, C = in_shape
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
    """y = phi(q)(phi(k)^T v)/(phi(q) sum phi(k)), phi = elu + 1, q = k = v = x"""

    def forward(self, x, train=True):
        f = np.where(x > 0, x + 1, np.exp(np.minimum(x, 0)))
        KV = np.einsum("ntc,ntd->ncd", f, x)
        Z = f.sum(axis=1)
        num = np.einsum("ntc,ncd->ntd", f, KV)
        den = np.einsum("ntc,nc->nt", f, Z)[..., None]
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


class SqueezeExcite(Layer):
    """y = x sigmoid(relu(mean(x) W1) W2), one gate per channel"""

    def build(self, in_shape):
        H, W, C = in_shape
        self.shapes = {"W1": (C, 3), "W2": (3, C)}
        return in_shape

    def init(self, rng):
        self.W1[...] = rng.normal(size=self.W1.shape)
        self.W2[...] = rng.normal(size=self.W2.shape)

    def forward(self, x, train=True):
        m = x.mean(axis=(1, 2))
        h = np.maximum(m @ self.W1, 0)
        g = sigmoid(h @ self.W2)
        return x * g[:, None, None, :], (x, m, h, g)

    def backward(self, dy, cache, param_grads=True):
        x, m, h, g = cache
        dg = np.einsum("nhwc,nhwc->nc", dy, x)
        da = dg * g * (1 - g)
        dh = (da @ self.W2.T) * (h > 0)
        if param_grads:
            self.dW2 += h.T @ da
            self.dW1 += m.T @ dh
        dm = dh @ self.W1.T
        P = x.shape[1] * x.shape[2]
        return dy * g[:, None, None, :] + dm[:, None, None, :] / P


class SpatialGate(Layer):
    """y = x sigmoid(a max_c x + b mean_c x) at each pixel"""

    def build(self, in_shape):
        self.shapes = {"ab": (2,)}
        return in_shape

    def init(self, rng):
        self.ab[...] = [0.7, -0.4]

    def forward(self, x, train=True):
        top = x.max(-1, keepdims=True)
        avg = x.mean(-1, keepdims=True)
        g = sigmoid(self.ab[0] * top + self.ab[1] * avg)
        return x * g, (x, top, avg, g)

    def backward(self, dy, cache, param_grads=True):
        x, top, avg, g = cache
        da = (dy * x).sum(-1, keepdims=True) * g * (1 - g)
        if param_grads:
            self.dab += np.array([(da * top).sum(), (da * avg).sum()])
        first = np.argmax(x, -1)[..., None] == np.arange(x.shape[-1])
        return dy * g + first * self.ab[0] * da + self.ab[1] * da / x.shape[-1]


class GLU(Layer):
    """y = a sigmoid(b), [a, b] = x: half as many channels"""

    def build(self, in_shape):
        return (*in_shape[:-1], in_shape[-1] // 2)

    def forward(self, x, train=True):
        a, b = np.split(x, 2, axis=-1)
        g = sigmoid(b)
        return a * g, (a, g)

    def backward(self, dy, cache, param_grads=True):
        a, g = cache
        return np.concatenate([dy * g, dy * a * g * (1 - g)], axis=-1)


class GEGLU(Layer):
    """y = (x U) * gelu(x V), gelu by the logistic 1.702 approximation"""

    def build(self, in_shape):
        self.shapes = {"U": (in_shape[0], 4), "V": (in_shape[0], 4)}
        return (4,)

    def init(self, rng):
        self.U[...] = rng.normal(0, 0.5, self.U.shape)
        self.V[...] = rng.normal(0, 0.5, self.V.shape)

    def forward(self, x, train=True):
        u, v = x @ self.U, x @ self.V
        s = sigmoid(1.702 * v)
        return u * v * s, (x, u, v, s)

    def backward(self, dy, cache, param_grads=True):
        x, u, v, s = cache
        du = dy * v * s
        dv = dy * u * (s + 1.702 * v * s * (1 - s))
        if param_grads:
            self.dU += x.T @ du
            self.dV += x.T @ dv
        return du @ self.U.T + dv @ self.V.T


class Highway(Layer):
    """y = t h + (1 - t) x, h = tanh(x W), t = sigmoid(x Wt + bt)"""

    def build(self, in_shape):
        d = in_shape[-1]
        self.shapes = {"W": (d, d), "Wt": (d, d), "bt": (d,)}
        return in_shape

    def init(self, rng):
        self.W[...] = rng.normal(0, 0.5, self.W.shape)
        self.Wt[...] = rng.normal(0, 0.5, self.Wt.shape)
        self.bt[...] = -1

    def forward(self, x, train=True):
        h = np.tanh(x @ self.W)
        t = sigmoid(x @ self.Wt + self.bt)
        return t * h + (1 - t) * x, (x, h, t)

    def backward(self, dy, cache, param_grads=True):
        x, h, t = cache
        dh = dy * t * (1 - h * h)
        dt = dy * (h - x) * t * (1 - t)
        if param_grads:
            self.dW += x.T @ dh
            self.dWt += x.T @ dt
            self.dbt += dt.sum(0)
        return dy * (1 - t) + dh @ self.W.T + dt @ self.Wt.T


class TwoExperts(Layer):
    """y = sum_e p_e(x) (x W_e), p = softmax(x G): a mixture of two linear experts"""

    def build(self, in_shape):
        self.shapes = {"W": (2, in_shape[0], 3), "G": (in_shape[0], 2)}
        return (3,)

    def init(self, rng):
        self.W[...] = rng.standard_normal(self.W.shape)
        self.G[...] = rng.standard_normal(self.G.shape)

    def forward(self, x, train=True):
        p = softmax(x @ self.G)
        out = np.einsum("ni,eij->nej", x, self.W)
        return (p[:, :, None] * out).sum(1), (x, p, out)

    def backward(self, dy, cache, param_grads=True):
        x, p, out = cache
        dz = softmax_back(np.einsum("nj,nej->ne", dy, out), p)
        dout = p[:, :, None] * dy[:, None, :]
        if param_grads:
            self.dG += x.T @ dz
            self.dW += np.einsum("ni,nej->eij", x, dout)
        return dz @ self.G.T + np.einsum("nej,eij->ni", dout, self.W)


CHECKS = [
    (Softmax(), (5,)),
    (Softmax(), (3, 4)),
    (SoftmaxJacobian(), (5,)),
    (LogSoftmax(), (2, 5)),
    (LogSumExp(), (6,)),
    (Sparsemax(), (6,)),
    (Gumbel(), (5,)),
    (SelfAttention(), (4, 3)),
    (MultiHead(2), (3, 4)),
    (CausalAttention(), (4, 3)),
    (LinearAttention(), (4, 3)),
    (SqueezeExcite(), (3, 2, 4)),
    (SpatialGate(), (3, 2, 4)),
    (GLU(), (3, 4)),
    (GEGLU(), (5,)),
    (Highway(), (4,)),
    (TwoExperts(), (5,)),
]

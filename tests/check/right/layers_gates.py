"""Gates: channels, pixels and experts that are switched by a sigmoid or a softmax."""

import numpy as np

from tinygan import Layer, sigmoid


def softmax(z, axis=-1):
    e = np.exp(z - z.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


def softmax_back(d, p, axis=-1):
    return p * (d - (d * p).sum(axis=axis, keepdims=True))


class SqueezeExcite(Layer):
    """y = x sigmoid(relu(mean(x) W1) W2), one gate per channel"""

    def build(self, in_shape):
        _H, _W, C = in_shape
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
    (SqueezeExcite(), (3, 2, 4)),
    (SpatialGate(), (3, 2, 4)),
    (GLU(), (3, 4)),
    (GEGLU(), (5,)),
    (Highway(), (4,)),
    (TwoExperts(), (5,)),
]

"""Filters along time, around a circle, and in the frequency domain."""

import numpy as np

from tinygan import Layer


class DilatedConv(Layer):
    """y[t] = sum_k x[t + 2 k] W[k], valid, dilation 2, with a tangent pass"""

    def __init__(self, n_out):
        self.n_out = n_out

    def build(self, in_shape):
        T, C = in_shape
        self.shapes = {"W": (3, C, self.n_out)}
        return (T - 4, self.n_out)

    def init(self, rng):
        self.W[...] = rng.standard_normal(self.W.shape) / 2

    def forward(self, x, train=True):
        T = x.shape[1] - 4
        y = sum(x[:, 2 * k : 2 * k + T] @ self.W[k] for k in range(3))
        return y, (x,)

    def _adjoint(self, d):
        T = d.shape[1]
        dx = np.zeros((d.shape[0], T + 4, self.W.shape[1]), d.dtype)
        for k in range(3):
            dx[:, 2 * k : 2 * k + T] += d @ self.W[k].T
        return dx

    def _grad(self, x, d):
        T = d.shape[1]
        for k in range(3):
            self.dW[k] += np.einsum("nti,ntj->ij", x[:, 2 * k : 2 * k + T], d)

    def backward(self, dy, cache, param_grads=True):
        if param_grads:
            self._grad(cache[0], dy)
        return self._adjoint(dy)

    def tangent(self, x_dot, cache):
        return self.forward(x_dot)

    def tangent_backward(self, dy, dy_dot, cache, cache_dot):
        out = []
        for d, c in ((dy, cache), (dy_dot, cache_dot)):
            out.append(None if d is None else self.backward(d, c))
        return tuple(out)


class CausalConv1d(Layer):
    """y_t = sum_k x_{t-k} W_k + b, zeros before the start"""

    def __init__(self, n_out, k=3):
        self.n_out, self.k = n_out, k

    def build(self, in_shape):
        T, C = in_shape
        self.shapes = {"W": (self.k, C, self.n_out), "b": (self.n_out,)}
        return (T, self.n_out)

    def init(self, rng):
        self.W[...] = rng.standard_normal(self.W.shape) / 2

    def forward(self, x, train=True):
        N, T, C = x.shape
        p = np.concatenate([np.zeros((N, self.k - 1, C), x.dtype), x], axis=1)
        y = np.zeros((N, T, self.n_out), x.dtype) + self.b
        for t in range(T):
            y[:, t] += np.tensordot(p[:, t : t + self.k][:, ::-1], self.W, 2)
        return y, (p,)

    def backward(self, dy, cache, param_grads=True):
        (p,) = cache
        dp = np.zeros_like(p)
        for t in range(dy.shape[1]):
            dp[:, t : t + self.k] += np.einsum("no,kio->nki", dy[:, t], self.W[::-1])
            if param_grads:
                win = p[:, t : t + self.k][:, ::-1]
                self.dW += np.einsum("nki,no->kio", win, dy[:, t])
        if param_grads:
            self.db += dy.sum((0, 1))
        return dp[:, self.k - 1 :]


class CircularConv(Layer):
    """y = sum_s roll(x, s) w_s over the time axis, w per channel"""

    def build(self, in_shape):
        self.shapes = {"w": (3, in_shape[1])}
        return in_shape

    def init(self, rng):
        self.w[...] = rng.standard_normal(self.w.shape)

    def forward(self, x, train=True):
        y = 0
        for s in (-1, 0, 1):
            y = y + np.roll(x, s, axis=1) * self.w[s + 1]
        return y, (x,)

    def backward(self, dy, cache, param_grads=True):
        (x,) = cache
        dx = np.zeros_like(x)
        for s in (-1, 0, 1):
            dx += np.roll(dy * self.w[s + 1], -s, axis=1)
            if param_grads:
                self.dw[s + 1] += (dy * np.roll(x, s, axis=1)).sum((0, 1))
        return dx


class FFTConv(Layer):
    """y = irfft(rfft(x) rfft(k)), a circular convolution of full length"""

    def build(self, in_shape):
        (T,) = in_shape
        self.shapes = {"k": (T,)}
        return in_shape

    def init(self, rng):
        self.k[...] = rng.standard_normal(self.k.shape) / 3

    def forward(self, x, train=True):
        T = x.shape[1]
        X, K = np.fft.rfft(x, axis=1), np.fft.rfft(self.k)
        return np.fft.irfft(X * K, T, axis=1).astype(x.dtype), (X, K)

    def backward(self, dy, cache, param_grads=True):
        X, K = cache
        T = dy.shape[1]
        DY = np.fft.rfft(dy, axis=1)
        if param_grads:
            self.dk += np.fft.irfft(DY * X.conj(), T, axis=1).sum(0).astype(dy.dtype)
        return np.fft.irfft(DY * K.conj(), T, axis=1).astype(dy.dtype)


class SpectralGain(Layer):
    """y = real(ifft2(g fft2(x))), a learnt gain g(|f|) on each frequency of an image"""

    def build(self, in_shape):
        H, W, _C = in_shape
        self.shapes = {"g": (H, W)}
        return in_shape

    def init(self, rng):
        self.g[...] = rng.uniform(0.5, 1.5, self.g.shape)

    def forward(self, x, train=True):
        F = np.fft.fft2(x, axes=(1, 2))
        y = np.fft.ifft2(F * self.g[:, :, None], axes=(1, 2)).real
        return y.astype(x.dtype, copy=False), (F,)

    def backward(self, dy, cache, param_grads=True):
        (F,) = cache
        D = np.fft.fft2(dy, axes=(1, 2))
        if param_grads:
            n = dy.shape[1] * dy.shape[2]
            self.dg += (F.conj() * D).real.sum(axis=(0, 3)) / n
        dx = np.fft.ifft2(D * self.g[:, :, None], axes=(1, 2)).real
        return dx.astype(dy.dtype, copy=False)


class LocallyConnected(Layer):
    """y_i = tanh(x_i, x_{i+1} times W_i): weights of its own at each position"""

    def build(self, in_shape):
        T, C = in_shape
        self.shapes = {"W": (T - 1, 2, C, C)}
        return (T - 1, C)

    def init(self, rng):
        self.W[...] = rng.standard_normal(self.W.shape) / 2

    def forward(self, x, train=True):
        pairs = np.stack([x[:, :-1], x[:, 1:]], axis=2)
        y = np.tanh(np.einsum("ntkc,tkcd->ntd", pairs, self.W))
        return y, (pairs, y)

    def backward(self, dy, cache, param_grads=True):
        pairs, y = cache
        dz = dy * (1 - y**2)
        if param_grads:
            self.dW += np.einsum("ntkc,ntd->tkcd", pairs, dz)
        dp = np.einsum("ntd,tkcd->ntkc", dz, self.W)
        dx = np.zeros((len(dy), dy.shape[1] + 1, dy.shape[2]), dy.dtype)
        dx[:, :-1] += dp[:, :, 0]
        dx[:, 1:] += dp[:, :, 1]
        return dx


CHECKS = [
    (DilatedConv(3), (7, 2)),
    (CausalConv1d(3), (5, 2)),
    (CircularConv(), (5, 3)),
    (FFTConv(), (8,)),
    (FFTConv(), (7,)),
    (SpectralGain(), (4, 4, 2)),
    (LocallyConnected(), (4, 3)),
]

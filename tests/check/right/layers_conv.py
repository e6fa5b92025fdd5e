"""Convolutions of many kinds, in the ways people write them."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from tinygan import Layer


class DepthwiseConv(Layer):
    """y[i,j,c] = sum_uv x[i+u-1, j+v-1, c] K[u,v,c] + b[c], zero padding"""

    def build(self, in_shape):
        assert len(in_shape) == 3
        C = in_shape[2]
        self.shapes = {"K": (3, 3, C), "b": (C,)}
        return in_shape

    def init(self, rng):
        self.K[...] = rng.standard_normal(self.K.shape) / 3

    def forward(self, x, train=True):
        p = np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))
        H, W = x.shape[1:3]
        y = np.zeros(x.shape, x.dtype)
        for u in range(3):
            for v in range(3):
                y += p[:, u : u + H, v : v + W] * self.K[u, v]
        return y + self.b, (p,)

    def backward(self, dy, cache, param_grads=True):
        (p,) = cache
        H, W = dy.shape[1:3]
        dp = np.zeros(p.shape, p.dtype)
        for u in range(3):
            for v in range(3):
                dp[:, u : u + H, v : v + W] += dy * self.K[u, v]
                if param_grads:
                    win = p[:, u : u + H, v : v + W]
                    self.dK[u, v] += (win * dy).sum((0, 1, 2))
        if param_grads:
            self.db += dy.sum((0, 1, 2))
        return dp[:, 1:-1, 1:-1]


class SeparableConv(Layer):
    """depthwise 2x2, valid, then pointwise: y = (x * K) P"""

    def __init__(self, n_out):
        self.n_out = n_out

    def build(self, in_shape):
        H, W, C = in_shape
        self.shapes = {"K": (2, 2, C), "P": (C, self.n_out)}
        return (H - 1, W - 1, self.n_out)

    def init(self, rng):
        self.K[...] = rng.standard_normal(self.K.shape)
        self.P[...] = rng.standard_normal(self.P.shape)

    def forward(self, x, train=True):
        win = sliding_window_view(x, (2, 2), axis=(1, 2))  # n h w c u v
        h = np.einsum("nhwcuv,uvc->nhwc", win, self.K)
        return h @ self.P, (win, h, x.shape)

    def backward(self, dy, cache, param_grads=True):
        win, h, shape = cache
        dh = dy @ self.P.T
        if param_grads:
            self.dP += np.tensordot(h, dy, ((0, 1, 2), (0, 1, 2)))
            self.dK += np.einsum("nhwcuv,nhwc->uvc", win, dh)
        dx = np.zeros(shape, dh.dtype)
        for u, v in np.ndindex(2, 2):
            dx[:, u : shape[1] - 1 + u, v : shape[2] - 1 + v] += dh * self.K[u, v]
        return dx


class Im2colConv(Layer):
    """A 3x3 convolution of stride 2 as one product of windows and weights"""

    def __init__(self, n_out):
        self.n_out = n_out

    def build(self, in_shape):
        H, W, C = in_shape
        self.shapes = {"W": (9 * C, self.n_out), "b": (self.n_out,)}
        return ((H - 3) // 2 + 1, (W - 3) // 2 + 1, self.n_out)

    def init(self, rng):
        self.W[...] = rng.normal(0, self.W.shape[0] ** -0.5, self.W.shape)

    def forward(self, x, train=True):
        w = sliding_window_view(x, (3, 3), axis=(1, 2))[:, ::2, ::2]
        cols = w.transpose(0, 1, 2, 4, 5, 3).reshape(*w.shape[:3], -1)
        return cols @ self.W + self.b, (cols, x.shape)

    def backward(self, dy, cache, param_grads=True):
        cols, (N, H, W, C) = cache
        if param_grads:
            self.dW += cols.reshape(-1, cols.shape[-1]).T @ dy.reshape(-1, self.n_out)
            self.db += dy.sum(axis=(0, 1, 2))
        dcols = (dy @ self.W.T).reshape(*dy.shape[:3], 3, 3, C)
        dx = np.zeros((N, H, W, C), dtype=dy.dtype)
        OH, OW = dy.shape[1:3]
        for u in range(3):
            for v in range(3):
                dx[:, u : u + 2 * OH : 2, v : v + 2 * OW : 2][:, :OH, :OW] += dcols[
                    :, :, :, u, v
                ]
        return dx


class StandardisedConv1x1(Layer):
    """y = x W_hat, W_hat each output's weights with mean 0 and norm 1"""

    def __init__(self, n_out):
        self.n_out = n_out

    def build(self, in_shape):
        self.shapes = {"W": (self.n_out, in_shape[-1])}
        return (*in_shape[:-1], self.n_out)

    def init(self, rng):
        self.W[...] = rng.standard_normal(self.W.shape)

    def forward(self, x, train=True):
        c = self.W - self.W.mean(axis=1, keepdims=True)
        n = np.linalg.norm(c, axis=1, keepdims=True) + 1e-6
        return np.einsum("nhwc,oc->nhwo", x, c / n), (x, c, n)

    def backward(self, dy, cache, param_grads=True):
        x, c, n = cache
        if param_grads:
            d = np.einsum("nhwo,nhwc->oc", dy, x)
            dc = d / n - c * (d * c).sum(1, keepdims=True) / (n**2 * (n - 1e-6))
            self.dW += dc - dc.mean(axis=1, keepdims=True)
        return np.einsum("nhwo,oc->nhwc", dy, c / n)


class TransposedConvLoops(Layer):
    """y[2i+u, 2j+v] += x[i,j] W[u,v], u, v = 0..2, by scattering"""

    def __init__(self, n_out):
        self.n_out = n_out

    def build(self, in_shape):
        H, W, C = in_shape
        self.shapes = {"W": (3, 3, C, self.n_out), "b": (self.n_out,)}
        return (2 * H + 1, 2 * W + 1, self.n_out)

    def init(self, rng):
        self.W[...] = 0.3 * rng.standard_normal(self.W.shape)

    def forward(self, x, train=True):
        N, H, W, _C = x.shape
        y = np.zeros((N, 2 * H + 1, 2 * W + 1, self.n_out), x.dtype)
        for i in range(H):
            for j in range(W):
                patch = np.einsum("nc,uvco->nuvo", x[:, i, j], self.W)
                y[:, 2 * i : 2 * i + 3, 2 * j : 2 * j + 3] += patch
        y += self.b
        return y, (x,)

    def backward(self, dy, cache, param_grads=True):
        (x,) = cache
        dx = np.empty(x.shape, x.dtype)
        for i in range(x.shape[1]):
            for j in range(x.shape[2]):
                d = dy[:, 2 * i : 2 * i + 3, 2 * j : 2 * j + 3]
                dx[:, i, j] = np.einsum("nuvo,uvco->nc", d, self.W)
                if param_grads:
                    self.dW += np.einsum("nc,nuvo->uvco", x[:, i, j], d)
        if param_grads:
            self.db += dy.sum((0, 1, 2))
        return dx


CHECKS = [
    (DepthwiseConv(), (4, 3, 2)),
    (SeparableConv(3), (4, 5, 2)),
    (Im2colConv(3), (5, 7, 2)),
    (Im2colConv(2), (6, 6, 1)),
    (StandardisedConv1x1(3), (2, 3, 4)),
    (TransposedConvLoops(2), (2, 3, 2)),
]

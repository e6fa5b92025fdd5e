"""Pooling, maxima, medians and other choices among numbers."""

import numpy as np

from tinygan import Layer


class MaxPool2x2(Layer):
    """y = max over each 2x2 window; the first maximum gets the gradient"""

    def build(self, in_shape):
        H, W, C = in_shape
        assert H % 2 == 0 and W % 2 == 0, "even sizes only"
        return H // 2, W // 2, C

    def forward(self, x, train=True):
        N, H, W, C = x.shape
        win = x.reshape(N, H // 2, 2, W // 2, 2, C).transpose(0, 1, 3, 5, 2, 4)
        win = win.reshape(N, H // 2, W // 2, C, 4)
        idx = np.argmax(win, axis=-1)
        y = np.take_along_axis(win, idx[..., None], axis=-1)[..., 0]
        return y, (idx, x.shape)

    def backward(self, dy, cache, param_grads=True):
        idx, (N, H, W, C) = cache
        dwin = np.zeros((N, H // 2, W // 2, C, 4), dtype=dy.dtype)
        np.put_along_axis(dwin, idx[..., None], dy[..., None], axis=-1)
        dwin = dwin.reshape(N, H // 2, W // 2, C, 2, 2)
        return dwin.transpose(0, 1, 4, 2, 5, 3).reshape(N, H, W, C)


class MaxPoolShared(Layer):
    """y = max over each 2x2 window; equal maxima share the gradient"""

    def build(self, in_shape):
        return (in_shape[0] // 2, in_shape[1] // 2, in_shape[2])

    def forward(self, x, train=True):
        N, H, W, C = x.shape
        b = x.reshape(N, H // 2, 2, W // 2, 2, C)
        y = b.max(axis=(2, 4))
        mask = b == y[:, :, None, :, None, :]
        return y, (mask, x.shape)

    def backward(self, dy, cache, param_grads=True):
        mask, shape = cache
        share = mask / mask.sum(axis=(2, 4), keepdims=True)
        dx = share.astype(dy.dtype) * dy[:, :, None, :, None, :]
        return dx.reshape(shape)


class MaxPoolLoops(Layer):
    """y = max over 3x3 windows of stride 2 that overlap, with four plain loops"""

    def build(self, in_shape):
        H, W, C = in_shape
        return ((H - 3) // 2 + 1, (W - 3) // 2 + 1, C)

    def forward(self, x, train=True):
        N, H, W, C = x.shape
        OH, OW = (H - 3) // 2 + 1, (W - 3) // 2 + 1
        y = np.empty((N, OH, OW, C), x.dtype)
        for i in range(OH):
            for j in range(OW):
                y[:, i, j] = x[:, 2 * i : 2 * i + 3, 2 * j : 2 * j + 3].max((1, 2))
        return y, (x,)

    def backward(self, dy, cache, param_grads=True):
        (x,) = cache
        dx = np.zeros(x.shape, x.dtype)
        for n in range(dy.shape[0]):
            for i in range(dy.shape[1]):
                for j in range(dy.shape[2]):
                    for c in range(dy.shape[3]):
                        w = x[n, 2 * i : 2 * i + 3, 2 * j : 2 * j + 3, c]
                        a, b = np.unravel_index(np.argmax(w), (3, 3))
                        dx[n, 2 * i + a, 2 * j + b, c] += dy[n, i, j, c]
        return dx


class AvgPool2x2(Layer):
    """y = mean over each 2x2 window, dx = dy/4 repeated"""

    def build(self, in_shape):
        h, w, c = in_shape
        return h // 2, w // 2, c

    def forward(self, x, train=True):
        y = x[:, ::2, ::2] + x[:, 1::2, ::2] + x[:, ::2, 1::2] + x[:, 1::2, 1::2]
        return y / 4, ()

    def backward(self, dy, cache, param_grads=True):
        return np.kron(dy, np.ones((1, 2, 2, 1), dy.dtype)) / 4


class GlobalMaxPool(Layer):
    """y_c = max over all positions of channel c"""

    def build(self, in_shape):
        return in_shape[-1:]

    def forward(self, x, train=True):
        flat = x.reshape(len(x), -1, x.shape[-1])
        where = flat.argmax(axis=1)
        return flat.max(axis=1), (where, x.shape)

    def backward(self, dy, cache, param_grads=True):
        where, shape = cache
        dx = np.zeros((shape[0], int(np.prod(shape[1:-1])), shape[-1]), dy.dtype)
        n, c = np.indices(where.shape)
        dx[n, where, c] = dy
        return dx.reshape(shape)


class GlobalAvgPool(Layer):
    """y_c = mean over all positions, by einsum, with a tangent pass"""

    def build(self, in_shape):
        assert len(in_shape) == 3
        return (in_shape[2],)

    def forward(self, x, train=True):
        return np.einsum("nhwc->nc", x) / (x.shape[1] * x.shape[2]), x.shape

    def backward(self, dy, cache, param_grads=True):
        N, H, W, C = cache
        return np.broadcast_to(dy[:, None, None, :] / (H * W), (N, H, W, C))

    def tangent(self, x_dot, cache):
        return self.forward(x_dot)

    def tangent_backward(self, dy, dy_dot, cache, cache_dot):
        return tuple(
            None if d is None else self.backward(d, cache) for d in (dy, dy_dot)
        )


class LogSumExpPool(Layer):
    """y_c = log(mean_i exp(r x_ic))/r, between mean and max, r = 2"""

    r = 2.0

    def build(self, in_shape):
        return (in_shape[-1],)

    def forward(self, x, train=True):
        z = self.r * x.reshape(x.shape[0], -1, x.shape[-1])
        top = z.max(axis=1, keepdims=True)
        e = np.exp(z - top)
        s = e.sum(axis=1, keepdims=True)
        y = (top + np.log(s) - np.log(float(z.shape[1])).astype(x.dtype)) / self.r
        return y[:, 0], (e / s, x.shape)

    def backward(self, dy, cache, param_grads=True):
        p, shape = cache
        return (p * dy[:, None, :]).reshape(shape)


class GeMPool(Layer):
    """y_c = (mean_i max(x_ic, eps)^p)^(1/p), the exponent p is learnt"""

    eps = 1e-2

    def build(self, in_shape):
        self.shapes = {"p": ()}
        return (in_shape[-1],)

    def init(self, rng):
        self.p[...] = 3.0

    def forward(self, x, train=True):
        c = np.maximum(x.reshape(len(x), -1, x.shape[-1]), self.eps)
        m = np.mean(c**self.p, axis=1)
        y = m ** (1 / self.p)
        return y, (x, c, m, y)

    def backward(self, dy, cache, param_grads=True):
        x, c, m, y = cache
        n = c.shape[1]
        if param_grads:
            dm_dp = (c**self.p * np.log(c)).mean(axis=1)
            dy_dp = y * (dm_dp / (self.p * m) - np.log(m) / self.p**2)
            self.dp += (dy * dy_dp).sum()
        g = dy * m ** (1 / self.p - 1) / n
        dc = g[:, None] * c ** (self.p - 1)
        return np.where(x > self.eps, dc.reshape(x.shape), 0)


class SoftAttentionPool(Layer):
    """y = sum_t a_t x_t, a = softmax_t(x_t . q) for a learnt query q"""

    def build(self, in_shape):
        _T, C = in_shape
        self.shapes = {"q": (C,)}
        return (C,)

    def init(self, rng):
        self.q[...] = rng.standard_normal(self.q.shape) / 2

    def forward(self, x, train=True):
        s = x @ self.q
        s = s - s.max(axis=1, keepdims=True)
        a = np.exp(s)
        a /= a.sum(axis=1, keepdims=True)
        return np.einsum("nt,ntc->nc", a, x), (x, a)

    def backward(self, dy, cache, param_grads=True):
        x, a = cache
        da = np.einsum("nc,ntc->nt", dy, x)
        ds = a * (da - (a * da).sum(axis=1, keepdims=True))
        if param_grads:
            self.dq += np.einsum("nt,ntc->c", ds, x)
        return a[:, :, None] * dy[:, None, :] + ds[:, :, None] * self.q


CHECKS = [
    (MaxPool2x2(), (4, 6, 3)),
    (MaxPoolShared(), (4, 4, 2)),
    (MaxPoolLoops(), (5, 7, 2)),
    (AvgPool2x2(), (4, 6, 3)),
    (GlobalMaxPool(), (3, 4, 2)),
    (GlobalAvgPool(), (3, 4, 2)),
    (LogSumExpPool(), (3, 3, 2)),
    (GeMPool(), (3, 3, 2)),
    (SoftAttentionPool(), (5, 4)),
]

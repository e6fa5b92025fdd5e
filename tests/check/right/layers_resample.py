"""Larger and smaller images, and padding."""

import numpy as np

from tinygan import Layer


class PixelShuffle(Layer):
    """(H, W, 4 C) -> (2 H, 2 W, C)"""

    def build(self, in_shape):
        H, W, C = in_shape
        assert C % 4 == 0
        return 2 * H, 2 * W, C // 4

    def forward(self, x, train=True):
        N, H, W, C = x.shape
        y = x.reshape(N, H, W, 2, 2, C // 4).swapaxes(2, 3)
        return y.reshape(N, 2 * H, 2 * W, C // 4), x.shape

    def backward(self, dy, cache, param_grads=True):
        N, H, W, C = cache
        return dy.reshape(N, H, 2, W, 2, C // 4).swapaxes(2, 3).reshape(cache)


class PixelUnshuffle(Layer):
    """(2 H, 2 W, C) -> (H, W, 4 C) by strided slices"""

    def build(self, in_shape):
        H, W, C = in_shape
        if H % 2 or W % 2:
            raise ValueError("even sizes, please")
        return H // 2, W // 2, 4 * C

    def forward(self, x, train=True):
        parts = [x[:, i::2, j::2] for i in (0, 1) for j in (0, 1)]
        return np.concatenate(parts, axis=3), ()

    def backward(self, dy, cache, param_grads=True):
        N, H, W, C = dy.shape
        dx = np.empty((N, 2 * H, 2 * W, C // 4), dy.dtype)
        for k, part in enumerate(np.split(dy, 4, axis=3)):
            dx[:, k // 2 :: 2, k % 2 :: 2] = part
        return dx


class BilinearUpsample(Layer):
    """Twice the size, linear between pixel centres (align_corners=False)"""

    def build(self, in_shape):
        H, W, C = in_shape
        self.A, self.B = self.matrix(H), self.matrix(W)
        return 2 * H, 2 * W, C

    @staticmethod
    def matrix(n):
        M = np.zeros((2 * n, n))
        for i in range(2 * n):
            src = min(max((i + 0.5) / 2 - 0.5, 0), n - 1)
            lo = int(np.floor(src))
            hi = min(lo + 1, n - 1)
            M[i, lo] += 1 - (src - lo)
            M[i, hi] += src - lo
        return M

    def forward(self, x, train=True):
        A, B = self.A.astype(x.dtype), self.B.astype(x.dtype)
        return np.einsum("ih,nhwc,jw->nijc", A, x, B), (A, B)

    def backward(self, dy, cache, param_grads=True):
        A, B = cache
        return np.einsum("ih,nijc,jw->nhwc", A, dy, B)


class NearestUpsample(Layer):
    """Each pixel three times in height and twice in width, by np.repeat"""

    def build(self, in_shape):
        H, W, C = in_shape
        return 3 * H, 2 * W, C

    def forward(self, x, train=True):
        return np.repeat(np.repeat(x, 3, axis=1), 2, axis=2), ()

    def backward(self, dy, cache, param_grads=True):
        N, H, W, C = dy.shape
        return dy.reshape(N, H // 3, 3, W // 2, 2, C).sum(axis=(2, 4))


class BlurPool(Layer):
    """[1 2 1]/4 along both axes with edge padding, then every second pixel"""

    k = (0.25, 0.5, 0.25)

    def build(self, in_shape):
        H, W, C = in_shape
        return (H + 1) // 2, (W + 1) // 2, C

    def forward(self, x, train=True):
        p = np.pad(x, [(0, 0), (1, 1), (1, 1), (0, 0)], mode="edge")
        h = sum(k * p[:, i : p.shape[1] - 2 + i] for i, k in enumerate(self.k))
        y = sum(k * h[:, :, i : h.shape[2] - 2 + i] for i, k in enumerate(self.k))
        return y[:, ::2, ::2], (x.shape,)

    def backward(self, dy, cache, param_grads=True):
        ((N, H, W, C),) = cache
        d = np.zeros((N, H, W, C), dy.dtype)
        d[:, ::2, ::2] = dy
        dp = np.zeros((N, H + 2, W + 2, C), dy.dtype)
        for i, a in enumerate(self.k):
            for j, b in enumerate(self.k):
                dp[:, i : i + H, j : j + W] += a * b * d
        dp[:, 1] += dp[:, 0]
        dp[:, -2] += dp[:, -1]
        dp[:, :, 1] += dp[:, :, 0]
        dp[:, :, -2] += dp[:, :, -1]
        return dp[:, 1:-1, 1:-1]


class ReflectPad(Layer):
    """One pixel on each side, mirrored"""

    def build(self, in_shape):
        H, W, C = in_shape
        return H + 2, W + 2, C

    def forward(self, x, train=True):
        return np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)), mode="reflect"), ()

    def backward(self, dy, cache, param_grads=True):
        d = dy.copy()
        d[:, 2] += d[:, 0]
        d[:, -3] += d[:, -1]
        d[:, :, 2] += d[:, :, 0]
        d[:, :, -3] += d[:, :, -1]
        return d[:, 1:-1, 1:-1]


class WrapPad(Layer):
    """Two samples of the other end on each side of a signal"""

    def build(self, in_shape):
        return (in_shape[0] + 4, *in_shape[1:])

    def forward(self, x, train=True):
        T = x.shape[1]
        take = np.arange(-2, T + 2) % T
        return np.take(x, take, axis=1), (take, x.shape)

    def backward(self, dy, cache, param_grads=True):
        take, shape = cache
        dx = np.zeros(shape, dy.dtype)
        np.add.at(dx, (slice(None), take), dy)
        return dx


class ZeroPad(Layer):
    """p rows and columns of zeros on the lower right, with a tangent pass"""

    def __init__(self, p=2):
        self.p = p

    def build(self, in_shape):
        H, W, C = in_shape
        return H + self.p, W + self.p, C

    def forward(self, x, train=True):
        return np.pad(x, [(0, 0), (0, self.p), (0, self.p), (0, 0)]), ()

    def backward(self, dy, cache, param_grads=True):
        return dy[:, : -self.p, : -self.p]

    def tangent(self, x_dot, cache):
        return self.forward(x_dot)

    def tangent_backward(self, dy, dy_dot, cache, cache_dot):
        cut = lambda d: d if d is None else self.backward(d, ())  # noqa: E731
        return cut(dy), cut(dy_dot)


CHECKS = [
    (PixelShuffle(), (2, 3, 8)),
    (PixelUnshuffle(), (4, 6, 2)),
    (BilinearUpsample(), (3, 4, 2)),
    (NearestUpsample(), (2, 3, 2)),
    (BlurPool(), (4, 5, 2)),
    (ReflectPad(), (3, 4, 2)),
    (WrapPad(), (3, 2)),
    (ZeroPad(), (3, 3, 2)),
]

"""Layers that move numbers: resampling, padding, cropping, flips and shuffles."""

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


class Crop(Layer):
    """The middle (H - 2, W - 2), returned as a view"""

    def build(self, in_shape):
        return in_shape[0] - 2, in_shape[1] - 2, in_shape[2]

    def forward(self, x, train=True):
        return x[:, 1:-1, 1:-1, :], (x.shape,)

    def backward(self, dy, cache, param_grads=True):
        dx = np.zeros(cache[0], dtype=dy.dtype)
        dx[:, 1:-1, 1:-1, :] = dy
        return dx


class Flip(Layer):
    """Left and right exchanged, as a view with negative strides"""

    def forward(self, x, train=True):
        return np.flip(x, axis=2), ()

    def backward(self, dy, cache, param_grads=True):
        return np.flip(dy, 2)


class RandomFlip(Layer):
    """In training each sample is flipped with probability 1/2, drawn from a counter"""

    def init(self, rng):
        self.state = {"seed": int(rng.integers(1000)), "n": 0}

    def forward(self, x, train=True):
        flip = np.zeros(len(x), bool)
        if train:
            rng = np.random.default_rng((self.state["seed"], self.state["n"]))
            flip = rng.random(len(x)) < 0.5
            self.state["n"] += 1
        y = x.copy()
        y[flip] = x[flip, :, ::-1]
        return y, (flip,)

    def backward(self, dy, cache, param_grads=True):
        flip = cache[0]
        return np.where(flip[:, None, None, None], dy[:, :, ::-1], dy)


class TransposeAxes(Layer):
    """(H, W, C) -> (C, H, W)"""

    def build(self, in_shape):
        H, W, C = in_shape
        return C, H, W

    def forward(self, x, train=True):
        return np.transpose(x, (0, 3, 1, 2)), ()

    def backward(self, dy, cache, param_grads=True):
        return np.moveaxis(dy, 1, -1)


class Rotate90(Layer):
    """An image of any size turned by 90 degrees"""

    def build(self, in_shape):
        H, W, C = in_shape
        return W, H, C

    def forward(self, x, train=True):
        return np.rot90(x, axes=(1, 2)), ()

    def backward(self, dy, cache, param_grads=True):
        return np.rot90(dy, -1, axes=(1, 2))


class ChannelShuffle(Layer):
    """Channels of 2 groups interleaved, by a permutation and its inverse"""

    def build(self, in_shape):
        self.perm = np.arange(in_shape[-1]).reshape(2, -1).T.ravel()
        self.inverse = np.argsort(self.perm)
        return in_shape

    def forward(self, x, train=True):
        return x[..., self.perm], ()

    def backward(self, dy, cache, param_grads=True):
        return dy[..., self.inverse]


class ShiftedQuarters(Layer):
    """A quarter of the channels moves up, down, left and right (a shift network)"""

    def build(self, in_shape):
        assert in_shape[2] == 4
        return in_shape

    def forward(self, x, train=True):
        return self._move(x, 1), ()

    def _move(self, x, sign):
        y = np.empty_like(x)
        for c, (s, axis) in enumerate([(1, 1), (-1, 1), (1, 2), (-1, 2)]):
            y[..., c] = np.roll(x[..., c], sign * s, axis=axis)
        return y

    def backward(self, dy, cache, param_grads=True):
        return self._move(dy, -1)


class Haar(Layer):
    """One level of the Haar transform along time: sums and differences / sqrt(2)"""

    def build(self, in_shape):
        T, C = in_shape
        return T // 2, 2 * C

    def forward(self, x, train=True):
        a, b = x[:, 0::2], x[:, 1::2]
        return np.dstack([a + b, a - b]) * 2**-0.5, ()

    def backward(self, dy, cache, param_grads=True):
        s, d = np.array_split(dy, 2, axis=2)
        dx = np.empty((len(dy), 2 * dy.shape[1], s.shape[2]), dy.dtype)
        dx[:, 0::2], dx[:, 1::2] = s + d, s - d
        dx *= 0.5**0.5
        return dx


class ToGrey(Layer):
    """y = 0.299 R + 0.587 G + 0.114 B"""

    def build(self, in_shape):
        assert in_shape[-1] == 3, "RGB only"
        return (*in_shape[:-1], 1)

    def forward(self, x, train=True):
        w = np.array([0.299, 0.587, 0.114], dtype=x.dtype)
        return np.dot(x, w)[..., None], (w,)

    def backward(self, dy, cache, param_grads=True):
        return dy * cache[0]


class AddCoordinates(Layer):
    """Two channels more: the row and the column, between -1 and 1 (CoordConv)"""

    def build(self, in_shape):
        H, W, C = in_shape
        return H, W, C + 2

    def forward(self, x, train=True):
        N, H, W, C = x.shape
        i, j = np.meshgrid(np.linspace(-1, 1, H), np.linspace(-1, 1, W), indexing="ij")
        ij = np.broadcast_to(np.stack([i, j], -1), (N, H, W, 2)).astype(x.dtype)
        return np.append(x, ij, axis=-1), (C,)

    def backward(self, dy, cache, param_grads=True):
        return dy[..., : cache[0]]


CHECKS = [
    (PixelShuffle(), (2, 3, 8)),
    (PixelUnshuffle(), (4, 6, 2)),
    (BilinearUpsample(), (3, 4, 2)),
    (NearestUpsample(), (2, 3, 2)),
    (BlurPool(), (4, 5, 2)),
    (ReflectPad(), (3, 4, 2)),
    (WrapPad(), (3, 2)),
    (ZeroPad(), (3, 3, 2)),
    (Crop(), (4, 5, 2)),
    (Flip(), (3, 4, 2)),
    (RandomFlip(), (3, 4, 2)),
    (TransposeAxes(), (2, 3, 4)),
    (Rotate90(), (2, 3, 2)),
    (ChannelShuffle(), (2, 2, 6)),
    (ShiftedQuarters(), (3, 3, 4)),
    (Haar(), (6, 2)),
    (ToGrey(), (3, 3, 3)),
    (AddCoordinates(), (3, 2, 2)),
]

"""Layers that move numbers: resampling, padding, cropping, flips and shuffles."""

import numpy as np

from tinygan import Layer


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

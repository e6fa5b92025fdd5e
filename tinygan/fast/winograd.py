"""A convolution of kernel 4 and stride 2 in nine products instead of sixteen.

A stride of 2 takes pixels two by two. With the 2 x 2 pixels of a block as 4 C channels,
the convolution has kernel 2 and stride 1. In one dimension two of its outputs,
y0 = d0 g0 + d1 g1 and y1 = d1 g0 + d2 g1, need three products and not four,

    m = (d0 - d1) g0, d1 (g0 + g1), (d2 - d1) g1      y0 = m0 + m1      y1 = m1 + m2

In two dimensions a tile of 2 x 2 outputs from 3 x 3 blocks needs nine and not sixteen.
So y = A(B(x) G(W)): B subtracts (`mix`), G adds (`split`) and A adds (`join`, which is
the adjoint of `split`). Each of the nine is a product of matrices, over the
channels. The scheme needs more additions, so it is faster only with many channels. Its
rounding is a little larger. Source: Winograd 1980; Lavin and Gray 2016, F(2x2, 2x2).
"""

import itertools

import numpy as np

from .scheme import Scheme

MIXED = 1 << 21  # how many numbers of a batch's tiles are worked on at a time
CHANNELS = 32  # with fewer of them, the additions cost more than the products saved


def suits(windows: Scheme) -> bool:
    """True if tiles can take the place of these windows, and are likely to be
    faster.
    """
    kernel, stride, _ = windows.windows
    fits = kernel == (4, 4) and tuple(stride) == (2, 2)
    fits = fits and not {1, 3} & set(windows.places)  # at 3, G costs more
    return fits and min(windows.W.shape[2:]) >= CHANNELS


class Winograd(Scheme):
    """For kernel (4, 4), stride (2, 2), and even numbers of outputs along both axes."""

    size = MIXED

    def numbers(self):
        """How many numbers the tiles of one sample have: 9 blocks of 4 C each."""
        self.tiles = tuple(size // 2 for size in self.places)  # th, tw
        return 36 * self.tiles[0] * self.tiles[1] * self.x_shape[2]

    def B(self, x):
        """(n, H, W, C) -> (9, n th tw, 4 C)"""
        frame = np.zeros(self.frame_shape(len(x)), x.dtype)
        inside = self.inside(frame)
        inside[...] = x[:, : inside.shape[1], : inside.shape[2]]
        n, i, u, j, v = frame.strides
        tiles = np.lib.stride_tricks.as_strided(
            frame,
            (3, 3, len(x), *self.tiles, 2, frame.shape[4]),
            (i, j, n, 2 * i, 2 * j, u, v),
        )  # a view: tiles[a, b, n, i, j] = frame[n, 2 i + a, :, 2 j + b]
        return mix(tiles.copy()).reshape(9, -1, 4 * x.shape[3])

    def B_adjoint(self, dV, dx):
        """(9, n th tw, 4 C) -> dx, (n, H, W, C)."""
        th, tw = self.tiles
        shape = self.frame_shape(len(dx))
        t = mix_adjoint(dV.reshape(3, 3, shape[0], th, tw, 2, shape[4]))
        t[0, :, :, 1:] += t[2, :, :, :-1]  # a tile's last block is the next one's first
        t[:, 0, :, :, 1:] += t[:, 2, :, :, :-1]
        frame, every = np.empty(shape, dV.dtype), slice(None)
        where = (
            (slice(0, -1, 2), every),
            (slice(1, None, 2), every),
            2 * (slice(-1, None),),
        )
        for (a, (rows, i)), (b, (columns, j)) in itertools.product(
            enumerate(where), repeat=2
        ):
            frame[:, rows, :, columns] = t[a, b][:, i, j].swapaxes(2, 3)
        inside = self.inside(frame)
        H, W = inside.shape[1:3]
        dx[:, :H, :W] = inside
        dx[:, H:] = dx[:, :, W:] = 0  # no tile reaches these pixels

    def frame_shape(self, n: int):
        """The shape of n images with zeros around them, as blocks of 2 x 2 pixels."""
        th, tw = self.tiles
        return n, 2 * th + 1, 2, 2 * tw + 1, 2 * self.x_shape[2]

    def inside(self, frame):
        """A view of the images in a frame, as far as the tiles reach."""
        n, i, u, j, v = frame.shape
        (ph, pw), (H, W, C) = self.pad, self.x_shape
        pixels = frame.reshape(n, i * u, j * v // C, C)
        return pixels[:, ph : ph + H, pw : pw + W]

    def G(self, W):
        """(4, 4, C_in, C_out) -> (9, 4 C_in, C_out)"""
        return split(blocks_of(W)).reshape(9, -1, W.shape[3])

    def G_adjoint(self, dU):
        """(9, 4 C_in, C_out) -> (4, 4, C_in, C_out)"""
        g = join(dU.reshape(3, 3, 2, 2, *self.W.shape[2:]))
        return g.transpose(0, 2, 1, 3, 4, 5).reshape(self.W.shape)

    def A_of_product(self, V, U, y):
        """y = A(V U), written into y, (n, OH, OW, C_out)."""
        m = (V @ U).reshape(3, 3, len(y), *self.tiles, y.shape[3])
        self.by_tiles(y)[...] = join(m)  # eq: winograd

    def A_adjoint(self, dy):
        """(n, OH, OW, C_out) -> (9, n th tw, C_out)"""
        return split(self.by_tiles(dy)).reshape(9, -1, dy.shape[3])

    def by_tiles(self, y):
        """A view of y, (n, 2 th, 2 tw, C) -> (2, 2, n, th, tw, C): the place in a tile
        first.
        """
        th, tw = self.tiles
        return y.reshape(len(y), th, 2, tw, 2, -1).transpose(2, 4, 0, 1, 3, 5)


def blocks_of(W):
    """(4, 4, ...) -> (2, 2, 2, 2, ...): the block first, then the pixel in it."""
    g = W.reshape(2, 2, 2, 2, *W.shape[2:])
    return g.transpose(0, 2, 1, 3, 4, 5)


def mix(t):
    """(d0, d1, d2) -> (d0 - d1, d1, d2 - d1), in place, along each of the axes 0, 1."""
    t[0] -= t[1]
    t[2] -= t[1]
    t[:, 0] -= t[:, 1]
    t[:, 2] -= t[:, 1]
    return t


def mix_adjoint(t):
    """(v0, v1, v2) -> (v0, v1 - v0 - v2, v2), in place, along each of the axes 0, 1."""
    t[1] -= t[0]
    t[1] -= t[2]
    t[:, 1] -= t[:, 0]
    t[:, 1] -= t[:, 2]
    return t


def split(p):
    """(p0, p1) -> (p0, p0 + p1, p1) along each of the axes 0, 1: (2, 2) -> (3, 3)."""
    t = np.empty((3, 3, *p.shape[2:]), p.dtype)
    t[::2, ::2] = p
    np.add(t[0, ::2], t[2, ::2], out=t[1, ::2])
    np.add(t[:, 0], t[:, 2], out=t[:, 1])
    return t


def join(t):
    """(m0, m1, m2) -> (m0 + m1, m1 + m2), in place, along each of the axes 0, 1."""
    t[0] += t[1]
    t[2] += t[1]
    t[::2, 0] += t[::2, 1]
    t[::2, 2] += t[::2, 1]
    return t[::2, ::2]

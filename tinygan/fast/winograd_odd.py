"""Winograd's scheme for an odd number of outputs: the first tile has three.

Tiles of two outputs (winograd.py) would reach over the edge: 7 outputs would take four
tiles, with 144 products in two dimensions. Three outputs need four products,

    m = (d0 - d2) g0, (d1 + d2) s, (d3 - d1) g1, (d2 - d1) t
    y0 = m0 + m1 + m3      y1 = m1 - m3      y2 = m1 + m2 + m3

where s = (g0 + g1)/2 and t = (g0 - g1)/2. Two outputs need the first three of these
factors, and 2 d1 goes with s. So 7 = 3 + 2 + 2 outputs take 10 products, and 7 x 7 take
100.

The products are sorted by their factor. Along an axis each tile has a product with g0,
with s and with g1, and the first tile also has a product with t. In two dimensions this
makes four stacks of matrices (`Stacks`): nine matrices with a row for every tile of a
sample, three for the first column of tiles, three for the first row, and one for the
first tile. The axes of the image come before the samples, so that every addition runs
over many numbers at once. Source: Winograd 1980; Lavin and Gray 2016.
"""

import itertools
import math

import numpy as np

from .scheme import Scheme
from .winograd import MIXED, blocks_of


class Stacks(tuple):
    """Several stacks of matrices, (m, rows, columns); `@` multiplies stack by stack."""

    def __matmul__(self, other):
        return Stacks(a @ b for a, b in zip(self, other, strict=True))

    def swapaxes(self, i: int, j: int) -> "Stacks":
        """Every stack with two of its axes exchanged."""
        return Stacks(a.swapaxes(i, j) for a in self)

    @property
    def dtype(self):
        """The dtype, which all stacks share."""
        return self[0].dtype

    @property
    def shape(self):
        """The shape of the first stack."""
        return self[0].shape


class OddWinograd(Scheme):
    """For kernel (4, 4), stride (2, 2), and any numbers of outputs >= 4 along an
    axis.
    """

    size = MIXED

    def numbers(self):
        """How many numbers the products of one sample have: 4 C each."""
        self.odd = tuple(size % 2 for size in self.places)  # tiles of three: 0 or 1
        self.tiles = tuple(size // 2 for size in self.places)  # all tiles
        tiles = zip(self.tiles, self.odd, strict=True)
        products = math.prod(3 * tiles + odd for tiles, odd in tiles)
        return products * 4 * self.x_shape[2]

    def B(self, x):
        """(n, H, W, C) -> stacks of 4 C columns"""
        frame = np.zeros(self.frame_shape(len(x)), x.dtype)
        for image, block in self.pixels(x, frame):
            block[...] = image
        stacks = self.empty_stacks(len(x), 4 * x.shape[3], x.dtype)
        self.outwards(mix, frame.reshape(*frame.shape[:3], -1), stacks)
        return Stacks(a.reshape(*matrices(a.shape)) for a in stacks)

    def B_adjoint(self, dV, dx):
        """stacks of 4 C columns -> dx, (n, H, W, C)."""
        frame = np.empty(self.frame_shape(len(dx)), dV.dtype)
        self.inwards(mix_adjoint, self.by_tile(dV), frame.reshape(*frame.shape[:3], -1))
        for image, block in self.pixels(dx, frame):
            image[...] = block
        (OH, OW), (ph, pw) = self.places, self.pad
        H, W = 2 * (OH + 1) - ph, 2 * (OW + 1) - pw
        dx[:, H:] = dx[:, :, W:] = 0  # no tile reaches these pixels

    def G(self, W):
        """(4, 4, C_in, C_out) -> stacks of C_out columns, 4 C_in rows"""
        g = blocks_of(W)
        v, t = np.empty((3, *g.shape[1:]), W.dtype), np.empty(g.shape[1:], W.dtype)
        factors(g, v, t)
        stacks = []
        for row in (v, t[None]):
            three = np.empty((len(row), 3, *row.shape[2:]), W.dtype)
            one = np.empty((len(row), *row.shape[2:]), W.dtype)
            factors(row.swapaxes(0, 1), three.swapaxes(0, 1), one)
            stacks += [three, one]
        return Stacks(u.reshape(-1, 4 * W.shape[2], W.shape[3]) for u in stacks)

    def G_adjoint(self, dU):
        """stacks of C_out columns, 4 C_in rows -> (4, 4, C_in, C_out)"""
        block = (2, 2, *self.W.shape[2:])
        v, t = np.empty((3, 2, *block), dU.dtype), np.empty((1, 2, *block), dU.dtype)
        for row, three, one in ((v, *dU[:2]), (t, *dU[2:])):
            three = three.reshape(len(row), 3, *block).swapaxes(0, 1)
            factors_adjoint(three, one.reshape(-1, *block), row.swapaxes(0, 1))
        g = np.empty((2, 2, *block), dU.dtype)
        factors_adjoint(v, t[0], g)
        return g.transpose(0, 2, 1, 3, 4, 5).reshape(self.W.shape)

    def A_of_product(self, V, U, y):
        """y = A(V U), written into y, (n, OH, OW, C_out)."""
        places_first = np.empty((*self.places, len(y), y.shape[3]), y.dtype)
        self.inwards(join, self.by_tile(V @ U), places_first)  # eq: winograd-odd
        y[...] = places_first.transpose(2, 0, 1, 3)

    def A_adjoint(self, dy):
        """(n, OH, OW, C_out) -> stacks of C_out columns"""
        stacks = self.empty_stacks(len(dy), dy.shape[3], dy.dtype)
        self.outwards(split, np.ascontiguousarray(dy.transpose(1, 2, 0, 3)), stacks)
        return Stacks(a.reshape(*matrices(a.shape)) for a in stacks)

    # The layout of the numbers in memory.

    def frame_shape(self, n: int):
        """The shape of n images with zeros around them: rows and columns of blocks."""
        OH, OW = self.places
        return OH + 1, OW + 1, n, 2, 2, self.x_shape[2]

    def pixels(self, x, frame):
        """Views (rows, columns, n, C) of the same pixels of the images x and of their
        frame, for each of the four pixels of a block.
        """
        (ph, pw), (rows, columns) = self.pad, frame.shape[:2]
        for u, v in itertools.product((0, 1), repeat=2):
            h, w = (u - ph) % 2, (v - pw) % 2  # the first such pixel of the image
            i, j = (h + ph) // 2, (w + pw) // 2  # and its block
            image = x[:, h::2, w::2][:, : rows - i, : columns - j].transpose(1, 2, 0, 3)
            yield image, frame[i : i + len(image), j : j + image.shape[1], :, u, v]

    def stack_shapes(self):
        """(factors, factors, tiles, tiles) of each of the four stacks, rows first."""
        rows, columns = zip(self.tiles, self.odd, strict=True)
        axes = [((3, tiles), (1, odd)) for tiles, odd in (rows, columns)]
        return [(k, m, t, u) for (k, t), (m, u) in itertools.product(*axes)]

    def empty_stacks(self, n: int, C: int, dtype) -> list:
        """Four empty stacks, (factors, factors, tiles, tiles, n, C) each."""
        return [np.empty((*shape, n, C), dtype) for shape in self.stack_shapes()]

    def by_tile(self, stacks) -> list:
        """The stacks of matrices in the shapes of `empty_stacks`."""
        n = stacks.shape[1] // math.prod(self.tiles)
        shapes = zip(stacks, self.stack_shapes(), strict=True)
        return [a.reshape(*shape, n, a.shape[-1]) for a, shape in shapes]

    def outwards(self, step, x, stacks) -> None:
        """`step` along both axes of x (rows, columns, n, C), into empty stacks."""
        v, d = self.empty_rows(x)
        step(x, v, d[0])
        for row, three, one in ((v, *stacks[:2]), (d, *stacks[2:])):
            step(*columns_first(row, three, one))

    def inwards(self, step, stacks, x) -> None:
        """`step` along both axes of stacks, into an empty x (rows, columns, n, C)."""
        v, d = self.empty_rows(x)
        for row, three, one in ((v, *stacks[:2]), (d, *stacks[2:])):
            row, three, one = columns_first(row, three, one)
            step(three, one, row)
        step(v, d[0], x)

    def empty_rows(self, x):
        """Two arrays for the result of the first step, (3, tiles, columns, n, C) and
        (1, 1 or 0, ...), for x (rows, columns, n, C).
        """
        shapes = (3, self.tiles[0]), (1, self.odd[0])
        return [np.empty((*shape, *x.shape[1:]), x.dtype) for shape in shapes]


def matrices(shape):
    """(factors, factors, tiles, tiles, n, C) -> the shape of a stack of matrices."""
    k, m, t, u, n, C = shape
    return k * m, t * u * n, C


def columns_first(row, three, one):
    """Views of a row (k, t, columns, n, C), and of stacks (k, 3 or 1, t, u, n, C), with
    the axes along the columns in front: the factors first, then the tiles.
    """
    return (
        row.transpose(2, 0, 1, 3, 4),
        three.transpose(1, 3, 0, 2, 4, 5),
        one[:, 0].transpose(2, 0, 1, 3, 4),
    )


# The functions below work along one axis, the first axis of their arrays. v has the
# products with g0, s and g1, and d has those with t. The first tile has three outputs,
# unless d is empty.


def tiles_of_two(x, odd: int):
    """d0, d1 and d2 of every tile of two, (tiles, ...) each, from blocks x (N, ...)."""
    first = 3 * odd
    return x[first:-1:2], x[first + 1 :: 2], x[first + 2 :: 2]


def mix(x, v, d):
    """Blocks x (outputs + 1, ...) -> v (3, tiles, ...), d (1 or 0, ...)."""
    odd = len(d)
    d0, d1, d2, d3 = (x[k : k + odd] for k in range(4))
    np.subtract(d0, d2, out=v[0, :odd])
    np.add(d1, d2, out=v[1, :odd])
    np.subtract(d3, d1, out=v[2, :odd])
    np.subtract(d2, d1, out=d)
    d0, d1, d2 = tiles_of_two(x, odd)
    np.subtract(d0, d1, out=v[0, odd:])
    np.multiply(d1, 2, out=v[1, odd:])
    np.subtract(d2, d1, out=v[2, odd:])


def mix_adjoint(v, d, x):
    """v (3, tiles, ...), d (1 or 0, ...) -> x (outputs + 1, ...): the last block of a
    tile is the first block of the next tile.
    """
    odd = len(d)
    x[-1] = 0
    d0, d1, d2, d3 = (x[k : k + odd] for k in range(4))
    e0, e1, e2 = tiles_of_two(x, odd)
    d0[...], e0[...] = v[0, :odd], v[0, odd:]
    np.subtract(v[1, :odd], d, out=d1)
    np.add(v[1, :odd], d, out=d2)
    d1 -= v[2, :odd]
    d2 -= v[0, :odd]
    np.multiply(v[1, odd:], 2, out=e1)
    e1 -= v[0, odd:]
    e1 -= v[2, odd:]
    d3 += v[2, :odd]
    e2 += v[2, odd:]


def join(v, d, y):
    """v (3, tiles, ...), d (1 or 0, ...) -> y (outputs, ...); v is overwritten."""
    odd = len(d)
    np.subtract(v[1, :odd], d, out=y[1 : 1 + odd])
    v[1, :odd] += d
    np.add(v[0, :odd], v[1, :odd], out=y[:odd])
    np.add(v[2, :odd], v[1, :odd], out=y[2 : 2 + odd])
    np.add(v[0, odd:], v[1, odd:], out=y[3 * odd :: 2])
    np.add(v[2, odd:], v[1, odd:], out=y[3 * odd + 1 :: 2])


def split(y, v, d):
    """y (outputs, ...) -> v (3, tiles, ...), d (1 or 0, ...): the adjoint of `join`."""
    odd = len(d)
    v[0, :odd], v[2, :odd] = y[:odd], y[2 : 2 + odd]
    np.add(v[0, :odd], v[2, :odd], out=d)
    np.add(d, y[1 : 1 + odd], out=v[1, :odd])
    d -= y[1 : 1 + odd]
    v[0, odd:], v[2, odd:] = y[3 * odd :: 2], y[3 * odd + 1 :: 2]
    np.add(v[0, odd:], v[2, odd:], out=v[1, odd:])


def factors(g, v, t):
    """g (2, ...) -> v = g0, (g0 + g1)/2, g1 and t = (g0 - g1)/2"""
    v[0], v[2] = g
    np.add(g[0], g[1], out=v[1])
    v[1] *= 0.5
    np.subtract(v[1], g[1], out=t)


def factors_adjoint(v, t, g):
    """v (3, ...), t (...) -> g (2, ...): the adjoint of `factors`."""
    half = v[1] + t
    half *= 0.5
    np.add(v[0], half, out=g[0])
    half -= t
    np.add(v[2], half, out=g[1])

"""Augmentation: D sees no picture as it is, but changed at random, real and fake alike.

A small set of pictures is soon known by heart, and then D tells G nothing of use. So
every picture is changed before D judges it, in D's step and in G's, and G's gradient
goes back through the change. G then has to make pictures whose changed versions look
like changed real ones. Source: Zhao et al. 2020; the strengths are those of their code.
"""

import numpy as np

from ..errors import InputError, number, one_of
from ..ops import get_xp
from ..rng import generator
from ..values import is_tuple
from .base import Affine, Layer, require, require_array
from .combine import Sequential
from .conditional.tuples import Identity, Parallel
from .growing import GrowingDiscriminator

UNIFORM = {"dtype": np.float32}  # one draw for float32 and float64


class RandomChange(Affine):
    """y = A x + b for images (N, H, W, C)      dx = A^T dy      in evaluation y = x

    A and b are drawn anew for each sample, whenever a batch goes forward in training.
    The cache holds the draws, so the other passes of this batch use the same A. H and W
    are those of x, so one layer may see pictures of several sizes.

    The draws come from a generator keyed by (seed, how many were drawn before). Both
    are layer state, so a resumed run draws the next ones. A subclass writes `draw`,
    `change`, `linear_change` and `adjoint_change`. A subclass for sequences (N, T, C)
    writes `fits` as well, and its `draw` is given N, T and C.

    Raises ShapeError when built on anything but images.
    """

    divisible = True

    def build(self, in_shape):
        require_array(self, in_shape)
        self.fits(in_shape)
        return in_shape

    def fits(self, in_shape) -> None:
        """ShapeError unless in_shape is that of an image, (H, W, C)."""
        require(len(in_shape) == 3, self, "images (H, W, C)", in_shape)

    def init(self, rng):
        (own,) = rng.spawn(1)  # so D's weights start as they do without this layer
        self.state = {"seed": int(own.integers(2**31)), "draws": 0}

    def draw(self, rng, N: int, H: int, W: int) -> tuple:
        """Host arrays (N, ...): what A and b of N samples of H x W pixels depend on."""
        raise TypeError(f"{self!r} does not define draw(rng, N, H, W)")

    def change(self, x, *drawn):
        """A x + b, (N, H, W, C)."""
        return self.linear_change(x, *drawn)

    def linear_change(self, x, *drawn):
        """A x, (N, H, W, C)."""
        raise TypeError(f"{self!r} does not define linear_change(x, *drawn)")

    def adjoint_change(self, dy, *drawn):
        """A^T dy, (N, H, W, C)."""
        raise TypeError(f"{self!r} does not define adjoint_change(dy, *drawn)")

    def forward(self, x, train=True):
        if not train:
            return x, ()
        rng = generator(self.state["seed"], self.state["draws"], *self.group.key)
        self.state["draws"] += 1
        drawn = tuple(map(get_xp(x).asarray, self.draw(rng, *x.shape[:3])))
        return self.change(x, *drawn), drawn

    def adjoint(self, dy, cache):
        return self.adjoint_change(dy, *cache) if cache else dy

    def tangent(self, x_dot, cache):
        return self.linear_change(x_dot, *cache) if cache else x_dot, cache


class Translate(RandomChange):
    """y[n, i, j] = x[n, i - a_n, j - b_n], and 0 where x has no such pixel

        dx[n, i, j] = dy[n, i + a_n, j + b_n], and 0 where dy has no such pixel

    a_n is a whole number from -m to m, each as likely as any other, and m is
    `share` x H, rounded. b_n is the same for W. 0 is mid grey if pixels go from -1 to
    1. In evaluation y = x. Raises InputError unless 0 <= share < 1.
    """

    def __init__(self, share: float = 1 / 8):
        self.share = number(self, "a share 0 <= share < 1", share)

    def draw(self, rng, N, H, W):
        a, b = (rounded(self.share * side) for side in (H, W))
        return rng.integers(-a, a + 1, N), rng.integers(-b, b + 1, N)

    def linear_change(self, x, a, b):
        return shifted(x, a, b)  # eq: translate

    def adjoint_change(self, dy, a, b):
        return shifted(dy, -a, -b)  # eq: translate-dx

    def __repr__(self):
        return f"Translate({self.share:g})"


class Cutout(RandomChange):
    """y = m x      dx = m dy      in evaluation y = x

    The mask m is 0 in a rectangle and 1 elsewhere. The rectangle has the height
    `share` x H and the width `share` x W, rounded. Its centre may be at any pixel, each
    as likely as any other, so a part of it may lie outside the picture. (If its height
    is even, its centre lies between two rows, or on the border.)

    Raises InputError unless 0 <= share < 1.
    """

    def __init__(self, share: float = 1 / 2):
        self.share = number(self, "a share 0 <= share < 1", share)

    def draw(self, rng, N, H, W):
        return self._first(rng, N, H), self._first(rng, N, W)

    def _first(self, rng, N: int, side: int):
        """The first row, or column, of the rectangle; it may be negative."""
        size = rounded(self.share * side)
        return rng.integers(0, side + 1 - size % 2, N) - size // 2

    def linear_change(self, x, top, left):
        xp = get_xp(x)
        rows, columns = (
            self._covered(xp, first, side)
            for first, side in ((top, x.shape[1]), (left, x.shape[2]))
        )
        hole = rows[:, :, None] & columns[:, None, :]  # (N, H, W)
        return xp.where(hole[..., None], 0, x)  # eq: cutout

    def _covered(self, xp, first, side: int):
        """Whether each row, or column, meets the rectangle: (N, side)."""
        after = xp.arange(side) - first[:, None]
        return (after >= 0) & (after < rounded(self.share * side))

    def adjoint_change(self, dy, top, left):
        return self.linear_change(dy, top, left)

    def __repr__(self):
        return f"Cutout({self.share:g})"


class ColourJitter(RandomChange):
    """y = m + c (g - m) + c s (x - g) + b      in evaluation y = x

    g is the mean over the channels at each pixel, and m the mean of the whole sample.
    b is the brightness, uniform on [-1/2, 1/2), c the contrast, uniform on [1/2, 3/2),
    and s the saturation, uniform on [0, 2). Each sample has its own. A picture of one
    channel has x = g, and s does nothing.

    m, g - m and x - g are orthogonal parts of x. So A is symmetric, and
    dx = A^T dy = A dy.
    """

    def draw(self, rng, N, H, W):
        b, s, c = rng.random((3, N, 1, 1, 1), **UNIFORM)
        return b - 0.5, 2 * s, c + 0.5

    def change(self, x, b, s, c):
        return self.linear_change(x, b, s, c) + b.astype(x.dtype)  # eq: jitter-shift

    def linear_change(self, x, b, s, c):
        s, c = s.astype(x.dtype), c.astype(x.dtype)
        g = x.mean(axis=3, keepdims=True)
        m = g.mean(axis=(1, 2), keepdims=True)
        return m + c * (g - m) + c * s * (x - g)  # eq: jitter

    def adjoint_change(self, dy, b, s, c):
        return self.linear_change(dy, b, s, c)  # eq: jitter-dx


KINDS = {"colour": ColourJitter, "translation": Translate, "cutout": Cutout}


class Augment(Sequential):
    """y = T(x), T a chain of the kinds of random change; all three if none is named

        "colour"   ColourJitter()      "translation"   Translate()
        "cutout"   Cutout()

    Colours come first and cutout last, in whatever order they are named. It is the
    first layer of D: `Sequential(Augment(), Conv2d(...), ...)`.

    Raises InputError for a kind that is unknown, or named twice.
    """

    def __init__(self, *kinds: str):
        for kind in kinds:
            one_of(self, "a kind", kind, KINDS)
        if len(set(kinds)) < len(kinds):
            raise InputError(f"Augment expects each kind once, got {', '.join(kinds)}")
        self.kinds = [kind for kind in KINDS if kind in kinds or not kinds]
        super().__init__(*(KINDS[kind]() for kind in self.kinds))

    def __repr__(self):
        return f"Augment({', '.join(map(repr, self.kinds))})"


def augmentation(in_shape, *kinds: str) -> Layer:
    """The layer that stands before D: `Augment` for images of the shape (H, W, C). If D
    takes a tuple (x, y, ...), x is changed, and the others stay as they are.
    """
    if not is_tuple(in_shape):
        return Augment(*kinds)
    return Parallel(Augment(*kinds), *(Identity() for _ in in_shape[1:]))


def augmented(D: Layer, in_shape, *kinds: str) -> Layer:
    """D behind the `augmentation` of its input, whose shape is in_shape.

    A D that grows stays the root of its tree, and has it before all its levels.
    """
    first = augmentation(in_shape, *kinds)
    if isinstance(D, GrowingDiscriminator):
        return D.behind(first)
    return Sequential(first, D)


def rounded(number: float) -> int:
    """The nearest whole number; 3.5 becomes 4."""
    return int(number + 0.5)


def shifted(x, a, b):
    """y[n, i, j] = x[n, i - a_n, j - b_n], 0 where x has no such pixel: (N, H, W, C).

    a, b: (N,) whole numbers
    """
    xp = get_xp(x)
    N, H, W, C = x.shape
    i, j = xp.arange(H) - a[:, None], xp.arange(W) - b[:, None]  # (N, H), (N, W)
    inside = ((i >= 0) & (i < H))[:, :, None] & ((j >= 0) & (j < W))[:, None, :]
    row = H * xp.arange(N)[:, None] + i % H
    pixel = W * row[:, :, None] + (j % W)[:, None, :]  # (N, H, W)
    return xp.where(inside[..., None], xp.take(x.reshape(-1, C), pixel, axis=0), 0)

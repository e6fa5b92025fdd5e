"""Twins of `ancestral` for MADE and for PixelCNN: nothing is computed twice.

The plain function asks the whole network for every place. But a new number changes only
what stands behind it. So each hidden unit of MADE, and each pixel of PixelCNN's stacks,
is computed once, as soon as all that it sees is known. All places together then take
the products of about one forward pass.
"""

import math
from typing import Any

import numpy as np

from ..layers.activations import Activation
from ..layers.combine import Sequential
from ..layers.conditional.tuples import Branch, Pick
from ..layers.conv import Conv2d
from ..layers.correlation import as_matrix, correlation
from ..layers.masked import MADE, degrees
from ..layers.masked_pixels import Coordinates, GatedBlock, PixelCNN, Shift, gates
from ..likelihood.distributions import Bernoulli, Categorical
from ..ops import get_xp
from . import twin
from .recurrent import carried


@twin("structure")
def ancestral(net, likelihood, u):
    """For a tree that is a MADE, a PixelCNN, or a Sequential of the layers that a
    PixelCNN has; or a network that reads from the first to the last (recurrent.py).
    """
    tree: Any = getattr(net, "tree", None)
    fill = {MADE: by_degrees, PixelCNN: by_pixels, Sequential: by_pixels}.get(
        type(tree)
    )
    if fill is None or (fill is by_pixels and not is_pixelcnn(tree)):
        return carried(net, likelihood, u)
    shape = net.in_shape
    V = shape[-1] if len(shape) > 1 else 1  # numbers of a place
    draws = {Bernoulli: (V,), Categorical: ()}.get(type(likelihood))
    if draws is None or u.size * V != len(u) * math.prod((*shape, *draws)):
        return NotImplemented
    u = u.reshape(len(u), -1, *draws)

    def draw(d, s):
        """The numbers x of place d, from s (N, V)."""
        return likelihood.sample(s, u[:, d])

    x = get_xp(u).zeros((len(u), *shape), net.theta.dtype)
    fill(tree, x, draw)
    return x


def by_degrees(made, x, draw) -> None:
    """Fill x (N, ..., V). When place d is drawn, the hidden units of degree d see all
    that they ever will.
    """
    *hidden, last = made.f.layers[::2]
    direct = made.A if made.direct else None
    N, V = len(x), x.shape[-1] if x.ndim > 2 else 1
    D = math.prod(x.shape[1:]) // V
    places = np.repeat(np.arange(1, D + 1), V)
    m = [places, *(degrees(layer.n_out, D) for layer in hidden)]
    # ends[i][d]: how many units of layer i have a degree of at most d
    ends = [np.searchsorted(units, np.arange(D + 1), "right").tolist() for units in m]
    h = [get_xp(x).zeros((N, len(units)), x.dtype) for units in m]
    W = {
        layer: layer.state["M"] * layer.W for layer in (*hidden, last, direct) if layer
    }
    for d in range(D):
        own = slice(ends[0][d], ends[0][d + 1])
        s = last.b[own] + upto(h[-1], ends[-1][d], W[last], own)
        if direct:
            s += upto(h[0], ends[0][d], W[direct], own)
        h[0][:, own] = draw(d, s)
        for i, layer in enumerate(hidden):
            own = slice(ends[i + 1][d], ends[i + 1][d + 1])
            a = layer.b[own] + upto(h[i], ends[i][d + 1], W[layer], own)
            h[i + 1][:, own] = made.f.layers[2 * i + 1].f(a)
    x[...] = h[0].reshape(x.shape)


def upto(h, end: int, W, own):
    """The sums of the units `own` over the first `end` units of h, (N, n) -> (N, m)."""
    return h[:, :end].dot(W[:end, own])


def by_pixels(tree, x, draw) -> None:
    """Fill x (N, H, W, C): row by row, and within a row pixel by pixel."""
    _, H, W, C = x.shape
    places, _, blocks, _, ends = parts(tree)
    seen = places.forward(x)[0] if places else x
    before = [seen.shape[-1], *(block.C for block in blocks)]
    stacks = [Stacks(block, C, x) for block, C in zip(blocks, before, strict=False)]
    for i in range(H):
        v = seen[:, i - 1] if i else 0 * seen[:, 0]
        for stack in stacks:
            v = stack.row(v)
        for j in range(W):
            h = seen[:, i, j - 1] if j else 0 * seen[:, i, 0]
            for stack in stacks:
                h = stack.pixel(j, h)
            s = h[:, None, None]
            for layer in ends:
                s, _ = layer.forward(s, train=False)
            x[:, i, j] = seen[:, i, j, :C] = draw(i * W + j, s[:, 0, 0])


def is_pixelcnn(tree) -> bool:
    """True for a Sequential of the layers that a PixelCNN has, in their order."""
    _, shifts, blocks, pick, ends = parts(tree)
    shifted = [(f.a, f.b) for f in shifts if type(f) is Shift]
    return (
        shifted == [(1, 0), (0, 1)]
        and bool(blocks)
        and all(type(block) is GatedBlock for block in blocks)
        and pick in (1, -1)
        and all(map(sees_one_pixel, ends))
    )


def parts(tree: Any):
    """The layers of a PixelCNN: (the Coordinates, the two of the Branch, the blocks,
    which stack the Pick takes, the rest). None or nothing for what is not at its place.
    """
    first, *layers = tree.layers or (tree,)
    places = first if type(first) is Coordinates else None
    if places and layers:
        first, *layers = layers
    picks = [n for n, layer in enumerate(layers) if type(layer) is Pick]
    n = picks[0] if picks else len(layers)
    shifts = first.layers if type(first) is Branch else ()
    pick = layers[n].i if picks else None
    return places, shifts, layers[:n], pick, layers[n + 1 :]


def sees_one_pixel(layer) -> bool:
    """True for a layer whose output at a pixel depends on this pixel alone."""
    if type(layer) is Conv2d:
        settings = (*layer.kernel, *layer.stride, *layer.pad)
        return settings == (1, 1, 1, 1, 0, 0)
    return isinstance(layer, Activation)


class Stacks:
    """A GatedBlock, computed row by row, and within a row pixel by pixel.

    It takes C_in channels. N, W and the dtype are those of the pictures x (N, H, W, C).
    """

    def __init__(self, block, C_in: int, x):
        self.block, self.up = block, block.k // 2
        N, _, W, _ = x.shape
        self.v = get_xp(x).zeros((N, self.up + 1, W, C_in), x.dtype)  # the last rows
        self.h = get_xp(x).zeros((N, self.up + W, C_in), x.dtype)
        self.V = correlation(block.V.W, self.v.shape[1:], (1, 1), (0, self.up))
        self.H, self.U, self.P = (as_matrix(f.W) for f in (block.H, block.U, block.P))

    def row(self, v):
        """v' of the next row, (N, W, C_in) -> (N, W, C)."""
        xp = get_xp(v)
        self.v = xp.concatenate([self.v[:, 1:], v[:, None]], axis=1)
        v = gated(self.V.forward(self.v)[:, 0] + self.block.V.b)
        self.from_v = v @ self.U + self.block.H.b
        return v

    def pixel(self, j: int, h):
        """h' of pixel j of this row, (N, C_in) -> (N, C)."""
        self.h[:, self.up + j] = h
        seen = self.h[:, j : self.up + j + 1].reshape(len(h), -1)
        new = gated(seen @ self.H + self.from_v[:, j]) @ self.P + self.block.P.b
        return h + new if self.block.residual else new


def gated(a):
    """tanh(a_1) sigma(a_2) for a = [a_1, a_2], (N, ..., 2 C) -> (N, ..., C)."""
    t, g = gates(a)
    return t * g

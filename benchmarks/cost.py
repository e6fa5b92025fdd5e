"""The least cost of a computation: FLOP of products, arithmetic and bytes of layers.

GFLOP/s, GB/s and the arithmetic intensity on the roofline's x axis follow from them.
"""

import itertools
import math

from tinygan import (
    Conv2d,
    ConvTranspose2d,
    Dense,
    EqualRate,
    Fade,
    Growing,
    Sequential,
)

from .moves import GAMES
from .work import Work

FLOAT = 4  # bytes in a float32


def product_flop(layer, in_shape, out_shape) -> int:
    """2 MNK of the matrix product in a layer's forward, per sample; 0 without one.

    The three products of a layer (y, dx and dW) cost the same. A convolution counts
    every entry of its kernel at every place of the kernel, on padding as well. It does
    so even if Winograd's algorithm (fast/winograd.py) takes fewer products.
    """
    if not isinstance(layer, (Dense, Conv2d, ConvTranspose2d)):
        return 0
    transposed = isinstance(layer, ConvTranspose2d)
    places = math.prod((in_shape if transposed else out_shape)[:-1])
    return 2 * places * math.prod(layer.shapes["W"])


def layer_flop(layer, in_shape) -> list[int]:
    """`product_flop` of each layer in a tree that has a product, from the input on.

    A growing network counts at its level. The two branches of a fade lie side by side:
    their first products are one entry of the list, and so on.
    """
    if isinstance(layer, Growing):
        return layer_flop(layer.networks[layer.now], in_shape)
    if isinstance(layer, Fade):
        branches = (layer_flop(f, in_shape) for f in (layer.old, layer.new))
        return [sum(pair) for pair in itertools.zip_longest(*branches, fillvalue=0)]
    if isinstance(layer, Sequential):
        flop = []
        for inner in layer.layers:
            flop += layer_flop(inner, in_shape)
            in_shape = inner.build(in_shape)
        return flop
    if isinstance(layer, EqualRate):
        return layer_flop(layer.layer, in_shape)
    flop = product_flop(layer, in_shape, layer.build(in_shape))
    return [flop] if flop else []


def step_flop(work: Work, game: str = "shared") -> int:
    """FLOP of the products that one training step needs: the useful work.

    The game's class in moves.py has the formula. Elementwise work is not counted, nor
    is work that a library does although nothing needs it.
    """
    G, D = work.networks()
    g, d = layer_flop(G.tree, work.latent), layer_flop(D.tree, work.sample)
    return work.batch * GAMES[work.game or game].flop(g, d)


def pass_flop(case, which: str) -> int:
    """FLOP of one pass of a layer: "forward", "backward" (dx and dW) or "update".

    A product has 2 MNK. The other layers have the arithmetic per number that
    `case.arithmetic` holds.
    """
    layer, in_shape, out_shape = case.built()
    product = product_flop(layer, in_shape, out_shape)
    if product:
        return case.batch * product * (2 if which == "backward" else 1)
    return case.batch * math.prod(in_shape) * case.arithmetic[which]


def pass_bytes(case, which: str) -> int:
    """Bytes that one pass must move, each array once, as if the cache were endless.

    forward     x, theta read; y written
    backward    dy, the forward's cache (as large as x), theta read; dx, dtheta written
    update      theta, g, m, v read; theta, m, v written
    """
    layer, in_shape, out_shape = case.built()
    x, y = (case.batch * math.prod(shape) for shape in (in_shape, out_shape))
    if which == "update":
        return FLOAT * 7 * x
    theta = sum(math.prod(shape) for shape in layer.shapes.values())
    if which == "forward":
        return FLOAT * (x + theta + y)
    return FLOAT * (y + x + theta + x + theta)

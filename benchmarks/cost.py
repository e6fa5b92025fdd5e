"""The least cost of a computation: FLOP of products, arithmetic and bytes of layers.

GFLOP/s, GB/s and the arithmetic intensity on the roofline's x axis follow from them.
"""

import math
from collections import Counter

from tinygan import (
    GRU,
    Conv2d,
    ConvTranspose2d,
    Dense,
    EqualRate,
    Fade,
    Growing,
    Pick,
    Residual,
    Sequential,
)
from tinygan.layers.conditional.tuples import Several

from .moves import GAMES
from .work import Work

FLOAT = 4  # bytes in a float32


def product_flop(layer, in_shape, out_shape) -> list[int]:
    """2 MNK of each matrix product in a layer's forward, per sample, one after another.

    The three products of a layer (y, dx and dW) cost the same. A convolution counts
    every entry of its kernel at every place of the kernel, on padding as well. It does
    so even if Winograd's algorithm (fast/winograd.py) takes fewer products. A masked
    layer counts every entry of W. A GRU has x W of all steps and then h U of all steps
    but the first, where h = 0.
    """
    if isinstance(layer, GRU):
        T = in_shape[0]
        U = 2 * (T - 1) * math.prod(layer.shapes["U"])
        return [2 * T * math.prod(layer.shapes["W"]), U]
    if not isinstance(layer, (Dense, Conv2d, ConvTranspose2d)):
        return []
    transposed = isinstance(layer, ConvTranspose2d)
    places = math.prod((in_shape if transposed else out_shape)[:-1])
    return [2 * places * math.prod(layer.shapes["W"])]


def layer_flop(layer, in_shape) -> list[int]:
    """`product_flop` of the layers in a tree, from the input on.

    Entry k has the products with k others between them and the input. So layers that
    lie side by side, as in a fade or beside a shortcut, share an entry. A growing
    network counts at its level.
    """
    flop: Counter[int] = Counter()
    _through(layer, in_shape, 0, flop)
    return [flop[k] for k in range(len(flop))]


def _through(layer, shape, depth, flop):
    """(shape, depth) behind a layer, whose products are added to `flop`.

    The depth of a value is the most products between it and the input; a tuple of
    values has a tuple of depths.
    """
    if isinstance(layer, Growing):
        return _through(layer.networks[layer.now], shape, depth, flop)
    if isinstance(layer, EqualRate):
        return _through(layer.layer, shape, depth, flop)
    out = layer.build(shape)
    if isinstance(layer, Sequential):
        for inner in layer.layers:
            shape, depth = _through(inner, shape, depth, flop)
    elif isinstance(layer, Several):
        parts = zip(layer.layers, layer.inputs(shape), layer.inputs(depth), strict=True)
        depth = tuple(_through(*part, flop)[1] for part in parts)
    elif isinstance(layer, (Residual, Fade)):
        branches = (f for _, f in layer.children())
        depth = max(_through(f, shape, depth, flop)[1] for f in branches)
    elif isinstance(layer, Pick):
        depth = depth[layer.i]
    for product in product_flop(layer, shape, out):
        flop[depth] += product
        depth += 1
    return out, depth


def step_flop(work: Work, game: str = "shared") -> int:
    """FLOP of the products that one training step needs: the useful work.

    The game's class has the formula. Elementwise work is not counted, nor is work that
    a library does although nothing needs it.
    """
    pairs = zip(work.networks(), work.inputs, strict=True)
    nets = (layer_flop(net.tree, shape) for net, shape in pairs)
    return work.batch * GAMES[work.game or game].flop(*nets)


def pass_flop(case, which: str) -> int:
    """FLOP of one pass of a layer: "forward", "backward" (dx and dW) or "update".

    A product has 2 MNK. The other layers have the arithmetic per number that
    `case.arithmetic` holds.
    """
    layer, in_shape, out_shape = case.built()
    product = sum(product_flop(layer, in_shape, out_shape))
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

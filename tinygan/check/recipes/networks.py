"""Certify a network of a recipe: each of its layers on its own shape, and the whole."""

import copy
import math

from ...layers import (
    Branch,
    Each,
    Fade,
    GrowingDiscriminator,
    GrowingGenerator,
    Layer,
    Parallel,
    Residual,
    Sequential,
)
from ...layers.base import walk
from ...layers.conditional.tuples import has_numbers
from ...net import Net
from ...values import Integers, is_tuple, zeros
from ..adapters import Flat, width
from ..kinds import rows_of
from ..report import Row

CONTAINERS = (  # no subclass of them
    *(Sequential, Residual, Parallel, Branch, Each),
    *(Fade, GrowingGenerator, GrowingDiscriminator),
)
LIGHT = 3e5  # products of one sample: a layer or a network with more is large
WIDE = 20_000  # numbers of one sample: a layer that takes more is large
SAMPLES = (4, 6, 8, 9, 10, 12, 16, 32, 64)  # batches to try a layer on


def units(net: Net) -> list[tuple[str, Layer, tuple]]:
    """(path, layer, in_shape) of the layers of a network, one of each kind and shape.

    tinygan's containers are looked into. A container of one's own is one layer.
    """
    found: dict[tuple, tuple] = {}
    for path, layer in _inside("", net.tree):
        for in_shape, out_shape in sorted(vars(layer).get("_built", ()), key=repr):
            if has_numbers(out_shape):
                key = type(layer), _settings(layer), repr(in_shape)
                found.setdefault(key, (path, layer, in_shape))
    return list(found.values())


def _inside(path: str, layer: Layer):
    if type(layer) in CONTAINERS:
        for name, child in layer.children():
            yield from _inside(f"{path}.{name}" if path else name, child)
    else:
        yield path, layer


def _settings(layer: Layer) -> str:
    """What tells two layers of a class apart: their settings, not their arrays."""
    plain = {
        k: v
        for k, v in vars(layer).items()
        if k[0] != "_" and isinstance(v, int | float | str | tuple | None)
    }
    return f"{layer!r} {sorted(plain.items())!r}"


def layer_rows(layer: Layer, in_shape, name: str, code: str, **options) -> list[Row]:
    """Check a layer of a network on its in_shape, which may be a tuple of shapes.

    code: an expression that makes the layer
    """
    alone = copy.deepcopy(layer)
    batch = fitting_batch(alone, in_shape)
    if is_tuple(in_shape) or isinstance(in_shape, Integers):
        alone, code = Flat(alone, in_shape), f"Flat({code}, {in_shape!r})"
        in_shape = (max(1, width(in_shape)),)
    rows = rows_of(alone, in_shape, batch=batch, code=code, **options)
    for row in rows:
        row.name = name
    return rows


def fitting_batch(layer: Layer, in_shape) -> int:
    """The first of a few numbers of samples that the layer takes. The error for the
    last one, if it takes none.
    """
    for n in SAMPLES:
        net = Net(copy.deepcopy(layer), in_shape, dtype="float64")
        try:
            net.forward(zeros(in_shape, n, "float64"))
        except ValueError:
            if n == SAMPLES[-1]:
                raise
        else:
            break
    return n


def is_light(layer: Layer, in_shape=()) -> bool:
    """Whether a check of a layer that was built takes a second or two at most."""
    own = ((f.reuses, math.prod(s)) for _, f in walk(layer) for s in f.shapes.values())
    return sum(reuses * n for reuses, n in own) <= LIGHT and width(in_shape) <= WIDE


def is_ours(layer: Layer) -> bool:
    """Whether tinygan brings the layer, and all layers in it."""
    homes = {type(f).__module__.partition(".")[0] for _, f in walk(layer)}
    return homes == {"tinygan"}

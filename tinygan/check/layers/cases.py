"""The cases in which a layer is tried: a batch, a shape, values, an order of memory.

A fault shows in some cases only: for a batch of one, at zero, for one channel, in
evaluation. So a check goes through many cases, the smallest first. A `Case` is a line
that one can paste, and the same case always draws the same numbers.
"""

import copy
import dataclasses
import math

import numpy as np

from ...errors import InputError, one_of, whole
from ...layers.base import Layer, each_once
from ...values import as_shape

BLOCK = 32768  # numbers: fast code often works in blocks of so many


@dataclasses.dataclass(frozen=True)
class Case:
    """One case for a layer.

    N: the size of the batch            in_shape: of a sample; None for the stated one
    train: the mode of the layer        values: of x, one of VALUES
    order: of x and dy in memory, one of ORDERS            seed: of all draws

    Raises InputError for anything else.
    """

    N: int = 4
    in_shape: tuple | None = None
    train: bool = True
    values: str = "normal"
    order: str = "C"
    dtype: str = "float64"
    seed: int = 0

    def __post_init__(self):
        whole("Case", "N >= 1", self.N)
        whole("Case", "seed >= 0", self.seed)
        one_of("Case", "values", self.values, [*VALUES])
        one_of("Case", "order", self.order, [*ORDERS])
        one_of("Case", "dtype", self.dtype, ["float64", "float32"])
        if self.in_shape is not None and as_shape(self.in_shape) is None:
            raise InputError(f"Case expects in_shape such as (3,), got {self.in_shape}")

    def with_seed(self, seed: int) -> "Case":
        """The same case with other numbers."""
        return dataclasses.replace(self, seed=seed)

    def __repr__(self) -> str:
        own = dataclasses.fields(self)
        set_ = [(f.name, getattr(self, f.name)) for f in own]
        said = [
            f"{n}={v!r}" for (n, v), f in zip(set_, own, strict=True) if v != f.default
        ]
        return f"Case({', '.join(said)})"


def _ties(rng, shape):
    """Every second number is one of three, so many are equal."""
    x = rng.standard_normal(shape)
    few = rng.choice(x.ravel()[: 1 + x.size // 8], shape) if x.size else x
    return np.where(rng.random(shape) < 0.5, few, x)


def _some_zeros(rng, shape):
    return rng.standard_normal(shape) * (rng.random(shape) < 0.6)


def _constant(rng, shape):
    """All numbers of a sample are equal, as in a grey picture."""
    x = rng.standard_normal((shape[0], *(1 for _ in shape[1:])))
    return np.broadcast_to(x, shape)


def _one_far(rng, shape):
    x = rng.standard_normal(shape)
    x[0] += 300.0
    return x


def ramp() -> np.ndarray:
    """About 3,400 numbers: 0, small and large powers of ten, and every hundredth from
    -15 to 15, where thresholds tend to lie.
    """
    powers = 10.0 ** np.arange(-8, 4.01, 0.125)
    fine = np.arange(-1500, 1501) / 100.0
    wide = np.arange(-60, 61)
    tiny = np.array([1e-170, 1e-100, 1e-30])
    return np.unique(np.concatenate([powers, -powers, fine, wide, tiny, -tiny]))


def _scaled(size: float, shift: float = 0.0):
    return lambda rng, shape: size * rng.standard_normal(shape) + shift


VALUES = {  # the name of a kind of values: how they are drawn
    "normal": _scaled(1.0),
    "positive": lambda rng, shape: rng.random(shape) + 0.1,
    "negative": lambda rng, shape: -rng.random(shape) - 0.1,
    "zeros": lambda rng, shape: np.zeros(shape),
    "some zeros": _some_zeros,
    "ties": _ties,
    "whole": lambda rng, shape: rng.integers(-3, 4, shape).astype(float),
    "constant samples": _constant,
    "equal samples": lambda rng, shape: np.repeat(
        rng.standard_normal((1, *shape[1:])), shape[0], axis=0
    ),
    "one far sample": _one_far,
    "about 0.001": _scaled(1e-3),
    "about 1e-8": _scaled(1e-8),
    "about 8": _scaled(8.0),
    "about 100": _scaled(100.0),
    "about 1,000": _scaled(400.0),
    "about 2,000": _scaled(2e3),  # exp overflows, and not yet in the longest numbers
    "about 10,000": _scaled(1e4),
    "near 2": _scaled(0.3, 2.0),
    "near -2": _scaled(0.3, -2.0),
    "near 6": _scaled(1.0, 6.0),
    "near -6": _scaled(1.0, -6.0),
    "near 15": _scaled(2.0, 15.0),
    "near -15": _scaled(2.0, -15.0),
    "near 40": _scaled(5.0, 40.0),
    "near -40": _scaled(5.0, -40.0),
    "near 1,000,000": _scaled(1.0, 1e6),
    "ramp": lambda rng, shape: np.resize(ramp(), shape),
}
EXTREME = {
    "about 100",
    "about 1,000",
    "about 2,000",
    "about 10,000",
    "one far sample",
    "near 40",
    "near -40",
    "near 1,000,000",
}


def _reversed(a):
    """The same numbers, stored from the last to the first along every axis."""
    back = (slice(None, None, -1),) * a.ndim
    return np.ascontiguousarray(a[back])[back]


ORDERS = {  # the name of an order of memory: an array with these numbers in that order
    "C": np.ascontiguousarray,
    "Fortran": np.asfortranarray,
    "every second": lambda a: np.repeat(a, 2, axis=-1)[..., ::2],
    "every second sample": lambda a: np.repeat(a, 2, axis=0)[::2],
    "reversed": _reversed,
    "offset": lambda a: np.concatenate([a.ravel()[:1], a.ravel()])[1:].reshape(a.shape),
}


def shapes_of(layer: Layer, in_shape: tuple, effort: str) -> list[tuple]:
    """Other shapes that the layer can be built on: one channel, a square W, unequal
    axes, many channels, more than 32,768 parameters. The rank is that of in_shape.
    """
    if not in_shape or isinstance(in_shape[0], tuple):
        return []
    built = copy.deepcopy(layer)
    out_shape = built.build(in_shape)
    *places, C = in_shape
    last = {1, C + 1} if effort != "quick" else {1}
    last |= {shape[-1] for shape in built.shapes.values() if shape}
    last |= {shape[0] for shape in built.shapes.values() if shape}
    last |= (
        {out_shape[-1]} if out_shape and not isinstance(out_shape[-1], tuple) else set()
    )
    if effort != "quick":
        last |= {17, 65, 130, *_many_parameters(layer, in_shape)}
    found = [(*places, c) for c in sorted(last - {C})]
    if places:
        found.append((*(p + 1 + i for i, p in enumerate(places)), C))
    if places and effort != "quick":
        found.append((*((2 + i) * p for i, p in enumerate(places)), C))
        found.append((*places[::-1], C))
    return [s for s in dict.fromkeys(found) if s != in_shape and math.prod(s) <= 70000]


def _many_parameters(layer: Layer, in_shape: tuple) -> list[int]:
    """The number of channels for which the layer has a few more parameters than fit in
    a block of 32,768; [] if there is none.
    """
    C, n = in_shape[-1], 0
    try:
        while n <= BLOCK and C < 70000:
            C, before = C + max(1, C // 4), n
            n = _parameters(layer, (*in_shape[:-1], C))
            if n == before:  # they do not grow
                return []
    except Exception:  # a layer may refuse a shape in any way
        return []
    return [C] if BLOCK < n < 4 * BLOCK else []


def _parameters(layer: Layer, in_shape: tuple) -> int:
    built = copy.deepcopy(layer)
    built.build(in_shape)
    return sum(
        math.prod(shape) for _, f in each_once(built) for shape in f.shapes.values()
    )


QUICKLY = "ties", "constant samples", "about 8", "about 2,000"  # kinds of values
SIZES = {"quick": (1, 9), "normal": (1, 2, 3, 5, 6, 7, 8, 9, 17, 33)}
SIZES["thorough"] = (*SIZES["normal"], 10, 12, 16, 32, 64, 65, 128, 257)


def fixed(layer: Layer, in_shape: tuple, effort: str, seed: int = 0) -> list[Case]:
    """The cases that are always tried, from the plainest to the strangest."""
    quick = effort == "quick"
    kinds = QUICKLY if quick else [*VALUES][1:-1]
    modes = (True,) if quick else (True, False)
    cases = [Case(N, seed=seed, train=t) for N in SIZES[effort] for t in (True, False)]
    cases += [Case(3, None, t, kind, seed=seed) for t in modes for kind in kinds]
    for shape in shapes_of(layer, in_shape, effort):
        once = (True,) if math.prod(shape) > 3000 else modes
        cases += [Case(2, shape, train, seed=seed) for train in once]
    long = -(-len(ramp()) // math.prod(in_shape))
    cases += [Case(long, None, t, "ramp", seed=seed) for t in modes]
    if not quick:  # the plain case has three orders, and float32
        cases += [Case(3, order=order, seed=seed) for order in [*ORDERS][1:]]
        floats = ("normal", "about 0.001", "some zeros")
        cases += [Case(3, values=v, dtype="float32", seed=seed) for v in floats]
        cases += [Case(2, train=False, dtype="float32", seed=seed)]
    return cases

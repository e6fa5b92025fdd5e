"""Hypothesis strategies for the values, shapes and layers of your own tests.

    @given(arrays((3, 4)))                  an array of plain and of strange numbers
    @given(shapes(rank=3))                  shapes without the batch axis
    @given(cases((5, 5, 2)))                cases for check_layer and assert_layer
    @given(layers())                        (layer, in_shape) of tinygan

They need Hypothesis, which the extra `test` installs. Examples shrink to small batches,
plain values and C order.
"""

import numpy as np

try:
    from hypothesis import strategies as st
except ImportError as e:
    raise ImportError(
        "tinygan.check.strategies needs Hypothesis: pip install hypothesis"
    ) from e

from ..errors import InputError, floating, one_of, shown, whole
from ..values import as_shape, is_tuple
from .layers.cases import ORDERS, VALUES, Case


def shapes(rank: int | None = None, largest: int = 8):
    """Shapes of a sample, without the batch axis: `rank` axes, or 1 to 3.

    Raises InputError unless rank >= 0 and largest >= 1 are whole numbers.
    """
    axis = st.integers(1, whole("shapes", "largest >= 1", largest))
    if rank is None:
        ranks = st.integers(1, 3)
    else:
        ranks = st.just(whole("shapes", "rank >= 0", rank))
    return ranks.flatmap(lambda n: st.tuples(*(axis for _ in range(n))))


def arrays(shape, values=None, dtype="float64"):
    """Arrays of this shape: normal numbers, zeros, ties, large and tiny numbers.

    values: some of the names in cases.VALUES; None for all. The first axis counts
    samples: "equal samples" is an array whose parts along it are equal.

    Raises InputError for other values, for no shape and for a dtype that is not
    floating.
    """
    names = [*VALUES] if values is None else values
    if not isinstance(names, list | tuple | set) or not names:
        names = [names]
    for name in names:
        one_of("arrays", "values", name, [*VALUES])
    dtype = floating("arrays", dtype)
    sizes = as_shape(tuple(shape) if isinstance(shape, list) else shape)
    if sizes is None or is_tuple(sizes):
        raise InputError(f"arrays expects a shape such as (4, 3), got {shown(shape)}")

    def drawn(name, seed):
        rng = np.random.default_rng(seed)
        numbers = VALUES[name](rng, sizes or (1,))
        return np.array(numbers, dtype).reshape(sizes)

    kinds = sorted(names, key=[*VALUES].index)  # the plainest first
    return st.builds(drawn, st.sampled_from(kinds), st.integers(0, 2**16))


def cases(in_shape, seed: int = 0, shaped: bool = True):
    """Cases for a layer on in_shape: batches, modes, values, orders, other shapes.

    Other shapes are drawn if `shaped`. A layer may refuse them.

    Raises InputError for an in_shape that is no shape.
    """
    stated = as_shape(tuple(in_shape) if isinstance(in_shape, list) else in_shape)
    if stated is None:
        raise InputError(f"cases expects in_shape such as (3,), got {shown(in_shape)}")
    other = st.none()
    if shaped and stated and not isinstance(stated[0], tuple):
        axes = (st.integers(1, max(2 * s, 6)) for s in stated)
        other = st.one_of(st.none(), st.tuples(*axes))
    return st.builds(
        Case,
        N=st.one_of(st.integers(1, 8), st.integers(9, 40)),
        in_shape=other,
        train=st.sampled_from([True, False]),
        values=st.sampled_from([*VALUES]),
        order=st.one_of(st.just("C"), st.sampled_from([*ORDERS])),
        dtype=st.just("float64"),
        seed=st.integers(seed, seed + 99),
    )


def layers():
    """(layer, in_shape) of tinygan's own layers, in all their settings."""
    from .builtin import builtin_layers

    return st.sampled_from(range(len(builtin_layers()))).map(
        lambda i: builtin_layers()[i]
    )

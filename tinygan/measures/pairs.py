"""Tools of the measures: samples as rows of float64, and distances of all pairs.

The matrix of distances comes one block of rows at a time, so it need not fit into the
memory.
"""

import math

import numpy as np

from ..errors import InputError, numbers, shown

CELLS = 1 << 22  # numbers in a block: 32 MB
SOME = 500  # points, evenly spaced, tell where the middle is
EXACT = 1e9  # a squared distance is at least so many times its rounding error


def as_rows(name: str, x, least: int = 1) -> np.ndarray:
    """x (N, ...) as rows (N, d) of float64.

    Raises InputError unless there are at least `least` samples, each with at least one
    number, all finite.
    """
    x = numbers(name, x)
    if x.ndim < 2 or len(x) < least or x[:1].size == 0:
        raise InputError(
            f"{name}: expected at least {least} samples, (N, ...), got {x.shape}"
        )
    if not np.isfinite(x).all():
        raise InputError(f"{name}: expected finite samples, got NaN or infinity")
    return x.reshape(len(x), -1)


def matched(x, y, least: int = 1, names=("x", "y")) -> tuple[np.ndarray, np.ndarray]:
    """x (N, ...) and y (M, ...) as rows (N, d) and (M, d).

    Raises InputError as `as_rows` does, and if the samples of x and y differ in shape.
    """
    rows = as_rows(names[0], x, least), as_rows(names[1], y, least)
    shapes = np.shape(x)[1:], np.shape(y)[1:]
    if shapes[0] != shapes[1]:
        raise InputError(
            f"expected samples of one shape, got {shapes[0]} in {names[0]} "
            f"and {shapes[1]} in {names[1]}"
        )
    return rows


def positive(name: str, values) -> np.ndarray:
    """Finite numbers > 0, one or several, as (K,) float64; InputError for others."""
    found = np.atleast_1d(numbers(name, values))
    ok = found.ndim == 1 and found.size > 0 and np.isfinite(found).all()
    if not (ok and (found > 0).all()):
        raise InputError(f"expected finite {name} > 0, got {shown(found.tolist())}")
    return found


def squared_distances(x: np.ndarray, y: np.ndarray | None = None):
    """D_ij = |x_i - y_j|^2 = |x_i|^2 + |y_j|^2 - 2 <x_i, y_j>, one block after another

    x: (N, d)      y: (M, d)      each block: (rows, M)

    Without y the pairs are within x, and D_ii is infinite: no point is its own
    neighbour. The points are first centred at their median, which a few points far away
    do not move, so that little cancels. Where much cancels all the same, D is far
    smaller than its terms, and their rounding errors would count. There the numbers of
    x_i - y_j are squared. So the relative error of D_ij is about 1 / EXACT at most, and
    equal points are at distance 0.
    """
    other = x if y is None else y
    centre = np.median(other[:: -(-len(other) // SOME)], axis=0)
    a, b = x - centre, other - centre
    xx, yy = (a**2).sum(axis=1), (b**2).sum(axis=1)
    small = EXACT * np.finfo(np.float64).eps * (8 + math.sqrt(x.shape[1]))
    rows = max(1, CELLS // len(other))
    for i in range(0, len(x), rows):
        part = a[i : i + rows]
        scale = xx[i : i + rows, None] + yy  # (rows, M)
        D = scale - 2 * (part @ b.T)  # eq: squared-distances
        scale *= small
        _by_differences(D, x[i : i + rows], other, scale > D)
        if y is None:
            k = np.arange(len(part))
            D[k, i + k] = np.inf
        yield D


def _by_differences(D, x, y, chosen) -> None:
    """D_ij = sum_k (x_ik - y_jk)^2 for the pairs chosen (N, M), some at a time."""
    i, j = np.divmod(np.flatnonzero(chosen), chosen.shape[1])  # faster than nonzero
    pairs = max(1, CELLS // x.shape[1])
    for start in range(0, len(i), pairs):
        part = i[start : start + pairs], j[start : start + pairs]
        D[part] = ((x[part[0]] - y[part[1]]) ** 2).sum(axis=1)

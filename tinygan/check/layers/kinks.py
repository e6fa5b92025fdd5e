"""Where a function has a kink, its derivative is a choice, within bounds.

At x = 0 the slope of max(x, a x) may be taken as anything from a to 1, and 7 is wrong.
So at the values of a case that lie on kinks, ties or zeros, the derivative of y_j along
x_k must lie between the least and the greatest that are found at points close to x: of
these is Clarke's generalised gradient made (Clarke 1983, theorem 2.5.1). A few points
do not see all of it, so the bounds are WIDER than what they see.
"""

import numpy as np

from .passes import Verdict
from .probe import LONG, Probe

PLACES = 5  # directions, and outputs for each, that are tried
POINTS = 16  # at each distance; together they see all sides of a kink
DISTANCES = (1e-5, 1e-9)  # from x; the step of a difference is 1/1000 of them
SLACK = 1e-3  # of the size of a slope
WIDER = 2.0  # times the distance between the bounds


def between_sides(p: Probe) -> Verdict:
    """How far dx lies outside the slopes close to x, relative to their size.

    `crossed` of the verdict counts the slopes that differ from point to point.
    """
    worst = Verdict(limit=SLACK)
    points = [
        (distance, p.x + distance * np.maximum(1.0, np.abs(p.x)) * p.normal(p.x.shape))
        for distance in DISTANCES[: 2 if _is_long(p) else 1]
        for _ in range(POINTS)
    ]
    for k in p.rng.permutation(p.x.size)[:PLACES]:
        along = _unit(p, int(k))
        with np.errstate(all="ignore"):
            slopes = np.array([_slope(p, x, along, d / 1000) for d, x in points])
        low, high = slopes.min(axis=0), slopes.max(axis=0)
        known = np.isfinite(low + high) & (np.abs(low) + np.abs(high) < 1e6)
        moved = np.flatnonzero(known & ((low != 0) | (high != 0)))
        outputs = moved if len(moved) else np.flatnonzero(known)
        for j in p.rng.permutation(outputs)[:PLACES]:
            worst.worst(_one(p, along, int(j), float(low[j]), float(high[j])))
    return worst


def _is_long(p: Probe) -> bool:
    try:
        return p.at(p.x.astype(LONG), p.theta)[1].dtype == LONG
    except Exception:  # such as code that calls LAPACK
        return False


def _unit(p: Probe, k: int):
    along = np.zeros(p.x.size)
    along[k] = 1.0
    return along.reshape(p.x.shape)


def _slope(p: Probe, x, along, step: float):
    """The derivatives of all outputs along a direction, by a difference at x."""
    h = step * max(1.0, float(np.abs(p.x).max()))
    x = x.astype(LONG) if step < 1e-9 else x
    above, below = (p.at(x + s * h * along, p.theta)[1] for s in (1, -1))
    return ((above - below) / (2 * h)).ravel().astype(float)


def _one(p: Probe, along, j: int, low: float, high: float) -> Verdict:
    dy = np.zeros(p.y.size)
    dy[j] = 1.0
    with np.errstate(all="ignore"):
        dx, _ = p.gradients(dy.reshape(p.y.shape))
    found = float((dx * along).sum())
    size = max(1.0, abs(low), abs(high))
    more = WIDER * (high - low) if high - low > SLACK * size else 0.0
    outside = max(low - more - found, found - high - more, 0.0)
    off = outside if np.isfinite(found) else np.inf
    note = ""
    if off > SLACK * size:
        k = int(np.flatnonzero(along)[0])
        note = (
            f"the slope of y[{j}] in x[{k}] is {found:.6g}; close to x it is from "
            f"{low:.6g} to {high:.6g}"
        )
    return Verdict(off / size, SLACK, note, crossed=int(high - low > SLACK * size))

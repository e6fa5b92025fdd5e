"""Where a function has a kink, its derivative is a choice, within bounds.

At x = 0 the slope of max(x, a x) may be taken as anything from a to 1, and 7 is wrong.
So at the values of a case that lie on kinks, ties or zeros, each derivative dy_j/dx_k
must lie between the least and the greatest that are found at points close to x: what
Clarke calls the generalised gradient is made of them (Clarke 1983, theorem 2.5.1).
"""

import numpy as np

from .passes import Verdict
from .probe import Probe

PLACES = 5  # inputs, and outputs of each, that are tried
POINTS = 24  # close to x, which see all sides of a kink
NEAR, STEP = 1e-5, 1e-8  # how far they are, and the step of a difference there
SLACK = 1e-3  # of the size of a slope


def between_sides(p: Probe) -> Verdict:
    """How far dx lies outside the slopes close to x, relative to their size.

    `crossed` of the verdict counts the slopes that differ from point to point.
    """
    worst = Verdict(limit=SLACK)
    scale = NEAR * np.maximum(1.0, np.abs(p.x))
    points = [p.x + scale * p.normal(p.x.shape) for _ in range(POINTS)]
    for k in p.rng.permutation(p.x.size)[:PLACES]:
        with np.errstate(all="ignore"):
            slopes = np.array([_slope(p, x, int(k)) for x in points])
        low, high = slopes.min(axis=0), slopes.max(axis=0)
        known = np.flatnonzero(
            np.isfinite(low + high) & (np.abs(low) + np.abs(high) < 1e6)
        )
        moved = known[(low[known] != 0) | (high[known] != 0)]
        for j in p.rng.permutation(moved if len(moved) else known)[:PLACES]:
            worst.worst(_one(p, int(k), int(j), float(low[j]), float(high[j])))
    return worst


def _slope(p: Probe, x, k: int):
    """dy/dx_k at x by a difference, for all outputs: (outputs,)."""
    step = np.zeros(x.size)
    step[k] = STEP * max(1.0, float(np.abs(x).max()))
    step = step.reshape(x.shape)
    above, below = p.at(x + step, p.theta)[1], p.at(x - step, p.theta)[1]
    return ((above - below) / (2 * step.ravel()[k])).ravel()


def _one(p: Probe, k: int, j: int, low: float, high: float) -> Verdict:
    dy = np.zeros(p.y.size)
    dy[j] = 1.0
    with np.errstate(all="ignore"):
        dx, _ = p.gradients(dy.reshape(p.y.shape))
    found = float(dx.ravel()[k])
    size = max(1.0, abs(low), abs(high))
    off = max(low - found, found - high, 0.0) if np.isfinite(found) else np.inf
    note = (
        f"dy[{j}]/dx[{k}] is {found:.6g}; close to x it is from {low:.6g} to {high:.6g}"
        if off > SLACK * size
        else ""
    )
    return Verdict(off / size, SLACK, note, crossed=int(high - low > SLACK * size))

"""Where a function has a kink, its derivative is a choice, within bounds.

At x = 0 the slope of max(x, a x) may be taken as anything from a to 1, and 7 is wrong.
So at the values of a case that lie on kinks, ties or zeros, each derivative dy_j/dx_k
is compared with the two one-sided derivatives of y_j along x_k: it must lie between
them.
"""

import numpy as np

from .oracles import one_sided
from .passes import Verdict
from .probe import Probe

PLACES = 6  # inputs, and outputs of each, that are tried
SLACK = 1e-4  # of the size of a slope


def between_sides(p: Probe) -> Verdict:
    """How far dx lies outside the one-sided derivatives, relative to a slope's size."""
    worst = Verdict(limit=SLACK)
    for k in p.rng.permutation(p.x.size)[:PLACES]:
        along = np.zeros(p.x.size)
        along[k] = 1.0
        with np.errstate(all="ignore"):
            right, left = (
                side.ravel()
                for side in one_sided(
                    lambda x: p.at(x, p.theta)[1], p.x, along.reshape(p.x.shape)
                )
            )
        known = np.flatnonzero(np.isfinite(right) & np.isfinite(left))
        moved = known[(right[known] != 0) | (left[known] != 0)]
        for j in p.rng.permutation(moved if len(moved) else known)[:PLACES]:
            worst.worst(_one(p, int(k), int(j), float(left[j]), float(right[j])))
    return worst


def _one(p: Probe, k: int, j: int, left: float, right: float) -> Verdict:
    dy = np.zeros(p.y.size)
    dy[j] = 1.0
    with np.errstate(all="ignore"):
        dx, _ = p.gradients(dy.reshape(p.y.shape))
    found = float(dx.ravel()[k])
    low, high = min(left, right), max(left, right)
    off = max(low - found, found - high, 0.0) if np.isfinite(found) else np.inf
    error = off / max(1.0, abs(low), abs(high))
    bent = int(high - low > SLACK * max(1.0, abs(low), abs(high)))
    return Verdict(
        error,
        SLACK,
        f"dy[{j}]/dx[{k}] is {found:.6g}; from the left it is {left:.6g}, from the "
        f"right {right:.6g}"
        if error > SLACK
        else "",
        crossed=bent,
    )

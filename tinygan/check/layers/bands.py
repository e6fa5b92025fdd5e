"""A layer that maps each number by itself is tried at thousands of numbers at once.

A wrong slope for |x| < 0.001 or for x > 12 is one case among many; for an elementwise
layer all of them fit into one batch. x goes through 0, small and large powers of ten,
and every hundredth from -15 to 15, where thresholds tend to lie.
"""

import numpy as np

from ..oracles import TINY, one_sided
from .passes import Verdict
from .probe import LONG, Probe

CLOSE = 1e-9  # relative to the slope
FAR = 1e-5  # the same for |x| > 100, where sin x has lost digits of x
LEAST = 1e-12  # relative to a slope of 1: saturated functions keep their rounding


def is_elementwise(p: Probe) -> bool:
    """True if each output depends on the input at its own place alone."""
    if p.y.shape != p.x.shape or p.x.size < 2:
        return False
    other = p.x + 1.0 + p.rng.random(p.x.shape)
    for _ in range(8):
        keep = p.rng.random(p.x.shape) < 0.5
        y = p.at(np.where(keep, p.x, other), p.theta)[1]
        if not np.array_equal(y[keep], p.y[keep], equal_nan=True):
            return False
    return True


def along_ramp(p: Probe) -> tuple[Verdict, Verdict]:
    """Verdicts on dx and on what is not finite, for an elementwise layer at a ramp."""
    p.dy = np.sign(p.dy) * (0.5 + p.rng.random(p.dy.shape))
    dx, _ = p.gradients()
    truth = long_value(p)
    within = np.isfinite(truth) & (np.abs(truth) < 1e300)
    slope = _slopes(p)
    off = np.abs(dx / p.dy - slope)  # eq: ramp-slope
    close = np.where(np.abs(p.x) <= 100, CLOSE, FAR)
    bad = within & ~(off <= close * np.abs(slope) + LEAST)
    return _judge(p, dx, bad & np.isfinite(p.y)), _overflow(p, within)


def long_value(p: Probe):
    """y in the longest numbers; NaN where the layer does not know them."""
    try:
        return np.asarray(p.at(p.x.astype(LONG), p.theta)[1])
    except Exception:  # such as code that calls LAPACK
        return np.full(p.y.shape, np.nan)


def _slopes(p: Probe):
    """f'(x) at every number: the complex step where it is defined."""
    try:
        return p.at(p.x + 1j * TINY, p.theta)[1].imag / TINY
    except Exception:  # whatever a user's code raises for a complex number
        return np.full(p.x.shape, np.nan)


def _judge(p: Probe, dx, bad) -> Verdict:
    """Where the complex step disagrees, the slope must lie between the sides."""
    worst = Verdict(limit=1e-4)
    if not bad.any():
        return worst
    x = p.x.astype(LONG if np.isfinite(long_value(p)).any() else float)
    with np.errstate(all="ignore"):
        right, left = one_sided(lambda x: p.at(x, p.theta)[1], x, np.ones_like(x))
        found = dx / p.dy
        size = np.maximum(1.0, np.maximum(np.abs(left), np.abs(right)))
        over = np.maximum(
            np.minimum(left, right) - found, found - np.maximum(left, right)
        )
        over = np.where(np.isfinite(found), over, np.inf) / size
    over = np.where(bad & np.isfinite(left) & np.isfinite(right), over, 0.0)
    at = int(np.argmax(over))
    error = float(over.ravel()[at])
    if error > worst.limit:
        x, f, a, b = (float(v.ravel()[at]) for v in (p.x, found, left, right))
        worst = Verdict(
            error,
            worst.limit,
            f"at x = {x:.6g} the slope is {f:.6g}, it should be {_either(a, b)}",
        )
    return worst


def _either(left: float, right: float) -> str:
    if abs(left - right) <= 1e-4 * max(1.0, abs(left)):
        return f"{right:.6g}"
    return f"from {min(left, right):.6g} to {max(left, right):.6g}"


def _overflow(p: Probe, within) -> Verdict:
    """y must be finite wherever longer numbers find a finite value."""
    wrong = within & ~np.isfinite(p.y)
    if not wrong.any():
        return Verdict(limit=0.0)
    x = p.x[wrong]
    x = float(x[np.argmin(np.abs(x))])
    y = float(p.at(np.full(p.x.shape, x), p.theta)[1].ravel()[0])
    note = f"y is {y} at x = {x:.6g}, where the function is finite"
    return Verdict(1.0, 0.0, note)

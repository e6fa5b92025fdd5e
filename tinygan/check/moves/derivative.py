"""The gradient of one scalar function, entry by entry, against two oracles.

Complex step and finite differences do not know the formula under test, nor each other.
If they disagree where the function is smooth, it is not analytic: it takes |s| or
sorts by a real key, for instance. Then the complex step says nothing, and finite
differences judge alone. At a kink the derivative is a choice: any number between the
two one-sided derivatives is right.
"""

from dataclasses import dataclass

import numpy as np

from ..oracles import STEP, TINY

EXACT, FINITE = 1e-11, 1e-6  # the limits of the two oracles, relative to the gradient
FLOOR = 1e-2  # errors are relative to this share of the unit, if the gradient is less
FAR = 50.0  # from logits of this size on, their own rounding enters the errors
BESIDE = 1e-2  # derivatives beside a point that differ so much show a kink
MOST = 20  # entries of one case that finite differences look at


@dataclass
class Verdict:
    """What the oracles say of one gradient: the two errors, and the worst entry.

    expected: the derivative at that entry, by the complex step or by differences.
    """

    exact: float = 0.0
    finite: float = 0.0
    entry: int = 0
    expected: float = 0.0
    analytic: bool = True
    tried: bool = False  # did finite differences look at an entry?

    @property
    def ok(self) -> bool:
        """True if both errors are within their limits."""
        return self.exact <= EXACT and self.finite <= FINITE


def complex_gradient(L, s, dtype=np.complex128):
    """dL/ds of an array s (n, ...) by one complex step for each entry; None if L does
    not take complex numbers.
    """
    found, point = np.empty(s.size), s.astype(dtype)
    try:
        for i in range(s.size):
            point.flat[i] = s.flat[i] + 1j * TINY
            found[i] = np.imag(L(point)) / TINY
            point.flat[i] = s.flat[i]
    except Exception:  # a user's value may refuse complex numbers in any way
        return None
    return found


def differences(L, s, i: int):
    """(left, right, central, noise) at entry i: one-sided derivatives, the derivative
    if there is no kink, and how far the rounding of L may move them. s: of any shape.
    """
    h = STEP * min(max(1.0, abs(float(s.flat[i]))), 100.0)
    point, values = s.copy(), {}
    for k in (-2, -1, 0, 1, 2):
        point.flat[i] = s.flat[i] + k * h
        values[k] = float(np.real(L(point)))
    right = (4 * values[1] - values[2] - 3 * values[0]) / (2 * h)
    left = -(4 * values[-1] - values[-2] - 3 * values[0]) / (2 * h)
    central = (8 * (values[1] - values[-1]) - (values[2] - values[-2])) / (12 * h)
    noise = 50 * np.finfo(float).eps * max(map(abs, values.values())) / h
    return left, right, central, noise


def judge(L, s, gradient, unit: float, everywhere: bool, analytic: bool) -> Verdict:
    """Compare a gradient with the oracles at s; both are flat or of one shape.

    unit: the size that gradients of this function usually have.
    everywhere: finite differences look at every entry (or at MOST of them), not only
    where the complex step disagrees. analytic=False leaves the complex step out.
    """
    g = np.ravel(gradient)
    if not is_finite(g):
        bad = int(np.argmin(np.isfinite(g)))
        return Verdict(np.inf, np.inf, bad, float("nan"), tried=True)
    exact = complex_gradient(L, s) if analytic else None
    scale = float(np.linalg.norm(g)) + FLOOR * unit
    if not scale:
        scale = 1.0 if exact is None else float(np.linalg.norm(exact)) or 1.0
    scale *= max(1.0, float(np.abs(s).max(initial=0.0)) / FAR)
    verdict = Verdict(analytic=exact is not None)
    if exact is None:
        exact, off = np.full(g.size, np.nan), np.ones(g.size, bool)
    else:
        off = _off(exact, g, EXACT * scale)
        if off.any():  # rounding, or a fault? ask in more digits
            exact = _second_opinion(L, s, g, exact, EXACT * scale)
            off = _off(exact, g, EXACT * scale)
    asked = [*_spread(np.flatnonzero(off))]
    if everywhere:
        asked += [*_spread(np.flatnonzero(~off))][: MOST - len(asked)]
    unsure = off & ~np.isin(np.arange(g.size), asked)  # perhaps kinks, too
    unsure |= _ask_differences(L, s, g, exact, asked, scale, verdict)
    if verdict.analytic:
        errors = np.where(unsure | ~np.isfinite(exact), 0, abs(exact - g)) / scale
        verdict.exact = _total(errors, EXACT)
        if verdict.exact > EXACT:
            verdict.entry = int(errors.argmax())
            verdict.expected = float(exact[verdict.entry])
    return verdict


def _ask_differences(L, s, g, exact, asked, scale: float, verdict: Verdict):
    """Put into the verdict what differences say of these entries; return the kinks."""
    kinks, errors = np.zeros(g.size, bool), np.zeros(g.size)
    for i in asked:
        if 0 < _gap(s, i) < 4 * STEP:  # a step would pass by other entries
            kinks[i] = True
            continue
        left, right, central, noise = differences(L, s, i)
        verdict.tried = True
        if not is_finite(left, right, central):  # L is not finite beside s
            kinks[i] = True
            continue
        kinks[i] = abs(right - left) > 10 * FINITE * scale + noise
        found = (left, right, central)  # they differ where the curvature jumps, too
        errors[i] = _beyond(g[i], found, noise) / scale
        if errors[i] > FINITE:
            beside = _beside(L, s, i)
            if np.ptp(beside) > BESIDE * scale:  # a tie of several entries is near
                kinks[i] = True
                errors[i] = _beyond(g[i], (*found, *beside), noise) / scale
        if errors[i] >= errors.max():
            verdict.entry, verdict.expected = int(i), central
        off = _beyond(exact[i], found, noise)
        if not kinks[i] and not off <= 10 * FINITE * scale:
            verdict.analytic = False
    verdict.finite = _total(errors, FINITE)
    return kinks


def _gap(s, i: int) -> float:
    """The distance from entry i to the next other number; 0 if all are equal."""
    gaps = np.abs(np.ravel(s) - s.flat[i])
    return float(gaps[gaps > 0].min(initial=np.inf)) if gaps.any() else 0.0


def _beyond(value, bounds, noise: float) -> float:
    """How far the value is outside all the bounds, beyond the noise."""
    return float(max(min(bounds) - value, value - max(bounds), noise) - noise)


def _beside(L, s, i: int) -> list[float]:
    """The derivative at entry i at points beside s, on all sides of a kink at s."""
    rng, near = np.random.default_rng(i), 3 * STEP
    points = (s + near * rng.standard_normal(s.shape) for _ in range(12))
    return [differences(L, point, i)[2] for point in points]


def _total(errors, limit: float) -> float:
    """The norm of the errors above the limit; without any, the largest error."""
    over = errors[errors > limit]
    return float(np.linalg.norm(over) if len(over) else errors.max(initial=0.0))


def _spread(entries):
    """At most MOST of these entries, evenly."""
    if len(entries) > MOST:
        entries = entries[np.linspace(0, len(entries) - 1, MOST).astype(int)]
    return entries


def _off(exact, g, limit):
    """Where the two differ by more than the limit, or `exact` is not a number."""
    return ~(abs(exact - g) <= limit)


def _second_opinion(L, s, g, exact, limit):
    """The derivative, from a complex step in long double where that agrees with g."""
    finer = complex_gradient(L, s.astype(np.longdouble), np.clongdouble)
    if finer is None:
        return exact
    return np.where(_off(finer, g, limit), exact, finer)


def is_finite(*values) -> bool:
    """True if every number of every array is finite; a pair counts as two arrays."""
    for value in values:
        parts = value if isinstance(value, tuple | list) else [value]
        if not all(bool(np.isfinite(part).all()) for part in parts):
            return False
    return True


def longdouble(method, *arrays):
    """What the method gives for the same arrays in long double; None if it fails."""
    try:
        return method(*(None if a is None else a.astype("g") for a in arrays))
    except Exception:  # a user's code may not know long double
        return None

"""The four passes of a layer against the oracles, in the case of a probe.

Each function returns {quantity: Verdict}. A derivative is compared with the complex
step first. If they disagree, differences decide which of the two is wrong. The complex
step is wrong if the forward is not analytic (abs, max, sort, var).
"""

import dataclasses

import numpy as np

from ...errors import TangentError
from ..oracles import TINY, complex_step, finite_difference, long_difference, relative
from .probe import Probe

DRAWS = 4  # random directions per quantity
LONG_LIMIT = 1e-8  # of differences in the longest numbers
AGREE = 1e-6  # oracles that differ by more do not differ by their rounding
NOT_ANALYTIC = "its forward is not analytic, so differences judge it"

LIMITS = {
    "dx": 1e-11,
    "dtheta": 1e-11,
    "tangent": 1e-11,
    "adjoint": 1e-12,
    "reverse": 1e-11,
    "finite": 1e-6,
    "contract": 0.0,
}


@dataclasses.dataclass
class Verdict:
    """The worst error of a quantity, the limit that it is held to, and a note."""

    error: float = 0.0
    limit: float = 0.0
    note: str = ""
    crossed: int = 0  # steps that crossed a kink, and say nothing

    def worst(self, other: "Verdict") -> None:
        """Become the other verdict if it is worse, measured by its own limit."""
        self.crossed += other.crossed
        if not other.error * (self.limit or 1) <= self.error * (other.limit or 1):
            self.error, self.limit, self.note = other.error, other.limit, other.note
        self.note = self.note or other.note


def judged(
    L, point, v, slope: float, size: float, limit: float, analytic=True
) -> Verdict:
    """Compare a slope <gradient, v> with the oracles of L at a point, (n,) like v.

    size: of the gradient, by which the error is divided.
    """
    exact = _complex(L, point, v) if analytic else None
    if exact is not None and abs(exact - slope) <= limit * size:
        return Verdict(relative(exact - slope, size), limit)
    with np.errstate(all="ignore"):
        close, precision = long_difference(L, point, v)
    too_coarse = precision > LONG_LIMIT and 0 < np.abs(point).max() < 1e-6
    if close is None or too_coarse:
        return Verdict(0.0, limit, crossed=1)
    if exact is not None and abs(exact - close) <= AGREE * max(size, abs(close)):
        return Verdict(relative(exact - slope, size), limit)
    if precision > LONG_LIMIT:  # differences of L keep the rounding of L
        size = max(size, 1e-4 * abs(float(np.real(L(point)))))
    return Verdict(relative(close - slope, size), max(limit, precision), NOT_ANALYTIC)


def _complex(L, point, v) -> float | None:
    """The complex step; None if L does not know complex numbers, or gives no number."""
    try:
        with np.errstate(all="ignore"):
            exact = complex_step(L, point, v)
    except Exception:  # whatever a user's code raises for a complex number
        return None
    return exact if np.isfinite(exact) else None


def floors(p: Probe) -> tuple[float, float]:
    """The least sizes of dx and of dtheta to which an error is compared.

    A saturated layer has a gradient of nearly 0, with rounding errors of the size of
    the numbers from which it was computed.
    """
    dy, y, x = (float(np.linalg.norm(a)) for a in (p.dy, p.y, p.x))
    slope = max(y / x if x else 1.0, 1e-2)
    return 1e-4 * dy * slope, 1e-4 * dy * max(y, 1e-2)


def backward(p: Probe, draws: int, limit: float, analytic=True) -> dict[str, Verdict]:
    """dx and dtheta against the oracles of L = <dy, f(x; theta)>."""
    dx, dtheta = p.gradients()
    least_dx, least_dtheta = floors(p) if limit > LIMITS["dx"] else (0.0, 0.0)
    of = {"dx": (p.of_x, p.x, dx, least_dx)}
    if p.theta.size:
        of["dtheta"] = p.of_theta, p.theta, dtheta, least_dtheta
    found = {quantity: Verdict(limit=limit) for quantity in of}
    for _ in range(draws):
        for quantity, (L, point, gradient, least) in of.items():
            v = p.normal(point.shape)
            slope, size = float((gradient * v).sum()), np.linalg.norm(gradient)
            size = max(float(size), least)
            found[quantity].worst(judged(L, point, v, slope, size, limit, analytic))
    for verdict in found.values():
        if verdict.crossed == draws and limit <= LIMITS["dx"]:  # at random numbers
            verdict.error = np.inf
            verdict.note = "no two differences agree (does it draw random numbers?)"
    return found


def finite(p: Probe) -> dict[str, Verdict]:
    """dx and dtheta against finite differences; discard steps across a kink.

    The rounding error of a difference of L is proportional to L. So for a gradient far
    smaller than L the error is divided by 1e-4 |L| instead of the gradient's size.
    """
    dx, dtheta = p.gradients()
    floor = 1e-4 * abs(float((p.dy * p.y).sum()))
    of_x, of_theta = (p.of_x, p.x, dx), (p.of_theta, p.theta, dtheta)
    worst, crossed = Verdict(limit=LIMITS["finite"]), 0
    for L, point, gradient in (of_x, of_theta) if p.theta.size else (of_x,):
        size, used = max(float(np.linalg.norm(gradient)), floor), 0
        for _ in range(DRAWS):
            v = p.normal(point.shape)
            estimate = finite_difference(L, point, v)
            if estimate is not None:
                error = relative(estimate - (gradient * v).sum(), size)
                worst.worst(Verdict(error, LIMITS["finite"]))
                used += 1
        crossed += DRAWS - used
        if not used:
            note = "every finite step crossed a kink"
            return {"finite": Verdict(np.inf, LIMITS["finite"], note)}
    worst.note = f"{crossed} steps crossed a kink" if crossed else ""
    return {"finite": worst}


def tangents(p: Probe, draws: int, limit: float, analytic=True) -> dict[str, Verdict]:
    """tangent, the adjoint identity and tangent_backward; {} without a tangent."""
    x_dot = p.normal(p.x.shape)
    p.net.zero_grad()
    try:
        y_dot, cache_dot = p.net.tangent(x_dot.copy(), p.cache)
    except TangentError:
        return {}
    dx, _ = p.gradients()
    adjoint = (p.dy * y_dot).sum() - (dx * x_dot).sum()  # eq: adjoint-identity
    loose = limit > LIMITS["tangent"]
    dy, least = float(np.linalg.norm(p.dy)), floors(p)[0] if loose else 0.0
    size = max(dy * float(np.linalg.norm(y_dot)), least * dy)
    held = limit if loose else LIMITS["adjoint"]
    found = {"adjoint": Verdict(relative(adjoint, size), held)}
    found["tangent"] = _tangent(p, x_dot, y_dot, limit, least, analytic)
    found["reverse"] = _reverse(p, x_dot, cache_dot, draws, limit, analytic)
    return found


def _tangent(p: Probe, x_dot, y_dot, limit, least, analytic) -> Verdict:
    """y_dot against the complex step of y along x_dot, entry by entry."""
    size, error = max(float(np.linalg.norm(y_dot)), least), np.inf
    if analytic:
        try:
            with np.errstate(all="ignore"):
                y = p.at(p.x + 1j * TINY * x_dot, p.theta)[1]
            error = relative(y.imag / TINY - y_dot, size)
        except Exception:  # whatever a user's code raises for a complex number
            analytic = False
    if error <= limit:
        return Verdict(error, limit)
    slope = float((p.dy * y_dot).sum())
    size *= float(np.linalg.norm(p.dy)) / np.sqrt(max(y_dot.size, 1))
    verdict = judged(p.of_x, p.x, x_dot, slope, size, limit, analytic)
    if analytic and not (verdict.note or verdict.crossed):
        verdict = Verdict(error, limit)
    return verdict


def _reverse(p: Probe, x_dot, cache_dot, draws, limit, analytic) -> Verdict:
    """tangent_backward against the oracles of <dy, y> + <dy_dot, y_dot>."""
    dy_dot = p.normal(p.y.shape)
    p.net.zero_grad()
    dx, dx_dot = p.net.tangent_backward(p.dy, dy_dot, p.cache, cache_dot)
    dtheta = p.net.grad.copy()

    def L(point):
        x, x_dot, theta = np.split(point, [p.x.size, 2 * p.x.size])
        net, y, cache = p.at(x.reshape(p.x.shape), theta)
        y_dot, _ = net.tangent(x_dot.reshape(p.x.shape), cache)
        return (p.dy * y).sum() + (dy_dot * y_dot).sum()  # eq: probe-reverse

    point = np.concatenate([p.x.ravel(), x_dot.ravel(), p.theta])
    gradient = np.concatenate([dx.ravel(), dx_dot.ravel(), dtheta])
    least = sum(floors(p)) if limit > LIMITS["reverse"] else 0.0
    size = max(float(np.linalg.norm(gradient)), least)
    worst = Verdict(limit=limit)
    for _ in range(draws):
        v = p.normal(point.shape)
        worst.worst(judged(L, point, v, float(gradient @ v), size, limit, analytic))
    p.net.zero_grad()  # None means zero: the two halves add up to the whole
    dx_1, none_1 = p.net.tangent_backward(p.dy, None, p.cache, cache_dot)
    dx_2, dx_dot_2 = p.net.tangent_backward(None, dy_dot, p.cache, cache_dot)
    halves = [dx_1 + (0 if dx_2 is None else dx_2), dx_dot_2]
    if none_1 is not None and np.any(none_1):
        return Verdict(
            np.inf, limit, "None for dy_dot means zero, and gives dx_dot = 0"
        )
    halves = np.concatenate([h.ravel() for h in halves] + [p.net.grad])
    worst.worst(Verdict(relative(halves - gradient, size), limit))
    return worst

"""A small kink on a bent function: the signs of it, and what differences accept."""

import numpy as np

from tinygan.check import finite_difference
from tinygan.check.oracles import STEP, long_difference
from tinygan.theory.canvas import BLACK, BLUE, GREEN, GREY, ORANGE, RED, subplots


def bent(c: float, place: float = 0.0):
    """L(s) = s^2/2 + s + c max(s - place, 0), so L'' = 1 and the slope jumps by c."""
    return lambda s: (s * s / 2 + s + c * np.maximum(s - place, 0)).sum()


def signs(L):
    """near - far, bend and jump of L at 0, in the longest numbers."""
    h = np.longdouble(STEP)
    here, points = L(0 * h), {k: L(k * h) for k in (-2, -1, 1, 2)}
    near = (points[1] - points[-1]) / (2 * h)
    far = (points[2] - points[-2]) / (4 * h)
    bend = (points[1] - 2 * here + points[-1]) / h
    far_bend = (points[2] - 2 * here + points[-2]) / (2 * h)
    return near - far, bend, 2 * bend - far_bend


def figure():
    drawn, axes = subplots(1, 2, 11, 4)
    left, right = axes[0]
    c, places = 3e-6, np.linspace(-2.5, 2.5, 401)
    found = [signs(bent(c, t * np.longdouble(STEP))) for t in places]
    for values, colour, name in zip(
        np.abs(np.array(found, float)).T / c,
        (ORANGE, GREEN, BLUE),
        ("|near - far|", "|bend|", "|jump|"),
        strict=True,
    ):
        left.plot(places, values, color=colour, label=name)
    left.axhline(STEP / c, color=GREY, ls=":", zorder=0)
    left.text(-2.4, STEP / c + 0.08, "h L''")
    left.set(
        xlabel="place of the kink, in steps of h from x",
        ylabel="in units of the jump in slope",
        ylim=(-0.1, 5.2),
    )
    left.legend(loc="upper right")

    jumps, one, zero = np.logspace(-12, 0, 61), np.ones(1), np.zeros(1)
    right.loglog(jumps, jumps / 2, color=GREY, label="half the jump", zorder=0)
    for rule, colour, marker, name in (
        (finite_difference, ORANGE, "o", "float64"),
        (lambda *a: long_difference(*a)[0], BLUE, "s", "long double"),
    ):
        taken = [(c, rule(bent(c), zero, one)) for c in jumps]
        ends = np.array([(c, abs(d - 1)) for c, d in taken if d is not None])
        ends[:, 1] = np.maximum(ends[:, 1], 1e-13)  # an error of 0 is drawn there
        right.loglog(*ends.T, marker, ms=4, color=colour, label=f"taken in {name}")
    right.axhline(1e-6, color=RED, lw=1, ls=":")
    right.text(2e-12, 1.5e-6, "limit of finite differences", color=BLACK, fontsize=9)
    right.set(xlabel="jump in slope, of a kink at x", ylabel="error of the slope")
    right.legend(loc="lower right", fontsize=9)
    return drawn

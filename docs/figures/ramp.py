"""Two wrong slopes at the numbers of a ramp, and at those of an ordinary batch."""

import numpy as np

from tinygan.check.layers.cases import ramp
from tinygan.theory.canvas import BLACK, BLUE, GREY, ORANGE, subplots


def slope(x):
    """f' of f = tanh"""
    return 1 - np.tanh(x) ** 2


def dead(x):
    """The same, with units that count as saturated from |y| = 0.999 on."""
    return np.where(np.abs(np.tanh(x)) > 0.999, 0.0, slope(x))


def flat(x):
    """The same, with small numbers taken for zeros, and the slope there for 0."""
    return np.where(np.abs(x) < 1e-4, 0.0, slope(x))


def figure():
    x, batch = ramp(), np.random.default_rng(0).standard_normal(24)
    drawn, axes = subplots(1, 2, 11, 4)
    for axis, wrong, threshold, span, title in (
        (axes[0, 0], flat, 1e-6, 20, "0 for |x| < 0.0001"),
        (axes[0, 1], dead, 1.0, 20, "0 for |y| > 0.999"),
    ):
        off = wrong(x) != slope(x)
        axis.plot(x, slope(x), color=GREY, lw=4, zorder=0)
        dots = {"ls": "", "rasterized": True}  # thousands of them
        right, others = x[~off], x[off]
        axis.plot(right, wrong(right), marker=".", ms=3, color=BLUE, **dots)
        axis.plot(others, wrong(others), marker="x", ms=5, color=ORANGE, **dots)
        low = -0.12 if wrong is flat else 1e-18
        axis.plot(batch, np.full(24, low), "|", ms=9, color=BLACK)
        axis.set_xscale("symlog", linthresh=threshold)
        axis.set(xlim=(-span, span), xlabel="x", ylabel="slope", title=title)
    axes[0, 0].set_xticks([-10, -1e-2, -1e-5, 0, 1e-5, 1e-2, 10])
    axes[0, 0].set_ylim(-0.2, 1.1)
    axes[0, 1].set_yscale("symlog", linthresh=1e-17)
    axes[0, 1].set_ylim(-1e-17, 10)
    axes[0, 1].set_yticks([0, 1e-15, 1e-10, 1e-5, 1])
    labels = ("right", "the ramp", "it disagrees", "24 draws")
    axes[0, 0].legend(axes[0, 0].lines, labels, loc="center", fontsize=9)
    return drawn

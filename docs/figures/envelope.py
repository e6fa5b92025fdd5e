"""max_D V as G moves, and V for discriminators that stand still."""

import numpy as np

from tinygan.data import mixture_1d
from tinygan.theory.canvas import BLACK, BLUE, GREEN, GREY, ORANGE, RED, subplots
from tinygan.theory.divergences import on_line, optimal_logit, value, value_at_optimum

X = np.linspace(-16, 18, 1361)
P = mixture_1d((0.0,), 1.0)


def pair(theta):
    """p = N(0, 1) and q = N(theta, 1)."""
    return on_line(P, mixture_1d((theta,), 1.0), X)


def figure():
    theta = np.linspace(-3, 6, 91)
    pairs = [pair(t) for t in theta]
    drawn, ((axis,),) = subplots(1, 1, 8.5, 4.4)
    best = [value_at_optimum(each) for each in pairs]
    axis.plot(theta, best, color=BLACK, lw=3, label="max over D: 2 JSD - log 4")
    for at, colour in ((0.0, GREEN), (1.0, BLUE), (2.0, ORANGE), (4.0, RED)):
        s = optimal_logit(pair(at))
        V = [value(each, s) for each in pairs]
        axis.plot(theta, V, "--", color=colour, label=f"D best for $\\theta$ = {at:g}")
        axis.plot(at, value_at_optimum(pair(at)), "o", color=colour)
    axis.axhline(0, color=GREY, lw=1)
    axis.set(xlabel="$\\theta$, where G puts its Gaussian", ylabel="V", ylim=(-4, 0.3))
    axis.legend(fontsize=9, loc="lower right")
    return drawn

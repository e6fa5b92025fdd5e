"""Two narrow densities drawn apart: three divergences and their slopes."""

import numpy as np

from tinygan.data import mixture_1d
from tinygan.theory import divergences as div
from tinygan.theory.canvas import BLUE, GREEN, ORANGE, subplots

STD = 0.1


def figure():
    theta = np.linspace(0, 1.5, 76)
    p = mixture_1d((0.0,), STD)
    pairs = [div.on_line(p, mixture_1d((t,), STD)) for t in theta]
    drawn, ((left, right),) = subplots(1, 2, 10, 4, sharex=True)
    for name, line, colour, f in (
        ("W1", "-", GREEN, div.wasserstein),
        ("total variation", "--", ORANGE, div.total_variation),
        ("JSD", "-", BLUE, div.jsd),
    ):
        values = np.array([f(pair) for pair in pairs])
        left.plot(theta, values, line, color=colour, lw=2, label=name)
        slopes = np.diff(values) / np.diff(theta)
        right.plot((theta[1:] + theta[:-1]) / 2, slopes, line, color=colour, lw=2)
    left.set(xlabel="distance $\\theta$", ylabel="how far p and q are apart")
    right.set(xlabel="distance $\\theta$", ylabel="its slope", ylim=(-0.2, 4.2))
    left.legend()
    return drawn

"""Where an auxiliary classifier pushes a generator that is right already."""

from statistics import NormalDist

import numpy as np

from tinygan import AuxiliaryClassifier
from tinygan.theory.canvas import BLACK, BLUE, GREEN, GREY, ORANGE, RED, subplots

HALF = 400  # samples of each class, at the quantiles: no noise
Z = np.array([NormalDist().inv_cdf((i + 0.5) / HALF) for i in range(HALF)])
Y = np.repeat([0, 1], HALF)


def density(x, mean):
    """N(mean, 1)"""
    return np.exp(-((x - mean) ** 2) / 2) / np.sqrt(2 * np.pi)


def best_heads(x, m):
    """The best D's (s, c) where the data's classes are N(-1, 1) and N(1, 1), G's are
    N(-m, 1) and N(m, 1): s = log p/q, c_k = log of class k's density, p and q together.
    """
    p = np.stack([density(x, -1), density(x, 1)], axis=1)
    q = np.stack([density(x, -m), density(x, m)], axis=1)
    s = np.log(p.sum(axis=1) / q.sum(axis=1))
    return s[:, None], np.log(p + q)


def force(m: float, weight: float) -> float:
    """-dJ/dm, D held at its best for m: by the complex step."""
    x = (2 * Y - 1) * (m + 1e-200j) + np.tile(Z, 2)
    J = AuxiliaryClassifier(weight=weight).g_value((best_heads(x, m), Y))
    return float(-J.imag / 1e-200)


def at_rest(weight: float) -> float:
    """The m where the force is 0, by bisection."""
    low, high = 0.5, 3.0
    for _ in range(30):
        m = (low + high) / 2
        low, high = (m, high) if force(m, weight) > 0 else (low, m)
    return low


def figure():
    drawn, axes = subplots(1, 2, 11, 3.6)
    forces, shapes = axes[0]
    means = np.linspace(0.5, 2.5, 41)
    for weight, colour in ((0.0, BLACK), (0.5, ORANGE), (1.0, RED)):
        along = [force(m, weight) for m in means]
        forces.plot(means, along, color=colour, label=f"w = {weight:g}")
        forces.plot(at_rest(weight), 0, "o", color=colour)
    forces.axhline(0, color=GREY, zorder=0)
    forces.axvline(1, color=GREY, zorder=0, linestyle="--")
    forces.set(xlabel="mean m of G's class 1", ylabel="-dJ/dm: what moves G")
    forces.legend()
    x, m = np.linspace(-5, 5, 401), at_rest(1.0)
    for sign, colour, name in ((-1, BLUE, "class 0"), (1, GREEN, "class 1")):
        shapes.fill_between(x, density(x, sign), color=colour, alpha=0.25, lw=0)
        shapes.plot(x, density(x, sign * m), color=colour, label=f"G, {name}")
    shapes.set(xlabel="x", ylabel="density (filled: the data)", ylim=(0, 0.55))
    shapes.legend(loc="upper center", ncols=2)
    return drawn

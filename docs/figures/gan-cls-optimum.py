"""What the wrong pairs of GAN-CLS do to the best generator."""

import numpy as np

from tinygan.theory.canvas import BLUE, GREY, RED, subplots

X = np.linspace(-6, 6, 1201)
DX = X[1] - X[0]


def density(mean: float):
    """N(mean, 1)"""
    return np.exp(-((X - mean) ** 2) / 2) / np.sqrt(2 * np.pi)


def best_G(p, r):
    """q = max(0, 2 t p - r), with the t that makes it a density, by bisection."""
    low, high = 0.0, 10.0
    for _ in range(60):
        t = (low + high) / 2
        q = np.maximum(0, 2 * t * p - r)  # eq: gan-cls-q
        low, high = (t, high) if q.sum() * DX < 1 else (low, t)
    return q


def figure():
    drawn, axes = subplots(1, 3, 12, 3.4, sharey=True)
    for axis, apart in zip(axes[0], (1.0, 2.0, 4.0), strict=True):
        p, other = density(apart / 2), density(-apart / 2)
        q = best_G(p, other / 2)  # half of the wrong sentences are the right one
        axis.fill_between(X, p, color=BLUE, alpha=0.3, lw=0, label="data with y")
        axis.plot(X, other, color=GREY, label="data with the other y")
        axis.plot(X, q, color=RED, label="the best G for y")
        mean = (q * X).sum() * DX
        axis.axvline(apart / 2, color=BLUE, linestyle=":")
        axis.axvline(mean, color=RED, linestyle=":")
        axis.set(xlabel="x", ylim=(0, 0.85), title=f"means {apart:g} apart")
    axes[0, 0].set_ylabel("density")
    axes[0, 2].legend(loc="upper left")
    return drawn

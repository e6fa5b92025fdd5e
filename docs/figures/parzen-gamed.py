"""The Parzen likelihood prefers what is no sample at all."""

import math

import numpy as np

from tinygan.data import load_digits
from tinygan.measures import parzen_log_likelihood
from tinygan.theory.canvas import BLACK, BLUE, GREY, ORANGE, subplots

D = 20


def of_a_gaussian(axes) -> None:
    """Left: honest samples of N(0, I), and one point repeated."""
    rng = np.random.default_rng(0)
    test, validation = rng.standard_normal((2, 500, D))
    sizes, sigmas = (10, 30, 100, 300, 1000, 2000), np.linspace(0.7, 1.2, 11)
    honest = [
        parzen_log_likelihood(rng.standard_normal((M, D)), test, validation, sigmas)
        for M in sizes
    ]
    one = parzen_log_likelihood(np.zeros((1, D)), test, validation, sigmas)
    axes.plot(sizes, [p.mean for p in honest], "o-", color=BLUE, label="true samples")
    axes.axhline(one.mean, color=ORANGE, ls="--", lw=2, label="the centre, M times")
    truth = -D / 2 * math.log(2 * math.pi * math.e)  # eq: gaussian-entropy
    axes.axhline(truth, color=GREY, lw=1)
    axes.text(10, truth - 0.18, "the true density", va="top")


def of_the_digits(axes) -> None:
    """Right: real digits, and the centres of their clusters."""
    images = load_digits()
    x = (images.scaled(images.pixels, "float64") + 1) / 2
    x = np.random.default_rng(0).permutation(x.reshape(len(x), -1))
    train, test, validation = x[:1000], x[1000:1400], x[1400:]
    sizes, sigmas = (10, 30, 100, 300), np.geomspace(0.1, 0.4, 8)

    def score(samples):
        return parzen_log_likelihood(samples, test, validation, sigmas).mean

    for kind, style, label in (
        (lambda M: train[:M], {"color": BLUE}, "real digits"),
        (lambda M: centres(train, M), {"color": ORANGE, "ls": "--"}, "cluster centres"),
    ):
        found = [
            parzen_log_likelihood(kind(M), test, validation, sigmas) for M in sizes
        ]
        axes.plot(sizes, [p.mean for p in found], marker="o", label=label, **style)
    everything = parzen_log_likelihood(train, test, validation, sigmas).mean
    axes.axhline(everything, color=BLACK, lw=0.8, ls=":")
    axes.text(10, everything + 0.5, "all 1,000 real digits", va="bottom")


def centres(x: np.ndarray, K: int) -> np.ndarray:
    """K means of x (N, d), by ten turns of Lloyd's algorithm."""
    c = x[:K].copy()
    for _ in range(10):
        k = ((c**2).sum(axis=1) - 2 * x @ c.T).argmin(axis=1)
        for j in set(k.tolist()):
            c[j] = x[k == j].mean(axis=0)
    return c


def figure():
    drawn, ((left, right),) = subplots(1, 2, 11, 4)
    of_a_gaussian(left)
    of_the_digits(right)
    left.set(ylabel="Parzen log-likelihood, nats", ylim=(-32.5, -27.8))
    right.set_ylim(-24, 33)
    for axes in (left, right):
        axes.set(xscale="log", xlabel="samples M")
        axes.legend(loc="lower right")
    return drawn

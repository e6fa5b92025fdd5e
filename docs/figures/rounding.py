"""What rounding does to a sum, and to a difference of two large numbers."""

import numpy as np

from tinygan.layers.samplenorm import normalised
from tinygan.ops import column_sum
from tinygan.theory.canvas import BLACK, BLUE, GREEN, GREY, ORANGE, subplots

U = float(np.finfo(np.float32).eps) / 2  # eq: unit-roundoff
COLUMNS = 32


def errors_of_sums(n: int) -> list[float]:
    """Relative errors, root mean square over columns: one by one, by BLAS, by turns."""
    a = np.random.default_rng(n).random((n, COLUMNS)).astype(np.float32)
    exact = a.sum(axis=0, dtype=np.float64)
    rows = int(n**0.5)  # the batch, say, and the places of an image
    found = (
        np.cumsum(a, axis=0)[-1],
        np.ones(n, np.float32) @ a,
        column_sum(a.reshape(rows, n // rows, COLUMNS)),
    )
    return [float(np.sqrt(((s / exact - 1) ** 2).mean())) for s in found]


def errors_of_variances(mean: float) -> tuple[float, float]:
    """Relative errors over 64 columns: by the difference of moments, and centred."""
    x = np.random.default_rng(0).standard_normal((1024, 64)) + mean
    x = x.astype(np.float32)
    exact = x.astype(np.float64).var(axis=0)
    moments = (x * x).mean(axis=0) - x.mean(axis=0) ** 2  # eq: one-pass-variance
    _, inv_std = normalised(x, (0,), eps=0.0)
    centred = 1 / inv_std[0] ** 2
    a, b = (float(np.sqrt(((v / exact - 1) ** 2).mean())) for v in (moments, centred))
    return a, b


def figure():
    drawn, ((left, right),) = subplots(1, 2, 11, 4)
    n = 4 ** np.arange(3, 9)
    chain, blas, turns = np.array([errors_of_sums(k) for k in n.tolist()]).T
    left.loglog(n, (n - 1) * U, ":", color=GREY)  # eq: sum-bound
    left.text(n[3], n[3] * U * 0.5, "(n - 1) u, the worst case", va="top")
    left.loglog(n, chain, "o-", color=ORANGE, label="one after the other")
    left.loglog(n, blas, "s-", color=BLUE, label="a product with ones")
    left.loglog(n, turns, "^-", color=GREEN, label="column_sum: by turns")
    left.axhline(U, color=BLACK, lw=0.8)
    left.text(n[-1], U * 0.85, "u", ha="right", va="top")
    left.set(xlabel="numbers in a sum", ylabel="relative error", ylim=(1e-8, 3e-3))
    left.legend(loc="upper left")
    means = 10.0 ** np.linspace(0, 4, 17)
    moments, centred = np.array([errors_of_variances(m) for m in means]).T
    right.loglog(means, moments, "o-", color=ORANGE, label="mean of squares - square")
    right.loglog(means, U * means**2, ":", color=GREY)
    right.text(300, U * 4e4, "u mean$^2$ / variance", va="top")
    right.loglog(means, centred, "^-", color=GREEN, label="centred first")
    right.axhline(1, color=BLACK, lw=0.8)
    right.set(
        xlabel="mean, in standard deviations", ylabel="relative error of the variance"
    )
    right.set_ylim(1e-7, 1e3)
    right.legend(loc="upper left")
    return drawn

"""Frechet's distance of N samples: its mean for a perfect and a narrow generator."""

import numpy as np

from tinygan.theory.canvas import BLACK, BLUE, GREY, RED, subplots

d, NARROW, DRAWS = 64, 0.95, 60
SIZES = np.array([200, 250, 300, 450, 800, 1600, 6400])


def from_known(y) -> float:
    """F between N(0, I), which is known, and the samples y (N, d)."""
    values = np.linalg.eigvalsh(np.cov(y, rowvar=False))
    spread = (np.sqrt(values) - 1) ** 2
    return (y.mean(axis=0) ** 2).sum() + spread.sum()  # eq: fid-known


def expected(N, s):
    """The mean of F for samples of N(0, s^2 I), up to terms in 1/N^2."""
    return d * (1 - s) ** 2 + s**2 * d / N + s * d * (d + 1) / (4 * N)  # eq: fid-narrow


def crossing(s) -> float:
    """The N for which N(0, s^2 I) and N(0, I) have the same mean of F."""
    return (d + 5 + 4 * s) / (4 * (1 - s))  # eq: fid-crossing


def figure():
    rng = np.random.default_rng(0)
    drawn, ((means, less),) = subplots(1, 2, 10, 3.6, gridspec_kw={"wspace": 0.3})
    found = []  # of both generators, for the same random numbers
    for N in SIZES:
        draws = (rng.normal(size=(N, d)) for _ in range(DRAWS))
        found.append([(from_known(y), from_known(NARROW * y)) for y in draws])
    perfect, narrow = np.moveaxis(found, 2, 0)  # (sizes, DRAWS) each
    sets = (1, perfect, BLUE, "perfect"), (NARROW, narrow, RED, "5 % too narrow")
    for s, values, colour, name in sets:
        theory = expected(SIZES, s)
        assert np.allclose(values.mean(axis=1), theory, rtol=0.05)
        means.loglog(SIZES, values.mean(axis=1), "o", color=colour, ms=4, label=name)
        means.loglog(SIZES, theory, color=colour, lw=1)
    means.set(title=f"d = {d}", xlabel="N, samples", ylabel="mean squared distance")
    means.set_xticks([200, 500, 1000, 2000, 5000], [200, 500, 1000, 2000, 5000])
    means.set_yticks([0.2, 0.5, 1, 2, 5], [0.2, 0.5, 1, 2, 5])
    means.minorticks_off()
    means.legend()

    more = narrow - perfect
    error = more.std(axis=1) / np.sqrt(DRAWS)
    better = more.mean(axis=1) < 0  # if so, the worse generator looks better
    assert (better == np.less(SIZES, crossing(NARROW))).all()
    less.axhline(0, color=GREY, lw=1)
    less.axvline(1 / crossing(NARROW), color=GREY, lw=1, ls=":")
    less.errorbar(1 / SIZES, more.mean(axis=1), error, fmt="o", color=BLACK, ms=4)
    ends = np.array([1e9, SIZES[0]])
    less.plot(1 / ends, expected(ends, NARROW) - expected(ends, 1), color=BLACK, lw=1)
    at = f"N = {crossing(NARROW):.0f}"
    less.text(1 / crossing(NARROW), 0.12, f" {at}", fontsize=10)
    less.set(title="narrow less perfect", xlabel="1/N", xlim=(0, None))
    return drawn

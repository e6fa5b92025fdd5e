"""W1 on a line, three times: an area, the cost of a plan, what a critic finds."""

import numpy as np

from tinygan.data import mixture_1d
from tinygan.theory.canvas import BLACK, BLUE, GREEN, GREY, ORANGE, subplots
from tinygan.theory.divergences import on_line, wasserstein

P, Q = mixture_1d((-2.0, 2.0), 0.25), mixture_1d((-3.0, 0.0, 3.0), 0.4)


def quantiles(x, F, n=8000):
    """Where the distribution function F passes (i - 1/2)/n: n equal portions."""
    return np.interp((np.arange(n) + 0.5) / n, F, x)


def figure():
    pair = on_line(P, Q, np.linspace(-8, 8, 16_001))
    x, p, q, dx = pair.x, pair.p, pair.q, pair.dx
    F, G = np.cumsum(p * dx), np.cumsum(q * dx)
    area = wasserstein(pair)

    x_i, y_i = quantiles(x, F), quantiles(x, G)  # a plan that keeps the order
    cost = np.abs(x_i - y_i).mean()  # eq: transport-cost

    f = np.cumsum(np.sign(G - F) * dx)  # the best critic climbs where F lags behind G
    f -= np.interp(0, x, f)
    found = (f * p * dx).sum() - (f * q * dx).sum()  # eq: kantorovich-dual

    drawn, axes = subplots(1, 3, 13, 4)
    left, middle, right = axes[0]
    few = slice(None, None, 40)  # of 16,001 points; the picture shows no more
    x, p, q, F, G, f = (a[few] for a in (x, p, q, F, G, f))
    left.plot(x, F, color=BLUE, lw=2, label="P")
    left.plot(x, G, color=ORANGE, lw=2, label="Q")
    left.fill_between(x, F, G, color=GREY, lw=0, label=f"area {area:.3f}")
    left.set(xlim=(-4.5, 4.5), xlabel="x", ylabel="probability up to x")

    middle.plot(x, p + 1, color=BLUE, lw=2, label="p")
    middle.plot(x, -q, color=ORANGE, lw=2, label="q")
    for a, b in zip(x_i[80::160], y_i[80::160], strict=True):
        middle.plot([a, b], [1, 0], color=GREY, lw=0.8)
    middle.plot([], [], color=GREY, label=f"plan, cost {cost:.3f}")
    middle.set(xlim=(-4.5, 4.5), ylim=(-0.6, 2.5), xlabel="x", yticks=[])

    right.fill_between(x, p - 3, -3, color=BLUE, alpha=0.4, lw=0)
    right.fill_between(x, q - 3, -3, color=ORANGE, alpha=0.4, lw=0)
    right.plot(x, f, color=BLACK, lw=2, label="best critic f")
    right.plot([], [], color=GREEN, lw=0, label=f"$E_p f - E_q f$ = {found:.3f}")
    right.set(xlim=(-4.5, 4.5), ylim=(-3, 4), xlabel="x", ylabel="score")
    for panel in axes[0]:
        panel.legend(fontsize=9, loc="upper left")
    return drawn

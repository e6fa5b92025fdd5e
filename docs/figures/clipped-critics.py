"""The best critic on a line beside trained ones: weights clipped, slopes penalised."""

import itertools
import math

import numpy as np

from tinygan import (
    WGANGP,
    Adam,
    ClipWeights,
    Dense,
    LeakyReLU,
    Net,
    RMSProp,
    Sequential,
    Wasserstein,
    d_step,
)
from tinygan.data import mixture_1d
from tinygan.theory.canvas import BLACK, BLUE, GREY, ORANGE, RED, subplots
from tinygan.theory.divergences import on_line

P, Q = mixture_1d((-2.0, 2.0), 0.25), mixture_1d((-3.0, 0.0, 3.0), 0.4)
WIDTHS = 1, 48, 48, 1


def trained(optimizer, penalties=(), steps=600, batch=128):
    """A critic between p and q, its rate falling to 0."""
    a, b = WIDTHS[1:3]
    hidden = Dense(a), LeakyReLU(), Dense(b), LeakyReLU()
    D = Net(Sequential(*hidden, Dense(1)), (1,), seed=1)
    rng, lr = np.random.default_rng(0), optimizer.lr
    for step in range(steps):
        optimizer.lr = lr * (1 - step / steps)
        x, fake = (d.sample(batch, rng).astype(np.float32) for d in (P, Q))
        d_step(D, optimizer, Wasserstein(), x, fake, penalties, rng)
    return D


def scores(D, x):
    """s(x), 0 at x = 0, and the steepest slope in sight."""
    s = D.forward(x[:, None].astype(np.float32))[0][:, 0].astype(float)
    seen = np.abs(x) < 4
    steepest = np.abs(np.diff(s[seen]) / np.diff(x[seen])).max()
    return s - np.interp(0, x, s), steepest


def bound(c):
    """No critic with weights in [-c, c] is steeper: the product of its layers'."""
    fans = itertools.pairwise(WIDTHS)
    return math.prod(c * math.sqrt(n * m) for n, m in fans)  # eq: clip-slope


def figure():
    drawn, ((left, middle, right),) = subplots(1, 3, 13, 4)
    pair = on_line(P, Q)
    x = pair.x
    f = np.cumsum(np.sign(np.cumsum(pair.dx * (pair.q - pair.p))) * pair.dx)
    for density, colour in ((pair.p, BLUE), (pair.q, GREY)):
        left.fill_between(x, 2 * density - 4, -4, color=colour, alpha=0.4, lw=0)
    left.plot(x, f - np.interp(0, x, f), color=BLACK, lw=3, label="f*, slope $\\pm$1")
    bins = 0.1 * 1.00001 * np.linspace(-6, 6, 49)  # edges just beyond the walls

    D = trained(Adam(2e-3, 0.5, 0.9), [WGANGP(10.0, one_sided=True)])
    s, steepest = scores(D, x)
    left.plot(x, s, color=BLUE, lw=1.5, label="penalised")
    middle.hist(D.tree.layers[2].W.ravel(), bins, color=BLUE, label="penalised")

    c_values, slopes = (0.01, 0.03, 0.1, 0.3), []
    for c in c_values:
        D = trained(ClipWeights(RMSProp(1e-3), c))
        s, steepest = scores(D, x)
        slopes.append(steepest)
        if c == 0.1:
            label = f"clipped to {c}, divided by {steepest:.2g}"
            left.plot(x, s / steepest, color=RED, lw=2, label=label)
            W = D.tree.layers[2].W.ravel()
            middle.hist(W, bins, color=RED, alpha=0.7, label=f"clipped to {c}")
    left.set(xlim=(-4, 4), ylim=(-4, 5), xlabel="x", ylabel="score")
    for wall in (-0.1, 0.1):
        middle.axvline(wall, color=BLACK, lw=1, ls="--")
    middle.set(xlabel="a weight of the middle layer", ylabel="how many")
    right.loglog(c_values, slopes, "o-", color=RED, label="steepest slope")
    right.loglog(c_values, [bound(c) for c in c_values], color=ORANGE, label="bound")
    right.axhline(1, color=BLACK, lw=1, ls="--", label="slope 1")
    right.set(xlabel="c", ylabel="slope")
    for panel in (left, middle, right):
        panel.legend(fontsize=9, loc="upper left")
    return drawn

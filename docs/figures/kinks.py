"""A finite difference whose step crosses a kink: its error, and the tests for it."""

import numpy as np

from tinygan import LeakyReLU
from tinygan.check import finite_difference
from tinygan.check.oracles import STEP
from tinygan.theory.canvas import BLACK, BLUE, GREEN, GREY, ORANGE, RED, subplots


def figure():
    layer, v = LeakyReLU(0.2), np.ones(1)

    def L(x):
        return layer.forward(x)[0].sum()

    h, c = STEP, 1 - layer.a
    ts = np.linspace(-2.5, 2.5, 1001)  # the kink lies at x + t h v
    near, far, bend, taken = (np.zeros_like(ts) for _ in range(4))
    for i, t in enumerate(ts):
        x = np.array([-t * h])
        above, here, below = L(x + h * v), L(x), L(x - h * v)
        near[i] = (above - below) / (2 * h)
        above_2, below_2 = L(x + 2 * h * v), L(x - 2 * h * v)
        far[i] = (above_2 - below_2) / (4 * h)
        bend[i] = (above_2 + below_2 - 4 * (above + below) + 6 * here) / h
        taken[i] = finite_difference(L, x, v) is not None
    slope = np.where(ts < 0, 1, layer.a)

    drawn, axes = subplots(1, 2, 11, 4)
    left, right = axes[0]
    s = np.linspace(-2.6, 2.6, 521)
    t = 0.5
    left.plot(s, layer.f(s - t), color=BLACK)
    for k, colour, name in ((1, BLUE, "secant near"), (2, ORANGE, "secant far")):
        ends = np.array([-k, k])
        left.plot(ends, layer.f(ends - t), "o-", color=colour, label=name, lw=1.2)
    tangent = layer.a * (s - t)
    left.plot(s, tangent, ":", color=GREY, lw=2, label="tangent at x", zorder=0)
    left.plot(0, -layer.a * t, "o", color=BLACK)
    left.annotate("kink", (t, 0), (0.7, -0.15))
    left.set(xlabel="steps of h from x along v", ylabel="L")
    left.legend()
    right.plot(ts, np.abs(near - slope) / c, color=BLUE, label="error of near")
    error = (4 * near - far) / 3 - slope
    right.plot(ts, np.abs(error) / c, "--", color=BLACK, label="error of Richardson")
    right.plot(ts, np.abs(near - far) / c, color=ORANGE, label="|near - far|")
    right.plot(ts, np.abs(bend) / c, color=GREEN, label="|bend|")
    right.fill_between(
        ts, 0, 2.2, where=taken == 0, color=RED, alpha=0.08, lw=0, label="discarded"
    )
    right.set(
        xlabel="place of the kink, in steps of h from x",
        ylabel="in units of the jump in slope",
        ylim=(-0.03, 2.1),
    )
    right.legend(loc="upper right", fontsize=9)
    return drawn

"""Where gradient penalties look: right and wrong draws of eps, and DRAGAN's points."""

import numpy as np

from tinygan import DRAGAN, WGANGP
from tinygan.theory.canvas import BLACK, BLUE, GREY, ORANGE, subplots

N = 10


def figure():
    rng = np.random.default_rng(5)
    angle = rng.uniform(0, 2 * np.pi, N)
    x_real = np.stack([2 + np.cos(angle), np.sin(angle)], axis=1)
    x_fake = rng.normal((-2, 0), (0.3, 0.9), (N, 2))
    one, each = rng.random(), rng.random((N, 2))
    drawn, axes = subplots(1, 4, 13, 3.4, sharex=True, sharey=True)
    for axis, title, x_hat in (
        (axes[0, 0], "WGANGP: one for each example", WGANGP().points),
        (axes[0, 1], "wrong: one for the batch", one),
        (axes[0, 2], "wrong: one for each number", each),
        (axes[0, 3], "DRAGAN", DRAGAN().points),
    ):
        if callable(x_hat):
            x_hat = x_hat(x_real, x_fake, rng)
        else:
            x_hat = x_hat * x_real + (1 - x_hat) * x_fake
        if title != "DRAGAN":
            for pair in zip(x_real, x_fake, strict=True):
                axis.plot(*np.transpose(pair), color=GREY, lw=0.6, zorder=0)
        axis.plot(*x_real.T, "o", color=BLUE, ms=4, label="x")
        axis.plot(*x_fake.T, "s", color=ORANGE, ms=4, label="G(z)")
        axis.plot(*x_hat.T, "x", color=BLACK, ms=6, label="penalty")
        axis.set_title(title, fontsize=11)
    axes[0, 0].legend(fontsize=9, loc="lower center", ncols=3, columnspacing=0.6)
    axes[0, 0].set(ylim=(-2.9, 2.2))
    return drawn

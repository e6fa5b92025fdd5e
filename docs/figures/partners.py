"""A G that has one of two points: how high is the wall on its way to the other one?"""

import numpy as np

from tinygan import Minimax, RelativisticPairing
from tinygan.theory.canvas import BLUE, GREEN, GREY, ORANGE, subplots

REAL = np.array([-1.0, 1.0])
CENTRES, WIDTH = np.linspace(-2, 2, 41), 0.5  # D is a sum of these bumps
Y2 = np.linspace(-1, 1, 25)
WEIGHTS = np.geomspace(0.02, 6, 9)
GAMES = {  # the objective; which real and which generated samples make its batches
    "separable": (Minimax(), [0, 1], [0, 1], ORANGE, "-"),
    "pairs, partners drawn anew": (
        *(RelativisticPairing(), [0, 0, 1, 1], [0, 1, 0, 1]),
        *(BLUE, "--"),
    ),
    "pairs, partners for life": (RelativisticPairing(), [0, 1], [0, 1], GREEN, "-."),
}


def bumps(x):
    """Gaussian bumps at x, (..., centres)."""
    return np.exp(-((np.asarray(x)[..., None] - CENTRES) ** 2) / (2 * WIDTH**2))


def best_values(objective, real, fake, y2, weight, steps=2500):
    """max_w (V - weight/2 |w|^2), (B,), for the logit s(x) = bumps(x) w.

    y2, weight: (B,). G's samples are -1 and y2.
    """
    B, x = len(y2), bumps(REAL)[real]  # (pairs, centres)
    y = bumps(np.stack([np.full(B, -1.0), y2], axis=1))[:, fake]  # (B, pairs, centres)
    w, decay = np.zeros((B, len(CENTRES))), weight[:, None]
    rate = 1 / (decay + 0.3 * (x[0] @ x[0]))
    for _ in range(steps):
        s_real, s_fake = w @ x.T, np.einsum("bc,bpc->bp", w, y)
        grads = objective.d_grads(s_real.reshape(-1, 1), s_fake.reshape(-1, 1))
        ds_real, ds_fake = (B * g.reshape(B, -1) for g in grads)  # each game of its own
        slope = ds_real @ x + np.einsum("bp,bpc->bc", ds_fake, y) - decay * w
        w += rate * slope
    assert np.abs(slope).max() < 1e-6  # D is at its best
    both = zip(s_real[:, :, None], s_fake[:, :, None], strict=True)
    V = np.array([objective.value(*logits) for logits in both])
    return V - weight / 2 * (w * w).sum(axis=1)


def walls(game):
    """The way of y2 from -1 to 1 for every weight, (weights, places).

    0 is the height at the start, -1 at the end.
    """
    objective, real, fake, *_ = game
    weight, y2 = np.meshgrid(WEIGHTS, Y2, indexing="ij")
    V = best_values(objective, real, fake, y2.ravel(), weight.ravel())
    V = V.reshape(weight.shape)
    return (V - V[:, :1]) / (V[:, :1] - V[:, -1:])


def figure():
    drawn, ((way, height),) = subplots(1, 2, 11, 4)
    shown = np.abs(WEIGHTS - 0.1).argmin()
    for name, game in GAMES.items():
        *_, colour, line = game
        found = walls(game)
        way.plot(Y2, found[shown], line, color=colour, lw=2, label=name)
        height.semilogx(WEIGHTS, found.max(axis=1), line, color=colour, lw=2)
    way.axhline(0, color=GREY, lw=0.8, zorder=0)
    way.set(xlabel="place of the second sample", ylabel="max V, rescaled")
    way.set(title=f"the way, $\\lambda$ = {WEIGHTS[shown]:.2g}", ylim=(-1.05, 0.85))
    way.legend(loc="upper right", fontsize=9)
    height.set(xlabel=r"$\lambda$: how smooth D has to be", ylabel="height of the wall")
    height.set(title="the wall, as a share of the way down")
    return drawn

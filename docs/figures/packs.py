"""What minibatch statistics tell a sample, and what packing makes of lost modes."""

from math import comb

import numpy as np

from tinygan import MinibatchStd, Net
from tinygan.theory.canvas import BLACK, BLUE, GREEN, GREY, ORANGE, RED, subplots

SHARE = 0.2


def lost(m: int) -> float:
    """TV of packs of m: the samples lack a share of the data, even in the rest."""
    return 1 - (1 - SHARE) ** m  # eq: packed-lost


def uneven(m: int) -> float:
    """TV of packs of m: one half of the data comes too often, nothing is lost."""
    k = np.arange(m + 1)
    ways = np.array([comb(m, i) for i in k])
    q = ways * (0.5 + SHARE) ** k * (0.5 - SHARE) ** (m - k)
    return float(np.abs(ways * 0.5**m - q).sum() / 2)  # eq: packed-uneven


def figure():
    drawn, ((left, right),) = subplots(1, 2, 11, 4.2)
    corners = np.array([[1.0, 0.2], [-0.3, 1.0], [-1.1, -0.3], [0.4, -0.9]])
    spread, alike = (-1.5, 0) + 0.75 * corners, (1.9, 0) + 0.12 * corners
    x = np.stack([spread, alike], axis=1).reshape(8, 2)  # groups go by turns
    net = Net(MinibatchStd(4), (2,), dtype="float64")
    y, cache = net.forward(x)
    dx = net.backward(np.eye(3)[2] + 0 * y, cache)
    for i, colour, name in ((0, BLUE, "a varied group"), (1, RED, "a group all alike")):
        points, arrows = x[i::2], dx[i::2]
        left.plot(*points.T, "o", color=colour)
        arrow = {"angles": "xy", "scale": 0.9, "scale_units": "xy", "width": 0.006}
        left.quiver(*points.T, *arrows.T, color=colour, **arrow)
        place = {"ha": "center", "color": colour}
        centre = points.mean(axis=0)[0]
        left.text(centre, -2.05, f"{name}\n$\\bar\\sigma$ = {y[i, 2]:.2f}", **place)
    left.set(xlim=(-3.4, 3.8), ylim=(-2.2, 2.2), aspect="equal", xlabel="$x_1$")
    left.set_ylabel("$x_2$")
    packs = np.arange(1, 9)
    right.plot(packs, [lost(m) for m in packs], "o-", color=ORANGE, label="modes lost")
    style = {"color": GREEN, "label": "all modes, uneven"}
    right.plot(packs, [uneven(m) for m in packs], "s-", **style)
    right.axhline(SHARE, color=GREY, lw=0.8, ls=":")
    right.text(8, SHARE - 0.05, "one sample at a time", ha="right", color=BLACK)
    right.set(xlabel="samples in a pack, m", ylabel="total variation", ylim=(0, 1))
    right.legend(loc="upper left")
    return drawn

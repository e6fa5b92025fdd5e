"""The logit of a projection discriminator that is best, for each of three classes."""

import numpy as np

from tinygan import Integers, Net, Projection
from tinygan.theory.canvas import BLACK, BLUE, GREY, ORANGE, subplots

ANGLES = 2 * np.pi * np.arange(3) / 3 + np.pi / 2
DATA = 1.8 * np.stack([np.cos(ANGLES), np.sin(ANGLES)], axis=1)  # the means, (3, 2)
MADE = np.array([[1.6, 0.6], [-0.2, 0.6], [0.0, -1.8]])  # where G puts the classes


def best() -> Net:
    """s = <V[y], (x, 1)>, the log of N(DATA[y], I) over N(MADE[y], I)."""
    net = Net(Projection(), ((3,), Integers((), 3)), dtype="float64")
    layer = net.tree
    layer.V[:, :2] = DATA - MADE  # eq: projection-gaussian
    layer.V[:, 2] = ((MADE**2).sum(axis=1) - (DATA**2).sum(axis=1)) / 2
    layer.w[...], layer.b[...] = 0, 0
    return net


def figure():
    drawn, axes = subplots(1, 3, 12, 4, sharex=True, sharey=True)
    line, net, rng = np.linspace(-5, 5, 61), best(), np.random.default_rng(0)
    grid = np.stack(np.meshgrid(line, line), axis=-1).reshape(-1, 2)
    h = np.concatenate([grid, np.ones((len(grid), 1))], axis=1)
    for k, axis in enumerate(axes[0]):
        s, _ = net.forward((h, np.full(len(h), k)))
        s = s.reshape(61, 61)
        lines = axis.contour(line, line, s, np.arange(-12, 13, 3), colors=GREY)
        axis.clabel(lines, fmt="s = %g", colors=BLACK, fontsize=8)
        for means, colour, name in ((DATA, BLUE, "data"), (MADE, ORANGE, "G")):
            at = means[k] + rng.normal(size=(60, 2))
            axis.plot(*at.T, ".", color=colour, label=name)
        (x, y), (dx, dy) = MADE[k], net.tree.V[k, :2]
        arrow = {"arrowstyle": "-|>", "color": BLACK, "lw": 2}
        axis.annotate("", (x + dx, y + dy), (x, y), arrowprops=arrow)
        axis.set(title=f"y = {k}", xlabel="x, first number", aspect="equal")
    axes[0, 0].set_ylabel("x, second number")
    axes[0, 0].legend()
    return drawn

"""What dropout keeps on average, behind a linear layer and behind a bend."""

import numpy as np

from tinygan import Dense, Dropout, Net, Sequential, Softplus
from tinygan.theory.canvas import BLUE, ORANGE, RED, subplots

FEATURES, MASKS = 32, 10_000


def outputs(p: float, *after):
    """y of many masks, y in evaluation, and the std of s, of one and the same x."""
    tree = Sequential(Dropout(p), Dense(1), *after)
    net = Net(tree, (FEATURES,), seed=5, dtype="float64")
    x = np.random.default_rng(0).normal(size=(1, FEATURES))
    y, _ = net.forward(np.repeat(x, MASKS, axis=0))
    at_rest, _ = net.forward(x, train=False)
    noise = p / (1 - p) * x * x  # eq: dropout-noise
    std = np.sqrt(noise @ net.tree.layers[1].W ** 2)
    return y[:, 0], float(at_rest[0, 0]), float(std[0, 0])


def figure():
    drawn, axes = subplots(1, 2, 11, 3.4)
    for axis, after in zip(axes[0], ((), (Softplus(),)), strict=True):
        for p, colour, height in ((0.2, BLUE, 0.5), (0.5, ORANGE, 0.15)):
            y, at_rest, std = outputs(p, *after)
            axis.hist(y, 50, density=True, color=colour, alpha=0.5, label=f"p = {p:g}")
            axis.axvline(y.mean(), color=colour, lw=2)
            if not after:
                ends = at_rest - std, at_rest + std
                axis.plot(ends, (height, height), "|-", color=colour, lw=3, ms=12)
        axis.axvline(at_rest, color=RED, linestyle="--", label="in evaluation")
        axis.set(xlabel="softplus(s)" if after else "s = <w, dropout(x)>")
    axes[0, 0].set_ylabel("density over the masks")
    axes[0, 0].legend()
    return drawn

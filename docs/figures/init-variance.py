"""How large signals are, layer by layer, forward and back, for three initialisers."""

import numpy as np

from tinygan import Dense, Net, ReLU, Sequential, glorot, he, normal
from tinygan.theory.canvas import BLUE, GREEN, ORANGE, subplots

N, WIDTH, DEPTH, A = 64, 256, 10, 0.0  # ReLU: a slope of 0 on the left
LAYERS = np.arange(1, DEPTH + 1)


def measured(init):
    """Mean squares of each Dense layer's y, and of the dx that it hands down."""
    pairs = [part for _ in LAYERS for part in (Dense(WIDTH, init=init), ReLU())]
    net = Net(Sequential(*pairs), (WIDTH,), seed=0, dtype="float64")
    seen = {"forward": [], "backward": []}

    def see(path, which, result):
        if path.endswith("Dense"):
            seen[which].append((result * result).mean())

    rng = np.random.default_rng(0)
    with net.observe(see):
        y, cache = net.forward(rng.standard_normal((N, WIDTH)))
        net.backward(rng.standard_normal(y.shape), cache, param_grads=False)
    return seen["forward"], seen["backward"][::-1]


def predicted(std):
    """What independence says: a factor for each layer, forward and back."""
    n_in = n_out = WIDTH
    y2, dx2 = [n_in * std**2], [n_out * std**2 * (1 + A**2) / 2]
    for _ in LAYERS[1:]:
        y2.append(n_in * std**2 * (1 + A**2) / 2 * y2[-1])  # eq: variance-forward
        dx2.append(n_out * std**2 * (1 + A**2) / 2 * dx2[-1])  # eq: variance-backward
    return y2, dx2[::-1]


def figure():
    drawn, ((left, right),) = subplots(1, 2, 10, 4, sharex=True, sharey=True)
    for name, init, std, colour in (
        ("He, $2/n$", he(), (2 / WIDTH) ** 0.5, BLUE),
        ("Glorot, $2/(n + n)$", glorot(), WIDTH**-0.5, ORANGE),
        ("N(0, 0.02$^2$)", normal(0.02), 0.02, GREEN),
    ):
        for axes, found, theory in zip(
            (left, right), measured(init), predicted(std), strict=True
        ):
            axes.semilogy(LAYERS, theory, color=colour, lw=1.5)
            axes.semilogy(LAYERS, found, "o", color=colour, label=name)
    left.set(xlabel="layer", ylabel="mean square", title="forward: y")
    right.set(xlabel="layer", title="backward: dx", xticks=LAYERS)
    left.legend(loc="lower left", title="variance of a weight")
    return drawn

"""How far back a GRU's gradient reaches, by the bias of its update gate."""

import numpy as np

from tinygan import GRU, Net
from tinygan.theory.canvas import BLACK, BLUE, GREEN, ORANGE, subplots

N, T, C, UNITS = 256, 24, 16, 32


def reach(b_z: float) -> np.ndarray:
    """The typical size of dx_t for each t, of random cotangents of the last state."""
    net = Net(GRU(UNITS), (T, C), seed=0, dtype="float64")
    net.tree.b[UNITS : 2 * UNITS] = b_z
    rng = np.random.default_rng(1)
    y, cache = net.forward(rng.normal(size=(N, T, C)))
    dx = net.backward(rng.normal(size=y.shape), cache, param_grads=False)
    return np.sqrt((dx * dx).mean(axis=(0, 2)))


def figure():
    drawn, axes = subplots(1, 1, 7, 3.6)
    axis, back = axes[0, 0], np.arange(T)
    for b_z, colour in ((-2.0, BLACK), (0.0, BLUE), (2.0, GREEN), (4.0, ORANGE)):
        size = reach(b_z)[::-1]
        axis.semilogy(back, size, ".-", color=colour, label=f"{b_z:g}")
    axis.set(xlabel="words before the last", ylabel="size of dx", ylim=(1e-9, 1))
    axis.legend(title="bias of z", ncols=2)
    return drawn

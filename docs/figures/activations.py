"""Four activations, their slopes and their curvatures."""

import numpy as np

from tinygan import LeakyReLU, Sigmoid, Softplus, Tanh
from tinygan.theory.canvas import BLUE, GREEN, ORANGE, subplots


def figure():
    x = np.linspace(-4, 4, 401)
    one = np.ones_like(x)
    layers = LeakyReLU(), Tanh(), Sigmoid(), Softplus()
    drawn, axes = subplots(1, 4, 12, 3, sharex=True, sharey=True)
    for layer, axis in zip(layers, axes[0], strict=True):
        y = layer.f(x)
        axis.plot(x, y, color=BLUE, label="f")
        axis.plot(x, layer.slope(y, one), color=ORANGE, label="f '")
        curvature = layer.curvature(y, one)
        if curvature is not None:
            axis.plot(x, curvature, color=GREEN, label="f ''")
        axis.set(title=type(layer).__name__, xlabel="x", ylim=(-1.3, 2.5))
    axes[0, 1].legend()
    return drawn

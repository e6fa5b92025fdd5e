"""Three shapes that a maxout unit can have, and the lines it is the largest of."""

import numpy as np

from tinygan import Dense, Maxout, Net, Sequential
from tinygan.theory.canvas import BLUE, GREY, ORANGE, subplots

TOUCH = np.linspace(-2, 2, 5)  # where the tangents of x^2/2 touch it


def unit(slopes, biases) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(y, the lines, the slope dy/dx) of max_j (slope_j x + bias_j) along X."""
    k = len(slopes)
    net = Net(Sequential(Dense(k), Maxout(k)), (1,), dtype="float64")
    dense = net.tree.layers[0]
    dense.W[0], dense.b[...] = slopes, biases
    y, cache = net.forward(X[:, None])
    dx = net.backward(np.ones_like(y), cache, param_grads=False)
    return y[:, 0], dense.forward(X[:, None])[0], dx[:, 0]


X = np.linspace(-3, 3, 400)  # an even number: none of them is a kink


def figure():
    drawn, axes = subplots(1, 3, 12, 3.4, sharey=True)
    shapes = (
        ("k = 2: a ReLU", [1, 0], [0, 0]),
        ("k = 2: |x|", [1, -1], [0, 0]),
        ("k = 5: nearly x²/2", TOUCH, -(TOUCH**2) / 2),
    )
    for axis, (name, slopes, biases) in zip(axes[0], shapes, strict=True):
        y, lines, slope = unit(slopes, biases)
        axis.plot(X, lines, color=GREY, lw=1)
        axis.plot(X, y, color=BLUE, lw=2.5, label="y")
        axis.plot(X, slope, color=ORANGE, label="dy/dx")
        axis.set(title=name, xlabel="x", ylim=(-2.5, 4))
    axes[0, 0].legend()
    return drawn

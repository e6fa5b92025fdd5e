"""The matrix of a convolution, written out, and its transpose."""

import numpy as np

from tinygan import Conv1d, Net
from tinygan.theory.canvas import BLUE, GREEN, ORANGE, PINK, subplots

WEIGHTS = np.array([1.0, 2.0, 3.0, 4.0])  # names of the taps: w0, w1, w2, w3
COLOURS = BLUE, ORANGE, GREEN, PINK


def figure():
    net = Net(Conv1d(1, 4, stride=2, pad=1, bias=False), (8, 1), dtype="float64")
    net.theta[...] = WEIGHTS
    unit_signals = np.eye(8)[:, :, None]
    K, _ = net.forward(unit_signals)  # row j: what the signal e_j becomes
    K = K[:, :, 0].T
    drawn, ((left, right),) = subplots(
        1, 2, 9, 4.8, gridspec_kw={"width_ratios": [8, 4], "wspace": 0.15}
    )
    write(left, K)
    left.set(title="K: 8 numbers to 4", xlabel="input", ylabel="output")
    write(right, K.T)
    right.set(title="its transpose: 4 to 8", xlabel="input", ylabel="output")
    return drawn


def write(axis, K):
    """The taps of a matrix, each in its colour."""
    from matplotlib.patches import Rectangle

    rows, columns = K.shape
    for i, j in np.ndindex(rows, columns):
        tap = int(K[i, j]) - 1
        colour = "white" if tap < 0 else COLOURS[tap]
        cell = Rectangle((j - 0.5, i - 0.5), 1, 1, facecolor=colour, alpha=0.35)
        edge = Rectangle((j - 0.5, i - 0.5), 1, 1, facecolor="none", edgecolor="0.8")
        axis.add_patch(cell)
        axis.add_patch(edge)
        text = "0" if tap < 0 else f"$w_{tap}$"
        grey = "0.7" if tap < 0 else "black"
        axis.text(j, i, text, ha="center", va="center", color=grey)
    axis.set(xlim=(-0.55, columns - 0.45), ylim=(rows - 0.45, -0.55), aspect="equal")
    axis.set(xticks=range(columns), yticks=range(rows))
    axis.tick_params(length=0)
    for side in axis.spines.values():
        side.set_visible(False)

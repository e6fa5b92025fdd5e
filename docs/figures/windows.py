"""The windows of a small image, and the rows that im2col makes of them."""

import numpy as np

from tinygan import im2col
from tinygan.theory.canvas import BLUE, GREEN, ORANGE, PINK, subplots

COLOURS = BLUE, ORANGE, GREEN, PINK
KERNEL, STRIDE, PAD = (3, 3), (2, 2), (0, 0)


def figure():
    image = np.arange(1.0, 26.0).reshape(1, 5, 5, 1)
    cols = im2col(image, KERNEL, STRIDE, PAD)
    drawn, ((left, right),) = subplots(
        1, 2, 9, 3.4, gridspec_kw={"width_ratios": [5, 9], "wspace": 0.12}
    )
    pixels = image[0, :, :, 0]
    write(left, pixels, ["white"] * 5)
    for n, (window, colour) in enumerate(zip(cols, COLOURS, strict=True)):
        i, j = np.argwhere(pixels == window[0])[0]
        inset = 0.06 + 0.06 * (n in (1, 2))  # so that no edge hides another
        box = rectangle(j - 0.5 + inset, i - 0.5 + inset, 3 - 2 * inset)
        box.set(edgecolor=colour, facecolor="none", linewidth=2.5)
        left.add_patch(box)
    left.set_title("an image of 5 x 5 pixels")
    write(right, cols, COLOURS)
    right.set_title("cols, a row for each window")
    return drawn


def write(axis, numbers, colours):
    """A table of numbers, its rows tinted."""
    rows, columns = numbers.shape
    for i, j in np.ndindex(rows, columns):
        tint = rectangle(j - 0.5, i - 0.5, 1)
        tint.set(facecolor=colours[i], alpha=0.25)
        edge = rectangle(j - 0.5, i - 0.5, 1)
        edge.set(facecolor="none", edgecolor="0.8", linewidth=0.8)
        axis.add_patch(tint)
        axis.add_patch(edge)
        axis.text(j, i, f"{numbers[i, j]:.0f}", ha="center", va="center")
    axis.set(xlim=(-0.55, columns - 0.45), ylim=(rows - 0.45, -0.55), aspect="equal")
    axis.set_axis_off()


def rectangle(x, y, side):
    from matplotlib.patches import Rectangle

    return Rectangle((x, y), side, side)

"""A picture painted with a mask and two colours, and what a gradient says to them."""

import numpy as np

from tinygan import Net, Paint
from tinygan.data import load_digits
from tinygan.theory.canvas import BLACK, BLUE, GREEN, RED, subplots

INK, GROUND = np.array([[0.9, -0.4, -0.7]]), np.array([[-0.6, -0.2, 0.5]])
WANTED = np.array([[0.9, 0.6, -0.7]])  # the ink of the picture that is wanted


def mask(label: int) -> np.ndarray:
    """The first digit of a class as a mask (1, 8, 8, 1)."""
    digits = load_digits()
    k = int(np.flatnonzero(digits.labels == label)[0])
    return (digits.pixels[k : k + 1] - digits.low) / (digits.high - digits.low)


def figure():
    net = Net(Paint(), ((8, 8, 1), (3,), (3,)), dtype="float64")
    x, cache = net.forward((mask(3), INK, GROUND))
    wanted, _ = net.forward((mask(8), WANTED, GROUND))
    da, df, db = net.backward(x - wanted, cache)  # of |x - wanted|^2 / 2
    drawn, axes = subplots(1, 5, 13, 2.9)
    for axis, picture, name in zip(
        axes[0, :3],
        (mask(3)[0], (x[0] + 1) / 2, (wanted[0] + 1) / 2),
        ("mask a", "picture x", "wanted"),
        strict=True,
    ):
        axis.imshow(picture, cmap="gray", vmin=0, vmax=1)
        axis.set(title=name, xticks=[], yticks=[])
    more = axes[0, 3].imshow(-da[0, :, :, 0], cmap="PuOr", vmin=-5, vmax=5)
    axes[0, 3].set(title="-da", xticks=[], yticks=[])
    drawn.colorbar(more, ax=axes[0, 3], shrink=0.8)
    axis, at = axes[0, 4], np.arange(2)
    for c, colour in enumerate((RED, GREEN, BLUE)):
        axis.bar(at + 0.25 * (c - 1), [-df[0, c], -db[0, c]], 0.22, color=colour)
    axis.axhline(0, color=BLACK, lw=0.8)
    axis.set_xticks(at, ["-df", "-db"])
    axis.set(title="to the colours", ylabel="red, green, blue")
    return drawn

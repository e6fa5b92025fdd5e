"""How many taps of a transposed convolution meet in each pixel of its output."""

import numpy as np

from tinygan import ConvTranspose2d, Net
from tinygan.theory.canvas import DARK, LIGHT, subplots

GEOMETRIES = (3, 2), (4, 2), (5, 2), (5, 3)


def taps(k: int, s: int) -> list[int]:
    """How many taps of a kernel of k there are at each phase of a stride of s."""
    return [-(-(k - r) // s) for r in range(s)]  # eq: overlap


def phase_sums(w, s: int) -> list[float]:
    """What the taps at each phase add up to, for a kernel w (k,)."""
    return [w[r::s].sum() for r in range(s)]  # eq: phase-sums


def figure():
    drawn, axes = subplots(1, 4, 12, 3.4, gridspec_kw={"wspace": 0.1})
    for (k, s), axis in zip(GEOMETRIES, axes[0], strict=True):
        assert phase_sums(np.ones(k), s) == taps(k, s)
        net = Net(ConvTranspose2d(1, k, s, bias=False), (7, 7, 1), dtype="float64")
        net.theta[...] = 1
        y, _ = net.forward(np.ones((1, 7, 7, 1)))  # each pixel: how many taps it got
        inside = y[0, 2 * s : 2 * s + 6, 2 * s : 2 * s + 6, 0]
        assert (inside[:s, :s] == np.outer(taps(k, s), taps(k, s))).all()
        axis.imshow(inside, cmap="Greys", vmin=0, vmax=13)
        for i, j in np.ndindex(6, 6):
            colour = LIGHT if inside[i, j] > 7 else DARK
            middle = {"ha": "center", "va": "center", "color": colour}
            axis.text(j, i, f"{inside[i, j]:.0f}", **middle)
        axis.set(title=f"kernel {k}, stride {s}", xticks=[], yticks=[])
    return drawn

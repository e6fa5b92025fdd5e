"""The masks of a small MADE, and how many paths join each input and output."""

import functools

import numpy as np

from tinygan import MADE, MaskedDense, Net
from tinygan.layers.masked import degrees
from tinygan.theory.canvas import BLUE, DARK, subplots

D, HIDDEN = 5, (8, 6)


def figure():
    net = Net(MADE(HIDDEN, direct=False), (D,))
    masks = [f.mask.astype(int) for _, f in net.layers() if isinstance(f, MaskedDense)]
    m = [np.arange(1, D + 1), *(degrees(n, D) for n in HIDDEN), np.arange(1, D + 1)]
    drawn, (axes,) = subplots(1, 4, 11, 3.4)
    names = "input", "hidden unit", "hidden unit", "output"
    for i, (axis, M) in enumerate(zip(axes[:3], masks, strict=True)):
        write(axis, M, m[i], m[i + 1])
        axis.set(xlabel=f"degree of {names[i]}", ylabel=f"degree of {names[i + 1]}")
        axis.set_title(f"mask {i + 1}")
    paths = functools.reduce(np.matmul, masks)
    write(axes[3], paths, m[0], m[-1], numbers=True)
    axes[3].set(xlabel="input", ylabel="output", title="number of paths")
    return drawn


def write(axis, M, across, down, numbers=False):
    """The transpose of M (n_in, n_out): a row for each output, tinted if not 0."""
    axis.imshow(M.T > 0, cmap=tint(), vmin=0, vmax=1)
    axis.set(xticks=range(len(across)), xticklabels=across)
    axis.set(yticks=range(len(down)), yticklabels=down)
    axis.set_xticks(np.arange(len(across)) - 0.5, minor=True)
    axis.set_yticks(np.arange(len(down)) - 0.5, minor=True)
    axis.grid(which="minor", color="0.8", lw=0.8)
    axis.tick_params(which="both", length=0)
    if numbers:
        for i, j in np.ndindex(M.shape):
            axis.text(i, j, str(M[i, j]), ha="center", va="center", color=DARK)


def tint():
    from matplotlib.colors import ListedColormap

    return ListedColormap(["white", BLUE + "88"])

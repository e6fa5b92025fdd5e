"""The two moves of the game as paths: forward in blue, gradients back in red."""

import itertools

from tinygan import Dense, LeakyReLU, Net, Sequential, Tanh
from tinygan.theory.canvas import BLACK, BLUE, GREEN, RED, subplots

GREY = "0.5"
X = {"z": 0.5, "G": 2, "x": 3.6, "D": 5.2, "s": 6.8, "end": 8.4}  # the columns


def figure():
    G = Net(Sequential(Dense(3), Tanh(), Dense(2)), (2,))
    D = Net(Sequential(Dense(3), LeakyReLU(), Dense(1)), (2,))
    drawn, axes = subplots(2, 1, 9, 6.6, height_ratios=(4.7, 3))
    up, down = axes[:, 0]
    up.set_ylim(-1.5, 3.2)
    down.set_ylim(-1.5, 1.5)
    for axis, title in ((up, "d_step"), (down, "g_step")):
        axis.set_xlim(0, 9)
        axis.axis("off")
        axis.text(0, 0.98 * axis.get_ylim()[1], title, family="monospace", va="top")

    # D's move: two passes through D, two slopes, one sum
    for y, kind in ((2, "real"), (0, "fake")):
        _value(up, "x", y, f"x_{kind}", D.in_shape)
        _box(up, "D", y, "D", BLACK)
        _value(up, "s", y, f"s_{kind}", D.out_shape)
        _forward(up, "x", "D", y)
        _forward(up, "D", "s", y)
        _arrow(up, (X["s"] + 0.5, 0.85 * y + 0.15), (X["end"] - 0.3, 0.3 * y + 0.7))
    _value(up, "z", 0, "z", G.in_shape)
    _box(up, "G", 0, "G", GREY)
    _forward(up, "z", "G", 0)
    _forward(up, "G", "x", 0)
    _box(up, "end", 1, "V", GREEN)
    _back(up, (X["end"], 1.4), (X["D"] + 0.1, 2.4), 0.4, "ds_real", 3.05)
    _back(up, (X["end"], 0.6), (X["D"] + 0.1, -0.4), -0.4, "ds_fake", -1.1)
    _tell(up, X["D"], 1, "dθ_D: both add,\nD ascends")
    _arrow(up, (X["D"], 1.6), (X["D"], 1.35), RED)
    _arrow(up, (X["D"], 0.4), (X["D"], 0.65), RED)
    _tell(up, X["G"], -0.75, "fixed: no gradient", GREY)

    # G's move: one pass, and back through D into G
    _value(down, "z", 0, "z", G.in_shape)
    _box(down, "G", 0, "G", BLACK)
    _value(down, "x", 0, "x_fake", G.out_shape)
    _box(down, "D", 0, "D", GREY)
    _value(down, "s", 0, "s_fake", D.out_shape)
    _box(down, "end", 0, "J", GREEN)
    for a, b in itertools.pairwise(X):
        _forward(down, a, b, 0)
    _back(down, (X["end"], -0.4), (X["D"] + 0.1, -0.4), -0.25, "ds_fake", -1.1)
    _back(down, (X["D"] - 0.1, -0.4), (X["G"] + 0.1, -0.4), -0.25, "dx_fake", -1.1)
    _arrow(down, (X["G"] - 0.1, -0.4), (1.3, -0.85), RED)
    _tell(down, 0.75, -1.1, "dθ_G:\nG descends")
    _tell(down, X["D"], 0.75, "fixed: no dθ_D", GREY)
    return drawn


def _value(axis, column, y, name, shape):
    text = f"{name}\n({', '.join(map(str, ('N', *shape)))})"
    axis.text(X[column], y, text, ha="center", va="center")


def _box(axis, column, y, text, colour):
    look = {"boxstyle": "square,pad=0.5", "fc": "white", "ec": colour, "lw": 2}
    axis.text(
        X[column], y, text, ha="center", va="center", bbox=look, color=colour, size=14
    )


def _tell(axis, x, y, text, colour=RED):
    axis.text(x, y, text, color=colour, ha="center", va="center", fontsize=10)


def _forward(axis, a, b, y):
    """A blue arrow from one column to the next."""
    _arrow(axis, (X[a] + 0.48, y), (X[b] - 0.48, y))


def _back(axis, start, end, bend, text, y):
    """A red arrow against the stream, its name at height y."""
    _arrow(axis, start, end, RED, bend)
    _tell(axis, (start[0] + end[0]) / 2, y, text)


def _arrow(axis, start, end, colour=BLUE, bend=0.0):
    style = {"arrowstyle": "-|>", "color": colour, "lw": 1.6, "shrinkA": 0}
    style |= {"shrinkB": 0, "connectionstyle": f"arc3,rad={bend}"}
    axis.annotate("", end, start, arrowprops=style)

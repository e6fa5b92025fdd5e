"""What the one page draws: the same ten z while G learns, and V over the turns."""

import math
import pathlib

import numpy as np
from figures import load

from tinygan.data import load_digits
from tinygan.theory.canvas import BLUE, GREY, ORANGE, subplots

FILE = pathlib.Path(__file__).parent / "onepage" / "gan.py"
SHOWN = (0, 50, 150, 400, 1000)  # turns
N = 64


def figure():
    gan = load(FILE)
    G, D = gan.Net(32, 128, 256, 64), gan.Net(64, 256, 128, 1)
    digits = load_digits()
    x = digits.scaled(digits.pixels, "float64").reshape(-1, 64)
    z, rows, values = gan.rng.normal(size=(12, 32)), [], []
    for turn in range(SHOWN[-1] + 1):
        if turn in SHOWN:
            rows.append(gan.samples(G, z)[0])
        x_fake, _ = gan.samples(G, gan.rng.normal(size=(N, 32)))
        V = gan.d_step(D, gan.rng.choice(x, N), x_fake)
        values.append((V, gan.g_step(G, D, gan.rng.normal(size=(N, 32)))))
    V, J = np.array(values).T
    assert -math.log(4) < V[500:].mean() < -1 and V[500:].max() < -0.6
    assert math.log(2) < J[500:].mean() < 1

    drawn, ((page, curves),) = subplots(
        1, 2, 11, 3.3, gridspec_kw={"width_ratios": [2.3, 1], "wspace": 0.14}
    )
    rows.append(x[gan.rng.integers(len(x), size=12)])
    page.imshow(tiles(rows), cmap="gray_r", vmin=-1, vmax=1)
    page.set_yticks(10 * np.arange(6) + 4.5, [f"turn {t}" for t in SHOWN] + ["data"])
    page.set(xticks=())
    page.tick_params(length=0)
    page.spines[:].set_visible(False)
    curves.axhline(-math.log(4), color=GREY, lw=1, ls=":")
    curves.axhline(math.log(2), color=GREY, lw=1, ls=":")
    curves.plot(V, color=BLUE, lw=0.8, label="V, D ascends")
    curves.plot(J, color=ORANGE, lw=0.8, label="J, G descends")
    curves.text(1000, -math.log(4) - 0.04, "-log 4", va="top", ha="right", fontsize=9)
    curves.text(1000, math.log(2) - 0.04, "log 2", va="top", ha="right", fontsize=9)
    curves.set(xlabel="turn", ylabel="nats", ylim=(-2.2, 1.6))
    curves.legend(loc="center right", fontsize=9)
    return drawn


def tiles(rows) -> np.ndarray:
    """Rows of pictures (12, 64) as one picture, each with a margin of one pixel."""
    page = np.full((len(rows), 12, 10, 10), -1.0)
    page[:, :, 1:9, 1:9] = np.reshape(rows, (len(rows), 12, 8, 8))
    return page.swapaxes(1, 2).reshape(10 * len(rows), 120)

"""One game twice, with each batch in another order: how rounding errors grow."""

import numpy as np

from tinygan import Adam, Dense, Net, NonSaturating, Sequential, Tanh, d_step, g_step
from tinygan.data import ring
from tinygan.rng import generator
from tinygan.theory.canvas import BLUE, GREY, ORANGE, subplots

TURNS, BATCH, WIDTH = 600, 32, 32


def play(dtype: str, order: int) -> np.ndarray:
    """theta_G after each turn, (TURNS, n); order -1 turns every batch around."""
    hidden = Dense(WIDTH), Tanh(), Dense(WIDTH), Tanh()
    G = Net(Sequential(*hidden, Dense(2)), (2,), 1, dtype)
    hidden = Dense(WIDTH), Tanh(), Dense(WIDTH), Tanh()
    D = Net(Sequential(*hidden, Dense(1)), (2,), 2, dtype)
    opt_G, opt_D, data = Adam(3e-3, 0.5), Adam(3e-3, 0.5), ring()
    thetas = np.empty((TURNS, G.theta.size))
    for turn in range(TURNS):
        rng = generator(0, turn)
        x = data.sample(BATCH, rng).astype(dtype)[::order]
        z = (4 * rng.standard_normal((BATCH, 2))).astype(dtype)[::order]
        x_fake, _ = G.forward(z)
        d_step(D, opt_D, NonSaturating(), x, x_fake)
        g_step(G, D, opt_G, NonSaturating(), z)
        thetas[turn] = G.theta
    return thetas


def figure():
    drawn, ((axes,),) = subplots(1, 1, 8, 4)
    for dtype, colour in (("float32", ORANGE), ("float64", BLUE)):
        a, b = play(dtype, 1), play(dtype, -1)
        apart = np.linalg.norm(a - b, axis=1) / np.linalg.norm(a, axis=1)
        axes.semilogy(np.arange(1, TURNS + 1), apart, color=colour, label=dtype)
        u = np.finfo(dtype).eps / 2
        axes.axhline(u, color=GREY, lw=0.8)
        axes.text(TURNS, u * 1.3, f"u of {dtype}", ha="right", va="bottom")
    axes.set(xlabel="turns", ylabel="distance of the two $\\theta_G$, relative")
    axes.set(ylim=(1e-18, 10))
    axes.legend(loc="upper left")
    return drawn

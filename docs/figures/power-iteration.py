"""Power iteration: how fast sigma is found, and kept while D trains."""

import numpy as np

from tinygan import (
    Adam,
    Dense,
    LeakyReLU,
    Net,
    NonSaturating,
    Sequential,
    SpectralNorm,
    Tanh,
    d_step,
    g_step,
)
from tinygan.data import ring
from tinygan.rng import generator
from tinygan.theory.canvas import BLACK, BLUE, GREEN, GREY, ORANGE, subplots

STEPS, BATCH = 250, 64


def estimates(sigma: np.ndarray, n: int) -> tuple[np.ndarray, np.ndarray]:
    """u^T M v after 1 ... n iterations: by the layer, and by the formula.

    M has the singular values sigma; the first u has 1 along each singular vector.
    """
    rng = np.random.default_rng(0)
    U, V = (np.linalg.qr(rng.standard_normal((len(sigma),) * 2))[0] for _ in range(2))
    net = Net(SpectralNorm(Dense(len(sigma))), sigma.shape, dtype="float64")
    layer = net.tree
    layer.W[...] = (U * sigma @ V.T).T
    layer.state = {"u": U.sum(axis=1), "v": V.sum(axis=1)}
    measured, k = [], np.arange(1, n + 1)[:, None]
    for _ in range(n):
        net.advance()
        measured.append(layer.state["v"] @ layer.W @ layer.state["u"])
    power = sigma ** (4 * k)
    formula = np.sqrt(power.sum(1) / (power / sigma**2).sum(1))  # eq: power-rate
    return np.array(measured), formula


def norms_in_training(fresh: bool) -> np.ndarray:
    """The true norm of W / sigma of D's middle layer, at each step of a game."""
    G = Net(Sequential(Dense(32), Tanh(), Dense(2)), (2,), 1)
    middle = SpectralNorm(Dense(32))
    hidden = SpectralNorm(Dense(32)), LeakyReLU(0.1), middle, LeakyReLU(0.1)
    D = Net(Sequential(*hidden, SpectralNorm(Dense(1))), (2,), 2)
    opt_G, opt_D, objective = Adam(1e-3, 0.5), Adam(1e-3, 0.5), NonSaturating()
    data, rng, norms = ring(), generator(0, 1), []
    for _ in range(STEPS):
        if fresh:
            middle.state["u"] = rng.standard_normal(32).astype("float32")
        x = data.sample(BATCH, rng).astype("float32")
        z = rng.standard_normal((BATCH, 2), dtype="float32")
        W = middle.W.copy()
        x_fake, _ = G.forward(z)
        d_step(D, opt_D, objective, x, x_fake)
        u, v = middle.state["u"], middle.state["v"]
        norms.append(np.linalg.norm(W, 2) / (v @ W @ u))
        g_step(G, D, opt_G, objective, z)
    return np.array(norms)


def figure():
    drawn, ((left, right),) = subplots(1, 2, 11, 4)
    for r, colour in ((0.5, GREEN), (0.9, BLUE), (0.97, ORANGE)):
        sigma = np.concatenate([[1.0, r], np.linspace(r, 0.1, 22)])
        measured, formula = estimates(sigma, 40)
        k = np.arange(1, 41)
        left.semilogy(k, 1 - measured, color=colour, lw=2, label=f"r = {r}")
        left.semilogy(k[::4], 1 - formula[::4], "o", color=BLACK, ms=3)
    left.set(xlabel="iterations", ylabel="$1 - u^T M v\\,/\\,\\sigma$", ylim=(1e-14, 2))
    left.legend(loc="lower right")
    right.axhline(1, color=GREY, lw=0.8)
    for fresh, colour, label in (
        (True, ORANGE, "u drawn anew each step"),
        (False, BLUE, "u kept from the step before"),
    ):
        right.plot(norms_in_training(fresh), color=colour, lw=1.5, label=label)
    right.set(xlabel="step of D", ylabel="true norm of $W/\\sigma$", ylim=(0.9, 2.0))
    right.legend(loc="upper left")
    return drawn

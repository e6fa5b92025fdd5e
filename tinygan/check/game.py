"""Check whole moves of the game: what d_step and g_step do to theta_D and theta_G."""

import numpy as np

from ..errors import instance, whole
from ..gan import d_step, g_step
from ..layers import (
    BatchNorm,
    Conv2d,
    ConvTranspose2d,
    Dense,
    Flatten,
    LeakyReLU,
    Reshape,
    Sequential,
    Tanh,
)
from ..net import Net
from ..objectives import Objective
from ..optim import SGD
from .objective import slopes
from .report import Row


def check_game(objective: Objective, seed=0) -> list[Row]:
    """Check a d_step and a g_step of a small DCGAN, with BatchNorm in both networks.

    d_step must move theta_D along dV/dtheta_D and leave theta_G alone. g_step must move
    theta_G along -dJ/dtheta_G and leave theta_D alone. The complex step through both
    networks gives the two derivatives.
    """
    instance("check_game", "objective", objective, Objective, "NonSaturating()")
    rng = np.random.default_rng(whole("check_game", "seed >= 0", seed))
    G, D = _small_dcgan(seed)
    theta_G, theta_D = G.theta.copy(), D.theta.copy()
    x, z = rng.standard_normal((3, 4, 4, 2)), rng.standard_normal((3, 5))
    complex_G, complex_D = G.clone("complex128"), D.clone("complex128")

    def logits(theta_G, theta_D):
        complex_G.theta[...], complex_D.theta[...] = theta_G, theta_D
        x_fake, _ = complex_G.forward(z + 0j)
        return complex_D.forward(x + 0j)[0], complex_D.forward(x_fake)[0]

    def V(theta_D):
        return objective.value(*logits(theta_G, theta_D))

    def J(theta_G):
        s_real, s_fake = logits(theta_G, theta_D)
        return objective.g_value(s_fake, s_real)

    name = f"d_step, {objective!r}"
    d_step(D, SGD(1.0), objective, x, G.forward(z)[0])
    dV = D.theta - theta_D
    rows = slopes(name, "gradient", V, theta_D, dV, rng)
    moved = float(np.abs(G.theta - theta_G).max())
    rows.append(Row(name, "stays", moved, 0.0, "theta_G is left alone"))

    G.theta[...], D.theta[...] = theta_G, theta_D
    name = f"g_step, {objective!r}"
    g_step(G, D, SGD(1.0), objective, z, x)
    dJ = theta_G - G.theta
    rows += slopes(name, "gradient", J, theta_G, dJ, rng)
    moved = float(np.abs(D.theta - theta_D).max())
    rows.append(Row(name, "stays", moved, 0.0, "theta_D is left alone"))
    return rows


def _small_dcgan(seed) -> tuple[Net, Net]:
    G = Sequential(
        Dense(2 * 2 * 3),
        BatchNorm(),
        LeakyReLU(),
        Reshape(2, 2, 3),
        ConvTranspose2d(2, 4, stride=2, pad=1),
        Tanh(),
    )
    D = Sequential(
        Conv2d(3, 3, pad=1),
        BatchNorm(),
        LeakyReLU(),
        Flatten(),
        Dense(1),
    )
    return (
        Net(G, (5,), seed=seed, dtype="float64"),
        Net(D, (4, 4, 2), seed=seed + 1, dtype="float64"),
    )

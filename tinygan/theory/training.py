"""A real discriminator, trained, beside the optimal one.

G is a fixed affine map of a Gaussian, so its density q is known, like the data's
density p. D is a network that never sees a density, only samples, and tinygan's own
d_step trains it. By Goodfellow et al. 2014, proposition 1 and theorem 1, it should come
to D* = p/(p + q), and V to 2 JSD(p, q) - log 4. Quadrature, not samples, measures how
near it comes:

    error = E_m |D - D*|, m = (p + q)/2      V(D) = E_p[log D] + E_q[log(1 - D)]
"""

import dataclasses

import numpy as np

from ..data import GaussianMixture, mixture_1d
from ..gan import d_step
from ..layers import Dense, Sequential, Tanh
from ..net import Net
from ..objectives import Minimax
from ..ops import sigmoid
from ..optim import Adam
from ..rng import generator
from .divergences import Pair, on_line, optimal_discriminator, value, value_at_optimum

DATA = mixture_1d((-2.0, 1.5), (0.5, 0.8), (0.4, 0.6))  # p
MU, TAU = 0.3, 1.5  # q = N(MU, TAU^2), the law of G(z) = TAU z + MU


@dataclasses.dataclass(frozen=True)
class Snapshot:
    """D after `step` steps, on the grid: its logits s (n,), its error and its V."""

    step: int
    s: np.ndarray
    error: float
    V: float


@dataclasses.dataclass(frozen=True)
class Training:
    """The pair p, q, the largest possible V, and D at several steps on its way."""

    pair: Pair
    V_star: float
    snapshots: tuple[Snapshot, ...]


def fixed_generator(mu: float = MU, tau: float = TAU) -> tuple[Net, GaussianMixture]:
    """G(z) = tau z + mu, a network with one latent, and its density N(mu, tau^2)."""
    G = Net(Dense(1), (1,))
    G.theta[...] = tau, mu
    return G, mixture_1d((mu,), tau)


def error(pair: Pair, s) -> float:
    """E_m |D - D*| for D = sigma(s), s (n,), and m = (p + q)/2; from 0 to 1."""
    gap = np.abs(sigmoid(s) - optimal_discriminator(pair))
    m = (pair.p + pair.q) / 2
    return float((pair.dx * np.where(m > 0, m * gap, 0)).sum())  # eq: error-of-D


def train_discriminator(
    steps: int = 1500,
    snapshots=(0, 10, 100, 1500),
    p: GaussianMixture = DATA,
    batch: int = 512,
    lr: float = 1e-2,
    width: int = 32,
    seed: int = 0,
) -> Training:
    """Train D on samples of p and of the fixed G, with a Snapshot at some steps.

    D is 1-width-width-1 with tanh. Adam's rate falls in a straight line to 0, so that
    the noise of the batches averages out. The seed decides everything.
    """
    G, q = fixed_generator()
    D = Net(
        Sequential(Dense(width), Tanh(), Dense(width), Tanh(), Dense(1)), (1,), seed
    )
    opt, rng, pair = Adam(lr), generator(seed, 1), on_line(p, q)
    seen = []
    for step in range(steps + 1):
        if step in snapshots:
            seen.append(_look(D, pair, step))
        opt.lr = lr * (1 - step / (steps + 1))
        x_real = p.sample(batch, rng).astype(np.float32)
        z = rng.standard_normal((batch, 1), dtype=np.float32)
        if step < steps:
            x_fake, _ = G.forward(z)
            d_step(D, opt, Minimax(), x_real, x_fake)
    return Training(pair, value_at_optimum(pair), tuple(seen))


def _look(D: Net, pair: Pair, step: int) -> Snapshot:
    x = pair.x[:, None].astype(D.theta.dtype)
    s = D.forward(x, train=False)[0][:, 0].astype(np.float64)
    return Snapshot(step, s, error(pair, s), value(pair, s))

"""The ELBO and log p(x) of models with one latent, as integrals: sums over a fine grid
of z. No z is drawn here, and no formula of a Kullback-Leibler divergence is used.
"""

import math

import numpy as np

from tinygan import Dense, Net
from tinygan.likelihood import Gaussian

GRID, STEP = np.linspace(-14, 14, 28_001, retstep=True)  # of z, and of eps


def log_normal(z, mean=0.0, variance=1.0):
    """log N(z; mean, variance)."""
    return -((z - mean) ** 2) / (2 * variance) - math.log(2 * math.pi * variance) / 2


def bound_and_likelihood(E, D, likelihood, x) -> tuple[float, float]:
    """(ELBO, log p(x)) of one sample x (1, *shape), with q(z | x) = N(mu, e^log_var)

    ELBO = int q(z | x) log [p(x | z) p(z) / q(z | x)] dz
    p(x) = int p(x | z) p(z) dz
    """
    ((mu, log_var),) = E.forward(x, train=False)[0]
    s, _ = D.forward(GRID[:, None], train=False)
    log_joint = likelihood.log_p(x.repeat(len(GRID), axis=0), s) + log_normal(GRID)
    log_q = log_normal(GRID, mu, math.exp(log_var))
    ELBO = (np.exp(log_q) * (log_joint - log_q)).sum() * STEP
    return ELBO, math.log(np.exp(log_joint).sum() * STEP)


def mean_over_eps(elbo, E, D, likelihood, x) -> float:
    """The mean of elbo(..., x, eps) for eps ~ N(0, 1), of one sample x (1, *shape)."""
    many = x.repeat(len(GRID), axis=0)
    values = elbo(E, D, likelihood, many, GRID[:, None])
    return (np.exp(log_normal(GRID)) * values).sum() * STEP


def exact_posterior():
    """(E, D, likelihood) of a model whose q(z | x) is the posterior, for all x (1, 3)

    x = w z + b + 0.5 n, n ~ N(0, I)
    p(z | x) = N(<w, x - b> / (0.25 + <w, w>), 0.25 / (0.25 + <w, w>))
    """
    E, D = Net(Dense(2), (3,), 0, "float64"), Net(Dense(3), (1,), 0, "float64")
    w, b = np.array([0.9, -0.4, 0.6]), np.array([0.2, 0.0, -0.1])
    D.tree.W[...], D.tree.b[...] = w, b
    total = 0.25 + w @ w
    E.tree.W[...] = np.stack([w / total, 0 * w], axis=1)
    E.tree.b[...] = -w @ b / total, math.log(0.25 / total)
    return E, D, Gaussian(0.5)

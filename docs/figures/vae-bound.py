"""A posterior with two humps, the best Gaussian q, and the bound as K grows."""

import numpy as np

from tinygan.likelihood.distributions import log_sum_exp
from tinygan.theory.canvas import BLUE, GREY, ORANGE, RED, subplots

X, NOISE = 1.0, 0.3  # x = z^2 + noise, and its deviation
KS = (1, 2, 5, 10, 20, 50, 100, 200, 500)
DRAWS = 2000


def log_normal(a, mean, deviation):
    """log N(a; mean, deviation^2) of numbers a of any shape."""
    normed = (a - mean) / deviation
    return -normed * normed / 2 - np.log(deviation * np.sqrt(2 * np.pi))


def log_joint(z):
    """log p(x, z) at x = X, for z of any shape."""
    return log_normal(X, z**2, NOISE) + log_normal(z, 0, 1)


def best_q(z, step):
    """The mean and the deviation with the highest ELBO, by search over a grid."""
    found = {}
    for mean in np.linspace(-1.5, 1.5, 61):
        for deviation in np.geomspace(0.05, 1.5, 60):
            log_q = log_normal(z, mean, deviation)
            found[mean, deviation] = (np.exp(log_q) * (log_joint(z) - log_q)).sum()
    best = max(found, key=found.__getitem__)
    return best, found[best] * step


def bounds(mean, deviation, K: int, rng):
    """log 1/K sum w of DRAWS sets of K draws from q: (DRAWS,)."""
    z = mean + deviation * rng.standard_normal((DRAWS, K))
    log_w = log_joint(z) - log_normal(z, mean, deviation)
    return log_sum_exp(log_w)[:, 0] - np.log(K)


def figure():
    drawn, ((left, right),) = subplots(1, 2, 11, 3.6, gridspec_kw={"wspace": 0.25})
    z, step = np.linspace(-6, 6, 4001, retstep=True)
    log_p = np.log(np.exp(log_joint(z)).sum() * step)
    (mean, deviation), elbo = best_q(z, step)
    assert elbo < log_p
    near = np.abs(z) < 2
    posterior = np.exp(log_joint(z) - log_p)
    left.plot(z[near], posterior[near], color=BLUE, label="posterior p(z | x)")
    q = np.exp(log_normal(z, mean, deviation))
    left.plot(z[near], q[near], color=RED, label="q(z | x), best ELBO")
    left.set(title="x = 1", xlabel="z", ylabel="density")
    left.legend()
    rng = np.random.default_rng(0)
    every = [bounds(mean, deviation, K, rng) for K in KS]
    low, high = np.quantile(every, [0.1, 0.9], axis=1)
    means = np.mean(every, axis=1)
    assert (np.diff(means) > -0.02).all() and means[-1] < log_p + 0.02
    right.fill_between(KS, low, high, color=ORANGE, alpha=0.25, lw=0)
    right.semilogx(KS, means, "o-", color=ORANGE, label="the bound, K draws")
    right.axhline(log_p, color=BLUE, label="log p(x)")
    right.axhline(elbo, color=GREY, ls="--", label="ELBO")
    right.set(title="the bound", xlabel="K", ylabel="nats")
    right.legend(loc="lower right")
    return drawn

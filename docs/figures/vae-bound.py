"""A posterior with two humps, the best Gaussian q, and the bound as K grows."""

import numpy as np

from tinygan.likelihood.distributions import log_sum_exp
from tinygan.theory.canvas import BLUE, GREY, ORANGE, RED, subplots

X = 1.0  # x = z^2 + noise
NOISES = {0.3: RED, 0.7: ORANGE}  # the deviation of the noise
KS = (1, 2, 5, 10, 20, 50, 100, 200, 500)
DRAWS = 2000


def log_normal(a, mean, deviation):
    """log N(a; mean, deviation^2) of numbers a of any shape."""
    normed = (a - mean) / deviation
    return -normed * normed / 2 - np.log(deviation * np.sqrt(2 * np.pi))


def log_joint(z, noise):
    """log p(x, z) at x = X, for z of any shape."""
    return log_normal(X, z**2, noise) + log_normal(z, 0, 1)


def best_q(z, noise):
    """The mean and the deviation with the highest ELBO, by search over a grid."""
    found = {}
    for mean in np.linspace(-1.5, 1.5, 61):
        for deviation in np.geomspace(0.05, 1.5, 60):
            log_q = log_normal(z, mean, deviation)
            found[mean, deviation] = (
                np.exp(log_q) * (log_joint(z, noise) - log_q)
            ).sum()
    return max(found, key=found.__getitem__)


def bounds(mean, deviation, noise, K: int):
    """log 1/K sum w of DRAWS sets of K draws from q: (DRAWS,)."""
    eps = np.random.default_rng(0).standard_normal((DRAWS, K))
    z = mean + deviation * eps
    log_w = log_joint(z, noise) - log_normal(z, mean, deviation)
    return log_sum_exp(log_w)[:, 0] - np.log(K)


def figure():
    drawn, ((left, right),) = subplots(1, 2, 11, 3.6, gridspec_kw={"wspace": 0.25})
    z, step = np.linspace(-6, 6, 4001, retstep=True)
    near = np.abs(z) < 2
    for noise, colour in NOISES.items():
        log_p = np.log(np.exp(log_joint(z, noise)).sum() * step)
        q = best_q(z, noise)
        posterior = np.exp(log_joint(z, noise) - log_p)
        left.plot(z[near], posterior[near], color=colour, label=f"noise {noise}")
        left.plot(z[near], np.exp(log_normal(z, *q))[near], "--", color=colour, lw=1)
        every = [bounds(*q, noise, K) - log_p for K in KS]
        low, high = np.quantile(every, [0.1, 0.9], axis=1)
        means = np.mean(every, axis=1)
        assert (np.diff(means) > -0.02).all() and means[-1] < 0.02
        right.fill_between(KS, low, high, color=colour, alpha=0.2, lw=0)
        right.semilogx(KS, means, "o-", color=colour, label=f"noise {noise}")
    left.set(title="posteriors of x = 1, and the best q (dashed)", xlabel="z")
    left.set_ylabel("density")
    left.legend()
    right.axhline(0, color=BLUE)
    right.axhline(-np.log(2), color=GREY, ls="--")
    right.set(title="the bound less log p(x)", xlabel="K", ylabel="nats")
    right.legend(loc="upper right")
    return drawn

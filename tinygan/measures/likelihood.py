"""Parzen windows: the likelihood of real data under a density around the samples.

The first GAN paper measures this. It is easily gamed and says little in many
dimensions: the cluster centres of the training images score better than real images do,
and samples that score well need not look good (Theis et al. 2016). It is here because
the first papers report it.
"""

import math
from typing import NamedTuple

import numpy as np

from .pairs import matched, positive, squared_distances

SIGMAS = tuple(np.logspace(-1, 0, 10).tolist())  # as in the paper's code


class Parzen(NamedTuple):
    """Mean log-likelihood of the test set in nats, its standard error, and sigma."""

    mean: float
    error: float
    sigma: float


def parzen_log_likelihood(samples, test, validation, sigmas=SIGMAS) -> Parzen:
    """mean_x log p(x) over the test set; p has a Gaussian window on each of S samples.

        p(x) = 1/S sum_s N(x; s, sigma^2 I)
        log p(x) = log mean_s exp(-|x - s|^2 / (2 sigma^2)) - d/2 log(2 pi sigma^2)

    samples: (S, ...)      test: (T, ...)      validation: (V, ...), all of one shape:
    images in [0, 1], say, taken as d numbers. sigma is the value in `sigmas` that makes
    the validation set likeliest. The result is in nats per test sample, for d numbers
    in their own units. The standard error, std(log p) / sqrt(T), is for the choice of
    test samples alone. Source: Goodfellow et al. 2014, section 5, and their
    parzen_ll.py; Breuleux et al. 2011.

    Raises InputError if there are no samples, if they are not finite or differ in
    shape, and for sigmas that are not positive.
    """
    names = ("test", "samples"), ("validation", "samples")
    x, s = matched(test, samples, names=names[0])
    v, _ = matched(validation, samples, names=names[1])
    sigmas = positive("sigmas", sigmas)
    best = sigmas[_log_p(v, s, sigmas).mean(axis=1).argmax()]
    (log_p,) = _log_p(x, s, [best])
    return Parzen(
        float(log_p.mean()), float(log_p.std() / math.sqrt(len(x))), float(best)
    )


def _log_p(x, s, sigmas) -> np.ndarray:
    """log p of the rows of x (T, d) for each sigma, (len(sigmas), T)."""
    S, d = s.shape
    parts = []
    for D in squared_distances(x, s):
        nearest = D.min(axis=1, keepdims=True)
        D -= nearest  # so that one of the exponentials is 1
        parts.append(
            [
                np.log(np.exp(D / (-2 * sigma**2)).sum(axis=1))  # eq: parzen
                - nearest[:, 0] / (2 * sigma**2)
                - math.log(S)
                - d / 2 * math.log(2 * math.pi * sigma**2)
                for sigma in sigmas
            ]
        )
    return np.concatenate(parts, axis=1)

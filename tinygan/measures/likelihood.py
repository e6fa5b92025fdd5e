"""The likelihood of real data under a density laid over the samples.

The measure of the first GAN paper. It is easily gamed and says little in many
dimensions: a set of the training images' cluster centres beats real images by it, and
what it calls good need not look good (Theis et al. 2016). It is here because the first
papers report it.
"""

import math
from typing import NamedTuple

import numpy as np

from .pairs import matched, squared_distances

SIGMAS = tuple(np.logspace(-1, 0, 10).tolist())  # those of the paper's code


class Parzen(NamedTuple):
    """Mean log-likelihood of the test set in nats, its standard error, and sigma."""

    mean: float
    error: float
    sigma: float


def parzen_log_likelihood(samples, test, validation, sigmas=SIGMAS) -> Parzen:
    """mean_x log p(x) over the test set, p a Gaussian window on each of S samples.

        p(x) = 1/S sum_s N(x; s, sigma^2 I)
        log p(x) = log mean_s exp(-|x - s|^2 / (2 sigma^2)) - d/2 log(2 pi sigma^2)

    samples: (S, ...)      test: (T, ...)      validation: (V, ...), all of one shape:
    images in [0, 1], say, taken as d numbers. sigma is the one of `sigmas` that makes
    the validation set likeliest. In nats per test sample, for d numbers in their own
    units; the standard error, std(log p) / sqrt(T), is that of the choice of test
    samples alone. Source: Goodfellow et al. 2014, section 5, and their parzen_ll.py;
    Breuleux et al. 2011.

    Raises ValueError for no samples, of different shape or not finite, and for sigmas
    that are not positive.
    """
    names = ("test", "samples"), ("validation", "samples")
    x, s = matched(test, samples, names=names[0])
    v, _ = matched(validation, samples, names=names[1])
    sigmas = np.atleast_1d(np.asarray(sigmas, np.float64))
    ok = sigmas.ndim == 1 and sigmas.size > 0 and np.isfinite(sigmas).all()
    if not (ok and (sigmas > 0).all()):
        raise ValueError(f"expected finite sigmas > 0, got {sigmas.tolist()}")
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

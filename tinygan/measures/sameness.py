"""How many distinct samples are there? A generator that collapsed makes few.

Two samples count as the same if they are much nearer to each other than two real
samples usually are.
"""

import math

import numpy as np

from .pairs import matched

NEAR = 0.25  # of the median distance of two real samples: nearer ones are the same
MOST = 256  # samples: their pairs take some milliseconds


def distinct_samples(samples, real) -> tuple[float, float]:
    """(the effective number of distinct samples, that of as many real samples).

        N_eff = N^2 / #{(i, j): |x_i - x_j| <= r}      r = 1/4 median_{i<j} |y_i - y_j|

    x: the first samples (N, ...), at most 256; y: as many real samples (N, ...). i = j
    counts, so N_eff is N if all samples are distinct, and 1 if all are the same. K
    samples that are repeated equally often have N_eff = K. It is the number of
    birthdays that would make so many pairs share one: the birthday paradox test of
    Arora and Zhang 2017, without their eyes.

    Raises InputError for fewer than 2 samples, and for samples that are not finite or
    differ in shape.
    """
    x, y = matched(samples[:MOST], real[:MOST], least=2)
    n = min(len(x), len(y))
    D_x, D_y = (_squared_distances(a[:n]) for a in (x, y))
    r = NEAR * math.sqrt(np.median(D_y[np.triu_indices(n, 1)]))
    pairs = (int(np.less_equal(D, r**2).sum()) for D in (D_x, D_y))
    found, top = (n**2 / count for count in pairs)  # eq: effective-number
    return found, top


def _squared_distances(x: np.ndarray) -> np.ndarray:
    """|x_i - x_j|^2, (N, N), of x (N, d), centred so that little cancels."""
    x = x - x.mean(axis=0)
    squares = (x * x).sum(axis=1)
    D = np.maximum(squares[:, None] + squares - 2 * (x @ x.T), 0)
    np.fill_diagonal(D, 0)
    return D

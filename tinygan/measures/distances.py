"""Distances between two distributions, each known by samples: MMD and Wasserstein.

In the limit of many samples both are 0 if and only if the distributions are equal, and
so is the sliced distance. Frechet's distance is 0 if the means and the covariances are
equal. With finite samples the Wasserstein distances are above 0 even for equal
distributions. So compare them with the distance of two sets of real samples.
"""

import numpy as np

from ..errors import InputError, numbers, whole
from . import pairs
from .pairs import as_rows, matched, positive, squared_distances

SCALES = (0.25, 0.5, 1.0, 2.0, 4.0)  # times the median distance


def mmd2(x, y, scales=None) -> float:
    """The unbiased estimate of MMD^2, the squared maximum mean discrepancy.

        MMD^2 = 1/(m (m-1)) sum_{i != j} k(x_i, x_j)
              + 1/(n (n-1)) sum_{i != j} k(y_i, y_j) - 2/(m n) sum_ij k(x_i, y_j)
        k(a, b) = mean_s exp(-|a - b|^2 / (2 s^2))

    x: (m, ...)      y: (n, ...)      s: `scales`, in data units; by default 1/4, 1/2,
    1, 2 and 4 times `median_distance(x, y)`, the median heuristic and two octaves to
    either side. It has no unit and is at most 2; an estimate may fall a little below 0.

    Its expectation is MMD^2 itself if the scales do not depend on the samples. So use
    the same scales to compare several sets. Source: Gretton et al. 2012, eq. 3.

    Raises InputError for fewer than 2 samples, for samples that are not finite or
    differ in shape, and for scales that are not positive.
    """
    x, y = matched(x, y, least=2)
    if scales is None:
        scales = np.multiply(SCALES, median_distance(x, y) or 1.0)
    scales = positive("scales", scales)
    m, n = len(x), len(y)
    within_x = _kernel_sum(squared_distances(x), scales) / (m * (m - 1))
    within_y = _kernel_sum(squared_distances(y), scales) / (n * (n - 1))
    between = _kernel_sum(squared_distances(x, y), scales) / (m * n)
    return within_x + within_y - 2 * between  # eq: mmd


def _kernel_sum(blocks, scales) -> float:
    """sum_ij mean_s exp(-D_ij / (2 s^2)) over blocks of squared distances D."""
    total = 0.0
    for D in blocks:
        for s in scales:
            total += float(np.exp(D / (-2 * s**2)).sum())  # eq: mmd-kernel
    return total / len(scales)


def median_distance(x, y=None, most: int = 1000) -> float:
    """The median of |a - b| over all pairs of samples in x, or in x and y together.

    x (N, ...) and y (M, ...) each give at most `most` samples, evenly spaced.

    Raises InputError for fewer than 2 samples in all, and for samples that are not
    finite or differ in shape.
    """
    most = whole("median_distance", "most >= 2", most)
    rows = as_rows("x", x, 2) if y is None else np.concatenate(matched(x, y))
    N = len(np.asarray(x))
    sets = [rows[:N], rows[N:]]
    few = np.concatenate([a[:: -(-len(a) // most) or 1] for a in sets])
    D = np.concatenate(list(squared_distances(few)))
    return float(np.median(np.sqrt(D[np.triu_indices(len(few), 1)])))


def wasserstein_1d(x, y) -> float:
    """W1 of two sets of numbers x (n,) and y (m,), in data units, exactly.

        W1 = int_0^1 |F^-1(u) - G^-1(u)| du

    F^-1 and G^-1 are the quantile functions, steps of width 1/n and 1/m: for n = m it
    is the mean distance of the sorted numbers.

    Raises InputError for another shape, no numbers, or numbers that are not finite.
    """
    x, y = numbers("x", x), numbers("y", y)
    for name, a in (("x", x), ("y", y)):
        if a.ndim != 1 or a.size == 0 or not np.isfinite(a).all():
            raise InputError(f"{name}: expected finite numbers (n,), got {a.shape}")
    return float(_w1_sorted(np.sort(x)[None], np.sort(y)[None])[0])


def _w1_sorted(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """W1 of each row of x (D, n) and y (D, m), sorted: (D,)."""
    n, m = x.shape[1], y.shape[1]
    if n == m:
        return np.abs(x - y).mean(axis=1)
    # The steps of F^-1 end at i/n, those of G^-1 at j/m: in units of 1/(n m), integers.
    ends = np.union1d(np.arange(1, n + 1) * m, np.arange(1, m + 1) * n)
    widths = np.diff(ends, prepend=0) / (n * m)
    gap = np.abs(x[:, (ends - 1) // m] - y[:, (ends - 1) // n])
    return gap @ widths


def frechet(x, y) -> float:
    """The squared Frechet distance of two sets of samples, as if both were Gaussian.

        d^2 = |m_x - m_y|^2 + tr(C_x + C_y - 2 (C_x^1/2 C_y C_x^1/2)^1/2)

    x: (n, ...)      y: (m, ...)      m and C are their means and covariances. It is the
    squared W2 of the Gaussians that have these. In squared data units. Its expectation
    is above 0 for equal distributions, and it falls with n. Source: Dowson and Landau
    1982; Heusel et al. 2017, eq. 6, who took the features of a classifier.

    Raises InputError for fewer than 2 samples, and for samples that are not finite or
    differ in shape.
    """
    x, y = matched(x, y, least=2)
    C_x, C_y = (np.atleast_2d(np.cov(a, rowvar=False)) for a in (x, y))
    values, vectors = np.linalg.eigh(C_x)
    root = vectors * np.sqrt(np.maximum(values, 0)) @ vectors.T  # C_x^1/2
    shared = np.linalg.eigvalsh(root @ C_y @ root)
    apart = ((x.mean(axis=0) - y.mean(axis=0)) ** 2).sum()
    spread = np.trace(C_x) + np.trace(C_y) - 2 * np.sqrt(np.maximum(shared, 0)).sum()
    return float(apart + max(spread, 0.0))  # eq: frechet


def sliced_wasserstein(x, y, directions: int = 128, seed: int = 0) -> float:
    """SW1 = mean over unit vectors u of W1(<x, u>, <y, u>), in data units.

    x: (n, ...)      y: (m, ...)      u: `directions` of them, uniform on the sphere and
    a function of the seed alone. In one dimension it is W1. Source: Rabin et al. 2011
    (whose distance is the mean of W2^2).

    Raises InputError if there are no samples, if they are not finite or differ in
    shape, and for directions < 1.
    """
    x, y = matched(x, y)
    name = "sliced_wasserstein"
    directions, seed = (
        whole(name, "directions >= 1", directions),
        whole(name, "seed >= 0", seed),
    )
    return sliced(x, y, directions, np.random.default_rng(seed))


def sliced(x, y, directions: int, rng: np.random.Generator) -> float:
    """`sliced_wasserstein` of rows (n, d) and (m, d), without the checks."""
    u = rng.standard_normal((directions, x.shape[1]))
    u /= np.sqrt((u**2).sum(axis=1, keepdims=True))
    total, step = 0.0, max(1, pairs.CELLS // max(len(x), len(y)))
    for i in range(0, directions, step):
        part = u[i : i + step]
        along = [np.sort(part @ a.T, axis=1) for a in (x, y)]  # (step, n), (step, m)
        total += float(_w1_sorted(*along).sum())
    return total / directions  # eq: sliced-wasserstein

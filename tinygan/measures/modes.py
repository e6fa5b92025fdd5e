"""Mode collapse, counted: which modes of a known mixture the samples reach, how evenly.

The protocol follows VEEGAN (Srivastava et al. 2017) and PacGAN (Lin et al. 2018), for a
GaussianMixture with any standard deviations and weights. A sample belongs to the mode
that is nearest in units of that mode's standard deviation. It is of high quality if it
lies within 3 standard deviations.
"""

import math

import numpy as np

from ..data import GaussianMixture
from ..errors import InputError, instance, number, numbers, shown, whole
from . import pairs

NEAR = 3.0  # standard deviations
EPS = np.finfo(np.float64).eps


def mode_coverage(samples, mixture: GaussianMixture) -> tuple[int, float]:
    """(modes covered, share of high-quality samples) of samples (N, d).

    A mode is covered if one sample of high quality belongs to it. No generator can
    honestly pass the share P(|g| <= 3) of a Gaussian, `within(3, d)`: in two dimensions
    1 - exp(-9/2) = 98.89 %.

    Raises InputError unless the samples are finite and (N, d), d the mixture's, N >= 1.
    """
    nearest, distance = _nearest_mode(samples, mixture)
    good = distance <= NEAR
    return len(np.unique(nearest[good])), float(good.mean())  # eq: mode-coverage


def reverse_kl(samples, mixture: GaussianMixture) -> float:
    """KL(p || w) = sum_k p_k log(p_k / w_k)      w: the mixture's weights, in nats

    p_k is the share of mode k among the samples (N, d) of high quality. The others do
    not count here; `mode_coverage` counts them. 0 is best. Samples spread evenly over m
    of K equal modes give log(K/m). Exact samples give about (K - 1)/(2N), the bias of
    p. Without any sample of high quality it is log(1 / min_k w_k), its largest value.

    The choice of samples and the histogram follow PacGAN's released code
    (pacgan/extensions.py), which also bins by distance in standard deviations. The KL
    is called reverse because the generator's distribution comes first: KL(w || p) is
    infinite as soon as one mode is lost.

    Raises InputError unless the samples are finite and (N, d), d the mixture's, N >= 1.
    """
    nearest, distance = _nearest_mode(samples, mixture)
    counts = np.bincount(nearest[distance <= NEAR], minlength=len(mixture.means))
    if counts.sum() == 0:
        return -math.log(mixture.weights.min())
    return kl_divergence(counts, mixture.weights)


def kl_divergence(p, q) -> float:
    """KL(p || q) = sum_k p_k log(p_k / q_k) in nats; infinite if q_k = 0 < p_k.

    p, q: (K,), counts or weights; each is divided by its sum

    Raises InputError unless both are (K,), finite, >= 0 and not all 0.
    """
    p, q = numbers("p", p), numbers("q", q)
    if p.ndim != 1 or p.shape != q.shape:
        raise InputError(
            f"expected p and q of one shape (K,), got {p.shape}, {q.shape}"
        )
    for name, a in (("p", p), ("q", q)):
        if not (np.isfinite(a).all() and (a >= 0).all() and a.sum() > 0):
            raise InputError(
                f"{name}: expected weights >= 0, not all 0, got {shown(a.tolist())}"
            )
    p, q = p / p.sum(), q / q.sum()
    if (q[p > 0] == 0).any():
        return math.inf
    ratio = np.where(p > 0, p, 1) / np.where(p > 0, q, 1)
    return max(0.0, float((p * np.log(ratio)).sum()))  # eq: histogram-kl


def within(r: float, d: int) -> float:
    """P(|g| <= r) for g ~ N(0, I) in d dimensions.

        P_1 = erf(r / sqrt 2)      P_2 = 1 - exp(-r^2/2)
        P_{d+2} = P_d - p_d      p_d = (r^2/2)^{d/2} exp(-r^2/2) / Gamma(d/2 + 1)

    For r^2 < d the result is small, and differences would cancel. P_n falls to 0 as n
    grows, so P_d is the sum of p_d, p_{d+2}, ..., which are positive and fall at once.

    Raises InputError unless r >= 0 and 1 <= d <= 300.
    """
    r, d = number("within", "r >= 0", r), whole("within", "1 <= d <= 300", d)
    half = r**2 / 2
    if half < d / 2:
        P, n = 0.0, d
        while (p := _lost(half, n)) > EPS * P:
            P, n = P + p, n + 2
        return P
    P = math.erf(r / math.sqrt(2)) if d % 2 else -math.expm1(-half)  # eq: within
    for n in range(2 - d % 2, d, 2):
        P -= _lost(half, n)
    return P


def _lost(half: float, n: int) -> float:
    """P_n - P_{n+2} = half^{n/2} exp(-half) / Gamma(n/2 + 1), for half = r^2/2.

    By logarithms: the power and Gamma may be too large for a number.
    """
    if half == 0:
        return 0.0
    return math.exp(n / 2 * math.log(half) - half - math.lgamma(n / 2 + 1))


def _nearest_mode(samples, mixture) -> tuple[np.ndarray, np.ndarray]:
    """argmin_k |x - mu_k| / sigma_k and that minimum, (N,) each, for x (N, d)."""
    instance("a measure of modes", "mixture", mixture, GaussianMixture, "ring()")
    x = numbers("samples", samples)
    K, d = mixture.means.shape
    if x.ndim != 2 or x.shape[1] != d or len(x) == 0:
        raise InputError(f"samples: expected (N, {d}), N >= 1, got {x.shape}")
    if not np.isfinite(x).all():
        raise InputError("samples: expected finite samples, got NaN or infinity")
    nearest, distance = np.empty(len(x), np.int64), np.empty(len(x))
    rows = max(1, pairs.CELLS // (K * d))
    for i in range(0, len(x), rows):
        with np.errstate(over="ignore"):
            e = x[i : i + rows].T[:, :, None] - mixture.means.T[:, None]  # (d, rows, K)
            square = ((e / mixture.std) ** 2).sum(axis=0)  # (rows, K)
        k = square.argmin(axis=1)  # eq: nearest-mode
        nearest[i : i + rows] = k
        distance[i : i + rows] = np.sqrt(square[np.arange(len(k)), k])
    return nearest, distance

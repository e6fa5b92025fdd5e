"""Mode collapse on stacked digits: a classifier reads the triple of each picture.

The protocol is that of VEEGAN (Srivastava et al. 2017) and PacGAN (Lin et al. 2018):
26,000 samples, the number of the 1,000 triples among them, and the KL divergence of
the triples' shares.
"""

import math
from typing import NamedTuple

import numpy as np

from ..data import Images
from ..data.stacked import COLOURS
from ..errors import InputError, instance, numbers, shown, whole
from .classifier import Classifier
from .modes import kl_divergence

STEPS, BATCH = 5000, 64  # of the judge's training


class StackedModes(NamedTuple):
    """The modes found, KL(p || q) in nats, and how sure the judge was: the mean over
    all digits of the largest p(class | x).
    """

    modes: int
    kl: float
    confidence: float


def digit_judge(images: Images, seed: int = 0) -> Classifier:
    """A classifier of grey images, trained for about STEPS steps.

    On MNIST's 60,000 that is 5 epochs, and the accuracy on its test set is 98.7 %.
    Raises InputError for what are no Images.
    """
    instance("digit_judge", "images", images, Images, "load_digits()")
    epochs = max(1, round(STEPS * BATCH / len(images)))
    return Classifier(images, epochs, BATCH, seed=seed)


def stacked_modes(samples, judge: Classifier, weights=None) -> StackedModes:
    """The modes among pictures (n, H, W, 3) in [-1, 1], and KL(p || q).

        k(x) = (a K + b) K + c      a, b, c: the likeliest class of red, green, blue

        KL(p || q) = sum_k p_k log(p_k / q_k)      q_k = w_a w_b w_c

    p_k is the share of the samples with k(x) = k, and a mode is found if p_k > 0. A
    sample that looks like no digit counts, too: `confidence` tells of those.

    weights: (K,), w up to a factor; None: equal ones, as in PacGAN's released code,
    where q_k = 1/1000. MNIST's own labels are not quite even, and `StackedDigits` has
    their frequencies as `weights`: against equal ones, perfect samples would have a KL
    of 3 KL(w || 1/K) = .0043 more.

    A perfect generator does not reach K^3 modes and a KL of 0: see `perfect_modes`.

    Raises InputError unless the samples are finite pictures (n, H, W, 3) of the size
    that the judge takes, n >= 1, and the weights K numbers >= 0.
    """
    counts, confidence = triple_counts(samples, judge)
    K = judge.net.out_shape[0]
    q = triples(np.ones(K) if weights is None else weights)
    if len(q) != K**COLOURS:
        raise InputError(f"weights: expected ({K},), got {np.shape(weights)}")
    return StackedModes(int((counts > 0).sum()), kl_divergence(counts, q), confidence)


def triple_counts(samples, judge: Classifier) -> tuple[np.ndarray, float]:
    """(how many samples (n, H, W, 3) are in each mode: (K^3,), the confidence).

    Raises InputError as `stacked_modes` does.
    """
    instance("stacked_modes", "judge", judge, Classifier, "digit_judge(images)")
    (K,), (H, W, _) = judge.net.out_shape, judge.net.in_shape
    x = np.asarray(samples)
    if x.dtype.kind != "f" or x.shape[1:] != (H, W, COLOURS) or len(x) == 0:
        raise InputError(
            f"samples: expected floats (n, {H}, {W}, 3), n >= 1, got {shown(samples)}"
        )
    if not np.isfinite(x).all():
        raise InputError("samples: expected finite samples, got NaN or infinity")
    k, confidence = np.zeros(len(x), np.int64), 0.0
    for colour in range(COLOURS):
        p = judge.probabilities(np.ascontiguousarray(x[..., colour, None]))
        k = k * K + p.argmax(axis=1)  # eq: stacked-mode
        confidence += float(p.max(axis=1).mean()) / COLOURS
    return np.bincount(k, minlength=K**COLOURS), confidence


def triples(weights) -> np.ndarray:
    """q_k = w_a w_b w_c for k = (a K + b) K + c, from weights w (K,): (K^3,).

    Raises InputError unless the weights are (K,) and finite, none is negative, and not
    all are 0.
    """
    w = numbers("weights", weights)
    if w.ndim != 1 or not (np.isfinite(w).all() and (w >= 0).all() and w.sum() > 0):
        raise InputError(f"weights: expected (K,) numbers >= 0, got {shown(weights)}")
    w = w / w.sum()
    return np.einsum("a,b,c->abc", w, w, w).ravel()


def perfect_modes(n: int, weights) -> tuple[float, float]:
    """(modes, KL) that n exact samples have on average, if the judge never errs.

        modes = sum_k P(c_k > 0) = sum_k (1 - (1 - q_k)^n)
        KL = sum_k E[c_k/n log(c_k/(n q_k))]

    The count c_k of mode k is binomial, and the KL is about (M - 1)/(2n) if M modes
    have many samples each. For 26,000 samples of 1,000 equal modes: 1000.0 modes, and a
    KL of .0193.

    weights: (K,), as for `stacked_modes`. Raises InputError for n < 1.
    """
    n = whole("perfect_modes", "n >= 1", n)
    q, times = np.unique(triples(weights), return_counts=True)
    modes = (times * (1 - (1 - q) ** n)).sum()  # eq: modes-found
    parts = zip(times, q, strict=True)
    kl = sum(t * _share_term(n, p) for t, p in parts if 0 < p < 1)
    return float(modes), float(kl)


def _share_term(n: int, q: float) -> float:
    """E[c/n log(c/(n q))] for a binomial c, the number of n samples in a mode.

    By the ratios of neighbours: P(c)/P(c - 1) = (n - c + 1)/c q/(1 - q). Beyond 12
    standard deviations nothing is left.
    """
    most = min(n, int(n * q + 12 * math.sqrt(n * q) + 60))
    c = np.arange(1, most + 1)
    log_p = n * math.log1p(-q) + np.cumsum(np.log((n - c + 1) / c * (q / (1 - q))))
    return float((np.exp(log_p) * c / n * np.log(c / (n * q))).sum())  # eq: mode-kl

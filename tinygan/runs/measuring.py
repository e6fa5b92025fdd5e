"""Measure samples beside real ones: every measure comes with its ceiling.

No measure is 0, or 1, or 100 % for a perfect generator and finitely many samples. So
the ceiling of a measure is its value for as many real samples in place of the generated
ones. Both are compared with the same set of other real samples. For a known mixture the
ceiling is exact.
"""

import math
from typing import NamedTuple

import numpy as np

from ..backend import NUMPY
from ..data import GaussianMixture, Images, StackedDigits
from ..measures import (
    Flat,
    digit_judge,
    feature_space,
    kl_divergence,
    median_distance,
    mmd2,
    mode_coverage,
    nearest_neighbour_accuracy,
    parzen_log_likelihood,
    precision_recall,
    reverse_kl,
    sliced_wasserstein,
    sliced_wasserstein_patches,
    stacked_modes,
    within,
)
from ..measures.agreement import agreement, variety
from ..measures.classifier import Classifier
from ..measures.distances import SCALES
from ..measures.modes import NEAR
from ..rng import SPLIT, generator
from .results import Measurement, measurement

PATCHES = 320_000  # the most from a set: the protocol takes 128 from 2,500 images each


class Real(NamedTuple):
    """Real samples in disjoint sets, scaled as the generator makes them.

    shown: (n, *shape), all others are compared with these
    held: (n, *shape), the ceiling is measured on these
    rest: other Images, for features or for a judge, or None
    """

    shown: np.ndarray
    held: np.ndarray
    rest: Images | None
    parts: list[np.ndarray] | None = None  # indices in the Images: shown, held, rest


def measure(
    samples, data, seed: int = 0, say=lambda sentence: None, asked=None
) -> list[Measurement]:
    """Measure samples (n, *shape) that imitate `data`.

    asked: the classes (n,) that a conditional generator was asked for. Points of any
    kind are measured by the sliced Wasserstein distance, MMD, 1-NN accuracy, precision
    and recall; for a GaussianMixture its modes come first. Images have these
    measures on patches and in a feature space, and the Parzen likelihood. If they have
    labels, the classes are measured too. StackedDigits have their modes, and patches.
    """
    real = real_samples(data, len(samples), seed)
    if isinstance(data, StackedDigits):
        say(f"training a classifier of {len(real.rest):,} digits, as a judge")
        rows = _stacked(samples, real, data, seed)
        say("comparing 7x7 patches")
        return rows + _patches(samples, real, seed)
    if not isinstance(data, Images):
        rows = _modes(samples, data) if isinstance(data, GaussianMixture) else []
        return rows + _points(samples, real, seed) + _pairs(samples, real, Flat())
    say("comparing 7x7 patches")
    rows = _patches(samples, real, seed)
    kind = "a principal component analysis" if data.labels is None else "a classifier"
    say(f"training {kind} of {len(real.rest):,} other real images, for features")
    space = feature_space(real.rest, seed)
    say("comparing features")
    rows += _pairs(samples, real, space)
    if isinstance(space, Classifier):
        rows += _classes(samples, real, space)
        if asked is not None:
            rows += _asked(samples, asked, real, data.labels, space, seed)
    say("Parzen windows")
    return rows + _likelihood(samples, real)


def real_samples(data, n: int, seed: int = 0) -> Real:
    """2n real samples in two halves, and the rest of Images; all are disjoint.

    Of StackedDigits a third of the digits make the samples, a sixth each half, and the
    rest is theirs. Data of another kind give a batch of 2n.
    """
    if isinstance(data, StackedDigits):
        order = generator(seed, SPLIT).permutation(len(data))
        sixth = len(data) // 6
        sets = data.part(order[:sixth]), data.part(order[sixth : 2 * sixth])
        both = [some.batches(n, seed)(0) for some in sets]
        return Real(*both, data.images.part(order[2 * sixth :]))
    if not isinstance(data, Images):
        both = NUMPY.to_host(data.batches(2 * n, seed, NUMPY)(0))
        return Real(both[:n], both[n:], None)
    order = generator(seed, SPLIT).permutation(len(data))
    parts = [order[:n], order[n : 2 * n], order[2 * n :]]
    shown, held = (data.scaled(data.pixels[i]) for i in parts[:2])
    return Real(shown, held, data.part(parts[2]), parts)


# The measurements, group by group


def _modes(samples, p: GaussianMixture) -> list[Measurement]:
    modes, quality = mode_coverage(samples, p)
    K, d = p.means.shape
    return [
        measurement("modes", modes, K, " within 3 std"),
        measurement("high quality", quality, within(NEAR, d)),
        measurement("reverse KL", reverse_kl(samples, p), (K - 1) / (2 * len(samples))),
    ]


def _stacked(samples, real: Real, data: StackedDigits, seed) -> list[Measurement]:
    """What a judge reads, who has not seen the digits that the ceiling is made of."""
    judge = digit_judge(real.rest, seed)
    found, top = (stacked_modes(x, judge, data.weights) for x in (samples, real.held))
    return [
        measurement("modes", found.modes, top.modes, f", of {data.modes:,} triples"),
        measurement("mode KL", found.kl, top.kl),
        measurement("confidence", found.confidence, top.confidence),
    ]


def _points(samples, real: Real, seed) -> list[Measurement]:
    sets = samples, real.held
    values = (sliced_wasserstein(x, real.shown, seed=seed) for x in sets)
    return [measurement("sliced Wasserstein", *values)]


def _patches(samples, real: Real, seed) -> list[Measurement]:
    sets, side = (samples, real.held), min(samples.shape[1:3])
    how = {"size": min(7, side), "per_image": max(1, min(128, PATCHES // len(samples)))}
    values = (sliced_wasserstein_patches(x, real.shown, **how, seed=seed) for x in sets)
    return [
        measurement(
            "patches", 1000 * value, 1000 * top, where=f" at {side >> level} px"
        )
        for level, (value, top) in enumerate(zip(*values, strict=True))
    ]


def _pairs(samples, real: Real, space) -> list[Measurement]:
    """The measures that compare all pairs, in a feature space."""
    x, shown, held = (space.features(a) for a in (samples, real.shown, real.held))
    scales = np.multiply(SCALES, median_distance(shown, held) or 1.0)
    same, top = (nearest_neighbour_accuracy(shown, a) for a in (x, held))
    precisions, recalls = zip(
        *(precision_recall(shown, a) for a in (x, held)), strict=True
    )
    each = f"; real {same.real:.2f}, generated {same.fake:.2f}"
    return [
        measurement("MMD^2", *(mmd2(shown, a, scales) for a in (x, held))),
        measurement("1-NN accuracy", same.total, top.total, each),
        measurement("precision", *precisions),
        measurement("recall", *recalls),
    ]


def _classes(samples, real: Real, classifier: Classifier) -> list[Measurement]:
    """A classifier's view of the samples, and of real ones that it has not seen."""
    p = [classifier.probabilities(x) for x in (samples, real.held)]
    K = p[0].shape[1]
    counts = [np.bincount(a.argmax(axis=1), minlength=K) for a in p]
    weights = np.bincount(real.rest.labels, minlength=K)
    return [
        measurement("confidence", *(float(a.max(axis=1).mean()) for a in p)),
        measurement("classes", *(int((c > 0).sum()) for c in counts)),
        measurement("class KL", *(kl_divergence(c, weights) for c in counts)),
    ]


def _asked(
    samples, asked, real: Real, labels, judge: Classifier, seed
) -> list[Measurement]:
    """The shares of samples that have the class asked for, and how varied they are."""
    held = labels[real.parts[1]]
    found = agreement(judge, samples, asked, real.held, held)
    each = [
        measurement("as asked", a, b, where=f": {k}")
        for k, (a, b) in enumerate(zip(found.each, found.each_real, strict=True))
    ]
    apart = variety(samples, asked, seed), variety(real.held, held, seed)
    return [
        measurement("as asked", found.samples, found.real),
        *each,
        measurement("variety", *(math.nan if a is None else a for a in apart)),
    ]


def _likelihood(samples, real: Real) -> list[Measurement]:
    validation = real.rest.scaled(real.rest.pixels[:1000])
    test, validation = ((a + 1) / 2 for a in (real.shown, validation))
    found, top = (
        parzen_log_likelihood((x + 1) / 2, test, validation)
        for x in (samples, real.held)
    )
    how = f"; +- {found.error:.1f}, sigma {found.sigma:.2f}"
    return [measurement("Parzen likelihood", found.mean, top.mean, how)]

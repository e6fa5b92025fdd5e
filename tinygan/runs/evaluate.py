"""A trained generator, measured: every measure beside the best that can be had.

No measure is 0, or 1, or 100 % for a perfect generator and finitely many samples. So
each comes with its ceiling: the same measure of as many real samples, others than those
that the generated ones are compared with. For a known mixture it is exact. The
generator may have seen all of them in training: one that returns its training images
reaches the ceiling too.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from ..backend import NUMPY, Backend
from ..data import Captioned, GaussianMixture, Images, joined
from ..errors import InputError
from ..measures import (
    Flat,
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
    within,
)
from ..measures.agreement import agreement, judges, variety
from ..measures.classifier import Classifier
from ..measures.distances import SCALES
from ..measures.modes import NEAR
from ..rng import CONDITION, SPLIT, generator
from .experiment import Experiment
from .folder import RunFolder
from .results import Row, row_of
from .sampling import Request, generate

LEAST = 20  # samples
PATCHES = 320_000  # of a set, at most: the protocol's 128 from each of 2,500 images


class Result(NamedTuple):
    """What was measured, on how many samples."""

    n: int
    rows: list[Row]


class Real(NamedTuple):
    """Three disjoint sets of real samples: to compare with, for the ceiling, the rest.

    shown, held: (n, *shape) as the generator makes them      rest: Images, or None
    """

    shown: np.ndarray
    held: np.ndarray
    rest: Images | None
    parts: list[np.ndarray] | None = None  # which of the Images: shown, held, rest


def evaluate(
    experiment: Experiment,
    folder: RunFolder,
    backend: Backend,
    n: int,
    seed: int = 0,
    say: Callable = lambda sentence: None,
) -> Result:
    """The measures of n samples of the run's generator, or as many as the data allow.

    Of N images a third is the most: as many again are needed for the ceiling and for
    the features. `say` is called with a sentence before whatever takes seconds.

    Raises InputError for n < LEAST, fewer than 3 LEAST images, data of another shape
    than the experiment's; CheckpointError where `generate` does.
    """
    if n < LEAST:
        raise InputError(f"--n {n}: expected {LEAST} samples or more to measure")
    data = experiment.data()
    experiment.expects(data)
    condition = experiment.condition
    if isinstance(condition.samples_in(data), Images):
        if len(data) < 3 * LEAST:
            raise InputError(
                f"data: expected at least {3 * LEAST} images to measure, "
                f"found {len(data)}"
            )
        n = min(n, len(data) // 3)
    say(f"drawing {n:,} samples")
    _, _, inputs = Request().inputs(experiment, n, seed)

    def made(inputs):
        x = generate(experiment, folder, backend, inputs)
        if not np.isfinite(x).all():
            raise InputError(
                f"{folder.checkpoint}: its generator makes NaN or infinity"
            )
        return x

    if isinstance(data, Captioned):
        unseen = experiment.unseen and experiment.unseen()
        rows = _sentences(made, condition, inputs[0], data, unseen, seed, say)
        return Result(n, rows)
    real, asked = condition.samples_in(data), condition.y_of(inputs)
    return Result(n, measure(made(inputs), real, seed, say, asked))


def measure(
    samples, data, seed: int = 0, say=lambda sentence: None, asked=None
) -> list[Row]:
    """The rows for samples (n, *shape), as a generator of `data` makes them; `asked`
    are the classes (n,) that they were to be of.

    Points of any kind: sliced Wasserstein distance, MMD, 1-NN accuracy, precision and
    recall; for a GaussianMixture its modes before them. Images: the same on patches and
    in a feature space, and the Parzen likelihood; with labels, the classes as well.
    """
    real = real_samples(data, len(samples), seed)
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
    """2n real samples in two halves; of Images, a third part as well, all disjoint.

    Data of another kind are asked for a batch of 2n.
    """
    if not isinstance(data, Images):
        both = NUMPY.to_host(data.batches(2 * n, seed, NUMPY)(0))
        return Real(both[:n], both[n:], None)
    order = generator(seed, SPLIT).permutation(len(data))
    parts = [order[:n], order[n : 2 * n], order[2 * n :]]
    shown, held = (data.scaled(data.pixels[i]) for i in parts[:2])
    return Real(shown, held, data.part(parts[2]), parts)


# The rows, group by group


def _modes(samples, p: GaussianMixture) -> list[Row]:
    modes, quality = mode_coverage(samples, p)
    K, d = p.means.shape
    return [
        row_of("modes", modes, K),
        row_of("high quality", quality, within(NEAR, d)),
        row_of("reverse KL", reverse_kl(samples, p), (K - 1) / (2 * len(samples))),
    ]


def _points(samples, real: Real, seed) -> list[Row]:
    sets = samples, real.held
    values = (sliced_wasserstein(x, real.shown, seed=seed) for x in sets)
    return [row_of("sliced Wasserstein", *values)]


def _patches(samples, real: Real, seed) -> list[Row]:
    sets, side = (samples, real.held), min(samples.shape[1:3])
    how = {"size": min(7, side), "per_image": max(1, min(128, PATCHES // len(samples)))}
    values = (sliced_wasserstein_patches(x, real.shown, **how, seed=seed) for x in sets)
    return [
        row_of("patches", 1000 * value, 1000 * top, where=f" at {side >> level} px")
        for level, (value, top) in enumerate(zip(*values, strict=True))
    ]


def _pairs(samples, real: Real, space) -> list[Row]:
    """The measures that compare all pairs, in a feature space."""
    x, shown, held = (space.features(a) for a in (samples, real.shown, real.held))
    scales = np.multiply(SCALES, median_distance(shown, held) or 1.0)
    same, top = (nearest_neighbour_accuracy(shown, a) for a in (x, held))
    precisions, recalls = zip(
        *(precision_recall(shown, a) for a in (x, held)), strict=True
    )
    each = f"; real {same.real:.2f}, generated {same.fake:.2f}"
    return [
        row_of("MMD^2", *(mmd2(shown, a, scales) for a in (x, held))),
        row_of("1-NN accuracy", same.total, top.total, each),
        row_of("precision", *precisions),
        row_of("recall", *recalls),
    ]


def _classes(samples, real: Real, classifier: Classifier) -> list[Row]:
    """What the classifier makes of samples, and of real ones that it has not seen."""
    p = [classifier.probabilities(x) for x in (samples, real.held)]
    K = p[0].shape[1]
    counts = [np.bincount(a.argmax(axis=1), minlength=K) for a in p]
    weights = np.bincount(real.rest.labels, minlength=K)
    return [
        row_of("confidence", *(float(a.max(axis=1).mean()) for a in p)),
        row_of("classes", *(int((c > 0).sum()) for c in counts)),
        row_of("class KL", *(kl_divergence(c, weights) for c in counts)),
    ]


def _asked(samples, asked, real: Real, labels, judge: Classifier, seed) -> list[Row]:
    """Whether samples are of the classes asked for, and as varied as those."""
    held = labels[real.parts[1]]
    found = agreement(judge, samples, asked, real.held, held)
    each = [
        row_of("as asked", a, b, where=f": {k}")
        for k, (a, b) in enumerate(zip(found.each, found.each_real, strict=True))
    ]
    apart = variety(samples, asked, seed), variety(real.held, held, seed)
    return [
        row_of("as asked", found.samples, found.real),
        *each,
        row_of("variety", *(math.nan if a is None else a for a in apart)),
    ]


def _sentences(made, condition, z, data: Captioned, unseen, seed, say) -> list[Row]:
    """The rows of a generator that takes sentences: those of images, and for each
    attribute that the captions name whether it is as asked, for captions of the data
    and for `unseen` combinations.
    """
    n = len(z)
    chosen = generator(seed, CONDITION).integers(0, len(data), -(-n // 2))
    chosen = chosen.repeat(2)[:n]  # each sentence twice, to see its variety
    asked = data.part(chosen)
    samples = made((z, condition.of(asked.conditions)))
    rows = measure(samples, data.images, seed, say)
    apart = (
        variety(samples, asked.conditions, seed),
        variety(data.scaled(data.images.pixels), data.conditions, seed),
    )
    rows.append(row_of("variety", *(math.nan if a is None else a for a in apart)))
    _, held, rest = real_samples(data.images, n, seed).parts
    say(f"training a classifier for each of {', '.join(data.attributes)}")
    judged, real = data.part(rest), data.part(held)
    if unseen is not None:  # the judges have to know these combinations as well
        m = min(n, len(unseen) // 2)
        judged = joined(judged, unseen.part(slice(m, None)))
        unseen = unseen.part(slice(m))
    found = judges(judged.images, judged.attributes, seed)
    rows += _attributes(found, samples, asked, real, "")
    if unseen is not None:
        samples = made((z[:m], condition.of(unseen.conditions)))
        rows += _attributes(found, samples, unseen, unseen, ", unseen")
    return rows


def _attributes(found: dict, samples, asked, real, where: str) -> list[Row]:
    """A row for each attribute; the ceiling is the judge's on the images `real`."""
    x, rows = real.scaled(real.images.pixels), []
    for name, judge in found.items():
        labels = asked.attributes[name][1], real.attributes[name][1]
        share = agreement(judge, samples, labels[0], x, labels[1])
        value = share.samples, share.real
        rows.append(row_of("as asked", *value, where=f": {name}{where}"))
    return rows


def _likelihood(samples, real: Real) -> list[Row]:
    validation = real.rest.scaled(real.rest.pixels[:1000])
    test, validation = ((a + 1) / 2 for a in (real.shown, validation))
    found, top = (
        parzen_log_likelihood((x + 1) / 2, test, validation)
        for x in (samples, real.held)
    )
    how = f"; +- {found.error:.1f}, sigma {found.sigma:.2f}"
    return [row_of("Parzen likelihood", found.mean, top.mean, how)]

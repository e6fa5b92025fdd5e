"""Evaluate a trained generator: draw samples, and measure them beside real ones.

measuring.py has the measures and their ceilings. The generator may have seen all real
samples in training. If it returns its training images, it reaches the ceilings too.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

from ..backend import Backend
from ..data import (
    Captioned,
    Images,
    Lines,
    Sounds,
    Spectrograms,
    StackedDigits,
    joined,
)
from ..errors import InputError
from ..measures.agreement import agreement, judges, variety
from ..rng import CONDITION, generator
from .folder import RunFolder
from .hearing import Hearing
from .likely import likelihood_rows
from .listening import as_images, listened, pictures, stride_periods
from .measuring import measure, real_samples
from .results import Measurement, measurement
from .sampling import Request, expect_finite, expect_samples_to_fit, generate
from .spelling import text_rows
from .trainable import Trainable

LEAST = 20  # samples: fewer are not measured


class Result(NamedTuple):
    """The measurements, and the number n of samples that were measured."""

    n: int
    rows: list[Measurement]


def evaluate(
    experiment: Trainable,
    folder: RunFolder,
    backend: Backend,
    n: int,
    seed: int = 0,
    say: Callable = lambda sentence: None,
) -> Result:
    """Measure n samples of the run's generator, or as many as the data allow.

    With N images n is at most N / 3: the ceiling needs n other images, and the features
    need the rest. Of StackedDigits there are always enough. `say` is called with a
    sentence before everything that takes seconds.

    Raises InputError for n < LEAST, fewer than 3 LEAST images, data of another shape
    than the experiment's, or too many samples for the memory. Raises CheckpointError
    if the checkpoint cannot be read, or if its samples are not finite.
    """
    if n < LEAST:
        raise InputError(f"--n {n}: expected {LEAST} samples or more to measure")
    data = experiment.data()
    experiment.expects(data)
    condition = experiment.condition
    real = condition.samples_in(data)
    sounds = real.sounds if isinstance(real, Sounds | Spectrograms) else None
    if sounds is not None:
        real = as_images(sounds)
    if isinstance(real, Images | StackedDigits) and len(real) < 3 * LEAST:
        raise InputError(
            f"data: expected at least {3 * LEAST} images to measure, found {len(real)}"
        )
    if isinstance(real, Images):
        n = min(n, len(real) // 3)
    expect_samples_to_fit(experiment, n, 64)
    say(f"drawing {n:,} samples")
    _, _, inputs = Request().inputs(experiment, n, seed)

    def made(inputs):
        x = generate(experiment, folder, backend, inputs)
        expect_finite(x, folder)
        return x

    if isinstance(data, Captioned):
        unseen = experiment.unseen and experiment.unseen()
        rows = _sentences(made, condition, inputs[0], data, unseen, seed, say)
        return Result(n, rows)
    asked = condition.y_of(inputs)
    samples = made(inputs)
    if isinstance(real, Lines) and experiment.text is not None:
        rows = likelihood_rows(experiment, folder, backend, n, seed, say)
        lines = samples.argmax(axis=-1)
        return Result(n, rows + text_rows(lines, experiment, real, seed, say))
    if sounds is None:
        rows = likelihood_rows(experiment, folder, backend, n, seed, say)
        return Result(n, rows + measure(samples, real, seed, say, asked))
    say("listening: sounds become log-mel pictures")
    x = Hearing(experiment).heard(samples)
    rows = measure(pictures(x, sounds.rate), real, seed, say, asked)
    names = getattr(condition, "names", ())
    periods = stride_periods(experiment.G, x.shape[1])
    return Result(n, listened(x, sounds, asked, names, seed, periods) + rows)


def _sentences(
    made, condition, z, data: Captioned, unseen, seed, say
) -> list[Measurement]:
    """The measurements of a generator that takes sentences: as for images, and for each
    attribute the share of samples that have the value asked for. The captions are from
    the data, and from `unseen` combinations.
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
    rows.append(measurement("variety", *(math.nan if a is None else a for a in apart)))
    _, held, rest = real_samples(data.images, n, seed).parts
    if data.attributes:
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


def _attributes(found: dict, samples, asked, real, where: str) -> list[Measurement]:
    """A row for each attribute; its ceiling is the share in the images `real`."""
    x, rows = real.scaled(real.images.pixels), []
    for name, judge in found.items():
        labels = asked.attributes[name][1], real.attributes[name][1]
        share = agreement(judge, samples, labels[0], x, labels[1])
        value = share.samples, share.real
        rows.append(measurement("as asked", *value, where=f": {name}{where}"))
    return rows

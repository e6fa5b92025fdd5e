"""Measure text: n-grams beside those of lines that training never saw, and copies.

No network has to read a line to count its n-grams. Two figures stand beside each one: a
ceiling, which is that of as many real lines, and floors, those of lines drawn from
models of n-grams of order 1, 2 and 3, which count and do not learn.
"""

import math

import numpy as np

from ..data import Lines
from ..errors import InputError, instance
from ..measures.ngrams import (
    NgramModel,
    copied,
    distinct,
    memorised,
    ngram_divergence,
)
from ..rng import SAMPLE, generator
from .results import Measurement, measurement
from .trainable import Trainable

ORDERS = (1, 2, 3)  # of the models that are the floors
MOST_N = 4  # n of the n-grams


def held_out(experiment: Trainable) -> Lines:
    """The lines that training never saw. InputError if the experiment has none."""
    source = getattr(experiment, "held_out", None) or experiment.unseen
    if source is None:
        raise InputError(
            "this run's experiment has no held-out lines to measure text with; write "
            "unseen=lambda: lines.held_out()[1]"
        )
    return instance("held_out", "lines", source(), Lines, "lines.held_out()[1]")


def text_rows(rows, experiment: Trainable, data: Lines, seed, say) -> list[Measurement]:
    """The measures of lines `rows` (n, T), symbols of the alphabet, beside the lines of
    `data`, on which the generator was trained.
    """
    held, n, V = held_out(experiment), len(rows), len(data.alphabet)
    rng = generator(seed, SAMPLE)
    real = data.values[rng.permutation(len(data))[:n]]
    say(f"counting n-grams of {n:,} lines, of models of order 1, 2 and 3 as well")
    models = [NgramModel(data.values, order, V) for order in ORDERS]
    drawn = [model.sample(n, rng) for model in models]
    found = []
    for k in range(1, MOST_N + 1):
        value, top, *floors = (
            ngram_divergence(some, held.values, k) for some in (rows, real, *drawn)
        )
        found.append(measurement("n-grams", value, top, of_models(floors), f" of {k}"))
    twins = held.values[rng.integers(0, len(held), n)]
    known = copied(rows, data.values), copied(twins, data.values)
    found.append(measurement("known lines", *known))
    beyond, *of_floors = (
        memorised(some, data.values, held.values) for some in (rows, *drawn)
    )
    found.append(measurement("memorised", beyond, math.nan, of_models(of_floors)))
    found.append(measurement("distinct lines", distinct(rows), distinct(real)))
    return found


def of_models(values) -> str:
    """What a measure's explanation adds: its values for the models of n-grams."""
    return "; models of order 1, 2, 3: " + ", ".join(f"{v:.3f}" for v in values)


def ngram_bits(data: Lines, held: Lines) -> str:
    """The bits for a character of held-out lines, of models that count in `data`."""
    models = (NgramModel(data.values, order, len(data.alphabet)) for order in ORDERS)
    return ", ".join(f"{m.bits_per_character(held.values):.3f}" for m in models)


def places(rows) -> np.ndarray:
    """How many symbols of each line (N, T) count: all up to the first END, with it."""
    rows = np.asarray(rows)
    ends = rows == 0
    first = np.where(ends.any(axis=1), ends.argmax(axis=1) + 1, rows.shape[1])
    return first

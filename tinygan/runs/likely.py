"""Measure a likelihood model by what it was trained for: how likely are new data?"""

import math

import numpy as np

from ..backend import Backend
from ..rng import LATENT, generator
from .folder import RunFolder
from .likelihood import Likely
from .results import Measurement, measurement
from .sampling import trained
from .spelling import ngram_bits, places
from .trainable import Trainable

DRAWS = 500  # z for each sample, where there is only a bound (Burda et al. 2016)
CHUNK = 100  # samples at once


def likelihood_rows(
    experiment: Trainable, folder: RunFolder, backend: Backend, n: int, seed: int, say
) -> list[Measurement]:
    """The mean log-likelihood of n held-out samples, or of all, in nats and in bits for
    each number. [] for an experiment without a likelihood, or without held-out data.
    There is no ceiling, because nobody knows the entropy of the data.
    """
    if not isinstance(experiment, Likely) or experiment.held_out is None:
        return []
    held = experiment.held_out()
    n = min(n, len(held))
    say(f"the likelihood of {n:,} held-out samples")
    nets = {name: player.net for name, player in experiment.players(backend).items()}
    trained(nets, experiment.maker(backend)[0], experiment, folder, backend)
    x, rng = held.batches(n, seed)(0), generator(seed, LATENT)
    values = []
    for i in range(0, n, CHUNK):
        some = backend.asarray(x[i : i + CHUNK])
        found = experiment.log_likelihood(nets, some, rng, DRAWS)
        values.append(backend.to_host(found).astype(np.float64))
    each = np.concatenate(values)
    nats, error = float(each.mean()), float(each.std() / math.sqrt(n))
    numbers, more = float(experiment.likelihood.numbers(tuple(experiment.shape))), ""
    if experiment.text is not None:  # what stands behind the end does not count
        numbers = float(places(x.argmax(axis=-1)).mean())
        more = f"; models of order 1, 2, 3: {ngram_bits(experiment.data(), held)}"
    return [
        measurement("log-likelihood", nats, math.nan, f"; +- {error:.2f}"),
        measurement("bits", -nats / numbers / math.log(2), math.nan, more),
    ]

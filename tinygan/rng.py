"""Random numbers that are keyed by what they are for.

A generator is made from a seed and a key, for instance (seed, LATENT, turn, draw). The
same key always gives the same numbers. So a run can be resumed at any turn: there is no
generator whose state would have to be saved, and a CPU and a GPU see the same noise.
"""

import numpy as np

# The first number of a key says what the random numbers are for.
LATENT, PICTURE, SAMPLE, POINTS, SPLIT, CONDITION, BETWEEN = 1, 2, 3, 4, 5, 6, 7
SHUFFLE, BATCH, CAPTIONS, CAPTION, BINARISE = 101, 102, 103, 104, 105  # for data


def generator(seed: int, *key: int) -> np.random.Generator:
    """A new random generator for the place `key` of the run `seed`.

    The same (seed, key) always gives the same numbers. Different keys give independent
    numbers.
    """
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=key))

"""Does a conditional generator make what it is asked for, and not always the same?

The judges are classifiers of real images: one for the classes, or one for each
attribute that a sentence speaks of. Their own accuracy on real images that they have
not seen is the ceiling.
"""

from typing import NamedTuple

import numpy as np

from ..data import Images
from .classifier import Classifier

STEPS, BATCH = 1500, 64  # of a judge's training


class Agreement(NamedTuple):
    """The share of samples that are as asked, over all and for each value (NaN where a
    value was not asked for): of samples, and of real images.
    """

    samples: float
    real: float
    each: np.ndarray
    each_real: np.ndarray


def agreement(judge: Classifier, samples, asked, real, labels) -> Agreement:
    """How often `judge` names in samples (n, H, W, C) what was `asked` (n,), and in
    real images their labels.
    """
    K = judge.net.out_shape[0]
    (share, each), (top, each_real) = (
        _right(judge.probabilities(x).argmax(axis=1), y, K)
        for x, y in ((samples, asked), (real, labels))
    )
    return Agreement(share, top, each, each_real)


def _right(found, y, K: int) -> tuple[float, np.ndarray]:
    right = found == y
    asked = np.bincount(y, minlength=K)
    hits = np.bincount(y, weights=right, minlength=K)
    each = np.where(asked > 0, hits / np.maximum(asked, 1), np.nan)
    return float(right.mean()), each


def judges(images: Images, attributes: dict, seed: int = 0) -> dict[str, Classifier]:
    """A classifier of images for each attribute, {name: (values, (N,) integers)}."""
    found, epochs = {}, max(1, round(STEPS * BATCH / len(images)))
    for name, (values, y) in attributes.items():
        labelled = Images(images.pixels, images.low, images.high, y)
        labelled.classes = len(values)
        found[name] = Classifier(labelled, epochs, BATCH, seed=seed)
    return found


def variety(x, y, seed: int = 0) -> float | None:
    """How far apart two images of one condition are, on average over the conditions,

        mean over y of mean |x - x'| over pairs with this y

    in units of their pixels' root mean square distance per image. A generator that has
    one picture for each condition has 0. None if no condition has two images.

    x: (n, H, W, C)      y: (n, ...), integers
    """
    rng = np.random.default_rng(seed)
    keys = y.reshape(len(y), -1)
    _, group = np.unique(keys, axis=0, return_inverse=True)
    rows = x.reshape(len(x), -1).astype(np.float64)
    distances = []
    for k in range(group.max() + 1):
        members = rng.permutation(np.flatnonzero(group.ravel() == k))
        if len(members) > 1:
            apart = rows[members] - rows[np.roll(members, 1)]
            distances.append(np.sqrt((apart**2).mean(axis=1)).mean())
    return float(np.mean(distances)) if distances else None

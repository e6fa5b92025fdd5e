"""Does a conditional generator make what it is asked for, and not always the same?

The judges are classifiers of real images: one for the classes, or one for each
attribute that a sentence mentions. Their accuracy on unseen real images is the ceiling.
"""

from typing import NamedTuple

import numpy as np

from ..data import Images
from .classifier import Classifier

STEPS, BATCH = 1500, 64  # for a judge's training


class Agreement(NamedTuple):
    """The share of samples that show what was asked for, and that of real images.

    each, each_real: (K,), the shares for each value, NaN if it was not asked for
    """

    samples: float
    real: float
    each: np.ndarray
    each_real: np.ndarray


def agreement(judge: Classifier, samples, asked, real, labels) -> Agreement:
    """How often `judge` finds the value `asked` (n,) in samples (n, H, W, C), and the
    labels (m,) in real images (m, H, W, C).
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
    """How far apart two images of one condition are, on average over the conditions:

        mean over y of mean |x - x'| over pairs with this y

    |x - x'| is the root mean square over the pixels. A generator that makes one picture
    for each condition has 0. The result is None if no condition has two images.

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

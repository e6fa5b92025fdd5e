"""Nearest neighbours: do real and generated samples lie in the same places?

Both measures are only as good as the distance between two samples. For images take the
distance of their features (features.py), not of their pixels.
"""

from typing import NamedTuple

import numpy as np

from ..errors import InputError, whole
from .pairs import matched, squared_distances

SAME = 1 + 1e-9  # two squared distances within this ratio are equal but for rounding


class Accuracy(NamedTuple):
    """The 1-NN classifier's accuracy: over all points, the real ones, the fake ones."""

    total: float
    real: float
    fake: float


def nearest_neighbour_accuracy(real, fake) -> Accuracy:
    """The leave-one-out accuracy of the 1-nearest-neighbour classifier, real or fake.

    Each of the 2N points is given the kind of its nearest neighbour among the others.
    If a real and a fake one are equally near, the point counts as half right. 1/2 is
    best: the kinds cannot be told apart. At 1 they are separate. Below 1/2 the fakes
    are copies of the real ones. The two shares tell more: if `real` is low and `fake`
    high, the fakes are a few clusters within the real data (mode collapse).

    real, fake: (N, ...)      Source: Lopez-Paz and Oquab 2017; Xu et al. 2018.

    Raises InputError unless both have the same number of samples, at least 2, of one
    shape and finite.
    """
    x, y = matched(real, fake, least=2, names=("real", "fake"))
    if len(x) != len(y):
        raise InputError(
            f"expected as many fake as real samples, got {len(y)} and {len(x)}"
        )
    shares = [_share_right(a, b) for a, b in ((x, y), (y, x))]
    return Accuracy((shares[0] + shares[1]) / 2, *shares)


def _share_right(own: np.ndarray, other: np.ndarray) -> float:
    """The share of `own` points whose nearest neighbour is of their own kind."""
    right = 0.0
    for D, E in zip(_nearest(own), _nearest(own, other), strict=True):
        right += (E > D * SAME).sum() + 0.5 * ((E <= D * SAME) & (D <= E * SAME)).sum()
    return float(right / len(own))  # eq: nearest-neighbour


def _nearest(x, y=None):
    return (D.min(axis=1) for D in squared_distances(x, y))


def precision_recall(real, fake, k: int = 3) -> tuple[float, float]:
    """(precision, recall): how many fakes look real, how many real ones G can make.

        precision = share of fake points within r_i of some real point i
        recall    = share of real points within r_j of some fake point j

    r_i is the distance from point i to its k-th nearest neighbour of its own kind. The
    balls around a set take the place of its support. Both are best at 1; two real sets
    come close to it. High precision with low recall is mode collapse. The unit of the
    distances does not matter.

    real: (N, ...)      fake: (M, ...)      Source: Kynkaanniemi et al. 2019.

    Raises InputError unless k >= 1 and both have more than k samples, of one shape and
    finite.
    """
    k = whole("precision_recall", "k >= 1", k)
    x, y = matched(real, fake, least=k + 1, names=("real", "fake"))
    return _covered(y, x, _radii(x, k)), _covered(x, y, _radii(y, k))


def _radii(x: np.ndarray, k: int) -> np.ndarray:
    """Squared distance of each point to its k-th nearest neighbour: (N,)."""
    blocks = (
        np.partition(D, k - 1, axis=1)[:, k - 1]  # eq: knn-radius
        for D in squared_distances(x)
    )
    return np.concatenate(list(blocks))


def _covered(points, centres, radii) -> float:
    """The share of points that lie in one of the balls."""
    inside = sum(
        int((radii * SAME >= D).any(axis=1).sum())
        for D in squared_distances(points, centres)
    )
    return inside / len(points)  # eq: covered-share

"""The space in which samples are compared: where near means alike.

Points are compared as they are. For images with labels it is the hidden layer of our
own classifier of them; without labels the principal components of their pixels. No
network that was trained elsewhere: FID has its Inception, and its units are not these.
"""

import numpy as np

from ..data import Images
from .classifier import Classifier
from .pairs import as_rows

STEPS, BATCH = 2000, 64  # of the classifier's training
MOST = 60_000  # images that it is trained on


class Flat:
    """The samples themselves, as rows."""

    def features(self, x) -> np.ndarray:
        """x (N, ...) as (N, d); ValueError if not finite, or none."""
        return as_rows("x", x)


class PCA:
    """y = ((x - mean) V, r)      V: the directions in which the real samples vary most

        r = |x - mean - (x - mean) V V^T|, the length of what V leaves out

    real: (N, ...), taken as rows of d numbers. V (d, k) are the first right singular
    vectors of the centred rows, k = min(components, N - 1, d). Distances are at most
    those of the pixels, and equal to them along V. Without r, noise far from every
    image would project into their midst.

    Raises ValueError for fewer than 2 real samples, not finite, or components < 1.
    """

    def __init__(self, real, components: int = 64):
        rows = as_rows("real", real, least=2)
        if components < 1:
            raise ValueError(f"expected components >= 1, got {components}")
        self.shape = np.shape(real)[1:]
        self.mean = rows.mean(axis=0)
        _, _, Vt = np.linalg.svd(rows - self.mean, full_matrices=False)
        self.V = Vt[: min(components, len(rows) - 1)].T

    def features(self, x) -> np.ndarray:
        """y (N, k + 1) of samples x (N, ...); ValueError for another shape."""
        rows = as_rows("x", x).copy()
        if np.shape(x)[1:] != self.shape:
            raise ValueError(f"expected samples {self.shape}, got {np.shape(x)[1:]}")
        rows -= self.mean
        y = rows @ self.V
        r = np.sqrt(((rows - y @ self.V.T) ** 2).sum(axis=1, keepdims=True))
        return np.concatenate([y, r], axis=1)


def feature_space(images: Images, seed: int = 0) -> Classifier | PCA:
    """What makes features of images in [-1, 1]: has a method `features(x)`, (N, k).

    A classifier of the images if they have labels (about STEPS steps of training, on at
    most 60,000 of them), otherwise a PCA of at most 2,000, evenly spaced.
    """
    if images.labels is None:
        return PCA(images.scaled(images.pixels[_few(images, 2000)], "float64"))
    images = images.part(_few(images, MOST))
    epochs = max(1, round(STEPS * BATCH / len(images)))
    return Classifier(images, epochs, BATCH, seed=seed)


def _few(images: Images, most: int) -> slice:
    """Every k-th image, so that there are at most that many."""
    return slice(None, None, -(-len(images) // most))

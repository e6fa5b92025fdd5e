"""The space in which samples are compared: near should mean alike.

Points are compared as they are. Images with labels are compared in the hidden layer of
our own classifier, images without labels by the principal components of their pixels.
No network was trained elsewhere, so a distance here has other units than FID, which
uses Inception.
"""

import numpy as np

from ..data import Images
from ..errors import InputError, instance, whole
from .classifier import Classifier
from .pairs import as_rows

STEPS, BATCH = 2000, 64  # for the classifier's training
MOST = 60_000  # images for its training, at most


class Flat:
    """The samples themselves, as rows."""

    def features(self, x) -> np.ndarray:
        """x (N, ...) as rows (N, d). Raises InputError if x is empty or not finite."""
        return as_rows("x", x)


class PCA:
    """y = ((x - mean) V, r)      V: the directions in which the real samples vary most

        r = |x - mean - (x - mean) V V^T|, the length of the rest

    real: (N, ...), taken as rows of d numbers. V (d, k) has the first right singular
    vectors of the centred rows, k = min(components, N - 1, d). A distance of features
    is at most the distance of the pixels, and equal to it along V. Without r, noise
    that is far from every image would be projected into their midst.

    Raises InputError for fewer than 2 real samples, for samples that are not finite,
    and for components < 1.
    """

    def __init__(self, real, components: int = 64):
        rows = as_rows("real", real, least=2)
        components = whole(self, "components >= 1", components)
        self.shape = np.shape(real)[1:]
        self.mean = rows.mean(axis=0)
        _, _, Vt = np.linalg.svd(rows - self.mean, full_matrices=False)
        self.V = Vt[: min(components, len(rows) - 1)].T

    def features(self, x) -> np.ndarray:
        """y (N, k + 1) of samples x (N, ...). Raises InputError for another shape."""
        rows = as_rows("x", x).copy()
        if np.shape(x)[1:] != self.shape:
            raise InputError(f"expected samples {self.shape}, got {np.shape(x)[1:]}")
        rows -= self.mean
        y = rows @ self.V
        r = np.sqrt(((rows - y @ self.V.T) ** 2).sum(axis=1, keepdims=True))
        return np.concatenate([y, r], axis=1)


def feature_space(images: Images, seed: int = 0) -> Classifier | PCA:
    """A feature map for images in [-1, 1]: its method `features(x)` gives (N, k).

    If the images have labels it is a classifier, after about STEPS steps of training on
    at most 60,000 of them. Otherwise it is a PCA of at most 2,000, evenly spaced.
    """
    instance("feature_space", "images", images, Images, "load_digits()")
    seed = whole("feature_space", "seed >= 0", seed)
    if images.labels is None:
        return PCA(images.scaled(images.pixels[_few(images, 2000)], "float64"))
    images = images.part(_few(images, MOST))
    epochs = max(1, round(STEPS * BATCH / len(images)))
    return Classifier(images, epochs, BATCH, seed=seed)


def _few(images: Images, most: int) -> slice:
    """Every k-th image, with k such that at most `most` remain."""
    return slice(None, None, -(-len(images) // most))

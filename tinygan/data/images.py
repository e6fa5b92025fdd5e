"""A set of images in memory: p_data of an image GAN.

The pixels keep their type: bytes stay bytes. Only a batch is converted, to [-1, 1], the
range of the generator's tanh.
"""

import math
from collections.abc import Iterable

import numpy as np

from ..backend import NUMPY, Backend
from ..errors import DataError, InputError, number, shown, whole
from .stream import ImageStream

MOST_CLASSES = 1000  # a larger label is rather a mistake than a class


class Images:
    """N images: pixels (N, H, W, C), black `low`, white `high`, labels (N,) or None.

    Pixels (N, H, W) get C = 1. Nothing is copied if the pixels are contiguous. The
    labels are 0 to K - 1, and `classes` is K, or 0 without labels. `names` are the K
    names of the classes; the numbers, if none are given. `notes` are sentences for the
    user: what a reader of files decided or left out. `unlabelled` is the error for one
    who needs labels where there are none; a reader says where it has looked.

    Raises InputError unless low < high and both are finite. Raises DataError for pixels
    that are not numbers, have another shape, or are NaN, infinite or outside
    [low, high], for labels that are not N whole numbers from 0 to 999, and for fewer
    names than classes.
    """

    def __init__(
        self, pixels, low: float, high: float, labels=None, names=None, notes=()
    ):
        self.low, self.high = number(self, "low", low), number(self, "high", high)
        if not self.low < self.high:
            raise InputError(f"expected finite low < high, got low {low}, high {high}")
        self.pixels = _checked_pixels(pixels)
        least, most = finite_range(self.pixels)
        if least < low or most > high:
            raise DataError(
                f"expected pixels from {low:g} to {high:g}, found {least:g} to {most:g}"
            )
        self.labels = None if labels is None else _checked_labels(labels, len(self))
        self.classes = 0 if labels is None else int(self.labels.max()) + 1
        for what, several in (
            ("names", () if names is None else names),
            ("notes", notes),
        ):
            if isinstance(several, str) or not isinstance(several, Iterable):
                raise DataError(f"expected a list of {what}, got {shown(several)}")
        self.names, self.notes = self._named(names), tuple(notes)
        self.unlabelled = f"expected images with labels, got {self!r}"

    def _named(self, names) -> tuple[str, ...]:
        """The names of the classes. A class of which there is no image counts, too."""
        if names is None:
            return tuple(map(str, range(self.classes)))
        if len(names) < self.classes:
            raise DataError(f"expected {self.classes} names, found {len(names)}")
        self.classes = len(names)
        return tuple(names)

    def __len__(self) -> int:
        return len(self.pixels)

    @property
    def shape(self) -> tuple[int, int, int]:
        """(H, W, C), the shape of one image."""
        return self.pixels.shape[1:]

    def part(self, which) -> "Images":
        """Some of the images, by their indices or a slice. `classes` stays the same,
        even if the last class is not among them.
        """
        labels = None if self.labels is None else self.labels[which]
        names = self.names if self.classes else None
        pixels = self.pixels[which]
        part = Images(pixels, self.low, self.high, labels, names, self.notes)
        part.unlabelled = self.unlabelled
        return part

    def bordered(self, n: int) -> "Images":
        """These images with n black pixels more on each side: (H + 2n, W + 2n, C)."""
        n = whole(self, "n >= 0", n)
        around = (0, 0), (n, n), (n, n), (0, 0)
        pixels = np.pad(self.pixels, around, constant_values=self.low)
        names = self.names if self.classes else None
        new = Images(pixels, self.low, self.high, self.labels, names, self.notes)
        new.unlabelled = self.unlabelled
        return new

    def scaled(self, pixels, dtype="float32"):
        """x = (pixels - (high + low)/2) / ((high - low)/2): low to -1, high to +1.

        pixels: an array of any shape, on any backend
        """
        x = pixels.astype(dtype)
        x -= (self.high + self.low) / 2
        x /= (self.high - self.low) / 2
        return x

    def batches(
        self, batch: int, seed: int, backend: Backend = NUMPY, dtype="float32"
    ) -> ImageStream:
        """The shuffled stream of batches (batch, H, W, C) in [-1, 1]."""
        return ImageStream(self, batch, seed, backend, dtype)

    def __repr__(self):
        H, W, C = self.shape
        return f"Images({len(self)} of {H} x {W} x {C}, {self.pixels.dtype})"


def finite_range(pixels: np.ndarray) -> tuple[float, float]:
    """The least and the largest pixel, of an array of any shape.

    Raises DataError with the index of the first pixel that is NaN or infinite.
    """
    with np.errstate(invalid="ignore"):
        least, most = float(pixels.min()), float(pixels.max())
    if not (math.isfinite(least) and math.isfinite(most)):
        first = int(np.argmin(np.isfinite(pixels)))
        index = tuple(int(k) for k in np.unravel_index(first, pixels.shape))
        raise DataError(f"expected finite pixels, found {pixels[index]} at {index}")
    return least, most


def _checked_pixels(pixels) -> np.ndarray:
    """The pixels as a contiguous (N, H, W, C) array in the machine's byte order."""
    pixels = np.asarray(pixels)
    if pixels.dtype.kind not in "uif":
        raise DataError(f"expected pixels that are numbers, found {pixels.dtype}")
    if pixels.ndim not in (3, 4) or pixels.size == 0:
        raise DataError(
            f"expected pixels (N, H, W) or (N, H, W, C), no axis empty, "
            f"found {pixels.shape}"
        )
    if pixels.ndim == 3:
        pixels = pixels[..., None]
    return np.ascontiguousarray(pixels, dtype=pixels.dtype.newbyteorder("="))


def _checked_labels(labels, N: int) -> np.ndarray:
    """The labels as an (N,) array of integers, int64."""
    labels = np.asarray(labels)
    if labels.dtype.kind not in "ui" or labels.shape != (N,):
        raise DataError(
            f"expected {N} labels, whole numbers of shape ({N},), "
            f"found {labels.dtype} of shape {labels.shape}"
        )
    least, most = int(labels.min()), int(labels.max())
    if least < 0 or most >= MOST_CLASSES:
        raise DataError(
            f"expected labels from 0 to {MOST_CLASSES - 1}, found {least} to {most}"
        )
    return np.ascontiguousarray(labels, dtype=np.int64)

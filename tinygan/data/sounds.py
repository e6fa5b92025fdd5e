"""A set of sounds in memory: p_data of a GAN that makes sound.

A sound is a line of T numbers, the samples of its pressure, `rate` of them per second.
"""

import numpy as np

from ..errors import DataError, whole
from .examples import Examples

MOST_RATE = 384_000  # samples per second, of the best converters


class Sounds(Examples):
    """N sounds of one length: values (N, T, C) in [-1, 1], labels (N,) or None.

    Values (N, T) get C = 1. They become float32, and silence is 0. `rate` is the number
    of samples per second. The labels are 0 to K - 1, and `classes` is K, or 0 without
    labels. `names` are the K names of the classes; the numbers, if none are given.
    `notes` are sentences for the user. `unlabelled` is the error for one who needs
    labels where there are none.

    Raises InputError unless the rate is a whole number from 1 to 384,000. Raises
    DataError for values that are not floats, have another shape, or are NaN, infinite
    or outside [-1, 1], for labels that are not N whole numbers from 0 to 999, and for
    fewer names than classes.
    """

    kind = "sounds"

    def __init__(self, values, rate: int, labels=None, names=None, notes=()):
        self.rate = whole(self, f"1 <= rate <= {MOST_RATE}", rate)
        super().__init__(_checked(values), -1.0, 1.0, labels, names, notes)

    @property
    def sounds(self) -> "Sounds":
        """What is heard: these sounds themselves."""
        return self

    @property
    def seconds(self) -> float:
        """T / rate, the length of one sound."""
        return self.shape[0] / self.rate

    def _made(self, values, labels, names) -> "Sounds":
        return Sounds(values, self.rate, labels, names, self.notes)

    def __repr__(self):
        T, C = self.shape
        each = f"{T} samples" if C == 1 else f"{T} samples of {C} channels"
        return f"Sounds({len(self)} of {each} at {self.rate} Hz)"


def _checked(values) -> np.ndarray:
    """The values as a contiguous (N, T, C) array of float32."""
    values = np.asarray(values)
    if values.dtype.kind != "f":
        raise DataError(
            f"expected sounds as floats in [-1, 1], found {values.dtype}; bytes and "
            f"whole numbers are divided by their largest level before"
        )
    if values.ndim not in (2, 3) or values.size == 0:
        raise DataError(
            f"expected sounds (N, T) or (N, T, C), no axis empty, found {values.shape}"
        )
    with np.errstate(over="ignore", invalid="ignore"):
        least, most = float(values.min()), float(values.max())
    if not (least >= -1 and most <= 1):  # false for NaN, too
        raise DataError(
            f"expected finite sounds in [-1, 1], found {least:g} to {most:g}"
        )
    if values.ndim == 2:
        values = values[..., None]
    return np.ascontiguousarray(values, dtype=np.float32)

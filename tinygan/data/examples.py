"""A set of examples in memory: p_data as N arrays of one shape, with labels or without.

`Images` and `Sounds` are such sets. The values keep their type: bytes stay bytes. Only
a batch is converted, to [-1, 1], the range of the generator's tanh.
"""

from collections.abc import Iterable

import numpy as np

from ..backend import NUMPY, Backend
from ..errors import DataError, shown
from .stream import ShuffledStream

MOST_CLASSES = 1000  # a larger label is rather a mistake than a class


class Examples:
    """N examples: `values` (N, *shape) from `low` to `high`, labels (N,) or None.

    The labels are 0 to K - 1, and `classes` is K, or 0 without labels. `names` are the
    K names of the classes; the numbers, if none are given. `notes` are sentences for
    the user: what a reader of files decided or left out. `unlabelled` is the error for
    one who needs labels where there are none; a reader says where it has looked.

    Raises DataError for labels that are not N whole numbers from 0 to 999, and for
    fewer names than classes.
    """

    kind = "examples"  # what the errors call them

    def __init__(
        self, values: np.ndarray, low: float, high: float, labels, names, notes
    ):
        self.values, self.low, self.high = values, low, high
        self.labels = None if labels is None else _checked_labels(labels, len(self))
        self.classes = 0 if self.labels is None else int(self.labels.max()) + 1
        for what, several in (
            ("names", () if names is None else names),
            ("notes", notes),
        ):
            if isinstance(several, str) or not isinstance(several, Iterable):
                raise DataError(f"expected a list of {what}, got {shown(several)}")
        self.names, self.notes = self._named(names), tuple(notes)
        self.unlabelled = f"expected {self.kind} with labels, got {self!r}"

    def _named(self, names) -> tuple[str, ...]:
        """The names of the classes. A class without an example counts, too."""
        if names is None:
            return tuple(map(str, range(self.classes)))
        if len(names) < self.classes:
            raise DataError(f"expected {self.classes} names, found {len(names)}")
        self.classes = len(names)
        return tuple(names)

    def __len__(self) -> int:
        return len(self.values)

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of one example."""
        return self.values.shape[1:]

    def part(self, which):
        """Some of the examples, by their indices or a slice. `classes` stays the same,
        even if the last class is not among them.
        """
        labels = None if self.labels is None else self.labels[which]
        return self._like(self.values[which], labels)

    def _like(self, values: np.ndarray, labels):
        """A set of other examples with the names and the notes of this one."""
        names = self.names if self.classes else None
        new = self._made(values, labels, names)
        new.unlabelled = self.unlabelled
        return new

    def _made(self, values: np.ndarray, labels, names):
        """A set of the same class and the same settings."""
        raise TypeError(f"{self!r} does not define _made(values, labels, names)")

    def scaled(self, values, dtype="float32"):
        """x = (values - (high + low)/2) / ((high - low)/2): low to -1, high to +1.

        values: an array of any shape, on any backend
        """
        x = values.astype(dtype)
        x -= (self.high + self.low) / 2
        x /= (self.high - self.low) / 2
        return x

    def batches(
        self, batch: int, seed: int, backend: Backend = NUMPY, dtype="float32"
    ) -> ShuffledStream:
        """The shuffled stream of batches (batch, *shape) in [-1, 1]."""
        return ShuffledStream(self, batch, seed, backend, dtype)


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

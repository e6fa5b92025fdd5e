"""Stacked digits: pictures whose red, green and blue are three digits, drawn at random.

The ten digits have 1,000 triples, and each triple is a mode. A classifier of digits
reads a picture's triple, so one can count the modes that a generator finds, as on a
mixture of Gaussians (measures/stacked.py). Made of MNIST this is Stacked MNIST, the
field's test of mode collapse (Metz et al. 2017, VEEGAN: Srivastava et al. 2017).
"""

import numpy as np

from ..backend import NUMPY, Backend
from ..errors import DataError, instance, whole
from ..rng import BATCH, generator
from .images import Images
from .stream import Stream

COLOURS = 3


class StackedDigits:
    """Pictures (H, W, 3), each colour an image drawn uniformly from N grey images.

        x[..., c] = images[r_c]      r_0, r_1, r_2 independent, uniform on 0 .. N - 1

    images: grey Images (H, W, 1) with labels, from 0 to K - 1. `Images.bordered` gives
    them a black border, such as MNIST's from 28x28 to 32x32.

    A picture's mode is the triple of its labels. There are `modes` = K^3 of them, and
    mode (a, b, c) has the probability w_a w_b w_c, w = `weights` (K,) being the labels'
    frequencies. `len` counts the N images, of which N^3 pictures can be made.

    Raises DataError for images that are not grey or have no labels.
    """

    def __init__(self, images: Images):
        self.images = instance(self, "images", images, Images, "load_digits()")
        if images.shape[2] != 1:
            raise DataError(f"expected grey images (H, W, 1), got {images!r}")
        if images.labels is None:
            raise DataError(images.unlabelled)
        self.classes = images.classes

    def __len__(self) -> int:
        return len(self.images)

    @property
    def shape(self) -> tuple[int, int, int]:
        """(H, W, 3), the shape of one picture."""
        return (*self.images.shape[:2], COLOURS)

    @property
    def modes(self) -> int:
        """K^3, the number of triples of classes."""
        return self.classes**COLOURS

    @property
    def weights(self) -> np.ndarray:
        """The frequency of each label: (K,), with the sum 1."""
        counts = np.bincount(self.images.labels, minlength=self.classes)
        return counts / counts.sum()

    def part(self, which) -> "StackedDigits":
        """Pictures of some of the images, by their indices or a slice."""
        return StackedDigits(self.images.part(which))

    def batches(
        self, batch: int, seed: int, backend: Backend = NUMPY, dtype="float32"
    ) -> "StackedStream":
        """The stream of fresh batches (batch, H, W, 3) in [-1, 1]."""
        return StackedStream(self, batch, seed, backend, dtype)

    def __repr__(self):
        return f"StackedDigits({self.images!r}, {self.modes} modes)"


class StackedStream(Stream):
    """Batch i is drawn by `generator(seed, BATCH, i)`, uniformly and with replacement.

    The grey pixels are copied to the backend once; a batch is a gather there.
    InputError for what are no StackedDigits.
    """

    divisible = True

    def __init__(self, data, batch, seed, backend=NUMPY, dtype="float32"):
        super().__init__(batch, seed, backend, dtype)
        self.images = instance(self, "data", data, StackedDigits).images
        self._pixels = backend.asarray(self.images.pixels[..., 0])  # (N, H, W)
        self._labels = backend.asarray(self.images.labels)

    def __call__(self, i: int):
        """Batch i: (batch, H, W, 3), on the backend."""
        rows = self.backend.asarray(self.rows(i))
        x = self.backend.xp.moveaxis(self._pixels[rows], 1, -1)
        return self.images.scaled(self.backend.xp.ascontiguousarray(x), self.dtype)

    def labels(self, i: int):
        """The labels of batch i, red, green and blue: (batch, 3), on the backend."""
        return self._labels[self.backend.asarray(self.rows(i))]

    def rows(self, i: int) -> np.ndarray:
        """The grey images of batch i, as (batch, 3) indices on the host."""
        rng = generator(self.seed, BATCH, whole(self, "a batch number i >= 0", i))
        return rng.integers(len(self.images), size=(self.batch, COLOURS))

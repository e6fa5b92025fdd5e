"""A set of images in memory: p_data of an image GAN."""

import math

import numpy as np

from ..errors import DataError, InputError, instance, number, whole
from ..rng import BINARISE, generator
from .examples import Examples


class Images(Examples):
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

    kind = "images"

    def __init__(
        self, pixels, low: float, high: float, labels=None, names=None, notes=()
    ):
        black, white = number(self, "low", low), number(self, "high", high)
        if not black < white:
            raise InputError(f"expected finite low < high, got low {low}, high {high}")
        pixels = _checked_pixels(pixels)
        least, most = finite_range(pixels)
        if least < low or most > high:
            raise DataError(
                f"expected pixels from {low:g} to {high:g}, found {least:g} to {most:g}"
            )
        super().__init__(pixels, black, white, labels, names, notes)

    @property
    def pixels(self) -> np.ndarray:
        """The images as they are in memory: (N, H, W, C)."""
        return self.values

    def _made(self, values, labels, names) -> "Images":
        return Images(values, self.low, self.high, labels, names, self.notes)

    def bordered(self, n: int) -> "Images":
        """These images with n black pixels more on each side: (H + 2n, W + 2n, C)."""
        n = whole(self, "n >= 0", n)
        around = (0, 0), (n, n), (n, n), (0, 0)
        return self._like(
            np.pad(self.pixels, around, constant_values=self.low), self.labels
        )

    def __repr__(self):
        H, W, C = self.shape
        return f"Images({len(self)} of {H} x {W} x {C}, {self.pixels.dtype})"


def binarised(images: Images, seed: int = 0) -> Images:
    """The images in black and white: a pixel of grey g, from 0 to 1, is white with
    probability g (Salakhutdinov and Murray 2008). It is drawn once, from the seed.

    Likelihoods of pixels are compared on such images: a model of probabilities for two
    values cannot gain by guessing a grey level exactly.
    """
    instance("binarised", "images", images, Images, "load_digits()")
    rng, white = generator(seed, BINARISE), np.empty(images.pixels.shape, np.uint8)
    for i in range(0, len(images), 1000):  # few at a time: floats take 8 bytes
        some = slice(i, i + 1000)
        g = (images.scaled(images.pixels[some]) + 1) / 2
        white[some] = rng.random(g.shape, dtype=np.float32) < g
    names = images.names if images.classes else None
    return Images(white, 0, 1, images.labels, names, images.notes)


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

"""Where x_real comes from: toy densities, the embedded digits, image files; batches.

Everything here offers `.batches(batch, seed, backend)`, a stream that is called with i
and returns the i-th batch of real data.
"""

from .digits import load_digits
from .images import Images
from .readers import load_images, read_array, read_idx
from .stream import ImageStream, SampleStream
from .toy import Density, GaussianMixture, TwoMoons, grid, mixture_1d, ring

__all__ = [
    "Density",
    "GaussianMixture",
    "ImageStream",
    "Images",
    "SampleStream",
    "TwoMoons",
    "grid",
    "load_digits",
    "load_images",
    "mixture_1d",
    "read_array",
    "read_idx",
    "ring",
]

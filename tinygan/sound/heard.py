"""What samples sound like: the way from what a generator makes to a waveform.

A generator of sounds makes waveforms, or it makes pictures of magnitudes. Each class
here is one of these ways, and it knows the rate.
"""

import numpy as np

from ..errors import InputError, number, whole
from .spectrum import Frames, griffin_lim


class Heard:
    """The way from samples (N, ...) to sounds (N, T) of `rate` samples a second.

    InputError unless the rate is a whole number of 1 or more.
    """

    def __init__(self, rate: int):
        self.rate = whole(self, "rate >= 1", rate)

    def __call__(self, samples) -> np.ndarray:
        """Sounds (N, T) in [-1, 1] from samples (N, ...), on the host."""
        raise TypeError(f"{type(self).__name__} does not define __call__(samples)")

    def __repr__(self):
        return f"{type(self).__name__}({self.rate})"


class Waveforms(Heard):
    """Samples that are waveforms, (N, T, 1): the sounds themselves."""

    def __call__(self, samples):
        return np.clip(np.asarray(samples, np.float64)[..., 0], -1, 1)


class Magnitudes(Heard):
    """Samples that are pictures of magnitudes, (N, M, K, 1) in [-1, 1], as SpecGAN's

        y[m, k] = 1 + 2 d/R      d = 20 log10(|X[m, k]| / A), at least -R decibels

    X is the transform of a sound (spectrum.py) without its last frequency, so K = L/2,
    and A is the magnitude of a sine of amplitude 1. A picture becomes a sound by
    `griffin_lim`; what lies below -R decibels, y = -1, is silence.

    InputError for a length or a hop that `Frames` refuses, and unless R > 0. Source:
    Donahue et al. 2019, sec. 3.2, who scale each frequency by its mean and deviation in
    the data. A fixed scale needs no data to undo.
    """

    def __init__(self, rate: int, length: int = 128, hop: int = 64, R: float = 80.0):
        super().__init__(rate)
        self.frames, self.R = Frames(length, hop), number(self, "R > 0", R)
        self.A = self.frames.w.sum() / 2

    def pictures(self, x) -> np.ndarray:
        """Pictures (N, M, K, 1) of sounds (N, T). InputError unless the hop divides
        T.
        """
        X = np.abs(self.frames.transform(x))[..., :-1]
        decibels = 20 * np.log10(np.maximum(X / self.A, 10 ** (-self.R / 20)))
        y = 1 + 2 * decibels / self.R  # eq: decibels
        return np.clip(y, -1, 1).astype(np.float32)[..., None]

    def __call__(self, samples, turns: int = 60):
        y = np.clip(np.asarray(samples, np.float64)[..., 0], -1, 1)
        K = self.frames.L // 2
        if y.ndim != 3 or y.shape[2] != K:
            raise InputError(
                f"{self!r} expects pictures (N, M, {K}, 1), got {np.shape(samples)}"
            )
        magnitudes = np.where(y > -1, self.A * 10 ** (self.R * (y - 1) / 40), 0)
        magnitudes = np.pad(magnitudes, ((0, 0), (0, 0), (0, 1)))
        return np.clip(griffin_lim(magnitudes, self.frames, turns), -1, 1)

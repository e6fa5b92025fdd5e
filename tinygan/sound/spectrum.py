"""The short-time Fourier transform, its inverse, and a sound from magnitudes alone.

A spectrogram tells which frequencies a sound has, and when. It is made of frames: short
parts of the sound, faded in and out by a window w, and their Fourier transforms

    X[m, k] = sum_t w[t] x[m H + t - c] exp(-2 pi i k t / L)

for frames m = 0 ... T/H - 1 of L samples, H samples apart. c = (L - H)/2 puts each
frame's middle in the middle of its own H samples; x is 0 outside.
"""

import math

import numpy as np

from ..errors import InputError, whole


class Frames:
    """The transform S from sounds (N, T) to X (N, T/H, L/2 + 1), complex, and back.

    The window is Hann's, w[t] = sin^2(pi (t + 1/2) / L). Neighbouring frames overlap by
    L - H samples, so X has more numbers than x, and not every X is an S x. `inverse`
    finds the sound whose transform is nearest to X, in the mean over all frames and
    frequencies (Griffin and Lim 1984, eq. 6):

        x[t] = sum_m w[t'] x_m[t'] / sum_m w[t']^2        t' = t + c - m H

    x_m is the inverse Fourier transform of frame m. If X is an S x, it is this x.

    InputError unless L is even, and H divides L and is at most L/2.
    """

    def __init__(self, length: int = 256, hop: int = 64):
        self.L = whole(self, "length >= 2", length)
        self.H = whole(self, "hop >= 1", hop)
        if self.L % 2 or self.L % self.H or 2 * self.H > self.L:
            raise InputError(
                "Frames expects an even length, and a hop that divides it and is at "
                f"most half of it, got length {length} and hop {hop}"
            )
        t = np.arange(self.L) + 0.5
        self.w = np.sin(math.pi * t / self.L) ** 2

    def transform(self, x) -> np.ndarray:
        """X = S x: (N, T) -> (N, T/H, L/2 + 1). InputError unless H divides T."""
        x = np.asarray(x, np.float64)
        T = x.shape[1]
        if T % self.H:
            raise InputError(
                f"a spectrogram expects sounds of a multiple of {self.H} samples, got "
                f"{T}"
            )
        padded = np.pad(x, ((0, 0), self._margins))
        frames = np.lib.stride_tricks.sliding_window_view(padded, self.L, axis=1)
        frames = frames[:, :: self.H][:, : T // self.H]
        return np.fft.rfft(self.w * frames, axis=2)  # eq: stft

    def inverse(self, X) -> np.ndarray:
        """The sound x whose S x is nearest to X: (N, M, L/2 + 1) -> (N, M H)."""
        M = X.shape[1]
        frames = self.w * np.fft.irfft(X, self.L, axis=2)
        found = self._added(frames)
        weight = self._added(np.broadcast_to(self.w**2, (1, M, self.L)))
        start, T = self._margins[0], M * self.H
        return (found / weight)[:, start : start + T]  # eq: istft

    def _added(self, frames):
        """Frames (N, M, L), H apart, added up where they overlap: (N, M H + L - H)."""
        N, M, L = frames.shape
        parts = L // self.H
        total = np.zeros((N, M + parts - 1, self.H))
        pieces = frames.reshape(N, M, parts, self.H)
        for i in range(parts):
            total[:, i : i + M] += pieces[:, :, i]
        return total.reshape(N, -1)

    @property
    def _margins(self) -> tuple[int, int]:
        """How far the first frame reaches before the sound, and the last one behind it,
        in samples.
        """
        before = (self.L - self.H) // 2
        return before, self.L - self.H - before


def griffin_lim(magnitude, frames: Frames, turns: int = 60, seed: int = 0):
    """Sounds (N, T) whose spectrograms have about this magnitude (N, M, L/2 + 1).

    The phases are lost. Two sets know something about X: those with |X| = `magnitude`,
    and those that are the transform of a sound. From random phases, X is projected on
    one set and on the other in turn,

        x = S^-1 X        X = magnitude * S x / |S x|

    and the distance between |S x| and `magnitude` never grows. The first set is not
    convex, so this ends near a sound, not always at the nearest one.
    Source: Griffin and Lim 1984, sec. III.
    """
    magnitude = np.asarray(magnitude, np.float64)
    phase = np.random.default_rng(seed).uniform(0, 2 * math.pi, magnitude.shape)
    X = magnitude * np.exp(1j * phase)
    for _ in range(turns):
        S = frames.transform(frames.inverse(X))  # eq: griffin-lim
        X = magnitude * S / np.maximum(np.abs(S), 1e-12)
    return frames.inverse(X)

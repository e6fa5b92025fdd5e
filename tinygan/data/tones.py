"""Tones: toy sounds whose pitch and timbre are known.

A generator of real sounds can only be judged by ear or by another network. The pitch of
a generated tone is measured, and the right pitches are known exactly.
"""

import math

import numpy as np

from ..backend import NUMPY, Backend
from ..errors import InputError, number, whole
from ..rng import BATCH, generator
from .pitch import pitch
from .sounds import MOST_RATE, Sounds
from .stream import SampleStream
from .toy import expect_draw

PEAK = 0.95  # of each tone, as of the sounds that `read_sounds` reads
# The amplitudes a_h of the harmonics 1 to 6, by timbre.
TIMBRES = {
    "flute": (1.0, 0.15, 0.05, 0.0, 0.0, 0.0),
    "clarinet": (1.0, 0.0, 0.5, 0.0, 0.25, 0.0),
    "string": (1.0, 1 / 2, 1 / 3, 1 / 4, 1 / 5, 1 / 6),
    "trumpet": (0.7, 1.0, 0.8, 0.4, 0.2, 0.1),
}
_AMPLITUDES = np.array(list(TIMBRES.values()))  # (M, H)
ATTACK = 0.02  # of the length
DECAY = (0.25, 1.0)  # of the length: the time in which a tone falls by 1/e


class Tones:
    """Tones (size, 1) at `rate` samples per second, of K pitches and four timbres.

        x(t) = A e(t) sum_h a_h sin(h (2 pi f_k t + phi))
        f_k = low 2^(k/12), k = 0 ... K - 1      e(t) = min(t/attack, 1) exp(-t/decay)

    The pitches are semitones. For each tone k, the timbre a, the phase phi and the
    decay are drawn independently and uniformly; log(decay) goes from a quarter of the
    length to the whole length. The attack takes 2 % of the length. A makes the largest
    |x| 0.95.

    The truth for a judge: `frequencies` (K,) in Hz, `names` of the labels, and `heard`,
    which reads the labels from sounds.

    Raises InputError unless 1 <= K <= 36, low is 1 Hz or more, the sixth harmonic of
    the highest pitch is below rate/2, and `size` is long enough to tell the two lowest
    pitches apart: their distance in Hz times the length in seconds is 1 or more.
    """

    divisible = True

    def __init__(self, K: int = 12, size: int = 4096, rate: int = 8000, low=220.0):
        self.K = whole(self, "1 <= K <= 36", K)
        self.size = whole(self, "size >= 1", size)
        self.rate = whole(self, f"1 <= rate <= {MOST_RATE}", rate)
        low = number(self, "low >= 1", low)
        self.frequencies = low * 2.0 ** (np.arange(self.K) / 12)  # (K,)
        top = _AMPLITUDES.shape[1] * self.frequencies[-1]
        if top >= self.rate / 2:
            raise InputError(
                f"Tones expects harmonics below rate/2 = {self.rate / 2:g} Hz, got "
                f"{top:.0f} Hz; a lower K or low helps"
            )
        least = math.ceil(self.rate / (low * (2 ** (1 / 12) - 1)))
        if self.size < least:
            raise InputError(
                f"Tones expects {least} samples or more, to tell its pitches apart, "
                f"got size {self.size}"
            )

    @property
    def shape(self) -> tuple[int, int]:
        """(size, 1), the shape of one tone."""
        return self.size, 1

    @property
    def names(self) -> tuple[str, ...]:
        """The K names of the labels, as "220 Hz"."""
        return tuple(f"{f:.4g} Hz" for f in self.frequencies)

    def draw(self, n: int, rng: np.random.Generator):
        """n independent tones (n, size, 1), float64, with their labels (n,).

        Raises InputError unless n is a whole number >= 0 and rng a generator.
        """
        expect_draw(self, n, rng)
        labels, timbres = rng.integers(self.K, size=n), rng.integers(4, size=n)
        phase, decay = rng.uniform(0, 2 * math.pi, n), rng.uniform(*np.log(DECAY), n)
        return self.made(labels, timbres, phase, np.exp(decay)), labels

    def made(self, labels, timbres, phase, decay) -> np.ndarray:
        """The tones with these labels, timbres, phases in radians, and decays as parts
        of the length: four arrays (n,) to (n, size, 1).
        """
        t = np.arange(self.size) / self.rate
        f = self.frequencies[labels]
        angle = 2 * math.pi * f[:, None] * t + np.asarray(phase)[:, None]  # (n, size)
        x = np.zeros_like(angle)
        for h, a in enumerate(_AMPLITUDES[timbres].T, start=1):
            x += a[:, None] * np.sin(h * angle)
        u = np.arange(self.size) / self.size
        x *= np.minimum(u / ATTACK, 1) * np.exp(-u / np.asarray(decay)[:, None])
        x *= PEAK / np.abs(x).max(axis=1, keepdims=True)
        return x[..., None]

    def sample(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """n independent tones: (n, size, 1), float64. Raises InputError as `draw`."""
        return self.draw(n, rng)[0]

    def batches(
        self, batch: int, seed: int, backend: Backend = NUMPY, dtype="float32"
    ) -> SampleStream:
        """The stream of fresh batches (batch, size, 1)."""
        return SampleStream(self, batch, seed, backend, dtype)

    def sounds(self, n: int, seed: int = 0) -> Sounds:
        """n tones with their labels: batch 0 of `batches(n, seed)`, to keep.

        `Labelled(tones.sounds(n))` is the data of a conditional GAN. Raises InputError
        unless n is a whole number >= 1.
        """
        n = whole("sounds", "n >= 1", n)
        x, labels = self.draw(n, generator(seed, BATCH, 0))
        return Sounds(x, self.rate, labels, self.names)

    def heard(self, x) -> np.ndarray:
        """The labels of sounds (n, size, 1) by their pitch: (n,); -1 for none.

        A label is the nearest one, if the pitch is less than half a semitone away.
        Raises InputError for sounds that `pitch` does not take.
        """
        low, high = (
            self.frequencies[0] / 1.5,
            min(1.5 * self.frequencies[-1], self.rate / 4),
        )
        f = pitch(x, self.rate, low, high)
        steps = 12 * np.log2(np.where(f > 0, f, 1e-9) / self.frequencies[0])
        k = np.rint(steps).astype(int)
        return np.where((k >= 0) & (k < self.K), k, -1)

    def __repr__(self):
        low, high = self.frequencies[[0, -1]]
        T, rate = self.size, self.rate
        return (
            f"Tones({self.K} of {low:.4g} to {high:.4g} Hz, {T} samples at {rate} Hz)"
        )

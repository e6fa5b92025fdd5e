"""A sound file's samples become a sound of one length, one rate and one level.

A bench treats one file after the other, and says in a few lines what it has done.
"""

from collections import Counter
from collections.abc import Iterator

import numpy as np

from .albums import listed, plural
from .audio import resampled
from .source import UnreadableError

PEAK = 0.95  # of each sound: tanh of G reaches 1 nowhere
SILENT = 1e-3  # a peak below it (-60 dB) is silence


class Bench:
    """Treats one sound after the other, and counts what it did."""

    def __init__(self, size: int, rate: int, trim: float, align: str):
        self.size, self.rate, self.trim, self.align = size, rate, trim, align
        self.did: Counter = Counter()
        self.rates: Counter = Counter()
        self.channels: Counter = Counter()
        self.seconds: list[float] = []

    def treated(self, x: np.ndarray, rate: int) -> np.ndarray:
        """Samples (T, channels) as the sound (size,). Raises `UnreadableError` for
        silence.
        """
        T, channels = x.shape
        y = x.mean(axis=1) if channels > 1 else x[:, 0]
        y = resampled(y, rate, self.rate)
        y = y - y.mean(dtype=np.float64).astype(np.float32)
        peak = _peak(y)
        if peak < SILENT:
            found = f"silence (no |x| reaches {SILENT:g})"
            if channels > 1 and _peak(x - x.mean(axis=0)) >= SILENT:
                found = "silence (its channels cancel each other)"
            raise UnreadableError("a sound", found)
        loud = (y >= self.trim * peak) | (y <= -self.trim * peak)
        kept = y[int(loud.argmax()) : len(y) - int(loud[::-1].argmax())]
        length = len(kept)
        kept = _placed(kept, self.size, self.align)
        peak = _peak(kept)
        if peak < SILENT:  # the loud part was cut off
            raise UnreadableError("a sound", f"silence (in its {self.size} samples)")
        self.seconds.append(T / rate)
        self.rates[rate] += rate != self.rate
        self.channels[channels] += channels > 1
        self.did["trimmed"] += length < len(y)
        self.did["cut"] += length > self.size
        self.did["padded"] += length < self.size
        return kept * (PEAK / peak)

    def notes(self) -> Iterator[str]:
        """What was done to how many files."""
        n, least, most = len(self.seconds), min(self.seconds), max(self.seconds)
        lengths = "" if least == most else f"{told(least)} to "
        yield (
            f"{n:,} {'sound' if n == 1 else 'sounds'} of {lengths}{told(most)} s at "
            f"{self.rate:,} Hz: "
            f"{self.did['trimmed']:,} trimmed of silence, {self.did['cut']:,} cut to "
            f"{self.size:,} samples ({told(self.size / self.rate)} s), "
            f"{self.did['padded']:,} padded with zeros; the peak of each is {PEAK:g}"
        )
        if several := +self.rates:
            each = [f"{k:,} of {rate:,} Hz" for rate, k in sorted(several.items())]
            yield f"{plural(several.total(), 'sound')} resampled: {listed(each, 5)}"
        if several := +self.channels:
            each = [f"{k:,} of {c} channels" for c, k in sorted(several.items())]
            number = plural(several.total(), "sound")
            yield f"{number} made mono, by the mean of the channels: {listed(each, 5)}"


def told(seconds: float) -> str:
    """A length in three digits, or in whole seconds if it has more."""
    return f"{seconds:.3g}" if seconds < 999.5 else f"{seconds:,.0f}"


def _peak(x: np.ndarray) -> np.float32:
    """The largest |x|, without a copy of x: it may be hours long."""
    return max(x.max(), -x.min())


def _placed(x: np.ndarray, size: int, align: str) -> np.ndarray:
    """Samples (T,) as (size,): cut or padded with zeros."""
    shift = 0 if align == "begin" else (len(x) - size) // 2
    if len(x) >= size:
        return x[shift : shift + size]
    y = np.zeros(size, np.float32)
    y[-shift : len(x) - shift] = x
    return y

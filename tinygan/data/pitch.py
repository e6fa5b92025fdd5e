"""The pitch of a sound: its fundamental frequency, from its autocorrelation.

A periodic sound repeats itself after one period, after two, and so on. McLeod and
Wyvill 2005 (A smarter way to find pitch) look for the first lag at which it does so.
"""

import numpy as np

from ..errors import InputError, number, numbers

VOICED = 0.5  # of r at the period: half of the energy repeats itself
FIRST = 0.9  # of the highest peak: the first one above it is no multiple of the period
STRAY = 0.8  # of the first peak: a later one below it says nothing more exact
SILENT = 1e-12  # of T max x^2: what is left of a constant, by rounding
FINE = 4  # values of r between two samples
_BLOCK = 64  # sounds at a time, to bound the memory


def pitch(x, rate: float, low: float = 50.0, high: float = 1000.0) -> np.ndarray:
    """The fundamental frequency of sounds in Hz: (N,), float64; 0 for no pitch.

        r(tau) = 2 sum_t x_t x_(t+tau) / sum_t (x_t^2 + x_(t+tau)^2)

    x: (N, T, 1) or (N, T), real numbers      rate: samples per second

    Both sums run over the T - tau pairs that a sound has, so -1 <= r <= 1, and r is 1
    at each period of a sound that repeats itself. The period is the first peak of r,
    from rate/high to rate/low, that reaches 0.9 of the highest peak there. Its tenth
    multiple tells it ten times more exactly. So the peak is followed to lags of twice,
    four times ... its length, as long as r does not fall below 0.8 of its first value.

    A sound has no pitch, and 0 is returned, if it is silent or constant, or if no peak
    of r reaches 0.5: then less than half of its energy repeats itself. The pitch has to
    be between `low` and `high`: of a higher one a multiple of the period may be found.

    Raises InputError for sounds that are not finite or have another shape, unless
    0 < low < high <= rate/4, and if T is shorter than two periods of `low`.
    """
    x = numbers("pitch, x", x)
    rate = number("pitch", "rate > 0", rate)
    low, high = number("pitch", "low > 0", low), number("pitch", "high > 0", high)
    x = x[..., 0] if x.ndim == 3 and x.shape[-1] == 1 else x
    if x.ndim != 2:
        raise InputError(f"pitch expects sounds (N, T, 1) or (N, T), got {x.shape}")
    if not low < high <= rate / 4:
        raise InputError(
            f"pitch expects low < high <= rate/4, got low {low:g}, high {high:g}, "
            f"rate {rate:g}"
        )
    if x.shape[1] < 2 * rate / low:
        raise InputError(
            f"pitch expects two periods of low {low:g} Hz, {2 * rate / low:.0f} "
            f"samples or more, got {x.shape[1]}"
        )
    if not np.isfinite(x).all():
        raise InputError("pitch expects finite sounds, got NaN or infinity")
    shortest, longest = (int(FINE * (rate / f)) for f in (high, low))
    periods = [
        _period(r, shortest, longest)
        for i in range(0, len(x), _BLOCK)
        for r in _repetition(x[i : i + _BLOCK])
    ]
    return np.array([FINE * rate / p if p else 0.0 for p in periods])


def _repetition(x: np.ndarray) -> np.ndarray:
    """r at the lags 0, 1/4, 2/4 ... T/2 of sounds (n, T): (n, 2 T). Silence has 0.

    The numerator is an inverse Fourier transform of |X(f)|^2, padded to T more zeros,
    so that nothing wraps around. A longer inverse has the values between the samples.
    """
    T = x.shape[1]
    x = x / np.maximum(np.abs(x).max(axis=1, keepdims=True), 1e-300)
    x = x - x.mean(axis=1, keepdims=True)
    power = np.abs(np.fft.rfft(x, 2 * T)) ** 2
    inner = FINE * np.fft.irfft(power, FINE * 2 * T)[:, : FINE * T // 2]
    energy = np.cumsum(np.pad(x**2, ((0, 0), (1, 0))), axis=1)  # of the first t samples
    lags = np.arange(T)
    both = energy[:, T - lags] + energy[:, -1:] - energy[:, lags]
    fine = np.arange(FINE * T // 2) / FINE
    both = np.stack([np.interp(fine, lags, row) for row in both])
    return np.where(both > SILENT * T, 2 * inner / np.maximum(both, SILENT * T), 0)


def _period(r: np.ndarray, shortest: int, longest: int) -> float:
    """The period of a sound with this r, in steps of r; 0 without one."""
    below = np.flatnonzero(r < 0)  # the peak at lag 0 ends here
    if not below.size:
        return 0.0
    start = max(shortest, int(below[0]))
    r_before, r_here, r_after = (r[start + s : longest + 1 + s] for s in (-1, 0, 1))
    peaks = start + np.flatnonzero((r_here > r_before) & (r_here >= r_after))
    if not peaks.size or r[peaks].max() < VOICED:
        return 0.0
    first = int(peaks[np.argmax(r[peaks] >= FIRST * r[peaks].max())])
    times, period = 1, _top(r, first)
    while True:
        near, width = round(2 * times * period), int(period / 4)
        if near + width + 1 >= len(r):
            return period
        lag = near - width + int(np.argmax(r[near - width : near + width + 1]))
        if abs(lag - near) == width or r[lag] < STRAY * r[first]:
            return period
        times *= 2
        period = _top(r, lag) / times


def _top(r: np.ndarray, k: int) -> float:
    """Where the parabola through r at k - 1, k and k + 1 is highest."""
    a, b, c = r[k - 1], r[k], r[k + 1]
    curve = a - 2 * b + c
    return k + (0.5 * (a - c) / curve if curve < 0 else 0.0)

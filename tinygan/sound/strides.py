"""The tones that a generator's strides leave in its sounds, as one can measure them.

A transposed convolution of stride s leaves tones at the multiples of 1/s, in cycles per
sample (chapter 24). Behind it come other strides, which stretch the period. A set of
sounds has such tones if its mean power stands out at these frequencies.
"""

import numpy as np

from ..errors import InputError, numbers

NEAR, FAR = 3, 8  # how many frequencies away are the neighbours of a tone


def stride_tones(x, periods) -> list[float]:
    """How far the tones of each period stand out of sounds x (N, T), in decibels.

        10 log10( mean over tones f of P(f) / mean of P near f )

    P is the mean power of the sounds at a frequency, behind Hann's window. Near f are
    the frequencies 3/T to 8/T away, or less far if the tones are closer. The tones of a
    period s are m/s, m = 1 ... s/2, but for those of a shorter period in `periods`.
    Without tones the value is near 0.

    Raises InputError unless each period divides T, is at least 2 and at most T/8.
    """
    x = numbers("x", x)
    T = x.shape[1]
    for s in periods:
        if s < 2 or T % s or 8 * s > T:
            raise InputError(
                f"expected periods from 2 to {T // 8} that divide {T}, got {s}"
            )
    window = np.sin(np.pi * (np.arange(T) + 0.5) / T) ** 2
    P = (np.abs(np.fft.rfft(window * x, axis=1)) ** 2).mean(axis=0)
    levels, known = [], {0}
    for s in sorted(periods):
        step = T // s
        tones = [k for k in range(0, T // 2 + 1, step) if k not in known]
        known.update(tones)
        away = np.arange(NEAR, min(FAR, step // 2) + 1)
        near = np.add.outer(tones, np.concatenate([-away, away]))
        near = np.where(near > T // 2, T - near, near)  # P is even about T/2
        level = P[tones].mean() / max(P[near].mean(), np.finfo(float).tiny)
        levels.append(float(10 * np.log10(max(level, 1e-12))))  # eq: stride-tones
    return levels

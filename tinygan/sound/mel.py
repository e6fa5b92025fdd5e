"""Log-mel spectrograms: what an ear hears of a sound, as a picture.

An ear tells 100 Hz from 200 Hz as easily as 4,000 Hz from some 4,590 Hz, and a sound
twice as strong is a little louder, not twice as loud. So the frequencies are gathered
into bands of equal width on the mel scale, and the power of a band in decibels.
"""

import numpy as np

from .spectrum import Frames

LENGTH, HOP = 256, 64  # samples of a frame, and from one frame to the next
RANGE = 80.0  # decibels below the loudest band that still count


def mel(f):
    """The place of a frequency f, in Hz, on the mel scale: 2595 log10(1 + f/700)."""
    return 2595 * np.log10(1 + np.asarray(f, np.float64) / 700)


def hertz(m):
    """The frequency in Hz at place m of the mel scale, the inverse of `mel`."""
    return 700 * (10 ** (np.asarray(m, np.float64) / 2595) - 1)


def mel_filters(bands: int, length: int, rate: int) -> np.ndarray:
    """(length/2 + 1, bands): how much each frequency of a frame adds to each band.

    The bands are triangles. Each rises from the middle of the one below, is 1 at its
    own middle, and falls to the middle of the one above. The middles lie evenly on the
    mel scale, from 0 to rate/2.
    """
    edges = hertz(np.linspace(0, mel(rate / 2), bands + 2))
    f = np.arange(length // 2 + 1)[:, None] * rate / length
    below, middle, above = edges[:-2], edges[1:-1], edges[2:]
    rising, falling = (f - below) / (middle - below), (above - f) / (above - middle)
    return np.clip(np.minimum(rising, falling), 0, None)


def log_mel(x, rate: int, bands: int = 32) -> np.ndarray:
    """Log-mel spectrograms (N, T/64, bands) in [-1, 1] of sounds (N, T).

        20 log10 of a band's root mean power, from -RANGE decibels (-1) to 0 (+1)

    0 decibels are a sine of amplitude 1 in the middle of a band. T must be a multiple
    of 64: InputError otherwise.
    """
    frames = Frames(LENGTH, HOP)
    power = np.abs(frames.transform(x)) ** 2 @ mel_filters(bands, LENGTH, rate)
    full = (frames.w.sum() / 2) ** 2  # the power of that sine in one frequency
    decibels = 10 * np.log10(np.maximum(power / full, 1e-12))
    return np.clip(1 + 2 * decibels / RANGE, -1, 1).astype(np.float32)

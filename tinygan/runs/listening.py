"""Measure sounds: as log-mel pictures by the measures of pictures, and by their pitch.

An ear's view of a sound is a small picture (sound/mel.py). So a classifier, patches,
precision and recall serve sounds as they serve images. The other measures are of sounds
alone: whether a tone is in tune, whether a sound copies a real one, how much of each
band there is, and whether the strides of the generator can be heard.
"""

import math
import re

import numpy as np

from ..data import Images, Sounds, pitch
from ..layers import ConvTranspose1d, Layer
from ..layers.base import walk
from ..measures import frechet, sliced_wasserstein
from ..sound import log_mel, stride_tones
from .results import Measurement, measurement

NEAR = 0.01  # of the real sounds: who is nearer to another one is a copy
TUNE = 0.02  # of the pitch that was asked for
FRAME = 64  # samples: log-mel pictures have whole frames
HZ = re.compile(r"([0-9.]+) Hz")  # the name of a class of tones


def pictures(x, rate: int) -> np.ndarray:
    """Log-mel pictures (N, T/64, 32, 1) in [-1, 1] of sounds (N, T)."""
    x = np.asarray(x)
    return log_mel(x[:, : x.shape[1] // FRAME * FRAME], rate)[..., None]


def as_images(sounds: Sounds) -> Images:
    """Sounds as Images of their log-mel pictures, with their labels."""
    y = pictures(sounds.values[..., 0], sounds.rate)
    pixels = np.rint((y + 1) * 127.5).astype("u1")
    names = sounds.names if sounds.classes else None
    return Images(pixels, 0, 255, sounds.labels, names)


def listened(
    x, sounds: Sounds, asked, names, seed: int, periods=()
) -> list[Measurement]:
    """The measures of sounds alone, of x (n, T), beside as many real ones. `asked` are
    the classes (n,) that were asked for, or None, and `names` those of all classes.
    `periods` are those of the tones that G's strides may leave.
    """
    order = np.random.default_rng(seed).permutation(len(sounds))
    held, rest = order[: len(x)], order[len(x) :]
    real, rate = sounds.values[..., 0], sounds.rate
    rows = _bands(x, real[held], real[rest], rate)
    rows += _stride_tones(x, real[held], periods, rate)
    rows.append(_copies(x, real[held], real[rest], rate))
    hertz = [HZ.fullmatch(name) for name in names]
    if asked is not None and hertz and all(hertz):
        tones = np.array([float(found[1]) for found in hertz])
        value = in_tune(x, tones[asked], rate)
        top = in_tune(real[held], tones[sounds.labels[held]], rate)
        rows.insert(0, measurement("in tune", value, top))
    return rows


def in_tune(x, hertz, rate: int) -> float:
    """The share of sounds (n, T) whose pitch is within 2 % of `hertz` (n,)."""
    low, high = hertz.min() / 1.5, min(1.5 * hertz.max(), rate / 4)
    found = pitch(np.asarray(x)[..., None], rate, low, high)
    return float((np.abs(found / hertz - 1) <= TUNE).mean())


def band_levels(x, rate: int) -> np.ndarray:
    """(N, 64): the mean and the deviation over time of each of 32 bands of sounds
    (N, T), as far as the colours of their log-mel pictures go, [-1, 1].
    """
    y = pictures(x, rate)[..., 0]
    return np.concatenate([y.mean(axis=1), y.std(axis=1)], axis=1)


def _bands(x, held, rest, rate: int) -> list[Measurement]:
    """Distances of the statistics of the bands to those of the real sounds `rest`."""
    x, held, rest = (band_levels(a, rate) for a in (x, held, rest))
    return [
        measurement(name, *(1000 * distance(a, rest) for a in (x, held)))
        for name, distance in (
            ("bands, Frechet", frechet),
            ("bands, sliced", sliced_wasserstein),
        )
    ]


def stride_periods(G: Layer, T: int) -> list[int]:
    """The periods of the tones that G's transposed convolutions may leave in T samples:
    the stride of the last one, times that of the one before, and so on.
    """
    strides = [f.stride[1] for _, f in walk(G) if isinstance(f, ConvTranspose1d)]
    periods = [math.prod(strides[i:]) for i in range(len(strides))]
    return [s for s in sorted(periods) if s > 1 and T % s == 0 and 8 * s <= T]


def _stride_tones(x, held, periods, rate: int) -> list[Measurement]:
    """How far the tones of each period stand out, in samples and in real sounds."""
    levels = zip(periods, *(stride_tones(a, periods) for a in (x, held)), strict=True)
    return [
        measurement("stride tones", value, top, where=f" of {rate / s:g} Hz")
        for s, value, top in levels
    ]


def _copies(x, held, rest, rate: int) -> Measurement:
    """The share of samples that are nearer to one of the real sounds `rest` than 99 %
    of these are to each other.
    """
    x, held, rest = (pictures(a, rate).reshape(len(a), -1) for a in (x, held, rest))
    among = nearest(rest, rest, same=True)
    limit = np.quantile(among, NEAR)
    value, top = (float((nearest(a, rest) < limit).mean()) for a in (x, held))
    return measurement("copies", value, top)


def nearest(a, b, same: bool = False) -> np.ndarray:
    """The distance from each row of a (n, d) to the nearest row of b (m, d): (n,).
    With `same` both are one set, and no row is its own neighbour.
    """
    a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)
    square = (a * a).sum(axis=1)[:, None] + (b * b).sum(axis=1) - 2 * a @ b.T
    if same:
        np.fill_diagonal(square, np.inf)
    return np.sqrt(np.maximum(square.min(axis=1), 0))

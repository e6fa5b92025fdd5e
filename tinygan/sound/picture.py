"""A picture of sounds: for each one its log-mel spectrogram over its waveform."""

import math

import numpy as np

from .mel import log_mel

WIDE, WAVE, GAP = 192, 48, 4  # pixels: a sound's width, its waveform's height, a border
HIGH = 2  # pixels of a band
BLUE, GREY = (64, 128, 224), (64, 64, 64)


def sound_grid(x, rate: int, columns: int | None = None) -> np.ndarray:
    """Sounds (N, T), in [-1, 1], side by side: pixels (height, width, 3) in bytes.

    Time goes to the right. Above are the bands, the lowest at the bottom, bright where
    there is power; below is the waveform, from its least to its greatest number in each
    column of pixels. The bands show the first samples of each sound, a multiple of 64.
    """
    x = np.asarray(x, np.float64)
    columns = columns or math.ceil(math.sqrt(len(x)))
    cells = np.concatenate([bands(x, rate), waves(x)], axis=1)
    H, W, _ = cells[0].shape
    rows = math.ceil(len(x) / columns)
    sheet = np.full((rows * (H + GAP) + GAP, columns * (W + GAP) + GAP, 3), GREY, "u1")
    for n, cell in enumerate(cells):
        i, j = divmod(n, columns)
        top, left = i * (H + GAP) + GAP, j * (W + GAP) + GAP
        sheet[top : top + H, left : left + W] = cell
    return sheet


def bands(x, rate: int) -> np.ndarray:
    """The spectrograms of sounds (N, T) as pixels (N, 64, WIDE, 3)."""
    whole = x.shape[1] // 64 * 64
    loud = (log_mel(x[:, :whole], rate) + 1) / 2  # (N, M, bands)
    time = np.arange(WIDE) * loud.shape[1] // WIDE
    loud = loud[:, time].transpose(0, 2, 1)[:, ::-1].repeat(HIGH, axis=1)
    # from black by red to white, as something that glows
    glow = np.clip(3 * loud[..., None] - np.arange(3), 0, 1)
    return np.rint(255 * glow).astype("u1")


def waves(x) -> np.ndarray:
    """The waveforms of sounds (N, T) as pixels (N, WAVE, WIDE, 3)."""
    T = x.shape[1]
    edges = np.linspace(0, T, WIDE + 1).astype(int)
    starts = np.minimum(edges[:-1], T - 1)
    place = np.rint((1 - np.clip(x, -1, 1)) / 2 * (WAVE - 1))  # 0 is the top
    top = np.minimum.reduceat(place, starts, axis=1)[:, None]
    bottom = np.maximum.reduceat(place, starts, axis=1)[:, None]
    row = np.arange(WAVE)[None, :, None]
    lit = (top <= row) & (row <= bottom)
    return np.where(lit[..., None], BLUE, 0).astype("u1")

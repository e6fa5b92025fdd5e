"""Grey, colour or transparency: another number of channels."""

import numpy as np

from ...errors import DataError

_GREY = (0.299, 0.587, 0.114)  # of R, G and B: ITU-R BT.601, as Pillow has it


def in_channels(pixels: np.ndarray, C: int, low: float, high: float):
    """(pixels (N, H, W, C), note) of pixels with 1, 3 or 4 channels.

    Transparency is laid over white: alpha c + (1 - alpha) white. Colour becomes grey by
    its luminance, and grey becomes colour with three equal channels.

    Raises DataError for another number of channels.
    """
    had = pixels.shape[3]
    if had not in (1, 3, 4):
        raise DataError(f"expected 1, 3 or 4 channels to make {C} of, found {had}")
    note = f"{had} channels are made {C}"
    if had == 4:
        pixels = _over_white(pixels, low, high)
        note = "transparency is laid over white (channels=4 keeps it)"
    if C == 1 and pixels.shape[3] == 3:
        return _grey(pixels), note
    if C >= 3 and pixels.shape[3] == 1:
        pixels = np.repeat(pixels, 3, axis=3)
    if C == 4:
        opaque = np.full((*pixels.shape[:3], 1), high, pixels.dtype)
        pixels = np.concatenate([pixels, opaque], axis=3)
    return pixels, note


def _over_white(pixels: np.ndarray, low: float, high: float) -> np.ndarray:
    out = np.empty((*pixels.shape[:3], 3), pixels.dtype)
    for x, rgba in zip(out, pixels, strict=True):
        alpha = (rgba[..., 3:].astype(np.float64) - low) / (high - low)
        _round_into(x, alpha * rgba[..., :3] + (1 - alpha) * high)
    return out


def _grey(pixels: np.ndarray) -> np.ndarray:
    out = np.empty((*pixels.shape[:3], 1), pixels.dtype)
    for x, rgb in zip(out, pixels, strict=True):
        _round_into(x[..., 0], rgb @ np.array(_GREY))
    return out


def _round_into(x: np.ndarray, y: np.ndarray) -> None:
    x[...] = np.rint(y) if x.dtype.kind in "ui" else y

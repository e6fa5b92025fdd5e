"""Black and white: which numbers of an array of pixels they are.

The numbers do not say it, so it is a decision, and the user is told. It goes by the
values alone: bytes of 0 and 1 mean the same as floats of 0 and 1.
"""

import math

import numpy as np

from ...errors import DataError, InputError
from ..images import finite_range

# (black, white), the first that holds the pixels. People also use other ranges, but
# then only they know it.
RANGES = ((0, 1), (-0.5, 0.5), (-1, 1), (0, 255), (-128, 127), (0, 65535))
LEAST_PART = 0.1  # of the range, that pixels fill: less is dark, pale or a mistake
HALF_STEP = 0.5 / 255  # of the range: rounding may lead so far beyond its ends


def black_and_white(pixels: np.ndarray, range=None):
    """(pixels, low, high, note) of pixels (N, ...): black is `low`, white is `high`,
    and no pixel is beyond. The note says so; it is None for bytes from 0 to 255.

    A pixel beyond an end by less than half a step of 255 is rounding, and is clipped in
    place. A given `range`, (low, high), decides; then everything beyond is clipped.

    Raises DataError if no usual range holds the pixels, or if they fill less than a
    tenth of it. Raises InputError unless a given range is low < high, both finite.
    """
    least, most = finite_range(pixels)
    if range is not None:
        low, high = _ends(range)
        if most <= low or least >= high:
            raise DataError(
                f"expected pixels between {low:g} and {high:g}, the given range, "
                f"found {least:g} to {most:g}"
            )
    else:
        low, high = _usual(pixels, least, most)
    note = f"pixels {least:.8g} to {most:.8g}: {low:g} is black, {high:g} is white"
    if least < low or most > high:
        if range is None:
            note += ", and what rounding has carried beyond is clipped"
        else:
            note += f", {_beyond(pixels, low, high):.2g} % are beyond and clipped"
        pixels = _clipped(pixels, low, high)
    elif least == most:
        note += "; all pixels are equal, so there is nothing to see"
    elif range is None and pixels.dtype == np.uint8 and high == 255:
        note = None
    return pixels, low, high, note


def _usual(pixels: np.ndarray, least: float, most: float) -> tuple[float, float]:
    for low, high in RANGES:
        slack = HALF_STEP * (high - low)
        if not (low - slack <= least and most <= high + slack):
            continue
        if (low, high) == (-0.5, 0.5) and min(-least, most) < 0.45:
            continue  # not both of its ends: rather -1 to 1
        if least == most and high <= 255:
            return (0, 255) if least == 0 and pixels.dtype.kind in "ui" else (low, high)
        if (low, high) == (-1, 1) and least > -0.5:
            raise DataError(
                f"expected pixels within [0, 1] or down to about -1, found {least:g} "
                f"to {most:g}: range=(0, 1) (--range 0,1) takes 0 as black and clips, "
                f"range=(-1, 1) takes -1"
            )
        ends = f"{least:g}, {most:g}"
        if least == most:  # a range that has them in its middle
            ends = f"{min(0, 2 * most):g}, {max(0, 2 * most):g}"
        if most - least < (LEAST_PART - 1e-6) * (high - low):
            raise DataError(
                f"expected pixels that fill a tenth of {low:g} to {high:g} or more, "
                f"found {least:g} to {most:g}: say which numbers are black and white, "
                f"as in range=({ends}) (--range {ends.replace(' ', '')})"
            )
        return low, high
    raise DataError(
        f"expected pixels within [0, 1], [-1, 1], [0, 255], [-128, 127] or [0, 65535], "
        f"found {least:g} to {most:g}: say which numbers are black and white, as in "
        f"range=(0, 1) (--range 0,1); what is beyond is clipped"
    )


def _ends(range) -> tuple[float, float]:
    try:
        low, high = map(float, range)
    except (TypeError, ValueError):
        low = high = math.nan
    if not (math.isfinite(high - low) and low < high):
        raise InputError(
            f"range expects two numbers, black < white, as (0, 255), got {range!r}"
        )
    return low, high


def _clipped(pixels: np.ndarray, low: float, high: float) -> np.ndarray:
    """The pixels with those beyond an end on it, or on the last number before it."""
    kind = pixels.dtype.type
    if pixels.dtype.kind in "ui":
        limits = np.iinfo(kind)
        ends = max(math.ceil(low), limits.min), min(math.floor(high), limits.max)
    else:
        limits = np.finfo(kind)
        ends = kind(max(low, float(limits.min))), kind(min(high, float(limits.max)))
        ends = (
            ends[0] if float(ends[0]) >= low else np.nextafter(ends[0], kind(np.inf)),
            ends[1] if float(ends[1]) <= high else np.nextafter(ends[1], kind(-np.inf)),
        )
    return np.clip(pixels, *ends, out=pixels if pixels.flags.writeable else None)


def _beyond(pixels: np.ndarray, low: float, high: float) -> float:
    """How many of a hundred pixels are beyond an end."""
    parts = np.array_split(pixels, min(len(pixels), 64))
    beyond = sum(int(((part < low) | (part > high)).sum()) for part in parts)
    return 100 * beyond / pixels.size

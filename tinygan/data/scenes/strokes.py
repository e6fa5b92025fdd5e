"""Handwriting taken apart: the centreline of a digit, and a pen to draw it with.

A scanned digit has the thickness its writer's pen had. Thinned to the line that the pen
followed, it can be drawn again at any size with a pen of any width.
"""

import functools

import numpy as np
from PIL import Image, ImageFilter

_GRID = 40  # a digit is thinned on so many pixels
_INK, _CONTRAST, _NEAR = 0.3, 1.05, 0.08  # what is a stroke, see `centreline`
_REACH = 5  # pixels of the grid: half the width of the broadest stroke
_SPECK = 6  # points within as many pixels: fewer are no stroke
# The neighbours of a pixel, clockwise from the one above: P2 ... P9 of the paper.
_AROUND = ((-1, 0), (-1, 1), (0, 1), (1, 1), (1, 0), (1, -1), (0, -1), (-1, -1))


def centreline(alpha) -> tuple[np.ndarray, float]:
    """The points (P, 2) in the middle of the strokes of an image, and the share of its
    ink that they miss: much where a loop is filled, or a stroke taken for a loop.

    alpha: (H, W), 0 paper to 1 ink. On a grid of 40 x 40 a pixel belongs to a stroke if
    it is darker than 0.3 and than 1.05 times the mean around it (a Gaussian of 0.08 of
    the side), so that narrow loops stay open. The points are (row, column) of the grid.
    """
    pixels = np.rint(np.asarray(alpha, np.float64) * 255).astype(np.uint8)
    return _centreline(pixels.tobytes(), pixels.shape)


@functools.lru_cache(maxsize=8192)
def _centreline(pixels: bytes, shape) -> tuple[np.ndarray, float]:
    image = Image.frombytes("L", shape[::-1], pixels)
    image = image.resize((_GRID, _GRID), Image.Resampling.BICUBIC)
    around = np.asarray(image.filter(ImageFilter.GaussianBlur(_NEAR * _GRID)), float)
    dark = np.asarray(image, float)
    strokes = (dark > 255 * _INK) & (dark > _CONTRAST * around)
    points = np.argwhere(thinned(strokes)).astype(np.float32)
    near = _squared_distances(points, points) <= _SPECK**2
    points = points[near.sum(1) >= _SPECK]
    ink, solid = np.argwhere(dark > 127.5).astype(np.float32), dark > 191
    if len(points) == 0 or not solid.any():
        return points, 1.0
    far = _squared_distances(ink, points).min(1) > _REACH**2
    hollow = (solid & ~strokes).sum() / solid.sum()
    return points, max(float(far.mean()), float(hollow))


def _squared_distances(a, b) -> np.ndarray:
    """|a_i - b_j|^2      a: (A, 2), b: (B, 2), the result (A, B)"""
    return (a[:, :1] - b[:, 0]) ** 2 + (a[:, 1:] - b[:, 1]) ** 2


def thinned(mask) -> np.ndarray:
    """The mask (H, W) without all that can be taken from the rims of its shapes and
    leave them connected: lines one pixel wide.

    In turns, those pixels go at once that lie at a lower right rim or an upper left
    corner, then those at an upper left rim or a lower right corner, until none is left
    to go. Source: Zhang and Suen, A fast parallel algorithm for thinning digital
    patterns, 1984.
    """
    H, W = mask.shape
    framed = np.zeros((H + 2, W + 2), np.uint8)
    inner = framed[1:-1, 1:-1]
    inner[...] = mask
    around = [framed[1 + i : 1 + i + H, 1 + j : 1 + j + W] for i, j in _AROUND]
    while True:
        before = np.count_nonzero(inner)
        for table in _tables():
            code = around[-1].copy()  # the neighbours as a number, P2 its lowest bit
            for neighbour in around[-2::-1]:
                code *= 2
                code += neighbour
            inner[table[code]] = 0
        if np.count_nonzero(inner) == before:
            return inner > 0


@functools.cache
def _tables() -> tuple[np.ndarray, np.ndarray]:
    """Whether a pixel goes, by the number of its neighbours: in odd and even turns."""
    tables = np.zeros((2, 256), bool)
    for code in range(256):
        p = [code >> k & 1 for k in range(8)]
        steps = sum(a < b for a, b in zip(p, p[1:] + p[:1], strict=True))  # A(P1)
        if 2 <= sum(p) <= 6 and steps == 1:
            up, right, down, left = p[::2]  # P2, P4, P6, P8
            tables[0, code] = not (right and down and (up or left))
            tables[1, code] = not (up and left and (right or down))
    return tables[0], tables[1]


def pen_drawn(points, side: float, width: float, centre, size: int) -> np.ndarray:
    """alpha = clip(width/2 + 1/2 - d, 0, 1)      d the distance to the nearest point

    The points (P, 2), scaled so that the longer side of the drawing is `side` pixels
    and its middle is `centre` (row, column), drawn by a round pen on (size, size).
    """
    low, high = points.min(0), points.max(0)
    scale = (side - width) / max(1.0, float((high - low).max()))
    at = (points - (low + high) / 2) * scale + np.asarray(centre, np.float32)
    middle = np.arange(size, dtype=np.float32) + np.float32(0.5)  # of each pixel
    dy, dx = (middle - at[:, :1]) ** 2, (middle - at[:, 1:]) ** 2  # (P, size)
    d = np.sqrt((dy[:, :, None] + dx[:, None, :]).min(0))
    return np.clip(width / 2 + 0.5 - d, 0, 1)

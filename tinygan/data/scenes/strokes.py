"""Handwriting as a line: the centreline of a digit, and a pen that draws it.

A scanned digit has the thickness of its writer's pen. `centreline` thins it to the line
that the pen followed. `pen_drawn` draws this line at any size, with a pen of any width.
"""

import functools

import numpy as np
from PIL import Image, ImageFilter

_GRID = 40  # pixels: the side of the grid on which a digit is thinned
_INK, _CONTRAST, _NEAR = 0.3, 1.05, 0.08  # they define a stroke, see `centreline`
_REACH = 5  # pixels of the grid: half the width of the broadest stroke
_SPECK = 6  # a stroke has at least six points within six pixels
# The neighbours of a pixel, clockwise from the one above: P2 ... P9 of the paper.
_AROUND = ((-1, 0), (-1, 1), (0, 1), (1, 1), (1, 0), (1, -1), (0, -1), (-1, -1))


def centreline(alpha) -> tuple[np.ndarray, float]:
    """(points, missed): the middle of an image's strokes, (P, 2), and the share of its
    ink that it misses. Much is missed if a loop is filled, or a stroke taken for one.

    alpha: (H, W), 0 paper to 1 ink

    On a grid of 40 x 40 a pixel belongs to a stroke if it is darker than 0.3, and than
    1.05 times the mean around it (a Gaussian of 0.08 of the side). So narrow loops stay
    open. The points are (row, column) of the grid.
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
    """The mask (H, W) with its shapes thinned to connected lines one pixel wide.

    Two passes take turns until nothing changes. The first removes at once all pixels at
    a lower right rim or an upper left corner, the second all those at an upper left rim
    or a lower right corner. Source: Zhang and Suen 1984.
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
    """Whether a pixel goes, by its neighbours' code: in the first and second pass."""
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
    """alpha = clip(width/2 + 1/2 - d, 0, 1)      d: the distance to the nearest point

    A round pen draws the points (P, 2) on (size, size) pixels. They are scaled so that
    the drawing's longer side is `side` pixels, and its middle `centre`, (row, column).
    """
    low, high = points.min(0), points.max(0)
    scale = (side - width) / max(1.0, float((high - low).max()))
    at = (points - (low + high) / 2) * scale + np.asarray(centre, np.float32)
    middle = np.arange(size, dtype=np.float32) + np.float32(0.5)  # of a pixel
    dy, dx = (middle - at[:, :1]) ** 2, (middle - at[:, 1:]) ** 2  # (P, size)
    d = np.sqrt((dy[:, :, None] + dx[:, None, :]).min(0))
    return np.clip(width / 2 + 0.5 - d, 0, 1)

"""The axes of an array of pictures: every usual order becomes (N, H, W, C).

The order is told by the shape where only one reading gives pictures: sides of 5 pixels
or more, and 1 to 4 channels. Where several do, the error shows them.
"""

import math
from dataclasses import dataclass

import numpy as np

from ...errors import DataError
from .albums import plural
from .choice import side_of

_SIDE = 5  # the least side of a plausible picture
_LONGEST = 4  # times as long as short: a single picture at most
_CHUNK = 1 << 24  # bytes that change their order at once
_LOOKED_AT = 64  # pictures that decide between planes and interleaved colours
_USUAL = ("(N, H, W, C)", "(N, H, W)")


@dataclass(frozen=True)
class Reading:
    """One way to take the axes: their order in words, and the shape that comes out.
    `code` makes it of an array x, for the user.
    """

    order: str
    N: int
    H: int
    W: int
    C: int
    code: str

    @property
    def shape(self) -> tuple[int, int, int]:
        """(H, W, C)"""
        return self.H, self.W, self.C

    def __str__(self):
        return f"{plural(self.N, 'picture')} of {self.H} x {self.W} x {self.C}"

    @property
    def is_plausible(self) -> bool:
        """Whether a picture has two sides, and grey or colours."""
        return min(self.H, self.W) >= _SIDE and 1 <= self.C <= 4


def read_axes(found: tuple[int, ...], shape=None, count: int | None = None) -> Reading:
    """The reading of an array of this shape.

    A demanded `shape` (H, W, C) and the `count` of the labels decide between readings.
    Raises DataError if no reading, or more than one, gives pictures.
    """
    readings = _readings(found)
    if shape is not None:
        fitting = [r for r in readings if r.shape == tuple(shape)]
        if not fitting and len(found) == 2 and found[1] == math.prod(shape):
            fitting = [Reading("(N, P)", found[0], *shape, "")]
        if fitting:
            return fitting[0]
    plausible = [r for r in readings if r.is_plausible]
    if plausible and plausible[0].order == "(N, H, W, C)":
        return plausible[0]
    if len(plausible) > 1:
        plausible = [r for r in plausible if count == r.N] or plausible
    if len(plausible) > 1:
        ways = " or ".join(f"{r} ({r.code})" for r in plausible[:3])
        raise DataError(
            f"expected one way to read the axes of x, found {found}, which may be "
            f"{ways}"
        )
    if plausible:
        return plausible[0]
    if not readings or readings[0].order not in _USUAL:
        raise DataError(
            f"expected images (N, H, W) or (N, H, W, C), found {found}{_hint(found)}"
        )
    if shape is None and readings[0].C > 4:
        H, W, C = readings[0].shape
        raise DataError(
            f"expected images of 1 to 4 channels, found {(H, W, C)}; if each of the "
            f"{H} is a picture, x.reshape(-1, {W}, {C}) has them all"
        )
    return readings[0]  # pictures with a very short side


def folded(pixels: np.ndarray, reading: Reading):
    """(pixels (N, H, W, C), note): the note says how the axes were read, or is None if
    they have the usual order.

    Planes of colour are laid together in place, so the caller gives the array away.
    """
    N, (H, W, C) = reading.N, reading.shape
    words = f"{pixels.shape} read as {reading.order}: {reading}"
    if reading.order in _USUAL:
        words = None if pixels.ndim < 5 else words
        return pixels.reshape(N, H, W, C), words
    if reading.order not in ("(N, P)", "(P, N)") or C == 1:
        return _ordered(pixels, reading), words
    rows = pixels.reshape(N, -1) if reading.order == "(N, P)" else pixels.T.copy()
    if not _has_planes(rows, H, W, C):
        return rows.reshape(N, H, W, C), f"{words}, one pixel after another"
    rows = planes_last(rows.reshape(N, C, H * W)).reshape(N, H, W, C)
    return rows, f"{words}, one plane of colour after another"


def _readings(found: tuple[int, ...]) -> list[Reading]:
    """All readings of a shape, the usual one first."""
    match found:
        case (a, b):
            return _flat(a, b)
        case (a, b, c):
            all_three = [Reading("(N, H, W)", a, b, c, 1, "x[..., None]")]
            if a == b != c and c > 4:
                code = "x.transpose(2, 0, 1)"
                all_three.append(Reading("(H, W, N)", c, a, b, 1, code))
            is_long = max(a, b) > _LONGEST * min(a, b) or (c == 1 and side_of(b))
            if c in (1, 3, 4) and not is_long:
                all_three.append(Reading("(H, W, C)", 1, a, b, c, "x[None]"))
            s = side_of(c)
            if s and 1 <= b <= 4:
                code = f"x.reshape({a}, {b}, {s}, {s}).transpose(0, 2, 3, 1)"
                all_three.append(Reading("(N, C, P)", a, s, s, b, code))
            s = side_of(b)
            if s and 1 <= c <= 4:
                code = f"x.reshape({a}, {s}, {s}, {c})"
                all_three.append(Reading("(N, P, C)", a, s, s, c, code))
            return all_three
        case (a, b, c, d):
            readings = [
                Reading("(N, H, W, C)", a, b, c, d, "x"),
                Reading("(N, C, H, W)", a, c, d, b, "x.transpose(0, 2, 3, 1)"),
            ]
            if c in (1, 3, 4):
                code = "x.transpose(3, 0, 1, 2)"
                readings.append(Reading("(H, W, C, N)", d, a, b, c, code))
            thin = tuple(n for n in found[1:] if n != 1)
            if len(thin) < 3 and not any(r.is_plausible for r in readings):
                readings += [r for r in _readings((a, *thin)) if r.is_plausible]
            return readings
    if len(found) > 4 and 1 in found[1:]:
        k = found.index(1, 1)
        return _readings(found[:k] + found[k + 1 :])
    return []


def _flat(a: int, b: int) -> list[Reading]:
    """Pictures in the rows of a table, or else in its columns."""
    for N, P, order, x in ((a, b, "(N, P)", "x"), (b, a, "(P, N)", "x.T")):
        for C in (1, 3):
            s = side_of(P, C)
            if not s:
                continue
            rows = Reading(order, N, s, s, C, f"{x}.reshape(-1, {s}, {s}, {C})")
            one = Reading("(H, W)", 1, a, b, 1, "x[None]")
            return [rows, one] if a == b else [rows]
    return []


def _hint(found: tuple[int, ...]) -> str:
    """How pictures may be hidden in the shape."""
    if len(found) == 1:
        s = side_of(found[0])
        if s:
            return f"; one picture is x.reshape(1, {s}, {s})"
        return "; are these labels? The pictures are in another file"
    if len(found) == 2:
        for columns in (1, 2):
            s = side_of(found[1] - columns)
            if s:
                return (
                    f"; if labels are its first column, numpy.savez('data.npz', "
                    f"images=x[:, {columns}:], labels=x[:, 0]) is read as {s} x {s}"
                )
        return (
            f"; {found[1]} numbers are no square, so x.reshape(-1, H, W, C) is needed"
        )
    if len(found) == 5:
        return (
            f"; pictures of films are x.reshape(-1, {', '.join(map(str, found[2:]))})"
        )
    return ""


def _ordered(pixels: np.ndarray, reading: Reading) -> np.ndarray:
    N, (H, W, C) = reading.N, reading.shape
    match reading.order:
        case "(N, C, H, W)" | "(N, C, P)":
            pixels = planes_last(pixels.reshape(N, C, H * W))
        case "(H, W, C, N)":
            pixels = pixels.transpose(3, 0, 1, 2)
        case "(H, W, N)":
            pixels = pixels.transpose(2, 0, 1)
        case "(P, N)":
            pixels = pixels.T
    return np.ascontiguousarray(pixels).reshape(N, H, W, C)


def planes_last(planes: np.ndarray) -> np.ndarray:
    """The channels of (N, C, P) beside each other: (N, P, C), in the same memory."""
    N, C, P = planes.shape
    if C == 1:
        return planes.reshape(N, P, C)
    if not (planes.flags.writeable and planes.flags.c_contiguous):
        planes = planes.copy()
    step = max(1, _CHUNK // max(1, planes[0].nbytes))
    for k in range(0, N, step):
        part = planes[k : k + step]
        part[...] = part.transpose(0, 2, 1).reshape(part.shape)
    return planes.reshape(N, P, C)


def _has_planes(pixels: np.ndarray, H: int, W: int, C: int) -> bool:
    """Whether flat colours are planes, as in CIFAR, and not one pixel after another.

    Neighbours in a column differ less under the right reading. CIFAR's wins a tie.
    """
    step = max(1, len(pixels) // _LOOKED_AT)
    x = pixels[::step][:_LOOKED_AT].astype(np.float64)
    planes = np.abs(np.diff(x.reshape(-1, C, H, W), axis=2)).mean()
    interleaved = np.abs(np.diff(x.reshape(-1, H, W, C), axis=1)).mean()
    return bool(planes <= interleaved)

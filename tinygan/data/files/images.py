"""Images from files of any kind that is read: the one entry.

No pickle is ever loaded, so a file holds data and never code. A malformed file raises a
DataError of one sentence (source.py).
"""

from pathlib import Path

import numpy as np

from ...errors import DataError, InputError
from ..images import Images
from .containers import open_files
from .fold import folded, read_axes
from .formats import ENDINGS
from .found import Found
from .kinds import START, kind_of, named
from .labels import classes
from .photos import has_photos, read_photos
from .pictures import resized
from .ranges import black_and_white
from .sets import in_files
from .single import READ, in_file
from .source import system_errors

_FEW = 10  # pictures that may lie beside an array, as its previews
_GREY = (0.299, 0.587, 0.114)  # of R, G and B: ITU-R BT.601, as Pillow has it


def load_images(
    path,
    shape: tuple[int, int, int] | None = None,
    *,
    size: int | None = None,
    channels: int | None = None,
    array: str | None = None,
    range: tuple[float, float] | None = None,
) -> Images:
    """The images of a file, a folder or a zip archive, with labels if there are any.

    Pictures (photos.py), IDX in all its usual names (idx.py), arrays (.npy, .npz),
    CIFAR's binary version and MATLAB files are read. The axes of an array may have any
    usual order (fold.py), flat rows included. `Images.notes` say what was decided.

    `shape` is the (H, W, C) that the images must have. `size` crops the middle square
    of each and scales it to size x size. `channels` is 1 (grey), 3 (colour) or 4 (with
    transparency, which otherwise is laid over white). `array` is the name of an array
    in a .npz, where the choice is not plain. `range` is (black, white); without it the
    values decide (ranges.py).

    Raises DataError if there are no such images, or if they do not have the `shape`.
    Raises InputError for a size, channels or a range that cannot be.
    """
    path = Path(path)
    if size is not None and not 1 <= size <= 4096:
        raise InputError(f"load_images expects a size from 1 to 4096, got {size}")
    if channels not in (None, 1, 3, 4):
        raise InputError(f"load_images expects 1, 3 or 4 channels, got {channels}")
    with system_errors(path):
        is_folder = path.is_dir()
    found = None if is_folder else in_file(path, array)
    if found is None:
        with open_files(path) as files:
            found = _among(files, size, channels, array, range)
    if isinstance(found, Found):
        fixed = size is None and channels is None
        found = _images(found, shape if fixed else None, size, channels, shape, range)
    if shape is not None and found.shape != tuple(shape):
        raise DataError(f"{path}: {_other_shape(shape, found.shape)}")
    return found


def _among(files, size, channels, array, range) -> Found | Images:
    """The images of a folder or an archive: arrays, or else its pictures."""
    names = files.names()
    pictures = sum(name.lower().endswith(ENDINGS) for name in names)
    found = in_files(files, array) if array or pictures <= _FEW else None
    if found is not None:
        if pictures:
            found.notes.append(f"{pictures} pictures beside the arrays are left out")
        return found
    if array is not None:
        raise DataError(f"{files.path}: expected arrays, one named {array}, found none")
    if has_photos(files):
        return read_photos(files, size, channels, range)
    what = "no files"
    if names:
        start = files.start(names[0], START)
        more = f" and {len(names) - 1} more" if len(names) > 1 else ""
        what = f"{named(kind_of(start, names[0]), start)}: {names[0]}{more}"
    raise DataError(f"{files.path}: expected pictures ({READ}), found {what}")


def _images(found: Found, fold_to, size, channels, shape, range) -> Images:
    notes = found.notes
    count = None
    if found.labels is not None and found.labels.size in found.pixels.shape:
        count = found.labels.size
    try:
        reading = read_axes(found.pixels.shape, fold_to, count)
        if found.pixels.dtype == bool:
            found.pixels = found.pixels.view(np.uint8)
        pixels, low, high, told = black_and_white(found.pixels, range)
        pixels, note = folded(pixels, reading)
        notes += [n for n in (note, told) if n]
        if channels is None and pixels.shape[3] == 4:
            channels = 4 if shape is not None and shape[2] == 4 else 3
        if channels is not None and channels != pixels.shape[3]:
            pixels, note = _in_channels(pixels, channels, low, high)
            notes.append(note)
    except DataError as e:
        raise DataError(f"{found.where}: {e}") from e
    H, W = pixels.shape[1:3]
    if size is not None and not H == W == size:
        pixels = resized(pixels, size)
        notes.append(f"pictures of {H} x {W} scaled to {size} x {size}")
    y, names = _labels(found, len(pixels))
    try:
        return Images(pixels, low, high, y, names, notes)
    except DataError as e:
        raise DataError(f"{found.where}: {e}") from e


def _labels(found: Found, N: int):
    """(labels, names of the classes), or (None, None)."""
    if found.labels is None:
        return None, None
    try:
        y, names, notes = classes(found.labels, N, found.names)
    except DataError as e:
        is_column = found.labels.ndim == 1 and found.labels.dtype.kind in "iu"
        if found.is_strict or (found.called and is_column and len(found.labels) != N):
            raise DataError(f"{found.labels_where}: {e}") from e
        found.notes.append(f"no labels are read from {found.labels_where}: {e}")
        return None, None
    if not found.called:
        if len(names) > max(2, N // 2):  # rather numbers of the pictures
            return None, None
        found.notes.append(f"{len(names)} labels from {found.labels_where}")
    found.notes.extend(notes)
    return y, names


def _in_channels(pixels: np.ndarray, C: int, low: float, high: float):
    """(pixels with C channels, note)"""
    had = pixels.shape[3]
    if had == 2 or had > 4:
        raise DataError(f"expected 1, 3 or 4 channels to make {C} of, found {had}")
    if had == 4:
        rgb, alpha = pixels[..., :3], pixels[..., 3:]
        out = np.empty(rgb.shape, pixels.dtype)
        for x, c, a in zip(out, rgb, alpha, strict=True):  # alpha c + (1 - alpha) white
            opaque = (a.astype(np.float64) - low) / (high - low)
            x[...] = _rounded(opaque * c + (1 - opaque) * high, pixels.dtype)
        pixels, note = out, "transparency is laid over white (channels=4 keeps it)"
    else:
        note = f"{had} channels are made {C}"
    if C == 1 and pixels.shape[3] == 3:
        grey = np.empty((*pixels.shape[:3], 1), pixels.dtype)
        for x, c in zip(grey, pixels, strict=True):
            x[..., 0] = _rounded(c @ np.array(_GREY), pixels.dtype)
        return grey, note
    if pixels.shape[3] < 3 <= C:
        pixels = np.repeat(pixels, 3, axis=3)
    if C == 4:
        opaque = np.full((*pixels.shape[:3], 1), high, pixels.dtype)
        pixels = np.concatenate([pixels, opaque], axis=3)
    return pixels, note


def _rounded(x: np.ndarray, dtype) -> np.ndarray:
    return np.rint(x) if np.dtype(dtype).kind in "ui" else x


def _other_shape(expected, found: tuple[int, int, int]) -> str:
    H, W, C = expected
    ways = []
    if found[:2] != (H, W) and H == W:
        ways.append(f"--size {H}")
    if found[2] != C and C in (1, 3, 4):
        ways.append(f"--channels {C}")
    hint = f"; {' '.join(ways)} makes them so" if ways else ""
    return f"expected images of shape {tuple(expected)}, found {found}{hint}"

"""Images from files of any kind that is read: the one entry.

No pickle is ever loaded, so a file holds data and never code. A malformed file raises a
DataError of one sentence (source.py).
"""

from pathlib import Path

import numpy as np

from ...errors import DataError, InputError
from ..images import Images
from .albums import plural
from .arrays import read_array
from .channels import in_channels
from .containers import open_files
from .fold import Reading, folded, read_axes
from .formats import ENDINGS
from .found import Found
from .idx import read_idx
from .kinds import START, kind_of, named
from .labels import classes
from .photos import has_photos, read_photos
from .pictures import resized
from .ranges import black_and_white
from .sets import in_files
from .single import READ, in_file
from .source import system_errors

__all__ = ["load_images", "read_array", "read_idx"]

_FEW = 10  # pictures that may lie beside an array, as its previews


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
            found = _among(files, shape, size, channels, array, range)
    if isinstance(found, Images):
        where = str(path)
        images = found
        images.unlabelled = (
            f"{where}: expected labels, found none: they are the names of folders, one "
            f"for the pictures of each class"
        )
    else:
        where = found.where
        images = _images(found, shape, size, channels, range)
    if shape is not None and images.shape != tuple(shape):
        raise DataError(f"{where}: {_other_shape(shape, images.shape)}")
    return images


def _among(files, shape, size, channels, array, range) -> Found | Images:
    """The images of a folder or an archive: arrays, or else its pictures."""
    names = files.names()
    pictures = sum(name.lower().endswith(ENDINGS) for name in names)
    found = in_files(files, array) if array or pictures <= _FEW else None
    if found is not None:
        if pictures:
            beside = f"{plural(pictures, 'picture')} beside the arrays"
            found.notes.append(f"{beside} {'is' if pictures == 1 else 'are'} left out")
        return found
    if array is not None:
        raise DataError(f"{files.path}: expected arrays, one named {array}, found none")
    if has_photos(files):
        wanted = shape[0] if shape else None
        return read_photos(files, size, channels, range, wanted)
    what = "no files"
    if not names and files.left_out:
        what = f"{files.left_out[0][0]}, {files.left_out[0][1]}"
    elif names:
        start = files.start(names[0], START)
        more = f" and {len(names) - 1} more" if len(names) > 1 else ""
        kind = named(kind_of(start, names[0]), start)
        kind, semicolon, way = kind.partition("; ")
        what = f"{kind} ({names[0]}{more}){semicolon}{way}"
    raise DataError(f"{files.path}: expected pictures ({READ}), found {what}")


def _images(found: Found, shape, size, channels, range) -> Images:
    """The pixels with their axes in order, in range, scaled, and with labels."""
    notes, count = found.notes, None
    if found.labels is not None and found.labels.size in found.pixels.shape:
        count = found.labels.size
    try:
        fixed = shape if size is None and channels is None else None
        reading = read_axes(found.pixels.shape, fixed, count)
        if found.pixels.dtype == bool:
            found.pixels = found.pixels.view(np.uint8)
        pixels, low, high, told = black_and_white(found.pixels, range)
        pixels, note = folded(pixels, reading)
        notes += [n for n in (note, told) if n]
        if channels is None and pixels.shape[3] == 4:
            channels = 4 if shape is not None and shape[2] == 4 else 3
        if channels is not None and channels != pixels.shape[3]:
            pixels, note = in_channels(pixels, channels, low, high)
            notes.append(note)
    except DataError as e:
        raise DataError(f"{found.where}: {e}") from e
    H, W = pixels.shape[1:3]
    if size is not None and not H == W == size:
        pixels = resized(pixels, size)
        notes.append(f"pictures of {H} x {W} scaled to {size} x {size}")
    _count_ten_as_zero(found, reading)
    y, names = _labels(found, len(pixels))
    try:
        images = Images(pixels, low, high, y, names, notes)
    except DataError as e:
        raise DataError(f"{found.where}: {e}") from e
    images.unlabelled = f"{found.where}: expected labels, found none"
    images.unlabelled += f": {found.missing}" if found.missing else ""
    return images


def _count_ten_as_zero(found: Found, reading: Reading) -> None:
    """SVHN has labels 1 to 10, and 10 is the digit 0. Its order of the axes is rare."""
    y = found.labels
    if (reading.order, reading.shape) != ("(H, W, C, N)", (32, 32, 3)) or y is None:
        return
    if y.dtype.kind in "iuf" and y.min() == 1 and y.max() == 10:
        found.labels = y % 10
        found.notes.append("SVHN's label 10 is the digit 0")


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
        found.missing = f"no labels are read from {found.labels_where}: {e}"
        found.notes.append(found.missing)
        return None, None
    if not found.called:
        if len(names) > max(10, N // 2):  # rather numbers of the pictures
            return None, None
        found.notes.append(f"{len(names)} labels from {found.labels_where}")
    found.notes.extend(notes)
    return y, names


def _other_shape(expected, found: tuple[int, int, int]) -> str:
    H, W, C = expected
    ways = []
    if found[:2] != (H, W) and H == W:
        ways.append(f"--size {H}")
    if found[2] != C and C in (1, 3, 4):
        ways.append(f"--channels {C}")
    hint = f"; {' '.join(ways)} makes them so" if ways else ""
    return f"expected images of shape {tuple(expected)}, found {found}{hint}"

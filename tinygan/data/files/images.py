"""Images from files: IDX, .npy, .npz, and folders in MNIST's layout.

No pickle is ever loaded, so a file holds data and never code. A malformed file raises a
DataError of one sentence (source.py).
"""

import zipfile
from pathlib import Path

import numpy as np

from ...errors import DataError
from ..images import Images, finite_range
from .arrays import NPY_MAGIC, ZIP_MAGIC, read_array
from .containers import open_files
from .idx import read_idx
from .photos import has_photos, read_photos
from .source import open_file, peek, system_errors


def load_images(
    path, shape: tuple[int, int, int] | None = None, *, size=None, channels=None
) -> Images:
    """The images of an IDX, .npy or .npz file, or of a folder in MNIST's layout.

    The folder holds train-images-idx3-ubyte, and train-labels-idx1-ubyte if there are
    labels. Either name may end in .gz.

    The array is (N, H, W) or (N, H, W, C). In bytes, black is 0 and white is 255. Other
    numbers must lie within [0, 1], [-1, 1] or [0, 255]; the first of these ranges that
    holds them all gives black and white.

    Raises DataError if there are no such images, or if they do not have the `shape`
    (H, W, C).
    """
    if Path(path).is_dir() or zipfile.is_zipfile(path):
        with open_files(Path(path)) as files:
            if has_photos(files):
                return read_photos(files, size, channels)
    path, labels_path = _find_images(Path(path))
    with open_file(path) as file:
        is_idx = not peek(file).startswith((NPY_MAGIC, ZIP_MAGIC))
    pixels = read_idx(path) if is_idx else read_array(path)
    labels = None if labels_path is None else read_idx(labels_path)
    try:
        _check_shape(pixels.shape, shape)
        return Images(pixels, *_black_and_white(pixels), labels)
    except DataError as e:
        raise DataError(f"{path}: {e}") from e


def _find_images(path: Path) -> tuple[Path, Path | None]:
    """The file of images, and the file of labels if `path` is a folder that has one."""
    with system_errors(path):
        if not path.is_dir():
            return path, None
        found = [
            [file for file in (path / name, path / f"{name}.gz") if file.is_file()]
            for name in ("train-images-idx3-ubyte", "train-labels-idx1-ubyte")
        ]
    images, labels = found
    if not images:
        raise DataError(
            f"{path}: expected a folder with train-images-idx3-ubyte or "
            f"train-images-idx3-ubyte.gz, found neither"
        )
    return images[0], labels[0] if labels else None


def _check_shape(found: tuple[int, ...], expected) -> None:
    """DataError unless `found` is (N, H, W[, C]) with (H, W, C) as `expected`."""
    if len(found) not in (3, 4):
        raise DataError(f"expected images (N, H, W) or (N, H, W, C), found {found}")
    H, W, C = (*found[1:], 1)[:3]
    hint = ""
    if H <= 4 < C:
        hint = "; if channels come first, x.transpose(0, 2, 3, 1) puts them last"
    if expected is not None and tuple(expected) != (H, W, C):
        raise DataError(
            f"expected images of shape {tuple(expected)}, found {(H, W, C)}{hint}"
        )
    if expected is None and C > 4:
        raise DataError(f"expected images of 1 to 4 channels, found {(H, W, C)}{hint}")


def _black_and_white(pixels: np.ndarray) -> tuple[float, float]:
    if pixels.dtype == np.uint8:
        return 0, 255
    least, most = finite_range(pixels)
    for low, high in ((0, 1), (-1, 1), (0, 255)):
        if low <= least and most <= high:
            return low, high
    raise DataError(
        f"expected pixels within [0, 1], [-1, 1] or [0, 255], "
        f"found {least:g} to {most:g}"
    )

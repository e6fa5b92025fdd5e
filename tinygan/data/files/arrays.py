"""Images from files: IDX (the format of MNIST), .npy and .npz.

No pickle is ever loaded, so a file holds data and never code. A malformed file raises a
DataError of one sentence (source.py).
"""

import ast
import math
import re
import reprlib
import struct
import zipfile
from pathlib import Path
from typing import BinaryIO

import numpy as np

from ...errors import DataError
from ..images import Images, finite_range
from .source import Source, open_file, open_member, peek, sound_archive, system_errors

MAX_BYTES = 4 << 30  # per array: no data set meant for this package is larger
MAX_AXES = 32

_IDX_TYPES = {8: "u1", 9: "i1", 11: ">i2", 12: ">i4", 13: ">f4", 14: ">f8"}
_NPY_MAGIC, _ZIP_MAGIC = b"\x93NUMPY", b"PK"
_NPY_TYPE = re.compile(r"[<>|=]?([iu][1248]|f[248])")
_MAX_NPY_HEADER = 10_000  # NumPy's own limit
_ARRAY_NAMES = ("images", "x", "x_train", "arr_0")
# The errors of ast.literal_eval for text that is not a literal.
_NO_LITERAL = (ValueError, TypeError, SyntaxError, MemoryError, RecursionError)
_NPZ = "a .npz archive"


def load_images(path, shape: tuple[int, int, int] | None = None) -> Images:
    """The images of an IDX, .npy or .npz file, or of a folder in MNIST's layout.

    The folder holds train-images-idx3-ubyte, and train-labels-idx1-ubyte if there are
    labels. Either name may end in .gz.

    The array is (N, H, W) or (N, H, W, C). In bytes, black is 0 and white is 255. Other
    numbers must lie within [0, 1], [-1, 1] or [0, 255]; the first of these ranges that
    holds them all gives black and white.

    Raises DataError if there are no such images, or if they do not have the `shape`
    (H, W, C).
    """
    path, labels_path = _find_images(Path(path))
    with open_file(path) as file:
        is_idx = not peek(file).startswith((_NPY_MAGIC, _ZIP_MAGIC))
    pixels = read_idx(path) if is_idx else read_array(path)
    labels = None if labels_path is None else read_idx(labels_path)
    try:
        _check_shape(pixels.shape, shape)
        return Images(pixels, *_black_and_white(pixels), labels)
    except DataError as e:
        raise DataError(f"{path}: {e}") from e


def read_idx(path) -> np.ndarray:
    """The array of an IDX file, plain or gzipped, whatever its name.

        0 0 type K | n_1 ... n_K | n_1 * ... * n_K values

    Type and K have one byte each, a size has four; sizes and values are big-endian. The
    array is in the machine's byte order. Source: Y. LeCun et al., The MNIST database.

    Raises DataError if the file cannot be read or does not have exactly this format, or
    if the array is empty or larger than MAX_BYTES.
    """
    with open_file(path) as file:
        source = Source.unzipped(file, path)
        magic = source.read(4, "IDX magic")
        if magic[:2] != b"\0\0" or magic[2] not in _IDX_TYPES:
            source.offset = 0
            raise source.error("an IDX magic 0000 type axes", f"bytes {magic.hex()}")
        sizes = source.read(4 * magic[3], "IDX sizes")
        return _values(
            source, _IDX_TYPES[magic[2]], struct.unpack(f">{magic[3]}I", sizes)
        )


def read_array(path) -> np.ndarray:
    """The array of a .npy or .npz file. Objects (pickles) are never loaded.

    A .npz file may hold several arrays: the first of images, x, x_train and arr_0 is
    read. A single array may have any name.

    Raises DataError if the file cannot be read or is damaged, if it holds something
    other than real numbers, or if the array is empty or larger than MAX_BYTES.
    """
    with open_file(path) as file:
        if peek(file).startswith(_ZIP_MAGIC):
            return _read_npz(file, path)
        return _read_npy(Source(file, path))


def _read_npy(source: Source) -> np.ndarray:
    """The array of: magic, version | header's size | header, a Python dict | values"""
    magic = source.read(8, ".npy magic and version")
    if magic[:6] != _NPY_MAGIC or magic[6] not in (1, 2, 3):
        source.offset = 0
        raise source.error("a .npy magic and version 1 to 3", f"bytes {magic.hex()}")
    size = source.read(2 if magic[6] == 1 else 4, ".npy header size")
    n = int.from_bytes(size, "little")
    if n > _MAX_NPY_HEADER:
        raise source.error(f"a .npy header of at most {_MAX_NPY_HEADER} bytes", f"{n}")
    text = source.read(n, ".npy header").decode("latin-1")
    try:
        header = dict(ast.literal_eval(text.strip()))
    except _NO_LITERAL as e:
        raise source.error("the values of a .npy header", reprlib.repr(text)) from e
    descr, shape, fortran = map(header.get, ("descr", "shape", "fortran_order"))
    if not (isinstance(descr, str) and _NPY_TYPE.fullmatch(descr)):
        raise source.error("real numbers", f"dtype {reprlib.repr(descr)}")
    return _values(source, descr, shape, "F" if fortran else "C")


def _values(source: Source, dtype, shape, order="C") -> np.ndarray:
    """The rest of the source as an array, C-ordered, in the machine's byte order."""
    dtype = np.dtype(dtype)
    if not (
        isinstance(shape, tuple)
        and len(shape) <= MAX_AXES
        and all(type(n) is int and n > 0 for n in shape)
        and math.prod(shape) * dtype.itemsize <= MAX_BYTES
    ):
        raise source.error(
            f"an array of 1 to {MAX_BYTES} bytes with at most {MAX_AXES} axes",
            f"shape {reprlib.repr(shape)} of {dtype}",
        )
    data = source.read(math.prod(shape) * dtype.itemsize, "values")
    source.expect_end()
    array = np.frombuffer(data, dtype).reshape(shape, order=order)
    return np.asarray(array, dtype=dtype.newbyteorder("="), order="C")


def _read_npz(file: BinaryIO, path) -> np.ndarray:
    with sound_archive(path, _NPZ):
        archive = zipfile.ZipFile(file)
    with open_member(archive, _choose_member(archive, path), path, _NPZ) as source:
        return _read_npy(source)


def _choose_member(archive: zipfile.ZipFile, path) -> zipfile.ZipInfo:
    members = {m.filename.removesuffix(".npy"): m for m in archive.infolist()}
    known = [name for name in _ARRAY_NAMES if name in members]
    if not known and len(members) != 1:
        raise DataError(
            f"{path}: expected an array named {', '.join(_ARRAY_NAMES)}, "
            f"or a single one, found {reprlib.repr(list(members))}"
        )
    name = known[0] if known else next(iter(members))
    return members[name]


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

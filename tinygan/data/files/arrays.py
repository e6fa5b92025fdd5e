"""Arrays from files: .npy and .npz.

No pickle is ever loaded, so a file holds data and never code. A malformed file raises a
DataError of one sentence (source.py).
"""

import ast
import math
import re
import reprlib
import zipfile
from typing import BinaryIO

import numpy as np

from ...errors import DataError
from .source import Source, open_file, open_member, peek, sound_archive

MAX_BYTES = 4 << 30  # per array: no data set meant for this package is larger
MAX_AXES = 32

NPY_MAGIC, ZIP_MAGIC = b"\x93NUMPY", b"PK"
_NPY_TYPE = re.compile(r"[<>|=]?([iu][1248]|f[248])")
_MAX_NPY_HEADER = 10_000  # NumPy's own limit
_ARRAY_NAMES = ("images", "x", "x_train", "arr_0")
# The errors of ast.literal_eval for text that is not a literal.
_NO_LITERAL = (ValueError, TypeError, SyntaxError, MemoryError, RecursionError)
_NPZ = "a .npz archive"


def read_array(path) -> np.ndarray:
    """The array of a .npy or .npz file. Objects (pickles) are never loaded.

    A .npz file may hold several arrays: the first of images, x, x_train and arr_0 is
    read. A single array may have any name.

    Raises DataError if the file cannot be read or is damaged, if it holds something
    other than real numbers, or if the array is empty or larger than MAX_BYTES.
    """
    with open_file(path) as file:
        if peek(file).startswith(ZIP_MAGIC):
            return _read_npz(file, path)
        return _read_npy(Source(file, path))


def _read_npy(source: Source) -> np.ndarray:
    """The array of: magic, version | header's size | header, a Python dict | values"""
    magic = source.read(8, ".npy magic and version")
    if magic[:6] != NPY_MAGIC or magic[6] not in (1, 2, 3):
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
    return values(source, descr, shape, "F" if fortran else "C")


def values(source: Source, dtype, shape, order="C") -> np.ndarray:
    """The rest of the source as an array, C-ordered, in the machine's byte order.

    Raises DataError for another number of bytes, for more than MAX_BYTES, and for none.
    """
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

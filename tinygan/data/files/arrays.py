"""Arrays from files: .npy, and .npz, which holds several.

No pickle is ever loaded, so a file holds data and never code. A malformed file raises a
DataError of one sentence (source.py).
"""

import ast
import functools
import math
import os
import re
import reprlib
import zipfile
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np

from ...errors import DataError
from .choice import chosen
from .kinds import kind_of, named
from .source import Source, open_file, open_member, peek, sound_archive

MAX_BYTES = 4 << 30  # per array: no data set meant for this package is larger
MAX_AXES = 32
MOST_ARRAYS = 1000  # in one archive or folder: more than a data set has

NPY_MAGIC, ZIP_MAGIC = b"\x93NUMPY", b"PK"
NUMBERS, TEXT = "biuf", "US"  # NumPy's letters for kinds of values
_NPY_TYPE = re.compile(r"[<>|=]?(b1|[iu][1248]|f[248]|[US]\d{1,6})")
_MAX_NPY_HEADER = 10_000  # NumPy's own limit
_SLAB = 1 << 24  # bytes of a column-major array that are laid in place at once
# The errors of ast.literal_eval for text that is not a literal.
_NO_LITERAL = (ValueError, TypeError, SyntaxError, MemoryError, RecursionError)
_NPZ = "a .npz archive"


@dataclass(frozen=True)
class Header:
    """What a .npy file says of its array: type, shape, whether it is column-major."""

    descr: object
    shape: object
    fortran: bool

    @property
    def kind(self) -> str:
        """NumPy's letter for the kind of the values, "O" for all that is not read."""
        known = isinstance(self.descr, str) and _NPY_TYPE.fullmatch(self.descr)
        return known[1][0] if known else "O"


def read_array(path, name: str | None = None) -> np.ndarray:
    """The array of a .npy or .npz file. Objects (pickles) are never loaded.

    A .npz file may hold several arrays. Then `name` says which; without it the choice
    must be plain: images, x, x_train, arr_0 and the like before others, an array of
    pictures before labels, the train set before the test set.

    Raises DataError if the file cannot be read or is damaged, if it holds something
    other than real numbers or truth values, if the choice is not plain, or if the array
    is empty or larger than MAX_BYTES.
    """
    with open_file(path) as file:
        if not peek(file).startswith(ZIP_MAGIC):
            return read_npy(Source(file, path, os.fstat(file.fileno()).st_size))
        arrays = npz_arrays(file, path)
        return arrays.read(chosen(arrays.shapes(), name, path).pictures)


def read_npy(source: Source, kinds: str = NUMBERS) -> np.ndarray:
    """The array of: magic, version | header's size | header, a Python dict | values

    Raises DataError if the source has another form, and unless the values are of one of
    the `kinds`, as "iu" for whole numbers.
    """
    header = read_header(source)
    if header.kind not in kinds:
        found = f"dtype {reprlib.repr(header.descr)}"
        objects = " (Python objects, a pickle, which can run code)"
        raise source.error("real numbers", found + objects * ("O" in found))
    order = "F" if header.fortran else "C"
    return values(source, header.descr, header.shape, order)


def read_header(source: Source) -> Header:
    """The header of a .npy file. Raises DataError if there is none."""
    magic = source.read(8, ".npy magic and version")
    if magic[:6] != NPY_MAGIC or magic[6] not in (1, 2, 3):
        source.offset = 0
        found = named(kind_of(magic), magic) if magic[:6] != NPY_MAGIC else ""
        found = found or f"bytes {magic.hex()}"
        raise source.error("a .npy magic and version 1 to 3", found)
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
    return Header(descr, shape, bool(fortran))


def values(source: Source, dtype, shape, order="C", ends=True) -> np.ndarray:
    """The next bytes of the source as an array, C-ordered, in the machine's byte order.

    Raises DataError for too few bytes, for more than MAX_BYTES, and for none; and for
    bytes behind the array, unless it is not there that the source `ends`.
    """
    dtype = np.dtype(dtype)
    if not (
        isinstance(shape, tuple)
        and len(shape) <= MAX_AXES
        and all(type(n) is int and n > 0 for n in shape)
        and 0 < math.prod(shape) * dtype.itemsize <= MAX_BYTES
    ):
        raise source.error(
            f"an array of 1 to {MAX_BYTES} bytes with at most {MAX_AXES} axes",
            f"shape {reprlib.repr(shape)} of {dtype}",
        )
    n = math.prod(shape) * dtype.itemsize
    if order == "F" and len(shape) > 1 and source.holds(n):
        array = np.empty(shape, dtype)
        _fill(source, array.T)
    else:
        data = source.read(n, "values")
        array = np.frombuffer(data, dtype).reshape(shape, order=order)
    if ends:
        source.expect_end()
    if not dtype.isnative:  # in place: there may be no room for two
        array = array.byteswap(inplace=True).view(dtype.newbyteorder("="))
    return np.ascontiguousarray(array).reshape(shape)


def _fill(source: Source, view: np.ndarray) -> None:
    """Read `view` in the order of its axes, in slabs: its memory has another order."""
    if view.ndim > 1 and view[0].nbytes > _SLAB:
        for part in view:
            _fill(source, part)
        return
    step = max(1, _SLAB // view[0].nbytes)
    for k in range(0, len(view), step):
        part = view[k : k + step]
        data = source.read(part.nbytes, "values")
        part[...] = np.frombuffer(data, view.dtype).reshape(part.shape)


class Arrays:
    """Arrays by name, none of them read yet: {name: a function that opens its Source}.

    The Source is closed at the end of a `with` statement.
    """

    def __init__(self, sources: dict):
        self.sources = sources

    def shapes(self) -> dict[str, tuple[str, tuple]]:
        """{name: (kind of the values, shape)}. An array that cannot be read has the
        kind "O" and no axes.
        """
        found = {}
        for name, opened in self.sources.items():
            try:
                with opened() as source:
                    header = read_header(source)
            except DataError:
                header = Header(None, (), False)
            shape = header.shape if isinstance(header.shape, tuple) else ()
            found[name] = header.kind, shape
        return found

    def read(self, name: str, kinds: str = NUMBERS) -> np.ndarray:
        """The array of this name. Raises DataError if it cannot be read."""
        with self.sources[name]() as source:
            return read_npy(source, kinds)


def is_npz(file: BinaryIO, path) -> bool:
    """Whether an open zip archive holds arrays and nothing else. Raises DataError if it
    is no archive.
    """
    names = list(_members(file, path)[1])
    return bool(names) and all(name.endswith(".npy") for name in names)


def npz_arrays(file: BinaryIO, path) -> Arrays:
    """The arrays of an open .npz archive. Their names have no folders and no .npy.

    Raises DataError if the file is no archive, or holds more than MOST_ARRAYS.
    """
    archive, members = _members(file, path)
    if len(members) > MOST_ARRAYS:
        raise DataError(
            f"{path}: expected at most {MOST_ARRAYS} arrays, found {len(members)}"
        )
    members = {name.removesuffix(".npy"): member for name, member in members.items()}
    short = {name.rpartition("/")[2]: member for name, member in members.items()}
    return Arrays(
        {
            name: functools.partial(open_member, archive, member, path, _NPZ)
            for name, member in (
                short if len(short) == len(members) else members
            ).items()
        }
    )


def _members(file: BinaryIO, path) -> tuple[zipfile.ZipFile, dict]:
    """The archive and its members by name, less what a Mac adds."""
    with sound_archive(path, _NPZ):
        archive = zipfile.ZipFile(file)
    names = {member.filename: member for member in archive.infolist()}
    junk = re.compile(r"__MACOSX/|(.*/)?\._|.*/$", re.DOTALL)
    return archive, {n: m for n, m in names.items() if not junk.match(n)}

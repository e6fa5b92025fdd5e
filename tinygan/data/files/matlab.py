"""MATLAB files of version 5 to 7.2, in which SVHN is published.

A file is a row of elements: type, number of bytes, bytes. An array is an element of
elements: flags, sizes, name, values. An array may be deflated. Numbers and truth values
are read; structs, cells and text are left alone. SciPy reads these files, too, but a
damaged one can crash it. Source: The MathWorks, MAT-File Format, Level 5.
"""

import contextlib
import struct
import zlib
from collections.abc import Iterator
from typing import BinaryIO

import numpy as np

from ...errors import DataError
from .arrays import MOST_ARRAYS, NUMBERS, values
from .source import Source

_HEADER = 128
_MATRIX, _DEFLATED = 14, 15
_TYPES = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8"}
_TYPES |= {12: "i8", 13: "u8"}
_CLASSES = dict(zip(range(6, 16), "ffiuiuiuiu", strict=True))  # kinds of numbers
_COMPLEX, _LOGICAL = 8, 2  # flags
_MOST_NAME = 4096
_MOST_SIZES = 4 * 32  # bytes


class MatlabArrays:
    """The arrays of an open MATLAB file of `size` bytes, with the methods of `Arrays`.

    Raises DataError if the file is damaged.
    """

    def __init__(self, file: BinaryIO, path, size: int):
        self.file, self.path, self.size = file, path, size
        source = self._source(0)
        head = source.read(_HEADER, "MATLAB header")
        self.order = {b"IM": "<", b"MI": ">"}.get(bytes(head[-2:]), "")
        if not self.order:
            source.offset = _HEADER - 2
            raise source.error("the byte order, IM or MI", repr(bytes(head[-2:])))
        self.places: dict[str, tuple] = {}  # {name: (offset, kind, shape)}
        at = _HEADER
        while at < self.size and len(self.places) < MOST_ARRAYS:
            kind, n, _ = self._tag(self._source(at))
            if kind in (_MATRIX, _DEFLATED):
                with self._array(at) as (_, name, *found):
                    self.places[name] = (at, *found)
            at += 8 + n

    def shapes(self) -> dict[str, tuple[str, tuple]]:
        """{name: (kind of the values, shape)}; the kind "O" is not read."""
        return {name: place[1:] for name, place in self.places.items()}

    def read(self, name: str, kinds: str = NUMBERS) -> np.ndarray:
        """The array of this name. Raises DataError if it cannot be read, or if its
        values are of none of the `kinds`.
        """
        at, kind, shape = self.places[name]
        if kind not in kinds:
            raise DataError(f"{self.path}: {name}: expected real numbers, found others")
        with self._array(at) as (source, *_):
            source.name = f"{source.name}: {name}"
            stored, n, data = self._tag(source)
            dtype = np.dtype(self.order + _TYPES.get(stored, "V1"))
            if dtype.kind == "V":
                raise source.error("numbers", f"type {stored}")
            if data is not None:
                source = Source(_Rest(data), source.name)
            array = values(source, dtype, shape, "F", ends=False)
            if array.nbytes != n:
                raise source.error(f"{array.nbytes} bytes of values", f"{n}")
            if data is None and isinstance(source.stream, _Inflated):
                source.read(-n % 8, "padding")
                source.expect_end()  # where the checksum is
            return array.astype(bool) if kind == "b" else array

    @contextlib.contextmanager
    def _array(self, at: int) -> Iterator[tuple]:
        """(source, name, kind, shape) of the array at this offset. The source is before
        the values.
        """
        source = self._source(at)
        kind, n, _ = self._tag(source)
        if kind == _DEFLATED:
            source = Source(_Inflated(self.file, n), f"{self.path} (inflated at {at})")
            kind, n, _ = self._tag(source)
            if kind != _MATRIX:
                raise source.error("an array", f"type {kind}")
        flags = self._part(source, 8, "flags")
        if len(flags) != 8:
            raise source.error("8 bytes of flags", f"{len(flags)}")
        (word,) = struct.unpack_from(f"{self.order}I", flags)
        sizes = self._part(source, _MOST_SIZES, "sizes")
        count = len(sizes) // 4
        shape = struct.unpack_from(f"{self.order}{count}i", sizes)
        name = self._part(source, _MOST_NAME, "name").decode("latin-1")
        values = _CLASSES.get(word & 0xFF, "O")
        if values != "O" and word >> 8 & (_COMPLEX | _LOGICAL):
            values = "O" if word >> 8 & _COMPLEX else "b"
        yield source, name, values, shape

    def _source(self, at: int) -> Source:
        self.file.seek(at)
        source = Source(self.file, self.path, self.size)
        source.offset = at
        return source

    def _tag(self, source: Source) -> tuple[int, int, bytes | None]:
        """(type, number of bytes, bytes): a few bytes may lie within the tag itself."""
        tag = source.read(8, "a MATLAB tag")
        kind, n = struct.unpack(f"{self.order}II", tag)
        if not kind >> 16:
            return kind, n, None
        n = kind >> 16
        if n > 4:
            raise source.error("at most 4 bytes in a short element", f"{n}")
        return kind & 0xFFFF, n, bytes(tag[4 : 4 + n])

    def _part(self, source: Source, most: int, what: str) -> bytes:
        """The bytes of a small element. The next begins at a multiple of 8."""
        _, n, data = self._tag(source)
        if data is not None:
            return data
        if n > most:
            raise source.error(f"at most {most} bytes of {what}", f"{n}")
        return bytes(source.read(n + -n % 8, what)[:n])


class _Rest:
    """Bytes as a stream."""

    def __init__(self, data: bytes):
        self.data = data

    def read(self, n: int) -> bytes:
        data, self.data = self.data[:n], self.data[n:]
        return data


class _Inflated:
    """The stream that unpacks from the next n bytes of a file. It raises `zlib.error`
    where they are damaged, and EOFError where they end early.
    """

    def __init__(self, file: BinaryIO, n: int):
        self.file, self.left, self.unpacker = file, n, zlib.decompressobj()

    def read(self, n: int) -> bytes:
        while not self.unpacker.eof:
            packed = self.unpacker.unconsumed_tail
            if not packed:
                packed = self.file.read(min(self.left, 1 << 16))
                self.left -= len(packed)
                if not packed:
                    raise EOFError("the deflated bytes end early")
            data = self.unpacker.decompress(packed, n)
            if data:
                return data
        return b""

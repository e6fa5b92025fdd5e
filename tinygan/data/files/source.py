"""A source of bytes for readers that trust no file.

A file may be truncated, damaged, or made to harm: a few bytes can promise gigabytes, or
unpack to them. So a `Source` reads in chunks, as far as the header promises and not
beyond, and takes no more memory than the file really holds. Every fault becomes a
DataError: one sentence with the path, what was expected, what was found, and where.
"""

import contextlib
import gzip
import os
import reprlib
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from textwrap import shorten
from typing import BinaryIO

from ...errors import DataError

_CHUNK = 1 << 20
_NO_ARCHIVE = (zipfile.BadZipFile, ValueError, NotImplementedError, RuntimeError)
# What streams of packed bytes raise.
DAMAGED = (EOFError, zlib.error, gzip.BadGzipFile, zipfile.BadZipFile)


class UnreadableError(DataError):
    """One file among many that is not read: `expected`, and what was `found` instead.

    The reader of a folder skips the file and tells it.
    """

    def __init__(self, expected: str, found: str):
        super().__init__(f"expected {expected}, found {found}")
        self.expected, self.found = expected, found


@contextlib.contextmanager
def system_errors(path) -> Iterator[None]:
    """Within this context an OSError becomes a DataError."""
    try:
        yield
    except OSError as e:
        raise DataError(f"{path}: expected a readable file ({e.strerror or e})") from e


@contextlib.contextmanager
def open_file(path) -> Iterator[BinaryIO]:
    """The file, open for reading bytes. Raises DataError if it cannot be opened."""
    with system_errors(path):
        if not Path(path).is_file():
            found = "a folder" if Path(path).is_dir() else "none"
            raise DataError(f"{path}: expected a file, found {found}")
        with open(path, "rb") as file:
            yield file


def peek(file: BinaryIO) -> bytes:
    """The first six bytes of a file, which tell its format. The file is rewound."""
    start = file.read(6)
    file.seek(0)
    return start


class Source:
    """A stream of bytes: a read gives exactly what was asked for, or a DataError.

    Errors begin with `name` and give `offset`, the place in the (unpacked) stream. The
    `size` is the number of bytes, if the stream is a plain file.
    """

    def __init__(self, stream: BinaryIO, name, size: int | None = None):
        self.stream, self.name, self.offset = stream, name, 0
        self._size = size

    def holds(self, n: int) -> bool:
        """Whether n more bytes are there for certain: the size was given."""
        return self._size is not None and self.offset + n <= self._size

    @classmethod
    def unzipped(cls, file: BinaryIO, path):
        """The file, unpacked if it begins like a gzip file."""
        if peek(file).startswith(b"\x1f\x8b"):
            return cls(gzip.GzipFile(fileobj=file), f"{path} (unpacked)")
        return cls(file, path)

    def read(self, n: int, what: str) -> bytearray:
        """The next n bytes. Memory grows with the bytes that are there, not with n."""
        data = bytearray()
        wanted = f"{n} bytes of {what}"
        while len(data) < n:
            chunk = self._chunk(min(n - len(data), _CHUNK), wanted)
            if not chunk:
                raise self.error(wanted, f"only {len(data)}")
            data += chunk
        self.offset += n
        return data

    def rest(self, n: int) -> bytes:
        """Up to n further bytes, to tell what the source is. No error is raised."""
        try:
            return self.stream.read(n)
        except (*DAMAGED, OSError):
            return b""

    def expect_end(self) -> None:
        """Raises DataError if there are more bytes."""
        if self._chunk(1, "the end"):
            raise self.error("the end", "more bytes")

    def error(self, expected: str, found: str) -> DataError:
        """A DataError that says what was expected and found at the present offset."""
        return DataError(
            f"{self.name}: expected {expected} at offset {self.offset}, found {found}"
        )

    def _chunk(self, n: int, wanted: str) -> bytes:
        try:
            return self.stream.read(n)
        except DAMAGED as e:
            why = shorten(str(e), 100)
            raise self.error(wanted, f"damaged data ({why})") from e


@contextlib.contextmanager
def sound_archive(path, expected: str) -> Iterator[None]:
    """Within this context an error of `zipfile` becomes a DataError: `expected` was
    expected, damage was found.
    """
    try:
        yield
    except _NO_ARCHIVE as e:
        why = shorten(str(e), 100)
        raise DataError(f"{path}: expected {expected}, found damage ({why})") from e


@contextlib.contextmanager
def open_member(archive: zipfile.ZipFile, member, path, expected: str):
    """A member of an archive as a Source. DataError if it cannot be opened."""
    where = f"{path}: {reprlib.repr(member.filename)}"
    if member.flag_bits & 1:
        raise DataError(f"{where}: expected a readable member, found it encrypted")
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise DataError(
            f"{where}: expected a member stored or deflated, "
            f"found compression method {member.compress_type}"
        )
    with sound_archive(path, expected):
        stream = archive.open(member)
    with stream:
        yield Source(stream, where)


@contextlib.contextmanager
def without_stderr() -> Iterator[None]:
    """Within this context libraries in C, which print damage, print into nothing."""
    with contextlib.ExitStack() as stack:
        with contextlib.suppress(OSError):  # there may be no stderr
            kept = os.dup(2)
            stack.callback(os.close, kept)
            nothing = os.open(os.devnull, os.O_WRONLY)
            stack.callback(os.close, nothing)
            os.dup2(nothing, 2)
            stack.callback(os.dup2, kept, 2)
        yield

"""The files of a folder, or of a zip archive, read by name.

Nothing is ever unpacked to the disk, and no more is read than the caller allows.
"""

import contextlib
import os
import reprlib
import zipfile
from collections.abc import Iterator
from pathlib import Path
from textwrap import shorten

from ..errors import DataError
from .source import Source, open_file, system_errors

_NO_ARCHIVE = (zipfile.BadZipFile, ValueError, NotImplementedError, RuntimeError)


class Folder:
    """The files of a folder."""

    def __init__(self, path: Path):
        self.path = path

    def has(self, name: str) -> bool:
        """Whether there is such a file."""
        with system_errors(self.path):
            return (self.path / name).is_file()

    def read(self, name: str, most: int) -> bytes:
        """The bytes of a file; DataError if there are more than `most`."""
        with open_file(self.path / name) as file:
            return _whole(file, self.path / name, os.fstat(file.fileno()).st_size, most)


class Archive:
    """The members of a zip archive."""

    def __init__(self, path: Path, archive: zipfile.ZipFile):
        self.path, self.archive = path, archive
        self.members = {member.filename: member for member in archive.infolist()}

    def has(self, name: str) -> bool:
        """Whether there is such a member."""
        return name in self.members

    def read(self, name: str, most: int) -> bytes:
        """The bytes of a member; DataError if there are more than `most`."""
        where = f"{self.path}: {reprlib.repr(name)}"
        member = self.members.get(name)
        if member is None:
            raise DataError(f"{where}: expected a member of the archive, found none")
        if member.flag_bits & 1:
            raise DataError(f"{where}: expected a readable member, found it encrypted")
        if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise DataError(
                f"{where}: expected a member stored or deflated, "
                f"found compression method {member.compress_type}"
            )
        with _sound_archive(self.path):
            stream = self.archive.open(member)
        with stream:
            return _whole(stream, where, member.file_size, most)


@contextlib.contextmanager
def open_files(path: Path) -> Iterator[Folder | Archive]:
    """What is in a folder or in a zip archive. DataError if it is neither."""
    with system_errors(path):
        is_folder = path.is_dir()
    if is_folder:
        yield Folder(path)
        return
    with open_file(path) as file:
        with _sound_archive(path):
            archive = zipfile.ZipFile(file)
        yield Archive(path, archive)


@contextlib.contextmanager
def _sound_archive(path) -> Iterator[None]:
    try:
        yield
    except _NO_ARCHIVE as e:
        why = shorten(str(e), 100)
        raise DataError(
            f"{path}: expected a folder or a zip archive, found damage ({why})"
        ) from e


def _whole(stream, name, size: int, most: int) -> bytes:
    if size > most:
        raise DataError(f"{name}: expected at most {most} bytes, found {size}")
    source = Source(stream, name)
    data = source.read(size, "content")
    source.expect_end()
    return bytes(data)

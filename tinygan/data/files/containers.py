"""The files of a folder, or of a zip archive, read by name.

Nothing is unpacked to the disk, and no more is read than the caller allows.
"""

import contextlib
import os
import reprlib
import zipfile
from collections.abc import Iterator
from pathlib import Path

from ...errors import DataError
from .source import Source, open_file, open_member, sound_archive, system_errors

_EXPECTED = "a folder or a zip archive"


class Folder:
    """The files of a folder."""

    def __init__(self, path: Path):
        self.path = path

    def names(self) -> list[str]:
        """All files below the folder, sorted: relative, with / between folders."""
        found = []
        with system_errors(self.path):
            for where, folders, files in os.walk(self.path):
                folders.sort()
                below = Path(where).relative_to(self.path)
                found += [(below / name).as_posix() for name in files]
        return sorted(found)

    def has(self, name: str) -> bool:
        """Whether there is such a file."""
        with system_errors(self.path):
            return (self.path / name).is_file()

    def read(self, name: str, most: int) -> bytes:
        """The bytes of a file; DataError if there are more than `most`."""
        with open_file(self.path / name) as file:
            size = os.fstat(file.fileno()).st_size
            return _whole(Source(file, self.path / name), size, most)


class Archive:
    """The members of a zip archive."""

    def __init__(self, path: Path, archive: zipfile.ZipFile):
        self.path, self.archive = path, archive
        self.members = {member.filename: member for member in archive.infolist()}

    def names(self) -> list[str]:
        """All files of the archive, sorted."""
        return sorted(name for name in self.members if not name.endswith("/"))

    def has(self, name: str) -> bool:
        """Whether there is such a member."""
        return name in self.members

    def read(self, name: str, most: int) -> bytes:
        """The bytes of a member; DataError if there are more than `most`."""
        member = self.members.get(name)
        if member is None:
            where = f"{self.path}: {reprlib.repr(name)}"
            raise DataError(f"{where}: expected a member of the archive, found none")
        with open_member(self.archive, member, self.path, _EXPECTED) as source:
            return _whole(source, member.file_size, most)


@contextlib.contextmanager
def open_files(path: Path) -> Iterator[Folder | Archive]:
    """The files of the folder or zip archive at `path`. DataError if it is neither."""
    with system_errors(path):
        is_folder = path.is_dir()
    if is_folder:
        yield Folder(path)
        return
    with open_file(path) as file:
        with sound_archive(path, _EXPECTED):
            archive = zipfile.ZipFile(file)
        yield Archive(path, archive)


def _whole(source: Source, size: int, most: int) -> bytes:
    if size > most:
        raise DataError(f"{source.name}: expected at most {most} bytes, found {size}")
    data = source.read(size, "content")
    source.expect_end()
    return bytes(data)

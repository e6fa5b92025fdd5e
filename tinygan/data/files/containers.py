"""The files of a folder, or of a zip archive, read by name.

Nothing is unpacked to the disk, no more is read than the caller allows, and no link is
followed out of the folder. Files that a system leaves behind (.DS_Store, Thumbs.db,
__MACOSX) and hidden files are not listed.
"""

import contextlib
import os
import reprlib
import stat
import zipfile
from collections.abc import Iterator
from pathlib import Path

from ...errors import DataError
from .source import Source, open_file, open_member, sound_archive, system_errors

MOST_FILES = 2_000_000  # in a folder; a user hardly means more

_EXPECTED = "a folder or a zip archive"
_LEFT_BEHIND = {"__macosx", "thumbs.db", "ehthumbs.db", "desktop.ini", "icon\r"}
_LEFT_BEHIND |= {"@eadir", "$recycle.bin", "lost+found"}


class Folder:
    """The files of a folder. `left_out` has pairs (name, why), once they are listed."""

    def __init__(self, path: Path):
        self.path = path
        self.left_out: list[tuple[str, str]] = []
        self._names: list[str] | None = None

    def names(self) -> list[str]:
        """All files below the folder, sorted: relative, with / between folders.

        Links to folders are not followed. Raises DataError if the folder itself cannot
        be listed; a folder within it is then left out.
        """
        if self._names is None:
            with system_errors(self.path):
                self._names = self._list()
        return list(self._names)

    def _list(self) -> list[str]:
        found, todo = [], [""]
        while todo:
            where = todo.pop()
            try:
                with os.scandir(os.path.join(self.path, where)) as entries:
                    for entry in entries:
                        if not is_junk(entry.name):
                            self._sort(entry, f"{where}{entry.name}", found, todo)
            except OSError as e:
                if not where:
                    raise
                self.left_out.append((where[:-1], e.strerror or "not readable"))
            if len(found) > MOST_FILES:
                raise DataError(
                    f"{self.path}: expected a folder of at most {MOST_FILES} files, "
                    f"found more"
                )
        return sorted(found)

    def _sort(self, entry, name: str, found: list[str], todo: list[str]) -> None:
        """Put an entry of a folder where it belongs: a file, a folder, or left out."""
        try:
            is_link = entry.is_symlink()
            why = self._refused(name) if is_link else ""
            if why:
                pass
            elif entry.is_file():
                found.append(name)
            elif not entry.is_dir():
                why = "a link to nothing" if is_link else "neither a file nor a folder"
            elif is_link:
                why = "a link to a folder"
            else:
                todo.append(f"{name}/")
        except OSError as e:  # a link to itself
            why = e.strerror or "not readable"
        if why:
            self.left_out.append((name, why))

    def _refused(self, name: str) -> str:
        """Why a file is not opened: a link leads out of the folder. Empty if none."""
        at = str(self.path)
        for part in name.split("/"):
            at = os.path.join(at, part)
            if os.path.islink(at):
                root = os.path.realpath(self.path)
                real = os.path.realpath(os.path.join(root, name))
                inside = Path(real).is_relative_to(root)
                return "" if inside else "a link that leads out of the folder"
        return ""

    def has(self, name: str) -> bool:
        """Whether there is such a file."""
        with system_errors(self.path):
            return (self.path / name).is_file()

    def start(self, name: str, n: int) -> bytes:
        """The first n bytes of a file, or all if it has fewer. Raises DataError if it
        cannot be read.
        """
        with self._open(name) as file, system_errors(self.path / name):
            return file.read(n)

    def read(self, name: str, most: int) -> bytes:
        """The bytes of a file. Raises DataError if there are more than `most`, or if a
        link leads out of the folder.
        """
        with self._open(name) as file:
            size = os.fstat(file.fileno()).st_size
            return _whole(Source(file, self.path / name), size, most)

    def _open(self, name: str):
        with system_errors(self.path / name):
            refused = self._refused(name)
        if refused:
            raise DataError(
                f"{self.path / name}: expected a file of the folder, found {refused}"
            )
        return open_file(self.path / name)


class Archive:
    """The members of a zip archive. `left_out` has pairs (name, why)."""

    def __init__(self, path: Path, archive: zipfile.ZipFile):
        self.path, self.archive = path, archive
        self.left_out: list[tuple[str, str]] = []
        self.members = {}
        for member in archive.infolist():
            name = _tidied(member.filename)
            if stat.S_ISLNK(member.external_attr >> 16):
                self.left_out.append((name, "a link"))
            else:
                self.members[name] = member

    def names(self) -> list[str]:
        """All files of the archive, sorted."""
        names = (name for name in self.members if not name.endswith("/"))
        return sorted(name for name in names if not is_junk(name))

    def has(self, name: str) -> bool:
        """Whether there is such a member."""
        return name in self.members

    def start(self, name: str, n: int) -> bytes:
        """The first n bytes of a member, or all if it has fewer. Raises DataError if it
        cannot be read.
        """
        member = self._member(name)
        with open_member(self.archive, member, self.path, _EXPECTED) as source:
            return bytes(source.read(min(n, member.file_size), "content"))

    def read(self, name: str, most: int) -> bytes:
        """The bytes of a member. Raises DataError if there are more than `most`."""
        member = self._member(name)
        with open_member(self.archive, member, self.path, _EXPECTED) as source:
            return _whole(source, member.file_size, most)

    def _member(self, name: str) -> zipfile.ZipInfo:
        member = self.members.get(name)
        if member is None:
            where = f"{self.path}: {reprlib.repr(name)}"
            raise DataError(f"{where}: expected a member of the archive, found none")
        return member


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


def is_junk(name: str) -> bool:
    """Whether a file is hidden, or a system has left it behind: .DS_Store, ._photo.jpg,
    Thumbs.db, anything in __MACOSX.
    """
    parts = name.split("/")
    return any(p.startswith(".") or p.lower() in _LEFT_BEHIND for p in parts)


def _tidied(name: str) -> str:
    """A member's name with / between folders, as some programs do not write it."""
    name = name.replace("\\", "/")
    while name.startswith("./"):
        name = name[2:]
    return name


def _whole(source: Source, size: int, most: int) -> bytes:
    if size > most:
        raise DataError(f"{source.name}: expected at most {most} bytes, found {size}")
    data = source.read(size, "content")
    source.expect_end()
    return bytes(data)

"""Which files of a folder are pictures or sounds, and which classes they have.

    photos/0001.jpg  photos/2024/0002.jpg     pictures without classes
    pets/cat/1.jpg   pets/dog/2.png           one folder per class, as in ImageFolder
    set/train/cat/1.jpg   set/val/cat/2.jpg   the same, of which train/ is read

A single folder at the top, as in many zip archives, is stepped into.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from ...errors import DataError
from ..examples import MOST_CLASSES
from . import kinds
from .formats import ENDINGS, START, format_of

_TRAIN = ("train", "training", "train_images")
_OTHERS = {"val", "valid", "validation", "dev", "test", "testing", "eval"}
_OTHERS |= {"val_images", "test_images"}
_SHOWN = 3  # names in a note
# What lies beside pictures, often one for each: these files are not looked into.
TEXTS = (".txt", ".csv", ".tsv", ".json", ".jsonl", ".xml", ".yaml", ".yml", ".md")


@dataclass
class Album:
    """The names of the pictures, sorted, and the class of each, or none at all.

    `others` are the files that are no pictures. `notes` say how the folders were read.
    The `noun` is "picture" or "sound", and `by` says where the classes come from.
    `unclassed` says why what looks like classes is not taken as such.
    """

    names: list[str]
    folders: list[str] | None  # the class folder of each picture
    others: list[str]
    notes: list[str]
    noun: str = "picture"
    by: str = "by folder"
    unclassed: str = ""

    def labels(self, good: list[int]):
        """(labels, names of the classes) of the files at the indices `good`, which were
        read; (None, None) if they have fewer than two classes. A note tells them.
        """
        if self.folders is None:
            return None, None
        folders = [self.folders[n] for n in good]
        names, labels, counts = np.unique(
            folders, return_inverse=True, return_counts=True
        )
        if len(names) < 2:
            return None, None
        shown = [f"{quoted(n, 24)} ({k})" for n, k in zip(names, counts, strict=True)]
        self.notes.append(f"{len(names)} classes {self.by}: {listed(shown, 10)}")
        if empty := sorted(set(self.folders) - set(names.tolist())):
            none = f"no {self.noun} of {listed(empty)} can be read: no class"
            self.notes.append(none)
        return labels.reshape(-1), [quoted(name, 255) for name in names.tolist()]

    def left_out(self, files, skipped: list[tuple[str, str]]) -> Iterator[str]:
        """Sentences about the files that are not read. `skipped` has pairs (name, what
        was found in place of a picture).
        """
        reasons: dict[str, list[tuple[str, str]]] = {}
        for name, found in skipped:
            reasons.setdefault(found.partition(" (")[0], []).append((name, found))
        for reason, rows in reasons.items():
            why = rows[0][1] if len({found for _, found in rows}) == 1 else reason
            yield f"{listed([name for name, _ in rows])} skipped: {why}"
        if self.others:
            number = plural(len(self.others), "other file")
            yield f"{number} left out: {listed(self.others)}"
        causes: dict[str, list[str]] = {}
        for name, why in sorted(files.left_out):
            causes.setdefault(why, []).append(name)
        for why, names in causes.items():
            yield f"{listed(names)} left out: {why}"

    def unread(self, files, skipped: list[tuple[str, str]]) -> DataError:
        """The error for a folder most of whose pictures cannot be read."""
        (name, found), n = skipped[0], len(skipped)
        number = "it" if len(self.names) == 1 else f"{n} of {len(self.names)}"
        return DataError(
            f"{files.path}: expected {self.noun}s, but {number} cannot be read: "
            f"{listed([name])} is {found}"
        )


def is_picture(files, name: str) -> bool:
    """Whether a file is a picture, by its name or by its first bytes, even if it is of
    a format that is not read.
    """
    if name.lower().endswith(ENDINGS):
        return True
    if name.lower().endswith(TEXTS):
        return False
    try:
        start = files.start(name, kinds.START)
    except ValueError:  # a DataError: it cannot be opened
        return False
    if format_of(start[:START], name) is not None:
        return True
    return "picture" in (kinds.kind_of(start, name) or "")


def has_photos(files) -> bool:
    """Whether there is a picture among the files of a `Folder` or an `Archive`."""
    names = files.names()
    if any(name.lower().endswith(ENDINGS) for name in names):
        return True
    return any(is_picture(files, name) for name in names)


def album_of(
    files, is_one: Callable[..., bool] = is_picture, noun: str = "picture"
) -> Album:
    """The pictures of a `Folder` or an `Archive`, with their classes; or the files of
    another kind: `is_one(files, name)` tells them, and the sentences call them `noun`.

    Raises DataError if there are none.
    """
    names, others = [], []
    for name in files.names():
        (names if is_one(files, name) else others).append(name)
    if not names:
        found = f"{listed(others)}" if others else "an empty folder"
        raise DataError(f"{files.path}: expected {noun}s, found {found}")
    album = Album(names, None, others, [], noun)
    prefix = _top(album)
    album.folders = _classes(prefix, album)
    return album


def _top(album: Album) -> str:
    """Step into a single folder, and into train/ if val/ or test/ is beside it."""
    prefix = ""
    while True:
        tops = {name[len(prefix) :].partition("/")[0] for name in album.names}
        if len(tops) != 1 and not (train := _train(tops)):
            return prefix
        if len(tops) == 1:
            (train,) = tops
            if f"{prefix}{train}" in album.names:  # a single picture
                return prefix
        before = len(album.names)
        inside = f"{prefix}{train}/"
        album.names = [name for name in album.names if name.startswith(inside)]
        n = len(album.names)
        if before > n:
            rest = ", ".join(sorted(f"{t}/" for t in tops - {train})[:_SHOWN])
            album.notes.append(
                f"{train}/ is read: {plural(n, album.noun)}; "
                f"{before - n} in {rest} are left out"
            )
        prefix = f"{prefix}{train}/"


def _train(tops: set[str]) -> str | None:
    """The folder of training pictures among a folder's entries, if one is plain."""
    lower = {top.lower(): top for top in sorted(tops)}
    if not lower.keys() & _OTHERS:
        return None
    return next((lower[name] for name in _TRAIN if name in lower), None)


def _classes(prefix: str, album: Album) -> list[str] | None:
    """The class folder of each picture; None without classes."""
    below = [name[len(prefix) :].partition("/") for name in album.names]
    folders = {top for top, slash, _ in below if slash}
    loose = sum(not slash for _, slash, _ in below)
    if loose and folders:
        beside = f"{plural(loose, album.noun)} {'lies' if loose == 1 else 'lie'}"
        album.unclassed = (
            f"{beside} beside {plural(len(folders), 'folder')} with "
            f"{len(below) - loose}: all are read, without classes"
        )
    elif len(folders) > MOST_CLASSES:
        album.unclassed = (
            f"{len(folders)} folders are more than {MOST_CLASSES} classes, so they "
            f"are not taken as classes"
        )
    elif len(folders) > 1 and {folder.lower() for folder in folders} <= _OTHERS:
        album.unclassed = f"{' and '.join(sorted(folders))} are not taken as classes"
    if album.unclassed:
        album.notes.append(album.unclassed)
    if album.unclassed or len(folders) < 2:
        return None
    return [top for top, _, _ in below]


def plural(n: int, noun: str) -> str:
    """1 picture, 2 pictures."""
    return f"{n} {noun}{'' if n == 1 else 's'}"


def listed(names: list[str], most: int = _SHOWN) -> str:
    """The first names, safe to print, and how many more there are."""
    shown = ", ".join(quoted(name) for name in names[:most])
    more = len(names) - most
    return f"{shown} and {more} more" if more > 0 else shown


def quoted(name: str, most: int = 60) -> str:
    """A file's name for a sentence: one line, no control characters, not too long."""
    name = name if len(name) <= most else f"...{name[3 - most :]}"
    return name if name.isprintable() and name.strip() == name else ascii(name)


def printable(text: str) -> str:
    """A text in which spaces take the place of what a terminal should not see."""
    return "".join(c if c.isprintable() else " " for c in text)

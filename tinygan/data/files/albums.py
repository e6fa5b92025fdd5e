"""Which files of a folder are pictures, and which classes they have.

    photos/0001.jpg  photos/2024/0002.jpg     pictures without classes
    pets/cat/1.jpg   pets/dog/2.png           one folder per class, as in ImageFolder
    set/train/cat/1.jpg   set/val/cat/2.jpg   the same, of which train/ is read

A single folder at the top, as in many zip archives, is stepped into.
"""

from dataclasses import dataclass

from ..examples import MOST_CLASSES
from . import kinds
from .formats import ENDINGS, START, format_of

_TRAIN = ("train", "training", "train_images")
_OTHERS = {"val", "valid", "validation", "dev", "test", "testing", "eval"}
_OTHERS |= {"val_images", "test_images"}
_SHOWN = 3  # names in a note
# What lies beside pictures, often one for each: these files are not looked into.
_TEXTS = (".txt", ".csv", ".tsv", ".json", ".jsonl", ".xml", ".yaml", ".yml", ".md")


@dataclass
class Album:
    """The names of the pictures, sorted, and the class of each, or none at all.

    `others` are the files that are no pictures. `notes` say how the folders were read.
    """

    names: list[str]
    folders: list[str] | None  # the class folder of each picture
    others: list[str]
    notes: list[str]


def is_picture(files, name: str) -> bool:
    """Whether a file is a picture, by its name or by its first bytes, even if it is of
    a format that is not read.
    """
    if name.lower().endswith(ENDINGS):
        return True
    if name.lower().endswith(_TEXTS):
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


def album_of(files) -> Album:
    """The pictures of a `Folder` or an `Archive`, with their classes."""
    names, others = [], []
    for name in files.names():
        (names if is_picture(files, name) else others).append(name)
    notes: list[str] = []
    prefix, names = _top("", names, notes)
    return Album(names, _classes(prefix, names, notes), others, notes)


def _top(prefix: str, names: list[str], notes: list[str]) -> tuple[str, list[str]]:
    """Step into a single folder, and into train/ if val/ or test/ is beside it."""
    while True:
        tops = {name[len(prefix) :].partition("/")[0] for name in names}
        if len(tops) != 1 and not (train := _train(tops)):
            return prefix, names
        if len(tops) == 1:
            (train,) = tops
            if f"{prefix}{train}" in names:  # a single picture
                return prefix, names
        left = len(names)
        names = [name for name in names if name.startswith(f"{prefix}{train}/")]
        if left > len(names):
            rest = ", ".join(sorted(f"{t}/" for t in tops - {train})[:_SHOWN])
            notes.append(
                f"{train}/ is read: {plural(len(names), 'picture')}; "
                f"{left - len(names)} in {rest} are left out"
            )
        prefix = f"{prefix}{train}/"


def _train(tops: set[str]) -> str | None:
    """The folder of training pictures among a folder's entries, if one is plain."""
    lower = {top.lower(): top for top in sorted(tops)}
    if not lower.keys() & _OTHERS:
        return None
    return next((lower[name] for name in _TRAIN if name in lower), None)


def _classes(prefix: str, names: list[str], notes: list[str]) -> list[str] | None:
    """The class folder of each picture; None without classes."""
    below = [name[len(prefix) :].partition("/") for name in names]
    folders = {top for top, slash, _ in below if slash}
    loose = sum(not slash for _, slash, _ in below)
    if loose and folders:
        beside = "1 picture lies" if loose == 1 else f"{loose} pictures lie"
        notes.append(
            f"{beside} beside {plural(len(folders), 'folder')} with "
            f"{len(names) - loose}: all are read, without classes"
        )
    if loose or len(folders) < 2:
        return None
    if len(folders) > MOST_CLASSES:
        notes.append(
            f"{len(folders)} folders are more than {MOST_CLASSES} classes, so they "
            f"are not taken as classes"
        )
        return None
    if {folder.lower() for folder in folders} <= _OTHERS:
        notes.append(f"{' and '.join(sorted(folders))} are not taken as classes")
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

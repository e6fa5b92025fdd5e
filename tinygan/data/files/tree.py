"""The files of a folder or an archive, found by the names that tables give them.

A table says img.jpg, and the file is Images/IMG.JPG. Or the table was written on
another system, where an accent is a character of its own. There is no doubt in either
case.
"""

import re
import unicodedata

from ...errors import DataError
from .formats import ENDINGS

NO_PICTURES = (".csv", ".tsv", ".txt", ".token", ".json", ".jsonl", ".caption")


class Tree:
    """The files of a folder or an archive, found by the names that tables use."""

    def __init__(self, files):
        self.files = files
        names = files.names()
        self.names = set(names)
        self._folded: dict[str, list[str]] = {}  # by the last part, in either form
        self._stems: dict[str, list[str]] = {}  # pictures, without their ending
        for name in names:
            last = _fold(name).rpartition("/")[2]
            self._folded.setdefault(last, []).append(name)
            stem, ending = stem_and_ending(last)
            if ending in ENDINGS:
                self._stems.setdefault(stem, []).append(name)
        self.pictures = sum(map(len, self._stems.values()))
        self._whole = {_fold(name): name for name in names}
        around = _common(map(_folders, names))
        self.root, self.depth = "".join(f"{part}/" for part in around), len(around)

    def find(self, name: str, base: str = "") -> str | None:
        """The file that a table in the folder `base` calls `name`, or None.

        The name is tried as it is, then in any case and in either form of accents, then
        below any folder, then without Flickr's #0, then with any ending, then without
        folders that are not there. Raises DataError if it fits several files.
        """
        if len(name) > 1000 or not name.strip("./"):
            return None
        plain = "/".join(part for part in name.split("/") if part != ".")
        unnumbered = without_number(plain)
        for wanted in dict.fromkeys([plain, unnumbered]):
            if f"{base}{wanted}" in self.names:
                return f"{base}{wanted}"
            found = self._nearest(self._folded, _fold(wanted), base)
            if found is not None:
                return found
        found = self._nearest(self._stems, _fold(unnumbered), base)
        while found is None and "/" in unnumbered:
            unnumbered = unnumbered.partition("/")[2]
            whole = self._whole.get(_fold(f"{base}{unnumbered}"))
            found = whole or self._whole.get(_fold(f"{self.root}{unnumbered}"))
        return found

    def _nearest(self, index: dict, wanted: str, base: str) -> str | None:
        """The file of the index that ends like the wanted one, or None. If there are
        several, it is the nearest to the folder `base`.
        """
        fits = []
        for name in index.get(wanted.rpartition("/")[2], ()):
            folded = _fold(name)
            if index is self._stems:
                folded = folded[: folded.rindex(".")]
            if f"/{folded}".endswith(f"/{wanted}"):
                near = len(_common([_folders(name), _folders(base)]))
                fits.append((-near, name.count("/"), name))
        fits.sort()
        if len(fits) > 1 and fits[0][:2] == fits[1][:2]:
            raise DataError(
                f"expected one file {quoted(wanted)}, found "
                f"{quoted(fits[0][2])} and {quoted(fits[1][2])}"
            )
        return fits[0][2] if fits else None

    def has_picture(self, name: str, base: str = "") -> bool:
        """Whether `find` finds a picture of that name."""
        try:
            found = self.find(name, base)
        except DataError:  # there are several
            return True
        return found is not None and stem_and_ending(found)[1] not in NO_PICTURES

    def picture_of(self, text: str) -> str | None:
        """The picture of a text beside it, or None: it has the same name, and its
        folders agree with the text's as far up as possible.
        """
        stem, _ = stem_and_ending(_fold(text))
        folders = [_fold(part) for part in reversed(_folders(text))]
        scored = []
        for name in self._stems.get(stem, ()):
            other = [_fold(part) for part in reversed(_folders(name))]
            same = len(_common([folders, other]))
            scored.append((_folders(name) == _folders(text), same, name))
        scored.sort()
        if len(scored) > 1 and scored[-1][:2] == scored[-2][:2]:
            return None
        return scored[-1][2] if scored else None


def without_number(name: str) -> str:
    """a.jpg of Flickr's a.jpg#0."""
    return re.sub(r"#\d+$", "", name)


def same_name(first: str, second: str) -> bool:
    """Whether two lines of a table mean the same file."""
    a, b = (_fold(without_number(name)).removeprefix("./") for name in (first, second))
    return a == b


def shown(name: str) -> str:
    """A file's name for a sentence: as it is, or shortened and escaped if it is odd."""
    return name if name.isprintable() and len(name) <= 80 else quoted(name)


def quoted(name: str) -> str:
    """A name in quotes for a sentence, escaped, and shortened in the middle."""
    return repr(name if len(name) <= 80 else f"{name[:50]}...{name[-25:]}")


def stem_and_ending(name: str) -> tuple[str, str]:
    """("img.1", ".png") of img.1.PNG; the ending is in lower case."""
    last = name.rpartition("/")[2]
    stem, dot, ending = last.rpartition(".")
    return (stem, f".{ending.lower()}") if dot and stem else (last, "")


def _fold(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()


def _folders(name: str) -> tuple[str, ...]:
    return tuple(name.split("/")[:-1])


def _common(paths) -> list[str]:
    """The parts that all paths have at their start."""
    same: list[str] = []
    for parts in zip(*paths, strict=False):
        if len(set(parts)) > 1:
            break
        same.append(parts[0])
    return same

"""Which column of a table names the picture, and which one tells of it.

Published tables call the two image and caption, file_name and text, filename and
description. If a table does not name its columns, their content tells them apart.
"""

import re
import reprlib
from collections import Counter
from collections.abc import Callable
from typing import NamedTuple

from ...errors import DataError

# Names of the two columns, the likelier ones first, as `key` writes them.
FILES = ("file", "filename", "filepath", "image", "imagename", "imagefile", "imagepath")
FILES += ("imagefilename", "img", "imgname", "imgfile", "imgpath", "imgfilename")
FILES += ("path", "picture", "pic", "photo", "images", "imageid", "imgid", "name")
CAPTIONS = ("caption", "captions", "text", "description", "sentence", "comment")
CAPTIONS += ("captiontext", "imagecaption", "sentences", "descriptions", "texts")
CAPTIONS += ("comments", "prompt", "raw", "alttext", "alt", "title", "annotation")
CAPTIONS += ("label",)

_NUMBERED = re.compile(r"(caption|text|description|sentence|comment|prompt)\d+")
_INDEX = re.compile(r"(unnamed)?\d*|index|id|no|nr|row|number|#")
_PICTURE = re.compile(r".*\.(png|jpe?g|webp|gif|bmp|tiff?)(#\d+)?", re.IGNORECASE)
MOST_COLUMNS = 100
_SAMPLE = 200  # lines that show what a column holds


class Row(NamedTuple):
    """One line of a table: captions of a picture."""

    name: str  # of the picture, as it is written
    captions: list[str]
    facts: dict[str, str]  # the other columns
    at: str  # the place, for messages


class Rows(NamedTuple):
    """The rows of a table, a sentence about each line that is no row, and notes. The
    names of the pictures are relative to the folder `base`.
    """

    good: list[Row]
    bad: list[str]
    notes: list[str]
    base: str = ""


class Columns(NamedTuple):
    """The number of a table's columns, and which of them are what."""

    width: int
    file: int
    captions: list[int]
    others: dict[str, int]
    notes: list[str]


def looks_like_picture(field: str) -> bool:
    """Whether a text ends like a picture's name."""
    return bool(_PICTURE.fullmatch(field))


def key(name: str) -> str:
    """The name of a column as it is compared: File_Name is filename."""
    return re.sub(r"[\s_.:-]", "", name).casefold()


def named_file(names: list[str]) -> list[int]:
    """The columns whose names say that they name pictures, the likeliest first."""
    keys = [key(name) for name in names]
    return [keys.index(known) for known in FILES if known in keys]


def named_captions(names: list[str]) -> list[int]:
    """The column whose name says that it is a caption, or the columns caption1,
    caption2, ...
    """
    keys = [key(name) for name in names]
    for known in CAPTIONS:
        if known in keys:
            return [keys.index(known)]
    return [k for k, name in enumerate(keys) if _NUMBERED.fullmatch(name)]


def is_named(fields: list[str]) -> bool:
    """Whether a line holds the name of a column of pictures and one of captions."""
    return bool(named_file(fields) and named_captions(fields))


def choose_columns(lines, where: str, names_picture: Callable[[str], bool]):
    """(columns, body): which columns are what, and the lines under the names.

    lines: pairs of a number and the fields

    The first line holds the columns' names if they are known ones, or if it names no
    picture. Raises DataError if the file and the caption cannot be told.
    """
    number, first = lines[0]
    at = f"{where}, line {number}"
    if len(first) > MOST_COLUMNS:
        raise DataError(
            f"{at}: expected at most {MOST_COLUMNS} columns, found {len(first)}"
        )
    is_header = is_named(first) or not any(map(names_picture, first))
    body = lines[1:] if is_header else lines
    if is_header:
        names = first
        lower = [name.lower() for name in names if name]
        if len(set(lower)) < len(lower):
            raise DataError(
                f"{at}: expected different names of columns, found {_listed(names)}"
            )
        if not body and is_named(names):
            raise DataError(f"{where}: expected lines under the names, found none")
    else:
        widths = Counter(len(fields) for _, fields in lines[:_SAMPLE])
        names = [""] * widths.most_common(1)[0][0]
    chosen = body and _chosen(names, [f for _, f in body], is_header, names_picture)
    if not chosen:
        raise DataError(
            f"{at}: expected names of columns, file and caption among them, "
            f"found {_listed(first)}"
        )
    return chosen, body


def _chosen(names, body, is_header: bool, names_picture) -> Columns | None:
    """The columns, or None if it is not plain which are the file and the caption."""
    width, notes = len(names), []
    cells = [
        [fields[k] for fields in body if len(fields) >= width] for k in range(width)
    ]
    left = []
    for k in range(width):
        if not any(cells[k]) and not key(names[k]):
            continue  # each line ends in a separator
        if _is_index(names[k], cells[k], is_header):
            shown = reprlib.repr(names[k]) if names[k] else "without a name"
            notes.append(f"the column {shown} only counts the lines and is left out")
            continue
        left.append(k)
    file = _file_column(names, cells, left, names_picture)
    captions = [k for k in named_captions(names) if k in left and k != file]
    others = [k for k in left if k != file]
    if not captions and len(others) > 1:
        others = [k for k in others if _has_sentences(cells[k])]
    if not captions and len(others) == 1 and not _has_numbers(cells[others[0]]):
        captions = others
    if file is None or not captions:
        return None
    facts = {
        names[k] or f"column {k + 1}": k for k in left if k not in (file, *captions)
    }
    shown = [names[k] for k in (file, *captions)]
    if is_header and [name.lower() for name in shown] != ["file", "caption"]:
        pictures, texts = (
            reprlib.repr(shown[0]),
            ", ".join(map(reprlib.repr, shown[1:])),
        )
        has = "has" if len(captions) == 1 else "have"
        notes.append(
            f"the column {pictures} names the pictures, and {texts} {has} the captions"
        )
    return Columns(width, file, captions, facts, notes)


def _file_column(names, cells, left, names_picture) -> int | None:
    """The column of a known name that holds pictures, or the one that holds most."""
    counts = {k: sum(map(names_picture, cells[k][:_SAMPLE])) for k in left}
    known = [k for k in named_file(names) if k in left]
    for k in known:
        if counts[k]:
            return k
    best = max(left, key=lambda k: counts[k], default=None)
    if best is not None and 2 * counts[best] >= len(cells[best][:_SAMPLE]) > 0:
        return best
    return known[0] if known else None


def _is_index(name: str, cells: list[str], is_header: bool) -> bool:
    """Whether a column counts the lines: it has no name, as pandas writes it, or a name
    like index, and whole numbers one after the other.
    """
    if not cells or not _INDEX.fullmatch(key(name)):
        return False
    if not all(cell.isdecimal() and len(cell) < 10 for cell in cells):
        return False
    nameless = (is_header and not name.strip("0123456789")) or "unnamed" in key(name)
    start = int(cells[0])
    steps = all(int(cell) == start + k for k, cell in enumerate(cells))
    return (steps and len(cells) > 1) or nameless


def _has_numbers(cells: list[str]) -> bool:
    """Whether most cells have numbers alone: a class, or a box around something."""
    letters = [any(map(str.isalpha, cell)) for cell in cells[:_SAMPLE]]
    digits = [any(map(str.isdigit, cell)) for cell in cells[:_SAMPLE]]
    numbers = sum(d and not a for a, d in zip(letters, digits, strict=True))
    return 2 * numbers > len(letters)


def _has_sentences(cells: list[str]) -> bool:
    """Whether most cells have several words."""
    several = sum(len(cell.split()) > 1 for cell in cells[:_SAMPLE])
    return 2 * several > len(cells[:_SAMPLE])


def _listed(names: list[str]) -> str:
    return reprlib.repr(names)

"""A user's own captioned images: a folder or a zip archive of images with a table.

    captions.csv:   file,caption,colour
                    img/0001.png,a small red house,red

The table names the images, and no other file is looked at. Nothing is unpacked to the
disk, and nothing larger than the limits below is read. Every fault becomes a DataError:
one sentence with the path, the line, and what was expected.
"""

import csv
import io
import reprlib
import warnings
from collections.abc import Iterator
from pathlib import Path, PurePosixPath, PureWindowsPath
from textwrap import shorten

import numpy as np
from PIL import Image

from ...errors import DataError
from ..captioned import Captioned
from ..images import Images
from ..words import Vocabulary, split_words
from .containers import open_files
from .pictures import decoded

MOST_IMAGES = 200_000
MOST_TABLE_BYTES = 64 << 20
MOST_IMAGE_BYTES = 32 << 20  # per file
MOST_BYTES = 4 << 30  # for all pixels together
MOST_WORDS = 256  # per caption

_TABLES = {"captions.csv": ",", "captions.tsv": "\t"}


def load_captioned(
    path,
    size: int | None = None,
    vocabulary: Vocabulary | None = None,
    least: int = 1,
) -> Captioned:
    """The captioned images of a folder or a zip archive.

    A table captions.csv or captions.tsv lies at its top, in UTF-8, quoted as the csv
    module does. The first line names the columns, `file` and `caption` among them; all
    others become attributes. A table of two columns needs no such line: they are file
    and caption. A file's name is relative to the table, with / between folders.

    Images are PNG, JPEG, WebP, GIF (its first picture) or BMP of 8 bits per channel.
    They become RGB, and transparency is blended over white. They must have one size,
    unless `size` is given: it scales the square in the middle of each to size x size.

    Without a `vocabulary` the captions give one, less the words that occur fewer than
    `least` times.

    Raises DataError if there are no such images, and ValueError unless the size is from
    1 to 4096.
    """
    path = Path(path)
    if size is not None and not 1 <= size <= 4096:
        raise ValueError(f"load_captioned expects a size from 1 to 4096, got {size}")
    with open_files(path) as files:
        rows, names = _read_table(files)
        pixels = _read_images(files, rows, size)
    captions = [row[1] for row in rows]
    vocabulary = vocabulary or Vocabulary.of(captions, least)
    attributes = {}
    for k, name in enumerate(names, start=2):
        values, indices = np.unique([row[k] for row in rows], return_inverse=True)
        attributes[name] = tuple(values.tolist()), indices
    try:
        return Captioned(Images(pixels, 0, 255), captions, vocabulary, attributes)
    except DataError as e:
        raise DataError(f"{path}: {e}") from e


def _read_table(files) -> tuple[list[list[str]], list[str]]:
    """(rows, names): each row [file, caption, *attributes, its place in the table], and
    the names of the attributes.
    """
    table = _table_of(files)
    where = f"{files.path}: {table}"
    try:
        text = files.read(table, MOST_TABLE_BYTES).decode("utf-8-sig")
    except UnicodeDecodeError as e:
        raise DataError(
            f"{where}: expected UTF-8 at offset {e.start}, "
            f"found byte {e.object[e.start]:02x}"
        ) from e
    lines = list(_lines(text, _TABLES[table], where))
    if not lines:
        raise DataError(
            f"{where}: expected lines with a file and a caption, found none"
        )
    order, names = _columns(lines[0][1], f"{where}, line {lines[0][0]}")
    header = names is not None
    rows, seen = [], {}
    for line, fields in lines[header:]:
        at = f"{where}, line {line}"
        if len(fields) != len(order):
            raise DataError(f"{at}: expected {len(order)} fields, found {len(fields)}")
        row = [fields[k].strip() for k in order]
        _check_name(row[0], at)
        if row[0] in seen:
            raise DataError(
                f"{at}: expected each file once, found {reprlib.repr(row[0])} "
                f"also in line {seen[row[0]]}"
            )
        seen[row[0]] = line
        words = len(split_words(row[1]))
        if not 1 <= words <= MOST_WORDS:
            raise DataError(
                f"{at}: expected a caption of 1 to {MOST_WORDS} words, found {words}"
            )
        rows.append([*row, f"{at}"])
        if len(rows) > MOST_IMAGES:
            raise DataError(f"{at}: expected at most {MOST_IMAGES} images, found more")
    if not rows:
        raise DataError(f"{where}: expected lines under the names, found none")
    return rows, names or []


def _table_of(files) -> str:
    found = [name for name in _TABLES if files.has(name)]
    if len(found) != 1:
        raise DataError(
            f"{files.path}: expected captions.csv or captions.tsv at its top, "
            f"found {'both' if found else 'neither'}"
        )
    return found[0]


def _lines(text: str, delimiter: str, where: str) -> Iterator[tuple[int, list[str]]]:
    """(number, fields) of every line that is not empty. A row with quoted line ends has
    the number of its last line.
    """
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        for fields in reader:
            if any(field.strip() for field in fields):
                yield reader.line_num, fields
    except csv.Error as e:
        raise DataError(
            f"{where}, line {reader.line_num}: expected fields, quoted or without "
            f"quotes, found damage ({shorten(str(e), 100)})"
        ) from e


def _columns(first: list[str], at: str) -> tuple[list[int], list[str] | None]:
    """(order, names): which fields are file, caption and attributes, and the names of
    the attributes. `names` is None if the first line holds no names.
    """
    names = [name.strip() for name in first]
    lower = [name.lower() for name in names]
    if not {"file", "caption"} <= set(lower):
        if len(names) == 2:
            return [0, 1], None
        raise DataError(
            f"{at}: expected names of columns, file and caption among them, "
            f"found {reprlib.repr(names)}"
        )
    if len(set(lower)) < len(lower) or "" in lower:
        raise DataError(
            f"{at}: expected different names of columns, found {reprlib.repr(names)}"
        )
    order = [lower.index("file"), lower.index("caption")]
    others = [k for k in range(len(names)) if k not in order]
    return order + others, [names[k] for k in others]


def _check_name(name: str, at: str) -> None:
    """Raise DataError for a name that leaves the folder or the archive."""
    inside = (
        name
        and not PurePosixPath(name).is_absolute()
        and not PureWindowsPath(name).drive
        and not {"..", ""} & set(name.split("/"))
        and "\\" not in name
        and "\0" not in name
    )
    if not inside:
        raise DataError(
            f"{at}: expected a file below the table, with / between folders, "
            f"found {reprlib.repr(name)}"
        )


def _read_images(files, rows, size: int | None) -> np.ndarray:
    """The pixels of all rows: (N, H, W, 3)."""
    pixels = None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # an odd image that Pillow can read
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        for n, (name, *_, at) in enumerate(rows):
            try:
                data = files.read(name, MOST_IMAGE_BYTES)
                image = decoded(data, size, reprlib.repr(name))
            except DataError as e:
                raise DataError(f"{at}: {e}") from e
            if pixels is None:
                if len(rows) * image.size > MOST_BYTES:
                    raise DataError(
                        f"{files.path}: expected pixels of at most {MOST_BYTES} bytes, "
                        f"found {len(rows)} images of {image.shape}"
                    )
                pixels = np.empty((len(rows), *image.shape), np.uint8)
            if image.shape != pixels.shape[1:]:
                H, W, _ = pixels.shape[1:]
                raise DataError(
                    f"{at}: expected an image of {H} x {W} as the first, found "
                    f"{image.shape[0]} x {image.shape[1]} (pass a size to scale them)"
                )
            pixels[n] = image
    return pixels

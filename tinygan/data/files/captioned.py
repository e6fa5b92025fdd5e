"""A user's own captioned images: a folder or a zip archive of images with captions.

    captions.csv:   file,caption,colour
                    img/0001.png,a small red house,red

layouts.py finds the captions, in a table or in texts beside the pictures. No other file
is looked at. Nothing is unpacked to the disk, and nothing larger than the limits below
is read. Every fault becomes a DataError: one sentence with the path, the line, and what
was expected.
"""

import contextlib
import reprlib
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ...errors import DataError, InputError
from ..captioned import Captioned
from ..images import Images
from ..words import Vocabulary, split_words
from .columns import Rows
from .containers import Folder, open_files
from .layouts import TABLES, find_rows
from .pictures import decoded
from .tree import Tree, quoted, same_name, stem_and_ending

MOST_IMAGES = 200_000
MOST_CAPTIONS = 2_000_000
MOST_IMAGE_BYTES = 32 << 20  # per file
MOST_BYTES = 4 << 30  # for all pixels together
MOST_WORDS = 256  # per caption
MOST_LEFT_OUT = 0.1  # of the pictures or lines; more is rather the wrong folder
LEAST_UNIQUE = 20  # pictures: a column that differs for each of them is no attribute


class _Told(NamedTuple):
    """A picture and what is told about it."""

    file: str
    name: str  # as it is written in the table
    captions: list[str]
    facts: list[dict[str, str]]  # of each line about it
    at: str  # the first of these lines


def load_captioned(
    path,
    size: int | None = None,
    vocabulary: Vocabulary | None = None,
    least: int = 1,
    channels: int | None = None,
) -> Captioned:
    """The captioned images of a folder or a zip archive, or of the table at `path`.

    A table captions.csv names the pictures, and has a caption in each line. A picture
    with several lines has several captions. Its columns are `file` and `caption`, or
    have other usual names; all further ones become attributes. COCO's and Hugging
    Face's tables are read too, and texts beside the pictures (layouts.py). Images.notes
    says what was decided and what was left out.

    The images must have one size, unless `size` is given: it scales the square in the
    middle of each to size x size. They become RGB over white; 1 of the `channels` means
    grey, and 4 keep the transparency.

    Without a `vocabulary` the captions give one, less the words that occur fewer than
    `least` times.

    Raises DataError if there are no such images, and ValueError unless the size is from
    1 to 4096 and the channels are 1, 3 or 4.
    """
    path = Path(path)
    if size is not None and not 1 <= size <= 4096:
        raise ValueError(f"load_captioned expects a size from 1 to 4096, got {size}")
    if channels not in (None, 1, 3, 4):
        raise ValueError(f"load_captioned expects 1, 3 or 4 channels, got {channels}")
    with _opened(path) as (files, table):
        tree = Tree(files)
        rows = find_rows(files, tree, table)
        told = _gathered(tree, rows, path)
        pixels, told = _read_images(files, told, size, channels or 3, rows.notes)
    captions = [picture.captions for picture in told]
    if any(len(several) > 1 for several in captions):
        n = sum(map(len, captions))
        have = "picture has" if len(told) == 1 else "pictures have"
        rows.notes.append(
            f"{len(told):,} {have} {n:,} captions; training draws one of a picture's "
            f"at random"
        )
    try:
        if vocabulary is None:
            vocabulary = Vocabulary.of(
                [c for several in captions for c in several], least
            )
        attributes = _attributes(told, rows.notes)
        notes = [note.replace(f"{files.path}: ", "") for note in rows.notes]
        images = Images(pixels, 0, 255, notes=notes)
        return Captioned(images, captions, vocabulary, attributes)
    except InputError as e:
        raise DataError(f"{path}: {e}") from e


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[tuple]:
    """(files, table): the files of a folder or an archive. If `path` is a table, they
    are those of its folder, or of the folder around it if the pictures are there.
    """
    if stem_and_ending(path.name)[1] not in TABLES or not path.is_file():
        with open_files(path) as files:
            yield files, None
        return
    folder = path.parent
    if not Tree(Folder(folder)).pictures and folder.resolve() != Path.cwd():
        folder = folder.parent
    yield Folder(folder), path.relative_to(folder).as_posix()


def _gathered(tree: Tree, rows: Rows, path: Path) -> list[_Told]:
    """The rows by picture, in the order of their first lines.

    Lines without a caption, and pictures that are not there, are left out and noted.
    Raises DataError if there are many of them.
    """
    told: dict[str, _Told] = {}
    missing: dict[str, str] = {}
    bad, n = list(rows.bad), len(rows.bad)
    for row in rows.good:
        n += max(1, len(row.captions))
        captions = [c for c in row.captions if _is_caption(c, row.at, bad)]
        if not row.captions:
            _is_caption("", row.at, bad)
        try:
            file = tree.find(row.name, rows.base)
        except DataError as e:
            raise DataError(f"{row.at}: {e}") from e
        known = told.get(file)
        if file is None or (known and not same_name(known.name, row.name)):
            missing.setdefault(row.name, row.at)
        elif captions:
            picture = told.setdefault(file, _Told(file, row.name, [], [], row.at))
            picture.captions.extend(captions)
            picture.facts.append(row.facts)
        if len(told) > MOST_IMAGES or n > MOST_CAPTIONS:
            most = f"{MOST_IMAGES} images and {MOST_CAPTIONS} captions"
            raise DataError(f"{row.at}: expected at most {most}, found more")
    _leave_out("lines", bad, n, rows.notes)
    why = dict(tree.files.left_out)
    absent = [
        f"{at}: expected the file {quoted(name)}, "
        f"found {why.get(rows.base + name, 'none')}"
        for name, at in missing.items()
    ]
    _leave_out("pictures", absent, len(told) + len(absent), rows.notes)
    if not told:
        raise DataError(f"{path}: expected pictures with captions, found none")
    return list(told.values())


def _is_caption(caption: str, at: str, bad: list[str]) -> bool:
    """Whether a caption has words, and not too many. If not, it is among the bad."""
    words = len(split_words(caption))
    if not 1 <= words <= MOST_WORDS:
        hint = "" if words or not caption else f" in {reprlib.repr(caption)}"
        bad.append(
            f"{at}: expected a caption of 1 to {MOST_WORDS} words of letters or "
            f"digits, found {words}{hint}"
        )
    return 1 <= words <= MOST_WORDS


def _leave_out(what: str, faults: list[str], n: int, notes: list[str]) -> None:
    """Note that a few of n lines or pictures are left out.

    Raises DataError, the first of the faults, if they are many.
    """
    if not faults:
        return
    of_all = f"{len(faults):,} of {n:,} {what}"
    if len(faults) > MOST_LEFT_OUT * n:
        more = f" (so it is with {of_all})" if len(faults) > 1 else ""
        raise DataError(f"{faults[0]}{more}")
    first = "; ".join(faults[:3])
    verb = "is" if len(faults) == 1 else "are"
    notes.append(f"{of_all} {verb} left out: {first}{'; ...' * (len(faults) > 3)}")


def _read_images(
    files, told: list[_Told], size: int | None, channels: int, notes: list[str]
) -> tuple[np.ndarray, list[_Told]]:
    """(pixels, told): the pixels (N, H, W, C) of the pictures that can be read, and
    these pictures.
    """
    pixels, read, faults = None, [], []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # an odd image that Pillow can read
        for picture in told:
            try:
                data = files.read(picture.file, MOST_IMAGE_BYTES)
                image = decoded(data, size, quoted(picture.file), channels)
            except DataError as e:
                faults.append(f"{picture.at}: {e}")
                if len(faults) > MOST_LEFT_OUT * len(told):
                    raise DataError(faults[0]) from e
                continue
            if pixels is None:
                pixels = _space(files, len(told), image)
            if image.shape != pixels.shape[1:]:
                raise DataError(f"{picture.at}: {_other_size(image, pixels)}")
            pixels[len(read)] = image
            read.append(picture)
    _leave_out("pictures", faults, len(told), notes)
    return pixels[: len(read)], read


def _space(files, N: int, image: np.ndarray) -> np.ndarray:
    if N * image.size > MOST_BYTES:
        raise DataError(
            f"{files.path}: expected pixels of at most {MOST_BYTES} bytes, "
            f"found {N} images of {image.shape}"
        )
    return np.empty((N, *image.shape), np.uint8)


def _other_size(image: np.ndarray, pixels: np.ndarray) -> str:
    (h, w, _), (H, W, _) = image.shape, pixels.shape[1:]
    size = max(16, min(128, 1 << min(h, w, H, W).bit_length() - 1))
    return (
        f"expected an image of {H} x {W} as the first, found {h} x {w} "
        f"(--size {size} scales the middle square of each to {size} x {size})"
    )


def _attributes(told: list[_Told], notes: list[str]) -> dict:
    """{name: (values, indices)} of the facts that the pictures share. A column that
    differs between the lines of a picture, or for each picture, is left out and noted.
    """
    attributes = {}
    for name in dict.fromkeys(name for picture in told for name in picture.facts[0]):
        columns = [{facts.get(name, "") for facts in told_of.facts} for told_of in told]
        if any(len(facts) > 1 for facts in columns):
            why = "differs between the captions of a picture"
        else:
            column = [facts.pop() for facts in columns]
            values, indices = np.unique(column, return_inverse=True)
            if len(values) < max(len(told), LEAST_UNIQUE):
                attributes[name] = tuple(values.tolist()), indices
                continue
            why = "differs for each picture"
        notes.append(f"the column {reprlib.repr(name)} {why} and is left out")
    return attributes

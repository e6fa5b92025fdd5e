"""Pixels as they lie in a file, with what goes with them."""

import contextlib
import functools
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from textwrap import shorten
from typing import BinaryIO

import numpy as np

from ...errors import DataError
from .arrays import NUMBERS, TEXT, Arrays
from .choice import chosen
from .containers import Archive, Folder
from .idx import idx_name, idx_values, labels_name
from .source import DAMAGED, Source, open_file, open_member


@dataclass
class Found:
    """Pixels of any shape as they lie in a file `where`, and what goes with them.

    The labels (in the file `labels_where`) are `called` so, or they only have a fitting
    shape. If they cannot be read, it is an error if `is_strict`, and else only a note.
    If there are none, `missing` says what would be read. `names` are the classes' names
    by label. `notes` are for the user.
    """

    pixels: np.ndarray
    where: str
    labels: np.ndarray | None = None
    labels_where: str = ""
    called: bool = True
    is_strict: bool = False
    names: dict[int, str] | None = None
    missing: str = ""
    notes: list[str] = field(default_factory=list)


@contextlib.contextmanager
def opened(files: Folder | Archive, name: str) -> Iterator[tuple[BinaryIO, str, int]]:
    """(file, where, size) of a file in a folder or an archive; `where` is for errors,
    and `size` is the number of bytes that it should have. Raises DataError if it cannot
    be opened, or if a damaged member is read.
    """
    if isinstance(files, Folder):
        with open_file(files.path / name) as file:
            yield file, str(files.path / name), os.fstat(file.fileno()).st_size
        return
    member = files.members[name]
    with open_member(files.archive, member, files.path, "a zip archive") as source:
        try:
            yield source.stream, str(source.name), member.file_size
        except DAMAGED as e:
            raise DataError(
                f"{source.name}: expected a sound member, found damage "
                f"({shorten(str(e), 100)})"
            ) from e


@contextlib.contextmanager
def npy_source(files: Folder | Archive, name: str) -> Iterator[Source]:
    """A .npy file in a folder or an archive."""
    with opened(files, name) as (file, where, size):
        yield Source(file, where, size if isinstance(files, Folder) else None)


def npy_files(files: Folder | Archive, names: list[str]) -> dict:
    """{name without .npy: a function that opens it}, for `Arrays`."""
    return {name[:-4]: functools.partial(npy_source, files, name) for name in names}


def of_arrays(arrays: Arrays, where, array: str | None) -> Found:
    """The pictures among named arrays, with labels and names of classes if there are.

    Raises DataError if the choice is not plain, or if an array cannot be read.
    """
    choice = chosen(arrays.shapes(), array, where)
    found = Found(arrays.read(choice.pictures), str(where), notes=list(choice.notes))
    if choice.labels is not None:
        found.labels = arrays.read(choice.labels, NUMBERS + TEXT)
        found.labels_where, found.called = f"{where}: {choice.labels}", choice.called
    else:
        told = [note for note in choice.notes if note.startswith("no labels")]
        found.missing = "; ".join(told) or (
            f"they are an array named labels or y, one for each picture of "
            f"{choice.pictures}"
        )
    if choice.names is not None:
        names = arrays.read(choice.names, TEXT).reshape(-1)
        found.names = {
            k: n.decode("latin-1") if isinstance(n, bytes) else str(n)
            for k, n in enumerate(names.tolist())
        }
    return found


def of_idx(files: Folder | Archive, images: str, labels: str | None) -> Found:
    """The pixels and labels of two IDX files.

    EMNIST's pictures are turned: each is written column by column. QMNIST's labels have
    eight columns, and the class is the first. Raises DataError if a file is damaged.
    """
    with opened(files, images) as (file, where, _):
        found = Found(idx_values(file, where), where)
    known = idx_name(images)
    if known and known.set.startswith("emnist") and found.pixels.ndim == 3:
        found.pixels = np.ascontiguousarray(found.pixels.transpose(0, 2, 1))
        found.notes.append("EMNIST's pictures are stored column by column: turned")
    found.missing = f"they are read from {labels_name(images)}, beside it"
    if labels is not None:
        with opened(files, labels) as (file, where, _):
            found.labels, found.labels_where = idx_values(file, where), where
        found.is_strict = True
        if "idx2" in labels and found.labels.ndim == 2:  # class, writer, ...
            found.labels = found.labels[:, 0]
            found.notes.append("the class is the first column of QMNIST's labels")
    return found

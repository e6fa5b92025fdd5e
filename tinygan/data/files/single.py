"""Arrays of pictures in one file: IDX, .npy, .npz, CIFAR's records, MATLAB.

The content tells the kind. Labels in a file beside it are found by its name.
"""

import contextlib
import os
from pathlib import Path
from typing import BinaryIO

from ...errors import DataError
from . import cifar
from .arrays import NPY_MAGIC, NUMBERS, TEXT, is_npz, npz_arrays, read_npy
from .choice import labels_beside
from .containers import Folder
from .found import Found, of_arrays, of_idx
from .idx import idx_name, idx_values, is_idx, labels_of
from .kinds import START, kind_of, named
from .matlab import MatlabArrays
from .source import Source, open_file

READ = "picture files, IDX, .npy, .npz, CIFAR's .bin, SVHN's .mat"


def in_file(path: Path, array: str | None) -> Found | None:
    """The pixels of a file. None if it is a zip archive of other files than arrays.

    Raises DataError if the file is of another kind, or damaged.
    """
    with open_file(path) as file:
        start = file.read(START)
        file.seek(0)
        kind = kind_of(start, path.name)
        if start[:2] == b"PK" and kind != "a PyTorch file":
            if not is_npz(file, path):
                return None
            found = of_arrays(npz_arrays(file, path), path, array)
            return _with_labels(found, path) if found.labels is None else found
        if start.startswith(b"MATLAB 5"):
            size = os.fstat(file.fileno()).st_size
            return of_arrays(MatlabArrays(file, path, size), path, array)
        if array is not None:
            raise DataError(
                f"{path}: expected an archive of arrays (.npz), because one is named, "
                f"found {kind or 'another file'}"
            )
        return _of_one(file, path, start)


def _of_one(file: BinaryIO, path: Path, start: bytes) -> Found:
    is_zipped = start[:2] == b"\x1f\x8b"
    if is_zipped:
        start = Source.unzipped(file, path).rest(START)
        file.seek(0)
        if len(start) < 4:  # damaged, or empty: the reader says where
            return Found(idx_values(file, path), str(path))
    if is_idx(start):
        return of_idx(Folder(path.parent), path.name, _labels_of_idx(path))
    size = os.fstat(file.fileno()).st_size
    if start.startswith(NPY_MAGIC):
        source = Source(file, path, size)
        if is_zipped:
            source = Source.unzipped(file, path)
        return _with_labels(Found(read_npy(source, NUMBERS), str(path)), path)
    if labels := cifar.labels_per_record(path.name, size):
        pixels, y = cifar.read_records(Source(file, path), size, labels)
        return Found(pixels, str(path), y, str(path))
    kind = kind_of(start, path.name)
    hint = "; give its folder" if (kind or "").endswith("picture") else ""
    raise DataError(
        f"{path}: expected pictures ({READ}), found {named(kind, start)}{hint}"
    )


def _labels_of_idx(path: Path) -> str | None:
    """The labels of an IDX file, relative to its folder."""
    own = idx_name(path.name)
    if own is None or own.kind != "images":
        return None
    near: dict[str, str] = {}
    with contextlib.suppress(OSError):
        near = {n.name: n.name for n in path.parent.iterdir()}
        within = idx_name(f"{path.parent.name}/{path.name}")
        if within is not None and not within.folder:  # a folder of its own name
            for folder in path.parent.parent.iterdir():
                near.setdefault(folder.name, f"../{folder.name}/{folder.name}")
    labels = labels_of(own, [n for n in map(idx_name, near) if n is not None])
    return None if labels is None else near[labels]


def _with_labels(found: Found, path: Path) -> Found:
    """Add the labels of a .npy file beside, as y_train.npy beside x_train.npy."""
    near: list[str] = []
    with contextlib.suppress(OSError):
        near = sorted(n.name for n in path.parent.iterdir())
    name = labels_beside(path.name, near)
    found.missing = found.missing or "a .npz with arrays images and labels has both"
    if name is not None:
        try:
            found.labels = _array(path.parent / name)
        except DataError as e:
            found.missing = f"no labels are read: {e}"
            found.notes.append(found.missing)
            return found
        found.labels_where = str(path.parent / name)
        found.notes.append(f"labels from {name}")
    return found


def _array(path: Path):
    with open_file(path) as file:
        if file.read(2) == b"PK":
            arrays = npz_arrays(file, path)
            return arrays.read(next(iter(arrays.sources)), NUMBERS + TEXT)
        file.seek(0)
        return read_npy(Source(file, path), NUMBERS + TEXT)

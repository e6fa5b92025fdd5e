"""Sets of files that make one data set, in a folder or a zip archive.

MNIST/raw/train-images-idx3-ubyte, ...         IDX, found in any folder below
cifar-10-batches-bin/data_batch_1.bin, ...     CIFAR's binary version
x_train.npy, y_train.npy                       arrays, as if they were in one .npz
"""

import contextlib

import numpy as np

from ...errors import DataError
from . import cifar
from .arrays import MOST_ARRAYS, Arrays, npz_arrays
from .choice import split_of
from .containers import Archive, Folder
from .found import Found, npy_files, of_arrays, of_idx, opened
from .idx import idx_files, idx_name
from .matlab import MatlabArrays
from .source import Source

_MOST_TEXT = 1 << 20  # of a file with names of classes


def in_files(files: Folder | Archive, array: str | None) -> Found | None:
    """The pixels of a set of files. None if there is no such set.

    Raises DataError if it is not plain which files are meant, or if they are damaged.
    """
    names = files.names()
    if (idx := idx_files(names, files.path, array)) is not None:
        return _of_idx_set(files, names, *idx)
    if array is None and (records := cifar.cifar_files(names)) is not None:
        return _of_cifar(files, *records)
    arrays = [name for name in names if name.lower().endswith((".npy", ".npz"))]
    if arrays:
        return _of_array_files(files, arrays, array)
    matlab = [name for name in names if name.lower().endswith(".mat")]
    return _of_matlab_files(files, matlab, array) if matlab else None


def _of_idx_set(files, names, images: str, labels: str | None, notes) -> Found:
    found = of_idx(files, images, labels)
    found.notes[:0] = notes
    known = idx_name(images)
    mapping = f"{known.folder}/{known.set}-mapping.txt".lstrip("/")
    if labels is not None and mapping in names:
        found.names = _mapping(_text(files, mapping))
    return found


def _of_cifar(files, names: list[str], meta: str | None, notes: list[str]) -> Found:
    parts = []
    for name in names:
        with opened(files, name) as (file, where, size):
            labels = cifar.labels_per_record(name, size) or 1
            parts.append(cifar.read_records(Source(file, where), size, labels))
    pixels, y = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
    where = str(files.path)
    names_of = dict(enumerate(_text(files, meta).split())) if meta else None
    return Found(pixels, where, y, where, names=names_of, notes=notes)


def _of_array_files(files, names: list[str], array: str | None) -> Found:
    """The arrays of .npy and .npz files. The name of a file counts, too: an array of
    train.npz is called train/images.
    """
    if len(names) > MOST_ARRAYS:
        raise DataError(
            f"{files.path}: expected at most {MOST_ARRAYS} files of arrays, found "
            f"{len(names)}"
        )
    sources = npy_files(files, [n for n in names if n.lower().endswith(".npy")])
    with contextlib.ExitStack() as stack:
        for name in names:
            if name.lower().endswith(".npz"):
                file, where, _ = stack.enter_context(opened(files, name))
                inner = npz_arrays(file, where).sources
                for key, source in inner.items():
                    short = name[:-4] if len(inner) == 1 else f"{name[:-4]}/{key}"
                    sources[short if len(names) > 1 else key] = source
        return of_arrays(Arrays(sources), files.path, array)


def _of_matlab_files(files, names: list[str], array: str | None) -> Found:
    """The arrays of the only MATLAB file, or of the train set, as SVHN has it."""
    train = [name for name in names if split_of(name.rpartition("/")[2]) == "train"]
    fitting = names if len(names) == 1 else train
    if len(fitting) != 1:
        raise DataError(
            f"{files.path}: expected one MATLAB file, or one with train in its name, "
            f"found {len(names)}: {', '.join(names[:6])}"
        )
    with opened(files, fitting[0]) as (file, where, size):
        found = of_arrays(MatlabArrays(file, where, size), where, array)
    if len(names) > 1:
        found.notes.insert(0, f"{fitting[0]} is read, {len(names) - 1} more left out")
    return found


def _text(files, name: str) -> str:
    return files.read(name, _MOST_TEXT).decode("latin-1")


def _mapping(text: str) -> dict[int, str] | None:
    """EMNIST's names of classes, from lines of a label and codes of characters."""
    names = {}
    for line in text.splitlines():
        numbers = line.split()
        if not all(n.isdecimal() and int(n) < 0x110000 for n in numbers):
            return None
        if len(numbers) > 1:
            names[int(numbers[0])] = "/".join(chr(int(n)) for n in numbers[1:])
    return names

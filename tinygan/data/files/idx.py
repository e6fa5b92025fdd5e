"""The IDX format, in which MNIST is published, and the names of its files.

train-images-idx3-ubyte        train-labels-idx1-ubyte         MNIST, Fashion-MNIST
train-images.idx3-ubyte        train-labels.idx1-ubyte         as Kaggle names them
emnist-letters-train-images-idx3-ubyte.gz   ...-labels-idx1-ubyte.gz        EMNIST
qmnist-train-images-idx3-ubyte.gz           ...-labels-idx2-int.gz          QMNIST
t10k-images-idx3-ubyte         t10k-labels-idx1-ubyte        the test set of MNIST
"""

import re
import struct
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np

from ...errors import DataError
from .arrays import values
from .kinds import START, kind_of, named
from .source import Source, open_file

TYPES = {8: "u1", 9: "i1", 11: ">i2", 12: ">i4", 13: ">f4", 14: ">f8"}
_NAME = re.compile(
    r"(?:(?P<set>.*?)[-_.])??"
    r"(?:(?P<split>train(?:ing)?|t10k|test\d*k?|val(?:idation)?)[-_.]?)?"
    r"(?P<kind>images?|imgs?|labels?)"
    r"(?P<end>[-_.]?idx\d?(?:[-_.]?[a-z]+)?|[-_.]u?byte)?(?:\.gz)?"
)
_SPLITS = ("train", "", "test", "val")


def read_idx(path) -> np.ndarray:
    """The array of an IDX file, plain or gzipped, whatever its name.

        0 0 type K | n_1 ... n_K | n_1 * ... * n_K values

    Type and K have one byte each, a size has four; sizes and values are big-endian. The
    array is in the machine's byte order. Source: Y. LeCun et al., The MNIST database.

    Raises DataError if the file cannot be read or does not have exactly this format, or
    if the array is empty or larger than MAX_BYTES.
    """
    with open_file(path) as file:
        return idx_values(file, path)


def idx_values(file: BinaryIO, name) -> np.ndarray:
    """The array of an open IDX file, plain or gzipped; `name` is for errors.

    Raises DataError if the file does not have exactly this format, or if the array is
    empty or larger than MAX_BYTES.
    """
    source = Source.unzipped(file, name)
    magic = source.read(4, "IDX magic")
    if not is_idx(magic):
        source.offset = 0
        kind = kind_of(magic + source.rest(START - len(magic)), str(name))
        if kind is not None:
            raise DataError(f"{name}: expected an IDX file, found {named(kind, magic)}")
        raise source.error("an IDX magic 0000 type axes", f"bytes {magic.hex()}")
    sizes = source.read(4 * magic[3], "IDX sizes")
    return values(source, TYPES[magic[2]], struct.unpack(f">{magic[3]}I", sizes))


def is_idx(start: bytes) -> bool:
    """Whether a file that begins so is an IDX file: 0 0 type axes."""
    return len(start) >= 4 and start[:2] == b"\0\0" and start[2] in TYPES


@dataclass(frozen=True)
class IdxName:
    """What the name of an IDX file says: the folder, the data set, its part, and
    whether it has images or labels.
    """

    name: str
    folder: str
    set: str
    split: str
    kind: str


def idx_name(name: str) -> IdxName | None:
    """What the name says, with / between folders. None if it is no name of an IDX file.

    Some archives put each file into a folder of its own name. That folder is not
    counted.
    """
    folder, _, last = name.rpartition("/")
    found = _NAME.fullmatch(last.lower())
    if not found or not (found["end"] or found["split"]):
        return None
    if folder.rpartition("/")[2].lower() in (last.lower(), last.lower() + ".gz"):
        folder = folder.rpartition("/")[0]
    split = {"training": "train", "t10k": "test", "validation": "val"}.get(
        found["split"], found["split"] or ""
    )
    kind = "labels" if found["kind"].startswith("label") else "images"
    return IdxName(name, folder, found["set"] or "", split, kind)


def idx_files(names, where, wanted=None) -> tuple[str, str | None, list[str]] | None:
    """(images, labels, notes) among the names of files, or None if there are no images.

    The train set comes before the test set, a plain file before a gzipped one, the
    files of an outer folder before those of an inner one. If `wanted` is given, only
    images with this word or name are looked at. Raises DataError if there are several
    data sets.
    """
    known = [n for n in map(idx_name, names) if n is not None]
    images = [n for n in known if n.kind == "images"]
    if wanted is not None:
        images = [n for n in images if wanted in (n.name, *_words(n))]
    if not images:
        return None
    depth = min(_depth(n.folder) for n in images)
    images = [n for n in images if _depth(n.folder) == depth]
    sets = sorted({(n.folder, n.set) for n in images})
    if len(sets) > 1:
        files = [_first(images, folder, set_) for folder, set_ in sets]
        own = [_words(n) - _words(files[k - 1]) for k, n in enumerate(files)]
        words = [min(w, default=n.name) for w, n in zip(own, files, strict=True)]
        raise DataError(
            f"{where}: expected one data set, found {len(sets)}, as "
            f"{', '.join(n.name for n in files[:2])}: array=NAME (--array NAME) says "
            f"which, as {', '.join(words[:8])}"
        )
    best = _first(images, *sets[0])
    splits = {n.split for n in images} - {best.split}
    notes = []
    if splits:
        left = " and ".join(sorted(split or "other" for split in splits))
        notes = [f"{best.name} is read, the {left} set is left out"]
    return best.name, labels_of(best, known), notes


def _words(n: IdxName) -> set[str]:
    """The words by which a data set is told from another: of its files and folders."""
    return set(re.split(r"[-_./]", f"{n.set}/{n.folder}")) - {""}


def labels_of(images: IdxName, known: list[IdxName]) -> str | None:
    """The file with the labels of these images, if it is among the known names."""
    fitting = [
        n
        for n in known
        if n.kind == "labels"
        and (n.folder, n.set, n.split) == (images.folder, images.set, images.split)
    ]
    return min(fitting, key=_preference).name if fitting else None


def labels_name(images: str) -> str:
    """The usual name of the file with the labels of these images."""
    name = images.rpartition("/")[2]
    name = re.sub(r"(?i)images?|imgs?", "labels", name, count=1)
    return re.sub(r"(?i)idx[2-9]", "idx1", name)


def _first(images: list[IdxName], folder: str, set_: str) -> IdxName:
    return min(
        (n for n in images if (n.folder, n.set) == (folder, set_)), key=_preference
    )


def _preference(n: IdxName):
    split = next((k for k, s in enumerate(_SPLITS) if s == n.split), len(_SPLITS))
    return split, n.name.lower().endswith(".gz"), _depth(n.name), n.name


def _depth(folder: str) -> int:
    return folder.count("/") + bool(folder)

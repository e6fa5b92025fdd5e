"""CIFAR-10 and CIFAR-100 in their binary version.

A record of CIFAR-10 is a label and 3 x 32 x 32 pixels, planes of colour; CIFAR-100 has
two labels, coarse and fine. Source: A. Krizhevsky, Learning Multiple Layers of Features
from Tiny Images, 2009. The Python version is a pickle, which is never loaded.
"""

import re

import numpy as np

from ...errors import DataError
from .fold import planes_last
from .source import Source

PIXELS = 3 * 32 * 32
MOST_RECORDS = 1_000_000
_TEN = re.compile(r"(data_batch_\d+|test_batch)\.bin")
_HUNDRED = re.compile(r"(train|test)\.bin")
_NAMES = {10: "batches.meta.txt", 100: "fine_label_names.txt"}


def cifar_files(names) -> tuple[list[str], str | None, list[str]] | None:
    """(files, file of the classes' names, notes) among names of files, or None.

    The train set is read, the test set only if it is alone. Files of an outer folder
    come before those of an inner one.
    """
    for pattern, meta in ((_TEN, _NAMES[10]), (_HUNDRED, _NAMES[100])):
        fitting = [n for n in names if pattern.fullmatch(n.rpartition("/")[2])]
        if pattern is _HUNDRED and not any(n.endswith(meta) for n in names):
            continue  # other data have files train.bin, too
        if not fitting:
            continue
        folders = sorted({n.rpartition("/")[0] for n in fitting}, key=len)
        fitting = [n for n in fitting if n.rpartition("/")[0] == folders[0]]
        train = [n for n in fitting if "test" not in n.rpartition("/")[2]]
        notes = []
        if train and len(train) < len(fitting):
            notes = ["the train set is read, the test set is left out"]
        files = sorted(train or fitting)
        meta = f"{folders[0]}/{meta}".lstrip("/")
        return files, meta if meta in names else None, notes
    return None


def labels_per_record(name: str, size: int) -> int:
    """1 for a file of CIFAR-10, 2 for one of CIFAR-100, by its name and size. 0 for any
    other file.
    """
    last = str(name).replace("\\", "/").rpartition("/")[2]
    for labels, pattern in ((1, _TEN), (2, _HUNDRED)):
        if pattern.fullmatch(last) and size and size % (labels + PIXELS) == 0:
            return labels
    for labels in (1, 2):
        if last.endswith(".bin") and size and size % (labels + PIXELS) == 0:
            return labels
    return 0


def read_records(source: Source, size: int, labels: int):
    """(pixels (N, 32, 32, 3), y (N,)) of `size` bytes with 1 or 2 labels a record.

    Raises DataError if they are not whole records, or a label is no class.
    """
    record, classes = labels + PIXELS, (10, 100)[labels - 1]
    if size == 0 or size % record or size > MOST_RECORDS * record:
        raise DataError(
            f"{source.name}: expected records of {record} bytes, as in the binary "
            f"version of CIFAR-{classes}, found {size} bytes"
        )
    data = source.read(size, "records")
    source.expect_end()
    records = np.frombuffer(data, np.uint8).reshape(-1, record)
    y = records[:, labels - 1].astype(np.int64)  # of two, the second is the fine one
    if y.max() >= classes:
        raise DataError(
            f"{source.name}: expected labels from 0 to {classes - 1}, found {y.max()}"
        )
    pixels = records[:, labels:].reshape(-1, 3, 32 * 32)  # a copy
    return planes_last(pixels).reshape(-1, 32, 32, 3), y

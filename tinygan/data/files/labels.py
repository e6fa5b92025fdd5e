"""Labels as people write them become classes: whole numbers from 0 to K - 1."""

import numpy as np

from ...errors import DataError
from ..examples import MOST_CLASSES


def classes(labels: np.ndarray, N: int, names=None):
    """(y (N,), the K names of the classes, notes) of labels of many forms.

    They are whole numbers, also as floats or as a column (N, 1); words; or one-hot rows
    (N, K). Numbers that do not go from 0 to K - 1 are counted through in their order,
    and their classes keep the numbers as names. `names` are names of the classes by
    label, {label: name}.

    Raises DataError if they are none of these, or if there are more than 1000 classes.
    """
    labels, notes = _column(np.asarray(labels), N)
    if labels.dtype.kind in "US":
        words, y = np.unique(labels, return_inverse=True)
        words = [w.decode("latin-1") if isinstance(w, bytes) else str(w) for w in words]
        words = [w or "(none)" for w in words]
        _check_number(len(words))
        return y.reshape(-1).astype(np.int64), tuple(words), notes
    labels = _whole(labels, N)
    found = np.unique(labels)
    K = len(found)
    _check_number(K)
    if names and set(found.tolist()) <= set(names):
        known = sorted(names)  # a class without a picture counts
        if known == list(range(len(known))):
            return labels, tuple(names[k] for k in known), notes
    if found[0] == 0 and found[-1] == K - 1:
        return labels, _names(found, names), notes
    if found[0] < 0 and found.tolist() != [-1, 1]:
        raise DataError(
            f"expected labels from 0 or 1, found {found[0]} to {found[-1]}; "
            f"leave out pictures without a label"
        )
    y = np.searchsorted(found, labels)
    return y, _names(found, names), [*notes, _renumbered(found)]


def _column(labels: np.ndarray, N: int):
    """The labels as (N,), and notes."""
    found = labels.shape
    if found in ((N,), (N, 1), (1, N)):
        return labels.reshape(N), []
    if found[:1] == (N,) and _is_one_hot(labels):
        return labels.argmax(axis=1), [f"labels {found} read as one-hot"]
    raise DataError(
        f"expected {N} labels, whole numbers of shape ({N},), "
        f"found {labels.dtype} of shape {found}"
    )


def _is_one_hot(labels: np.ndarray) -> bool:
    """Whether each row has a single 1 among zeros."""
    if labels.ndim != 2 or labels.dtype.kind not in "biuf":
        return False
    is_one = labels == 1
    return bool((is_one | (labels == 0)).all() and (is_one.sum(axis=1) == 1).all())


def _whole(labels: np.ndarray, N: int) -> np.ndarray:
    """Whole numbers, also those that are floats or truth values, as int64."""
    if labels.dtype.kind == "f":
        with np.errstate(invalid="ignore"):
            wrong = labels != np.round(labels)
            wrong |= ~(np.abs(labels) < 2.0**53)
        if wrong.any():
            at = int(np.argmax(wrong))
            raise DataError(
                f"expected {N} labels, whole numbers of shape ({N},), "
                f"found {labels[at]:g} at {at}"
            )
    elif labels.dtype == np.uint64 and labels.max() >= 1 << 63:
        raise DataError(f"expected labels below 2^63, found {labels.max()}")
    elif labels.dtype.kind not in "biu":
        raise DataError(f"expected labels that are whole numbers, found {labels.dtype}")
    return labels.astype(np.int64)


def _check_number(K: int) -> None:
    if K > MOST_CLASSES:
        raise DataError(
            f"expected labels of at most {MOST_CLASSES} classes, found {K} of them"
        )


def _names(found: np.ndarray, names) -> tuple[str, ...]:
    return tuple(str((names or {}).get(k, k)) for k in found.tolist())


def _renumbered(found: np.ndarray) -> str:
    """The note that numbers have changed."""
    first, last, K = int(found[0]), int(found[-1]), len(found)
    if last - first == K - 1:
        numbers = f"{first} to {last}" if K > 1 else f"{first}"
    elif K <= 8:
        numbers = ", ".join(map(str, found.tolist()))
    else:
        numbers = f"{first} to {last} with gaps"
    classes = f"classes 0 to {K - 1}" if K > 1 else "class 0"
    return f"labels {numbers} taken as {classes}; their names keep the numbers"

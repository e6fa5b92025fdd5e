"""Which of several named arrays are the pictures, which are their labels.

People name them in many ways: images and labels, x_train and y_train, X and y,
train_images and train_labels, imgs, data and target. The choice is made only where it
is plain. Otherwise the error lists the names, and the user says one.
"""

import math
import re
from dataclasses import dataclass

from ...errors import DataError

# The first of these words that a name has makes its array the pictures.
PICTURES = ("images", "x", "x_train", "arr_0", "image", "imgs", "img", "pixels")
PICTURES += ("pictures", "picture", "photos", "data", "samples", "inputs", "input")
PICTURES += ("features", "faces", "digits", "sprites", "arr_1")
LABELS = ("labels", "label", "y", "targets", "target", "classes", "class", "lbl", "lab")
NAMES = ("names", "categories", "mapping")
ASIDE = ("id", "ids", "index", "indices", "idx", "seed", "seeds", "files", "filenames")
ASIDE += ("captions", "caption", "texts", "text", "tags", "tag", "prompts", "titles")
_TRAIN = ("train", "training", "tr")
_TESTS = ("test", "testing", "te", "val", "valid", "validation", "dev", "eval")
_TESTS += ("t10k", "test10k", "test50k", "extra", "unlabeled")
_GLUED = re.compile(
    r"^(x|y|images?|imgs?|labels?|data)(train|test|val)$|"
    r"^(train|test|val)(x|y|images?|imgs?|labels?|data)$"
)
_LEAST_SIDE = 5  # of pictures that lie flat in a table


@dataclass(frozen=True)
class Choice:
    """The names of the pictures, the labels and the classes' names (None if there are
    none), and notes for the user. The labels are `called` so, or only have the shape.
    """

    pictures: str
    labels: str | None = None
    called: bool = False
    names: str | None = None
    notes: tuple[str, ...] = ()


def chosen(arrays: dict, name: str | None, where) -> Choice:
    """The plain choice among `arrays`, {name: (kind of the values, shape)}.

    A `name` says the array of pictures; its labels are found by their name or, if only
    one array fits, by their shape. Raises DataError with all names and shapes if there
    is no array of that name or if the choice is not plain.
    """
    if name is not None:
        short = [n for n in arrays if n.rpartition("/")[2] == name.removesuffix(".npy")]
        if name not in arrays and len(short) != 1:
            raise DataError(
                f"{where}: expected an array named {name}, {_found(arrays)}"
            )
        pictures = name if name in arrays else short[0]
        return _with_labels(pictures, arrays, [pictures])
    fitting = [n for n in arrays if _are_pictures(n, *arrays[n])]
    fitting = [n for n in fitting if not _is_called(n, LABELS)] or fitting
    candidates = fitting or list(arrays)
    best = _best(candidates, arrays)
    if best is None:
        raise DataError(
            f"{where}: expected one array of pictures, or a name as "
            f"{', '.join(PICTURES[:4])}, {_found(arrays)}: array=NAME (--array NAME) "
            f"says which"
        )
    return _with_labels(best, arrays, candidates)


def labels_beside(name: str, others: list[str]) -> str | None:
    """The file of labels that belongs to a file of pictures: y_train.npy to
    x_train.npy, my-labels.npz to my-images.npz. None if no name fits, or several do.
    """

    def key(name):
        words = _words(name.rpartition(".")[0])
        return split_of(name), [w for w in words if w not in (*PICTURES, *LABELS)]

    if not _is_called(name.rpartition(".")[0], PICTURES):
        return None
    fitting = [
        n
        for n in others
        if n != name
        and n.lower().endswith((".npy", ".npz"))
        and _is_called(n.rpartition(".")[0], LABELS)
        and key(n) == key(name)
    ]
    return fitting[0] if len(fitting) == 1 else None


def split_of(name: str) -> str:
    """train, test and so on, if a name says so; else an empty string."""
    words = _words(name)
    if any(w in _TRAIN for w in words):
        return "train"
    return next((w for w in words if w in _TESTS), "")


def _best(candidates: list[str], arrays: dict) -> str | None:
    """The pictures among several candidates, or None if they are not plain.

    A known name without a split comes first, then the train set, then what is no test
    set. Among these, PICTURES has the order. The only array of three axes or more comes
    before tables.
    """
    if len(candidates) == 1:
        return candidates[0]
    plain = [n for n in candidates if not split_of(n)]
    known = [n for n in plain if _rank(n) < len(PICTURES)]
    train = [n for n in candidates if split_of(n) == "train"]
    for fewer in (known if train else [], train, plain):
        if 0 < len(fewer) < len(candidates):
            return _best(fewer, arrays)
    ranks = sorted((_rank(n), n) for n in candidates)
    if len(ranks) > 1 and ranks[0][0] < ranks[1][0]:
        return ranks[0][1]
    deep = [n for n in candidates if len(arrays[n][1]) > 2]
    is_unknown = bool(ranks) and ranks[0][0] == len(PICTURES)
    return deep[0] if is_unknown and len(deep) == 1 else None


def _with_labels(pictures: str, arrays: dict, candidates: list[str]) -> Choice:
    """The choice of these pictures, with their labels and names of classes."""
    shape = arrays[pictures][1]
    counts = {shape[0], shape[-1]} - {1} if shape else set()  # SVHN's is the last
    labels, called, notes = _labels(pictures, arrays, counts)
    left = [n for n in candidates if n != pictures]
    if left:
        more = f" and {len(left) - 3} more" if len(left) > 3 else ""
        notes.insert(0, f"{pictures} is read, {_list(left[:3])}{more} left out")
    names = [
        n
        for n, (kind, found) in arrays.items()
        if kind in "US"
        and len(found) == 1
        and found[0] not in counts
        and _is_called(n, NAMES)
    ]
    name = names[0] if len(names) == 1 else None
    return Choice(pictures, labels, called, name, tuple(notes))


def _labels(pictures: str, arrays: dict, counts: set[int]):
    """(name of the labels or None, whether they are called so, notes)"""
    split, notes = split_of(pictures), []
    fitting, called = [], []
    for name, (kind, found) in arrays.items():
        if name == pictures or split_of(name) not in ("", split):
            continue
        is_column = len(found) == 1 or (len(found) == 2 and 1 in found)
        if _is_called(name, LABELS):
            if kind == "O":
                notes.append(f"no labels are read from {name}: it holds Python objects")
            elif is_column or len(found) == 2:
                called.append(name)
        elif _is_called(name, ASIDE):
            continue
        elif is_column and kind in "iuUS" and max(found) in counts:
            fitting.append(name)
    called = [n for n in called if _may_belong(n, arrays[n][1], pictures, counts)]
    labels = called or fitting
    if len(labels) > 1:
        labels = _counterparts(pictures, labels)
    if len(labels) > 1:
        notes.append(f"no labels are read: {' and '.join(labels[:4])} may be meant")
    return labels[0] if len(labels) == 1 else None, bool(called), notes


def _may_belong(name: str, found: tuple, pictures: str, counts: set) -> bool:
    """Whether labels have the count of the pictures, or else no name of their own: then
    the wrong count is a fault that the user has to know.
    """
    own = set(_words(name)) - {*LABELS, *PICTURES, *_TRAIN, *_TESTS}
    return bool(counts & set(found)) or own <= set(_words(pictures))


def _counterparts(pictures: str, labels: list[str]) -> list[str]:
    """Labels named as the pictures: y_train for x_train, label for image."""
    split = split_of(pictures)
    for test in (
        lambda n: split_of(n) == split,
        lambda n: _words(n)[-1:] == _words(n) or len(_words(n)) == 1 + bool(split),
        lambda n: "fine" in _words(n),
    ):
        fewer = [n for n in labels if test(n)]
        labels = fewer or labels
        if len(labels) == 1:
            break
    return labels


def _are_pictures(name: str, kind: str, shape: tuple) -> bool:
    """Whether numbers of this shape may be pictures, flat ones included. A damaged
    array with the right name is chosen, too: to be read and refused.
    """
    if kind == "O":
        return _is_called(name, PICTURES)
    if kind not in "iufb" or not all(type(n) is int and n > 0 for n in shape):
        return False
    if len(shape) != 2:
        return len(shape) in (3, 4, 5)
    return any(side_of(n) or side_of(n, 3) for n in shape)


def side_of(pixels: int, channels: int = 1) -> int:
    """The side of a square picture with so many numbers, 0 if there is none."""
    if pixels < 0 or pixels % channels:
        return 0
    side = math.isqrt(pixels // channels)
    is_square = side * side * channels == pixels
    return side if is_square and side >= _LEAST_SIDE else 0


def _words(name: str) -> list[str]:
    """The words of a name: x and train of x_train, xTrain, Xtrain and x-train.npy."""
    name = re.sub(r"(?<=[a-z])(?=[A-Z][a-z])", "_", name).lower()
    words = []
    for word in re.split(r"[^a-z0-9]+", name.replace("arr_", "arr")):
        glued = _GLUED.match(word)
        words += [w for w in glued.groups() if w] if glued else [word]
    return [w for w in words if w]


def _is_called(name: str, words: tuple[str, ...]) -> bool:
    known = [w for w in _words(name) if w in PICTURES + LABELS + NAMES + ASIDE]
    return bool(known) and known[-1] in words


def _rank(name: str) -> int:
    """The place of a name in PICTURES."""
    words = {w.replace("arr", "arr_") for w in _words(name)}
    return next((k for k, word in enumerate(PICTURES) if word in words), len(PICTURES))


def _list(names: list[str]) -> str:
    *rest, last = names
    return f"{', '.join(rest)} and {last} are" if rest else f"{last} is"


def _found(arrays: dict) -> str:
    shown = [f"{n} {s}" if s else n for n, (_, s) in list(arrays.items())[:8]]
    more = f" and {len(arrays) - 8} more" if len(arrays) > 8 else ""
    return f"found {', '.join(shown)}{more}" if shown else "found none"

"""Values: an array, or a tuple of values, as a conditional network takes it.

G maps (z, y) to x and D judges (x, y), where the condition y is an array of integers: a
class, or the words of a sentence. Every array of a value has the batch as its first
axis. A gradient has the form of its value, with None for an array that has no gradient,
such as integers. A shape has no batch axis; the shape of a tuple is a tuple of shapes.
"""

import operator

import numpy as np

from .errors import InputError, shown, whole
from .ops import get_xp


class Integers(tuple):
    """The shape of an array of integers 0 to n - 1: Integers((), 10) is one of ten
    classes, and Integers((16,), 500) is sixteen words, each one of 500.

    Raises InputError unless the shape is a tuple of sizes >= 1, and n >= 1.
    """

    n: int

    def __new__(cls, shape, n: int):
        sizes = as_shape(tuple(shape) if isinstance(shape, list) else shape)
        if sizes is None or is_tuple(sizes):
            raise InputError(f"Integers expects a shape such as (), got {shown(shape)}")
        new = super().__new__(cls, sizes)
        new.n = whole("Integers", "n >= 1", n)
        return new

    def __getnewargs__(self):
        return tuple(self), self.n

    def __repr__(self):
        return f"Integers({tuple(self)}, {self.n})"


def is_tuple(shape) -> bool:
    """Whether this is the shape of a tuple. () and (28, 28, 1) are shapes of arrays."""
    return len(shape) > 0 and all(isinstance(s, tuple) for s in shape)


def as_shape(shape):
    """A shape with plain ints; None for what is no shape. A size is 1 or more."""
    if isinstance(shape, Integers) or not isinstance(shape, tuple):
        return shape if isinstance(shape, Integers) else None
    try:
        sizes = tuple(-1 if isinstance(s, bool) else operator.index(s) for s in shape)
    except TypeError:
        sizes = tuple(map(as_shape, shape))
        return None if None in sizes else sizes
    return sizes if min(sizes, default=1) >= 1 else None


def spelt(shape) -> str:
    """A shape with the batch axis: "(N, 2)", or "((N, 2), (N))" for a tuple."""
    parts = map(spelt, shape) if is_tuple(shape) else map(str, ("N", *shape))
    return f"({', '.join(parts)})"


def shape_of(v):
    """The shape of a value (N, ...) without the batch axis; None for no array."""
    if isinstance(v, tuple):
        return tuple(map(shape_of, v))
    return v.shape[1:] if hasattr(v, "shape") else None


def leaves(v) -> list:
    """The arrays of a value, of any shape, from left to right; None is left out."""
    if isinstance(v, tuple):
        return [a for part in v for a in leaves(part)]
    return [] if v is None else [v]


def in_place_of_first(v, d):
    """A gradient of v: d for its first array, of its shape, and None for the rest."""
    if isinstance(v, tuple):
        return (in_place_of_first(v[0], d), *(None for _ in v[1:]))
    return d


def size(v) -> int:
    """The number N of samples in a value, whose arrays are (N, ...)."""
    return len(leaves(v)[0])


def rows(v, which):
    """The samples that a slice, or indices, choose: (N, ...) -> (n, ...)."""
    if isinstance(v, tuple):
        return tuple(rows(part, which) for part in v)
    return None if v is None else v[which]


def together(parts):
    """One value with the samples of all `parts`, one part after the other."""
    first = parts[0]
    if len(parts) == 1:
        return first
    if isinstance(first, tuple):
        return tuple(together(same) for same in zip(*parts, strict=True))
    return None if first is None else get_xp(first).concatenate(parts)


def zeros(shape, n: int, dtype):
    """n samples of a shape, all zero, on the host: numbers of `dtype`, or integers."""
    if is_tuple(shape):
        return tuple(zeros(s, n, dtype) for s in shape)
    return np.zeros((n, *shape), int if isinstance(shape, Integers) else dtype)


def mapped(f, v):
    """Apply f to every array of a value, of any shape; None stays None."""
    if isinstance(v, tuple):
        return tuple(mapped(f, part) for part in v)
    return None if v is None else f(v)


def numbers(v):
    """A value (N, ...) with None in place of its integers, which have no tangent."""
    return mapped(lambda a: None if a.dtype.kind in "iu" else a, v)


def plus(a, b):
    """a + b, array by array, of the same shapes. None counts as zero."""
    if a is None or b is None:
        return a if b is None else b
    if isinstance(a, tuple):
        return tuple(plus(*parts) for parts in zip(a, b, strict=True))
    return a + b

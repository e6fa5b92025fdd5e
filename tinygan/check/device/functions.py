"""What the stand-in computes: operators, elementwise functions, sums, products."""

import numpy as np

from .arrays import Array, data, elementwise, into, launch, operands
from .counts import count

__all__: list[str] = []

# Arithmetic.


def _operators(f):
    """x.__op__, x.__rop__ and x.__iop__ for the ufunc f."""
    return {
        "": lambda self, other: elementwise(f, (self, other)),
        "r": lambda self, other: elementwise(f, (other, self)),
        "i": lambda self, other: elementwise(f, (self, other), out=self),
    }


for _name, _f in {
    "add": np.add,
    "sub": np.subtract,
    "mul": np.multiply,
    "truediv": np.divide,
    "floordiv": np.floor_divide,
    "mod": np.remainder,
    "pow": np.power,
    "and": np.bitwise_and,
    "or": np.bitwise_or,
    "xor": np.bitwise_xor,
}.items():
    for _prefix, _operator in _operators(_f).items():
        setattr(Array, f"__{_prefix}{_name}__", _operator)
for _name, _f in {
    "lt": np.less,
    "le": np.less_equal,
    "eq": np.equal,
    "ne": np.not_equal,
    "gt": np.greater,
    "ge": np.greater_equal,
}.items():
    setattr(Array, f"__{_name}__", _operators(_f)[""])


# Elementwise functions: xp.exp(x), xp.add(x, y, out=z). No `where=`, as in CuPy.


def _ufunc(name):
    f = getattr(np, name)

    def ufunc(*args, out=None, dtype=None, casting="same_kind"):
        if len(args) == f.nin + 1 and out is None:
            *args, out = args
        if len(args) != f.nin:
            raise TypeError(f"Wrong number of arguments for {name!r}: {len(args)}")
        return elementwise(f, args, out, dtype=dtype, casting=casting)

    ufunc.__name__ = ufunc.__qualname__ = name
    return ufunc


_UFUNC_NAMES = """
    add subtract multiply divide true_divide power remainder floor_divide
    maximum minimum less less_equal equal not_equal greater greater_equal
    logical_and logical_or logical_xor logical_not bitwise_and bitwise_or
    bitwise_xor invert negative exp log log2 log10 log1p expm1 logaddexp sqrt
    square reciprocal tanh sinh cosh sin cos tan arctan arctan2 hypot abs
    absolute sign floor ceil rint isfinite isnan isinf conj conjugate
"""
for _name in _UFUNC_NAMES.split():
    globals()[_name] = _ufunc(_name)


def where(condition, x=None, y=None):
    if x is None and y is None:
        return nonzero(condition)
    if x is None or y is None:
        raise ValueError("Must provide both 'x' and 'y' or neither.")
    n = 1 if data(condition).dtype.kind == "b" else 2
    return launch(np.where, data(condition), *operands((x, y)), n=n)


def nonzero(a):
    """The host must read how many there are before it can make the result."""
    count("host_reads")
    return tuple(launch(np.asarray, i) for i in np.nonzero(data(a)))


def clip(a, a_min, a_max, out=None):
    bounds = operands((a, *(b for b in (a_min, a_max) if b is not None)))[1:]
    a_min = None if a_min is None else bounds.pop(0)
    a_max = None if a_max is None else bounds.pop(0)
    return into(out, np.clip, data(a), a_min, a_max)


# Reductions, as functions and as methods. A full one gives a 0-d array.


def _reduction(name):
    f = getattr(np, name)

    def reduction(a, axis=None, out=None, keepdims=False):
        return into(out, f, data(a), axis=axis, keepdims=keepdims)

    def typed(a, axis=None, dtype=None, out=None, keepdims=False):
        return into(out, f, data(a), axis=axis, dtype=dtype, keepdims=keepdims)

    return typed if name in ("sum", "mean", "prod") else reduction


def var(a, axis=None, dtype=None, out=None, ddof=0, keepdims=False):
    return into(out, np.var, data(a), axis, dtype, ddof=ddof, keepdims=keepdims)


def std(a, axis=None, dtype=None, out=None, ddof=0, keepdims=False):
    return into(out, np.std, data(a), axis, dtype, ddof=ddof, keepdims=keepdims)


def cumsum(a, axis=None, dtype=None, out=None):
    return into(out, np.cumsum, data(a), axis, dtype)


def count_nonzero(a, axis=None):
    return launch(np.count_nonzero, data(a), axis=axis)


for _name in ("sum", "mean", "prod", "max", "min", "any", "all", "argmax", "argmin"):
    globals()[_name] = _reduction(_name)
    setattr(Array, _name, globals()[_name])
Array.var, Array.std, Array.cumsum, Array.clip = var, std, cumsum, clip


# Matrix products.


def matmul(*args, out=None):
    """One launch, and one for each operand that cuBLAS cannot take as it lies: a matrix
    may be transposed, a stack of matrices must be C-contiguous."""
    a, b = (data(x) for x in args)
    stacked = a.ndim > 2 or b.ndim > 2
    copies = 0
    for x in (a, b):
        fits = x.flags.c_contiguous or (x.flags.f_contiguous and not stacked)
        copies += (not fits) + (x.dtype != np.result_type(a, b))
    return into(out, np.matmul, a, b, n=1 + copies)


def dot(a, b, out=None):
    return into(out, np.dot, data(a), data(b))


def tensordot(a, b, axes=2):
    return launch(np.tensordot, data(a), data(b), axes)


def outer(a, b, out=None):
    return into(out, np.outer, data(a), data(b))


def einsum(*operands):
    subscripts, *arrays = operands
    return launch(np.einsum, subscripts, *map(data, arrays))


Array.dot = dot


Array.nonzero = nonzero
Array.__matmul__ = lambda self, other: matmul(self, other)
Array.__rmatmul__ = lambda self, other: matmul(other, self)

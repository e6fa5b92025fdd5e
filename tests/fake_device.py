"""A strict stand-in for CuPy 14 that computes with NumPy.

It shows without a GPU that the package is clean for one. This module is the array
library itself (`get_xp` finds it through the class of its arrays), with the names and
keywords that CuPy 14 has and no others. An `Array` wraps host memory and lets nobody
at it: NumPy arrays are refused wherever they meet one, also where CuPy lets them pass
silently. `counting` counts what costs time on a GPU: launches, host reads, uploads.
"""

import contextlib as _contextlib
import math as _math
import sys as _sys
import types as _types

import numpy as _np

from tinygan.backend import Backend as _Backend

# What the device was asked for.


class Counts:
    """Calls that compute or copy on the device (`launches`, one a call unless operands
    must be copied first), that make the host wait for it (`host_reads`), and that send
    it host memory (`uploads`). Views cost nothing."""

    def __init__(self):
        self.launches = self.host_reads = self.uploads = 0


_open = [Counts()]


def launches() -> int:
    """Launches since this module was imported."""
    return _open[0].launches


def host_reads() -> int:
    """Host reads since this module was imported."""
    return _open[0].host_reads


@_contextlib.contextmanager
def counting():
    """Within this context, count into the Counts that it yields."""
    counts = Counts()
    _open.append(counts)
    try:
        yield counts
    finally:
        _open.remove(counts)


def _count(what, n=1):
    for counts in _open:
        setattr(counts, what, getattr(counts, what) + n)


# The one way in and out of an Array: what a device function accepts, what it returns.


def _data(x):
    """The memory of an Array; TypeError for anything else."""
    if isinstance(x, Array):
        return x._a
    raise TypeError(
        f"Unsupported type {type(x)}: a device function takes device arrays "
        "(backend.asarray moves a host array)"
    )


def _operands(xs):
    """Arrays and scalars, ready for a ufunc. A NumPy scalar may not widen the result:
    np.sqrt(2.0) * x makes float64 of a float32 array, where a Python float does not."""
    dtypes = [x.dtype for x in xs if isinstance(x, Array)]
    dtype = _np.result_type(*dtypes) if dtypes else None
    for x in xs:
        if isinstance(x, _np.generic):
            wide = x.dtype if dtype is None else _np.result_type(dtype, x.dtype)
            if dtype is not None and dtype.kind in "fc" and wide != dtype:
                raise TypeError(
                    f"a NumPy {x.dtype} scalar would promote a {dtype} array to {wide}:"
                    " use a Python float"
                )
        elif type(x) not in (bool, int, float, complex):
            _data(x)
    return [x._a if isinstance(x, Array) else x for x in xs]


def _launch(f, *args, n=1, **kwargs):
    """Array(f(...)), counted. As on a GPU, there are no floating-point warnings."""
    _count("launches", n)
    with _np.errstate(all="ignore"):
        return Array(_np.asarray(f(*args, **kwargs)))


def _into(out, f, *args, n=1, **kwargs):
    """f(...), written into the Array `out` unless that is None."""
    if out is None:
        return _launch(f, *args, n=n, **kwargs)
    if isinstance(out, tuple):
        (out,) = out
    _launch(f, *args, n=n, out=_data(out), **kwargs)
    return out


def _elementwise(f, xs, out=None, **kwargs):
    if Array not in map(type, xs):
        raise TypeError(
            f"{f.__name__} of {[type(x).__name__ for x in xs]}: no device array among "
            "the operands, so use math"
        )
    return _into(out, f, *_operands(xs), **kwargs)


def _is_view(a, b):
    return a.size == 0 or _np.may_share_memory(a, b)


def _index(key):
    """(key for NumPy, is it a gather, is one of its parts a mask)."""
    gather = mask = ellipsis = False
    parts = []
    for part in key if isinstance(key, tuple) else (key,):
        if isinstance(part, Array):
            gather, mask, part = True, mask or part.dtype.kind == "b", part._a
        elif part is Ellipsis:
            ellipsis = True
        elif isinstance(part, slice):
            if isinstance(part.start, Array) or isinstance(part.stop, Array):
                raise TypeError("slice bounds must be integers, not device arrays")
        elif part is not None and (
            isinstance(part, bool) or not isinstance(part, int | _np.integer)
        ):
            raise TypeError(
                f"Unsupported index type {type(part)}: a device array takes ints, "
                "slices and device arrays"
            )
        parts.append(part)
    if not (gather or ellipsis):
        parts.append(Ellipsis)  # or NumPy would give a scalar for a[0], not a view
    return tuple(parts), gather, mask


class Array:
    """An array on the device. Only this module touches the memory behind it."""

    __slots__ = ("_a",)
    __hash__ = None
    __array_priority__ = 100
    __array_ufunc__ = None  # np.exp(x) and np.add(a, x) raise; a + x comes to __radd__

    def __init__(self, a: _np.ndarray):
        self._a = a

    def __array__(self, dtype=None, copy=None):
        raise TypeError(
            "Implicit conversion to a NumPy array is not allowed. "
            "Please use `.get()` to construct a NumPy array explicitly."
        )

    def __array_function__(self, func, types, args, kwargs):
        raise TypeError(f"numpy.{func.__name__} was given a device array: use get_xp")

    # What the host knows without asking.

    shape = property(lambda self: self._a.shape)
    dtype = property(lambda self: self._a.dtype)
    ndim = property(lambda self: self._a.ndim)
    size = property(lambda self: self._a.size)
    strides = property(lambda self: self._a.strides)
    itemsize = property(lambda self: self._a.itemsize)
    nbytes = property(lambda self: self._a.nbytes)

    @property
    def flags(self):
        names = ("c_contiguous", "f_contiguous", "owndata")
        return _types.SimpleNamespace(**{n: getattr(self._a.flags, n) for n in names})

    def __len__(self):
        return len(self._a)

    # What the host has to wait for.

    def get(self, stream=None, order="C", out=None, blocking=True):
        _count("host_reads")
        if not self._a.flags.c_contiguous:
            _count("launches")
        if out is not None:
            out[...] = self._a
        return _np.array(self._a, order=order) if out is None else out

    def item(self):
        if self.size != 1:
            raise ValueError("can only convert an array of size 1 to a Python scalar")
        return self.get().item()

    def tolist(self):
        return self.get().tolist()

    def tobytes(self, order="C"):
        return self.get().tobytes(order)

    def __bool__(self):
        return bool(self.get())

    def __int__(self):
        return int(self.get())

    def __float__(self):
        return float(self.get())

    def __complex__(self):
        return complex(self.get())

    def __format__(self, spec):
        return format(self.get()[()], spec)

    def __repr__(self):
        return repr(self.get())

    def __str__(self):
        return str(self.get())

    def __reduce__(self):
        return asarray, (self.get(),)

    def __iter__(self):
        raise TypeError("iterating over a device array costs a launch an element")

    # Views and copies.

    @property
    def T(self):
        return Array(self._a.T)

    @property
    def real(self):
        return Array(self._a.real)

    @property
    def imag(self):
        return Array(self._a.imag) if self.dtype.kind == "c" else zeros_like(self)

    def reshape(self, *shape, order="C"):
        y = self._a.reshape(*shape, order=order)
        _count("launches", 0 if _is_view(y, self._a) else 1)
        return Array(y)

    def ravel(self, order="C"):
        return self.reshape(-1, order=order)

    def transpose(self, *axes):
        return Array(self._a.transpose(*axes))

    def swapaxes(self, axis1, axis2):
        return Array(self._a.swapaxes(axis1, axis2))

    def squeeze(self, axis=None):
        return Array(self._a.squeeze(axis))

    def copy(self, order="C"):
        return _launch(_np.array, self._a, order=order)

    def flatten(self, order="C"):
        return _launch(self._a.flatten, order)

    def __copy__(self):
        return self.copy()

    def __deepcopy__(self, memo):
        return self.copy()

    def astype(self, dtype, order="K", casting=None, subok=None, copy=True):
        if not copy and self.dtype == dtype:
            return self
        return _launch(
            self._a.astype, dtype, order=order, casting=casting or "unsafe", copy=True
        )

    def fill(self, value):
        if isinstance(value, Array):
            value = value.item()  # CuPy asks whether it is zero, which waits for it
        (value,) = _operands((value,))
        _launch(_np.copyto, self._a, value, casting="unsafe")

    def set(self, arr, stream=None):
        if not isinstance(arr, _np.ndarray):
            raise TypeError("Only numpy.ndarray can be set to a device array")
        _count("uploads")
        self._a[...] = arr

    def nonzero(self):
        return nonzero(self)

    def __getitem__(self, key):
        key, gather, mask = _index(key)
        if not gather:
            return Array(self._a[key])
        _count("host_reads", int(mask))
        return _launch(lambda: _np.array(self._a[key]))

    def __setitem__(self, key, value):
        key, gather, mask = _index(key)
        if gather:
            _count("host_reads", int(mask))
            _launch(self._a.__setitem__, key, *_operands((value,)))
            return
        target = self._a[key]
        if not isinstance(value, Array):
            Array(target).fill(value)
        elif not _same_memory(target, value._a):  # x[...] += y assigns x to itself
            _launch(_np.copyto, target, value._a, casting="unsafe")

    # Arithmetic. There is no __imatmul__, as in CuPy: `a @= b` binds a new array.

    def __matmul__(self, other):
        return matmul(self, other)

    def __rmatmul__(self, other):
        return matmul(other, self)

    def dot(self, other):
        assert self.ndim == other.ndim == 2
        return matmul(self, other)

    def __neg__(self):
        return _elementwise(_np.negative, (self,))

    def __pos__(self):
        return _elementwise(_np.positive, (self,))

    def __abs__(self):
        return _elementwise(_np.absolute, (self,))

    def __invert__(self):
        return _elementwise(_np.invert, (self,))

    def conj(self):
        return self if self.dtype.kind != "c" else _elementwise(_np.conjugate, (self,))


ndarray = Array


def _same_memory(a, b):
    return (a.ctypes.data, a.shape, a.strides, a.dtype) == (
        b.ctypes.data,
        b.shape,
        b.strides,
        b.dtype,
    )


def _operators(f):
    """x.__op__, x.__rop__ and x.__iop__ for the ufunc f."""
    return {
        "": lambda self, other: _elementwise(f, (self, other)),
        "r": lambda self, other: _elementwise(f, (other, self)),
        "i": lambda self, other: _elementwise(f, (self, other), out=self),
    }


for _name, _f in {
    "add": _np.add,
    "sub": _np.subtract,
    "mul": _np.multiply,
    "truediv": _np.divide,
    "floordiv": _np.floor_divide,
    "mod": _np.remainder,
    "pow": _np.power,
    "and": _np.bitwise_and,
    "or": _np.bitwise_or,
    "xor": _np.bitwise_xor,
}.items():
    for _prefix, _operator in _operators(_f).items():
        setattr(Array, f"__{_prefix}{_name}__", _operator)
for _name, _f in {
    "lt": _np.less,
    "le": _np.less_equal,
    "eq": _np.equal,
    "ne": _np.not_equal,
    "gt": _np.greater,
    "ge": _np.greater_equal,
}.items():
    setattr(Array, f"__{_name}__", _operators(_f)[""])


# Elementwise functions: xp.exp(x), xp.add(x, y, out=z). No `where=`, as in CuPy.


def _ufunc(name):
    f = getattr(_np, name)

    def ufunc(*args, out=None, dtype=None, casting="same_kind"):
        if len(args) == f.nin + 1 and out is None:
            *args, out = args
        if len(args) != f.nin:
            raise TypeError(f"Wrong number of arguments for {name!r}: {len(args)}")
        return _elementwise(f, args, out, dtype=dtype, casting=casting)

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
    n = 1 if _data(condition).dtype.kind == "b" else 2
    return _launch(_np.where, _data(condition), *_operands((x, y)), n=n)


def nonzero(a):
    """The host must read how many there are before it can make the result."""
    _count("host_reads")
    return tuple(_launch(_np.asarray, i) for i in _np.nonzero(_data(a)))


def clip(a, a_min, a_max, out=None):
    bounds = _operands((a, *(b for b in (a_min, a_max) if b is not None)))[1:]
    a_min = None if a_min is None else bounds.pop(0)
    a_max = None if a_max is None else bounds.pop(0)
    return _into(out, _np.clip, _data(a), a_min, a_max)


# Reductions, as functions and as methods. A full one gives a 0-d array.


def _reduction(name):
    f = getattr(_np, name)

    def reduction(a, axis=None, out=None, keepdims=False):
        return _into(out, f, _data(a), axis=axis, keepdims=keepdims)

    def typed(a, axis=None, dtype=None, out=None, keepdims=False):
        return _into(out, f, _data(a), axis=axis, dtype=dtype, keepdims=keepdims)

    return typed if name in ("sum", "mean", "prod") else reduction


def var(a, axis=None, dtype=None, out=None, ddof=0, keepdims=False):
    return _into(out, _np.var, _data(a), axis, dtype, ddof=ddof, keepdims=keepdims)


def std(a, axis=None, dtype=None, out=None, ddof=0, keepdims=False):
    return _into(out, _np.std, _data(a), axis, dtype, ddof=ddof, keepdims=keepdims)


def cumsum(a, axis=None, dtype=None, out=None):
    return _into(out, _np.cumsum, _data(a), axis, dtype)


def count_nonzero(a, axis=None):
    return _launch(_np.count_nonzero, _data(a), axis=axis)


for _name in ("sum", "mean", "prod", "max", "min", "any", "all", "argmax", "argmin"):
    globals()[_name] = _reduction(_name)
    setattr(Array, _name, globals()[_name])
Array.var, Array.std, Array.cumsum, Array.clip = var, std, cumsum, clip


# Matrix products.


def matmul(*args, out=None):
    """One launch, and one for each operand that cuBLAS cannot take as it lies: a matrix
    may be transposed, a stack of matrices must be C-contiguous."""
    a, b = (_data(x) for x in args)
    stacked = a.ndim > 2 or b.ndim > 2
    copies = 0
    for x in (a, b):
        fits = x.flags.c_contiguous or (x.flags.f_contiguous and not stacked)
        copies += (not fits) + (x.dtype != _np.result_type(a, b))
    return _into(out, _np.matmul, a, b, n=1 + copies)


def dot(a, b, out=None):
    return _into(out, _np.dot, _data(a), _data(b))


def tensordot(a, b, axes=2):
    return _launch(_np.tensordot, _data(a), _data(b), axes)


def outer(a, b, out=None):
    return _into(out, _np.outer, _data(a), _data(b))


def einsum(*operands):
    subscripts, *arrays = operands
    return _launch(_np.einsum, subscripts, *map(_data, arrays))


Array.dot = dot


# Making arrays.


def empty(shape, dtype=float, order="C"):
    """Whatever lay there: here NaN, or the largest integer, so that whoever reads it
    before writing will notice."""
    return Array(_soil(_np.empty(shape, dtype, order)))


def _soil(a):
    dirt = {"f": _np.nan, "c": _np.nan, "b": True}
    a.fill(dirt[a.dtype.kind] if a.dtype.kind in dirt else _np.iinfo(a.dtype).max)
    return a


def zeros(shape, dtype=float, order="C"):
    return _launch(_np.zeros, shape, dtype, order)


def ones(shape, dtype=float, order="C"):
    return _launch(_np.ones, shape, dtype, order)


def full(shape, fill_value, dtype=None, order="C"):
    return _launch(_np.full, shape, *_operands((fill_value,)), dtype, order)


def empty_like(prototype, dtype=None, order="K", subok=None, shape=None):
    return Array(_soil(_np.empty_like(_data(prototype), dtype, order, shape=shape)))


def zeros_like(a, dtype=None, order="K", subok=None, shape=None):
    return _launch(_np.zeros_like, _data(a), dtype, order, shape=shape)


def ones_like(a, dtype=None, order="K", subok=None, shape=None):
    return _launch(_np.ones_like, _data(a), dtype, order, shape=shape)


def full_like(a, fill_value, dtype=None, order="K", subok=None, shape=None):
    (value,) = _operands((fill_value,))
    return _launch(_np.full_like, _data(a), value, dtype, order, shape=shape)


def arange(start, stop=None, step=1, dtype=None):
    return _launch(_np.arange, start, stop, step, dtype=dtype)


def linspace(start, stop, num=50, endpoint=True, retstep=False, dtype=None, axis=0):
    if retstep:
        raise TypeError("retstep is not in the strict list")
    return _launch(_np.linspace, start, stop, num, endpoint, dtype=dtype, axis=axis)


def eye(N, M=None, k=0, dtype=float, order="C"):
    return _launch(_np.eye, N, M, k, dtype, order, n=2)


def asarray(a, dtype=None, order=None, *, copy=None, blocking=False):
    """The Array `a` itself, or a copy of host memory: the two never share any."""
    if isinstance(a, Array):
        return a.astype(dtype or a.dtype, copy=bool(copy))
    _count("uploads")
    return Array(_np.array(a, dtype, order=order))


def array(
    obj, dtype=None, copy=True, order="K", subok=False, ndmin=0, *, blocking=False
):
    if isinstance(obj, Array):
        return obj.astype(dtype or obj.dtype, copy=copy)
    return asarray(obj, dtype)


def ascontiguousarray(a, dtype=None):
    a = asarray(a, dtype)
    return a if a.flags.c_contiguous else a.copy()


def asnumpy(a, stream=None, order="C", out=None, *, blocking=True):
    """A host copy; a host array passes, and costs nothing."""
    return a.get(order=order, out=out) if isinstance(a, Array) else _np.asarray(a)


def copyto(dst, src, casting="same_kind", where=None):
    if where is not None:
        raise TypeError("copyto(where=) is not in the strict list")
    (src,) = _operands((src,))
    _launch(_np.copyto, _data(dst), src, casting=casting)


def may_share_memory(a, b, max_work=None):
    return _np.may_share_memory(_data(a), _data(b))


def get_array_module(*args):
    return _sys.modules[__name__] if Array in map(type, args) else _np


# Moving and joining them.


def reshape(a, newshape, order="C", *, copy=None):
    return Array(_data(a)).reshape(newshape, order=order)


def ravel(a, order="C"):
    return Array(_data(a)).reshape(-1, order=order)


def transpose(a, axes=None):
    return Array(_np.transpose(_data(a), axes))


def swapaxes(a, axis1, axis2):
    return Array(_np.swapaxes(_data(a), axis1, axis2))


def moveaxis(a, source, destination):
    return Array(_np.moveaxis(_data(a), source, destination))


def expand_dims(a, axis):
    return Array(_np.expand_dims(_data(a), axis))


def squeeze(a, axis=None):
    return Array(_np.squeeze(_data(a), axis))


def broadcast_to(array, shape):
    return Array(_np.broadcast_to(_data(array), shape))


def flip(a, axis=None):
    return Array(_np.flip(_data(a), axis))


def split(ary, indices_or_sections, axis=0):
    return [Array(a) for a in _np.split(_data(ary), indices_or_sections, axis)]


def concatenate(tup, axis=0, out=None, *, dtype=None, casting="same_kind"):
    """Up to eight arrays are copied one by one, more by one kernel."""
    if not isinstance(tup, list | tuple):
        raise TypeError("Only a list or tuple can be concatenated")
    arrays = [_data(a) for a in tup]
    n = len(arrays) if len(arrays) <= 8 else 1
    return _into(
        out, _np.concatenate, arrays, axis=axis, dtype=dtype, casting=casting, n=n
    )


def stack(tup, axis=0, out=None, *, dtype=None, casting="same_kind"):
    arrays = [_data(a) for a in tup]
    n = len(arrays) if len(arrays) <= 8 else 1
    return _into(out, _np.stack, arrays, axis=axis, dtype=dtype, casting=casting, n=n)


def repeat(a, repeats, axis=None):
    return _launch(_np.repeat, _data(a), repeats, axis)


def tile(A, reps):
    return _launch(_np.tile, _data(A), reps)


def roll(a, shift, axis=None):
    return _launch(_np.roll, _data(a), shift, axis)


def pad(array, pad_width, mode="constant", **kwargs):
    return _launch(_np.pad, _data(array), pad_width, mode, **kwargs, n=2)


def take(a, indices, axis=None, out=None):
    if not isinstance(indices, int):
        indices = _data(indices)
    return _into(out, _np.take, _data(a), indices, axis)


Array.take = take
Array.repeat = repeat


def _as_strided(x, shape=None, strides=None):
    """A view with any strides. CuPy does not look whether it stays inside the memory of
    x; here that is an error."""
    a = _np.lib.stride_tricks.as_strided(_data(x), shape, strides)
    root = x._a
    while getattr(root, "base", None) is not None:
        root = root.base
    low, high = _np.lib.array_utils.byte_bounds(root)
    first, last = _np.lib.array_utils.byte_bounds(a)
    if a.size and not low <= first <= last <= high:
        raise ValueError(f"as_strided {shape}, {strides} reaches outside the array")
    return Array(a)


lib = _types.SimpleNamespace(
    stride_tricks=_types.SimpleNamespace(as_strided=_as_strided)
)


# Random numbers: what cupy.random.Generator has, and no state that could be saved.


class _Generator:
    __slots__ = ("_rng",)

    def __init__(self, seed=None):
        self._rng = _np.random.default_rng(seed)

    def __reduce_ex__(self, protocol):
        raise TypeError("the state of a device generator cannot be saved")

    def random(self, size=None, dtype=_np.float64, out=None):
        return _into(out, self._rng.random, size, dtype)

    def standard_normal(self, size=None, dtype=_np.float64, out=None):
        return _into(out, self._rng.standard_normal, size, dtype)

    def uniform(self, low=0.0, high=1.0, size=None, dtype=_np.float64):
        y = _launch(self._rng.uniform, low, high, size, n=2)
        return y.astype(dtype, copy=False)

    def integers(self, low, high=None, size=None, dtype=_np.int64, endpoint=False):
        return _launch(self._rng.integers, low, high, size, dtype, endpoint, n=2)


random = _types.SimpleNamespace(default_rng=_Generator, Generator=_Generator)


# Names that mean the same on the device as on the host.

float16, float32, float64 = _np.float16, _np.float32, _np.float64
complex64, complex128, bool_ = _np.complex64, _np.complex128, _np.bool_
int8, int16, int32, int64 = _np.int8, _np.int16, _np.int32, _np.int64
uint8, uint16, uint32, uint64 = _np.uint8, _np.uint16, _np.uint32, _np.uint64
dtype, finfo, iinfo, result_type = _np.dtype, _np.finfo, _np.iinfo, _np.result_type
newaxis, pi, e, inf, nan = None, _math.pi, _math.e, _math.inf, _math.nan


def __getattr__(name):
    raise AttributeError(f"xp.{name} is not in the strict list of {__name__}")


class FakeBackend(_Backend):
    """The backend over these arrays."""

    name = "fake"
    xp = _sys.modules[__name__]

    def asarray(self, a):
        return asarray(a)

    def to_host(self, a):
        return asnumpy(a)

    def synchronize(self):
        pass

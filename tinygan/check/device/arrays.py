"""The arrays of the stand-in, and the one way in and out of them."""

import types

import numpy as np

from .copies import arrive, is_pinned, send
from .counts import count
from .recording import recorded

__all__: list[str] = []

# The one way in and out of an Array: what a device function accepts, what it returns.


def data(x):
    """The memory of an Array; TypeError for anything else."""
    if isinstance(x, Array):
        return x._a
    raise TypeError(
        f"Unsupported type {type(x)}: a device function takes device arrays "
        "(backend.asarray moves a host array)"
    )


def operands(xs):
    """Arrays and scalars, ready for a ufunc. A NumPy scalar may not widen the result:
    np.sqrt(2.0) * x makes float64 of a float32 array, where a Python float does not."""
    dtypes = [x.dtype for x in xs if isinstance(x, Array)]
    dtype = np.result_type(*dtypes) if dtypes else None
    for x in xs:
        if isinstance(x, np.generic):
            wide = x.dtype if dtype is None else np.result_type(dtype, x.dtype)
            if dtype is not None and dtype.kind in "fc" and wide != dtype:
                raise TypeError(
                    f"a NumPy {x.dtype} scalar would promote a {dtype} array to {wide}:"
                    " use a Python float"
                )
        elif type(x) not in (bool, int, float, complex):
            data(x)
    return [x._a if isinstance(x, Array) else x for x in xs]


def launch(f, *args, n=1, **kwargs):
    """Array(f(...)), counted. As on a GPU, there are no floating-point warnings."""
    count("launches", n)
    with np.errstate(all="ignore"):
        return Array(recorded(f, args, kwargs))


def into(out, f, *args, n=1, **kwargs):
    """f(...), written into the Array `out` unless that is None."""
    if out is None:
        return launch(f, *args, n=n, **kwargs)
    if isinstance(out, tuple):
        (out,) = out
    launch(f, *args, n=n, out=data(out), **kwargs)
    return out


def elementwise(f, xs, out=None, **kwargs):
    """f of Arrays and scalars; TypeError if there is no Array among them."""
    if Array not in map(type, xs):
        raise TypeError(
            f"{f.__name__} of {[type(x).__name__ for x in xs]}: no device array among "
            "the operands, so use math"
        )
    return into(out, f, *operands(xs), **kwargs)


def is_view(a, b):
    """Whether the memory of a is that of b."""
    return a.size == 0 or np.may_share_memory(a, b)


def index(key):
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
            isinstance(part, bool) or not isinstance(part, int | np.integer)
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
    """An array on the device, of any shape. Only the stand-in touches its memory.

    Raises TypeError where it meets host memory, and ValueError for an `item` of many.
    """

    __slots__ = ("_a",)
    __hash__ = None
    __array_priority__ = 100
    __array_ufunc__ = None  # np.exp(x) and np.add(a, x) raise; a + x comes to __radd__

    def __init__(self, a: np.ndarray):
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
        return types.SimpleNamespace(**{n: getattr(self._a.flags, n) for n in names})

    def __len__(self):
        return len(self._a)

    # What the host has to wait for.

    def get(self, stream=None, order="C", out=None, blocking=True):
        if not self._a.flags.c_contiguous:
            count("launches")
        if not blocking and is_pinned(out):
            send(self._a, out)
            return out
        count("host_reads")
        arrive()
        if out is not None:
            out[...] = self._a
        return np.array(self._a, order=order) if out is None else out

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
        return _moved, (self.get(),)

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
        return Array(self._a.imag) if self.dtype.kind == "c" else self._zeros()

    def _zeros(self):
        return launch(np.zeros_like, self._a)

    def reshape(self, *shape, order="C"):
        y = self._a.reshape(*shape, order=order)
        if is_view(y, self._a):
            return Array(y)
        return launch(self._a.reshape, *shape, order=order)

    def ravel(self, order="C"):
        return self.reshape(-1, order=order)

    def transpose(self, *axes):
        return Array(self._a.transpose(*axes))

    def swapaxes(self, axis1, axis2):
        return Array(self._a.swapaxes(axis1, axis2))

    def squeeze(self, axis=None):
        return Array(self._a.squeeze(axis))

    def copy(self, order="C"):
        return launch(np.array, self._a, order=order)

    def flatten(self, order="C"):
        return launch(self._a.flatten, order)

    def __copy__(self):
        return self.copy()

    def __deepcopy__(self, memo):
        return self.copy()

    def astype(self, dtype, order="K", casting=None, subok=None, copy=True):
        if not copy and self.dtype == dtype:
            return self
        return launch(
            self._a.astype, dtype, order=order, casting=casting or "unsafe", copy=True
        )

    def fill(self, value):
        if isinstance(value, Array):
            value = value.item()  # CuPy asks whether it is zero, which waits for it
        (value,) = operands((value,))
        launch(np.copyto, self._a, value, casting="unsafe")

    def set(self, arr, stream=None):
        if not isinstance(arr, np.ndarray):
            raise TypeError("Only numpy.ndarray can be set to a device array")
        count("uploads")
        self._a[...] = arr

    def __getitem__(self, key):
        key, gather, mask = index(key)
        if not gather:
            return Array(self._a[key])
        count("host_reads", int(mask))
        return launch(lambda: np.array(self._a[key]))

    def __setitem__(self, key, value):
        key, gather, mask = index(key)
        if gather:
            count("host_reads", int(mask))
            launch(_put, self._a, key, *operands((value,)))
            return
        target = self._a[key]
        if not isinstance(value, Array):
            Array(target).fill(value)
        elif not _same_memory(target, value._a):  # x[...] += y assigns x to itself
            launch(np.copyto, target, value._a, casting="unsafe")

    # Arithmetic. There is no __imatmul__, as in CuPy: `a @= b` binds a new array.

    def __neg__(self):
        return elementwise(np.negative, (self,))

    def __pos__(self):
        return elementwise(np.positive, (self,))

    def __abs__(self):
        return elementwise(np.absolute, (self,))

    def __invert__(self):
        return elementwise(np.invert, (self,))

    def conj(self):
        return self if self.dtype.kind != "c" else elementwise(np.conjugate, (self,))


def _put(a, key, value):
    a[key] = value


def _moved(a):
    """The Array of host memory `a`, for a copy by pickle."""
    count("uploads")
    return Array(a)


def _same_memory(a, b):
    return (a.ctypes.data, a.shape, a.strides, a.dtype) == (
        b.ctypes.data,
        b.shape,
        b.strides,
        b.dtype,
    )

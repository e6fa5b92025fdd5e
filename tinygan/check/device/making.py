"""Arrays that the stand-in makes, moves and joins."""

import types

import numpy as np

from .arrays import Array, data, into, launch, operands
from .counts import count
from .recording import soiled

__all__: list[str] = []

# Making arrays.


def empty(shape, dtype=float, order="C"):
    """Whatever lay there: here NaN, or the largest integer, so that whoever reads it
    before writing will notice."""
    return Array(soiled(np.empty(shape, dtype, order)))


def zeros(shape, dtype=float, order="C"):
    return launch(np.zeros, shape, dtype, order)


def ones(shape, dtype=float, order="C"):
    return launch(np.ones, shape, dtype, order)


def full(shape, fill_value, dtype=None, order="C"):
    return launch(np.full, shape, *operands((fill_value,)), dtype, order)


def empty_like(prototype, dtype=None, order="K", subok=None, shape=None):
    return Array(soiled(np.empty_like(data(prototype), dtype, order, shape=shape)))


def zeros_like(a, dtype=None, order="K", subok=None, shape=None):
    return launch(np.zeros_like, data(a), dtype, order, shape=shape)


def ones_like(a, dtype=None, order="K", subok=None, shape=None):
    return launch(np.ones_like, data(a), dtype, order, shape=shape)


def full_like(a, fill_value, dtype=None, order="K", subok=None, shape=None):
    (value,) = operands((fill_value,))
    return launch(np.full_like, data(a), value, dtype, order, shape=shape)


def arange(start, stop=None, step=1, dtype=None):
    return launch(np.arange, start, stop, step, dtype=dtype)


def linspace(start, stop, num=50, endpoint=True, retstep=False, dtype=None, axis=0):
    if retstep:
        raise TypeError("retstep is not in the strict list")
    return launch(np.linspace, start, stop, num, endpoint, dtype=dtype, axis=axis)


def eye(N, M=None, k=0, dtype=float, order="C"):
    return launch(np.eye, N, M, k, dtype, order, n=2)


def asarray(a, dtype=None, order=None, *, copy=None, blocking=False):
    """The Array `a` itself, or a copy of host memory: the two never share any."""
    if isinstance(a, Array):
        return a.astype(dtype or a.dtype, copy=bool(copy))
    count("uploads")
    return Array(np.array(a, dtype, order=order))


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
    return a.get(order=order, out=out) if isinstance(a, Array) else np.asarray(a)


def copyto(dst, src, casting="same_kind", where=None):
    if where is not None:
        raise TypeError("copyto(where=) is not in the strict list")
    (src,) = operands((src,))
    launch(np.copyto, data(dst), src, casting=casting)


def may_share_memory(a, b, max_work=None):
    return np.may_share_memory(data(a), data(b))


# Moving and joining them.


def reshape(a, newshape, order="C", *, copy=None):
    return Array(data(a)).reshape(newshape, order=order)


def ravel(a, order="C"):
    return Array(data(a)).reshape(-1, order=order)


def transpose(a, axes=None):
    return Array(np.transpose(data(a), axes))


def swapaxes(a, axis1, axis2):
    return Array(np.swapaxes(data(a), axis1, axis2))


def moveaxis(a, source, destination):
    return Array(np.moveaxis(data(a), source, destination))


def expand_dims(a, axis):
    return Array(np.expand_dims(data(a), axis))


def squeeze(a, axis=None):
    return Array(np.squeeze(data(a), axis))


def broadcast_to(array, shape):
    return Array(np.broadcast_to(data(array), shape))


def flip(a, axis=None):
    return Array(np.flip(data(a), axis))


def split(ary, indices_or_sections, axis=0):
    return [Array(a) for a in np.split(data(ary), indices_or_sections, axis)]


def concatenate(tup, axis=0, out=None, *, dtype=None, casting="same_kind"):
    """Up to eight arrays are copied one by one, more by one kernel."""
    if not isinstance(tup, list | tuple):
        raise TypeError("Only a list or tuple can be concatenated")
    arrays = [data(a) for a in tup]
    n = len(arrays) if len(arrays) <= 8 else 1
    return into(
        out, np.concatenate, arrays, axis=axis, dtype=dtype, casting=casting, n=n
    )


def stack(tup, axis=0, out=None, *, dtype=None, casting="same_kind"):
    arrays = [data(a) for a in tup]
    n = len(arrays) if len(arrays) <= 8 else 1
    return into(out, np.stack, arrays, axis=axis, dtype=dtype, casting=casting, n=n)


def repeat(a, repeats, axis=None):
    return launch(np.repeat, data(a), repeats, axis)


def tile(A, reps):
    return launch(np.tile, data(A), reps)


def roll(a, shift, axis=None):
    return launch(np.roll, data(a), shift, axis)


def pad(array, pad_width, mode="constant", **kwargs):
    return launch(np.pad, data(array), pad_width, mode, **kwargs, n=2)


def take(a, indices, axis=None, out=None):
    if not isinstance(indices, int):
        indices = data(indices)
    return into(out, np.take, data(a), indices, axis)


Array.take = take
Array.repeat = repeat


def _as_strided(x, shape=None, strides=None):
    """A view with any strides. CuPy does not look whether it stays inside the memory of
    x; here that is an error."""
    a = np.lib.stride_tricks.as_strided(data(x), shape, strides)
    root = x._a
    while getattr(root, "base", None) is not None:
        root = root.base
    low, high = np.lib.array_utils.byte_bounds(root)
    first, last = np.lib.array_utils.byte_bounds(a)
    if a.size and not low <= first <= last <= high:
        raise ValueError(f"as_strided {shape}, {strides} reaches outside the array")
    return Array(a)


lib = types.SimpleNamespace(stride_tricks=types.SimpleNamespace(as_strided=_as_strided))

"""The library of the stand-in, `xp`, and the backend over its arrays."""

import contextlib
import math
import sys
import types

import numpy as np

from ...backend import Backend, CupyBackend
from . import copies, functions, making
from .arrays import Array, into, launch
from .counts import Counts, count, counting, host_reads, launches
from .recording import recording

__all__ = ["FakeBackend", "as_cupy", "xp"]

NAME = "cupy_stand_in"  # `get_xp` finds the library of an array by this name


class Generator:
    """Random numbers: what cupy.random.Generator has, and no state to be saved."""

    __slots__ = ("_rng",)

    def __init__(self, seed=None):
        self._rng = np.random.default_rng(seed)

    def __reduce_ex__(self, protocol):
        raise TypeError("the state of a device generator cannot be saved")

    def random(self, size=None, dtype=np.float64, out=None):
        """Uniform numbers on [0, 1)."""
        return into(out, self._rng.random, size, dtype)

    def standard_normal(self, size=None, dtype=np.float64, out=None):
        """Normal numbers."""
        return into(out, self._rng.standard_normal, size, dtype)

    def uniform(self, low=0.0, high=1.0, size=None, dtype=np.float64):
        """Uniform numbers on [low, high)."""
        y = launch(self._rng.uniform, low, high, size, n=2)
        return y.astype(dtype, copy=False)

    def integers(self, low, high=None, size=None, dtype=np.int64, endpoint=False):
        """Whole numbers from low to high - 1."""
        return launch(self._rng.integers, low, high, size, dtype, endpoint, n=2)


SAME = """
    float16 float32 float64 complex64 complex128 bool_ int8 int16 int32 int64
    uint8 uint16 uint32 uint64 dtype finfo iinfo result_type
"""  # names that mean the same on the device as on the host


def _library() -> types.ModuleType:
    """The module `xp`: names and keywords that CuPy 14 has, and no others."""
    made = types.ModuleType(NAME, "A strict stand-in for CuPy 14, over host memory.")
    found = vars(made)
    for module in (functions, making):
        for name, value in vars(module).items():
            ours = getattr(value, "__module__", "") == module.__name__
            if ours and not name.startswith("_"):
                found[name] = _documented(value, f"cupy.{name}")
    for name, value in vars(Array).items():
        if not name.startswith("_") and callable(value):
            _documented(value, f"cupy.ndarray.{name}")
    found |= {name: getattr(np, name) for name in SAME.split()}
    found |= {"newaxis": None, "pi": math.pi, "e": math.e}
    found |= {"inf": math.inf, "nan": math.nan, "ndarray": Array, "lib": making.lib}
    found["random"] = types.SimpleNamespace(default_rng=Generator, Generator=Generator)
    cuda = {"Event": copies.Event, "alloc_pinned_memory": copies.alloc_pinned_memory}
    found["cuda"] = types.SimpleNamespace(**cuda)
    found["get_array_module"] = _get_array_module
    found["__getattr__"] = _missing
    return made


def _documented(f, name: str):
    if not f.__doc__:
        f.__doc__ = f"{name}, over host memory."
    return f


def _get_array_module(*args):
    return xp if Array in map(type, args) else np


def _missing(name):
    raise AttributeError(f"xp.{name} is not in the strict list of {NAME}")


xp = sys.modules[NAME] = _library()


@contextlib.contextmanager
def as_cupy():
    """Within this context NumPy's functions of device arrays alone are computed on the
    device, as by CuPy. Outside of it they are refused. Both are counted.
    """
    names = ("__array_ufunc__", "__array_function__")
    strict = {name: vars(Array)[name] for name in names}
    Array.__array_ufunc__, Array.__array_function__ = _ufunc, _function
    try:
        yield
    finally:
        for name, value in strict.items():
            setattr(Array, name, value)


def _ufunc(self, ufunc, method, *inputs, **kwargs):
    if method != "__call__":
        return NotImplemented
    count("numpy_calls")
    return getattr(xp, ufunc.__name__)(*inputs, **kwargs)


def _function(self, function, types, args, kwargs):
    count("numpy_calls")
    return getattr(xp, function.__name__)(*args, **kwargs)


class FakeBackend(Backend):
    """The backend over these arrays."""

    name = "fake"
    xp = xp
    overlaps = True
    later = CupyBackend.later

    def asarray(self, a):
        return xp.asarray(a)

    def to_host(self, a):
        return xp.asnumpy(a)

    def synchronize(self):
        pass

    def capture(self, work):
        with recording() as graph:
            made = work()
        return graph.launch, made


# What is not CuPy's, within reach of a test that has the library.
vars(xp).update(Array=Array, Counts=Counts, FakeBackend=FakeBackend, _count=count)
vars(xp).update(counting=counting, launches=launches, host_reads=host_reads)
Array.__module__ = NAME

"""Where arrays live: NumPy on the CPU, CuPy on the GPU.

Inside the mathematics the array decides: `xp = get_xp(x)`. A `Backend` object stands
only at the edges, where something has to be made, moved, waited for or described.
Random numbers are drawn on the host from a generator keyed by (seed, what, when), so a
CPU and a GPU run see the same noise and a resumed run needs no generator state.
"""

import contextlib
import ctypes
import functools
import math
import os
import platform
import sys
import types

import numpy as np
from threadpoolctl import threadpool_limits

from .errors import BackendError
from .fast import cuda as kernels

FEW = 4e6  # products in a batch's forward passes, for a core
BLOCK = 1 << 15  # numbers: several arrays of so many fit the cache of a core
M_TRIM_THRESHOLD, M_MMAP_MAX, M_ARENA_MAX = -1, -4, -8  # of glibc's mallopt

# What random numbers are for: the first part of the key of `generator`.
LATENT, PICTURE, SAMPLE, POINTS, SPLIT, CONDITION, BETWEEN = 1, 2, 3, 4, 5, 6, 7
SHUFFLE, BATCH, CAPTIONS = 101, 102, 103  # of data


def get_xp(x) -> types.ModuleType:
    """The array library of x, of any shape: `numpy`, or whichever package made it."""
    if isinstance(x, (np.ndarray, np.generic)):
        return np
    return sys.modules[type(x).__module__.partition(".")[0]]


def sigmoid(s):
    """sigma(s) = 1 / (1 + e^-s), elementwise; no overflow for any s.

    With e = exp(-|s|) <= 1 it is 1/(1+e) for s > 0 and e/(1+e) otherwise. -|s| is spelt
    min(s, -s), so that the formula stays analytic for the complex step.
    """
    xp = get_xp(s)
    e = xp.exp(xp.minimum(s, -s))
    return xp.exp(xp.minimum(s, 0)) / (1 + e)  # eq: sigmoid


def softplus(s):
    """softplus(s) = log(1 + e^s) = max(s, 0) + log(1 + e^-|s|), elementwise.

    log D = -softplus(-s) and log(1 - D) = -softplus(s) for D = sigma(s): the logistic
    loss without a probability that could round to 0 or 1.
    """
    xp = get_xp(s)
    e = xp.exp(xp.minimum(s, -s))
    return xp.maximum(s, 0) + xp.log1p(e)  # eq: softplus


def mean(a):
    """The mean of all numbers of a, of any shape, a 0-d array; NumPy's own takes four
    times as long for a batch of logits.
    """
    return a.sum() / a.size


def column_sum(a):
    """The sum over all axes but the last, (N, ..., C) -> (C,), the batch first.

    One axis at a time the chains of roundings are short: the float32 error over 65,536
    rows is an eighth.
    """
    if kernels.usable(a):
        return kernels.column_sum(a)
    C = a.shape[-1]
    a = _row_sum(a.reshape(len(a), math.prod(a.shape[1:])))
    return a if a.size == C else _row_sum(a.reshape(-1, C))


def column_dot(a, b):
    """The sum of a b over all axes but the last, (N, ..., C) -> (C,): as `column_sum`,
    without an array for a b on NumPy.
    """
    if get_xp(a) is not np:
        return column_sum(a * b)
    n, C = len(a), a.shape[-1]
    products = np.einsum("nj,nj->j", a.reshape(n, -1), b.reshape(n, -1))
    return products if products.size == C else _row_sum(products.reshape(-1, C))


def _row_sum(a):
    """(M, C) -> (C,). On NumPy a product with ones, for BLAS adds faster than `sum`."""
    if get_xp(a) is np:
        return np.ones(len(a), a.dtype) @ a  # eq: column-sum
    return a.sum(axis=0)


def repeated(v, x):
    """v (C,), to be combined with x (N, ..., C): on NumPy written out for all places of
    a sample, so that it goes along rows of thousands of numbers and not of C.
    """
    if x.ndim == 2 or get_xp(x) is not np:
        return v
    return np.tile(v, math.prod(x.shape[1:-1])).reshape(x.shape[1:])


def blocks(a, size: int = BLOCK, per: int = 1) -> list[slice]:
    """Slices of the first axis of a (n, ...), in order, so long that each stands for
    about `size` numbers, `per` for each entry of the axis.

    On a CPU several operations on a block are faster than each on all of a, because the
    block stays in the cache. On a device it is one slice: there launches count.
    """
    n = len(a)
    step = max(1, size // per if get_xp(a) is np else n)
    return [slice(i, min(i + step, n)) for i in range(0, n, step)]


def cores() -> int:
    """How many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@functools.cache
def keep_memory() -> None:
    """Have the C library keep the memory that arrays free, for the next ones.

    glibc gives large arrays back to the system, and every new one then costs a page
    fault for each 4 KiB: a third of the time of a small training step. Kept, a step in
    the steady state lives in the memory of the one before. Elsewhere this does nothing.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError, TypeError):
        return  # no glibc
    settings = {M_MMAP_MAX: 0, M_TRIM_THRESHOLD: 2**31 - 1, M_ARENA_MAX: 1}
    for parameter, value in settings.items():
        mallopt(parameter, value)


def generator(seed: int, *key: int) -> np.random.Generator:
    """A fresh random generator for the place `key` of the run `seed`.

    The same (seed, key) always gives the same numbers, and different keys give
    independent ones: this is what makes a run resumable at any step.
    """
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=key))


class Backend:
    """NumPy: the reference, and the base that the others keep to."""

    name = "numpy"
    xp = np

    def asarray(self, a):
        """The host array `a`, of any shape, as an array of this backend (a copy only if
        need be).
        """
        return np.asarray(a)

    def to_host(self, a) -> np.ndarray:
        """The array `a`, of any shape, as a NumPy array: the one named place where the
        host reads.
        """
        return np.asarray(a)

    def synchronize(self) -> None:
        """Wait until everything asked of the device is done."""

    def cores_for(self, products: int) -> int:
        """How many cores a batch repays.

        products: of its forward passes through both networks, as `Net.products` counts
        them. With FEW for each core, waiting for the others takes what is saved.
        """
        return min(cores(), max(1, int(products // FEW)))

    def computing(self, blas_threads: int | None) -> contextlib.AbstractContextManager:
        """Within this context BLAS uses so many threads, None for all there are, and
        freed memory is kept.
        """
        keep_memory()
        return threadpool_limits(blas_threads, user_api="blas")

    def describe(self) -> dict:
        """Machine and versions, for a run's config and for benchmark results."""
        return {
            "backend": self.name,
            "python": platform.python_version(),
            "numpy": np.__version__,
            "machine": platform.machine(),
            "cores": os.cpu_count(),
        }


class CupyBackend(Backend):
    """CuPy on one NVIDIA GPU."""

    name = "cupy"

    def __init__(self):
        self.xp = _usable_cupy()

    def asarray(self, a):
        return self.xp.asarray(a)

    def to_host(self, a) -> np.ndarray:
        return self.xp.asnumpy(a)

    def cores_for(self, products: int) -> int:
        return 1

    def computing(self, blas_threads: int | None) -> contextlib.AbstractContextManager:
        return contextlib.nullcontext()

    def synchronize(self) -> None:
        self.xp.cuda.get_current_stream().synchronize()

    def describe(self) -> dict:
        cuda = self.xp.cuda.runtime
        properties = cuda.getDeviceProperties(self.xp.cuda.Device().id)
        return super().describe() | {
            "cupy": self.xp.__version__,
            "device": properties["name"].decode(),
            "cuda_runtime": cuda.runtimeGetVersion(),
            "cuda_driver": cuda.driverGetVersion(),
            "tf32": os.environ.get("CUPY_TF32", "0") == "1",
        }


@functools.cache
def _usable_cupy() -> types.ModuleType:
    """The cupy module, after one small matmul and one elementwise kernel have run.

    `import cupy` succeeds without a driver, so only a computation tells.
    """
    try:
        import cupy

        a = cupy.ones((2, 2), dtype="float32")
        ok = float((a @ a + cupy.exp(a * 0)).sum()) == 12.0
    except ImportError as e:
        raise BackendError(
            "--backend cupy: CuPy is not installed; "
            "try pip install 'tinygan[cuda12]' or 'tinygan[cuda13]'"
        ) from e
    except Exception as e:  # a driver, a device or a compiler that is not there
        why = str(e).strip().splitlines() or [type(e).__name__]
        raise BackendError(
            f"--backend cupy: CuPy is installed but finds no usable GPU ({why[0]})"
        ) from e
    if not ok:
        raise BackendError("--backend cupy: the GPU computed a wrong result")
    return cupy


NUMPY = Backend()


def get_backend(name: str) -> Backend:
    """The backend called "numpy" or "cupy"; BackendError if it cannot be used here."""
    if name == "numpy":
        return NUMPY
    if name == "cupy":
        return CupyBackend()
    raise BackendError(f"backend {name!r} is unknown: expected numpy or cupy")

"""Where arrays live: NumPy on the CPU, CuPy on the GPU.

Inside the mathematics the array decides (`get_xp` in ops.py). A `Backend` object is
used only at the edges, where something has to be made, moved, waited for or described.
"""

import contextlib
import functools
import os
import platform
import types

import numpy as np
from threadpoolctl import threadpool_limits

from .errors import BackendError
from .fast.memory import cores, keep_memory

FEW = 4e6  # products in a batch's forward passes that make one more core worth using


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
        """How many cores are worth using for a batch.

        products: in the forward passes of a batch through both networks, as
        `Net.products` counts them. A core with fewer than FEW of them would spend the
        time that it saves on waiting for the others.
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

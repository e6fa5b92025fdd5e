"""Backends: arrays are NumPy's on the CPU, or CuPy's on the GPU.

The mathematics asks each array which library it belongs to (`get_xp` in ops.py). A
`Backend` object is used only at the edges of a run. It makes arrays, moves them, waits
for the device and describes the machine.
"""

import contextlib
import functools
import os
import platform
import types
from collections.abc import Callable

import numpy as np
from threadpoolctl import threadpool_limits

from .errors import BackendError, shown
from .fast.memory import cores, keep_memory

ALIGNED = 64  # bytes: where an array may begin
FEW = 4e6  # one more core is worth using for so many products in a batch


class Backend:
    """NumPy: the reference, and the base class of the other backends."""

    name = "numpy"
    xp = np
    has_graphs = False  # True if `capture` makes graphs of launches
    overlaps = False  # True if a device computes while the host does something else

    def asarray(self, a):
        """The host array `a`, of any shape, as an array of this backend. It is copied
        only if that is necessary.
        """
        return np.asarray(a)

    def to_host(self, a) -> np.ndarray:
        """The array `a`, of any shape, as a NumPy array. The host waits for the device
        in this method alone; `later` is for what need not come at once.
        """
        return np.asarray(a)

    def later(self, arrays: dict) -> Callable[[], dict[str, np.ndarray]]:
        """A function that waits for these arrays, of any shapes, and returns them as
        NumPy arrays, with the values that they have now. It may be called once, from
        any thread. NumPy's own arrays are returned as they are.
        """
        return lambda: arrays

    def synchronize(self) -> None:
        """Wait until the device has finished its work."""

    def use_device(self, i: int) -> None:
        """Compute on device i, modulo their number, if this backend has devices."""

    def cores(self) -> int:
        """How many cores a run can use here."""
        return cores()

    def cores_for(self, products: int) -> int:
        """How many cores are worth using for a batch.

        products: how many numbers the forward passes of a batch through both networks
        multiply, as `Net.products` counts them. A core with fewer than FEW of them
        loses as much time by waiting for the others as it saves.
        """
        return min(cores(), max(1, int(products // FEW)))

    def staging(self, n: int, dtype) -> "Staging":
        """Host memory for n numbers that go to the device in each turn."""
        return Staging(lambda: np.empty(n, dtype))

    def capture(self, work: Callable) -> tuple[Callable, object]:
        """(launch, what work() returned): launch() does again all that `work` did on
        the device, from and into the same memory. `work` itself computes nothing.

        BackendError if this backend has no graphs, or cannot take this work into one.
        """
        raise BackendError("this backend has no graphs")

    def computing(self, blas_threads: int | None) -> contextlib.AbstractContextManager:
        """A context in which BLAS uses `blas_threads` threads (None: all that there
        are), and the process keeps freed memory.
        """
        keep_memory()
        return threadpool_limits(blas_threads, user_api="blas")

    def describe(self) -> dict:
        """The machine and the versions, for a run's config and benchmark results."""
        return {
            "backend": self.name,
            "python": platform.python_version(),
            "numpy": np.__version__,
            "machine": platform.machine(),
            "cores": os.cpu_count(),
        }


class Staging:
    """Host memory from which numbers go to the device, (n,) of one dtype. There are two
    of it: while the numbers of one turn are under way, the next ones are written.

    make: makes (n,)      mark: returns a mark of the device's work so far, to wait for
    """

    def __init__(self, make: Callable, mark: Callable = lambda: None):
        self.memory, self.mark = (make(), make()), mark
        self.marks: list = [None, None]
        self.i = 0

    def next(self) -> np.ndarray:
        """The memory that nobody reads."""
        self.i ^= 1
        if self.marks[self.i] is not None:
            self.marks[self.i].synchronize()
        return self.memory[self.i]

    def send(self, array) -> None:
        """Copy it to an array (n,) on the device, without waiting."""
        array.set(self.memory[self.i])
        self.marks[self.i] = self.mark()


class CupyBackend(Backend):
    """CuPy on one NVIDIA GPU."""

    name = "cupy"
    has_graphs = overlaps = True

    def __init__(self):
        self.xp = _usable_cupy()

    def asarray(self, a):
        return self.xp.asarray(a)

    def to_host(self, a) -> np.ndarray:
        return self.xp.asnumpy(a)

    def later(self, arrays):
        """Copies into pinned memory, in the order of the present stream. So a turn that
        is launched afterwards cannot change them, nor can an array that gets the memory
        of one that is freed: CuPy's pool gives it to work of the same stream.
        """
        cuda, ours = self.xp.cuda, self.xp.ndarray
        sizes = [-(-a.nbytes // ALIGNED) * ALIGNED for a in arrays.values()]
        memory, start = cuda.alloc_pinned_memory(max(1, sum(sizes))), 0
        found = dict(arrays)
        for (name, a), size in zip(arrays.items(), sizes, strict=True):
            if isinstance(a, ours):
                found[name] = np.ndarray(a.shape, a.dtype, memory, start)
                a.get(out=found[name], blocking=False)
            start += size
        event = cuda.Event(block=True, disable_timing=True)
        event.record()

        def wait():
            event.synchronize()
            return found

        return wait

    def use_device(self, i: int) -> None:
        self.xp.cuda.Device(i % self.xp.cuda.runtime.getDeviceCount()).use()

    def cores_for(self, products: int) -> int:
        return 1

    @contextlib.contextmanager
    def computing(self, blas_threads: int | None):
        """A context with a stream of its own, as a graph needs it."""
        self.synchronize()
        with self.xp.cuda.Stream(non_blocking=True) as stream:
            try:
                yield
            finally:
                stream.synchronize()

    def synchronize(self) -> None:
        self.xp.cuda.get_current_stream().synchronize()

    def staging(self, n, dtype):
        """Pinned memory: the device reads it while the host goes on."""
        cuda, dtype = self.xp.cuda, np.dtype(dtype)

        def make():
            return np.frombuffer(cuda.alloc_pinned_memory(n * dtype.itemsize), dtype, n)

        def mark():
            event = cuda.Event(disable_timing=True)
            event.record()
            return event

        return Staging(make, mark)

    def capture(self, work):
        from .fast.products import by_cublas

        xp, stream = self.xp, self.xp.cuda.get_current_stream()
        if stream.ptr == 0:
            raise BackendError("a graph needs a stream of its own: with computing()")
        pool = xp.cuda.MemoryPool()  # its memory belongs to the graph from now on
        with xp.cuda.using_allocator(pool.malloc), by_cublas(xp):
            stream.begin_capture()
            try:
                made = work()
            finally:
                graph = stream.end_capture()
        return functools.partial(_launch, graph, stream, pool), made

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


def _launch(graph, stream, pool) -> None:
    """Launch a graph, whose memory is of this pool."""
    graph.launch(stream)


@functools.cache
def _usable_cupy() -> types.ModuleType:
    """The cupy module, after one small matmul and one elementwise kernel have run.

    `import cupy` succeeds without a driver, so only a computation shows that the GPU
    works. Raises BackendError if it does not.
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
    except Exception as e:  # no driver, no device or no compiler
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
    name = name if isinstance(name, str) else shown(name)
    if name == "numpy":
        return NUMPY
    if name == "cupy":
        return CupyBackend()
    raise BackendError(f"backend {name!r} is unknown: expected numpy or cupy")

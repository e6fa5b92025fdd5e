"""Products of matrices while a graph is captured: CuPy calls cuBLAS for them, and
refuses to do so then.

Here cuBLAS is called by its C functions. It has a handle and a workspace of its own,
which stay where they are as long as a graph may use them.
"""

import contextlib
import ctypes
import functools

import numpy as np

WORKSPACE = 64 << 20  # bytes
GEMM = {
    "f": ("cublasSgemm_v2", ctypes.c_float),
    "d": ("cublasDgemm_v2", ctypes.c_double),
}


class Products:
    """cuBLAS with a handle and a workspace of its own: product(a, b) is a b.

    a and b are matrices of shapes (M, K) and (K, N), or a vector (K,) in place of one.
    Raises OSError if the library is not found, and RuntimeError if it reports an error.
    """

    def __init__(self, xp):
        self.xp = xp
        self.library = ctypes.CDLL(loaded("libcublas.so"))
        self.handle = ctypes.c_void_p()
        self._call("cublasCreate_v2", ctypes.byref(self.handle))
        self.workspace = xp.zeros(WORKSPACE, np.uint8)

    def _call(self, name: str, *arguments) -> None:
        status = getattr(self.library, name)(*arguments)
        if status:
            raise RuntimeError(f"{name} failed with status {status}")

    def __call__(self, a, b, out=None):
        """a b, two matrices of shapes (M, K) and (K, N), or (K,) in place of one.

        Raises RuntimeError for other arrays, and if cuBLAS reports an error.
        """
        xp = self.xp
        if a.ndim == 1:
            y = self(a[None], b, None if out is None else out[None])
            return y[0]
        if b.ndim == 1:
            return self(a, b[:, None], None if out is None else out[:, None])[:, 0]
        if a.ndim > 2 or b.ndim > 2 or a.dtype != b.dtype or a.dtype.char not in GEMM:
            raise RuntimeError(
                f"no product of {a.dtype}{a.shape} and {b.dtype}{b.shape}"
            )
        (m, k), n = a.shape, b.shape[1]
        c = out
        if c is None or not c.flags.c_contiguous:
            c = xp.empty((m, n), a.dtype)
        name, real = GEMM[a.dtype.char]
        (b, of_b, ldb), (a, of_a, lda) = self._laid(b), self._laid(a)
        stream = ctypes.c_void_p(xp.cuda.get_current_stream().ptr)
        size = ctypes.c_size_t(self.workspace.nbytes)
        self._call("cublasSetStream_v2", self.handle, stream)
        self._call("cublasSetWorkspace_v2", self.handle, _at(self.workspace), size)
        one, zero = ctypes.byref(real(1)), ctypes.byref(real(0))
        # cuBLAS counts along columns first: c^T = b^T a^T
        sizes = self.handle, of_b, of_a, n, m, k
        self._call(name, *sizes, one, _at(b), ldb, _at(a), lda, zero, _at(c), n)
        if out is not None and c is not out:
            out[...] = c
        return c if out is None else out

    def _laid(self, a):
        """(a, whether cuBLAS is to transpose it, its leading dimension)."""
        m, n = a.shape
        if a.flags.c_contiguous:
            return a, 0, max(1, n)
        if a.flags.f_contiguous:
            return a, 1, max(1, m)
        return self.xp.ascontiguousarray(a), 0, max(1, n)


def _at(a) -> ctypes.c_void_p:
    return ctypes.c_void_p(a.data.ptr)


def loaded(name: str) -> str:
    """The path of a library that this process has loaded. OSError if it has not."""
    with open("/proc/self/maps", encoding="utf-8") as maps:
        paths = sorted({line.split()[-1] for line in maps if name in line})
    if not paths:
        raise OSError(f"{name} is not loaded")
    return paths[0]


@functools.cache
def products(xp) -> Products:
    """The products of this process; CuPy has loaded cuBLAS at its first product."""
    one = xp.ones((2, 2), np.float32)
    _ = one @ one
    return Products(xp)


@contextlib.contextmanager
def by_cublas(xp):
    """Within this context `@`, `dot` and `matmul` of CuPy's arrays are `Products`."""
    product, array = products(xp), xp.ndarray
    kept = {name: getattr(array, name) for name in ("__matmul__", "dot")}, xp.matmul
    array.__matmul__ = lambda a, b: product(a, b)
    array.dot = lambda a, b, out=None: product(a, b, out)
    xp.matmul = lambda a, b, out=None: product(a, b, out)
    try:
        yield
    finally:
        for name, value in kept[0].items():
            setattr(array, name, value)
        xp.matmul = kept[1]

"""Products while a graph is captured: what cuBLAS is asked for, on a cuBLAS in NumPy.

It takes addresses and leading dimensions as the C functions do, and counts along the
columns first.
"""

import ctypes
import types

import numpy as np
import pytest

from tinygan.fast import products
from tinygan.fast.products import Products, by_cublas


class Array(np.ndarray):
    """An array with an address, as CuPy's have it."""

    @property
    def data(self):
        return types.SimpleNamespace(ptr=self.ctypes.data)


def device(a) -> Array:
    return np.asarray(a).view(Array)


def gemm(real):
    def call(handle, of_a, of_b, m, n, k, one, a, lda, b, ldb, zero, c, ldc):
        assert one._obj.value == 1 and zero._obj.value == 0

        def columns(address, rows, cols, leading):
            memory = (real * (leading * cols)).from_address(address.value)
            flat = np.frombuffer(memory, np.dtype(real))
            return flat.reshape(cols, leading).T[:rows]

        A = columns(a, k, m, lda).T if of_a else columns(a, m, k, lda)
        B = columns(b, n, k, ldb).T if of_b else columns(b, k, n, ldb)
        columns(c, m, n, ldc)[...] = A @ B
        return 0

    return call


class CuBlas:
    cublasSgemm_v2 = staticmethod(gemm(ctypes.c_float))
    cublasDgemm_v2 = staticmethod(gemm(ctypes.c_double))
    status = 0

    def __getattr__(self, name):
        assert name in (
            "cublasCreate_v2",
            "cublasSetStream_v2",
            "cublasSetWorkspace_v2",
        )
        return lambda *arguments: self.status


def library():
    stream = types.SimpleNamespace(ptr=7)
    return types.SimpleNamespace(
        ndarray=Array,
        matmul=np.matmul,
        zeros=lambda *a: device(np.zeros(*a)),
        ones=lambda *a: device(np.ones(*a)),
        empty=lambda *a: device(np.full(*a[:1], np.nan, a[1])),
        ascontiguousarray=lambda a: device(np.ascontiguousarray(a)),
        cuda=types.SimpleNamespace(get_current_stream=lambda: stream),
    )


@pytest.fixture
def product(monkeypatch):
    monkeypatch.setattr(products, "loaded", lambda name: name)
    monkeypatch.setattr(ctypes, "CDLL", lambda path: CuBlas())
    monkeypatch.setattr(products, "WORKSPACE", 64)
    return Products(library())


LAYOUTS = [lambda a: a, np.asfortranarray, lambda a: np.repeat(a, 2, 1)[:, ::2]]


@pytest.mark.parametrize("dtype", ["f4", "f8"])
@pytest.mark.parametrize("of_a", range(3))
@pytest.mark.parametrize("of_b", range(3))
@pytest.mark.parametrize("sizes", [(2, 3, 4), (1, 5, 1), (4, 1, 3)])
def test_matrices_in_any_layout(product, dtype, of_a, of_b, sizes):
    rng, (m, k, n) = np.random.default_rng(0), sizes
    a, b = (rng.normal(size=s).astype(dtype) for s in ((m, k), (k, n)))
    y = product(device(LAYOUTS[of_a](a)), device(LAYOUTS[of_b](b)))
    np.testing.assert_allclose(y, a @ b, rtol=1e-5)
    out = device(np.full((m, n), np.nan, dtype))
    assert product(device(a), device(b), out) is out
    np.testing.assert_allclose(out, a @ b, rtol=1e-5)
    across = device(np.full((n, m), np.nan, dtype)).T
    product(device(a), device(b), across)
    np.testing.assert_allclose(across, a @ b, rtol=1e-5)


def test_vectors(product):
    rng = np.random.default_rng(0)
    A, u, v = rng.normal(size=(3, 4)), rng.normal(size=3), rng.normal(size=4)
    np.testing.assert_allclose(product(device(u), device(A)), u @ A)
    np.testing.assert_allclose(product(device(A), device(v)), A @ v)
    np.testing.assert_allclose(product(device(v), device(v)), v @ v)


def test_what_it_does_not_multiply(product, monkeypatch):
    x = device(np.ones((2, 2)))
    for a, b in ((x, x.astype("f4")), (x.astype(int),) * 2, (x[None], x)):
        with pytest.raises(RuntimeError, match="no product of"):
            product(device(a), device(b))
    monkeypatch.setattr(CuBlas, "status", 13)
    with pytest.raises(RuntimeError, match="cublasSetStream_v2 failed with status 13"):
        product(x, x)


def test_the_operators_are_its_own_within_the_context(product, monkeypatch):
    xp, called = product.xp, []
    kept = xp.matmul
    monkeypatch.setattr(products, "products", lambda xp: lambda *a: called.append(a))
    x = device(np.ones((2, 2)))
    with by_cublas(xp):
        _ = x @ x
        x.dot(x)
        xp.matmul(x, x, out=x)
    assert len(called) == 3 and xp.matmul is kept
    np.testing.assert_array_equal(x @ x, np.full((2, 2), 2))


def test_a_library_that_is_not_loaded():
    with pytest.raises(OSError, match="libnowhere is not loaded"):
        products.loaded("libnowhere")

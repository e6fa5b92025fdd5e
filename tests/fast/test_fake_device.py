"""The stand-in for the GPU is tested itself: each refusal, each count, each trap."""

import copy
import inspect
import math
import pickle
import threading
import types

import numpy as np
import pytest

from tinygan import get_xp
from tinygan.check.device import xp

HOST = np.arange(6, dtype="float32").reshape(2, 3) + 1


@pytest.fixture
def x():
    return xp.asarray(HOST)


def host(a) -> np.ndarray:
    return xp.asnumpy(a)


def same(a, b) -> None:
    """The Array a holds exactly the host array b: dtype, shape and values."""
    a, b = host(a), np.asarray(b)
    assert (a.dtype, a.shape) == (b.dtype, b.shape)
    np.testing.assert_array_equal(a, b)


def counted(f) -> tuple[int, int, int]:
    with xp.counting() as c:
        f()
    return c.launches, c.host_reads, c.uploads


# It is an array library.


def test_get_xp_finds_it(x):
    assert get_xp(x) is xp and get_xp(x.sum()) is xp
    assert xp.get_array_module(x) is xp and xp.get_array_module(HOST) is np
    assert isinstance(x, xp.ndarray) and not isinstance(x, np.ndarray)


def test_the_backend(x):
    backend = xp.FakeBackend()
    source = HOST.copy()
    y = backend.asarray(source)
    source[...] = 0
    same(y, HOST)  # the device has its own memory
    back = backend.to_host(y)
    back[...] = 0
    same(y, HOST)
    backend.synchronize()
    assert backend.name == "fake" and backend.xp is xp
    assert backend.asarray(x) is x
    assert counted(lambda: backend.to_host(x)) == (0, 1, 0)
    assert counted(lambda: backend.asarray(HOST)) == (0, 0, 1)


BINARY = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
    "//": lambda a, b: a // b,
    "%": lambda a, b: a % b,
    "**": lambda a, b: a**b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}


@pytest.mark.parametrize("op", BINARY.values(), ids=BINARY)
def test_operators_are_numpys(op, x):
    other = HOST[::-1].copy()
    with xp.counting() as c:
        results = [op(x, xp.asarray(other)), op(x, 2.0), op(2, x), op(x, np.float32(2))]
    assert c.launches == len(results) and c.host_reads == 0
    hosts = [op(HOST, other), op(HOST, 2.0), op(2, HOST), op(HOST, np.float32(2))]
    for ours, numpys in zip(results, hosts, strict=True):
        assert type(ours) is xp.Array
        same(ours, numpys)


def test_functions_are_numpys(x):
    for name in ("exp", "log1p", "sqrt", "tanh", "isfinite", "negative", "square"):
        same(getattr(xp, name)(x), getattr(np, name)(HOST))
    for name in ("maximum", "multiply", "divide", "subtract", "add", "power"):
        same(getattr(xp, name)(x, 2.5), getattr(np, name)(HOST, 2.5))
    for name in ("sum", "mean", "max", "min", "prod", "argmax", "var", "std"):
        for axis in (None, 0, 1):
            expected = np.asarray(getattr(np, name)(HOST, axis=axis))
            same(getattr(xp, name)(x, axis=axis), expected)
            same(getattr(x, name)(axis=axis), expected)
    same(x @ x.T, HOST @ HOST.T)
    same(xp.einsum("ij,kj->ik", x, x), HOST @ HOST.T)
    same(xp.where(x > 2, x, 0.0), np.where(HOST > 2, HOST, 0.0))
    same(xp.clip(x, 2.0, None), np.clip(HOST, 2.0, None))
    same(xp.concatenate([x, x], axis=1), np.concatenate([HOST, HOST], axis=1))
    same(xp.stack([x, x]), np.stack([HOST, HOST]))
    same(xp.take(x, xp.asarray([2, 0]), axis=1), HOST[:, [2, 0]])
    same(xp.full((2,), 3, "float32"), np.full((2,), 3, "float32"))
    same(xp.arange(3, dtype="int32"), np.arange(3, dtype="int32"))
    same(xp.ones_like(x), np.ones_like(HOST))


def test_a_full_reduction_stays_on_the_device(x):
    for total in (x.sum(), xp.mean(x), (x > 0).all(), x.sum() + 1.0, x[1, 2]):
        assert type(total) is xp.Array and total.shape == ()


def test_there_are_no_floating_point_warnings(x):
    same(xp.log(x - 1)[0, 0], np.float32(-np.inf))  # warnings are errors in this suite
    assert np.isnan(host((x - x) / (x - x))).all()


# It refuses to meet NumPy.


REFUSED = {
    "np.asarray(x)": lambda x: np.asarray(x),
    "np.array([x])": lambda x: np.array([x]),
    "np.add(a, x)": lambda x: np.add(HOST, x),
    "np.add(x, a)": lambda x: np.add(x, HOST),
    "np.add(out=x)": lambda x: np.add(HOST, HOST, out=x),
    "np.exp(x)": lambda x: np.exp(x),
    "np.mean(x)": lambda x: np.mean(x),
    "np.concatenate": lambda x: np.concatenate([HOST, x]),
    "a + x": lambda x: HOST + x,
    "x + a": lambda x: x + HOST,
    "a @ x": lambda x: HOST.T @ x,
    "x @ a": lambda x: x @ HOST.T,
    "a > x": lambda x: HOST[:1] > x[:1],
    "x == a": lambda x: x == HOST,
    "0-d a * x": lambda x: np.array(2.0, "float32") * x,
    "x += a": lambda x: x.__iadd__(HOST),
    "a += x": lambda x: HOST.copy().__iadd__(x),
    "a[...] = x": lambda x: HOST.copy().__setitem__(..., x),
    "x[...] = a": lambda x: x.__setitem__(..., HOST),
    "x[i] = a": lambda x: x.__setitem__(xp.asarray([0]), HOST[:1]),
    "x[np index]": lambda x: x[np.array([0, 1])],
    "x[np mask]": lambda x: x[HOST > 2],
    "x[list]": lambda x: x[[0, 1]],
    "x[True]": lambda x: x[True],
    "x[: array]": lambda x: x[: xp.asarray(1)],
    "a[x]": lambda x: HOST[x.astype("int64")],
    "range(0-d x)": lambda x: range(x.sum().astype("int64")),
    "x.fill(a)": lambda x: x.fill(HOST),
    "xp.exp(a)": lambda x: xp.exp(HOST),
    "xp.exp(2.0)": lambda x: xp.exp(2.0),
    "xp.mean(a)": lambda x: xp.mean(HOST),
    "xp.maximum(x, a)": lambda x: xp.maximum(x, HOST),
    "xp.where(a, ..)": lambda x: xp.where(HOST > 2, x, x),
    "xp.where(.., a)": lambda x: xp.where(x > 2, x, HOST),
    "xp.where(bool)": lambda x: xp.where(True, x, x),
    "xp.exp(out=a)": lambda x: xp.exp(x, out=HOST.copy()),
    "xp.sum(out=a)": lambda x: xp.sum(x, axis=0, out=HOST[0].copy()),
    "xp.take(a)": lambda x: xp.take(x, np.array([0])),
    "xp.zeros_like(a)": lambda x: xp.zeros_like(HOST),
    "xp.empty_like(a)": lambda x: xp.empty_like(HOST),
    "xp.concatenate(a)": lambda x: xp.concatenate([x, HOST]),
    "xp.matmul(x, 2)": lambda x: xp.matmul(x, 2),
    "xp.full(a)": lambda x: xp.full((2,), HOST[0, :2]),
    "x + None": lambda x: x + None,
    "x == None": lambda x: x == None,  # noqa: E711
    "x * [1]": lambda x: x * [1, 2, 3],
    "iter": lambda x: list(x),
    "unpack": lambda x: (lambda a, b: a)(*x),
    "in": lambda x: 1.0 in x,
    "hash": lambda x: hash(x),
    "ufunc where=": lambda x: xp.exp(x, where=x > 2),
    "memoryview": lambda x: memoryview(x),
}


@pytest.mark.parametrize("mistake", REFUSED.values(), ids=REFUSED)
def test_refusals(mistake, x):
    with pytest.raises(TypeError):
        mistake(x)
    same(x, HOST)


def test_a_numpy_scalar_may_not_promote(x):
    wide = np.sqrt(2.0)
    for f in (
        lambda: x * wide,
        lambda: wide * x,
        lambda: x.__imul__(wide),
        lambda: x > wide,
        lambda: xp.maximum(x, wide),
        lambda: xp.where(x > 0, x, wide),
        lambda: x + np.int64(1),
        lambda: x.clip(wide, 3.0),
    ):
        with pytest.raises(TypeError, match="promote a float32 array to float64"):
            f()
    same(x, HOST)
    x64 = x.astype("float64")
    same(x64 * wide, HOST.astype("float64") * wide)  # nothing to promote
    same(x * math.sqrt(2.0), HOST * math.sqrt(2.0))  # a Python float is weak
    x[...] = wide  # nor here: the result keeps x's dtype
    same(x, np.full_like(HOST, wide))


def test_dtypes_promote_as_in_numpy_2(x):
    assert (x + x.astype("float64")).dtype == "float64"
    assert (x + xp.asarray(2.0)).dtype == "float64"  # a 0-d array is not a weak scalar
    assert (x.astype("int32") + x).dtype == "float64"
    assert (x.astype("int64") / 2).dtype == "float64"
    assert (x.astype("float16") + 1).dtype == "float16"
    x += x.astype("float64")
    same(x, 2 * HOST)
    with pytest.raises(TypeError):
        i = x.astype("int32")
        i /= 2


def test_only_what_cupy_has():
    for name in ("norm", "float128", "vectorize", "np", "sys", "errstate", "RawKernel"):
        with pytest.raises(AttributeError, match="not in the strict list"):
            getattr(xp, name)
    assert not hasattr(xp.Array, "__index__") and not hasattr(xp.Array, "__imatmul__")
    with pytest.raises(AttributeError):
        xp.asarray(HOST).note = 1


def test_matmul_in_place_binds_a_new_array(x):
    square = xp.asarray(np.eye(2, dtype="float32"))
    alias = square
    alias @= square
    assert alias is not square


# It counts.


COUNTS = {  # launches, host reads, uploads
    "x + 1": (lambda x: x + 1, (1, 0, 0)),
    "x += 1": (lambda x: x.__iadd__(1), (1, 0, 0)),
    "-x": (lambda x: -x, (1, 0, 0)),
    "x > 1": (lambda x: x > 1, (1, 0, 0)),
    "exp": (lambda x: xp.exp(x), (1, 0, 0)),
    "exp(out=)": (lambda x: xp.exp(x, out=x), (1, 0, 0)),
    "where": (lambda x: xp.where(x > 2, x, 0.0), (2, 0, 0)),
    "where of floats": (lambda x: xp.where(x, x, 0.0), (2, 0, 0)),
    "sum": (lambda x: x.sum(), (1, 0, 0)),
    "mean(axis=)": (lambda x: x.mean(axis=0), (1, 0, 0)),
    "x @ x.T": (lambda x: x @ x.T, (1, 0, 0)),
    "matmul copies": (lambda x: x[:, :2] @ x[:, 1:].T, (3, 0, 0)),
    "stacked matmul copies": (lambda x: x[None] @ x.T, (2, 0, 0)),
    "matmul casts": (lambda x: x @ x.T.astype("float64"), (3, 0, 0)),
    "copy": (lambda x: x.copy(), (1, 0, 0)),
    "astype": (lambda x: x.astype("float64"), (1, 0, 0)),
    "astype, same": (lambda x: x.astype("float32", copy=False), (0, 0, 0)),
    "fill": (lambda x: x.fill(0), (1, 0, 0)),
    "fill with an array": (lambda x: x.fill(x[0, 0]), (1, 1, 0)),
    "x[...] = 0": (lambda x: x.__setitem__(..., 0), (1, 0, 0)),
    "x[0] = x[1]": (lambda x: x.__setitem__(0, x[1]), (1, 0, 0)),
    "x[0] = x[0]": (lambda x: x.__setitem__(0, x[0]), (0, 0, 0)),
    "zeros": (lambda x: xp.zeros((3,)), (1, 0, 0)),
    "full": (lambda x: xp.full((3,), 1.0), (1, 0, 0)),
    "empty": (lambda x: xp.empty((3,)), (0, 0, 0)),
    "empty_like": (lambda x: xp.empty_like(x), (0, 0, 0)),
    "concatenate": (lambda x: xp.concatenate([x, x, x]), (3, 0, 0)),
    "concatenate many": (lambda x: xp.concatenate([x] * 9), (1, 0, 0)),
    "gather": (lambda x: x[xp.arange(2)], (2, 0, 0)),
    "scatter": (lambda x: x.__setitem__(xp.arange(2), 0.0), (2, 0, 0)),
    "take": (lambda x: xp.take(x, 1, axis=0), (1, 0, 0)),
    "mask": (lambda x: x[x > 2], (2, 1, 0)),
    "masked assignment": (lambda x: x.__setitem__(x > 2, 0.0), (2, 1, 0)),
    "nonzero": (lambda x: x.nonzero(), (2, 1, 0)),
    "where(x)": (lambda x: xp.where(x), (2, 1, 0)),
    "float": (lambda x: float(x[0, 0]), (0, 1, 0)),
    "int": (lambda x: int(x[0, 0]), (0, 1, 0)),
    "complex": (lambda x: complex(x[0, 0]), (0, 1, 0)),
    "bool": (lambda x: bool(x[0, 0]), (0, 1, 0)),
    "if": (lambda x: 1 if x[0, 0] > 0 else 0, (1, 1, 0)),
    "math.sqrt": (lambda x: math.sqrt(x[0, 0]), (0, 1, 0)),
    "f-string": (lambda x: f"{x[0, 0]:.3f}", (0, 1, 0)),
    "repr": (lambda x: repr(x), (0, 1, 0)),
    "str": (lambda x: str(x), (0, 1, 0)),
    "item": (lambda x: x[0, 0].item(), (0, 1, 0)),
    "tolist": (lambda x: x.tolist(), (0, 1, 0)),
    "get": (lambda x: x.get(), (0, 1, 0)),
    "get of a transpose": (lambda x: x.T.get(), (1, 1, 0)),
    "asnumpy": (lambda x: xp.asnumpy(x), (0, 1, 0)),
    "pickle": (lambda x: pickle.dumps(x), (0, 1, 0)),
    "asarray": (lambda x: xp.asarray(HOST), (0, 0, 1)),
    "asarray of an Array": (lambda x: xp.asarray(x), (0, 0, 0)),
    "set": (lambda x: x.set(HOST), (0, 0, 1)),
    "slices": (lambda x: (x[0], x[:, 1:], x[..., None], x[0, 0]), (0, 0, 0)),
    "transposes": (lambda x: (x.T, x.transpose(1, 0), x.swapaxes(0, 1)), (0, 0, 0)),
    "reshape": (lambda x: (x.reshape(3, 2), x.reshape(-1), x.ravel()), (0, 0, 0)),
    "reshape of a transpose": (lambda x: x.T.reshape(-1), (1, 0, 0)),
    "xp.reshape that copies": (lambda x: xp.reshape(x[:, :2], -1), (1, 0, 0)),
    "metadata": (lambda x: (len(x), x.size, x.strides, x.dtype, x.ndim), (0, 0, 0)),
}


@pytest.mark.parametrize(("f", "expected"), COUNTS.values(), ids=COUNTS)
def test_counts(f, expected, x):
    assert counted(lambda: f(x)) == expected


# Copies that nobody waits for come late.


def test_a_copy_to_pinned_memory_has_not_come_before_its_event(x):
    out = np.ndarray(x.shape, x.dtype, xp.cuda.alloc_pinned_memory(x.nbytes))
    early, event = xp.cuda.Event(), xp.cuda.Event()
    early.record()
    assert counted(lambda: x.get(out=out, blocking=False)) == (0, 0, 0)
    event.record()
    x[...] = 7.0  # in the order of the stream: after the copy
    early.synchronize()
    assert np.isnan(out).all()
    assert counted(event.synchronize) == (0, 1, 0)
    np.testing.assert_array_equal(out, HOST)


def test_a_read_that_waits_finishes_the_copies_before_it(x):
    out = np.ndarray(x.shape, x.dtype, xp.cuda.alloc_pinned_memory(x.nbytes))
    x.get(out=out, blocking=False)
    x.get()
    np.testing.assert_array_equal(out, HOST)


def test_a_copy_to_other_memory_makes_the_host_wait(x):
    out = np.empty_like(HOST)
    assert counted(lambda: x.get(out=out, blocking=False)) == (0, 1, 0)
    np.testing.assert_array_equal(out, HOST)


def test_what_other_threads_ask_for_is_told(x):
    with xp.counting() as here:
        threads = [threading.Thread(target=f) for f in (x.get, lambda: x + 1)]
        for thread in threads:
            thread.start()
            thread.join()
        x + 1
    assert (here.elsewhere, here.host_reads, here.launches) == (2, 1, 2)


def test_later_gives_the_values_of_this_moment(x):
    """Arrays of all shapes and dtypes, and NumPy's own."""
    backend = xp.FakeBackend()
    arrays = {"x": x, "T": x.T, "0-d": x.sum(), "none": x[:0], "host": HOST}
    arrays["i"] = (x > 2).astype("int8")
    with xp.counting() as counts:
        wait = backend.later(arrays)
        assert counts.host_reads == 0
        x[...] = 0.0
        found = wait()
    assert counts.host_reads == 1
    expected = {"x": HOST, "T": HOST.T, "0-d": HOST.sum(), "none": HOST[:0]}
    expected |= {"host": HOST, "i": (HOST > 2).astype("int8")}
    assert found.keys() == expected.keys() and found["host"] is HOST
    for name, a in expected.items():
        assert (found[name].dtype, found[name].shape) == (a.dtype, a.shape)
        np.testing.assert_array_equal(found[name], a)


def test_counting_nests_and_stops(x):
    before = xp.launches(), xp.host_reads()
    with xp.counting() as outer:
        x += 1
        with xp.counting() as inner:
            float((x + 1)[0, 0])
        x += 1
    x += 1
    assert (inner.launches, inner.host_reads) == (1, 1)
    assert (outer.launches, outer.host_reads) == (3, 1)
    assert (xp.launches(), xp.host_reads()) == (before[0] + 4, before[1] + 1)


def test_counting_stops_after_an_error(x):
    with pytest.raises(TypeError), xp.counting() as c:
        x + HOST
    x + 1
    assert c.launches == 0


# It has the memory of a device.


def test_empty_memory_is_not_clean():
    for a in (xp.empty((2, 2)), xp.empty_like(xp.zeros(3, "float32"))):
        assert np.isnan(host(a)).all()
    assert np.isnan(host(xp.empty(2, "complex64"))).all()
    assert host(xp.empty(2, "int32")).all() and host(xp.empty(2, bool)).all()
    assert xp.empty_like(xp.zeros(3, "float32")).dtype == "float32"


def test_views_write_through(x):
    flat = x.reshape(-1)
    flat[1:3] += 10.0
    x.T[0] *= 2.0
    flat[5:].fill(-1)
    x[1, 1] = 7.0
    cell = x[0, 0]
    cell += 100.0
    expected = HOST.copy()
    expected[0, 1:] += 10
    expected[:, 0] *= 2
    expected[1, 1:] = 7, -1
    expected[0, 0] += 100
    same(x, expected)
    same(flat, expected.reshape(-1))
    xp.add(flat[:3], 1.0, out=flat[3:])
    same(x[1], expected[0] + 1)


def test_copies_do_not_write_through(x):
    copies = [x.copy(), copy.copy(x), copy.deepcopy(x), x.astype("float32"), x + 0]
    copies += [x.T.reshape(-1), x[xp.arange(2)], x[x > 0], xp.concatenate([x])]
    copies += [x[xp.asarray(0)], xp.array(x), pickle.loads(pickle.dumps(x))]
    for c in copies:
        c[...] = 0
    same(x, HOST)


def test_as_strided_is_a_view_and_stays_inside(x):
    as_strided = xp.lib.stride_tricks.as_strided
    windows = as_strided(x, (2, 2, 2), (12, 4, 4))
    same(windows, np.lib.stride_tricks.sliding_window_view(HOST, 2, axis=1))
    windows[0, 0, 0] = 9.0
    assert host(x)[0, 0] == 9
    assert counted(lambda: as_strided(x, (2, 2, 2), (12, 4, 4))) == (0, 0, 0)
    as_strided(x[1:], (2, 3), (-12, 4))  # another view may lie anywhere in its memory
    for shape, strides in (((2, 3), (16, 4)), ((2, 2), (-12, 4)), ((7,), (4,))):
        with pytest.raises(ValueError, match="outside"):
            as_strided(x, shape, strides)


def test_random_numbers():
    rng = xp.random.default_rng(1)
    for a in (rng.random((2, 3), "float32"), rng.standard_normal((2, 3), "float32")):
        assert type(a) is xp.Array and a.dtype == "float32" and a.shape == (2, 3)
    assert rng.uniform(-1, 1, 4).dtype == "float64"
    assert 0 <= int(rng.integers(0, 3)) < 3
    for name in ("normal", "permutation", "shuffle", "choice", "bit_generator"):
        assert not hasattr(rng, name)
    with pytest.raises(TypeError, match="cannot be saved"):
        copy.deepcopy(rng)


# Where CuPy is installed, a GPU or not, it says itself what it has.

OURS = {"Array", "Counts", "FakeBackend", "counting", "host_reads", "launches"}


def parameters(f) -> set[str]:
    return set(inspect.signature(f).parameters)


def test_cupy_has_every_name_and_keyword():
    cupy = pytest.importorskip("cupy", minversion="14", exc_type=ImportError)
    for name, value in vars(xp).items():
        if name.startswith("_") or name in OURS:
            continue
        theirs = getattr(cupy, name)
        if type(theirs) is cupy.ufunc:
            assert parameters(value) == {"args", "out", "dtype", "casting"}, name
        elif isinstance(value, types.FunctionType):
            assert parameters(value) <= parameters(theirs), name
    for name in set(dir(xp.Array)) - {"_a"}:
        assert hasattr(cupy.ndarray, name), name
    ours = parameters(xp.lib.stride_tricks.as_strided)
    assert ours == parameters(cupy.lib.stride_tricks.as_strided)
    for name in ("random", "standard_normal", "uniform", "integers"):
        assert hasattr(cupy.random.Generator, name)
    assert cupy.ndarray.__module__.partition(".")[0] == "cupy"  # what get_xp relies on
    for name in ("__index__", "__imatmul__"):
        assert not hasattr(cupy.ndarray, name)

"""The CUDA kernels: each compiles for real GPUs, and each is run against its reference.

Neither needs a GPU. NVRTC compiles without one. And the very same CUDA source is also
a C++ program, but for a few words: `EMULATOR` defines those, the threads of a block
become coroutines, and `CpuKernel` stands in for `cupy.RawKernel` on the arrays of
`tinygan/check/device`. Where there is a GPU, the same comparisons run on it as well.
"""

import copy
import ctypes
import functools
import glob
import importlib.metadata
import math
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import types
import typing

import numpy as np
import pytest
import test_device
from hypothesis import assume, given
from hypothesis import strategies as st

import tinygan as tg
from tinygan import NUMPY, Net, ops
from tinygan.check.device import xp as fake_device
from tinygan.fast import PRIMITIVES, twins
from tinygan.fast.cuda import KERNELS, Kernel, launch, sums
from tinygan.group import ALONE
from tinygan.layers import BatchNorm, LeakyReLU, Tanh, correlation
from tinygan.optim.fed import step_numbers

PLAIN = PRIMITIVES
kernels = types.SimpleNamespace(
    **{name: twin for wing, name, twin in twins() if wing == "cuda"}
)
DTYPES = [np.dtype("float32"), np.dtype("float64")]
dtypes = pytest.mark.parametrize("dtype", DTYPES, ids=str)

# A GPU in C++: one block after another, its threads taking turns between barriers.

EMULATOR = r"""
#include <ucontext.h>
#include <cmath>
#include <vector>
using std::exp;
using std::sqrt;
using std::tanh;
#define __global__
#define __device__ static
#define __shared__ static
struct Place { unsigned x, y, z; };
static Place threadIdx, blockIdx, blockDim, gridDim;

static void **arguments;
static void (*body)();
static ucontext_t scheduler;
static std::vector<ucontext_t> threads;
static unsigned running;
static bool waiting;

static void __syncthreads()
{
    waiting = true;
    swapcontext(&threads[running], &scheduler);
}

static bool run_block(std::vector<char> &stacks, bool backwards)
{
    unsigned n = threads.size(), size = stacks.size() / n, at_barrier;
    for (unsigned t = 0; t < n; ++t) {
        getcontext(&threads[t]);
        threads[t].uc_stack.ss_sp = &stacks[t * size];
        threads[t].uc_stack.ss_size = size;
        threads[t].uc_link = &scheduler;
        makecontext(&threads[t], body, 0);
    }
    do {
        at_barrier = 0;
        for (unsigned k = 0; k < n; ++k) {
            running = backwards ? n - 1 - k : k;
            threadIdx.x = running % blockDim.x;
            threadIdx.y = running / blockDim.x % blockDim.y;
            threadIdx.z = running / blockDim.x / blockDim.y;
            waiting = false;
            swapcontext(&scheduler, &threads[running]);
            at_barrier += waiting;
        }
    } while (at_barrier == n);
    return at_barrier == 0;    // or some of them wait there for ever
}

static int run(void (*kernel)(), void **args, Place grid, Place block, int backwards)
{
    body = kernel, arguments = args, gridDim = grid, blockDim = block;
    threads.resize(block.x * block.y * block.z);
    std::vector<char> stacks(threads.size() * 16384);
    unsigned n = grid.x * grid.y * grid.z;
    for (unsigned k = 0; k < n; ++k) {
        unsigned b = backwards ? n - 1 - k : k;
        blockIdx = {b % grid.x, b / grid.x % grid.y, b / grid.x / grid.y};
        if (!run_block(stacks, backwards)) return 1;
    }
    return 0;
}
"""
ENTRY = """
namespace of_{name} {{
{code}
static void call() {{ {name}({arguments}); }}
}}
extern "C" int run_{name}(void **args, Place grid, Place block, int backwards)
{{
    return run(of_{name}::call, args, grid, block, backwards);
}}
"""

# Kernels with the mistakes that the emulator is to notice.

NO_BARRIER = Kernel("""
extern "C" __global__ void no_barrier(IN x, OUT y) {
    __shared__ REAL all[64];
    all[threadIdx.x] = x[threadIdx.x];
    y[threadIdx.x] = all[63 - threadIdx.x];
}
""")
TORN_BARRIER = Kernel("""
extern "C" __global__ void torn_barrier(IN x, OUT y) {
    if (x[threadIdx.x] > 0) __syncthreads();
    y[threadIdx.x] = x[threadIdx.x];
}
""")
TOO_FAR = Kernel("""
extern "C" __global__ void too_far(IN x, OUT y) { y[threadIdx.x + 1] = x[threadIdx.x]; }
""")
MISTAKES = {k.name: k for k in (NO_BARRIER, TORN_BARRIER, TOO_FAR)}
ALL = KERNELS | MISTAKES


class Place(ctypes.Structure):
    _fields_ = [(axis, ctypes.c_uint) for axis in "xyz"]


@functools.cache
def library(dtype) -> ctypes.CDLL:
    """All kernels, for one dtype, compiled for this machine's processor."""
    compiler = shutil.which("c++") or shutil.which("g++") or shutil.which("clang++")
    if compiler is None or os.name == "nt":
        pytest.skip("there is no C++ compiler (and ucontext.h) to run the kernels with")
    source = EMULATOR
    for name, kernel in ALL.items():
        values = (f"*({kind} *)arguments[{{}}]" for kind, _ in kernel.parameters)
        arguments = ", ".join(v.format(i) for i, v in enumerate(values))
        source += ENTRY.format(name=name, code=kernel.code(dtype), arguments=arguments)
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, "kernels.cpp")
        path.write_text(source)
        flags = ["-std=c++17", "-O1", "-shared", "-fPIC", "-o", f"{folder}/kernels.so"]
        done = subprocess.run([compiler, *flags, path], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return ctypes.CDLL(f"{folder}/kernels.so")


GUARD = 64  # numbers before and after every array that no kernel may touch


class CpuKernel:
    """What `cupy.RawKernel` is, on the emulator: strict about every argument."""

    backwards = False  # the order in which the threads and blocks take their turns
    launched: typing.ClassVar = set()  # their names

    def __init__(self, code: str, name: str):
        self.kernel = ALL[name]
        (self.dtype,) = [d for d in DTYPES if code == self.kernel.code(d)]
        self.run = getattr(library(self.dtype), f"run_{name}")

    def __call__(self, grid: tuple, block: tuple, args: tuple) -> None:
        assert max(grid[1:], default=1) <= 65_535 and np.prod(block) <= 1024
        assert math.prod(block[2:]) <= 64
        fake_device._count("launches")
        self.launched.add(self.kernel.name)
        numbers = {"int": np.int32, "long long": np.int64, "REAL": self.dtype.type}
        rooms, passed = [], []
        for (kind, _), value in zip(self.kernel.parameters, args, strict=True):
            if kind in ("IN", "OUT") and isinstance(value, fake_device.Array):
                a = value._a
                assert a.dtype == self.dtype and a.flags.c_contiguous
                room = np.full(a.size + 2 * GUARD, np.nan, a.dtype)
                room[GUARD:-GUARD] = a.ravel()
                rooms.append((kind, a, room))
                passed.append(np.array(room.ctypes.data + GUARD * a.itemsize, np.uintp))
            else:
                null = kind in ("IN", "OUT") and value == 0
                assert type(value) is (np.intp if null else numbers[kind])
                passed.append(np.array(value))
        pointers = (ctypes.c_void_p * len(passed))(*(p.ctypes.data for p in passed))
        shape = [Place(*(*t, 1, 1)[:3]) for t in (grid, block)]
        assert self.run(pointers, *shape, int(self.backwards)) == 0, "a torn barrier"
        for kind, a, room in rooms:
            assert np.isnan(room[:GUARD]).all() and np.isnan(room[-GUARD:]).all()
            inside = room[GUARD:-GUARD].reshape(a.shape)
            if kind == "IN":
                assert inside.tobytes() == a.tobytes()
            a[...] = inside


@pytest.fixture(scope="module", params=["cpu", "cpu, backwards", "cupy", "cupy, few"])
def device(request):
    """Where the kernels run; the second of each has so few blocks that all loop."""
    name, _, few = request.param.partition(", ")
    with pytest.MonkeyPatch.context() as patch:
        if few:
            patch.setattr(launch, "MOST", 2)
            patch.setattr(sums, "FILL", 3)
        if name == "cpu":
            library(DTYPES[0])
            patch.setattr(fake_device, "RawKernel", CpuKernel, raising=False)
            patch.setattr(CpuKernel, "backwards", bool(few))
            yield fake_device.FakeBackend()
            return
        try:
            yield tg.get_backend("cupy")
        except tg.BackendError as e:
            pytest.skip(str(e))


def draw(seed: int, *shape: int, dtype="float64"):
    return np.random.default_rng([30, seed]).standard_normal(shape).astype(dtype)


def agree(device, ours, expected, size=None) -> None:
    """Equal up to rounding: relative to `size`, the numbers that were added up, or to
    the largest number. Expected is float64, whatever the kernel computes in."""
    assert ops.get_xp(ours) is device.xp and ours.shape == expected.shape
    tolerance = {"f": 2e-6, "d": 1e-12}[ours.dtype.char]
    size = np.abs(expected).max(initial=0) if size is None else size
    error = np.abs(device.to_host(ours) - expected)
    assert (error <= tolerance * size).all(), (error / size).max()


def doubled(*arrays):
    """float64 copies for the reference."""
    return [a.astype("float64") for a in arrays]


# Convolution


@st.composite
def geometries(draw):
    """(x_shape, kernel, stride, pad) with at least one window."""

    def several(low, high, n):
        return draw(st.tuples(*[st.integers(low, high)] * n))

    (N, C), (H, W) = several(1, 4, 2), several(1, 9, 2)
    kernel, stride, pad = several(1, 5, 2), several(1, 4, 2), several(0, 3, 2)
    axes = zip((H, W), kernel, stride, pad, strict=True)
    assume(all(correlation.conv_size(*axis) > 0 for axis in axes))
    return (N, H, W, C), kernel, stride, pad


def convolve(device, x_shape, kernel, stride, pad, dtype):
    """im2col copies, col2im adds in the reference's order: equal to the last bit."""
    x = draw(1, *x_shape, dtype=dtype)
    expected = correlation.im2col(x, kernel, stride, pad)
    ours = kernels.im2col(device.asarray(x), kernel, stride, pad)
    np.testing.assert_array_equal(device.to_host(ours), expected)
    cols = draw(2, *expected.shape, dtype=dtype)
    expected = correlation.col2im(cols, x_shape, kernel, stride, pad)
    ours = kernels.col2im(device.asarray(cols), x_shape, kernel, stride, pad)
    np.testing.assert_array_equal(device.to_host(ours), expected)
    assert ours.dtype == dtype


@given(geometry=geometries(), dtype=st.sampled_from(DTYPES))
def test_im2col_and_col2im(device, geometry, dtype):
    convolve(device, *geometry, dtype)


WIDE = {
    "many channels": ((2, 5, 4, 50), (3, 2), (2, 1), (1, 0)),
    "a long row": ((1, 3, 400, 3), (2, 5), (1, 3), (0, 2)),
    "many samples": ((300, 3, 3, 1), (2, 2), (1, 1), (0, 0)),
    "WaveGAN": ((2, 1, 60, 3), (1, 25), (1, 4), (0, 11)),
    "DCGAN": ((2, 16, 16, 8), (4, 4), (2, 2), (1, 1)),
    "no sample": ((0, 4, 4, 2), (3, 3), (1, 1), (1, 1)),
}


@dtypes
@pytest.mark.parametrize("geometry", WIDE.values(), ids=WIDE)
def test_large_convolutions(device, geometry, dtype):
    convolve(device, *geometry, dtype)


# Elementwise. A shape is that of an array with the channels last.

SHAPES = [(1, 1), (3, 2), (7,), (2, 3, 4, 5), (700, 1), (90, 33), (5, 100), (0, 3)]
shapes = pytest.mark.parametrize("shape", SHAPES, ids=str)


@dtypes
@shapes
def test_activations(device, shape, dtype):
    x, v = draw(1, *shape, dtype=dtype), draw(3, *shape, dtype=dtype)
    ours, our_v = device.asarray(x), device.asarray(v)
    wide, v = doubled(x, v)
    for a in (0.2, 0.0):
        our_y = kernels.leaky_relu(ours, a)
        agree(device, our_y, LeakyReLU(a).f(wide), 1 + np.abs(wide))
        (host_y,) = doubled(device.to_host(our_y))
        expected = LeakyReLU(a).slope(host_y, v)
        agree(device, kernels.leaky_relu_slope(our_y, our_v, a), expected)
    y = np.tanh(wide)
    our_y = device.asarray(y.astype(dtype))
    (host_y,) = doubled(device.to_host(our_y))
    agree(device, kernels.tanh_slope(our_y, our_v), Tanh().slope(host_y, v))


@dtypes
@pytest.mark.parametrize("size", [1, 255, 2000])
def test_adam(device, size, dtype):
    """Several steps, up and down."""
    ours, plain = tg.Adam(0.01, 0.5, 0.99), tg.Adam(0.01, 0.5, 0.99)
    theta = draw(1, size, dtype=dtype)
    (expected,), our_theta = doubled(theta), device.asarray(theta)
    ours.prepare(our_theta)
    for t in range(1, 6):
        g = draw(1 + t, size, dtype=dtype)
        (plain.descend if t % 2 else plain.ascend)(expected, *doubled(g))
        ours.t = t
        kernels.take_step(our_theta, device.asarray(g), ours, -0.01 if t % 2 else 0.01)
    agree(device, our_theta, expected)
    agree(device, ours.m, plain.m)
    agree(device, ours.v, plain.v)


@dtypes
def test_adam_with_its_numbers_on_the_device(device, dtype):
    """The same bits as with the numbers of the host."""
    theta, g = draw(1, 300, dtype=dtype), device.asarray(draw(2, 300, dtype=dtype))
    ours, other = tg.Adam(0.01, 0.5, 0.99), tg.Adam(0.01, 0.5, 0.99)
    our_theta, other_theta = device.asarray(theta), device.asarray(theta)
    ours.prepare(our_theta)
    other.prepare(other_theta)
    for t in range(1, 4):
        numbers = device.asarray(step_numbers(other, -1.0, t, dtype))
        kernels.fed_step(other_theta, g, other, numbers)
        ours.t = t
        kernels.take_step(our_theta, g, ours, -0.01)
    for a, b in ((our_theta, other_theta), (ours.m, other.m), (ours.v, other.v)):
        assert (device.to_host(a) == device.to_host(b)).all()


# Sums over the rows, and BatchNorm.

TALL = [*SHAPES, (3000, 5), (600, 70), (9000, 1)]
tall = pytest.mark.parametrize("shape", TALL, ids=str)


@dtypes
@tall
def test_column_sums(device, shape, dtype):
    a, b = draw(1, *shape, dtype=dtype), draw(2, *shape, dtype=dtype)
    ours, our_b = device.asarray(a), device.asarray(b)
    (a, b), C = doubled(a, b), shape[-1]
    if a.ndim > 1 and a.size:
        agree(device, kernels.column_sum(ours), PLAIN["column_sum"](a), 100)
    rows, product = a.reshape(-1, C), (a * b).reshape(-1, C)
    agree(device, kernels.column_sum(ours), rows.sum(0), np.abs(rows).sum(0))
    t, s = kernels.channel_sums(ours, our_b)
    agree(device, s, rows.sum(0), np.abs(rows).sum(0))
    agree(device, t, product.sum(0), np.abs(product).sum(0))


@dtypes
@pytest.mark.parametrize("shape", [s for s in TALL if s[0] > 1 < len(s)], ids=str)
def test_batchnorm(device, shape, dtype):
    """The layer on the host, in float64; and its steps one by one on the device."""
    layer = Net(BatchNorm(gamma_std=0.3), shape[1:], 1, "float64", NUMPY).tree
    layer.beta[...] = draw(1, *layer.beta.shape)
    gamma, beta = (device.asarray(a.astype(dtype)) for a in (layer.gamma, layer.beta))
    layer.gamma[...], layer.beta[...] = device.to_host(gamma), device.to_host(beta)
    running = {k: device.asarray(a.astype(dtype)) for k, a in layer.state.items()}
    x, dy = 3 + draw(2, *shape, dtype=dtype), draw(3, *shape, dtype=dtype)
    wide_x, wide_dy = doubled(x, dy)
    y, (x_hat, inv_std, _) = layer.forward(wide_x)
    dx = layer.backward(wide_dy, (x_hat, inv_std, True))

    x, dy = device.asarray(x), device.asarray(dy)
    mean, var = kernels.moments(x, ALONE, running, layer.momentum)
    again = kernels.moments(x, ALONE, copy.deepcopy(running), layer.momentum)
    assert all((a == b).all() for a, b in zip((mean, var), again, strict=True))
    our_y, our_x_hat, our_inv_std = kernels.normalise(
        x, mean, var, gamma, beta, layer.eps
    )
    m = wide_x.size // shape[-1]
    small = 10 if m < 30 else 1  # the variance of a few numbers may be small
    agree(device, mean, wide_x.reshape(-1, shape[-1]).mean(0), 4 * small)
    agree(device, our_inv_std, inv_std, 10 * small * inv_std**2)
    agree(device, our_x_hat, x_hat, 10 * small * inv_std.max())
    agree(device, our_y, y, 30 * small * inv_std.max())
    for ours, expected in zip(running.values(), layer.state.values(), strict=True):
        agree(device, ours, expected, 10)
    dgamma, dbeta = kernels.channel_sums(dy, our_x_hat)
    agree(device, dbeta, layer.dbeta, m)
    agree(device, dgamma, layer.dgamma, 10 * m * inv_std.max())
    sums, gamma_sums = (dgamma, dbeta, m), (gamma * dgamma, gamma * dbeta, m)
    ours = kernels.batchnorm_dx(dy, our_x_hat, gamma, our_inv_std, *sums)
    agree(device, ours, dx, 100 * small * inv_std.max() ** 2)
    ours = kernels.standardise(x, mean, var, layer.eps)
    for our, same in zip(ours, (our_x_hat, our_inv_std), strict=True):
        assert (our == same).all()
    ours = kernels.batchnorm_dx(gamma * dy, our_x_hat, 1, our_inv_std, *gamma_sums)
    agree(device, ours, dx, 100 * small * inv_std.max() ** 2)


@dtypes
def test_one_row_can_be_normalised(device, dtype):
    """In evaluation, where the statistics are given, the batch may be one sample."""
    x, mean, beta = (device.asarray(draw(i, 40, dtype=dtype)) for i in (1, 2, 3))
    var, gamma = (device.asarray(draw(i, 40, dtype=dtype) ** 2) for i in (4, 5))
    ours = kernels.normalise(x, mean, var, gamma, beta, 0.1)
    wide = doubled(*(device.to_host(a) for a in (x, mean, var, gamma, beta)))
    x, mean, var, gamma, beta = wide
    inv_std = 1 / np.sqrt(var + 0.1)
    x_hat = (x - mean) * inv_std
    for our, expected in zip(ours, (gamma * x_hat + beta, x_hat, inv_std), strict=True):
        agree(device, our, expected)


@dtypes
def test_the_variance_does_not_cancel(device, dtype):
    """Spread 1 around 1000, where E x^2 - (E x)^2 in float32 is off by a tenth. The
    mean is rounded once: a half of the last digit, and a little.
    """
    x = 1000 + draw(1, 4000, 3, dtype=dtype)
    found = kernels.moments(device.asarray(x), ALONE, running(device, 3, dtype), 0.1)
    mean, var = map(device.to_host, found)
    digit, tolerance = {"f": (6.1e-8, 2e-6), "d": (1.2e-16, 1e-14)}[dtype.char]
    exact = np.array([math.fsum(channel) for channel in x.T]) / 4000
    np.testing.assert_allclose(mean, exact, digit)
    np.testing.assert_allclose(var, ((x - exact) ** 2).mean(0), tolerance)


@dtypes
def test_a_constant_channel_has_its_constant_for_a_mean(device, dtype):
    x = device.asarray(np.full((5000, 3), 100.3, dtype))
    mean, var = kernels.moments(x, ALONE, running(device, 3, dtype), 0.1)
    assert (mean == x[0]).all() and (var == 0).all()


# What holds for all of them.


def everything(where, dtype="float64") -> dict:
    """Every public function, once, by name: what it returns or changes."""
    shape = (2, 6, 5, 3)
    x, y = (where.asarray(draw(i, *shape, dtype=dtype)) for i in (1, 2))
    c, d, e, f = (where.asarray(draw(i, 3, dtype=dtype) ** 2) for i in (3, 4, 5, 6))
    theta, g = (where.asarray(draw(i, 9, dtype=dtype) ** 2) for i in range(2))
    adam, wide = adam_of(theta), where.asarray(draw(8, 5, 4, dtype=dtype))
    cols = where.asarray(draw(7, 2 * 3 * 2, 3 * 2 * 3, dtype=dtype))
    how = ((3, 2), (2, 2), (1, 0))
    kernels.take_step(theta, g, adam, 0.1)
    fed_theta, fed = where.asarray(draw(1, 9, dtype=dtype)), adam_of(theta)
    numbers = step_numbers(fed, 1.0, 1, np.dtype(dtype))
    kernels.fed_step(fed_theta, g, fed, where.asarray(numbers))
    normal = kernels.normalised(x, (1, 2, 3), 1e-5)
    A = kernels.correlation(x[:, :2, :1], (6, 5, 3), (2, 1), (1, 0))  # 3 groups
    grouped = A.adjoint(A.forward(x)), A.weight_grad(x, A.forward(x))
    W, U, a = (where.asarray(draw(i, 4, 12, dtype=dtype)) for i in (9, 10, 11))
    gru = kernels.gru_forward(wide[None], W, U, U[0], wide[0])
    return {
        "fed_step": (fed_theta, fed.m, fed.v),
        "take_step": (theta, adam.m, adam.v),
        "col2im": kernels.col2im(cols, shape, *how),
        "column_sum": kernels.column_sum(x),
        "gates": kernels.gates(wide),
        "gate_dx": kernels.gate_dx(x, y, y),
        "gru_forward": gru,
        "gru_step": kernels.gru_step(a, wide[:4], U, wide[0]),
        "gru_backward": kernels.gru_backward(wide[None], *gru, U),
        "channel_sums": kernels.channel_sums(x, y),
        "correlation": grouped,
        "im2col": kernels.im2col(x, *how),
        "leaky_relu": kernels.leaky_relu(x, 0.2),
        "leaky_relu_slope": kernels.leaky_relu_slope(x, y, 0.2),
        "jacobian": kernels.jacobian(x, y, normal[1], (1, 2, 3)),
        "moments": kernels.moments(x, ALONE, running(where, 3, dtype), 0.1),
        "softmax": kernels.softmax(x),
        "softmax_jacobian": kernels.softmax_jacobian(x, y),
        "normalise": kernels.normalise(x, c, d, e, f, 1e-5),
        "normalised": normal,
        "standardise": kernels.standardise(x, c, d, 1e-5),
        "batchnorm_dx": kernels.batchnorm_dx(x, y, c, d, e, f, 60),
        "tanh_slope": kernels.tanh_slope(x, y),
    }


def adam_of(theta):
    """An optimizer that takes its third step."""
    adam = tg.Adam(0.1, 0.9, 0.99)
    adam.prepare(theta)
    adam.t = 3
    return adam


def running(where, C: int, dtype="float64") -> dict:
    """Running statistics of C channels."""
    return {k: where.asarray(np.ones(C, dtype)) for k in ("mean", "var")}


def arrays(results: dict):
    for value in results.values():
        yield from value if isinstance(value, tuple) else (value,)


def test_nothing_is_left_out(device):
    """KERNELS lists all there are, and the functions here launch all of those."""
    CpuKernel.launched.clear()
    public = set(vars(kernels))
    assert {*everything(device)} == public
    if device.name == "fake":
        assert {*KERNELS} == CpuKernel.launched
    modules = [m for name, m in sys.modules.items() if "tinygan.fast.cuda." in name]
    found = {k for m in modules for k in vars(m).values() if type(k) is Kernel}
    assert {*KERNELS.values()} == found


@dtypes
def test_the_dtype_stays_and_so_do_the_bits(device, dtype):
    """The same input gives the same bits: there are no atomics."""
    first, second = (list(arrays(everything(device, dtype))) for _ in range(2))
    assert {a.dtype for a in first} == {dtype}
    for a, b in zip(first, second, strict=True):
        assert device.to_host(a).tobytes() == device.to_host(b).tobytes()


def test_arrays_need_not_be_contiguous(device):
    wide = draw(1, 4, 12, 5, 6)
    view, copy = device.asarray(wide)[:, ::2, :, 1:4], wide[:, ::2, :, 1:4].copy()
    how = ((3, 2), (2, 2), (1, 0))
    for f, *args in (
        (kernels.im2col, *how),
        (kernels.column_sum,),
        (kernels.leaky_relu, 0.2),
        (lambda x: kernels.tanh_slope(x, x),),
        (lambda x: kernels.moments(x, ALONE, running(device, 3), 0.1)[1],),
        (lambda x: kernels.channel_sums(x, x)[1],),
    ):
        ours, expected = f(view, *args), f(device.asarray(copy), *args)
        assert device.to_host(ours).tobytes() == device.to_host(expected).tobytes()


def test_launches(device):
    """Two for sums over many rows, one for everything else."""
    if device.name != "fake":
        pytest.skip("launches are counted on the stand-in")
    x = device.asarray(draw(1, 3000, 4))
    adam = adam_of(x[0])
    for f, launches in (
        (lambda: kernels.column_sum(x), 2),
        (lambda: kernels.column_sum(x[:9]), 1),
        (lambda: kernels.channel_sums(x, x), 2),
        (lambda: kernels.moments(x, ALONE, {"mean": x[0], "var": x[1]}, 0.1), 2),
        (lambda: kernels.normalise(x, x[0], x[1], x[2], x[3], 1e-5), 1),
        (lambda: kernels.leaky_relu(x, 0.2), 1),
        (lambda: kernels.take_step(x[0], x[1], adam, 0.1), 1),
    ):
        with fake_device.counting() as counts:
            f()
        assert (counts.launches, counts.host_reads) == (launches, 0)


def test_who_may_use_them(device):
    """float32 and float64 arrays, all alike, of a library that compiles CUDA."""
    single, double, both = (
        device.asarray(draw(1, 3).astype(t)) for t in ("f", "d", "D")
    )
    assert launch.usable(single) and launch.usable(double, double)
    assert not launch.usable(both) and not launch.usable(single, double)
    assert not launch.usable(draw(1, 3)) and not launch.usable(np.float64(1))
    assert kernels.column_sum(both) is NotImplemented


def test_not_without_a_compiler(monkeypatch):
    monkeypatch.delattr(fake_device, "RawKernel", raising=False)
    assert not launch.usable(fake_device.asarray(draw(1, 3)))


def test_wrong_arguments_never_reach_the_gpu(device):
    x, y = (device.asarray(draw(1, 4, 6)) for _ in range(2))
    slope = KERNELS["tanh_slope"]
    for error, args in (
        (TypeError, (x, y.astype("float32"), y, 24)),
        (TypeError, (x, y.T, y, 24)),
        (ValueError, (x, y, y)),
    ):
        with pytest.raises(error):
            slope((1,), (32,), *args)
    with pytest.raises(OverflowError):  # an int is 32 bits
        KERNELS["column_sum"]((1,), (32,), x, y, 4, 2**31)
    for f in (
        lambda: kernels.tanh_slope(x, y[:3]),
        lambda: kernels.channel_sums(x, y[:3]),
        lambda: kernels.take_step(x[0], x[0], adam_of(x[0, :5]), 0.1),
        lambda: kernels.moments(x, ALONE, {"mean": x[0], "var": x[0, :5]}, 0.1),
        lambda: kernels.normalise(x, x[0], x[0], x[0], x[0, :5], 1e-5),
        lambda: kernels.batchnorm_dx(x, y[:3], x[0], x[0], x[0], x[0], 4),
        lambda: kernels.batchnorm_dx(x, y, x[0], x[0], x[0], x[0, :5], 4),
        lambda: kernels.col2im(x, (1, 5, 5, 1), (2, 2), (1, 1), (0, 0)),
    ):
        with pytest.raises(ValueError):
            f()


# The emulator notices what a GPU does not forgive.


@pytest.fixture
def emulator(monkeypatch):
    library(DTYPES[1])
    monkeypatch.setattr(fake_device, "RawKernel", CpuKernel, raising=False)
    return monkeypatch


def test_the_emulator_notices_a_missing_barrier(emulator):
    x, results = fake_device.asarray(draw(1, 64)), []
    for backwards in (False, True):
        emulator.setattr(CpuKernel, "backwards", backwards)
        y = fake_device.empty(64)
        NO_BARRIER((1,), (64,), x, y)
        results.append(y.get())
    assert not np.array_equal(*results)


@pytest.mark.parametrize("kernel", [TORN_BARRIER, TOO_FAR], ids=str)
def test_the_emulator_notices(kernel, emulator):
    with pytest.raises(AssertionError):
        kernel((1,), (64,), fake_device.asarray(draw(1, 64)), fake_device.empty(64))


# NVRTC compiles each kernel for real GPUs, and needs none.


def find_nvrtc():
    """libnvrtc of a pip wheel or of an installed CUDA; None if there is neither."""
    found = []
    for version in ("", "-cu13", "-cu12"):
        try:
            files = importlib.metadata.files(f"nvidia-cuda-nvrtc{version}") or ()
        except importlib.metadata.PackageNotFoundError:
            continue
        found += [str(f.locate()) for f in files]
    for root in (os.environ.get("CUDA_HOME"), os.environ.get("CUDA_PATH")):
        found += glob.glob(f"{root}/lib64/*nvrtc*") + glob.glob(f"{root}/bin/*nvrtc*")
    found += glob.glob("/usr/local/cuda/lib64/*nvrtc*")
    for path in found:
        name = pathlib.Path(path).name
        if name.startswith(("libnvrtc.so", "nvrtc64_")) and ".alt" not in name:
            return path


@pytest.fixture(scope="module")
def nvrtc():
    path = find_nvrtc()
    if path is None:
        pytest.skip("no libnvrtc: pip install nvidia-cuda-nvrtc, or set CUDA_HOME")
    for part in pathlib.Path(path).parent.glob("libnvrtc-builtins.so.*"):
        ctypes.CDLL(str(part))  # some wheels do not say where NVRTC is to look for it
    return ctypes.CDLL(path)


def compile_with(nvrtc, code: str, gpu: str) -> str:
    """The PTX of a CUDA source, after it has been compiled for one kind of GPU."""
    program, size = ctypes.c_void_p(), ctypes.c_size_t()

    def text(what):
        assert getattr(nvrtc, f"nvrtcGet{what}Size")(program, ctypes.byref(size)) == 0
        out = ctypes.create_string_buffer(size.value)
        assert getattr(nvrtc, f"nvrtcGet{what}")(program, out) == 0
        return out.raw

    source, none = code.encode(), ctypes.c_void_p()
    status = nvrtc.nvrtcCreateProgram(
        ctypes.byref(program), source, b"kernel.cu", 0, none, none
    )
    assert status == 0
    try:
        options = (ctypes.c_char_p * 1)(f"--gpu-architecture={gpu}".encode())
        status = nvrtc.nvrtcCompileProgram(program, 1, options)
        assert status == 0, text("ProgramLog").decode()
        assert len(text("CUBIN")) > 1  # machine code, not only its plan
        return text("PTX").decode()
    finally:
        nvrtc.nvrtcDestroyProgram(ctypes.byref(program))


@pytest.mark.parametrize("gpu", ["sm_80", "sm_90"])
@dtypes
def test_nvrtc_compiles(dtype, gpu, nvrtc):
    """All kernels in one program, for half of the compiler's time goes into its start.
    Some bring helpers of the same name, so each is in a namespace of its own.
    """
    codes = ((k.name, k.code(dtype)) for k in KERNELS.values())
    code = "\n".join(f"namespace in_{name} {{\n{code}\n}}" for name, code in codes)
    ptx = compile_with(nvrtc, code, gpu)
    for kernel in KERNELS.values():
        _, found, rest = ptx.partition(f".visible .entry {kernel.name}(")
        parameters = rest.partition(")")[0].count(".param ")
        assert found and parameters == len(kernel.parameters), kernel
    if dtype == "float32":
        assert ".f64" not in ptx  # nothing is computed in double by accident


def test_nvrtc_says_what_is_wrong(nvrtc):
    with pytest.raises(AssertionError, match="nonsense"):
        compile_with(nvrtc, "nonsense", "sm_90")


# Hooked into the layers: a whole step by kernels is the plain step, in few launches.

# A tenth above what was seen: 122, 67, 153 and 88.
CEILINGS = {
    ("mlp", "d_step"): 135,
    ("mlp", "g_step"): 74,
    ("dcgan", "d_step"): 168,
    ("dcgan", "g_step"): 97,
}


@pytest.mark.parametrize(("game", "step"), CEILINGS)
def test_a_step_by_kernels(game, step, monkeypatch):
    library(DTYPES[0])  # or skip: there is no C++ compiler
    device = fake_device.FakeBackend()
    by_kernels, plain = (test_device.Match(game, b, "float64") for b in (device, NUMPY))
    monkeypatch.setattr(fake_device, "RawKernel", CpuKernel, raising=False)
    monkeypatch.setattr(CpuKernel, "launched", set())
    for _ in range(2):  # the second with the moments of the first
        with test_device.no_host_read() as counts:
            values = test_device.STEPS[step](by_kernels)
        expected = test_device.STEPS[step](plain)
    test_device.agree(device, values, expected, 1e-10)
    everything = by_kernels.everything(), plain.everything()
    test_device.agree(device, *everything, 1e-10)
    assert counts.launches <= CEILINGS[game, step]
    assert {"leaky_relu", "leaky_relu_slope", "adam"} <= CpuKernel.launched
    assert ("batchnorm_dx" in CpuKernel.launched) == (game == "dcgan")

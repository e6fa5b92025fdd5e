"""The CUDA kernels of gated layers, on the emulator or on the GPU of test_kernels.py.

Each is held to the plain function, in float32 and float64 and for odd shapes, and its
launches are counted.
"""

import numpy as np
import pytest
import test_kernels
from test_kernels import PLAIN, agree, doubled, draw, dtypes, kernels

from tinygan.check.device import xp as fake_device

device = test_kernels.device
SHAPES = [(1, 1), (3, 2), (5,), (2, 3, 4, 5), (700, 1), (90, 33), (0, 3), (4, 0)]
shapes = pytest.mark.parametrize("shape", SHAPES, ids=str)


def launches(f) -> int:
    """The launches of a call on the stand-in; it reads nothing."""
    with fake_device.counting() as counts:
        f()
    assert counts.host_reads == 0
    return counts.launches


# PixelCNN.


@dtypes
@shapes
def test_gates(device, shape, dtype):
    x = 4 * draw(1, *shape[:-1], 2 * shape[-1], dtype=dtype)
    for ours, plain in zip(
        kernels.gates(device.asarray(x)), PLAIN["gates"](*doubled(x)), strict=True
    ):
        agree(device, ours, plain)


@dtypes
@shapes
def test_gate_dx(device, shape, dtype):
    arrays = [draw(i, *shape, dtype=dtype) for i in range(3)]
    ours = kernels.gate_dx(*map(device.asarray, arrays))
    dy, t, g = doubled(*arrays)
    a, b = (1 + np.abs(t)) ** 2 * np.abs(g * dy), np.abs(t * g * dy) * (1 + np.abs(g))
    size = np.concatenate([a, b], axis=-1)  # of what cancels in 1 - t^2 and 1 - g
    agree(device, ours, PLAIN["gate_dx"](dy, t, g), size)


@dtypes
def test_gates_of_large_numbers(device, dtype):
    """Neither side overflows, and what is not a number stays that."""
    x = np.array([[1e4, -1e4, np.inf, -np.inf, np.nan, 0.0] * 2], dtype)
    t, g = map(device.to_host, kernels.gates(device.asarray(x)))
    np.testing.assert_array_equal(t, [[1, -1, 1, -1, np.nan, 0]])
    np.testing.assert_array_equal(g, [[1, 0, 1, 0, np.nan, 0.5]])


def test_gates_take_views_and_one_launch(device):
    wide = device.asarray(draw(1, 3, 8, 6))
    view = wide[:, ::2]
    agree(device, kernels.gates(view)[0], device.to_host(kernels.gates(view.copy())[0]))
    dy, t, g = (wide[:, i::3, :3] for i in range(2, -1, -1))
    with pytest.raises(ValueError):
        kernels.gate_dx(dy, t, g)  # of shapes (3, 2, 3), (3, 3, 3) and (3, 3, 3)
    ours = kernels.gate_dx(t, g, g)
    agree(device, ours, PLAIN["gate_dx"](*map(device.to_host, (t, g, g))))
    x, t = view.copy(), t.copy()
    if device.name == "fake":
        assert launches(lambda: kernels.gates(x)) == 1
        assert launches(lambda: kernels.gate_dx(t, t, t)) == 1


def test_gates_leave_the_rest_to_the_plain_function(device):
    """Complex numbers, mixed dtypes, and an odd number of channels."""
    x, single = device.asarray(draw(1, 3, 4)), device.asarray(draw(1, 3, 4, dtype="f"))
    for call in (
        lambda: kernels.gates(x * 1j),
        lambda: kernels.gates(x[:, :3]),
        lambda: kernels.gates(x.sum()),
        lambda: kernels.gate_dx(x, single, x),
        lambda: kernels.gate_dx(x * 1j, x, x),
    ):
        assert call() is NotImplemented


# GRU.

SEQUENCES = [(1, 1, 1, 1), (3, 2, 4, 2), (2, 5, 1, 33), (70, 2, 3, 3), (0, 2, 2, 3)]
sequences = pytest.mark.parametrize(("N", "T", "C", "n"), SEQUENCES)


def gru(N, T, C, n, dtype) -> list:
    """x, W, U, b and c, such that a step's gates are neither open nor closed."""
    shapes = (N, T, C), (C, 3 * n), (n, 3 * n), (3 * n,), (n,)
    return [draw(i, *s, dtype=dtype) / len(s) for i, s in enumerate(shapes)]


def close(device, ours, expected, n) -> None:
    """A rounding of 1 in each of the products, which have n numbers."""
    for our, plain in zip(ours, expected, strict=True):
        agree(device, our, plain, n * (1 + np.abs(plain).max(initial=0)))


@dtypes
@sequences
def test_gru(device, N, T, C, n, dtype):
    arguments = gru(N, T, C, n, dtype)
    x, W, U, b, c = map(device.asarray, arguments)
    steps = PLAIN["gru_forward"](*doubled(*arguments))
    close(device, kernels.gru_forward(x, W, U, b, c), steps, 4 * (n + C))
    h = draw(7, N, n, dtype=dtype)
    a = draw(8, N, 3 * n, dtype=dtype)
    expected = PLAIN["gru_step"](*doubled(a, h, arguments[2], arguments[4]))
    close(device, kernels.gru_step(*map(device.asarray, (a, h)), U, c), expected, 4 * n)


@dtypes
@pytest.mark.parametrize("every", [True, False])
@sequences
def test_gru_backward(device, N, T, C, n, every, dtype):
    x, W, U, b, c = gru(N, T, C, n, dtype)
    steps = PLAIN["gru_forward"](x, W, U, b, c)
    dy = draw(9, *((N, T, n) if every else (N, n)), dtype=dtype)
    arguments = dy, *steps, U
    ours = kernels.gru_backward(*map(device.asarray, arguments))
    close(device, ours, PLAIN["gru_backward"](*doubled(*arguments)), 8 * n)


def test_launches_of_a_gru(device):
    """Two for each step: a product, and all the rest of it."""
    if device.name != "fake":
        pytest.skip("launches are counted on the stand-in")
    T = 7
    x, W, U, b, c = map(device.asarray, gru(3, T, 4, 2, "float64"))
    steps = kernels.gru_forward(x, W, U, b, c)
    dy = steps[-1].swapaxes(0, 1).copy()
    assert launches(lambda: kernels.gru_forward(x, W, U, b, c)) == 2 * T + 3
    assert launches(lambda: kernels.gru_backward(dy, *steps, U)) == 2 * T
    a, h = x[:, 0] @ W, dy[:, 0].copy()
    assert launches(lambda: kernels.gru_step(a, h, U, c)) == 2


def test_a_gru_leaves_the_rest_to_the_plain_function(device):
    x, W, U, b, c = map(device.asarray, gru(3, 2, 4, 2, "float64"))
    a, (h, *steps) = x[:, 0] @ W, kernels.gru_forward(x, W, U, b, c)
    for call in (
        lambda: kernels.gru_forward(x * 1j, W, U, b, c),
        lambda: kernels.gru_forward(x[:, :0], W, U, b, c),
        lambda: kernels.gru_step(a.astype("float32"), h[0], U, c),
        lambda: kernels.gru_backward(h[1] * 1j, h, *steps, U),
    ):
        assert call() is NotImplemented
    for call in (
        lambda: kernels.gru_forward(x, W, U, b[:3], c),
        lambda: kernels.gru_forward(x, W, U, b, b),
        lambda: kernels.gru_step(a[:2], h[0], U, c),
        lambda: kernels.gru_backward(h[1, :2], h, *steps, U),
        lambda: kernels.gru_backward(h[1], h[1:], *steps, U),
    ):
        with pytest.raises(ValueError):
            call()

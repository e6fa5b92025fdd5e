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

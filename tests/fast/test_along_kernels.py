"""The CUDA kernels that add up along axes, on the emulator or on the GPU.

Each is held to the plain function, in float32 and float64, for rows of one number and
for rows longer than a block; and it takes one launch.
"""

import numpy as np
import pytest
import test_kernels
from test_gate_kernels import launches
from test_kernels import PLAIN, agree, doubled, draw, dtypes, kernels

from tinygan.fast.cuda.along import over_tiles, view_of

device = test_kernels.device


@pytest.mark.parametrize("n", [1, 3, 64, 1000, 70_000])
@pytest.mark.parametrize("m", [1, 5, 512, 3000])
@pytest.mark.parametrize("inner", [1, 3, 40, 600])
def test_the_tiles_cover_an_array(n, m, inner):
    """Once each, by blocks that CUDA allows and that have no thread too many."""
    (grid,), (x, y, z), tiles = over_tiles(n, m, inner)
    assert x * y * z <= 512 and z <= 64 and grid <= 65_535
    assert tiles == -(-n // z) * -(-inner // x)
    assert x < 2 * inner and y < 2 * m and z < 2 * n


def test_neighbouring_axes_are_one():
    shape = (2, 3, 4, 5)
    assert view_of(shape, (1, 2, 3)) == (2, 60, 1)
    assert view_of(shape, (2, 1)) == (2, 12, 5)
    assert view_of(shape, (0,)) == (1, 2, 60)
    assert view_of(shape, (0, 2)) is view_of(shape, ()) is view_of((), (-1,)) is None
    assert view_of((2, 0), (1,)) is None and view_of((0, 2), (1,)) == (0, 2, 1)


# Softmax.

ROWS = [(1,), (7,), (3, 1), (5, 27), (2, 3, 4), (70, 33), (2, 1300), (0, 3)]
rows = pytest.mark.parametrize("shape", ROWS, ids=str)


@dtypes
@rows
def test_softmax(device, shape, dtype):
    x = 4 * draw(1, *shape, dtype=dtype)
    y = PLAIN["softmax"](*doubled(x))
    our_x = device.asarray(x)
    agree(device, kernels.softmax(our_x), y, (4 + np.abs(x)) * y)
    v = draw(2, *shape, dtype=dtype)
    (y,) = doubled(y.astype(dtype))
    ours = kernels.softmax_jacobian(*map(device.asarray, (y.astype(dtype), v)))
    size = (np.abs(y) * np.abs(v)).sum(-1, keepdims=True)
    Jv, along = PLAIN["softmax_jacobian"](y, *doubled(v))
    agree(device, ours[0], Jv, y * (np.abs(v) + size))
    agree(device, ours[1], along, size)


@dtypes
def test_softmax_does_not_overflow(device, dtype):
    x = np.array([[1e4, 0, -1e4], [7, -np.inf, 7], [1, np.nan, 2]], dtype)
    y = device.to_host(kernels.softmax(device.asarray(x)))
    expected = [[1, 0, 0], [0.5, 0, 0.5], [np.nan] * 3]
    np.testing.assert_array_equal(y, expected)


def test_softmax_takes_views_and_one_launch(device):
    wide = device.asarray(draw(1, 6, 5, 8))
    view = wide[::2, :, 1:7:2]
    copy = view.copy()
    for ours, expected in (
        (kernels.softmax(view), kernels.softmax(copy)),
        *zip(
            kernels.softmax_jacobian(view, copy),
            kernels.softmax_jacobian(copy, copy),
            strict=True,
        ),
    ):
        assert device.to_host(ours).tobytes() == device.to_host(expected).tobytes()
    if device.name == "fake":
        assert launches(lambda: kernels.softmax(copy)) == 1
        assert launches(lambda: kernels.softmax_jacobian(copy, copy)) == 1


def test_softmax_leaves_the_rest_to_the_plain_function(device):
    x, single = device.asarray(draw(1, 3, 4)), device.asarray(draw(1, 3, 4, dtype="f"))
    for call in (
        lambda: kernels.softmax(x * 1j),
        lambda: kernels.softmax(x.sum()),
        lambda: kernels.softmax(x[:, :0]),
        lambda: kernels.softmax_jacobian(x, single),
    ):
        assert call() is NotImplemented
    with pytest.raises(ValueError):
        kernels.softmax_jacobian(x, x[:2])

"""The CUDA kernels that add up along axes, on the emulator or on the GPU.

Each is held to the plain function, in float32 and float64, for rows of one number and
for rows longer than a block; and it takes one launch.
"""

import numpy as np
import pytest
import test_device
import test_kernels
from test_gate_kernels import launches
from test_kernels import PLAIN, agree, doubled, draw, dtypes, kernels

from tinygan import NUMPY
from tinygan.check.device import xp as fake_device
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


# Normalisation within a sample. Shapes and axes of LayerNorm, of InstanceNorm, of
# PixelNorm, and of MinibatchStd.

NORMS = [
    ((3, 7), (1,)),
    ((2, 3, 4, 5), (1, 2, 3)),
    ((5, 1300), (1,)),
    ((0, 3, 2), (1, 2)),
    ((3, 4, 5, 33), (1, 2)),
    ((2, 700, 3), (1,)),
    ((3, 4, 5, 2), (3,)),
    ((70, 1), (1,)),
    ((4, 3, 50), (0,)),
    ((3, 0, 5), (0,)),
]
norms = pytest.mark.parametrize(("shape", "axes"), NORMS, ids=str)


@dtypes
@pytest.mark.parametrize("centre", [True, False], ids=["centred", "not centred"])
@norms
def test_normalised(device, shape, axes, centre, dtype):
    x, eps = 2 + draw(1, *shape, dtype=dtype), 0.1
    ours = kernels.normalised(device.asarray(x), axes, eps, centre)
    x_hat, inv_std = PLAIN["normalised"](*doubled(x), axes, eps, centre)
    agree(device, ours[0], x_hat, 8 * (1 + np.abs(x_hat)) * inv_std)
    agree(device, ours[1], inv_std, 8 * (1 + inv_std))
    v = draw(2, *shape, dtype=dtype)
    inputs = v, x_hat.astype(dtype), inv_std.astype(dtype)
    ours = kernels.jacobian(*map(device.asarray, inputs), axes, centre)
    Jv, along = PLAIN["jacobian"](*doubled(*inputs), axes, centre)
    size = 1 + np.abs(v).max(initial=0)  # of all the means
    agree(device, ours[0], Jv, 4 * size * (1 + np.abs(x_hat)) * inv_std)
    agree(device, ours[1], along, 4 * size)


@dtypes
def test_a_constant_sample_is_normalised_to_zeros(device, dtype):
    """The mean is taken of x - x_0, so nothing is left of 100.3 but its zeros."""
    x = device.asarray(np.full((2, 3000), 100.3, dtype))
    x_hat, inv_std = map(device.to_host, kernels.normalised(x, (1,), 0.25))
    assert not x_hat.any() and (inv_std == 2).all()


@dtypes
def test_the_deviation_of_a_sample_does_not_cancel(device, dtype):
    """Spread 1 around 1000, against a mean of the same numbers in float64."""
    x = 1000 + draw(1, 3, 4000, dtype=dtype)
    ours = kernels.normalised(device.asarray(x), (1,), 1e-5)
    x_hat, inv_std = PLAIN["normalised"](*doubled(x), (1,), 1e-5)
    agree(device, ours[0], x_hat, 4)
    agree(device, ours[1], inv_std)


def test_norms_take_views_and_one_launch(device):
    wide = device.asarray(draw(1, 6, 5, 8))
    view = wide[::2, :, 1:7:2]
    copy, axes = view.copy(), (1, 2)
    x_hat, inv_std = kernels.normalised(copy, axes, 0.1)
    for found, expected in (
        (kernels.normalised(view, axes, 0.1), (x_hat, inv_std)),
        (
            kernels.jacobian(view, view, inv_std, axes),
            kernels.jacobian(copy, copy, inv_std, axes),
        ),
    ):
        for a, b in zip(found, expected, strict=True):
            assert device.to_host(a).tobytes() == device.to_host(b).tobytes()
    if device.name == "fake":
        assert launches(lambda: kernels.normalised(copy, axes, 0.1)) == 1
        assert launches(lambda: kernels.jacobian(copy, x_hat, inv_std, axes)) == 1


def test_norms_leave_the_rest_to_the_plain_function(device):
    """Complex numbers, mixed dtypes, axes that are apart, and means of nothing."""
    x, single = device.asarray(draw(1, 3, 4, 2)), device.asarray(draw(1, 3, dtype="f"))
    for call in (
        lambda: kernels.normalised(x * 1j, (1,), 0.1),
        lambda: kernels.normalised(x, (0, 2), 0.1),
        lambda: kernels.normalised(x[:, :0], (1, 2), 0.1),
        lambda: kernels.jacobian(x, x, single, (1, 2)),
        lambda: kernels.standardise(x * 1j, x[0, 0], x[0, 0], 0.1),
        lambda: kernels.batchnorm_dx(x, x, 2, x[0, 0], x[0, 0], x[0, 0], 9),
    ):
        assert call() is NotImplemented
    with pytest.raises(ValueError):
        kernels.jacobian(x, x[:2], x[:, :1, :1], (1, 2))
    with pytest.raises(ValueError):
        kernels.jacobian(x, x, x[:, :1], (1, 2))


# The layers themselves, all their passes.

LAYERS = {
    "Gate": {"gates", "gate_dx"},
    "PixelCNN": {"gates", "gate_dx"},
    "GRU": {"gru_step", "gru_step_back"},
    "GRU, all states": {"gru_step", "gru_step_back"},
    "Softmax": {"softmax", "softmax_jacobian"},
    "GumbelSoftmax": {"softmax", "softmax_jacobian"},
    "LayerNorm of images": {"normalised", "jacobian"},
    "InstanceNorm": {"normalised", "jacobian"},
    "PixelNorm": {"normalised", "jacobian"},
    "MinibatchStd of images": {"normalised", "jacobian"},
    "ConditionalBatchNorm of images": {"normalise"},
    "Conv1d of WaveGAN": {"im2col", "col2im"},
    "Conv2d in groups": {"im2col_groups", "col2im_groups"},
}


@pytest.mark.parametrize("train", [True, False], ids=["train", "eval"])
@pytest.mark.parametrize("name", LAYERS)
def test_layers_by_kernels(name, train, monkeypatch):
    """What NumPy gives, without a host read, and the kernels have been launched."""
    test_kernels.library(np.dtype("float64"))  # or skip: there is no C++ compiler
    monkeypatch.setattr(fake_device, "RawKernel", test_kernels.CpuKernel, raising=False)
    monkeypatch.setattr(test_kernels.CpuKernel, "launched", set())
    where, case = fake_device.FakeBackend(), test_device.CASES[name]
    ours = test_device.passes(case, where, train)
    # of two samples x_hat is nearly 1 and -1, and the second derivatives nearly cancel:
    # the rounding of their terms is 2e-11 of what is left
    tolerance = 1e-10 if name.startswith("MinibatchStd") else None
    test_device.agree(where, ours, test_device.passes(case, NUMPY, train), tolerance)
    assert LAYERS[name] <= test_kernels.CpuKernel.launched

"""BatchNorm in float32 far from 0: as exact as PyTorch's, and more so on a CPU."""

import numpy as np
import pytest

import tinygan as tg
from tinygan import fast
from tinygan.layers import BatchNorm, ConditionalBatchNorm
from tinygan.values import Integers

SHAPES = [(64, 512), (64, 14, 14, 64), (4096, 3), (256, 28, 28, 8)]
MODES = {"fast": False, "plain": True}  # plain?
shapes = pytest.mark.parametrize("shape", SHAPES, ids=str)
modes = pytest.mark.parametrize("mode", MODES)


def exact(x, eps=1e-5):
    """x_hat, mean and var of float32 numbers, in float64, twice."""
    x, axes = x.astype("float64"), tuple(range(x.ndim - 1))
    mean = x.mean(axis=axes)
    mean += (x - mean).mean(axis=axes)
    var = ((x - mean) ** 2).mean(axis=axes)
    return (x - mean) / np.sqrt(var + eps), mean, var


def passed(x, mode):
    """y of a batch in training, and the statistics, which have become the batch's."""
    net = tg.Net(BatchNorm(momentum=1.0), x.shape[1:])
    with fast.plain(MODES[mode]):
        y, _ = net.forward(x)
    return y, net.state()[".mean"], net.state()[".var"]


@shapes
@modes
@pytest.mark.parametrize("mean", [0, 3, 100, 1000])
def test_a_large_common_mean_costs_one_rounding(shape, mode, mean):
    """Of the mean: half a unit in its last place, divided by the deviation. The CPU's
    twin does not round it. The rest are the roundings of numbers up to 5, and of sums.
    """
    x = np.random.default_rng(0).normal(mean, 1, shape).astype("float32")
    y_64, mean_64, var_64 = exact(x)
    y, running, var = passed(x, mode)
    rounding = float(np.spacing(np.float32(mean + 1))) / 2 if mode == "plain" else 0
    assert np.abs(y - y_64).max() <= 4e-6 + rounding / np.sqrt(var_64.min())
    assert (np.abs(running - mean_64) <= 1e-7 + np.spacing(running) / 2).all()
    m = x.size // shape[-1]
    np.testing.assert_allclose(var, var_64 * m / (m - 1), rtol=5e-6)


@shapes
@modes
def test_a_constant_channel_becomes_0(shape, mode):
    y, mean, var = passed(np.full(shape, 100.3, "float32"), mode)
    assert not y.any() and not var.any() and (mean == np.float32(100.3)).all()


@shapes
def test_it_is_as_exact_as_torchs(shape):
    torch = pytest.importorskip("torch")
    for mean in (100, 1000):
        x = np.random.default_rng(1).normal(mean, 1, shape).astype("float32")
        y_64, *_ = exact(x)
        first = torch.tensor(np.moveaxis(x, -1, 1).copy())
        theirs = torch.nn.functional.batch_norm(first, None, None, training=True)
        theirs = np.moveaxis(theirs.numpy(), 1, -1)
        for mode in MODES:
            y, *_ = passed(x, mode)
            assert np.abs(y - y_64).max() <= 1.1 * np.abs(theirs - y_64).max()


@modes
def test_the_conditional_one_too(mode):
    x = np.random.default_rng(2).normal(100, 1, (64, 8, 8, 16)).astype("float32")
    layer = ConditionalBatchNorm()
    net = tg.Net(layer, (x.shape[1:], Integers((), 1)))
    layer.gamma[...] = 1
    with fast.plain(MODES[mode]):
        (y, _), _ = net.forward((x, np.zeros(64, int)))
    y_64, *_ = exact(x)
    assert np.abs(y - y_64).max() <= 1e-5

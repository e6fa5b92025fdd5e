"""A bias alone: Dense without its matrix, and the activation of R3GAN made of it."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinygan as tg
from tinygan import Net
from tinygan.check import check_layer
from tinygan.layers import Bias, Dense, LeakyReLU, Scale, Sequential

few = st.integers(1, 3)


@given(st.lists(few, min_size=1, max_size=3), few, st.integers(0, 2**32 - 1))
def test_it_is_certified(in_shape, batch, seed):
    rows = check_layer(Bias(), tuple(in_shape), batch, seed, effort="plain")
    assert rows and [row for row in rows if not row.ok] == []


@pytest.mark.parametrize("in_shape", [(4,), (3, 2, 4)])
def test_it_is_a_dense_layer_whose_W_is_one(in_shape):
    """y, dx and db; and b starts at 0."""
    rng = np.random.default_rng(0)
    net, dense = (Net(f, in_shape, dtype="float64") for f in (Bias(), Dense(4)))
    assert not net.theta.any()
    dense.tree.W[...] = np.eye(4)
    net.tree.b[...] = dense.tree.b[...] = rng.standard_normal(4)
    x, dy = rng.standard_normal((2, 5, *in_shape))
    (y, cache), (y_2, cache_2) = net.forward(x), dense.forward(x)
    dx, dx_2 = net.backward(dy, cache), dense.backward(dy, cache_2)
    assert np.array_equal(y, y_2) and np.array_equal(dx, dx_2)
    assert np.allclose(net.tree.db, dense.tree.db, rtol=1e-14)
    assert np.allclose(net.tree.db, dy.reshape(-1, 4).sum(axis=0), rtol=1e-13)


def test_the_biased_activation_of_r3gan():
    """x + b, bent, and scaled so that a Gaussian keeps its mean square."""
    gain = math.sqrt(2 / (1 + 0.2**2))
    net = Net(
        Sequential(Bias(), LeakyReLU(0.2), Scale(gain)), (4, 4, 8), dtype="float64"
    )
    b = net.tree.layers[0].b
    b[...] = np.linspace(-1, 1, 8)
    x = np.random.default_rng(0).standard_normal((9, 4, 4, 8))
    y, _ = net.forward(x)
    for n, i, j, c in np.ndindex(*x.shape):
        z = x[n, i, j, c] + b[c]
        assert y[n, i, j, c] == pytest.approx(gain * (z if z > 0 else 0.2 * z))
    b[...] = 0
    x = np.random.default_rng(0).standard_normal((200, 4, 4, 8))
    y, _ = net.forward(x)
    assert (y * y).mean() == pytest.approx(1, abs=0.05)


@pytest.mark.parametrize("shape", [()])
def test_a_number_has_no_channels(shape):
    with pytest.raises(tg.ShapeError, match=r"Bias\(\) expects inputs \(..., C\), got"):
        Net(Bias(), shape)

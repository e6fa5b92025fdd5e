"""The twins of `ancestral`: the same samples as the plain function, in less time."""

import time

import numpy as np
import pytest

import tinygan as tg
from tinygan import (
    MADE,
    Branch,
    Conv2d,
    Coordinates,
    GatedBlock,
    LeakyReLU,
    Net,
    Pick,
    PixelCNN,
    Sequential,
    Shift,
    Tanh,
    fast,
)
from tinygan.check.device import xp as fake_device
from tinygan.fast import ancestral as module
from tinygan.likelihood import Bernoulli, Categorical, Gaussian, ancestral

TWIN = module.ancestral


def shifts():
    return Branch(Shift(1, 0), Shift(0, 1))


def own_tree(*first):
    """Layers like those of a PixelCNN, with other kernels and another end."""
    blocks = GatedBlock(4, 5, residual=False), GatedBlock(4), GatedBlock(4, 1)
    ends = Pick(-1), Tanh(), Conv2d(1, 1, bias=False)
    return Sequential(*first, shifts(), *blocks, *ends)


NETS = {
    "MADE": (lambda: MADE([20, 15]), (7,), Bernoulli()),
    "MADE of pixels": (lambda: MADE([30]), (4, 5, 1), Bernoulli()),
    "MADE of colours": (lambda: MADE([5, 9], direct=False), (3, 2, 3), Bernoulli()),
    "MADE of symbols": (lambda: MADE([12]), (5, 3), Categorical()),
    "MADE of one place": (lambda: MADE([3]), (1,), Bernoulli()),
    "PixelCNN": (lambda: PixelCNN(4, 3), (6, 5, 1), Bernoulli()),
    "PixelCNN of colours": (lambda: PixelCNN(3, 1), (3, 5, 3), Bernoulli()),
    "PixelCNN of symbols": (lambda: PixelCNN(3, 2), (4, 3, 3), Categorical()),
    "like a PixelCNN": (own_tree, (5, 6, 1), Bernoulli()),
    "with places": (lambda: own_tree(Coordinates()), (5, 6, 1), Bernoulli()),
}


def drawn(name, dtype="float64", N=30):
    """(net, likelihood, u): a network with weights that are not small."""
    make, in_shape, likelihood = NETS[name]
    net, rng = Net(make(), in_shape, seed=1, dtype=dtype), np.random.default_rng(0)
    net.theta[...] += 0.5 * rng.standard_normal(net.theta.shape)
    places = in_shape[:-1] if isinstance(likelihood, Categorical) else in_shape
    return net, likelihood, rng.random((N, *places)).astype(dtype)


@pytest.mark.parametrize("name", NETS)
def test_the_samples_are_those_of_the_plain_function(name):
    net, likelihood, u = drawn(name)
    with fast.plain():
        expected = ancestral(net, likelihood, u)
    x = TWIN(net, likelihood, u)
    assert np.array_equal(x, expected)
    if x.size > 30:
        assert len(np.unique(x.reshape(30, -1), axis=0)) > 10
    s, _ = net.forward(x)
    assert np.array_equal(likelihood.sample(s, u), x)  # a fixed point
    with fast.plain(False):
        assert np.array_equal(ancestral(net, likelihood, u[3:5]), x[3:5])


@pytest.mark.parametrize("name", NETS)
def test_a_device_draws_the_same_samples(name):
    net, likelihood, u = drawn(name, N=5)
    device = fake_device.FakeBackend()
    x = TWIN(net.clone(backend=device), likelihood, device.asarray(u))
    assert np.array_equal(device.to_host(x), TWIN(net, likelihood, u))


@pytest.mark.parametrize("name", NETS)
def test_nearly_all_samples_agree_in_float32(name):
    """Where u is within rounding of a probability, a number may differ, and then all
    that come behind it.
    """
    net, likelihood, u = drawn(name, "float32", N=200)
    with fast.plain():
        expected = ancestral(net, likelihood, u)
    x = TWIN(net, likelihood, u)
    assert x.dtype == np.float32
    assert (x == expected).reshape(200, -1).all(axis=1).mean() >= 0.98


@pytest.mark.parametrize(("name", "piece"), [("MADE", "upto"), ("PixelCNN", "gated")])
def test_a_small_mistake_in_a_twin_is_seen(name, piece, monkeypatch):
    """Of 5 % in one of its pieces."""
    net, likelihood, u = drawn(name)
    x, right = TWIN(net, likelihood, u), getattr(module, piece)
    monkeypatch.setattr(module, piece, lambda *arguments: 1.05 * right(*arguments))
    assert not np.array_equal(TWIN(net, likelihood, u), x)


def test_what_the_twins_do_not_know_is_left_to_the_plain_function():
    class Mine(Bernoulli):
        """It might look at all places at once."""

    class Half(MADE):
        def forward(self, x, train=True):
            return 0.5 * x, ()

    net, likelihood, u = drawn("PixelCNN")
    block = GatedBlock(3, 3, residual=False)
    unknown = [
        Half([4]),
        tg.Dense(1),
        Sequential(),
        Sequential(PixelCNN(3, 1)),
        Sequential(Coordinates()),
        Sequential(Coordinates(), Coordinates(), shifts(), block, Pick(1)),
        Sequential(Branch(Shift(1, 0), Tanh()), block, Pick(1)),
        Sequential(shifts(), Pick(1)),
        Sequential(shifts(), block),
        Sequential(shifts(), block, Pick(0)),
        Sequential(Branch(Shift(1, 0), Shift(0, 2)), block, Pick(1)),
        Sequential(shifts(), block, Pick(1), Conv2d(1, 3, pad=1)),
        Sequential(shifts(), block, Pick(1), tg.LayerNorm()),
        Sequential(shifts(), block, tg.Identity(), Pick(1)),
    ]
    for tree in unknown:
        assert TWIN(Net(tree, (6, 5, 1)), likelihood, u) is NotImplemented
    for other in (Mine(), Gaussian(), object()):
        assert TWIN(net, other, u) is NotImplemented
    assert TWIN(net, Categorical(), u[:, :2]) is NotImplemented
    assert TWIN(net, likelihood, u[:, :2]) is NotImplemented
    known = Sequential(shifts(), block, Pick(1), LeakyReLU(), Conv2d(1, 1))
    assert TWIN(Net(known, (6, 5, 1)), likelihood, u).shape == u.shape
    x = ancestral(Net(Half([4]), (3,)), likelihood, u[:, 0, :3, 0])
    assert x.shape == (30, 3)


@pytest.mark.skipif(fast.is_plain(), reason="the twins are turned off")
def test_digits_from_a_pixelcnn_take_seconds():
    """16 pictures of MNIST's size, eight gated layers of 32 channels: less than one
    forward pass of 16 pictures for each of the 28 rows. The plain function takes 784.
    """
    net = Net(PixelCNN(32, 8), (28, 28, 1))
    u = np.random.default_rng(0).random((16, 28, 28, 1), dtype="float32")

    def seconds(f, *arguments):
        start = time.process_time()
        f(*arguments)
        return time.process_time() - start

    net.forward(u)
    once = min(seconds(net.forward, u, False) for _ in range(3))
    assert seconds(ancestral, net, Bernoulli(), u) < 28 * once

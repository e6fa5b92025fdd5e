"""R1 and R2 take V with them: V's cotangent of a sample is a multiple of theirs.

The gradient is that of the plain code, and V takes no pass through D. It takes its own
pass wherever a logit may depend on other samples.
"""

import growing_nets
import numpy as np
import pytest

import tinygan as tg
from tinygan import R1, R2, WGANGP, Conv2d, Dense, Drift, Flatten, LeakyReLU, Tanh, fast
from tinygan.check import relative
from tinygan.fast.kinds import separate
from tinygan.gan import d_gradient
from tinygan.growth import GrowingNet
from tinygan.recipes import r3gan_faces
from tinygan.recipes.wavegan_tones import of_class
from tinygan.values import Integers, is_tuple


class Centred(tg.Affine):
    """A user's layer, whose samples meet."""

    def linear(self, x):
        return x - x.mean(axis=0), ()

    def adjoint(self, dy, cache):
        return dy - dy.mean(axis=0)


class Mine(Dense):
    """A user's Dense: what its passes do, nobody knows."""


class Cubic(tg.Activation):
    """A user's activation."""

    def f(self, x):
        return x**3

    def slope(self, y, v):
        return 3 * np.cbrt(y) ** 2 * v

    def curvature(self, y, v):
        return 6 * np.cbrt(y) * v


def sequential(*layers):
    return tg.Sequential(*layers, Flatten(), Dense(1))


def conditional(D):
    """For (h, y) with a class y of 5."""
    branches = tg.Parallel(tg.Sequential(D, Flatten()), tg.Identity())
    return tg.Sequential(branches, tg.Projection())


IMAGE, SOUND = (6, 4, 2), (24, 2)
JOINED = {  # networks and the shapes of their inputs
    "dense": (sequential(Dense(4), Tanh(), Dense(3), tg.Softplus()), (3,)),
    "without a bias": (sequential(Dense(4, bias=False), LeakyReLU()), (3,)),
    "every place": (sequential(Dense(4), Tanh()), IMAGE),
    "conv": (sequential(Conv2d(3, 3, 2, 1), LeakyReLU(), Conv2d(2, 2)), IMAGE),
    "groups": (sequential(Conv2d(4, 3, pad=1, groups=2), Tanh()), IMAGE),
    "transposed": (sequential(tg.ConvTranspose2d(3, 4, 2, 1), Tanh()), IMAGE),
    "sounds": (
        sequential(tg.Conv1d(3, 5, 2, 2), LeakyReLU(), tg.PhaseShuffle(2)),
        SOUND,
    ),
    "sounds, longer": (sequential(tg.ConvTranspose1d(2, 4, stride=2), Tanh()), SOUND),
    "norms": (
        sequential(Conv2d(3, 3), tg.LayerNorm(), Tanh(), tg.InstanceNorm()),
        IMAGE,
    ),
    "weights": (
        sequential(tg.EqualRate(Conv2d(3, 3)), Tanh(), tg.SpectralNorm(Dense(3))),
        IMAGE,
    ),
    "bias, scale": (sequential(Conv2d(3, 1, bias=False), tg.Bias(), Tanh()), IMAGE),
    "residual": (
        sequential(tg.Residual(sequential(Dense(4), Tanh()), Dense(1), 0.5)),
        (3,),
    ),
    "noise": (sequential(tg.InstanceNoise(0.1), Dense(4), tg.Dropout(0.3)), (3,)),
    "changed": (sequential(tg.Translate(0.3), tg.ColourJitter(), Dense(3)), IMAGE),
    "an own activation": (sequential(Dense(4), Cubic()), (3,)),
    "a class": (conditional(sequential(Dense(4), Tanh())), ((3,), Integers((), 5))),
    "R3GAN": (r3gan_faces.discriminator((32, 16)), (8, 8, 3)),
    "WaveGAN": (of_class((5, 4, 3, 2), 256, 3)["D"], ((256, 1), Integers((), 3))),
}
APART = {
    "a layer that mixes": (sequential(Dense(4), Centred(), Tanh()), (3,)),
    "a layer of one's own": (sequential(Mine(4), Tanh()), (3,)),
    "the same within": (sequential(tg.Residual(Mine(3))), (3,)),
    "MinibatchStd": (sequential(Conv2d(3, 3), tg.MinibatchStd()), IMAGE),
    "integers that are learnt": (
        tg.Sequential(
            tg.Parallel(Dense(4), tg.Embedding(4)), tg.Concat(), Tanh(), Dense(1)
        ),
        ((3,), Integers((), 5)),
    ),
}


def drawn(in_shape, n, rng):
    if is_tuple(in_shape):
        return tuple(drawn(shape, n, rng) for shape in in_shape)
    if isinstance(in_shape, Integers):
        return rng.integers(0, in_shape.n, n)
    return rng.standard_normal((n, *in_shape))


def found(D, penalties, x, ds, plain):
    """The penalties and the gradient, always with the same draws of D's layers."""
    state = {k: np.copy(v) for k, v in D.state().items()}
    with fast.plain(plain):
        real, fake = ((a, *D.forward(a)) for a in x)
        rng = np.random.default_rng(3)
        values = d_gradient(D, ds, real, fake, penalties, rng)
    D.load_state(state)
    return np.array(values), D.grad.copy()


def same(D, penalties, in_shape) -> None:
    rng = np.random.default_rng(0)
    D.theta += 0.3 * rng.standard_normal(D.theta.size)
    x = [drawn(in_shape, n, rng) for n in (4, 4)]
    ds = tuple(rng.standard_normal((2, 4, 1)))
    ours, plain = (found(D, penalties, x, ds, plain) for plain in (False, True))
    for a, b in zip(ours, plain, strict=True):
        assert a.shape == b.shape and np.abs(b).max() > 1e-3
        assert relative(a - b, np.abs(b).max()) <= 1e-12


@pytest.mark.parametrize("name", JOINED)
def test_the_gradient_is_that_of_the_plain_code(name):
    tree, in_shape = JOINED[name]
    D = tg.Net(tree, in_shape, seed=1, dtype="float64")
    assert separate(D)
    for penalties in ([R1(2.0)], [R2(), R1()], [Drift(0.5), R2(0.3)]):
        same(D, penalties, in_shape)


def test_v_takes_no_pass_through_d(monkeypatch):
    tree, in_shape = JOINED["dense"]
    D = tg.Net(tree, in_shape, dtype="float64")
    batch = np.ones((4, 3)), *D.forward(np.ones((4, 3)))
    ds = np.ones((2, 4, 1))
    asked = []
    monkeypatch.setattr(tg.Net, "backward_weights", lambda *_: asked.append(1))
    for penalties, passes in (
        *(([R1(), R2()], 0), ([R2()], 1), ([R1()], 1)),
        *(([WGANGP()], 2), ([Drift()], 2), ([], 2)),
    ):
        asked.clear()
        rng = np.random.default_rng(0)
        with fast.plain(False):
            d_gradient(D, ds, batch, batch, penalties, rng)
        assert len(asked) == passes


@pytest.mark.parametrize("name", APART)
def test_where_samples_may_meet_v_has_its_own_pass(name):
    tree, in_shape = APART[name]
    D = tg.Net(tree, in_shape, seed=1, dtype="float64")
    assert not separate(D)
    same(D, [R1(2.0), Drift(0.1), R2()], in_shape)


def test_a_d_with_other_outputs_is_left_alone():
    assert not separate(tg.Net(Dense(2), (3,)))
    assert not separate(tg.Net(tg.Branch(Dense(1), Dense(3)), (3,)))
    assert not separate(tg.Net(tg.Sequential(tg.Pack(2), Dense(1)), (3,)))
    assert not separate(tg.Net(tg.Sequential(tg.BatchNorm(), Dense(1)), (3,)))


def test_growing_networks(monkeypatch):
    """Without MinibatchStd, at a level and in a fade."""
    monkeypatch.setattr(growing_nets, "MinibatchStd", lambda _: tg.Identity())
    for level, alpha in ((1, 1.0), (2, 0.3)):
        D = GrowingNet(growing_nets.discriminator(Tanh), (8, 8, 2), 1, "float64")
        D.grow(level, alpha)
        assert separate(D)
        same(D, [R1(), R2()], D.in_shape)

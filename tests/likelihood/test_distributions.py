"""p(x | s): values against sums written out, gradients by complex steps, samples."""

import numpy as np
import pytest
from scipy import stats

from tinygan import InputError
from tinygan.check.oracles import complex_step, relative
from tinygan.likelihood import Bernoulli, Categorical, Gaussian
from tinygan.likelihood.distributions import log_softmax, log_sum_exp

RNG = np.random.default_rng(0)
PIXELS = RNG.choice([-1.0, 1.0], (5, 3, 2))
SYMBOLS = np.eye(4)[RNG.integers(0, 4, (5, 6))]
CASES = [
    (Bernoulli(), PIXELS),
    (Bernoulli(), RNG.uniform(-1, 1, (4, 7))),  # grey
    (Gaussian(0.3), RNG.standard_normal((5, 2, 3))),
    (Categorical(), SYMBOLS),
]
cases = pytest.mark.parametrize("p, x", CASES, ids=lambda v: repr(v)[:20])


@cases
def test_the_gradient_is_that_of_the_value(p, x):
    s, v = RNG.standard_normal((2, *x.shape))
    weight = RNG.standard_normal(len(x))  # a cotangent for each sample
    exact = complex_step(lambda s: (weight * p.log_p(x, s)).sum(), s, v)
    own = (p.grad(x, s) * weight.reshape(-1, *[1] * (x.ndim - 1)) * v).sum()
    assert relative(own - exact, exact) < 1e-13
    assert p.log_p(x, s).shape == (len(x),) and p.parameters(x.shape) == x.shape


def test_bernoulli_is_the_product_over_pixels():
    s = RNG.standard_normal(PIXELS.shape)
    on = 1 / (1 + np.exp(-s))
    p = np.where(PIXELS > 0, on, 1 - on).reshape(5, -1).prod(axis=1)
    assert np.allclose(np.exp(Bernoulli().log_p(PIXELS, s)), p, rtol=1e-13)
    assert np.allclose(Bernoulli().mean(s), 2 * on - 1)


def test_a_grey_pixel_is_a_mean_over_black_and_white_ones():
    s = np.array([[0.7]])
    white, black = (Bernoulli().log_p(np.array([[x]]), s) for x in (1.0, -1.0))
    grey = Bernoulli().log_p(np.array([[0.2]]), s)  # on with probability .6
    assert grey == pytest.approx(0.6 * white + 0.4 * black)


def test_gaussian_is_scipys():
    x, s = RNG.standard_normal((2, 5, 4))
    found = Gaussian(0.3).log_p(x, s)
    assert np.allclose(found, stats.norm.logpdf(x, s, 0.3).sum(axis=1), rtol=1e-13)
    with pytest.raises(InputError, match="sigma > 0"):
        Gaussian(0)


def test_categorical_is_the_product_of_softmaxes():
    s = RNG.standard_normal(SYMBOLS.shape)
    p = np.exp(s) / np.exp(s).sum(axis=-1, keepdims=True)
    expected = np.log((p * SYMBOLS).sum(axis=-1)).sum(axis=1)
    assert np.allclose(Categorical().log_p(SYMBOLS, s), expected, rtol=1e-13)
    assert np.allclose(Categorical().mean(s), p)


@pytest.mark.parametrize("p", [Bernoulli(), Categorical()])
def test_far_logits_stay_finite(p):
    s = np.array([[[1e4, -1e4, 0.0]], [[-1e4, 1e4, 5.0]]], np.float32)
    x = np.array([[[1.0, 0, 0]], [[1.0, 0, 0]]], np.float32)
    with np.errstate(all="raise", under="ignore"):
        assert np.isfinite(p.log_p(x, s)).all() and np.isfinite(p.grad(x, s)).all()
        assert p.log_p(x, s).dtype == p.grad(x, s).dtype == np.float32


def test_the_sum_of_exponentials():
    s = RNG.standard_normal((3, 4, 5))
    expected = np.log(np.exp(s).sum(axis=-1, keepdims=True))
    assert np.allclose(log_sum_exp(s), expected, rtol=1e-14)
    assert np.allclose(np.exp(log_softmax(s)).sum(axis=-1), 1, rtol=1e-14)
    assert np.allclose(log_sum_exp(s + 1e4), expected + 1e4)


def test_samples_have_the_probabilities_of_their_distribution():
    n = 200_000
    s = np.array([[0.4, -1.0, 0.1]])
    u = np.random.default_rng(1).random((n, 3))
    x = Bernoulli().sample(s.repeat(n, axis=0), u)
    assert set(np.unique(x)) == {-1.0, 1.0}
    assert np.abs(x.mean(axis=0) - Bernoulli().mean(s)).max() < 0.01
    x = Categorical().sample(s[:, None].repeat(n, axis=0), u[:, :1])
    assert x.shape == (n, 1, 3) and (x.sum(axis=-1) == 1).all()
    assert np.abs(x.mean(axis=0) - Categorical().mean(s)).max() < 0.01


def test_the_first_and_the_last_symbol_can_be_drawn():
    s = np.zeros((1, 1, 4))
    for u, v in ((0, 0), (0.25, 1), (0.2499, 0), (1 - 1e-16, 3)):
        assert Categorical().sample(s, np.array([[u]]))[0, 0, v] == 1
    s = np.array([[[0.0, -1e4, -1e4]]])  # rounding must not reach an impossible one
    assert Categorical().sample(s, np.array([[1 - 2**-53]]))[0, 0, 0] == 1

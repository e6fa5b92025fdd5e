"""Models whose density is a product of conditionals, with layers that are causal."""

import itertools

import numpy as np
import pytest

from tinygan import MADE, SGD, Layer, Net, PixelCNN
from tinygan.check.oracles import complex_step, relative
from tinygan.likelihood import (
    Bernoulli,
    Categorical,
    ancestral,
    likelihood_step,
    log_likelihood,
)

D = 6


class Below(Layer):
    """s = x W + b, where W has entries below the diagonal alone."""

    def build(self, in_shape):
        (n,) = in_shape
        self.shapes = {"W": (n, n), "b": (n,)}
        return in_shape

    def init(self, rng):
        self.W[...] = rng.standard_normal(self.W.shape)
        self.b[...] = rng.standard_normal(self.b.shape)

    def forward(self, x, train=True):
        return x @ np.triu(self.W, 1) + self.b, x

    def backward(self, dy, cache, param_grads=True):
        if param_grads:
            self.dW += np.triu(cache.T @ dy, 1)
            self.db += dy.sum(axis=0)
        return dy @ np.triu(self.W, 1).T


def net(seed=0):
    return Net(Below(), (D,), seed, np.float64)


def every():
    return np.array(list(itertools.product([-1.0, 1.0], repeat=D)))


def test_the_probabilities_sum_to_one():
    total = np.exp(log_likelihood(net(), Bernoulli(), every())).sum()
    assert total == pytest.approx(1, abs=1e-12)


def gradient_error(f, likelihood, x) -> float:
    """How far f.grad is from the complex step of mean log p(x), along a random v."""
    v, twin = np.random.default_rng(1).standard_normal(f.theta.shape), f.clone("c16")

    def L(theta):
        twin.theta[...] = theta
        return log_likelihood(twin, likelihood, x + 0j).mean()

    exact = complex_step(L, f.theta.copy(), v)
    return relative(f.grad @ v - exact, exact)


def test_a_step_goes_up_the_gradient_of_log_p():
    f, x = net(), every()[::7]
    value = likelihood_step(f, SGD(1e-30), Bernoulli(), x)
    assert value == pytest.approx(log_likelihood(f, Bernoulli(), x).mean())
    assert gradient_error(f, Bernoulli(), x) < 1e-12
    theta = f.theta.copy()
    likelihood_step(f, SGD(0.5), Bernoulli(), x)
    assert np.allclose(f.theta, theta + 0.5 * f.grad)


NETS = {
    "MADE": (lambda: MADE([11, 9]), (2, 3, 1), Bernoulli()),
    "MADE of symbols": (lambda: MADE([12], direct=False), (4, 3), Categorical()),
    "PixelCNN": (lambda: PixelCNN(3, 2), (4, 3, 1), Bernoulli()),
    "PixelCNN of symbols": (lambda: PixelCNN(3, 2), (2, 3, 3), Categorical()),
}


@pytest.mark.parametrize("name", NETS)
def test_a_step_of_masked_networks_goes_up_the_gradient_of_log_p(name):
    make, in_shape, likelihood = NETS[name]
    f, rng = Net(make(), in_shape, 1, np.float64), np.random.default_rng(2)
    f.theta[...] += 0.3 * rng.standard_normal(f.theta.shape)
    s, u = rng.standard_normal((5, *in_shape)), rng.random((5, np.prod(in_shape)))
    x = likelihood.sample(s, u[:, : likelihood.numbers(in_shape)])
    likelihood_step(f, SGD(1e-30), likelihood, x)
    assert gradient_error(f, likelihood, x) <= 1e-11


def test_steps_find_the_distribution_of_the_data():
    """The best model has the entropy of the data, if it can have the distribution."""
    true, f, rng = net(3), net(4), np.random.default_rng(0)
    x, p = every(), np.exp(log_likelihood(true, Bernoulli(), every()))
    for _ in range(3000):
        rows = x[rng.choice(len(x), 256, p=p)]
        likelihood_step(f, SGD(0.5), Bernoulli(), rows)
    gap = (p * (np.log(p) - log_likelihood(f, Bernoulli(), x))).sum()
    assert 0 <= gap < 0.01


def test_samples_have_the_probabilities_of_the_model():
    f = net(3)
    u = np.random.default_rng(0).random((100_000, D))
    x = ancestral(f, Bernoulli(), u)
    assert x.shape == u.shape and set(np.unique(x)) == {-1.0, 1.0}
    code = ((x > 0) * 2 ** np.arange(D)[::-1]).sum(axis=1)
    share = np.bincount(code, minlength=2**D) / len(x)
    p = np.exp(log_likelihood(f, Bernoulli(), every()))
    assert np.abs(share - p).max() < 4 * np.sqrt(p.max() / len(x))


def test_a_sample_is_a_function_of_its_numbers():
    f, u = net(3), np.random.default_rng(0).random((4, D))
    x = ancestral(f, Bernoulli(), u)
    assert np.array_equal(x[1:3], ancestral(f, Bernoulli(), u[1:3]))
    s, _ = f.forward(x)
    assert np.array_equal(x, Bernoulli().sample(s, u))  # a fixed point, as on paper


class Shifted(Layer):
    """s_t = x_{t-1} W, and 0 for the first: a Markov chain of symbols."""

    def build(self, in_shape):
        self.shapes = {"W": (in_shape[1], in_shape[1])}
        return in_shape

    def init(self, rng):
        self.W[...] = rng.standard_normal(self.W.shape)

    def forward(self, x, train=True):
        return np.pad(x, ((0, 0), (1, 0), (0, 0)))[:, :-1] @ self.W, x


def test_sequences_of_symbols():
    f = Net(Shifted(), (3, 4), 0, np.float64)
    u = np.random.default_rng(0).random((50_000, 3))
    x = ancestral(f, Categorical(), u)
    assert x.shape == (50_000, 3, 4) and (x.sum(axis=-1) == 1).all()
    pairs = x[:, 0].T @ x[:, 1] / x[:, 0].sum(axis=0)[:, None]
    assert np.abs(pairs - Categorical().mean(f.tree.W)).max() < 0.02
    every = np.eye(4)[np.array(list(itertools.product(range(4), repeat=3)))]
    total = np.exp(log_likelihood(f, Categorical(), every)).sum()
    assert total == pytest.approx(1, abs=1e-12)

"""The ELBO: its gradient, its Kullback-Leibler term, its place below log p(x)."""

import math

import numpy as np
import pytest
from integrals import bound_and_likelihood, exact_posterior, mean_over_eps

from tinygan import SGD, Dense, Flatten, Net, Reshape, Sequential, ShapeError, Tanh
from tinygan.check.oracles import complex_step, relative
from tinygan.likelihood import Bernoulli, Gaussian, elbo, importance_bound, vae_step
from tinygan.likelihood.vae import kl, kl_grads

SHAPE, d, N = (2, 3, 1), 2, 5


def networks(seed=0, dtype=np.float64):
    E = Sequential(Flatten(), Dense(7), Tanh(), Dense(2 * d))
    D = Sequential(Dense(6), Tanh(), Dense(6), Reshape(*SHAPE))
    return Net(E, SHAPE, seed, dtype), Net(D, (d,), seed + 1, dtype)


def batch(seed=0):
    rng = np.random.default_rng(seed)
    return rng.choice([-1.0, 1.0], (N, *SHAPE)), rng.standard_normal((N, d))


def objective(E, D, likelihood, x, eps, beta):
    """mean log p(x | z) - beta KL, from the definition."""
    mu, log_var = np.split(E.forward(x)[0], 2, axis=1)
    sigma_2 = np.exp(log_var)
    s, _ = D.forward(mu + sigma_2**0.5 * eps)
    KL = (mu**2 + sigma_2 - np.log(sigma_2) - 1).sum() / 2
    return (likelihood.log_p(x, s).sum() - beta * KL) / len(x)


@pytest.mark.parametrize("beta", [1.0, 0.3, 4.0])
@pytest.mark.parametrize("likelihood", [Bernoulli(), Gaussian(0.5)], ids=repr)
def test_a_step_goes_up_the_gradient_of_the_elbo(likelihood, beta):
    x, eps = batch()
    E, D = networks()
    vae_step((E, D, SGD(1e-30), SGD(1e-30)), likelihood, x, eps, beta)
    rng = np.random.default_rng(1)
    for net, others in ((E, lambda net: (net, D)), (D, lambda net: (E, net))):
        v = rng.standard_normal(net.theta.shape)

        def L(theta, net=net, others=others):
            twin = net.clone(dtype=np.complex128)
            twin.theta[...] = theta
            return objective(*others(twin), likelihood, x + 0j, eps + 0j, beta)

        exact = complex_step(L, net.theta.astype(complex), v)
        assert relative(net.grad @ v - exact, exact) < 1e-11


def test_a_step_ascends_and_tells_both_terms():
    x, eps = batch()
    E, D = networks()
    likelihood, theta = Bernoulli(), (E.theta.copy(), D.theta.copy())
    log_p, KL = vae_step((E, D, SGD(0.1), SGD(0.2)), likelihood, x, eps, 2.0)
    assert np.allclose(E.theta, theta[0] + 0.1 * E.grad)
    assert np.allclose(D.theta, theta[1] + 0.2 * D.grad)
    E, D = networks()
    assert log_p - 2 * KL == pytest.approx(objective(E, D, likelihood, x, eps, 2.0))
    assert log_p - KL == pytest.approx(elbo(E, D, likelihood, x, eps).mean())


def test_many_steps_raise_the_elbo():
    x, _ = batch()
    E, D = networks()
    rng, found = np.random.default_rng(0), []
    for _ in range(300):
        eps = rng.standard_normal((N, d))
        log_p, KL = vae_step((E, D, SGD(0.3), SGD(0.3)), Bernoulli(), x, eps)
        found.append(log_p - KL)
    assert np.mean(found[-50:]) > np.mean(found[:5]) + 1


@pytest.mark.parametrize("mu, sigma", [(0.0, 1.0), (1.3, 0.4), (-2.0, 3.0)])
def test_the_kl_is_an_integral(mu, sigma):
    z, step = np.linspace(-40, 40, 400_001, retstep=True)
    log_q = -(((z - mu) / sigma) ** 2) / 2 - math.log(sigma * math.sqrt(2 * math.pi))
    log_p = -(z**2) / 2 - math.log(math.sqrt(2 * math.pi))
    integral = (np.exp(log_q) * (log_q - log_p)).sum() * step
    found = kl(np.array([[mu]]), np.array([[2 * math.log(sigma)]]))
    assert found.shape == (1,) and found[0] == pytest.approx(integral, abs=1e-10)


def test_the_kl_has_its_gradient():
    mu, log_var, v, w = np.random.default_rng(0).standard_normal((4, 3, 2))
    dmu, dlog_var = kl_grads(mu, log_var)
    both = np.stack([mu, log_var])
    exact = complex_step(lambda a: kl(*a).sum(), both, np.stack([v, w]))
    assert (dmu * v + dlog_var * w).sum() == pytest.approx(exact, rel=1e-13)


def by_quadrature(D, likelihood, x):
    """log p(x) of a decoder with two latents: an integral over a grid of z."""
    line, step = np.linspace(-7, 7, 281, retstep=True)
    z = np.stack(np.meshgrid(line, line), axis=-1).reshape(-1, 2)
    s, _ = D.forward(z)
    log_prior = -(z**2).sum(axis=1) / 2 - math.log(2 * math.pi)
    found = []
    for one in x:
        log_p = likelihood.log_p(one[None].repeat(len(z), axis=0), s) + log_prior
        found.append(np.log(np.exp(log_p).sum() * step**2))
    return np.array(found)


def test_the_bounds_lie_below_log_p_and_tighten():
    x, _ = batch()
    (E, D), rng = networks(), np.random.default_rng(0)
    D.theta *= 1.5
    E.theta *= 0.2  # q is no posterior,
    E.tree.layers[-1].b[d:] += 0.4  # but it is wide: the weights w are bounded
    likelihood = Bernoulli()
    exact = by_quadrature(D, likelihood, x)
    many = [elbo(E, D, likelihood, x, rng.standard_normal((N, d))) for _ in range(2000)]
    mean = np.mean(many, axis=0)
    assert (mean < exact).all()
    few = [importance_bound(E, D, likelihood, x, 5, rng) for _ in range(400)]
    assert (mean < np.mean(few, axis=0)).all() and (np.mean(few, axis=0) < exact).all()
    tight = importance_bound(E, D, likelihood, x, 50_000, rng)
    assert np.abs(tight - exact).max() < 0.03


@pytest.mark.parametrize("likelihood", [Bernoulli(), Gaussian(0.5)], ids=repr)
def test_the_mean_of_the_elbo_is_an_integral_below_log_p(likelihood):
    x, _ = batch()
    E = Net(Sequential(Flatten(), Dense(7), Tanh(), Dense(2)), SHAPE, 0, np.float64)
    D = Net(
        Sequential(Dense(6), Tanh(), Dense(6), Reshape(*SHAPE)), (1,), 1, np.float64
    )
    for one in x[:, None]:
        exact, log_p = bound_and_likelihood(E, D, likelihood, one)
        found = mean_over_eps(elbo, E, D, likelihood, one)
        assert found == pytest.approx(exact, abs=1e-11) and found < log_p


def test_the_elbo_of_the_exact_posterior_is_log_p():
    """There is no gap then, whatever x is."""
    E, D, likelihood = exact_posterior()
    for one in np.random.default_rng(2).standard_normal((4, 1, 3)):
        _, log_p = bound_and_likelihood(E, D, likelihood, one)
        found = mean_over_eps(elbo, E, D, likelihood, one)
        assert found == pytest.approx(log_p, abs=1e-11)


def test_the_bound_does_not_depend_on_how_much_is_decoded_at_once():
    x, _ = batch()
    E, D = networks()
    bounds = [
        importance_bound(E, D, Bernoulli(), x, 7, np.random.default_rng(3), chunk)
        for chunk in (1, 15, 1000)
    ]
    assert np.allclose(bounds[0], bounds[1]) and np.allclose(bounds[0], bounds[2])


def test_an_encoder_without_two_halves_is_told():
    x, eps = batch()
    E, D = networks()
    with pytest.raises(ShapeError, match="returns mu and log_var"):
        vae_step((E, D, SGD(0.1), SGD(0.1)), Bernoulli(), x, eps[:, :1])

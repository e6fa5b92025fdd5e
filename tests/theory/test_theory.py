"""What the theory of GANs says exactly, held against the code that plays the game.

V is linear in each player's density, so with one sample at x it gives the integrands:
V(s, -inf) = log D and V(inf, s) = log(1 - D). The integrals over x are then done by the
trapezoid rule, which is exact to rounding for densities that vanish at both ends.
"""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinygan as tg
from tinygan.data import mixture_1d

BOTH = [tg.Minimax(), tg.NonSaturating()]
both = pytest.mark.parametrize("objective", BOTH, ids=lambda o: type(o).__name__)
FAR = np.array([[1e5]])  # a logit at which D is 1, and at -FAR it is 0
x = np.linspace(-12, 12, 301)
seeds = st.integers(0, 2**32 - 1)


def mixtures(seed):
    """Densities p and q, each a random mixture of two Gaussians, on the grid x."""
    rng = np.random.default_rng(seed)
    for _ in range(2):
        means, std, weights = rng.uniform([-3, 0.4, 0.2], [3, 1.2, 1.0], (2, 3)).T
        yield mixture_1d(means, std, weights).density(x[:, None])


def mean(density, f) -> float:
    """E[f] = int density f dx"""
    return float(np.trapezoid(density * f, x))


def kl(p, q) -> float:
    return mean(p, np.log(p / q))


def log_D(objective, s):
    """[log D(x)], point by point, out of the objective's V."""
    return np.array([objective.value(np.array([[v]]), -FAR) for v in s])


def log_not_D(objective, s):
    return np.array([objective.value(FAR, np.array([[v]])) for v in s])


def V(objective, p, q, s) -> float:
    return mean(p, log_D(objective, s)) + mean(q, log_not_D(objective, s))


def optimal(p, q):
    """The logit of D* = p/(p + q)."""
    return np.log(p / q)


@both
@pytest.mark.parametrize("batch", [1, 7])
def test_a_discriminator_that_knows_nothing(objective, batch):
    """s = 0: V = -log 4, so D's loss -V is 2 log 2 = 1.386; J is -log 2 or log 2."""
    s = np.zeros((batch, 1))
    assert objective.value(s, s) == pytest.approx(-math.log(4), rel=1e-15)
    assert -objective.value(s, s) == pytest.approx(1.386, abs=5e-4)
    sign = 1 if isinstance(objective, tg.NonSaturating) else -1
    assert objective.g_value(s) == pytest.approx(sign * math.log(2), rel=1e-15)
    assert tg.sigmoid(s).tolist() == [[0.5]] * batch


@both
@given(seed=seeds)
def test_the_value_at_the_optimum_is_jensen_shannon(objective, seed):
    """V(D*, G) = 2 JSD(p, q) - log 4"""
    p, q = mixtures(seed)
    m = (p + q) / 2
    jsd = (kl(p, m) + kl(q, m)) / 2
    assert 0 <= jsd <= math.log(2)
    value = V(objective, p, q, optimal(p, q))
    assert value == pytest.approx(2 * jsd - math.log(4), abs=1e-9)


@both
def test_equal_densities(objective):
    """p = q: D* = 1/2 everywhere and V = -log 4, its least value over all G."""
    p, q = mixtures(0)
    assert V(objective, p, p, optimal(p, p)) == pytest.approx(-math.log(4), abs=1e-9)
    assert V(objective, p, q, optimal(p, q)) > -math.log(4) + 0.1


@both
@given(seed=seeds)
def test_the_optimum_is_p_over_p_plus_q(objective, seed):
    """No other D has a larger V, and there is no slope left at D*."""
    p, q = mixtures(seed)
    s = optimal(p, q)
    best = V(objective, p, q, s)
    rng = np.random.default_rng(seed)
    wave = np.sin(rng.uniform(0.5, 5) * x + rng.uniform(0, 6))
    assert V(objective, p, q, s + rng.choice([0.01, 0.3, 3.0]) * wave) < best
    slopes = [
        objective.d_grads(np.array([[v]]), np.array([[v]]))  # 1 - D and -D
        for v in s
    ]
    real, fake = np.array(slopes).reshape(-1, 2).T
    assert np.abs(p * real + q * fake).max() <= 1e-15
    np.testing.assert_allclose(1 - real, p / (p + q), atol=1e-12)


@given(seeds)
def test_reverse_kl_is_the_sum_of_both_generator_losses(seed):
    """KL(q || p) = E_q[log(1 - D*)] - E_q[log D*]: minimax plus non-saturating J."""
    p, q = mixtures(seed)
    s = optimal(p, q)
    J = 0.0
    for objective in BOTH:
        J += mean(q, np.array([objective.g_value(np.array([[v]])) for v in s]))
    expected = kl(q, p)
    assert expected >= 0
    assert abs(J - expected) <= 1e-9 * max(1, expected)


def test_jensen_shannon_of_disjoint_densities_is_log_2():
    """However far apart: V(D*, G) = 0, and minimax gives G no slope to follow."""
    for distance in (6.0, 12.0):
        p = mixture_1d([-distance / 2], 0.2).density(x[:, None])
        q = mixture_1d([distance / 2], 0.2).density(x[:, None])
        log_p, log_q = (
            mixture_1d([m], 0.2).log_density(x[:, None])
            for m in (-distance / 2, distance / 2)
        )
        s = log_p - log_q  # not log(p/q), where both round to 0
        for objective in BOTH:
            assert V(objective, p, q, s) == pytest.approx(0, abs=1e-9)
        slope = np.array([BOTH[0].g_grad(np.array([[v]])) for v in s]).ravel()
        assert abs(mean(q, slope)) <= 1e-9
        slope = np.array([BOTH[1].g_grad(np.array([[v]])) for v in s]).ravel()
        assert mean(q, slope) == pytest.approx(-1, abs=1e-9)


# Algorithm 1, step by step


def game():
    G = tg.Net(tg.Dense(2), (3,), seed=1, dtype="float64")
    D = tg.Net(tg.Dense(1), (2,), seed=2, dtype="float64")
    return G, D


@both
def test_steps_report_what_was_before_them(objective):
    G, D = game()
    rng = np.random.default_rng(0)
    x_real, z = rng.standard_normal((5, 2)), rng.standard_normal((5, 3))
    s_real = D.forward(x_real)[0]
    s_fake = D.forward(G.forward(z)[0])[0]
    value = objective.value(s_real, s_fake)
    reported = tg.d_step(D, tg.SGD(0.1), objective, x_real, G.forward(z)[0])
    beliefs = tg.sigmoid(s_real).mean(), tg.sigmoid(s_fake).mean()
    assert reported == (value, *beliefs, 0) and beliefs[0] != beliefs[1]
    value = objective.g_value(D.forward(G.forward(z)[0])[0])
    assert tg.g_step(G, D, tg.SGD(0.1), objective, z) == value


@both
@pytest.mark.parametrize("k", [1, 3])
def test_a_turn_is_k_steps_of_d_then_one_of_g(objective, k):
    """Each step with a fresh batch, and what the last of D's steps reported."""
    rng = np.random.default_rng(0)
    xs, zs = rng.standard_normal((k, 5, 2)), rng.standard_normal((k + 1, 5, 3))
    G, D = game()
    opt_G, opt_D = tg.Adam(0.1), tg.Adam(0.1)
    for x_real, z in zip(xs, zs[:k], strict=True):
        V_D = tg.d_step(D, opt_D, objective, x_real, G.forward(z)[0])
    J = tg.g_step(G, D, opt_G, objective, zs[k])
    expected = G.theta, D.theta, (V_D[0], J, *V_D[1:])

    G, D = game()
    real, latent = iter(xs), iter(zs)
    reported = tg.play(
        (G, D, tg.Adam(0.1), tg.Adam(0.1)),
        objective,
        lambda: next(real),
        lambda: next(latent),
        k,
    )
    assert np.array_equal(G.theta, expected[0]) and np.array_equal(D.theta, expected[1])
    assert reported == expected[2]
    assert not list(real) and not list(latent)  # each batch was used once


# The Dirac-GAN: p is a point at 0, G a point at theta, D(x) = sigma(psi x)


def field(objective, psi, theta):
    """(dV/dpsi, -dJ/dtheta), by the chain rule through s = psi x."""
    s_real, s_fake = psi * 0.0, psi * theta
    s_real, s_fake = (np.reshape(s, (1, 1)) for s in (s_real, s_fake))
    ds_real, ds_fake = objective.d_grads(s_real, s_fake)
    d_psi = ds_real * 0.0 + ds_fake * theta
    d_theta = -objective.g_grad(s_fake) * psi
    return np.array([d_psi[0, 0], d_theta[0, 0]])


@both
def test_dirac_gan_turns_about_its_equilibrium(objective):
    """The field's eigenvalues at 0 are +-i f'(0), and f'(0) = 1/2 for log sigma.

    Their real part is 0: gradient play neither comes nearer nor leaves.
    """
    assert not field(objective, 0.0, 0.0).any()
    J = np.array(
        [field(objective, 1e-200j, 0.0).imag, field(objective, 0.0, 1e-200j).imag]
    ).T
    eigenvalues = np.linalg.eigvals(J / 1e-200)
    slope = float(objective.d_grads(np.zeros((1, 1)), np.zeros((1, 1)))[0][0, 0])
    assert slope == 0.5  # f'(0), for f(s) = log sigma(s)
    expected = [-1j * slope, 1j * slope]
    assert sorted(eigenvalues, key=lambda v: v.imag) == pytest.approx(expected)


def dirac_nets():
    """G(z) = theta for z = 0, and D(x) = psi x, as networks."""
    G = tg.Net(tg.Dense(1), (1,), dtype="float64")
    D = tg.Net(tg.Dense(1, bias=False), (1,), dtype="float64")
    return G, D


@both
@given(psi=st.floats(-3, 3), theta=st.floats(-3, 3))
def test_the_steps_follow_the_field(objective, psi, theta):
    """d_step and g_step move the Dirac-GAN's two numbers along that field."""
    G, D = dirac_nets()
    G.theta[...], D.theta[...] = (0.0, theta), psi
    origin = np.zeros((1, 1))
    tg.g_step(G, D, tg.SGD(1.0), objective, origin)
    moved = G.theta[1] - theta
    G.theta[...] = (0.0, theta)
    tg.d_step(D, tg.SGD(1.0), objective, origin, G.forward(origin)[0])
    expected = field(objective, psi, theta)
    assert D.theta[0] - psi == pytest.approx(expected[0], abs=1e-14)
    assert moved == pytest.approx(expected[1], abs=1e-14)
    assert G.theta[0] == 0.0


def test_dirac_gan_does_not_converge():
    """With minimax (psi, theta) circles for ever: the field is normal to the radius.

    After 1,000 turns of the game it is no nearer to (0, 0) than it was at first.
    """
    for psi, theta in np.random.default_rng(0).uniform(-3, 3, (20, 2)):
        assert abs(field(tg.Minimax(), psi, theta) @ [psi, theta]) <= 1e-15 * 9
    G, D = dirac_nets()
    G.theta[...], D.theta[...] = (0.0, 0.5), 0.5
    origin = np.zeros((1, 1))
    opt_G, opt_D = tg.SGD(0.1), tg.SGD(0.1)
    radius, quadrants = [], set()
    for _ in range(1000):
        tg.play((G, D, opt_G, opt_D), tg.Minimax(), lambda: origin, lambda: origin)
        radius.append(math.hypot(D.theta[0], G.theta[1]))
        quadrants.add((D.theta[0] > 0, G.theta[1] > 0))
    assert min(radius) > 0.65 and max(radius) < 0.77 and len(quadrants) == 4

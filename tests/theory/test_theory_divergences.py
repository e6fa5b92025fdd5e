"""Divergences between known densities: their closed forms, bounds and theorems."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tinygan as tg
from tinygan.data import TwoMoons, mixture_1d, ring
from tinygan.theory import divergences as div
from tinygan.theory import figures

LOG2, LOG4 = math.log(2), math.log(4)
seeds = st.integers(0, 2**32 - 1)


def mixtures(seed):
    """Two random mixtures of two Gaussians."""
    rng = np.random.default_rng(seed)
    for _ in range(2):
        means, std, weights = rng.uniform([-3, 0.4, 0.2], [3, 1.2, 1.0], (2, 3)).T
        yield mixture_1d(means, std, weights)


def gaussians(mu, tau) -> div.Pair:
    """N(0, 1) and N(mu, tau^2)."""
    return div.on_line(mixture_1d((0.0,), 1.0), mixture_1d((mu,), tau))


@given(seeds)
def test_the_value_at_the_optimum_is_jensen_shannon(seed):
    pair = div.on_line(*mixtures(seed))
    assert div.value_at_optimum(pair) == pytest.approx(2 * div.jsd(pair) - LOG4)
    rng = np.random.default_rng(seed)
    s = div.optimal_logit(pair) + rng.choice([0.01, 1.0]) * np.sin(2 * pair.x)
    assert div.value(pair, s) < div.value_at_optimum(pair)
    same = div.Pair(pair.log_p, pair.log_p, pair.dx, pair.x)
    assert div.value_at_optimum(same) == pytest.approx(-LOG4, abs=1e-12)


@given(seeds)
def test_bounds_and_symmetries(seed):
    pair = div.on_line(*mixtures(seed))
    back = pair.swap()
    tv, jsd, kl = div.total_variation(pair), div.jsd(pair), div.kl(pair)
    assert 0 <= tv <= 1 and 0 <= jsd <= LOG2
    assert kl >= 2 * tv**2 - 1e-12  # Pinsker
    assert tv**2 / 2 - 1e-12 <= jsd <= LOG2 * tv + 1e-12  # Lin 1991
    for symmetric in (div.total_variation, div.jsd, div.wasserstein):
        assert symmetric(back) == pytest.approx(symmetric(pair), rel=1e-12)
    assert div.reverse_kl(pair) == div.kl(back)
    # the mean is a function of slope 1 (Kantorovich and Rubinstein)
    means = [(pair.dx * d * pair.x).sum() for d in (pair.p, pair.q)]
    assert div.wasserstein(pair) >= abs(means[0] - means[1]) - 1e-9


@pytest.mark.parametrize("mu", [0.0, 0.3, 2.0, 6.0])
@pytest.mark.parametrize("tau", [1.0, 0.5, 2.0])
def test_closed_forms_of_gaussians(mu, tau):
    pair = gaussians(mu, tau)
    assert (pair.dx * pair.p).sum() == pytest.approx(1, abs=1e-12)
    kl = math.log(tau) + (1 + mu**2) / (2 * tau**2) - 0.5
    reverse = -math.log(tau) + (tau**2 + mu**2) / 2 - 0.5
    assert div.kl(pair) == pytest.approx(kl, abs=1e-9)
    assert div.reverse_kl(pair) == pytest.approx(reverse, abs=1e-9)
    if tau == 1:
        tv = math.erf(mu / math.sqrt(8))
        assert div.total_variation(pair) == pytest.approx(tv, abs=1e-14)
        assert div.wasserstein(pair) == pytest.approx(mu, abs=1e-13)
    if mu == 0:
        w1 = abs(1 - tau) * math.sqrt(2 / math.pi)
        assert div.wasserstein(pair) == pytest.approx(w1, abs=1e-13)


@given(seeds)
@settings(max_examples=20)
def test_kinks_cost_no_digits(seed):
    """TV and W1 are right to rounding. A grid 400 times finer says so, to 2e-9."""
    p, q = mixtures(seed)
    pair, fine = div.on_line(p, q), div.on_line(p, q, np.linspace(-18, 18, 400_001))
    assert len(pair.x) < 4000
    for f in (div.total_variation, div.wasserstein):
        assert f(pair) == pytest.approx(f(fine), abs=2e-9)
    same = div.on_line(p, p)
    assert div.total_variation(same) == div.wasserstein(same) == 0


@pytest.mark.parametrize("theta", [0.5, 1.0, 2.0, 4.0, 8.0])
def test_every_printed_digit_is_right(theta):
    """`tinygan theory divergences` against closed forms and SciPy's quadrature."""
    integrate = pytest.importorskip("scipy.integrate")

    def log_p(x, mean):
        return -((x - mean) ** 2) / 2 - math.log(2 * math.pi) / 2

    def loss(x):  # p log(p/(p + q)) + q log(q/(p + q))
        a, b = log_p(x, 0), log_p(x, theta)
        both = np.logaddexp(a, b)
        return math.exp(a) * (a - both) + math.exp(b) * (b - both)

    halves = (-12, theta / 2), (theta / 2, theta + 12)
    V = sum(integrate.quad(loss, *half, epsabs=1e-12)[0] for half in halves)
    expected = {
        "JSD": (LOG4 + V) / 2,
        "TV": math.erf(theta / math.sqrt(8)),
        "KL": theta**2 / 2,
        "V(D*)": V,
        "W1": theta,
    }
    _, names, *rows = figures._divergence_lines()
    (row,) = (r for r in rows[:6] if r.startswith(f"{theta} "))
    printed = dict(zip(names.split(), row.split(), strict=True))
    assert printed == {"theta": str(theta)} | {
        name: f"{value:.5f}" for name, value in expected.items()
    }


def test_the_distance_of_samples_comes_to_that_of_the_densities():
    p, q = mixtures(5)
    rng = np.random.default_rng(0)
    x, y = (density.sample(40_000, rng)[:, 0] for density in (p, q))
    expected = div.wasserstein(div.on_line(p, q))
    assert div.wasserstein_1d(x, y) == pytest.approx(expected, abs=0.02)
    assert div.wasserstein_1d([3.0, 1.0], [0.0, 4.0]) == 1.0  # by sorting


@given(theta=st.floats(-5, 5), n=st.integers(1, 40))
def test_parallel_lines(theta, n):
    """JSD = log 2 and TV = 1, however near; W1 = |theta|."""
    pair, w1 = div.parallel_lines(theta, n)
    assert w1 == pytest.approx(abs(theta))
    apart = float(theta != 0)
    assert div.jsd(pair) == pytest.approx(LOG2 * apart, abs=1e-12)
    assert div.total_variation(pair) == pytest.approx(apart, abs=1e-12)
    assert div.value_at_optimum(pair) == pytest.approx(-LOG4 * (1 - apart), abs=1e-12)
    assert div.kl(pair) == div.reverse_kl(pair) == (math.inf if apart else 0)
    D = div.optimal_discriminator(pair)
    assert D.tolist() == ([1.0] * n + [0.0] * n if apart else [0.5] * n)


@pytest.mark.parametrize("distance", [20.0, 200.0])
def test_densities_that_have_rounded_to_zero(distance):
    """Far apart p and q are 0 in each other's place, their logarithms are not."""
    pair = gaussians(distance, 1.0)
    assert np.isfinite(div.optimal_logit(pair)).all()
    assert div.jsd(pair) == pytest.approx(LOG2, abs=1e-9)
    assert div.kl(pair) == pytest.approx(distance**2 / 2, rel=1e-9)
    assert div.value_at_optimum(pair) == pytest.approx(0, abs=1e-9)
    assert div.wasserstein(pair) == pytest.approx(distance, rel=1e-9)


@given(seed=seeds, a=st.floats(0.05, 1.0))
def test_smoothed_labels_move_the_optimum(seed, a):
    """D* = a p/(p + q), and there the smoothed objective has no slope left."""
    pair = div.on_line(*mixtures(seed))
    D = div.optimal_discriminator(pair, real_label=a)
    expected = a * pair.p / (pair.p + pair.q)
    seen = pair.p + pair.q > 0
    np.testing.assert_allclose(D[seen], expected[seen], atol=1e-12)
    objective = tg.Minimax(real_label=a)
    s = div.optimal_logit(pair, a)[seen]
    slopes = [objective.d_grads(v, v) for v in s.reshape(-1, 1, 1)]
    real, fake = np.array(slopes).reshape(-1, 2).T
    assert np.abs(pair.p[seen] * real + pair.q[seen] * fake).max() <= 1e-14


@given(seeds)
def test_both_generator_losses_sum_to_the_reverse_divergence(seed):
    """J_minimax + J_nonsat = KL(q||p), J_minimax = KL(q||m) - log 2."""
    pair = div.on_line(*mixtures(seed))
    minimax, nonsat = div.generator_losses(pair)
    reverse = div.reverse_kl(pair)
    assert minimax + nonsat == pytest.approx(reverse, rel=1e-9, abs=1e-9)
    m = np.logaddexp(pair.log_p, pair.log_q) - LOG2
    to_m = div.kl(div.Pair(pair.log_q, m, pair.dx))
    assert minimax == pytest.approx(to_m - LOG2, abs=1e-9)
    s = div.optimal_logit(pair)  # and they are what the objectives say
    for J, objective in ((minimax, tg.Minimax()), (nonsat, tg.NonSaturating())):
        values = np.array([objective.g_value(v) for v in s.reshape(-1, 1, 1)])
        assert pytest.approx((pair.dx * pair.q * values).sum(), rel=1e-9) == J


@pytest.mark.parametrize("mu", [-1.0, 0.7])
def test_what_the_non_saturating_generator_descends(mu):
    """With D* held fixed, its slope is that of KL(q||p) - 2 JSD, minimax's of 2 JSD."""
    p, h = mixture_1d((-1.0, 1.5), 0.8), 1e-4
    x = np.linspace(-16, 16, 4001)

    def pair(m):
        return div.on_line(p, mixture_1d((m,), 1.1), x)

    def slope(f):
        return (f(pair(mu + h)) - f(pair(mu - h))) / (2 * h)

    s = div.optimal_logit(pair(mu))
    log_D, log_not_D = -tg.softplus(-s), -tg.softplus(s)
    nonsat = slope(lambda at: -(at.dx * at.q * log_D).sum())
    minimax = slope(lambda at: (at.dx * at.q * log_not_D).sum())
    assert minimax == pytest.approx(2 * slope(div.jsd), abs=1e-6)
    expected = slope(div.reverse_kl) - 2 * slope(div.jsd)
    assert nonsat == pytest.approx(expected, abs=1e-6)


def test_what_is_refused():
    p = mixture_1d()
    for wrong in (ring(), TwoMoons()):
        with pytest.raises(ValueError, match=r"R\^1"):
            div.on_line(p, wrong)
    with pytest.raises(ValueError, match="points"):
        div.on_line(p, mixture_1d((0.0,), 1e-7))
    with pytest.raises(ValueError, match="expects log_p"):
        div.Pair(np.zeros(3), np.zeros(4))
    with pytest.raises(ValueError, match="expects log_p"):
        div.Pair(np.zeros(3), np.zeros(3), np.ones(2))
    with pytest.raises(ValueError, match="points x"):
        div.wasserstein(div.Pair(np.zeros(1), np.zeros(1)))
    for label in (0.0, 1.5, math.nan):
        with pytest.raises(ValueError, match="label"):
            div.optimal_logit(gaussians(1, 1), label)


def test_densities_on_points_of_ones_own():
    p, q = mixtures(1)
    own = div.on_line(p, q, np.linspace(-20, 20, 2001))
    assert div.jsd(own) == pytest.approx(div.jsd(div.on_line(p, q)), abs=1e-9)

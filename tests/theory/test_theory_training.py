"""A trained D against D*, and how hard each objective pulls G."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinygan as tg
from tinygan.data import mixture_1d
from tinygan.theory import divergences as div
from tinygan.theory import saturation, training
from tinygan.theory.convergence import OBJECTIVES

# D against D*


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_trained_discriminator_is_the_optimal_one(seed):
    """E|D - D*| <= 0.05 and V within 0.02 of 2 JSD - log 4; it comes far closer."""
    run = training.train_discriminator(seed=seed)
    first, *_, last = run.snapshots
    assert [s.step for s in run.snapshots] == [0, 10, 100, 1500]
    assert last.error <= 0.02 and first.error > 0.1
    assert abs(last.V - run.V_star) <= 0.01
    assert run.V_star == pytest.approx(2 * div.jsd(run.pair) - np.log(4), abs=1e-9)
    for shot in run.snapshots:
        assert run.V_star >= shot.V  # no D has more: D* is the best there is
        assert div.value(run.pair, shot.s) == shot.V


def test_training_follows_from_the_seed():
    a, b, c = (
        training.train_discriminator(steps=5, snapshots=(5,), seed=s) for s in (1, 1, 2)
    )
    assert np.array_equal(a.snapshots[0].s, b.snapshots[0].s)
    assert not np.array_equal(a.snapshots[0].s, c.snapshots[0].s)


def test_the_fixed_generator_has_the_density_it_says():
    G, q = training.fixed_generator(0.7, 1.3)
    z = np.random.default_rng(0).standard_normal((50_000, 1), dtype=np.float32)
    x = G.forward(z)[0]
    assert x.mean() == pytest.approx(0.7, abs=0.02)
    assert x.std() == pytest.approx(1.3, abs=0.02)
    assert (q.means.item(), q.std.item()) == (0.7, 1.3)


def test_the_error_is_a_mean_over_both_densities():
    pair = div.on_line(mixture_1d((0.0,), 1.0), mixture_1d((1.0,), 1.0))
    assert training.error(pair, div.optimal_logit(pair)) == 0
    sure = np.full_like(pair.x, -1e3)  # D = 0: the error is E_m[p/(p + q)] = 1/2
    assert training.error(pair, sure) == pytest.approx(0.5)


# Saturation


@given(st.floats(-30, 30))
def test_what_each_objective_tells_the_generator(s):
    """dJ/ds of one sample, from the closed forms."""
    sigma = float(tg.sigmoid(np.array(s)))
    expected = {
        "minimax": -sigma,
        "non-saturating": sigma - 1,
        "Wasserstein": -1,
        "hinge": -1,
        "least squares 0, 1, 1": s - 1,
        "least squares -1, 1, 1": s - 1,
        "relativistic pairing": sigma - 1,  # against a real sample at s = 0
        "relativistic average": 2 * (sigma - 1),
    }
    assert expected.keys() == OBJECTIVES.keys()
    for name, objective in OBJECTIVES.items():
        (found,) = saturation.generator_gradient(objective, [s])
        assert found == pytest.approx(expected[name], abs=1e-14)


@pytest.mark.parametrize("name", OBJECTIVES)
@pytest.mark.parametrize("s_real", [0.0, 1.5])
def test_the_gradient_is_that_of_the_loss(name, s_real):
    objective, s, h = OBJECTIVES[name], np.linspace(-5, 5, 21), 1e-6
    up, down = (saturation.generator_loss(objective, s + d, s_real) for d in (h, -h))
    gradient = saturation.generator_gradient(objective, s, s_real)
    np.testing.assert_allclose((up - down) / (2 * h), gradient, atol=1e-8)


def test_minimax_saturates_where_the_other_does_not():
    beliefs = np.array([1e-6, 0.5, 1 - 1e-6])
    minimax = saturation.pull(OBJECTIVES["minimax"], beliefs)
    other = saturation.pull(OBJECTIVES["non-saturating"], beliefs)
    np.testing.assert_allclose(minimax, beliefs, rtol=1e-9)
    np.testing.assert_allclose(minimax + other, 1)
    assert minimax[0] < 1e-5 < 0.99 < other[0]
    assert len(list(saturation.rows(OBJECTIVES))) == 1 + len(OBJECTIVES)
    for D in (0.0, 1.0, [0.5, 1.1], np.nan):
        with pytest.raises(ValueError, match="0 < D < 1"):
            saturation.logit(D)

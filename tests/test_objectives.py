"""The two players' objectives: values, derivatives, and the far ends of the logits."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinygan as tg
from tinygan.check import check_objective
from tinygan.objectives import Objective

BOTH = [tg.Minimax(), tg.NonSaturating()]
both = pytest.mark.parametrize("objective", BOTH, ids=lambda o: type(o).__name__)
logits = st.lists(st.floats(-30, 30), min_size=1, max_size=6)
seeds = st.integers(0, 2**32 - 1)


def column(values, dtype="float64"):
    return np.array(values, dtype).reshape(-1, 1)


def D(s: float) -> float:
    return 1 / (1 + math.exp(-s))


@given(logits, logits)
def test_values_are_the_logarithms(real, fake):
    """Written with D itself, as in the paper; the two batches may differ in size."""
    s_real, s_fake = column(real), column(fake)
    log_real = np.mean([math.log(D(s)) for s in real])
    log_fake = np.mean([math.log(D(s)) for s in fake])
    log_caught = np.mean([math.log(D(-s)) for s in fake])  # 1 - D(s) = D(-s)
    for objective in BOTH:
        value = objective.value(s_real, s_fake)
        assert value == pytest.approx(log_real + log_caught, rel=1e-12)
    value = tg.Minimax().g_value(s_fake)
    assert value == pytest.approx(log_caught, rel=1e-12)
    value = tg.NonSaturating().g_value(s_fake)
    assert value == pytest.approx(-log_fake, rel=1e-12)


@given(logits, logits)
def test_derivatives_are_the_probabilities(real, fake):
    """dV = (1 - D)/N and -D/N; dJ = -D/N, or -(1 - D)/N: each with its own N."""
    s_real, s_fake = column(real), column(fake)
    D_fake = np.vectorize(D)(s_fake)
    not_D_real, not_D_fake = (np.vectorize(D)(-s) for s in (s_real, s_fake))
    for objective in BOTH:
        ds_real, ds_fake = objective.d_grads(s_real, s_fake)
        np.testing.assert_allclose(ds_real, not_D_real / len(real), rtol=1e-12)
        np.testing.assert_allclose(ds_fake, -D_fake / len(fake), rtol=1e-12)
    dJ = tg.Minimax().g_grad(s_fake)
    np.testing.assert_allclose(dJ, -D_fake / len(fake), rtol=1e-12)
    dJ = tg.NonSaturating().g_grad(s_fake)
    np.testing.assert_allclose(dJ, -not_D_fake / len(fake), rtol=1e-12)


@given(seeds, st.integers(1, 8))
def test_derivatives_are_certified(seed, batch):
    for objective in BOTH:
        rows = check_objective(objective, batch, seed)
        assert all(row.ok for row in rows), rows
        limits = {row.quantity: row.limit for row in rows}
        assert limits["dV/ds"] == limits["dJ/ds"] == 1e-11


@both
def test_the_players_pull_the_right_way(objective):
    """Up dV the real logits rise and the fake ones fall; down dJ the fake ones rise."""
    s = column(np.random.default_rng(0).normal(0, 3, 20))
    ds_real, ds_fake = objective.d_grads(s, s)
    assert (ds_real > 0).all() and (ds_fake < 0).all()
    assert (objective.g_grad(s) < 0).all()


@both
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_far_logits(objective, dtype):
    """At |s| = 1e4 no value overflows and none rounds to log 0."""
    low, high = column([-1e4], dtype), column([1e4], dtype)
    assert objective.value(high, low) == 0.0
    assert objective.value(low, high) == -2e4
    assert [float(d[0, 0]) for d in objective.d_grads(high, low)] == [0, 0]
    assert [float(d[0, 0]) for d in objective.d_grads(low, high)] == [1, -1]
    minimax = type(objective) is tg.Minimax
    assert objective.g_value(low) == (0.0 if minimax else 1e4)
    assert objective.g_value(high) == (-1e4 if minimax else 0.0)
    assert objective.g_grad(low)[0, 0] == (0.0 if minimax else -1.0)
    assert objective.g_grad(high)[0, 0] == (-1.0 if minimax else 0.0)


@both
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_shapes_and_dtypes_follow_the_logits(objective, dtype):
    rng = np.random.default_rng(1)
    s_real, s_fake = (rng.standard_normal((n, 1)).astype(dtype) for n in (3, 5))
    kept = s_real.copy(), s_fake.copy()
    ds_real, ds_fake = objective.d_grads(s_real, s_fake)
    dJ = objective.g_grad(s_fake, s_real)
    assert (ds_real.shape, ds_fake.shape, dJ.shape) == ((3, 1), (5, 1), (5, 1))
    V, J = objective.value(s_real, s_fake), objective.g_value(s_fake, s_real)
    assert V.shape == J.shape == ()
    assert {v.dtype for v in (ds_real, ds_fake, dJ, V, J)} == {np.dtype(dtype)}
    assert np.array_equal(s_real, kept[0]) and np.array_equal(s_fake, kept[1])


@both
def test_float32_agrees_with_float64(objective):
    s = column(np.random.default_rng(2).normal(0, 5, 256))
    f = s.astype("float32")
    pairs = [
        (objective.value(f, f), objective.value(s, s)),
        (objective.g_value(f), objective.g_value(s)),
        (objective.g_grad(f), objective.g_grad(s)),
        *zip(objective.d_grads(f, f), objective.d_grads(s, s), strict=True),
    ]
    for single, exact in pairs:
        assert np.abs(single - exact).max() <= 1e-6 * np.abs(exact).max()


@both
def test_the_mean_does_not_know_the_batch_size(objective):
    """The same logits twice over: values stay, each derivative is halved."""
    s_real, s_fake = np.random.default_rng(3).standard_normal((2, 4, 1))
    twice = [np.concatenate([s, s]) for s in (s_real, s_fake)]
    V = objective.value(s_real, s_fake)
    assert objective.value(*twice) == pytest.approx(V, rel=1e-14)
    for d, d_twice in zip(
        (*objective.d_grads(s_real, s_fake), objective.g_grad(s_fake)),
        (*objective.d_grads(*twice), objective.g_grad(twice[1])),
        strict=True,
    ):
        np.testing.assert_allclose(d_twice, np.concatenate([d, d]) / 2, rtol=1e-14)


@pytest.mark.parametrize("method", ["value", "d_grads", "g_value", "g_grad"])
def test_an_unfinished_objective_says_so(method):
    class Mine(Objective):
        pass

    s = (column([0.0]), column([0.0]))
    arguments = s if method in ("value", "d_grads") else s[:1]
    with pytest.raises(TypeError, match=f"Mine does not define {method}"):
        getattr(Mine(), method)(*arguments)


@given(st.floats(-745, 745))
def test_sigmoid_and_softplus(s):
    """Against `math`, relative to their size even where they are 1e-300."""
    a = np.array([s])
    sigma = 1 / (1 + math.exp(-s)) if s > -700 else math.exp(s)
    assert tg.sigmoid(a)[0] == pytest.approx(sigma, rel=1e-13, abs=5e-324)
    plus = s + math.log1p(math.exp(-s)) if s > 0 else math.log1p(math.exp(s))
    assert tg.softplus(a)[0] == pytest.approx(plus, rel=1e-13, abs=5e-324)
    assert tg.sigmoid(a)[0] + tg.sigmoid(-a)[0] == pytest.approx(1.0, abs=1e-15)
    assert tg.softplus(a)[0] - tg.softplus(-a)[0] == pytest.approx(s, rel=1e-14)

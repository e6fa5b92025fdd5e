"""Optimizers: closed forms, signs, memory, and what they refuse."""

import math
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinygan as tg
from tinygan.check import check_optimizer
from tinygan.optim import Optimizer

MAKERS = {
    "SGD": lambda: tg.SGD(0.1),
    "Momentum": lambda: tg.Momentum(0.1, 0.7),
    "RMSProp": lambda: tg.RMSProp(0.01, 0.9),
    "Adam": lambda: tg.Adam(0.01, 0.5, 0.9),
}
every = pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
fractions = st.floats(0, 0.999)
rates = st.floats(1e-5, 1.0)
seeds = st.integers(0, 2**32 - 1)


def play(optimizer, gradients, theta, move="ascend"):
    for g in gradients:
        getattr(optimizer, move)(theta, g)
    return theta


@given(rates, fractions, fractions, seeds, st.integers(2, 30))
def test_definitions(lr, a, b, seed, steps):
    """Every setting against explicit sums over all past gradients."""
    optimizers = (
        tg.SGD(lr),
        tg.Momentum(lr, a),
        tg.RMSProp(lr, b),
        tg.Adam(lr, a, b),
    )
    for optimizer in optimizers:
        rows = check_optimizer(optimizer, steps, seed)
        assert {row.quantity for row in rows} >= {"definition", "mirror", "resume"}
        assert all(row.ok for row in rows), rows


def test_sgd():
    theta = np.array([1.0, 2.0])
    tg.SGD(0.5).ascend(theta, np.array([2.0, -4.0]))
    assert theta.tolist() == [2.0, 0.0]
    tg.SGD(0.5).descend(theta, np.array([2.0, -4.0]))
    assert theta.tolist() == [1.0, 2.0]


def test_momentum_of_a_constant_gradient():
    """m_t = g (1 - mu^t)/(1 - mu): the steps grow tenfold for mu = 0.9."""
    optimizer, theta, g = tg.Momentum(0.1, 0.9), np.zeros(3), np.array([1.0, -2.0, 0.0])
    for t in range(1, 200):
        before = theta.copy()
        optimizer.ascend(theta, g)
        m = g * (1 - 0.9**t) / (1 - 0.9)
        np.testing.assert_allclose(theta - before, 0.1 * m, rtol=1e-10)


def test_rmsprop_of_a_constant_gradient():
    """v_t = (1 - rho^t) g^2: the first step is lr/sqrt(1 - rho), the last one lr."""
    optimizer, theta, g = tg.RMSProp(0.1, 0.99), np.zeros(2), np.array([1e-3, -1e3])
    for t in (1, 2, 3):
        before = theta.copy()
        optimizer.ascend(theta, g)
        u = np.sign(g) / math.sqrt(1 - 0.99**t)
        np.testing.assert_allclose(theta - before, 0.1 * u, rtol=1e-4)


@given(st.floats(0, 0.99), st.floats(0, 0.9999), seeds)
def test_first_step_of_adam_is_lr_times_the_sign(beta1, beta2, seed):
    """Whatever beta1, beta2 and the size of g: m_hat = g and v_hat = g^2."""
    rng = np.random.default_rng(seed)
    g = rng.standard_normal(6) * 10.0 ** rng.integers(-3, 4, 6)
    theta = np.zeros(6)
    tg.Adam(0.01, beta1, beta2, eps=1e-30).ascend(theta, g)
    np.testing.assert_allclose(theta, 0.01 * np.sign(g), rtol=1e-9)


def test_adam_of_a_constant_gradient_keeps_its_step():
    """m_hat = g and v_hat = g^2 at every t: each step is lr, from the first on."""
    optimizer, theta, g = tg.Adam(0.01, 0.5, 0.999), np.zeros(2), np.array([3.0, -1e-2])
    for _ in range(50):
        before = theta.copy()
        optimizer.descend(theta, g)
        np.testing.assert_allclose(before - theta, 0.01 * np.sign(g), rtol=2e-6)


def test_adam_after_kingma_and_ba_step_by_step():
    """Algorithm 1 of the paper as it is written there."""
    lr, beta1, beta2, eps = 0.02, 0.8, 0.95, 1e-2
    optimizer = tg.Adam(lr, beta1, beta2, eps)
    rng = np.random.default_rng(1)
    theta = rng.standard_normal(4)
    expected, m, v = theta.copy(), np.zeros(4), np.zeros(4)
    for t in range(1, 8):
        g = rng.standard_normal(4)
        optimizer.descend(theta, g)
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g**2
        m_hat, v_hat = m / (1 - beta1**t), v / (1 - beta2**t)
        expected -= lr * m_hat / (np.sqrt(v_hat) + eps)
        np.testing.assert_allclose(theta, expected, rtol=1e-13)


@every
def test_a_zero_gradient_moves_nothing_at_first(make):
    theta = np.ones(3)
    make().ascend(theta, np.zeros(3))
    assert theta.tolist() == [1, 1, 1]


@every
def test_descend_mirrors_ascend(make):
    rng = np.random.default_rng(2)
    gradients, start = rng.standard_normal((5, 4)), rng.standard_normal(4)
    up = play(make(), gradients, start.copy(), "ascend")
    down = play(make(), gradients, start.copy(), "descend")
    other = play(make(), -gradients, start.copy(), "descend")
    np.testing.assert_allclose(up - start, start - down, rtol=1e-13)
    np.testing.assert_allclose(other, up, rtol=1e-14)  # u is odd in g
    assert (up != start).all()


@every
def test_descend_goes_down(make):
    """f = |theta - 1|^2 / 2 falls to almost 0."""
    optimizer, theta = make(), np.full(3, 3.0)
    for _ in range(600):
        optimizer.descend(theta, theta - 1)
    assert np.abs(theta - 1).max() <= 0.05


@every
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_step_is_in_place(make, dtype):
    """theta is the same memory, so a network's views see the step; g is only read."""
    net = tg.Net(tg.Dense(2), (3,), dtype=dtype)
    optimizer, theta, W = make(), net.theta, net.tree.W
    g = np.random.default_rng(3).standard_normal(theta.size).astype(dtype)
    before, W_before, g_before = theta.copy(), W.copy(), g.copy()
    for _ in range(2):
        optimizer.ascend(theta, g)
    assert net.theta is theta and theta.dtype == dtype
    assert (theta != before).all() and not np.array_equal(W, W_before)
    assert np.array_equal(theta[:6].reshape(3, 2), W)
    assert np.array_equal(g, g_before)
    assert all(
        np.shape(v) == () or v.dtype == dtype for v in optimizer.state().values()
    )


@every
def test_float32_agrees_with_float64(make):
    rng = np.random.default_rng(4)
    gradients, start = rng.standard_normal((20, 50)), rng.standard_normal(50)
    double = play(make(), gradients, start.copy())
    single = play(make(), gradients.astype("float32"), start.astype("float32"))
    moved = np.abs(double - start).max()
    assert np.abs(single - double).max() <= 1e-5 * moved


@every
def test_state_round_trip(make):
    """Three steps, saved, then three more: bit for bit as six in a row."""
    rng = np.random.default_rng(5)
    gradients, theta = rng.standard_normal((6, 4)), rng.standard_normal(4)
    straight = play(make(), gradients, theta.copy())
    first = make()
    play(first, gradients[:3], theta)
    saved = {k: np.copy(v) for k, v in first.state().items()}
    assert saved["t"] == 3 and set(saved) == {"t", *first.moments}
    second = make()
    second.prepare(theta)
    second.load_state(saved)
    play(first, gradients[3:], theta.copy())  # must not reach into the second
    kept = {k: v.copy() for k, v in saved.items()}
    assert np.array_equal(play(second, gradients[3:], theta), straight)
    assert all(np.array_equal(saved[k], v) for k, v in kept.items())  # copied in


def test_two_optimizers_share_nothing():
    one, two = tg.Adam(0.1), tg.Adam(0.1)
    theta = np.zeros(3)
    one.ascend(theta, np.ones(3))
    alone, together = np.zeros(3), np.zeros(3)
    tg.Adam(0.1).ascend(alone, np.full(3, -2.0))
    two.ascend(together, np.full(3, -2.0))
    assert np.array_equal(alone, together)


@every
@pytest.mark.parametrize("shape", [(3,), (1,), (4, 1), ()])
def test_shapes_must_agree(make, shape):
    theta = np.zeros(4)
    sentence = re.escape(f"theta has shape (4,), its gradient {shape}")
    with pytest.raises(ValueError, match=sentence):
        make().ascend(theta, np.ones(shape))
    assert not theta.any()


@pytest.mark.parametrize("kind", [tg.SGD, tg.Momentum, tg.RMSProp, tg.Adam])
@pytest.mark.parametrize("lr", [0.0, -1e-3, math.nan, math.inf])
def test_lr_is_checked(kind, lr):
    with pytest.raises(ValueError, match=f"{kind.__name__} expects lr > 0, got {lr}"):
        kind(lr)


@pytest.mark.parametrize("value", [-0.1, 1.0, 1.5, math.nan])
@pytest.mark.parametrize(
    "kind, name",
    [
        (tg.Momentum, "mu"),
        (tg.RMSProp, "rho"),
        (tg.Adam, "beta1"),
        (tg.Adam, "beta2"),
    ],
)
def test_fractions_are_checked(kind, name, value):
    with pytest.raises(ValueError, match=f"{kind.__name__} expects 0 <= {name} < 1"):
        kind(0.1, **{name: value})


def test_an_unfinished_optimizer_says_so():
    class Mine(Optimizer):
        pass

    with pytest.raises(TypeError, match="Mine does not define direction"):
        Mine(0.1).ascend(np.zeros(2), np.ones(2))

"""Optimizers: closed forms, signs, memory, and what they refuse."""

import copy
import math
import re

import numpy as np
import pytest
from examples import a_third
from hypothesis import given
from hypothesis import strategies as st

import tinygan as tg
from tinygan.check import check_optimizer
from tinygan.optim import Optimizer, Wrapper

MAKERS = {
    "SGD": lambda: tg.SGD(0.1),
    "Momentum": lambda: tg.Momentum(0.1, 0.7),
    "RMSProp": lambda: tg.RMSProp(0.01, 0.9),
    "Adam": lambda: tg.Adam(0.01, 0.5, 0.9),
    "rising Momentum": lambda: tg.Momentum(0.1, 0.3, final=0.8, ramp=4),
    "ClipValue": lambda: tg.ClipValue(tg.Momentum(0.1, 0.7), 0.4),
    "ClipNorm": lambda: tg.ClipNorm(tg.Momentum(0.1, 0.7), 0.4),
    "ClipWeights": lambda: tg.ClipWeights(tg.Adam(0.01, 0.5, 0.9), 10.0),
    "all three": lambda: tg.ClipWeights(
        tg.ClipNorm(tg.ClipValue(tg.RMSProp(0.01, 0.9), 0.9), 1.5), 10.0
    ),
}
every = pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
fractions = st.floats(0, 0.999)
rates = st.floats(1e-5, 1.0)
seeds = st.integers(0, 2**32 - 1)


def innermost(optimizer):
    while isinstance(optimizer, Wrapper):
        optimizer = optimizer.inner
    return optimizer


def play(optimizer, gradients, theta, move="ascend"):
    for g in gradients:
        getattr(optimizer, move)(theta, g)
    return theta


@a_third
@given(rates, fractions, fractions, seeds, st.integers(1, 14).map(lambda k: 2 * k + 1))
def test_definitions(lr, a, b, seed, steps):
    """Every setting against explicit sums over all past gradients.

    Without memory RMSProp and Adam take steps of +lr and -lr. An even number of these
    may cancel, and theta need not have moved; an odd number cannot.
    """
    optimizers = (
        tg.SGD(lr),
        tg.Momentum(lr, a),
        tg.RMSProp(lr, b),
        tg.Adam(lr, a, b),
        tg.Momentum(lr, a, final=b, ramp=5),
    )
    for optimizer in optimizers:
        rows = check_optimizer(optimizer, steps, seed, effort="quick")
        assert {row.quantity for row in rows} >= {"definition", "mirror", "resume"}
        assert all(row.ok for row in rows), rows


@a_third
@given(rates, fractions, fractions, seeds, st.integers(2, 30))
def test_definitions_of_clipped_steps(lr, a, b, seed, steps):
    """Two steps of +c and -c may cancel, and theta need not have moved."""
    optimizers = (
        tg.ClipValue(tg.Adam(lr, a, b), 0.01 + a),
        tg.ClipNorm(tg.RMSProp(lr, b), 0.01 + 50 * a),
        tg.ClipNorm(tg.Momentum(lr, a, final=b, ramp=9), 0.01 + 50 * a),
    )
    for optimizer in optimizers:
        rows = check_optimizer(optimizer, steps, seed, effort="quick")
        assert {row.quantity for row in rows} >= {"definition", "mirror", "resume"}
        assert all(row.ok for row in rows if row.quantity != "contract"), rows


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
    assert saved["t"] == 3 and set(saved) == {"t", *innermost(first).moments}
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


# A momentum that rises


def test_momentum_rises_in_a_straight_line_and_stays():
    """mu_t = mu + (final - mu) min(1, (t - 1)/ramp): the first GAN's .5 -> .7."""
    optimizer, theta = tg.Momentum(0.1, 0.5, final=0.7, ramp=4), np.zeros(1)
    mus = [0.5, 0.55, 0.6, 0.65, 0.7, 0.7, 0.7]
    m = 0.0
    for t, mu in enumerate(mus):
        g = np.array([float(t % 3 - 1)])
        optimizer.ascend(theta, g)
        m = mu * m + g[0]
        assert optimizer.m[0] == pytest.approx(m, rel=1e-14, abs=1e-15)


@given(st.floats(0, 0.9), st.integers(1, 9), seeds)
def test_momentum_without_final_is_constant(mu, ramp, seed):
    gradients = np.random.default_rng(seed).standard_normal((6, 3))
    plain = play(tg.Momentum(0.1, mu), gradients, np.zeros(3))
    for same in (tg.Momentum(0.1, mu, ramp=ramp), tg.Momentum(0.1, mu, mu, ramp)):
        assert np.array_equal(play(same, gradients, np.zeros(3)), plain)


@pytest.mark.parametrize("ramp", [0, -1, math.nan])
def test_ramp_is_checked(ramp):
    with pytest.raises(ValueError, match=f"a whole number ramp >= 1, got {ramp}"):
        tg.Momentum(0.1, 0.5, 0.9, ramp)


@pytest.mark.parametrize("final", [1.0, -0.1, math.nan])
def test_final_is_checked(final):
    with pytest.raises(ValueError, match="Momentum expects 0 <= final < 1"):
        tg.Momentum(0.1, 0.5, final)


# Clipping


def test_clip_value():
    """Each number by itself, so the direction changes."""
    theta = np.zeros(5)
    g = np.array([3.0, -0.2, 0.5, -7.0, 0.0])
    tg.ClipValue(tg.SGD(2.0), 0.5).ascend(theta, g)
    assert theta.tolist() == [1.0, -0.4, 1.0, -1.0, 0.0]


@given(seeds, st.floats(1e-3, 1e3), st.integers(1, 9))
def test_clip_norm_keeps_the_direction(seed, limit, n):
    """u = g min(1, c/|g|): parallel to g, and never longer than c."""
    g = np.random.default_rng(seed).standard_normal(n) * 10
    theta = np.zeros(n)
    tg.ClipNorm(tg.SGD(1.0), limit).ascend(theta, g)
    norm = np.linalg.norm(g)
    np.testing.assert_allclose(theta, g * min(1, limit / norm), rtol=1e-14)
    if norm < limit * (1 - 1e-12):
        assert np.array_equal(theta, g)
    assert np.linalg.norm(theta) <= limit * (1 + 1e-14)


def test_clip_norm_is_over_the_whole_gradient():
    """Not parameter by parameter, which would change the direction."""
    net = tg.Net(tg.Sequential(tg.Dense(2), tg.Dense(1)), (3,), dtype="float64")
    net.grad[...] = np.arange(1.0, net.grad.size + 1)
    before = net.theta.copy()
    tg.ClipNorm(tg.SGD(1.0), 0.3).ascend(net.theta, net.grad)
    moved = net.theta - before
    np.testing.assert_allclose(moved / moved[0], net.grad, rtol=1e-12)
    assert np.linalg.norm(moved) == pytest.approx(0.3, rel=1e-12)


@pytest.mark.parametrize("clip", [tg.ClipValue, tg.ClipNorm])
@pytest.mark.parametrize("inner", [tg.SGD, tg.Momentum, tg.RMSProp, tg.Adam])
def test_gradients_below_the_limit_are_not_touched(clip, inner):
    """Bit for bit the inner optimizer's steps."""
    gradients = np.random.default_rng(6).standard_normal((8, 5))
    plain = play(inner(0.01), gradients, np.ones(5))
    assert np.array_equal(play(clip(inner(0.01), 99.0), gradients, np.ones(5)), plain)
    small = play(clip(inner(0.01), 0.1), gradients, np.ones(5))
    assert not np.array_equal(small, plain)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_clip_norm_of_a_zero_gradient(dtype):
    theta = np.ones(3, dtype)
    tg.ClipNorm(tg.SGD(0.1), 1.0).ascend(theta, np.zeros(3, dtype))
    assert theta.tolist() == [1, 1, 1]


@pytest.mark.parametrize("clip", [tg.ClipValue, tg.ClipNorm, tg.ClipWeights])
def test_nan_is_not_hidden(clip):
    """A gradient that is no number makes weights that are none, which train notices."""
    theta, g = np.ones(3), np.array([1.0, math.nan, 1.0])
    clip(tg.SGD(0.1), 1.0).ascend(theta, g)
    assert np.isnan(theta[1])


def test_clip_weights():
    """The inner step, and then the box; a weight outside comes back without a step."""
    theta = np.array([0.5, -0.5, 0.0, 3.0])
    g = np.array([1.0, -1.0, 0.25, 0.0])
    optimizer = tg.ClipWeights(tg.SGD(1.0), 0.6)
    optimizer.ascend(theta, g)
    assert theta.tolist() == [0.6, -0.6, 0.25, 0.6]
    optimizer.descend(theta, g)
    np.testing.assert_allclose(theta, [-0.4, 0.4, 0.0, 0.6], atol=1e-15)


def test_clip_weights_leaves_the_gradient_and_the_moments_alone():
    """The box is for theta: the moments are those of the gradients as they were."""
    gradients = np.random.default_rng(7).standard_normal((6, 4))
    clipped, plain = tg.ClipWeights(tg.Adam(0.5), 0.1), tg.Adam(0.5)
    theta = play(clipped, gradients, np.zeros(4))
    play(plain, gradients, np.zeros(4))
    for name, value in plain.state().items():
        assert np.array_equal(clipped.state()[name], value)
    assert np.abs(theta).max() == 0.1


def test_the_outer_wrapper_comes_first():
    """ClipNorm(ClipValue(...)) is by the norm of the whole, then number by number."""
    g = np.array([3.0, 4.0])
    for optimizer, u in (
        (tg.ClipNorm(tg.ClipValue(tg.SGD(1.0), 0.7), 1.0), [0.6, 0.7]),
        (tg.ClipValue(tg.ClipNorm(tg.SGD(1.0), 1.0), 3.0), [0.5**0.5] * 2),
        (tg.ClipWeights(tg.ClipNorm(tg.SGD(1.0), 5.0), 3.5), [3.0, 3.5]),
    ):
        theta = np.zeros(2)
        optimizer.ascend(theta, g)
        np.testing.assert_allclose(theta, u, rtol=1e-14)


def test_the_rate_of_a_wrapper_is_that_of_the_innermost():
    inner = tg.SGD(0.5)
    outer = tg.ClipWeights(tg.ClipNorm(inner, 10.0), 10.0)
    assert outer.lr == 0.5
    outer.lr = 0.25
    assert inner.lr == outer.inner.lr == outer.lr == 0.25
    theta = np.zeros(2)
    outer.ascend(theta, np.array([1.0, -2.0]))
    assert theta.tolist() == [0.25, -0.5]


@every
def test_a_copy_of_an_optimizer_shares_nothing(make):
    """`Run` copies those of an experiment, wrappers and what they wrap."""
    original, rng = make(), np.random.default_rng(8)
    copied = copy.deepcopy(original)
    gradients = rng.standard_normal((4, 3))
    theta = play(copied, gradients, np.ones(3))
    copied.lr = 7.0
    assert original.lr != 7.0
    assert np.array_equal(play(original, gradients, np.ones(3)), theta)


@pytest.mark.parametrize("clip", [tg.ClipValue, tg.ClipNorm, tg.ClipWeights])
@pytest.mark.parametrize("limit", [0.0, -1.0, math.nan, math.inf])
def test_limits_are_checked(clip, limit):
    sentence = f"{clip.__name__} expects a limit > 0, got {limit}"
    with pytest.raises(ValueError, match=sentence):
        clip(tg.Adam(), limit)


@pytest.mark.parametrize("wrong", ["0.1", None, [0.1]])
def test_a_step_of_no_number_is_refused(wrong):
    theta, g = np.zeros(3), np.ones(3)
    with pytest.raises(ValueError, match="SGD expects a number signed_lr"):
        tg.SGD(0.1).step(theta, g, wrong)
    assert not theta.any()
    tg.SGD(0.1).step(theta, g, np.float32(0.5))
    assert theta.tolist() == [0.5] * 3

"""Penalties: the gradient of a gradient, held against oracles without a tangent pass.

dP/dtheta is the complex step of P; P itself is its paper's formula, one sample after
another, each slope by a complex step in x. Neither knows how penalties.py goes about
it.
"""

import math
import re
from typing import NamedTuple

import numpy as np
import pytest
from examples import a_third
from hypothesis import given
from hypothesis import strategies as st

import tinygan as tg
from tinygan import (
    DRAGAN,
    R1,
    R2,
    WGANGP,
    Augment,
    AvgPool1d,
    AvgPool2d,
    BatchNorm,
    Conv1d,
    Conv2d,
    ConvTranspose1d,
    Dense,
    Drift,
    Dropout,
    Flatten,
    InstanceNoise,
    InstanceNorm,
    LayerNorm,
    LeakyReLU,
    Maxout,
    MinibatchStd,
    Net,
    Pack,
    PhaseShuffle,
    PixelNorm,
    ReLU,
    Residual,
    Sequential,
    Softplus,
    SpectralNorm,
    Tanh,
    Upsample1d,
    Upsample2d,
    plots,
)
from tinygan.check import check_penalty, complex_step, relative
from tinygan.cli.arguments import main
from tinygan.penalties import Penalty, penalise

ACTS = {"tanh": Tanh(), "softplus": Softplus(), "leaky": LeakyReLU(0.2)}
TINY = 1e-200
close = np.testing.assert_allclose
seeds = st.integers(0, 2**32 - 1)


# What each penalty is, sample by sample


def between(real, fake, rng):
    """x_hat = eps x + (1 - eps) G(z), eps one number for each example."""
    eps = [rng.random() for _ in real]
    return np.stack(
        [e * x + (1 - e) * y for e, x, y in zip(eps, real, fake, strict=True)]
    )


def around(real, fake, rng):
    """x_hat = x + alpha c std(x) u, alpha for each example and u for each number."""
    alpha = [rng.random() for _ in real]
    u = [rng.random(x.shape) for x in real]
    std = math.sqrt(np.mean((real - np.mean(real)) ** 2))
    moved = zip(real, alpha, u, strict=True)
    return np.stack([x + a * 0.4 * std * n for x, a, n in moved])


class Formula(NamedTuple):
    """A penalty and what it is to be: mean phi(|grad D|) at the points."""

    penalty: Penalty
    points: object
    earlier: int  # forward passes of D before that at the points
    phi: object


FORMULAS = {
    "WGANGP": Formula(WGANGP(7.0, 0.8), between, 2, lambda r: 7 * (r - 0.8) ** 2),
    "one-sided": Formula(
        WGANGP(5.0, 0.3, one_sided=True), between, 2, lambda r: 5 * max(0, r - 0.3) ** 2
    ),
    "R1": Formula(R1(3.0), lambda real, *_: real, 0, lambda r: 1.5 * r**2),
    "R2": Formula(R2(3.0), lambda real, fake, _: fake, 1, lambda r: 1.5 * r**2),
    "DRAGAN": Formula(DRAGAN(7.0, 0.9, 0.4), around, 2, lambda r: 7 * (r - 0.9) ** 2),
}
PENALTIES = {name: f.penalty for name, f in FORMULAS.items()} | {"Drift": Drift(0.2)}
every = pytest.mark.parametrize("penalty", PENALTIES.values(), ids=PENALTIES)


def slopes(D, x):
    """The gradient of the sum of D's logits at x, one number after another.

    Every pass begins from the state that D is in now: the same noise, the same masks.
    """
    D = D.clone("complex128")
    state = {name: np.copy(v) for name, v in D.state().items()}
    g = np.empty(x.shape)
    for i in np.ndindex(x.shape):
        step = np.zeros(x.shape, complex)
        step[i] = 1j * TINY
        D.load_state(state)
        g[i] = D.forward(x + step)[0].sum().imag / TINY
    return g


def definition(name, D, batches, seed=0, known=None) -> float:
    """P of the formula called `name`.

    known: the slopes of D that were found for these batches, by where they are
    """
    _, points, earlier, phi = FORMULAS[name]
    known = {} if known is None else known
    if (points, earlier) not in known:
        D = D.clone()
        for x in batches[:earlier]:
            D.forward(x)  # its noise is drawn
        x = points(*batches, np.random.default_rng(seed))
        known[points, earlier] = slopes(D, x)
    g = known[points, earlier]
    m = math.prod(layer.packs for _, layer in D.layers())  # samples of one logit
    packs = [g[i : i + m] for i in range(0, len(g), m)]
    return np.mean([phi(math.sqrt(np.sum(pack**2))) for pack in packs])


def accumulated(penalty, D, batches, seed=0):
    """(P, what it adds to D.grad) on a copy of D."""
    D = D.clone()
    passes = []
    for x in batches:
        x = x.astype(D.theta.dtype)
        passes.append((x, *D.forward(x)))
    D.zero_grad()
    P = penalty.accumulate(D, *passes, np.random.default_rng(seed))
    return P, D.grad


def gradient_error(penalty, D, batches, seed=0) -> float:
    """What it adds to D.grad against the complex step of -P, relative to its norm."""
    _, grad = accumulated(penalty, D, batches, seed)
    single = D.clone("complex128")

    def P(theta):
        single.theta[...] = theta
        return accumulated(penalty, single, batches, seed)[0]

    rng, worst = np.random.default_rng(seed), 0.0
    for _ in range(3):
        v = rng.standard_normal(grad.size)
        error = complex_step(P, D.theta, v) + grad @ v  # D ascends V - P
        worst = max(worst, relative(error, grad))
    return worst


def randomised(tree, shape, seed=0):
    """A Net whose weights and biases are drawn anew, all in [-0.8, 0.8].

    A tanh of 15 has no digits left for 1 - y^2: bounds keep the oracles exact.
    """
    D = Net(tree, shape, seed, dtype="float64")
    D.theta[...] = np.random.default_rng(seed).uniform(-0.8, 0.8, D.theta.size)
    D.advance()
    return D


def two_batches(shape, N=4, seed=0):
    return np.random.default_rng(seed + 1).uniform(-1.5, 1.5, (2, N, *shape))


# The gradient: every penalty, critics of every kind


@st.composite
def critics(draw):
    """A dense or convolutional critic of random size, and its two batches."""
    act = ACTS[draw(st.sampled_from([*ACTS]))]
    size = st.integers(1, 6)
    if draw(st.booleans(), "conv"):
        shape = tuple(draw(st.integers(*ab)) for ab in ((3, 6), (3, 6), (1, 3)))
        k, stride, pad = (draw(st.integers(*ab)) for ab in ((1, 3), (1, 2), (0, 1)))
        bias = draw(st.booleans())
        layers = [Conv2d(draw(size), k, stride, pad, bias=bias), act]
        if draw(st.booleans()):
            layers += [Conv2d(draw(size), 3, 1, 1), act]
        layers += [Flatten(), Dense(1)]
    else:
        shape = (draw(st.integers(1, 5)),)
        layers = []
        for width in draw(st.lists(size, min_size=1, max_size=3)):
            layers += [Dense(width, bias=draw(st.booleans())), act]
        layers.append(Dense(1))
    seed, N = draw(seeds), draw(st.integers(1, 6))
    return randomised(Sequential(*layers), shape, seed), two_batches(shape, N, seed)


@every
@a_third
@given(drawn=critics(), seed=seeds)
def test_gradient_of_theta(penalty, drawn, seed):
    assert gradient_error(penalty, *drawn, seed) <= 1e-10


@pytest.mark.parametrize("name", FORMULAS)
@a_third
@given(drawn=critics(), seed=seeds)
def test_penalty_is_its_papers_formula(name, drawn, seed):
    P, _ = accumulated(FORMULAS[name].penalty, *drawn, seed)
    close(P, definition(name, *drawn, seed), rtol=1e-11, atol=1e-13)


IMAGE = (4, 4, 2)
CRITICS = {  # every layer that a penalised critic may have
    "LayerNorm": (lambda a: [Dense(6), LayerNorm(), a], (3,)),
    "LayerNorm, conv": (lambda a: [Conv2d(3, 3, pad=1), LayerNorm(), a], IMAGE),
    "InstanceNorm": (lambda a: [Conv2d(3, 3, pad=1), InstanceNorm(), a], IMAGE),
    "PixelNorm": (lambda a: [Dense(6), a, PixelNorm()], (3,)),
    "PixelNorm, conv": (lambda a: [Conv2d(3, 3), PixelNorm(), a], IMAGE),
    "SpectralNorm": (lambda a: [SpectralNorm(Dense(6)), a], (3,)),
    "SpectralNorm, conv": (lambda a: [SpectralNorm(Conv2d(3, 3, 2, 1)), a], IMAGE),
    "Residual": (lambda a: [Residual(Sequential(Dense(3), a), scale=0.3)], (3,)),
    "Residual, conv": (
        lambda a: [
            Residual(
                Sequential(Conv2d(3, 3, pad=1), LayerNorm(), a, AvgPool2d()),
                shortcut=Sequential(AvgPool2d(), SpectralNorm(Conv2d(3, 1))),
            ),
            a,
        ],
        IMAGE,
    ),
    "AvgPool2d": (lambda a: [Conv2d(3, 3, pad=1), a, AvgPool2d()], IMAGE),
    "Upsample2d": (lambda a: [Upsample2d(), Conv2d(3, 3, 2, 1), a], IMAGE),
    "Conv1d": (lambda a: [Conv1d(3, 5, 2, 2), a, Conv1d(2, 3)], (9, 2)),
    "ConvTranspose1d": (
        lambda a: [ConvTranspose1d(2, 5, stride=2, pad=1), a, AvgPool1d(13)],
        (6, 2),
    ),
    "PhaseShuffle": (
        lambda a: [Conv1d(3, 5, 2, 2), a, PhaseShuffle(2), Conv1d(2, 3), a],
        (9, 2),
    ),
    "Upsample1d": (lambda a: [Upsample1d(), Conv1d(3, 3), a], (4, 2)),
    "Maxout": (lambda a: [Dense(6), Maxout(2), Dense(3), a], (3,)),
    "MinibatchStd": (lambda a: [Dense(6), a, MinibatchStd()], (3,)),
    "MinibatchStd, conv": (lambda a: [Conv2d(3, 3), a, MinibatchStd(2)], IMAGE),
    "Pack": (lambda a: [Pack(2), Dense(5), a], (3,)),
    "Pack, conv": (lambda a: [Pack(4), Conv2d(3, 3), a], IMAGE),
    "InstanceNoise": (lambda a: [InstanceNoise(0.4), Dense(6), a], (3,)),
    "Dropout": (lambda a: [Dense(6), a, Dropout(0.4)], (3,)),
    "Augment": (lambda a: [Augment(), Conv2d(3, 3, 2, 1), a], IMAGE),
    "all of it": (
        lambda a: [
            InstanceNoise(0.3, steps=9),
            Pack(2),
            SpectralNorm(Conv2d(4, 3, pad=1)),
            InstanceNorm(),
            a,
            Residual(Sequential(Conv2d(4, 3, pad=1), LayerNorm(), a, Dropout(0.3))),
            AvgPool2d(),
            PixelNorm(),
            MinibatchStd(2),
        ],
        IMAGE,
    ),
}


def made(name, act, seed):
    layers, shape = CRITICS[name]
    tree = Sequential(*layers(ACTS[act]), Flatten(), Dense(1))
    return randomised(tree, shape, seed), two_batches(shape, 4, seed)


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize("name", CRITICS)
def test_gradient_through_every_layer_of_a_critic(name, act):
    """One draw of noise and masks: of it P is a function of theta, as without. Each
    activation has numbers of its own.
    """
    seed = [*ACTS].index(act)
    D, batches = made(name, act, seed)
    for penalty in PENALTIES.values():
        assert gradient_error(penalty, D, batches, seed) <= 1e-10, penalty


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize("name", CRITICS)
def test_formula_with_every_layer_of_a_critic(name, act):
    (D, batches), known = made(name, act, 0), {}
    for which, formula in FORMULAS.items():
        P, _ = accumulated(formula.penalty, D, batches)
        expected = definition(which, D, batches, known=known)
        close(P, expected, rtol=1e-11, err_msg=which)


@every
def test_the_checker_passes_it(penalty):
    rows = check_penalty(penalty, seed=1, effort="quick")
    assert all(row.ok for row in rows), [row for row in rows if not row.ok]


# The points


def test_points_of_wgan_gp_are_on_the_segment_one_eps_for_each_example():
    real, fake = two_batches((4, 5, 3), 50)
    x_hat = WGANGP().points(real, fake, np.random.default_rng(0))
    eps = ((x_hat - fake) / (real - fake)).reshape(50, -1)
    assert np.ptp(eps, axis=1).max() <= 1e-9  # the same at every pixel
    assert len(np.unique(eps[:, 0].round(9))) == 50
    assert 0 <= eps.min() < 0.1 and 0.9 < eps.max() <= 1 + 1e-9


def test_points_of_dragan_are_around_the_data():
    """x_hat - x over c std(x) is alpha u: both uniform, alpha one for each example."""
    N, n = 400, 200
    real, fake = two_batches((n,), N)
    real = 3 * real + 1
    x_hat = DRAGAN(c=0.25).points(real, fake, np.random.default_rng(0))
    noise = (x_hat - real) / (0.25 * real.std())  # alpha u
    assert noise.min() >= 0 and noise.max() <= 1
    alpha = noise.max(axis=1)  # of 200 numbers u, the largest is nearly 1
    assert abs(alpha.mean() - 0.5) < 0.05 and abs(alpha.std() - 12**-0.5) < 0.05
    u = noise / alpha[:, None]
    assert abs(u.mean() - 0.5) < 0.01 and len(np.unique(u)) > 0.99 * u.size
    again = DRAGAN(c=0.25).points(real, 0 * fake, np.random.default_rng(0))
    assert np.array_equal(x_hat, again)  # the samples of G play no part


@pytest.mark.parametrize("penalty", [WGANGP(), DRAGAN()])
def test_points_are_drawn_anew_each_time_in_the_data_s_dtype(penalty):
    real, fake = (x.astype("float32") for x in two_batches((3,), 8))
    rng = np.random.default_rng(0)
    one, two = (penalty.points(real, fake, rng) for _ in range(2))
    assert one.dtype == two.dtype == np.float32 and one.shape == real.shape
    assert (one != two).all(axis=1).all()


# Truths that hold exactly


def linear(w, b=0.3):
    D = Net(Dense(1), (len(w),), dtype="float64")
    D.theta[...] = [*w, b]
    return D


def test_linear_critic():
    """D = w x + b: the slope is |w| everywhere, so P and dP/dw are known."""
    w = np.array([1.0, -2.0, 0.5])
    n, batches = math.sqrt(5.25), two_batches((3,), 5)
    for penalty, P, dw in (
        (R1(4.0), 2 * n**2, 4 * w),
        (R2(4.0), 2 * n**2, 4 * w),
        (WGANGP(3.0), 3 * (n - 1) ** 2, 6 * (n - 1) * w / n),
        (WGANGP(3.0, k=4.0), 3 * (n - 4) ** 2, 6 * (n - 4) * w / n),
        (WGANGP(3.0, one_sided=True), 3 * (n - 1) ** 2, 6 * (n - 1) * w / n),
        (WGANGP(3.0, k=4.0, one_sided=True), 0.0, 0 * w),
        (DRAGAN(3.0), 3 * (n - 1) ** 2, 6 * (n - 1) * w / n),
    ):
        value, grad = accumulated(penalty, linear(w), batches)
        close(value, P, rtol=1e-14, err_msg=repr(penalty))
        close(grad, [*-dw, 0], rtol=1e-13, err_msg=repr(penalty))


def test_one_unit_of_tanh():
    """D = a tanh(w x): g = a w (1 - t^2), and R1 has a derivative on paper."""
    a, w, x = 1.3, 0.8, np.array([0.3, -1.1, 2.0])
    tree = Sequential(Dense(1, bias=False), Tanh(), Dense(1, bias=False))
    D = Net(tree, (1,), dtype="float64")
    D.theta[...] = w, a
    t = np.tanh(w * x)
    g = a * w * (1 - t**2)
    dw = g * (a * (1 - t**2) - 2 * a * w * x * t * (1 - t**2))
    P, grad = accumulated(R1(2.0), D, (x[:, None], x[:, None]))
    close(P, np.mean(g**2), rtol=1e-14)
    expected = -2 * np.mean([dw, g * w * (1 - t**2)], axis=1)
    close(grad, expected, rtol=1e-13)


def test_euler_s_theorem():
    """Without biases a ReLU critic is linear in each layer's W, so R1 is quadratic in
    it: <W, dP/dW> = 2 P, layer by layer."""
    tree = Sequential(
        Conv2d(4, 3, 2, 1, bias=False),
        LeakyReLU(),
        Flatten(),
        Dense(5, bias=False),
        ReLU(),
        Dense(1, bias=False),
    )
    D = randomised(tree, (5, 5, 2))
    P, grad = accumulated(R1(), D, two_batches((5, 5, 2)))
    W, dW = D.parameters(), D.parameters(grad)
    for name in W:
        assert (W[name] * dW[name]).sum() == pytest.approx(-2 * P, rel=1e-12)


def test_norm_is_over_the_whole_pack():
    """A linear critic of 3 samples: |w|^2 of all its weights, not of a third."""
    D = Net(Sequential(Pack(3), Dense(1)), (2,), dtype="float64")
    w = np.arange(1.0, 7)
    D.theta[...] = [*w, 0]
    batches = two_batches((2,), 9)
    n = math.sqrt(w @ w)
    P, grad = accumulated(R1(2.0), D, batches)
    close(P, w @ w, rtol=1e-14)
    close(grad[:-1], -2 * w, rtol=1e-13)
    P, grad = accumulated(WGANGP(1.0), D, batches)
    close(P, (n - 1) ** 2, rtol=1e-14)
    close(grad[:-1], -2 * (n - 1) * w / n, rtol=1e-13)


# Where the gradient is zero


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("penalty", FORMULAS.values(), ids=FORMULAS)
@pytest.mark.parametrize("name", ["dense", *CRITICS])
def test_a_flat_critic_has_the_subgradient_zero(name, penalty, dtype):
    """|g| has a kink at g = 0; v = 0 there, and every term of dP/dtheta has a v."""
    layers, shape = CRITICS.get(name, (lambda a: [Dense(4), a], (3,)))
    D = Net(Sequential(*layers(Tanh()), Flatten(), Dense(1)), shape, dtype=dtype)
    last = D.tree.layers[-1]
    last.W[...] = 0
    P, grad = accumulated(penalty.penalty, D, two_batches(shape))
    close(P, penalty.phi(0.0), rtol=1e-6)
    assert not grad.any() and grad.dtype == P.dtype == dtype


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_samples_without_a_gradient_leave_the_others_alone(dtype):
    """Behind a dead ReLU a sample adds phi(0) to P and nothing to its gradient."""
    D = Net(Sequential(Dense(1), ReLU(), Dense(1)), (1,), dtype=dtype)
    D.theta[...] = 1.5, 0.0, 2.0, 0.1  # D = 2 max(0, 1.5 x) + 0.1
    x = np.array([[1.0], [-1.0], [-2.0], [3.0]])
    P, grad = accumulated(WGANGP(6.0), D, (x, x))
    close(P, 6 * (2 * (3 - 1) ** 2 + 2 * 1) / 4, rtol=1e-6)
    slope = 6 * 2 * (3 - 1) * 2 / 4
    close(grad, [-slope * 2, 0, -slope * 1.5, 0], rtol=1e-6)


@pytest.mark.parametrize("size", [1e-18, 1e-15, 1e-6, 1e6, 1e12])
def test_float32_is_finite_for_very_flat_and_very_steep_critics(size):
    w = np.array([0.6, -0.8])
    D = Net(Dense(1), (2,))
    D.theta[...] = [*(size * w), 0]
    for penalty, P, dw in (
        (WGANGP(1.0), (size - 1) ** 2, 2 * (size - 1) * w),
        (R1(1.0), size**2 / 2, size * w),
    ):
        value, grad = accumulated(penalty, D, two_batches((2,)))
        close(value, P, rtol=1e-5)
        close(grad[:2], -dw, rtol=1e-5)


# In the step of D


def small_game(tree=None, shape=(2,)):
    """G, D, x and z in float64."""
    hidden = Dense(4), Tanh(), SpectralNorm(Dense(3)), Tanh()
    D = randomised(tree or Sequential(*hidden, Dense(1)), shape, seed=2)
    n = math.prod(shape)
    G = randomised(Sequential(Dense(n), tg.Reshape(*shape)), (3,), seed=1)
    x, z = two_batches(shape, 6)[0], two_batches((3,), 6)[1]
    return G, D, x, z


TOGETHER = [
    (WGANGP(3.0),),
    (R1(), R2(4.0)),
    (WGANGP(3.0, 0.5), Drift(0.1)),
    (DRAGAN(2.0), R1(1.0), WGANGP(2.0, one_sided=True), Drift()),
]


@pytest.mark.parametrize("penalties", TOGETHER, ids=len)
@pytest.mark.parametrize("shape", [(2,), (4, 4, 2)])
def test_d_step_ascends_v_less_the_penalties(penalties, shape):
    """theta_D moves along d(V - P)/dtheta_D, by the complex step, and theta_G stays."""
    conv = [Conv2d(3, 3), Tanh(), LayerNorm(), Flatten(), SpectralNorm(Dense(1))]
    G, D, x, z = small_game(Sequential(*conv) if len(shape) > 1 else None, shape)
    objective, theta_G, theta = tg.Wasserstein(), G.theta.copy(), D.theta.copy()
    advanced = D.clone()
    advanced.advance()
    complex_D = advanced.clone("complex128")
    x_fake = G.forward(z)[0]

    def value(theta):
        complex_D.theta[...] = theta
        rng = np.random.default_rng(5)  # one after another they draw from it
        passes = [(x, *complex_D.forward(x + 0j)) for x in (x, x_fake)]
        V = objective.value(passes[0][1], passes[1][1])
        return V - sum(p.accumulate(complex_D, *passes, rng) for p in penalties)

    rng = np.random.default_rng(5)
    V, _, _, P = tg.d_step(
        D, tg.SGD(1.0), objective, x, G.forward(z)[0], penalties, rng
    )
    close(V - P, value(theta).real, rtol=1e-12)
    moved = D.theta - theta
    for seed in range(5):
        v = np.random.default_rng(seed).standard_normal(theta.size)
        error = complex_step(value, theta, v) - moved @ v
        assert relative(error, moved) <= 1e-10
    assert np.array_equal(G.theta, theta_G)


@pytest.mark.parametrize("penalties", TOGETHER, ids=len)
def test_several_penalties_add_up(penalties):
    """P is their sum, and so is what they add to the step."""
    G, D, x, z = small_game()
    start = D.theta.copy()

    def moved(*penalties):
        D_new = D.clone()
        rng = np.random.default_rng(7)
        *_, P = tg.d_step(
            D_new, tg.SGD(1.0), tg.Hinge(), x, G.forward(z)[0], penalties, rng
        )
        return P, D_new.theta - start

    nothing, plain = moved()
    assert nothing == 0
    fixed = [p for p in penalties if isinstance(p, R1 | R2 | Drift)]
    random = [p for p in penalties if p not in fixed]
    alone = [moved(p) for p in fixed] + [moved(*random)]  # the random ones in order
    P, together = moved(*penalties)
    close(P, sum(p for p, _ in alone), rtol=1e-13)
    parts = sum(step - plain for _, step in alone)
    assert relative(together - plain - parts, parts) <= 1e-13
    assert relative(parts, plain) > 1e-3


@pytest.mark.parametrize(
    "penalties, extra",
    [
        ((), 0),
        ((R1(),), 0),
        ((R2(),), 0),
        ((R1(), R2(), Drift()), 0),
        ((WGANGP(),), 1),
        ((DRAGAN(),), 1),
        ((WGANGP(), R1(), DRAGAN()), 2),
    ],
)
def test_forward_passes_of_d(penalties, extra):
    """R1, R2 and Drift use the caches again; points between need a pass more."""
    G, D, x, z = small_game(Sequential(Dense(3), Tanh(), Dense(1)))
    seen = []
    with D.observe(lambda path, which, _: seen.append((path, which))):
        tg.d_step(
            D,
            tg.SGD(0.1),
            tg.Hinge(),
            x,
            G.forward(z)[0],
            penalties,
            np.random.default_rng(0),
        )
    assert seen.count(("0_Dense", "forward")) == 2 + extra


def test_caches_are_read_more_than_once():
    """After R1 the real branch's cache gives the same backward pass as before."""
    _, D, x, _ = small_game()
    s, cache = D.forward(x)
    dy = np.random.default_rng(1).standard_normal(s.shape)
    before = D.backward(dy, cache, param_grads=False)
    R1().at(D, x, s, cache)
    assert np.array_equal(before, D.backward(dy, cache, param_grads=False))


# What is refused

BATCHNORM = "BatchNorm in training has no per-sample gradient"


@pytest.mark.parametrize("penalty", FORMULAS.values(), ids=FORMULAS)
def test_batch_norm_in_a_penalised_critic(penalty):
    tree = Sequential(Dense(3), BatchNorm(), Tanh(), Dense(1))
    G, D, x, z = small_game(tree)
    theta, rng = D.theta.copy(), np.random.default_rng(0)
    with pytest.raises(tg.TangentError) as e:
        tg.d_step(
            D, tg.SGD(0.1), tg.Hinge(), x, G.forward(z)[0], (penalty.penalty,), rng
        )
    sentence = str(e.value)
    assert sentence.startswith(BATCHNORM) and "whole batch" in sentence
    for instead in ("LayerNorm", "InstanceNorm", "SpectralNorm"):
        assert instead in sentence
    assert np.array_equal(D.theta, theta)


def test_batch_norm_is_no_hindrance_to_drift():
    tree = Sequential(Dense(3), BatchNorm(), Tanh(), Dense(1))
    D = randomised(tree, (2,))
    assert gradient_error(Drift(0.1), D, two_batches((2,))) <= 1e-10


RECIPE = """
from tinygan import *
from tinygan.data import load_digits
from tinygan.runs import Experiment, Latent


def recipe(steps=2):
    G = Sequential(Dense(64), Tanh(), Reshape(8, 8, 1))
    D = Sequential(Flatten(), Dense(8), {norm}, LeakyReLU(), Dense(1))
    return Experiment(
        G, D, (8, 8, 1), load_digits, Latent(4), Wasserstein(), Adam(), Adam(),
        steps=steps, batch=8, penalties=[WGANGP()],
    )
"""


@pytest.mark.parametrize("norm", ["BatchNorm()", "LayerNorm()"])
def test_batch_norm_in_a_penalised_critic_on_the_command_line(
    norm, tmp_path, capsys, monkeypatch
):
    blank = np.zeros((4, 4, 3), np.uint8)
    for name in ("picture", "plot_losses"):
        monkeypatch.setattr(plots, name, lambda *_: blank)
    monkeypatch.setattr(plots, "save_gif", lambda *_: [])
    (tmp_path / "mine.py").write_text(RECIPE.format(norm=norm))
    arguments = [str(tmp_path / "mine.py"), "--out", str(tmp_path / "run"), "--quiet"]
    status = main(["train", *arguments])
    err = capsys.readouterr().err
    if norm == "LayerNorm()":
        assert (status, err) == (0, "")
        return
    assert status == 2 and err.startswith(f"tinygan: {BATCHNORM}")
    assert "LayerNorm, InstanceNorm or SpectralNorm" in err
    assert err.count("\n") == 1 and "Traceback" not in err
    assert not (tmp_path / "run").exists()  # found before anything is written


@pytest.mark.parametrize("value", [-1.0, -1e-9, math.nan, math.inf])
@pytest.mark.parametrize(
    "kind, name",
    [
        (WGANGP, "weight"),
        (WGANGP, "k"),
        (DRAGAN, "weight"),
        (DRAGAN, "k"),
        (DRAGAN, "c"),
        (R1, "gamma"),
        (R2, "gamma"),
        (Drift, "eps"),
    ],
)
def test_numbers_are_checked(kind, name, value):
    sentence = re.escape(f"{kind.__name__} expects {name} >= 0, got {value}")
    with pytest.raises(ValueError, match=sentence):
        kind(**{name: value})
    assert vars(kind(**{name: 0.0}))[name] == 0  # a weight of 0 switches it off


@pytest.mark.parametrize("penalty", [WGANGP(), DRAGAN()])
def test_random_points_need_a_generator(penalty):
    G, D, x, z = small_game()
    theta = D.theta.copy()
    with pytest.raises(tg.InputError, match=r"at random: d_step needs rng="):
        tg.d_step(D, tg.SGD(0.1), tg.Hinge(), x, G.forward(z)[0], (penalty,))
    assert np.array_equal(D.theta, theta)
    for fixed in (R1(), R2(), Drift()):  # these need none
        tg.d_step(D, tg.SGD(0.1), tg.Hinge(), x, G.forward(z)[0], (fixed,))


def test_unfinished_penalties_say_so():
    class Mine(Penalty):
        pass

    class Half(tg.penalties.gradient.UnitNorm):
        pass

    with pytest.raises(TypeError, match="Mine does not define accumulate"):
        Mine().accumulate(None, None, None)
    with pytest.raises(TypeError, match="Half does not define points"):
        half, x = Half(1.0, 1.0, False), np.zeros((2, 2))
        half.accumulate(None, (x,), (x,), np.random.default_rng(0))


def test_a_penalty_of_ones_own():
    """`penalise` takes any phi: here r^4, whose phi'/r is 4 r^2."""

    class Quartic(Penalty):
        def accumulate(self, D, real, fake, rng=None):
            return penalise(D, real[1], real[2], lambda r: (r**4, 4 * r * r))

    for act in ACTS:
        D, batches = made("LayerNorm", act, 0)
        assert gradient_error(Quartic(), D, batches) <= 1e-10
    P, _ = accumulated(Quartic(), linear([1.0, 2.0]), two_batches((2,)))
    close(P, 25.0, rtol=1e-13)


def test_repr_shows_the_numbers():
    assert repr(R1(2.5)) == "R1(gamma=2.5)"
    assert repr(Drift()) == "Drift(eps=0.001)"
    assert repr(WGANGP()).startswith("WGANGP(weight=10, k=1")

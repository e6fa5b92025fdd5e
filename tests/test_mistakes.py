"""Mistakes found in well-known implementations of GANs: here none of them passes.

Each test plants one of them and shows that the check which guards the real code fails
on it, and passes on the real code.
"""

import copy
import functools
import math

import numpy as np
import pytest
from integrals import bound_and_likelihood, exact_posterior, mean_over_eps
from test_penalties import FORMULAS, accumulated, definition, made

import tinygan as tg
from tinygan.check import (
    check_layer,
    check_objective,
    check_optimizer,
    check_penalty,
    relative,
)
from tinygan.check.builtin import builtin_objectives
from tinygan.check.moves import game
from tinygan.check.moves.likelihood import ascent_rows
from tinygan.data import ring
from tinygan.layers import Activation, BatchNorm, Dense, LeakyReLU, Sequential, Tanh
from tinygan.likelihood import vae
from tinygan.runs import Latent, Variational

every = pytest.mark.parametrize("objective", builtin_objectives(), ids=repr)


def failed(rows) -> set[str]:
    return {f"{row.name.split(',')[0]}: {row.quantity}" for row in rows if not row.ok}


@functools.cache
def real_game_fails(objective) -> set[str]:
    """What check_game says of the real steps. It is asked once for each objective."""
    return failed(game.check_game(objective))


def play_with(monkeypatch, objective, **steps) -> set[str]:
    """What check_game says of the game with these wrong steps in it."""
    assert not real_game_fails(objective)
    for name, step in steps.items():
        monkeypatch.setattr(game, name, step)
    verdict, other = (failed(game.check_game(objective, seed)) for seed in range(2))
    assert verdict == other
    return verdict


def real_logits(objective, D, x_real):
    """What G's step compares with, if the objective is paired."""
    return D.forward(x_real)[0] if objective.paired else None


G_IS_WRONG = {"g_step: gradient", "g_step: gradient finite"}
D_IS_WRONG = {"d_step: gradient", "d_step: gradient finite"}


# 1. The generator never trains, while all losses look alive.


@every
def test_generator_handed_the_gradient_at_the_logits(monkeypatch, objective):
    """dJ/ds in place of dJ/dx_fake: broadcasting makes it fit."""

    def g_step(G, D, opt_G, objective, z, x_real=None):
        x_fake, c_G = G.forward(z)
        s_fake, _ = D.forward(x_fake)
        ds = objective.g_grad(s_fake, real_logits(objective, D, x_real))
        G.zero_grad()
        G.backward(ds.reshape(-1, 1, 1, 1) + 0 * x_fake, c_G)
        opt_G.descend(G.theta, G.grad)

    assert play_with(monkeypatch, objective, g_step=g_step) == G_IS_WRONG


@every
def test_generator_flushed_before_its_step(monkeypatch, objective):
    """The gradient is cleared between backward and the optimizer: theta_G stays."""

    def g_step(G, D, opt_G, objective, z, x_real=None):
        x_fake, c_G = G.forward(z)
        s_fake, c_D = D.forward(x_fake)
        ds = objective.g_grad(s_fake, real_logits(objective, D, x_real))
        G.backward(D.backward(ds, c_D, param_grads=False), c_G)
        G.zero_grad()
        opt_G.descend(G.theta, G.grad)

    assert play_with(monkeypatch, objective, g_step=g_step) == G_IS_WRONG


@every
def test_generator_not_flushed(monkeypatch, objective):
    """The gradient of an earlier turn is still in there."""

    def g_step(G, D, opt_G, objective, z, x_real=None):
        G.grad += 1e-3
        x_fake, c_G = G.forward(z)
        s_fake, c_D = D.forward(x_fake)
        ds = objective.g_grad(s_fake, real_logits(objective, D, x_real))
        G.backward(D.backward(ds, c_D, param_grads=False), c_G)
        opt_G.descend(G.theta, G.grad)

    assert play_with(monkeypatch, objective, g_step=g_step) == G_IS_WRONG


@every
def test_generator_step_moves_the_discriminator(monkeypatch, objective):
    def g_step(G, D, opt_G, objective, z, x_real=None):
        tg.g_step(G, D, opt_G, objective, z, x_real)
        D.theta -= 1e-9

    assert play_with(monkeypatch, objective, g_step=g_step) == {"g_step: stays"}


def small_game():
    """G, D, x, z in float64, without anything random in a step."""
    G = tg.Net(Sequential(Dense(4), Tanh(), Dense(2)), (3,), seed=1, dtype="float64")
    D = tg.Net(Sequential(Dense(4), Tanh(), Dense(1)), (2,), seed=2, dtype="float64")
    rng = np.random.default_rng(0)
    return G, D, rng.standard_normal((5, 2)), rng.standard_normal((5, 3))


@every
def test_gradients_of_an_earlier_turn_are_cleared(objective):
    """What is left in grad from before does not move the real steps."""
    thetas = []
    for left in (0.0, 7.0):
        G, D, x, z = small_game()
        G.grad[...] = D.grad[...] = left
        tg.d_step(D, tg.SGD(0.1), objective, x, G.forward(z)[0])
        D.grad[...] = left
        tg.g_step(G, D, tg.SGD(0.1), objective, z, x)
        thetas.append((G.theta, D.theta))
    for clean, dirty in zip(*thetas, strict=True):
        assert np.array_equal(clean, dirty)


@every
def test_generator_step_computes_no_gradient_of_the_discriminator(objective):
    """Work thrown away, and a wrong gradient for whoever forgets to clear it."""
    G, D, x, z = small_game()
    D.grad[...] = 7.0
    tg.g_step(G, D, tg.SGD(0.1), objective, z, x)
    assert (D.grad == 7.0).all()


# 2. The second forward overwrites what the first backward needs.


@every
def test_both_branches_with_the_cache_of_the_second(monkeypatch, objective):
    def d_step(D, opt_D, objective, x_real, x_fake):
        s_real, _ = D.forward(x_real)
        s_fake, cache = D.forward(x_fake)
        ds_real, ds_fake = objective.d_grads(s_real, s_fake)
        D.zero_grad()
        D.backward(ds_real, cache)
        D.backward(ds_fake, cache)
        opt_D.ascend(D.theta, D.grad)

    assert play_with(monkeypatch, objective, d_step=d_step) == D_IS_WRONG


@every
def test_one_backward_for_two_forwards(monkeypatch, objective):
    def d_step(D, opt_D, objective, x_real, x_fake):
        s_real, _ = D.forward(x_real)
        s_fake, c_fake = D.forward(x_fake)
        D.zero_grad()
        D.backward(sum(objective.d_grads(s_real, s_fake)), c_fake)
        opt_D.ascend(D.theta, D.grad)

    assert play_with(monkeypatch, objective, d_step=d_step) == D_IS_WRONG


@every
def test_second_backward_overwrites_the_gradient_of_the_first(monkeypatch, objective):
    def d_step(D, opt_D, objective, x_real, x_fake):
        s_real, c_real = D.forward(x_real)
        s_fake, c_fake = D.forward(x_fake)
        ds_real, ds_fake = objective.d_grads(s_real, s_fake)
        D.zero_grad()
        D.backward(ds_real, c_real)
        D.zero_grad()
        D.backward(ds_fake, c_fake)
        opt_D.ascend(D.theta, D.grad)

    assert play_with(monkeypatch, objective, d_step=d_step) == D_IS_WRONG


@every
def test_discriminator_descends(monkeypatch, objective):
    def d_step(D, opt_D, objective, x_real, x_fake):
        before = D.theta.copy()
        tg.d_step(D, opt_D, objective, x_real, x_fake)
        D.theta[...] = before - (D.theta - before)

    assert play_with(monkeypatch, objective, d_step=d_step) == D_IS_WRONG


@every
def test_discriminator_step_moves_the_generator(monkeypatch, objective):
    """The classic: D's gradient goes on through into G, which helps D. d_step is not
    given G, so it has to take hold of it elsewhere.
    """
    made = []

    def small_dcgan(seed, make=game._small_dcgan):
        made[:] = make(seed)
        return tuple(made)

    def d_step(D, opt_D, objective, x_real, x_fake):
        tg.d_step(D, opt_D, objective, x_real, x_fake)
        made[0].theta += 1e-9

    monkeypatch.setattr(game, "_small_dcgan", small_dcgan)
    assert "d_step: stays" in play_with(monkeypatch, objective, d_step=d_step)


# 3. The gradient penalty


def caught(penalty, name) -> set[str]:
    """What the guards of the penalty called `name` say of this one in its place.

    "formula": its P is not that of the paper, sample by sample. Any other word is a
    quantity of `tinygan check`: the gradient is not that of P, or the contract broken.
    """
    rows = check_penalty(penalty, effort="quick")
    found = {row.quantity for row in rows if not row.ok}
    for critic in ("LayerNorm", "LayerNorm, conv", "AvgPool2d", "Pack", "MinibatchStd"):
        D, batches = made(critic, "leaky", 3)
        P, _ = accumulated(penalty, D, batches)
        expected = definition(name, D, batches)
        if not abs(P - expected) <= 1e-11 * abs(expected):
            found.add("formula")
    return found


GRADIENT = {"dense Tanh", "conv Tanh", "dense LeakyReLU", "conv LeakyReLU", "finite"}


@pytest.mark.parametrize("name", FORMULAS)
def test_real_penalties_pass(name):
    assert caught(FORMULAS[name].penalty, name) == set()


class OneEps(tg.WGANGP):
    """One eps for the whole batch."""

    def points(self, x_real, x_fake, rng):
        eps = float(rng.random())
        return eps * x_real + (1 - eps) * x_fake


class PixelEps(tg.WGANGP):
    """One eps for every number: a box between the two samples, not a segment."""

    def points(self, x_real, x_fake, rng):
        eps = rng.random(x_real.shape).astype(x_real.real.dtype)
        return eps * x_real + (1 - eps) * x_fake


class NormalEps(tg.WGANGP):
    """eps from a normal distribution: also far outside the segment."""

    def points(self, x_real, x_fake, rng):
        shape = tg.penalties.gradient.per_example(x_real)
        eps = rng.standard_normal(shape).astype(x_real.real.dtype)
        return eps * x_real + (1 - eps) * x_fake


class AtTheData(tg.WGANGP):
    """At the real data instead of between them and the samples."""

    def points(self, x_real, x_fake, rng):
        return x_real


class Norm(tg.WGANGP):
    """The norm over some axes of g, and the gradient that belongs to it."""

    def accumulate(self, D, real, fake, rng=None):
        s, cache = D.forward(self.points(real[0], fake[0], rng))
        g = D.backward(np.ones_like(s), cache, param_grads=False)
        r = np.sqrt((g * g).sum(axis=self.axes(g), keepdims=True))
        value, slope = self.phi(r)
        _, cache_dot = D.tangent(slope * g / r.size, cache)
        D.tangent_backward(None, -np.ones_like(s), cache, cache_dot)
        return value.mean()


class NormOfTheBatch(Norm):
    """|g| over all samples together: one steep sample hides behind many flat ones."""

    def axes(self, g):
        return tuple(range(g.ndim))


class NormOfTheChannels(Norm):
    """A norm for each channel (or each pixel's, or each number's)."""

    def axes(self, g):
        return tuple(range(1, g.ndim - 1))


@pytest.mark.parametrize(
    "wrong",
    [OneEps, PixelEps, NormalEps, AtTheData, NormOfTheBatch, NormOfTheChannels],
)
def test_another_penalty_than_the_papers(wrong):
    """Its gradient is right, so that only the formula can tell."""
    assert caught(wrong(7.0, 0.8), "WGANGP") == {"formula"}


class NeverDifferentiated(tg.WGANGP):
    """Added to the value; what it does to theta is forgotten (or detached)."""

    def accumulate(self, D, real, fake, rng=None):
        before = D.grad.copy()
        P = super().accumulate(D, real, fake, rng)
        D.grad[...] = before
        return P


class WrongSign(tg.WGANGP):
    """D climbs V + P."""

    def accumulate(self, D, real, fake, rng=None):
        before = D.grad.copy()
        P = super().accumulate(D, real, fake, rng)
        D.grad[...] = before - (D.grad - before)
        return P


class SumForMean(tg.WGANGP):
    """The gradient of the sum over the batch, beside the mean of the value."""

    def accumulate(self, D, real, fake, rng=None):
        before = D.grad.copy()
        P = super().accumulate(D, real, fake, rng)
        D.grad[...] = before + (D.grad - before) * len(real[0])
        return P


@pytest.mark.parametrize("wrong", [NeverDifferentiated, WrongSign, SumForMean])
def test_a_penalty_without_its_gradient(wrong):
    """Its value is right, and falls or not: only the complex step can tell."""
    silent = {"contract"} if wrong is NeverDifferentiated else set()
    assert caught(wrong(7.0, 0.8), "WGANGP") == GRADIENT | silent


def test_nan_at_zero_gradient():
    class Careless(tg.WGANGP):
        """phi'(r)/r = 2 lambda (r - k)/r at r = 0, too."""

        def phi(self, r):
            with np.errstate(all="ignore"):
                slope = 2 * self.weight * (r - self.k) / r
            return self.weight * (r - self.k) ** 2, slope

    class Root(Careless):
        """An eps under the root keeps the norm from 0: finite, and not quite right."""

        def phi(self, r):
            return super().phi(np.sqrt(r * r + 1e-6))

    with np.errstate(all="ignore"):
        assert caught(Careless(7.0, 0.8), "WGANGP") == {"contract"}
    rows = check_penalty(tg.WGANGP(7.0, 0.8), effort="quick")
    assert not [row for row in rows if not row.ok]
    assert "formula" in caught(Root(7.0, 0.8), "WGANGP")


def test_curvature_forgotten_in_a_penalised_critic(monkeypatch):
    """Right for LeakyReLU; for tanh the penalty's gradient is wrong by far."""
    monkeypatch.setattr(Tanh, "curvature", Activation.curvature)
    for name, formula in FORMULAS.items():
        assert caught(formula.penalty, name) == {"dense Tanh", "conv Tanh", "finite"}
        rows = check_penalty(formula.penalty, effort="quick")
        rows = {row.quantity: row.error for row in rows}
        assert min(rows["dense Tanh"], rows["conv Tanh"]) > 0.05
        assert max(rows["dense LeakyReLU"], rows["conv LeakyReLU"]) <= 1e-13


def test_curvature_forgotten_in_a_layer():
    class Forgetful(Tanh):
        def curvature(self, y, v):
            return None

    rows = check_layer(
        Sequential(Dense(5), Forgetful(), Dense(1)), (4,), effort="plain"
    )
    assert {row.quantity for row in rows if not row.ok} == {"reverse"}
    (error,) = (row.error for row in rows if not row.ok)
    assert 0.1 < error < 2
    for right in (Tanh(), LeakyReLU()):
        rows = check_layer(Sequential(Dense(5), right, Dense(1)), (4,), effort="quick")
        assert not failed(rows)


# 4. Two wrong signs that cancel.


def wrong(objective, **methods):
    """The same objective with some of its methods replaced."""
    kind = type(objective)
    other = copy.copy(objective)
    other.__class__ = type(f"Wrong{kind.__name__}", (kind,), methods)
    return other


def negative(kind, name):
    """The method with the opposite sign: a loss where V belongs, or its derivatives."""

    def method(self, *s):
        result = getattr(kind, name)(self, *s)
        return tuple(-d for d in result) if isinstance(result, tuple) else -result

    return method


@every
def test_objective_and_gradient_of_opposite_signs(objective):
    kind = type(objective)
    assert not failed(check_objective(objective, effort="quick"))
    for name, quantity in (
        ("value", "dV/ds"),
        ("d_grads", "dV/ds"),
        ("g_value", "dJ/ds"),
        ("g_grad", "dJ/ds"),
    ):
        planted = wrong(objective, **{name: negative(kind, name)})
        rows = check_objective(planted, effort="quick")
        quantities = {row.quantity for row in rows if not row.ok}
        assert quantities == {quantity, f"{quantity} finite"}


def test_cancelled_by_the_optimizer():
    """Negated, then descended: D trains all the same, and only the check can tell."""

    def theta(objective, lr):
        G = tg.Net(Dense(2), (3,), dtype="float64")
        D = tg.Net(Dense(1), (2,), dtype="float64")
        x, z = np.random.default_rng(0).standard_normal((2, 4, 3))
        optimizer = tg.SGD(abs(lr))
        optimizer.lr = lr
        tg.d_step(D, optimizer, objective, x[:, :2], G.forward(z)[0])
        return D.theta

    minimax = tg.Minimax()
    negated = wrong(minimax, d_grads=negative(tg.Minimax, "d_grads"))
    assert np.array_equal(theta(minimax, 0.1), theta(negated, -0.1))


# 5. Adam, and batch normalisation


def adam(m_bias, v_bias):
    def direction(self, g, out):
        self.m[...] = self.beta1 * self.m + (1 - self.beta1) * g
        self.v[...] = self.beta2 * self.v + (1 - self.beta2) * g * g
        m_hat, v_hat = self.m / m_bias(self), self.v / v_bias(self)
        out[...] = m_hat / (np.sqrt(v_hat) + self.eps)
        return 1.0

    return direction


def test_adam_corrects_its_bias_without_the_power_t(monkeypatch):
    right = adam(lambda a: 1 - a.beta1**a.t, lambda a: 1 - a.beta2**a.t)
    no_power = adam(lambda a: 1 - a.beta1, lambda a: 1 - a.beta2)
    no_correction = adam(lambda a: 1.0, lambda a: 1.0)
    only_m = adam(lambda a: 1 - a.beta1**a.t, lambda a: 1.0)
    late = adam(lambda a: 1 - a.beta1 ** (a.t + 1), lambda a: 1 - a.beta2 ** (a.t + 1))

    def verdict():
        return failed(check_optimizer(tg.Adam(0.01, 0.5), effort="quick"))

    assert not verdict()
    monkeypatch.setattr(tg.Adam, "direction", right)
    assert not verdict()
    for wrong in (no_power, no_correction, only_m, late):
        monkeypatch.setattr(tg.Adam, "direction", wrong)
        assert verdict() == {"Adam: definition"}


def test_batch_norm_in_evaluation_goes_backward_with_the_batch_formula():
    class Wrong(BatchNorm):
        def backward(self, dy, cache, param_grads=True):
            x_hat, inv_std, _ = cache
            return super().backward(dy, (x_hat, inv_std, True), param_grads)

    rows = check_layer(Wrong(), (4,), effort="quick")
    quantities = {row.quantity for row in rows if not row.ok}
    assert quantities == {"dx", "finite", "adjoint", "reverse"}
    assert not failed(check_layer(BatchNorm(), (4,), effort="quick"))


def test_batch_norm_with_eps_of_0_8():
    """The .8 was meant for the momentum. It leaves a variance of .1 almost alone."""

    def variance(layer):
        net = tg.Net(layer, (4,), dtype="float64")
        x = np.random.default_rng(0).normal(0, math.sqrt(0.1), (200, 4))
        return net.forward(x)[0].var(axis=0)

    def normalises(layer):
        return bool((np.abs(variance(layer) - 1) <= 1e-3).all())

    assert normalises(BatchNorm())
    assert not normalises(BatchNorm(0.8))
    assert (variance(BatchNorm(0.8)) < 0.2).all()
    assert BatchNorm().eps == 1e-5


# 6. A ring of 8 that has 7 modes.


def test_ring_with_both_ends_of_the_circle():
    def distinct(means):
        return len({tuple(np.round(m, 9) + 0.0) for m in means})

    for n in (2, 3, 8, 25):
        angle = np.linspace(0, 2 * math.pi, n)
        assert distinct(np.stack([np.cos(angle), np.sin(angle)], axis=1)) == n - 1
        assert distinct(ring(n).means) == n


# 7. The variance taken for the deviation: z = mu + exp(log_var) eps in a VAE


def wrong_vae_step(slope):
    """vae_step with this mistake. `slope` is d sigma/d log_var over sigma: 1 belongs to
    the mistake, and 1/2 to the right deviation.
    """

    def step(players, likelihood, x, eps, beta=1.0, group=None):
        E, D, opt_E, opt_D = players
        code, c_E = E.forward(x)
        mu, log_var = vae.halves(code, eps)
        sigma = np.exp(log_var)
        s, c_D = D.forward(mu + sigma * eps)
        E.zero_grad()
        D.zero_grad()
        dz = D.backward(likelihood.grad(x, s) / len(x), c_D)
        dKL_mu, dKL_log_var = vae.kl_grads(mu, log_var)
        dlog_var = slope * dz * eps * sigma - beta * dKL_log_var / len(x)
        E.backward_weights(vae.joined(dz - beta * dKL_mu / len(x), dlog_var), c_E)
        opt_E.ascend(E.theta, E.grad)
        opt_D.ascend(D.theta, D.grad)
        return likelihood.log_p(x, s).mean(), vae.kl(mu, log_var).mean()

    return step


def wrong_elbo(E, D, likelihood, x, eps):
    """elbo with the same mistake."""
    mu, log_var = vae.halves(E.forward(x, train=False)[0], eps)
    s, _ = D.forward(mu + np.exp(log_var) * eps, train=False)
    return likelihood.log_p(x, s) - vae.kl(mu, log_var)


def against_its_value(monkeypatch, step, elbo) -> set[str]:
    """Which steps `tinygan check` refuses, with this vae_step and this elbo."""
    monkeypatch.setattr("tinygan.runs.ascent.vae_step", step)
    monkeypatch.setattr("tinygan.runs.likelihood.elbo", elbo)
    experiment = Variational(
        encoder=Sequential(Dense(5), Tanh(), Dense(2)),
        decoder=Sequential(Dense(5), Tanh(), Dense(2)),
        likelihood=tg.likelihood.Gaussian(0.5),
        shape=(2,),
        data=lambda: ring(8),
        latent=Latent(1),
        opt=tg.Adam(),
        steps=1,
        batch=6,
    )
    rng = np.random.default_rng(0)
    return failed(ascent_rows(experiment, rng.standard_normal((6, 2)), "VAE", rng))


def against_integrals(elbo) -> set[str]:
    """ "value": its mean is not the ELBO. "bound": it lies above log p(x)."""
    E, D, likelihood = exact_posterior()
    found = set()
    for x in np.random.default_rng(0).standard_normal((5, 1, 3)):
        exact, log_p = bound_and_likelihood(E, D, likelihood, x)
        mean = mean_over_eps(elbo, E, D, likelihood, x)
        found |= {"value"} if abs(mean - exact) > 1e-10 else set()
        found |= {"bound"} if mean > log_p + 1e-10 else set()
    return found


STEPS_ARE_WRONG = {
    f"the step of {net}: gradient{how}" for net in "ED" for how in ("", " finite")
}


@pytest.mark.parametrize("slope", [1.0, 0.5])
def test_variance_for_the_deviation_in_the_step_alone(monkeypatch, slope):
    step = wrong_vae_step(slope)
    assert against_its_value(monkeypatch, step, vae.elbo) == STEPS_ARE_WRONG


def test_variance_for_the_deviation_in_the_value_as_well(monkeypatch):
    """The step is the gradient of the value, so no check of gradients can object. The
    value is no bound, and an integral says so.
    """
    assert against_its_value(monkeypatch, wrong_vae_step(1.0), wrong_elbo) == set()
    assert against_integrals(wrong_elbo) == {"value", "bound"}


def test_the_real_elbo_passes(monkeypatch):
    assert against_its_value(monkeypatch, vae.vae_step, vae.elbo) == set()
    assert against_integrals(vae.elbo) == set()


# 8. Saturating and non-saturating are not the same


def test_gradients_of_both_generators_are_not_the_same():
    """dJ/ds is -D and -(1 - D): their sum is -1, and they agree only at D = 1/2."""
    for D, minimax, non_saturating in (
        (0.001, -0.001, -0.999),
        (0.25, -0.25, -0.75),
        (0.5, -0.5, -0.5),
        (0.9, -0.9, -0.1),
    ):
        s = np.array([[math.log(D / (1 - D))]])
        assert tg.Minimax().g_grad(s)[0, 0] == pytest.approx(minimax, rel=1e-12)
        slope = tg.NonSaturating().g_grad(s)[0, 0]
        assert slope == pytest.approx(non_saturating, rel=1e-12)

    class Same(tg.NonSaturating):
        """The loss of one with the gradient of the other."""

        def g_grad(self, s_fake, s_real=None):
            return tg.Minimax().g_grad(s_fake)

    rows = check_objective(Same(), effort="quick")
    quantities = {row.quantity for row in rows if not row.ok}
    assert quantities == {"dJ/ds", "dJ/ds finite"}


def test_minus_log_of_1_minus_D_is_large_where_D_is_near_1():
    """It is near 0 where D is near 0: there minimax saturates."""
    J = {
        D: -tg.Minimax().g_value(np.array([[math.log(D / (1 - D))]]))
        for D in (0.001, 0.999)
    }
    assert J[0.999] == pytest.approx(-math.log(0.001), rel=1e-12) and J[0.999] > 6.9
    assert J[0.001] == pytest.approx(-math.log(0.999), rel=1e-9) and J[0.001] < 0.002


# 9. float32 silently promoted


class Promoting(Dense):
    """np.sqrt of a Python number is a float64 scalar, which NumPy 2 does not ignore."""

    def linear(self, x):
        return x @ self.W * np.sqrt(1.0), (x,)


def promoted(layer, objective=None, penalties=()) -> list[str]:
    """What is not float32 in a step of a game of float32 networks."""
    G = tg.Net(Sequential(layer, BatchNorm(), Tanh()), (3,))
    D = tg.Net(Sequential(Dense(4), LeakyReLU(), Dense(1)), (2,))
    rng = np.random.default_rng(0)
    x, z = (rng.standard_normal((5, n), dtype="float32") for n in (2, 3))
    seen = {}
    with (
        G.observe(lambda path, which, a: seen.update({f"G {path} {which}": a})),
        D.observe(lambda path, which, a: seen.update({f"D {path} {which}": a})),
    ):
        steps = tg.play(
            *((G, D, tg.Adam(), tg.Adam()), objective or tg.NonSaturating()),
            *(lambda: x, lambda: z, 1, penalties, rng),
        )
    seen |= {"G.theta": G.theta, "D.grad": D.grad}
    seen |= dict(zip(("V", "J", "D(x)", "D(G(z))", "P"), steps, strict=True))
    seen |= {f"G {name}": value for name, value in G.state().items()}
    return [name for name, a in seen.items() if a.dtype != np.float32]


def test_float32_promoted_by_a_numpy_scalar():
    assert promoted(Dense(2)) == []
    names = promoted(Promoting(2))
    assert {"G 0_Promoting forward", "J", "D 0_Dense backward"} <= set(names)
    rows = check_layer(Promoting(2), (3,), effort="quick")
    (note,) = [row.note for row in rows if not row.ok]
    assert note.startswith("float32 stays float32; float32 tangents stay float32")
    assert not failed(check_layer(Dense(2), (3,), effort="quick"))


@every
def test_every_objective_keeps_float32(objective):
    assert promoted(Dense(2), objective) == []


@pytest.mark.parametrize("penalty", [f.penalty for f in FORMULAS.values()], ids=repr)
def test_every_penalty_keeps_float32(penalty):
    assert promoted(Dense(2), None, (penalty, tg.Drift())) == []

    class Promoting(type(penalty)):
        """The norm by a float64 constant."""

        def phi(self, r):
            return tuple(v * np.sqrt(1.0) for v in super().phi(r))

    planted = copy.copy(penalty)
    planted.__class__ = Promoting
    assert "P" in promoted(Dense(2), None, (planted,))
    rows = check_penalty(planted, effort="quick")
    notes = {row.note for row in rows if not row.ok}
    assert notes == {"float32 stays float32"}


@pytest.mark.parametrize(
    "optimizer",
    [
        tg.SGD(0.1),
        tg.Momentum(0.1, 0.5, final=0.9, ramp=3),
        tg.RMSProp(0.1),
        tg.Adam(0.1),
        tg.ClipValue(tg.Adam(0.1), 0.5),
        tg.ClipNorm(tg.Momentum(0.1), 0.5),
        tg.ClipWeights(tg.ClipNorm(tg.RMSProp(0.1), 0.5), 0.7),
    ],
    ids=lambda o: type(o).__name__,
)
def test_every_optimizer_keeps_float32(optimizer):
    """A float64 scalar anywhere in an optimizer would cost a copy of theta a step."""
    optimizer = copy.deepcopy(optimizer)
    theta, g = np.ones((2, 5), "float32")
    optimizer.ascend(theta, g)
    vectors = [theta]
    while isinstance(optimizer, tg.optim.Wrapper):
        vectors.append(optimizer._g)
        optimizer = optimizer.inner
    vectors += [optimizer._u, *(getattr(optimizer, m) for m in optimizer.moments)]
    assert {a.dtype for a in vectors} == {np.dtype("f4")}
    assert relative(theta - 1, g) > 0

"""The check of penalties finds what people get wrong, and leaves right ones alone.

Each class in FAULTS has one fault, and the words beside it are in the note of a row
that fails.
"""

import math

import numpy as np
import pytest

import tinygan as tg
from tinygan.check import check_penalty
from tinygan.penalties import Penalty, penalise


def failures(penalty, **settings) -> dict[str, str]:
    """{quantity: note} of the rows that fail."""
    rows = check_penalty(penalty, **settings)
    return {row.quantity: row.note for row in rows if not row.ok}


# Right penalties, as users write them


class LP(tg.WGANGP):
    """max(0, |g| - 1)^2: Petzka et al. 2018."""

    def phi(self, r):
        excess = np.where(r > self.k, r - self.k, 0)
        safe = np.where(r > 0, r, 1)
        return self.weight * excess * excess, 2 * self.weight * excess / safe


class ZeroCentred(tg.WGANGP):
    """lambda |g|^2 between real and fake: Thanh-Tung et al. 2019."""

    def phi(self, r):
        return self.weight * r * r, 2 * self.weight + 0 * r


class RealLogits(Penalty):
    """P = w mean s^2 / 2 over both batches."""

    def accumulate(self, D, real, fake, rng=None):
        P = 0
        for _, s, cache in (real, fake):
            D.backward_weights(-0.1 * s / s.size, cache)
            P = P + 0.1 * (s * s).sum() / s.size / 2
        return P


class L1(Penalty):
    """P = w sum |theta|, which is not analytic."""

    def accumulate(self, D, real, fake, rng=None):
        D.grad -= 0.01 * np.sign(D.theta.real).astype(D.theta.dtype)
        return 0.01 * np.abs(D.theta).sum()


class L2(Penalty):
    """P = w/2 theta^2"""

    def accumulate(self, D, real, fake, rng=None):
        D.grad -= 0.01 * D.theta
        return 0.01 * (D.theta * D.theta).sum() / 2


class Consistency(Penalty):
    """P = w mean (D(x + noise) - D(x))^2: Zhang et al. 2020."""

    def accumulate(self, D, real, fake, rng=None):
        x, s, cache = real
        noise = 0.1 * rng.standard_normal(x.shape)
        s_near, near = D.forward(x + noise.astype(x.dtype))
        apart = s_near - s
        D.backward_weights(-2 * apart / s.size, near)
        D.backward_weights(2 * apart / s.size, cache)
        return (apart * apart).sum() / s.size


class NormOfNumPy(tg.R1):
    """By np.linalg.norm, which does not take complex numbers as numbers."""

    def accumulate(self, D, real, fake, rng=None):
        x, s, cache = real
        g = D.backward(np.ones_like(s), cache, param_grads=False)
        r = np.linalg.norm(g.reshape(len(x), -1), axis=1)
        _, cache_dot = D.tangent(-self.gamma * g / len(x), cache)
        D.tangent_backward(None, np.ones_like(s), cache, cache_dot)
        return self.gamma / 2 * (r * r).mean()


class OwnR1(tg.R1):
    """R1 by another way."""

    def accumulate(self, D, real, fake, rng=None):
        _, s, cache = real
        g = D.backward(np.ones_like(s), cache, param_grads=False)
        _, cache_dot = D.tangent(-self.gamma * g / s.size, cache)
        D.tangent_backward(None, np.ones_like(s), cache, cache_dot)
        return self.gamma / 2 * (g * g).sum() / s.size


class OtherWayRound(tg.WGANGP):
    """eps for the fake sample: the same points, drawn in another order."""

    def points(self, x_real, x_fake, rng):
        return super().points(x_fake, x_real, rng)


RIGHT = [
    *(tg.WGANGP(), tg.WGANGP(one_sided=True), tg.R1(), tg.R2(0.0), tg.DRAGAN()),
    *(tg.Drift(), LP(), ZeroCentred(), RealLogits(), L1(), L2(), Consistency()),
    *(NormOfNumPy(), OwnR1(), OtherWayRound()),
]


@pytest.mark.parametrize("penalty", RIGHT, ids=repr)
def test_right_penalties_pass(penalty):
    if getattr(penalty, "gamma", 1):
        for seed, effort in ((0, "quick"), (1, "normal")):
            assert failures(penalty, seed=seed, effort=effort) == {}
    else:  # a weight of 0 has no gradient at all, and the contract says so
        assert failures(penalty, effort="quick").keys() == {"contract"}


def test_a_penalty_that_is_not_analytic_is_judged_by_differences():
    for penalty in (L1(), NormOfNumPy()):
        rows = {row.quantity: row for row in check_penalty(penalty)}
        assert "dense Tanh" not in rows
        assert "is not analytic" in rows["finite"].note and rows["finite"].ok


def test_a_rule_of_its_own_is_not_taken_for_its_parents():
    rows = {row.quantity: row for row in check_penalty(ZeroCentred(), effort="quick")}
    assert "formula" not in rows
    assert "another rule than WGANGP's" in rows["contract"].note
    rows = {row.quantity: row for row in check_penalty(OwnR1(), effort="quick")}
    assert rows["formula"].ok
    note = "say divisible = False in the class: several ranks that share a batch"
    assert rows["contract"].note.startswith(note)


# Faults


def by_phi(scale):
    """R1 whose phi is scaled by a function of the number of samples."""

    def accumulate(self, D, real, fake, rng=None):
        k = scale(len(real[0]))
        gamma = self.gamma * k
        phi = lambda r: (gamma / 2 * r * r, gamma + 0 * r)  # noqa: E731
        return penalise(D, real[1], real[2], phi)

    return accumulate


def clears(self, D, real, fake, rng=None):
    D.zero_grad()
    return tg.R1.accumulate(self, D, real, fake, rng)


def turned(self, D, real, fake, rng=None):
    before = D.grad.copy()
    P = tg.R1.accumulate(self, D, real, fake, rng)
    D.grad[...] = before - (D.grad - before)
    return P


def at_fake(self, D, real, fake, rng=None):
    return self.at(D, *fake)


def at_real(self, D, real, fake, rng=None):
    return self.at(D, *real)


def one_eps(self, x_real, x_fake, rng):
    eps = float(rng.random())
    return eps * x_real + (1 - eps) * x_fake


def pixel_eps(self, x_real, x_fake, rng):
    eps = rng.random(x_real.shape).astype(x_real.real.dtype)
    return eps * x_real + (1 - eps) * x_fake


def the_fakes(self, x_real, x_fake, rng):
    return x_fake


def global_draws(self, like, shape, rng):
    return np.random.random(shape).astype(like.real.dtype)


def squared(self, r):
    return tg.WGANGP.phi(self, r * r)


def flat_ignored(self, r):
    value, slope = tg.WGANGP.phi(self, r)
    return value, np.where(r < 0.04, 0, slope)


def steep_clipped(self, r):
    value, slope = tg.WGANGP.phi(self, r)
    return value, np.where(r > 45, 0, slope)


def nan_at_zero(self, r):
    return self.weight * (r - self.k) ** 2, 2 * self.weight * (r - self.k) / r


def mean_of_eight(self, D, real, fake, rng=None):
    """Right up to eight samples, and then it leaves the others out."""
    x, s, cache = real
    n = min(len(x), 8)
    s, cache = D.forward(x[:n])
    return self.at(D, x[:n], s, cache)


def of_vectors(self, D, real, fake, rng=None):
    """The norm over one axis: right for vectors."""
    _, s, cache = real
    g = D.backward(np.ones_like(s), cache, param_grads=False)
    size = (g * g).sum(axis=1)
    _, cache_dot = D.tangent(-self.gamma * g / size.size, cache)
    D.tangent_backward(None, np.ones_like(s), cache, cache_dot)
    return self.gamma / 2 * size.sum() / size.size


def nothing_for_one(self, D, real, fake, rng=None):
    if len(real[0]) == 1:
        return 0 * real[1].sum()
    return tg.R1.accumulate(self, D, real, fake, rng)


def own_seed(self, D, real, fake, rng=None):
    return tg.WGANGP.accumulate(self, D, real, fake, np.random.default_rng())


def moves_theta(self, D, real, fake, rng=None):
    P = tg.R1.accumulate(self, D, real, fake, rng)
    D.theta *= 1 - 1e-9
    return P


def moves_x(self, D, real, fake, rng=None):
    P = tg.R1.accumulate(self, D, real, fake, rng)
    x = real[0]
    x *= 1
    return P


def advances(self, D, real, fake, rng=None):
    P = tg.R1.accumulate(self, D, real, fake, rng)
    D.advance()
    return P


def first_batch(self, D, real, fake, rng=None):
    self.kept = getattr(self, "kept", real[0].real.copy())
    if self.kept.shape != real[0].shape:
        return tg.R1.accumulate(self, D, real, fake, rng)
    s, cache = D.forward(self.kept.astype(real[0].dtype))
    return self.at(D, self.kept, s, cache)


def coarse(self, r):
    value, slope = tg.R1.phi(self, r)
    if r.dtype != np.float32:
        return value, slope
    return value.astype("float16").astype("f4"), slope


def wide(self, r):
    value, slope = tg.R1.phi(self, r)
    return value * np.float64(1), slope


def alone(self, D, real, fake, rng=None):
    """A mean over this rank's own samples."""
    return penalise(D, real[1], real[2], self.phi)


R1, WGANGP = tg.R1, tg.WGANGP
FAULTS = [
    (R1, {"accumulate": by_phi(lambda n: n / 6)}, "a batch of 6 built in"),
    (R1, {"accumulate": by_phi(lambda n: n)}, "a sum over the batch for the mean"),
    (R1, {"accumulate": by_phi(lambda n: 2)}, "the factor 1/2 left out"),
    (R1, {"accumulate": clears}, "gradients add up"),
    (R1, {"accumulate": turned}, "the sign is opposite"),
    (R1, {"accumulate": at_fake}, "that of R1 with its points at the fake samples"),
    (tg.R2, {"accumulate": at_real}, "that of R2 with its points at the real samples"),
    (R1, {"accumulate": mean_of_eight}, "another for a batch of 33"),
    (R1, {"accumulate": of_vectors}, "the norm over the second axis alone"),
    (R1, {"accumulate": moves_theta}, "theta is left alone"),
    (R1, {"accumulate": nothing_for_one}, "another for a batch of one"),
    (R1, {"accumulate": moves_x}, "the samples are only read"),
    (R1, {"accumulate": advances}, "the state of D's layers is left alone"),
    (R1, {"accumulate": first_batch}, "nothing is kept from other samples"),
    (R1, {"phi": coarse}, "float32 agrees with float64"),
    (R1, {"phi": wide}, "float32 stays float32"),
    (R1, {"accumulate": alone, "divisible": True}, "as divisible says"),
    (R1, {"acumulate": alone}, "the method is `accumulate`"),
    (WGANGP, {"points": one_eps}, "one eps for the whole batch"),
    (WGANGP, {"points": pixel_eps}, "an eps for each number"),
    (WGANGP, {"points": the_fakes}, "its points at the fake samples"),
    (WGANGP, {"uniform": global_draws}, "np.random's global generator is not used"),
    (WGANGP, {"accumulate": own_seed}, "the same rng gives the same P"),
    (WGANGP, {"phi": squared}, "slope of P"),
    (WGANGP, {"phi": flat_ignored}, "slopes near"),
    (WGANGP, {"phi": steep_clipped}, "slopes near 50"),
    (WGANGP, {"phi": nan_at_zero}, "all is finite where D is flat"),
]


def planted(base, **members):
    """A penalty of a user's that extends `base`."""
    return type("Bad", (base,), {"__module__": __name__, **members})()


@pytest.mark.parametrize(
    "effort", ["quick", pytest.param("normal", marks=pytest.mark.slow)]
)
@pytest.mark.parametrize("base, members, words", FAULTS)
def test_faults_are_found(base, members, words, effort):
    """The batches of a quick check are among those of a normal one."""
    found = failures(planted(base, **members), effort=effort)
    assert found and words in "; ".join(found.values()), found


@pytest.mark.parametrize("effort", ["quick", "thorough"])
def test_every_effort_finds_a_planted_fault(effort):
    assert failures(planted(R1, accumulate=at_fake), effort=effort)


def test_the_line_of_a_failure_repeats_it():
    bad = planted(R1, accumulate=at_fake)
    (row,) = [row for row in check_penalty(bad, seed=3) if not row.ok]
    assert row.line == "check_penalty(Bad(gamma=10), seed=3)"
    again = eval(row.line, {"check_penalty": check_penalty, "Bad": type(bad)})
    assert math.isclose(max(r.error for r in again if not r.ok), row.error)

"""What G pays for making the same of different z."""

import dataclasses

import numpy as np
import pytest
from examples import a_third
from hypothesis import given
from hypothesis import strategies as st

import tinygan as tg
from tinygan import Diversity, Net, recipes
from tinygan.check import check_diversity, complex_step, file_rows, relative
from tinygan.data import captioned_digits, load_digits
from tinygan.errors import InputError
from tinygan.layers import (
    Branch,
    Concat,
    Dense,
    Embedding,
    Identity,
    Parallel,
    Pick,
    Sequential,
    Tanh,
)
from tinygan.objectives import WithDiversity
from tinygan.runs.run import Run
from tinygan.runs.turn import Turns


def draw(seed, N=7, dim=3, shape=(2, 2, 1)):
    rng = np.random.default_rng(seed)
    return rng.standard_normal((N, *shape)), rng.standard_normal((N, dim))


@given(st.integers(0, 10**6), st.integers(2, 9))
def test_the_value_is_the_mean_over_pairs(seed, N):
    x, z = draw(seed, N)
    expected = []
    for n in range(N // 2):
        m = n + N // 2
        r = np.abs(x[n] - x[m]).mean() / np.abs(z[n] - z[m]).mean()
        expected.append(min(r, 0.9))
    assert abs(Diversity(3.0, 0.9).value(x, z) + 3 * np.mean(expected)) <= 1e-12


@given(st.integers(0, 10**6), st.integers(2, 9), st.sampled_from([0.5, 1.0, 99.0]))
def test_the_gradient_is_that_of_the_value(seed, N, limit):
    diversity = Diversity(3.0, limit)
    x, z = draw(seed, N)
    v, _ = draw(seed + 1, N)
    slope = (diversity.grad(x, z) * v).sum()
    exact = complex_step(lambda x: diversity.value(x, z), x, v)
    assert relative(exact - slope, v) <= 1e-13


@a_third
@given(st.integers(0, 10**6), st.integers(2, 12), st.sampled_from([0.07, 1.0, 30.0]))
def test_the_checker_certifies_it(seed, batch, limit):
    rows = check_diversity(Diversity(2.0, limit), batch, seed)
    assert [row.quantity for row in rows] == ["dL/dx", "dL/dx finite", "contract"]
    assert all(row.ok for row in rows), rows


class Together(Diversity):
    """Both of a pair go the same way."""

    def grad(self, x, z):
        return np.abs(super().grad(x, z))


class Whatever(Diversity):
    """It does not matter how far apart the latents are."""

    def grad(self, x, z):
        return super().grad(x, np.sign(z))


class Boundless(Diversity):
    """The gradient goes on beyond the limit."""

    def grad(self, x, z):
        return Diversity(self.weight, 1e9).grad(x, z)


class Summed(Diversity):
    """A sum over pairs in L, a mean in its gradient."""

    def value(self, x, z):
        return super().value(x, z) * (len(x) // 2)


class Collapsing(Diversity):
    """It pays for samples that are alike."""

    def value(self, x, z):
        return -super().value(x, z)

    def grad(self, x, z):
        return -super().grad(x, z)


class Promoted(Diversity):
    """float32 becomes float64."""

    def grad(self, x, z):
        return super().grad(x, z).astype("float64")


@pytest.mark.parametrize(
    "kind, quantity",
    [
        (Together, "dL/dx"),
        (Whatever, "dL/dx"),
        (Boundless, "dL/dx"),
        (Summed, "dL/dx finite"),
        (Collapsing, "contract"),
        (Promoted, "contract"),
    ],
)
def test_the_checker_catches_a_wrong_one(kind, quantity):
    for seed in range(2):
        rows = check_diversity(kind(2.0, 0.3), seed=seed, effort="quick")
        assert quantity in {row.quantity for row in rows if not row.ok}, rows


def test_a_file_may_bring_its_own(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text("import tinygan as tg\nCHECKS = [tg.Diversity(3, limit=0.5)]\n")
    rows = file_rows(path)
    assert len(rows) == 3 and all(row.ok for row in rows)


def test_beyond_the_limit_nothing_is_gained():
    x, z = draw(0)
    far = Diversity(3.0, 1e-9)
    assert abs(far.value(x, z) + 3e-9) <= 1e-20
    assert not far.grad(x, z).any()
    near = Diversity(3.0, 99.0).grad(x, z)
    assert near[:6].all() and not near[6].any()  # the seventh has no partner
    assert np.array_equal(near[:3], -near[3:6])


def test_equal_samples_and_equal_latents_are_finite():
    x, z = draw(0, N=4)
    x[2:], z[2:] = x[:2], z[:2]
    with np.errstate(all="raise"):
        assert Diversity(1.0, 1.0).value(x, z) == 0
        assert not Diversity(1.0, 1.0).grad(x, z).any()


def test_float32_and_shapes_are_kept():
    x, z = (a.astype("float32") for a in draw(0))
    diversity = Diversity(3.0, 1.0)
    assert diversity.value(x, z).dtype == diversity.grad(x, z).dtype == np.float32
    y = np.arange(7)
    dx, none = diversity.grad((x, y), (z, y))
    assert none is None and np.array_equal(dx, diversity.grad(x, z))
    assert diversity.paired(y).tolist() == [0, 1, 2, 0, 1, 2, 6]
    assert diversity.paired(y[:6, None]).tolist() == [[0], [1], [2], [0], [1], [2]]


@pytest.mark.parametrize("weight, limit", [(0, 1), (-1, 1), (1, 0), (1, np.inf)])
def test_numbers_out_of_range(weight, limit):
    with pytest.raises(ValueError, match=r"Diversity expects a .* > 0"):
        Diversity(weight, limit)


def conditional(seed=0):
    """G and D of classes, in float64."""
    G = Sequential(
        Branch(Sequential(Parallel(Identity(), Embedding(3)), Concat()), Pick(1)),
        Parallel(Sequential(Dense(5), Tanh(), Dense(4)), Identity()),
    )
    D = Sequential(Parallel(Dense(5), Embedding(3)), Concat(), Tanh(), Dense(1))
    y = tg.Integers((), 3)
    return (
        Net(G, ((3,), y), seed, "float64"),
        Net(D, ((4,), y), seed + 1, "float64"),
    )


def test_g_step_follows_the_gradient_of_the_sum():
    """theta_G moves along -d(J + L)/dtheta_G, by the complex step through both."""
    diversity, objective = Diversity(2.0, 0.8), tg.NonSaturating()
    G, D = conditional()
    rng = np.random.default_rng(5)
    z, y = rng.standard_normal((8, 3)), diversity.paired(rng.integers(0, 3, 8))
    theta, G_c, D_c = G.theta.copy(), G.clone("complex128"), D.clone("complex128")

    def total(theta):
        G_c.theta[...] = theta
        x, _ = G_c.forward((z + 0j, y))
        J = objective.g_value(D_c.forward(x)[0])
        return J + diversity.value(x, z)

    both = WithDiversity(objective, diversity)
    J = tg.g_step(G, D, tg.SGD(1.0), both, (z, y))
    moved = theta - G.theta
    v = rng.standard_normal(theta.shape)
    assert relative(complex_step(total, theta, v) - (moved * v).sum(), moved) <= 1e-11
    assert abs(J - total(theta).real) <= 1e-13
    G.theta[...] = theta
    tg.g_step(G, D, tg.SGD(1.0), objective, (z, y))
    assert relative(theta - G.theta - moved, moved) > 1e-2  # it does make a difference


def test_what_is_paid_drives_samples_of_one_condition_apart():
    """D knows nothing here: J alone would leave G where it is."""
    G, D = conditional()
    D.theta[...] = 0
    rng, diversity, apart = np.random.default_rng(0), Diversity(1.0, 2.0), []
    opt = tg.Adam(0.01)
    objective = WithDiversity(tg.NonSaturating(), diversity)
    for turn in range(301):
        z, y = rng.standard_normal((16, 3)), diversity.paired(rng.integers(0, 3, 16))
        if turn % 300 == 0:
            (x, _), _ = G.forward((z, y))
            apart.append(-diversity.value(x, z))
        tg.g_step(G, D, opt, objective, (z, y))
    assert apart[1] > 1.5 * apart[0]
    assert 1.9 <= apart[1] <= 2.0  # and stops at the limit


def experiment(**options):
    found = recipes.build(recipes.find("cgan-digits"), {"batch": 8, "steps": 4})
    for name, value in options.items():
        setattr(found, name, value)
    found.__post_init__()
    return found


def test_a_run_asks_for_pairs_while_there_is_something_to_pay(monkeypatch):
    asked = []

    def seen(self, y, turn, before=Turns.asked):
        asked.append((turn, y.copy(), before(self, y, turn)))
        return asked[-1][2]

    monkeypatch.setattr(Turns, "asked", seen)
    diversity = Diversity(1.0, 0.1)
    run = Run(experiment(diversity=lambda t: diversity if t >= 2 else None))
    for _ in range(4):
        run.turn()
    assert {turn for turn, _, _ in asked} == {0, 1, 2, 3}
    for turn, y, got in asked:
        assert np.array_equal(got[:4], y[:4])
        assert np.array_equal(got[4:], y[4:] if turn < 2 else y[:4])


def test_between_sentences_pairs_stay_pairs():
    e = recipes.build(recipes.find("text2digit"), {"batch": 16, "steps": 10})
    two = dataclasses.replace(e.condition, mixed=2)
    few = captioned_digits(40, 0, load_digits())
    parts = {"condition": two, "between": 0.25, "data": lambda: few}
    run = Run(dataclasses.replace(e, **parts))
    y = np.broadcast_to(np.arange(16)[:, None, None], (16, 2, 5)).copy()
    for turn in (0, 9):
        got = run.game.asked(y, turn)
        mixed = (got[:, 0] != got[:, 1]).any(axis=1)
        paired = np.array_equal(got[:8], got[8:])
        assert paired == (turn == 9)
        assert 2 <= mixed.sum() <= 4  # a quarter, but for a partner that is itself
        assert np.array_equal(got[:8, 0], y[:8, 0])


def test_what_is_no_diversity_is_refused():
    for wrong in (3, lambda turn: "much", [Diversity(1, 1)]):
        with pytest.raises(InputError, match="diversity: expected"):
            experiment(diversity=wrong)
    with pytest.raises(InputError, match="batch of 2 or more"):
        experiment(diversity=lambda turn: None, batch=1)  # not after a thousand turns


def test_an_unconditional_game_has_it_too():
    e = recipes.build(recipes.find("mlp-ring"), {"batch": 8, "steps": 2})
    diverse = dataclasses.replace(e, diversity=Diversity(1.0, 9.0))
    plain, paid = Run(e), Run(diverse)
    for run in (plain, paid):
        run.turn()
    assert np.array_equal(plain.D.theta, paid.D.theta)
    assert not np.array_equal(plain.G.theta, paid.G.theta)

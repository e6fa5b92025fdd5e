"""The live game without a page: its moves, what it shows, and the numbers it tells."""

import itertools
import math
import re

import numpy as np
import pytest

import tinygan
from tinygan import InputError, NonFiniteError, d_step, objectives, penalties
from tinygan.data import GaussianMixture, TwoMoons
from tinygan.lab import densities
from tinygan.lab.algorithm import lines
from tinygan.lab.densities import DATA, DRAWN, along, blurred, chosen, region
from tinygan.lab.fields import Fields, arrows, equilibrium, kernel_density
from tinygan.lab.game import LiveGame
from tinygan.lab.settings import (
    OBJECTIVES,
    PENALTIES,
    TAMING,
    WRAPPERS,
    Settings,
    sizes,
)
from tinygan.rng import LATENT, PICTURE, generator

SMALL = {"hidden_G": "8", "hidden_D": "8, 8", "batch": 16}
STROKES = [[(0.0, 0.0), (1.0, 0.5)], [(-1.0, 1.0)]]


def small(**settings) -> LiveGame:
    return LiveGame(Settings(**(SMALL | settings)), settings.pop("strokes", ()))


def weights(game: LiveGame) -> dict:
    """All that a game goes on from: networks, optimizers, states, the step."""
    state = game.run.on_host(game.run.state())
    return {k: v for k, v in state.items() if k != "log"}


def same(a: dict, b: dict) -> bool:
    return a.keys() == b.keys() and all(np.array_equal(a[k], b[k]) for k in a)


# Turns and moves.


@pytest.mark.parametrize("penalty", ["none", "WGAN-GP", "R1", "spectral norm"])
@pytest.mark.parametrize("k", [1, 3])
def test_k_moves_of_D_and_one_of_G_are_a_turn_bit_for_bit(penalty, k):
    turns, moves = (small(penalty=penalty, k=k) for _ in range(2))
    for _ in range(4):
        turns.turn()
        for _ in range(k):
            assert moves.moves < k
            moves.move_D()
        moves.move_G()
    assert same(weights(turns), weights(moves))
    *_, last = turns.history
    assert moves.history[-1] == last and turns.step == moves.step == 4


def test_a_turn_that_was_begun_is_finished():
    turns, begun = small(k=3), small(k=3)
    turns.turn()
    begun.move_D()
    begun.turn()
    assert same(weights(turns), weights(begun))
    one_by_one = small(k=3)
    for _ in range(4):
        one_by_one.move()
    assert same(weights(turns), weights(one_by_one))


def test_a_move_of_D_is_d_step_alone():
    game, other = small(), small()
    before = weights(game)
    game.move_D()
    after = weights(game)
    assert np.array_equal(before["G.theta"], after["G.theta"])
    e, turns = other.experiment, other.turns
    x_real, z = turns.real(0, 0), turns.latents(16, LATENT, 0, 0)
    x_fake, _ = other.run.G.forward(z)
    V, D_x, D_Gz, _ = d_step(
        *(other.run.D, turns.players["D"].opt, e.objective, x_real, x_fake)
    )
    assert np.array_equal(after["D.theta"], other.run.D.theta)
    (row,) = game.history
    assert row[1] == float(V) and row[3:5] == (float(D_x), float(D_Gz))
    assert math.isnan(row[2]) and game.step == 0 and game.moves == 1


def test_a_move_of_G_moves_G_alone_even_if_D_has_not_moved():
    for objective in ("non-saturating", "relativistic average"):
        game = small(objective=objective)
        before = weights(game)
        game.move_G()
        after = weights(game)
        assert np.array_equal(before["D.theta"], after["D.theta"])
        assert not np.array_equal(before["G.theta"], after["G.theta"])
        assert game.step == 1 and math.isnan(game.history[-1][1])


def test_back_to_the_start_gives_the_same_samples_bit_for_bit():
    game = small(penalty="WGAN-GP", k=2, optimizer="Adam")

    def clicks():
        game.turn()
        game.move_D()
        game.move_D()
        game.move_D()
        game.move_G()
        game.move_G()
        game.play(0.0)
        return game.look(50).x_fake.copy(), weights(game), list(game.history)

    start = weights(game)
    samples, state, history = clicks()
    game.reset()
    assert game.step == game.total == 0 and same(weights(game), start)
    again, state_again, history_again = clicks()
    assert np.array_equal(samples, again) and same(state, state_again)
    assert np.array_equal(history, history_again, equal_nan=True)
    assert not np.array_equal(samples, small(seed=1).look(50).x_fake)


def test_rates_and_k_change_while_the_game_goes_on():
    game = small()
    game.turn()
    kept = weights(game)
    assert game.retune(Settings(**SMALL, lr_G=0.5, k=2))
    assert same(weights(game), kept) and game.k == 2
    game.turn()
    assert game.turns.players["G"].opt.lr == 0.5
    assert not game.retune(Settings(**SMALL, seed=1))
    with pytest.raises(InputError, match="learning rate"):
        game.retune(Settings(**SMALL, lr_D=-1.0))
    assert game.experiment.opt_D.lr == Settings().lr_D


def test_playing_for_a_time_is_at_least_one_turn_and_at_most_so_many():
    game = small()
    assert game.play(0.0) == 1 == game.step
    assert game.play(60.0, most=3) == 3 and game.step == 4


@pytest.mark.parametrize("taming", TAMING)
@pytest.mark.parametrize("objective", OBJECTIVES)
def test_every_combination_plays_and_looking_moves_nothing(objective, taming):
    game = small(objective=objective, penalty=taming, weight=0.5)
    game.turn()
    game.check()
    before = weights(game)
    fields = Fields(game)
    look = game.look(40)
    found = fields.compare()
    assert np.isfinite(fields.D).all() and np.isfinite(look.dx_fake).all()
    assert 0 <= found.jsd <= math.log(2) + 1e-9
    assert len(lines(game)) == 8
    assert same(before, weights(game))
    twin = small(objective=objective, penalty=taming, weight=0.5)
    for one in (twin, twin, game):
        one.turn()
    assert same(weights(twin), weights(game))  # as if nobody had looked


def test_a_game_that_diverges_says_so_and_is_back_where_all_was_finite():
    game = small(activation="ReLU", optimizer="SGD", lr_D=1e30, lr_G=1e30)
    with pytest.raises(NonFiniteError, match=r"step \d+: NaN or infinity in"):
        for _ in range(20):
            game.turn()
            game.check()
    assert all(np.isfinite(v).all() for v in weights(game).values())
    game.look(20)


# What can be seen.


def test_the_field_is_D_at_the_middles_of_the_cells():
    game = small()
    game.turn()
    fields = Fields(game)
    x, y, width = fields.region
    for row, column in ((0, 0), (5, 63), (40, 7)):
        at = [x + (column + 0.5) * width / 64, y + (row + 0.5) * width / 64]
        s, _ = game.run.D.forward(np.array([at], np.float32), train=False)
        expected = 1 / (1 + math.exp(-float(s[0, 0])))
        assert fields.D[row, column] == pytest.approx(expected, rel=1e-6)
    critic = small(objective="Wasserstein")
    s = critic.scores(Fields(critic).points).reshape(64, 64)
    assert np.array_equal(Fields(critic).D, s)


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_the_arrows_are_the_gradient_of_J_at_the_samples(objective):
    """The package's backward pass, and differences of J in float64."""
    game = small(objective=objective)
    game.play(60.0, most=3)
    look, e, n = game.look(30), game.experiment, 30
    z = game.turns.latents(n, PICTURE)
    x_fake, _ = game.run.G.forward(z, train=False)
    assert np.array_equal(look.x_fake, x_fake)
    D = game.run.D.clone("float64")
    x_real = game.real(n).astype(np.float32).astype(np.float64)
    s_real, _ = D.forward(x_real)
    s_fake, cache = D.forward(x_fake.astype(np.float64))
    dx = D.backward(e.objective.g_grad(s_fake, s_real), cache, param_grads=False)
    assert look.dx_fake == pytest.approx(dx, rel=1e-4, abs=1e-7)  # float32's rounding

    def J(x):
        return float(e.objective.g_value(D.forward(x)[0], s_real))

    direction = generator(1).standard_normal((n, 2))
    h = 1e-6
    up, down = (J(x_fake + sign * h * direction) for sign in (1, -1))
    slope = float((look.dx_fake * direction).sum())
    assert slope == pytest.approx((up - down) / (2 * h), rel=1e-3, abs=1e-6)
    shown = arrows(look, 4.0, n)
    along_them = (shown.x1 - shown.x0) * -look.dx_fake
    assert (along_them.sum(axis=1) >= 0).all()  # G descends


def test_the_blurred_density_is_that_of_blurred_samples():
    """Its integral is 1, and it is the mean of Gaussians around exact samples."""
    h = 0.2
    for name in DATA:
        density = chosen(name)
        soft, where = blurred(density, h), region(density, margin=1.0)
        p = soft.density(where.points(150))
        assert p.sum() * (where.width / 150) ** 2 == pytest.approx(1, abs=1e-3)
        x = density.sample(20_000, generator(0))
        at = where.points(16)
        q = kernel_density(x, at[:16, 0], at[::16, 1], h).ravel()
        # the deviation of a mean of 20,000 kernels, each at most 1/(2 pi h^2)
        noise = 5 * np.sqrt(q.max() / (2 * math.pi * h * h) / 20_000)
        assert np.abs(q - soft.density(at)).max() < noise


def test_D_star_of_a_linear_G_is_that_of_its_known_density():
    """G(z) = a z + b has the density N(b, a^2 I): both densities are known."""
    game = small(data="one Gaussian", hidden_G="", scale=1.0)
    parameters = game.run.G.parameters()
    parameters["0_Dense.W"][...] = 0.5 * np.eye(2)
    parameters["0_Dense.b"][...] = 0.6, -0.2
    fields = Fields(game)
    found = fields.compare()
    q = GaussianMixture([[0.6, -0.2]], math.hypot(0.5, fields.h))
    q = q.density(fields.points).reshape(64, 64)
    assert np.abs(found.q - q).max() < 0.06 * q.max()  # of 4,000 samples
    clear = q > 0.05 * q.max()
    best = fields.p / (fields.p + q)
    # A kernel estimate of n samples has the variance q/(4 pi h^2 n), and
    # dD* = D* (1 - D*) dq/q. Five deviations, and room for the second order.
    deviation = 1 / np.sqrt(4 * math.pi * fields.h**2 * 4000 * q)
    limit = 5 * best * (1 - best) * deviation + 0.01
    assert (np.abs(found.best - best) < limit)[clear].all()
    m = (fields.p + q) / 2
    with np.errstate(all="ignore"):
        terms = [np.where(a > 0, a * np.log(a / m), 0).sum() for a in (fields.p, q)]
    jsd = sum(terms) * fields.cell**2 / 2
    assert found.jsd == pytest.approx(jsd, abs=0.01)


def test_an_equal_G_has_D_star_one_half_and_no_divergence():
    game = small(data="one Gaussian", hidden_G="", scale=0.8)
    parameters = game.run.G.parameters()
    parameters["0_Dense.W"][...] = np.eye(2)
    parameters["0_Dense.b"][...] = 0
    fields = Fields(game)
    found = fields.compare()
    assert found.jsd < 0.01 and found.kl < 0.05
    peak = fields.p > 0.5 * fields.p.max()
    assert np.abs(found.best[peak] - 0.5).max() < 0.05
    assert found.modes == "1 of 1 modes, 99% of the samples"


def test_the_sheet_is_G_of_a_lattice():
    game = small()
    xs, ys = Fields(game).sheet()
    assert len(xs) == len(ys) == 30 and {len(x) for x in xs} == {31}
    corner = game.made([[-4.0, -4.0]])[0]  # scale 2, two deviations
    assert [xs[0][0], ys[0][0]] == pytest.approx(list(corner), rel=1e-5)
    assert [xs[15][0], ys[15][0]] == pytest.approx(list(corner), rel=1e-5)
    assert len(Fields(small(dim=1)).sheet()[0]) == 1


@pytest.mark.parametrize(
    ("name", "V"),
    [
        ("minimax", -math.log(4)),
        ("non-saturating", -math.log(4)),
        ("relativistic average", -math.log(4)),
        ("relativistic pairing", -math.log(2)),
        ("Wasserstein", 0.0),
        ("hinge", -2.0),
        ("least squares 0, 1, 1", -0.25),
        ("least squares −1, 1, 0", -1.0),
    ],
)
def test_the_equilibrium_is_that_of_the_objective(name, V):
    assert equilibrium(OBJECTIVES[name].make()) == pytest.approx(V, abs=1e-12)


# Algorithm 1.


def numbers(text: str) -> list[float]:
    return [float(n.replace(",", "")) for n in re.findall(r"-?\d[\d,]*\.?\d*", text)]


def test_the_lines_of_algorithm_1_have_the_numbers_of_the_game():
    game = small(k=2)
    assert [line.next for line in lines(game)] == [False, False, True] + 5 * [False]
    game.turn()
    turn, steps, z, x, ascend, end, new_z, descend = lines(game)
    assert turn.numbers == "1 turns played" and "k = 2, 0 of them" in steps.numbers
    turns = game.turns
    for line, drawn in (
        (z, turns.latents(16, LATENT, 0, 1)),
        (x, turns.real(1, 0)),
        (new_z, turns.latents(16, LATENT, 0, 2)),
    ):
        first = ", ".join(f"{v:.2f}" for v in drawn[0])
        assert line.numbers == f"(16, 2), the first is ({first})"
    V, J, D_x, D_Gz = game.history[-1][1:5]
    grad_D, grad_G = (np.linalg.norm(net.grad) for net in (game.run.D, game.run.G))
    size_D, size_G = game.run.D.theta.size, game.run.G.theta.size
    assert f"V = {V:.4f}, |dV/dθ_D| = {grad_D:.2e}, {size_D} numbers" in ascend.numbers
    assert f"J = {J:.4f}, |dJ/dθ_G| = {grad_G:.2e}, {size_G} numbers" in descend.numbers
    assert numbers(end.numbers) == [round(D_x, 4), round(D_Gz, 4)]
    game.move_D()
    game.move_D()
    after = lines(game)
    assert after[6].next and "2 of them made now" in after[1].numbers
    assert f"V = {game.history[-1][1]:.4f}" in after[4].numbers
    assert f"J = {J:.4f}" in after[7].numbers  # of the turn before


def test_the_lines_show_the_objective_and_the_penalty():
    words = [line.words for line in lines(small(objective="hinge", penalty="R1"))]
    assert "max(0, 1 − s(x))" in words[4] and words[4].endswith("(R1)")
    assert words[7].endswith("J = −mean s(G(z))")


# Choices.


def test_every_unconditional_objective_and_every_penalty_is_offered():
    made = {type(choice.make()) for choice in OBJECTIVES.values()}
    conditional = {"Auxiliary", "AuxiliaryClassifier", "AuxiliaryWords"}
    conditional |= {"MatchingAware"}
    bases = {"Objective", "Critic", "Logistic", "Diversity", "WithDiversity"}
    known = set(objectives.__all__) - conditional - bases
    assert {kind.__name__ for kind in made} == known
    offered = {type(make(1.0)).__name__ for make in PENALTIES.values()}
    abstract = {"GradientPenalty", "Penalty", "Mismatch", "penalise"}
    assert offered == set(penalties.__all__) - abstract
    assert set(TAMING) > set(PENALTIES) | set(WRAPPERS)


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"hidden_G": "64 64"}, "hidden layers: expected sizes such as 64, 64"),
        ({"hidden_D": "0"}, "1 <= size <= 1024, got 0"),
        ({"hidden_D": ", ".join(9 * ["4"])}, "at most 8, got 9"),
        ({"batch": 0}, "1 <= batch <= 8192, got 0"),
        ({"batch": None}, "1 <= batch <= 8192, got None"),
        ({"k": 1.5}, "got 1.5"),
        ({"seed": -1}, "seed: expected a whole number >= 0, got -1"),
        ({"lr_G": 0.0}, "a learning rate > 0, got 0.0"),
        ({"scale": 0.0}, "Latent expects scale > 0, got 0.0"),
        ({"penalty": "R1", "weight": -1.0}, "gamma >= 0, got -1.0"),
        ({"penalty": "weight clipping", "weight": 0.0}, "a limit > 0, got 0.0"),
        ({"objective": "magic"}, "got 'magic'"),
        ({"data": "magic"}, "data: expected one of ring of 8"),
        ({"kind": "magic"}, "expects kind 'normal' or 'uniform'"),
        ({"hidden_D": "1024, 1024", "batch": 8192}, "to be quick enough to look at"),
        ({"data": DRAWN}, "at least one point, got none"),
    ],
)
def test_a_bad_choice_is_refused_in_one_sentence(settings, sentence):
    with pytest.raises(InputError, match=re.escape(sentence)) as error:
        small(**settings)
    assert "\n" not in str(error.value)


def test_sizes_of_hidden_layers():
    assert sizes("64, 32") == [64, 32] and sizes("7") == [7] and sizes("  ") == []


# Data.


def test_a_drawing_is_a_density():
    points = along([(0.0, 0.0), (0.35, 0.0)])
    assert np.allclose(points, [(0, 0), (0.1, 0), (0.2, 0), (0.3, 0)], atol=1e-12)
    density = chosen(DRAWN, STROKES)
    assert density.shape == (2,) and len(density.means) == 1 + 11 + 1
    assert density.means[-1] == pytest.approx([-1, 1])
    steps = np.hypot(*np.diff(density.means[:-1], axis=0).T)
    assert steps == pytest.approx(densities.APART)
    game = LiveGame(Settings(**SMALL, data=DRAWN), STROKES)
    game.turn()
    assert np.isfinite(Fields(game).compare().jsd)
    far = [[(0.0, 0.0), (99.0, 0.0)]]
    with pytest.raises(InputError, match="at most 400 points"):
        chosen(DRAWN, far)


def test_the_region_holds_the_data():
    for name in DATA:
        density = chosen(name)
        x, y, width = region(density)
        inside = (density.sample(1000, generator(5)) - (x, y)) / width
        assert ((inside > 0) & (inside < 1)).all(axis=1).mean() > 0.999
        points = region(density).points(64)
        assert points[0] == pytest.approx([x + width / 128, y + width / 128])
        assert points[1][1] == points[0][1]  # row by row


def test_only_known_densities_are_blurred():
    assert blurred(TwoMoons(0.3), 0.4).noise == pytest.approx(0.5)
    with pytest.raises(InputError, match="expected a mixture or the two moons"):
        blurred(tinygan.data.toy.Density(), 0.1)


def test_the_history_is_bounded_and_counts_on(monkeypatch):
    from tinygan.lab import game as module

    monkeypatch.setattr(module, "KEPT", 4)
    game = small()
    for _ in range(11):
        game.turn()
    assert game.total == 11 and len(game.history) <= 8
    turns = [row[0] for row in game.history]
    assert turns[-1] == 11 and all(b - a == 1 for a, b in itertools.pairwise(turns))

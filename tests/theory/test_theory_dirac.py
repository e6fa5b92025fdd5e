"""The Dirac-GAN: predicted on paper, measured on the real steps.

The field is made of the objectives' and penalties' own derivatives; `predicted_...`
were derived by hand; `Turn` plays with networks, d_step and g_step. Three roads.
"""

import cmath
import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tinygan as tg
from tinygan.theory import convergence, dirac, play, portraits
from tinygan.theory.convergence import OBJECTIVES, REGULARISERS, method
from tinygan.theory.dirac import DiracGAN, field

ALL = list(itertools.product(OBJECTIVES, REGULARISERS))
every_method = pytest.mark.parametrize("names", ALL, ids="+".join)
SMOOTH = [names for names in ALL if not method(*names).obstacle]
every_smooth = pytest.mark.parametrize("names", SMOOTH, ids="+".join)
numbers = st.floats(-1.5, 1.5)


def apart(a, b) -> float:
    """How far two spectra are from each other, whatever their order."""
    a, b = np.asarray(a), np.asarray(b)
    return min(np.abs(a - b).max(), np.abs(a - b[::-1]).max())


# The field


@every_method
@settings(max_examples=5)
@given(theta=numbers, psi=numbers)
def test_the_real_steps_follow_the_field(names, theta, psi):
    """One simultaneous turn of rate h moves by h v; clipping aside."""
    game, h = method(*names), 1e-3
    if abs(psi) < 0.02:
        psi = 0.3
    if "clipping" in names[1]:
        theta, psi = theta / 10, psi / 10  # where nothing is clipped
    turn = play.Turn(game, h, alternating=False)
    moved = (turn(theta, psi) - (theta, psi)) / h
    leak = 2e-12 / psi**2 if game.spectral else 0.0  # SpectralNorm's sigma is + 1e-12
    assert np.abs(moved - field(game, theta, psi)).max() <= 1e-9 + leak


@every_method
def test_the_data_point_with_a_flat_discriminator_is_at_rest(names):
    game = method(*names)
    if game.spectral:
        assert field(game, 0.0, 0.3)[0] != 0  # there is no flat discriminator
    else:
        assert np.abs(field(game, 0.0, 0.0)).max() <= 1e-15


def test_gradient_and_weight_clipping_clip():
    box = play.Turn(method("Wasserstein", "weight clipping"), 1.0)
    assert box(2.0, 0.0)[1] == -0.5
    norm = play.Turn(method("Wasserstein", "gradient clipping"), 1.0, alternating=False)
    assert norm(2.0, 1.0) == pytest.approx([2.0 + 0.25, 1.0 - 0.25])


def test_spectral_normalisation_leaves_a_slope_of_one_and_nothing_to_learn():
    """D(x) = (psi/|psi|) x: dV/dpsi = 0, and theta leaves at one speed for ever."""
    for psi in (0.2, 0.4, 7.0):
        game = method("Wasserstein", "spectral norm")
        np.testing.assert_array_equal(field(game, 0.3, psi), [1.0, 0.0])
        np.testing.assert_array_equal(field(game, 0.3, -psi), [-1.0, 0.0])
        turn = play.Turn(game, 0.1)
        points = turn.trajectory((0.3, psi), 20)
        np.testing.assert_allclose(points[:, 1], psi, rtol=1e-9)
        np.testing.assert_allclose(np.diff(points[:, 0]), 0.1, rtol=1e-8)


@pytest.mark.parametrize(
    "name", ["minimax", "non-saturating", "least squares -1, 1, 1"]
)
@pytest.mark.parametrize("sigma", [0.3, 1.0])
def test_three_nodes_are_near_the_gaussian(name, sigma):
    """The noise against Gauss-Hermite on 60 nodes, point by point."""
    objective, (e, w) = OBJECTIVES[name], np.polynomial.hermite_e.hermegauss(60)
    e, w = sigma * e, w / w.sum()
    for theta, psi in ((0.5, 0.4), (-1.0, 0.8), (1.0, -1.0)):
        v = np.zeros(2)
        for x, weight in zip(e, w, strict=True):
            real, fake = np.full((1, 1), x), np.full((1, 1), x + theta)
            ds_real, ds_fake = objective.d_grads(psi * real, psi * fake)
            v[0] -= weight * (objective.g_grad(psi * fake) * psi).item()
            v[1] += weight * (ds_real * real + ds_fake * fake).item()
        seen = field(DiracGAN(objective, noise=sigma), theta, psi)
        assert np.abs(seen - v).max() <= 2e-2 * sigma**6 + 1e-12


def test_minimax_keeps_its_distance_and_the_non_saturating_game_loses_it():
    """d(theta^2 + psi^2)/dt = 2 <v, w>: 0, or -2 s tanh(s/2) < 0, for s = psi theta."""
    for w in np.random.default_rng(0).uniform(-3, 3, (20, 2)):
        s = w.prod()
        assert abs(field(DiracGAN(tg.Minimax()), *w) @ w) <= 1e-14
        loss = field(DiracGAN(tg.NonSaturating()), *w) @ w
        assert loss == pytest.approx(-s * math.tanh(s / 2), abs=1e-13)


# Eigenvalues


@every_smooth
def test_predicted_eigenvalues_are_the_measured_ones(names):
    game = method(*names)
    predicted, measured = dirac.predicted_eigenvalues(game), dirac.eigenvalues(game)
    assert apart(predicted, measured) <= 1e-9
    J = dirac.measured_jacobian(lambda *w: field(game, *w))
    np.testing.assert_allclose(J, dirac.predicted_jacobian(game), atol=1e-14)
    h = 1e-5  # and by finite differences, which ask nothing of the code
    columns = [(field(game, *w) - field(game, *-w)) / (2 * h) for w in np.eye(2) * h]
    np.testing.assert_allclose(np.stack(columns, axis=1), J, atol=1e-8)


@pytest.mark.parametrize("label", [0.9, 0.5, 0.1])
@pytest.mark.parametrize(
    "objective", [tg.Minimax, tg.NonSaturating, tg.RelativisticAverage]
)
def test_a_smoothed_label_weakens_the_relativistic_average_alone(objective, label):
    """-(1 - a) mean r is also +(1 - a) mean s_fake: beta = a, not 1."""
    for noise in (0.0, 0.7):
        game = DiracGAN(objective(label), noise=noise)
        J = dirac.measured_jacobian(lambda *w, game=game: field(game, *w))
        np.testing.assert_allclose(dirac.predicted_jacobian(game), J, atol=1e-14)
        sharp = DiracGAN(objective(), noise=noise)
        changed = apart(dirac.eigenvalues(game), dirac.eigenvalues(sharp)) > 1e-3
        assert changed == (objective is tg.RelativisticAverage)
    turn = play.predicted_turn(game, 0.1, k=2)
    np.testing.assert_allclose(play.measured_turn(game, 0.1, k=2), turn, atol=1e-12)
    if objective is tg.RelativisticAverage:
        values = dirac.predicted_eigenvalues(DiracGAN(objective(label)))
        assert apart(values, [1j * math.sqrt(label), -1j * math.sqrt(label)]) <= 1e-14


@pytest.mark.parametrize("label", [1.0, 0.9])
def test_the_log_loss_turns_at_half_a_radian(label):
    game = DiracGAN(tg.Minimax(real_label=label))
    assert apart(dirac.eigenvalues(game), [0.5j, -0.5j]) <= 1e-15


@pytest.mark.parametrize("penalty", [tg.R1, tg.R2])
@pytest.mark.parametrize("gamma", [0.0, 0.1, 0.9, 1.0, 1.1, 10.0])
def test_r1_and_r2_by_the_paper(penalty, gamma):
    """-gamma/2 +- sqrt(gamma^2/4 - f'(0)^2), f'(0) = 1/2: critical at gamma = 1."""
    game = DiracGAN(tg.NonSaturating(), penalty(gamma))
    root = cmath.sqrt(gamma**2 / 4 - 0.25)
    expected = [-gamma / 2 + root, -gamma / 2 - root]
    assert apart(dirac.predicted_eigenvalues(game), expected) <= 1e-14
    assert apart(dirac.eigenvalues(game), expected) <= 1e-7
    slowest = dirac.predicted_eigenvalues(game).real.max()
    assert slowest == pytest.approx(-0.5) if gamma == 1 else slowest > -0.5


@pytest.mark.parametrize("sigma2", [0.1, 1.0, 1.9, 2.0, 2.1, 8.0])
def test_instance_noise_by_the_paper(sigma2):
    """f'' sigma^2 +- sqrt(f''^2 sigma^4 - f'^2), f''(0) = -1/4: critical at 2."""
    game = DiracGAN(tg.Minimax(), noise=math.sqrt(sigma2))
    root = cmath.sqrt(sigma2**2 / 16 - 0.25)
    expected = [-sigma2 / 4 + root, -sigma2 / 4 - root]
    assert apart(dirac.predicted_eigenvalues(game), expected) <= 1e-7
    assert apart(dirac.eigenvalues(game), expected) <= 1e-7


def test_noise_does_nothing_for_an_objective_that_is_linear_at_0():
    for name in ("Wasserstein", "hinge"):
        game = DiracGAN(OBJECTIVES[name], noise=0.9)
        assert apart(dirac.eigenvalues(game), [1j, -1j]) <= 1e-14


@pytest.mark.parametrize("name", OBJECTIVES)
def test_noise_and_penalties_add_up(name):
    for penalty, extra in ((tg.Drift(0.3), 0.6 * 0.49), (tg.R1(0.2), 0.2)):
        game = DiracGAN(OBJECTIVES[name], penalty, noise=0.7)
        alone = DiracGAN(OBJECTIVES[name], noise=0.7)
        assert dirac.damping(game) - dirac.damping(alone) == pytest.approx(extra)
        predicted = dirac.predicted_jacobian(game)
        measured = dirac.measured_jacobian(lambda *w, game=game: field(game, *w))
        np.testing.assert_allclose(predicted, measured, atol=1e-14)


@pytest.mark.parametrize(
    "labels", [(-1, 1, 0), (-0.5, 0.5, 0.5), (0, 1, 1), (1, -1, 1)]
)
def test_least_squares_with_any_labels(labels):
    """+-i sqrt(-a c): without a pull on either side, or with a pull the wrong way
    round, the game does not even turn."""
    a, _, c = labels
    game = DiracGAN(tg.LeastSquares(*labels))
    root = cmath.sqrt(a * c)
    assert apart(dirac.eigenvalues(game), [root, -root]) <= 1e-14
    assert apart(dirac.predicted_eigenvalues(game), [root, -root]) <= 1e-14


@pytest.mark.parametrize("regulariser", ["WGAN-GP", "WGAN-GP, strong", "DRAGAN"])
def test_a_slope_of_one_is_a_jump_at_zero(regulariser):
    """dpsi/dt goes from -2 lambda to +2 lambda as psi passes 0: no Jacobian."""
    game = method("Wasserstein", regulariser)
    weight = game.penalty.weight
    for sign in (-1, 1):
        v = field(game, 0.0, sign * 1e-12)
        assert v[1] == pytest.approx(sign * 2 * weight)
    assert field(game, 0.0, 0.0)[1] == 0  # the subgradient that penalties.py takes
    for f in (dirac.predicted_eigenvalues, dirac.eigenvalues):
        with pytest.raises(ValueError, match="jumps at psi = 0"):
            f(game)
    apart_from_it = dirac.eigenvalues(game, at=(0.0, 0.5))  # elsewhere all is smooth
    root = cmath.sqrt(weight**2 - 1)
    assert apart(apart_from_it, [-weight + root, -weight - root]) <= 1e-7


@pytest.mark.parametrize("name", ["minimax", "Wasserstein", "relativistic average"])
def test_a_strong_gradient_penalty_traps_the_game_off_the_data(name):
    """It comes to rest at theta* = 2 lambda/beta with a flat D, if lambda is large."""
    game = method(name, "WGAN-GP, strong")
    theta = dirac.trap(game)
    assert theta == pytest.approx(2 / dirac.constants(game.objective)[1])
    at = (theta, 1e-9)
    assert np.abs(field(game, *at)).max() <= 1e-8
    values = dirac.eigenvalues(game, at)
    assert np.abs(values.imag).max() <= 1e-4 and values.real.max() < 0
    end = play.Turn(game, 0.25).trajectory((1.0, 1.0), 1000)[-1]
    assert end == pytest.approx((theta, 0), abs=1e-3)
    weak = method(name, "WGAN-GP")
    values = dirac.eigenvalues(weak, at=(dirac.trap(weak), 1e-9))
    assert np.abs(values.imag).max() > 0.1  # it crosses psi = 0: no rest
    for other in (method(name, "R1"), method(name, "one-sided GP")):
        with pytest.raises(ValueError, match="no penalty towards"):
            dirac.trap(other)


# Turns


@every_smooth
@pytest.mark.parametrize("alternating", [False, True])
def test_predicted_turns_are_the_real_ones(names, alternating):
    """M = F'(0, 0) of d_step and g_step on networks, by complex steps."""
    game = method(*names)
    for h, k in ((0.25, 1), (0.1, 3)):
        M = play.measured_turn(game, h, k, alternating)
        predicted = play.predicted_turn(game, h, k, alternating)
        np.testing.assert_allclose(M, predicted, atol=1e-12)
        radius = play.spectral_radius(M)
        assert radius == pytest.approx(play.spectral_radius(predicted), abs=1e-6)
        if k == 1:
            values = dirac.predicted_eigenvalues(game)
            mu = play.multipliers(values, h, alternating)
            assert apart(mu, np.linalg.eigvals(predicted)) <= 1e-7
            assert np.abs(mu).max() == pytest.approx(radius, abs=1e-6)


@every_smooth
@pytest.mark.parametrize("alternating", [False, True])
def test_spectral_radii_from_nothing_but_trajectories(names, alternating):
    game = method(*names)
    for h, k in ((0.25, 1), (0.1, 2)):
        predicted = play.spectral_radius(play.predicted_turn(game, h, k, alternating))
        measured = play.spectral_radius_measured(game, h, k, alternating)
        assert measured == pytest.approx(predicted, abs=1e-6)


@pytest.mark.parametrize("h", [0.01, 0.1, 1.0, 3.9, 4.0, 4.1, 6.0])
def test_without_damping_no_learning_rate_brings_it_nearer(h):
    """Simultaneous: |mu| = sqrt(1 + h^2 w^2) > 1. Alternating: 1, up to h w = 2."""
    values = [0.5j, -0.5j]
    apart_by = np.abs(play.multipliers(values, h, alternating=False))
    assert apart_by == pytest.approx([math.sqrt(1 + h * h / 4)] * 2)
    mu = play.multipliers(values, h)
    a2 = (h / 2) ** 2  # Mescheder et al.: 1 - a^2/2 +- sqrt((1 - a^2/2)^2 - 1)
    root = cmath.sqrt((1 - a2 / 2) ** 2 - 1)
    assert apart(mu, [1 - a2 / 2 + root, 1 - a2 / 2 - root]) <= 1e-7
    if h <= 4:
        assert np.abs(mu) == pytest.approx([1, 1])
    else:
        assert np.abs(mu).max() > 1.1 and np.abs(mu).prod() == pytest.approx(1)


def test_alternating_wasserstein_keeps_an_ellipse():
    """M has determinant 1 and keeps theta^2 - h theta psi + psi^2 exactly."""
    h = 0.3
    w = play.Turn(DiracGAN(tg.Wasserstein()), h).trajectory((1.0, 1.0), 300)
    theta, psi = w.T
    kept = theta**2 + h * theta * psi + psi**2, theta**2 - h * theta * psi + psi**2
    assert min(np.ptp(kept[0]), np.ptp(kept[1])) <= 1e-12


def test_more_steps_of_d_are_a_longer_step():
    """Without damping k steps of rate h are one of k h, for D alone."""
    game = DiracGAN(tg.Minimax())
    M = play.predicted_turn(game, 0.1, k=5)
    np.testing.assert_allclose(M, [[1 - 0.05**2 * 5, 0.05], [-0.25, 1.0]])
    assert play.spectral_radius(M) == pytest.approx(1)


# Long games


def test_the_table_of_methods():
    """Mescheder et al. 2018, table 1: what converges does so by the eigenvalues."""
    rows = convergence.convergence_table(("minimax", "Wasserstein"))
    did = {}
    for row in rows:
        for alternating, verdict in row.did.items():
            assert (verdict == "converges") == row.convergent
            if row.rho:
                assert (row.rho[alternating] < 1 - 1e-9) == row.convergent
            did[row.objective, row.regulariser, alternating] = verdict
    for regulariser in ("R1", "R2", "GP with k = 0"):
        for name in ("minimax", "Wasserstein"):
            assert did[name, regulariser, True] == "converges"
    assert did["minimax", "instance noise", True] == "converges"
    assert did["minimax", "none", False] == "diverges"
    assert did["minimax", "none", True] == "circles"
    for regulariser in ("none", "weight clipping", "WGAN-GP", "instance noise"):
        assert did["Wasserstein", regulariser, True] == "circles"
    assert did["Wasserstein", "spectral norm", True] == "diverges"
    assert did["Wasserstein", "WGAN-GP, strong", True] == "stops"
    text = list(convergence.lines(rows))
    assert len(text) == len(rows) + 3
    assert all(len(line) < 110 for line in text)


def test_some_games_come_nearer_without_ever_having_a_rate():
    """Imaginary eigenvalues, but the terms of third order point inwards."""
    for name in ("non-saturating", "least squares -1, 1, 1", "relativistic pairing"):
        assert convergence.row(name, "none").did[True] == "creeps in"
    game = play.Turn(DiracGAN(tg.NonSaturating()), 0.1)
    points = game.trajectory((1.0, 1.0), 4000)
    r = [np.hypot(*points[n : n + 200].T).mean() for n in (900, 3700)]
    # dr^2/dt = -r^4/8 on average, so r^2 = 8/t
    assert r[0] ** 2 / r[1] ** 2 == pytest.approx(3800 / 1000, rel=0.1)


def test_least_squares_with_the_usual_labels_rests_anywhere():
    points = play.Turn(method("least squares 0, 1, 1", "R1"), 0.25).trajectory(
        (1, 1), 99
    )
    assert play.verdict(points, 99) == "stops" and abs(points[-1][0]) > 0.3


def spiral(rate, turns=400):
    t = np.arange(turns + 1)
    z = np.exp((rate + 0.3j) * t)
    return np.stack([z.real, z.imag], axis=1)


def test_verdicts():
    """One trajectory for each word, and each word has its colour in the table."""
    words = {"circles", "converges", "diverges", "creeps in", "stops"}
    assert words == portraits.COLOURS.keys()
    assert play.verdict(spiral(0.0), 400) == "circles"
    assert play.verdict(spiral(-0.03), 400) == "converges"
    assert play.verdict(spiral(0.01), 400) == "diverges"
    for few in (1, 2, 100):
        assert play.verdict(spiral(0.0)[:few], 400) == "diverges"
    slow = spiral(0.0) / np.sqrt(1 + np.arange(401))[:, None]
    assert play.verdict(slow, 400) == "creeps in"
    assert play.verdict(spiral(-0.03) + np.array([1, 0]), 400) == "stops"


def test_a_game_that_runs_out_of_the_numbers_ends_there():
    points = play.Turn(DiracGAN(tg.Wasserstein()), 1e3, alternating=False)
    points = points.trajectory((1.0, 1.0), 300)
    assert len(points) < 300 and np.isfinite(points).all()


@pytest.mark.parametrize(
    "values, text",
    [
        ([0.5j, -0.5j], "+-0.5i"),
        ([-0.4 - 0.3j, -0.4 + 0.3j], "-0.4 +- 0.3i"),
        ([-1.0, 0.0], "0, -1"),
        ([0.0, 0.0], "0, 0"),
        (None, "none"),
    ],
)
def test_a_spectrum_in_words(values, text):
    if values is not None:
        values = dirac.ordered(values)
    assert convergence.spectrum(values) == text


def test_what_is_refused():
    with pytest.raises(ValueError, match="k >= 1"):
        play.Turn(DiracGAN(tg.Minimax()), 0.1, k=0)
    with pytest.raises(ValueError, match="lr > 0"):
        play.Turn(DiracGAN(tg.Minimax()), -0.1)
    with pytest.raises(ValueError, match="Critic"):
        dirac.constants(tg.Critic())
    with pytest.raises(ValueError, match="no equilibrium"):
        dirac.predicted_jacobian(method("minimax", "spectral norm"))

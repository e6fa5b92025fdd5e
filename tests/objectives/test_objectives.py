"""The two players' objectives: values, derivatives, and the far ends of the logits.

Values are held against their papers' formulas, in loops over probabilities; derivatives
against the complex step, and against what they are on paper.
"""

import math

import numpy as np
import pytest
from examples import a_third
from hypothesis import given
from hypothesis import strategies as st

import tinygan as tg
from tinygan.check import check_objective, complex_step, relative
from tinygan.objectives import Critic, Logistic, Objective, auxiliary

BOTH = [tg.Minimax(), tg.NonSaturating()]
both = pytest.mark.parametrize("objective", BOTH, ids=lambda o: type(o).__name__)
PAIRED = [tg.RelativisticAverage(), tg.RelativisticAverage(0.8)]
PAIRED += [tg.RelativisticPairing()]
EVERY = [
    *BOTH,
    tg.Minimax(0.9),
    tg.NonSaturating(0.7),
    tg.Wasserstein(),
    tg.Hinge(),
    tg.LeastSquares(),
    tg.LeastSquares(-1, 1, 0),
    *PAIRED,
]
every = pytest.mark.parametrize("objective", EVERY, ids=repr)
paired = pytest.mark.parametrize("objective", PAIRED, ids=repr)
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


def mean(f, s) -> float:
    return sum(f(x) for x in s) / len(s)


def smoothed(a, real, fake):
    """V of Goodfellow et al., eq. 1, with the label a for the real samples."""
    V = mean(lambda s: a * math.log(D(s)) + (1 - a) * math.log(D(-s)), real)
    return V + mean(lambda s: math.log(D(-s)), fake)


def average(a, real, fake):
    """V and J of Jolicoeur-Martineau, section 4.3, with the label a."""
    r = [s - sum(fake) / len(fake) for s in real]
    f = [s - sum(real) / len(real) for s in fake]
    return smoothed(a, r, f), -smoothed(1, f, r)


def pairing(real, fake):
    """V and J of Jolicoeur-Martineau, section 4.1."""
    d = [x - y for x, y in zip(real, fake, strict=True)]
    return mean(lambda s: math.log(D(s)), d), -mean(lambda s: math.log(D(-s)), d)


def log_caught(s):
    return math.log(D(-s))


def identity(s):
    return s


FORMULAS = [  # objective, (V, J) of lists of logits
    (tg.Minimax(0.9), lambda r, f: (smoothed(0.9, r, f), mean(log_caught, f))),
    (
        tg.NonSaturating(0.7),
        lambda r, f: (smoothed(0.7, r, f), -mean(lambda s: math.log(D(s)), f)),
    ),
    (
        tg.Wasserstein(),
        lambda r, f: (mean(identity, r) - mean(identity, f), -mean(identity, f)),
    ),
    (  # Miyato et al., eq. 16 and 17
        tg.Hinge(),
        lambda r, f: (
            mean(lambda s: min(0, -1 + s), r) + mean(lambda s: min(0, -1 - s), f),
            -mean(identity, f),
        ),
    ),
    (  # Mao et al., eq. 2: D minimises the sum of squares
        tg.LeastSquares(-1, 0.9, 0.3),
        lambda r, f: (
            -0.5 * mean(lambda s: (s - 0.9) ** 2, r)
            - 0.5 * mean(lambda s: (s + 1) ** 2, f),
            0.5 * mean(lambda s: (s - 0.3) ** 2, f),
        ),
    ),
    (tg.RelativisticAverage(), lambda r, f: average(1, r, f)),
    (
        tg.RelativisticAverage(0.8),
        lambda r, f: (average(0.8, r, f)[0], average(1, r, f)[1]),
    ),
]
logit = st.floats(-12, 12)


@pytest.mark.parametrize(
    "objective, formula", FORMULAS, ids=[repr(o) for o, _ in FORMULAS]
)
@given(st.lists(logit, min_size=1, max_size=6), st.lists(logit, min_size=1, max_size=6))
def test_values_are_those_of_the_papers(objective, formula, real, fake):
    """Batches may differ in size: each mean has its own N."""
    s_real, s_fake = column(real), column(fake)
    V, J = formula(real, fake)
    assert objective.value(s_real, s_fake) == pytest.approx(V, rel=1e-9, abs=1e-12)
    assert objective.g_value(s_fake, s_real) == pytest.approx(J, rel=1e-9, abs=1e-12)


@given(st.lists(st.tuples(logit, logit), min_size=1, max_size=6))
def test_values_of_pairs(pairs):
    real, fake = map(list, zip(*pairs, strict=True))
    s_real, s_fake = column(real), column(fake)
    V, J = pairing(real, fake)
    objective = tg.RelativisticPairing()
    assert objective.value(s_real, s_fake) == pytest.approx(V, rel=1e-9, abs=1e-12)
    assert objective.g_value(s_fake, s_real) == pytest.approx(J, rel=1e-9, abs=1e-12)


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


def test_derivatives_of_critics():
    """Constant, one-sided, or linear in s; here with logits on both sides of +-1."""
    real, fake = [-3.0, 0.5, 1.5, 4.0], [-2.0, -0.5, 0.25, 0.75, 3.0]
    for objective, ds_real, ds_fake, dJ in (
        (tg.Wasserstein(), [1, 1, 1, 1], [-1] * 5, [-1] * 5),
        (tg.Hinge(), [1, 1, 0, 0], [0, -1, -1, -1, -1], [-1] * 5),
        (
            tg.LeastSquares(-1, 1, 0.5),
            [4, 0.5, -0.5, -3],
            [1, -0.5, -1.25, -1.75, -4],
            [-2.5, -1, -0.25, 0.25, 2.5],
        ),
    ):
        s_real, s_fake = column(real), column(fake)
        for d, expected in zip(
            (*objective.d_grads(s_real, s_fake), objective.g_grad(s_fake)),
            (ds_real, ds_fake, dJ),
            strict=True,
        ):
            np.testing.assert_allclose(d, column(expected) / len(d), rtol=1e-15)


@given(st.lists(st.tuples(logit, logit), min_size=1, max_size=6))
def test_derivatives_of_relativistic_objectives(pairs):
    """sigma of what D would say of the pair, and of each sample against the mean."""
    real, fake = map(list, zip(*pairs, strict=True))
    N, s_real, s_fake = len(pairs), column(real), column(fake)
    dr = [D(y - x) / N for x, y in pairs]  # sigma(-d)
    objective = tg.RelativisticPairing()
    ds_real, ds_fake = objective.d_grads(s_real, s_fake)
    np.testing.assert_allclose(ds_real, column(dr), rtol=1e-12)
    np.testing.assert_allclose(ds_fake, -column(dr), rtol=1e-12)
    dJ = column([-D(x - y) / N for x, y in pairs])
    np.testing.assert_allclose(objective.g_grad(s_fake, s_real), dJ, rtol=1e-12)

    r = [x - sum(fake) / N for x in real]
    f = [y - sum(real) / N for y in fake]
    objective = tg.RelativisticAverage()
    ds_real, ds_fake = objective.d_grads(s_real, s_fake)
    dr = [(D(-x) + mean(D, f)) / N for x in r]
    df = [-(D(x) + mean(lambda s: D(-s), r)) / N for x in f]
    dJ = [-(D(-x) + mean(D, r)) / N for x in f]
    np.testing.assert_allclose(ds_real, column(dr), rtol=1e-12)
    np.testing.assert_allclose(ds_fake, column(df), rtol=1e-12)
    np.testing.assert_allclose(objective.g_grad(s_fake, s_real), column(dJ), rtol=1e-12)


@a_third
@given(seeds, st.integers(1, 8))
def test_derivatives_are_certified(seed, batch):
    for objective in EVERY:
        rows = check_objective(objective, batch, seed, effort="quick")
        assert all(row.ok for row in rows), rows
        limits = {row.quantity: row.limit for row in rows}
        assert limits["dV/ds"] == limits["dJ/ds"] == 1e-11


@pytest.mark.parametrize("objective", [o for o in EVERY if o not in PAIRED], ids=repr)
@pytest.mark.parametrize("sizes", [(3, 5), (7, 1), (1, 4)])
def test_derivatives_for_batches_of_different_sizes(objective, sizes):
    _different_sizes(objective, sizes)


@pytest.mark.parametrize("sizes", [(3, 5), (7, 1), (1, 4)])
def test_the_average_may_be_over_batches_of_different_sizes(sizes):
    for objective in PAIRED[:2]:
        _different_sizes(objective, sizes)


def _different_sizes(objective, sizes):
    """dV and dJ with respect to each batch by the complex step."""
    rng = np.random.default_rng(0)
    s_real, s_fake = (rng.normal(0, 2, (n, 1)) for n in sizes)
    ds_real, ds_fake = objective.d_grads(s_real, s_fake)
    for s, d, f in (
        (s_real, ds_real, lambda s: objective.value(s, s_fake)),
        (s_fake, ds_fake, lambda s: objective.value(s_real, s)),
        (
            s_fake,
            objective.g_grad(s_fake, s_real),
            lambda s: objective.g_value(s, s_real),
        ),
    ):
        assert d.shape == s.shape
        for _ in range(3):
            v = rng.standard_normal(s.shape)
            assert relative(complex_step(f, s, v) - (d * v).sum(), d) <= 1e-12


@pytest.mark.parametrize(
    "objective",
    [o for o in EVERY if not isinstance(o, tg.Hinge | tg.LeastSquares)],
    ids=repr,
)
def test_the_players_pull_the_right_way(objective):
    """Up dV the real logits rise and the fake ones fall; down dJ the fake ones rise."""
    s = column(np.random.default_rng(0).normal(0, 0.3, 20))
    ds_real, ds_fake = objective.d_grads(s, s)
    assert (ds_real > 0).all() and (ds_fake < 0).all()
    assert (objective.g_grad(s, s) < 0).all()


def test_hinge_and_least_squares_stop_pulling():
    """Hinge beyond its margin, least squares at its labels, where it turns around."""
    s_real, s_fake = column([0.99, 1.01, 7]), column([-0.99, -1.01, -7])
    ds_real, ds_fake = tg.Hinge().d_grads(s_real, s_fake)
    assert (ds_real > 0).ravel().tolist() == [True, False, False]
    assert (ds_fake < 0).ravel().tolist() == [True, False, False]
    assert not ds_real[1:].any() and not ds_fake[1:].any()
    s_real, s_fake = column([0.9, 1.0, 1.1]), column([-0.1, 0.0, 0.1])
    ds_real, ds_fake = tg.LeastSquares().d_grads(s_real, s_fake)
    assert np.sign(ds_real).ravel().tolist() == [1, 0, -1]
    assert np.sign(ds_fake).ravel().tolist() == [1, 0, -1]
    assert np.sign(tg.LeastSquares().g_grad(s_real)).ravel().tolist() == [-1, 0, 1]


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


@every
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_far_logits_of_all_signs(objective, dtype):
    """Finite at +-1e4 in every combination, and a derivative is never larger than 2/N
    but for least squares, where it grows with the error."""
    far = column([-1e4, -50, 0, 50, 1e4, 1e4, -1e4, 0], dtype)
    near = np.roll(far, 3)
    values = [objective.value(far, near), objective.g_value(near, far)]
    slopes = [*objective.d_grads(far, near), objective.g_grad(near, far)]
    assert all(np.isfinite(v).all() and v.dtype == dtype for v in (*values, *slopes))
    bound = 1.1e4 if isinstance(objective, tg.LeastSquares) else 2
    assert all(np.abs(slope).max() <= bound / 8 for slope in slopes)


@pytest.mark.parametrize("objective", [o for o in EVERY if o not in PAIRED], ids=repr)
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


@every
def test_float32_agrees_with_float64(objective):
    s = column(np.random.default_rng(2).normal(1, 3, 256))
    s = s[np.abs(np.abs(s) - 1) > 1e-6].reshape(-1, 1)  # not at the margins of Hinge
    f, t, g = s.astype("float32"), s[::-1] / 2, (s[::-1] / 2).astype("float32")
    pairs = [
        (objective.value(f, g), objective.value(s, t)),
        (objective.g_value(g, f), objective.g_value(t, s)),
        (objective.g_grad(g, f), objective.g_grad(t, s)),
        *zip(objective.d_grads(f, g), objective.d_grads(s, t), strict=True),
    ]
    for single, exact in pairs:
        assert np.abs(single - exact).max() <= 1e-6 * np.abs(exact).max()


@every
def test_the_mean_does_not_know_the_batch_size(objective):
    """The same logits twice over: values stay, each derivative is halved."""
    s_real, s_fake = np.random.default_rng(3).standard_normal((2, 4, 1))
    twice = [np.concatenate([s, s]) for s in (s_real, s_fake)]
    V = objective.value(s_real, s_fake)
    assert objective.value(*twice) == pytest.approx(V, rel=1e-14)
    for d, d_twice in zip(
        (*objective.d_grads(s_real, s_fake), objective.g_grad(s_fake, s_real)),
        (*objective.d_grads(*twice), objective.g_grad(*twice[::-1])),
        strict=True,
    ):
        np.testing.assert_allclose(d_twice, np.concatenate([d, d]) / 2, rtol=1e-14)


# Label smoothing


@pytest.mark.parametrize("label", [1.0, 0.9, 0.5])
@pytest.mark.parametrize("kind", [tg.Minimax, tg.NonSaturating])
def test_the_best_discriminator_of_smoothed_labels(kind, label):
    """D* = a p/(p + q), where V is flat: one-sided, the label of fake samples is 0.

    p and q are the shares of the real and the fake batch at each of four points.
    """
    real, fake = np.array([1, 2, 3, 4]), np.array([5, 2, 1, 2])
    p, q = real / real.sum(), fake / fake.sum()
    best = label * p / (p + q)
    s = np.log(best / (1 - best))
    s_real, s_fake = column(np.repeat(s, real)), column(np.repeat(s, fake))
    objective = kind(label)
    slopes = [
        np.bincount(np.repeat(np.arange(4), n), d.ravel())
        for n, d in zip((real, fake), objective.d_grads(s_real, s_fake), strict=True)
    ]
    assert np.abs(sum(slopes)).max() <= 1e-16
    assert np.abs(slopes[0]).min() > 0.01
    V = objective.value(s_real, s_fake)
    for i in range(4):
        for step in (-0.01, 0.01):
            t = s + step * (np.arange(4) == i)
            other = column(np.repeat(t, real)), column(np.repeat(t, fake))
            assert objective.value(*other) < V


@pytest.mark.parametrize("label", [0.6, 0.9, 0.99])
def test_a_surely_real_sample_ends_at_the_label(label):
    """dV/ds_real = (a - D)/N: 0 where sigma(s) = a, instead of at infinity."""
    s = column([math.log(label / (1 - label))])
    for kind in (tg.Minimax, tg.NonSaturating):
        assert abs(kind(label).d_grads(s, s)[0][0, 0]) <= 1e-16
        assert kind(label).d_grads(s - 1, s)[0][0, 0] > 0
        assert kind(label).d_grads(s + 1, s)[0][0, 0] < 0
        assert kind().d_grads(s + 20, s)[0][0, 0] > 0


@both
def test_smoothing_is_one_sided_and_leaves_g_alone(objective):
    """Only the real term of V has the label; the fake term and J stay as they were."""
    rng = np.random.default_rng(1)
    s_real, s_fake = rng.standard_normal((2, 6, 1))
    other = type(objective)(0.7)
    assert np.array_equal(
        other.d_grads(s_real, s_fake)[1], objective.d_grads(s_real, s_fake)[1]
    )
    assert other.g_value(s_fake) == objective.g_value(s_fake)
    assert np.array_equal(other.g_grad(s_fake), objective.g_grad(s_fake))


@pytest.mark.parametrize("kind", [tg.Minimax, tg.NonSaturating, tg.RelativisticAverage])
@pytest.mark.parametrize("label", [0.0, -0.1, 1.0001, math.nan, math.inf])
def test_labels_out_of_range(kind, label):
    sentence = f"{kind.__name__} expects a label 0 < real_label <= 1, got {label}"
    with pytest.raises(ValueError, match=sentence):
        kind(label)


def test_the_best_discriminator_of_least_squares():
    """D* = (b p + a q)/(p + q): between the two labels by the shares."""
    real, fake, a, b = np.array([1, 2, 3, 4]), np.array([5, 2, 1, 2]), -0.5, 2.0
    p, q = real / real.sum(), fake / fake.sum()
    s = (b * p + a * q) / (p + q)
    s_real, s_fake = column(np.repeat(s, real)), column(np.repeat(s, fake))
    slopes = [
        np.bincount(np.repeat(np.arange(4), n), d.ravel())
        for n, d in zip(
            (real, fake), tg.LeastSquares(a, b).d_grads(s_real, s_fake), strict=True
        )
    ]
    assert np.abs(sum(slopes)).max() <= 1e-15 and np.abs(slopes[0]).min() > 0.01


# What a constant added to D changes


@pytest.mark.parametrize("objective", [tg.Wasserstein(), *PAIRED], ids=repr)
def test_a_shift_of_all_logits_changes_nothing(objective):
    """Wasserstein's V, and both values of the relativistic games."""
    s_real, s_fake = np.random.default_rng(4).standard_normal((2, 6, 1))
    shifted = s_real + 7.5, s_fake + 7.5
    V = objective.value(s_real, s_fake)
    assert objective.value(*shifted) == pytest.approx(V, rel=1e-13)
    slopes = objective.d_grads(s_real, s_fake)
    for d, d_shifted in zip(slopes, objective.d_grads(*shifted), strict=True):
        np.testing.assert_allclose(d, d_shifted, rtol=1e-13)
    assert abs(sum(d.sum() for d in slopes)) <= 1e-15  # the derivative of a shift
    if objective.paired:
        J = objective.g_value(s_fake, s_real)
        assert objective.g_value(*shifted[::-1]) == pytest.approx(J, rel=1e-13)


@pytest.mark.parametrize("objective", [*BOTH, tg.Hinge(), tg.LeastSquares()], ids=repr)
def test_a_shift_of_all_logits_changes_the_others(objective):
    s_real, s_fake = np.random.default_rng(4).standard_normal((2, 6, 1))
    V = objective.value(s_real, s_fake)
    assert abs(objective.value(s_real + 0.5, s_fake + 0.5) - V) > 1e-3


def test_relativistic_games_are_the_same_from_both_sides():
    """J is -V with the roles exchanged."""
    s_real, s_fake = np.random.default_rng(5).standard_normal((2, 6, 1))
    for objective in (tg.RelativisticAverage(), tg.RelativisticPairing()):
        J = objective.g_value(s_fake, s_real)
        assert -objective.value(s_fake, s_real) == pytest.approx(J, rel=1e-14)
        dJ = objective.g_grad(s_fake, s_real)
        ds_real, _ = objective.d_grads(s_fake, s_real)
        np.testing.assert_allclose(-ds_real, dJ, rtol=1e-14)


def test_at_the_start_a_relativistic_v_is_minus_log_2():
    """Where D cannot tell: -log 2 of a pair, -2 log 2 of two averages."""
    s = column([0.3] * 4)
    V = tg.RelativisticPairing().value(s, s)
    assert pytest.approx(-math.log(2), rel=1e-15) == V
    V = tg.RelativisticAverage().value(s, s)
    assert pytest.approx(-2 * math.log(2), rel=1e-15) == V


# What is missing, and what is shown


@paired
def test_a_paired_objective_needs_the_real_logits(objective):
    sentence = f"{type(objective).__name__} expects s_real as well as s_fake"
    for method in (objective.g_value, objective.g_grad):
        with pytest.raises(ValueError, match=sentence):
            method(column([0.0, 1.0]))
    assert objective.paired
    assert not any(o.paired for o in EVERY if o not in PAIRED)


@paired
def test_a_step_of_g_in_a_paired_game_needs_real_samples(objective):
    G = tg.Net(tg.Dense(2), (3,))
    net, z = tg.Net(tg.Dense(1), (2,)), np.ones((4, 3), "float32")
    theta = G.theta.copy()
    with pytest.raises(ValueError, match="expects s_real as well as s_fake, got None"):
        tg.g_step(G, net, tg.SGD(0.1), objective, z)
    assert np.array_equal(G.theta, theta)


@pytest.mark.parametrize("sizes", [(3, 5), (4, 1), (1, 4)])
def test_pairs_need_batches_of_one_size(sizes):
    """Also where broadcasting would make them fit."""
    s_real, s_fake = (np.zeros((n, 1)) for n in sizes)
    objective = tg.RelativisticPairing()
    for method, s in (
        (objective.value, (s_real, s_fake)),
        (objective.d_grads, (s_real, s_fake)),
        (objective.beliefs, (s_real, s_fake)),
        (objective.g_value, (s_fake, s_real)),
        (objective.g_grad, (s_fake, s_real)),
    ):
        with pytest.raises(tg.ShapeError) as e:
            method(*s)
        sentence = f"as many real logits as fake ones, got {s_real.shape} and "
        assert sentence + str(s_fake.shape) in str(e.value)


def test_beliefs():
    """Probabilities of a discriminator, a critic's scores, of a pair the difference."""
    real, fake = [1.0, 3.0], [-2.0, 0.5]
    s = column(real), column(fake)
    sigma = mean(D, real), mean(D, fake)
    r, f = [x + 0.75 for x in real], [x - 2.0 for x in fake]
    right = (D(3.0) + D(2.5)) / 2
    for objective in EVERY:
        expected = sigma
        if isinstance(objective, Critic):
            expected = 2.0, -0.75
        elif isinstance(objective, tg.RelativisticAverage):
            expected = mean(D, r), mean(D, f)
        elif isinstance(objective, tg.RelativisticPairing):
            expected = right, 1 - right
        beliefs = objective.beliefs(*s)
        assert beliefs == pytest.approx(expected, rel=1e-14), objective
        assert all(b.shape == () for b in beliefs)


def test_repr():
    shown = {repr(o) for o in EVERY}
    assert shown == {
        "Minimax()",
        "Minimax(real_label=0.9)",
        "NonSaturating()",
        "NonSaturating(real_label=0.7)",
        "Wasserstein()",
        "Hinge()",
        "LeastSquares(0, 1, 1)",
        "LeastSquares(-1, 1, 0)",
        "RelativisticAverage()",
        "RelativisticAverage(real_label=0.8)",
        "RelativisticPairing()",
    }
    for name in shown:  # it can be read back
        assert repr(eval(f"tg.{name}", {"tg": tg})) == name
    assert issubclass(tg.RelativisticAverage, Logistic)


# Planted faults, which `tinygan check` finds


class SecondTermForgotten(tg.RelativisticAverage):
    """As if the mean over the other batch were a constant."""

    def d_grads(self, s_real, s_fake):
        r, f = self._relative(s_real, s_fake)
        return tg.sigmoid(-r) / s_real.size, -tg.sigmoid(f) / s_fake.size


class SecondTermOfJForgotten(tg.RelativisticAverage):
    def g_grad(self, s_fake, s_real=None):
        _, f = self._relative(s_real, s_fake)
        return -tg.sigmoid(-f) / s_fake.size


class WrongMargin(tg.Hinge):
    """The sign decides, as of a perceptron, where the margin of 1 should."""

    def d_grads(self, s_real, s_fake):
        ds_real, ds_fake = (s_real < 0) * 1.0, -((s_fake > 0) * 1.0)
        dtype = s_real.dtype
        return (ds_real / 64).astype(dtype), (ds_fake / 64).astype(dtype)


class WrongSide(tg.Hinge):
    def d_grads(self, s_real, s_fake):
        ds_fake, ds_real = super().d_grads(s_fake, s_real)
        return -ds_real, -ds_fake


class Twice(tg.LeastSquares):
    """The derivative of the squares without the 1/2 before them."""

    def d_grads(self, s_real, s_fake):
        return tuple(2 * d for d in super().d_grads(s_real, s_fake))


class TwiceJ(tg.LeastSquares):
    def g_grad(self, s_fake, s_real=None):
        return 2 * super().g_grad(s_fake)


class ForgottenLabel(tg.Minimax):
    def d_grads(self, s_real, s_fake):
        return tg.Minimax().d_grads(s_real, s_fake)


class PairPulledBothWays(tg.RelativisticPairing):
    def d_grads(self, s_real, s_fake):
        ds_real, _ = super().d_grads(s_real, s_fake)
        return ds_real, ds_real


@pytest.mark.parametrize(
    "wrong, quantity",
    [
        (SecondTermForgotten(), "dV/ds"),
        (SecondTermOfJForgotten(), "dJ/ds"),
        (WrongMargin(), "dV/ds"),
        (WrongSide(), "dV/ds"),
        (Twice(), "dV/ds"),
        (TwiceJ(), "dJ/ds"),
        (ForgottenLabel(0.9), "dV/ds"),
        (PairPulledBothWays(), "dV/ds"),
    ],
)
def test_wrong_derivatives_are_caught(wrong, quantity):
    def failed(objective):
        rows = check_objective(objective, batch=64, effort="quick")
        return {row.quantity: row.error for row in rows if not row.ok}

    found = failed(wrong)
    assert found.keys() == {quantity, f"{quantity} finite"}
    assert min(found.values()) > 0.05
    label = (1 - wrong.smoothing,) if isinstance(wrong, Logistic) else ()
    assert not failed(type(wrong).__base__(*label))


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


def test_the_losses_of_classes_do_not_overflow():
    """Logits of 10,000, where e^c is infinite: one class is sure, or another is."""
    c = np.array([[1e4, 0.0, -1e4], [-1e4, 1e4, 0.0]])
    right, wrong = np.array([0, 1]), np.array([2, 0])
    assert auxiliary.cross_entropy(c, right) == 0
    assert auxiliary.cross_entropy(c, wrong) == 2e4
    grad = auxiliary.cross_entropy_grad(c, wrong)
    np.testing.assert_allclose(grad, np.array([[1, 0, -1], [-1, 1, 0]]) / 2)

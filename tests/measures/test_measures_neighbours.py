"""Neighbours, features and the Parzen window, against constructions and loops."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import gaussian_kde
from sklearn import decomposition, neighbors

from tinygan.data import Images, load_digits
from tinygan.measures import (
    PCA,
    Flat,
    feature_space,
    nearest_neighbour_accuracy,
    pairs,
    parzen_log_likelihood,
    precision_recall,
)
from tinygan.measures.classifier import Classifier

seeds = st.integers(0, 2**32 - 1)


def normal(seed, *shape):
    return np.random.default_rng(seed).standard_normal(shape)


def naive_distances(x, y):
    return np.sqrt(((x[:, None] - y) ** 2).sum(axis=-1))


# The 1-NN test


def naive_accuracy(real, fake):
    both = np.concatenate([real, fake])
    kind = np.repeat([0, 1], len(real))
    right = []
    for i, point in enumerate(both):
        D = naive_distances(point[None], both)[0]
        D[i] = math.inf
        near = kind[np.isclose(D, D.min(), rtol=1e-10, atol=1e-12)] == kind[i]
        right.append(1.0 if near.all() else 0.5 if near.any() else 0.0)
    return np.mean(right), np.mean(right[: len(real)]), np.mean(right[len(real) :])


@given(seed=seeds, n=st.integers(2, 12), d=st.integers(1, 3), lattice=st.booleans())
def test_1nn_accuracy_is_that_of_a_loop_ties_by_half(seed, n, d, lattice):
    x, y = normal(seed, n, d), 0.5 + normal(seed + 1, n, d)
    if lattice:  # many points are equal, many distances are
        x, y = np.rint(x), np.rint(y)
    expected = naive_accuracy(x, y)
    assert nearest_neighbour_accuracy(x, y) == pytest.approx(expected, abs=1e-12)
    total, real, fake = nearest_neighbour_accuracy(y, x)
    assert (total, fake, real) == pytest.approx(expected, abs=1e-12)


def test_1nn_accuracy_of_equal_apart_and_copied_sets():
    x, y = normal(0, 2000, 2), normal(1, 2000, 2)
    assert nearest_neighbour_accuracy(x, y).total == pytest.approx(0.5, abs=0.03)
    assert nearest_neighbour_accuracy(x, y + 100) == (1, 1, 1)
    assert nearest_neighbour_accuracy(x, x) == (0, 0, 0)  # memorised
    same = np.ones((9, 2))
    assert nearest_neighbour_accuracy(same, same) == (0.5, 0.5, 0.5)


def test_1nn_accuracy_tells_collapse_from_noise():
    x, rng = normal(0, 500, 2), np.random.default_rng(1)
    few = normal(2, 5, 2)[rng.integers(5, size=500)] + 1e-3 * normal(3, 500, 2)
    collapsed = nearest_neighbour_accuracy(x, few)
    assert collapsed.real > 0.9 and collapsed.fake > 0.99
    wide = nearest_neighbour_accuracy(x, 10 * normal(4, 500, 2))
    assert wide.real > wide.total > wide.fake > 0.5


def test_1nn_accuracy_is_sklearns():
    x, y = normal(0, 80, 3), 0.7 + normal(1, 80, 3)
    both, kind = np.concatenate([x, y]), np.repeat([0, 1], 80)
    nearest = neighbors.NearestNeighbors(n_neighbors=2).fit(both)
    index = nearest.kneighbors(both, return_distance=False)[:, 1]
    right = kind[index] == kind
    expected = right.mean(), right[:80].mean(), right[80:].mean()
    assert nearest_neighbour_accuracy(x, y) == pytest.approx(expected)


# Precision and recall


def naive_precision_recall(real, fake, k):
    def share(points, centres):
        own = np.sort(naive_distances(centres, centres), axis=1)[:, k]
        return np.mean((naive_distances(points, centres) <= own).any(axis=1))

    return share(fake, real), share(real, fake)


@given(seed=seeds, n=st.integers(4, 12), m=st.integers(4, 12), k=st.integers(1, 3))
def test_precision_and_recall_are_those_of_a_loop(seed, n, m, k):
    x, y = normal(seed, n, 2), 1 + normal(seed + 1, m, 2)
    expected = naive_precision_recall(x, y, k)
    assert precision_recall(x, y, k) == pytest.approx(expected, abs=1e-12)
    assert precision_recall(y, x, k) == pytest.approx(expected[::-1], abs=1e-12)


def test_precision_and_recall_of_known_constructions():
    rng = np.random.default_rng(0)
    x, y = rng.random((1500, 2)), rng.random((1500, 2))
    precision, recall = precision_recall(x, y)
    assert precision > 0.9 and recall > 0.9
    part = 0.3 + 0.2 * rng.random((1500, 2))  # a 25th of the square, and inside
    precision, recall = precision_recall(x, part)
    assert precision == pytest.approx(1, abs=0.03)
    assert recall == pytest.approx(0.04, abs=0.02)
    around = np.concatenate([y[:750], 5 + y[750:]])  # half of them are far away
    precision, recall = precision_recall(x, around)
    assert precision == pytest.approx(0.5, abs=0.05) and recall > 0.85
    assert precision_recall(x, y + 100) == (0, 0)
    assert precision_recall(x, x) == (1, 1)


def test_precision_and_recall_by_hand():
    x = np.array([[0.0], [1.0], [2.0], [10.0]])  # radii for k = 1: 1, 1, 1, 8
    y = np.array([[3.0], [1.9], [2.1], [-1.1]])  # radii: 0.9, 0.2, 0.2, 3
    assert precision_recall(x, y, k=1) == (0.75, 0.75)
    assert precision_recall(x[:3], x[:3] + 1, k=1) == (1, 1)  # a border belongs to it


def test_one_point_repeated_is_precise_and_recalls_nothing():
    x = normal(0, 50, 2)
    assert precision_recall(x, np.tile(x[7], (50, 1))) == (1, 1 / 50)
    assert precision_recall(np.tile(x[7], (50, 1)), x) == (1 / 50, 1)


# Of both


@pytest.mark.parametrize("measure", [nearest_neighbour_accuracy, precision_recall])
def test_neighbours_ignore_order_blocks_place_and_unit(measure, monkeypatch):
    x, y = normal(0, 60, 3), 0.3 + normal(1, 60, 3)
    found, rng = measure(x, y), np.random.default_rng(0)
    for _ in range(3):
        assert measure(rng.permutation(x), rng.permutation(y)) == found
    assert measure(1e-3 * x + 1e3, 1e-3 * y + 1e3) == found
    images = x.reshape(60, 1, 3, 1), y.reshape(60, 1, 3, 1)
    assert measure(*images) == found
    monkeypatch.setattr(pairs, "CELLS", 130)
    assert measure(x, y) == found


@pytest.mark.parametrize("measure", [nearest_neighbour_accuracy, precision_recall])
def test_neighbours_refuse_bad_samples(measure):
    x = normal(0, 9, 2)
    for a, b, words in (
        (x[:0], x, r"real: .*got \(0, 2\)"),
        (x, x[:1], r"fake: .*got \(1, 2\)"),
        (x, normal(1, 9, 3), r"\(2,\) in real and \(3,\) in fake"),
        (x, x * np.nan, "fake: expected finite"),
    ):
        with pytest.raises(ValueError, match=words):
            measure(a, b)


def test_neighbours_have_to_be_enough():
    x = normal(0, 9, 2)
    with pytest.raises(ValueError, match="as many fake as real samples, got 8 and 9"):
        nearest_neighbour_accuracy(x, x[:8])
    with pytest.raises(ValueError, match="at least 4 samples"):
        precision_recall(x, x[:3])
    with pytest.raises(ValueError, match="k >= 1"):
        precision_recall(x, x, 0)


# The Parzen window


def test_parzen_of_one_point_by_hand():
    """log N(1; 0, s^2) + log N(2; 0, s^2): the test point is (1, 2), the sample 0."""
    zero = np.zeros((1, 2))
    mean, error, sigma = parzen_log_likelihood(zero, [[1.0, 2.0]], zero, 0.5)
    by_hand = -(1 + 4) / (2 * 0.25) - math.log(2 * math.pi * 0.25)
    assert (mean, error, sigma) == (pytest.approx(by_hand, rel=1e-14), 0, 0.5)


@given(seed=seeds, S=st.integers(1, 6), T=st.integers(1, 6), d=st.integers(1, 4))
def test_parzen_is_that_of_a_loop(seed, S, T, d):
    s, x, v = normal(seed, S, d), normal(seed + 1, T, d), normal(seed + 2, 3, d)
    sigmas = [0.4, 1.0, 2.0]

    def log_p(point, sigma):
        scale = (2 * math.pi * sigma**2) ** (-d / 2)
        windows = np.exp(-((point - s) ** 2).sum(axis=1) / (2 * sigma**2))
        return math.log(scale * windows.mean())

    means = [np.mean([log_p(point, sigma) for point in v]) for sigma in sigmas]
    best = sigmas[int(np.argmax(means))]
    values = [log_p(point, best) for point in x]
    found = parzen_log_likelihood(s, x, v, sigmas)
    assert found.sigma == best
    assert found.mean == pytest.approx(np.mean(values), rel=1e-12, abs=1e-12)
    assert found.error == pytest.approx(np.std(values) / math.sqrt(T), abs=1e-12)


def test_parzen_of_a_gaussian_approaches_its_entropy():
    s, x, v = normal(0, 4000, 1), normal(1, 4000, 1), normal(2, 1000, 1)
    found = parzen_log_likelihood(s, x, v)
    assert found.mean == pytest.approx(-0.5 * math.log(2 * math.pi * math.e), abs=0.03)
    assert 0.1 <= found.sigma < 0.5
    kde = gaussian_kde(s.T, bw_method=found.sigma / s.std(ddof=1))
    assert found.mean == pytest.approx(kde.logpdf(x.T).mean(), rel=1e-10)


def test_parzen_is_sklearns_kernel_density():
    s, x = normal(0, 40, 5), normal(1, 30, 5)
    found = parzen_log_likelihood(s, x, x, 0.7)
    kde = neighbors.KernelDensity(bandwidth=0.7).fit(s)
    assert found.mean == pytest.approx(kde.score_samples(x).mean(), rel=1e-6)


def test_parzen_in_many_dimensions_does_not_underflow():
    s, x = normal(0, 20, 28, 28), 1 + normal(1, 10, 28, 28)
    found = parzen_log_likelihood(s, x, x)
    assert math.isfinite(found.mean) and found.sigma == 1.0


def test_parzen_ignores_order_and_blocks(monkeypatch):
    s, x, v = normal(0, 40, 3), normal(1, 30, 3), normal(2, 20, 3)
    found = parzen_log_likelihood(s, x, v)
    rng = np.random.default_rng(0)
    shuffled = parzen_log_likelihood(*(rng.permutation(a) for a in (s, x, v)))
    assert shuffled == pytest.approx(found, rel=1e-12)
    monkeypatch.setattr(pairs, "CELLS", 130)
    assert parzen_log_likelihood(s, x, v) == pytest.approx(found, rel=1e-12)


def test_parzen_refuses():
    x = normal(0, 5, 2)
    for a, b, c, words in (
        (x[:0], x, x, "samples: "),
        (x, normal(0, 5, 3), x, "in test and"),
        (x, x, normal(0, 5, 3), "in validation and"),
        (x, x * np.inf, x, "test: expected finite"),
    ):
        with pytest.raises(ValueError, match=words):
            parzen_log_likelihood(a, b, c)
    for sigmas in (0, [], [0.1, -1]):
        with pytest.raises(ValueError, match="sigmas"):
            parzen_log_likelihood(x, x, x, sigmas)


# Features


def test_pca_of_a_plane_in_space_keeps_its_distances():
    basis = np.linalg.qr(normal(0, 6, 2))[0]
    real, new = (5 + normal(s, 30, 2) @ basis.T for s in (1, 2))
    pca = PCA(real, components=2)
    y = pca.features(new)
    assert y.shape == (30, 3)
    np.testing.assert_allclose(naive_distances(y, y), naive_distances(new, new))
    np.testing.assert_allclose(y[:, 2], 0, atol=1e-13)
    off = normal(3, 2, 6)
    off -= off @ basis @ basis.T  # at right angles to the plane
    away = pca.features(new[:2] + off)[:, 2]
    np.testing.assert_allclose(away, np.linalg.norm(off, axis=1))


def test_pca_is_sklearns():
    real, new = normal(0, 50, 4, 5) * np.arange(1, 6), normal(1, 20, 4, 5)
    y = PCA(real, components=7).features(new)
    ours = np.abs(y[:, :7])  # but for the signs
    theirs = decomposition.PCA(7, svd_solver="full").fit(real.reshape(50, 20))
    np.testing.assert_allclose(ours, np.abs(theirs.transform(new.reshape(20, 20))))
    whole = ((new - real.mean(axis=0)) ** 2).sum(axis=(1, 2))
    np.testing.assert_allclose((y**2).sum(axis=1), whole)


@pytest.mark.parametrize("n, d, k", [(5, 20, 4), (50, 3, 3), (100, 90, 64)])
def test_pca_has_as_many_components_as_there_can_be(n, d, k):
    x = normal(0, n, d)
    before = x.copy()
    assert PCA(x).features(x).shape == (n, k + 1)
    assert PCA(x, components=1).features(x).shape == (n, 2)
    assert (x == before).all()


def test_points_are_their_own_features():
    x = normal(0, 4, 2, 3)
    np.testing.assert_array_equal(Flat().features(x), x.reshape(4, 6))


def test_the_feature_space_fits_the_images(monkeypatch):
    monkeypatch.setattr("tinygan.measures.features.STEPS", 800)
    digits = load_digits()
    x = digits.scaled(digits.pixels[:30])
    plain = feature_space(Images(digits.pixels, 0, 16))
    assert isinstance(plain, PCA) and plain.features(x).shape == (30, 64 + 1)
    few = Images(digits.pixels[:640], 0, 16, digits.labels[:640])
    labelled = feature_space(few)
    assert isinstance(labelled, Classifier) and labelled.features(x).shape == (30, 128)
    rest = Images(digits.pixels[640:], 0, 16, digits.labels[640:])
    assert labelled.accuracy(rest) > 0.9


def test_features_refuse():
    x = normal(0, 5, 2)
    with pytest.raises(ValueError, match="at least 2 samples"):
        PCA(x[:1])
    with pytest.raises(ValueError, match="components"):
        PCA(x, 0)
    with pytest.raises(ValueError, match=r"expected samples \(2,\), got \(3,\)"):
        PCA(x).features(normal(0, 5, 3))
    with pytest.raises(ValueError, match="finite"):
        Flat().features(x * np.nan)

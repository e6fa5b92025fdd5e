"""Judges of samples, judged: modes counted, a classifier that knows its digits."""

import math
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chi2

from tinygan.data import GaussianMixture, Images, grid, load_digits, mixture_1d, ring
from tinygan.errors import DataError
from tinygan.measures import (
    cheap_measures,
    distinct_samples,
    kl_divergence,
    mode_coverage,
    pairs,
    reverse_kl,
    sliced_wasserstein,
    within,
)
from tinygan.measures.classifier import Classifier, cross_entropy_grad, softmax
from tinygan.optim import Adam

WITHIN_3 = 1 - math.exp(-9 / 2)  # of a Gaussian in the plane: 98.89 %

planes = pytest.mark.parametrize("p", [ring(), grid()], ids=["ring", "grid"])


# Modes


@planes
def test_exact_samples_cover_every_mode(p):
    n = 50_000
    modes, quality = mode_coverage(p.sample(n, np.random.default_rng(0)), p)
    assert modes == len(p.means)
    tolerance = 5 * math.sqrt(WITHIN_3 * (1 - WITHIN_3) / n)
    assert quality == pytest.approx(WITHIN_3, abs=tolerance)
    assert pytest.approx(0.9889, abs=1e-4) == WITHIN_3


def test_on_a_line_three_standard_deviations_hold_99_73_per_cent():
    p = mixture_1d()
    modes, quality = mode_coverage(p.sample(50_000, np.random.default_rng(0)), p)
    assert modes == 2
    assert quality == pytest.approx(math.erf(3 / math.sqrt(2)), abs=2e-3)


@planes
def test_collapsed_and_far_samples(p):
    one = np.tile(p.means[3], (100, 1)).astype(np.float32)
    assert mode_coverage(one, p) == (1, 1.0)
    assert mode_coverage(one + 1000, p) == (0, 0.0)
    assert mode_coverage(one + 4 * p.std[0], p) == (0, 0.0)
    with pytest.raises(ValueError, match="expected finite samples"):
        mode_coverage(np.full((5, 2), np.nan), p)
    three = np.concatenate([one[:50], p.means[:2], one[:48] + 1000])
    assert mode_coverage(three, p) == (3, 0.52)


def test_the_border_is_at_three_standard_deviations_of_the_nearest_mode():
    p = GaussianMixture([[0.0, 0.0], [10.0, 0.0]], [0.1, 1.0])
    for mean, std in zip(p.means, p.std, strict=True):
        for angle in np.linspace(0, 2 * math.pi, 9):
            direction = np.array([math.cos(angle), math.sin(angle)])
            inside, outside = mean + np.outer([2.999, 3.001], std * direction)
            assert mode_coverage(inside[None], p) == (1, 1.0)
            assert mode_coverage(outside[None], p) == (0, 0.0)


def test_a_sample_on_the_border_is_good():
    """For all measures of modes: at 3 standard deviations, in whole numbers."""
    p = GaussianMixture([[0.0], [16.0]], [1.0, 2.0])
    x = np.array([[3.0], [-3.0], [10.0], [22.0]])
    assert mode_coverage(x, p) == (2, 1.0)
    assert reverse_kl(x, p) == 0
    assert reverse_kl(x[:3], p) == pytest.approx(kl_divergence([2, 1], [1, 1]))


def test_a_mode_is_covered_only_by_a_sample_of_high_quality():
    p = ring()
    near = p.means + 5 * p.std[0]  # nearest to all 8, and good for none
    assert mode_coverage(np.concatenate([near, p.means[:2]]), p) == (2, 0.2)


def test_a_sample_belongs_to_the_mode_that_is_fewest_standard_deviations_away():
    p = GaussianMixture([[0.0, 0.0], [2.0, 0.0]], [0.1, 1.0])
    x = np.tile([0.8, 0.0], (5, 1))  # nearer to the narrow mode, 8 of whose std away
    assert mode_coverage(x, p) == (1, 1.0)
    assert reverse_kl(x, p) == pytest.approx(math.log(2))
    assert mode_coverage(np.concatenate([x, p.means[:1]]), p) == (2, 1.0)


counts_of_modes = st.lists(st.integers(0, 20), min_size=8, max_size=8)


@given(counts=counts_of_modes, bad=st.integers(0, 9), seed=st.integers(0, 99))
def test_reverse_kl_of_known_counts(counts, bad, seed):
    p = ring()
    if not sum(counts):
        counts[3] = 1
    rng = np.random.default_rng(seed)
    x = np.concatenate([np.repeat(p.means, counts, axis=0), np.full((bad, 2), 0.3)])
    shares = [c / sum(counts) for c in counts if c]
    expected = sum(q * math.log(8 * q) for q in shares)
    assert reverse_kl(rng.permutation(x), p) == pytest.approx(expected, abs=1e-12)


def test_reverse_kl_against_uneven_weights():
    p = GaussianMixture(np.eye(3), 0.01, [1, 2, 5])
    exact = np.repeat(p.means, [1, 2, 5], axis=0)
    assert reverse_kl(exact, p) == pytest.approx(0, abs=1e-15)
    for k, w in enumerate((1 / 8, 1 / 4, 5 / 8)):  # collapsed onto one mode
        assert reverse_kl(p.means[[k, k]], p) == pytest.approx(-math.log(w))
    far = np.full((4, 3), [9.0, 0, 0])
    for nothing in (far, far * 1e300):
        assert mode_coverage(nothing, p) == (0, 0.0)
        assert reverse_kl(nothing, p) == pytest.approx(math.log(8))
    for wrong in (far + np.nan, far - np.inf):
        with pytest.raises(ValueError, match="expected finite samples"):
            reverse_kl(wrong, p)


def test_reverse_kl_of_exact_samples_is_the_bias_of_the_counts():
    p, n = grid(), 2500
    found = [
        reverse_kl(p.sample(n, np.random.default_rng(seed)), p) for seed in range(200)
    ]
    assert np.mean(found) == pytest.approx(24 / (2 * n), rel=0.1)


@pytest.mark.parametrize("d", range(1, 12))
def test_within_is_the_chi_square_distribution(d):
    for r in (0.0, 0.3, 1.0, 3.0, 6.0):
        assert within(r, d) == pytest.approx(chi2.cdf(r**2, d), abs=1e-14)


def test_within_of_one_and_two_dimensions():
    assert within(3, 2) == pytest.approx(WITHIN_3, abs=1e-15)
    assert within(3, 1) == pytest.approx(math.erf(3 / math.sqrt(2)), abs=1e-15)
    for r, d in ((-1, 2), (math.nan, 2), (3, 0)):
        with pytest.raises(ValueError, match="within expects"):
            within(r, d)


def test_kl_divergence_by_hand_and_of_nonsense():
    assert kl_divergence([1, 1], [1, 3]) == pytest.approx(math.log(4 / 3) / 2)
    assert kl_divergence([0, 5], [2, 2]) == pytest.approx(math.log(2))
    assert kl_divergence([3, 0], [7, 0]) == 0
    assert kl_divergence([1, 1], [1, 0]) == math.inf
    for p, q, word in (
        ([1, 2], [1, 2, 3], r"\(2,\), \(3,\)"),
        ([[1]], [[1]], r"\(1, 1\)"),
        ([0, 0], [1, 1], "p: expected"),
        ([1, 1], [1, -1], "q: expected"),
        ([1, math.nan], [1, 1], "p: expected"),
    ):
        with pytest.raises(ValueError, match=word):
            kl_divergence(p, q)


@pytest.mark.parametrize("measure", [mode_coverage, reverse_kl])
def test_modes_take_points_of_the_mixtures_dimension(measure):
    for shape in ((0, 2), (5, 3), (5,), (5, 2, 1)):
        with pytest.raises(ValueError, match=r"expected \(N, 2\)"):
            measure(np.zeros(shape), ring())


@planes
def test_modes_do_not_depend_on_the_blocks_or_the_order(p, monkeypatch):
    rng = np.random.default_rng(0)
    x = p.sample(500, rng)
    whole = mode_coverage(x, p), reverse_kl(x, p)
    monkeypatch.setattr(pairs, "CELLS", 7 * len(p.means) * 2)
    assert (mode_coverage(x, p), reverse_kl(x, p)) == whole
    x = rng.permutation(x)
    assert (mode_coverage(x, p), reverse_kl(x, p)) == whole


# How many samples are distinct


def test_repeated_samples_count_once():
    rng = np.random.default_rng(0)
    real = rng.standard_normal((256, 100))  # all about as far apart
    assert distinct_samples(real, real) == (256, 256)
    for K in (1, 4, 16, 256):
        x = real[np.arange(256) % K] + 1e-3 * rng.standard_normal((256, 100))
        assert distinct_samples(x, real) == pytest.approx((K, 256))


def test_the_number_of_distinct_samples_against_its_definition():
    rng = np.random.default_rng(1)
    x, real = rng.standard_normal((300, 2)), 2 * ring().sample(200, rng)
    a, b = x[:200], real[:200]  # as many of both
    D = [np.linalg.norm(c[:, None] - c, axis=-1) for c in (a, b)]
    r = np.median([D[1][i, j] for i in range(200) for j in range(i)]) / 4
    wanted = [200**2 / sum(d <= r for row in m for d in row) for m in D]
    assert distinct_samples(x, real) == pytest.approx(tuple(wanted))


def test_the_ring_has_eight_distinct_points_and_few_samples_are_refused():
    real = ring(std=1e-3).sample(5000, np.random.default_rng(0))
    _, top = distinct_samples(real, real)
    assert top == pytest.approx(8, rel=0.1)
    same = np.ones((10, 2))
    assert distinct_samples(same, same) == (1, 1)
    with pytest.raises(ValueError, match="at least 2 samples"):
        distinct_samples(same[:1], same)


# What a training log carries


def test_cheap_measures_of_a_mixture_and_of_anything_else():
    p, rng = ring(), np.random.default_rng(0)
    x, real = p.sample(300, rng), p.sample(200, rng).astype(np.float32)
    found = cheap_measures(x, real, p)
    any_data = ["sliced_wasserstein", "distinct", "distinct_real"]
    assert list(found) == ["modes", "high_quality", "reverse_kl", *any_data]
    assert (found["modes"], found["high_quality"]) == mode_coverage(x, p)
    assert found["reverse_kl"] == reverse_kl(x, p)
    assert found["sliced_wasserstein"] == sliced_wasserstein(x, real, 16)
    assert {type(v) for v in found.values()} == {float}
    images = rng.uniform(-1, 1, (20, 8, 8, 1)).astype(np.float32)
    assert list(cheap_measures(images, -images, load_digits())) == any_data
    assert (found["distinct"], found["distinct_real"]) == distinct_samples(x, real)
    assert all(map(math.isfinite, cheap_measures(x + 9, real, p).values()))


def test_cheap_measures_are_cheap():
    """In time of the processor: what else the machine does is not counted."""
    p, rng = grid(), np.random.default_rng(0)
    x, real = p.sample(2500, rng), p.sample(2500, rng)
    begun = [time.process_time()]
    for _ in range(10):
        cheap_measures(x, real, p)
        begun.append(time.process_time())
    assert np.diff(begun).min() < 0.02


# The classifier

logits = st.integers(0, 2**32 - 1).map(
    lambda seed: 3 * np.random.default_rng(seed).standard_normal((5, 4))
)


@settings(deadline=None)
@given(s=logits, shift=st.floats(-500, 500))
def test_softmax_is_a_distribution_and_ignores_a_shift(s, shift):
    p = softmax(s)
    assert (p > 0).all()
    np.testing.assert_allclose(p.sum(axis=1), 1, rtol=1e-14)
    np.testing.assert_allclose(softmax(s + shift), p, rtol=1e-11)
    np.testing.assert_allclose(np.log(p[:, 1] / p[:, 0]), s[:, 1] - s[:, 0], atol=1e-12)


def test_softmax_of_extreme_logits_stays_finite():
    s = np.array([[1e4, 0, -1e4], [-1e30, -1e30, -1e30]], np.float32)
    p = softmax(s)
    assert p.dtype == np.float32
    np.testing.assert_allclose(p, [[1, 0, 0], [1 / 3, 1 / 3, 1 / 3]], rtol=1e-6)


def cross_entropy(s, labels):
    """L = -mean_n log p_n[label_n], analytic in s."""
    top = s.real.max(axis=1, keepdims=True)
    log_sum = top[:, 0] + np.log(np.exp(s - top).sum(axis=1))
    return (log_sum - s[np.arange(len(s)), labels]).mean()


@settings(deadline=None)
@given(s=logits, seed=st.integers(0, 2**32 - 1))
def test_cross_entropy_grad_against_the_complex_step(s, seed):
    labels = np.random.default_rng(seed).integers(0, 4, 5)
    h = 1e-200
    exact = np.zeros_like(s)
    for index in np.ndindex(s.shape):
        step = np.zeros(s.shape, complex)
        step[index] = 1j * h
        exact[index] = cross_entropy(s + step, labels).imag / h
    ds = cross_entropy_grad(s, labels)
    assert np.linalg.norm(ds - exact) <= 1e-12 * np.linalg.norm(exact)
    assert ds.dtype == s.dtype
    assert cross_entropy_grad(s.astype(np.float32), labels).dtype == np.float32


def split():
    """The digits in two: five sixths to learn from, every sixth held out."""
    digits = load_digits()
    held_out = np.arange(len(digits)) % 6 == 5
    return (
        Images(digits.pixels[part], 0, 16, digits.labels[part])
        for part in (~held_out, held_out)
    )


@pytest.fixture(scope="module")
def judged():
    seen, unseen = split()
    return Classifier(seen, epochs=40), unseen


def test_the_classifier_knows_digits_that_it_has_not_seen(judged):
    classifier, unseen = judged
    assert len(unseen) == 299
    assert classifier.accuracy(unseen) > 0.95


def test_its_probabilities_are_distributions_whatever_the_chunk(judged):
    classifier, unseen = judged
    x = unseen.scaled(unseen.pixels)
    p = classifier.probabilities(x)
    assert p.shape == (299, 10) and p.min() >= 0
    np.testing.assert_allclose(p.sum(axis=1), 1, rtol=1e-5)
    np.testing.assert_allclose(classifier.probabilities(x, chunk=7), p, atol=1e-5)
    assert (p.argmax(axis=1) == unseen.labels).mean() == classifier.accuracy(unseen)
    assert p.max(axis=1).mean() > 0.9


def test_its_features_are_the_directions_of_its_hidden_layer(judged):
    classifier, unseen = judged
    x = unseen.scaled(unseen.pixels)
    h = classifier.features(x)
    assert (h.shape, h.dtype) == ((299, 128), np.float64)
    np.testing.assert_allclose((h**2).sum(axis=1), 1, rtol=1e-12)
    np.testing.assert_allclose(classifier.features(x, chunk=7), h, atol=1e-5)
    near = ((h[:, None] - h) ** 2).sum(axis=-1) + 9 * np.eye(299)
    same = unseen.labels[near.argmin(axis=1)] == unseen.labels
    assert same.mean() > 0.9
    last = classifier.net.tree.layers[-1]
    s, _ = classifier.net.forward(x, train=False)
    along = h @ last.W  # s = |h| along + b
    length = ((s - last.b) * along).sum(axis=1) / (along**2).sum(axis=1)
    assert (length > 0).all()
    np.testing.assert_allclose(length[:, None] * along + last.b, s, atol=1e-3)


def test_it_is_less_sure_of_noise(judged):
    classifier, unseen = judged
    rng = np.random.default_rng(0)
    noise = rng.uniform(-1, 1, (299, 8, 8, 1))
    real = classifier.probabilities(unseen.scaled(unseen.pixels))
    assert classifier.probabilities(noise).max(axis=1).mean() < real.max(axis=1).mean()


def test_it_learns_the_labels_it_is_given():
    seen, unseen = split()
    wrong = np.random.default_rng(0).permutation(seen.labels)
    fooled = Classifier(Images(seen.pixels, 0, 16, wrong), epochs=2)
    assert fooled.accuracy(unseen) < 0.3
    twice = [Classifier(seen, epochs=1, seed=s).net.theta for s in (1, 1, 2)]
    assert (twice[0] == twice[1]).all() and (twice[0] != twice[2]).any()


def test_it_takes_a_step_even_of_few_images(monkeypatch):
    """As many steps as there are batches in the images, `epochs` times over."""
    steps = []
    monkeypatch.setattr(Adam, "descend", lambda self, theta, g: steps.append(self.lr))
    digits = load_digits()
    few = Images(digits.pixels[:10], 0, 16, digits.labels[:10])
    Classifier(few, epochs=1, batch=64, lr=0.1)
    assert steps == [0.1]
    steps.clear()
    Classifier(few, epochs=2, batch=5, lr=0.1)
    assert steps == pytest.approx([0.1, 0.075, 0.05, 0.025])


def test_without_labels_there_is_nothing_to_learn():
    digits = load_digits()
    with pytest.raises(DataError, match="labels"):
        Classifier(Images(digits.pixels, 0, 16))

"""Judges of samples, judged: modes counted, a classifier that knows its digits."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tinygan.classifier import Classifier, cross_entropy_grad, softmax
from tinygan.data import GaussianMixture, Images, grid, load_digits, mixture_1d, ring
from tinygan.errors import DataError
from tinygan.metrics import mode_coverage

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
    assert mode_coverage(np.full((5, 2), np.nan), p) == (0, 0.0)
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


def test_a_mode_is_covered_only_by_a_sample_of_high_quality():
    p = ring()
    near = p.means + 5 * p.std[0]  # nearest to all 8, and good for none
    assert mode_coverage(np.concatenate([near, p.means[:2]]), p) == (2, 0.2)


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


def test_without_labels_there_is_nothing_to_learn():
    digits = load_digits()
    with pytest.raises(DataError, match="labels"):
        Classifier(Images(digits.pixels, 0, 16))

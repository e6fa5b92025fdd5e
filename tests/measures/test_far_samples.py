"""Measures keep their digits when one sample, or half of them, lies far away.

The judges take the differences of all pairs at once, which never cancel.
"""

import math
import tracemalloc

import numpy as np
import pytest
from scipy.special import logsumexp
from scipy.stats import chi2

from tinygan.measures import (
    median_distance,
    mmd2,
    nearest_neighbour_accuracy,
    pairs,
    parzen_log_likelihood,
    precision_recall,
    within,
)
from tinygan.measures.pairs import squared_distances

FAR = (1e3, 1e7, 1e9, 1e10, 1e12)


def sets(R: float, d: int = 2):
    """400 real and 400 fake points of N(0, I), the first fake one at R."""
    real, fake = np.random.default_rng(0).standard_normal((2, 400, d))
    fake[0] = R
    return real, fake


def by_differences(x, y):
    return ((x[:, None] - y) ** 2).sum(axis=2)


def mmd2_by_differences(x, y, s):
    def off_diagonal(x):
        k = np.exp(by_differences(x, x) / (-2 * s**2))
        return (k.sum() - len(x)) / (len(x) * (len(x) - 1))

    between = np.exp(by_differences(x, y) / (-2 * s**2)).mean()
    return off_diagonal(x) + off_diagonal(y) - 2 * between


@pytest.mark.parametrize("R", FAR)
def test_mmd2_with_a_far_sample(R):
    real, fake = sets(R)
    expected = mmd2_by_differences(real, fake, 1.0)
    assert mmd2(real, fake, [1.0]) == pytest.approx(expected, abs=1e-11)
    assert mmd2(fake, real, [1.0]) == pytest.approx(expected, abs=1e-11)
    usual = mmd2(real, sets(1e3)[1])  # the median distance does not see how far it is
    assert mmd2(real, fake) == pytest.approx(usual, abs=1e-11)


@pytest.mark.parametrize("R", FAR)
def test_parzen_with_a_far_sample(R):
    real, fake = sets(R)
    log_p = logsumexp(by_differences(real, fake) / -0.08, axis=1)
    expected = log_p.mean() - math.log(400) - math.log(2 * math.pi * 0.04)
    found = parzen_log_likelihood(fake, real, real, [0.2]).mean
    assert found == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("R", FAR[:3])  # further away all points are equally near to it
def test_neighbours_with_a_far_sample(R):
    real, fake = sets(R)
    both, kind = np.concatenate([real, fake]), np.repeat([0, 1], 400)
    D = by_differences(both, both)
    np.fill_diagonal(D, np.inf)
    right = kind[D.argmin(axis=1)] == kind
    found = nearest_neighbour_accuracy(real, fake).total
    assert found == pytest.approx(right.mean(), abs=1e-15)

    def covered(points, centres):
        own = by_differences(centres, centres)
        radii = np.sort(own, axis=1)[:, 3]  # after the point itself, the third
        return (by_differences(points, centres) <= radii).any(axis=1).mean()

    expected = covered(fake, real), covered(real, fake)
    assert precision_recall(real, fake) == pytest.approx(expected, abs=1e-15)


@pytest.mark.parametrize("R", FAR)
@pytest.mark.parametrize("d", [1, 2, 30])
def test_distances_of_two_clusters_far_apart(R, d):
    """No centre suits both; the tenth that stands twice is at distance 0."""
    x = np.random.default_rng(1).standard_normal((60, d))
    x[30:] += R
    x[40:43] = x[50:53]
    expected = by_differences(x, x)
    D = np.concatenate(list(squared_distances(x, x)))
    np.testing.assert_allclose(D, expected, rtol=2e-9)
    np.fill_diagonal(expected, np.inf)
    own = np.concatenate(list(squared_distances(x)))
    np.testing.assert_allclose(own, expected, rtol=2e-9)
    assert (own[range(40, 43), range(50, 53)] == 0).all()


def test_differences_are_taken_in_blocks(monkeypatch):
    """All pairs are chosen here: 90,000 differences of 64 numbers would be 46 MB."""
    x = np.repeat(np.random.default_rng(2).standard_normal((2, 64)), 150, axis=0)
    x[150:] += 1e8
    monkeypatch.setattr(pairs, "CELLS", 1 << 14)
    tracemalloc.start()
    try:
        blocks = [D.max(where=np.isfinite(D), initial=0) for D in squared_distances(x)]
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert max(blocks) == pytest.approx(64 * 1e16, rel=1e-6)
    assert most < 3e6


def test_the_median_distance_is_the_median_of_distances():
    """Of six pairs it is the mean of the middle two, not the root of their squares'
    mean. Between 0, 1, 2 and 10 the distances are 1, 1, 2, 8, 9 and 10.
    """
    assert median_distance([[0.0], [1], [2], [10]]) == 5


def test_within_is_right_where_it_is_small():
    assert within(0.5, 30) == pytest.approx(1.93316285316e-26, rel=1e-11)
    for d in (*range(1, 31), 299, 300):
        for r in (1e-3, 0.3, 0.5, 1.0, 3.0, 0.999 * d**0.5, d**0.5, 1.001 * d**0.5, 40):
            expected = chi2.cdf(r**2, d)
            found = within(r, d)
            assert 0 <= found <= 1
            if expected > 1e-290:  # below it scipy loses digits
                assert found == pytest.approx(expected, rel=1e-11), (r, d)
        assert within(0.0, d) == 0
    assert within(1e-9, 300) == 0  # too small for a number


def test_within_of_a_large_radius_does_not_overflow():
    assert within(100.0, 300) == within(1e9, 299) == 1

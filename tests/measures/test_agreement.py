"""Agreement and variety, by hand: a judge that reads the class from the first pixel."""

import types

import numpy as np
import pytest

from tinygan.measures.agreement import agreement, variety

K = 3
JUDGE = types.SimpleNamespace(
    net=types.SimpleNamespace(out_shape=(K,)),
    probabilities=lambda x: np.eye(K)[x[:, 0, 0, 0].astype(int)],
)


def pictures(classes):
    x = np.zeros((len(classes), 2, 2, 1))
    x[:, 0, 0, 0] = classes
    return x


def test_agreement_is_a_share_of_those_that_were_asked_for():
    """Class 2 is never asked for, so it has no share."""
    asked, shown = np.array([0, 0, 0, 0, 1, 1]), [0, 0, 0, 2, 1, 0]
    labels, real = np.array([0, 1, 1, 2]), [0, 1, 2, 2]
    found = agreement(JUDGE, pictures(shown), asked, pictures(real), labels)
    assert (found.samples, found.real) == (pytest.approx(4 / 6), 0.75)
    np.testing.assert_allclose(found.each, [0.75, 0.5, np.nan])
    np.testing.assert_allclose(found.each_real, [1, 0.5, 1])


def test_variety_is_the_distance_of_two_images_of_one_condition():
    """Over the root of the pixels. An image alone in its condition adds none."""
    x = np.zeros((3, 2, 2, 1))
    x[0, 0, 0], x[2] = 6.0, 100.0
    y = np.array([5, 5, 7])
    assert variety(x, y) == pytest.approx(3)  # sqrt(36 / 4)
    assert variety(x, np.array([5, 6, 7])) is None
    sentences = np.array([[1, 2], [1, 2], [1, 3]])
    assert variety(x, sentences) == pytest.approx(3)


def test_variety_is_a_mean_over_conditions():
    """Each condition counts once, however many images it has."""
    x = np.zeros((6, 1, 1, 1))
    x[:2, 0, 0, 0] = 0, 4
    assert variety(x, np.array([0, 0, 1, 1, 1, 1])) == pytest.approx(2)
    assert variety(x, np.zeros(6, int)) == pytest.approx(8 / 6)  # two of six steps

"""The Dirac-GAN's portrait, without a page."""

import numpy as np
import pytest

pytest.importorskip("bokeh", reason="the extra lab is not installed")

from tinygan.lab.dirac import REACH, TURNS, Portrait
from tinygan.theory.convergence import OBJECTIVES, REGULARISERS, method
from tinygan.theory.dirac import field
from tinygan.theory.play import Turn


def test_the_arrows_are_the_field_and_shorter_near_rest():
    portrait = Portrait("minimax", "R1", 0.1)
    points, arrows = portrait.field()
    for i in (0, 17, 230, 440):
        v = field(method("minimax", "R1"), *points[i])
        cross = v[0] * arrows[i][1] - v[1] * arrows[i][0]
        assert cross == pytest.approx(0, abs=1e-12) and v @ arrows[i] >= 0
    (middle,) = np.flatnonzero((np.abs(points) < 1e-12).all(axis=1))
    assert np.array_equal(arrows[middle], [0, 0])
    assert np.hypot(*arrows.T).max() <= 2 * REACH / 20


def test_the_paths_are_the_turns_of_the_theory_from_the_start():
    portrait = Portrait("Wasserstein", "none", 0.2)
    start = (0.5, -1.0)
    for alternating in (True, False):
        turn = Turn(method("Wasserstein", "none"), 0.2, alternating=alternating)
        path = portrait.path(start, alternating)
        assert np.array_equal(path, turn.trajectory(start, TURNS))
        assert path[0] == pytest.approx(start)


def test_the_words_tell_eigenvalues_and_what_play_did():
    portrait = Portrait("minimax", "none", 0.1)
    paths = {
        name: portrait.path((1.0, 1.0), name == "alternating")
        for name in ("alternating", "simultaneous")
    }
    first, alternating, simultaneous = portrait.words(paths)
    assert first.count("±0.5i") == 2
    assert "circles" in alternating and "1.0000" in alternating
    assert "diverges" in simultaneous and "1.0012" in simultaneous


@pytest.mark.parametrize("regulariser", REGULARISERS)
def test_every_method_has_a_portrait(regulariser):
    for objective in OBJECTIVES:
        portrait = Portrait(objective, regulariser, 0.25)
        points, arrows = portrait.field()
        assert points.shape == arrows.shape == (441, 2)
        assert np.isfinite(arrows).all()
        words = portrait.words({"alternating": portrait.path((1.0, 1.0), True)})
        assert all(sentence.endswith(".") for sentence in words) and len(words) == 2

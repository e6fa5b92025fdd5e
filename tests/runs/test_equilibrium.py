"""The two ends of V: a D that cannot tell, and a D that is always right."""

import math

import numpy as np
import pytest

from tinygan import (
    AuxiliaryClassifier,
    Hinge,
    LeastSquares,
    Minimax,
    NonSaturating,
    Objective,
    RelativisticAverage,
    RelativisticPairing,
    Wasserstein,
)
from tinygan.runs.equilibrium import equilibrium

log2 = math.log(2)
# objective: V, J, D(x) and D(G(z)), as in chapter 18; and the best V
KNOWN = {
    Minimax(): (-2 * log2, -log2, 0.5, 0),
    NonSaturating(): (-2 * log2, log2, 0.5, 0),
    RelativisticAverage(): (-2 * log2, 2 * log2, 0.5, 0),
    RelativisticPairing(): (-log2, log2, 0.5, 0),
    LeastSquares(0.0, 1.0, 1.0): (-1 / 4, 1 / 8, 0.5, 0),
    LeastSquares(-1.0, 1.0, 0.0): (-1, 0, 0, 0),
    Hinge(): (-2, 0, 0, 0),
    Wasserstein(): (0, 0, 0, None),
}


@pytest.mark.parametrize("objective", KNOWN, ids=repr)
def test_the_values_of_the_books_table(objective):
    V, J, belief, best = KNOWN[objective]
    found = equilibrium(objective)
    wanted = {"V": V, "J": J, "D_x": belief, "D_Gz": belief}
    assert found["flat"] == pytest.approx(wanted, abs=1e-6)
    assert found.get("best") == pytest.approx(best, abs=1e-6)
    assert found["saturates"] == (type(objective) is Minimax)
    assert found["jsd"] == (type(objective) in (Minimax, NonSaturating))


def test_with_smoothed_labels_the_best_d_is_less_sure():
    found = equilibrium(NonSaturating(real_label=0.9))
    best = 0.9 * math.log(0.9) + 0.1 * math.log(0.1)
    assert found["best"] == pytest.approx(best, abs=0.01)
    assert found["flat"]["D_x"] == pytest.approx(0.45, abs=1e-6)
    assert not found["jsd"]


def test_of_a_classifier_only_the_beliefs_are_known():
    assert equilibrium(AuxiliaryClassifier()) == {"flat": {"D_x": 0.5, "D_Gz": 0.5}}


def test_an_objective_of_another_kind_has_no_ends():
    class Strange(Objective):
        def value(self, s_real, s_fake):
            raise RuntimeError("three logits, please")

    assert equilibrium(Strange()) == {}


def test_the_ends_are_plain_numbers_for_json():
    flat = equilibrium(Hinge())["flat"]
    assert {type(value) for value in flat.values()} == {float}
    assert not any(isinstance(value, np.generic) for value in flat.values())

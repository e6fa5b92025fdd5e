"""The comparison of checkers gives each the same function, and counts right."""

import importlib.util
import json
import os
import subprocess
import sys
import time

import numpy as np
import pytest

from benchmarks import checkers, checkers_pages
from benchmarks.asked import functions
from benchmarks.judges import JUDGES
from tests.check.faults import faults, file_of
from tinygan.layers import Dropout, Embedding, Tanh
from tinygan.objectives import NonSaturating, RelativisticAverage
from tinygan.optim import SGD
from tinygan.penalties import R1
from tinygan.values import Integers

FAULTS = faults()
WRONG = (
    "weight_gradient_mean_for_sum",
    "repeated_words_count_once",
    "gate_halves_swapped",
    "only_the_gradient_of_v_negated",
    "only_the_value_of_j_negated",
)


def refuses(library, name) -> list:
    """Whether a judge refuses a fault, and its twin."""
    fault = FAULTS[name]
    entries = fault.make()[0], fault.twin()[0]
    return [checkers.by_judge(JUDGES[library], entry) for entry in entries]


@pytest.fixture(scope="module")
def jax_refuses():
    """The same of JAX, by name, in a process of its own: it starts threads, and other
    tests fork.
    """
    if importlib.util.find_spec("jax") is None:
        pytest.skip("JAX is not installed")
    names = ", ".join(map(repr, WRONG))
    code = (
        "import json; from tests.benchmarks.test_checkers import refuses\n"
        f"print(json.dumps({{n: refuses('jax', n) for n in [{names}]}}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        cwd=checkers.ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout)


@pytest.mark.parametrize("library", JUDGES)
@pytest.mark.parametrize("name", WRONG)
def test_a_judge_refuses_what_is_wrong_and_nothing_else(library, name, request):
    if library == "jax":
        found = request.getfixturevalue("jax_refuses")[name]
    else:
        pytest.importorskip(library)
        found = refuses(library, name)
    assert found == [True, False]


def test_a_layer_is_a_function_of_x_and_theta():
    (layer,) = (entry[0] for entry in FAULTS[WRONG[0]].twin())
    (f,) = functions((layer, (6,)))
    x, theta = f.args
    W, b = theta[:30].reshape(6, 5), theta[30:]
    y, cache = f.forward(x, theta)
    assert np.allclose(y, x @ W + b)
    dx, dtheta = f.backward(np.ones_like(y), cache, x, theta)
    assert np.allclose(dx, np.ones_like(y) @ W.T)
    assert np.allclose(dtheta[30:], len(x))
    assert np.allclose(f.forward(x, 0 * theta)[0], 0)


def test_integers_are_constants():
    (f,) = functions((Embedding(3), Integers((5,), 4)))
    assert [a.shape for a in f.args] == [(12,)]
    (f,) = functions((Tanh(), (6,)))
    assert [a.shape for a in f.args] == [(4, 6)]


@pytest.mark.parametrize("objective", [NonSaturating(), RelativisticAverage()])
def test_a_loss_is_two_functions(objective):
    V, J = functions(objective)
    s_real, s_fake = V.args
    assert V.forward(*V.args)[0] == objective.value(s_real, s_fake)
    ds_real, ds_fake = V.backward(2, (), *V.args)
    assert np.array_equal(ds_real, 2 * objective.d_grads(s_real, s_fake)[0])
    assert np.array_equal(ds_fake, 2 * objective.d_grads(s_real, s_fake)[1])
    assert J.forward(*J.args)[0] == objective.g_value(s_fake, s_real)


def test_nobody_is_asked_about_noise_or_what_is_no_function():
    for entry in ((Dropout(), (6,)), SGD(0.1), R1()):
        assert checkers.by_judge(JUDGES["scipy"], entry) is None


def test_tinygan_is_asked_by_a_file():
    for which, refused in (("every", True), ("right", False)):
        text = file_of(WRONG[0], which)
        assert checkers.by_tinygan(text) is refused


def test_an_answer_may_come_too_late(monkeypatch):
    monkeypatch.setattr(checkers, "LIMIT", 0.05)

    def slow():
        try:
            time.sleep(30)
        except Exception:  # as a checker does with a file that fails
            return True

    assert checkers.answer(slow)["refused"] == "late"
    assert checkers.answer(lambda: True)["refused"] is True


def said(tinygan, torch):
    seconds = {"seconds": 0.5}
    return {
        "tinygan": {"refused": tinygan} | seconds,
        "torch": {"refused": torch} | seconds,
    }


def test_the_table_counts_what_is_found_and_what_is_asked():
    right = said(False, False)
    faults = [
        {"kind": "a", "fault": said(True, True), "twin": right},
        {"kind": "a", "fault": said(True, "late"), "twin": right},
        {"kind": "a", "fault": said(True, True), "twin": said(True, False)},
        {"kind": "b", "fault": said(False, None), "twin": said(False, None)},
    ]
    results = {"versions": {"tinygan": "0", "torch": "2"}, "faults": faults}
    results["right"] = [{"right": right}, {"right": said(True, None)}]
    rows = [
        line[2:-2].split(" | ") for line in checkers_pages.table(results).splitlines()
    ]
    assert rows[2:] == [
        ["a", "2 / 3", "2 / 3"],
        ["b", "0 / 1", "–"],
        ["**asked of all**", "2 / 3", "2 / 3"],
        ["**all**", "2 / 4", "2 / 3"],
        ["false alarms, of right things", "1 / 2", "0 / 1"],
        ["median time", "500 ms", "500 ms"],
    ]


def test_every_kind_of_the_faults_is_a_row_of_the_page():
    page = (checkers.ROOT / "docs" / "guide" / "checkers.md").read_text(
        encoding="utf-8"
    )
    kinds = {fault.kind for fault in FAULTS.values()}
    assert [kind for kind in kinds if f"| {kind} |" not in page] == []
    assert f"Here are {len(FAULTS)} files" in page

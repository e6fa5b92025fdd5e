"""The benchmark of stacked digits, with the embedded digits and a few steps."""

import json

import pytest

from benchmarks import stacked

RECIPE = """
from tinygan import Adam, Dense, Flatten, NonSaturating, Reshape, Sequential, Tanh
from tinygan.data import {kind}, load_digits
from tinygan.runs import Experiment, Latent


def recipe(steps=4, batch=8, seed=0):
    return Experiment(
        G=Sequential(Dense({C} * 64), Reshape(8, 8, {C}), Tanh()),
        D=Sequential(Flatten(), Dense(1)),
        shape=(8, 8, {C}),
        data=lambda: {data},
        latent=Latent(4),
        objective=NonSaturating(),
        opt_G=Adam(1e-3),
        opt_D=Adam(1e-3),
        steps=steps,
        batch=batch,
        seed=seed,
    )
"""
STACKED = {"kind": "StackedDigits", "data": "StackedDigits(load_digits())", "C": 3}


@pytest.fixture(autouse=True)
def quick(monkeypatch, tmp_path):
    monkeypatch.setattr("tinygan.measures.stacked.STEPS", 500)
    monkeypatch.setattr("benchmarks.stacked.PROBED", 2)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.py").write_text(RECIPE.format(**STACKED))
    grey = {"kind": "Images", "data": "load_digits()", "C": 1}
    (tmp_path / "grey.py").write_text(RECIPE.format(**grey))


def refused(capsys, *options) -> str:
    with pytest.raises(SystemExit) as exit:
        stacked.main([*options])
    assert exit.value.code == 2
    return capsys.readouterr().err


def test_a_row_for_each_seed_and_the_table(tmp_path, capsys):
    options = ["--recipes", "mine.py", "--seeds", "0,5", "--n", "400", "--steps", "6"]
    assert stacked.main([*options, "--cores", "1", "--out", "found.json"]) == 0
    printed = capsys.readouterr().out
    results = json.loads((tmp_path / "found.json").read_text())
    assert {"machine", "tinygan", "numpy", "commit", "date"} <= results.keys()
    found = results["results"]["mine.py"]
    assert [row["seed"] for row in found["runs"]] == [0, 5] and found["n"] == 400
    for row in found["runs"]:
        assert row["steps"] == 6 and 1 <= row["modes"] <= 400
        assert row["kl"] > found["judge"]["real"]["kl"] > 0  # after six steps
        assert 0.1 < row["confidence"] <= 1
    judge = found["judge"]
    assert judge["accuracy"] > 0.9
    # 1000 (1 - e^-.4) = 330 modes are expected of 400 draws
    assert abs(judge["perfect"]["modes"] - 330) < 1
    assert 290 < judge["real"]["modes"] < 370
    lines = printed[printed.index("| generator") :].splitlines()
    assert {line.count("|") for line in lines} == {8}
    assert lines[2].startswith("| mine.py | ") and "±" in lines[2]
    assert lines[3].startswith("| real digits | ") and "PacDCGAN2" in printed
    assert stacked.main(["--show", "found.json"]) == 0
    assert capsys.readouterr().out.splitlines() == lines


def test_steps_by_the_clock(capsys):
    options = ["--recipes", "mine.py", "--n", "50", "--cores", "1"]
    assert stacked.main([*options, "--minutes", "0.001"]) == 0
    row = next(r for r in capsys.readouterr().out.splitlines() if r[:8] == "mine.py:")
    assert json.loads(row[8:])["steps"] >= 1


def test_what_the_benchmark_refuses(capsys, tmp_path):
    assert "expected stacked digits" in refused(capsys, "--recipes", "grey.py")
    assert "unknown" in refused(capsys, "--recipes", "nothing")
    assert "--data" in refused(capsys)  # the default recipe needs it
    assert "either" in refused(capsys, "--steps", "3", "--minutes", "1")
    for seeds in ("", "a", "-1", "1.5"):
        assert "expected seeds" in refused(capsys, f"--seeds={seeds}")
    (tmp_path / "other.json").write_text('{"results": {"a": {}}}')
    for file in ("other.json", "nothing.json"):
        assert "expected results" in refused(capsys, "--show", file)

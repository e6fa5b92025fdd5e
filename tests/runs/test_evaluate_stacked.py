"""`tinygan evaluate` on stacked digits: the modes, beside those of real samples."""

import json
import math

import numpy as np
import pytest

from tinygan.cli import arguments as cli
from tinygan.data import StackedDigits, load_digits
from tinygan.runs.measuring import measure, real_samples

ROWS = ["modes", "mode KL", "confidence", "patches at 8 px"]
DATA = StackedDigits(load_digits())

RECIPE = """
from tinygan import Adam, Dense, Flatten, NonSaturating, Reshape, Sequential, Tanh
from tinygan.data import StackedDigits, load_digits
from tinygan.runs import Experiment, Latent


def recipe(steps=3, batch=8, seed=0, few=1797):
    return Experiment(
        G=Sequential(Dense(192), Reshape(8, 8, 3), Tanh()),
        D=Sequential(Flatten(), Dense(1)),
        shape=(8, 8, 3),
        data=lambda: StackedDigits(load_digits().part(slice(few))),
        latent=Latent(4),
        objective=NonSaturating(),
        opt_G=Adam(1e-3),
        opt_D=Adam(1e-3),
        steps=steps,
        batch=batch,
        seed=seed,
    )
"""


@pytest.fixture(autouse=True)
def quick(monkeypatch, tmp_path):
    monkeypatch.setattr("tinygan.measures.stacked.STEPS", 250)
    monkeypatch.setattr("tinygan.runs.measuring.PATCHES", 5_000)
    monkeypatch.chdir(tmp_path)


def by_name(rows) -> dict:
    return {row.name: row for row in rows}


def test_real_pictures_reach_the_ceiling_and_a_collapsed_generator_does_not():
    x = DATA.batches(2000, seed=9)(0)
    good = by_name(measure(x, DATA))
    assert list(good) == ROWS
    # of 2,000 draws from 1,000 nearly equal modes 1000 (1 - e^-2) = 865 are expected
    for row in (good["modes"].value, good["modes"].ceiling):
        assert 820 < row < 900
    for name in ROWS[1:]:
        assert good[name].value == pytest.approx(good[name].ceiling, rel=0.3)
    one = by_name(measure(x[:1].repeat(2000, axis=0), DATA))
    assert one["modes"].value == 1 and one["modes"].ceiling == good["modes"].ceiling
    assert one["mode KL"].value == pytest.approx(math.log(1000), abs=0.2)
    assert one["patches at 8 px"].value > 3 * good["patches at 8 px"].value


def test_the_judge_has_not_seen_the_digits_of_the_ceiling():
    real = real_samples(DATA, 50, seed=3)
    assert real.shown.shape == real.held.shape == (50, 8, 8, 3)
    assert len(real.rest) == 1797 - 2 * (1797 // 6)

    def grey(x):
        return set(map(bytes, np.moveaxis(x, -1, 1).reshape(-1, 64).copy()))

    rest = set(map(bytes, DATA.images.scaled(real.rest.pixels).reshape(-1, 64)))
    # no two of the embedded digits are the same picture, so one can tell them apart
    assert len(rest) == len(real.rest)
    assert not grey(real.shown) & rest and not grey(real.held) & rest
    assert not grey(real.shown) & grey(real.held)
    assert (real_samples(DATA, 50, seed=3).held == real.held).all()
    assert (real_samples(DATA, 50, seed=4).held != real.held).any()


def test_from_the_command_line(capsys, tmp_path, small_pictures):
    (tmp_path / "mine.py").write_text(RECIPE)
    assert cli.main(["train", "mine.py", "--quiet"]) == 0
    capsys.readouterr()
    command = ["evaluate", "runs/mine", "--n", "300", "--out", "r.json"]
    assert cli.main(command) == 0
    out, err = capsys.readouterr()
    assert "training a classifier of 1,199 digits, as a judge" in err
    lines = out.splitlines()
    assert lines[0] == "runs/mine, step 3: 300 samples against as many real"
    assert [line.split("  ")[0] for line in lines[4:]] == ROWS
    assert "of 1,000 triples" in lines[4] and max(map(len, lines)) <= 100
    found = json.loads((tmp_path / "r.json").read_text())
    assert found["n"] == 300
    values = {m["name"]: (m["value"], m["ceiling"]) for m in found["measures"]}
    modes, top = values["modes"]
    assert 1 <= modes <= 1000 and 200 < top < 300
    assert values["mode KL"][0] > values["mode KL"][1] > 0  # after three steps
    assert values["confidence"][0] < values["confidence"][1]
    assert cli.main(command[:-2]) == 0
    assert capsys.readouterr().out == out


def test_too_few_digits(capsys, tmp_path, small_pictures):
    (tmp_path / "mine.py").write_text(RECIPE.replace("few=1797", "few=59"))
    assert cli.main(["train", "mine.py", "--quiet"]) == 0
    capsys.readouterr()
    assert cli.main(["evaluate", "runs/mine"]) == 2
    assert "at least 60 images" in capsys.readouterr().err

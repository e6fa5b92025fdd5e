"""The health of a run: sick runs of chapter 18 are told, and healthy ones are not."""

import html
import importlib.util
import json
import math
import pathlib
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinygan import R1, Adam, LeakyReLU, Minimax, Momentum, Tanh, Wasserstein, recipes
from tinygan.cli.arguments import main
from tinygan.runs import health
from tinygan.runs.folder import RunFolder
from tinygan.runs.health import Health, findings
from tinygan.runs.metrics import read_rows
from tinygan.runs.run import Run
from tinygan.runs.signs import Series, swings
from tinygan.runs.train import train

DOCS = pathlib.Path(__file__).parents[2] / "docs"
LOG4 = math.log(4)
LOGISTIC = {"flat": {"V": -LOG4}, "best": 0.0}


def script(name: str):
    """The script of a figure of chapter 18."""
    path = DOCS / "figures" / f"{name}.py"
    spec = importlib.util.spec_from_file_location(name.replace("-", "_"), path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


SICK, UNSTABLE = script("curves-sick"), script("curves-unstable")


def unstable(penalties=()):
    return UNSTABLE.experiment(
        Minimax(), Adam(1e-3, beta1=0.9), Tanh(), list(penalties), 800
    )


def critic(penalties=()):
    bend, rule = LeakyReLU(0.2), Momentum(5e-3)
    return UNSTABLE.experiment(Wasserstein(), rule, bend, list(penalties), 150)


RUNS = {
    **{
        name.split("\n")[0]: SICK.experiment(*case) for name, case in SICK.CASES.items()
    },
    "oscillation": unstable(),
    "divergence": critic(),
}
HEALTHY = {
    "eight Gaussians": lambda: script("curves-healthy").experiment(),
    "oscillation, with R1": lambda: unstable([R1(1.0)]),
    "divergence, with R1": lambda: critic([R1(1.0)]),
}


def played(experiment, path) -> RunFolder:
    """The folder of a run by this experiment, which may end by NaN."""
    folder = RunFolder.create(path, {"recipe": "test", "options": {}})
    try:
        train(Run(experiment, cores=1), folder)
    except ArithmeticError:
        assert experiment is RUNS["divergence"]
    return folder


def in_the_chapter() -> list[tuple[str, str, float, float, int]]:
    """(sick run, kind, threshold, its number, its step) of each row of the table."""
    text = (DOCS / "book" / "18-curves.md").read_text("utf-8")
    table = text.split("| Sick run | Alarm |")[1].split("\n\n")[0]
    rows = [
        [cell.strip() for cell in row.split("|")[1:-1]] for row in table.split("\n")
    ]
    found = []
    for name, kind, _, threshold, number in rows[2:]:
        value, step = re.fullmatch(r"(\S+) at step (\d+)", number).groups()
        least = float(re.search(r"-?[\d.]+", threshold.replace("$", ""))[0])
        value = float(value.replace("$", ""))
        found.append((name, kind, least, value, int(step)))
    return found


THRESHOLDS = {
    "too strong": health.WEAK,
    "still": health.STILL,
    "fooled": health.FOOLED,
    "collapse": health.ALIKE,
    "oscillation": health.BEATS,
    "runaway": health.FAR,
}


@pytest.mark.parametrize("row", in_the_chapter(), ids=lambda row: row[0])
def test_a_sick_run_of_chapter_18_is_told_with_its_number(
    row, tmp_path, small_pictures, capsys
):
    """Another BLAS plays other turns, so the number may differ a little."""
    name, kind, threshold, value, step = row
    folder = played(RUNS[name], tmp_path / "run")
    assert threshold == THRESHOLDS[kind]
    rows, _ = read_rows(folder.metrics)
    found = findings(rows, folder.config["game"])
    first = found[0]
    assert (first.kind, len(found) <= 2) == (kind, True)
    assert first.value == pytest.approx(value, rel=0.3, abs=0.005)
    assert abs(first.step - step) <= 120
    err = capsys.readouterr().err
    for finding in found:
        assert err.count(finding.sentence) == 1
    report = (folder.path / "report.html").read_text("utf-8")
    assert html.escape(first.sentence) in report  # a run that diverged has one as well
    text = (folder.path / "health.txt").read_text("utf-8")
    assert text.splitlines() == [finding.sentence for finding in found]


def test_every_sick_run_of_the_chapter_has_a_row_in_its_table():
    assert {name for name, *_ in in_the_chapter()} == RUNS.keys()


@pytest.mark.parametrize("name", HEALTHY)
def test_a_healthy_run_of_chapter_18_raises_no_alarm(name, tmp_path, small_pictures):
    folder = played(HEALTHY[name](), tmp_path / "run")
    rows, _ = read_rows(folder.metrics)
    assert len(rows) > 50 and findings(rows, folder.config["game"]) == []
    assert not (folder.path / "health.txt").exists()


@pytest.mark.parametrize("name", ["dcgan-digits", "vae-digits", "made-digits"])
def test_the_beginning_of_a_recipe_raises_no_alarm(name, tmp_path, small_pictures):
    """`python -m benchmarks.health` trains every recipe to its end."""
    experiment = recipes.build(recipes.find(name), {"steps": 240})
    folder = played(experiment, tmp_path / "run")
    assert findings(read_rows(folder.metrics)[0], folder.config["game"]) == []


# The rules one by one, on rows that are made up


def rows_of(n: int = 30, every: int = 20, **values) -> list[dict]:
    """n rows; a value may be a number or a function of the row's number."""
    return [
        {"step": every * (i + 1)}
        | {k: v(i) if callable(v) else v for k, v in values.items()}
        for i in range(n)
    ]


def kinds(rows, facts=LOGISTIC) -> list[str]:
    return [finding.kind for finding in findings(rows, facts)]


def test_d_is_too_strong_if_nothing_is_left_for_it_to_learn():
    values = {"V": -0.001, "D_Gz": 1e-3, "sliced_wasserstein": lambda i: 1 + i % 2}
    (found,) = findings(rows_of(**values), LOGISTIC)
    assert (found.kind, found.step) == ("too strong", 220)
    assert found.value == pytest.approx(1 - 0.001 / LOG4)
    assert "-0.001" in found.sentence and "R1" in found.sentence
    nearer = values | {"sliced_wasserstein": lambda i: 0.9**i}
    assert kinds(rows_of(**nearer)) == []  # the samples improve all the same
    assert kinds(rows_of(**values | {"V": -0.05})) == []
    assert kinds(rows_of(**values), {}) == []  # a run of an earlier version


def test_in_a_saturating_game_a_small_belief_is_enough():
    values = {"V": -0.3, "D_Gz": 0.14, "sliced_wasserstein": lambda i: 1 + i % 2}
    assert kinds(rows_of(**values)) == []
    facts = LOGISTIC | {"saturates": True}
    assert kinds(rows_of(**values), facts) == ["too strong"]
    assert kinds(rows_of(**values | {"D_Gz": 0.2}), facts) == []


def test_the_samples_collapse():
    values = {"V": -LOG4, "distinct": 10.0, "distinct_real": 200.0}
    (found,) = findings(rows_of(**values), LOGISTIC)
    assert (found.kind, found.value, found.step) == ("collapse", 0.05, 200)
    assert "10.0 distinct ones" in found.sentence and "200.0" in found.sentence
    assert kinds(rows_of(**values | {"distinct": 60.0})) == []
    assert kinds(rows_of(**values | {"distinct": lambda i: 10 if i < 4 else 90})) == []
    values["distinct"] = lambda i: 2.0 + i  # as at the start of a WaveGAN
    assert kinds(rows_of(20, **values)) == []
    del values["V"]  # the means of a VAE are blurred: its code tells whether it is well
    assert kinds(rows_of(log_p=lambda i: -9 + 0.1 * i, KL=3.0, **values)) == []
    assert kinds(rows_of(log_p=lambda i: -9 + 0.1 * i, KL=0.01)) == ["collapse"]


def test_modes_are_lost_or_never_found():
    facts = LOGISTIC | {"modes": 25}
    lost = findings(rows_of(40, modes=lambda i: 24 if i < 20 else 17), facts)
    assert [f.kind for f in lost] == ["modes"] and 400 < lost[0].step < 600
    assert "17 of 25 have samples; 24 had some" in lost[0].sentence
    assert kinds(rows_of(40, modes=lambda i: 24 if i < 20 else 20), facts) == []
    assert kinds(rows_of(40, modes=12), facts) == []  # after 800 steps
    assert kinds(rows_of(120, modes=12), facts) == ["modes"]
    assert kinds(rows_of(120, modes=13), facts) == []
    assert kinds(rows_of(120, modes=0), LOGISTIC) == []  # nobody knows how many


def test_a_likelihood_that_stays_where_it_was():
    (found,) = findings(rows_of(log_p=lambda i: -540 - 0.01 * i))
    assert (found.kind, found.step) == ("still", 220)
    assert "likelihood" in found.sentence and "-540.1" in found.sentence
    assert kinds(rows_of(log_p=lambda i: -540 + i), {}) == []
    # a log that has come to its end is no longer still
    assert kinds(rows_of(log_p=lambda i: -100 - 400 * 0.5**i), {}) == []


def test_weights_that_run_away():
    facts = {"norms": {"G": 2.0, "D": 3.0}}
    (found,) = findings(rows_of(norm_G=2.0, norm_D=lambda i: 2.0**i), facts)
    assert (found.kind, found.value) == ("runaway", 512 / 3)
    assert found.step == 200 and "the weights of D" in found.sentence
    assert kinds(rows_of(norm_G=150.0, norm_D=2.0), facts) == []
    assert kinds(rows_of(norm_G=1e9), {}) == []


def test_each_kind_is_told_once_and_a_new_level_begins_anew():
    watch = Health(LOGISTIC)
    rows = rows_of(40, V=-5.0)
    told = [finding for row in rows for finding in watch.see(row)]
    assert [finding.kind for finding in told] == ["fooled"] == kinds(rows)
    assert watch.findings == told
    changing = [row | {"level": i // 5} for i, row in enumerate(rows)]
    assert kinds(changing) == []  # no level lasts 200 steps
    changing = [row | {"level": i // 20} for i, row in enumerate(rows)]
    assert kinds(changing) == ["fooled"]


NONSENSE = st.none() | st.booleans() | st.text(max_size=3) | st.floats() | st.integers()
NAMES = st.sampled_from(
    [
        *("V", "D_x", "D_Gz", "P", "KL", "log_p", "modes", "distinct", "distinct_real"),
        *("sliced_wasserstein", "norm_G", "level", "step", "flat", "best", "norms"),
    ]
)
TABLES = st.dictionaries(NAMES, NONSENSE | st.dictionaries(NAMES, NONSENSE))


@given(st.lists(TABLES, max_size=30), TABLES)
def test_nonsense_in_a_log_never_ends_a_run(tables, facts):
    rows = [{"step": 40 * i} | {"V": 0.0} | row for i, row in enumerate(tables)]
    for finding in findings(rows, facts):
        assert finding.sentence.startswith(f"step {finding.step}: ")


def test_a_series_tells_its_last_values():
    series = Series()
    for i in range(1, 41):
        series = series.after({"step": 10 * i, "V": float(i), "bad": "x", "no": True})
    assert series.last("V", 200, 10) == [float(i) for i in range(21, 41)]
    assert series.last("V", 50, 10) == [float(i) for i in range(31, 41)]
    assert series.last("V", 1000, 10) == [] == series.last("bad", 10, 1)
    assert series.latest("V") == 40 and series.latest("no") is None
    assert series.measured("V")[:1] == [(10, 1.0)]


def test_swings_are_counted_if_they_are_wide_and_many():
    wave = [math.sin(2 * math.pi * i / 20) for i in range(100)]
    assert swings(wave, -0.5, 0.5, 0.2) == 5
    assert swings([x + 1 for x in wave], -0.5, 0.5, 0.2) == 0
    assert swings([0.1 * x for x in wave], -0.5, 0.5, 0.2) == 0
    assert swings([1.0] * 90 + [-1.0, 1.0] * 5, -0.5, 0.5, 0.2) == 0


# In the folder of a run


@pytest.fixture
def here(tmp_path, monkeypatch, small_pictures):
    monkeypatch.chdir(tmp_path)
    return tmp_path


LOST = ["mlp-ring", "--lr", "1e12", "--batch", "16", "--quiet", "--out", "run"]


def test_a_run_that_is_lost_without_nan_is_told_and_its_folder_keeps_it(here, capsys):
    assert main(["train", *LOST, "--steps", "40"]) == 0
    err = capsys.readouterr().err
    assert err.count("run away") == 1 and "step 20: " in err and "ClipNorm" in err
    before = (here / "run" / "health.txt").read_bytes()
    assert before.decode().splitlines() == [err.strip().removeprefix("tinygan: ")]
    assert main(["train", "--resume", "run", "--steps", "60", "--quiet"]) == 0
    assert capsys.readouterr().err == ""  # it was told already
    assert (here / "run" / "health.txt").read_bytes() == before


def test_a_resumed_run_forgets_what_it_saw_after_its_checkpoint(here):
    assert main(["train", *LOST, "--steps", "40"]) == 0
    config = json.loads((here / "run" / "config.json").read_text())
    norms = config["game"]["norms"]
    assert norms.keys() == {"G", "D"} and 1 < norms["G"] < 100
    for name in ("checkpoint.npz",):
        (here / "run" / name).unlink()  # so the run begins again, at step 0
    (here / "run" / "health.txt").write_text("step 999: nonsense\n")
    assert main(["train", "--resume", "run", "--quiet"]) == 0
    text = (here / "run" / "health.txt").read_text()
    assert "nonsense" not in text and text.startswith("step 20: the weights")


def test_a_health_file_that_cannot_be_written_does_not_end_the_run(here, capsys):
    (here / "run").mkdir()
    assert main(["train", *LOST, "--steps", "20"]) == 0
    (here / "run" / "health.txt").unlink()
    (here / "run" / "health.txt").mkdir()
    capsys.readouterr()
    assert main(["train", "--resume", "run", "--steps", "40", "--quiet"]) == 0
    err = capsys.readouterr().err
    assert "health.txt" in err and "left out" in err

"""The benchmarks of quality, the scoreboard and the critic run and report right; those
of speed are in test_benchmark_suite.py. No test here looks at how long anything took.
"""

import json
from pathlib import Path

import numpy as np
import pytest

import tinygan as tg
from benchmarks import (
    conditional,
    critic,
    games,
    quality,
    scoreboard,
    scoreboard_pages,
)
from tinygan.data import captioned_digits, load_digits
from tinygan.measures.classifier import Classifier
from tinygan.runs import measuring
from tinygan.runs.run import Run


def test_quality_reports_a_row_for_each_seed(tmp_path, monkeypatch, small_pictures):
    monkeypatch.setattr(
        quality, "Classifier", lambda images, epochs: Classifier(images, epochs=20)
    )
    out = tmp_path / "quality.json"
    options = ["--only", "mlp-ring,dcgan-digits", "--steps", "3", "--seeds", "2"]
    assert quality.main([*options, "--out", str(out)]) == 0
    results = json.loads(out.read_text())["results"]
    for subject, keys in (
        ("mlp-ring", {"modes", "of", "high_quality"}),
        ("dcgan-digits", {"confidence", "classes_of_100", "counts_of_1000"}),
    ):
        rows = results[subject]["runs"]
        assert [row["seed"] for row in rows] == [0, 1]
        assert all(row["steps"] == 3 and keys <= row.keys() for row in rows)
    assert results["dcgan-digits"]["classifier_on_real"]["accuracy"] > 0.95
    counts = results["dcgan-digits"]["runs"][0]["counts_of_1000"]
    assert len(counts) == 10 and sum(counts) == 1000


def test_quality_of_mnist_needs_its_data(capsys):
    with pytest.raises(SystemExit) as exit:
        quality.main(["--only", "dcgan-mnist"])
    assert exit.value.code == 2
    assert "--data" in capsys.readouterr().err


# The scoreboard, and the critic's loss


def test_every_game_of_the_scoreboard_can_be_played():
    for data in games.DATA:
        for objective in games.OBJECTIVES:
            for regulariser in games.REGULARISERS:
                cell = {"data": data, "objective": objective, "steps": 2, "seed": 1}
                row = scoreboard.play(cell | {"regulariser": regulariser})
                assert row.items() >= cell.items()
                assert 0 <= row["modes"] <= row["of"] == {"ring": 8, "grid": 25}[data]
                assert 0 <= row["high_quality"] <= 1


def test_the_scoreboard_has_every_objective_and_penalty():
    concrete = {v for v in vars(tg).values() if isinstance(v, type)}
    abstract = {tg.Objective, tg.Critic}
    conditional = {tg.AuxiliaryClassifier, tg.AuxiliaryWords, tg.MatchingAware}
    objectives = {v for v in concrete if issubclass(v, tg.Objective)} - abstract
    objectives -= conditional
    assert set(games.OBJECTIVES.values()) == objectives
    used = {type(p) for r in games.REGULARISERS.values() for p in r.penalties}
    assert used == {tg.WGANGP, tg.DRAGAN, tg.R1, tg.R2}


def test_the_scoreboard_goes_on_where_it_stopped_and_writes_a_page(tmp_path, capsys):
    out, docs = tmp_path / "games.jsonl", tmp_path / "docs"
    options = ["--only", "ring", "--objectives", "hinge", "--regularisers", "none,r1"]
    options += ["--steps", "2", "--jobs", "1", "--out", str(out)]
    assert scoreboard.main([*options, "--seeds", "1"]) == 0
    first = scoreboard_pages.read(out)
    assert scoreboard.main([*options, "--seeds", "2"]) == 0
    rows = scoreboard_pages.read(out)
    assert rows[:2] == first and len(rows) == 4
    assert "2 games to play, 2 are in the file" in capsys.readouterr().out
    assert scoreboard.main(["--show", str(out), "--docs", str(docs)]) == 0
    page = (docs / "scoreboard.md").read_text()
    assert "PacGAN4" in page and "| hinge |" in page and "2 seeds" in page
    assert (docs / "images" / "scoreboard.png").stat().st_size > 10_000


def a_game(**changed) -> dict:
    cell = {"data": "ring", "objective": "hinge", "regulariser": "none"}
    found = {"modes": 8, "high_quality": 0.5, "reverse_kl": 0.1, "of": 8}
    return cell | {"steps": 2, "seed": 0} | found | changed


def a_file(path: Path, *rows: dict) -> Path:
    lines = [json.dumps(row) + "\n" for row in ({"machine": {}}, *rows)]
    path.write_text("".join(lines))
    return path


@pytest.mark.parametrize("cut", [1, 40])
def test_a_half_written_game_is_dropped_and_played_again(tmp_path, cut):
    out = a_file(tmp_path / "games.jsonl", a_game(), a_game(regulariser="r1"))
    out.write_bytes(out.read_bytes()[:-cut])
    assert scoreboard_pages.read(out) == [a_game()]
    options = ["--only", "ring", "--objectives", "hinge", "--regularisers", "none,r1"]
    options += ["--steps", "2", "--seeds", "1", "--jobs", "1", "--out", str(out)]
    assert scoreboard.main(options) == 0
    rows = scoreboard_pages.read(out)
    assert [row["regulariser"] for row in rows] == ["none", "r1"] and len(rows) == 2
    assert out.read_text().count("\n") == 3 and "cpu_seconds" in rows[1]


@pytest.mark.parametrize("text", ["", '{"mach', '{"machine": {}}'])
def test_a_file_that_was_only_begun_has_no_games(tmp_path, text):
    out = tmp_path / "games.jsonl"
    out.write_text(text)
    if text.endswith("h"):  # ours, or anyone's: it is left alone
        with pytest.raises(tg.InputError, match="file of games"):
            scoreboard.play_all([], out, 1)
        assert out.read_text() == text
    else:
        scoreboard.play_all([], out, 1)
        assert (
            "machine" in json.loads(out.read_text())
            and scoreboard_pages.read(out) == []
        )


def refused(capsys, *arguments) -> str:
    with pytest.raises(SystemExit) as e:
        scoreboard.main([*map(str, arguments)])
    printed = capsys.readouterr()
    assert e.value.code == 2 and printed.out == "" and printed.err.count("\n") == 1
    return printed.err


def test_what_the_scoreboard_refuses(tmp_path, capsys):
    missing, empty, other = (tmp_path / name for name in ("missing", "empty", "other"))
    empty.write_text("")
    other.write_text("# A page\n\nwithout games")
    mixed = a_file(tmp_path / "mixed", a_game(), a_game(steps=3))
    assert "no such file" in refused(capsys, "--show", missing)
    assert "there are no games" in refused(capsys, "--show", empty)
    assert "found a foreign line 1" in refused(capsys, "--show", other)
    assert "one number of steps, found 2, 3" in refused(capsys, "--show", mixed)
    assert "found a foreign line 1" in refused(capsys, "--out", other)
    assert other.read_text().endswith("games")
    error = refused(capsys, "--out", tmp_path / "no" / "folder")
    assert "expected a file in an existing folder" in error
    error = refused(capsys, "--out", missing, "--docs", tmp_path)
    assert "--show FILE with --docs" in error
    assert "--out FILE or --show FILE" in refused(capsys)


@pytest.mark.parametrize(
    ("seeds", "says"), [((1, 1), "1 seed."), ((2, 2), "2 seeds"), ((3, 2), "2 to 3")]
)
def test_the_page_says_how_many_seeds(tmp_path, seeds, says):
    games_ = [
        a_game(regulariser=regulariser, seed=seed, modes=6 + seed)
        for regulariser, n in zip(("none", "r1"), seeds, strict=True)
        for seed in range(n)
    ]
    page = scoreboard_pages.page(a_file(tmp_path / "games.jsonl", *games_))
    assert f"standard error over {says}" in page and "+-" not in page
    assert "`ClipValue`" in page and "`Drift`" in page and "`real_label`" in page
    if seeds == (3, 2):
        assert "| 7.0±0.6 / 50±0 / 0.10 |" in page


def test_mean_and_standard_error():
    mean, error = scoreboard_pages.mean_and_error([1.0, 2.0, 3.0])
    assert (mean, error) == pytest.approx((2.0, 1 / np.sqrt(3)))
    assert scoreboard_pages.mean_and_error([4.0]) == (4.0, 0.0)


def test_spearman():
    x = [0.1, 5.0, 2.0, 3.0]
    assert critic.spearman(x, [1, 100, 2, 3]) == pytest.approx(1)
    assert critic.spearman(x, [-1, -100, -2, -3]) == pytest.approx(-1)
    assert critic.spearman([1, 2, 3, 4], [2, 1, 4, 3]) == pytest.approx(1 - 6 * 4 / 60)


def test_the_critics_curve(tmp_path):
    out = tmp_path / "critic.json"
    options = ["--only", "wgan-gp-digits", "--steps", "3", "--seeds", "1"]
    assert critic.main([*options, "--out", str(out), "--docs", str(tmp_path)]) == 0
    (run,) = json.loads(out.read_text())["results"]["wgan-gp-digits"]
    assert [step for step, _, _ in run["curve"]] == [1, 2, 3]
    assert -1 <= run["spearman"] <= 1
    assert (tmp_path / critic.PLOT).stat().st_size > 5_000


def test_a_critic_that_diverges_is_recorded(tmp_path, monkeypatch, capsys):
    """One seed whose samples are soon NaN, then one that is interrupted: the first
    is in the file, and can be drawn."""

    class Diverging(Run):
        def turn(self):
            super().turn()
            if self.experiment.seed == 1:
                raise KeyboardInterrupt
            if self.step == 3:
                self.G.theta[...] = self.average.theta[...] = np.nan

    monkeypatch.setattr(critic, "Run", Diverging)
    out = tmp_path / "critic.json"
    options = ["--only", "mlp-grid", "--steps", "5", "--out", str(out)]
    with pytest.raises(KeyboardInterrupt):
        critic.main([*options, "--seeds", "2"])
    results = json.loads(out.read_text())["results"]
    (run,) = results["mlp-grid"]
    assert (run["spearman"], run["diverged"], len(run["curve"])) == (None, 3, 2)
    assert "Spearman none, diverged at 3" in capsys.readouterr().out
    full = {"seed": 1, "spearman": 0.5, "diverged": None, "curve": run["curve"]}
    for i, runs in enumerate(([run], [run | {"curve": []}], [run, full])):
        critic.draw({"mlp-grid": runs}, tmp_path / f"{i}.png")
        assert (tmp_path / f"{i}.png").stat().st_size > 5_000


def test_conditional_measures_what_was_asked_for(
    tmp_path, capsys, monkeypatch, small_pictures
):
    monkeypatch.setattr("tinygan.measures.features.STEPS", 400)
    monkeypatch.setattr(measuring, "PATCHES", 400)
    out = tmp_path / "found.json"
    options = ["--only", "cgan-digits", "--steps", "2", "--n", "40", "--seeds", "2"]
    assert conditional.main([*options, "--out", str(out)]) == 0
    runs = json.loads(out.read_text())["results"]["cgan-digits"]
    assert [run["seed"] for run in runs] == [0, 1]
    for run in runs:
        value, ceiling = run["value_and_ceiling"]["as asked"]
        assert run["steps"] == 2 and 0 <= value < 0.6 < ceiling <= 1
        assert {"variety", *(f"as asked: {k}" for k in range(10))} <= {
            *run["value_and_ceiling"]
        }
    table = capsys.readouterr().out.split("\n|", 1)[1]
    assert conditional.main(["--show", str(out)]) == 0
    assert capsys.readouterr().out.split("|", 1)[1] == table
    (row,) = [line for line in table.splitlines() if "| as asked |" in line]
    values = [run["value_and_ceiling"]["as asked"][0] for run in runs]
    mean, spread, _ = row.split("|")[3:6]
    assert float(mean) == pytest.approx(sum(values) / 2, abs=1e-3)
    low, high = map(float, spread.split("to"))
    assert low == pytest.approx(min(values), abs=1e-3) and high >= low


def test_a_file_of_something_else_has_no_table(tmp_path, capsys):
    for text in ("no JSON", "{}", '{"results": {"a": [1]}}', '{"results": [1]}'):
        (tmp_path / "other.json").write_text(text)
        with pytest.raises(SystemExit):
            conditional.main(["--show", str(tmp_path / "other.json")])
        assert "expected results of this benchmark" in capsys.readouterr().err


def test_shuffled_captions_are_all_there_and_elsewhere():
    data = captioned_digits(50, 0, load_digits())
    mixed = conditional.shuffled(data, seed=3)
    assert sorted(mixed.captions) == sorted(data.captions)
    same = sum(a == b for a, b in zip(mixed.captions, data.captions, strict=True))
    assert same <= 5 and mixed.images is data.images and not mixed.attributes

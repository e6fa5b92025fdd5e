"""The benchmark of growing against full size: what it plays, measures and reports.
No test here looks at how long anything took.
"""

import json
import math

import numpy as np
import pytest

import tinygan as tg
from benchmarks import growing, growing_pages, levels, lines, works
from tinygan import recipes
from tinygan.backend import NUMPY
from tinygan.growth import Level
from tinygan.layers.base import each_once
from tinygan.runs.run import Run


def digits(**options):
    return recipes.build(recipes.find("progan-digits"), options)


# The two ways


def test_the_plain_way_has_the_networks_of_the_last_level():
    grown = digits()
    z = np.random.default_rng(0).standard_normal((4, 32))
    G, D = grown.networks(NUMPY, np.float64)
    plain = growing.plain(grown)
    own_G, own_D = plain.networks(NUMPY, np.float64)
    for net, own in ((G, own_G), (D, own_D)):
        trees = net.tree.networks[2, 0], own.tree.networks[0, 0]
        pairs = ([f for _, f in each_once(tree) if f.shapes] for tree in trees)
        for layer, other in zip(*pairs, strict=True):
            for name in layer.shapes:
                getattr(other, name)[...] = getattr(layer, name)
        assert sum(s.stop - s.start for s in net.used) == own.theta.size
    x = G.forward(z)[0]
    assert np.array_equal(x, own_G.forward(z)[0])
    assert np.array_equal(D.forward(x)[0], own_D.forward(x)[0])
    kept = "objective latent penalties opt_G opt_D batch ema seed data"
    for name in kept.split():
        assert getattr(plain, name) is getattr(grown, name)
    assert all(level.times == level.rate == 1 for level in grown.growth.levels)
    assert Level(stable=1).times == Level(stable=1).rate == 1


def test_held_pictures_are_apart_from_all_others():
    data = digits().data()
    kept, held, other = growing.apart(data, 300)
    assert (len(kept), len(held), len(other)) == (len(data) - 300, 300, 300)
    assert len(growing.apart(data, 10**6)[1]) == len(data) // 4
    marks = {im.tobytes() for im in held.pixels}
    assert not marks & {im.tobytes() for im in kept.pixels}
    again = growing.apart(data, 300)[1]
    assert np.array_equal(again.pixels, held.pixels)


def test_samples_are_those_of_the_moving_average():
    run = Run(digits(images=32), cores=1)
    for _ in range(3):
        run.turn()
    x = growing.samples(run, 300)
    assert x.shape == (300, 8, 8, 1) and len(np.unique(x[0])) <= 16  # level 1 of 4x4
    assert np.allclose(x, run.samples(300), atol=1e-6)


def test_the_curve_of_a_run(monkeypatch):
    """Each turn takes a second: 5 seconds are 5 turns, measured every 2."""
    run = Run(digits(images=10**6), cores=1)
    clock = iter(range(10**6))
    monkeypatch.setattr(growing.time, "process_time", lambda: next(clock))
    monkeypatch.setattr(growing, "distances", lambda x, y: [float(len(x))])
    curve = growing.Curve(run, np.zeros((7, 8, 8, 1)), every=2)
    curve.play(5, 100)
    assert curve.points == [[2, 2, [7.0]], [4, 4, [7.0]], [5, 5, [7.0]]]
    curve = growing.Curve(Run(digits(), cores=1), np.zeros((7, 8, 8, 1)), every=2)
    curve.play(math.inf, 4)  # the end is measured once
    assert [turn for _, turn, _ in curve.points] == [2, 4] and curve.finite
    run.G.theta[...] = run.average.theta[...] = np.nan
    curve = growing.Curve(run, np.zeros((7, 8, 8, 1)), every=2)
    with np.errstate(all="ignore"):
        curve.play(math.inf, 100)
    assert curve.points == [] and not curve.finite


# The command


def played(out, *more) -> int:
    options = ["--recipes", "progan-digits", "--images", "32", "--n", "40"]
    options += ["--every", "1000", "--out", str(out)]
    return growing.main([*options, *more])


def test_it_goes_on_where_it_stopped_and_writes_a_page(tmp_path, capsys):
    out, docs = tmp_path / "runs.jsonl", tmp_path / "docs"
    assert played(out, "--seeds", "3") == 0
    first = growing_pages.lines(out).read()
    assert [(row["seed"], row["way"]) for row in first] == [
        (3, "growing"),
        (3, "plain"),
    ]
    grown, plain = first
    assert grown["turns"] == 5  # a phase of one turn for level 0, two for all others
    assert plain["cpu_seconds"] >= grown["cpu_seconds"] > 0
    assert grown["n"] == 40 and len(grown["real"]) == 1  # 8x8 pixels have one level
    capsys.readouterr()
    assert played(out, "--seeds", "3,4", "--docs", str(docs)) == 0
    assert capsys.readouterr().out.count("1 runs to play, 1 are in the file") == 2
    rows = growing_pages.lines(out).read()
    assert len(rows) == 4 and all(row in rows for row in first)
    page = (docs / "growing.md").read_text()
    assert "| progan-digits | 8 px |" in page and "seeds 3, 4" in page
    assert "the mean" not in page  # of one level
    assert (docs / growing_pages.PLOT).stat().st_size > 5_000
    assert growing.main(["--show", str(out)]) == 0
    assert capsys.readouterr().out.endswith(page + "\n")


def refused(capsys, *arguments) -> str:
    with pytest.raises(SystemExit) as e:
        growing.main([*map(str, arguments)])
    printed = capsys.readouterr()
    assert e.value.code == 2 and printed.err.count("\n") == 1
    return printed.err


def test_what_it_refuses(tmp_path, capsys):
    out = tmp_path / "runs.jsonl"
    assert "--out FILE or --show FILE" in refused(capsys)
    assert "'dcgan' is unknown" in refused(capsys, "--recipes", "dcgan")
    assert "numbers such as 0,1,2, got '0,x'" in refused(capsys, "--seeds", "0,x")
    error = refused(capsys, "--out", out, "--data", "a", "b", "c")
    assert "expected one path, or one for each of progan-faces, progan-mnist" in error
    assert "needs --data" in refused(capsys, "--out", out)
    assert "no such file" in refused(capsys, "--show", tmp_path / "none")
    a_file(out, a_run())
    assert "no seed in it with both ways" in refused(capsys, "--show", out)
    error = refused(capsys, "--out", out, "--recipes", "progan-digits", "--n", "50")
    assert "expected runs with" in error and "'n': 50" in error
    out.write_text("# A page\n")
    assert "a file of runs, found a foreign line 1" in refused(capsys, "--show", out)


# The page


def a_run(way="growing", seed=0, *curve, **changed) -> dict:
    run = {"recipe": "progan-faces", "seed": seed, "way": way, "settings": {}}
    run |= {"pixels": 32, "n": 100, "turns": 9, "cpu_seconds": 100.0}
    return run | {"diverged": False, "curve": curve, "real": [1.0, 3.0]} | changed


def a_file(path, *rows):
    first = {"date": "2026-01-01", "machine": {"processor": "A"}}
    path.write_text("".join(json.dumps(row) + "\n" for row in (first, *rows)))
    return path


def test_when_a_distance_was_reached():
    run = a_run("growing", 0, (10, 1, [8.0, 4.0]), (20, 2, [4.0, 8.0]))
    reached = growing_pages.reached
    assert reached(run, 0, 8.0) == 10 and reached(run, 0, 9.0) == 10
    assert reached(run, 0, 7.0) == 12.5 and reached(run, 0, 4.0) == 20
    assert reached(run, 0, 3.9) == math.inf
    assert reached(run, 1, 4.0) == 10 and reached(run, None, 6.0) == 10


def test_medians_over_seeds():
    """The ratio is taken for each seed: 1/2, 2/3 and 3/2, of which the median is 2/3.
    Two of three reach the plain run's end, after 50 and 100 of 100 seconds."""
    runs = []
    for seed, (a, b) in enumerate([(1.0, 2.0), (2.0, 3.0), (3.0, 2.0)]):
        half = (50, 1, [a if seed == 0 else 9.0, 1.0])
        runs.append(a_run("growing", seed, half, (100, 2, [a, 1.0])))
        runs.append(a_run("plain", seed, (100, 1, [b, 2.0])))
    runs.append(a_run("growing", 7))  # its other way is not there yet
    fine, coarse, mean = growing_pages.table(runs)
    assert fine[:2] == ("progan-faces", "32 px") and coarse[1] == "16 px"
    assert fine[2:5] == ("1.0", "2.0 (2.0..3.0)", "2.0 (1.0..3.0)")
    assert fine[5:] == ("0.67", "93%")  # 50 + 50 (9 - 3) / (9 - 2) seconds
    assert coarse[5:] == ("0.50", "50%") and mean[:3] == (*mean[:2], "2.0")


def test_the_ratio_in_the_course_of_the_time():
    """Halfway between two measurements the distance is their mean."""
    growing = a_run("growing", 0, (50, 1, [4.0, 1.0]), (100, 2, [2.0, 3.0]))
    plain = a_run("plain", 0, (20, 1, [8.0, 1.0]), (100, 2, [4.0, 1.0]))
    fine, coarse = growing_pages.over_time([growing, plain])
    assert fine == ("progan-faces", "32 px", "0.52", "0.62", "0.57", "0.50")
    assert coarse == ("progan-faces", "16 px", "1.00", "1.00", "2.00", "3.00")
    for row in (growing, plain):
        row["diverged"] = True
    assert growing_pages.over_time([growing, plain])[0][2:] == ("inf",) * 4


def test_a_run_that_diverged_counts_as_infinitely_far():
    def line(growing_diverged, plain_diverged):
        point = (100, 1, [2.0, 2.0])
        runs = [
            a_run("growing", 0, point, diverged=growing_diverged),
            a_run("plain", 0, point, diverged=plain_diverged),
        ]
        return growing_pages.table(runs)[0][3:]

    assert line(True, False) == ("2.0", "inf", "inf", "100%")  # it was near, once
    assert line(False, True) == ("inf", "2.0", "0.00", "100%")
    assert line(True, True)[2] == "inf"


# A file of lines


def test_lines_are_played_once_by_several_processes(tmp_path, capsys):
    file = lines.Lines(tmp_path / "runs", ("x",), "runs")
    cells = [{"x": i} for i in (3, 1, 2)]
    file.play(cells[:1], dict, str, jobs=1, more=5)
    file.play(cells, dict, str, jobs=2)
    assert sorted(row["x"] for row in file.read()) == [1, 2, 3]
    assert file.about()["more"] == 5 and "machine" in file.about()
    assert "2 runs to play, 1 are in the file" in capsys.readouterr().out
    with pytest.raises(tg.InputError, match="no such file"):
        lines.Lines(tmp_path / "none", ("x",), "runs").about()


# The levels in the benchmark of speed


def test_the_levels_beside_the_last_one():
    """Phases of 1, 2 x 2, 2 x 3, 6 and 5 ms make 22/35 of 7 x 5 ms."""
    ms = {"progan4": 1, "progan8": 2, "progan16": 3, "progan32": 5, "progan32-fade": 6}
    found = {
        name: {
            "flop": 100 * t,
            "results": {"numpy": {"median_ms": t, "ratio": {"torch-cpu": 0.5}}},
        }
        for name, t in ms.items()
    }
    assert ms.keys() == works.GROWING.keys()
    rows = {row[0]: row[1:] for row in levels.rows({"works": found})}
    assert rows["progan8"] == ("numpy", "2", "0.50", "0.40", "0.40", "0.0625")
    assert levels.run_shares({"works": found}) == {"numpy": pytest.approx(22 / 35)}
    text = levels.section({"works": found})
    assert "| progan4 | numpy | 1 | 0.50 | 0.20 | 0.20 | 0.0156 |" in text
    assert "numpy: a run with as many turns in each phase takes 63%" in text
    only = {"works": {"progan4": found["progan4"]}}
    assert levels.rows(only)[0][4:] == ("", "", "0.0156")
    assert levels.run_shares(only) == {} and levels.section({"works": {}}) == ""

"""The benchmarks of faces and of augmentation: what they count and what they refuse."""

import json

import numpy as np
import pytest
from PIL import Image

import tinygan as tg
from benchmarks import augment, faces
from tinygan import cli
from tinygan.data import Captioned, Images, Vocabulary
from tinygan.layers.augment import Augment
from tinygan.measures import agreement, precision_recall

COLOURS = {"red": (200, 20, 20), "green": (20, 200, 20), "blue": (20, 20, 200)}


@pytest.fixture(autouse=True)
def short_training(monkeypatch):
    monkeypatch.setattr(agreement, "STEPS", 60)


def drawn(n, rng):
    """Noisy pictures of a colour, with a bright half: pixels, captions, attributes."""
    colour, side = rng.integers(0, 3, n), rng.integers(0, 2, n)
    base = np.array([*COLOURS.values()])[colour][:, None, None]
    x = np.broadcast_to(base, (n, 16, 16, 3)) + rng.integers(0, 20, (n, 16, 16, 3))
    for i, s in enumerate(side):
        x[i, :, 8 * s : 8 * s + 8] += 35
    pairs = zip(colour, side, strict=True)
    captions = [f"{[*COLOURS][c]} {['left', 'right'][s]}" for c, s in pairs]
    both = {"colour": (tuple(COLOURS), colour), "side": (("left", "right"), side)}
    return x.astype(np.uint8), captions, both


def captioned(n=600, seed=0) -> Captioned:
    pixels, captions, attributes = drawn(n, np.random.default_rng(seed))
    words = Vocabulary.of(captions)
    return Captioned(Images(pixels, 0, 255), captions, words, attributes)


# Faces


def test_what_is_found_in_pictures():
    data = captioned()
    judgement = faces.Judgement(data)
    assert judgement.accuracy == {"colour": 1.0, "side": 1.0}
    x, colour = faces.pixels(data), data.attributes["colour"][1]
    real = judgement.row(x, judgement.other)
    assert real["found"] == real["found_among_the_real"] == judgement.sizes
    assert real["sure"]["colour"] > 0.9 and min(real["precision"], real["recall"]) > 0.7
    two = judgement.row(x[colour != 1])
    assert two["found"] == {"colour": 2, "side": 2} and two["recall"] < real["recall"]
    floor = judgement.row(faces.mixed(x, 100, np.random.default_rng(0)))
    assert floor["n"] == 100 and floor["precision"] == 0
    assert floor["found_among_the_real"] == {"colour": 0, "side": 0}


def test_the_samples_among_the_real_are_those_that_precision_counts():
    judgement, other = faces.Judgement(captioned()), faces.pixels(captioned(80, 1))
    other[:20] += np.random.default_rng(0).normal(0, 0.5, other[:20].shape)
    near = judgement.among_the_real(other)
    places = map(judgement.features, (judgement.shown, other))
    precision, _ = precision_recall(*places, faces.K)
    assert near.mean() == precision and 0 < precision < 1 and not near[:20].any()


def test_pictures_mixed_pixel_by_pixel():
    x = np.arange(5)[:, None, None, None] + np.zeros((5, 4, 4, 3))
    x += np.arange(4)[:, None, None] * 10
    y = faces.mixed(x, 50, np.random.default_rng(0))
    assert y.shape == (50, 4, 4, 3) and (y[..., :1] == y).all()  # whole pixels
    assert (y // 10 == np.arange(4)[:, None, None]).all()  # from their own place
    assert len(np.unique(y[:, 0, 0])) == 5 and len(np.unique(y[0] % 10)) > 2


@pytest.fixture
def folder(tmp_path):
    """Captioned pictures on the disk, and a run of two turns on them."""
    pixels, captions, both = drawn(120, np.random.default_rng(2))
    path, lines = tmp_path / "data", ["file,caption,colour,side"]
    path.mkdir()
    for i, (x, caption) in enumerate(zip(pixels, captions, strict=True)):
        Image.fromarray(x).save(path / f"{i}.png")
        colour, side = (values[k[i]] for values, k in both.values())
        lines.append(f"{i}.png,{caption},{colour},{side}")
    (path / "captions.csv").write_text("\n".join(lines))
    run = ["train", "pictures", "--data", str(path), "--steps", "2", "--batch", "8"]
    assert cli.main([*run, "--cores", "1", "--out", str(tmp_path / "run")]) == 0
    return path, tmp_path / "run"


def test_runs_are_judged_beside_the_real_pictures(folder, tmp_path, capsys):
    data, run = folder
    out = tmp_path / "faces.json"
    options = ["--data", str(data), "--n", "40", "--out", str(out)]
    capsys.readouterr()
    assert faces.main([*options, str(run)]) == 0
    printed = capsys.readouterr().out
    found = json.loads(out.read_text())
    assert [*found["rows"]] == ["real", "floor", "run"]
    row = found["rows"]["run"]
    assert (row["recipe"], row["step"], row["n"]) == ("pictures", 2, 40)
    assert found["of"] == {"colour": 3, "side": 2} == found["rows"]["real"]["found"]
    assert "| real |  | 3 / 3 | 2 / 2 |" in printed and "| run | 2 |" in printed
    assert "accuracy on held-out pictures: colour 100.0%" in printed
    assert str(tmp_path) not in out.read_text()
    assert faces.main(["--show", str(out)]) == 0
    assert capsys.readouterr().out.strip() in printed
    assert "another run called run" in refused(faces, capsys, *options, run, run)
    assert "config.json" in refused(faces, capsys, *options, data)


def refused(module, capsys, *arguments) -> str:
    with pytest.raises(SystemExit) as e:
        module.main([*map(str, arguments)])
    printed = capsys.readouterr().err
    assert e.value.code == 2 and printed.count("\n") == 1
    return printed


def test_faces_refuses_what_it_cannot_judge(tmp_path, capsys):
    assert "--show FILE" in refused(faces, capsys)
    assert "folders of runs" in refused(faces, capsys, "--data", tmp_path)
    error = refused(faces, capsys, "--data", tmp_path / "none", "run")
    assert "none" in error


# Augmentation


def test_both_ways_are_played_and_told(tmp_path, capsys):
    data, out = tmp_path / "pictures.npy", tmp_path / "runs.jsonl"
    np.save(data, drawn(100, np.random.default_rng(3))[0])
    options = ["--data", str(data), "--pictures", "30", "--minutes", "0.001"]
    options += ["--n", "20", "--out", str(out)]
    assert augment.main([*options, "--seeds", "0"]) == 0
    first = augment.lines(out).read()
    assert [row["augment"] for row in first] == [False, True]
    assert all(row["n"] == 20 and row["turns"] >= 1 for row in first)
    measures = first[0]["value_and_ceiling"]
    assert {"patches at 16 px", "MMD^2", "precision", "recall"} <= {*measures}
    assert augment.main([*options, "--seeds", "0,1"]) == 0
    printed = capsys.readouterr().out
    assert "2 runs to play, 2 are in the file" in printed
    assert "| patches at 16 px |" in printed and "seeds 0, 1, of which 0" in printed
    assert augment.main(["--show", str(out)]) == 0
    assert str(tmp_path) not in out.read_text()
    error = refused(augment, capsys, *options[:2], "--out", out)
    assert "--pictures 500: expected at least twice as many in the data" in error


def test_only_one_way_has_the_layer():
    images = captioned(40).images
    for augmented in (False, True):
        cell = {"recipe": "pictures", "seed": 0, "augment": augmented}
        made = augment.experiment_of(cell, images, 7)
        assert isinstance(made.D.layers[0], Augment) is augmented
        assert made.steps == 7 and made.data() is images


def a_run(seed, augmented, value, **changed) -> dict:
    run = {"recipe": "pictures", "pictures": 9, "minutes": 1.0, "seed": seed}
    run |= {"augment": augmented, "turns": 5 + augmented, "diverged": False}
    return run | {"value_and_ceiling": {"MMD^2": [value, 0.5]}} | changed


def test_the_table_of_augmentation():
    rows = [a_run(s, a, v) for s, a, v in ((0, 0, 4.0), (0, 1, 2.0), (1, 0, 3.0))]
    rows += [a_run(1, 1, 3.0), a_run(2, 0, 1.0)]
    text = augment.table(rows)
    assert "| MMD^2 | 0.5 | 3.5 (3..4) | 2.5 (2..3) | 0.75 |" in text
    assert "5 turns without and 6 with" in text and "seeds 0, 1, of which 0 div" in text
    rows += [a_run(2, 1, None, diverged=True, value_and_ceiling={})]
    assert "seeds 0, 1, 2, of which 1 diverged" in augment.table(rows)
    assert "|  |" in augment.table([a_run(0, 0, -1e-9), a_run(0, 1, 1.0)])
    with pytest.raises(tg.InputError, match="runs of one kind"):
        augment.table([*rows, a_run(0, 0, 1.0, pictures=10)])
    with pytest.raises(tg.InputError, match="no seed in it with both"):
        augment.table(rows[4:5])


def test_turns_are_estimated_from_the_first_ones(monkeypatch):
    images = captioned(40).images
    made = augment.experiment_of(
        {"recipe": "pictures", "seed": 0, "augment": False}, images, 10**6
    )
    clock = iter(0.25 * np.arange(10**6))
    monkeypatch.setattr(augment.time, "process_time", lambda: next(clock))
    assert augment.turns_in(30.0, made) == 120
    assert augment.turns_in(0.01, made) == 1

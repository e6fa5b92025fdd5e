"""`tinygan evaluate`: a good generator near its ceiling, a bad one far from it."""

import functools
import json
import math
import shutil

import numpy as np
import pytest
from pictures import draw_small_pictures
from PIL import Image

from tinygan import InputError, recipes
from tinygan.cli import arguments as cli
from tinygan.data import Images, TwoMoons, load_digits, ring
from tinygan.measures import feature_space
from tinygan.runs import measuring
from tinygan.runs.evaluate import evaluate
from tinygan.runs.measuring import measure, real_samples
from tinygan.runs.results import Measurement, table, write

POINTS = ["sliced Wasserstein", "MMD^2", "1-NN accuracy", "precision", "recall"]
MODES = ["modes", "high quality", "reverse KL", *POINTS]
IMAGES = [
    "patches at 8 px",
    "MMD^2",
    "1-NN accuracy",
    "precision",
    "recall",
    "confidence",
    "classes",
    "class KL",
    "Parzen likelihood",
]


def by_name(rows) -> dict:
    return {row.name: row for row in rows}


def shortfall(row: Measurement) -> float:
    """How far a row is from the best that can be had; 0 if it is that or better."""
    if row.better == "higher":
        return max(0.0, row.ceiling - row.value)
    if row.better == "lower":
        return max(0.0, row.value - row.ceiling)
    return abs(row.value - float(row.better))


# What the numbers say


@pytest.fixture(scope="module")
def ring_rows():
    """Of fresh samples, and of samples from three of the eight modes."""
    p = ring()
    x = p.sample(4000, np.random.default_rng(5))
    kept = x[((x[:, None] - p.means[:3]) ** 2).sum(axis=-1).min(axis=1) < 0.5]
    return [by_name(measure(a[:1000], p)) for a in (x, kept)]


def test_exact_samples_of_a_mixture_reach_the_ceiling(ring_rows):
    good, _ = ring_rows
    assert list(good) == MODES
    assert (good["modes"].value, good["modes"].ceiling) == (8, 8)
    assert good["high quality"].ceiling == pytest.approx(1 - math.exp(-4.5))
    assert good["reverse KL"].ceiling == 7 / 2000
    assert shortfall(good["high quality"]) < 0.015
    for name in ("reverse KL", "MMD^2", "1-NN accuracy", "precision", "recall"):
        assert shortfall(good[name]) < 0.04, good[name]
    ratio = good["sliced Wasserstein"].value / good["sliced Wasserstein"].ceiling
    assert 1 / 3 < ratio < 3


def test_a_generator_that_drops_modes_is_worse_by_every_measure(ring_rows):
    good, dropping = ring_rows
    for name in MODES:
        if name in (
            "high quality",
            "precision",
        ):  # they do not look for what is missing
            assert shortfall(dropping[name]) < 0.05
        else:
            assert shortfall(dropping[name]) > 2 * shortfall(good[name]) + 0.05, name
    assert dropping["modes"].value == 3
    assert dropping["reverse KL"].value == pytest.approx(math.log(8 / 3), abs=0.02)


def test_a_generator_that_blurs_is_worse_where_quality_counts(ring_rows):
    good, _ = ring_rows
    rng = np.random.default_rng(6)
    blurred = ring().sample(1000, rng) + 0.1 * rng.standard_normal((1000, 2))
    blurred = by_name(measure(blurred, ring()))
    assert blurred["modes"].value == 8
    for name in ("high quality", "precision", "1-NN accuracy"):
        assert shortfall(blurred[name]) > shortfall(good[name]) + 0.1, name


def test_points_of_another_density_have_no_modes():
    p = TwoMoons()
    rows = measure(p.sample(300, np.random.default_rng(5)), p)
    assert [row.name for row in rows] == POINTS


@pytest.fixture(scope="module")
def digit_rows():
    """Of digits that the data do not hold, of noise, and of the threes among them."""
    digits = load_digits()
    order = np.random.default_rng(0).permutation(len(digits))
    new, old = order[:400], order[400:]
    x = digits.scaled(digits.pixels[new])
    rng = np.random.default_rng(1)
    threes = x[digits.labels[new] == 3]
    threes = threes[rng.integers(len(threes), size=len(x))]
    sets = x, rng.uniform(-1, 1, x.shape).astype("f4"), threes
    data = Images(digits.pixels[old], 0, 16, digits.labels[old])

    @functools.cache
    def learnt_once(n, seed):
        return feature_space(real_samples(data, n, seed).rest, seed)

    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr("tinygan.measures.features.STEPS", 400)
        monkeypatch.setattr(measuring, "PATCHES", 8_000)
        space = "tinygan.runs.measuring.feature_space"
        monkeypatch.setattr(space, lambda rest, seed: learnt_once(len(x), seed))
        return [by_name(measure(a, data)) for a in sets]


def test_real_images_reach_the_ceiling(digit_rows):
    good, _, _ = digit_rows
    assert list(good) == IMAGES
    assert good["classes"].value == good["classes"].ceiling == 10
    for name in ("precision", "recall", "1-NN accuracy", "MMD^2", "class KL"):
        assert shortfall(good[name]) < 0.07, good[name]
    assert shortfall(good["confidence"]) < 0.03
    for name in ("patches at 8 px", "Parzen likelihood"):
        assert good[name].value == pytest.approx(good[name].ceiling, rel=0.3)


def test_noise_is_worse_by_every_measure_but_the_classes(digit_rows):
    good, noise, _ = digit_rows
    for name in set(IMAGES) - {"classes"}:
        assert shortfall(noise[name]) > shortfall(good[name]) + 0.02, name
    assert noise["precision"].value < 0.1 and noise["1-NN accuracy"].value > 0.95


def test_one_class_is_worse_by_every_measure_but_quality(digit_rows):
    good, _, threes = digit_rows
    for name in set(IMAGES) - {"confidence", "precision"}:
        assert shortfall(threes[name]) > shortfall(good[name]) + 0.02, name
    assert threes["classes"].value <= 3
    assert threes["class KL"].value == pytest.approx(math.log(10), abs=0.3)
    assert shortfall(threes["confidence"]) < 0.05
    assert threes["recall"].value < 0.2 < 0.6 < threes["precision"].value


def test_images_without_labels_are_compared_by_components():
    digits = load_digits()
    data = Images(digits.pixels, 0, 16)
    said = []
    x = digits.scaled(digits.pixels[:100])
    rows = measure(x, data, say=said.append)
    labelled = {"confidence", "classes", "class KL"}
    assert [r.name for r in rows] == [n for n in IMAGES if n not in labelled]
    assert any("1,597 other real images" in s for s in said)


def test_small_images_are_patches_themselves():
    pixels = np.random.default_rng(0).integers(0, 256, (90, 5, 6), np.uint8)
    data = Images(pixels, 0, 255)
    rows = measure(data.scaled(data.pixels[:30]), data)
    assert rows[0].name == "patches at 5 px"


def test_larger_images_have_a_row_for_each_level_of_patches():
    pixels = np.random.default_rng(0).integers(0, 256, (90, 32, 32, 3), np.uint8)
    data = Images(pixels, 0, 255)
    rows = measure(data.scaled(pixels[:30]), data)
    assert [r.name for r in rows[:2]] == ["patches at 32 px", "patches at 16 px"]


def test_a_class_that_the_classifier_is_not_shown_is_a_class(monkeypatch):
    """The last class is rare: one image, among those that feature_space leaves out."""
    digits = load_digits()
    order = np.random.default_rng(0).permutation(300)
    pixels, labels = digits.pixels[order], digits.labels[order] % 3
    monkeypatch.setattr("tinygan.measures.features.STEPS", 20)
    monkeypatch.setattr("tinygan.measures.features.MOST", 120)
    shuffled = real_samples(Images(pixels, 0, 16, np.arange(300)), 60)
    labels[shuffled.rest.labels[1]] = 3  # every second of rest's 180 is taken
    data = Images(pixels, 0, 16, labels)
    real = real_samples(data, 60)
    assert feature_space(real.rest).net.tree.layers[-1].W.shape[1] == 4
    rows = by_name(measure(data.scaled(pixels[:60]), data))
    assert rows["classes"].ceiling <= 4 and rows["class KL"].value >= 0


def test_the_real_sets_are_disjoint_and_keyed():
    digits = load_digits()
    real = real_samples(digits, 500, seed=3)
    assert len(real.shown) == len(real.held) == 500 and len(real.rest) == 797
    rest = digits.scaled(real.rest.pixels)
    every = np.concatenate([real.shown, real.held, rest]).reshape(1797, -1)
    whole = digits.scaled(digits.pixels).reshape(1797, -1)
    assert sorted(map(bytes, every)) == sorted(map(bytes, whole))
    assert (real_samples(digits, 500, seed=3).held == real.held).all()
    assert (real_samples(digits, 500, seed=4).held != real.held).any()
    points = real_samples(ring(), 50, seed=3)
    assert points.shown.shape == points.held.shape == (50, 2) and points.rest is None
    assert (points.shown != points.held).all()


def test_the_same_seed_gives_the_same_rows():
    x = ring().sample(100, np.random.default_rng(0))
    assert measure(x, ring(), seed=1) == measure(x, ring(), seed=1)
    assert measure(x, ring(), seed=1) != measure(x, ring(), seed=2)


def test_the_table_and_the_json(tmp_path):
    rows = [
        Measurement("modes", 8, 8, "higher", "a"),
        Measurement("class KL", math.inf, 1.23456e-5, "lower", "b"),
        Measurement("patches at 8 px", 123.456, 0.0, "lower", "c"),
    ]
    assert table(rows) == [
        "measure          value  ceiling  better  what it says",
        "modes                8        8  higher  a",
        "class KL           inf  1.2e-05  lower   b",
        "patches at 8 px  123.5        0  lower   c",
    ]
    write(tmp_path / "r.json", {"n": 3}, rows)
    text = (tmp_path / "r.json").read_text()
    found = json.loads(text, parse_constant=lambda name: pytest.fail(name))
    assert found["n"] == 3
    assert found["measures"][1] == {
        "name": "class KL",
        "value": None,
        "ceiling": 1.23456e-5,
        "better": "lower",
        "says": "b",
    }


# The command


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Runs of mlp-ring, 40 steps, and mlp-digits, 3; not to be changed."""
    folder = tmp_path_factory.mktemp("runs")
    with pytest.MonkeyPatch.context() as monkeypatch:
        draw_small_pictures(monkeypatch)
        for recipe, steps in (("mlp-ring", 40), ("mlp-digits", 3)):
            options = ["--steps", str(steps), "--batch", "32", "--quiet"]
            out = ["--out", str(folder / recipe)]
            assert cli.main(["train", recipe, *options, *out]) == 0
    return folder


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(capsys, *arguments) -> tuple[int, str, str]:
    capsys.readouterr()
    try:
        status = cli.main(["evaluate", *map(str, arguments)])
    except SystemExit as e:  # argparse exits by itself
        status = e.code
    return status, *capsys.readouterr()


def refused(capsys, *arguments) -> str:
    """The one line with which tinygan refuses."""
    status, out, err = run(capsys, *arguments)
    assert (status, out) == (2, "")
    *said, line = err.splitlines()
    assert all(s.endswith(" ...") for s in said)
    assert line.startswith("tinygan") and "Traceback" not in err
    return line


def test_a_run_of_points_from_the_command_line(capsys, runs):
    folder = runs / "mlp-ring"
    options = ["--n", 200, "--seed", 3, "--out", "r.json"]
    status, out, err = run(capsys, folder, *options)
    assert status == 0
    assert err == "drawing 200 samples ...\n"
    lines = out.splitlines()
    assert lines[0] == f"{folder}, step 40: 200 samples against as many real"
    assert [line.split("  ")[0] for line in lines[4:]] == MODES
    assert max(map(len, lines[1:])) <= 100
    with open("r.json", encoding="utf-8") as file:
        found = json.load(file)
    assert (found["recipe"], found["step"]) == ("mlp-ring", 40)
    assert (found["n"], found["seed"]) == (200, 3)
    assert [m["name"] for m in found["measures"]] == MODES
    again = run(capsys, folder, *options[:-2])
    assert again == (0, out, err)
    assert run(capsys, folder, "--n", 200, "--seed", 4)[1] != out


def test_a_run_of_images_from_the_command_line(capsys, runs, monkeypatch):
    monkeypatch.setattr("tinygan.measures.features.STEPS", 100)
    monkeypatch.setattr(measuring, "PATCHES", 8_000)
    status, out, err = run(capsys, runs / "mlp-digits", "--out", "r.json")
    assert status == 0
    assert "drawing 599 samples" in err and "training a classifier of 599" in err
    assert "599 samples (not 2,500: at most a third of the data)" in out
    assert [line.split("  ")[0] for line in out.splitlines()[4:]] == IMAGES
    assert max(map(len, out.splitlines()[1:])) <= 100
    with open("r.json", encoding="utf-8") as file:
        found = json.load(file)
    assert found["n"] == 599
    values = {m["name"]: m["value"] for m in found["measures"]}
    assert values["1-NN accuracy"] > 0.95  # after three steps
    assert values["precision"] < 0.1


RECIPE = """
from tinygan import Adam, Dense, NonSaturating, Reshape, Sequential, Tanh, Flatten
from tinygan.data import load_images
from tinygan.runs import Experiment, Latent


def recipe(steps=1, batch=8, seed=0, data="x.npz"):
    return Experiment(
        G=Sequential(Dense(64), Reshape(8, 8, 1), Tanh()),
        D=Sequential(Flatten(), Dense(1)),
        shape=(8, 8, 1),
        data=lambda: load_images(data, shape=(8, 8, 1)),
        latent=Latent(4),
        objective=NonSaturating(),
        opt_G=Adam(1e-3),
        opt_D=Adam(1e-3),
        steps=steps,
        batch=batch,
        seed=seed,
    )
"""


def test_the_data_may_have_moved(capsys, here, small_pictures):
    (here / "mine.py").write_text(RECIPE)
    pixels = np.random.default_rng(0).integers(0, 256, (120, 8, 8), np.uint8)
    np.savez("x.npz", images=pixels)
    assert cli.main(["train", "mine.py", "--data", "x.npz", "--quiet"]) == 0
    shutil.move("x.npz", "y.npz")
    line = refused(capsys, "runs/mine")
    assert "x.npz" in line and "--data" in line
    status, out, _ = run(capsys, "runs/mine", "--data", "y.npz")
    assert status == 0 and "40 samples (not 2,500" in out
    np.savez("few.npz", images=pixels[:59])
    assert "at least 60 images" in refused(capsys, "runs/mine", "--data", "few.npz")
    np.savez("odd.npz", images=pixels[:, :7])
    assert "odd.npz" in refused(capsys, "runs/mine", "--data", "odd.npz")
    Image.new("L", (8, 8)).save("x.png")
    assert "x.png" in refused(capsys, "runs/mine", "--data", "x.png")


def test_what_cannot_be_evaluated(capsys, here, runs):
    folder = runs / "mlp-ring"
    assert "nowhere" in refused(capsys, "nowhere")
    assert "20 samples or more" in refused(capsys, folder, "--n", 19)
    for n in (0, -3, 2.5, "many"):
        assert "--n" in refused(capsys, folder, "--n", n)
    assert "does not take --data" in refused(capsys, folder, "--data", "x.npz")
    assert "RUN" in refused(capsys)
    for out in ("none/r.json", "."):
        assert f"--out {out}" in refused(capsys, folder, "--n", 50, "--out", out)
    assert list(here.iterdir()) == []
    shutil.copytree(folder, "run")
    (here / "run" / "checkpoint.npz").unlink()
    assert "checkpoint.npz" in refused(capsys, "run", "--n", 50)
    (here / "run" / "config.json").write_text("{}")
    assert "config.json" in refused(capsys, "run")


def test_a_generator_that_makes_no_numbers_is_refused(runs, monkeypatch):
    bad = np.full((20, 2), np.nan)
    monkeypatch.setattr("tinygan.runs.evaluate.generate", lambda *_: bad)
    from tinygan.backend import NUMPY
    from tinygan.runs.folder import RunFolder

    experiment = recipes.build(recipes.find("mlp-ring"), {})
    folder = RunFolder.open(runs / "mlp-ring")
    with pytest.raises(InputError, match="NaN or infinity"):
        evaluate(experiment, folder, NUMPY, 20)
    experiment.shape = (3,)
    with pytest.raises(InputError, match=r"shape \(3,\), found \(2,\)"):
        evaluate(experiment, folder, NUMPY, 20)


def test_without_labels_no_classifier_is_trained():
    digits = load_digits()
    space = feature_space(Images(digits.pixels[:50], 0, 16))
    assert not hasattr(space, "probabilities")

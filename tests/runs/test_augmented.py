"""`tinygan train RECIPE --augment`: an option of every recipe for pictures."""

import json

import numpy as np
import pytest
from pictures import draw_small_pictures

import tinygan as tg
from tinygan import (
    NUMPY,
    Augment,
    GrowingDiscriminator,
    Identity,
    Parallel,
    recipes,
)
from tinygan.cli.arguments import main
from tinygan.data import captioned_digits, load_digits
from tinygan.layers.augment import KINDS
from tinygan.runs import Experiment
from tinygan.runs.run import Run

# a constant rate: the first steps do not depend on how many will follow
RECIPE = """
from tinygan import *
from tinygan.data import load_digits
from tinygan.runs import Experiment, Latent

def recipe(steps=12, batch=8{more}):
    G = Sequential(Dense(64), Reshape(8, 8, 1), Tanh())
    D = Sequential(Conv2d(4, 3, 2, 1), LeakyReLU(0.2), Flatten(), Dense(1))
    return Experiment(
        {D}, G=G, shape=(8, 8, 1), data=load_digits, latent=Latent(3),
        objective=NonSaturating(), opt_G=Adam(0.01), opt_D=Adam(0.01),
        penalties=[R1(0.1)], steps=steps, batch=batch, log_every=1, picture_every=1000,
    )
"""


@pytest.fixture(autouse=True)
def quick(small_pictures):
    """No test here looks at a picture."""


def write(path, D="D=D", more="") -> str:
    path.write_text(RECIPE.format(D=D, more=more))
    return str(path)


def train(*arguments) -> None:
    assert main(["train", *map(str, arguments), "--quiet"]) == 0


def refused(capsys, *arguments) -> str:
    """The sentence with which a command line is refused."""
    capsys.readouterr()
    try:
        status = main([*map(str, arguments), "--quiet"])
    except SystemExit as e:
        status = e.code
    out, err = capsys.readouterr()
    assert (status, out, err.count("\n")) == (2, "", 1)
    return err


def arrays(folder) -> dict:
    with np.load(folder / "checkpoint.npz", allow_pickle=False) as file:
        return {k: file[k] for k in file.files if k != "manifest.json"}


def options(folder) -> dict:
    return json.loads((folder / "config.json").read_text())["options"]


def built(name: str, **given) -> Experiment:
    return recipes.build(recipes.find(name), given)


@pytest.fixture(scope="module")
def mine(tmp_path_factory) -> str:
    return write(tmp_path_factory.mktemp("recipe") / "mine.py")


@pytest.fixture(scope="module")
def straight(mine, tmp_path_factory):
    """A run of twelve steps with all kinds of change."""
    path = tmp_path_factory.mktemp("runs") / "straight"
    with pytest.MonkeyPatch.context() as monkeypatch:
        draw_small_pictures(monkeypatch)
        train(mine, "--augment", "--out", path)
    return path


# Kept, and resumed


def test_config_json_keeps_the_kinds(mine, straight, tmp_path):
    assert options(straight)["augment"] == [*KINDS]
    some, none = tmp_path / "some", tmp_path / "none"
    train(mine, "--augment", "cutout,colour", "--steps", 1, "--out", some)
    train(mine, "--steps", 1, "--out", none)
    assert options(some)["augment"] == ["colour", "cutout"]
    assert "augment" not in options(none)
    layers = {name.rpartition(".")[0] for name in arrays(some) if "Augment" in name}
    assert layers == {"D.state.0_Augment.0_ColourJitter", "D.state.0_Augment.1_Cutout"}
    assert not any("Augment" in name for name in arrays(none))


@pytest.mark.parametrize("again", [(), ("--augment",)], ids=["", "said again"])
def test_a_resumed_run_is_bit_for_bit_one_in_one_go(mine, straight, tmp_path, again):
    halves = tmp_path / "halves"
    train(mine, "--augment", "--steps", 5, "--out", halves)
    train("--resume", halves, "--steps", 12, *again)
    ours, whole = arrays(halves), arrays(straight)
    assert ours.keys() == whole.keys()
    assert all(ours[name].tobytes() == whole[name].tobytes() for name in whole)
    assert (
        whole["D.state.0_Augment.1_Translate.draws"] == 3 * 12
    )  # real, fake, G's step
    assert options(halves) == options(straight)


def test_the_kinds_cannot_change_when_a_run_is_resumed(
    mine, straight, tmp_path, capsys
):
    plain = tmp_path / "plain"
    train(mine, "--steps", 1, "--out", plain)
    for run, kinds in ((straight, ["cutout"]), (plain, [])):
        said = "--resume", run, "--steps", 30, "--augment", *kinds
        assert "--augment cannot change" in refused(capsys, "train", *said)


def test_samples_of_an_augmented_run(straight, tmp_path):
    out = tmp_path / "x.npy"
    assert main(["sample", str(straight), "--n", "5", "--out", str(out)]) == 0
    experiment = built(str(straight / "recipe.py"), **options(straight))
    G, _ = experiment.networks(NUMPY)
    theta = np.load(straight / "checkpoint.npz")["G.theta"]
    assert np.load(out).shape == (5, 8, 8, 1) and G.theta.shape == theta.shape


# What it is


PICTURES = [n for n in recipes.names() if n.endswith("-digits") or n == "text2digit"]
SPOKEN = "wavegan-digits", "cwavegan-digits", "specgan-digits"
LIKELY = "vae-digits", "made-digits"  # no D
PICTURES = [n for n in PICTURES if n not in (*SPOKEN, *LIKELY)]


@pytest.mark.parametrize("name", PICTURES)
def test_every_recipe_for_pictures_can_be_augmented(name):
    """Its D has the same weights, and a pair (x, y) keeps its y."""
    plain = built(name, seed=2, batch=8)
    experiment = built(name, seed=2, batch=8, augment=["translation", "cutout"])
    grows = isinstance(experiment.D, GrowingDiscriminator)
    (first, *_) = experiment.D.first[0].layers if grows else experiment.D.layers
    if isinstance(first, Parallel):
        first, *others = first.layers
        assert experiment.condition.shapes((1,)) != (1,)
        assert all(type(layer) is Identity for layer in others)
    assert repr(first) == "Augment('translation', 'cutout')"
    if name == "text2digit":  # few pictures, which take a millisecond each
        experiment.data = lambda: captioned_digits(40, 0, load_digits())
    run = Run(experiment)
    assert np.array_equal(run.D.theta, plain.networks(NUMPY)[1].theta)
    before = run.G.theta.copy(), run.D.theta.copy()
    run.turn()
    assert (run.G.theta != before[0]).any() and (run.D.theta != before[1]).any()
    assert np.isfinite(run.fetch()).all()


def test_sounds_are_no_pictures():
    with pytest.raises(
        tg.InputError, match="--augment: expected a recipe for pictures"
    ):
        recipes.build(recipes.find("wavegan-tones"), {"augment": ["cutout"]})


def test_without_the_option_nothing_changes():
    module = recipes.find("dcgan-digits")
    for given in ({}, {"augment": None}):
        D = recipes.build(module, given).D
        assert repr(D) == repr(module.recipe().D)


def test_a_recipe_may_have_an_option_of_this_name(tmp_path):
    """Then the recipe itself sees to it, whatever it means."""
    D = "D=Sequential(Augment('cutout'), *D.layers) if augment else D"
    path = write(tmp_path / "own.py", D=D, more=", augment=False")
    assert recipes.defaults(recipes.find(path))["augment"] is False
    assert not isinstance(built(path).D.layers[0], Augment)
    D = built(path, augment=True).D
    assert D.layers[0].kinds == ["cutout"] and len(D.layers) == 5


# Refused


def test_samples_that_are_no_pictures(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    said = refused(capsys, "train", "mlp-ring", "--augment")
    assert "--augment: expected a recipe for pictures (H, W, C)" in said
    assert "(2,)" in said and not list(tmp_path.iterdir())


def test_kinds_that_there_are_not(mine, capsys):
    for kinds in ("color", "colour,blur", "cutout,cutout"):
        said = refused(capsys, "train", mine, "--augment", kinds)
        assert "colour,translation,cutout or some of them" in said and kinds in said
    said = refused(capsys, "train", "--augment", "dcgan-digits")
    assert "after the RECIPE" in said


@pytest.mark.parametrize(
    "kinds, expected",
    [
        ([], "a list of kinds"),
        ("colour", "a list of kinds"),
        (True, "a list of kinds"),
        (["color"], "a kind 'colour' or"),
        ([["cutout"]], "a kind 'colour' or"),
        (["cutout", "cutout"], "each kind once"),
    ],
)
def test_a_config_json_with_other_kinds(straight, tmp_path, capsys, kinds, expected):
    for name in ("checkpoint.npz", "recipe.py", "metrics.jsonl"):
        (tmp_path / name).write_bytes((straight / name).read_bytes())
    config = json.loads((straight / "config.json").read_text())
    config["options"]["augment"] = kinds
    (tmp_path / "config.json").write_text(json.dumps(config))
    with pytest.raises(tg.InputError, match=expected):
        built(config["recipe"], augment=kinds)
    said = refused(capsys, "train", "--resume", tmp_path, "--steps", 30)
    assert "config.json" in said and expected in said

"""Every recipe builds, plays two turns, and makes samples of the data's shape."""

import os
import struct
import sys

import numpy as np
import pytest
from PIL import Image

from tinygan import BatchNorm, recipes
from tinygan.data import Labelled, Tones, captioned_digits, load_digits, write_wav
from tinygan.layers.base import each_once
from tinygan.penalties import GradientPenalty, Penalty
from tinygan.runs import CriticSteps
from tinygan.runs.likelihood import Likely
from tinygan.runs.run import Run


@pytest.fixture(scope="module")
def mnist(tmp_path_factory):
    """28x28 noise in MNIST's place: the recipe does not look at what it reads."""
    folder = tmp_path_factory.mktemp("data")
    pixels = np.random.default_rng(0).integers(0, 256, (200, 28, 28), np.uint8)
    labels = (np.arange(200) % 10).astype(np.uint8)
    for name, a in (("images-idx3", pixels), ("labels-idx1", labels)):
        header = struct.pack(f">I{a.ndim}I", 0x800 + a.ndim, *a.shape)
        (folder / f"train-{name}-ubyte").write_bytes(header + a.tobytes())
    return str(folder)


@pytest.fixture(scope="module")
def captioned(tmp_path_factory):
    """A folder of captioned pictures: squares, red or blue, big or small."""
    folder, lines = tmp_path_factory.mktemp("captioned"), ["file,caption,colour,size"]
    for n in range(40):
        pixels = np.zeros((16, 16, 3), np.uint8)
        small, blue, red = n % 2, n // 2 % 2, n // 4 % 2
        pixels[: 16 - 8 * small, :, 2 * blue] = 200 + 20 * red
        Image.fromarray(pixels).save(folder / f"{n}.png")
        size, colour = ("big", "small")[small], ("red", "blue")[blue]
        lines.append(f"{n}.png,a {size} {colour} square,{colour} {red},{size}")
    (folder / "captions.csv").write_text("\n".join(lines) + "\n")
    return str(folder)


@pytest.fixture(scope="module")
def spoken(tmp_path_factory):
    """Noise in the place of spoken digits, two sounds of each."""
    folder, rng = tmp_path_factory.mktemp("spoken"), np.random.default_rng(0)
    for n in range(20):
        write_wav(folder / f"{n // 2}_ann_{n % 2}.wav", rng.uniform(-1, 1, 999), 8000)
    return str(folder)


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """A text file of forty lines, some of them long."""
    path = tmp_path_factory.mktemp("written") / "text.txt"
    path.write_text("".join(f"line {n} is {n} words long\n" * 2 for n in range(20)))
    return str(path)


@pytest.fixture
def data(mnist, captioned, spoken, written):
    """What a recipe gets as --data."""
    own = {"text2character": captioned}
    own |= dict.fromkeys(("text-lines", "gru-lines"), written)
    heard = "wavegan-digits", "cwavegan-digits", "specgan-digits"
    own |= dict.fromkeys(heard, spoken)
    return lambda name: own.get(name, mnist)


FEW = {  # data that a recipe makes itself, which take a millisecond each
    "text2digit": lambda: captioned_digits(
        40, 0, load_digits()
    ),  # noise has no strokes
    "wavegan-tones": lambda: Labelled(Tones().sounds(40)),
}


def built(name, data, **options):
    module = recipes.find(name)
    if name in FEW:
        experiment = recipes.build(module, options)
        experiment.data = FEW[name]
        return experiment
    if "data" in recipes.defaults(module):
        options["data"] = data(name) if callable(data) else data
    return recipes.build(module, options)


@pytest.mark.parametrize("name", recipes.names())
def test_a_recipe_plays(name, data):
    experiment = built(name, data, steps=2, batch=4)
    if isinstance(getattr(experiment, "k", 1), CriticSteps):  # a hundred steps at first
        experiment.k = CriticSteps(2, boost=3)
    run = Run(experiment)
    before = {who: player.net.theta.copy() for who, player in run.players.items()}
    run.turn()
    run.turn()
    for who, player in run.players.items():
        assert (player.net.theta != before[who]).any(), who
    x = run.samples(4)
    assert x.shape == (4, *experiment.shape) and np.isfinite(x).all()
    assert np.isfinite(run.fetch()).all()


@pytest.mark.parametrize("name", recipes.names())
def test_a_recipe_keeps_its_own_rules(name, data):
    """Every option counts, and no critic with a gradient penalty has BatchNorm."""
    experiment = built(name, data, steps=7, batch=8, seed=5, lr=0.25)
    assert (experiment.steps, experiment.batch, experiment.seed) == (7, 8, 5)
    assert len(recipes.summary(recipes.find(name))) <= 88
    if isinstance(experiment, Likely):
        assert experiment.opt.lr == 0.25
        return
    assert 0.25 in (experiment.opt_G.lr, experiment.opt_D.lr)
    penalties = experiment.penalties_at(0)
    assert all(isinstance(p, Penalty) for p in penalties)
    norms = [f for _, f in each_once(experiment.D) if isinstance(f, BatchNorm)]
    assert not (any(isinstance(p, GradientPenalty) for p in penalties) and norms)


def test_a_file_of_ones_own_is_read_as_it_stands(tmp_path, monkeypatch):
    # two edits of one length within a second: Python's cache takes them for one
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    path = tmp_path / "mine.py"
    for edit in ("a", "b"):
        path.write_text(f"def recipe():\n    return {edit!r}\n")
        os.utime(path, (1_000_000_000, 1_000_000_000))
        assert recipes.find(str(path)).recipe() == edit


def test_the_recipes_of_the_field_are_there():
    assert set(recipes.names()) >= {
        "acgan-digits",
        "best-grid",
        "cdcgan-mnist",
        "cgan-digits",
        "cwavegan-digits",
        "dcgan-stacked-mnist",
        "gan-mnist",
        "gru-lines",
        "gru-names",
        "gumbel-names",
        "hinge-digits",
        "made-digits",
        "made-mnist",
        "pacgan-grid",
        "pixelcnn-mnist",
        "progan",
        "progan-digits",
        "progan-faces",
        "progan-mnist",
        "projection-mnist",
        "r1-mnist",
        "r3gan-faces",
        "r3gan-stacked-mnist",
        "ragan-digits",
        "sngan-mnist",
        "specgan-digits",
        "text-lines",
        "text-names",
        "text2character",
        "text2digit",
        "vae-digits",
        "vae-mnist",
        "wavegan-digits",
        "wavegan-tones",
        "wgan-gp-digits",
        "wgan-gp-grid",
        "wgan-ring",
    }


def test_the_first_gan_starts_at_the_mean_digit(tmp_path):
    """Where no image has ink, G's pixels start at 1e-7; with no data at 1/2."""
    pixels = np.zeros((20, 28, 28), np.uint8)
    pixels[:5, 3:25, 3:25] = 255  # lit in a quarter of the images
    path = tmp_path / "images.npz"
    np.savez(path, images=pixels)
    run = Run(built("gan-mnist", str(path), batch=8))
    p = 1 / (1 + np.exp(-run.G.parameters()["4_Dense.b"].reshape(28, 28)))
    assert np.allclose(p[3:25, 3:25], 0.25) and np.allclose(p[:3], 1e-7, rtol=1e-3)
    assert run.players["D"].opt.lr == run.players["G"].opt.lr / 2
    start = recipes.build(recipes.find("gan-mnist"), {}).G.layers[4].start
    assert start.shape == (784,) and not start.any()

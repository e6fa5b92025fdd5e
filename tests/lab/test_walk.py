"""A walk through the latents of a trained run, without a page."""

import argparse
import base64
import io
import math

import numpy as np
import pytest
from PIL import Image

from tinygan import CheckpointError, InputError
from tinygan.cli import folders
from tinygan.cli.arguments import main
from tinygan.data import read_wav
from tinygan.lab.walk import PICTURE, POINT, SOUND, TEXT, Walk
from tinygan.runs import sampling
from tinygan.runs.media import medium_of

RUNS = {
    "cgan-digits": (PICTURE, "class", ("--batch", "8")),
    "vae-digits": (PICTURE, "", ("--batch", "8")),
    "text2digit": (PICTURE, "sentence", ("--batch", "4")),
    "wavegan-tones": (SOUND, "class", ("--size", "1024", "--batch", "4")),
    "gru-names": (TEXT, "", ("--batch", "8")),
    "mlp-ring": (POINT, "", ("--batch", "8")),
}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A function from a recipe to the folder of its run of two steps."""
    made = {}

    def run(recipe):
        if recipe not in made:
            out = tmp_path_factory.mktemp("runs") / recipe
            options = ["--steps", "2", "--quiet", "--cores", "1", *RUNS[recipe][2]]
            assert main(["train", recipe, *options, "--out", str(out)]) == 0
            made[recipe] = out
        return made[recipe]

    return run


def opened(folder):
    """(experiment, folder, backend), as the command opens a run."""
    args = argparse.Namespace(
        folder=str(folder),
        data=None,
        backend=None,
        with_changes=False,
        as_trained=False,
        trust=False,
    )
    folder, experiment, _, backend = folders.trained(args)
    return experiment, folder, backend


@pytest.mark.parametrize("recipe", RUNS)
def test_the_samples_are_those_of_tinygan_sample(recipe, run):
    experiment, folder, backend = opened(run(recipe))
    walk = Walk(experiment, folder, backend)
    shows, asks, _ = RUNS[recipe]
    assert (walk.shows, walk.asks) == (shows, asks)
    assert walk.z.shape == (walk.dim,)
    wishes = {"class": {"label": walk.asked}, "sentence": {"text": walk.asked}}
    request = sampling.Request(**wishes.get(asks, {}))
    same, _, inputs = request.inputs(experiment, 1, seed=0)
    x = sampling.generate(same, folder, backend, inputs)
    expected = medium_of(experiment).presented(x)
    assert walk.made(walk.z[None]) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("recipe", RUNS)
def test_a_sample_is_shown_as_what_it_is(recipe, run):
    walk = Walk(*opened(run(recipe)))
    (x,) = walk.made(walk.z[None])
    if walk.shows == PICTURE:
        start, _, text = walk.picture(x).partition(",")
        assert start == "data:image/png;base64"
        image = np.asarray(Image.open(io.BytesIO(base64.b64decode(text))))
        assert image.shape == (*x.shape[:2], 3)
        grey = image[..., 0] if x.shape[-1] == 1 else image
        found = np.clip(np.rint((np.squeeze(x) + 1) * 127.5), 0, 255)
        assert np.array_equal(grey, found)
    elif walk.shows == SOUND:
        start, _, text = walk.sound(x).partition(",")
        assert start == "data:audio/wav;base64"
        path = walk.folder.path / "heard.wav"
        path.write_bytes(base64.b64decode(text))
        heard, rate = read_wav(path)
        assert rate == walk.experiment.sound.rate
        assert np.abs(heard[:, 0] - x).max() < 1e-3  # 16 bits
    elif walk.shows == TEXT:
        assert walk.text(x) == walk.experiment.text.decode(x[None])[0]
    else:
        assert x.shape == (2,)


def test_a_walk_goes_on_to_new_z_and_between_two(run):
    walk = Walk(*opened(run("mlp-ring")))
    first = walk.z
    walk.renew()
    assert walk.seed == 1 and not np.array_equal(walk.z, first)
    assert np.array_equal(walk.z, walk.drawn(1)) and np.array_equal(walk.a, first)
    assert walk.between(0) == pytest.approx(walk.a)
    assert walk.between(1) == pytest.approx(walk.b)
    walk.a, walk.b = np.array([2.0, 0.0]), np.array([0.0, 2.0])
    middle = walk.between(0.5)
    assert middle == pytest.approx([math.sqrt(2), math.sqrt(2)])  # |z| stays 2
    walk.b = -walk.a  # no plane to go round in
    assert walk.between(0.25) == pytest.approx([1.0, 0.0])
    walk.b = 0 * walk.a
    assert walk.between(0.5) == pytest.approx([1.0, 0.0])
    assert walk.limits == (-12.0, 12.0)


def test_one_asks_for_a_class_or_a_sentence_that_the_run_knows(run):
    walk = Walk(*opened(run("cgan-digits")))
    three = walk.made(walk.z[None])
    walk.ask("7")
    assert not np.array_equal(walk.made(walk.z[None]), three)
    with pytest.raises(InputError, match="a class from 0 to 9"):
        walk.ask("11")
    assert walk.asked == "7"
    words = Walk(*opened(run("text2digit")))
    assert 1 < len(words.choices) <= 50
    with pytest.raises(InputError, match="zeppelin"):
        words.ask("a small zeppelin")
    with pytest.raises(InputError, match="expected words, got none"):
        words.ask("  ")
    assert words.asked == words.choices[0]


def test_a_run_that_the_page_cannot_show_is_refused(run, monkeypatch):
    experiment, folder, backend = opened(run("mlp-ring"))
    monkeypatch.setattr(experiment, "shape", (3,))
    with pytest.raises(InputError, match=r"this run makes samples \(3,\)"):
        Walk(experiment, folder, backend)


def test_a_generator_of_NaN_is_named(run):
    walk = Walk(*opened(run("mlp-ring")))
    walk.net.theta[...] = np.nan
    with pytest.raises(CheckpointError, match="finite samples"):
        walk.made(walk.z[None])

"""The recipes for a user's own pictures: sized from the data and from --size."""

import json

import numpy as np
import pytest
from PIL import Image

from tinygan import recipes
from tinygan.cli import main
from tinygan.data import Images
from tinygan.errors import InputError
from tinygan.recipes.pictures import SIZES, sides, widths
from tinygan.runs.run import Run

NAMES = ("pictures", "class-pictures")


def images(size=16, channels=3, classes=3, n=24):
    rng = np.random.default_rng(size)
    pixels = rng.integers(0, 256, (n, size, size, channels), np.uint8)
    return Images(pixels, 0, 255, np.arange(n) % classes if classes else None)


def folder(path, kinds=("cat", "dog"), n=6, size=16):
    """Class folders of PNG files, of one colour for each class."""
    for k, kind in enumerate(kinds):
        (path / kind).mkdir(parents=True)
        for i in range(n):
            pixels = np.full((size, size + 4 * k, 3), (40 * i, 90, 200), np.uint8)
            Image.fromarray(pixels).save(path / kind / f"{i}.png")
    return path


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_the_networks_fit_the_data(name, size, channels):
    options = {"data": images(size, channels), "batch": 4}
    experiment = recipes.build(recipes.find(name), options)
    assert experiment.shape == (size, size, channels)
    assert experiment.decided["size"] == size
    assert experiment.decided["channels"] == channels
    if size == 16:
        run = Run(experiment)
        run.turn()
        assert run.samples(3).shape == (3, size, size, channels)


def test_sides_and_widths():
    assert sides(28) == [7, 14, 28]
    assert widths(28, 1) == [64, 32, 1]
    assert sides(128) == [4, 8, 16, 32, 64, 128]
    assert widths(128, 3) == [256, 256, 128, 64, 32, 3]
    assert all(4 <= sides(size)[0] <= 7 for size in SIZES)


@pytest.mark.parametrize(
    ("size", "near"), [(8, 16), (30, 28), (100, 96), (33, 32), (256, 128)]
)
def test_another_size_is_refused_with_the_nearest(size, near):
    with pytest.raises(InputError, match=f"found {size}; --size {near} scales"):
        recipes.build(recipes.find("pictures"), {"data": images(size)})


def test_pictures_must_be_square():
    pixels = np.zeros((3, 20, 32, 3), np.uint8)
    with pytest.raises(InputError, match="square pictures, found 20 x 32 pixels; --si"):
        recipes.build(recipes.find("pictures"), {"data": Images(pixels, 0, 255)})


def test_no_data_is_a_sentence_that_says_what_is_read():
    for name in NAMES:
        with pytest.raises(InputError, match="this recipe needs --data PATH: a folder"):
            recipes.build(recipes.find(name), {})


def test_no_labels():
    with pytest.raises(InputError, match="expected images with labels"):
        recipes.build(recipes.find("class-pictures"), {"data": images(classes=0)})


def test_data_choose_the_recipe(tmp_path, monkeypatch, capsys, small_pictures):
    """Class folders: class-pictures. No classes: pictures. The command says so."""
    monkeypatch.chdir(tmp_path)
    path = folder(tmp_path / "pets")
    short = ["--size", "16", "--steps", "2", "--batch", "4", "--quiet"]
    assert main(["train", "--data", str(path), *short]) == 0
    said = capsys.readouterr().out
    assert "2 classes: the recipe class-pictures suits them" in said
    config = json.loads((tmp_path / "runs/class-pictures/config.json").read_text())
    assert config["recipe"] == "class-pictures"
    options = config["options"]
    assert options["data"] == str(path)
    assert (options["size"], options["channels"]) == (16, 3)
    assert options["classes"] == ["cat", "dog"]

    assert main(["train", "--data", str(path / "cat"), *short]) == 0
    assert "the recipe pictures suits them" in capsys.readouterr().out
    assert (tmp_path / "runs/pictures/checkpoint.npz").exists()


def test_samples_need_no_data_and_classes_have_names(
    tmp_path, monkeypatch, capsys, small_pictures
):
    monkeypatch.chdir(tmp_path)
    path = folder(tmp_path / "pets")
    short = ["--size", "16", "--steps", "2", "--batch", "4", "--quiet"]
    assert main(["train", "class-pictures", "--data", str(path), *short]) == 0
    path.rename(tmp_path / "elsewhere")
    for label in ("dog", "1"):
        out = tmp_path / f"{label}.npy"
        sample = ["sample", "runs/class-pictures", "--label", label, "--n", "3"]
        assert main([*sample, "--out", str(out)]) == 0
    dogs, ones = (np.load(tmp_path / f"{label}.npy") for label in ("dog", "1"))
    assert np.array_equal(dogs, ones)
    assert main(["sample", "runs/class-pictures", "--label", "dig"]) == 2
    assert "expected a class from 0 to 1 of this run (dog)" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["cdcgan-mnist", "projection-mnist"])
def test_mnist_recipes_take_any_number_of_classes(name):
    data = images(28, 1, classes=7)
    np_file = recipes.find(name)
    experiment = recipes.build(np_file, {"classes": list("abcdefg")})
    assert experiment.condition.K == data.classes == 7
    assert experiment.condition.names == tuple("abcdefg")


def test_mnist_recipes_read_pictures_of_any_size(tmp_path):
    """--size 28 makes photos fit, in grey."""
    path = folder(tmp_path / "pets", size=40)
    experiment = recipes.build(
        recipes.find("projection-mnist"), {"data": str(path), "size": 28, "batch": 4}
    )
    assert experiment.condition.names == ("cat", "dog")
    data = experiment.data()
    assert data.shape == (28, 28, 1)
    with pytest.raises(InputError, match="--size 28"):
        recipes.build(recipes.find("dcgan-mnist"), {"data": str(path)}).data()


def test_options_of_a_recipe_in_its_error():
    with pytest.raises(InputError) as caught:
        recipes.build(recipes.find("dcgan-digits"), {"size": 16})
    said = "this recipe does not take --size; it takes --steps, --batch, --lr, --seed"
    assert str(caught.value).startswith(said)
    assert "size" in recipes.defaults(recipes.find("dcgan-mnist"))

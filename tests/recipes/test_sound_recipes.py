"""The recipes of spoken digits, on a folder of short sounds."""

import numpy as np
import pytest

from tinygan import NUMPY, DataError, InputError, recipes
from tinygan.cli.arguments import main
from tinygan.data import write_wav
from tinygan.runs import Classes

SIZE = 1024  # the least of specgan-digits
NAMES = ["wavegan-digits", "cwavegan-digits", "specgan-digits"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Two of each of three digits, with names as 7_ann_0.wav."""
    path, rng = tmp_path_factory.mktemp("spoken"), np.random.default_rng(0)
    for digit in range(3):
        for i in range(2):
            x = rng.uniform(-1, 1, 300 + 100 * digit)
            write_wav(path / f"{digit}_ann_{i}.wav", x, 8000)
    return path


@pytest.mark.parametrize("name", NAMES)
def test_it_trains_on_a_folder_and_makes_wav_files(name, folder, tmp_path, capsys):
    out = tmp_path / "run"
    options = ["--data", str(folder), "--size", str(SIZE), "--batch", "4"]
    options += ["--steps", "2", "--quiet", "--out", str(out)]
    assert main(["train", name, *options]) == 0
    said = capsys.readouterr().out
    assert "6 sounds of" in said and "listen: open" in said
    label = [] if name == "wavegan-digits" else ["--label", "2"]
    wav = ["--n", "2", "--out", str(tmp_path / "x.wav")]
    assert main(["sample", str(out), *label, *wav]) == 0
    assert (tmp_path / "x.wav").stat().st_size == 44 + 2 * 2 * (SIZE + 2000)


@pytest.mark.parametrize("name", NAMES[1:])
def test_the_classes_are_those_of_the_names(name, folder):
    recipe = recipes.find(name)
    e = recipes.build(recipe, {"data": folder, "size": SIZE})
    assert e.condition == Classes(3, ("0", "1", "2"))
    x, y = e.data().batches(6, 0, NUMPY)(0)
    assert x.shape == (6, *e.shape) and sorted(y) == [0, 0, 1, 1, 2, 2]
    again = {"data": None, "size": SIZE} | e.decided  # a trained run, without its data
    assert recipes.build(recipe, again).condition == e.condition


def test_a_specgan_sees_the_pictures_of_the_sounds(folder):
    e = recipes.build(recipes.find("specgan-digits"), {"data": folder, "size": SIZE})
    data = e.data().images
    assert data.shape == e.shape == (16, 64, 1)
    assert np.array_equal(data.values, e.sound.pictures(data.sounds.values[..., 0]))
    heard = e.sound(data.values)  # another phase, the same picture, nearly
    assert heard.shape == (6, SIZE)
    assert np.abs(e.sound.pictures(heard) - data.values).mean() < 0.1


@pytest.mark.parametrize("name", NAMES[1:])
def test_sounds_without_classes_cannot_be_asked_for(name, tmp_path):
    noise = np.random.default_rng(0).uniform(-1, 1, 2000)
    write_wav(tmp_path / "thunder.wav", noise, 8000)
    with pytest.raises(DataError, match="labels"):
        recipes.build(recipes.find(name), {"data": tmp_path})


@pytest.mark.parametrize("size", [512, 1000, 1536])
def test_a_size_that_cannot_be_made_is_refused(size, folder):
    for name, step in zip(NAMES[1:], (256, 1024), strict=True):
        options = {"data": folder, "size": size}
        if size % step == 0:
            recipes.build(recipes.find(name), options)
        else:
            with pytest.raises(InputError, match=f"multiple of {step:,} samples"):
                recipes.build(recipes.find(name), options)


@pytest.mark.parametrize("name", NAMES)
def test_without_data_it_says_what_it_needs(name):
    with pytest.raises(InputError, match="a folder or a zip of sounds"):
        recipes.build(recipes.find(name), {}).data()

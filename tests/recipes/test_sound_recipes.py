"""The recipes of spoken digits, on a folder of short sounds."""

import numpy as np
import pytest

from tinygan import NUMPY, InputError, recipes
from tinygan.cli.arguments import main
from tinygan.data import write_wav
from tinygan.runs import Classes

SIZE = 512


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Two of each of three digits, with names as 7_ann_0.wav."""
    path, rng = tmp_path_factory.mktemp("spoken"), np.random.default_rng(0)
    for digit in range(3):
        for i in range(2):
            x = rng.uniform(-1, 1, 300 + 100 * digit)
            write_wav(path / f"{digit}_ann_{i}.wav", x, 8000)
    return path


@pytest.mark.parametrize("name", ["wavegan-digits", "cwavegan-digits"])
def test_it_trains_on_a_folder_and_makes_wav_files(name, folder, tmp_path, capsys):
    out = tmp_path / "run"
    options = ["--data", str(folder), "--size", str(SIZE), "--batch", "4"]
    options += ["--steps", "2", "--quiet", "--out", str(out)]
    assert main(["train", name, *options]) == 0
    said = capsys.readouterr().out
    assert "6 sounds of" in said and "listen: open" in said
    label = ["--label", "2"] if name.startswith("c") else []
    wav = ["--n", "2", "--out", str(tmp_path / "x.wav")]
    assert main(["sample", str(out), *label, *wav]) == 0
    assert (tmp_path / "x.wav").stat().st_size == 44 + 2 * 2 * (SIZE + 2000)


def test_the_classes_are_those_of_the_names(folder):
    e = recipes.build(recipes.find("cwavegan-digits"), {"data": folder, "size": SIZE})
    assert e.condition == Classes(3, ("0", "1", "2"))
    x, y = e.data().batches(6, 0, NUMPY)(0)
    assert x.shape == (6, SIZE, 1) and sorted(y) == [0, 0, 1, 1, 2, 2]
    again = {"data": None, "size": SIZE} | e.decided  # a trained run, without its data
    assert (
        recipes.build(recipes.find("cwavegan-digits"), again).condition == e.condition
    )


@pytest.mark.parametrize("name", ["wavegan-digits", "cwavegan-digits"])
def test_without_data_it_says_what_it_needs(name):
    with pytest.raises(InputError, match="a folder or a zip of sounds"):
        recipes.build(recipes.find(name), {}).data()

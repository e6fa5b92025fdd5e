"""`tinygan theory NAME`: every figure opens, and every refusal is one sentence."""

import numpy as np
import pytest
from PIL import Image

from tinygan import InputError
from tinygan.cli.arguments import main
from tinygan.theory import canvas, convergence, figures, portraits, training


@pytest.fixture(autouse=True)
def small(monkeypatch, tmp_path):
    """Few steps, panels and methods: the numbers are tested elsewhere."""
    monkeypatch.chdir(tmp_path)

    def few(seed):
        return training.train_discriminator(30, (0, 30), seed=seed)

    def rows():
        methods = ("none", "WGAN-GP", "R1")
        return convergence.convergence_table(("minimax",), methods, turns=60)

    monkeypatch.setattr(figures, "train_discriminator", few)
    monkeypatch.setattr(portraits, "convergence_table", rows)
    monkeypatch.setattr(portraits, "PANELS", portraits.PANELS[4:8])


@pytest.fixture
def undrawn(monkeypatch):
    """Figures become blank pictures, for tests of what is said."""
    blank = np.zeros((4, 4, 3), np.uint8)
    monkeypatch.setattr(figures, "pixels", lambda figure: blank)


@pytest.mark.parametrize("name", figures.FIGURES)
def test_a_figure_and_its_numbers(name, tmp_path):
    text = figures.write(name, tmp_path / "x.png")
    with Image.open(tmp_path / "x.png") as image:
        assert image.format == "PNG" and min(image.size) >= 500
        assert np.array(image).std() > 10  # not a blank sheet
    assert len(text) >= 3 and max(map(len, text)) <= 110
    assert any(character.isdigit() for character in " ".join(text))
    assert [p.name for p in tmp_path.iterdir()] == ["x.png"]


def test_the_seed_is_that_of_training(tmp_path, undrawn):
    a, b, c = (figures.write("optimal-discriminator", "x.png", s) for s in (0, 0, 1))
    assert a == b != c


def test_pixels_are_those_of_the_figure():
    figure, axes = canvas.subplots(1, 2, 4, 2)
    assert axes.shape == (1, 2)
    pixels = canvas.pixels(figure)
    assert pixels.dtype == np.uint8 and pixels.shape == (240, 480, 3)


# The command


def refused(capsys, *arguments) -> str:
    assert main(["theory", *map(str, arguments)]) == 2
    out, err = capsys.readouterr()
    assert out == "" and len(err.splitlines()) == 1
    return err


def test_without_a_name_it_lists_the_figures(capsys):
    assert main(["theory"]) == 0
    names = [line.split()[0] for line in capsys.readouterr().out.splitlines()]
    assert names == list(figures.FIGURES)


def test_with_a_name_it_draws_and_prints(capsys, tmp_path, undrawn):
    assert main(["theory", "saturation", "--out", "mine.png"]) == 0
    out = capsys.readouterr().out
    assert "non-saturating" in out and out.endswith("look at mine.png\n")
    assert main(["theory", "divergences"]) == 0
    assert sorted(p.name for p in tmp_path.iterdir()) == ["divergences.png", "mine.png"]


@pytest.mark.parametrize(
    "wrong, right",
    [
        ("dirack", "dirac"),
        ("discriminator", "optimal-discriminator"),
        ("divergence", "divergences"),
        ("xyzzy", "tinygan theory"),
    ],
)
def test_an_unknown_name_brings_the_nearest(capsys, tmp_path, wrong, right):
    err = refused(capsys, wrong)
    assert repr(wrong) in err and right in err
    with pytest.raises(InputError, match="unknown"):
        figures.write(wrong, "x.png")
    assert list(tmp_path.iterdir()) == []


def test_an_out_that_is_no_picture(capsys, tmp_path, undrawn):
    for out in ("x.jpg", "x", "nowhere/x.png", tmp_path):
        err = refused(capsys, "saturation", "--out", out)
        assert str(out) in err and "expected" in err
    (tmp_path / "folder.png").mkdir()
    assert "folder.png" in refused(capsys, "saturation", "--out", "folder.png")
    assert "--out" in refused(capsys, "--out", "x.png")
    assert [p.name for p in tmp_path.iterdir()] == ["folder.png"]

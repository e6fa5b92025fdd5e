"""The command `tinygan data`: its words, its picture, and where it may write."""

import numpy as np
import pytest
from PIL import Image

from tinygan import plots
from tinygan.cli.arguments import main


@pytest.fixture
def photos(tmp_path, monkeypatch):
    """A folder of pictures, photos, in an empty folder to work in."""
    rng = np.random.default_rng(0)
    (tmp_path / "photos").mkdir()
    for k in range(6):
        levels = rng.integers(0, 256, (20, 30, 3), dtype=np.uint8)
        Image.fromarray(levels).save(tmp_path / "photos" / f"{k}.png")
    monkeypatch.chdir(tmp_path)
    return tmp_path / "photos"


def run(capsys, *arguments) -> tuple[int, str, str]:
    """Exit status, stdout and stderr of `tinygan data arguments...`."""
    try:
        status = main(["data", *map(str, arguments)])
    except SystemExit as e:
        status = e.code
    return status, *capsys.readouterr()


def test_it_says_what_there_is_and_draws_it(photos, capsys):
    status, out, err = run(capsys, "photos", "--size", 16)
    assert (status, err) == (0, "")
    assert out.startswith("photos: a folder of pictures\n  images       6\n")
    assert "\n    tinygan train --data photos --size 16\n" in out
    assert out.endswith(
        "look at data.png: some of the images, as a network sees them\n"
    )
    with Image.open("data.png") as sheet:
        pixels = np.asarray(sheet)
    from tinygan.data import load_images

    images = load_images(photos, size=16)
    expected = plots.image_grid(images.scaled(images.pixels))
    np.testing.assert_array_equal(pixels, expected)


def test_no_file_is_overwritten(photos, capsys, tmp_path):
    (tmp_path / "data.png").write_bytes(b"mine")
    (tmp_path / "data-2.png").symlink_to("nowhere")
    for name in ("data-3.png", "data-4.png"):
        assert f"look at {name}" in run(capsys, "photos")[1]
    assert (tmp_path / "data.png").read_bytes() == b"mine"
    status, out, err = run(capsys, "photos", "--out", "data.png")
    assert (status, out) == (2, "") and "there is such a file" in err
    assert run(capsys, "photos", "--out", "new.png")[0] == 0


@pytest.mark.parametrize("out", ["x.jpg", "no/x.png", "photos/x.png", "photos"])
def test_places_that_are_refused(photos, capsys, out):
    status, out, err = run(capsys, "photos", "--out", out)
    assert (status, out) == (2, "") and err.startswith("tinygan: --out ")
    assert len(err.splitlines()) == 1 and len(list(photos.iterdir())) == 6


def test_nothing_is_drawn_among_the_data(photos, capsys, monkeypatch):
    monkeypatch.chdir(photos)
    status, out, _ = run(capsys, ".")
    assert status == 0 and "no picture is drawn" in out
    assert len(list(photos.iterdir())) == 6
    assert run(capsys, ".", "--out", "../seen.png")[0] == 0


@pytest.mark.parametrize("ends", ["-1,1", "0,1e3", "-2.5,-1"])
def test_a_range_may_be_negative(photos, capsys, ends):
    low, high = map(float, ends.split(","))
    np.save("x.npy", np.linspace(low, high, 192).reshape(3, 8, 8))
    status, out, err = run(capsys, "x.npy", "--range", ends)
    assert (status, err) == (0, "")
    assert f"{low:g} is black, {high:g} is white" in out
    assert f"--range {low:g},{high:g}\n" in out
    again = out.partition("tinygan train ")[2].splitlines()[0].split()[2:]
    assert run(capsys, "x.npy", *again)[0] == 0


@pytest.mark.parametrize(
    "options",
    [
        *(["--size", "0"], ["--size", "x"], ["--channels", "2"], ["--range", "1"]),
        *(["--range", "3,2"], ["--range", "nan,1"], ["--range", "0,inf"], ["--range"]),
        ["--size", "5000"],
    ],
)
def test_options_that_cannot_be(photos, capsys, options):
    status, out, err = run(capsys, "photos", *options)
    assert status == 2 and out == "" and len(err.splitlines()) == 1


def test_data_that_cannot_be_read(photos, capsys):
    for path in ("nothing", "http://example.org/photos.zip"):
        status, out, err = run(capsys, path)
        assert (status, out) == (2, "") and "expected" in err
        assert len(err.splitlines()) == 1

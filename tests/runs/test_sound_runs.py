"""Runs of sounds: their pictures, their page, their WAV files."""

import base64
import json
import re

import numpy as np
import pytest
from PIL import Image

from tinygan import NUMPY, Dense, InputError, Reshape, Sequential, Tanh
from tinygan.cli.arguments import main
from tinygan.data import read_wav
from tinygan.data.files.wav import decoded_wav
from tinygan.recipes import wavegan_tones
from tinygan.runs import Experiment, Latent
from tinygan.runs.hearing import Hearing
from tinygan.runs.run import Run
from tinygan.sound import Magnitudes

SIZE = 768
TRAIN = ["train", "wavegan-tones", "--size", str(SIZE), "--batch", "4", "--quiet"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A run of two steps."""
    path = tmp_path_factory.mktemp("sounds") / "run"
    assert main([*TRAIN, "--steps", "2", "--cores", "1", "--out", str(path)]) == 0
    return path


def players(page) -> list[tuple[str, np.ndarray]]:
    """(caption, samples (T,)) of each player."""
    found = re.findall(
        r"<figcaption>(.*?)</figcaption>.*?base64,(.*?)\"", page.read_text()
    )
    sounds = []
    for caption, wav in found:
        x, rate = decoded_wav(base64.b64decode(wav))
        assert rate == 8000
        sounds.append((caption, x[:, 0]))
    return sounds


def test_a_run_has_a_picture_and_a_page_to_listen(folder):
    with Image.open(folder / "samples.png") as picture:
        assert picture.width > 700 and picture.height > 1000  # 4 columns, 10 rows
    sounds = players(folder / "sounds.html")
    assert [caption for caption, _ in sounds[:5]] == ["220 Hz"] * 4 + ["233.1 Hz"]
    assert len(sounds) == 40 and {x.shape for _, x in sounds} == {(SIZE,)}
    row = json.loads((folder / "metrics.jsonl").read_text().splitlines()[-1])
    assert np.isfinite(row["sliced_wasserstein"]) and row["step"] == 2


def test_sampling_writes_wav_files(folder, tmp_path, capsys):
    out = tmp_path / "threes.wav"
    wanted = ["sample", str(folder), "--label", "3", "--n", "3"]
    assert main([*wanted, "--out", str(out)]) == 0
    x, rate = read_wav(out)
    assert rate == 8000 and x.shape == (3 * (SIZE + 2000), 1)
    parts = x[:, 0].reshape(3, -1)
    assert not parts[:, SIZE:].any() and parts[:, :SIZE].any(axis=1).all()
    many = tmp_path / "many"
    assert main([*wanted, "--out", str(many)]) == 0
    assert sorted(p.name for p in many.iterdir()) == [f"000{i}.wav" for i in (1, 2, 3)]
    for i, part in enumerate(parts):
        assert np.array_equal(read_wav(many / f"000{i + 1}.wav")[0][:, 0], part[:SIZE])
    page = tmp_path / "threes.html"
    assert main([*wanted, "--out", str(page)]) == 0
    assert [caption for caption, _ in players(page)] == ["0001", "0002", "0003"]
    array = tmp_path / "threes.npy"
    assert main([*wanted, "--out", str(array)]) == 0
    found = np.load(array)
    assert found.shape == (3, SIZE) and found.dtype == np.float32
    assert np.abs(found - parts[:, :SIZE]).max() <= 2**-15
    capsys.readouterr()


def refused(capsys, *arguments) -> str:
    assert main([*map(str, arguments)]) == 2
    return capsys.readouterr().err


def test_what_cannot_be_written(folder, tmp_path, capsys):
    sample = "sample", folder, "--n", 2, "--out"
    kinds = r"expected a folder, or a name ending in \.wav, \.html, \.png, \.npy or"
    assert re.search(kinds, refused(capsys, *sample, tmp_path / "x.mp3"))
    empty = "expected a new folder, or an empty one"
    assert empty in refused(capsys, *sample, folder)
    (tmp_path / "file").write_text("")
    assert empty in refused(capsys, *sample, tmp_path / "file")
    mine = tmp_path / "mine"  # whoever keeps recordings there does not lose them
    mine.mkdir()
    (mine / "0001.wav").write_text("a recording")
    assert empty in refused(capsys, *sample, mine)
    assert (mine / "0001.wav").read_text() == "a recording"
    assert "a file of the run itself" in refused(
        capsys, *sample, folder / "sounds.html"
    )
    assert (tmp_path / "file").read_text() == ""


def test_a_run_of_pictures_makes_no_sounds(tmp_path, capsys):
    out = tmp_path / "digits"
    main(["train", "dcgan-digits", "--steps", "1", "--quiet", "--out", str(out)])
    capsys.readouterr()
    error = refused(capsys, "sample", out, "--out", tmp_path / "x.wav")
    assert "expected a name ending in .png, .npy or .npz" in error
    assert not (out / "sounds.html").exists()


def test_a_size_that_the_layers_cannot_make(capsys):
    error = refused(capsys, "train", "wavegan-tones", "--size", 1000)
    assert "--size 1000: expected a multiple of 256 samples" in error
    error = refused(capsys, "train", "wavegan-tones", "--size", 256)
    assert "Tones expects 612 samples or more" in error


def test_networks_make_sounds_of_any_such_size():
    for size in (SIZE, 1024):
        e = wavegan_tones.recipe(size=size, batch=4)
        G, D = e.networks(NUMPY)
        assert G.out_shape[0] == (size, 1) and D.out_shape == (1,)


def test_pictures_of_magnitudes_are_heard(tmp_path):
    """A generator of log-magnitudes: its samples become sounds by Griffin-Lim."""

    class Pictures:
        shape = (8, 64, 1)

        def batches(self, batch, seed, backend):
            x = backend.asarray(np.zeros((batch, *self.shape), "float32"))
            return lambda i: x

    e = wavegan_tones.recipe(size=SIZE, batch=4)
    G = Sequential(Dense(8 * 64), Reshape(8, 64, 1), Tanh())
    D = Sequential(Reshape(8 * 64), Dense(1))
    e = Experiment(
        G=G, D=D, shape=(8, 64, 1), data=Pictures, latent=Latent(3),
        objective=e.objective, opt_G=e.opt_G, opt_D=e.opt_D, steps=2, batch=4,
        sound=Magnitudes(8000),
    )  # fmt: skip
    run = Run(e, cores=1)
    medium = Hearing(e)
    shown = run.shown()
    x, columns, captions = medium.chosen(shown.samples, shown.columns)
    assert x.shape == (16, 512) and columns is None and captions[0] == "1"
    assert np.abs(x).max() <= 1 and x.any(axis=1).all()
    assert medium.pixels(x, columns, "", None).ndim == 3


def test_the_sound_must_be_one():
    e = wavegan_tones.recipe(size=SIZE, batch=4)
    fields = {**vars(e), "sound": 8000}
    fields = {k: v for k, v in fields.items() if not k.startswith("_")}
    with pytest.raises(InputError, match=r"sound=Waveforms\(8000\)"):
        Experiment(**fields)

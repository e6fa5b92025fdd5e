"""`tinygan evaluate` on sounds: log-mel pictures, pitch, copies."""

import json

import numpy as np
import pytest

from tinygan import Conv1d, Dense, Sequential, Upsample1d, recipes
from tinygan.cli.arguments import main
from tinygan.data import Images, Sounds, Tones, write_wav
from tinygan.runs.listening import (
    as_images,
    band_levels,
    in_tune,
    listened,
    nearest,
    pictures,
    stride_periods,
)

RATE, K = 8000, 4
TONES = Tones(K, size=1024)


def sounds(n=120, seed=0) -> Sounds:
    return TONES.sounds(n, seed)


def test_sounds_become_images_of_their_bands():
    data = sounds()
    images = as_images(data)
    assert isinstance(images, Images) and images.shape == (16, 32, 1)
    assert np.array_equal(images.labels, data.labels) and images.names == data.names
    exact = pictures(data.values[..., 0], RATE)
    assert np.abs(images.scaled(images.pixels) - exact).max() <= 1 / 255
    assert as_images(Sounds(data.values, RATE)).labels is None
    longer = np.zeros((2, 1000))  # what is beyond the last whole frame is left out
    assert pictures(longer, RATE).shape == (2, 15, 32, 1)


def test_in_tune_counts_what_is_within_two_percent():
    t = np.arange(2048) / RATE
    for factor, share in ((1, 1), (1.01, 1), (0.985, 1), (1.03, 0), (0.97, 0)):
        x = np.stack([np.sin(2 * np.pi * f * factor * t) for f in (220, 330)])
        assert in_tune(x, np.array([220.0, 330.0]), RATE) == share
    assert in_tune(np.zeros((2, 2048)), np.array([220.0, 330.0]), RATE) == 0


def test_the_nearest_row():
    rng = np.random.default_rng(0)
    a, b = rng.standard_normal((7, 5)), rng.standard_normal((9, 5))
    every = np.linalg.norm(a[:, None] - b, axis=2)
    assert np.allclose(nearest(a, b), every.min(axis=1))
    among = np.linalg.norm(a[:, None] - a, axis=2) + 1e9 * np.eye(7)
    assert np.allclose(nearest(a, a, same=True), among.min(axis=1))


def test_copies_of_real_sounds_are_found():
    data = sounds()
    real, labels = data.values[..., 0], data.labels

    def row(x, asked, name):
        rows = listened(x, data, asked, data.names, 0)
        return next(r for r in rows if r.name == name)

    new = sounds(40, seed=1)
    fresh, asked = new.values[..., 0], new.labels
    order = np.random.default_rng(0).permutation(len(data))
    copied = real[order[60:100]]  # not those that make the ceiling
    assert row(copied, labels[order[60:100]], "copies").value == 1
    own = row(fresh, asked, "copies")
    assert own.value <= 0.1 and own.ceiling <= 0.1 and own.better == "lower"
    tuned = row(fresh, asked, "in tune")
    assert tuned.value == 1 == tuned.ceiling
    assert row(fresh, (asked + 1) % K, "in tune").value == 0


def test_pitch_is_asked_of_tones_alone():
    data = sounds()
    x, y = data.values[:40, :, 0], data.labels[:40]
    of_all = ["bands, Frechet", "bands, sliced", "copies"]
    words = ("one", "two", "three", "four")
    for asked, names in ((None, data.names), (y, words), (y, ())):
        assert [r.name for r in listened(x, data, asked, names, 0)] == of_all


def test_the_bands_tell_high_from_low_and_loud_from_soft():
    data = sounds()
    real = data.values[..., 0]
    loud, soft = band_levels(real, RATE), band_levels(real / 10, RATE)
    assert loud.shape == (120, 64) and (loud[:, :32] >= soft[:, :32]).all()

    def rows(x):
        found = listened(x, data, None, (), 0)
        return {r.name: (r.value, r.ceiling) for r in found if "bands" in r.name}

    same, softer = rows(sounds(40, seed=1).values[..., 0]), rows(real[:40] / 10)
    hiss = np.random.default_rng(0).normal(0, 0.1, (40, 1024))
    for name, (value, ceiling) in same.items():
        assert value < 2 * ceiling
        assert softer[name][0] > 3 * ceiling and rows(hiss)[name][0] > 3 * ceiling


def test_the_periods_are_those_of_the_strides():
    G = recipes.build(recipes.find("wavegan-tones"), {"size": 4096}).G
    assert stride_periods(G, 4096) == [4, 16, 64, 256]
    assert stride_periods(G, 256) == [4, 16]  # of the others too few periods
    assert stride_periods(Sequential(Dense(3), Upsample1d(4), Conv1d(1, 3)), 64) == []


def test_a_tone_of_the_stride_is_found_beside_the_real_sounds():
    noise = np.random.default_rng(0).normal(0, 0.1, (160, 1024)).clip(-1, 1)
    data, x = Sounds(noise[:120], RATE), noise[120:]
    x[:, ::4] += 0.2
    found = listened(x, data, None, (), 0, periods=[4, 16])
    rows = {r.name: r for r in found if r.name.startswith("stride")}
    assert list(rows) == ["stride tones of 2000 Hz", "stride tones of 500 Hz"]
    four, sixteen = rows.values()
    assert four.value > four.ceiling + 15
    assert abs(sixteen.value) < 2 > abs(sixteen.ceiling) and four.better == "lower"


@pytest.mark.slow
def test_from_the_command_line(tmp_path, capsys):
    out, report = tmp_path / "run", tmp_path / "report.json"
    options = ["--size", "768", "--steps", "2", "--batch", "4", "--cores", "1"]
    main(["train", "wavegan-tones", *options, "--quiet", "--out", str(out)])
    found = ["evaluate", str(out), "--n", "60", "--out", str(report)]
    assert main(found) == 0
    rows = {r["name"]: r for r in json.loads(report.read_text())["measures"]}
    assert rows["in tune"]["ceiling"] == 1 and rows["in tune"]["value"] < 0.5
    assert rows["as asked"]["ceiling"] > 0.8 > rows["as asked"]["value"]
    assert "stride tones of 2000 Hz" in rows
    assert "listening" in capsys.readouterr().err


def test_a_specgan_is_heard_too(tmp_path):
    folder, rng = tmp_path / "sounds", np.random.default_rng(0)
    folder.mkdir()
    for n in range(60):
        write_wav(folder / f"{n % 2}_ann_{n}.wav", rng.uniform(-1, 1, 900), RATE)
    out, report = tmp_path / "run", tmp_path / "report.json"
    options = ["--data", str(folder), "--size", "1024", "--steps", "1", "--batch", "4"]
    main(["train", "specgan-digits", *options, "--quiet", "--out", str(out)])
    assert main(["evaluate", str(out), "--n", "20", "--out", str(report)]) == 0
    rows = {r["name"]: r for r in json.loads(report.read_text())["measures"]}
    assert {"bands, Frechet", "copies", "as asked", "variety"} <= rows.keys()
    assert not any(name.startswith("stride") for name in rows)

"""Folders of sounds at the command line: each kind of file is read or told, in a line.

Nobody trains here: the turns are left out, all else is as in `tinygan train`.
"""

import io
import struct
import sys
import zipfile

import numpy as np
import pytest
from PIL import Image

from tinygan.cli.arguments import main

RNG = np.random.default_rng(0)
RATE, T = 8000, 600


def sound(
    bits: int = 16, code: int = 1, channels: int = 1, n: int = T, **more
) -> bytes:
    """Noise as a WAV file of whole numbers (code 1) or floats (3) of so many bits. The
    header claims another `size` or `rate`, if one is given.
    """
    x, width = RNG.uniform(-0.5, 0.5, n * channels), bits // 8
    if code == 3:
        samples = x.astype(f"<f{width}").tobytes()
    else:
        levels = np.rint(x * (2 ** (bits - 1) - 1)).astype("<i8") + 128 * (bits == 8)
        samples = levels[:, None].view("u1")[:, :width].tobytes()
    rate, frame = more.get("rate", RATE), channels * width
    head = struct.pack("<IHHIIHH", 16, code, channels, rate, rate * frame, frame, bits)
    size = struct.pack("<I", more.get("size", len(samples)))
    body = b"WAVEfmt " + head + b"data" + size + samples
    return b"RIFF" + struct.pack("<I", len(body)) + body


def silence() -> bytes:
    return sound()[:44] + bytes(2 * T)


def laid(folder, files: dict[str, bytes]):
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


@pytest.fixture
def said(tmp_path, monkeypatch, capsys):
    """said(command, *words): what is said on stdout, or on stderr with status 2."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("tinygan.runs.train.train", lambda *_, **__: None)

    def run(command, *words) -> str:
        short = ["--steps", "1", "--batch", "2", "--size", "256", "--quiet"]
        try:
            more = short if command == "train" else []
            status = main([command, *map(str, words), *more])
        except SystemExit as e:
            status = e.code
        out, err = capsys.readouterr()
        assert (status, len(err.splitlines())) in ((0, 0), (2, 1))
        return err or out

    return run


PLAIN = {f"{k}.wav": sound() for k in range(3)}
MONO = "1 sound made mono, by the mean of the channels: 1 of"
# What lies beside three plain sounds, and the line that is said of it.
ODD = {
    "8 bits": (sound(8), ""),
    "16 bits": (sound(16), ""),
    "24 bits": (sound(24), ""),
    "32 bits": (sound(32), ""),
    "floats of 32 bits": (sound(32, 3), ""),
    "floats of 64 bits": (sound(64, 3), ""),
    "stereo": (sound(channels=2), f"{MONO} 2 channels"),
    "5.1": (sound(channels=6), f"{MONO} 6 channels"),
    "truncated": (
        sound()[:-100],
        "x.wav skipped: a truncated one (only 1100 of 1200 bytes of samples)",
    ),
    "an empty file": (
        b"",
        "x.wav skipped: an empty file (the download failed, so fetch it again)",
    ),
    "no samples": (sound(n=0), "x.wav skipped: none (an empty sound)"),
    "silent": (silence(), "x.wav skipped: silence (no |x| reaches 0.001)"),
    "claims 4 GB": (
        sound(size=4 * 10**9),
        "x.wav skipped: a truncated one (only 1200 of 4000000000 bytes of samples)",
    ),
    "from a pipe": (
        sound(size=2**32 - 1),
        "1 header does not tell the size, as if written into a pipe, so all that is "
        "there is taken: x.wav",
    ),
    "a web page": (
        b"<html>",
        "x.wav skipped: a web page (HTML) (the download failed, so fetch it again)",
    ),
    "no sound": (bytes(range(1, 256)), "x.wav skipped: no format that is known"),
}


@pytest.mark.parametrize("data, line", ODD.values(), ids=ODD)
def test_each_kind_of_file_is_read_or_told(said, tmp_path, data, line):
    laid(tmp_path / "set", PLAIN | {"x.wav": data})
    first, *more = said("train", "wavegan-digits", "--data", "set").splitlines()
    n = 3 if "skipped" in line else 4
    assert first.startswith(f"{n} sounds of 0.075 s at 8,000 Hz: ")
    assert first.endswith(
        f"{n} cut to 256 samples (0.032 s), 0 padded with zeros; the peak of each is "
        "0.95"
    )
    notes = more[: more.index("wavegan-digits: 1 steps into runs/wavegan-digits")]
    assert notes == ([line] if line else [])
    assert f"  note: {line}" in said("data", "set") if line else True


def test_files_that_are_too_large_are_told(said, tmp_path, monkeypatch):
    monkeypatch.setattr("tinygan.data.files.sounds.MOST_BYTES", 5000)
    laid(tmp_path / "set", PLAIN | {"x.wav": sound(n=4000)})
    line = "x.wav skipped: too large a file (expected at most 5000 bytes, found 8044)"
    assert line in said("train", "wavegan-digits", "--data", "set")


def test_a_long_sound_is_cut_and_counted(said, tmp_path):
    laid(tmp_path / "set", PLAIN | {"x.wav": sound(8, n=1100 * RATE)})
    first = said("train", "wavegan-digits", "--data", "set").splitlines()[0]
    assert first.startswith("4 sounds of 0.075 to 1,100 s at 8,000 Hz: ")


def test_another_rate_and_another_format_need_the_extra(said, tmp_path, monkeypatch):
    for name in ("soundfile", "soxr"):
        monkeypatch.setitem(sys.modules, name, None)
    laid(tmp_path / "rates", PLAIN | {"x.wav": sound(rate=44_100)})
    laid(tmp_path / "flac", PLAIN | {"x.flac": b"fLaC" + bytes(60)})
    for name, library, what in (
        ("rates", "soxr", "x.wav has a sample rate of 44,100 Hz"),
        ("flac", "soundfile", "x.flac is a FLAC sound"),
    ):
        needs = f"1 of 4 sounds needs the library {library}, which is not installed: "
        needs += f"pip install 'tinygan[audio]' brings it; {what}\n"
        err = said("train", "wavegan-digits", "--data", name)
        assert err == f"tinygan: {tmp_path / name}: {needs}"
        assert f"  note: {needs}" in said("data", name)


def test_mixed_rates_are_resampled_and_told(said, tmp_path):
    pytest.importorskip("soxr")
    laid(tmp_path / "set", PLAIN | {"x.wav": sound(rate=44_100, n=9000)})
    out = said("train", "wavegan-digits", "--data", "set")
    assert "\n1 sound resampled: 1 of 44,100 Hz\n" in out


def test_what_systems_leave_behind_is_no_data(said, tmp_path):
    with zipfile.ZipFile(tmp_path / "set.zip", "w") as archive:
        for name, data in PLAIN.items():
            archive.writestr(f"set/{name}", data)
            archive.writestr(f"__MACOSX/set/._{name}", b"\0\5\x16\7")
        for name in (".DS_Store", "readme.txt", "labels.csv"):
            archive.writestr(f"set/{name}", b"text")
    _, note, *_ = said("train", "wavegan-digits", "--data", "set.zip").splitlines()
    assert note == "2 other files left out: set/labels.csv, set/readme.txt"


SPOKEN = {
    f"{d}_{w}_{k}.wav": sound() for d in "70" for w in ("ann", "bob") for k in "12"
}
CLASSES = "2 classes by name (0_ann_1.wav is 0): 0 (4), 7 (4)\n"


def test_labels_are_the_names_or_a_part_of_them(said, tmp_path):
    laid(tmp_path / "set", SPOKEN)
    words = "train", "cwavegan-digits", "--data", "set"
    assert f"\n{CLASSES}cwavegan-digits: 1 steps" in said(*words)
    out = said(*words, "--labels", "*_{label}_*")
    assert "\n2 classes by name (0_ann_1.wav is ann): ann (4), bob (4)\n" in out
    out = said(*words, "--labels", "{label}-*")
    assert 'expected names as "{label}-*", but 8 of 8 are not so: 0_ann_1.wav' in out
    for wrong in ("", "*", "7"):
        assert (
            'argument --labels: expected a template such as "{label}_*_*", got'
        ) in said(*words, "--labels", wrong)


def test_a_name_without_a_class_among_others_is_told(said, tmp_path):
    laid(tmp_path / "set", SPOKEN | {"seven.wav": sound()})
    words = "train", "cwavegan-digits", "--data", "set"
    assert said(*words) == (
        f"tinygan: {tmp_path / 'set'}: expected labels, found none: 1 of 9 names is "
        'not LABEL_WORD_NUMBER: seven.wav; labels="{label}_*_*" (--labels) leaves out '
        "what does not fit\n"
    )
    out = said(*words, "--labels", "{label}_*_*")
    assert CLASSES + 'seven.wav skipped: a name that is not as "{label}_*_*"\n' in out
    out = said("train", "wavegan-digits", "--data", "set")
    assert (
        "\nread without classes: 1 of 9 names is not LABEL_WORD_NUMBER: seven." in out
    )


def test_a_recipe_of_classes_says_where_it_has_looked_for_them(said, tmp_path):
    laid(tmp_path / "set", PLAIN)
    assert said("train", "cwavegan-digits", "--data", "set").endswith(
        ": expected labels, found none: they are the names of folders, one for the "
        'sounds of each class, or parts of names, labels="{label}_*_*" (--labels)\n'
    )
    laid(tmp_path / "more", {"a/1.wav": sound(), "b/1.wav": sound(), "c.wav": sound()})
    assert said("train", "cwavegan-digits", "--data", "more").endswith(
        "none: 1 sound lies beside 2 folders with 2: all are read, without classes\n"
    )


def test_without_a_recipe_the_sounds_choose_one(said, tmp_path):
    laid(tmp_path / "set", SPOKEN)
    out = said("train", "--data", "set")
    assert out.startswith(
        "Sounds(8 of 256 samples at 8000 Hz), 2 classes: the recipe cwavegan-digits "
        "suits them\n"
    )
    assert "cwavegan-digits: 1 steps into runs/cwavegan-digits\n" in out
    laid(tmp_path / "plain", PLAIN)
    out = said("train", "--data", "plain")
    assert "at 8000 Hz), the recipe wavegan-digits suits them\n" in out
    assert "3 classes: the recipe cwavegan-digits" in said(
        "train", "--data", "plain", "--labels", "{label}"
    )
    assert "does not take --channels" in said(
        "train", "--data", "plain", "--channels", 1
    )


def test_labels_are_of_sounds_alone(said, tmp_path):
    file = io.BytesIO()
    Image.new("L", (16, 16), 7).save(file, "PNG")
    laid(tmp_path / "set", {f"{k}.png": file.getvalue() for k in range(3)})
    for words in (("train", "--data", "set"), ("data", "set")):
        assert "--labels: expected sounds" in said(*words, "--labels", "{label}_*")


def test_a_survey_of_sounds_draws_them(said, tmp_path):
    laid(tmp_path / "set", SPOKEN)
    out = said("data", "set", "--size", 512)
    assert out.startswith("set: a folder of sounds\n  sounds       8\n")
    assert (
        "\ntrain on them with\n    tinygan train cwavegan-digits --data set --" in out
    )
    assert out.endswith(
        "look at data.png: some of the sounds, as a network gets them: frequencies "
        "over time, and the waveform below\n"
    )
    with Image.open("data.png") as sheet:
        sheet.load()
        assert sheet.size[0] > sheet.size[1] > 200  # three in a row
    said("data", "set", "--size", 7, "--out", "short.png")  # fewer than the bands need
    assert (tmp_path / "short.png").is_file()

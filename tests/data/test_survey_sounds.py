"""`tinygan data` on sounds: what they are is said before an hour is spent on them."""

import shlex
import struct
import sys

import numpy as np
import pytest

from tinygan.cli.options import train as train_options
from tinygan.cli.parser import Parser
from tinygan.data import Sounds
from tinygan.data.files.sounds import holds_sounds
from tinygan.data.files.wav import wav_bytes
from tinygan.data.survey import survey
from tinygan.errors import DataError, InputError


def sound(T=400, rate=8000, channels=1, seed=0) -> bytes:
    x = np.random.default_rng(seed).uniform(-0.5, 0.5, (T, channels))
    return wav_bytes(x, rate)


def floats(T=400) -> bytes:
    x = np.random.default_rng(1).uniform(-0.5, 0.5, T).astype("<f4").tobytes()
    head = struct.pack("<IHHIIHH", 16, 3, 1, 8000, 32_000, 4, 32)
    body = b"WAVEfmt " + head + b"data" + struct.pack("<I", len(x)) + x
    return b"RIFF" + struct.pack("<I", len(body)) + body


@pytest.fixture
def without_extra(monkeypatch):
    """As where the extra `audio` is not installed."""
    for name in ("soundfile", "soxr"):
        monkeypatch.setitem(sys.modules, name, None)


def test_sounds_without_classes(lay):
    files = {f"{k}.wav": sound(400 * (k + 1)) for k in range(3)}
    files |= {"s.wav": sound(800, channels=2), "f.wav": floats(800), "e.wav": b""}
    files |= {"cut.wav": sound()[:-9], "notes.txt": b"a", "__MACOSX/0.wav": b"\0\5"}
    path = lay(files)
    found = survey(path)
    place = "a folder" if path.is_dir() else "a zip archive"
    assert (
        found.text()
        == f"""\
{path}: {place} of sounds
  sounds       5
  formats      WAV of 16 bits (4), WAV of 32 bits, float (1)
  rates        8,000 Hz
  channels     1 (4), 2 (1)
  lengths      0.05 to 0.15 s, median 0.1 s
  in training  4,096 samples at 8,000 Hz, 0.512 s
  classes      none
  note: {found.notes[0]}
  note: 1 sound made mono, by the mean of the channels: 1 of 2 channels
  note: cut.wav skipped: a truncated one (only 791 of 800 bytes of samples)
  note: e.wav skipped: an empty file (the download failed, so fetch it again)
  note: 1 other file left out: notes.txt"""
    )
    assert found.notes[0].startswith("5 sounds of 0.05 to 0.15 s at 8,000 Hz: ")
    assert found.command == f"tinygan train wavegan-digits --data {path}"
    assert isinstance(found.data, Sounds) and found.rate == 8000
    np.testing.assert_array_equal(found.samples, found.data.values[..., 0])


def test_classes_by_folder_are_counted_once(lay):
    files = {
        f"my set/{c}/{k}.wav": sound(seed=k) for c in ("hum", "clap") for k in (1, 2)
    }
    path = lay(files | {"my set/hum/3.wav": sound(), "my set/hum/4.wav": b""})
    found = survey(path, size=512)
    assert ("classes", "2 by folder: clap (2), hum (3)") in found.lines
    assert ("in training", "512 samples at 8,000 Hz, 0.064 s") in found.lines
    assert found.text().count("clap (2)") == 1
    assert found.command == f"tinygan train cwavegan-digits --data {path} --size 512"


def test_classes_by_name_and_by_a_template(lay):
    path = lay({f"{d}_{w}_{k}.wav": sound() for d in "70" for w in "ab" for k in "12"})
    found = survey(path)
    assert ("classes", "2 by name (0_a_1.wav is 0): 0 (4), 7 (4)") in found.lines
    assert found.command == f"tinygan train cwavegan-digits --data {path}"
    found = survey(path, labels="*_{label}_*")
    assert ("classes", "2 by name (0_a_1.wav is a): a (4), b (4)") in found.lines
    assert found.command.endswith(f"--data {path} --labels '*_{{label}}_*'")


def test_the_command_is_one_that_train_takes(lay):
    path = lay({f"{d}_{w}_{k}.wav": sound() for d in "70" for w in "ab" for k in "12"})
    parser = Parser()
    train_options(parser)
    command = survey(path, size=512, labels="*_{label}_*").command
    args = parser.parse_args(shlex.split(command)[2:])
    assert (args.recipe, args.data, args.size) == ("cwavegan-digits", str(path), 512)
    assert args.labels == "*_{label}_*"


def test_what_needs_a_library_is_told_and_the_rest_as_well(lay, without_extra):
    files = {f"a/{k}.wav": sound(400) for k in range(3)}
    files |= {f"b/{k}.wav": sound(4410, 44_100) for k in range(2)}
    found = survey(lay(files | {"b/x.flac": b"fLaC" + bytes(50)}))
    assert dict(found.lines) | {"": ""} == {
        "": "",
        "sounds": "6",
        "formats": "WAV of 16 bits (5), FLAC (1)",
        "rates": "8,000 Hz (3), 44,100 Hz (2)",
        "channels": "1",
        "lengths": "0.05 to 0.1 s, median 0.05 s",
        "in training": "4,096 samples at 8,000 Hz, 0.512 s",
        "classes": "2 by folder: a (3), b (3)",
    }
    assert found.notes == [
        "2 of 6 sounds need the library soxr, which is not installed: pip install "
        "'tinygan[audio]' brings it; b/0.wav has a sample rate of 44,100 Hz",
        "1 of 6 sounds needs the library soundfile, which is not installed: pip "
        "install 'tinygan[audio]' brings it; b/x.flac is a FLAC sound",
    ]
    assert found.data is None and found.samples is None
    only = survey(lay({"x.flac": b"fLaC" + bytes(50)}))
    assert [what for what, _ in only.lines] == [
        *("sounds", "formats", "in training", "classes")
    ]


def test_many_sounds_are_announced(lay, monkeypatch):
    monkeypatch.setattr("tinygan.data.files.sounds._MANY", 3)
    said = []
    survey(lay({f"{k}.wav": sound() for k in range(4)}), say=said.append)
    assert said == ["reading 4 sounds"]


def test_options_of_other_data_are_refused(lay, drawn):
    path = lay({"a.wav": sound()})
    for option in ({"channels": 1}, {"array": "x"}, {"range": (0, 1)}):
        with pytest.raises(InputError, match="sounds have none of these"):
            survey(path, **option)
    with pytest.raises(InputError, match="--labels: expected sounds"):
        survey(lay({"a.png": drawn(3)}), labels="{label}_*")


def test_what_cannot_be_read_is_refused_as_in_training(lay):
    with pytest.raises(DataError, match=r"2 of 3 cannot be read: a\.wav is an"):
        survey(lay({"a.wav": b"", "b.wav": b"", "c.wav": sound()}))


@pytest.mark.parametrize(
    "names, expected",
    [
        (["a.wav"], True),
        (["a.wav", "b.mp3", "cover.png"], True),
        (["a.wav", "a.png"], False),  # a picture of each: pictures, as ever
        (["a.png"], False),
        (["a.npy"], False),
        (["noending"], True),  # its first bytes tell
        ([], False),
    ],
)
def test_the_more_numerous_kind_decides(lay, drawn, names, expected):
    kinds = {"png": drawn(1), "npy": b"\x93NUMPY"}
    files = {name: kinds.get(name.rpartition(".")[2], sound()) for name in names}
    assert holds_sounds(lay(files)) is expected


def test_a_file_is_no_folder_of_sounds(tmp_path):
    (tmp_path / "a.wav").write_bytes(sound())
    assert not holds_sounds(tmp_path / "a.wav")
    assert not holds_sounds(tmp_path / "none")
    with pytest.raises(DataError, match="File name too long"):
        holds_sounds(tmp_path / ("x" * 5000))
    with pytest.raises(DataError, match="the recipe wavegan-digits takes a folder of"):
        survey(tmp_path / "a.wav")

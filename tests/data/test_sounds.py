"""Sounds in memory, and folders and zips of sounds: what is read, what is told."""

import io
import math
import os
import struct
import sys
import types
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tinygan.data import Labelled, Sounds, load_images, read_sounds, write_wav
from tinygan.data.files import audio, sounds
from tinygan.data.files.albums import Album
from tinygan.data.files.audio import read_sound, resampled
from tinygan.data.files.bench import PEAK
from tinygan.data.files.naming import label_by_names
from tinygan.errors import DataError, InputError
from tinygan.runs.identity import fingerprint

RNG = np.random.default_rng(0)


def wav(x, rate=8000) -> bytes:
    """Samples (T,) or (T, channels) in [-1, 1] as the bytes of a file of floats."""
    x = np.asarray(x, "<f4").reshape(len(x), -1)
    frame = 4 * x.shape[1]
    head = struct.pack("<HHIIHH", 3, x.shape[1], rate, rate * frame, frame, 32)
    body = b"WAVEfmt " + struct.pack("<I", 16) + head
    body += b"data" + struct.pack("<I", x.nbytes) + x.tobytes()
    return b"RIFF" + struct.pack("<I", len(body)) + body


def noise(T=100, seed=0) -> np.ndarray:
    """Noise whose mean is 0 and whose ends are loud."""
    x = np.random.default_rng(seed).uniform(-0.5, 0.5, T)
    x[0] = x[-1] = 0.4
    return x - x.mean()


def refusal(path, **options) -> str:
    with pytest.raises(DataError) as refused:
        read_sounds(path, **options)
    sentence = str(refused.value)
    assert sentence.startswith(str(path)) and sentence.isprintable()
    return sentence


# In memory

VALUES = RNG.uniform(-1, 1, (20, 64)).astype(np.float32)
SOUNDS = Sounds(VALUES, 8000, np.arange(20) % 3, ["a", "b", "c", "d"], ["a note"])


def test_the_facts_of_sounds():
    assert (SOUNDS.shape, len(SOUNDS), SOUNDS.classes) == ((64, 1), 20, 4)
    assert SOUNDS.rate == 8000 and SOUNDS.seconds == 0.008
    assert repr(SOUNDS) == "Sounds(20 of 64 samples at 8000 Hz)"
    assert "64 samples of 2 channels" in repr(Sounds(np.zeros((3, 64, 2)), 1))
    part = SOUNDS.part([3, 4, 5])
    assert (part.labels.tolist(), part.names) == ([0, 1, 2], ("a", "b", "c", "d"))
    assert (part.classes, part.rate, part.notes) == (4, 8000, ("a note",))
    np.testing.assert_array_equal(part.values, VALUES[3:6, :, None])
    assert np.shares_memory(SOUNDS.values, VALUES)


def test_the_batches_are_the_sounds():
    """Each exactly once per epoch, to the last bit."""
    stream = SOUNDS.batches(5, seed=1)
    assert stream.divisible is True
    rows = np.concatenate([stream.rows(i) for i in range(4)])
    assert sorted(rows) == list(range(20))
    for i in (3, 0, 2):
        x = stream(i)
        assert x.shape == (5, 64, 1) and x.dtype == np.float32
        np.testing.assert_array_equal(x, SOUNDS.values[stream.rows(i)])
        np.testing.assert_array_equal(stream.labels(i), SOUNDS.labels[stream.rows(i)])
    assert SOUNDS.batches(5, 1, dtype="float64")(0).dtype == np.float64
    with pytest.raises(InputError, match="expected sounds with labels, got sounds wi"):
        Sounds(VALUES, 1).batches(2, 0).labels(0)


def test_sounds_with_labels_are_data_of_a_conditional_gan():
    data = Labelled(SOUNDS)
    x, y = data.batches(8, 0)(2)
    assert x.shape == (8, 64, 1) and data.shape == (64, 1)
    assert data.condition_shape.n == 4 and len(data.part(slice(7))) == 7
    for sound, label in zip(x, y, strict=True):
        (n,) = np.flatnonzero((SOUNDS.values == sound).all(axis=(1, 2)))
        assert SOUNDS.labels[n] == label
    with pytest.raises(DataError, match="expected sounds with labels, got Sounds"):
        Labelled(Sounds(VALUES, 1))


def test_a_run_knows_the_data_again():
    facts = fingerprint(SOUNDS)
    assert facts["shape"] == [64, 1] and facts["count"] == 20
    assert facts != fingerprint(Sounds(VALUES[::-1], 8000))


@pytest.mark.parametrize(
    "values, rate, more, message",
    [
        (np.zeros((3, 64), int), 1, (), r"floats in \[-1, 1\], found int64"),
        (np.zeros(64), 1, (), r"sounds \(N, T\) or \(N, T, C\), no axis empty, found"),
        (np.zeros((3, 0)), 1, (), "no axis empty"),
        (np.full((3, 4), np.nan), 1, (), r"finite sounds in \[-1, 1\], found nan"),
        (np.full((3, 4), 1.5), 1, (), "found 1.5 to 1.5"),
        (np.full((3, 4), -1e300), 1, (), "found -1e"),
        (np.zeros((3, 4)), 0, (), "1 <= rate <= 384000, got 0"),
        (np.zeros((3, 4)), 8000.0, (), "rate .* got 8000.0"),
        (np.zeros((3, 4)), 1, ([0, 1],), "expected 3 labels"),
        (np.zeros((3, 4)), 1, ([0, 1, 2], ["a"]), "expected 3 names, found 1"),
        (np.zeros((3, 4)), 1, (None, None, "note"), "list of notes"),
    ],
)
def test_sounds_refuse(values, rate, more, message):
    with pytest.raises(InputError, match=message):
        Sounds(values, rate, *more)


# One file: six steps


def one(lay, x, rate=8000, **options) -> np.ndarray:
    """The sound that a file becomes: (size,)."""
    found = read_sounds(lay({"a.wav": wav(x, rate)}), **options)
    assert found.values.shape[1:] == (options.get("size", 4096), 1)
    return found.values[0, :, 0]


def test_silence_is_trimmed_and_the_rest_is_padded_and_scaled(lay):
    quiet, loud = 0.0079, 0.0081  # of a peak of 0.4: below 2 % and above
    x = np.array([0, quiet, -loud, 0.2, 0, -0.4, 0.2 + quiet, 0, 0, 0])
    x = np.concatenate([x, -x[::-1]])  # so the mean is 0
    kept = np.float32(x[2:-2])
    y = one(lay, x, size=32)
    np.testing.assert_allclose(y[:16], kept / 0.4 * PEAK, rtol=1e-5, atol=1e-7)
    assert (y[16:] == 0).all() and np.abs(y).max() == np.float32(PEAK)
    y = one(lay, x, size=32, align="centre")
    np.testing.assert_allclose(y[8:24], kept / 0.4 * PEAK, rtol=1e-5, atol=1e-7)
    assert (y[:8] == 0).all() and (y[24:] == 0).all()
    y = one(lay, x, size=20, trim=0)
    np.testing.assert_allclose(y, x / 0.4 * PEAK, rtol=1e-5, atol=1e-7)
    y = one(lay, x, size=17, trim=0.9)  # from -0.4 to 0.4
    assert y[0] == -y[9] == -np.float32(PEAK) and (y[10:] == 0).all()


def test_a_longer_sound_is_cut_and_scaled_by_what_is_kept(lay):
    x = noise(100)
    x[80] = 0.9
    x -= x.mean()
    for align, first in (("begin", 0), ("centre", 35)):
        y = one(lay, x, size=30, align=align)
        kept = x[first : first + 30]
        np.testing.assert_allclose(y, kept / np.abs(kept).max() * PEAK, rtol=1e-5)


def test_a_constant_is_subtracted(lay):
    x = 0.1 * noise(50)
    np.testing.assert_allclose(
        one(lay, x + 0.5, size=64), one(lay, x, size=64), atol=1e-5
    )


def test_channels_are_averaged_and_told(lay):
    x = RNG.uniform(-0.5, 0.5, (50, 6))
    x -= x.mean()
    y = one(lay, x, size=50, trim=0)
    mono = x.mean(axis=1)
    np.testing.assert_allclose(y, mono / np.abs(mono).max() * PEAK, atol=1e-5)
    files = {"a.wav": wav(x), "b.wav": wav(x[:, :2]), "c.wav": wav(x[:, 0])}
    notes = read_sounds(lay(files | {"d.wav": wav(x[:, :2])})).notes
    assert notes[1] == (
        "3 sounds made mono, by the mean of the channels: 2 of 2 channels, 1 of 6 "
        "channels"
    )


@given(arrays("f4", st.integers(1, 60), elements=st.floats(-1, 1, width=32)), st.data())
def test_any_sound_has_the_size_and_the_peak(tmp_path_factory, x, data):
    size = data.draw(st.integers(1, 70))
    align = data.draw(st.sampled_from(["begin", "centre"]))
    trim = data.draw(st.floats(0, 0.99))
    path = tmp_path_factory.mktemp("set")
    (path / "a.wav").write_bytes(wav(x))
    try:
        found = read_sounds(path, size, trim=trim, align=align)
    except DataError as e:
        assert "silence" in str(e)
        return
    assert found.values.shape == (1, size, 1)
    assert np.abs(found.values).max() == pytest.approx(PEAK, rel=1e-6)


# Folders


def test_a_folder_is_read_in_the_order_of_names(lay):
    long, short = noise(300, 1), np.concatenate([np.zeros(9), noise(100, 2)])
    files = {"b.wav": wav(long), "a/c.WAV": wav(short), "d": wav(noise(200, 3))}
    files |= {".DS_Store": b"Bud1", "__MACOSX/b.wav": b"\0\5\x16\7"}
    found = read_sounds(lay(files | {"notes.txt": b"x", "p.png": b"\x89PNG"}), 200)
    assert repr(found) == "Sounds(3 of 200 samples at 8000 Hz)"
    assert found.labels is None and found.classes == 0
    first, beside, others = found.notes
    assert first == (
        "3 sounds of 0.0136 to 0.0375 s at 8,000 Hz: 1 trimmed of silence, 1 cut to "
        "200 samples (0.025 s), 1 padded with zeros; the peak of each is 0.95"
    )
    assert beside.startswith("2 sounds lie beside 1 folder with 1: all are read")
    assert others == "2 other files left out: notes.txt, p.png"
    assert found.values[0, 99, 0] != 0 and (found.values[0, 100:] == 0).all()
    with pytest.raises(DataError) as refused:
        Labelled(found)
    assert str(refused.value).endswith(f": expected labels, found none: {beside}")


def test_class_folders_are_labels(lay):
    files = {
        f"set/{c}/{k}.wav": wav(noise(50, k)) for c in ("dog", "cat") for k in (1, 2)
    }
    found = read_sounds(lay(files | {"set/cat/x/3.wav": wav(noise())}), 64)
    assert found.names == ("cat", "dog") and found.labels.tolist() == [0, 0, 0, 1, 1]
    assert found.notes[1] == "2 classes by folder: cat (3), dog (2)"
    files |= {f"test/{c}/1.wav": wav(noise()) for c in ("dog", "cat")}
    files = {name.replace("set/", "train/"): data for name, data in files.items()}
    found = read_sounds(lay(files), 64)
    assert found.names == ("cat", "dog") and len(found) == 4
    assert "train/ is read: 4 sounds; 2 in test/ are left out" in found.notes


def test_names_are_labels(lay):
    names = [f"{d}_{who}_{k}.wav" for d in (7, 0) for who in "ab" for k in (1, 20)]
    path = lay(
        {f"recordings/{name}": wav(noise(50, n)) for n, name in enumerate(names)}
    )
    found = read_sounds(path, 64)
    assert found.names == ("0", "7") and found.labels.tolist() == [0] * 4 + [1] * 4
    assert found.notes[1] == "2 classes by name (0_a_1.wav is 0): 0 (4), 7 (4)"
    found = read_sounds(path, 64, labels="*_{label}_*")
    assert found.names == ("a", "b") and found.labels.tolist() == [0, 0, 1, 1] * 2
    assert "but 8 of 8 are not so: recordings/0_a_1.wav" in refusal(
        path, labels="{label}-*"
    )


def spoken(*more: str) -> dict[str, bytes]:
    """Eight sounds of two digits by two speakers, and sounds of other names."""
    names = [f"{d}_{who}_{k}" for d in (7, 0) for who in "ab" for k in (1, 20)]
    return {f"{name}.wav": wav(noise(50)) for name in [*names, *more]}


def test_a_name_without_a_class_is_told(lay):
    path = lay(spoken("7_a", "lamp"))
    found = read_sounds(path, 64)
    assert len(found) == 10 and found.labels is None
    why = (
        "2 of 10 names are not LABEL_WORD_NUMBER: 7_a.wav, lamp.wav; "
        'labels="{label}_*_*" (--labels) leaves out what does not fit'
    )
    assert found.notes[1:] == (f"read without classes: {why}",)
    with pytest.raises(DataError) as refused:
        Labelled(found)
    assert str(refused.value) == f"{path}: expected labels, found none: {why}"
    found = read_sounds(path, 64, labels="{label}_*_*")
    assert len(found) == 8 and found.labels.tolist() == [0] * 4 + [1] * 4
    assert found.notes[1:] == (
        "2 classes by name (0_a_1.wav is 0): 0 (4), 7 (4)",
        '7_a.wav, lamp.wav skipped: a name that is not as "{label}_*_*"',
    )


def test_a_class_of_one_sound_may_be_a_slip(lay):
    found = read_sounds(lay(spoken("seven_a_3", "O_a_3")), 64)
    assert found.names == ("0", "7", "O", "seven")
    assert found.notes[1] == (
        "2 classes of one sound: O (O_a_3.wav), seven (seven_a_3.wav)"
    )
    found = read_sounds(lay(spoken()), 64, labels="{label}")
    assert len(found.names) == 8 and len(found.notes) == 2  # each has one: no slip


def test_names_may_be_classes_although_folders_are_none(lay):
    files = spoken()
    files |= {f"more/{name}": data for name, data in files.items()}
    found = read_sounds(lay(files), 64)
    assert found.notes[1:] == ("2 classes by name (0_a_1.wav is 0): 0 (8), 7 (8)",)


def test_without_any_sign_of_classes_an_error_says_how_they_are_named(lay):
    path = lay({"a.wav": wav(noise()), "b.wav": wav(noise())})
    with pytest.raises(DataError) as refused:
        Labelled(read_sounds(path))
    assert str(refused.value) == (
        f"{path}: expected labels, found none: they are the names of folders, one for "
        'the sounds of each class, or parts of names, labels="{label}_*_*" (--labels)'
    )


@pytest.mark.parametrize(
    "names",
    [
        ["1_a_1", "2_a_1"],  # a label for each file
        ["1_a_1", "1_a_2"],  # only one
        ["1_a_1", "1_a_2", "2_a_1", "2_a_2", "a", "b", "c", "d", "e"],  # most are not
        ["1-a-1", "1-a-2", "2-a-1", "2-a-2"],
    ],
)
def test_names_that_are_no_labels(lay, names):
    found = read_sounds(lay({f"{name}.wav": wav(noise()) for name in names}))
    assert found.labels is None and len(found.notes) == 1


@pytest.mark.parametrize(
    "template, name, label",
    [
        ("{label}_*_*", "7_jackson_32", "7"),
        ("{label}_*", "7_jackson_32", "7"),
        ("*_{label}_*", "7_jackson_32", "jackson"),
        ("*_*_{label}", "7_jackson_32", "32"),
        ("*-*-*-{label}", "1-100032-A-0", "0"),
        ("*-{label}", "1-100032-A-0", "100032-A-0"),
        ("{label}", "any name", "any name"),
        ("{label}*", "cat12", "c"),
        ("x.{label}+*", "x.a+b", "a"),
        ("x.{label}+*", "xxa+b", None),
        ("{label}_*_*", "7_jackson", None),
        ("*_*_{label}", "7_jackson_", None),
        ("*a*a*a*a*a*a*a*a*{label}b*b*b", "a" * 250, None),
        ("{label}" + "_*" * 40 + "x", "_" * 250, None),
    ],
)
def test_templates(template, name, label):
    album = Album([f"folder/{name}.wav"], None, [], [], "sound")
    if label is None:
        with pytest.raises(DataError, match="expected names as"):
            label_by_names(album, template, "path")
    else:
        assert label_by_names(album, template, "path") == []
        assert album.folders == [label]


@pytest.mark.parametrize("template", ["", "*", "{label}{label}", "label", 7])
def test_what_are_no_templates(lay, template):
    with pytest.raises(InputError, match=r'a template such as "\{label\}_\*_\*", got'):
        read_sounds(lay({"a.wav": wav(noise())}), labels=template)


def test_a_thousand_classes_are_enough(monkeypatch, lay):
    monkeypatch.setattr("tinygan.data.files.naming.MOST_CLASSES", 2)
    path = lay({f"{k // 2}_a_{k}.wav": wav(noise()) for k in range(6)})
    assert read_sounds(path).labels is None
    assert "at most 2 classes, found 3" in refusal(path, labels="{label}_*")


# What is left out


def test_damaged_and_silent_files_are_skipped_and_told(lay):
    law = wav(noise()).replace(struct.pack("<HH", 3, 1), struct.pack("<HH", 6, 1))
    files = {f"{k}.wav": wav(noise(50, k)) for k in range(7)}
    files |= {"cut.wav": wav(noise())[:-8], "empty.wav": b"", "law.wav": law}
    files |= {"cut2.wav": wav(noise())[:-80], "s0.wav": wav([[0.5, -0.5]] * 9)}
    files |= {"s1.wav": wav(np.full(9, 0.4)), "s2.wav": wav(np.zeros(9))}
    files |= {"s3.wav": wav([[0.5, -0.5], [-0.5, 0.5]] * 9)}
    files |= {"tape.m4a": b"\0\0\0\x18ftypM4A "}
    files |= {f"sound{k}.wav": wav(noise(50, k)) for k in range(3)}
    found = read_sounds(lay(files), 64)
    assert len(found) == 10
    assert found.notes[1:] == (
        "cut.wav, cut2.wav skipped: a truncated one",
        "empty.wav skipped: an empty file (the download failed, so fetch it again)",
        "law.wav skipped: A-law (code 6)",
        "s0.wav, s1.wav, s2.wav and 1 more skipped: silence",
        "tape.m4a skipped: an M4A sound (convert it to WAV or FLAC)",
    )


def test_channels_that_cancel_are_told(lay):
    files = {"a.wav": wav(noise()), "b.wav": wav(np.stack([noise(), -noise()], 1))}
    note = read_sounds(lay(files), 64).notes[-1]
    assert note == "b.wav skipped: silence (its channels cancel each other)"


def test_headers_without_a_size_are_told(lay):
    """A program that writes into a pipe cannot know the size. All is taken."""
    whole, size = wav(noise()), struct.pack("<I", 400)
    piped = b"RIFF\xff\xff\xff\xff" + whole[8:].replace(size, b"\xff" * 4)
    files = {"a.wav": whole, "b": piped, "c.wav": piped}
    found = read_sounds(lay(files), 100)
    np.testing.assert_array_equal(found.values[1:], found.values[[0, 0]])
    assert found.notes[1] == (
        "2 headers do not tell the size, as if written into a pipe, so all that is "
        "there is taken: b, c.wav"
    )
    four = whole.replace(size, struct.pack("<I", 4 * 10**9))
    note = read_sounds(lay({"a.wav": whole, "b": four}), 64).notes[-1]
    assert (
        note == "b skipped: a truncated one (only 400 of 4000000000 bytes of samples)"
    )


def test_if_the_loud_part_is_cut_off_the_rest_is_silence(lay):
    x = np.zeros(400)
    x[[0, 399]] = 0.4, -0.4
    path = lay({"a.wav": wav(x), "b.wav": wav(noise()), "c.wav": wav(noise())})
    assert len(read_sounds(path, 64)) == 3
    (_, note) = read_sounds(path, 64, align="centre").notes
    assert note == "a.wav skipped: silence (in its 64 samples)"


def test_a_folder_that_cannot_be_read_is_refused(lay):
    files = {"1.wav": wav(noise()), "2.wav": b"", "3.wav": b"<html>"}
    assert "expected sounds, but 2 of 3 cannot be read: 2.wav is an empty" in refusal(
        lay(files)
    )
    assert "found an empty folder" in refusal(lay({".DS_Store": b""}))
    assert "expected sounds, found a.txt" in refusal(lay({"a.txt": b"x"}))


def test_what_is_no_folder(tmp_path):
    assert "expected a file, found none" in refusal(tmp_path / "none")
    (tmp_path / "a.wav").write_bytes(wav(noise()))
    assert refusal(tmp_path / "a.wav").endswith(
        ": expected a folder or a zip archive of sounds, found one file, a WAV sound"
    )
    (tmp_path / "a.html").write_bytes(b"<html>")
    assert "found a web page (HTML); the download failed" in refusal(
        tmp_path / "a.html"
    )
    (tmp_path / "b.zip").write_bytes(b"PK\3\4 and no more")
    assert "expected a folder or a zip archive, found damage" in refusal(
        tmp_path / "b.zip"
    )


def test_links_out_of_the_folder_are_left_out(tmp_path):
    (tmp_path / "set").mkdir()
    (tmp_path / "outside.wav").write_bytes(wav(noise()))
    (tmp_path / "set" / "a.wav").write_bytes(wav(noise()))
    (tmp_path / "set" / "out.wav").symlink_to(tmp_path / "outside.wav")
    found = read_sounds(tmp_path / "set")
    assert len(found) == 1
    assert found.notes[1] == "out.wav left out: a link that leads out of the folder"


def test_limits(lay, monkeypatch):
    path = lay({f"{k}.wav": wav(noise()) for k in range(3)})
    monkeypatch.setattr(sounds, "MOST_ALL", 3 * 64 * 4)
    assert len(read_sounds(path, 64)) == 3
    assert "found 3 of 65 samples; a smaller size fits" in refusal(path, size=65)
    monkeypatch.setattr(sounds, "MOST_BYTES", 50)
    assert "3 of 3 cannot be read: 0.wav is too large a file (expected at" in refusal(
        path, size=64
    )


@pytest.mark.parametrize(
    "options, message",
    [
        ({"size": 0}, "1 <= size <= 1048576, got 0"),
        ({"size": 2**21}, "size"),
        ({"rate": 0}, "1 <= rate <= 384000, got 0"),
        ({"rate": 8000.0}, "rate"),
        ({"trim": 1}, "0 <= trim < 1, got 1"),
        ({"trim": math.nan}, "trim"),
        ({"align": "end"}, "align 'begin' or 'centre', got 'end'"),
    ],
)
def test_options_that_cannot_be(tmp_path, options, message):
    with pytest.raises(InputError, match=message):
        read_sounds(tmp_path, **options)


def test_a_reader_of_pictures_says_who_reads_sounds(tmp_path):
    (tmp_path / "a.wav").write_bytes(wav(noise()))
    with pytest.raises(DataError) as refused:
        load_images(tmp_path)
    assert str(refused.value).endswith(
        "found a WAV sound (a.wav); the recipe wavegan-digits takes a folder of sounds"
    )


# The extra `audio`


@pytest.fixture
def without_extra(monkeypatch):
    """As where the extra is not installed."""
    for name in ("soundfile", "soxr"):
        monkeypatch.setitem(sys.modules, name, None)


def test_files_that_need_the_extra_are_told(lay, without_extra):
    files = {"a.wav": wav(noise()), "b.flac": b"fLaC" + bytes(40), "c.mp3": bytes(9)}
    assert refusal(lay(files | {"d.ogg": b"OggS" + bytes(40)})).endswith(
        ": 3 of 4 sounds need the library soundfile, which is not installed: pip "
        "install 'tinygan[audio]' brings it; b.flac is a FLAC sound"
    )
    files = {"a.wav": wav(noise()), "b.wav": wav(noise(), 44_100)}
    assert refusal(lay(files)).endswith(
        ": 1 of 2 sounds needs the library soxr, which is not installed: pip install "
        "'tinygan[audio]' brings it; b.wav has a sample rate of 44,100 Hz"
    )
    same = read_sounds(lay({"a.wav": wav(noise(), 44_100)}), 100, 44_100)
    assert same.rate == 44_100  # no library is needed


@pytest.fixture
def stand_ins(monkeypatch):
    """soundfile and soxr in a few lines: a file of zeros and ones, and every second
    sample. They can fail.
    """

    class SoundFile:
        frames, channels, samplerate = 400, 2, 16_000

        def __init__(self, file):
            data = file.read()
            if b"broken" in data:
                raise RuntimeError("lost sync <_io.BytesIO object>")
            self.scale = 2.0 if b"loud" in data else 0.5
            if b"vast" in data:
                self.frames = 2**63 - 1
            if b"nothing" in data:
                self.frames = 0

        def __enter__(self):
            return self

        def __exit__(self, *_):
            pass

        def read(self, dtype, always_2d):
            assert dtype == "float32" and always_2d
            x = np.sin(np.arange(self.frames)) * self.scale
            return np.stack([x, x], axis=1).astype(dtype)

    def resample(x, old, new):
        if old == 7:
            raise ValueError("rate out of range")
        return x[:: max(1, old // new)] if old >= new else np.repeat(x, new // old)

    monkeypatch.setitem(
        sys.modules, "soundfile", types.SimpleNamespace(SoundFile=SoundFile)
    )
    monkeypatch.setitem(sys.modules, "soxr", types.SimpleNamespace(resample=resample))


def test_libraries_are_called_as_they_expect(lay, stand_ins):
    files = {"a.flac": b"fLaC" + bytes(40), "b.mp3": bytes(9), "c.wav": wav(noise(400))}
    files |= {"broken.ogg": b"OggS broken", "vast.flac": b"fLaC vast"}
    files |= {"0.aiff": b"FORM\0\0\0\0AIFFnothing", "loud.au": b".snd loud"}
    found = read_sounds(lay(files), 200)
    assert len(found) == 4 and np.abs(found.values).max() == np.float32(PEAK)
    assert found.notes[1:] == (
        "3 sounds resampled: 3 of 16,000 Hz",
        "3 sounds made mono, by the mean of the channels: 3 of 2 channels",
        "0.aiff skipped: none (an empty sound)",
        "broken.ogg skipped: damage (lost sync)",
        "vast.flac skipped: too long a sound (9223372036854775807 samples of 2 "
        "channels)",
    )
    x, *facts = read_sound(b".snd loud", "a.au")
    assert np.abs(x).max() == 1  # beyond 1 all are divided
    assert facts == [16_000, "AU", False]


def test_rates_that_cannot_be_changed(stand_ins, monkeypatch):
    with pytest.raises(DataError, match="usual sample rate, found a sample rate of 7 "):
        resampled(np.zeros(9, "f4"), 7, 8000)
    with pytest.raises(
        DataError, match="at most 384,000 Hz, found a sample rate of 4,"
    ):
        resampled(np.zeros(9, "f4"), 4_000_000, 8000)
    with pytest.raises(DataError, match="at most 67108864 samples"):
        resampled(np.zeros(10_000, "f4"), 1, 8000)
    monkeypatch.setitem(
        sys.modules, "soxr", types.SimpleNamespace(resample=lambda x, a, b: x[:0])
    )
    with pytest.raises(DataError, match="samples at 8,000 Hz, found none of 44,100 Hz"):
        resampled(np.zeros(3, "f4"), 44_100, 8000)


TONE = 0.5 * np.sin(2 * math.pi * 440 * np.arange(44_100) / 44_100)


def test_soxr_keeps_a_tone():
    pytest.importorskip("soxr")
    y = resampled(TONE.astype("f4"), 44_100, 8000)
    exact = 0.5 * np.sin(2 * math.pi * 440 * np.arange(8000) / 8000)
    assert y.shape == (8000,) and y.dtype == np.float32
    np.testing.assert_allclose(y[200:-200], exact[200:-200], atol=1e-5)
    high = np.sin(2 * math.pi * 6000 * np.arange(44_100) / 44_100)  # 8,000 Hz have none
    assert np.abs(resampled(high.astype("f4"), 44_100, 8000)[200:-200]).max() < 1e-3


@pytest.mark.parametrize("kind, error", [("FLAC", 2e-5), ("OGG", 0.05), ("MP3", 0.05)])
def test_soundfile_reads_what_it_writes(tmp_path, kind, error):
    soundfile, _ = pytest.importorskip("soundfile"), pytest.importorskip("soxr")
    file = io.BytesIO()
    soundfile.write(file, np.stack([TONE, TONE], axis=1), 44_100, format=kind)
    data = file.getvalue()
    x, rate, form, no_size = read_sound(data, "a.mp3")  # the content decides
    assert rate == 44_100 and x.shape[1] == 2 and x.dtype == np.float32
    assert form.upper() == kind and not no_size
    np.testing.assert_allclose(x[4000:40_000, 0], TONE[4000:40_000], atol=error)
    for n in (8, 100, len(data) // 2):
        with pytest.raises(DataError, match=r"damage|truncated") as refused:
            read_sound(data[:n], "a.mp3")
        assert str(refused.value).isprintable()
    (tmp_path / f"a.{kind.lower()}").write_bytes(data)
    write_wav(tmp_path / "b.wav", TONE, 44_100)
    found = read_sounds(tmp_path, 8000)
    assert "2 sounds resampled: 2 of 44,100 Hz" in found.notes


def test_endings_and_contents_of_sounds(lay):
    files = {f"x{ending}": b"?" for ending in audio.ENDINGS}
    files |= {"noname": wav(noise()), "b.txt": wav(noise()), "c.png": wav(noise())}
    sentence = refusal(lay(files))
    assert f"but {len(audio.ENDINGS)} of {len(audio.ENDINGS) + 1} cannot be" in sentence


# The real files, where there are any

DATA = Path(os.environ.get("TINYGAN_DATA", "")) / "fsdd" / "fsdd_recordings.zip"


@pytest.mark.skipif(not DATA.is_file(), reason="TINYGAN_DATA has no spoken digits")
def test_the_spoken_digits():
    """3,000 recordings of six speakers, 50 for each digit: the Free Spoken Digits."""
    digits = read_sounds(DATA)
    assert repr(digits) == "Sounds(3000 of 4096 samples at 8000 Hz)"
    assert digits.names == tuple("0123456789")
    assert np.bincount(digits.labels).tolist() == [300] * 10
    assert len(digits.notes) == 2 and "by name" in digits.notes[1]
    speakers = read_sounds(DATA, labels="*_{label}_*")
    assert np.bincount(speakers.labels).tolist() == [500] * 6

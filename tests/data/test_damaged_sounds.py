"""WAV files as many programs write them, sound and damaged: read, or refused.

Python's wave, SciPy and, where it is there, libsndfile write their files themselves.
Those of sox and ffmpeg are laid out here as these programs do it.
"""

import io
import random
import struct
import time
import tracemalloc
import wave
from collections import Counter

import numpy as np
import pytest
from scipy.io import wavfile

from tests.fuzz import mutants
from tests.fuzz.campaign import wrong_with
from tinygan.data import read_sounds, read_wav, write_wav
from tinygan.errors import DataError

RATE, T = 8000, 160
X = 0.5 * np.sin(np.arange(T) / 5) * np.linspace(1, 0.2, T)
PAIR = np.stack([X, X], axis=1)
PCM, FLOAT, EXTENSIBLE = 1, 3, 0xFFFE
GUID = bytes.fromhex("000000001000800000aa00389b71")
INFO = b"INFOISFT" + struct.pack("<I", 14) + b"Lavf60.16.100\0"


def chunk(letters: bytes, body: bytes, size: int | None = None) -> bytes:
    size = len(body) if size is None else size
    return letters + struct.pack("<I", size) + body + bytes(len(body) % 2)


def fact(samples: bytes, channels: int, bits: int) -> bytes:
    frames = len(samples) // (channels * bits // 8)
    return chunk(b"fact", struct.pack("<I", frames))


def raw(x, code: int, bits: int) -> bytes:
    """Samples in [-1, 1] as a file holds them."""
    if code == FLOAT:
        return x.astype(f"<f{bits // 8}").tobytes()
    levels = np.rint(x.reshape(-1) * (2 ** (bits - 1) - 1)).astype(int)
    if bits == 8:
        return (levels + 128).astype("u1").tobytes()
    return b"".join(int(n).to_bytes(bits // 8, "little", signed=True) for n in levels)


def head(code: int, bits: int, channels: int, kind: int) -> bytes:
    """The body of fmt: 16 bytes, or 18 with an empty extension, or extensible, 40."""
    frame = channels * bits // 8
    tag = EXTENSIBLE if kind == 40 else code
    plain = struct.pack("<HHIIHH", tag, channels, RATE, RATE * frame, frame, bits)
    if kind == 40:
        return plain + struct.pack("<HHIH", 22, bits, 3, code) + GUID
    return plain + bytes(kind - 16)


def ffmpeg(x, code=PCM, bits=16, piped=False) -> bytes:
    """More than 16 bits are extensible; what is not PCM has a fact; LIST is before the
    data. Into a pipe it writes the size 2^32 - 1.
    """
    channels, samples = 1 if x.ndim == 1 else x.shape[1], raw(x, code, bits)
    chunks = chunk(b"fmt ", head(code, bits, channels, 40 if bits > 16 else 16))
    chunks += fact(samples, channels, bits) if code != PCM and not piped else b""
    chunks += chunk(b"LIST", INFO) + chunk(
        b"data", samples, 2**32 - 1 if piped else None
    )
    return chunk(b"RIFF", b"WAVE" + chunks, 2**32 - 1 if piped else None)


def sox(x, code=PCM, bits=16, piped=False) -> bytes:
    """PCM of more than 16 bits is extensible, with a fact; floats have 18 bytes of fmt
    and a fact. Into a pipe it writes a size near 2^31.
    """
    channels, samples = 1 if x.ndim == 1 else x.shape[1], raw(x, code, bits)
    kind = 18 if code == FLOAT else 40 if bits > 16 or channels > 2 else 16
    chunks = chunk(b"fmt ", head(code, bits, channels, kind))
    chunks += fact(samples, channels, bits) if kind > 16 else b""
    chunks += chunk(b"data", samples, 0x7FFFF000 if piped else None)
    return chunk(b"RIFF", b"WAVE" + chunks, 0x7FFFF024 if piped else None)


def pythons_wave(x, width: int) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1 if x.ndim == 1 else x.shape[1])
        out.setsampwidth(width)
        out.setframerate(RATE)
        out.writeframes(raw(x, PCM, 8 * width))
    return file.getvalue()


def scipys(levels) -> bytes:
    file = io.BytesIO()
    wavfile.write(file, RATE, levels)
    return file.getvalue()


FILES = {
    "wave, 8 bits": pythons_wave(X, 1),
    "wave, 16 bits": pythons_wave(X, 2),
    "wave, 24 bits, stereo": pythons_wave(PAIR, 3),
    "wave, 32 bits": pythons_wave(X, 4),
    "SciPy, 16 bits, stereo": scipys(np.rint(PAIR * 32767).astype("i2")),
    "SciPy, float 32": scipys(X.astype("f4")),
    "SciPy, float 64": scipys(X),
    "sox, 16 bits": sox(X),
    "sox, 24 bits": sox(X, PCM, 24),
    "sox, float 32": sox(X, FLOAT, 32),
    "sox, 5.1": sox(np.stack([X] * 6, axis=1)),
    "sox, piped": sox(X, piped=True),
    "ffmpeg, 16 bits": ffmpeg(X),
    "ffmpeg, 24 bits, stereo": ffmpeg(PAIR, PCM, 24),
    "ffmpeg, float 32": ffmpeg(X, FLOAT, 32),
    "ffmpeg, float 64": ffmpeg(X, FLOAT, 64),
    "ffmpeg, piped": ffmpeg(X, piped=True),
    "tinygan": b"",  # written below
}


@pytest.fixture(scope="module")
def files(tmp_path_factory) -> dict[str, bytes]:
    """The files of all programs that are there, by name."""
    own = tmp_path_factory.mktemp("own") / "a.wav"
    write_wav(own, X, RATE)
    found = FILES | {"tinygan": own.read_bytes()}
    try:
        import soundfile
    except ImportError:
        return found
    for form, subtype in (("WAV", "PCM_24"), ("WAVEX", "PCM_16"), ("WAV", "DOUBLE")):
        file = io.BytesIO()
        soundfile.write(file, PAIR, RATE, subtype=subtype, format=form)
        found[f"libsndfile, {form}, {subtype}"] = file.getvalue()
    return found


@pytest.fixture
def reader(tmp_path):
    """read(data): the sound of a file, by read_wav and by read_sounds beside a sound
    that can be read. The file is read or refused by both.
    """
    (tmp_path / "set").mkdir()
    write_wav(tmp_path / "set" / "a.wav", X, RATE)
    path = tmp_path / "set" / "b.wav"

    def read(data: bytes) -> np.ndarray:
        path.write_bytes(data)
        try:
            sounds = read_sounds(tmp_path / "set", T, RATE)
            skipped = "b.wav skipped: " in sounds.notes[-1]
            assert len(sounds) == 2 - skipped and not wrong_with(sounds.notes[-1])
        except DataError as e:  # another rate, and no soxr
            assert "b.wav has a sample rate of" in str(e) and not wrong_with(str(e))
            skipped = True
        try:
            x, rate = read_wav(path)
        except DataError:
            assert skipped
            raise
        assert x.dtype == np.float32 and x.ndim == 2 and x.size and rate > 0
        assert np.isfinite(x).all() and np.abs(x).max() <= 1
        return x

    return read


@pytest.mark.parametrize("name", FILES)
def test_each_program_writes_the_same_sound(files, reader, name):
    bits = 8 if "8 bits" in name else 16
    x = reader(files[name])
    assert len(x) == T
    np.testing.assert_allclose(
        x, np.repeat(X[:, None], x.shape[1], 1), atol=2.0**-bits * 2
    )


def test_libsndfile_writes_the_same_sound(files, reader):
    pytest.importorskip("soundfile")
    for name in [name for name in files if name.startswith("libsndfile")]:
        np.testing.assert_allclose(reader(files[name]), PAIR, atol=2.0**-15)


def test_a_folder_of_all_programs_is_read(files, tmp_path):
    for n, data in enumerate(files.values()):
        (tmp_path / f"{n:02}.wav").write_bytes(data)
    sounds = read_sounds(tmp_path, T, RATE)
    assert len(sounds) == len(files)
    assert np.abs(sounds.values - sounds.values[1]).max() < 0.02  # 8 bits are coarse
    assert "2 headers do not tell the size" in " ".join(sounds.notes)
    assert "skipped" not in " ".join(sounds.notes)


def read_mutants(files, reader, first: int, n: int) -> Counter:
    """How many of n mutants of each program are read and refused: (program, what).

    Nothing but DataError may be raised, in a sentence that can be printed.
    """
    counts, names = Counter(), sorted(files)
    for number in range(first, first + n):
        rng = random.Random(f"sounds/{number}")
        name, other = rng.choice(names), rng.choice(names)
        try:
            reader(mutants.raw(rng, files[name], files[other]))
            what = "read"
        except DataError as e:
            what = "refused"
            assert not wrong_with(str(e)) and ": expected " in str(e)
        counts[name.partition(",")[0], what] += 1
    return counts


PROGRAMS = ("wave", "SciPy", "sox", "ffmpeg", "tinygan")


def test_two_hundred_mutants_are_read_or_refused(files, reader):
    counts = read_mutants(files, reader, 0, 200)
    for program in PROGRAMS[:-1]:  # of tinygan's one file there are a few
        assert counts[program, "read"] and counts[program, "refused"]


@pytest.mark.slow
def test_two_thousand_mutants_are_read_or_refused(files, reader):
    tracemalloc.start()
    started = time.process_time()
    counts = read_mutants(files, reader, 200, 2000)
    seconds, (_, most) = time.process_time() - started, tracemalloc.get_traced_memory()
    tracemalloc.stop()
    print(
        f"\n{counts.total()} mutants, {seconds:.0f} s, at most {most / 2**20:.1f} MiB"
    )
    for program in sorted({program for program, _ in counts}):
        row = (counts[program, what] for what in ("read", "refused"))
        print(f"{program:<12} read {next(row):>5} refused {next(row):>5}")
    assert most < 4 << 20  # the files have a few kilobytes, whatever they claim
    for program in PROGRAMS:
        assert counts[program, "read"] > 10 and counts[program, "refused"] > 10


@pytest.mark.parametrize("name", FILES)
def test_every_beginning_of_a_file_is_refused_unless_it_was_piped(files, reader, name):
    data = files[name]
    place = data.index(b"data") + 8
    for n in [*range(0, place, 5), place, place + 1, len(data) // 2, len(data) - 9]:
        try:
            x = reader(data[:n])
        except DataError:
            continue
        assert "piped" in name and 0 < len(x) < T

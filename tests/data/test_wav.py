"""WAV files: every sample format to the last bit, every layout, and every fault."""

import os
import random
import struct
import wave
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tinygan.data.files import wav
from tinygan.data.files.wav import decoded_wav, read_wav, write_wav
from tinygan.errors import DataError, InputError

TAIL = bytes.fromhex("000000001000800000aa00389b71")
FORMATS = [(1, 8), (1, 16), (1, 24), (1, 32), (3, 32), (3, 64)]


def chunk(letters: bytes, body: bytes, size: int | None = None) -> bytes:
    size = len(body) if size is None else size
    return letters + struct.pack("<I", size) + body + bytes(len(body) % 2)


def fmt(code=1, bits=16, channels=1, rate=8000, extensible=False) -> bytes:
    frame = channels * bits // 8
    head = struct.pack("<HHIIHH", code, channels, rate, rate * frame, frame, bits)
    if extensible:
        head = struct.pack("<H", 0xFFFE) + head[2:]
        head += struct.pack("<HHIH", 22, bits, 0, code) + TAIL
    return chunk(b"fmt ", head)


def riff(*chunks: bytes, size: int | None = None) -> bytes:
    body = b"WAVE" + b"".join(chunks)
    return chunk(b"RIFF", body, size)


def raw(levels, code: int, bits: int) -> bytes:
    """The levels as a file holds them: whole numbers, or floats."""
    if code == 3:
        return np.asarray(levels, f"<f{bits // 8}").tobytes()
    if bits == 8:
        return bytes(int(n) + 128 for n in levels)
    return b"".join(int(n).to_bytes(bits // 8, "little", signed=True) for n in levels)


def whole_levels(bits: int, n: int = 200) -> list[int]:
    """Levels of both ends, near zero, and random ones."""
    rng, most = random.Random(bits), 2 ** (bits - 1)
    ends = [-most, 1 - most, -1, 0, 1, most - 1]
    return ends + [rng.randrange(-most, most) for _ in range(n - len(ends))]


# Every format, to the last bit


@pytest.mark.parametrize("extensible", [False, True])
@pytest.mark.parametrize("bits", [8, 16, 24, 32])
def test_whole_numbers_are_the_nearest_floats(bits, extensible):
    """n / 2^(bits - 1) in exact arithmetic, rounded once."""
    levels = whole_levels(bits)
    data = riff(
        fmt(1, bits, extensible=extensible), chunk(b"data", raw(levels, 1, bits))
    )
    x, rate = decoded_wav(data)
    assert (x.shape, x.dtype, rate) == ((200, 1), np.float32, 8000)
    expected = [Fraction(n, 2 ** (bits - 1)) for n in levels]
    if bits <= 24:
        assert [Fraction(float(v)) for v in x[:, 0]] == expected
    np.testing.assert_array_equal(x[:, 0], np.array(expected, np.float32))
    assert x.min() == -1 and x.max() <= 1


@pytest.mark.parametrize("extensible", [False, True])
@pytest.mark.parametrize("bits", [32, 64])
def test_floats_are_kept(bits, extensible):
    values = np.random.default_rng(0).uniform(-1, 1, 300).astype(f"f{bits // 8}")
    values[:4] = -1, 1, 1e-42, 0
    data = riff(
        fmt(3, bits, 3, 48_000, extensible), chunk(b"data", raw(values, 3, bits))
    )
    x, rate = decoded_wav(data)
    assert (x.shape, x.dtype, rate) == ((100, 3), np.float32, 48_000)
    np.testing.assert_array_equal(x.reshape(-1), values.astype(np.float32))


@pytest.mark.parametrize("bits, most", [(32, 3e38), (64, 1e300), (64, 1.5)])
def test_floats_beyond_one_are_divided_by_the_largest(bits, most):
    values = np.array([most, -most / 4, most / 3], f"f{bits // 8}")
    x, _ = decoded_wav(riff(fmt(3, bits), chunk(b"data", raw(values, 3, bits))))
    np.testing.assert_array_equal(
        x[:, 0], np.float32([1, -0.25, values[2] / values[0]])
    )


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("bits", [32, 64])
def test_what_is_not_finite_is_refused(bits, wrong):
    data = riff(fmt(3, bits, 2), chunk(b"data", raw([0, 1, 0, wrong], 3, bits)))
    with pytest.raises(DataError, match=r"NaN or infinity \(in frame 1\)$"):
        decoded_wav(data)


@given(arrays("<i2", st.tuples(st.integers(1, 50), st.integers(1, 8))), st.data())
def test_sixteen_bits_survive_a_round_trip(tmp_path_factory, levels, data):
    rate = data.draw(st.integers(1, wav.MOST_RATE))
    path = tmp_path_factory.mktemp("wav") / "a.wav"
    write_wav(path, levels / 2**15, rate)
    x, found = read_wav(path)
    assert found == rate
    np.testing.assert_array_equal(x * 2**15, levels)


@given(st.sampled_from(FORMATS), st.integers(1, 7), st.integers(1, 20), st.data())
def test_any_layout_gives_the_same_samples(form, channels, T, data):
    """Chunks before and after the data, odd or even, and both headers."""
    code, bits = form
    bounds = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if code == 1 else (-1, 1)
    number = st.integers if code == 1 else st.floats
    levels = data.draw(
        st.lists(number(*bounds), min_size=T * channels, max_size=T * channels)
    )
    other = st.binary(max_size=9).map(lambda body: chunk(b"LIST", body))
    before, between, after = (data.draw(st.lists(other, max_size=3)) for _ in range(3))
    head = fmt(code, bits, channels, 44_100, data.draw(st.booleans()))
    samples = chunk(b"data", raw(levels, code, bits))
    x, rate = decoded_wav(riff(*before, head, *between, samples, *after))
    assert x.shape == (T, channels) and rate == 44_100
    plain, _ = decoded_wav(riff(fmt(code, bits, channels), samples))
    np.testing.assert_array_equal(x, plain)
    scale = 2 ** (bits - 1) if code == 1 else 1
    exact = np.array([Fraction(n) / scale for n in levels], np.float32)
    np.testing.assert_array_equal(x.reshape(-1), exact)


# As other programs write them


@pytest.mark.parametrize("width, channels", [(1, 1), (2, 1), (2, 2), (3, 1), (4, 6)])
def test_files_of_pythons_wave(tmp_path, width, channels):
    levels = whole_levels(8 * width, 120)
    with wave.open(str(tmp_path / "a.wav"), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(width)
        file.setframerate(11_025)
        file.writeframes(raw(levels, 1, 8 * width))
    x, rate = read_wav(tmp_path / "a.wav")
    assert rate == 11_025 and x.shape == (120 // channels, channels)
    expected = np.array(levels, np.float64) / 2 ** (8 * width - 1)
    np.testing.assert_array_equal(x.reshape(-1), expected.astype(np.float32))


def test_wave_reads_what_is_written(tmp_path):
    x = np.array([[-1.0, 1.0], [0.5, -0.25], [1.7, -9e300]])
    write_wav(tmp_path / "a.wav", x, 16_000)
    with wave.open(str(tmp_path / "a.wav"), "rb") as file:
        assert file.getparams()[:4] == (2, 2, 16_000, 3)
        levels = np.frombuffer(file.readframes(3), "<i2").reshape(3, 2)
    assert levels.tolist() == [[-32768, 32767], [16384, -8192], [32767, -32768]]
    write_wav(tmp_path / "a.wav", [0.0, 0.25, np.float32(-0.5)], 1)
    x, rate = read_wav(tmp_path / "a.wav")
    assert x[:, 0].tolist() == [0, 0.25, -0.5] and rate == 1


LEVELS = whole_levels(16)
SAMPLES = raw(LEVELS, 1, 16)
LIST = chunk(b"LIST", b"INFOISFT\x0e\0\0\0Lavf60.16.100\0")
PIPES = {
    "ffmpeg": riff(fmt(), LIST, chunk(b"data", SAMPLES, 2**32 - 1), size=2**32 - 1),
    "sox": riff(fmt(), chunk(b"data", SAMPLES, 0x7FFFF000), size=0x7FFFF024),
    "arecord": riff(fmt(), chunk(b"data", SAMPLES, 2**31), size=2**31 + 36),
    "zeros": riff(fmt(), chunk(b"data", SAMPLES, 0), size=0),
    "a header of an empty file": riff(fmt(), chunk(b"data", SAMPLES, 0), size=36),
}


@pytest.mark.parametrize("data", PIPES.values(), ids=PIPES)
def test_of_a_pipe_all_that_is_there_is_taken(data):
    for more in (b"", b"\1"):  # half a frame is no sample
        x, rate = decoded_wav(data + more)
        assert rate == 8000 and (x[:, 0] * 2**15).tolist() == LEVELS


def test_layouts_of_ffmpeg_and_sox():
    """A LIST before the data, an extensible header, a chunk fact, and an id3 at the
    end.
    """
    plain, _ = decoded_wav(riff(fmt(), chunk(b"data", SAMPLES)))
    fact = chunk(b"fact", struct.pack("<I", 200))
    id3 = chunk(b"id3 ", b"ID3\3\0")
    for chunks in (
        (fmt(), LIST, chunk(b"data", SAMPLES)),
        (fmt(extensible=True), fact, chunk(b"data", SAMPLES)),
        (chunk(b"bext", bytes(603)), fmt(), chunk(b"data", SAMPLES), LIST, id3),
    ):
        np.testing.assert_array_equal(decoded_wav(riff(*chunks))[0], plain)
    half = chunk(b"fmt ", fmt()[8:24] + b"\0\0")  # 18 bytes: with the size of nothing
    np.testing.assert_array_equal(
        decoded_wav(riff(half, chunk(b"data", SAMPLES)))[0], plain
    )


# Faults

DATA = chunk(b"data", SAMPLES)
FAULTS = {
    b"": "expected a WAV sound (RIFF), found an empty file",
    b"RIFF": "expected a WAV sound (RIFF), found",
    b"\x89PNG\r\n\x1a\n" + bytes(20): "found a PNG picture",
    b"fLaC" + bytes(50): "found a FLAC sound",
    b"RIFX" + riff(fmt(), DATA)[4:]: "found a big-endian WAV sound (RIFX)",
    b"RF64" + riff(fmt(), DATA)[4:]: "found a WAV sound of the 64-bit form (RF64)",
    riff(): "damage (it has neither fmt nor data)",
    riff(LIST): "damage (it has neither fmt nor data)",
    riff(fmt()): "damage (it has no data)",
    riff(DATA): "damage (its data come before its fmt)",
    riff(DATA, fmt()): "damage (its data come before its fmt)",
    riff(chunk(b"fmt ", bytes(14)), DATA): "damage (a fmt of 14 bytes)",
    riff(fmt(), chunk(b"data", b"")): "expected samples, found none (an empty sound)",
    riff(fmt(), chunk(b"data", SAMPLES, 401)): "only 400 of 401 bytes of samples",
    riff(fmt(), chunk(b"data", SAMPLES, 2**31 - 2**16 - 1)): "found a truncated one",
    riff(fmt(), chunk(b"data", SAMPLES, 4 * 10**9)): "only 400 of 4000000000 bytes",
    riff(fmt(), chunk(b"LIST", b"abc", 999), DATA): "of 999 bytes of its chunk 'LIST'",
    riff(fmt(bits=12), DATA): "8 or 16 or 24 or 32 bits, found PCM of 12 bits",
    riff(fmt(3, 16), DATA): "32 or 64 bits, found float of 16 bits",
    riff(fmt(channels=0), DATA): "damage (0 channels of 8000 Hz)",
    riff(fmt(rate=0), DATA): "damage (1 channels of 0 Hz)",
    riff(
        fmt(channels=3), chunk(b"data", bytes(8))
    ): "found damage (8 bytes of samples in frames of 6 bytes)",
    riff(*[chunk(b"junk", b"")] * 1001, fmt(), DATA): "more than 1000 chunks",
    riff(fmt(2, 4), DATA): "found Microsoft ADPCM (code 2)",
    riff(fmt(6, 8), DATA): "expected PCM or float samples, found A-law (code 6)",
    riff(fmt(7, 8), DATA): "found mu-law (code 7)",
    riff(fmt(7, 8, extensible=True), DATA): "found mu-law (code 7)",
    riff(fmt(0x11, 4), DATA): "found IMA ADPCM (code 17)",
    riff(fmt(0x1234, 16), DATA): "found code 4660",
}


@pytest.mark.parametrize("data, found", FAULTS.items(), ids=range(len(FAULTS)))
def test_a_fault_is_one_sentence(tmp_path, data, found):
    path = tmp_path / "a.wav"
    path.write_bytes(data)
    with pytest.raises(DataError) as refused:
        read_wav(path)
    sentence = str(refused.value)
    assert sentence.startswith(f"{path}: expected ") and found in sentence
    assert sentence.isprintable()


def test_headers_that_contradict_themselves():
    odd = bytearray(riff(fmt(), DATA))
    odd[32] = 4  # bytes of a frame
    with pytest.raises(DataError, match="1 channels of 16 bits in frames of 4 bytes"):
        decoded_wav(bytes(odd))
    ambisonic = riff(fmt(extensible=True), DATA).replace(TAIL, bytes(14))
    with pytest.raises(DataError, match=r"PCM or float samples, found GUID 0100"):
        decoded_wav(ambisonic)
    short = struct.pack("<H", 0xFFFE) + fmt()[10:]
    with pytest.raises(DataError, match=r"a fmt of 16 bytes"):
        decoded_wav(riff(chunk(b"fmt ", short), DATA))


def test_files_that_are_no_files(tmp_path, monkeypatch):
    with pytest.raises(DataError, match="expected a file, found none"):
        read_wav(tmp_path / "none.wav")
    with pytest.raises(DataError, match="expected a file, found a folder"):
        read_wav(tmp_path)
    (tmp_path / "a.wav").write_bytes(riff(fmt(), DATA))
    monkeypatch.setattr(wav, "MOST_BYTES", 100)
    with pytest.raises(
        DataError, match=r"a\.wav: expected at most 100 bytes, found 444"
    ):
        read_wav(tmp_path / "a.wav")


@pytest.mark.parametrize(
    "x, rate, message",
    [
        (np.zeros(3), 0, "expects a whole number 1 <= rate <= 16777216, got 0"),
        (np.zeros(3), 8000.0, "rate .* got 8000.0"),
        (np.zeros((2, 3, 4)), 8000, r"samples \(T,\) or \(T, channels\)"),
        (np.zeros(0), 8000, r"got an array of float64, shape \(0, 1\)"),
        (np.zeros((2, 65)), 8000, "at most 64 channels"),
        (0.5, 8000, "expects samples"),
        ([0, np.nan], 8000, "finite samples"),
        ([np.inf], 8000, "finite samples"),
        (np.zeros(3, np.int16), 8000, r"floats in \[-1, 1\], got an array of int16"),
        (np.zeros(3, complex), 8000, "array of real numbers"),
        ("abc", 8000, "array of real numbers"),
    ],
)
def test_what_is_not_written(tmp_path, x, rate, message):
    path = tmp_path / "a.wav"
    with pytest.raises(InputError, match=message):
        write_wav(path, x, rate)
    assert not path.exists()


def test_a_file_that_cannot_be_written_is_named(tmp_path):
    with pytest.raises(OSError, match=r"a\.wav"):
        write_wav(tmp_path / "none" / "a.wav", np.zeros(3), 8000)
    assert os.listdir(tmp_path) == []

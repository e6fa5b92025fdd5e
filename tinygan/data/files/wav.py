"""The WAV format (RIFF/WAVE), read and written by hand.

A file is a list of chunks: four letters, a size, and so many bytes. The chunk `fmt`
says what a sample is, and `data` has the samples, frame by frame: one sample of each
channel. Whole numbers of 8 bits have no sign, and 128 is silence. Those of 16, 24 and
32 bits have a sign. Floats of 32 and 64 bits go from -1 to 1.
"""

import os
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ...errors import DataError, InputError, numbers, shown, whole
from ...files import write_atomically
from .kinds import START, kind_of, named
from .source import UnreadableError, open_file

MOST_BYTES = 128 << 20  # of a file: 25 minutes of stereo at 44,100 Hz
MOST_RATE, MOST_CHANNELS = 2**24, 64  # that are written: 2 GiB per second
_MOST_CHUNKS = 1000  # before the samples; real files have a few
_MOST_WRITTEN = 2**32 - 1 - 36  # bytes of samples: their size has 32 bits
# What programs claim that write into a pipe: sox 2^31 - 4096, arecord 2^31, ffmpeg
# 2^32 - 1, and others that, less the bytes of the header.
_UNKNOWN = (range(2**31 - 2**16, 2**31 + 2**16), range(2**32 - 2**16, 2**32))
_PCM, _FLOAT, _EXTENSIBLE = 1, 3, 0xFFFE
_BITS = {_PCM: (8, 16, 24, 32), _FLOAT: (32, 64)}
# The codes in other use. ffmpeg and sox can write all of them.
_CODES = {
    0x02: "Microsoft ADPCM",
    0x06: "A-law",
    0x07: "mu-law",
    0x11: "IMA ADPCM",
    0x31: "GSM 6.10",
    0x40: "G.721 ADPCM",
    0x50: "MPEG",
    0x55: "MP3",
    0xFF: "AAC",
    0x161: "Windows Media",
    0x2000: "Dolby AC-3",
}
_GUID = bytes.fromhex("000000001000800000aa00389b71")  # after its two bytes of code
_FORMS = {
    b"RIFX": "a big-endian WAV sound (RIFX)",
    b"RF64": "a WAV sound of the 64-bit form (RF64)",
    b"BW64": "a WAV sound of the 64-bit form (BW64)",
}


class _Format(NamedTuple):
    """What a sample is: `code` 1 for whole numbers, 3 for floats, of `width` bytes."""

    code: int
    channels: int
    rate: int
    width: int

    @property
    def frame(self) -> int:
        """Bytes of one sample of each channel."""
        return self.channels * self.width


class Recording(NamedTuple):
    """A sound file: its samples `x` (T, channels) in [-1, 1], float32, `rate` of them
    per second and channel, its `form` in words, as "WAV of 16 bits", and whether its
    header has `no_size`, so that all was taken that is there.
    """

    x: np.ndarray
    rate: int
    form: str
    no_size: bool = False


def read_wav(path) -> tuple[np.ndarray, int]:
    """(samples, rate) of a WAV file: float32 (T, channels) in [-1, 1], and the samples
    per second and channel.

    Whole numbers of 8, 16, 24 and 32 bits are divided by 2^7, 2^15, 2^23 and 2^31. So
    the first three are exact, and the last one is rounded to float32. Floats are not
    changed, but if some lie beyond [-1, 1], all are divided by the largest |x|. The
    header may be the plain or the extensible one. Chunks of other kinds are passed
    over. If a program wrote into a pipe and so did not know the size, the samples go
    to the end of the file.

    Raises DataError if there is no such file, or if it is of another kind, compressed
    (A-law, ADPCM, MP3 ...), truncated, damaged, empty, or larger than 128 MiB, and for
    floats that are NaN or infinite.
    """
    with open_file(path) as file:
        size = os.fstat(file.fileno()).st_size
        if size > MOST_BYTES:
            raise DataError(
                f"{path}: expected at most {MOST_BYTES} bytes, found {size}"
            )
        data = file.read(size)  # read(n) takes n bytes of memory at once
    try:
        return decoded_wav(data, str(path))
    except UnreadableError as e:
        raise DataError(f"{path}: {e}") from e


def write_wav(path, x, rate: int) -> None:
    """Write samples in [-1, 1] as a WAV file of 16 bits: round(2^15 x).

    x: (T,) or (T, channels), real numbers

    A sample beyond [-1, 32767/32768] is clipped to the nearer end, without a word. The
    file is written whole or not at all.

    Raises InputError for an array of whole numbers, for samples that are not finite or
    have another shape, for more than 64 channels or 4 GiB, and for a rate that is not a
    whole number from 1 to 2^24. Raises OSError if the file cannot be written.
    """
    wav = wav_bytes(x, rate)
    write_atomically(Path(path), lambda file: file.write(wav))


def wav_bytes(x, rate: int) -> bytes:
    """The bytes of the file that `write_wav` writes for x (T,) or (T, channels).

    Raises InputError as it does.
    """
    rate = whole("write_wav", f"1 <= rate <= {MOST_RATE}", rate)
    levels = _levels(x)
    channels, size = levels.shape[1], levels.nbytes
    head = struct.pack("<4sI4s", b"RIFF", 36 + size, b"WAVE")
    head += struct.pack("<4sIHHI", b"fmt ", 16, _PCM, channels, rate)
    head += struct.pack("<IHH", 2 * channels * rate, 2 * channels, 16)
    head += struct.pack("<4sI", b"data", size)
    return head + levels.tobytes()


def _levels(x) -> np.ndarray:
    """Samples (T,) or (T, channels) as whole numbers of 16 bits: (T, channels)."""
    if getattr(getattr(x, "dtype", None), "kind", "f") in "iub":
        raise InputError(f"write_wav expects floats in [-1, 1], got {shown(x)}")
    x = numbers("write_wav, x", x)
    x = x[:, None] if x.ndim == 1 else x
    if x.ndim != 2 or x.size == 0 or x.shape[1] > MOST_CHANNELS:
        wanted = f"(T,) or (T, channels), at most {MOST_CHANNELS} channels"
        raise InputError(f"write_wav expects samples {wanted}, got {shown(x)}")
    if 2 * x.size > _MOST_WRITTEN:
        raise InputError(f"write_wav expects less than 4 GiB, got {shown(x)}")
    if not np.isfinite(x).all():
        raise InputError("write_wav expects finite samples, got NaN or infinity")
    levels = np.rint(np.clip(x, -1.0, 1.0) * 2.0**15)
    return np.minimum(levels, 2**15 - 1).astype("<i2")


def decoded_wav(data: bytes, name: str = "") -> tuple[np.ndarray, int]:
    """(samples, rate) of a WAV file's bytes: float32 (T, channels), see `read_wav`.

    Raises `UnreadableError`, a DataError, as `recorded` does.
    """
    found = recorded(data, name)
    return found.x, found.rate


def recorded(data: bytes, name: str = "") -> Recording:
    """The `Recording` in a WAV file's bytes, see `read_wav`.

    The name helps to tell what another file is. Raises `UnreadableError`, a DataError.
    """
    if data[:4] != b"RIFF" or data[8:12] != b"WAVE":
        kind = _FORMS.get(data[:4]) if data[8:12] == b"WAVE" else None
        kind = kind or named(kind_of(data[:START], name), data[:START])
        raise UnreadableError("a WAV sound (RIFF)", kind)
    form = None
    for letters, start, size in _chunks(data):
        if letters == b"fmt ":
            form = _format(data[start : start + size])
        elif letters == b"data" and form is None:
            raise UnreadableError(
                "a WAV sound", "damage (its data come before its fmt)"
            )
        elif letters == b"data":
            return _recording(data, start, size, form)
    what = "no data" if form else "neither fmt nor data"
    raise UnreadableError("a WAV sound", f"damage (it has {what})")


def unit(x: np.ndarray) -> np.ndarray:
    """Floats (T, channels) as float32 in [-1, 1]. If some lie beyond, all are divided
    by the largest |x|, which clips nothing.

    Raises `UnreadableError` for NaN and infinity.
    """
    if not np.isfinite(x).all():
        first = int(np.argmin(np.isfinite(x).all(axis=1)))
        raise UnreadableError("finite samples", f"NaN or infinity (in frame {first})")
    peak = np.abs(x).max(initial=0)
    return (x / peak if peak > 1 else x).astype(np.float32)


def _chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """(letters, where it starts, size) of each chunk. A byte follows an odd one."""
    at = 12
    for _ in range(_MOST_CHUNKS):
        if at + 8 > len(data):
            return
        letters, size = struct.unpack_from("<4sI", data, at)
        yield letters, at + 8, size
        if at + 8 + size > len(data):
            there = len(data) - at - 8
            found = f"only {there} of {size} bytes of its chunk "
            found += f"{letters.decode('latin-1')!r}"
            raise UnreadableError("a whole WAV sound", f"a truncated one ({found})")
        at += 8 + size + size % 2
    raise UnreadableError("a WAV sound", f"damage (more than {_MOST_CHUNKS} chunks)")


def _format(body: bytes) -> _Format:
    """The chunk fmt, plain (16 bytes or more) or extensible (40 bytes)."""
    if len(body) < 16:
        raise UnreadableError("a WAV sound", f"damage (a fmt of {len(body)} bytes)")
    code, channels, rate, _, frame, bits = struct.unpack_from("<HHIIHH", body)
    if code == _EXTENSIBLE:
        if len(body) < 40:
            raise UnreadableError("a WAV sound", f"damage (a fmt of {len(body)} bytes)")
        (code,) = struct.unpack_from("<H", body, 24)
        if body[26:40] != _GUID:
            raise UnreadableError("PCM or float samples", f"GUID {body[24:40].hex()}")
    if code not in _BITS:
        name = _CODES.get(code)
        found = f"{name} (code {code})" if name else f"code {code}"
        raise UnreadableError("PCM or float samples", found)
    if bits not in _BITS[code]:
        kind = "PCM" if code == _PCM else "float"
        known = " or ".join(map(str, _BITS[code]))
        raise UnreadableError(
            f"{kind} samples of {known} bits", f"{kind} of {bits} bits"
        )
    if channels == 0 or rate == 0:
        raise UnreadableError(
            "a WAV sound", f"damage ({channels} channels of {rate} Hz)"
        )
    if frame != channels * bits // 8:
        raise UnreadableError(
            "a WAV sound",
            f"damage ({channels} channels of {bits} bits in frames of {frame} bytes)",
        )
    return _Format(code, channels, rate, bits // 8)


def _recording(data: bytes, start: int, size: int, form: _Format) -> Recording:
    """The chunk data, from `start` on, which claims `size` bytes."""
    there = len(data) - start
    no_size = size == 0 and not _ends_here(data)
    no_size |= size > there and any(size in claims for claims in _UNKNOWN)
    if no_size:
        size = there - there % form.frame
    if size > there:
        found = f"a truncated one (only {there} of {size} bytes of samples)"
        raise UnreadableError("a whole WAV sound", found)
    if size % form.frame:
        found = f"damage ({size} bytes of samples in frames of {form.frame} bytes)"
        raise UnreadableError("a WAV sound", found)
    if size == 0:
        raise UnreadableError("samples", "none (an empty sound)")
    words = f"WAV of {8 * form.width} bits"
    if form.code == _FLOAT:
        x = np.frombuffer(data, f"<f{form.width}", size // form.width, start)
        x, words = unit(x.reshape(-1, form.channels)), f"{words}, float"
    else:
        x = _whole_numbers(data, start, size, form.width).reshape(-1, form.channels)
    return Recording(x, form.rate, words, no_size)


def _whole_numbers(data: bytes, start: int, size: int, width: int) -> np.ndarray:
    """Samples of `width` bytes as float32 (size / width,) in [-1, 1]."""
    if width == 1:
        x = np.frombuffer(data, "u1", size, start).astype("f4")
        x -= 128
    elif width == 3:  # its three bytes are the upper ones of four
        wide = np.zeros((size // 3, 4), "u1")
        wide[:, 1:] = np.frombuffer(data, "u1", size, start).reshape(-1, 3)
        x = wide.view("<i4")[:, 0].astype("f4")
    else:
        x = np.frombuffer(data, f"<i{width}", size // width, start).astype("f4")
    x /= 2.0 ** (31 if width == 3 else 8 * width - 1)
    return x


def _ends_here(data: bytes) -> bool:
    """Whether the size in the header is that of the file: its writer knew it."""
    (size,) = struct.unpack_from("<I", data, 4)
    return size + 8 in (len(data), len(data) - 1)

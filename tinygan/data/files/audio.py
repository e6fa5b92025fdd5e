"""One sound file of any format becomes samples.

WAV is read by hand (wav.py). The library soundfile reads FLAC, Ogg, MP3, AIFF and AU,
and the library soxr changes the sample rate. Both come with the extra `audio`, and they
are imported by the first file that needs them. The content decides the format, and not
the name.
"""

import io
import re
from textwrap import shorten
from types import ModuleType

import numpy as np

from ..sounds import MOST_RATE
from . import formats, kinds
from .albums import TEXTS
from .kinds import kind_of, way_on
from .source import UnreadableError, without_stderr
from .wav import Recording, recorded, unit

MOST_SAMPLES = 1 << 26  # of a decoded sound: 256 MiB as float32
EXTRA = "pip install 'tinygan[audio]'"
# The endings of sounds, also of some that are not read: they are told.
ENDINGS = (".wav", ".wave", ".flac", ".ogg", ".oga", ".opus", ".mp3", ".aif", ".aiff")
ENDINGS += (".aifc", ".au", ".m4a", ".aac", ".wma", ".amr", ".mid", ".midi")
_BY_SOUNDFILE = ("a FLAC sound", "an Ogg sound or film", "an MP3 sound")
_BY_SOUNDFILE += ("an AIFF sound", "an AU sound")
_WAVES = (b"RIFF", b"RIFX", b"RF64", b"BW64")
_MISSING = 2 * 1152  # samples, two frames of an MP3: encoders miscount by as many


class LibraryError(UnreadableError):
    """A sound that needs a `library` which is not installed."""

    def __init__(self, library: str, found: str):
        super().__init__(f"the library {library} ({EXTRA})", found)
        self.library = library


def is_sound(files, name: str) -> bool:
    """Whether a file is a sound, by its name or by its first bytes, even if it is of a
    format that is not read.
    """
    lower = name.lower()
    if lower.endswith(ENDINGS):
        return True
    if lower.endswith(TEXTS + formats.ENDINGS):
        return False
    try:
        return "sound" in (kind_of(files.start(name, kinds.START), name) or "")
    except ValueError:  # a DataError: it cannot be opened
        return False


def read_sound(data: bytes, name: str) -> Recording:
    """The `Recording` in a sound file's bytes.

    Raises `UnreadableError`, a DataError, for a file that is damaged, truncated, of
    another kind, or longer than 2^26 samples. Raises `LibraryError` if soundfile is
    needed and is not installed.
    """
    kind = kind_of(data[: kinds.START], name)
    if data[:4] in _WAVES and data[8:12] == b"WAVE":
        return recorded(data, name)
    if kind is None and name.lower().endswith(".mp3"):  # bytes lie before its frames
        kind = "an MP3 sound"
    if kind not in _BY_SOUNDFILE:
        found = kind or "no format that is known"
        hint = "convert it to WAV or FLAC" if "sound" in found else way_on(kind)
        wanted = "a sound (WAV, FLAC, Ogg, MP3)"
        raise UnreadableError(wanted, f"{found} ({hint})" if hint else found)
    return _decoded(data, kind)


def resampled(x: np.ndarray, rate: int, wanted: int) -> np.ndarray:
    """Samples (T,) of one rate as samples (T wanted / rate,) of another one, float32.

    soxr filters what the new rate cannot hold: frequencies from half of it on.

    Raises `UnreadableError` for a rate above 384,000, if there would be more than 2^26
    samples or none, or if soxr does not take the rate. Raises `LibraryError` if soxr is
    not installed.
    """
    if rate == wanted:
        return x
    found = f"a sample rate of {rate:,} Hz"
    if rate > MOST_RATE:
        raise UnreadableError(f"at most {MOST_RATE:,} Hz", found)
    if len(x) * wanted > MOST_SAMPLES * rate:
        raise UnreadableError(f"at most {MOST_SAMPLES} samples", found)
    soxr = _library("soxr", found)
    try:
        y = np.asarray(soxr.resample(x, rate, wanted), np.float32)
    except Exception as e:  # soxr raises what its C library says
        raise UnreadableError("a usual sample rate", f"{found} ({_said(e)})") from e
    if y.size == 0:
        raise UnreadableError(f"samples at {wanted:,} Hz", f"none of {rate:,} Hz")
    return y


def _decoded(data: bytes, kind: str) -> Recording:
    """The recording by soundfile, of a file of this kind."""
    soundfile = _library("soundfile", kind)
    try:
        with without_stderr(), soundfile.SoundFile(io.BytesIO(data)) as file:
            frames, channels, rate = file.frames, file.channels, file.samplerate
            fits = 0 <= frames * channels <= MOST_SAMPLES
            x = file.read(dtype="float32", always_2d=True) if fits else None
    except Exception as e:  # a decoder raises whatever it stumbles on
        raise UnreadableError(f"{kind} that is whole", f"damage ({_said(e)})") from e
    if x is None:
        found = f"too long a sound ({frames} samples of {channels} channels)"
        raise UnreadableError(f"at most {MOST_SAMPLES} samples", found)
    if len(x) + _MISSING < frames:
        found = f"a truncated one (only {len(x)} of {frames} samples)"
        raise UnreadableError(f"{kind} that is whole", found)
    if x.size == 0:
        raise UnreadableError("samples", "none (an empty sound)")
    return Recording(unit(x), rate, form_of(kind))


def form_of(kind: str) -> str:
    """The format of a kind of sounds: "FLAC" of "a FLAC sound"."""
    return kind.split()[1]


def _library(name: str, found: str) -> ModuleType:
    """soundfile or soxr. Raises `LibraryError` if it is not installed."""
    try:
        if name == "soxr":
            import soxr

            return soxr
        import soundfile

        return soundfile
    except (ImportError, OSError) as e:  # OSError: without the library in C
        raise LibraryError(name, found) from e


def _said(error: Exception) -> str:
    words = re.sub(r"<[^<>]*>|[^ -~]", " ", str(error)) or type(error).__name__
    return shorten(words, 100)

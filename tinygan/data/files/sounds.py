"""All sounds of a folder or a zip archive as one array, with notes for the user.

The files have any length, rate and level. A network takes sounds of one length and one
rate, so each file is brought to them. A file that cannot be read is skipped and told.
If most cannot be read, the folder is refused.
"""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from ...errors import DataError, number, one_of, whole
from ..sounds import MOST_RATE, Sounds
from .albums import Album, album_of, listed, plural
from .audio import EXTRA, LibraryError, is_sound, read_sound, resampled
from .containers import open_files
from .kinds import START, kind_of, named
from .naming import label_by_names
from .source import UnreadableError, open_file, system_errors
from .wav import MOST_BYTES

PEAK = 0.95  # of each sound: tanh of G reaches 1 nowhere
SILENT = 1e-3  # a peak below it (-60 dB) is silence
MOST_SIZE = 1 << 20  # samples of a sound
MOST_ALL = 4 << 30  # bytes of all sounds together


def read_sounds(
    path,
    size: int = 4096,
    rate: int = 8000,
    labels: str | None = None,
    *,
    trim: float = 0.02,
    align: str = "begin",
) -> Sounds:
    """The sounds of a folder or a zip archive: values (N, size, 1) in [-1, 1].

    WAV is read without a library. The extra `audio` brings soundfile, which reads FLAC,
    Ogg, MP3, AIFF and AU, and soxr, which is needed for files of another rate. A file
    becomes a sound in six steps:

    1. The mean of its channels is taken, however many there are.
    2. It is resampled to `rate` samples per second.
    3. Its mean over time is subtracted: microphones often add a constant.
    4. Everything before the first and after the last |x| >= `trim` times the largest
       |x| is cut off, as silence. `trim` 0 cuts nothing off.
    5. A longer sound is cut to `size` samples, and a shorter one is padded with zeros.
       With `align` "begin" the sound begins at sample 0, and its end is cut or followed
       by zeros. With "centre" both ends are treated alike.
    6. Its largest |x| is scaled to 0.95.

    Labels are the class folders, sorted, if there are two or more. Otherwise they come
    from the names of the files. `labels` is a template such as "{label}_*_*": `*`
    stands for any text, the shortest that fits, and the name goes without its folder
    and its ending. This very template is taken without being given, if the names are
    LABEL_WORD_NUMBER, as 7_jackson_32.wav, and two or more labels come with two files
    each on average. A template that is given goes before folders.

    `Sounds.notes` say how many files were treated how, and which were left out. A file
    whose largest |x| is below 0.001 is silent and is skipped.

    Raises DataError if there are no sounds, if most of them cannot be read, if they
    need a library that is not installed, or if a name does not fit the template. Raises
    InputError for a size, a rate, a template, trim or align that cannot be.
    """
    size = whole("read_sounds", f"1 <= size <= {MOST_SIZE}", size)
    rate = whole("read_sounds", f"1 <= rate <= {MOST_RATE}", rate)
    trim = number("read_sounds", "0 <= trim < 1", trim)
    one_of("read_sounds", "align", align, ("begin", "centre"))
    path = Path(path)
    _expect_several(path)
    with open_files(path) as files:
        album = album_of(files, is_sound, "sound")
        label_by_names(album, labels, path)
        if len(album.names) * size * 4 > MOST_ALL:
            raise DataError(
                f"{path}: expected sounds of at most {MOST_ALL >> 30} GiB, found "
                f"{len(album.names):,} of {size:,} samples; a smaller size fits"
            )
        return _read(files, album, _Bench(size, rate, trim, align))


def _read(files, album: Album, bench: "_Bench") -> Sounds:
    """The sounds that can be read, each treated on the bench."""
    values = np.zeros((len(album.names), bench.size), np.float32)
    good, skipped, needing = [], [], []
    for n, name in enumerate(album.names):
        try:
            x, rate = read_sound(_bytes(files, name), name)
            values[len(good)] = bench.treated(x, rate)
            good.append(n)
        except LibraryError as e:
            needing.append((name, e))
        except UnreadableError as e:
            skipped.append((name, e.found))
    if needing:
        raise _needs(files, album, needing)
    if len(skipped) > len(good):
        raise album.unread(files, skipped)
    labels, names = album.labels(good)
    notes = [*bench.notes(), *album.notes, *album.left_out(files, skipped)]
    sounds = Sounds(values[: len(good)], bench.rate, labels, names, notes)
    sounds.unlabelled = (
        f"{files.path}: expected labels, found none: they are the names of folders, "
        f'one for the sounds of each class, or parts of names, labels="{{label}}_*_*"'
    )
    return sounds


class _Bench:
    """Treats one sound after the other, and counts what it did."""

    def __init__(self, size: int, rate: int, trim: float, align: str):
        self.size, self.rate, self.trim, self.align = size, rate, trim, align
        self.did: Counter = Counter()
        self.rates: Counter = Counter()
        self.channels: Counter = Counter()
        self.seconds: list[float] = []

    def treated(self, x: np.ndarray, rate: int) -> np.ndarray:
        """Samples (T, channels) as the sound (size,). Raises `UnreadableError` for
        silence.
        """
        T, channels = x.shape
        y = x.mean(axis=1) if channels > 1 else x[:, 0]
        y = resampled(y, rate, self.rate)
        y = y - y.mean(dtype=np.float64).astype(np.float32)
        peak = np.abs(y).max(initial=0)
        if peak < SILENT:
            raise UnreadableError("a sound", f"silence (no |x| reaches {SILENT:g})")
        (loud,) = np.nonzero(np.abs(y) >= self.trim * peak)
        kept = y[loud[0] : loud[-1] + 1]
        length = len(kept)
        kept = _placed(kept, self.size, self.align)
        peak = np.abs(kept).max()
        if peak < SILENT:  # the loud part was cut off
            raise UnreadableError("a sound", f"silence (in its {self.size} samples)")
        self.seconds.append(T / rate)
        self.rates[rate] += rate != self.rate
        self.channels[channels] += channels > 1
        self.did["trimmed"] += length < len(y)
        self.did["cut"] += length > self.size
        self.did["padded"] += length < self.size
        return kept * (PEAK / peak)

    def notes(self) -> Iterator[str]:
        """What was done to how many files."""
        n, least, most = len(self.seconds), min(self.seconds), max(self.seconds)
        lengths = "" if least == most else f"{least:.3g} to "
        yield (
            f"{n:,} {'sound' if n == 1 else 'sounds'} of {lengths}{most:.3g} s at "
            f"{self.rate:,} Hz: "
            f"{self.did['trimmed']:,} trimmed of silence, {self.did['cut']:,} cut to "
            f"{self.size:,} samples ({self.size / self.rate:.3g} s), "
            f"{self.did['padded']:,} padded with zeros; the peak of each is {PEAK:g}"
        )
        if several := +self.rates:
            each = [f"{k:,} of {rate:,} Hz" for rate, k in sorted(several.items())]
            yield f"{plural(several.total(), 'sound')} resampled: {listed(each, 5)}"
        if several := +self.channels:
            each = [f"{k:,} of {c} channels" for c, k in sorted(several.items())]
            number = plural(several.total(), "sound")
            yield f"{number} made mono, by the mean of the channels: {listed(each, 5)}"


def _placed(x: np.ndarray, size: int, align: str) -> np.ndarray:
    """Samples (T,) as (size,): cut or padded with zeros."""
    shift = 0 if align == "begin" else (len(x) - size) // 2
    if len(x) >= size:
        return x[shift : shift + size]
    y = np.zeros(size, np.float32)
    y[-shift : len(x) - shift] = x
    return y


def _bytes(files, name: str) -> bytes:
    """The bytes of a file. Raises `UnreadableError` if they cannot be read."""
    try:
        return files.read(name, MOST_BYTES)
    except DataError as e:
        _, _, why = str(e).rpartition(": expected ")
        found = f"not readable (expected {why})"
        raise UnreadableError("a file", found) from e


def _needs(files, album: Album, needing: list[tuple[str, LibraryError]]) -> DataError:
    """The error for sounds that need a library which is not installed."""
    library = needing[0][1].library
    named_so = [(name, e.found) for name, e in needing if e.library == library]
    found = f"{named_so[0][0]} has {named_so[0][1]}"
    if library == "soundfile":
        found = f"{named_so[0][0]} is {named_so[0][1]}"
    return DataError(
        f"{files.path}: {len(named_so):,} of {plural(len(album.names), 'sound')} need "
        f"the library {library}, which is not installed: {EXTRA} brings it; {found}"
    )


def _expect_several(path: Path) -> None:
    """DataError for a single file that is no archive, by what it is."""
    with system_errors(path):
        is_file = path.is_file()
    if is_file:
        with open_file(path) as file:
            start = file.read(START)
        if start[:2] != b"PK":
            kind = named(kind_of(start, path.name), start)
            raise DataError(
                f"{path}: expected a folder or a zip archive of sounds, found {kind}"
            )

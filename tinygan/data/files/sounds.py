"""All sounds of a folder or a zip archive as one array, with notes for the user.

The files have any length, rate and level. A network takes sounds of one length and one
rate, so each file is brought to them. A file that cannot be read is skipped and told.
If most cannot be read, the folder is refused.
"""

import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ...errors import DataError, number, one_of, whole
from ..sounds import MOST_RATE, Sounds
from . import audio, formats
from .albums import Album, album_of, has_photos, listed, plural
from .audio import EXTRA, LibraryError, form_of, is_sound, read_sound
from .bench import Bench
from .containers import open_files
from .kinds import START, kind_of, named
from .naming import TEMPLATE, label_by_names
from .source import UnreadableError, open_file, system_errors
from .wav import MOST_BYTES

SIZE, RATE = 4096, 8000  # samples of a sound, and per second
MOST_SIZE = 1 << 20  # samples of a sound
MOST_ALL = 4 << 30  # bytes of all sounds together
_MANY = 2000  # files, which take more than a second


def read_sounds(
    path,
    size: int = SIZE,
    rate: int = RATE,
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
    each on average. A template that is given goes before folders, and a file whose name
    does not fit it is skipped.

    `Sounds.notes` say how many files were treated how, and which were left out. A file
    whose largest |x| is below 0.001 is silent and is skipped.

    Raises DataError if there are no sounds, if most of them cannot be read or do not
    fit the template, or if they need a library that is not installed. Raises InputError
    for a size, a rate, a template, trim or align that cannot be.
    """
    return examined(path, size, rate, labels, trim=trim, align=align).sounds()


def examined(
    path,
    size: int = SIZE,
    rate: int = RATE,
    labels: str | None = None,
    *,
    trim: float = 0.02,
    align: str = "begin",
    say: Callable[[str], None] = lambda sentence: None,
) -> "Examined":
    """The files at `path`, read as `read_sounds` reads them. `say` is called with a
    sentence before many are read.

    Raises DataError and InputError as `read_sounds` does, but for files that cannot be
    read: only `sounds()` raises an error for them.
    """
    size = whole("read_sounds", f"1 <= size <= {MOST_SIZE}", size)
    rate = whole("read_sounds", f"1 <= rate <= {MOST_RATE}", rate)
    trim = number("read_sounds", "0 <= trim < 1", trim)
    one_of("read_sounds", "align", align, ("begin", "centre"))
    path = Path(path)
    _expect_several(path)
    with open_files(path) as files:
        album = album_of(files, is_sound, "sound")
        odd = label_by_names(album, labels, path)
        N = len(album.names)
        if N * size * 4 > MOST_ALL:
            raise DataError(
                f"{path}: expected sounds of at most {MOST_ALL >> 30} GiB, found "
                f"{N:,} of {size:,} samples; a smaller size fits"
            )
        if N > _MANY:
            say(f"reading {N:,} sounds")
        found = Examined(files, album, Bench(size, rate, trim, align), odd)
        for n in range(N):
            found.take(n)
    return found


def holds_sounds(path) -> bool:
    """Whether there is a folder or a zip archive of sounds at `path`. If there are
    pictures, too, the more numerous kind decides.
    """
    path = Path(path)
    with system_errors(path):
        if not (path.is_dir() or (path.is_file() and zipfile.is_zipfile(path))):
            return False
    with open_files(path) as files:
        names = [name.lower() for name in files.names()]
        sounds = sum(name.endswith(audio.ENDINGS) for name in names)
        pictures = sum(name.endswith(formats.ENDINGS) for name in names)
        if sounds or pictures:
            return sounds > pictures
        if has_photos(files):
            return False
        return any(is_sound(files, name) for name in files.names())


class Fact(NamedTuple):
    """What a sound file is. `rate` is 0 if it cannot be decoded here."""

    form: str
    rate: int = 0
    channels: int = 0
    seconds: float = 0.0


class Examined:
    """The files of a folder or an archive: those that were read, treated on the bench,
    and those that were not.

    `facts` has a `Fact` of each file that was decoded, or that needs a library. `good`
    are the indices of the files that became sounds, `skipped` pairs (name, what was
    found), and `needing` pairs (name, LibraryError).
    """

    def __init__(self, files, album: Album, bench: Bench, odd: list[tuple[str, str]]):
        self.files, self.album, self.bench = files, album, bench
        self.values = np.zeros((len(album.names), bench.size), np.float32)
        self.facts: list[Fact] = []
        self.good: list[int] = []
        self.skipped, self.sizeless = odd, []
        self.needing: list[tuple[str, LibraryError]] = []

    def take(self, n: int) -> None:
        """Read file n and treat it."""
        name = self.album.names[n]
        try:
            found = read_sound(_bytes(self.files, name), name)
            T, channels = found.x.shape
            self.facts.append(Fact(found.form, found.rate, channels, T / found.rate))
            x = self.bench.treated(found.x, found.rate)
        except LibraryError as e:
            if e.library == "soundfile":
                self.facts.append(Fact(form_of(e.found)))
            self.needing.append((name, e))
        except UnreadableError as e:
            self.skipped.append((name, e.found))
        else:
            self.values[len(self.good)] = x
            self.good.append(n)
            self.sizeless += [name] if found.no_size else []

    def sounds(self) -> Sounds:
        """The sounds. Raises DataError if files need a library, or if most of them
        cannot be read.
        """
        if self.needing:
            raise DataError(f"{self.files.path}: {self.needs()[0]}")
        good, album = self.good, self.album
        if len(self.skipped) > len(good):
            raise album.unread(self.files, self.skipped)
        labels, names = album.labels(good)
        notes = [*self.bench.notes(), *album.notes, *self.left_out()]
        sounds = Sounds(self.values[: len(good)], self.bench.rate, labels, names, notes)
        why = album.unclassed or (
            "they are the names of folders, one for the sounds of each class, or parts "
            f'of names, labels="{TEMPLATE}" (--labels)'
        )
        sounds.unlabelled = f"{self.files.path}: expected labels, found none: {why}"
        return sounds

    def needs(self) -> list[str]:
        """What is said of the files that need a library which is not installed: a
        sentence for each library.
        """
        libraries: dict[str, list[tuple[str, str]]] = {}
        for name, e in self.needing:
            libraries.setdefault(e.library, []).append((name, e.found))
        return [
            f"{len(those):,} of {plural(len(self.album.names), 'sound')} "
            f"{'needs' if len(those) == 1 else 'need'} the library {library}, which is "
            f"not installed: {EXTRA} brings it; {listed([those[0][0]])} "
            f"{'is' if library == 'soundfile' else 'has'} {those[0][1]}"
            for library, those in libraries.items()
        ]

    def left_out(self) -> list[str]:
        """Sentences about headers without a size, and files that were not read."""
        notes = self.album.left_out(self.files, self.skipped)
        if not self.sizeless:
            return list(notes)
        number = plural(len(self.sizeless), "header")
        verb = "does" if len(self.sizeless) == 1 else "do"
        return [
            f"{number} {verb} not tell the size, as if written into a pipe, so all "
            f"that is there is taken: {listed(self.sizeless)}",
            *notes,
        ]


def _bytes(files, name: str) -> bytes:
    """The bytes of a file. Raises `UnreadableError` if they cannot be read."""
    try:
        return files.read(name, MOST_BYTES)
    except DataError as e:
        _, _, why = str(e).rpartition(": expected ")
        kind = "too large a file" if why.startswith("at most ") else "not readable"
        raise UnreadableError("a file", f"{kind} (expected {why})") from e


def _expect_several(path: Path) -> None:
    """DataError for a single file that is no archive, by what it is."""
    with system_errors(path):
        is_file = path.is_file()
    if is_file:
        with open_file(path) as file:
            start = file.read(START)
        if start[:2] != b"PK":
            kind = kind_of(start, path.name)
            is_one = kind is not None and "sound" in kind
            found = f"one file, {kind}" if is_one else named(kind, start)
            raise DataError(
                f"{path}: expected a folder or a zip archive of sounds, found {found}"
            )

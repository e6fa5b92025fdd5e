"""What a folder or an archive of sounds holds, before an hour is spent on it."""

import shlex
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median

import numpy as np

from .files.albums import Album, listed, quoted
from .files.bench import told
from .files.containers import Folder
from .files.sounds import Examined, examined
from .finding import CLASSES, Survey, evenly

SHOWN = 16  # sounds in the picture
_KINDS = 5  # of formats, of rates, of channels
_STEP = 64  # samples: the picture shows a multiple of them


def survey_sounds(
    path: Path,
    size: int | None = None,
    labels: str | None = None,
    say: Callable[[str], None] = lambda sentence: None,
) -> Survey:
    """How many sounds there are, of which formats, rates, channels, lengths and
    classes, and which files are left out.

    The options are those of `read_sounds`. Raises DataError and InputError as it does,
    but if a library is missing, the survey says so, and has no `data`.
    """
    options = {"size": size, "labels": labels}
    given = {name: value for name, value in options.items() if value is not None}
    found = examined(path, **given, say=say)
    place = "a folder" if isinstance(found.files, Folder) else "a zip archive"
    result = Survey(quoted(str(path), 200), f"{place} of sounds", None)
    result.lines = [*_lines(found)]
    classes = _classes(found)
    result.lines.append(("classes", _told(classes, found.album)))
    result.command = _command(path, len(classes) > 1, given)
    if found.needing:
        result.notes = [*found.needs(), *found.album.notes, *found.left_out()]
        return result
    sounds = result.data = found.sounds()
    result.notes = [note for note in sounds.notes if " classes by " not in note]
    some = sounds.values[evenly(len(sounds), SHOWN), :, 0]
    result.samples = np.pad(some, ((0, 0), (0, -some.shape[1] % _STEP)))
    result.rate = sounds.rate
    return result


def _lines(found: Examined) -> Iterator[tuple[str, str]]:
    """The number of sounds, and what they are: in the files, and in training."""
    facts, bench = found.facts, found.bench
    yield "sounds", f"{len(found.good) + len(found.needing):,}"
    yield "formats", _counted(Counter(fact.form for fact in facts))
    if decoded := [fact for fact in facts if fact.rate]:
        yield "rates", _counted(Counter(f"{fact.rate:,} Hz" for fact in decoded))
        yield "channels", _counted(Counter(str(fact.channels) for fact in decoded))
        lengths = [fact.seconds for fact in decoded]
        least, most, middle = min(lengths), max(lengths), median(lengths)
        several = f"{told(least)} to {told(most)} s, median {told(middle)} s"
        yield "lengths", several if least < most else f"{told(most)} s"
    seconds = told(bench.size / bench.rate)
    yield "in training", f"{bench.size:,} samples at {bench.rate:,} Hz, {seconds} s"


def _counted(counts: Counter) -> str:
    """What there is, the most frequent first, with its number if there is another."""
    if len(counts) == 1:
        return next(iter(counts))
    each = [f"{what} ({count:,})" for what, count in counts.most_common()]
    return listed(each, _KINDS)


def _classes(found: Examined) -> Counter:
    """How many sounds each class has; nothing, if there are no two classes."""
    album, left = found.album, {name for name, _ in found.skipped}
    rows = zip(album.names, album.folders or (), strict=album.folders is not None)
    counts = Counter(folder for name, folder in rows if name not in left)
    return counts if len(counts) > 1 else Counter()


def _told(classes: Counter, album: Album) -> str:
    if not classes:
        return "none"
    each = [f"{quoted(name, 24)} ({classes[name]:,})" for name in sorted(classes)]
    return f"{len(classes)} {album.by}: {listed(each, CLASSES)}"


def _command(path: Path, has_classes: bool, given: dict) -> str:
    """A line that trains on the data."""
    recipe = "cwavegan-digits" if has_classes else "wavegan-digits"
    words = ["tinygan train", recipe, "--data", shlex.quote(str(path))]
    for name, value in given.items():
        if has_classes or name != "labels":
            words += [f"--{name}", shlex.quote(str(value))]
    return " ".join(words)

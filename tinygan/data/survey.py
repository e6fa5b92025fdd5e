"""What a file, a folder or an archive of data holds, before an hour is spent on it.

`survey` reads the data as training would, and says in a few lines what it has found.
"""

import contextlib
import shlex
import zipfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from textwrap import shorten

import numpy as np

from ..errors import InputError
from .captioned import Captioned
from .files.albums import album_of, has_photos, listed, plural, printable, quoted
from .files.captioned import load_captioned
from .files.containers import Archive, Folder, open_files
from .files.images import load_images
from .files.kinds import START, kind_of
from .files.layouts import TABLES, has_captions
from .files.lines import holds_text
from .files.photos import USUAL_SIZES, sizes_of, usual_size
from .files.sounds import holds_sounds
from .files.source import open_file, system_errors
from .finding import CLASSES, Survey, evenly
from .images import Images
from .survey_sounds import survey_sounds
from .survey_text import survey_text

SHOWN = 64  # pictures in the grid
_EXAMPLES = 3  # captions
_MANY = 2000  # pictures, which take more than a second
# The sides that the recipes for one's own pictures make: 4 to 7 pixels, doubled.
SIDES = [b << k for b in range(4, 8) for k in range(1, 6) if 16 <= b << k <= 128]
_OF_TABLES = ("annotations", "captions", "text")  # folders that hold tables alone


def survey(
    path,
    size=None,
    channels=None,
    array=None,
    range=None,
    labels: str | None = None,
    say=lambda sentence: None,
) -> Survey:
    """What the data at `path` are: kind, number, sizes, channels, range, classes and
    captions; of sounds: formats, rates, channels, lengths and classes; of a text file:
    lines, and characters.

    The options are those of `load_images`, and `size` and `labels` those of
    `read_sounds`. Text has only `size`, the length of its lines. If pictures have
    different sizes and there is no `size`, a usual one is chosen. `say` is called with
    a sentence before many files are read.

    Raises DataError if the data cannot be read, and InputError for an option that they
    do not have.
    """
    path = Path(path)
    if holds_text(path):
        if channels or array or range or labels:
            raise InputError(
                "--channels, --array, --range and --labels: text has none of these"
            )
        return survey_text(path, size)
    if holds_sounds(path):
        if channels or array or range:
            raise InputError(
                "--channels, --array and --range: sounds have none of these"
            )
        return survey_sounds(path, size, labels, say)
    if labels is not None:
        raise InputError("--labels: expected sounds, whose names tell their classes")
    kind, sizes = _look(path, say)
    options = {"channels": channels, "array": array, "range": range}
    options = {name: value for name, value in options.items() if value is not None}
    if size is None and len(sizes) > 1:
        size = usual_size(sizes)
    data: Images | Captioned
    if kind.endswith("captions"):
        if array or range:
            raise InputError("--array and --range: pictures with captions have neither")
        data = load_captioned(path, size, **options)
    else:
        options |= {} if size is None else {"size": size}
        data = load_images(path, **options)
        options.pop("size", None)
    found = Survey(quoted(str(path), 200), kind, data)
    images = data.images if isinstance(data, Captioned) else data
    found.lines = [*_size_lines(images, sizes), *_pixel_lines(images)]
    found.lines += [*_condition_lines(data)]
    found.notes = [note for note in images.notes if "classes by folder" not in note]
    found.samples = images.scaled(images.pixels[evenly(len(images), SHOWN)])
    found.command = _command(path, data, size, options)
    return found


def _look(path: Path, say) -> tuple[str, Counter]:
    """The kind of the data in words, and the sizes of picture files."""
    with _opened(path) as files:
        if files is not None and has_photos(files):
            place = "a folder" if isinstance(files, Folder) else "a zip archive"
            names = album_of(files).names
            if len(names) > _MANY:
                say(f"reading {len(names):,} pictures")
            sizes = sizes_of(files, names)
            table = " with captions" if has_captions(files) else ""
            return f"{place} of pictures{table}", sizes
    if path.is_dir():
        return "a folder of arrays", Counter()
    with open_file(path) as file:
        kind = kind_of(file.read(START), path.name) or "an IDX file"
        return kind.replace("a gzip file", "an IDX file (.gz)"), Counter()


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[Folder | Archive | None]:
    """The files of a folder or a zip archive, or those beside a table; else None."""
    with system_errors(path):
        is_table = path.is_file() and path.name.lower().endswith(TABLES)
    if is_table:
        beside = path.absolute().parent
        path = beside.parent if beside.name in _OF_TABLES else beside
    with system_errors(path):
        has_files = path.is_dir() or (path.is_file() and zipfile.is_zipfile(path))
    if has_files:
        with open_files(path) as files:
            yield files
    else:
        yield None


def _size_lines(images: Images, sizes: Counter) -> Iterator[tuple[str, str]]:
    """How many images there are, and of which sizes: in the files, and in training."""
    H, W, _ = images.shape
    yield "images", f"{len(images):,}"
    if len(sizes) > 1:
        (h, w), most = sizes.most_common(1)[0]
        (h0, w0), (h1, w1) = (f(sizes, key=lambda s: s[0] * s[1]) for f in (min, max))
        yield "sizes", f"{h0} x {w0} to {h1} x {w1} (height x width)"
        if most > 1:
            yield "", f"most often {h} x {w} ({most:,})"
    elif sizes:
        ((h, w),) = sizes
        yield "size", f"{h} x {w} (height x width)"
    if not sizes or set(sizes) != {(H, W)}:
        yield "in training" if sizes else "size", f"{H} x {W}"


def _pixel_lines(images: Images) -> Iterator[tuple[str, str]]:
    """The channels, and the range of the pixels."""
    C = images.shape[-1]
    names = {1: " (grey)", 3: " (colour)", 4: " (colour and transparency)"}
    yield "channels", f"{C}{names.get(C, '')}"
    least, most = images.pixels.min(), images.pixels.max()
    yield "pixels", f"{images.pixels.dtype}, {least:.6g} to {most:.6g}"
    yield "", f"{images.low:g} is black, {images.high:g} is white"


def _condition_lines(data: Images | Captioned) -> Iterator[tuple[str, str]]:
    """The classes, or the captions."""
    if isinstance(data, Captioned):
        words, n = data.vocabulary, int(data.counts.sum())
        yield "captions", f"{n:,}, of at most {plural(words.length, 'word')} each"
        for k in evenly(len(data), _EXAMPLES):
            yield "", f'"{shorten(printable(data.captions[k]), 60)}"'
        yield "vocabulary", f"{len(words.words):,} words"
        if data.attributes:
            each = [f"{name} ({len(v)})" for name, (v, _) in data.attributes.items()]
            yield "attributes", listed(each, CLASSES)
    elif data.labels is None:
        yield "classes", "none"
    else:
        counts = np.bincount(data.labels, minlength=data.classes)
        rows = zip(data.names, counts, strict=True)
        each = [f"{quoted(name, 24)} ({count:,})" for name, count in rows]
        yield "classes", f"{data.classes}: {listed(each, CLASSES)}"


def _command(path: Path, data: Images | Captioned, size, options: dict) -> str:
    """A line that trains on the data."""
    H, W, _ = data.shape
    words = ["tinygan train", "--data", shlex.quote(str(path))]
    if isinstance(data, Captioned):
        words.insert(1, "text2character")
        fits = H == W and H >= 8 and H % 4 == 0
    else:
        fits = H == W and H in SIDES
        size = size or H if fits else size
    if size is None and not fits:
        size = max((s for s in USUAL_SIZES if s <= 1.2 * min(H, W)), default=16)
    if size is not None:
        words += ["--size", str(size)]
    for name, value in options.items():
        if isinstance(value, tuple):
            value = ",".join(f"{end:g}" for end in value)
        words += [f"--{name}", shlex.quote(str(value))]
    return " ".join(words)

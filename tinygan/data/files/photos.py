"""All pictures of a folder or a zip archive as one array, with notes for the user.

A picture that cannot be read is skipped and told. If most cannot be read, the folder is
refused.
"""

import contextlib
from collections import Counter
from collections.abc import Iterator

import numpy as np

from ...errors import DataError
from ..images import Images
from .albums import Album, album_of, has_photos, plural
from .pictures import (
    CHANNELS,
    MOST_SIZE,
    Picture,
    PictureError,
    measured,
    quiet,
    read_picture,
)
from .ranges import black_and_white

__all__ = ["has_photos", "read_photos", "sizes_of"]

MOST_FILE_BYTES = 64 << 20  # per file
HEADER_BYTES = 1 << 16  # in which a header usually ends
MOST_BYTES = 4 << 30  # for all pixels together
USUAL_SIZES = (16, 32, 64)  # of training on a few cores


def read_photos(
    files,
    size: int | None = None,
    channels: int | None = None,
    range: tuple[float, float] | None = None,
    wanted: int | None = None,
) -> Images:
    """The pictures of a `Folder` or an `Archive`: pixels (N, H, W, C) in bytes.

    A size crops the middle square of each and scales it to size x size. Without a size
    all pictures must have one size. C is `channels`. Without it, C is 1 if every
    picture is grey, and else 3. Labels are the class folders, sorted, if there are two
    or more. `range` is (black, white); without it the values decide (ranges.py). An
    error suggests the size `wanted`.

    Raises DataError if there are no pictures, if most of them cannot be read, if their
    sizes differ, and for a size, channels or a range that cannot be.
    """
    _check(size, channels)
    album = album_of(files)
    stack = _Stack(files, len(album.names), channels)
    skipped: list[tuple[str, str]] = []
    good: list[int] = []
    with quiet():
        for n, name in enumerate(album.names):
            try:
                picture = _picture(files, name, size, channels)
            except PictureError as e:
                skipped.append((name, e.found))
                continue
            if stack.differs(picture):
                raise _unequal(files, album, wanted)
            stack.add(picture, size)
            good.append(n)
    if len(skipped) > len(good):
        raise album.unread(files, skipped)
    labels, names = album.labels(good)
    notes = [*album.notes, *stack.notes(size), *album.left_out(files, skipped)]
    try:
        pixels, low, high, note = black_and_white(stack.pixels(), range)
        notes += [note] if note else []
        return Images(pixels, low, high, labels, names, notes)
    except DataError as e:
        raise DataError(f"{files.path}: {e}") from e


def sizes_of(files, names: list[str]) -> Counter:
    """{(H, W): how many} of the pictures that can be opened, from their headers. Raises
    nothing for those that cannot.
    """
    sizes: Counter = Counter()
    with quiet():
        for name in names:
            with contextlib.suppress(DataError):
                sizes[_size(files, name)] += 1
    return sizes


def _size(files, name: str) -> tuple[int, int]:
    """(H, W) of a picture, from its first bytes if they tell."""
    try:
        return measured(files.start(name, HEADER_BYTES), name)
    except PictureError:
        return measured(files.read(name, MOST_FILE_BYTES), name)


def usual_size(sizes: Counter) -> int:
    """The size to suggest: the largest of 16, 32, 64 that half of the pictures have."""
    sides = sorted(min(shape) for shape in sizes.elements())
    side = sides[len(sides) // 2]
    return max((s for s in USUAL_SIZES if s <= side), default=USUAL_SIZES[0])


def _check(size, channels) -> None:
    if size is not None and not 1 <= size <= MOST_SIZE:
        raise DataError(f"expected a size from 1 to {MOST_SIZE}, got {size}")
    if channels not in (None, *CHANNELS):
        raise DataError(
            f"expected 1, 3 or 4 channels (grey, colour, with transparency), "
            f"got {channels}"
        )


def _picture(files, name: str, size, channels) -> Picture:
    """A picture, or a PictureError that says why it is skipped."""
    try:
        data = files.read(name, MOST_FILE_BYTES)
    except DataError as e:
        _, _, why = str(e).rpartition(": expected ")
        raise PictureError("a file", f"not readable (expected {why})") from e
    return read_picture(data, size, channels, name)


class _Stack:
    """A growing array of pictures: grey, until the first that is in colour."""

    def __init__(self, files, N: int, channels: int | None):
        self.files, self.N, self.channels = files, N, channels
        self.array: np.ndarray | None = None
        self.n = self.smaller = 0
        self.sizes: Counter = Counter()
        self.traits: Counter = Counter()

    def differs(self, picture: Picture) -> bool:
        """Whether a picture has another size than the first."""
        return self.array is not None and (
            picture.pixels.shape[:2] != self.array.shape[1:3]
        )

    def add(self, picture: Picture, size: int | None) -> None:
        """Put a picture into the array. DataError if the array would be too large."""
        pixels = picture.pixels
        if self.array is None:
            self.array = self._empty(pixels.shape)
        elif pixels.shape[-1] > self.array.shape[-1]:  # the first in colour
            grey, self.array = self.array, self._empty(pixels.shape)
            self.array[: self.n] = grey[: self.n]
        self.array[self.n] = pixels
        self.n += 1
        self.sizes[picture.height, picture.width] += 1
        self.traits.update(picture.traits)
        self.smaller += size is not None and min(picture[1:3]) < size

    def _empty(self, shape) -> np.ndarray:
        if self.N * np.prod(shape, dtype=object) > MOST_BYTES:
            H, W, C = shape
            raise DataError(
                f"{self.files.path}: expected pixels of at most {MOST_BYTES >> 30} GiB,"
                f" found {self.N} pictures of {H} x {W} x {C}; a smaller --size fits"
            )
        return np.empty((self.N, *shape), np.uint8)

    def pixels(self) -> np.ndarray:
        """The pictures (n, H, W, C) so far."""
        return self.array[: self.n]

    def notes(self, size: int | None) -> Iterator[str]:
        """What was done to the pictures."""
        n, C = self.n, self.array.shape[-1]
        if size is not None and set(self.sizes) != {(size, size)}:
            crop = any(H != W for H, W in self.sizes)
            how = "the middle square of each is" if crop else "each is"
            yield f"{_spread(self.sizes)}: {how} scaled to {size} x {size}"
        if self.smaller:
            yield (
                f"{plural(self.smaller, 'picture')} of {n} smaller than {size} x "
                f"{size}: enlarged"
            )
        if C == 1 and self.channels is None:
            yield "every picture is grey: 1 channel"
        if self.traits["transparent"] and C != 4:
            yield (
                f"{plural(self.traits['transparent'], 'picture')} of {n} with "
                f"transparency, laid over white (--channels 4 keeps it)"
            )
        if self.traits["16 bits"]:
            number = plural(self.traits["16 bits"], "picture")
            yield f"{number} of 16 bits: 0 to 65535 is scaled to 0 to 255"
        if self.traits["animated"]:
            number = plural(self.traits["animated"], "file")
            yield f"{number} with several pictures: the first of each is read"


def _spread(sizes: Counter) -> str:
    """The sizes in words: 9 pictures with sides of 28 to 640 pixels."""
    number = plural(sizes.total(), "picture")
    if len(sizes) == 1:
        ((H, W),) = sizes
        return f"{number} of {H} x {W}"
    sides = [side for shape in sizes for side in shape]
    return f"{number} with sides of {min(sides)} to {max(sides)} pixels"


def _unequal(files, album: Album, wanted: int | None) -> DataError:
    sizes = sizes_of(files, album.names)
    (H, W), most = sizes.most_common(1)[0]
    usual = f", most often {H} x {W} ({most})" if most > 1 else ""
    return DataError(
        f"{files.path}: expected pictures of one size, found {_spread(sizes)}{usual}; "
        f"--size {wanted or usual_size(sizes)} makes them equal"
    )

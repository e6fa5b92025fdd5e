"""A picture file becomes an array of bytes, whatever its format.

The content decides the format, and not the name. Pillow opens only the formats of
formats.py, and only pictures of a size that fits into memory. Every fault becomes a
DataError of one sentence.
"""

import contextlib
import io
import logging
import re
import warnings
from collections.abc import Iterator
from textwrap import shorten
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from ...errors import DataError
from .formats import NAMES, READ, START, format_of, told
from .source import UnreadableError, without_stderr

MOST_PIXELS = 1 << 25  # of a decoded picture, 5792 x 5792
MOST_PROGRESSIVE = 1 << 26  # of a progressive JPEG, whose coefficients are all kept
MOST_TEXT = 1 << 20  # bytes of a PPM file whose pixels are written as text
MOST_SIZE = 4096  # that a caller may ask for
CHANNELS = (1, 3, 4)

# Pillow logs odd pictures, which without a handler would be printed.
logging.getLogger("PIL").addHandler(logging.NullHandler())

# The modes of Pillow that have 8 bits, and those that have 16 bits of grey.
_MODES = ("1", "L", "LA", "La", "P", "PA", "RGB", "RGBA", "RGBa", "RGBX", "CMYK")
_MODES += ("YCbCr", "HSV")
_PGM = ("PNG", "PPM")  # whose pixels of mode I go from 0 to 65535
_SIXTEEN = ("I;16", "I;16L", "I;16B", "I;16N")


class PictureError(UnreadableError):
    """A picture that is not read."""


class Picture(NamedTuple):
    """A decoded picture, and what it was in its file."""

    pixels: np.ndarray  # (H, W, C) bytes
    height: int  # in the file, upright
    width: int
    traits: tuple[str, ...]  # "transparent", "16 bits", "animated"


def decoded(data: bytes, size: int | None, name: str, channels: int | None = 3):
    """The picture in a file's bytes, as (H, W, C) bytes: upright, and over white.

    With a size, the square in its middle is scaled to size x size. `channels` is C: 1
    makes it grey, 4 keeps the transparency. With None, C is 1 if the picture is grey,
    and else 3. Raises DataError, which begins with the picture's name, if it cannot be
    read.
    """
    try:
        with quiet():
            return read_picture(data, size, channels, name).pixels
    except PictureError as e:
        raise DataError(f"{name}: {e}") from e


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Within this context Pillow does not warn of odd pictures that it reads anyway."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def read_picture(data: bytes, size: int | None, channels: int | None, name: str):
    """The `Picture` in a file's bytes, see `decoded`. Raises `PictureError`."""
    image, kind = _opened(data, name)
    try:
        traits = _traits(image)
        W, H = image.size
        if size is not None and kind == "JPEG":  # decode no more than is needed
            short = max(1, min(W, H))
            image.draft(image.mode, (2 * size * W // short, 2 * size * H // short))
        if image.width * image.height > MOST_PIXELS:
            raise PictureError(f"at most {MOST_PIXELS} pixels", f"{H} x {W}")
        with without_stderr() if kind == "TIFF" else contextlib.nullcontext():
            image.load()
        H, W = (W, H) if _is_turned(image) else (H, W)
        image = _upright(image)
        if kind != "JPEG":  # which may be smaller than in the file
            W, H = image.size
        if "transparent" in traits and _is_opaque(image):
            traits.remove("transparent")
        image = _flat(image, kind, channels, "transparent" in traits)
        if size is not None:
            image = _square(image).resize((size, size), Image.Resampling.LANCZOS)
        pixels = np.asarray(image)
        pixels = pixels[..., None] if pixels.ndim == 2 else pixels
        if channels is None and is_grey(pixels):
            pixels = pixels[..., :1]
        return Picture(pixels, H, W, tuple(traits))
    except PictureError:
        raise
    except Exception as e:  # Pillow's decoders raise whatever they stumble on
        raise _damage(kind, e) from e


def measured(data: bytes, name: str) -> tuple[int, int]:
    """(H, W) of a picture, upright, from its header alone. Raises `PictureError`."""
    image, kind = _opened(data, name)
    try:
        W, H = image.size
        return (W, H) if _is_turned(image) else (H, W)
    except Exception as e:
        raise _damage(kind, e) from e


def is_grey(pixels: np.ndarray) -> bool:
    """Whether a picture (H, W, C) has one channel, or three that are equal."""
    if pixels.shape[-1] == 1:
        return True
    r, g, b = (pixels[..., k] for k in range(3))
    return bool((r == g).all() and (g == b).all())


def resized(pixels: np.ndarray, size: int) -> np.ndarray:
    """The middle square of each image, scaled to size x size, as `decoded` does it.

    pixels (N, H, W, C) become (N, size, size, C) of the same type. Bytes of 4 channels
    are taken as RGB with transparency. Other images are scaled channel by channel. No
    pixel leaves the range of the data. Images of this size are returned as they are.
    """
    N, H, W, C = pixels.shape
    if (size, size) == (H, W):
        return pixels
    out = np.empty((N, size, size, C), pixels.dtype)
    whole = pixels.dtype == np.uint8 and C in (1, 3, 4)
    low, high = pixels.min(), pixels.max()
    for n, image in enumerate(pixels):
        if whole:
            square = _scaled(image if C > 1 else image[..., 0], size)
            out[n] = square.reshape(size, size, C)
            continue
        for c in range(C):
            square = _scaled(image[..., c].astype(np.float32), size)
            if pixels.dtype.kind in "uib":
                square = np.rint(square)
            out[n, ..., c] = np.clip(square, low, high)
    return out


def _scaled(image: np.ndarray, size: int) -> np.ndarray:
    square = _square(Image.fromarray(image))
    return np.asarray(square.resize((size, size), Image.Resampling.LANCZOS))


def _opened(data: bytes, name: str) -> tuple[Image.Image, str]:
    """The image, not yet decoded, and its format."""
    kind = format_of(data[:START], name)
    if kind is None:
        raise PictureError(f"an image ({READ})", told(data, name))
    if kind == "PPM":
        data = _quick_ppm(data)
    try:
        image = Image.open(io.BytesIO(data), formats=(kind,))
    except KeyError as e:  # this Pillow was built without it
        raise PictureError(f"an image ({READ})", f"{kind} (this Pillow cannot)") from e
    except Image.DecompressionBombError as e:
        raise PictureError(f"at most {MOST_PIXELS} pixels", "many more") from e
    except UnidentifiedImageError as e:
        raise _damage(kind, "its header cannot be read") from e
    except Exception as e:
        raise _damage(kind, e) from e
    (W, H), most = image.size, MOST_PIXELS
    if kind == "JPEG":  # it may be decoded at an eighth of its size
        most = MOST_PROGRESSIVE if image.info.get("progressive") else W * H
    if most < W * H or W * H == 0:
        raise PictureError(f"at most {most} pixels", f"{H} x {W}")
    is_sixteen = image.mode in _SIXTEEN or (image.mode == "I" and kind in _PGM)
    if image.mode not in _MODES and not is_sixteen:
        found = {"I": "32 bits", "F": "floats"}.get(image.mode, f"mode {image.mode}")
        raise PictureError("8 or 16 bits per channel", found)
    return image, kind


def _quick_ppm(data: bytes) -> bytes:
    """A PPM file that Pillow reads quickly. Pillow takes minutes for long comments, and
    for pixels that are written as text.
    """
    if data[1:2] in b"123":  # as text
        if len(data) > MOST_TEXT:
            raise PictureError(f"at most {MOST_TEXT} bytes of text", f"{len(data)}")
        return re.sub(rb"#[^\r\n]*", b"", data)
    start = re.sub(rb"#[^\r\n]*", b"", data[:4096])
    if not re.match(rb"P[456]\s+\d+\s+\d+\s", start):
        raise _damage("PPM", "no width and height are in the first 4096 bytes")
    return data


def _damage(kind: str, why) -> PictureError:
    words = re.sub(r"<[^<>]*>|[^ -~]", " ", str(why)) or type(why).__name__
    return PictureError(
        f"a sound {NAMES.get(kind, kind)} image", f"damage ({shorten(words, 100)})"
    )


def _traits(image: Image.Image) -> list[str]:
    has_alpha = image.mode in ("LA", "La", "PA", "RGBA", "RGBa")
    is_deep = image.mode.startswith("I")
    try:
        is_animated = getattr(image, "is_animated", False)
    except Exception:  # the first picture may be sound, and the second damaged
        is_animated = True
    traits = {
        "transparent": has_alpha or ("transparency" in image.info and not is_deep),
        "16 bits": is_deep,
        "animated": is_animated,
    }
    return [name for name, present in traits.items() if present]


def _is_turned(image: Image.Image) -> bool:
    """Whether EXIF says that rows and columns change places."""
    if image.format == "TIFF":
        return False  # Pillow has turned it
    if image.format == "PNG" and "exif" not in image.info:
        return False  # Pillow would decode the picture to look behind it
    try:
        return image.getexif().get(0x0112) in (5, 6, 7, 8)
    except Exception:  # a sound picture may have a damaged EXIF block
        return False


def _upright(image: Image.Image) -> Image.Image:
    try:
        return ImageOps.exif_transpose(image)
    except Exception:
        return image


def _is_opaque(image: Image.Image) -> bool:
    if image.mode not in ("LA", "PA", "RGBA"):
        image = image.convert("RGBA")
    return image.getchannel("A").getextrema()[0] == 255


def _flat(image, kind: str, channels: int | None, is_transparent: bool) -> Image.Image:
    """The image in a mode of 1, 3 or 4 channels. Unless there are 4, transparency is
    laid over white: alpha rgb + (1 - alpha) white.
    """
    if image.mode.startswith("I"):
        level = np.rint(np.asarray(image) / 257).clip(0, 255)  # of 65535
        image = Image.fromarray(level.astype(np.uint8))
    if channels == 4:
        return image.convert("RGBA")
    if is_transparent:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(white, image).convert("RGB")
    is_one = image.mode in ("1", "L", "LA")
    if channels == 1 or (channels is None and is_one):
        return image.convert("L")
    return image.convert("RGB")


def _square(image: Image.Image) -> Image.Image:
    """The largest square in the middle of the image."""
    (W, H), side = image.size, min(image.size)
    left, top = (W - side) // 2, (H - side) // 2
    return image.crop((left, top, left + side, top + side))

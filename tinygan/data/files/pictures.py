"""A picture file becomes an array of bytes: PNG, JPEG, WebP, GIF or BMP."""

import io
from textwrap import shorten

import numpy as np
from PIL import Image, ImageOps

from ...errors import DataError

MOST_PIXELS = 1 << 25  # per picture, 5792 x 5792
FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP")
MODES = ("1", "L", "LA", "P", "PA", "RGB", "RGBA", "CMYK", "YCbCr")  # 8 bits


def decoded(data: bytes, size: int | None, name: str) -> np.ndarray:
    """The picture in a file's bytes, as (H, W, 3) bytes: upright, and over white.

    With a size, the square in its middle is scaled to size x size. Raises DataError,
    which begins with the picture's name, if it cannot be read.
    """
    expected = f"{name}: expected an image ({', '.join(FORMATS)})"
    try:
        image = Image.open(io.BytesIO(data), formats=FORMATS)
        W, H = image.size
        if W * H > MOST_PIXELS:
            raise DataError(
                f"{name}: expected at most {MOST_PIXELS} pixels, found {H} x {W}"
            )
        if image.mode not in MODES:
            raise DataError(f"{name}: expected 8 bits per channel, found {image.mode}")
        image = _over_white(ImageOps.exif_transpose(image))
        if size is not None:
            image = _square(image).resize((size, size), Image.Resampling.LANCZOS)
        return np.asarray(image)
    except DataError:
        raise
    except Exception as e:  # Pillow's decoders raise whatever they stumble on
        raise DataError(f"{expected}, found damage ({shorten(str(e), 100)})") from e


def _square(image: Image.Image) -> Image.Image:
    """The largest square in the middle of the image."""
    (W, H), side = image.size, min(image.size)
    left, top = (W - side) // 2, (H - side) // 2
    return image.crop((left, top, left + side, top + side))


def _over_white(image: Image.Image) -> Image.Image:
    """alpha rgb + (1 - alpha) white"""
    if image.mode not in ("LA", "PA", "RGBA") and "transparency" not in image.info:
        return image.convert("RGB")
    image = image.convert("RGBA")
    white = Image.new("RGBA", image.size, "white")
    return Image.alpha_composite(white, image).convert("RGB")

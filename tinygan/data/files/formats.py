"""The formats of pictures: which are read, and how a file shows its format.

tinygan reads the usual formats, by Pillow. It names the others (HEIC, SVG, icons, raw
pictures of a camera), so that their owner can convert them.
"""

import re
from collections.abc import Callable

from . import kinds
from .kinds import kind_of

START = 32  # bytes at the start of a file that tell its format
NAMES = {"WEBP": "WebP"}


def _is_bmp(start: bytes) -> bool:
    return start[:2] == b"BM" and start[14:18] in _BMP_HEADERS


def _is_avif(start: bytes) -> bool:
    brands = start[8:12], start[16:20], start[20:24], start[24:28], start[28:32]
    return start[4:8] == b"ftyp" and (b"avif" in brands or brands[0] == b"avis")


_BMP_HEADERS = {n.to_bytes(4, "little") for n in (12, 40, 52, 56, 64, 108, 124)}
_PPM = re.compile(rb"P[1-6][\s#]")
_PCX = re.compile(rb"\x0a[\x00\x02-\x05]\x01[\x01\x02\x04\x08]")

# Pillow's name of each format that is read, and how a file of it begins.
SIGNS: dict[str, Callable[[bytes], object]] = {
    "PNG": lambda start: start.startswith(b"\x89PNG\r\n\x1a\n"),
    "JPEG": lambda start: start.startswith(b"\xff\xd8\xff"),
    "WEBP": lambda start: start[:4] == b"RIFF" and start[8:12] == b"WEBP",
    "GIF": lambda start: start.startswith((b"GIF87a", b"GIF89a")),
    "BMP": _is_bmp,
    "TIFF": lambda start: start.startswith((b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")),
    "PPM": _PPM.match,
    "PCX": _PCX.match,
    "AVIF": _is_avif,
    "TGA": lambda start: False,  # no bytes tell it: its name must end in .tga
}
READ = ", ".join(NAMES.get(name, name) for name in SIGNS)

# Raw pictures of cameras begin like TIFF, and Pillow would read their thumbnails.
RAW = (".dng", ".nef", ".cr2", ".cr3", ".arw", ".orf", ".rw2", ".raf", ".pef", ".srw")
# The endings of pictures, also of some that are not read: they are told.
ENDINGS = (".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".webp", ".gif", ".bmp", ".dib")
ENDINGS += (".tif", ".tiff", ".ppm", ".pgm", ".pbm", ".pnm", ".pcx", ".avif", ".apng")
ENDINGS += (".heic", ".heif", ".svg", ".jp2", ".j2k", ".jxl", ".ico", ".psd", ".exr")
_TGA = (".tga", ".targa", ".icb", ".vda", ".vst")
ENDINGS += _TGA + RAW
_CONVERT = "convert it to PNG or JPEG"


def format_of(start: bytes, name: str) -> str | None:
    """Pillow's name of a picture's format, or None if it is none that is read."""
    ending = _ending(name)
    if ending in RAW:
        return None
    found = next((kind for kind, begins in SIGNS.items() if begins(start)), None)
    return "TGA" if found is None and ending in _TGA else found


def told(data: bytes, name: str) -> str:
    """What a file is that is not read, and how to go on."""
    if _ending(name) in RAW:
        return f"a raw picture of a camera ({_CONVERT})"
    kind = kind_of(data[: kinds.START], name)
    if kind is None:
        return "no format that is known"
    way = kinds.way_on(kind)
    if re.search("picture|icon", kind):
        way = _CONVERT
    elif re.search("table|array|pickle", kind):
        way = ""  # how to read it as an array helps nobody here
    return f"{kind} ({way})" if way else kind


def _ending(name: str) -> str:
    dot = name.rstrip("'\"").lower().rpartition(".")
    return f".{dot[2]}" if dot[1] else ""

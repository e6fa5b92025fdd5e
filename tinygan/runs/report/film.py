"""The pictures of a run over time, thinned and shrunk until they fit into a page."""

import base64
import io
import pathlib
import warnings
from typing import NamedTuple

from PIL import Image

from ...plots import MOST_FRAME, TEXT

MOST = 30  # pictures
LINES, WIDEST = 32, 200  # of a text
# Each try takes less: (the longest side, the quality of a JPEG, how many pictures).
TRIES = ((560, 85, MOST), (560, 70, 24), (420, 70, 20), (320, 65, 16), (200, 50, 8))


class Frame(NamedTuple):
    """A picture at a step, as a data: address, or instead of it the text it shows."""

    step: int
    uri: str
    width: int
    height: int
    text: str = ""


def film(frames: list[tuple[int, pathlib.Path]], budget: int) -> list[Frame]:
    """Pictures of the run, evenly thinned, always with the first and the last, in at
    most `budget` bytes. Small PNG files are taken as they are; others are written anew
    as JPEG. Damaged files are left out.
    """
    chosen = _thinned(frames, MOST)
    shown = [frame for step, file in chosen if (frame := _as_it_is(step, file))]
    for side, quality, most in TRIES:
        if sum(len(frame.uri) for frame in shown) <= budget:
            return shown
        chosen = _thinned(frames, most)
        shown = [f for step, file in chosen if (f := _jpeg(step, file, side, quality))]
    while shown and sum(len(frame.uri) for frame in shown) > budget:
        shown = shown[1:]
    return shown


def _thinned(frames: list, most: int) -> list:
    """At most so many of the frames, evenly spaced, with the first and the last."""
    n = len(frames)
    if n <= most:
        return frames
    return [frames[round(i * (n - 1) / (most - 1))] for i in range(most)]


def data_uri(kind: str, content: bytes) -> str:
    """The content as an address that a page can show without loading anything."""
    return f"data:{kind};base64,{base64.b64encode(content).decode('ascii')}"


def _as_it_is(step: int, file: pathlib.Path) -> Frame | None:
    image = _opened(file)
    if image is None:
        return None
    text = image.info.get(TEXT)
    if isinstance(text, str):
        lines = (line[:WIDEST] for line in text.splitlines()[:LINES])
        return Frame(step, "", *image.size, "\n".join(lines))
    try:
        content = file.read_bytes()
    except OSError:
        return None
    return Frame(step, data_uri("image/png", content), *image.size)


def _jpeg(step: int, file: pathlib.Path, side: int, quality: int) -> Frame | None:
    image = _opened(file)
    if image is None:
        return None
    image = image.convert("RGB")
    image.thumbnail((side, side))
    out = io.BytesIO()
    image.save(out, "jpeg", quality=quality)
    return Frame(step, data_uri("image/jpeg", out.getvalue()), *image.size)


def _opened(file: pathlib.Path) -> Image.Image | None:
    """The whole picture of a PNG file, None if it is damaged or too large: Pillow's
    decoders raise whatever they stumble on.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            with Image.open(file, formats=["PNG"]) as image:
                if image.width * image.height > MOST_FRAME:
                    return None
                image.load()
                return image.copy()
        except Exception:
            return None

"""The values of options: each function takes the text, or raises ArgumentTypeError.

Numbers are plain digits. Python's int() and float() also take " 5", "1_0" and the
digits of every script, which are rather slips than numbers here.
"""

import argparse
import math
import pathlib
import re
import reprlib

MOST = 10**9  # samples, and cores


def _integer(text: str, least: int, most: int, expected: str) -> int:
    if re.fullmatch(r"[0-9]+", text):
        value = int(text) if len(text) < 100 else most + 1
        if least <= value <= most:
            return value
        if value > most:
            expected = f"at most {most}"
    raise _expected(expected, text)


def _expected(what: str, text: str) -> argparse.ArgumentTypeError:
    return argparse.ArgumentTypeError(f"expected {what}, got {reprlib.repr(text)}")


def positive(text: str) -> int:
    """A number of samples or of cores: 1 to MOST."""
    return _integer(text, 1, MOST, "a positive whole number")


def turns(text: str) -> int:
    """A number of steps: 1 to 10**15."""
    return _integer(text, 1, 10**15, "a positive whole number")


def natural(text: str) -> int:
    """A seed or a class: 0 to 2**63 - 1."""
    return _integer(text, 0, 2**63 - 1, "0 or a positive whole number")


def rate(text: str) -> float:
    """A learning rate: a finite number above 0."""
    is_number = re.fullmatch(r"([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?", text)
    value = float(text) if is_number else math.nan
    if 0 < value < math.inf:
        return value
    raise _expected("a positive number", text)


def black_and_white(text: str) -> tuple[float, float]:
    """The ends of a range, LOW,HIGH: two finite numbers, the smaller first."""
    low, _, high = text.partition(",")
    try:
        ends = float(low), float(high)
    except ValueError:
        ends = 0.0, 0.0
    if ends[0] < ends[1] and math.isfinite(ends[1] - ends[0]):
        return ends
    raise _expected("black and white as in 0,255, the smaller first", text)


def name(text: str) -> str:
    """A path or a name. An empty one is rather a slip than the present folder."""
    if not text.strip():
        raise _expected("a name", text)
    if "\0" in text:
        raise _expected("a name without the character NUL", text)
    return text


def path(text: str) -> pathlib.Path:
    """A path, as `name` takes it."""
    return pathlib.Path(name(text))

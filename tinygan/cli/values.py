"""The values of options: each function reads the text of one.

Numbers are plain digits. Python's int() and float() also take " 5", "1_0" and the
digits of every script, which are rather slips than numbers here.
"""

import math
import pathlib
import re
import reprlib
from argparse import ArgumentTypeError

from ..layers.augment import KINDS

MOST = 10**9  # samples, and cores


def _integer(text: str, least: int, most: int, expected: str) -> int:
    if re.fullmatch(r"[0-9]+", text):
        value = int(text) if len(text) < 100 else most + 1
        if least <= value <= most:
            return value
        if value > most:
            expected = f"at most {most}"
    raise _expected(expected, text)


def _expected(what: str, text: str) -> ArgumentTypeError:
    return ArgumentTypeError(f"expected {what}, got {reprlib.repr(text)}")


def positive(text: str) -> int:
    """A number of samples or of cores, 1 to MOST. Else ArgumentTypeError."""
    return _integer(text, 1, MOST, "a positive whole number")


def turns(text: str) -> int:
    """A number of steps, 1 to 10**15. Else ArgumentTypeError."""
    return _integer(text, 1, 10**15, "a positive whole number")


def natural(text: str) -> int:
    """A seed or a class, 0 to 2**63 - 1. Else ArgumentTypeError."""
    return _integer(text, 0, 2**63 - 1, "0 or a positive whole number")


def port(text: str) -> int:
    """A port, 0 to 65535; 0 is any that is free. Else ArgumentTypeError."""
    return _integer(text, 0, 65535, "0 or a positive whole number")


def rate(text: str) -> float:
    """A learning rate, a finite number above 0. Else ArgumentTypeError."""
    is_number = re.fullmatch(r"([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?", text)
    value = float(text) if is_number else math.nan
    if 0 < value < math.inf:
        return value
    raise _expected("a positive number", text)


def black_and_white(text: str) -> tuple[float, float]:
    """Black and white, two finite numbers. Else ArgumentTypeError."""
    number = r"-?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?"
    if re.fullmatch(f"{number} ?, ?{number}", text):
        low, high = map(float, text.split(","))
        if low < high and math.isfinite(high - low):
            return low, high
    raise _expected("black and white as in 0,255, the smaller first", text)


def kinds(text: str) -> tuple[str, ...]:
    """Some of KINDS, each once, in their order. Else ArgumentTypeError."""
    named = text.split(",")
    if set(named) <= set(KINDS) and len(set(named)) == len(named):
        return tuple(kind for kind in KINDS if kind in named)
    raise _expected(f"{','.join(KINDS)} or some of them, after the RECIPE", text)


def name(text: str) -> str:
    """A path or a name. ArgumentTypeError if it is empty, which is rather a slip than
    the present folder, or holds NUL.
    """
    if not text.strip():
        raise _expected("a name", text)
    if "\0" in text:
        raise _expected("a name without the character NUL", text)
    return text


def template(text: str) -> str:
    """A template with {label} in one place, in a line. Else ArgumentTypeError."""
    if text.count("{label}") != 1 or not text.isprintable():
        raise _expected('a template such as "{label}_*_*"', text)
    return text


def path(text: str) -> pathlib.Path:
    """A path. ArgumentTypeError for what `name` refuses."""
    return pathlib.Path(name(text))

"""Read a run's config.json, which may be damaged, or come from a stranger."""

import contextlib
import json
import math
import pathlib
import reprlib
from collections.abc import Iterator

from ..errors import InputError

NAME = "config.json"
MOST_BYTES = 1 << 22
MOST_CORES = 1 << 12
_NUMBERS = {  # name: (what it is, least, most)
    "steps": ("a whole positive number", 1, 10**15),
    "batch": ("a whole positive number", 1, 10**9),
    "seed": ("0 or a positive whole number", 0, 2**63 - 1),
}


def read_config(folder) -> dict:
    """The table of folder/config.json.

    Raises InputError if there is none, if it is no table of JSON with a recipe's name
    and a table of options, or if one of its numbers is impossible.
    """
    path = pathlib.Path(folder) / NAME
    try:
        if path.exists() and not path.is_file():
            raise ValueError("no file")
        with open(path, "rb") as file:
            raw = file.read(MOST_BYTES + 1)
        if len(raw) > MOST_BYTES:
            raise ValueError(f"more than {MOST_BYTES} bytes")
        config = json.loads(raw.decode("utf-8"))
        _check(config)
    except OSError as e:
        raise InputError(
            f"{folder}: expected a run's folder with a {NAME}, found none "
            f"({e.strerror})"
        ) from e
    except RecursionError as e:
        raise InputError(f"{path}: {_EXPECTED} (too many brackets)") from e
    except (ValueError, KeyError, TypeError) as e:
        raise InputError(f"{path}: {_EXPECTED} ({e})") from e
    return config


@contextlib.contextmanager
def blamed(folder) -> Iterator[None]:
    """Within this context an InputError names folder/config.json as its source."""
    try:
        yield
    except InputError as e:
        path = pathlib.Path(folder) / NAME
        raise InputError(f"{path}: expected settings that fit, found: {e}") from e


_EXPECTED = "expected a run's settings as JSON, found something else"


def _check(config) -> None:
    """TypeError or ValueError, with the reason, unless it can be a run's config."""
    if not isinstance(config, dict):
        raise TypeError("no table")
    options = config.get("options")
    if not isinstance(config.get("recipe"), str) or not config["recipe"].strip():
        raise TypeError("its recipe is not a name")
    if not isinstance(options, dict):
        raise TypeError("its options are not a table")
    for name, (what, least, most) in _NUMBERS.items():
        for where, value in ((name, config.get(name)), _option(options, name)):
            if _is_number(value) and not (
                isinstance(value, int) and least <= value <= most
            ):
                raise ValueError(f"{where}: expected {what}, found {_short(value)}")
        pair = config.get(name), options.get(name)
        if all(map(_is_number, pair)) and pair[0] != pair[1]:
            raise ValueError(f"{name} is {pair[0]}, but in its options {pair[1]}")
    rate, cores, data = options.get("lr"), config.get("cores"), options.get("data")
    if _is_number(rate) and not 0 < rate < math.inf:
        raise ValueError(f"options.lr: expected a positive number, found {rate}")
    if cores is not None and not (type(cores) is int and 1 <= cores <= MOST_CORES):
        raise ValueError(
            f"cores: expected a number from 1 to {MOST_CORES}, found {_short(cores)}"
        )
    if isinstance(data, str) and ("\0" in data or not data.strip()):
        raise ValueError(f"options.data: expected a path, found {_short(data)}")


def _option(options: dict, name: str) -> tuple:
    return f"options.{name}", options.get(name)


def _is_number(value) -> bool:
    """A user's own recipe may take None, or a list, under one of these names."""
    return isinstance(value, int | float)


def _short(value) -> str:
    return reprlib.repr(value)

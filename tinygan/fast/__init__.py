"""The fast wing: functions that are fast but not obvious, each a twin of plain code.

The mathematics of tinygan is plain code. A function that is slow in plain code is
marked `@primitive`, and it may have a *twin* in this wing: a function of the same name
that gives the same result in less time. A call of a primitive goes to its twin, if
there is one for the array: cpu.py and the files it imports hold twins for NumPy arrays,
cuda/ holds twins for CuPy arrays, and structure.py holds twins that do not depend on
the library. A twin that cannot serve these arguments returns NotImplemented, and the
plain function runs.

All twins can be turned off at once, to see the plain code run:

    with tinygan.fast.plain(): ...      or TINYGAN_PLAIN=1 in the environment

A test compares each twin with its plain function.
"""

import contextlib
import functools
import importlib
import os

import numpy as np

PRIMITIVES: dict = {}  # {name: the plain function}
_twins: dict[str, dict] = {"cpu": {}, "cuda": {}, "structure": {}}  # wing: {name: twin}
_tables: dict[type, dict] = {}  # type of the first argument: the twins of its wing
_plain = os.environ.get("TINYGAN_PLAIN", "0") not in ("", "0")


def primitive(plain):
    """Mark a plain function that may have twins. The first argument picks the twin."""
    name = plain.__name__
    PRIMITIVES[name] = plain

    @functools.wraps(plain)
    def call(first, *rest, **named):
        table = _tables.get(type(first))
        twin = (_table_for(first) if table is None else table).get(name)
        if twin is None or _plain:
            return plain(first, *rest, **named)
        result = twin(first, *rest, **named)
        return plain(first, *rest, **named) if result is NotImplemented else result

    return call


def twin(wing: str):
    """Mark a function as the twin, in this wing, of the primitive of the same name."""

    def mark(fast):
        _twins[wing][fast.__name__] = fast
        return fast

    return mark


def twins() -> list[tuple[str, str, object]]:
    """(wing, name, twin) of every twin there is."""
    for wing in _twins:
        _load(wing)
    return [(wing, *item) for wing, table in _twins.items() for item in table.items()]


@contextlib.contextmanager
def plain(on: bool = True):
    """Within this context no twin is called; with on=False they are called again."""
    global _plain
    before, _plain = _plain, on
    try:
        yield
    finally:
        _plain = before


def is_plain() -> bool:
    """True if the twins are turned off."""
    return _plain


def _table_for(first) -> dict:
    """The twins for a first argument of this type; the wing is imported on demand."""
    if isinstance(first, np.ndarray):
        wing = "cpu"
    else:  # an array of another library, or a layer or a network
        wing = "cuda" if hasattr(first, "dtype") else "structure"
    _load(wing)
    return _tables.setdefault(type(first), _twins[wing])


def _load(wing: str) -> None:
    importlib.import_module(f"tinygan.fast.{wing}")

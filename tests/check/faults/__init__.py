"""Files of users with one fault each, for a checker to refuse.

Each class has one fault and is right otherwise; its docstring says what is wrong. Its
twin, without the fault, is right. `test_real.py` holds that every fault is real: in
some admissible use the two differ.
"""

from . import (
    buffers,
    evaluation,
    layers,
    little,
    losses,
    memory,
    optimizers,
    pairs,
    passes,
    penalties,
    shapes,
    signs,
    starts,
    state,
    values,
)
from .book import Book, Fault

ROOMS = (
    layers,
    pairs,
    little,
    shapes,
    values,
    starts,
    buffers,
    state,
    memory,
    passes,
    evaluation,
    losses,
    signs,
    penalties,
    optimizers,
)


def faults() -> dict[str, Fault]:
    """{name: Fault} of all rooms; ValueError if two have one name."""
    found: dict[str, Fault] = {}
    for room in ROOMS:
        twice = found.keys() & room.BOOK.keys()
        if twice:
            raise ValueError(f"{room.__name__}: {sorted(twice)} are there already")
        found |= room.BOOK
    return found


def every() -> dict[str, list]:
    """{name of a fault: fresh CHECKS entries}"""
    return {name: fault.make() for name, fault in faults().items()}


def right() -> dict[str, list]:
    """{name of a fault: fresh CHECKS entries of the same thing without the fault}"""
    return {name: fault.twin() for name, fault in faults().items()}


def file_of(name: str, which: str = "every") -> str:
    """A user's file with this fault; `which` = "right": the same without the fault."""
    return f"from tests.check.faults import {which}\n\nCHECKS = {which}()[{name!r}]\n"


__all__ = ["Book", "Fault", "every", "faults", "file_of", "right"]

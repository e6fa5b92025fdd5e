"""What a program asks of the device, counted."""

import contextlib
import pathlib
import sys
import threading
from collections import Counter

from ...userfile import is_library
from .recording import refuse

__all__ = ["Counts", "counting", "host_reads", "launches"]

HERE = str(pathlib.Path(__file__).parent)
PLACED = ("host_reads", "uploads", "numpy_calls")
EDGES = ("to_host", "asarray")  # methods of a Backend: their caller is meant


class Counts:
    """Calls that compute or copy on the device (`launches`, one a call unless operands
    must be copied first), that make the host wait for it (`host_reads`), that send it
    host memory (`uploads`), and that ask NumPy for its work (`numpy_calls`, within
    `as_cupy`). Views cost nothing, nor does a copy to pinned memory that the host does
    not wait for. A wait for an event is a host read of the thread that waits.

    `elsewhere` counts all these calls, but waits, from other threads than the one that
    began to count: there CuPy has another stream, which knows nothing of the first.

    With `until`, the code of a function, `places` has for each kind but launches a
    Counter of (file, line): the innermost line of a user's file below that function,
    or else the innermost line that is not the stand-in's.
    """

    def __init__(self, until=None):
        self.launches = self.host_reads = self.uploads = self.numpy_calls = 0
        self.elsewhere, self.thread = 0, threading.get_ident()
        self.until = until
        self.places: dict[str, Counter] = {kind: Counter() for kind in PLACED}


_open = [Counts()]


def launches() -> int:
    """Launches since this module was imported."""
    return _open[0].launches


def host_reads() -> int:
    """Host reads since this module was imported."""
    return _open[0].host_reads


@contextlib.contextmanager
def counting(until=None):
    """Within this context, count into the Counts that it yields."""
    counts = Counts(until)
    _open.append(counts)
    try:
        yield counts
    finally:
        _open.remove(counts)


def count(what: str, n: int = 1) -> None:
    """Count n calls of a kind: "launches", or one of PLACED."""
    refuse(what, n)
    for counts in _open:
        setattr(counts, what, getattr(counts, what) + n)
        counts.elsewhere += n * (counts.thread != threading.get_ident())
        if counts.until is not None and n and what in counts.places:
            counts.places[what][_place(counts.until)] += n


def count_wait() -> None:
    """Count a host read of this thread."""
    for counts in _open:
        counts.host_reads += counts.thread == threading.get_ident()


def _place(until) -> tuple[str, int]:
    """(file, line) of the call that is counted, see Counts."""
    frame, first = sys._getframe(2), ("", 0)
    while frame is not None and frame.f_code is not until:
        file, line = frame.f_code.co_filename, frame.f_lineno
        if not is_library(file):
            return file, line
        if not first[1] and not file.startswith(HERE) and not _is_edge(frame):
            first = file, line
        frame = frame.f_back
    return first


def _is_edge(frame) -> bool:
    return frame.f_code.co_name in EDGES

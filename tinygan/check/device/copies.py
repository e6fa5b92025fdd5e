"""Copies that are on their way to the host while the program goes on.

They need pinned memory. Until somebody waits for an event that was recorded after a
copy, its target is full of NaN: a program that reads too early will notice.
"""

import collections
import itertools
import threading

import numpy as np

from .counts import count_wait
from .recording import refuse, soiled

__all__: list[str] = []

_lock, _numbers = threading.Lock(), itertools.count()
_under_way: collections.deque = (
    collections.deque()
)  # (number, target, values), in order


class Pinned(bytearray):
    """Memory of the host that the device can write to."""


def alloc_pinned_memory(size):
    """Pinned memory of so many bytes."""
    return Pinned(size)


def is_pinned(a) -> bool:
    """Whether a host array lies in pinned memory."""
    while isinstance(a, np.ndarray):
        a = a.base
    return isinstance(a, Pinned)


def send(a, out) -> None:
    """Begin to copy the values that `a` has now to `out`, in pinned memory."""
    refuse("host_reads", 1)
    if (a.shape, a.dtype) != (out.shape, out.dtype):
        raise ValueError(f"{a.dtype} {a.shape} cannot be copied to {out.dtype}")
    with _lock:
        soiled(out)
        _under_way.append((next(_numbers), out, a.copy()))


def arrive(number: float = np.inf) -> None:
    """Finish the copies up to this number: a stream does one thing after the other."""
    with _lock:
        while _under_way and _under_way[0][0] < number:
            _, out, values = _under_way.popleft()
            out[...] = values


class Event:
    """A mark in the device's work. cupy.cuda.Event, over host memory."""

    def __init__(self, block=False, disable_timing=False, interprocess=False):
        self._number = None

    def record(self, stream=None):
        """Mark the work so far."""
        self._number = next(_numbers)

    def synchronize(self):
        """Wait until the work before the mark is done."""
        if self._number is None:
            raise RuntimeError("the event was not recorded")
        count_wait()
        arrive(self._number)

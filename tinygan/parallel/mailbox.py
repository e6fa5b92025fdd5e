"""What processes of one machine say to each other: values in memory that they share.

The memory is mapped before a process is forked, so that both see it at the same
address. Who waits looks again and again for some milliseconds, which answers within a
microsecond, before it lies down to sleep, which takes a hundred to wake from.
"""

import marshal
import math
import mmap
import multiprocessing
import os
import sys
import time

import numpy as np

CAPACITY = 1 << 28  # bytes of a mailbox: only those that are used take memory
LINE = 64  # bytes: every array begins at a multiple
AWAKE, ASLEEP = 0.002, 0.1  # s to look for a message; s of sleep between two checks


def can_fork() -> bool:
    """Whether a process can be copied with all that it holds, threads of BLAS too."""
    return sys.platform == "linux"


def shared_memory(nbytes: int) -> mmap.mmap:
    """Zeros that a forked process and this one both see and write."""
    flags = mmap.MAP_SHARED | mmap.MAP_ANONYMOUS | getattr(mmap, "MAP_NORESERVE", 0)
    return mmap.mmap(-1, max(1, nbytes), flags=flags)


def shared(a):
    """A copy of the array a, of any shape, in shared memory."""
    memory = shared_memory(a.nbytes)
    copy = np.frombuffer(memory, a.dtype, a.size).reshape(a.shape)
    copy[...] = a
    return copy


class Signal:
    """Counts what one process gave and another one takes."""

    def __init__(self):
        self._semaphore = multiprocessing.get_context("fork").Semaphore(0)

    def give(self) -> None:
        """One more: lets the other one go on."""
        self._semaphore.release()

    def take(self, check) -> None:
        """Wait for one. `check` is called now and then, and may raise."""
        semaphore, until = self._semaphore, None
        while not semaphore.acquire(block=False):
            if until is None:
                until = time.perf_counter() + AWAKE
            elif time.perf_counter() < until:
                os.sched_yield()  # another one may need this core more
            else:
                check()
                if semaphore.acquire(timeout=ASLEEP):
                    return


class Mailbox:
    """Room for one value: arrays, numbers, text, None, and tuples, lists and dicts of
    them.

    Arrays, of any shape, lie in the shared memory behind each other, and before them
    stands what is around them. `put` and `get` do not wait: Signals say whose turn it
    is.
    """

    def __init__(self):
        self.memory, self._rooms = shared_memory(CAPACITY), {}

    def room(self, *kinds) -> list:
        """An array of each kind (dtype, shape), to be written and read as it is: who
        knows the kinds needs no message about them.
        """
        if kinds not in self._rooms:
            end, arrays = 0, []
            for dtype, shape in kinds:
                self._require(end + math.prod(shape) * np.dtype(dtype).itemsize)
                arrays.append(self._array(end, dtype, shape))
                end = _line(end + arrays[-1].nbytes)
            self._rooms[kinds] = arrays
        return self._rooms[kinds]

    def put(self, value) -> None:
        """Lay the value down. ValueError if there is no room for it, or if it is of
        another kind.
        """
        arrays = []
        layout = marshal.dumps(_described(value, arrays))
        self.memory[:8] = len(layout).to_bytes(8, "little")
        end = _line(8 + len(layout))
        self._require(end)
        self.memory[8 : 8 + len(layout)] = layout
        for a in arrays:
            self._require(end + a.nbytes)
            self._array(end, a.dtype, a.shape)[...] = a
            end = _line(end + a.nbytes)

    def get(self, copied: bool):
        """The value; its arrays are views, good until the next `put`, or copied."""
        size = int.from_bytes(self.memory[:8], "little")
        end = _line(8 + size)

        def found(part):
            nonlocal end
            kind = type(part)
            if kind is tuple and part and part[0] is Ellipsis:
                a = self._array(end, *part[1:])
                end = _line(end + a.nbytes)
                return a.copy() if copied else a
            if kind is tuple or kind is list:
                return kind(map(found, part))
            if kind is dict:
                return {k: found(v) for k, v in part.items()}
            return part

        return found(marshal.loads(self.memory[8 : 8 + size]))

    def _array(self, start: int, dtype, shape):
        n = math.prod(shape)
        return np.frombuffer(self.memory, dtype, n, start).reshape(shape)

    @staticmethod
    def _require(size: int) -> None:
        if size > CAPACITY:
            raise ValueError(
                f"a part of the batch takes more than {CAPACITY} bytes, the most that "
                "processes hand each other; take a smaller batch, or one core"
            )


def _described(value, arrays: list):
    """The value with (..., dtype, shape) in place of arrays, which join the list."""
    kind = type(value)
    if kind is np.ndarray or isinstance(value, np.generic):
        arrays.append(value)
        return (..., value.dtype.str, value.shape)
    if kind is tuple or kind is list:
        return kind([_described(part, arrays) for part in value])
    if kind is dict:
        return {k: _described(v, arrays) for k, v in value.items()}
    return value


def _line(n: int) -> int:
    """n bytes, rounded up to whole lines."""
    return -(-n // LINE) * LINE

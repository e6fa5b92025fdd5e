"""Mailboxes: processes of one machine hand each other values in shared memory.

The memory is mapped before a process is forked, so that both see it at the same
address. A waiting process spins for 2 ms (it answers within 1 us), then sleeps (waking
takes about 100 us).
"""

import marshal
import math
import mmap
import multiprocessing
import os
import sys
import time

import numpy as np

CAPACITY = 1 << 28  # bytes of a mailbox; only the bytes in use take memory
LINE = 64  # bytes; every array begins at a multiple of it
AWAKE, ASLEEP = 0.002, 0.1  # s to spin; then s to sleep between two checks


def can_fork() -> bool:
    """True if a process can be forked with all that it holds, BLAS's threads too."""
    return sys.platform == "linux"


def shared_memory(nbytes: int) -> mmap.mmap:
    """Memory of zeros that this process and its forks all read and write.

    Raises OSError if there is none.
    """
    flags = mmap.MAP_SHARED | mmap.MAP_ANONYMOUS | getattr(mmap, "MAP_NORESERVE", 0)
    try:
        return mmap.mmap(-1, max(1, nbytes), flags=flags)
    except OSError as e:
        raise OSError(e.errno, e.strerror, "memory for several processes") from e


def shared(a):
    """A copy of the array a, of any shape, in shared memory."""
    memory = shared_memory(a.nbytes)
    copy = np.frombuffer(memory, a.dtype, a.size).reshape(a.shape)
    copy[...] = a
    return copy


class Signal:
    """A counter: one process gives, and another one waits and takes.

    Raises OSError if the system has no room for it in /dev/shm.
    """

    def __init__(self):
        try:
            self._semaphore = multiprocessing.get_context("fork").Semaphore(0)
        except OSError as e:  # Linux keeps semaphores there
            raise OSError(e.errno, e.strerror, "/dev/shm") from e

    def give(self) -> None:
        """Add one, so that the other process can go on."""
        self._semaphore.release()

    def take(self, check) -> None:
        """Wait for one and take it. `check` is called now and then, and may raise."""
        semaphore, until = self._semaphore, None
        while not semaphore.acquire(block=False):
            if until is None:
                until = time.perf_counter() + AWAKE
            elif time.perf_counter() < until:
                os.sched_yield()  # another process may need this core
            else:
                check()
                if semaphore.acquire(timeout=ASLEEP):
                    return


class Mailbox:
    """Room for one value: arrays, numbers, text, None, and tuples, lists and dicts of
    them.

    The memory begins with a description of the value. Its arrays, of any shape, follow
    one after another. `put` and `get` do not wait: Signals say whose turn it is.
    """

    def __init__(self):
        self.memory, self._rooms = shared_memory(CAPACITY), {}

    def room(self, *kinds) -> list:
        """An array of each kind (dtype, shape), to be written and read in place. Both
        processes know the kinds, so no description is sent.
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
        """Write the value down. ValueError if it is too large, or if a mailbox cannot
        hold its type.
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
        """The value. Its arrays are copies, or views that are valid until a `put`."""
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
                f"a part of the batch takes more than {CAPACITY} bytes, which is all "
                "that a mailbox holds; take a smaller batch, or one core"
            )


def _described(value, arrays: list):
    """The value with (..., dtype, shape) in place of arrays, which join `arrays`."""
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
    """n, rounded up to a multiple of LINE."""
    return -(-n // LINE) * LINE

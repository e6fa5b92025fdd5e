"""What processes of one machine say to each other: values in memory that they share.

The memory is mapped before a process is forked, so that both see it at the same
address. Who waits looks again and again for some milliseconds, which answers within a
microsecond, before it lies down to sleep, which takes a hundred to wake from.
"""

import mmap
import multiprocessing
import os
import pickle
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
    """Room for one value: arrays, tuples, numbers, whatever can be pickled.

    Arrays lie in the shared memory as they are; only what is around them is pickled.
    `put` and `get` do not wait: Signals say whose turn it is.
    """

    def __init__(self):
        self.memory = shared_memory(CAPACITY)

    def put(self, value) -> None:
        """Lay the value down. ValueError if there is no room for it."""
        arrays = []
        head = pickle.dumps(value, protocol=5, buffer_callback=arrays.append)
        arrays = [a.raw() for a in arrays]
        layout = pickle.dumps((head, [len(a) for a in arrays]))
        size, end = len(layout), _line(8 + len(layout))
        self._require(end)
        self.memory[:8] = size.to_bytes(8, "little")
        self.memory[8 : 8 + size] = layout
        for a in arrays:
            self._require(end + len(a))
            self.memory[end : end + len(a)] = a
            end = _line(end + len(a))

    def get(self, copied: bool):
        """The value; its arrays are views, good until the next `put`, or copied."""
        view = memoryview(self.memory)
        size = int.from_bytes(view[:8], "little")
        head, lengths = pickle.loads(view[8 : 8 + size])
        end, arrays = _line(8 + size), []
        for n in lengths:
            arrays.append(view[end : end + n])
            end = _line(end + n)
        return pickle.loads(head, buffers=map(bytearray, arrays) if copied else arrays)

    @staticmethod
    def _require(size: int) -> None:
        if size > CAPACITY:
            raise ValueError(
                f"a part of the batch takes more than {CAPACITY} bytes, the most that "
                "processes hand each other; take a smaller batch, or one core"
            )


def _line(n: int) -> int:
    """n bytes, rounded up to whole lines."""
    return -(-n // LINE) * LINE

"""Shards: the cores of one machine share every batch, one process for each core.

A process is called a rank of the group. Each rank plays the same moves on its part of
the batch, with the same theta and a gradient of its own. Layers and moves are the same
as for one process. They ask their group (group.py) only where samples meet: BatchNorm
for sums over all parts, the objective for all logits, the optimizer for the sum of all
gradients (gathered.py).

The ranks are processes, not threads. Threads would share one Python and hand its lock
to each other at every operation, which costs 10 to 20 ms in a step of a DCGAN.
"""

import itertools
import mmap
from collections.abc import Callable

from ..errors import BackendError
from ..group import ALONE, Group
from . import machines
from .mailbox import Mailbox, Signal, can_fork, shared_memory
from .worker import Worker


class Rank(Group):
    """The group as one process sees it: rank `rank` of `size` processes."""

    def __init__(self, rank: int, exchange: "Exchange"):
        self.rank, self.size, self.exchange = rank, exchange.size, exchange
        self.key, self.keeps_state = (rank,), rank == 0
        self.begin()

    @property
    def local(self) -> "Rank":
        """This rank among those that share memory: here, these are all."""
        return self

    def add_machines(self, total) -> None:
        """total += the totals of other machines, in place.

        total: (n,), a sum over the local ranks, in memory that they share
        """

    def begin(self) -> None:
        self.gathered = 0

    def all_gather(self, value) -> list:
        """Arrays from other ranks are views. They stay valid for one more gather."""
        self.gathered += 1
        return self.exchange(self.rank, value, self.gathered % 2)

    def all_reduce(self, *values) -> tuple:
        self.gathered += 1
        everyone = self.exchange.rooms(self.gathered % 2, *map(_kind, values))
        for own, value in zip(everyone[self.rank], values, strict=True):
            own[...] = value
        self.barrier()
        sums = [sum(rest, first) for first, *rest in zip(*everyone, strict=True)]
        return tuple(
            a if hasattr(value, "dtype") else a.item()
            for a, value in zip(sums, values, strict=True)
        )

    def barrier(self) -> None:
        self.exchange.wait(self.rank)


class BrokenGroupError(RuntimeError):
    """Another rank has failed, and this rank would wait for it for ever."""


class NoProcessesError(BackendError):
    """The system gives no more processes, or no memory that they could share."""


class Exchange:
    """The memory in which `size` ranks leave values for each other.

    watched: processes on which this process depends; `check` raises if one has ended.
    """

    def __init__(self, size: int, watched: list):
        self.size, self.watched = size, watched
        self.broken: mmap.mmap | None = None

    def begin(self) -> None:
        """Make all mailboxes and signals, for ranks that start now."""
        every = range(self.size)
        self.boxes = [(Mailbox(), Mailbox()) for _ in every]  # used in turn
        self.arrived = [[Signal() for _ in every] for _ in every]  # [from][to]
        self.broken = shared_memory(1)

    def __call__(self, rank: int, value, turn: int) -> list:
        """The values of all ranks, in the order of their ranks.

        turn: 0 and 1 alternate. The call after the next one writes to the same
        mailboxes. By then all ranks have made the next call, so they have read these
        values. BrokenGroupError if a rank has failed.
        """
        self.boxes[rank][turn].put(value)
        self.wait(rank)
        return [
            value if other == rank else self.boxes[other][turn].get(copied=False)
            for other in range(self.size)
        ]

    def rooms(self, turn: int, *kinds) -> list:
        """Each rank's arrays of these kinds. A rank writes its own, then all `wait`."""
        return [boxes[turn].room(*kinds) for boxes in self.boxes]

    def wait(self, rank: int) -> None:
        """Wait for all ranks. BrokenGroupError if one of them has failed."""
        others = [other for other in range(self.size) if other != rank]
        for other in others:
            self.arrived[rank][other].give()
        for other in others:
            self.arrived[other][rank].take(self.check)

    def check(self) -> None:
        """BrokenGroupError if a rank failed, WorkerEndedError if a process ended."""
        if self.broken is not None and self.broken[0]:
            raise BrokenGroupError("another rank has failed")
        for process in self.watched:
            process.check()

    def give_up(self) -> None:
        """Tell the others that this rank has failed."""
        if self.broken is not None:
            self.broken[0] = 1


def _kind(value) -> tuple:
    """(dtype, shape) of an array; a number counts as an array of shape ()."""
    if hasattr(value, "dtype"):
        return value.dtype, value.shape
    return type(value), ()


def cut(n: int, size: int, multiple: int = 1) -> list[slice]:
    """n samples in `size` parts that are as equal as possible, each a multiple of
    `multiple`. No parts if some rank would have fewer than two multiples.
    """
    groups, rest = divmod(n, multiple)
    if rest or groups < 2 * size:
        return []
    ends = [groups * i // size * multiple for i in range(size + 1)]
    return [slice(a, b) for a, b in itertools.pairwise(ends)]


def no_processes(error: Exception) -> NoProcessesError:
    """The error to raise if processes cannot share a batch because of `error`."""
    why = getattr(error, "strerror", None) or error
    place = getattr(error, "filename", None)
    why = f"{place}: {why}" if place else why
    return NoProcessesError(f"processes cannot share a batch here ({why})")


class Shards:
    """`size` processes, each with its own object; this process is the first one.

    make: a function from the list of ranks to the list of objects. The first `run`
    forks the other processes from this process, with all that it holds then. So does
    the first `run` after an error or a `close`. Data on which all must agree, such as
    theta, lies in shared memory (mailbox.py), or all processes change it alike. Call
    `close` before you change anything else. Each process runs BLAS on one thread. The
    processes end with the group, or with the first process.

    world: this process and those of other machines, each with shards of its own; then
    `ranks` are the local ones among all of them, and every machine calls `run` alike.

    Raises ValueError unless `size` is a whole number >= 1, BackendError for more than 1
    where processes cannot be forked, and NoProcessesError if there is no memory.
    """

    def __init__(self, size: int, make: Callable, world: Group = ALONE):
        if not (isinstance(size, int) and size >= 1):
            raise ValueError(f"Shards expects a whole size >= 1, got {size}")
        if size > 1 and not can_fork():
            raise BackendError("processes can share a batch on Linux only")
        self._workers: list[Worker] = []
        self._exchange = Exchange(size, self._workers)
        several = [Rank(rank, self._exchange) for rank in range(size)]
        self.ranks: list = several if size > 1 else [ALONE]
        if world.size > 1:
            self.ranks = machines.joined(self.ranks, world)
        try:
            self.parts = make(self.ranks)
        except OSError as e:
            raise no_processes(e) from e

    def run(self, method: str, *arguments) -> list:
        """[part.method(*arguments) for part in parts], each by its own process.

        The results stay valid until the next call. If one process raises, the others
        stop where they next wait for it, and its error is raised here. WorkerEndedError
        if a process was ended, NoProcessesError if none can be started: then no method
        was called.
        """
        try:
            self._start()
            for worker in self._workers:
                worker.ask((method, arguments))
            self.ranks[0].begin()
            first = getattr(self.parts[0], method)(*arguments)
            return [first, *(worker.answer() for worker in self._workers)]
        except BaseException as e:  # Ctrl-C as well
            self._exchange.give_up()
            theirs = self._failure() if isinstance(e, BrokenGroupError) else None
            self.close()
            raise theirs or e from None

    def _failure(self) -> Exception | None:
        """The error of the rank that failed first, if it was a worker's."""
        for worker in self._workers:
            try:
                worker.answer()
            except BrokenGroupError:
                pass  # it waited for the rank that failed
            except Exception as e:
                return e
        return None

    def close(self) -> None:
        """End the other processes; the next `run` starts them again."""
        for worker in self._workers:
            worker.end()
        self._workers.clear()

    def wake(self) -> None:
        """Let processes go on that are stopped (SIGSTOP), so that a turn can end."""
        for worker in self._workers:
            worker.wake()

    def _start(self) -> None:
        try:
            if not self._workers:
                self._exchange.begin()
            for rank in self.ranks[1 + len(self._workers) :]:
                self._workers.append(Worker(rank, self.parts[rank.local.rank]))
        except (OSError, MemoryError, ImportError) as e:  # ImportError: no semaphores
            raise no_processes(e) from e

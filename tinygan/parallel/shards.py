"""Shards: a batch cut into parts, one for each core, that are worked on at once.

Every member of a group plays the same moves on its own part of the batch, with the same
theta and a gradient of its own. Nothing changes in what it does, but where samples
meet: there it asks its group. BatchNorm's statistics are sums over all parts, an
objective is given all logits (divided.py), and the gradients are added up. `ALONE`, the
group of one, is what everything has unless it is told otherwise.

The members are processes. Threads would share one Python, and hand its lock to each
other at every operation: 10 to 20 ms in a step of a DCGAN.
"""

import itertools
from collections.abc import Callable

from ..errors import BackendError
from .mailbox import Mailbox, Signal, can_fork, shared_memory
from .worker import Worker


class Alone:
    """A group of one member: its sums are its own."""

    rank, size = 0, 1
    key: tuple[int, ...] = ()  # of a member's own random numbers
    keeps_state = True  # whether running statistics are this member's to update

    def begin(self) -> None:
        """At the start of what all do in step."""

    def wait(self) -> None:
        """Until every member has come as far."""

    def gather(self, value) -> list:
        """What every member brings, in order of rank; all have to bring something."""
        return [value]

    def sum(self, *values) -> tuple:
        """Each value, an array or a number, added up over the members in order of
        rank: all get the same result.
        """
        return values

    def place(self, n: int) -> tuple[slice, int]:
        """Where this member's n samples stand in the batch, and how many it has."""
        every = self.gather(n)
        start = sum(every[: self.rank])
        return slice(start, start + n), sum(every)


ALONE = Alone()


class Member(Alone):
    """One of several processes, `rank` of `size`; they ask for the same in step."""

    def __init__(self, rank: int, exchange: "Exchange"):
        self.rank, self.size, self.exchange = rank, exchange.size, exchange
        self.key, self.keeps_state = (rank,), rank == 0
        self.begin()

    def begin(self) -> None:
        self.gathered = 0

    def gather(self, value) -> list:
        """Arrays of the others are views, good until the next but one `gather`."""
        self.gathered += 1
        return self.exchange(self.rank, value, self.gathered % 2)

    def sum(self, *values) -> tuple:
        self.gathered += 1
        everyone = self.exchange.rooms(self.gathered % 2, *map(_kind, values))
        for own, value in zip(everyone[self.rank], values, strict=True):
            own[...] = value
        self.wait()
        sums = [sum(rest, first) for first, *rest in zip(*everyone, strict=True)]
        return tuple(
            a if hasattr(value, "dtype") else a.item()
            for a, value in zip(sums, values, strict=True)
        )

    def wait(self) -> None:
        self.exchange.wait(self.rank)


class BrokenGroupError(RuntimeError):
    """Another member has failed, and will not bring what this one waits for."""


class Exchange:
    """Where `size` members lay down values for each other.

    watched: processes on which this one depends; their `check` raises if one has ended.
    """

    def __init__(self, size: int, watched: list):
        self.size, self.watched = size, watched

    def begin(self) -> None:
        """Everything as new, for members that start now."""
        every = range(self.size)
        self.boxes = [(Mailbox(), Mailbox()) for _ in every]  # for sums in turn
        self.arrived = [[Signal() for _ in every] for _ in every]  # [who][for whom]
        self.broken = shared_memory(1)

    def __call__(self, rank: int, value, turn: int) -> list:
        """What every member brought, in order of rank; waits until all have.

        turn: 0 and 1 alternate. None can bring the next but one before all have brought
        the next, and so have read this. BrokenGroupError if one of them has failed.
        """
        self.boxes[rank][turn].put(value)
        self.wait(rank)
        return [
            value if other == rank else self.boxes[other][turn].get(copied=False)
            for other in range(self.size)
        ]

    def rooms(self, turn: int, *kinds) -> list:
        """Every member's arrays of these kinds, to be written before all `wait`."""
        return [boxes[turn].room(*kinds) for boxes in self.boxes]

    def wait(self, rank: int) -> None:
        """Until all members wait. BrokenGroupError if one of them has failed."""
        others = [other for other in range(self.size) if other != rank]
        for other in others:
            self.arrived[rank][other].give()
        for other in others:
            self.arrived[other][rank].take(self.check)

    def check(self) -> None:
        """BrokenGroupError if a member has failed, BackendError if one has ended."""
        if self.broken[0]:
            raise BrokenGroupError("another part of the batch has failed")
        for process in self.watched:
            process.check()

    def give_up(self) -> None:
        """Tell the others that this member has failed."""
        self.broken[0] = 1


def _kind(value) -> tuple:
    """The dtype and the shape of an array, or of one that holds a number."""
    if hasattr(value, "dtype"):
        return value.dtype, value.shape
    return type(value), ()


def cut(n: int, size: int, multiple: int = 1) -> list[slice]:
    """n samples in `size` parts as equal as may be, each a multiple of `multiple`.

    No parts if there are too few samples for each member to have two multiples.
    """
    groups, rest = divmod(n, multiple)
    if rest or groups < 2 * size:
        return []
    ends = [groups * i // size * multiple for i in range(size + 1)]
    return [slice(a, b) for a, b in itertools.pairwise(ends)]


class Shards:
    """`size` processes, this one being the first, each with an object of its own.

    make: the objects, from the list of members. The other processes are forked from
    this one when they are first asked, with all that it has then, and anew after an
    error. What is to stay the same in all, as theta, lies in shared memory (mailbox.py)
    or is changed by all alike; who changes anything else in between has to `close`.
    Each process has BLAS on one thread. They end with the group, or with the first.

    Raises ValueError unless `size` is a whole number >= 1, and BackendError for more
    than 1 where processes cannot be forked.
    """

    def __init__(self, size: int, make: Callable):
        if not (isinstance(size, int) and size >= 1):
            raise ValueError(f"Shards expects a whole size >= 1, got {size}")
        if size > 1 and not can_fork():
            raise BackendError("processes can share a batch on Linux only")
        self._workers = []
        self._exchange = Exchange(size, self._workers)
        several = [Member(rank, self._exchange) for rank in range(size)]
        self.members = several if size > 1 else [ALONE]
        self.parts = make(self.members)

    def run(self, method: str, *arguments) -> list:
        """[part.method(*arguments) for part in parts], each by its own process.

        What it returns is good until the next call. Where one of them raises, the
        others stop where they next ask for it, and it is raised here.
        """
        try:
            self._start()
            for worker in self._workers:
                worker.ask((method, arguments))
            self.members[0].begin()
            first = getattr(self.parts[0], method)(*arguments)
            return [first, *(worker.answer() for worker in self._workers)]
        except BaseException as e:  # Ctrl-C as well
            self._exchange.give_up()
            theirs = self._failure() if isinstance(e, BrokenGroupError) else None
            self.close()
            raise theirs or e from None

    def _failure(self) -> Exception | None:
        """What made another member fail, if it can tell."""
        for worker in self._workers:
            try:
                worker.answer()
            except BrokenGroupError:
                pass  # it waited for the one that failed
            except Exception as e:
                return e
        return None

    def close(self) -> None:
        """End the other processes; the next `run` starts them again."""
        for worker in self._workers:
            worker.end()
        self._workers.clear()

    def _start(self) -> None:
        if not self._workers:
            self._exchange.begin()
        for member in self.members[1 + len(self._workers) :]:
            self._workers.append(Worker(member, self.parts[member.rank]))

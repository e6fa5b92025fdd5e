"""Shards: a batch cut into parts, one for each core, that are worked on at once.

Every member of a group runs the same passes on its own part of the batch, with the same
theta and a gradient of its own; the gradients are added at the end. Nothing in a layer
changes, but where samples meet: BatchNorm's statistics are the whole batch's, so it
asks its group for sums over all parts. `ALONE`, the group of one, is what a layer has
unless it is told otherwise.

The members are processes. Threads would share one Python, and hand its lock to each
other at every operation: 10 to 20 ms in a step of a DCGAN.
"""

import itertools

from .errors import BackendError
from .mailbox import Mailbox, Signal, can_fork, shared_memory
from .worker import Worker


class Alone:
    """A group of one member: its sums are its own."""

    rank, size = 0, 1
    key: tuple[int, ...] = ()  # of a member's own random numbers
    keeps_state = True  # whether running statistics are this member's to update

    def sum(self, *values):
        """Each value, an array or a number, added up over the members, in order."""
        return values


ALONE = Alone()


class Member:
    """One of several processes, `rank` of `size`; they call `sum` in step."""

    def __init__(self, rank: int, exchange: "Exchange"):
        self.rank, self.size, self.exchange = rank, exchange.size, exchange
        self.key, self.keeps_state = (rank,), rank == 0
        self.sums = 0  # how many this pass had so far

    def sum(self, *values):
        """Each value added up over the members, in order: all get the same result."""
        everyone = self.exchange(self.rank, values, self.sums % 2)
        self.sums += 1
        return tuple(sum(rest, first) for first, *rest in zip(*everyone, strict=True))


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
        others = [other for other in range(self.size) if other != rank]
        for other in others:
            self.arrived[rank][other].give()
        for other in others:
            self.arrived[other][rank].take(self.check)
        return [
            value if other == rank else self.boxes[other][turn].get(copied=False)
            for other in range(self.size)
        ]

    def check(self) -> None:
        """BrokenGroupError if a member has failed, BackendError if one has ended."""
        if self.broken[0]:
            raise BrokenGroupError("another part of the batch has failed")
        for process in self.watched:
            process.check()

    def give_up(self) -> None:
        """Tell the others that this member has failed."""
        self.broken[0] = 1


class Shards:
    """`size` processes for parts of a batch, this one being the first.

    The others are forked from it at the first pass, with all networks that the group
    works on, and started anew after an error. Each has BLAS on one thread. They end
    with the group, or with this process.

    Raises ValueError unless `size` is a whole number >= 1, and BackendError for more
    than 1 where processes cannot be forked.
    """

    def __init__(self, size: int):
        if not (isinstance(size, int) and size >= 1):
            raise ValueError(f"Shards expects a whole size >= 1, got {size}")
        if size > 1 and not can_fork():
            raise BackendError("processes can share a batch on Linux only")
        self.size = size
        self._works = []  # of each network its members' parts
        self._forgotten = []  # what the others need not remember
        self._workers = []
        self._exchange = Exchange(size, self._workers)
        self.members = [Member(rank, self._exchange) for rank in range(size)]

    def cut(self, n: int, multiple: int = 1) -> list[slice]:
        """n samples in `size` parts as equal as may be, each a multiple of `multiple`.

        No parts if there are too few samples for each member to have two multiples.
        """
        groups, rest = divmod(n, multiple)
        if rest or groups < 2 * self.size:
            return []
        ends = [groups * i // self.size * multiple for i in range(self.size + 1)]
        return [slice(a, b) for a, b in itertools.pairwise(ends)]

    def add(self, parts: list) -> int:
        """Have the members work on `parts`, one for each; return a number for `run`."""
        self.close()  # who is forked later knows it
        self._works.append(parts)
        return len(self._works) - 1

    def run(self, work: int, method: str, arguments: list) -> list:
        """[parts[0].method(*arguments[0]), ...] of a work, each by its own member.

        What it returns is good until the next call. Where one of them raises, the
        others stop at their next `sum`, and it is raised here.
        """
        try:
            self._start()
            forgotten, self._forgotten = self._forgotten, []
            for worker, own in zip(self._workers, arguments[1:], strict=True):
                worker.ask((work, method, own, forgotten))
            self.members[0].sums = 0
            first = getattr(self._works[work][0], method)(*arguments[0])
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

    def forget(self, work: int, key: int) -> None:
        """No member needs what it remembers of a work by this key."""
        self._works[work][0].forget(key)
        self._forgotten.append((work, key))

    def close(self) -> None:
        """End the other members; the next pass starts them again."""
        for worker in self._workers:
            worker.end()
        self._workers.clear()

    def _start(self) -> None:
        if not self._workers:
            self._exchange.begin()
        for member in self.members[1 + len(self._workers) :]:
            self._workers.append(Worker(member, self._works))

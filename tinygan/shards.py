"""Shards: a batch cut into parts, one for each core, that are worked on at once.

Every member of a group runs the same passes on its own part of the batch, with the same
theta and a gradient of its own; the gradients are added at the end. Nothing in a layer
changes, but where samples meet: BatchNorm's statistics are the whole batch's, so it
asks its group for sums over all parts. `ALONE`, the group of one, is what a layer has
unless it is told otherwise. A group of processes can keep the same protocol.
"""

import concurrent.futures
import contextvars
import itertools
import threading


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
    """One of several threads, `rank` of `size`, that call `sum` at the same places."""

    def __init__(self, rank: int, group: "Shards"):
        self.rank, self.size, self.group = rank, group.size, group
        self.key, self.keeps_state = (rank,), rank == 0
        self.sums = 0  # how many this pass had so far

    def sum(self, *values):
        """Each value added up over the members, in order: all get the same result."""
        everyone = self.group.exchange(self.rank, values, self.sums % 2)
        self.sums += 1
        return tuple(sum(rest, first) for first, *rest in zip(*everyone, strict=True))


class Shards:
    """`size` threads for parts of a batch. NumPy lets go of Python's lock in whatever
    takes long, so they truly run at once; each should have BLAS on one thread.

    Raises ValueError unless `size` is a whole number >= 1.
    """

    def __init__(self, size: int):
        if not (isinstance(size, int) and size >= 1):
            raise ValueError(f"Shards expects a whole size >= 1, got {size}")
        self.size = size
        self.members = [Member(rank, self) for rank in range(size)]
        self._others = concurrent.futures.ThreadPoolExecutor(size)
        self._barrier = threading.Barrier(size)
        self._slots = [[None] * size, [None] * size]  # for sums in turn

    def cut(self, n: int, multiple: int = 1) -> list[slice]:
        """n samples in `size` parts as equal as may be, each a multiple of `multiple`.

        No parts if there are too few samples for each member to have two multiples.
        """
        groups, rest = divmod(n, multiple)
        if rest or groups < 2 * self.size:
            return []
        ends = [groups * i // self.size * multiple for i in range(self.size + 1)]
        return [slice(a, b) for a, b in itertools.pairwise(ends)]

    def run(self, f) -> list:
        """[f(0), ..., f(size - 1)], each in a thread, 0 in this one.

        Where one of them raises, the others stop at their next `sum`, and it is raised
        here.
        """
        others = []
        for i in range(1, self.size):
            here = contextvars.copy_context()  # such as NumPy's errstate
            others.append(self._others.submit(here.run, self._guarded, f, i))
        results, errors = [], []
        for get in (lambda: self._guarded(f, 0), *(o.result for o in others)):
            try:
                results.append(get())
            except BaseException as e:  # Ctrl-C as well: all have ended then
                errors.append(e)
        if errors:
            self._barrier.reset()
            broken = threading.BrokenBarrierError
            raise next((e for e in errors if not isinstance(e, broken)), errors[0])
        return results

    def _guarded(self, f, rank: int):
        self.members[rank].sums = 0
        try:
            return f(rank)
        except BaseException:
            self._barrier.abort()
            raise

    def exchange(self, rank: int, value, turn: int) -> list:
        """What every member brought, in order of rank; waits until all have.

        turn: 0 and 1 alternate. None can bring the next but one before all have brought
        the next, and so have read this.
        """
        slots = self._slots[turn]
        slots[rank] = value
        self._barrier.wait()
        return list(slots)

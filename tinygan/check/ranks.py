"""Several ranks in one process: does a thing that says `divisible` mean it?

Each rank is a thread with its part of a batch, or of theta. The group is the protocol
of tinygan/group.py, and its sums are right, so only the thing can be wrong.
"""

import threading

import numpy as np

from ..group import Group

PATIENCE = 20.0  # seconds that a rank waits for the others


class Threaded(Group):
    """One of several ranks that share a table."""

    def __init__(self, rank: int, table: list, barrier: threading.Barrier):
        self.rank, self.size = rank, len(table)
        self.table, self.meeting = table, barrier
        self.key, self.keeps_state = (rank,), rank == 0

    def __deepcopy__(self, memo):
        return self  # a copy of a part is in the same group

    def barrier(self) -> None:
        self.meeting.wait(PATIENCE)

    def all_gather(self, value) -> list:
        self.table[self.rank] = value
        self.barrier()
        values = list(self.table)
        self.barrier()
        return values

    def all_reduce(self, *values) -> tuple:
        self.table[self.rank] = values
        self.barrier()
        every = zip(*self.table, strict=True)
        sums = tuple(sum(rest, first) for first, *rest in every)
        self.barrier()  # from here on a rank may change its values
        return sums


def together(size: int, work) -> list:
    """[work(group)] of every rank, in order; the first error of a rank is raised.

    TimeoutError if a rank asks for a sum and another rank does not.
    """
    table, barrier = [None] * size, threading.Barrier(size)
    results: list = [None] * size
    errors: list[Exception] = []

    def run(rank: int) -> None:
        try:
            with np.errstate(all="ignore"):
                results[rank] = work(Threaded(rank, table, barrier))
        except threading.BrokenBarrierError:
            pass  # another rank has failed, and says why
        except Exception as e:  # from the user's own code
            errors.append(e)
            barrier.abort()

    threads = [threading.Thread(target=run, args=(rank,)) for rank in range(size)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
    if barrier.broken:
        raise TimeoutError("a rank asked its group for a sum, and another rank did not")
    return results

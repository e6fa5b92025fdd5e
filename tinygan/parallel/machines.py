"""Machines: processes without common memory share every batch.

A machine is here a process that no memory connects with the others: `World` is the
group of them. Each may have shards (shards.py), one process for each of its cores. All
shards of all machines are the ranks of one group. Sums go two ways: first over the
local ranks, through memory, then over the machines, by the first local rank.
"""

import copy

from ..group import Group


class Machines(Group):
    """The group as one shard of one machine sees it.

    local: the group of this machine's shards      world: the group of machines, of
    which the first shard of a machine takes part      first, size: the number of this
    machine's first rank among all, and how many there are
    """

    def __init__(self, local: Group, world: Group, first: int, size: int):
        self._local, self.world = local, world
        self.rank, self.size = first + local.rank, size
        self.key, self.keeps_state = (self.rank,), self.rank == 0

    @property
    def local(self) -> Group:
        """The ranks of this machine."""
        return self._local

    def begin(self) -> None:
        self._local.begin()

    def barrier(self) -> None:
        self.all_gather(None)

    def all_gather(self, value) -> list:
        here = self._local.all_gather(value)
        every = self._first(lambda: self.world.all_gather(here))
        return [value for machine in every for value in machine]

    def all_reduce(self, *values) -> tuple:
        sums = self._local.all_reduce(*values)
        return tuple(self._first(lambda: self.world.all_reduce(*sums)))

    def add_machines(self, total) -> None:
        """total += the totals of other machines, in place: (n,)."""
        self._local.barrier()  # wait for the whole sum of this machine
        if self._local.rank == 0:
            (every,) = self.world.all_reduce(total)  # eq: all-reduce
            total[...] = every
        self._local.barrier()

    def _first(self, ask):
        """What `ask()` returns to the first local rank, for all of them."""
        if self._local.size == 1:
            return ask()
        found = ask() if self._local.rank == 0 else None
        found, *_ = self._local.all_gather(found)
        return copy.deepcopy(found)  # its arrays lie in a mailbox


def joined(ranks: list[Group], world: Group) -> list[Group]:
    """The local ranks as ranks of the group of all shards of all machines."""
    sizes = world.all_gather(len(ranks))
    first = sum(sizes[: world.rank])
    return [Machines(rank, world, first, sum(sizes)) for rank in ranks]

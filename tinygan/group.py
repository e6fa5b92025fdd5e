"""A group of ranks: several processes that play one game, each on its part of a batch.

A layer, a penalty or an optimizer asks its group wherever samples meet: BatchNorm needs
sums over the whole batch, an objective needs all logits, an optimizer needs the sum of
all gradients. `ALONE`, the group of one, is what everything has unless it is told
otherwise: its sums are its own.

`Group` is the protocol. The processes of one machine keep it (parallel/shards.py), and
so can MPI ranks or GPUs.
"""


class Group:
    """The group of one, and the protocol that every other group keeps.

    All ranks of a group call the same methods in the same order: each call waits until
    every rank has made it.
    """

    rank, size = 0, 1
    key: tuple[int, ...] = ()  # goes into the key of this rank's own random numbers
    keeps_state = True  # True for the one rank that updates running statistics

    def begin(self) -> None:
        """Call this at the start of a turn, before any other method."""

    def barrier(self) -> None:
        """Wait until every rank has come here."""

    def all_gather(self, value) -> list:
        """The values of all ranks, in the order of their ranks."""
        return [value]

    def all_reduce(self, *values) -> tuple:
        """The sum over all ranks of each value, an array or a number.

        The order of the additions is that of the ranks, so every rank gets the same
        bits.
        """
        return values

    def place(self, n: int) -> tuple[slice, int]:
        """(where this rank's n samples lie in the whole batch, the size of that)."""
        sizes = self.all_gather(n)
        start = sum(sizes[: self.rank])
        return slice(start, start + n), sum(sizes)


ALONE = Group()

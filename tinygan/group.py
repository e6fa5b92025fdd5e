"""A group of ranks: several processes that play one game, each on its part of a batch.

The gradient of a batch is a sum over its samples, so each rank computes its own part of
the sum. A layer, a penalty or an optimizer asks its group wherever samples meet:
BatchNorm needs sums over the whole batch, an objective needs all logits, an optimizer
needs the sum of all gradients. The default group is `ALONE`: one rank, whose sums are
its own values.

`Group` is the protocol. The processes of one machine follow it (parallel/shards.py),
and MPI ranks or GPUs can follow it too.
"""


class Group:
    """The group of one rank, and the protocol that every other group follows.

    All ranks of a group call the same methods in the same order: each call waits until
    every rank has made it.
    """

    rank, size = 0, 1
    key: tuple[int, ...] = ()  # goes into the key of this rank's own random numbers
    keeps_state = True  # True for one rank only, which updates running statistics

    def begin(self) -> None:
        """Call this at the start of a turn, before any other method."""

    def barrier(self) -> None:
        """Wait until every rank has called this."""

    def all_gather(self, value) -> list:
        """The values of all ranks, in the order of their ranks."""
        return [value]

    def all_reduce(self, *values) -> tuple:
        """For each value, an array or a number, its sum over all ranks.

        The values are added in the order of the ranks, so every rank gets the same
        bits.
        """
        return values

    def place(self, n: int) -> tuple[slice, int]:
        """(slice, N): this rank's n samples in the whole batch, which has N samples."""
        sizes = self.all_gather(n)
        start = sum(sizes[: self.rank])
        return slice(start, start + n), sum(sizes)


class Piece(Group):
    """One rank that is given a piece of a batch of N samples, from number `start` on.

    A batch that is too large for one forward pass comes in pieces, in evaluation. Each
    sample keeps its place in the whole, whatever the size of the pieces.
    """

    def __init__(self, start: int, N: int):
        self.start, self.N = start, N

    def place(self, n):
        return slice(self.start, self.start + n), self.N


ALONE = Group()

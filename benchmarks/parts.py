"""The part of a step, or of a layer's pass, that each of tinygan's processes does."""

import numpy as np

from tinygan.group import ALONE, Group
from tinygan.parallel.gathered import divided
from tinygan.parallel.shards import Shards, cut

from .move import Game, Player


class GamePart:
    """A game's steps on one process's rows of every batch."""

    def __init__(self, game: Game, player: Player, batches: list, rows: slice):
        self.game, self.player = game, player
        self.batches = [[a[rows] for a in batch] for batch in batches]

    def step(self, i: int) -> None:
        """The i-th step."""
        self.game.tinygan(self.player, *self.batches[i % len(self.batches)])


def game_in_parts(
    game: Game, p: Player, batches: list, size: int, world: Group = ALONE
) -> Shards:
    """A group of processes whose `step` is the game's step on whole batches: `size` on
    this machine, which shares the batches with the others of `world`.
    """

    def make(ranks):
        every = cut(len(batches[0][0]), ranks[0].size)
        parts = [every[rank.rank] for rank in ranks]
        nets = (divided(net, opt, ranks) for net, opt in p.pairs())
        found = []
        for rank, rows, *pairs in zip(ranks, parts, *nets, strict=True):
            own = Player(p.library, p.work, pairs, p.rng, rank)
            found.append(GamePart(game, own, batches, rows))
        return found

    return Shards(size, make, world)


class LayerPart:
    """A layer's passes on one process's rows; y and dx stay there, as in a step."""

    def __init__(self, net, x, dy):
        self.net, self.x, self.dy = net, x, dy

    def forward(self) -> None:
        """y, and the cache for `backward`."""
        _, self.cache = self.net.forward(self.x)

    def backward(self) -> None:
        """dx, and the gradient of the parameters."""
        self.net.backward(self.dy, self.cache)


def layer_in_parts(net, x, dy, size: int) -> Shards:
    """A group of processes with the `forward` and `backward` of a one-layer network."""

    def make(ranks):
        parts = cut(len(x), size)
        each = zip(ranks, parts, strict=True)
        return [
            LayerPart(net.part(rank, np.zeros_like(net.grad)), x[rows], _rows(dy, rows))
            for rank, rows in each
        ]

    return Shards(size, make)


def _rows(dy, rows):
    return None if dy is None else dy[rows]

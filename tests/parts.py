"""A game without a Run, played by a group of processes: for tests that compare it with
the game of whole batches.
"""

import numpy as np

import tinygan as tg
from tinygan.group import ALONE
from tinygan.objectives import WithDiversity
from tinygan.parallel.gathered import Gathered, divided
from tinygan.parallel.shards import Shards, cut
from tinygan.values import rows


class Player:
    """The part of a game without a Run that one rank plays."""

    def __init__(self, rank, own, G, D, objective, penalties=()):
        (self.G, self.opt_G), (self.D, self.opt_D) = G, D
        self.own, self.objective = own, objective
        self.penalties = [penalty.part(rank) for penalty in penalties]

    def move(self, x, z, turn):
        """V, D(x), D(G(z)), P and J."""
        x, z = rows(x, self.own), rows(z, self.own)
        points = np.random.default_rng((4, turn))
        x_fake, _ = self.G.forward(z)
        values = tg.d_step(
            *(self.D, self.opt_D, self.objective, x, x_fake, self.penalties, points)
        )
        J = tg.g_step(self.G, self.D, self.opt_G, self.objective, z, x)
        return *values, J


def players(nets, opts, size, N, objective, penalties=(), diversity=None) -> Shards:
    """A group that plays as one; of one rank, without its machinery."""
    G, D = zip(nets, opts, strict=True)
    if diversity is not None:
        objective = WithDiversity(objective, diversity)

    def make(ranks):
        if size == 1:
            return [Player(ALONE, slice(None), G, D, objective, penalties)]
        parts = cut(N, size, D[0].packs)
        own = (divided(*G, ranks), divided(*D, ranks))
        each = zip(ranks, parts, *own, strict=True)
        return [
            Player(rank, own, G, D, Gathered(objective, rank), penalties)
            for rank, own, G, D in each
        ]

    return Shards(size, make)

"""A game without a Run, played by a group of processes: for tests that compare it with
the game of whole batches.
"""

import numpy as np

import tinygan as tg
from tinygan.parallel.gathered import WholeDiversity, WholeObjective, divided
from tinygan.parallel.shards import ALONE, Shards, cut
from tinygan.values import rows


class Player:
    """One member's part of a game without a Run."""

    def __init__(self, member, own, G, D, objective, penalties=(), diversity=None):
        (self.G, self.opt_G), (self.D, self.opt_D) = G, D
        self.own, self.objective, self.diversity = own, objective, diversity
        self.penalties = [penalty.part(member) for penalty in penalties]

    def move(self, x, z, turn):
        """V, D(x), D(G(z)), P and J."""
        x, z = rows(x, self.own), rows(z, self.own)
        points = np.random.default_rng((4, turn))
        players = (self.G, self.D)
        values = tg.d_step(
            *players, self.opt_D, self.objective, x, z, self.penalties, points
        )
        J = tg.g_step(
            *players, self.opt_G, self.objective, z, x, diversity=self.diversity
        )
        return *values, J


def players(nets, opts, size, N, objective, penalties=(), diversity=None) -> Shards:
    """A group that plays as one; of one member, without its machinery."""
    G, D = zip(nets, opts, strict=True)

    def make(members):
        if size == 1:
            settings = (objective, penalties, diversity)
            return [Player(ALONE, slice(None), G, D, *settings)]
        parts = cut(N, size, D[0].joins)
        own = (divided(*G, members), divided(*D, members))
        each = zip(members, parts, *own, strict=True)
        return [
            Player(
                *(member, own, G, D, WholeObjective(objective, member), penalties),
                diversity and WholeDiversity(diversity, member),
            )
            for member, own, G, D in each
        ]

    return Shards(size, make)

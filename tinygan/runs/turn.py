"""The game of an experiment: what is drawn for each turn of it, and the turn.

A `Game` plays on whole batches, or, as the part of one member of a group (shards.py),
on that member's rows of every batch.
"""

import copy
import itertools
import math

from ..backend import BETWEEN, CONDITION, LATENT, NUMPY, POINTS, Backend, generator
from ..gan import play
from ..parallel.gathered import WholeDiversity, WholeObjective, divided
from ..parallel.mailbox import can_fork
from ..parallel.shards import ALONE, cut
from ..values import rows
from .conditions import between_pairs
from .experiment import Experiment


class Game:
    """Turns of Algorithm 1: what turn t draws is a function of (seed, t) alone.

    players: {"G": (its Net, its optimizer), "D": ...}
    batches: maps i to the i-th batch of data
    """

    def __init__(self, experiment: Experiment, backend: Backend, players, batches):
        self.experiment, self.backend, self.batches = experiment, backend, batches
        (self.G, self.opt_G), (self.D, self.opt_D) = players["G"], players["D"]
        self.objective = experiment.objective
        self.group, self.rows = ALONE, slice(None)

    def turn(self, turn: int) -> tuple:
        """k steps of D and one of G, in place; V, J, D(x), D(G(z)) and P (gan.py)."""
        e, k = self.experiment, self.experiment.critic_steps
        draws, batches = itertools.count(), itertools.count(k.before(turn))
        x = None

        def latent():
            if e.condition is None:
                return self.own(self.z(e.batch, LATENT, turn, next(draws)))
            z = self.latent(e.batch, LATENT, turn, next(draws))
            return self.own((z, self.asked(x[1], turn)))  # what the real batch has

        def real():
            nonlocal x
            x = self.batches(next(batches))
            if e.condition is not None:
                x = x[0], e.condition.of(x[1])
            return self.own(x)

        self.opt_G.lr = e.opt_G.lr * e.rate(turn)
        self.opt_D.lr = e.opt_D.lr * e.rate(turn)
        diversity = e.diversity_at(turn)
        return play(
            self.G,
            self.D,
            self.opt_G,
            self.opt_D,
            self.objective,
            real,
            latent,
            k(turn),
            [penalty.part(self.group) for penalty in e.penalties_at(turn)],
            generator(e.seed, POINTS, turn) if e.penalties else None,
            e.shared,
            diversity and WholeDiversity(diversity, self.group),
        )

    def own(self, v):
        """This member's rows of a value of the whole batch."""
        return rows(v, self.rows)

    def latent(self, n: int, *key: int):
        """n latents drawn for the place `key` of this game, on the backend."""
        rng = generator(self.experiment.seed, *key)
        return self.backend.asarray(self.experiment.latent.draw(n, rng))

    def z(self, n: int, *key: int):
        """What G takes: n latents, with a condition (z, y), y drawn as well."""
        e = self.experiment
        z = self.latent(n, *key)
        if e.condition is None:
            return z
        y = e.condition.draw(n, generator(e.seed, *key, CONDITION))
        return z, self.backend.asarray(y)

    def asked(self, y, turn: int):
        """What G is to make: y (N, ...), but for the share `between` half of it another
        sample's sentence; in pairs, if G pays for pairs that are alike.
        """
        e, diversity = self.experiment, self.experiment.diversity_at(turn)
        n = round(e.between * len(y) / (1 if diversity is None else 2))
        if n > 0:
            order = generator(e.seed, BETWEEN, turn).permutation(len(y))
            partner = y[self.backend.asarray(order)]
            mixed = between_pairs(y[:n], partner[:n])
            y = self.backend.xp.concatenate([mixed, y[n:]])
        return y if diversity is None else diversity.paired(y)

    # In parts.

    def divisible(self, size: int) -> bool:
        """Whether `size` processes can share every batch of this game."""
        e = self.experiment
        see_samples = [layer for net in (self.G, self.D) for _, layer in net.layers()]
        see_samples += [*e.penalties_at(0), *e.penalties_at(e.steps - 1)]
        divisible = all(one.divisible for one in see_samples)
        possible = self.backend is NUMPY and can_fork()
        return possible and divisible and self._cut(size) != []

    def parts(self, members: list) -> list["Game"]:
        """What each member of a group plays, so that all together play this game."""
        rows = self._cut(len(members))
        G = divided(self.G, self.opt_G, members)
        D = divided(self.D, self.opt_D, members)
        found = []
        for member, own, of_G, of_D in zip(members, rows, G, D, strict=True):
            part = copy.copy(self)
            (part.G, part.opt_G), (part.D, part.opt_D) = of_G, of_D
            part.objective = WholeObjective(self.objective, member)
            part.group, part.rows = member, own
            found.append(part)
        return found

    def _cut(self, size: int) -> list[slice]:
        joins = math.lcm(self.G.joins, self.D.joins)
        return cut(self.experiment.batch, size, joins)

"""The game of networks that grow: each turn plays at its level (Karras et al. 2018).

The schedule (growth/schedule.py) says at which level a turn is, and with which alpha.
Both networks go there, the real pictures are averaged down and faded in the same way,
and then the turn is an ordinary one (turn.py).
"""

import contextlib

from ..backend import Backend
from ..growth import Within, at_level
from .game import Player
from .reading import Reader
from .turn import Turns


class GrowingTurns(Turns):
    """A game of turns by Algorithm 1, between networks that grow together.

    Its samples have the size of the last level: a smaller picture is enlarged by whole
    pixels. Its measures compare them with real pictures of the present level.
    """

    def __init__(self, experiment, backend: Backend):
        super().__init__(experiment, backend)
        e, self.growth = experiment, experiment.growth
        self.players = {
            name: Player(net, Within(opt, net))
            for name, (net, opt) in self.players.items()
        }
        sizes = {e.batch * level.times for level in self.growth.levels}
        self.readers = {n: Reader(e, self.data, n, backend) for n in sizes}
        self._go(self.growth.at(0, e.batch))

    def turn(self, turn):
        stage = self.growth.at(turn, self.experiment.batch)
        self._go(stage)
        if stage.begins and stage.level > 0 and self.growth.reset:
            for player in self.players.values():
                player.opt.reset()
        if self.group.size > 1:
            self.rows = self.cut(stage.batch, self.group.size)[self.group.rank]
        return super().turn(turn)

    def _go(self, stage) -> None:
        """Bring both networks to this stage."""
        self.stage = stage
        for net, _ in self.players.values():
            net.grow(stage.level, stage.alpha)

    def rate(self, turn):
        return super().rate(turn) * self.stage.rate

    def batch(self, turn):
        return self.stage.batch

    def real(self, i, turn):
        x = self.readers[self.stage.batch](i, self.group)
        return at_level(x, self.D.in_shape, self.stage.alpha)

    def beta(self, turn, ema):
        """The average begins anew with each level. It goes back about a third of the
        level's turns, because a level is short and its weights are noisy.
        """
        age = self.growth.at(turn, self.experiment.batch).age
        return min(ema, (1 + age) / (3 + age))

    def place(self, turn):
        stage = self.growth.at(turn, self.experiment.batch)
        H, *_ = self.D.tree.in_shapes[stage.level]
        return {"level": stage.level, "pixels": H, "alpha": stage.alpha}

    def real_samples(self, n):
        x = super().real_samples(n)
        return self.experiment.samples(at_level(x, self.D.in_shape, self.D.alpha))

    def watch(self):
        stack = contextlib.ExitStack()
        stack.enter_context(super().watch())
        for reader in self.readers.values():
            stack.enter_context(reader.watching())
        return stack

    def rehearse(self):
        G, D = self.G.clone(), self.D.clone()
        for i, level in enumerate(self.growth.levels):
            for net in (G, D):
                net.grow(i, 0.5 if i else 1.0)
            self.try_turn(G, D, self.experiment.batch * level.times)

"""tinygan on CuPy, a whole step as one CUDA graph: so `tinygan train` plays turns."""

import itertools

from tinygan.optim.fed import fed
from tinygan.runs.feed import FedPoints, Feed

from .move import Player
from .on_tinygan import TinyganCupy


class TinyganGraph(TinyganCupy):
    """Steps that are captured once. A step copies its batch into the arrays of the
    graph, and sends the optimizers' numbers and the penalties' points.
    """

    name = "cupy-graph"

    def steps(self, player, game, batches):
        graphs, turns = [], itertools.count()

        def step():
            i = next(turns)
            if not graphs:  # within computing(): a graph needs a stream of its own
                graphs.append(Captured(self, player, game, batches[0]))
            graphs[0].play(i, batches[i % len(batches)])

        return step


class Captured:
    """A step of a game as a graph."""

    def __init__(self, library, player, game, batch):
        self.feed, self.steps = Feed(library.on, 0), []
        self.batch = [a.copy() for a in batch]
        dtype = player.pairs()[0][0].theta.dtype

        def work():
            self.steps.clear()
            pairs = [
                (net, fed(opt, self.feed, self.steps)) for net, opt in player.pairs()
            ]
            rng = FedPoints(self.feed, 0, dtype)
            game.tinygan(Player(library, player.work, pairs, rng), *self.batch)

        work()  # finds what is fed, and compiles the kernels
        self.feed.settle()
        self.launch, _ = library.on.capture(work)

    def play(self, i: int, batch) -> None:
        """The i-th step, on this batch."""
        for own, a in zip(self.batch, batch, strict=True):
            own[...] = a
        self.feed.fill(i)
        self.launch()
        for optimizer in self.steps:
            optimizer.inner.t += optimizer.taken

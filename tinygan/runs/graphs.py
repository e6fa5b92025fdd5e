"""Turns as graphs: on a GPU the launches of a whole turn are one launch.

A small step on a GPU takes as long as the launches of its hundreds of kernels. A graph
holds all launches of a turn, with the addresses of their arrays. It is captured once,
and from then on one launch plays a turn. Within a turn nothing may come from the host.
So the data, z, the points of penalties, the rates and Adam's t lie in arrays of fixed
places, and the `Feed` fills them before each turn.

A turn by a graph is, to the last bit, the turn without it. When a graph is captured,
the turn is played both ways. If the results differ, the run goes on without graphs.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from ..backend import Backend
from ..errors import BackendError, one_line
from ..optim.fed import fed
from .feed import PLAYS, Feed, kind_of, reader_of, reason
from .notes import tell

MOST = 8  # graphs of a run: with more kinds of turns than this, it plays without


class Graph(NamedTuple):
    """A captured turn."""

    feed: Feed
    steps: list  # of all optimizers
    launch: Callable
    values: object  # the quantities, (n,) on the device


class Graphs:
    """The graphs of a run, one for each kind of turn: `turn` plays a turn by its graph.

    Without `usable` turns are to be played as usual.
    """

    def __init__(self, run):
        self.run, self.usable = run, True
        self.found: dict[tuple, Graph] = {}
        alone = run.world.size == 1 and not run.divided
        self.why_not(reason(run.game) if alone else "several processes share a batch")
        if self.usable:
            self.reader = reader_of(run.game)
            players = run.players.values()
            layers = [layer for p in players for _, layer in p.net.layers()]
            self.states = [(layer, dict(layer.state)) for layer in layers]

    def why_not(self, sentence: str | None) -> None:
        """Give up, and tell why, unless there is no reason to."""
        if sentence is not None:
            tell(f"the turns are not played as CUDA graphs: {sentence}")
            self.usable = False

    def turn(self, turn: int):
        """Play a turn; return its quantities, a tuple or (n,), None if it was not
        played.
        """
        game = self.run.game
        game.set_rates(turn)
        kind = kind_of(game, turn)
        if kind not in self.found:
            if len(self.found) == MOST:
                self.why_not(f"there are more than {MOST} kinds of turns")
                return None
            return self._first(kind, turn)
        graph = self.found[kind]
        try:
            graph.feed.fill(turn)
        except BackendError as e:
            self.why_not(str(e))
            return None
        graph.launch()
        for optimizer in graph.steps:
            optimizer.inner.t += optimizer.taken
        return graph.values

    def _first(self, kind: tuple, turn: int):
        """Capture a turn of a new kind, and play it both ways."""
        run = self.run
        before = run.state()
        values = run.play(turn)
        self.keep_states()
        after = run.state()
        run.load(before)
        try:
            graph = self._captured(turn, before)
            self.found[kind] = graph
            found = self.turn(turn)
            if not self.usable:
                return None
        except Exception as e:
            self.why_not(one_line(str(e)))
        else:
            if same(after, run.state(), run.backend):
                return found
            self.why_not("a turn by a graph was another turn")
        run.load(after)
        return values

    def keep_states(self) -> None:
        """Bring the layers' states back to the arrays that the graphs know: a layer may
        have made new ones.
        """
        for layer, arrays in self.states:
            for name, array in arrays.items():
                if layer.state[name] is not array and hasattr(array, "dtype"):
                    array[...] = layer.state[name]
                    layer.state[name] = array

    def _captured(self, turn: int, before: dict) -> Graph:
        run, game = self.run, self.run.game
        feed, steps = Feed(run.backend, turn), []
        dtype = run.average.theta.dtype

        def play():
            steps.clear()
            opts = {k: fed(p.opt, feed, steps) for k, p in run.players.items()}
            values = PLAYS[type(game)](game, turn, feed, opts, self.reader)
            self.keep_states()
            share = feed(lambda: np.array(run.share(feed.turn), dtype))
            run.move_average(share)
            return run.backend.xp.stack(values)

        play()  # finds what is fed
        run.load(before)
        feed.settle()
        feed.fill(turn)
        launch, values = run.backend.capture(play)
        return Graph(feed, list(steps), launch, values)


def same(a: dict, b: dict, backend: Backend) -> bool:
    """Whether two states of a run have the same bits. The log is another matter."""
    host = backend.to_host
    return all(
        np.asarray(host(a[k])).tobytes() == np.asarray(host(b[k])).tobytes()
        for k in a
        if k != "log"
    )

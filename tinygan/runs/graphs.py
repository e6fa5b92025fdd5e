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

from ..backend import NUMPY, Backend
from ..errors import BackendError, one_line
from ..group import ALONE
from ..optim.fed import fed
from ..rng import LATENT, POINTS, generator
from ..values import leaves, mapped
from .notes import tell
from .reading import Reader
from .turn import Draws, Turns

MOST = 8  # graphs of a run: with more kinds of turns than this, it plays without


class Place(NamedTuple):
    """Where an array of the host goes: into that of its dtype."""

    dtype: np.dtype
    own: slice
    shape: tuple


class Feed:
    """What the host gives to a turn: the values of functions, in the order in which the
    turn asks for them.

    In the first turn it makes arrays as they are asked for. `settle` gives each a place
    in one array of its dtype. Then `fill` writes the values of the turn `turn` there.
    """

    def __init__(self, backend: Backend, turn: int):
        self.backend, self.turn = backend, turn
        self.makers: list[tuple] = []  # (a function, where its value goes)
        self.sizes: dict[np.dtype, int] = {}
        self.placed: list | None = None
        self.asked = self.fills = 0

    def __call__(self, make: Callable):
        """make() on the device: a value (n, ...), of the same shape in each turn."""
        if self.placed is None:
            value = make()
            self.makers.append((make, [self._reserved(a) for a in leaves(value)]))
            return mapped(self.backend.asarray, value)
        self.asked += 1
        return self.placed[self.asked - 1]

    def _reserved(self, a) -> Place:
        start = self.sizes.get(a.dtype, 0)
        self.sizes[a.dtype] = start + a.size
        return Place(a.dtype, slice(start, start + a.size), a.shape)

    def settle(self) -> None:
        """Make the arrays, and give every value its place in them."""
        empty, staging = self.backend.xp.empty, self.backend.staging
        self.arrays = {d: empty(n, d) for d, n in self.sizes.items()}
        self.staged = {d: staging(n, d) for d, n in self.sizes.items()}
        self.placed = []
        for make, places in self.makers:
            views = iter(self.arrays[p.dtype][p.own].reshape(p.shape) for p in places)
            self.placed.append(mapped(lambda _, views=views: next(views), make()))

    def fill(self, turn: int) -> None:
        """Write the values of a turn, by one transfer for each dtype."""
        self.turn, self.fills = turn, self.fills + 1
        memory = {dtype: staging.next() for dtype, staging in self.staged.items()}
        for make, places in self.makers:
            for place, a in zip(places, leaves(make()), strict=True):
                memory[place.dtype][place.own] = a.reshape(-1)
        for dtype, staging in self.staged.items():
            staging.send(self.arrays[dtype])


class FedDraws(Draws):
    """The draws of a turn, as arrays that the feed fills."""

    def __init__(self, game: Turns, turn: int, feed: Feed, reader: Reader):
        super().__init__(game, turn)
        self.feed, self.reader = feed, reader

    def real(self):
        n, before = self.batches, self.game.experiment.critic_steps.sum_before
        self.x = self.feed(lambda: self.reader(before(self.feed.turn) + n, ALONE))
        self.batches += 1
        return self.x

    def latent(self):
        e = self.game.experiment
        if not (e.shared and self.latents == self.k):
            n = self.latents
            z = self.feed(
                lambda: e.latent.draw(
                    e.batch, generator(e.seed, LATENT, self.feed.turn, n)
                )
            )
            self.z = e.condition.pair(z, e.condition.y_of(self.x))
            self.latents += 1
        return self.z


class FedPoints(np.random.Generator):
    """The generator of a turn's penalties: `random` returns numbers on the device.

    Each turn has a generator of its own, from which all draws of the turn come.
    """

    def __init__(self, feed: Feed, seed: int, dtype):
        super().__init__(np.random.PCG64())
        self.feed, self.seed, self.of = feed, seed, dtype
        self.fills, self.rng = -1, None

    def random(self, size=None, dtype=np.float64, out=None):
        """Uniform numbers on [0, 1), of this size, in the networks' dtype."""

        def make():
            if self.fills != self.feed.fills:
                self.fills = self.feed.fills
                self.rng = generator(self.seed, POINTS, self.feed.turn)
            return self.rng.random(size, dtype).astype(self.of)

        return self.feed(make)

    def integers(self, *args, **kwargs):
        """BackendError: whole numbers choose samples on the host."""
        raise BackendError("a penalty draws whole numbers")


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
            e, game = run.experiment, run.game
            self.reader = Reader(e, game.data, e.batch, NUMPY)
            layers = [f for net in (game.G, game.D) for _, f in net.layers()]
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
        kind = self.kind(turn)
        if kind not in self.found:
            if len(self.found) == MOST:
                self.why_not(f"there are more than {MOST} kinds of turns")
                return None
            return self._first(kind, turn)
        graph = self.found[kind]
        graph.feed.fill(turn)
        graph.launch()
        for optimizer in graph.steps:
            optimizer.inner.t += optimizer.taken
        return graph.values

    def kind(self, turn: int) -> tuple:
        """What decides which launches a turn has."""
        e = self.run.experiment
        return e.critic_steps(turn), repr(e.penalties_at(turn))

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
        rng = FedPoints(feed, run.experiment.seed, game.D.theta.dtype)

        def play():
            steps.clear()
            opts = [fed(game.players[name].opt, feed, steps) for name in "GD"]
            draws = FedDraws(game, turn, feed, self.reader)
            values = game.play(turn, draws, opts, rng)
            self.keep_states()
            share = feed(lambda: np.array(run.share(feed.turn), rng.of))
            run.move_average(share)
            return run.backend.xp.stack(values)

        play()  # finds what is fed
        run.load(before)
        feed.settle()
        feed.fill(turn)
        launch, values = run.backend.capture(play)
        return Graph(feed, list(steps), launch, values)


def reason(game) -> str | None:
    """Why the turns of a game cannot be graphs, or None."""
    if type(game) is not Turns:
        return f"{type(game).__name__} changes its networks, or is no game of a GAN"
    e = game.experiment
    if e.between or e.diversity_at(0) or e.diversity_at(e.steps - 1):
        return "between and diversity choose samples on the host"
    for name, player in game.players.items():
        try:
            fed(player.opt, None, [])
        except BackendError as error:
            return f"the optimizer of {name}, {error}"
    for net in (game.G, game.D):
        for path, layer in net.layers():
            if "draws" in layer.state:
                return f"{path} {layer!r} draws numbers on the host"
    return None


def same(a: dict, b: dict, backend: Backend) -> bool:
    """Whether two states of a run have the same bits. The log is another matter."""
    host = backend.to_host
    return all(
        np.asarray(host(a[k])).tobytes() == np.asarray(host(b[k])).tobytes()
        for k in a
        if k != "log"
    )

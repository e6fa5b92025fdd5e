"""What the host gives to a turn that is a graph (graphs.py), and turns that take it.

A graph cannot ask the host for anything. So all that a turn draws or reads on the host
comes through a `Feed`, which knows beforehand what a turn will ask for.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from ..backend import NUMPY, Backend
from ..errors import BackendError
from ..group import ALONE
from ..optim.fed import fed
from ..rng import LATENT, POINTS, generator
from ..values import leaves, mapped
from .ascent import AutoregressiveTurns, VariationalTurns
from .game import Game, Player
from .reading import Reader
from .turn import Draws, Turns


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
        """Write the values of a turn, by one transfer for each dtype.

        BackendError, before anything is sent, for a value of another shape.
        """
        self.turn, self.fills = turn, self.fills + 1
        memory = {dtype: staging.next() for dtype, staging in self.staged.items()}
        for make, places in self.makers:
            for place, a in zip(places, leaves(make()), strict=True):
                if a.shape != place.shape:
                    raise BackendError(
                        f"turn {turn + 1} has {a.shape} where others have {place.shape}"
                    )
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


def gan(game: Turns, turn: int, feed: Feed, opts: dict, reader: Reader) -> tuple:
    """A turn of a GAN."""
    rng = FedPoints(feed, game.experiment.seed, game.D.theta.dtype)
    draws = FedDraws(game, turn, feed, reader)
    return game.play(turn, draws, (opts["G"], opts["D"]), rng)


def likelihood(game, turn: int, feed: Feed, opts: dict, reader: Reader) -> tuple:
    """A step up a likelihood."""
    x = feed(lambda: reader(feed.turn, ALONE))
    noise = None
    if game.noise(turn) is not None:
        noise = feed(lambda: game.noise(feed.turn))
    players = {name: Player(p.net, opts[name]) for name, p in game.players.items()}
    return game.step(players, x, noise)


PLAYS: dict[type[Game], Callable] = {
    Turns: gan,
    VariationalTurns: likelihood,
    AutoregressiveTurns: likelihood,
}


def kind_of(game, turn: int) -> tuple:
    """What decides which launches a turn has."""
    if type(game) is not Turns:
        return ()
    e = game.experiment
    return e.critic_steps(turn), repr(e.penalties_at(turn))


def reader_of(game) -> Reader:
    """The game's data as batches on the host."""
    return Reader(game.experiment, game.data, game.experiment.batch, NUMPY)


def reason(game) -> str | None:
    """Why the turns of a game cannot take a feed, or None."""
    if type(game) not in PLAYS:
        return f"{type(game).__name__} changes its networks from turn to turn"
    e = game.experiment
    if type(game) is Turns and (
        e.between or e.diversity_at(0) or e.diversity_at(e.steps - 1)
    ):
        return "between and diversity choose samples on the host"
    for name, player in game.players.items():
        try:
            fed(player.opt, None, [])
        except BackendError as error:
            return f"the optimizer of {name}, {error}"
        for path, layer in player.net.layers():
            if "draws" in layer.state:
                return f"{path} {layer!r} draws numbers on the host"
    return None

"""The game of a GAN: draw data and latents for a turn, then play it (gan.py).

`Turns` plays on whole batches. If several ranks play (group.py), each has a part of the
game, which plays on that rank's rows of every batch.
"""

import copy
import math

import numpy as np

from ..backend import NUMPY, Backend
from ..data import GaussianMixture
from ..gan import play
from ..group import ALONE, Group
from ..objectives import WithDiversity
from ..parallel.gathered import Gathered, divided
from ..parallel.shards import cut
from ..penalties import GradientPenalty
from ..rng import BETWEEN, CONDITION, LATENT, PICTURE, POINTS, generator
from ..values import numbers, rows
from .conditions import between_pairs, grid
from .equilibrium import equilibrium
from .game import Game, Player
from .media import medium_of
from .reading import Reader

MANY = 256  # times a few samples: below, the memory of a batch is not worth a question


class Turns(Game):
    """A game of turns by Algorithm 1: a turn is k steps of D and one step of G."""

    maker = "G"
    curves = (
        {"V": "V(D, G), D ascends", "J": "J(G), G descends", "P": "P, D pays"},
        {"D_x": "D(x)", "D_Gz": "D(G(z))"},
    )

    def __init__(self, experiment, backend: Backend):
        e, self.experiment, self.backend = experiment, experiment, backend
        opts = copy.deepcopy(e.opt_G), copy.deepcopy(e.opt_D)
        self.G, self.D = nets = e.networks(backend)
        self.players = dict(zip("GD", map(Player, nets, opts), strict=True))
        for net, opt in self.players.values():
            opt.prepare(net.theta)
        self.data = e.data()
        e.expects(self.data)
        self.reader = Reader(e, self.data, e.batch, backend)
        self.group: Group = ALONE
        self.rows = slice(None)
        labels = {"V": "V", "J": "J", "D_x": "D(x)", "D_Gz": "D(G(z))", "P": "P"}
        self.quantities = labels
        self.logged = tuple(labels) if e.penalties else tuple(labels)[:-1]

    def facts(self):
        objective = self.experiment.objective
        found = super().facts() | {"kind": "gan", "objective": repr(objective)}
        if isinstance(self.data, GaussianMixture):
            found["modes"] = len(self.data.means)
        return found | equilibrium(objective)

    def turn(self, turn):
        e = self.experiment
        self.set_rates(turn)
        opts = self.players["G"].opt, self.players["D"].opt
        rng = generator(e.seed, POINTS, turn) if e.penalties else None
        return self.play(turn, Draws(self, turn), opts, rng)

    def set_rates(self, turn: int) -> None:
        """Give both optimizers the learning rates of a turn."""
        e, rate = self.experiment, self.rate(turn)
        self.players["G"].opt.lr = e.opt_G.lr * rate
        self.players["D"].opt.lr = e.opt_D.lr * rate

    def play(self, turn: int, draws: "Draws", opts: tuple, rng) -> tuple:
        """Play a turn with these draws and optimizers, (opt_G, opt_D)."""
        e, G, D = self.experiment, self.players["G"].net, self.players["D"].net
        return play(
            (OneForward(G) if e.shared else G, D, *opts),
            self.objective(turn),
            draws.real,
            draws.latent,
            k=draws.k,
            penalties=[penalty.part(self.group) for penalty in e.penalties_at(turn)],
            rng=rng,
        )

    def rate(self, turn: int) -> float:
        """The factor of both learning rates in a turn."""
        return self.experiment.rate(turn)

    def batch(self, turn: int) -> int:
        """How many samples a batch of this turn has."""
        return self.experiment.batch

    def real(self, i: int, turn: int):
        """Batch i of the data, as D takes it in this turn: a value (N, ...)."""
        return self.reader(i, self.group)

    def objective(self, turn: int):
        """The objective of a turn, which sees the samples of all ranks."""
        e, objective = self.experiment, self.experiment.objective
        diversity = e.diversity_at(turn)
        if diversity is not None:
            objective = WithDiversity(objective, diversity)
        return objective if self.group is ALONE else Gathered(objective, self.group)

    def watch(self):
        """A context in which NaN and infinity in the data, or in z, are an error."""
        return self.reader.watching()

    def latents(self, n: int, *key: int):
        """n latents on the backend, drawn with the key `key` (rng.py)."""
        rng = generator(self.experiment.seed, *key)
        return self.backend.asarray(self.experiment.latent.draw(n, rng))

    def inputs(self, n, *key):
        e = self.experiment
        y = e.condition.draw(n, generator(e.seed, *key, CONDITION))
        y = None if y is None else self.backend.asarray(y)
        return e.condition.pair(self.latents(n, *key), y)

    def picture_inputs(self, n):
        e = self.experiment
        y, _ = e.condition.rows(math.isqrt(n))
        if y is None:
            return self.inputs(n, PICTURE), None
        z = e.latent.draw(n, generator(e.seed, PICTURE))
        columns, pairs = grid(z, y, n)
        return tuple(map(self.backend.asarray, pairs)), columns

    def samples(self, made):
        return self.experiment.samples(made)

    def real_samples(self, n):
        batch = self.data.batches(n, PICTURE, NUMPY)(0)
        return np.asarray(self.experiment.condition.x_of(batch))

    def measures(self, samples, real):
        return medium_of(self.experiment).measures(samples, real, self.data)

    def asked(self, y, turn: int):
        """The conditions for G, from the y (N, ...) of the real batch. In the share
        `between` of them, half of y is another sample's sentence. With a diversity, the
        two samples of a pair get the same y.
        """
        if y is None:
            return None
        e, diversity = self.experiment, self.experiment.diversity_at(turn)
        n = round(e.between * len(y) / (1 if diversity is None else 2))
        if n > 0:
            order = generator(e.seed, BETWEEN, turn).permutation(len(y))
            partner = y[self.backend.asarray(order)]
            mixed = between_pairs(y[:n], partner[:n])
            y = self.backend.xp.concatenate([mixed, y[n:]])
        return y if diversity is None else diversity.paired(y)

    def rehearse(self):
        """Raise the error that a turn would raise, for a batch that the layers do not
        take or a D that cannot be penalised.
        """
        self.try_turn(self.G.clone(), self.D.clone(), self.experiment.batch)

    def try_turn(self, G, D, batch: int) -> None:
        """Play a turn of these networks on made-up data."""
        e = self.experiment
        penalties = copy.deepcopy([*e.penalties_at(0), *e.penalties_at(e.steps - 1)])
        opts = copy.deepcopy(e.opt_G), copy.deepcopy(e.opt_D)  # they may be one object
        with np.errstate(all="ignore"):
            z = self.inputs(batch, LATENT, 0, 0)
            x, _ = G.forward(z)  # in place of data, which are not read here
            s, cache = D.forward(x)
            if any(isinstance(p, GradientPenalty) for p in penalties):
                _, cache_dot = D.tangent(numbers(x), cache)
                D.tangent_backward(None, s, cache, cache_dot)
            rng = generator(e.seed, POINTS)
            players, objective = (G, D, *opts), self.objective(0)
            play(players, objective, lambda: x, lambda: z, 1, penalties, rng)

    def memory(self):
        """What the passes of both networks keep, found on a few samples: the caches of
        a real and of a fake batch, and gradients of that size.
        """
        e, packs = self.experiment, math.lcm(self.G.packs, self.D.packs)
        few = 4 * packs
        if e.batch <= MANY * few:
            return 0
        G, D = self.G.clone(), self.D.clone()
        with np.errstate(all="ignore"):
            x, c_G = G.forward(self.inputs(few, LATENT, 0, 0))
            s, c_D = D.forward(x)
        return 3 * kept_bytes((x, c_G, s, c_D)) * (e.batch // few)

    # On several ranks.

    def products(self):
        return self.experiment.batch * (self.G.products + self.D.products)

    def divisible(self, size):
        e = self.experiment
        see_samples = [layer for net in (self.G, self.D) for _, layer in net.layers()]
        see_samples += [*e.penalties_at(0), *e.penalties_at(e.steps - 1)]
        divisible = all(one.divisible for one in see_samples)
        return divisible and self.cut(self.experiment.batch, size) != []

    def parts(self, ranks):
        players = {
            name: divided(*player, ranks) for name, player in self.players.items()
        }
        found = []
        for i, rank in enumerate(ranks):
            part = copy.copy(self)
            part.players = {name: Player(*each[i]) for name, each in players.items()}
            part.G, part.D = part.players["G"].net, part.players["D"].net
            part.group = rank
            part.rows = self.cut(self.experiment.batch, rank.size)[rank.rank]
            found.append(part)
        return found

    def cut(self, batch: int, size: int) -> list[slice]:
        """The rows of each of `size` ranks in a batch; [] if it cannot be cut."""
        return cut(batch, size, math.lcm(self.G.packs, self.D.packs))


def kept_bytes(cache) -> int:
    """The bytes of all arrays in a cache, each once, however deep they lie."""
    found, todo = {}, [cache]
    while todo:
        thing = todo.pop()
        if isinstance(thing, dict):
            todo += thing.values()
        elif isinstance(thing, tuple | list):
            todo += thing
        elif hasattr(thing, "nbytes"):
            base = thing if getattr(thing, "base", None) is None else thing.base
            found[id(base)] = base.nbytes if hasattr(base, "nbytes") else thing.nbytes
    return sum(found.values())


class Draws:
    """The draws of one turn: k batches of data, and latents for k + 1 steps.

    If both players' steps share one G(z), the generator's step gets the last latents of
    the discriminator's steps. A rank gets its rows of everything.
    """

    def __init__(self, game: Turns, turn: int):
        self.game, self.turn = game, turn
        steps = game.experiment.critic_steps
        self.k, self.first = steps(turn), steps.sum_before(turn)
        self.batches = self.latents = 0  # how many are drawn so far

    def real(self):
        """The next batch of data, as D takes it."""
        self.x = self.game.real(self.first + self.batches, self.turn)
        self.batches += 1
        return rows(self.x, self.game.rows)

    def latent(self):
        """The next latents, with conditions from the real batch."""
        game, e = self.game, self.game.experiment
        if not (e.shared and self.latents == self.k):
            z = game.latents(game.batch(self.turn), LATENT, self.turn, self.latents)
            game.reader.require_finite("latents z", z)
            y = game.asked(e.condition.y_of(self.x), self.turn)
            self.z = rows(e.condition.pair(z, y), game.rows)
            self.latents += 1
        return self.z


class OneForward:
    """G with one forward pass for each z, even if both players' steps use that z."""

    def __init__(self, G):
        self.G, self.z = G, None

    def forward(self, z, train: bool = True):
        """G.forward(z), (N, ...). With the same z again, it gives the same result."""
        if z is not self.z:
            self.z, self.made = z, self.G.forward(z, train)
        return self.made

    def __getattr__(self, name):
        return getattr(self.G, name)

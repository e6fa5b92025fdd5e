"""The games of likelihood models: every player goes up one value.

A GAN's two players pull in two directions (turn.py). Here a turn is one step of all
networks up a likelihood, or up a bound below it (likelihood/).
"""

import copy
import math

import numpy as np

from ..backend import NUMPY, Backend
from ..group import ALONE, Group
from ..likelihood import likelihood_step, vae_step
from ..parallel.gathered import divided
from ..parallel.shards import cut
from ..rng import LATENT, PICTURE, generator
from ..values import rows
from .game import Game, Player
from .media import medium_of
from .reading import Reader

HELD = 500  # held-out samples whose likelihood stands in the log
COLUMNS, ROWS = 10, 5  # of the pictures of reconstructions and of walks


class Ascent(Game):
    """A game whose players all go up one value. A turn is one step on one batch."""

    def __init__(self, experiment, backend: Backend):
        e, self.experiment, self.backend = experiment, experiment, backend
        self.players = e.players(backend)
        for net, opt in self.players.values():
            opt.prepare(net.theta)
        self.data = e.data()
        e.expects(self.data)
        self.reader = Reader(e, self.data, e.batch, backend)
        self.held = None
        if e.held_out is not None:
            held = e.held_out()
            e.expects(held)
            self.held = held.batches(min(HELD, len(held)), 0, NUMPY)(0)
        self.group: Group = ALONE
        self.rows = slice(None)

    def turn(self, turn):
        self.set_rates(turn)
        x = rows(self.reader(turn, self.group), self.rows)
        noise = self.noise(turn)
        if noise is not None:
            noise = rows(self.backend.asarray(noise), self.rows)[: len(x)]
        return self.step(self.players, x, noise)

    def set_rates(self, turn: int) -> None:
        """Give all optimizers the learning rate of a turn."""
        e = self.experiment
        for _, opt in self.players.values():
            opt.lr = e.opt.lr * e.rate(turn)

    def noise(self, turn: int):
        """What a turn draws, (N, ...) on the host; None if it draws nothing."""
        return None

    def step(self, players: dict[str, Player], x, noise) -> tuple:
        """One step of these players on a batch x (N, *shape): the quantities."""
        raise TypeError(
            f"{type(self).__name__} does not define step(players, x, noise)"
        )

    def watch(self):
        return self.reader.watching()

    def inputs(self, n, *key):
        rng = generator(self.experiment.seed, *key)
        return self.backend.asarray(self.experiment.latent.draw(n, rng))

    def picture_inputs(self, n):
        return self.inputs(n, PICTURE), None

    def made(self, net, inputs):
        return self.experiment.made(net, inputs)

    def real_samples(self, n):
        return self.data.batches(n, PICTURE, NUMPY)(0)

    def measures(self, samples, real):
        return medium_of(self.experiment).measures(samples, real, self.data)

    def measured(self, net):
        if self.held is None:
            return {}
        nets = {name: player.net for name, player in self.players.items()}
        nets[self.maker], e = net, self.experiment
        with np.errstate(all="ignore"):
            x, rng = self.backend.asarray(self.held), generator(e.seed, PICTURE)
            values = e.log_likelihood(nets, x, rng)
        return {"held_out": values.mean()}

    def rehearse(self):
        """Raise the error that a turn would raise, on made-up data."""
        e, copies = self.experiment, {}
        for name, (net, opt) in self.players.items():
            copies[name] = Player(net.clone(), copy.deepcopy(opt))
        with np.errstate(all="ignore"):
            shape = (e.batch, *e.shape)
            x = self.backend.asarray(np.zeros(shape, np.float32))
            noise = self.noise(0)
            noise = None if noise is None else self.backend.asarray(noise)
            self.step(copies, x, noise)

    # On several ranks.

    def products(self):
        return self.experiment.batch * sum(
            p.net.products for p in self.players.values()
        )

    def divisible(self, size):
        layers = [f for p in self.players.values() for _, f in p.net.layers()]
        return all(f.divisible for f in layers) and self.cut(size) != []

    def cut(self, size: int) -> list[slice]:
        """The rows of each of `size` ranks in a batch; [] if it cannot be cut."""
        packs = math.lcm(*(p.net.packs for p in self.players.values()))
        return cut(self.experiment.batch, size, packs)

    def parts(self, ranks):
        players = {
            name: divided(*player, ranks) for name, player in self.players.items()
        }
        found = []
        for i, rank in enumerate(ranks):
            part = copy.copy(self)
            part.players = {name: Player(*each[i]) for name, each in players.items()}
            part.group, part.rows = rank, self.cut(rank.size)[rank.rank]
            found.append(part)
        return found


class VariationalTurns(Ascent):
    """A turn is `vae_step` on one batch."""

    maker = "D"
    curves = ({"ELBO": "ELBO", "log_p": "log p(x|z)"}, {"KL": "KL(q(z|x), p(z))"})

    def __init__(self, experiment, backend):
        super().__init__(experiment, backend)
        self.quantities = {"ELBO": "ELBO", "log_p": "log p(x|z)", "KL": "KL"}
        self.logged = tuple(self.quantities)

    def facts(self):
        return super().facts() | {"kind": "vae", "beta": self.experiment.beta}

    def noise(self, turn):
        e = self.experiment
        return e.latent.draw(e.batch, generator(e.seed, LATENT, turn))

    def step(self, players, x, eps):
        (E, opt_E), (D, opt_D) = players["E"], players["D"]
        e, players = self.experiment, (E, D, opt_E, opt_D)
        log_p, KL = vae_step(players, e.likelihood, x, eps, e.beta, self.group)
        return log_p - KL, log_p, KL

    def more_pictures(self, net):
        """Images and their reconstructions, in turn, row by row; and walks in z, from
        one image in the first column to another one in the last.
        """
        if len(self.experiment.shape) != 3:
            return {}
        xp, E = self.backend.xp, self.players["E"].net
        real = self.real_samples(COLUMNS * ROWS) if self.held is None else self.held
        x = self.backend.asarray(real[: COLUMNS * ROWS])
        with np.errstate(all="ignore"):
            code, _ = E.forward(x, train=False)
            mu, _ = xp.split(code, 2, axis=1)
            again = self.made(net, mu)
            t = xp.asarray(np.linspace(0, 1, COLUMNS), mu.dtype)[:, None]
            b = mu[1 : 2 * ROWS : 2, None]  # (ROWS, 1, d)
            a = mu[0 : 2 * ROWS : 2, None][: len(b)]
            ways = (1 - t) * a + t * b  # (ROWS, COLUMNS, d)
            walks = self.made(net, ways.reshape(-1, mu.shape[1]))
        pairs = [
            part[i : i + COLUMNS]
            for i in range(0, len(x), COLUMNS)
            for part in (x, again)
        ]
        return {
            "reconstructions.png": (xp.concatenate(pairs), COLUMNS),
            "walk.png": (walks, COLUMNS),
        }


class AutoregressiveTurns(Ascent):
    """A turn is `likelihood_step` on one batch."""

    maker = "M"

    def __init__(self, experiment, backend):
        super().__init__(experiment, backend)
        self.quantities = {"log_p": "log p(x)"}
        self.logged = tuple(self.quantities)

    def facts(self):
        return super().facts() | {"kind": "autoregressive"}

    def step(self, players, x, noise):
        net, opt = players["M"]
        return (likelihood_step(net, opt, self.experiment.likelihood, x, self.group),)

"""A game in progress: what one turn of it is, and all that it has to remember.

A `Run` is a function of (experiment, step): all its randomness is keyed by the seed and
the step, so its state is the two networks, G's moving average, the two optimizers and
the step, and a resumed run continues bit for bit.
"""

import copy
import math

import numpy as np

from ..backend import LATENT, NUMPY, PICTURE, Backend, generator
from ..errors import NonFiniteError
from ..measures import cheap_measures
from ..parallel.shards import Shards
from ..penalties import GradientPenalty
from .conditions import grid
from .experiment import Experiment
from .turn import Game

QUANTITIES = ("V", "J", "D_x", "D_Gz", "P")


class Run:
    """A game in progress on one backend: G, D, their optimizers, and the step."""

    def __init__(
        self,
        experiment: Experiment,
        backend: Backend = NUMPY,
        cores: int | None = None,
    ):
        self.experiment, self.backend, self.step = experiment, backend, 0
        self.G, self.D = experiment.networks(backend)
        products = experiment.batch * (self.G.products + self.D.products)
        self.cores = cores or backend.cores_for(products)
        self.G_ema = self.G.clone() if experiment.ema else self.G  # makes the samples
        self.opt_G = copy.deepcopy(experiment.opt_G)
        self.opt_D = copy.deepcopy(experiment.opt_D)
        self.players = {"G": (self.G, self.opt_G), "D": (self.D, self.opt_D)}
        for net, opt in self.players.values():
            opt.prepare(net.theta)
        self.data = experiment.data()
        experiment.expects(self.data)
        batches = self.data.batches(experiment.batch, experiment.seed, backend)
        self.game = Game(experiment, backend, self.players, batches)
        self._rehearse()
        self.shards = self._divide()
        # QUANTITIES of the steps since the last fetch: they stay on the device
        shape = (experiment.log_every, len(QUANTITIES))
        self.log = backend.asarray(np.zeros(shape, np.float32))

    def _rehearse(self) -> None:
        """Raise now, before anything is written, what a turn would raise: a batch that
        the layers do not take, a D that cannot be penalised.
        """
        e, G, D = self.experiment, self.G.clone(), self.D.clone()
        penalties = [*e.penalties_at(0), *e.penalties_at(e.steps - 1)]
        with np.errstate(all="ignore"):
            x, _ = G.forward(self.game.z(e.batch, LATENT, 0, 0))
            _, cache = D.forward(x)
            if any(isinstance(p, GradientPenalty) for p in penalties):
                D.tangent((x[0], None) if e.condition else x, cache)

    def _divide(self) -> Shards | None:
        """The processes that share every batch, if there are to be several, and all
        that sees samples allows it.
        """
        if self.cores > 1 and self.game.divisible(self.cores):
            return Shards(self.cores, self.game.parts)
        return None

    @property
    def divided(self) -> bool:
        """Whether processes share every batch."""
        return self.shards is not None

    def computing(self):
        """The context to take turns in: BLAS on the cores that the batch leaves."""
        return self.backend.computing(1 if self.divided else self.cores)

    def turn(self) -> None:
        """One turn of Algorithm 1 (game.py), its values into the log."""
        e, turn = self.experiment, self.step
        if self.shards is None:
            values = self.game.turn(turn)
        else:
            values, *_ = self.shards.run("turn", turn)
        if e.ema:
            beta = min(e.ema, (1 + turn) / (10 + turn))
            self.G_ema.theta += (1 - beta) * (self.G.theta - self.G_ema.theta)
        row = self.log[turn % e.log_every]
        for i, value in enumerate(values):
            row[i] = value
        self.step += 1

    def fetch(self) -> np.ndarray:
        """The values of the steps since the last full interval: one host read."""
        n = self.step % self.experiment.log_every or self.experiment.log_every
        return self.backend.to_host(self.log)[:n]

    def finite(self, state: dict) -> bool:
        """Whether every number of a state is finite: one more host read."""
        isfinite = self.backend.xp.isfinite
        bad = sum((~isfinite(a)).sum() for a in state.values() if a.dtype.kind == "f")
        return int(self.backend.to_host(bad)) == 0

    def samples(self, n: int = 100) -> np.ndarray:
        """G(z) for n latents that are the same at every step; running statistics.

        With a condition y is drawn, too.
        """
        return self._made(self.game.z(n, PICTURE))

    def picture_samples(self, n: int = 100) -> tuple[np.ndarray, int | None]:
        """Samples for a picture, and how many columns it is to have (None: any).

        With a condition each row has one y, and each column one z.
        """
        e = self.experiment
        if e.condition is None:
            return self.samples(n), None
        y, _ = e.condition.rows(math.isqrt(n))
        z = e.latent.draw(n, generator(e.seed, PICTURE))
        columns, pairs = grid(z, y, n)
        return self._made(tuple(map(self.backend.asarray, pairs))), columns

    def _made(self, inputs) -> np.ndarray:
        """G's samples on the host, with running statistics."""
        self.G_ema.load_state(self.G.state())
        x, _ = self.G_ema.forward(inputs, train=False)
        return self.backend.to_host(x if self.experiment.condition is None else x[0])

    def measures(self) -> dict[str, float]:
        """The cheap ones of `metrics`, of the same latents and data at every step."""
        n = 2500 if math.prod(self.experiment.shape) <= 16 else 256
        samples = self.samples(n)
        if not np.isfinite(samples).all():
            return {}
        return cheap_measures(samples, self.real_samples(n), self.data)

    def real_samples(self, n: int) -> np.ndarray:
        """n real samples, for a picture: the first batch of a stream of their own."""
        batch = self.data.batches(n, PICTURE, NUMPY)(0)
        return np.asarray(batch if self.experiment.condition is None else batch[0])

    def state(self) -> dict:
        """All that changes from step to step: arrays copied where they are, on the
        device or (the numbers) on the host.
        """
        arrays = {"step": self.step, "log": self.log}
        for name, (net, opt) in self.players.items():
            arrays[f"{name}.theta"] = net.theta
            arrays |= {f"{name}.state.{k}": v for k, v in net.state().items()}
            arrays |= {f"{name}.opt.{k}": v for k, v in opt.state().items()}
        if self.experiment.ema:
            arrays["G.ema"] = self.G_ema.theta
        return {
            k: np.array(v) if isinstance(v, int) else v.copy()
            for k, v in arrays.items()
        }

    def on_host(self, state: dict) -> dict[str, np.ndarray]:
        """The arrays of `state()` as NumPy arrays."""
        host = self.backend.to_host
        return {
            k: v if isinstance(v, np.ndarray) else host(v) for k, v in state.items()
        }

    def load(self, arrays: dict) -> None:
        """Take over what `state()` gave; names and shapes must be this run's."""

        def under(prefix):
            n = len(prefix)
            return {k[n:]: v for k, v in arrays.items() if k.startswith(prefix)}

        if self.shards is not None:
            self.shards.close()  # the other processes have the state of before
        self.step = int(arrays["step"])
        self.log[...] = self.backend.asarray(arrays["log"])
        for name, (net, opt) in self.players.items():
            net.theta[...] = self.backend.asarray(arrays[f"{name}.theta"])
            net.load_state(under(f"{name}.state."))
            opt.load_state(under(f"{name}.opt."))
        if self.experiment.ema:
            self.G_ema.theta[...] = self.backend.asarray(arrays["G.ema"])

    def diagnose(self, good: dict) -> str:
        """Where the first NaN or infinity arose, by replaying from the state `good`."""
        last = self.step
        self.load(good)
        self.shards = None  # the whole batch, where a layer's passes can be watched
        while self.step < last:
            try:
                with self.G.watch("G"), self.D.watch("D"):
                    self.turn()
            except NonFiniteError as e:
                return f"step {self.step + 1}: NaN or infinity in {e}"
            state = self.state()
            if not self.finite(state):
                return f"step {self.step}: NaN or infinity in {self._culprit(state)}"
        return f"step {self.step}: NaN or infinity that a replay did not show again"

    def _culprit(self, state: dict) -> str:
        """The first array of a state that is not finite: "D, layer 3_Dense.W"."""
        values = {}
        for name, array in self.on_host(state).items():
            player, _, what = name.partition(".")
            if what == "theta":
                layers = self.players[player][0].parameters(array)
                values |= {f"{player}, layer {k}": v for k, v in layers.items()}
            elif what.startswith("state."):
                values[f"{player}, layer {what.removeprefix('state.')}"] = array
            elif what.startswith("opt."):
                values[f"{player}'s optimizer, {what.removeprefix('opt.')}"] = array
        row = self.fetch()[-1]
        values |= {"D's value V": row[0], "G's value J": row[1]}
        bad = (name for name, v in values.items() if not np.isfinite(v).all())
        return next(bad, "the log")

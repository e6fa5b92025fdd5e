"""A run: a game in progress, the count of its turns, and all that it must remember.

All random numbers of a run are keyed by the seed and the step. So its state is only the
players' networks and optimizers, the moving average and the step, and a resumed run
continues bit for bit.
"""

import contextlib

import numpy as np

from ..backend import NUMPY, Backend
from ..errors import NonFiniteError, whole
from ..group import ALONE, Group
from ..net import Net
from ..parallel.mailbox import can_fork
from ..parallel.mpi import agreed, leading, neighbours
from ..parallel.shards import NoProcessesError, Shards
from ..rng import PICTURE
from . import asking
from .graphs import Graphs
from .joint import expect_same_weights, joined
from .medium import Shown
from .memory import expect_room
from .notes import tell
from .trainable import Trainable

SMALLER = "a smaller --batch may fit"


class Run:
    """A game in progress on one backend: its players and the step.

    run.G is the network of the player called G, and so on for all players. `cores`: the
    number of processes that share a batch, at most as many as there are cores, and as
    the batch can be divided into. None: as many as are worth using. `world`: processes
    of MPI (parallel/mpi.py), each with a Run of the same experiment and cores of its
    own. They share every batch, too: `turn` and `load` wait for all of them.

    `graphs`: play turns as graphs of the backend, where that can be (graphs.py).

    Raises InputError unless `cores` is a whole number >= 1, and if the processes of
    `world` cannot share a batch.
    """

    def __init__(
        self,
        experiment: Trainable,
        backend: Backend = NUMPY,
        cores: int | None = None,
        world: Group = ALONE,
        graphs: bool = False,
    ):
        self.experiment, self.backend, self.step = experiment, backend, 0
        self.world = world
        if world.size > 1:
            backend.use_device(world.neighbour)  # type: ignore[attr-defined]
        with agreed(world):
            self.game = experiment.game(backend)
            self.players, self.data = self.game.players, self.game.data
            self.cores = self._usable(cores)
            made_by = self.players[self.game.maker].net
            # The moving average of the maker, which makes the samples.
            self.average = made_by.clone() if experiment.ema else made_by
            expect_room(self.game.memory(), f"batch {experiment.batch}", SMALLER)
            self.game.rehearse()
        self.shards = self._divide() if world.size == 1 else joined(self)
        # The quantities of the steps since the last fetch: they stay on the device.
        shape = (experiment.log_every, len(self.game.quantities))
        self.log = backend.asarray(np.zeros(shape, np.float32))
        self.graphs = Graphs(self) if graphs else None

    def __getattr__(self, name):
        players = vars(self).get("players", {})
        if name not in players:
            raise AttributeError(f"a Run has no {name!r}, only players {list(players)}")
        return players[name].net

    def _usable(self, asked: int | None) -> int:
        """How many cores to use if so many are asked for."""
        most = max(1, self.backend.cores() // neighbours(self.world))
        if asked is None:
            products = self.game.products() // self.world.size
            return min(self.backend.cores_for(products), most)
        asked = whole("Run", "cores >= 1", asked)
        if asked > most:
            tell(f"{asked} cores were asked for, and {most} can be used here")
        return min(asked, most)

    def _divide(self) -> Shards | None:
        """The processes that share every batch; None if one process plays alone."""
        for size in range(self.processes(), 1, -1):
            if self.game.divisible(size):
                try:
                    shards = Shards(size, self.game.parts)
                except NoProcessesError as e:
                    tell(f"{e}; one process goes on")
                    return None
                self.cores = size
                return shards
        return None

    def processes(self) -> int:
        """How many processes may share a batch on this machine."""
        return self.cores if self.backend is NUMPY and can_fork() else 1

    def alone(self) -> None:
        """From now on one process plays on whole batches."""
        if self.shards is not None:
            self.shards.close()
            self.shards = None

    def wake(self) -> None:
        """Let the processes that share a batch go on, if they were stopped."""
        if self.shards is not None:
            self.shards.wake()

    @property
    def divided(self) -> bool:
        """True if processes share every batch."""
        return self.shards is not None

    def computing(self):
        """The context to play turns in: each process gives BLAS its share of cores."""
        return self.backend.computing(1 if self.divided else self.cores)

    def turn(self) -> None:
        """Play one turn; its quantities go into the log."""
        turn, values = self.step, None
        if self.graphs is not None and self.graphs.usable:
            values = self.graphs.turn(turn)
        if values is None:
            values = self.play(turn)
        row = self.log[turn % self.experiment.log_every]
        if isinstance(values, tuple):
            for i, value in enumerate(values):
                row[i] = value
        else:
            row[...] = values
        self.step += 1

    def play(self, turn: int) -> tuple:
        """Play a turn without a graph, and move the average. Returns the quantities."""
        if self.shards is not None:
            try:
                with self._led("turn"):
                    values, *_ = self.shards.run("turn", turn)
            except NoProcessesError as error:  # none of them has begun
                if self.world.size > 1:
                    raise
                tell(f"{error}; one process goes on")
                self.alone()
        if self.shards is None:
            values = self.game.turn(turn)
        self.move_average(self.share(turn))
        return values

    def share(self, turn: int) -> float:
        """The share of the maker's new weights in their average: large at first, and
        whenever the network has grown.
        """
        return 1 - self.game.beta(turn, self.experiment.ema)

    def move_average(self, share) -> None:
        """Move the average of the maker's weights towards them, by this share."""
        if self.experiment.ema:
            theta = self.players[self.game.maker].net.theta
            self.average.theta += share * (theta - self.average.theta)

    def _led(self, method: str, *arguments):
        """A context in which the processes of `world` call this method as well."""
        if self.world.size == 1:
            return contextlib.nullcontext()
        return leading(self.world, method, *arguments)

    def expect_agreement(self) -> None:
        """BackendError unless all processes of `world` have the same weights."""
        if self.shards is not None and self.world.size > 1:
            with self._led("expect_agreement"):
                expect_same_weights(self)

    def logged(self) -> int:
        """How many turns the log has since the last full log interval."""
        return self.step % self.experiment.log_every or self.experiment.log_every

    def fetch(self) -> np.ndarray:
        """The values since the last full log interval, by one read from the device."""
        return self.backend.to_host(self.log)[: self.logged()]

    def finite(self, state: dict) -> bool:
        """True if every number of a state is finite. The host reads one array."""
        return self.vitals(state)[0]

    def answer(self, asked: asking.Asked):
        """What the host makes of the arrays that are asked for. It waits for them."""
        return asked.read(self.on_host(asked.arrays))

    def vitals(self, state: dict) -> tuple[bool, dict[str, float]]:
        """(True if every number of a state is finite, {player: the norm |theta|}). The
        host reads one array.
        """
        return self.answer(asking.vitals(self, state))

    def samples(self, n: int = 100) -> np.ndarray:
        """n samples in evaluation, from the same latents at every step."""
        inputs = self.game.inputs(n, PICTURE)
        return self.backend.to_host(self.game.made(self.settled(), inputs))

    def shown(self) -> Shown:
        """What a picture of the run shows now. With a condition each row has one y, and
        each column one z.
        """
        return self.answer(asking.picture(self))

    def settled(self) -> Net:
        """The network that makes the samples: the average, with the maker's state."""
        self.average.load_state(self.players[self.game.maker].net.state())
        return self.average

    def place(self) -> dict[str, float]:
        """Where in the game's schedule the last turn was; {} if all turns are alike."""
        return self.game.place(max(self.step - 1, 0))

    def measures(self) -> dict[str, float]:
        """The game's cheap measures, from the same latents and data at every step."""
        return self.answer(asking.measures(self))

    def state(self) -> dict:
        """Copies of all that changes from step to step. Arrays stay on the device, and
        numbers become arrays on the host.
        """
        arrays = {"step": self.step, "log": self.log}
        for name, (net, opt) in self.players.items():
            arrays[f"{name}.theta"] = net.theta
            arrays |= {f"{name}.state.{k}": v for k, v in net.state().items()}
            arrays |= {f"{name}.opt.{k}": v for k, v in opt.state().items()}
        if self.experiment.ema:
            arrays[f"{self.game.maker}.ema"] = self.average.theta
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
            with self._led("load", arrays):
                self.shards.close()  # the other processes have the old state
        self.step = int(arrays["step"])
        self.log[...] = self.backend.asarray(arrays["log"])
        for name, (net, opt) in self.players.items():
            net.theta[...] = self.backend.asarray(arrays[f"{name}.theta"])
            net.load_state(under(f"{name}.state."))
            opt.load_state(under(f"{name}.opt."))
        if self.experiment.ema:
            average = arrays[f"{self.game.maker}.ema"]
            self.average.theta[...] = self.backend.asarray(average)

    def diagnose(self, good: dict, last: int | None = None) -> str:
        """A sentence that names the first NaN or infinity up to the step `last`, by
        default the present one, by a replay from `good`.
        """
        last = self.step if last is None else last
        self.load(good)
        self.shards = self.graphs = None  # here the layers can be watched
        while self.step < last:
            try:
                with contextlib.ExitStack() as stack:
                    stack.enter_context(self.game.watch())
                    for name, player in self.players.items():
                        stack.enter_context(player.net.watch(name))
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
        labels = self.game.quantities.values()
        row = zip(labels, self.fetch()[-1], strict=True)
        values |= {f"the value {label}": value for label, value in row}
        bad = (name for name, v in values.items() if not np.isfinite(v).all())
        return next(bad, "the log")

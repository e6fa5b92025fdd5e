"""The live game: whole turns, single moves, and back to the start. No page is needed.

A turn is the turn of a `Run`. A single move is `d_step` or `g_step` of gan.py, with the
draws that the turn would have made. So k moves of D and one of G are a turn, bit for
bit. All random numbers are keyed by the seed and the turn: after `reset` the same
clicks give the same samples.
"""

import time
from typing import NamedTuple

import numpy as np

from ..errors import NonFiniteError
from ..gan import d_step, g_step
from ..optim import SGD
from ..rng import PICTURE, POINTS, generator
from ..runs.run import Run
from ..runs.turn import Draws, Turns
from .settings import LIVE, Settings

QUANTITIES = ("V", "J", "D_x", "D_Gz", "P")
KEPT = 200_000  # rows of the history


class Begun:
    """A turn that was begun by single moves: its draws, and how many moves D made."""

    def __init__(self, game: Turns, turn: int):
        self.draws, self.moves = Draws(game, turn), 0
        e = game.experiment
        self.rng = generator(e.seed, POINTS, turn) if e.penalties else None
        self.values = (np.nan,) * 4  # V, D(x), D(G(z)) and P of D's last move


class Look(NamedTuple):
    """What `g_step` would do now: its samples x_fake (n, 2), dx_fake = dJ/dx_fake
    (n, 2), and J.
    """

    x_fake: np.ndarray
    dx_fake: np.ndarray
    J: float


class LiveGame:
    """A game of these settings in progress. `strokes` are those of drawn data.

    run: the Run that plays      step: the turns that were finished
    history: a list of rows (turn, V, J, D(x), D(G(z)), P), NaN for what a move does not
    tell; `total` counts the rows since the start, also those that were dropped

    Raises InputError for settings that cannot be played.
    """

    def __init__(self, settings: Settings | None = None, strokes=()):
        self.settings = Settings() if settings is None else settings
        self.experiment = self.settings.experiment(strokes)
        self.density = self.experiment.data()
        self.reset()

    def reset(self) -> None:
        """Back to the start, with the same seed: the same networks and draws."""
        self.run = Run(self.experiment, cores=1)
        self.begun: Begun | None = None
        self.history: list[tuple[float, ...]] = []
        self.total = 0
        self.good = self.run.state()

    @property
    def step(self) -> int:
        """How many turns were finished."""
        return self.run.step

    @property
    def moves(self) -> int:
        """How many moves D has made in the turn that is in progress."""
        return 0 if self.begun is None else self.begun.moves

    @property
    def k(self) -> int:
        """How many moves D makes in a turn."""
        return self.experiment.critic_steps(self.step)

    @property
    def turns(self) -> Turns:
        """The game of the run, turn by turn."""
        return self.run.game

    def retune(self, settings: Settings) -> bool:
        """Go on with other rates or another k. False if the settings differ in more
        than that: they need a new game. Raises InputError for a number out of range.
        """
        new, old = vars(settings), vars(self.settings)
        if any(new[name] != old[name] for name in new if name not in LIVE):
            return False
        settings.retuned(self.experiment)
        self.settings = settings
        return True

    # Turns and moves.

    def turn(self) -> None:
        """Play a turn; if single moves have begun it, what is left of it."""
        with np.errstate(all="ignore"):
            if self.begun is None:
                self.run.turn()
                self._note(self.step, *self.run.log[0])
                return
        while self.moves < self.k:
            self.move_D()
        self.move_G()

    def move(self) -> None:
        """The next single move of Algorithm 1: D's, and after k of them G's."""
        if self.moves < self.k:
            self.move_D()
        else:
            self.move_G()

    def move_D(self) -> None:
        """One step of D alone. Further ones draw further z, and batches of data that
        the next turn may draw again.
        """
        begun, e = self._begin(), self.experiment
        x_real, z = begun.draws.real(), begun.draws.latent()
        D = self.turns.players["D"]
        penalties = e.penalties_at(self.step)
        with np.errstate(all="ignore"):
            x_fake, _ = self.run.G.forward(z)
            begun.values = d_step(
                *(D.net, D.opt, e.objective, x_real, x_fake), penalties, begun.rng
            )
        begun.moves += 1
        V, D_x, D_Gz, P = begun.values
        part = begun.moves / (begun.moves + 1)
        self._note(self.step + part, V, np.nan, D_x, D_Gz, P)

    def move_G(self) -> None:
        """One step of G alone, which ends the turn."""
        begun, G = self._begin(), self.turns.players["G"]
        if begun.draws.batches == 0:  # D has not moved: no batch is drawn yet
            begun.draws.real()
        with np.errstate(all="ignore"):
            J = g_step(
                *(G.net, self.run.D, G.opt, self.experiment.objective),
                begun.draws.latent(),
                begun.draws.x,
            )
        self.run.step += 1
        self.begun = None
        V, D_x, D_Gz, P = begun.values
        self._note(self.step, V, J, D_x, D_Gz, P)

    def play(self, seconds: float, most: int = 10**6) -> int:
        """Play turns for about so many seconds, at least one and at most `most`. Return
        how many were played.
        """
        end, played = time.perf_counter() + seconds, 0
        while played < most:
            self.turn()
            played += 1
            if time.perf_counter() >= end:
                break
        return played

    def _begin(self) -> Begun:
        if self.begun is None:
            self.begun = Begun(self.turns, self.step)
            self.turns.set_rates(self.step)
        return self.begun

    def _note(self, turn: float, *values) -> None:
        self.history.append((float(turn), *map(float, values)))
        self.total += 1
        if len(self.history) > 2 * KEPT:
            del self.history[:KEPT]

    def check(self) -> None:
        """Raise NonFiniteError, with the layer in which it began, if a number of the
        networks or optimizers is NaN or infinite. The game is then back at the last
        state that was finite when this method looked.
        """
        state = self.run.state()
        if self.run.finite(state):
            self.good = state
            return
        with np.errstate(all="ignore"):
            sentence = self.run.diagnose(self.good)
        self.run.load(self.good)
        self.begun = None
        raise NonFiniteError(sentence)

    # What g_step sees now.

    def look(self, n: int) -> Look:
        """The samples of n latents, the same at every step, and the gradient dJ/dx_fake
        that g_step computes at them, beside n real samples. Nothing moves.
        """
        G = Watched(self.run.G)
        z = self.turns.latents(n, PICTURE)
        with np.errstate(all="ignore"):
            x_real = self.real(n).astype(np.float32)
            J = g_step(G, self.run.D, SGD(1.0), self.experiment.objective, z, x_real)
        return Look(G.x_fake, G.dx_fake, float(J))

    def real(self, n: int) -> np.ndarray:
        """n real samples, the same at every step: (n, 2)."""
        return self.density.sample(n, generator(self.settings.seed, PICTURE))

    def made(self, z) -> np.ndarray:
        """G(z), (n, 2), of latents z (n, dim)."""
        with np.errstate(all="ignore"):
            return self.turns.made(self.run.G, np.asarray(z, np.float32))

    def scores(self, x) -> np.ndarray:
        """The logits s(x), (n,), of D at points x (n, 2)."""
        with np.errstate(all="ignore"):
            s, _ = self.run.D.forward(np.asarray(x, np.float32), train=False)
        return s[:, 0]


class Watched:
    """A network in the place of G in `g_step`: it notes G(z) and dJ/dG(z), and the step
    moves nothing, because it has no parameters.
    """

    def __init__(self, G):
        self.G, self.theta, self.grad = G, np.zeros(0), np.zeros(0)

    def advance(self) -> None:
        """G's own `advance` would be a part of a step."""

    def forward(self, z):
        """G.forward(z), (n, 2), in evaluation."""
        self.x_fake, _ = self.G.forward(z, train=False)
        return self.x_fake, None

    def zero_grad(self) -> None:
        """There is no gradient of parameters."""

    def backward_weights(self, dx_fake, cache) -> None:
        """Note dx_fake, (n, 2)."""
        self.dx_fake = dx_fake

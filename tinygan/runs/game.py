"""The protocol of a game: a run can play everything that has these methods.

A run (run.py) counts turns, logs, saves and resumes. It knows nothing of two players,
of images, or of networks whose size stays the same. The game knows all that. The game
of a GAN is in turn.py.
"""

import contextlib
from typing import NamedTuple

from ..net import Net
from ..optim import Optimizer


class Player(NamedTuple):
    """A network and the optimizer that moves it."""

    net: Net
    opt: Optimizer


class Game:
    """Something that is played turn by turn.

    players: {name: Player}. `maker` is the name of the player whose network makes the
    samples. quantities: {name: label} of the values that a turn returns, in the same
    order. `logged`: the names of the values that are written down.
    """

    players: dict[str, Player]
    maker: str
    quantities: dict[str, str]
    logged: tuple[str, ...]

    @property
    def curves(self) -> tuple[dict[str, str], ...]:
        """The panels of losses.png, {name: label} each: one panel for all of them."""
        return ({name: self.quantities[name] for name in self.logged},)

    def facts(self) -> dict:
        """What a report must know to read the log (report/), as JSON can say it: the
        kind of game and the panels of its curves. A game adds what its values mean.
        """
        return {"kind": "game", "curves": list(self.curves)}

    def turn(self, turn: int) -> tuple:
        """Play one turn; return the quantities, 0-d arrays that stay on the device.

        Its random numbers depend only on the seed and on `turn`.
        """
        raise TypeError(f"{type(self).__name__} does not define turn(turn)")

    def rehearse(self) -> None:
        """Raise the error that a turn would raise, before anything is written."""

    def watch(self) -> contextlib.AbstractContextManager:
        """A context in which a turn raises NonFiniteError for NaN in what it draws."""
        return contextlib.nullcontext()

    def inputs(self, n: int, *key: int):
        """The maker's input for n samples, drawn with the key `key` (rng.py)."""
        raise TypeError(f"{type(self).__name__} does not define inputs(n, *key)")

    def picture_inputs(self, n: int):
        """(the maker's input for a picture of n samples, its columns or None)."""
        raise TypeError(f"{type(self).__name__} does not define picture_inputs(n)")

    def more_pictures(self, net: Net) -> dict[str, tuple]:
        """{name of a file: (samples (n, ...), columns)} of further pictures, with `net`
        in the maker's place.
        """
        return {}

    def samples(self, made):
        """The samples (n, ...) in the maker's output."""
        return made

    def made(self, net: Net, inputs):
        """The samples (n, ...) that `net` makes of inputs, in the maker's place."""
        made, _ = net.forward(inputs, train=False)
        return self.samples(made)

    def real_samples(self, n: int):
        """n real samples on the host, for a picture: (n, ...)."""
        raise TypeError(f"{type(self).__name__} does not define real_samples(n)")

    def measures(self, samples, real) -> dict[str, float]:
        """Cheap measures of samples (n, ...) beside real ones, for the log."""
        return {}

    def measured(self, net: Net) -> dict:
        """Measures of `net` itself in the maker's place, for the log: 0-d arrays that
        stay on the device. The log leaves out what is not finite.
        """
        return {}

    def beta(self, turn: int, ema: float) -> float:
        """What the moving average keeps of itself in this turn: `ema`, and less in the
        first turns. So it goes back about a tenth of all turns, and not to the start.
        """
        return min(ema, (1 + turn) / (10 + turn))

    def place(self, turn: int) -> dict[str, float]:
        """Where in its schedule this turn is, {name: number}, for the log and the
        pictures; {} if all turns are alike.
        """
        return {}

    def products(self) -> int:
        """About how many numbers the forward passes of a batch multiply."""
        return 0

    def memory(self) -> int:
        """About how many bytes a turn takes at least; 0 if unknown or little."""
        return 0

    def divisible(self, size: int) -> bool:
        """True if every batch of this game can be cut into parts for `size` ranks."""
        return False

    def parts(self, ranks: list) -> list["Game"]:
        """A game for each of these ranks of a group, which has `rank.size` in all, so
        that all together play this game.
        """
        raise TypeError(f"{type(self).__name__} does not define parts(ranks)")

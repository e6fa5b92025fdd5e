"""What a run can play: the protocol that every game keeps.

A run (run.py) counts turns, logs, saves and resumes. It knows nothing of two players,
of images, or of networks whose size stays the same. All that is the game's business.
The game of a GAN is in turn.py.
"""

from typing import NamedTuple

from ..net import Net
from ..optim import Optimizer


class Player(NamedTuple):
    """A network and the optimizer that moves it."""

    net: Net
    opt: Optimizer


class Game:
    """Something that is played turn by turn.

    players: {name: Player}. `maker` is the name of the one whose network makes the
    samples. quantities: {name: label} of what a turn returns, in that order; those that
    are `logged` are written down.
    """

    players: dict[str, Player]
    maker: str
    quantities: dict[str, str]
    logged: tuple[str, ...]

    def turn(self, turn: int) -> tuple:
        """Play one turn; return the quantities, 0-d arrays that stay on the device.

        What the turn draws depends on the seed and on `turn` alone.
        """
        raise TypeError(f"{type(self).__name__} does not define turn(turn)")

    def rehearse(self) -> None:
        """Raise what a turn would raise, before anything is written."""

    def inputs(self, n: int, *key: int):
        """What the maker takes for n samples, drawn for the place `key`."""
        raise TypeError(f"{type(self).__name__} does not define inputs(n, *key)")

    def picture_inputs(self, n: int):
        """(what the maker takes for a picture of n samples, its columns or None)."""
        raise TypeError(f"{type(self).__name__} does not define picture_inputs(n)")

    def samples(self, made):
        """The samples (n, ...) in what the maker made."""
        return made

    def real_samples(self, n: int):
        """n real samples on the host, for a picture: (n, ...)."""
        raise TypeError(f"{type(self).__name__} does not define real_samples(n)")

    def measures(self, samples, real) -> dict[str, float]:
        """Cheap measures of samples (n, ...) beside real ones, for the log."""
        return {}

    def products(self) -> int:
        """How many numbers are multiplied in the forward passes of a batch, about."""
        return 0

    def divisible(self, size: int) -> bool:
        """True if `size` processes can share every batch of this game."""
        return False

    def parts(self, ranks: list) -> list["Game"]:
        """A game for each rank, so that all together play this game."""
        raise TypeError(f"{type(self).__name__} does not define parts(ranks)")

"""Schedules: settings of an experiment that may change from turn to turn."""

import dataclasses
from collections.abc import Callable

from ..errors import InputError


class Schedule:
    """A setting that is one value for all turns, or a function of the turn.

    ok: a function that says if a value can be used. Calling the schedule with a turn
    gives the value of that turn. InputError, naming the setting, if that value is bad.
    """

    def __init__(self, name: str, setting, ok: Callable, expected: str):
        self.name, self.setting, self.ok, self.expected = name, setting, ok, expected

    def __call__(self, turn: int):
        value = self.setting(turn) if callable(self.setting) else self.setting
        if not self.ok(value):
            raise InputError(f"{self.name}: expected {self.expected}, got {value!r}")
        return value

    def sum_before(self, turn: int) -> int:
        """The sum of the values of all turns before `turn`, for whole numbers."""
        if hasattr(self.setting, "before"):
            return self.setting.before(turn)
        if not callable(self.setting):
            return self(0) * turn
        sums = self.__dict__.setdefault("_sums", [0])
        while len(sums) <= turn:
            sums.append(sums[-1] + self(len(sums) - 1))
        return sums[turn]


@dataclasses.dataclass(frozen=True)
class CriticSteps:
    """k discriminator steps a turn, but `boost` in the first turns and now and then.

    All turns before `first` are boosted, and every `every`-th turn (0: none). The
    default numbers are from the code of the first WGAN: its critic is to be near its
    optimum before G trusts it (Arjovsky et al. 2017). ValueError for numbers out of
    range.
    """

    k: int = 5
    boost: int = 100
    first: int = 25
    every: int = 500

    def __post_init__(self):
        numbers = (self.k, self.boost, self.first, self.every)
        if not all(isinstance(n, int) for n in numbers):
            raise ValueError(f"CriticSteps expects whole numbers, got {self}")
        if min(self.k, self.boost) < 1 or min(self.first, self.every) < 0:
            raise ValueError(f"CriticSteps expects k, boost >= 1, others >= 0: {self}")

    def __call__(self, turn: int) -> int:
        """How many discriminator steps turn 0, 1, 2 ... has."""
        return self.before(turn + 1) - self.before(turn)

    def before(self, turn: int) -> int:
        """How many discriminator steps all the turns before `turn` have."""
        boosted = min(turn, self.first)
        if self.every and turn > self.first:
            boosted += -(-turn // self.every) + (-self.first // self.every)
        return self.k * turn + (self.boost - self.k) * boosted

"""Schedules: settings of an experiment that may change from turn to turn."""

import dataclasses
from collections.abc import Callable

from ..errors import InputError, shown, whole


class Schedule:
    """A setting that is one value for all turns, or a function of the turn.

    ok: a function that says if a value can be used. Calling the schedule with a turn
    gives the value of that turn. InputError, naming the setting, if that value is bad.
    """

    def __init__(self, name: str, setting, ok: Callable, expected: str):
        self.name, self.setting, self.ok, self.expected = name, setting, ok, expected

    def __call__(self, turn: int):
        is_schedule = callable(self.setting) and not isinstance(self.setting, type)
        value = self.setting(turn) if is_schedule else self.setting
        if not self.ok(value):
            raise InputError(
                f"{self.name}: expected {self.expected}, "
                f"got {shown(value)}{_hint(value)}"
            )
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


def _hint(value) -> str:
    """The right line for a class in place of an object, alone or in a list."""
    (first,) = value[:1] if isinstance(value, list | tuple) and value else (value,)
    return f"; write {first.__name__}(...)" if isinstance(first, type) else ""


@dataclasses.dataclass(frozen=True)
class CriticSteps:
    """k discriminator steps a turn, but `boost` in the first turns and now and then.

    All turns before `first` are boosted, and every `every`-th turn (0: none). The
    default numbers are from the code of the first WGAN: its critic is to be near its
    optimum before G trusts it (Arjovsky et al. 2017). InputError for numbers out of
    range.
    """

    k: int = 5
    boost: int = 100
    first: int = 25
    every: int = 500

    def __post_init__(self):
        least = {"k": 1, "boost": 1, "first": 0, "every": 0}
        for name, n in least.items():
            value = whole(self, f"{name} >= {n}", getattr(self, name))
            object.__setattr__(self, name, value)

    def __call__(self, turn: int) -> int:
        """How many discriminator steps turn 0, 1, 2 ... has."""
        return self.before(turn + 1) - self.before(turn)

    def before(self, turn: int) -> int:
        """How many discriminator steps all the turns before `turn` have."""
        boosted = min(turn, self.first)
        if self.every and turn > self.first:
            boosted += -(-turn // self.every) + (-self.first // self.every)
        return self.k * turn + (self.boost - self.k) * boosted

"""The schedule of networks that grow: how long each level fades in, and then stays."""

import dataclasses
import itertools
from collections.abc import Sequence
from typing import NamedTuple

from ..errors import InputError, flag, instance, number, shown, whole


@dataclasses.dataclass(frozen=True)
class Level:
    """The phases of a level, counted in real images, and what is its own.

    `fade` images are shown while the level fades in, and `stable` more before the next
    one begins. The first level has no fade. Its batch is `times` that of the
    experiment: small pictures take less memory. `rate` is a factor of both learning
    rates. InputError for numbers out of range, and for a level without images.
    """

    stable: int
    fade: int = 0
    times: int = 1
    rate: float = 1.0

    def __post_init__(self):
        for name, least in {"stable": 0, "fade": 0, "times": 1}.items():
            value = whole(self, f"{name} >= {least}", getattr(self, name))
            object.__setattr__(self, name, value)
        object.__setattr__(self, "rate", number(self, "rate > 0", self.rate))
        if self.stable + self.fade == 0:
            raise InputError("Level expects images in one of its phases, got 0")


class Stage(NamedTuple):
    """Where a turn is: its level, alpha, batch, rate, and its number in the level."""

    level: int
    alpha: float
    batch: int
    rate: float
    age: int

    @property
    def begins(self) -> bool:
        """True in the first turn of the level."""
        return self.age == 0


class Growth:
    """The levels of a game, one after another: a fade, then a stable phase.

    A turn of a level shows its batch of real images, so a fade takes F = fade/batch
    turns, rounded up. In its turn j = 0, 1 ... F - 1

        alpha = (j + 1) / (F + 1)

    and alpha = 1 in the stable phase. The last level goes on for all turns that follow.
    With `reset` both optimizers forget their moments when a level begins.

    InputError for an empty list, and unless the first level, and no other, has fade 0.
    Source: Karras et al. 2018, sec. 2 and app. A.
    """

    def __init__(self, levels: Sequence[Level], reset: bool = True):
        if not isinstance(levels, list | tuple) or not levels:
            raise InputError(f"Growth expects a list of levels, got {shown(levels)}")
        what = "a level", "Level(stable=8000)"
        self.levels = tuple(instance(self, what[0], v, Level, what[1]) for v in levels)
        self.reset = flag(self, "reset", reset)
        for i, level in enumerate(self.levels):
            if (level.fade == 0) != (i == 0):
                raise InputError(
                    "Growth expects fade 0 for its first level, and more for every "
                    f"other, got fade {level.fade} for level {i}"
                )

    def lengths(self, batch: int) -> list[tuple[int, int]]:
        """(turns of the fade, turns of the stable phase) of each level."""
        found = []
        for level in self.levels:
            own = batch * level.times
            found.append((-(-level.fade // own), -(-level.stable // own)))
        return found

    def starts(self, batch: int) -> list[int]:
        """The first turn of each level, and after them the number of all turns."""
        return list(itertools.accumulate(map(sum, self.lengths(batch)), initial=0))

    def turns(self, batch: int) -> int:
        """The turns of all levels, for an experiment with this batch."""
        return self.starts(batch)[-1]

    def at(self, turn: int, batch: int) -> Stage:
        """The stage of turn 0, 1, 2 ..., for an experiment with this batch."""
        starts = self.starts(batch)[:-1]
        i = sum(start <= turn for start in starts) - 1
        level, (fade, _), j = self.levels[i], self.lengths(batch)[i], turn - starts[i]
        alpha = min(1.0, (j + 1) / (fade + 1))  # eq: fade-alpha
        return Stage(i, alpha, batch * level.times, level.rate, j)

    def __repr__(self):
        return f"Growth({len(self.levels)} levels)"

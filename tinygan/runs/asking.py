"""What a run asks its device for between two turns: the log, measures, a picture.

An `Asked` has two halves. Its arrays are computed at once, in the order of the device's
work, so they show the run as it is after this turn. The host reads them when they have
come. By then the run may have played on, so `read` looks at nothing else of the run
that changes.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from ..rng import PICTURE
from .media import medium_of
from .medium import Shown

FEW, MANY = 256, 2500  # samples that are measured: images, and points in few dimensions


class Asked(NamedTuple):
    """Arrays on the device, {name: array}, and what the host makes of them: `read` gets
    the same names with arrays on the host.
    """

    arrays: dict
    read: Callable

    def then(self, use: Callable) -> "Asked":
        """The same arrays; the host calls use(what `read` returned)."""
        return Asked(self.arrays, lambda host: use(self.read(host)))


Ask = Callable[[], Asked]


def vitals(run, state: dict) -> Asked:
    """(True if every number of a state is finite, {player: the norm |theta|}), by one
    array (1 + players,).
    """
    xp = run.backend.xp
    bad = sum((~xp.isfinite(a)).sum() for a in state.values() if a.dtype.kind == "f")
    thetas = (state[f"{name}.theta"].astype(np.float64) for name in run.players)
    squares = [(theta * theta).sum() for theta in thetas]

    def read(host):
        found, *values = map(float, host["vitals"])
        norms = map(math.sqrt, values)
        return found == 0, dict(zip(run.players, norms, strict=True))

    return Asked({"vitals": xp.stack([xp.asarray(bad, np.float64), *squares])}, read)


def row(run, state: dict) -> Asked:
    """The row of the log after the last turn, {name: number}, from the run's `state`;
    None if a number of the state is not finite.
    """
    game, step, place, checked = run.game, run.step, run.place(), vitals(run, state)
    n = run.logged()

    def read(host):
        finite, norms = checked.read(host)
        if not finite:
            return None
        means = host["log"][:n].mean(axis=0, dtype=np.float64)
        values = dict(zip(game.quantities, map(float, means), strict=True))
        found = {"step": step} | place | {name: values[name] for name in game.logged}
        return found | {f"norm_{player}": norm for player, norm in norms.items()}

    return Asked({**checked.arrays, "log": state["log"]}, read)


def measures(run) -> Asked:
    """The game's cheap measures, {name: number}, from the same latents and data at
    every step; {} if a sample is not finite.
    """
    game, net = run.game, run.settled()
    n = MANY if math.prod(run.experiment.shape) <= 16 else FEW
    arrays = {"samples": game.made(net, game.inputs(n, PICTURE))}
    arrays |= {f"measured {k}": v for k, v in game.measured(net).items()}
    real = game.real_samples(n)

    def read(host):
        samples, *rest = host.values()
        if not np.isfinite(samples).all():
            return {}
        names = (name.removeprefix("measured ") for name in list(host)[1:])
        own = dict(zip(names, map(float, rest), strict=True))
        found = {name: value for name, value in own.items() if math.isfinite(value)}
        return game.measures(samples, real) | found

    return Asked(arrays, read)


def picture(run) -> Asked:
    """What a picture of the run shows now, a `Shown`."""
    game, net, medium = run.game, run.settled(), medium_of(run.experiment)
    inputs, columns = game.picture_inputs(medium.n_shown)
    more, step = game.more_pictures(net), run.step
    arrays = {"samples": game.made(net, inputs)}
    arrays |= {f"more {name}": x for name, (x, _) in more.items()}
    real = game.real_samples(medium.n_real) if medium.n_real else None

    def read(host):
        others = {name: (host[f"more {name}"], more[name][1]) for name in more}
        return Shown(step, host["samples"], columns, real, others)

    return Asked(arrays, read)

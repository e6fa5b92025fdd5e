"""The pieces of a recipe that are certified one by one, with a few samples."""

import contextlib
import copy
import dataclasses
import time
from collections.abc import Callable, Iterator

import numpy as np

from ...backend import NUMPY
from ...errors import ShapeError
from ...growth import at_level
from ...net import Net
from ...objectives import Objective, WithDiversity
from ...optim import ClipWeights, Optimizer
from ...rng import LATENT
from ...values import Integers, mapped, size
from ..adapters import OneLogit
from ..kinds import rows_of
from ..layers.layer import DRAWS
from ..moves.game import move_rows, penalty_rows
from ..moves.likelihood import ascent_rows
from ..report import Row
from .networks import is_light, is_ours, layer_rows, units
from .turns import device_rows, turn_rows

BATCHES = (4, 6, 8, 12, 16, 32)  # samples to try the game with, before its own batch
MOST_STEPS = 2  # of D in a turn
SLOW = 1.0  # seconds: data that take longer are read once
MORE = 8  # times as many in a thorough check
MOST = 3  # names in a note
WHOLE = ", the whole network"  # in the name of a network's row
FADED = 0.3  # the alpha of networks that grow
FEW = 2  # random directions through large networks


class Pieces:
    """What there is to check in an experiment. Calling it yields (name, check) pairs.

    path: the recipe's path or name      data: the path of its data, or None
    """

    def __init__(self, experiment, seed: int, path: str, data: str | None = None):
        from ...runs.ascent import Ascent
        from ...runs.turn import Turns

        self.e, self.seed, self.path = experiment, seed, repr(path)
        self.more = "" if data is None else f", data={data!r}"  # of a call in code
        self.read = Reading(experiment.data)
        self.small = self._small()
        self.game = self.small.game(NUMPY)
        self.nets = {name: net for name, (net, _) in self.game.players.items()}
        self.is_gan = isinstance(self.game, Turns)
        self.is_likely = isinstance(self.game, Ascent)
        if self.is_gan:  # G as it was written: a condition is put around it
            shape = experiment.condition.shapes(experiment.latent.shape)
            self.nets["G"] = Net(copy.deepcopy(experiment.G), shape)

    def _small(self):
        """The experiment with the first of a few batches that its layers take, or with
        its own one.
        """
        small = dataclasses.replace(self.e, data=self.read)
        if hasattr(self.e, "critic_steps"):
            k = min(self.e.critic_steps(0), MOST_STEPS)
            small = dataclasses.replace(small, k=k)
        for n in (n for n in BATCHES if n < self.e.batch):
            smaller = dataclasses.replace(small, batch=n)
            with contextlib.suppress(ShapeError):
                begun(smaller)
                return smaller
        begun(small)
        return small

    def parts(self) -> dict[str, object]:
        """What can be tried alone, by name."""
        found = {
            f"{name}.{path}" if path else name: layer
            for name, net in self.nets.items()
            for path, layer, _ in units(net)
        }
        found |= {name: net.tree for name, net in self.nets.items()}
        if self.is_likely:
            found |= {"likelihood": self.e.likelihood, "opt": odd(self.e.opt)}
        if self.is_gan:
            found |= {"opt_G": odd(self.e.opt_G), "opt_D": odd(self.e.opt_D)}
            if self.logits_alone() is not None:
                found["objective"] = self.logits_alone()
            found |= {f"penalties.{i}": p for i, p in enumerate(self.penalties())}
            if self.diversity():
                found["diversity"] = self.diversity()
        return found

    def penalties(self) -> list:
        """The penalties of the first turn and of the last one."""
        e = self.e
        both = [*e.penalties_at(0), *e.penalties_at(e.steps - 1)]
        return list({repr(p): p for p in both}.values())

    def diversity(self):
        """The diversity of the first turn or of the last one; None if there is none."""
        return self.e.diversity_at(0) or self.e.diversity_at(self.e.steps - 1)

    def logits_alone(self) -> Objective | None:
        """The objective as one of logits (N, 1); None if D gives more than it needs."""
        out = self.nets["D"].out_shape
        if out == (1,):
            return self.e.objective
        if len(out) == 2 and isinstance(out[1], Integers) and len(out[0]) == 2:
            return OneLogit(self.e.objective, tuple(out[1]))
        return None

    def __call__(self, analytic: bool, effort: str) -> Iterator[tuple[str, Callable]]:
        options = {"seed": self.seed, "analytic": analytic, "effort": effort}
        for name, net in self.nets.items():
            yield from self._network(name, net, options)
        if self.is_gan:
            yield from self._rules(options)
        if self.is_likely:
            yield from self._ascent(options)
        first = self._first_turn()
        yield "two turns", lambda: turn_rows(lambda: begun(self.small, first))
        yield "a turn on CuPy", lambda: device_rows(self.small, first)

    def _first_turn(self) -> int:
        """The turn to begin with: of networks that grow, the first of the last fade."""
        growth = self.small.growth
        return 0 if growth is None else growth.starts(self.small.batch)[-2]

    def _network(self, name: str, net: Net, options: dict):
        """The pieces of a network. A large one of tinygan's own layers is left to the
        moves, and so is a large whole.
        """
        checked: dict[str, bool] = {}
        left = []

        def is_left(layer, in_shape):
            return (self.is_gan or self.is_likely) and not is_light(layer, in_shape)

        def check(path, layer, in_shape, title):
            code = self._part(f"{name}.{path}" if path else name)
            known = is_ours(layer) or not is_light(layer, in_shape)
            quick = {"effort": "quick"} if known else {}
            rows = layer_rows(layer, in_shape, title, code, **options | quick)
            checked[title] = all(row.ok for row in rows)
            return rows

        for path, layer, in_shape in units(net):
            title = f"{name}.{path} on {in_shape}" if path else f"{name} on {in_shape}"
            if is_ours(layer) and is_left(layer, in_shape):
                left.append(path)
                continue
            yield title, lambda *a, p=(path, layer, in_shape, title): check(*p)
        title = f"{name}{WHOLE}"
        if is_left(net.tree, net.in_shape):
            yield title, lambda: _left_to_the_moves(title, left, checked)
        else:
            yield title, lambda: check("", net.tree, net.in_shape, title)

    def _rules(self, options: dict):
        e, analytic = self.e, options["analytic"]
        few = DRAWS if all(is_light(n.tree) for n in self.nets.values()) else FEW
        few *= MORE if options["effort"] == "thorough" else 1
        alone = self.logits_alone()
        if alone is not None:
            yield self._one("objective", alone, options)
        moves = f"the moves, {e.objective!r}"
        yield moves, lambda: self._moves(few, analytic)
        for i, penalty in enumerate(self.penalties()):
            if e.condition.kind == "no condition":
                yield self._one(f"penalties.{i}", penalty, options)
            title = f"{penalty!r} on D"
            yield title, lambda p=penalty, t=title: self._penalty(p, t, few, analytic)
        if self.diversity():
            yield self._one("diversity", self.diversity(), options)
        for name, opt in {"opt_G": e.opt_G, "opt_D": e.opt_D}.items():
            yield self._one(name, odd(opt), options)

    def _ascent(self, options: dict):
        """The pieces of a likelihood model."""
        e = self.e
        yield self._one("likelihood", e.likelihood, options)
        title = f"the step, {e.likelihood!r}"
        light = all(is_light(net.tree) for net in self.nets.values())
        few = (DRAWS if light else FEW) * (
            MORE if options["effort"] == "thorough" else 1
        )

        def check():
            plain = dataclasses.replace(self.small, data=self.read)
            if hasattr(plain, "beta"):
                plain = dataclasses.replace(plain, beta=1.0)
            x = _wide(self.game.reader(0, self.game.group))
            rng = np.random.default_rng(self.seed)
            how = few, options["analytic"]
            return ascent_rows(plain, x, repr(e.likelihood), rng, *how)

        yield title, check
        yield self._one("opt", odd(e.opt), options)

    def _part(self, name: str) -> str:
        """The code that makes a part of the recipe."""
        return f"part({self.path}, {name!r}{self.more})"

    def _one(self, name: str, thing, options: dict):
        is_opt = isinstance(thing, Optimizer)
        title = f"{name}, {type(thing).__name__ if is_opt else repr(thing)}"

        def check():
            rows = rows_of(thing, code=self._part(name), **options)
            return [dataclasses.replace(row, name=title) for row in rows]

        return title, check

    def _moves(self, draws: int, analytic: bool) -> list[Row]:
        G, D, x, z, rng = self._players()
        objective = self.e.objective
        if self.diversity():
            objective = WithDiversity(objective, self.diversity())
        name = f"{objective!r}"
        return move_rows(objective, G, D, x, z, rng, name, draws, analytic)

    def _penalty(self, penalty, title: str, draws: int, analytic: bool) -> list[Row]:
        G, D, x, z, rng = self._players()
        x_fake, _ = G.forward(z)
        return penalty_rows(penalty, D, x, x_fake, rng, title, draws, analytic)

    def _players(self):
        """G and D in float64, a batch of the data, latents, and a generator.

        The weights are moved off their start a little, or biases of 0 would hide much.
        """
        e, rng = self.small, np.random.default_rng(self.seed)
        nets = e.networks(NUMPY, "float64")
        for net in nets:
            net.theta += 0.02 * rng.standard_normal(net.theta.size)
        x = self.game.reader(0, self.game.group)
        if e.growth is not None and len(e.growth.levels) > 1:  # while the last fades in
            for net in nets:
                net.grow(len(e.growth.levels) - 1, FADED)
            x = at_level(x, nets[1].in_shape, FADED)
        y = self.game.asked(e.condition.y_of(x), 0)
        z = e.condition.pair(self.game.latents(size(x), LATENT, self.seed), y)
        return *nets, *(mapped(_wide, v) for v in (x, z)), rng


def begun(experiment, turn: int = 0):
    """A new run of an experiment, in which a turn was rehearsed, at this turn."""
    from ...runs.run import Run

    run = Run(experiment, NUMPY, cores=1)
    run.step = turn
    return run


def odd(opt: Optimizer) -> Optimizer:
    """The optimizer without ClipWeights, which moves theta back into a box: only what
    is inside of it goes up as it goes down.
    """
    return odd(opt.inner) if type(opt) is ClipWeights else opt


class Reading:
    """Reads an experiment's data, but only once if they take long."""

    def __init__(self, data: Callable):
        self.data, self.kept = data, None

    def __call__(self):
        if self.kept is not None:
            return self.kept
        start = time.perf_counter()
        found = self.data()
        if time.perf_counter() - start > SLOW:
            self.kept = found
        return found


def _left_to_the_moves(title: str, left: list, checked: dict) -> list[Row]:
    """The row of a large network: how many layers are wrong, and what was done. No row
    if its layers were not checked.
    """
    if not (left or checked):
        return []
    wrong = [name for name, ok in checked.items() if not ok]
    note = "note: large: each layer is checked by itself, the moves check the whole"
    if left:
        more = f" and {len(left) - MOST} more" if len(left) > MOST else ""
        names = ", ".join(left[:MOST]) + more
        note += f", and they alone check tinygan's own large layers ({names})"
    if wrong:
        note = f"wrong: {', '.join(wrong)}"
    return [Row(title, "layers", float(len(wrong)), 0.0, note)]


def _wide(a):
    return a if a.dtype.kind in "iu" else a.astype("float64")

"""Optimizers: from a gradient to a step.

Each optimizer turns a gradient g into a direction u(g), which is odd in g. Then

    ascend     theta += lr u        for the discriminator, which maximises V
    descend    theta -= lr u        for the generator, which minimises J

so nobody negates a loss to fit an interface. theta and g are flat vectors; theta and
the moments are changed in place.
"""

import copy

from ..errors import InputError, number, same_form, shown
from ..fast import primitive
from ..group import ALONE, Group
from ..ops import get_xp


class Optimizer:
    """A rule u(g) with a learning rate, and perhaps moments: a memory of gradients.

    `moments` names the vectors that remember. They start at zero, like the count of
    steps t; a checkpoint has to hold both. theta, g, u and all moments are (n,).

    Raises InputError unless lr > 0, and for settings of a subclass that are out of
    range: shares below 0 or not below 1, limits that are not positive.
    """

    moments: tuple[str, ...] = ()
    divisible = False  # True if parts of theta may be stepped by different ranks: each
    # u_i depends on g_i and its own moments alone, or the rule asks its group for sums
    group: Group = ALONE  # the ranks that step the other parts of theta

    def __init__(self, lr: float):
        self.lr = number(self, "lr > 0", lr)
        self.t = 0

    def direction(self, g, out):
        """Write u(g), up to a factor, into `out`, and return that factor, a float."""
        raise TypeError(f"{type(self).__name__} does not define direction(g, out)")

    def ascend(self, theta, g) -> None:
        """theta += lr u(g), in place."""
        self.step(theta, g, +self.lr)  # eq: ascend

    def descend(self, theta, g) -> None:
        """theta -= lr u(g), in place."""
        self.step(theta, g, -self.lr)  # eq: descend

    def step(self, theta, g, signed_lr: float) -> None:
        """theta += signed_lr u(g), in place: +lr to ascend, -lr to descend.

        InputError unless theta and g are of one shape, and signed_lr is a number.
        """
        same_shape(theta, g)
        if type(signed_lr) is not float:
            signed_lr = number(self, "signed_lr", signed_lr)
        self.prepare(theta)
        self.t += 1
        take_step(theta, g, self, signed_lr)

    def prepare(self, theta) -> None:
        """Make the moments and one vector of working space, each like theta."""
        if not hasattr(self, "_u"):
            self._u = get_xp(theta).empty_like(theta)
            for name in self.moments:
                setattr(self, name, get_xp(theta).zeros_like(theta))

    def bind(self, move) -> None:
        """Replace each moment m by move(m). Call `prepare` first."""
        for name in self.moments:
            setattr(self, name, move(getattr(self, name)))

    def part(self, own: slice, rank: Group) -> "Optimizer":
        """The optimizer of theta[own], for one rank, with that part of the moments."""
        new = copy.copy(self)
        new.group = rank
        new.bind(lambda moment: moment[own])
        new._u = self._u[own]
        return new

    def reset(self) -> None:
        """Forget: t and all moments become 0, in place. Call `prepare` first."""
        self.t = 0
        for name in self.moments:
            getattr(self, name)[...] = 0

    def state(self) -> dict:
        """{"t": steps taken, moment: vector, ...}, by reference."""
        return {"t": self.t} | {name: getattr(self, name) for name in self.moments}

    def load_state(self, state: dict) -> None:
        """Set t and the moments to a copy of what `state()` gave, after `prepare`.

        InputError if a name is missing or a value has another shape.
        """
        for name, old in self.state().items():
            same_form(f"{type(self).__name__}, {name}", old, state.get(name))
        self.t = int(state["t"])
        for name in self.moments:
            moment = getattr(self, name)
            moment[...] = get_xp(moment).asarray(state[name])


@primitive
def take_step(theta, g, optimizer: Optimizer, signed_lr: float) -> None:
    """theta += signed_lr u(g), in place; theta and g are (n,)."""
    u = optimizer._u
    factor = optimizer.direction(g, out=u)
    u *= signed_lr * factor
    theta += u


def moving_average(a, b, rho: float) -> None:
    """a <- rho a + (1 - rho) b, in place; both of one shape."""
    a *= rho
    a += (1 - rho) * b  # eq: moving-average


def same_shape(theta, g) -> None:
    """InputError unless theta and g are arrays of one shape."""
    shape = getattr(theta, "shape", None)
    if shape is None or shape != getattr(g, "shape", None):
        found, of_g = (getattr(a, "shape", shown(a)) for a in (theta, g))
        raise InputError(f"theta has shape {found}, its gradient {of_g}")

"""Optimizers: from a gradient to a step.

Each optimizer turns a gradient g into a direction u(g), which is odd in g. Then

    ascend     theta += lr u        for the discriminator, which maximises V
    descend    theta -= lr u        for the generator, which minimises J

so nobody negates a loss to fit an interface. theta and g are flat vectors; theta and
the moments are changed in place.
"""

import copy

from ..errors import InputError, instance, number, same_form, shown, whole
from ..fast import primitive
from ..group import ALONE, Group
from ..ops import Array, get_xp


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


class SGD(Optimizer):
    """u = g. Source: Robbins and Monro 1951."""

    divisible = True

    def direction(self, g, out):
        out[...] = g  # eq: sgd
        return 1.0


class Momentum(Optimizer):
    """m <- mu_t m + g      u = m      mu_t = mu + (final - mu) min(1, (t - 1)/ramp)

    mu_t is mu, unless `final` is given: then it rises to `final` in `ramp` steps.
    InputError for ramp < 1. Source: Polyak 1964 (the heavy ball); Sutskever et al. 2013
    for a momentum that rises.
    """

    divisible = True
    moments = ("m",)
    m: Array

    def __init__(
        self, lr: float, mu: float = 0.9, final: float | None = None, ramp: int = 1
    ):
        super().__init__(lr)
        self.mu = number(self, "0 <= mu < 1", mu)
        self.final = number(self, "0 <= final < 1", mu if final is None else final)
        self.ramp = whole(self, "ramp >= 1", ramp)

    def direction(self, g, out):
        risen = min(1.0, (self.t - 1) / self.ramp)
        self.m *= self.mu + (self.final - self.mu) * risen
        self.m += g  # eq: momentum
        out[...] = self.m
        return 1.0


class RMSProp(Optimizer):
    """v <- rho v + (1 - rho) g^2      u = g / (sqrt(v) + eps)

    WGAN trains with it. Source: Tieleman and Hinton 2012 (lecture 6e).
    """

    divisible = True
    moments = ("v",)
    v: Array

    def __init__(self, lr: float, rho: float = 0.99, eps: float = 1e-8):
        super().__init__(lr)
        self.rho = number(self, "0 <= rho < 1", rho)
        self.eps = number(self, "eps >= 0", eps)

    def direction(self, g, out):
        moving_average(self.v, g * g, self.rho)
        out[...] = g / (get_xp(g).sqrt(self.v) + self.eps)  # eq: rmsprop
        return 1.0


class Adam(Optimizer):
    """m <- beta1 m + (1 - beta1) g            v <- beta2 v + (1 - beta2) g^2

    m_hat = m / (1 - beta1^t)      v_hat = v / (1 - beta2^t)

    u = m_hat / (sqrt(v_hat) + eps)

    m and v start at zero, and m_hat and v_hat undo that bias. |u| is usually about 1
    or less, so lr is the size of a step. The first gradient after many zeros gives
    (1 - beta1) / sqrt(1 - beta2), and the next can give more. Source: Kingma and Ba
    2015, Algorithm 1 and sec. 2.1.
    """

    divisible = True
    moments = ("m", "v")
    m: Array
    v: Array

    def __init__(
        self,
        lr: float = 1e-3,
        beta1: float = 0.9,
        beta2: float = 0.999,
        eps: float = 1e-8,
    ):
        super().__init__(lr)
        self.beta1 = number(self, "0 <= beta1 < 1", beta1)
        self.beta2 = number(self, "0 <= beta2 < 1", beta2)
        self.eps = number(self, "eps >= 0", eps)

    def direction(self, g, out):
        moving_average(self.m, g, self.beta1)
        moving_average(self.v, g * g, self.beta2)
        m_hat = self.m / (1 - self.beta1**self.t)  # eq: adam-bias
        v_hat = self.v / (1 - self.beta2**self.t)
        out[...] = m_hat / (get_xp(g).sqrt(v_hat) + self.eps)  # eq: adam
        return 1.0


class Wrapper(Optimizer):
    """A rule around an inner optimizer, which has the learning rate and the moments."""

    def __init__(self, inner: Optimizer):
        self.inner = instance(self, "inner", inner, Optimizer, "Adam(1e-3)")
        self.divisible = inner.divisible

    @property
    def lr(self) -> float:
        """The inner optimizer's learning rate."""
        return self.inner.lr

    @lr.setter
    def lr(self, value: float) -> None:
        self.inner.lr = value

    @property
    def t(self) -> int:
        """The inner optimizer's count of steps."""
        return self.inner.t

    @t.setter
    def t(self, value: int) -> None:
        self.inner.t = value

    def prepare(self, theta) -> None:
        self.inner.prepare(theta)

    def bind(self, move) -> None:
        self.inner.bind(move)

    def part(self, own, rank):
        new = copy.copy(self)
        new.group, new.inner = rank, self.inner.part(own, rank)
        return new

    def reset(self) -> None:
        self.inner.reset()

    def state(self) -> dict:
        return self.inner.state()

    def load_state(self, state: dict) -> None:
        self.inner.load_state(state)


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

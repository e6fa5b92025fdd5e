"""Clipping: optimizers that keep a gradient, or the weights, within a limit."""

from ..errors import number
from ..ops import get_xp
from .base import Optimizer, same_shape
from .wrapper import Wrapper


class Clip(Wrapper):
    """An inner optimizer, and a limit on its gradient or on theta.

    InputError unless the limit is positive and finite.
    """

    def __init__(self, inner: Optimizer, limit: float):
        super().__init__(inner)
        self.limit = number(self, "a limit > 0", limit)

    def prepare(self, theta) -> None:
        super().prepare(theta)
        if not hasattr(self, "_g"):
            self._g = get_xp(theta).empty_like(theta)

    def part(self, own, rank):
        new = super().part(own, rank)
        new._g = self._g[own]
        return new

    def clipped(self, g):
        """The gradient for the inner optimizer, (n,) like g."""
        return g

    def step(self, theta, g, signed_lr) -> None:
        same_shape(theta, g)
        self.prepare(theta)
        self.inner.step(theta, self.clipped(g), signed_lr)


class ClipValue(Clip):
    """g_i <- min(max(g_i, -c), c), then the inner optimizer's step

    This changes the direction of g. Source: Mikolov 2012 (thesis).
    """

    def clipped(self, g):
        get_xp(g).clip(g, -self.limit, self.limit, out=self._g)  # eq: clip-value
        return self._g


class ClipNorm(Clip):
    """g <- g min(1, c / |g|), then the inner optimizer's step

    The norm is over the whole gradient, so the direction stays. Source: Pascanu et al.
    2013, Algorithm 1.
    """

    def clipped(self, g):
        xp = get_xp(g)
        (square,) = self.group.all_reduce((g * g).sum())
        norm = xp.sqrt(square)
        over = norm > self.limit
        factor = xp.where(over, self.limit / xp.where(over, norm, 1), 1)
        xp.multiply(g, factor, out=self._g)  # eq: clip-norm
        return self._g


class ClipWeights(Clip):
    """The inner optimizer's step, then theta_i <- min(max(theta_i, -c), c)

    The first WGAN keeps its critic from being steep in this way: weights in a box bound
    the slope, though only roughly. It clips gammas and biases too, as the authors' code
    does. Source: Arjovsky et al. 2017, Algorithm 1 (c = 0.01).
    """

    def step(self, theta, g, signed_lr) -> None:
        super().step(theta, g, signed_lr)
        get_xp(theta).clip(  # eq: clip-weights
            theta, -self.limit, self.limit, out=theta
        )

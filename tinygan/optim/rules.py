"""Rules older than Adam: plain steps, steps with momentum, steps of a common size."""

from ..errors import number, whole
from ..ops import Array, get_xp
from .base import Optimizer, moving_average


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

"""Initialisers: how large the first weights are, so that signals keep their variance.

Each returns a function (rng, shape, fan_in, fan_out) -> float64 array, to be given to a
layer as `init=`. fan_in is the number of inputs that one output sums over, fan_out the
number of outputs that one input reaches.
"""

import math

from ..errors import InputError, function, number


def he(a: float = 0.0):
    """N(0, 2 / ((1 + a^2) fan_in)), for ReLU or for LeakyReLU of slope a.

    Source: He et al. 2015, "Delving Deep into Rectifiers", eq. 10 and 15.
    """
    a = number("he", "a", a)

    def init(rng, shape, fan_in, fan_out):
        return rng.normal(0, math.sqrt(2 / ((1 + a * a) * fan_in)), shape)  # eq: he

    return init


def glorot():
    """U(-r, r) with r = sqrt(6 / (fan_in + fan_out)), for tanh and linear layers.

    Source: Glorot and Bengio 2010, eq. 16.
    """

    def init(rng, shape, fan_in, fan_out):
        r = math.sqrt(6.0 / (fan_in + fan_out))  # eq: glorot
        return rng.uniform(-r, r, shape)

    return init


def normal(std: float = 0.02):
    """N(0, std^2) for any fan; 0.02 is DCGAN's (Radford et al. 2016, sec. 4)."""
    std = number("normal", "std >= 0", std)

    def init(rng, shape, fan_in, fan_out):
        return rng.normal(0.0, std, shape)

    return init


def uniform(r: float):
    """U(-r, r) for any fan, as in the first GAN's code."""
    r = number("uniform", "r >= 0", r)

    def init(rng, shape, fan_in, fan_out):
        return rng.uniform(-r, r, shape)

    return init


def initialiser(layer, init, default):
    """The function `init`, or `default` for None. InputError for anything else: `he`
    makes an initialiser, and `he()` is one.
    """
    makers = (he, glorot, normal, uniform)
    if any(init is maker for maker in makers):
        kind, name = type(layer).__name__, init.__name__
        raise InputError(f"{kind} expects an initialiser, got {name}; write {name}()")
    return default if init is None else function(layer, "init", init, "init=he()")

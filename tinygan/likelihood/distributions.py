"""p(x | s): the distributions whose parameters a network returns as s.

A likelihood model ascends log p. As an objective does for a GAN, a distribution gives
the value and its gradient in s, and the network turns this into gradients of its
weights. All values are in nats.
"""

import math

from ..errors import number
from ..ops import get_xp, sigmoid, softplus


class Likelihood:
    """The protocol of a distribution p(x | s) of samples x (N, *shape)."""

    def parameters(self, shape):
        """The shape that s must have, for samples of this shape."""
        return shape

    def numbers(self, shape) -> int:
        """How many numbers u `sample` takes for one sample of this shape."""
        return math.prod(shape)

    def log_p(self, x, s):
        """log p(x_n | s_n) of each sample, in nats: (N,)."""
        raise TypeError(f"{type(self).__name__} does not define log_p(x, s)")

    def grad(self, x, s):
        """d log p(x_n | s_n) / ds_n, of the shape of s."""
        raise TypeError(f"{type(self).__name__} does not define grad(x, s)")

    def mean(self, s):
        """The mean of p(x | s), (N, *shape)."""
        raise TypeError(f"{type(self).__name__} does not define mean(s)")

    def sample(self, s, u):
        """x (N, *shape) from p(x | s), as a function of u (N, numbers), uniform on
        [0, 1).
        """
        raise TypeError(f"{type(self).__name__} does not define sample(s, u)")

    def __repr__(self):
        return f"{type(self).__name__}()"


class Bernoulli(Likelihood):
    """Pixels that are off (-1) or on (+1), independent of each other given the logits s

        log p(x | s) = sum_d b_d log sigma(s_d) + (1 - b_d) log sigma(-s_d)
                     = sum_d b_d s_d - softplus(s_d)        b = (1 + x)/2
        d/ds = b - sigma(s)

    s has the shape of x. A grey pixel, b between 0 and 1, gives the mean of log p over
    pixels that are on with probability b.
    """

    def log_p(self, x, s):
        b = (1 + x) / 2
        return _each(b * s - softplus(s))  # eq: bernoulli

    def grad(self, x, s):
        return (1 + x) / 2 - sigmoid(s)  # eq: bernoulli-ds

    def mean(self, s):
        return 2 * sigmoid(s) - 1

    def sample(self, s, u):
        """A pixel is on if u < sigma(s)."""
        return 2 * (u.reshape(s.shape) < sigmoid(s)).astype(s.dtype) - 1


class Gaussian(Likelihood):
    """Numbers with the means s and one deviation sigma, independent given s

        log p(x | s) = -sum_d (x_d - s_d)^2 / (2 sigma^2) + log(sigma sqrt(2 pi))
        d/ds = (x - s) / sigma^2

    s has the shape of x. InputError unless sigma > 0.
    """

    def __init__(self, sigma: float = 1.0):
        self.sigma = number(self, "sigma > 0", sigma)

    def log_p(self, x, s):
        normed = (x - s) / self.sigma
        log_Z = math.log(self.sigma * math.sqrt(2 * math.pi))
        return _each(-normed * normed / 2 - log_Z)  # eq: gaussian

    def grad(self, x, s):
        return (x - s) / self.sigma**2  # eq: gaussian-ds

    def mean(self, s):
        return s

    def __repr__(self):
        return f"Gaussian({self.sigma:g})"


class Categorical(Likelihood):
    """One of V symbols at each place, x one-hot (N, ..., V), s (N, ..., V) of logits

    log p(x | s) = sum_d <x_d, s_d> - log sum_v exp(s_dv)
    d/ds = x - softmax(s)
    """

    def numbers(self, shape):
        return math.prod(shape[:-1])

    def log_p(self, x, s):
        return _each(x * log_softmax(s))  # eq: categorical

    def grad(self, x, s):
        return x - get_xp(s).exp(log_softmax(s))  # eq: categorical-ds

    def mean(self, s):
        return get_xp(s).exp(log_softmax(s))

    def sample(self, s, u):
        """The first v with u < p_1 + ... + p_v, one-hot."""
        xp = get_xp(s)
        below = xp.cumsum(self.mean(s), axis=-1)[..., :-1]  # the last one is 1
        v = (u.reshape(s.shape[:-1])[..., None] >= below).sum(axis=-1)
        return (v[..., None] == xp.arange(s.shape[-1])).astype(s.dtype)


def log_sum_exp(s):
    """log sum_v exp(s_v) over the last axis of s, (..., V) -> (..., 1); no overflow."""
    xp = get_xp(s)
    top = s.real.max(axis=-1, keepdims=True)
    return top + xp.log(xp.exp(s - top).sum(axis=-1, keepdims=True))  # eq: log-sum-exp


def log_softmax(s):
    """The log of exp(s_v) / sum_w exp(s_w), over the last axis of s (..., V)."""
    return s - log_sum_exp(s)


def _each(a):
    """The sum of each sample's numbers: (N, ...) -> (N,)."""
    return a.reshape(len(a), -1).sum(axis=1)

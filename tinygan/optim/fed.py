"""Optimizers in a graph: the numbers of a step lie on the device.

A graph of launches (runs/graphs.py) plays the same step again and again. Whatever the
host passed to a launch stays as it was. But the learning rate and Adam's t are other
numbers in each step. So the step reads them from an array that is filled anew for each
turn.
"""

import copy
import math

import numpy as np

from ..errors import BackendError
from ..fast import primitive
from ..ops import get_xp
from .adam import Adam
from .base import Optimizer, moving_average
from .clipping import Clip
from .rules import SGD, RMSProp
from .wrapper import Wrapper


class Fed(Wrapper):
    """The inner optimizer's step, with its numbers taken from `feed`.

    feed: a function of `make`. It returns the array make() on the device, which has
    other values in each turn (runs/graphs.py). `taken`: how many steps a turn has.
    The inner t stays as it was before the turn.
    """

    def __init__(self, inner: Optimizer, feed):
        super().__init__(inner)
        self.feed, self.taken = feed, 0

    def step(self, theta, g, signed_lr):
        self.taken += 1
        n, sign = self.taken, math.copysign(1, signed_lr)
        numbers = self.feed(lambda: step_numbers(self.inner, sign, n, theta.dtype))
        fed_step(theta, g, self.inner, numbers)


def fed(optimizer: Optimizer, feed, found: list) -> Optimizer:
    """The optimizer with `Fed` around its innermost one, which joins `found`.

    BackendError for a rule whose numbers are not known to be these.
    """
    if isinstance(optimizer, Clip):
        new = copy.copy(optimizer)
        new.inner = fed(optimizer.inner, feed, found)
        return new
    if type(optimizer) not in (Adam, SGD, RMSProp):
        kind = type(optimizer).__name__
        raise BackendError(f"{kind}, is none of Adam, SGD and RMSProp")
    found.append(Fed(optimizer, feed))
    return found[-1]


def step_numbers(optimizer: Optimizer, sign: float, n: int, dtype) -> np.ndarray:
    """The numbers of the n-th step from now, (5,): the signed rate; for Adam also both
    bias corrections, and what its kernel makes of all three (fast/cuda/optim.py).
    """
    rate, t = sign * optimizer.lr, optimizer.t + n
    if not isinstance(optimizer, Adam):
        return np.array([rate, 1, 1, rate, 0], dtype)
    bias1, bias2 = 1 - optimizer.beta1**t, 1 - optimizer.beta2**t
    root = math.sqrt(bias2)
    step, eps = rate * root / bias1, optimizer.eps * root
    return np.array([rate, bias1, bias2, step, eps], dtype)


@primitive
def fed_step(theta, g, optimizer: Optimizer, numbers) -> None:
    """theta += rate u(g), in place, as `take_step` does; theta and g are (n,).

    numbers: `step_numbers`, (5,), on the device
    """
    rate, bias1, bias2 = (numbers[i] for i in range(3))
    optimizer.prepare(theta)
    u = optimizer._u
    if isinstance(optimizer, Adam):
        moving_average(optimizer.m, g, optimizer.beta1)
        moving_average(optimizer.v, g * g, optimizer.beta2)
        m_hat, v_hat = optimizer.m / bias1, optimizer.v / bias2
        u[...] = m_hat / (get_xp(g).sqrt(v_hat) + optimizer.eps)
    else:
        optimizer.direction(g, out=u)
    u *= rate
    theta += u

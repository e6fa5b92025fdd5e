"""Layers and losses of tinygan as functions that other gradient checkers can check.

Other checkers take y = f(a, b, ...) and its gradient. A layer in training becomes
y = f(x, theta), with `backward` as its gradient. A loss becomes V(s_real, s_fake) and
J(s_fake). Optimizers and penalties are no such functions.
"""

import copy
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from tinygan import Layer, Net, Objective
from tinygan.values import Integers, is_tuple, leaves, mapped

SAMPLES = 4


@dataclass
class Function:
    """y = f(*args) for arrays, and its gradient by hand, at one test point.

    args: the point, float64 arrays      forward(*args) -> (y, cache)
    backward(dy, cache, *args) -> the gradients, one for each of args
    """

    args: tuple
    forward: Callable
    backward: Callable

    def steady(self) -> bool:
        """Whether f is a function with one array as its value: noise is none."""
        given = [map(np.copy, self.args) for _ in range(2)]
        first, second = (self.forward(*args)[0] for args in given)
        return not isinstance(first, tuple) and np.array_equal(
            first, second, equal_nan=True
        )


def functions(entry, seed: int = 0) -> list[Function]:
    """The functions of one entry of CHECKS; [] for what no other checker can be asked.

    The test point is random: four samples of standard normal numbers.
    """
    if isinstance(entry, Objective):
        return of_loss(entry, seed)
    if isinstance(entry, tuple) and isinstance(entry[0], Layer):
        function = of_layer(*entry, seed=seed)
        return [function] if function.args else []
    return []


def of_layer(layer: Layer, shape, seed: int = 0) -> Function:
    """y = f(x, theta) in training. Integers among x are constants."""
    net = Net(copy.deepcopy(layer), shape, seed=seed, dtype="float64")
    value = drawn(np.random.default_rng(seed), shape)
    floats = [a for a in leaves(value) if a.dtype.kind == "f"]
    parameters = [net.theta.copy()] if net.theta.size else []

    def split(args):
        if parameters:
            net.bind(args[-1], np.zeros_like(args[-1]))
        given = iter(args)
        return mapped(lambda a: next(given) if a.dtype.kind == "f" else a, value)

    def forward(*args):
        return net.tree.forward(split(args), True)

    def backward(dy, cache, *args):
        split(args)
        dx = leaves(net.tree.backward(dy, cache, True))
        return (*dx, net.grad) if parameters else tuple(dx)

    return Function((*floats, *parameters), forward, backward)


def drawn(rng, shape):
    """Random samples of a shape, which may be a tuple of shapes or have integers."""
    if isinstance(shape, Integers):
        return rng.integers(0, shape.n, (SAMPLES, *shape))
    if is_tuple(shape):
        return tuple(drawn(rng, part) for part in shape)
    return rng.standard_normal((SAMPLES, *shape))


def of_loss(objective: Objective, seed: int = 0) -> list[Function]:
    """V of both batches of logits, and J of the fake logits."""
    rng = np.random.default_rng(seed)
    s_real, s_fake = rng.standard_normal((2, SAMPLES, 1))
    own = copy.deepcopy(objective)
    also = (s_real,) if own.paired else ()

    def d_grads(dy, cache, r, f):
        return tuple(dy * g for g in own.d_grads(r, f))

    return [
        Function((s_real, s_fake), lambda r, f: (own.value(r, f), ()), d_grads),
        Function(
            (s_fake,),
            lambda f: (own.g_value(f, *also), ()),
            lambda dy, cache, f: (dy * own.g_grad(f, *also),),
        ),
    ]

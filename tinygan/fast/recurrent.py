"""A twin of `ancestral` for networks that read: one step for each symbol.

The plain function asks the network about the whole sequence for each of its T places.
But a GRU has read x_1 ... x_{t-1} already, when x_t is to be drawn: its state holds all
that it will use of them. So the states are carried on, and each symbol costs one step.
"""

from ..layers.activations import Activation
from ..layers.base import Layer
from ..layers.combine import Sequential
from ..layers.conditional.gru import GRU, gru_step
from ..layers.delay import Delay
from ..layers.dense import Dense
from ..layers.dropout import Dropout
from ..ops import get_xp


def carried(net, likelihood, u):
    """x (N, T, C) for Sequential(Delay(), ...) of GRUs with all states and of layers
    that treat each place by itself. NotImplemented for other networks.

    u: (N, T) or (N, T, C)
    """
    first, *layers = in_order(getattr(net, "tree", None)) or [None]
    fits = type(first) is Delay and all(map(reads_on, layers))
    if not fits or u.shape[1:2] != net.in_shape[:1]:
        return NotImplemented
    xp, dtype = get_xp(u), net.theta.dtype
    x = xp.zeros((len(u), *net.in_shape), dtype)
    states = [
        xp.zeros((len(u), layer.units), dtype) if isinstance(layer, GRU) else None
        for layer in layers
    ]
    before = xp.zeros((len(u), net.in_shape[1]), dtype)  # what the delay gives first
    for t in range(u.shape[1]):
        s, states = step(layers, states, before)
        x[:, t : t + 1] = likelihood.sample(s[:, None], u[:, t : t + 1])
        before = x[:, t]
    return x


def in_order(tree) -> list:
    """The layers of a tree, if each follows another; a layer alone if it is one."""
    if type(tree) is not Sequential:
        return [tree]
    return [inner for layer in tree.layers for inner in in_order(layer)]


def reads_on(layer: Layer) -> bool:
    """Whether a layer can go on from what it has read; from each place, if nothing."""
    if isinstance(layer, Activation):
        return type(layer).forward is Activation.forward
    if isinstance(layer, GRU):
        return type(layer).forward is GRU.forward and layer.every
    return type(layer) in (Dense, Dropout)


def step(layers, states, v):
    """(y_t, new states) from the states after step t - 1 and v = x_t, (N, C)."""
    after = []
    for layer, state in zip(layers, states, strict=True):
        if state is None:
            v = layer.forward(v[:, None], train=False)[0][:, 0]
        else:
            a = v @ layer.W + layer.b
            v = state = gru_step(a, state, layer.U, layer.c)[-1]
        after.append(state)
    return v, after

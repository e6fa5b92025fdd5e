"""`divisible` is a promise: parts of a batch give what the whole batch gives.

Two ranks work on the parts, as the processes of `tinygan train` do. Here they are two
threads, which wait for each other wherever a layer asks its group.
"""

import copy

import numpy as np

from ...errors import ShapeError, TangentError
from ...values import together as joined
from ..oracles import relative
from ..ranks import together
from .probe import Probe

CLOSE = 1e-9  # sums over parts are rounded in another order
LEAST = 1e-3  # the least size of a gradient: one that cancels keeps its rounding


def part_rules(p: Probe):
    """The rules of a layer that says it is divisible."""
    layers = [layer for _, layer in p.net.layers()]
    if not all(layer.divisible for layer in layers) or _draws(p):
        return
    N, packs = len(p.x), p.net.packs
    half = N // packs // 2 * packs
    if half == 0 or half == N:
        return
    whole = _passes(p.net, p, slice(None))
    whole_state = {k: np.copy(v) for k, v in p.net.state().items()}
    p.net.load_state(p.state)
    try:
        found, states = _in_parts(p, (slice(half), slice(half, N)))
    except TimeoutError:
        yield "every rank asks its group the same (divisible)", False
        return
    except ShapeError:  # a part is too small for the layer
        return
    finally:
        p.net.load_state(p.state)
    names = ("y", "dx", "y_dot", "dx of tangent_backward", "dx_dot")
    *parts, grad = zip(*found, strict=True)
    *arrays, dtheta = whole
    for name, part, all_ in zip(names, parts, arrays, strict=False):
        same = all_ is None or _close(joined(part), all_)
        yield f"parts of a batch give the {name} of the whole (divisible)", same
    same = _close(sum(grad), dtheta)  # eq: parts-of-a-batch
    yield "parts of a batch give the dtheta of the whole (divisible)", same
    same = all(_close(states[k], v) for k, v in whole_state.items())
    yield "parts of a batch leave the state of the whole (divisible)", same


def _close(a, b) -> bool:
    return relative(a - b, max(float(np.linalg.norm(b)), LEAST)) <= CLOSE


def _draws(p: Probe) -> bool:
    """True for a layer that draws random numbers in a pass: parts draw others."""
    p.net.load_state(p.state)
    first, *others = (np.copy(p.net.forward(p.x, p.train)[0]) for _ in range(9))
    p.net.load_state(p.state)
    return not all(np.array_equal(first, other) for other in others)


def _passes(net, p: Probe, rows) -> list:
    """y, dx, y_dot, dx and dx_dot of the reversed tangent, and dtheta of both."""
    x, packs = p.x[rows], p.net.packs
    start = (rows.start or 0) // packs
    stop = None if rows.stop is None else rows.stop // packs
    dy = p.dy[start:stop]
    net.load_state(p.state)
    y, cache = net.forward(x, p.train)
    net.zero_grad()
    found = [np.copy(y), np.copy(net.backward(dy, cache))]
    try:
        y_dot, cache_dot = net.tangent(np.cos(x), cache)
        back = net.tangent_backward(dy, dy, cache, cache_dot)
    except TangentError:
        return [*found, net.grad.copy()]
    return [*found, np.copy(y_dot), *back, net.grad.copy()]


def _in_parts(p: Probe, cuts) -> tuple[list, dict]:
    def work(rank):
        net = p.net.part(rank, np.zeros_like(p.net.grad))
        if rank.rank:  # a rank of its own process has its own state
            for _, layer in net.layers():
                vars(layer)["_state"] = copy.deepcopy(layer.state)
        found = _passes(net, p, cuts[rank.rank])
        return found, {k: np.copy(v) for k, v in net.state().items()}

    results = together(len(cuts), work)
    return [found for found, _ in results], results[0][1]

"""What a layer keeps from pass to pass, and what it must not keep.

theta is a parameter, and no pass moves it. `layer.state` is all that a layer remembers:
a checkpoint holds it. It moves in training, in forward or in `advance`, and not in
evaluation, not in backward. Results belong to the caller: a later pass does not change
them. Two layers of one class share nothing.
"""

import copy

import numpy as np

from ...errors import TangentError
from ...net import Net
from ..oracles import relative
from .probe import Probe

TURNS = 20  # forwards and backwards in a row, which must all give the same


def state_rules(p: Probe):
    """All rules of this file; p is the probe of the layer as it was handed in."""
    yield from _theta_rules(p)
    yield from _result_rules(p)
    yield from _again_rules(p)
    yield from _linear_rules(p)
    yield from _moved_rules(p)
    yield from _mode_rules(p)
    yield from _instance_rules(p)
    yield from _memory_rules(p)


def _passes(p: Probe, net: Net, x, dy, cache) -> list:
    """The results of all passes after a forward: dx, dtheta, y_dot, dx, dx_dot."""
    net.zero_grad()
    found = [net.backward(dy, cache), net.grad.copy()]
    try:
        y_dot, cache_dot = net.tangent(x + 1.0, cache)
        found += [y_dot, *net.tangent_backward(dy, dy, cache, cache_dot)]
    except TangentError:
        pass
    return found


def _copies(results) -> list:
    return [None if a is None else np.copy(a) for a in results]


def _equal(results, others, tolerance=0.0) -> bool:
    return len(results) == len(others) and all(
        a is b is None
        or (np.shape(a) == np.shape(b) and relative(a - b, b) <= tolerance)
        for a, b in zip(results, others, strict=True)
    )


def _unchanged(p: Probe, before: dict) -> bool:
    now = p.net.state()
    return now.keys() == before.keys() and all(
        np.array_equal(now[k], v) for k, v in before.items()
    )


def _theta_rules(p: Probe):
    """Which pass may move what."""
    net = p.net
    for train in (True, False):
        net.load_state(p.state)
        before = {k: np.copy(v) for k, v in net.state().items()}
        _, cache = net.forward(p.x, train)
        mode = "training" if train else "evaluation"
        yield (
            f"forward in {mode} leaves theta alone",
            np.array_equal(net.theta, p.theta),
        )
        if not train:
            yield "forward in evaluation leaves the state alone", _unchanged(p, before)
        before = {k: np.copy(v) for k, v in net.state().items()}
        _passes(p, net, p.x, p.dy, cache)
        yield "backward leaves theta alone", np.array_equal(net.theta, p.theta)
        yield "backward leaves the state alone", _unchanged(p, before)
    net.grad[...] = grad = p.normal(net.grad.shape)
    net.advance()
    yield "advance leaves theta alone", np.array_equal(net.theta, p.theta)
    yield "advance leaves the gradients alone", np.array_equal(net.grad, grad)
    y, _ = net.forward(p.x, p.train)
    yield "y is finite after advance", bool(np.isfinite(y).all())
    net.theta[...] = p.theta
    net.load_state(p.state)


def _result_rules(p: Probe):
    """What a pass has returned stays as it was when passes follow."""
    y, cache = p.forward(p.net, p.x)
    results = [y, *_passes(p, p.net, p.x, p.dy, cache)]
    before = _copies(results)
    x, dy = p.normal(p.x.shape), p.normal(p.dy.shape)
    _, other = p.forward(p.net, x)
    _passes(p, p.net, x, dy, other)
    p.net.zero_grad()
    p.net.backward(dy, other, param_grads=False)
    kept = _equal(results, before)
    yield "results stay as they are when passes follow (a reused array?)", kept
    again = _passes(p, p.net, p.x, p.dy, cache)
    yield "passes in between do not change what follows", _equal(again, before[1:])


def _again_rules(p: Probe):
    """The same passes from the same state give the same, however often."""
    y, cache = p.forward(p.net, p.x)
    first = _copies([y, *_passes(p, p.net, p.x, p.dy, cache)])
    for _ in range(TURNS):
        y, cache = p.forward(p.net, p.x)
        if not _equal([y, *_passes(p, p.net, p.x, p.dy, cache)], first):
            yield "the same passes give the same each time (a hidden counter?)", False
            return
    legacy = np.random.get_state()
    try:
        np.random.seed(1234567)
        y, cache = p.forward(p.net, p.x)
        same = _equal([y, *_passes(p, p.net, p.x, p.dy, cache)], first)
        tree = copy.deepcopy(p.pristine)
        theta = Net(tree, p.in_shape, seed=p.case.seed, dtype="float64").theta
        np.random.seed(7654321)
        tree = copy.deepcopy(p.pristine)
        again = Net(tree, p.in_shape, seed=p.case.seed, dtype="float64").theta
    finally:
        np.random.set_state(legacy)
    yield "passes draw nothing from np.random's own generator", same
    yield "init draws from its rng alone", np.array_equal(theta, again)


def _linear_rules(p: Probe):
    """Backward is linear in dy, however large or small dy is."""
    _, cache = p.forward(p.net, p.x)
    plain = _copies(_passes(p, p.net, p.x, p.dy, cache)[:2])
    for factor in (2.0**30, 2.0**-30, -1.0):
        scaled = _passes(p, p.net, p.x, factor * p.dy, cache)[:2]
        same = _equal([a / factor for a in scaled], plain, 1e-12)
        yield f"backward of {factor:.3g} dy is {factor:.3g} times that of dy", same


def _moved_rules(p: Probe):
    """When theta moves, as an optimizer moves it, the passes follow."""
    net, theta = p.net, 0.7 * p.theta + 0.1
    fresh = Net(copy.deepcopy(p.pristine), p.in_shape, p.case.seed, "float64")
    results = []
    for one in (net, fresh):
        one.theta[...] = theta
        y, cache = p.forward(one, p.x)
        results.append([np.copy(y), *_copies(_passes(p, one, p.x, p.dy, cache))])
    net.theta[...] = p.theta
    net.load_state(p.state)
    yield "the passes follow theta when it moves", _equal(*results, 1e-13)


def _mode_rules(p: Probe):
    """Passes of training and of evaluation may be in flight at once."""
    lone = {}
    for train in (True, False):
        p.net.load_state(p.state)
        y, cache = p.net.forward(p.x, train)
        if np.shape(y) != p.dy.shape:
            return
        lone[train] = _copies([y, *_passes(p, p.net, p.x, p.dy, cache)])
    caches = {}
    for train in (True, False):
        p.net.load_state(p.state)
        y, caches[train] = p.net.forward(p.x, train)
    for train in (True, False):
        mixed = _passes(p, p.net, p.x, p.dy, caches[train])
        sentence = "a pass in one mode does not disturb a pass in the other"
        yield sentence, _equal(mixed, lone[train][1:])


def _instance_rules(p: Probe):
    """Two layers of one class at once, with other weights and another batch."""
    y, cache = p.forward(p.net, p.x)
    lone = _copies([y, *_passes(p, p.net, p.x, p.dy, cache)])
    other = Net(copy.deepcopy(p.pristine), p.in_shape, seed=77, dtype="float64")
    y, cache = p.forward(p.net, p.x)
    more = p.normal((2 * len(p.x), *p.x.shape[1:]))
    try:
        y_other, cache_other = other.forward(more, p.train)
    except Exception:  # a layer may take a batch of this size only
        more = p.normal(p.x.shape)
        y_other, cache_other = other.forward(more, p.train)
    dy = p.normal(np.shape(y_other))
    before = {k: np.copy(v) for k, v in p.net.state().items()}
    other.forward(more)
    yield "two layers of one class share no state", _unchanged(p, before)
    _passes(p, other, more, dy, cache_other)
    found = [y, *_passes(p, p.net, p.x, p.dy, cache)]
    yield "two layers of one class share nothing", _equal(found, lone)
    _passes(p, other, more, dy, cache_other)
    yield "two layers of one class share no results", _equal(found, lone)


def _memory_rules(p: Probe):
    """`state` is all that a layer remembers: with it, another layer goes on alike."""
    nets = [
        Net(copy.deepcopy(p.pristine), p.in_shape, p.case.seed, "float64")
        for _ in range(2)
    ]
    batches = [p.normal(p.x.shape) for _ in range(6)]
    nets[1].theta[...] = nets[0].theta
    before: list[np.ndarray] = []
    for i, x in enumerate(batches):
        nets[0].advance()
        y, _ = nets[0].forward(x)
        if i == 2:
            state = {k: np.copy(v) for k, v in nets[0].state().items()}
            nets[1].load_state(state)
        if i > 2:
            before.append(np.copy(y))
    after = []
    for x in batches[3:]:
        nets[1].advance()
        after.append(nets[1].forward(x)[0])
    last = [net.forward(p.x, False)[0] for net in nets]
    kept = _equal(after, before, 1e-13) and _equal(last[:1], last[1:], 1e-13)
    yield "state() holds all that the layer remembers", kept
    yield from _used_rules(p, nets[0])


def _used_rules(p: Probe, net: Net):
    """Arrays that training moves have an effect, or evaluation has forgotten them."""
    start = {k: np.copy(v) for k, v in net.state().items()}
    net.forward(p.normal(p.x.shape))
    now = net.state()
    moved = [
        k
        for k, v in start.items()
        if np.size(v) > 1
        and np.asarray(v).dtype.kind == "f"
        and not np.array_equal(v, now[k])
    ]
    if not moved:
        return
    state = {k: np.copy(v) for k, v in net.state().items()}
    other = {k: 2 * v + 0.5 if k in moved else v for k, v in state.items()}
    used = False
    for train in (False, True):
        results = []
        for start in (state, other):
            net.load_state(start)
            results.append([np.copy(net.forward(p.x, train)[0])])
        used = used or not _equal(*results)
    names = ", ".join(k.split(".")[-1] for k in moved)
    yield f"a pass uses what training keeps in the state: {names}", used

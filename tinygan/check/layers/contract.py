"""The contract of a layer: what every pass promises beside its formula.

Passes share no state through self, change none of their inputs, add up gradients, take
arrays in any order of memory, and stay in float32. state.py has the rules about what a
layer keeps from pass to pass. A rule is a sentence and whether it is kept.
"""

import numpy as np

from ...errors import TangentError
from ..dead import dead_overrides
from ..oracles import relative
from .cases import ORDERS
from .probe import Probe

SAME = 1e-12  # of two results that differ by the order of their sums


def breaches(p: Probe, groups=None) -> tuple[float, str]:
    """(how many rules the layer of a probe breaks, these rules in words)."""
    broken: list[str] = []
    for group in (_pass_rules, _later_rules) if groups is None else groups:
        if broken:  # the other rules mean nothing
            break
        try:
            broken += [sentence for sentence, kept in group(p) if not kept]
        except ValueError as e:
            if not any(word in str(e) for word in ("read-only", "WRITEABLE")):
                raise
            broken.append("a pass leaves its inputs alone, which may be read-only")
    broken = list(dict.fromkeys(broken))
    return float(len(broken)), "; ".join(broken)


def _pass_rules(p: Probe):
    """Passes share no state, change none of their inputs, and add up gradients."""
    x, dy, net, same = p.x.copy(), p.dy.copy(), p.net, np.array_equal
    _, cache = p.forward(net, x)
    net.zero_grad()
    lone_dx = np.copy(net.backward(dy, cache))
    lone_grad = net.grad.copy()
    _, cache = p.forward(net, x)
    p.forward(net, p.normal(x.shape))  # another forward before the backward
    net.zero_grad()
    dx = np.copy(net.backward(dy, cache))
    grad = net.grad.copy()
    yield "forward and backward leave x and dy alone", same(x, p.x) and same(dy, p.dy)
    if np.shape(dx) != x.shape:
        yield f"dx has x's shape {x.shape}, not {np.shape(dx)}", False
        return
    yield (
        "a later forward does not disturb an earlier cache",
        same(dx, lone_dx) and same(grad, lone_grad),
    )
    yield "backward twice gives the same dx", same(net.backward(dy, cache), dx)
    yield "gradients add up", relative(net.grad - 2 * grad, grad) <= 1e-15
    net.zero_grad()
    net.backward_weights(dy, cache)
    yield "backward_weights leaves dy alone", same(dy, p.dy)
    yield (
        "backward_weights gives backward's dtheta",
        relative(net.grad - grad, grad) <= 1e-14,
    )
    frozen_dx, frozen = p.gradients(param_grads=False)
    yield "param_grads=False leaves dtheta alone", not frozen.any()
    yield "param_grads=False gives the same dx", relative(frozen_dx - dx, dx) <= 1e-14
    zero_dx, zero_grad = p.gradients(0 * dy)
    yield "a zero cotangent gives zero", not (zero_dx.any() or zero_grad.any())


def _later_rules(p: Probe):
    yield from _read_only_rules(p)
    yield from order_rules(p, "Fortran")
    yield from order_rules(p, "every second")
    yield from order_rules(p, "reversed")
    yield from float32_rules(p)
    yield from _name_rules(p)


def _read_only_rules(p: Probe):
    """No pass writes into what it is given: a write into these arrays is an error."""

    def locked(a):
        a = a.copy()
        a.flags.writeable = False
        return a

    x, dy, net = locked(p.x), locked(p.dy), p.net
    _, cache = p.forward(net, x)
    for pass_ in (net.backward, net.backward_weights):
        net.zero_grad()
        pass_(dy, cache)
    net.backward(dy, cache, param_grads=False)
    shapes = np.shape(x), np.shape(dy)
    yield "passes leave the shapes of arrays alone", shapes == (p.x.shape, p.dy.shape)
    x_dot, dy_dot = locked(p.normal(x.shape)), locked(p.normal(dy.shape))
    try:
        _, cache_dot = net.tangent(x_dot, cache)
    except TangentError:
        return
    net.tangent_backward(dy, dy_dot, cache, cache_dot)
    given = p.normal(dy.shape)
    kept = given.copy()
    net.tangent_backward(dy, given, cache, cache_dot)
    yield "tangent_backward leaves dy_dot alone", np.array_equal(given, kept)


def order_rules(p: Probe, order: str):
    """Arrays in another order of memory give the same numbers."""
    dx, grad = p.gradients()
    into = ORDERS[order]
    y_other, cache = p.forward(p.net, into(p.x))
    p.net.zero_grad()
    dx_other = p.net.backward(into(p.dy), cache)
    word = "strided" if order != "reversed" else "reversed"
    yield f"a {word} x gives the same y", _same(y_other, p.y)
    yield f"a {word} dy gives the same dx", _same(dx_other, dx)
    yield f"a {word} dy gives the same dtheta", _same(p.net.grad, grad)
    p.net.zero_grad()
    p.net.backward_weights(into(p.dy), cache)
    yield f"a {word} dy gives the same dtheta", _same(p.net.grad, grad)
    x_dot = p.normal(p.x.shape)
    try:
        y_dot, cache_dot = p.net.tangent(x_dot, p.cache)
        p.net.zero_grad()
        back = p.net.tangent_backward(p.dy, p.dy, p.cache, cache_dot)
        grad = p.net.grad.copy()
        y_other, cache_dot = p.net.tangent(into(x_dot), cache)
        p.net.zero_grad()
        other = p.net.tangent_backward(into(p.dy), into(p.dy), cache, cache_dot)
    except TangentError:
        return
    yield f"a {word} x_dot gives the same y_dot", _same(y_other, y_dot)
    same = _same(p.net.grad, grad) and all(map(_same, other, back))
    yield f"a {word} dy_dot gives the same gradients", same


def _same(a, b) -> bool:
    return np.shape(a) == np.shape(b) and relative(a - b, b) <= SAME


def float32_rules(p: Probe):
    """float32 in gives float32 out, close to the result of float64.

    Numbers may cancel by chance, and leave the rounding. So what is not close is tried
    with other numbers.
    """
    dtypes, close, tangent_dtypes, tangent_close, given = _in_float32(p)
    for i in (1, 2):
        if close and tangent_close:
            break
        other = Probe(p.pristine, p.in_shape, p.case.with_seed(p.case.seed + 1000 * i))
        _, close_too, _, tangent_too, _ = _in_float32(other)
        close, tangent_close = close or close_too, tangent_close or tangent_too
    float32 = {np.dtype("float32")}
    yield "float32 stays float32", dtypes == float32
    yield "float32 agrees with float64", close
    yield "tangent leaves x_dot alone", given
    yield "float32 tangents stay float32", tangent_dtypes <= float32
    yield "float32 tangents agree with float64", tangent_close


def _in_float32(p: Probe) -> tuple[set, bool, set, bool, bool]:
    """The dtypes of the results and whether they are close, without and with tangents;
    and whether x_dot was left alone.
    """
    small = p.net.clone("float32")
    x, dy, x_dot = (a.astype("float32") for a in (p.x, p.dy, p.normal(p.x.shape)))
    y, cache = p.forward(small, x)
    state = list(small.state().values())
    found = [y, small.backward(dy, cache), small.grad.copy()]
    exact, exact_state = _in_float64(p, small.theta, x, dy, x_dot)
    dtypes = {a.dtype for a in found[:2]}
    close = all(map(_close32, [*found, *state], [*exact[:3], *exact_state]))
    if len(exact) == 3:
        return dtypes, close, set(), True, True
    given = x_dot.copy()
    y_dot, cache_dot = small.tangent(x_dot, cache)
    small.zero_grad()
    found = [y_dot, *small.tangent_backward(dy, dy, cache, cache_dot)]
    same = all(map(_close32, [*found, small.grad], exact[3:]))
    return dtypes, close, {a.dtype for a in found}, same, np.array_equal(x_dot, given)


def _in_float64(p: Probe, theta, x, dy, x_dot) -> tuple[list, list]:
    """The same passes in float64, with the rounded numbers; and the state then."""
    x, dy, x_dot = (a.astype(float) for a in (x, dy, x_dot))
    p.net.theta[...] = theta
    y, cache = p.forward(p.net, x)
    state = [np.copy(v) for v in p.net.state().values()]
    p.net.zero_grad()
    found = [y, p.net.backward(dy, cache), p.net.grad.copy()]
    try:
        y_dot, cache_dot = p.net.tangent(x_dot, cache)
        p.net.zero_grad()
        back = p.net.tangent_backward(dy, dy, cache, cache_dot)
        found += [y_dot, *back, p.net.grad.copy()]
    except TangentError:
        pass
    p.net.theta[...] = p.theta
    return found, state


def _close32(a, b) -> bool:
    """True if a is close to b, relative to b's largest number, or to 0.1 if that is
    smaller. Weights and inputs are of size 1: numbers that cancel keep their rounding.
    """
    size = max(np.abs(b).max(initial=0.0), 0.1)
    return np.abs(a - b).max(initial=0.0) <= 2e-5 * size


def _name_rules(p: Probe):
    """A method of an earlier version, which a layer overrides, is called no more."""
    for _, layer in p.net.layers():
        for sentence in dead_overrides(layer):
            yield sentence, False

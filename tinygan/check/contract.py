"""The contract of a layer: the rules of its protocol that no derivative shows.

A layer with the right formulas can still write into x, keep the x of an earlier pass,
assign gradients instead of adding them, or turn float32 into float64. Each rule is a
sentence, and `tinygan check` names those that a layer breaks.
"""

from typing import TYPE_CHECKING

import numpy as np

from ..errors import TangentError
from ..net import Net
from .oracles import relative

if TYPE_CHECKING:
    from .layer import Probe


def breaches(p: "Probe") -> tuple[float, str]:
    """(how many rules the layer of a probe breaks, these rules in words)."""
    rules = [*_pass_rules(p)]
    if all(kept for _, kept in rules):  # else the other rules mean nothing
        rules += [*_layout_rules(p), *_float32_rules(p)]
    broken = [sentence for sentence, kept in rules if not kept]
    return float(len(broken)), "; ".join(broken)


def _pass_rules(p: "Probe"):
    """Passes share no state, change none of their inputs, and add up gradients."""
    x, dy, net, same = p.x.copy(), p.dy.copy(), p.net, np.array_equal
    _, cache = p.forward(net, x)
    net.zero_grad()
    lone_dx = net.backward(dy, cache)
    lone_grad = net.grad.copy()
    _, cache = p.forward(net, x)
    p.forward(net, p.normal(x.shape))  # another forward before the backward
    net.zero_grad()
    dx = net.backward(dy, cache)
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
    yield (
        "backward_weights gives backward's dtheta",
        relative(net.grad - grad, grad) <= 1e-14,
    )
    frozen_dx, frozen = p.gradients(param_grads=False)
    yield "param_grads=False leaves dtheta alone", not frozen.any()
    yield "param_grads=False gives the same dx", relative(frozen_dx - dx, dx) <= 1e-14
    zero_dx, zero_grad = p.gradients(0 * dy)
    yield "a zero cotangent gives zero", not (zero_dx.any() or zero_grad.any())


def _layout_rules(p: "Probe"):
    """Arrays in another order of memory give the same numbers."""
    dx, _ = p.gradients()
    for x in (np.asfortranarray(p.x), np.repeat(p.x, 2, axis=-1)[..., ::2]):
        y_strided, cache = p.forward(p.net, x)
        dx_strided = p.net.backward(np.asfortranarray(p.dy), cache)
        yield "a strided x gives the same y", relative(y_strided - p.y, p.y) <= 1e-13
        yield "a strided dy gives the same dx", relative(dx_strided - dx, dx) <= 1e-13


def _float32_rules(p: "Probe"):
    """float32 in gives float32 out, close to the result of float64."""
    dx, grad = p.gradients()
    small = p.net.clone("float32")
    y32, cache32 = p.forward(small, p.x.astype("float32"))
    dx32 = small.backward(p.dy.astype("float32"), cache32)
    pairs = [(y32, p.y), (dx32, dx), (small.grad, grad)]
    yield "float32 stays float32", y32.dtype == dx32.dtype == np.float32
    yield "float32 agrees with float64", all(_close32(a, b) for a, b in pairs)
    try:
        yield from _tangent_rules(p, small, cache32)
    except TangentError:
        return


def _tangent_rules(p: "Probe", small: Net, cache32):
    """The tangent passes leave x_dot alone and stay in float32."""
    x_dot, dy = (p.normal(a.shape).astype("float32") for a in (p.x, p.dy))
    given = x_dot.copy()
    y_dot, cache_dot = small.tangent(x_dot, cache32)
    dx, dx_dot = small.tangent_backward(dy, dy, cache32, cache_dot)
    yield "tangent leaves x_dot alone", np.array_equal(x_dot, given)
    dtypes = {a.dtype for a in (y_dot, dx, dx_dot)}
    yield "float32 tangents stay float32", dtypes == {np.dtype("float32")}


def _close32(a, b) -> bool:
    """True if a is close to b, relative to b's largest number, or to 0.1 if that is
    smaller. Weights and inputs are of size 1: numbers that cancel keep their rounding.
    """
    size = max(np.abs(b).max(initial=0.0), 0.1)
    return np.abs(a - b).max(initial=0.0) <= 2e-5 * size

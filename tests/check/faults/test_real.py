"""Each fault is real: in some admissible use it behaves unlike its twin.

The twin is right. Twins of tinygan have their own tests; a test below compares those of
right.py with finite differences.
"""

import copy

import numpy as np
import pytest

from tinygan import Net, Objective, Optimizer, TangentError
from tinygan.layers.base import walk
from tinygan.penalties import Penalty

from . import faults, right
from .trace import drawn, layer_trace, like
from .trace_others import objective_trace, optimizer_trace, penalty_trace

pytestmark = pytest.mark.slow  # it looks at the files of faults, not at tinygan

FAULTS = faults()


def differ(a, b) -> bool:
    """Whether two arrays differ in shape, dtype or by more than rounding."""
    if a.shape != b.shape or a.dtype != b.dtype:
        return True
    if a.dtype.kind not in "fc":
        return not np.array_equal(a, b)
    limit = 1e-5 if a.dtype.itemsize == 4 else 1e-11
    with np.errstate(all="ignore"):
        near = np.abs(a - b) <= limit * np.abs(b).max(initial=0)
    return not (near | (a == b) | (np.isnan(a) & np.isnan(b))).all()


def trace_of(entry, seen_at):
    if isinstance(entry, tuple):
        return layer_trace(*entry, seen_at)
    kinds = {
        Objective: objective_trace,
        Penalty: penalty_trace,
        Optimizer: optimizer_trace,
    }
    return next(f(entry) for kind, f in kinds.items() if isinstance(entry, kind))


def shows(name: str):
    """Yield the uses in which a fault shows."""
    fault = FAULTS[name]
    for bad, good in zip(fault.make(), fault.twin(), strict=True):
        traces = trace_of(bad, fault.seen_at), trace_of(good, fault.seen_at)
        for (use, a), (_, b) in zip(*traces, strict=True):
            if len(a) != len(b) or any(map(differ, a, b)):
                yield use


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_shows(name):
    assert next(shows(name), None)


WHERE = {  # the use in which a fault must show if it is what its docstring says
    "init_ignores_its_generator": "one seed starts alike",
    "init_draws_from_a_fresh_generator": "one seed starts alike",
    "masks_from_the_global_generator": "one seed plays alike",
    "masks_from_an_unsaved_generator": "a resumed run is alike",
    "mean_beside_the_state": "a resumed run is alike",
    "hidden_count_beside_the_state": "a resumed run is alike",
    "batch_mean_says_divisible": "parts are alike",
    "batch_softmax_says_divisible": "parts are alike",
    "moment_unsaved": "resumed at 7",
    "count_unsaved": "resumed at 7",
    "sigmoid_of_large_x_is_nan": "thousand, float64, train=True, theta x 1",
    "tanh_by_exponentials": "thousand, float64, train=True, theta x 1",
    "norm_of_large_x_by_moments": "billion, float64, train=True, theta x 1",
}


@pytest.mark.parametrize("name", WHERE)
def test_a_fault_shows_where_it_says(name):
    assert WHERE[name] in shows(name)


RARE = (
    "some shapes only",
    "some values of x only",
    "some parameters or state only",
    "overflow",
)


@pytest.mark.parametrize("name", [n for n, f in FAULTS.items() if f.kind in RARE])
def test_a_rare_fault_hides_from_an_ordinary_batch(name):
    fault = FAULTS[name]
    ((_, shape),) = fault.make()
    assert f"4 of {shape}, train=True" not in shows(name)


def own_layers() -> dict:
    """{name: (layer, shape)} of the twins that tinygan's own tests do not know."""
    entries = [entry for checks in right().values() for entry in checks]
    layers = [entry for entry in entries if isinstance(entry, tuple)]
    return {
        f"{type(own).__name__} on {shape}": (f, shape)
        for f, shape in layers
        for _, own in walk(f)
        if type(own).__module__.startswith(__package__)
    }


OWN = own_layers()


class Moving:
    """A network whose x, x_dot and theta move along random directions with t."""

    def __init__(self, layer, shape, train):
        self.net, self.train = Net(layer, shape, seed=1, dtype="float64"), train
        self.start, self.state = self.net.theta.copy(), copy.deepcopy(self.net.state())
        self.x = drawn(np.random.default_rng(0), shape, 5)
        self.x_dot, self.v, self.w = like(self.x, 2), like(self.x, 3), like(self.start)

    def passes(self, t, tangent=False):
        """y and its cache, or both and those of the tangent, at t."""
        f = self.net.tree
        self.net.load_state(copy.deepcopy(self.state))
        self.net.theta[...] = self.start + t * self.w
        y, cache = f.forward(self.x + t * self.v, self.train)
        if not tangent:
            return y, cache
        return y, cache, *f.tangent(self.x_dot + t * self.v, cache)

    def along(self, *dxs):
        """The slope that gradients state."""
        return self.net.grad @ self.w + sum((d * self.v).sum() for d in dxs)


def slope(L) -> float:
    """dL/dt at t = 0, by differences of two lengths."""
    h = 1e-4
    near, far = (L(h) - L(-h)) / (2 * h), (L(2 * h) - L(-2 * h)) / (4 * h)
    return pytest.approx((4 * near - far) / 3, rel=1e-7)


@pytest.mark.parametrize("name", OWN)
@pytest.mark.parametrize("train", [True, False])
def test_a_twin_is_right(name, train):
    """backward against differences of forward, tangent_backward of both passes."""
    f = Moving(*OWN[name], train)
    y, cache = f.passes(0)
    dy, dy_dot = like(y), like(y, 4)
    dx = f.net.tree.backward(dy, cache)
    assert f.along(dx) == slope(lambda t: (dy * f.passes(t)[0]).sum())
    try:
        _, cache, y_dot, cache_dot = f.passes(0, tangent=True)
    except TangentError:
        return

    def both(t):
        y, _, y_dot, _ = f.passes(t, tangent=True)
        return (dy * y).sum() + (dy_dot * y_dot).sum()

    f.net.grad[...] = 0
    dxs = f.net.tree.tangent_backward(dy, dy_dot, cache, cache_dot)
    assert f.along(*dxs) == slope(both)
    f.v, f.w = f.x_dot, 0 * f.w
    assert (dy * y_dot).sum() == slope(lambda t: (dy * f.passes(t)[0]).sum())

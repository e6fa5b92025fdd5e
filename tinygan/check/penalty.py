"""Check penalties: the gradient of a gradient, against the complex step of P itself.

P(theta) is computed with complex weights, and D's backward pass gives the slope of D
in it. So the oracle knows nothing of tangents. The critics are dense and convolutional,
smooth and piecewise linear: a forgotten second derivative shows only in a smooth one.
"""

import numpy as np

from ..errors import flag, instance, whole
from ..layers import Conv2d, Dense, Flatten, LeakyReLU, Sequential, Tanh
from ..net import Net
from ..penalties import Penalty
from .layer import DRAWS
from .oracles import complex_step, finite_difference, relative
from .report import Row

LIMIT = 1e-10


def critics() -> dict[str, tuple[Sequential, tuple]]:
    """Small critics and the shape of their samples, by name."""
    found = {}
    for act in (Tanh(), LeakyReLU()):
        name = type(act).__name__
        found[f"dense {name}"] = (
            Sequential(Dense(7), act, Dense(5), act, Dense(1)),
            (4,),
        )
        layers = (Conv2d(3, 3, 2, 1), act, Conv2d(4, 3, 1, 1), act, Flatten(), Dense(1))
        found[f"conv {name}"] = (Sequential(*layers), (5, 5, 2))
    return found


def check_penalty(penalty: Penalty, seed=0, analytic=True) -> list[Row]:
    """Check dP/dtheta for four critics, and the contract of a penalty.

    analytic=False leaves the complex step out, as in check_layer.
    """
    instance("check_penalty", "penalty", penalty, Penalty, "R1(10)")
    seed = whole("check_penalty", "seed >= 0", seed)
    analytic = flag("check_penalty", "analytic", analytic)
    rows, worst = [], Row(repr(penalty), "finite", 0.0, 1e-6)
    for name, (tree, shape) in critics().items():
        rng = np.random.default_rng(seed)
        D = Net(tree, shape, seed=seed, dtype="float64")
        D.theta[...] = rng.normal(0, 0.5, D.theta.size)  # no bias is 0
        batches = rng.standard_normal((2, 6, *shape))
        *exact, finite = gradient_rows(penalty, D, batches, name, seed, analytic)
        rows, worst = rows + exact, max(worst, finite, key=lambda row: row.error)
    rules = _rules(penalty, D, batches, seed)
    broken = [sentence for sentence, kept in rules if not kept]
    contract = float(len(broken)), 0.0, "; ".join(broken)
    return [*rows, worst, Row(repr(penalty), "contract", *contract)]


def gradient_rows(penalty, D: Net, batches, quantity, seed=0, analytic=True) -> list:
    """Compare what `penalty` adds to D.grad with the oracles.

    batches: (real, fake). The points are drawn from the same seed each time, so that P
    is a function of theta.
    """
    rng = np.random.default_rng(seed + 1)
    theta, net = D.theta.copy(), {c: D.clone(c) for c in ("float64", "complex128")}

    def P(theta):
        D = net[str(theta.dtype)]
        D.theta[...] = theta
        return accumulated(penalty, D, batches, seed)[0]

    _, grad = accumulated(penalty, D, batches, seed)
    exact, finite, used = 0.0, 0.0, 0
    for _ in range(DRAWS):
        v = rng.standard_normal(theta.size)
        slope = -(grad * v).sum()  # D ascends V - P
        if analytic:
            exact = max(exact, relative(complex_step(P, theta, v) - slope, grad))
        estimate = finite_difference(P, theta, v)
        if estimate is not None:  # None: the step crossed a kink
            finite, used = max(finite, relative(estimate - slope, grad)), used + 1
    name = repr(penalty)
    rows = [Row(name, quantity, exact, LIMIT)] if analytic else []
    note = f"by finite differences, {quantity}"
    return [*rows, Row(name, "finite", finite if used else np.inf, 1e-6, note)]


def accumulated(penalty, D: Net, batches, seed=0):
    """Clear D.grad, and return (P, what the penalty adds to D.grad)."""
    passes = []
    for x in batches:
        x = x.astype(D.theta.dtype)
        passes.append((x, *D.forward(x)))
    D.zero_grad()
    P = penalty.accumulate(D, *passes, np.random.default_rng(seed))
    return P, D.grad.copy()


def _rules(penalty, D: Net, batches, seed):
    """The contract of a penalty beside its formula: (sentence, kept) pairs."""
    theta, given = D.theta.copy(), batches.copy()
    _, once = accumulated(penalty, D, batches, seed)
    passes = [(x, *D.forward(x)) for x in batches]
    penalty.accumulate(D, *passes, np.random.default_rng(seed))
    yield "the penalty of a steep critic has a gradient", bool(once.any())
    yield "gradients add up", relative(D.grad - 2 * once, once) <= 1e-14
    yield "theta is left alone", np.array_equal(D.theta, theta)
    yield "the samples are only read", np.array_equal(batches, given)
    small = D.clone("float32")
    P32, grad32 = accumulated(penalty, small, batches, seed)
    yield "float32 stays float32", P32.dtype == np.float32
    close = np.abs(grad32 - once).max() <= 1e-4 * (np.abs(once).max() or 1.0)
    yield "float32 agrees with float64", bool(close)
    flat = D.clone()
    flat.theta[...] = 0  # D is flat: |g| = 0, where a norm has no derivative
    P, grad = accumulated(penalty, flat, batches, seed)
    yield "all is finite where D is flat", bool(np.isfinite([P, *grad]).all())

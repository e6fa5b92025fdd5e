"""Check an optimizer against its paper's definition, written another way.

The optimizer updates its moments by a recursion. Here every moment is the explicit
weighted sum over all past gradients.
"""

import copy

import numpy as np

from ..errors import instance, whole
from ..optim import (
    SGD,
    Adam,
    ClipNorm,
    ClipValue,
    Momentum,
    Optimizer,
    RMSProp,
    Wrapper,
)
from .oracles import relative
from .report import Row


def check_optimizer(optimizer: Optimizer, steps=12, seed=0) -> list[Row]:
    """Compare a fresh optimizer's steps with its definition, if that is known here.

    Check also that descend mirrors ascend, and that a state taken half way resumes bit
    for bit.
    """
    instance("check_optimizer", "optimizer", optimizer, Optimizer, "Adam(1e-3)")
    steps = whole("check_optimizer", "2 <= steps <= 100000", steps)
    rng = np.random.default_rng(whole("check_optimizer", "seed >= 0", seed))
    name = type(optimizer).__name__
    gradients = rng.standard_normal((steps, 7)) * np.logspace(-3, 2, 7)
    given, start = gradients.copy(), rng.standard_normal(7)
    up, down, opposite, resumed, expected = (start.copy() for _ in range(5))
    upward, downward, odd, before = (copy.deepcopy(optimizer) for _ in range(4))
    upward.prepare(up)
    _innermost(upward)._u[...] = np.nan  # a direction that is never written stays NaN
    definition = _definition(optimizer)
    worst = 0.0
    for t, g in enumerate(gradients, start=1):
        upward.ascend(up, g)
        downward.descend(down, g)
        odd.descend(opposite, -g)
        before.ascend(resumed, g)
        if t == steps // 2:
            after = copy.deepcopy(optimizer)
            after.prepare(resumed)
            after.load_state({k: np.copy(v) for k, v in before.state().items()})
            before = after
        if definition:
            expected += optimizer.lr * definition(gradients[:t])
            worst = max(worst, relative(up - expected, expected))
    mirror = relative((up - start) + (down - start), up - start)
    mirror = max(mirror, relative(opposite - up, up - start))
    still = float((up == start).sum()) + float((gradients != given).sum())
    lost = float(np.abs(resumed - up).max())
    known = [Row(name, "definition", worst, 1e-13)] if definition else []
    return [
        *known,
        Row(
            name,
            "mirror",
            mirror,
            1e-13,
            "descend mirrors ascend, and u is odd in g",
        ),
        Row(name, "contract", still, 0.0, "theta moves in place, and g is only read"),
        Row(name, "resume", lost, 0.0, "state() holds all that it remembers"),
    ]


def _weighted(rho: float, terms):
    """sum_i rho^(t - i) terms_i, the closed form of a <- rho a + term."""
    t = len(terms)
    return sum(rho ** (t - 1 - i) * term for i, term in enumerate(terms))


def _adam(o, g):
    m = (1 - o.beta1) * _weighted(o.beta1, g) / (1 - o.beta1 ** len(g))
    v = (1 - o.beta2) * _weighted(o.beta2, g * g) / (1 - o.beta2 ** len(g))
    return m / (np.sqrt(v) + o.eps)


def _momentum(o, g):
    mus = o.mu + (o.final - o.mu) * np.minimum(1, np.arange(len(g)) / o.ramp)
    return sum(np.prod(mus[i + 1 :]) * g[i] for i in range(len(g)))


def _rmsprop(o, g):
    return g[-1] / (np.sqrt((1 - o.rho) * _weighted(o.rho, g * g)) + o.eps)


def _clip_value(o, g):
    return np.clip(g, -o.limit, o.limit)


def _clip_norm(o, g):
    return g / np.maximum(1, np.linalg.norm(g, axis=1, keepdims=True) / o.limit)


DEFINITIONS = {
    SGD: lambda o, g: g[-1],
    Momentum: _momentum,
    RMSProp: _rmsprop,
    Adam: _adam,
}
CLIPPED = {ClipValue: _clip_value, ClipNorm: _clip_norm}


def _definition(o: Optimizer):
    """A function from gradients (t, n) to the direction of step t; None if unknown."""
    if type(o) in CLIPPED:
        inner = _definition(o.inner)
        return inner and (lambda g: inner(CLIPPED[type(o)](o, g)))
    known = DEFINITIONS.get(type(o))
    return known and (lambda g: known(o, g))


def _innermost(optimizer: Optimizer) -> Optimizer:
    while isinstance(optimizer, Wrapper):
        optimizer = optimizer.inner
    return optimizer

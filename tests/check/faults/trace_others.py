"""Traces of losses, penalties and optimizers; trace.py has those of layers."""

import copy
import itertools

import numpy as np

from tinygan import Net
from tinygan.layers import Dense, Sequential, Tanh

from .trace import Trace, locked, tried

LOGITS = {
    "normal": lambda rng, s: rng.standard_normal(s),
    "ties": lambda rng, s: np.round(rng.standard_normal(s)),
    "equal": lambda rng, s: np.zeros(s),
    "ones": lambda rng, s: np.ones(s),
    "wide": lambda rng, s: 20 * rng.standard_normal(s),
    "huge": lambda rng, s: 1e4 * rng.standard_normal(s),
}


def objective_trace(objective) -> Trace:
    """Values and gradients of logits of many kinds, and what the calls leave behind."""
    yield "paired", tried(lambda: (objective.paired, objective.sees_samples))
    sizes = [(5, 5), (1, 1), (2, 2), (8, 8), (70, 70), (5, 3), (3, 5)]
    for name, (n, m), dtype in itertools.product(LOGITS, sizes, ("float64", "float32")):
        rng = np.random.default_rng(n)
        r, f = (LOGITS[name](rng, (k, 1)).astype(dtype) for k in (n, m))

        def calls(r=r, f=f):
            own = copy.deepcopy(objective)
            shown = [own.d_grads(r, f), own.value(r, f), own.beliefs(r, f)]
            shown += [own.g_value(f, r), own.g_grad(f, r), r, f]
            if not own.paired:
                shown += [own.g_value(f), own.g_grad(f), own.g_value(-f), own.g_grad(f)]
            shown += [own.value(r, r), own.value(r, f), own.d_grads(f, r)]
            return [*shown, type(own.value(r, f)).__name__]

        yield f"{name}, {n} and {m}, {dtype}", tried(calls)
    r, f = locked(np.ones((4, 1))), locked(np.zeros((4, 1)))
    yield "locked", tried(lambda: (objective.value(r, f), objective.d_grads(r, f)))


def penalty_trace(penalty) -> Trace:
    """P and D.grad of critics from flat to steep, with batches of several sizes."""
    cases = itertools.product((1, 4, 6, 16), (0.0, 0.1, 1.0, 10.0), range(2))
    for n, scale, seed in cases:
        rng = np.random.default_rng(n)
        x, z = rng.standard_normal((2, n, 3))

        def calls(x=x, z=z, scale=scale, seed=seed):
            D = Net(Sequential(Dense(6), Tanh(), Dense(1)), (3,), seed=1, dtype=float)
            D.theta *= scale
            np.random.seed(seed)
            own, rng, shown = copy.deepcopy(penalty), np.random.default_rng(seed), []
            for _ in range(3):
                D.grad[...] = 1
                real, fake = ((a, *D.forward(a)) for a in (x, z))
                P = own.accumulate(D, real, fake, rng)
                shown += [P, D.grad.copy(), D.theta.copy(), x, z]
                D.theta *= 1.1
            return shown

        yield f"{n} samples, theta x {scale:g}, seed {seed}", tried(calls)


def optimizer_trace(optimizer) -> Trace:
    """Forty steps of several sizes, up, down, resumed, beside another optimizer."""
    cases = itertools.product((3, 1500, 40000), ("float64", "float32"), (1.0, 1e-6, 0))
    for n, dtype, scale in cases:
        key = f"{n}, {dtype}, g x {scale:g}"
        yield (
            key,
            tried(lambda n=n, t=dtype, scale=scale: steps(optimizer, n, t, scale)),
        )
    for name in ("ascend", "descend"):
        yield name, tried(lambda name=name: walk(optimizer, name))
    yield "-g", tried(lambda: steps(optimizer, 4, "float64", -1.0))
    yield "g large", tried(lambda: steps(optimizer, 4, "float64", 100.0))
    yield "resumed at 7", tried(lambda: steps(optimizer, 4, "float64", 1.0, 7))
    yield "rate changed", tried(lambda: steps(optimizer, 4, "float64", 1.0, None, 3))
    yield "two", tried(lambda: beside(optimizer))


def gradient(i, n, dtype, scale):
    g = np.random.default_rng(i).standard_normal(n) * scale
    g[0] = 0  # a parameter that no sample reaches
    return g.astype(dtype)


def steps(optimizer, n, dtype, scale, resume=None, slower=None):
    own = copy.deepcopy(optimizer)
    theta, shown, saved = np.zeros(n, dtype), [], {}
    for i in range(24 if n < 1000 else 3):
        if i == resume:
            new = copy.deepcopy(optimizer)
            new.prepare(theta)
            saved = copy.deepcopy(own.state())
            new.load_state(saved)
            own = new
        if i == slower:
            own.lr /= 10
        g = gradient(i, n, dtype, scale)
        own.ascend(theta, g)
        shown += [theta.copy(), g]
    return shown, saved


def walk(optimizer, name):
    own, theta = copy.deepcopy(optimizer), np.zeros(5)
    for i in range(3):
        getattr(own, name)(theta, gradient(i, 5, "float64", 1.0))
    return theta


def beside(optimizer):
    own, other = copy.deepcopy(optimizer), copy.deepcopy(optimizer)
    theta, theirs = np.zeros((2, 5))
    for i in range(3):
        own.ascend(theta, gradient(i, 5, "float64", 1.0))
        other.ascend(theirs, gradient(i + 9, 5, "float64", 1.0))
    return theta, theirs

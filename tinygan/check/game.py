"""Check objectives, optimizers, and whole moves of the game.

An optimizer is held against its paper's definition written another way: every moment is
an explicit weighted sum over all past gradients, not the recursion that the code runs.
"""

import math

import numpy as np

from ..gan import d_step, g_step
from ..layers import (
    BatchNorm,
    Conv2d,
    ConvTranspose2d,
    Dense,
    Flatten,
    LeakyReLU,
    Reshape,
    Sequential,
    Tanh,
)
from ..net import Net
from ..objectives import Objective
from ..optim import SGD, Adam, Momentum, Optimizer, RMSProp
from .layer import DRAWS, Row
from .oracles import complex_step, finite_difference, relative


def check_objective(objective: Objective, batch=5, seed=0) -> list[Row]:
    """d_grads against V and g_grad against J; values and slopes finite at |s| = 1e4."""
    rng = np.random.default_rng(seed)
    name = type(objective).__name__
    s = rng.normal(0, 2, (2, batch, 1))  # real, fake
    pairs = {
        "dV/ds": (lambda s: objective.value(s[0], s[1]), objective.d_grads(s[0], s[1])),
        "dJ/ds": (
            lambda s: objective.g_value(s[1], s[0]),
            [0 * s[0], objective.g_grad(s[1], s[0])],
        ),
    }
    rows = []
    for quantity, (L, gradient) in pairs.items():
        gradient, worst, finite = np.array(gradient), 0.0, 0.0
        for _ in range(DRAWS):
            v = rng.standard_normal(s.shape)
            if quantity == "dJ/ds":
                v[0] = 0  # G moves only the fake logits
            slope = (gradient * v).sum()
            worst = max(worst, relative(complex_step(L, s, v) - slope, gradient))
            estimate = finite_difference(L, s, v)
            if estimate is not None:  # None: the step crossed a kink
                finite = max(finite, relative(estimate - slope, gradient))
        rows.append(Row(name, quantity, worst, 1e-11))
        rows.append(Row(name, quantity + " finite", finite, 1e-6))
    far = np.array([[-1e4], [-50.0], [0.0], [50.0], [1e4]])
    values = [objective.value(far, far), objective.g_value(far, far)]
    values += [*objective.d_grads(far, far), objective.g_grad(far, far)]
    bad = sum(int(not np.isfinite(v).all()) for v in values)
    rows.append(Row(name, "finite far away", float(bad), 0.0))
    return rows


def check_optimizer(optimizer: Optimizer, steps=12, seed=0) -> list[Row]:
    """Steps against the sum over past gradients; ascend mirrors descend; state resumes."""
    rng = np.random.default_rng(seed)
    name = type(optimizer).__name__
    gradients = rng.standard_normal((steps, 7)) * np.logspace(-3, 2, 7)
    start = rng.standard_normal(7)
    up, down, resumed = start.copy(), start.copy(), start.copy()
    fresh = {k: v for k, v in vars(optimizer).items() if k in _settings(optimizer)}
    a, b, c = (_like(optimizer, fresh) for _ in range(3))
    expected, worst = start.copy(), 0.0
    for t, g in enumerate(gradients, start=1):
        a.ascend(up, g)
        b.descend(down, g)
        c.ascend(resumed, g)
        if t == steps // 2:  # a checkpoint half way
            state = {k: np.copy(v) for k, v in c.state().items()}
            c = _like(optimizer, fresh)
            c.prepare(resumed)
            c.load_state(state)
        if type(optimizer) in DEFINITIONS:
            u = DEFINITIONS[type(optimizer)](optimizer, gradients[:t])
            expected += optimizer.lr * u
            worst = max(worst, relative(up - expected, expected))
    rows = []
    if type(optimizer) in DEFINITIONS:
        rows.append(Row(name, "definition", worst, 1e-13))
    mirror = relative((up - start) + (down - start), up - start)
    rows.append(Row(name, "ascend = -descend", mirror, 1e-13))
    rows.append(Row(name, "resume", float(np.abs(resumed - up).max()), 0.0))
    return rows


def _settings(optimizer) -> set:
    return set(vars(optimizer)) - {"t", "_u", *optimizer.moments}


def _like(optimizer, settings):
    """A fresh optimizer of the same kind and settings."""
    new = object.__new__(type(optimizer))
    vars(new).update(settings, t=0)
    return new


def _weighted(rho: float, terms):
    """sum_i rho^(t - i) terms_i, the closed form of a <- rho a + term."""
    t = len(terms)
    return sum(rho ** (t - 1 - i) * term for i, term in enumerate(terms))


def _adam(o, g):
    m = (1 - o.beta1) * _weighted(o.beta1, g) / (1 - o.beta1 ** len(g))
    v = (1 - o.beta2) * _weighted(o.beta2, g * g) / (1 - o.beta2 ** len(g))
    return m / (np.sqrt(v) + o.eps)


def _rmsprop(o, g):
    return g[-1] / (np.sqrt((1 - o.rho) * _weighted(o.rho, g * g)) + o.eps)


DEFINITIONS = {
    SGD: lambda o, g: g[-1],
    Momentum: lambda o, g: _weighted(o.mu, g),
    RMSProp: _rmsprop,
    Adam: _adam,
}


def check_game(objective: Objective, seed=0) -> list[Row]:
    """One d_step and one g_step of a small DCGAN: theta_D moves along dV/dtheta_D and
    nothing else moves, theta_G along dJ/dtheta_G, both by the complex step through
    both networks.
    """
    rng = np.random.default_rng(seed)
    G, D = _small_dcgan(seed)
    x, z = rng.standard_normal((3, 4, 4, 2)), rng.standard_normal((3, 5))
    G_0, D_0 = G.theta.copy(), D.theta.copy()
    lr = 1e-3
    name = f"game, {type(objective).__name__}"
    states = [{k: np.copy(v) for k, v in net.state().items()} for net in (G, D)]

    def play(theta_G, theta_D, value):
        g, d = (net.clone("complex128") for net in (G, D))
        g.load_state(states[0])
        d.load_state(states[1])
        g.theta[...], d.theta[...] = theta_G, theta_D
        s_fake = d.forward(g.forward(z + 0j)[0])[0]
        return value(d.forward(x + 0j)[0], s_fake)

    d_step(G, D, SGD(lr), objective, x, z)
    dV, moved = (D.theta - D_0) / lr, float(np.abs(G.theta - G_0).max())
    rows = [
        _slope(
            f"{name}: d_step",
            lambda t: play(G_0, t, lambda r, f: objective.value(r, f)),
            D_0,
            dV,
            rng,
        ),
        Row(f"{name}: d_step", "theta_G stays", moved, 0.0),
    ]
    G.theta[...], D.theta[...] = G_0, D_0
    g_step(G, D, SGD(lr), objective, z)
    dJ, moved = (G_0 - G.theta) / lr, float(np.abs(D.theta - D_0).max())
    return [
        *rows,
        _slope(
            f"{name}: g_step",
            lambda t: play(t, D_0, lambda r, f: objective.g_value(f, r)),
            G_0,
            dJ,
            rng,
        ),
        Row(f"{name}: g_step", "theta_D stays", moved, 0.0),
    ]


def _slope(name, L, theta, gradient, rng) -> Row:
    worst = 0.0
    for _ in range(DRAWS):
        v = rng.standard_normal(theta.shape)
        exact = complex_step(L, theta, v)
        worst = max(worst, relative(exact - gradient @ v, gradient))
    # read back from theta, so lr and theta's own rounding, 1e-16/lr, come in
    return Row(name, "gradient", worst, 1e-11 if math.isfinite(worst) else 0.0)


def _small_dcgan(seed):
    G = Sequential(
        Dense(2 * 2 * 3),
        BatchNorm(),
        LeakyReLU(),
        Reshape(2, 2, 3),
        ConvTranspose2d(2, 4, 2, 1),
        Tanh(),
    )
    D = Sequential(Conv2d(3, 3, 1, 1), BatchNorm(), LeakyReLU(), Flatten(), Dense(1))
    return (
        Net(G, (5,), seed=seed, dtype="float64"),
        Net(D, (4, 4, 2), seed=seed + 1, dtype="float64"),
    )

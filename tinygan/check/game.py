"""Check objectives, optimizers, and whole moves of the game.

An optimizer is held against its paper's definition written another way: every moment is
an explicit weighted sum over all past gradients, not the recursion that the code runs.
"""

import copy

import numpy as np

from ..clipping import ClipNorm, ClipValue
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
from ..optim import (
    SGD,
    Adam,
    Momentum,
    Optimizer,
    RMSProp,
    Wrapper,
)
from .layer import DRAWS, Row
from .oracles import complex_step, finite_difference, relative


def check_objective(objective: Objective, batch=5, seed=0, analytic=True) -> list[Row]:
    """d_grads against V and g_grad against J, and what an objective must keep to.

    analytic=False leaves the complex step out, as in check_layer.
    """
    rng = np.random.default_rng(seed)
    name = repr(objective)
    s_real, s_fake = rng.normal(0, 2, (2, batch, 1))
    broken = [
        rule for rule, kept in _objective_rules(objective, s_real, s_fake) if not kept
    ]
    manners = Row(name, "manners", float(len(broken)), 0.0, "; ".join(broken))
    if broken:
        return [manners]
    dV = np.array(objective.d_grads(s_real, s_fake))
    dJ = objective.g_grad(s_fake, s_real)

    def V(s):
        return objective.value(s[0], s[1])

    def J(s):
        return objective.g_value(s, s_real)

    return [
        *slopes(name, "dV/ds", V, np.stack([s_real, s_fake]), dV, rng, analytic),
        *slopes(name, "dJ/ds", J, s_fake, dJ, rng, analytic),
        manners,
    ]


def _objective_rules(objective: Objective, s_real, s_fake):
    """What an objective must keep to beside its formulas: (sentence, kept) pairs."""

    def everything(s_real, s_fake):
        values = [objective.value(s_real, s_fake), objective.g_value(s_fake, s_real)]
        slopes = [*objective.d_grads(s_real, s_fake), objective.g_grad(s_fake, s_real)]
        return values, slopes

    given = s_real.copy(), s_fake.copy()
    _, slopes = everything(s_real, s_fake)
    shapes = [np.shape(slope) for slope in slopes]
    yield "each derivative has its logits' shape", shapes == 3 * [s_real.shape]
    yield "logits are only read", np.array_equal(given, (s_real, s_fake))
    values, slopes = everything(*(s.astype("float32") for s in given))
    dtypes = {v.dtype for v in (*values, *slopes)}
    yield "float32 stays float32", dtypes == {np.dtype("float32")}
    far = np.array([[-1e4], [-50.0], [0.0], [50.0], [1e4]])
    values, slopes = everything(far, far)
    finite = all(np.isfinite(v).all() for v in (*values, *slopes))
    yield "all is finite at logits of +-10,000", finite


def slopes(name, quantity, L, point, gradient, rng, analytic=True) -> list[Row]:
    """`gradient` against the complex step of L, and against finite differences."""
    exact, finite, used = 0.0, 0.0, 0
    for _ in range(DRAWS):
        v = rng.standard_normal(point.shape)
        slope = (gradient * v).sum()
        if analytic:
            exact = max(exact, relative(complex_step(L, point, v) - slope, gradient))
        estimate = finite_difference(L, point, v)
        if estimate is not None:  # None: the step crossed a kink
            finite = max(finite, relative(estimate - slope, gradient))
            used += 1
    finite = finite if used else np.inf
    rows = [Row(name, quantity, exact, 1e-11)] if analytic else []
    return [*rows, Row(name, f"{quantity} finite", finite, 1e-6)]


def check_optimizer(optimizer: Optimizer, steps=12, seed=0) -> list[Row]:
    """A fresh optimizer's steps against its definition, where that is known; that
    ascend mirrors descend; and that a state taken half way resumes bit for bit.
    """
    rng = np.random.default_rng(seed)
    name = type(optimizer).__name__
    gradients = rng.standard_normal((steps, 7)) * np.logspace(-3, 2, 7)
    given, start = gradients.copy(), rng.standard_normal(7)
    up, down, opposite, resumed, expected = (start.copy() for _ in range(5))
    upward, downward, odd, before = (copy.deepcopy(optimizer) for _ in range(4))
    upward.prepare(up)
    _innermost(upward)._u[...] = np.nan  # a direction that is never written shows
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
            "descend is ascend backwards, and u is odd in g",
        ),
        Row(name, "manners", still, 0.0, "theta moves in place, and g is only read"),
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
    """gradients (t, n) -> the direction of step t, or None where it is not known."""
    if type(o) in CLIPPED:
        inner = _definition(o.inner)
        return inner and (lambda g: inner(CLIPPED[type(o)](o, g)))
    known = DEFINITIONS.get(type(o))
    return known and (lambda g: known(o, g))


def _innermost(optimizer: Optimizer) -> Optimizer:
    while isinstance(optimizer, Wrapper):
        optimizer = optimizer.inner
    return optimizer


def check_game(objective: Objective, seed=0) -> list[Row]:
    """One d_step and one g_step of a small DCGAN with BatchNorm in both networks.

    theta_D moves along dV/dtheta_D and theta_G stays; theta_G moves along -dJ/dtheta_G
    and theta_D stays: both by the complex step through both networks.
    """
    rng = np.random.default_rng(seed)
    G, D = _small_dcgan(seed)
    theta_G, theta_D = G.theta.copy(), D.theta.copy()
    x, z = rng.standard_normal((3, 4, 4, 2)), rng.standard_normal((3, 5))
    complex_G, complex_D = G.clone("complex128"), D.clone("complex128")

    def logits(theta_G, theta_D):
        complex_G.theta[...], complex_D.theta[...] = theta_G, theta_D
        x_fake, _ = complex_G.forward(z + 0j)
        return complex_D.forward(x + 0j)[0], complex_D.forward(x_fake)[0]

    def V(theta_D):
        return objective.value(*logits(theta_G, theta_D))

    def J(theta_G):
        s_real, s_fake = logits(theta_G, theta_D)
        return objective.g_value(s_fake, s_real)

    name = f"d_step, {objective!r}"
    d_step(G, D, SGD(1.0), objective, x, z)
    dV = D.theta - theta_D
    rows = slopes(name, "gradient", V, theta_D, dV, rng)
    moved = float(np.abs(G.theta - theta_G).max())
    rows.append(Row(name, "stays", moved, 0.0, "theta_G is left alone"))

    G.theta[...], D.theta[...] = theta_G, theta_D
    name = f"g_step, {objective!r}"
    g_step(G, D, SGD(1.0), objective, z, x)
    dJ = theta_G - G.theta
    rows += slopes(name, "gradient", J, theta_G, dJ, rng)
    moved = float(np.abs(D.theta - theta_D).max())
    rows.append(Row(name, "stays", moved, 0.0, "theta_D is left alone"))
    return rows


def _small_dcgan(seed) -> tuple[Net, Net]:
    G = Sequential(
        Dense(2 * 2 * 3),
        BatchNorm(),
        LeakyReLU(),
        Reshape(2, 2, 3),
        ConvTranspose2d(2, 4, stride=2, pad=1),
        Tanh(),
    )
    D = Sequential(
        Conv2d(3, 3, pad=1),
        BatchNorm(),
        LeakyReLU(),
        Flatten(),
        Dense(1),
    )
    return (
        Net(G, (5,), seed=seed, dtype="float64"),
        Net(D, (4, 4, 2), seed=seed + 1, dtype="float64"),
    )

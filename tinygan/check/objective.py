"""Check an objective: its derivatives are compared with its values.

V is the discriminator's value and J the generator's loss, both functions of logits.
"""

import numpy as np

from ..errors import flag, instance, whole
from ..objectives import Objective
from .layer import DRAWS
from .oracles import complex_step, finite_difference, relative
from .report import Row


def check_objective(objective: Objective, batch=5, seed=0, analytic=True) -> list[Row]:
    """Compare d_grads with V and g_grad with J, and check the contract.

    analytic=False leaves the complex step out, as in check_layer.
    """
    instance("check_objective", "objective", objective, Objective, "NonSaturating()")
    batch = whole("check_objective", "batch >= 1", batch)
    analytic = flag("check_objective", "analytic", analytic)
    rng = np.random.default_rng(whole("check_objective", "seed >= 0", seed))
    name = repr(objective)
    s_real, s_fake = rng.normal(0, 2, (2, batch, 1))
    broken = [
        rule for rule, kept in _objective_rules(objective, s_real, s_fake) if not kept
    ]
    contract = Row(name, "contract", float(len(broken)), 0.0, "; ".join(broken))
    if broken:
        return [contract]
    dV = np.array(objective.d_grads(s_real, s_fake))
    dJ = objective.g_grad(s_fake, s_real)

    def V(s):
        return objective.value(s[0], s[1])

    def J(s):
        return objective.g_value(s, s_real)

    return [
        *slopes(name, "dV/ds", V, np.stack([s_real, s_fake]), dV, rng, analytic),
        *slopes(name, "dJ/ds", J, s_fake, dJ, rng, analytic),
        contract,
    ]


def _objective_rules(objective: Objective, s_real, s_fake):
    """The contract of an objective beside its formulas: (sentence, kept) pairs."""

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
    """Compare `gradient` with the complex step of L and with finite differences."""
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

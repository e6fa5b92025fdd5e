"""What the log of a game shows if D cannot tell, and if D is sure: the two ends of V.

They are found by trying logits, so an objective of a user's own has them as well.
"""

import contextlib

import numpy as np

from ..objectives import Minimax, NonSaturating, Objective
from ..objectives.auxiliary import Auxiliary

LOGITS = np.concatenate([[-60.0], np.linspace(-10, 10, 81), [60.0]])
TIES = 1e-12  # a constant D with logit 0 is taken if no other is better by more


def equilibrium(objective: Objective) -> dict:
    """What is known of an objective:

    flat: {"V", "J", "D_x", "D_Gz"}: the values where D cannot tell, so that all logits
    are the same number s, with the largest V(s, s). best: the largest V, unless V has
    no bound. saturates: True if G gets no gradient from a sure D. jsd: True if (V + log
    4)/2 is a bound below the Jensen-Shannon divergence.

    {} if the objective takes no logits (N, 1).
    """
    source = objective.source if isinstance(objective, Auxiliary) else objective
    found: dict = {}
    with contextlib.suppress(Exception), np.errstate(all="ignore"):
        found = _ends(source)
        if source is not objective:  # V and J have the classifier's terms as well
            flat = found["flat"]
            found = {"flat": {name: flat[name] for name in ("D_x", "D_Gz")}}
    return found


def _ends(objective: Objective) -> dict:
    def V(s_real: float, s_fake: float) -> float:
        return float(objective.value(_logits(s_real), _logits(s_fake)))

    s = _top(lambda s: V(s, s))
    D_x, D_Gz = objective.beliefs(_logits(s), _logits(s))
    J = objective.g_value(_logits(s), _logits(s))
    values = {"V": V(s, s), "J": float(J), "D_x": float(D_x), "D_Gz": float(D_Gz)}
    found = {"flat": values, "saturates": False, "jsd": _is_logistic(objective)}
    if V(60, -60) - V(30, -30) < 1:
        real = max(LOGITS, key=lambda a: V(a, -10.0))
        fake = max(LOGITS, key=lambda a: V(real, a))
        found["best"] = V(real, fake)
    sure, unsure = (_pull(objective, s_fake) for s_fake in (-10.0, 0.0))
    found["saturates"] = sure < 0.01 * unsure
    return found


def _logits(s: float) -> np.ndarray:
    return np.full((2, 1), s)


def _top(V) -> float:
    """The s with the largest V(s), a concave function; 0 if no s is better."""
    low, high = -10.0, 10.0
    for _ in range(100):
        a, b = low + (high - low) / 3, high - (high - low) / 3
        low, high = (a, high) if V(a) < V(b) else (low, b)
    s = (low + high) / 2
    return 0.0 if V(s) <= V(0.0) + TIES else s


def _pull(objective: Objective, s_fake: float) -> float:
    """How strongly G is pulled at a sample with this logit, |dJ/ds|."""
    grad = objective.g_grad(_logits(s_fake), _logits(10.0))
    return float(np.abs(grad).sum())


def _is_logistic(objective: Objective) -> bool:
    """True for V = E log D(x) + E log(1 - D(G(z)))."""
    return type(objective) in (Minimax, NonSaturating) and not objective.smoothing

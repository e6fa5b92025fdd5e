"""Check penalties: the gradient of a gradient, against the complex step of P itself.

P(theta) is computed with complex weights, and D's backward pass gives the slope of D
in it. So the oracle knows nothing of tangents. The critics are dense and convolutional,
smooth and piecewise linear: a forgotten second derivative shows only in a smooth one.
"""

import warnings

import numpy as np

from ...errors import flag, instance, whole
from ...layers import Conv2d, Dense, Flatten, LeakyReLU, Sequential, Tanh
from ...net import Net
from ...penalties import Penalty
from ..dead import dead_overrides
from ..layers.layer import DRAWS
from ..oracles import complex_step, relative
from ..report import Row, an_effort
from .formulas import AGREES, compare, parent_penalty
from .penalty_rules import (
    accumulated,
    contract_rules,
    memory_rules,
    shared_rules,
    state_rules,
    states_divisible,
)
from .penalty_slopes import FINITE, LIMIT, Slopes, Tally, judge_slopes
from .ratio import call

SIZES = {
    "quick": [(1, 1), (2, 3), (5, 5)],
    "normal": [(1, 1), (2, 2), (2, 3), (3, 2), (5, 5), (6, 6), (5, 2), (9, 9)],
}
SIZES["thorough"] = [
    *SIZES["normal"],
    (3, 3),
    (4, 4),
    (7, 7),
    (8, 8),
    (16, 16),
    (33, 33),
]
SLOPES = {"quick": (0.05, 50.0), "normal": (0.01, 0.05, 0.5, 1.0, 5.0, 50.0, 1e3)}
SLOPES["thorough"] = (1e-3, *SLOPES["normal"], 0.1, 0.2, 2.0, 3.0, 10.0, 100.0, 1e4)


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


def check_penalty(
    penalty: Penalty, seed=0, analytic=True, effort="normal"
) -> list[Row]:
    """Check dP/dtheta for four critics, and the contract of a penalty.

    Batches of many sizes are tried, unequal ones if the penalty takes them, and critics
    from flat to steep. A class that extends a penalty of tinygan fails if its P is that
    of a known mistake, such as R1 at the fake samples ("formula"). The contract: P and
    its gradient are functions of D, the samples and rng; D.grad is added to; theta, the
    samples and the layers' states are left alone; float32; a flat D; ranks that share a
    batch, if it is `divisible`.

    analytic=False leaves the complex step out, as in check_layer. A P that is not
    analytic is found out: finite differences judge it alone.
    """
    instance("check_penalty", "penalty", penalty, Penalty, "R1(10)")
    seed = whole("check_penalty", "seed >= 0", seed)
    analytic = flag("check_penalty", "analytic", analytic)
    effort = an_effort("check_penalty", effort, "quick")
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        rows = _rows(penalty, seed, analytic, effort)
    for row in rows:
        row.line = call("check_penalty", penalty, seed=seed)
    return rows


def _rows(penalty, seed: int, analytic: bool, effort: str) -> list[Row]:
    name, made = repr(penalty), {}
    for critic, (tree, shape) in critics().items():
        made[critic] = _critic(tree, shape, seed)
    D, shape = made["dense Tanh"]
    batches = np.random.default_rng(seed).standard_normal((2, 6, *shape))
    broken = dead_overrides(penalty)
    if not broken:
        broken = _broken(memory_rules(penalty, D, batches, seed))[:1]
    if broken:
        return [_contract(name, broken)]
    found = [_tally(penalty, critic, *made[critic], seed, effort) for critic in made]
    rows = [row for tally in found for row in tally.rows(name, analytic)]
    worst = max((tally.finite_row(name, analytic) for tally in found), key=_size)
    rows.append(worst)
    known, remark = _formula(penalty, name, seed)
    rows += known
    D, shape = made["conv LeakyReLU"]
    batches = np.random.default_rng(seed).standard_normal((2, 6, *shape))
    broken = _broken(contract_rules(penalty, D, batches, seed))
    if all(row.ok for row in rows) and not broken:
        broken = _broken(state_rules(penalty, 6, seed))
        shared = _broken(shared_rules(penalty, 6, seed))
        if states_divisible(penalty):
            broken += shared
        elif shared:
            remark = f"say divisible = False in the class: {shared[0]}"
    return [*rows, _contract(name, broken, remark)]


def _size(row: Row) -> float:
    return row.error


def _broken(rules) -> list[str]:
    return [sentence for sentence, kept in rules if not kept]


def _contract(name: str, broken, remark="") -> Row:
    return Row(name, "contract", float(len(broken)), 0.0, "; ".join(broken) or remark)


def _formula(penalty, name: str, seed: int) -> tuple[list[Row], str]:
    """The row of the paper's formula, if there is one, and a remark without."""
    if parent_penalty(penalty) is None:
        return [], ""
    remark = f"another rule than {parent_penalty(penalty).__name__}'s"
    remark = f"{remark}: only its contract was checked"
    try:
        error, note, own = compare(penalty, accumulated, seed)
    except AttributeError:  # a class that does not keep its parent's settings
        return [], remark
    if own:
        return [], remark
    return [Row(name, "formula", error, AGREES, note)], ""


def _critic(tree, shape, seed: int) -> tuple[Net, tuple]:
    D = Net(tree, shape, seed=seed, dtype="float64")
    rng = np.random.default_rng(seed)
    D.theta[...] = rng.normal(0, 0.5, D.theta.size)  # no bias is 0
    return D, shape


def _as_steep(D: Net, slope: float, x) -> Net:
    """A copy of D with the mean slope |grad_x D| at x."""
    new = D.clone()
    s, cache = new.forward(x)
    g = new.backward(np.ones_like(s), cache, param_grads=False)
    now = np.sqrt((g * g).reshape(len(x), -1).sum(axis=1)).mean()
    last = new.tree.layers[-1]
    last.W *= slope / now
    last.b *= slope / now
    return new


def _tally(penalty, critic: str, D: Net, shape, seed: int, effort: str) -> Tally:
    """Try one critic with batches of all sizes, and with all slopes."""
    found = Tally(critic)
    large = np.random.default_rng(seed).standard_normal((2, 33, *shape))
    nets, quick = {}, effort == "quick"
    for n, m in SIZES[effort]:
        batches = [large[0, :n], large[1, :m]]
        takes_any = n == m > 1
        if takes_any or _takes(penalty, D, batches, seed):
            words = f"with {n} real and {m} fake samples"
            slopes = Slopes(penalty, D, batches, seed, nets)
            judge_slopes(found, slopes, words, n == m >= (5 if quick else 1))
    for slope in () if quick and critic != "dense Tanh" else SLOPES[effort]:
        batches = [large[0, :3], large[1, :3]]
        steep = _as_steep(D, slope, large[0, :3])
        words = f"with 3 samples of each and slopes near {slope:g}"
        slopes = Slopes(penalty, steep, batches, seed, nets)
        judge_slopes(found, slopes, words, not quick)
    return found


def _takes(penalty, D: Net, batches, seed: int) -> bool:
    """Whether a penalty takes a batch of one, or unequal batches."""
    try:
        accumulated(penalty, D, batches, seed)
    except Exception:  # the user may refuse a batch in any way
        return False
    return True


def gradient_rows(penalty, D: Net, batches, quantity, seed=0, analytic=True) -> list:
    """Compare what `penalty` adds to D.grad with the oracles.

    batches: (real, fake). The points are drawn from the same seed each time, so that P
    is a function of theta.
    """
    rng = np.random.default_rng(seed + 1)
    slopes = Slopes(penalty, D, batches, seed, nets={})
    exact, finite, used = 0.0, 0.0, 0
    for _ in range(DRAWS):
        v = rng.standard_normal(slopes.theta.size)
        slope = -(slopes.grad * v).sum()  # D ascends V - P
        if analytic:
            step = complex_step(slopes.P, slopes.theta, v)
            exact = max(exact, relative(step - slope, slopes.grad))
        estimate, _ = slopes.finite(v)
        if estimate is not None:  # None: the step crossed a kink
            error = relative(estimate - slope, slopes.grad)
            finite, used = max(finite, error), used + 1
    name = repr(penalty)
    rows = [Row(name, quantity, exact, LIMIT)] if analytic else []
    note = f"by finite differences, {quantity}"
    return [*rows, Row(name, "finite", finite if used else np.inf, FINITE, note)]

"""Check an optimizer: its steps against the paper's definition, and its contract.

known.py has the definitions and the known mistakes, steps.py the rules of the contract.
"""

import warnings

import numpy as np

from ...errors import instance, whole
from ...optim import Optimizer
from ..oracles import relative
from ..report import Row, an_effort
from .known import definition, is_plain, misrules, parent_rule
from .ratio import call
from .steps import SIZES, broken_rules, fresh, gradients_for, is_noisy

STEPS = {"quick": 40, "normal": 40, "thorough": 1100}
SAVED = (1, 3, 10, 17, 100, 700)  # the state is saved after so many steps
AGREES, MISRULE = 1e-13, 1e-9
KNOWN = 30  # steps in which a rule is compared with the known mistakes
FIRST = 3  # of them, which tell most of the mistakes apart


def check_optimizer(
    optimizer: Optimizer, steps=None, seed=0, effort="normal"
) -> list[Row]:
    """Compare a fresh optimizer's steps with its definition, if that is known here.

    A class that extends a known rule and steps in another way fails if its steps are
    those of a known mistake, such as Adam with t one too large. Otherwise it is a rule
    of its own, and a note says that only its contract was checked.

    Check also that descend mirrors ascend, that a state taken after a few steps resumes
    bit for bit, and the contract: theta moves in place and g is only read; vectors of
    many sizes, float32, zeros, huge and tiny gradients; t counts steps; a new lr acts
    at once; parts of theta step as the whole does, if it is `divisible`; two optimizers
    share nothing. A rule that adds noise of its own is not asked for what noise breaks.
    """
    instance("check_optimizer", "optimizer", optimizer, Optimizer, "Adam(1e-3)")
    effort = an_effort("check_optimizer", effort, "quick")
    steps = STEPS[effort] if steps is None else steps
    steps = whole("check_optimizer", "2 <= steps <= 100000", steps)
    seed = whole("check_optimizer", "seed >= 0", seed)
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return _rows(optimizer, steps, seed, effort)


def _rows(optimizer, steps: int, seed: int, effort: str) -> list[Row]:
    name, rng = type(optimizer).__name__, np.random.default_rng(seed)
    gradients, start = gradients_for(steps, 7, rng), rng.standard_normal(7)
    path, noisy = _path(optimizer, gradients, start), is_noisy(optimizer)
    broken = broken_rules(optimizer, gradients, path, rng, effort)
    known, note = _definition_rows(optimizer, gradients, path, effort)
    if noisy:
        note = "it adds noise, so mirrored and resumed steps were not compared"
    notes = "; ".join(broken) or note
    rows = [
        *known,
        _mirror(optimizer, gradients, path, noisy),
        Row(name, "contract", float(len(broken)), 0.0, notes),
        _resumed(optimizer, gradients, path, noisy),
    ]
    line = call("check_optimizer", optimizer, steps=steps, seed=seed)
    for row in rows:
        row.line = line
    return rows


def _path(optimizer, gradients, start) -> np.ndarray:
    """theta (steps + 1, n) before the first step and after each step."""
    theta, optimizer = start.copy(), fresh(optimizer, start, unwritten=True)
    path = [start.copy()]
    for g in gradients:
        optimizer.ascend(theta, g.copy())
        path.append(theta.copy())
    return np.array(path)


def _definition_rows(optimizer, gradients, path, effort: str) -> tuple[list[Row], str]:
    """The row of the definition, if there is one, and a note if there is none."""
    kind, rule = parent_rule(optimizer), definition(optimizer)
    if rule is None:
        return [], ""
    try:
        error, t = _apart(optimizer, rule, gradients, path)
    except AttributeError:  # a class that does not keep its parent's settings
        return [], f"another rule than {kind.__name__}'s: only its contract was checked"
    note = f"step {t} is not that of {kind.__name__}" if error > AGREES else ""
    if error > AGREES:
        found = _misrule(optimizer, gradients, path)
        if found:
            note = f"its steps are those of {kind.__name__} with {found}"
        elif not is_plain(optimizer):
            name = kind.__name__
            return [], f"another rule than {name}'s: only its contract was checked"
    else:
        large, note = _large(optimizer, rule, kind, effort)
        error = max(error, large)
    return [Row(type(optimizer).__name__, "definition", error, AGREES, note)], ""


def _expected(rule, lr: float, gradients, start) -> np.ndarray:
    """The path by a definition."""
    directions = [rule(gradients[:t]) for t in range(1, len(gradients) + 1)]
    return start + lr * np.cumsum([0 * start, *directions], axis=0)


def _apart(optimizer, rule, gradients, path) -> tuple[float, int]:
    """The largest relative distance to the definition, and the first step beyond."""
    expected = _expected(rule, optimizer.lr, gradients, path[0])
    errors = [relative(a - b, b) for a, b in zip(path[1:], expected[1:], strict=True)]
    first = next((t for t, e in enumerate(errors, 1) if e > AGREES), len(errors))
    return max(errors), first


def _misrule(optimizer, gradients, path) -> str:
    """The known mistake whose steps these are, in words; "" if there is none."""

    def follows(rule, steps: int, **nan) -> bool:
        start, g = path[0], gradients[:steps]
        expected = _expected(rule, optimizer.lr, g, start)[1:] - start
        moved = path[1 : len(g) + 1] - start
        return np.allclose(moved, expected, rtol=MISRULE, atol=1e-14, **nan)

    if follows(definition(optimizer), KNOWN):
        return ""  # it goes another way later, so it is no slip in the formula
    for words, rule in misrules(optimizer):
        if all(follows(rule, steps, equal_nan=True) for steps in (FIRST, KNOWN)):
            return words
    return ""


def _large(optimizer, rule, kind, effort: str) -> tuple[float, str]:
    """The error of a few steps of long vectors, and where they go wrong."""
    for n in SIZES[effort]:
        rng = np.random.default_rng(n)
        gradients, start = gradients_for(3, n, rng), rng.standard_normal(n)
        path = _path(optimizer, gradients, start)
        error, t = _apart(optimizer, rule, gradients, path)
        if error > AGREES:
            off = np.abs(path - _expected(rule, optimizer.lr, gradients, start))
            first = int((off[t] > 1e-9 * np.abs(path[t] - start).max()).argmax())
            what = f"with {n} numbers, step {t} is not that of {kind.__name__}"
            return error, f"{what}, from number {first} on"
    return 0.0, ""


def _mirror(optimizer, gradients, path, noisy: bool) -> Row:
    """descend(-g) has to do what ascend(g) does."""
    theta, odd = path[0].copy(), fresh(optimizer, path[0])
    for g in gradients:
        odd.descend(theta, -g)
    error = 0.0 if noisy else relative(theta - path[-1], path[-1] - path[0])
    rule = "descend mirrors ascend, and u is odd in g"
    return Row(type(optimizer).__name__, "mirror", error, AGREES, rule)


def _resumed(optimizer, gradients, path, noisy: bool) -> Row:
    """A new optimizer with a saved state has to go on bit for bit."""
    saved = {k for k in (*SAVED, len(gradients) // 2) if k < len(gradients)}
    note, lost = "state() holds all that it remembers", 0.0
    old, theta, paths = fresh(optimizer, path[0]), path[0].copy(), {}
    for t, g in enumerate(gradients, 1):
        for k, (new, own) in paths.items():
            new.ascend(own, g)
            apart = float(np.abs(own - path[t]).max())
            apart = apart if np.isfinite(apart) else np.inf
            if apart > 0 and not lost:
                note += f": saved after {k} steps, it goes another way from step {t} on"
            lost = max(lost, apart)
        old.ascend(theta, g)
        if t in saved:
            new = fresh(optimizer, theta)
            new.load_state({k: np.copy(v) for k, v in old.state().items()})
            paths[t] = new, theta.copy()
    error = 0.0 if noisy else lost
    return Row(type(optimizer).__name__, "resume", error, 0.0, note)

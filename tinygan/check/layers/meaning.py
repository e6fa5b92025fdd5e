"""What a failure means: the number that differs, and what is likely behind it.

The right gradient is computed entry by entry, by an oracle. Its ratio to what the layer
gives tells a mean from a sum and a lost sign from a lost factor. The failing case tells
the rest: what is right for one sample and wrong for two misses a sum over the batch.
"""

import dataclasses

import numpy as np

from ..oracles import complex_step, long_difference
from ..report import Row
from .cases import Case
from .probe import Probe
from .trial import Failure, NotTakenError, Trials

ENTRIES = 400  # of a gradient that are compared one by one


def explained(trials: Trials, failure: Failure, name: str) -> Row:
    """The row of a failure: its note in words, and the line that repeats it."""
    said = [failure.note] if failure.note else []
    if failure.quantity in ("dx", "dtheta") and "slope" not in failure.note:
        try:
            with np.errstate(all="ignore"):
                said += _numbers(trials, failure)
        except Exception:  # an explanation may fail where the layer does
            pass
    said += _contrast(trials, failure)
    thing = f"{trials.layer!r}, {trials.in_shape}"
    line = f"assert_layer({thing}, case={failure.case!r})"
    note = "; ".join(dict.fromkeys(said))
    return Row(name, failure.quantity, failure.error, failure.limit, note, line)


def _numbers(trials: Trials, failure: Failure) -> list[str]:
    """The entry that differs most, and the ratio to the right gradient."""
    p = Probe(trials.layer, trials.in_shape, failure.case)
    dx, dtheta = p.gradients()
    of_x = failure.quantity == "dx"
    found = (dx if of_x else dtheta).ravel()
    if found.size > ENTRIES:
        return []
    point = p.x if of_x else p.theta

    def L(a):
        return p.loss(a, p.theta) if of_x else p.loss(p.x, a)

    right = np.array([_entry(L, point, k) for k in range(point.size)])
    if not np.isfinite(right).all():
        return []
    k = int(np.argmax(np.abs(found - right)))
    where = _place(p, k, of_x)
    said = [f"{where} is {found[k]:.8g}, it should be {right[k]:.8g}"]
    one = slice(None) if of_x else _parameter(p, k)
    return said + _ratio(found[one], right[one], p)


def _entry(L, point, k: int) -> float:
    v = np.zeros(point.shape)
    v.ravel()[k] = 1.0
    try:
        exact = complex_step(L, point, v)
    except Exception:
        exact = None
    close, _ = long_difference(L, point, v)
    if close is None:
        return np.nan
    agree = exact is not None and abs(exact - close) <= 1e-6 * max(1.0, abs(close))
    return exact if agree and exact is not None else close


def _place(p: Probe, k: int, of_x: bool) -> str:
    """The name of entry k: "dx[0, 3]" or "dW[2, 1]"."""
    if of_x:
        return f"dx{_index(k, p.x.shape)}"
    for path, W in p.net.parameters().items():
        if k < W.size:
            owner, _, name = path.rpartition(".")
            at = f" of {owner}" if owner else ""
            return f"d{name}{_index(k, W.shape)}{at}"
        k -= W.size
    return f"dtheta[{k}]"


def _parameter(p: Probe, k: int) -> slice:
    """The parameter to which entry k of theta belongs."""
    start = 0
    for W in p.net.parameters().values():
        if k < start + W.size:
            return slice(start, start + W.size)
        start += W.size
    return slice(None)


def _index(k: int, shape) -> str:
    return f"[{', '.join(str(int(i)) for i in np.unravel_index(k, shape))}]"


def _ratio(found, right, p: Probe) -> list[str]:
    """What all entries have in common, if it is one factor."""
    size, N = float(right @ right), len(p.x)
    if size == 0:
        return []
    factor = float(found @ right) / size
    if np.abs(found - factor * right).max() > 1e-6 * np.abs(right).max():
        wrong = np.abs(found - right) > 1e-6 * np.abs(right).max()
        share = f"{int(wrong.sum())} of {wrong.size} entries differ"
        return [share] if 0 < wrong.sum() < wrong.size else []
    if abs(factor - 1) < 1e-6:
        off = abs(factor - 1) > 1e-13  # else there is nothing to tell
        return [f"all are {factor - 1:+.1e} off, as a share"] if off else []
    guesses = {
        0.0: "the gradient is missing",
        -1.0: "the sign is wrong",
        2.0: "it is added twice?",
        0.5: "a factor 2 is missing?",
        float(N): "a sum over the batch, where a mean belongs?",
        1 / N: "a mean over the batch, where a sum belongs?",
    }
    near = min(guesses, key=lambda g: abs(g - factor))
    why = f": {guesses[near]}" if abs(near - factor) < 1e-6 else ""
    return [f"all entries are {factor:.4g} times what they should be{why}"]


def _contrast(trials: Trials, failure: Failure) -> list[str]:
    """In which respect the case must be as it is, and what that tells."""
    case, said = failure.case, []
    for name, value in (
        ("N", 1),
        ("N", 2),
        ("train", not case.train),
        ("in_shape", None),
        ("values", "normal"),
        ("dtype", "float64"),
        ("order", "C"),
    ):
        if getattr(case, name) == value or (name == "N" and case.values == "ramp"):
            continue
        other = dataclasses.replace(case, **{name: value})
        try:
            right = not any(f.quantity == failure.quantity for f in trials(other))
        except NotTakenError:
            continue
        if right:
            shape = trials.in_shape
            said.append(_sentence(name, case, other, failure.quantity, shape))
    return [s for s in dict.fromkeys(said) if s]


def _sentence(name: str, case: Case, right: Case, quantity: str, in_shape) -> str:
    if name == "N" and right.N == 1 and case.N > 1:
        if quantity == "dtheta":
            return "right for one sample only: a sum over the batch is missing?"
        return f"right for one sample, wrong for {case.N}"
    if name == "N" and case.N == 1:
        return f"wrong for one sample, right for {right.N}"
    if name == "N":
        return f"right for {right.N} samples, wrong for {case.N}"
    if name == "train":
        mode = "evaluation" if right.train else "training"
        return f"wrong in {mode} only"
    if name == "in_shape":
        return f"wrong on {case.in_shape}, right on {in_shape}"
    if name == "values":
        return f"wrong where the values of x are {case.values!r}"
    if name == "dtype":
        return "wrong in float32 only"
    return f"wrong for arrays in the order {case.order!r}"

"""Check one layer: the plain case first, then many cases, the smallest first.

In the plain case (a batch of four, normal numbers, in training and in evaluation) the
four passes are compared with the oracles (passes.py) and with their contract
(contract.py, state.py). Then the layer goes through generated cases (cases.py,
trial.py). The first that fails is made as small as it can be (search.py) and explained
(meaning.py). All layers are checked in the same way, tinygan's own and anyone else's.
"""

import copy
import dataclasses

import numpy as np

from ...errors import InputError, LayerError, flag, instance, whole
from ...layers.base import Layer, a_layer
from ...values import Integers, as_shape, is_tuple
from ..adapters import Flat, width
from ..report import Row, an_effort
from .cases import Case, fixed
from .contract import breaches
from .meaning import explained
from .passes import DRAWS, LIMITS, NOT_ANALYTIC, Verdict, backward, finite, tangents
from .probe import Probe
from .search import hunted, smaller
from .state import state_rules
from .trial import Failure, NotTakenError, Trials

MANY = {"quick": 0, "normal": 40, "thorough": 1500}  # random cases, by effort


def check_layer(
    layer: Layer,
    in_shape,
    batch=4,
    seed=0,
    name=None,
    analytic=True,
    effort="normal",
    case: Case | None = None,
) -> list[Row]:
    """Check all passes of `layer` on inputs (batch, *in_shape), in training and
    evaluation, and then in many other cases: batch sizes, shapes, values, orders of
    memory, float32.

    A forward that is not analytic (abs, max, sort, var) is recognised: then differences
    judge it, to 1e-8 or 1e-6. analytic=False leaves the complex step out altogether.
    effort is "plain" (one case, without the rules of state.py), "quick", "normal" or
    "thorough". With `case` only that case is tried.

    The input or the output may be a tuple, or integers (values.py). Then the layer is
    tried as a map of vectors (`Flat`).

    Raises InputError for an in_shape that is no shape.
    """
    a_layer("check_layer", layer)
    shape = as_shape(tuple(in_shape) if isinstance(in_shape, list) else in_shape)
    if shape is None:
        raise InputError(f"check_layer expects in_shape such as (3,), got {in_shape!r}")
    batch = whole("check_layer", "batch >= 1", batch)
    seed = whole("check_layer", "seed >= 0", seed)
    analytic = flag("check_layer", "analytic", analytic)
    effort = an_effort("check_layer", effort)
    name = str(name) if name is not None else f"{layer!r} on {shape}"
    if not _is_of_arrays(layer, shape):
        layer = Flat(layer, shape, seed)
        shape = (max(1, width(shape)),)
    try:
        if case is not None:
            instance("check_layer", "case", case, Case, "Case(N=1)")
            return _one_case(layer, shape, case, name, analytic)
        plain = Case(batch, seed=seed)
        rows = _plain(layer, shape, plain, name, analytic, effort != "plain")
        if effort == "plain":
            return rows
        return _with_cases(rows, layer, shape, plain, name, analytic, effort)
    except LayerError as e:  # the other errors would say nothing
        return [Row(name, "contract", 1.0, LIMITS["contract"], str(e))]


def _is_of_arrays(layer: Layer, in_shape) -> bool:
    """True for a layer that maps one array of numbers to another one."""
    if isinstance(in_shape, Integers) or is_tuple(in_shape):
        return False
    try:
        out_shape = copy.deepcopy(layer).build(in_shape)
    except Exception:  # it is built again, where the error is explained
        return True
    return not (isinstance(out_shape, tuple) and is_tuple(out_shape))


def _plain(layer, in_shape, case: Case, name, analytic, state: bool) -> list[Row]:
    """The rows of the plain case, in both modes; the worse row of the two."""
    worst: dict[str, Verdict] = {}
    for train in (True, False):
        p = Probe(layer, in_shape, dataclasses.replace(case, train=train))
        for verdicts in _checks(p, analytic, state):
            for quantity, verdict in verdicts.items():
                if quantity in worst:
                    worst[quantity].worst(verdict)
                else:
                    worst[quantity] = verdict
    return [
        Row(name, q, worst[q].error, worst[q].limit, worst[q].note)
        for q in LIMITS
        if q in worst
    ]


def _checks(p: Probe, analytic, state: bool):
    """The verdicts of one mode. A pass that raises after its contract was broken says
    no more than the contract.
    """
    broken, sentences = breaches(p)
    if state and not broken:
        broken, sentences = breaches(p, [state_rules])
    yield {"contract": Verdict(broken, 0.0, sentences)}
    if np.shape(p.gradients()[0]) != p.x.shape:
        return  # the errors would say nothing
    try:
        yield finite(p)
        yield tangents(p, DRAWS, LIMITS["tangent"], analytic)
        if analytic:
            yield backward(p, DRAWS, LIMITS["dx"])
    except Exception:
        if not broken:
            raise


def _with_cases(
    rows, layer, in_shape, plain: Case, name, analytic, effort
) -> list[Row]:
    """The rows, in which the failures of other cases have taken their places."""
    failures: dict[str, Failure] = {}
    analytic = analytic and all(NOT_ANALYTIC not in row.note for row in rows)
    failed = {row.quantity for row in rows if not row.ok}
    trials = Trials(layer, in_shape, analytic)
    for case in fixed(layer, in_shape, effort, plain.seed):
        for failure in _sure(trials, case):
            failures.setdefault(failure.quantity, failure)
        if failures:
            break
    if not failures and not failed and MANY[effort]:
        failures = hunted(trials, MANY[effort], plain.seed)
    found = {row.quantity: row for row in rows}
    for quantity, failure in failures.items():
        failure = smaller(trials, failure)
        row = explained(trials, failure, name)
        old = found.get(quantity)
        if old is not None and not old.ok:  # the plain case says how wrong it is
            row.error, row.limit = old.error, old.limit
            said = [part for note in (old.note, row.note) for part in note.split("; ")]
            row.note = "; ".join(dict.fromkeys(filter(None, said)))
        found[quantity] = row
    return [found[q] for q in LIMITS if q in found]


def _sure(trials: Trials, case: Case) -> list[Failure]:
    """The failures of a case. One that is small is tried again with other numbers,
    since a rounding error may be large by chance.
    """
    try:
        failures = trials(case)
    except NotTakenError:
        return []
    found = []
    for failure in failures:
        if failure.error < 1e3 * failure.limit:
            again = [_again(trials, case, i) for i in (1, 2)]
            if not all(failure.quantity in quantities for quantities in again):
                continue
        found.append(failure)
    return found


def _again(trials: Trials, case: Case, i: int) -> set[str]:
    other = case.with_seed(case.seed + 1000 * i)
    try:
        return {f.quantity for f in trials(other)}
    except NotTakenError:
        return set()


def _one_case(layer, in_shape, case: Case, name, analytic) -> list[Row]:
    """A row for each failure in a case, or one row that says that nothing fails."""
    trials = Trials(layer, in_shape, analytic)
    try:
        failures = trials(case)
    except NotTakenError as e:
        raise InputError(f"{name} does not take {case!r}: {e}") from e
    if failures:
        return [explained(trials, f, name) for f in failures]
    return [Row(name, "contract", 0.0, 0.0, f"all passes in {case!r}")]

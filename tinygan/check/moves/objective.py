"""Check an objective: its derivatives are compared with its values.

V is the discriminator's value and J the generator's loss, both functions of logits.
protocol.py has the rules beside the formulas, and logits.py the batches.
"""

import itertools
import warnings
from dataclasses import dataclass

import numpy as np

from ...errors import InputError, flag, instance, shown, whole
from ...objectives import Objective
from ..layers.layer import DRAWS
from ..oracles import complex_step, finite_difference, relative
from ..report import Row, an_effort
from .derivative import EXACT, FINITE, complex_gradient, differences, is_finite, judge
from .derivative import longdouble as in_long_double
from .logits import KIND_SIZES, SIZES, kinds, more, usual
from .protocol import Players, before_derivatives, beyond_derivatives
from .ratio import call, what_it_is
from .toy import remarks, toy_game


def check_objective(
    objective: Objective, batch=None, seed=0, analytic=True, effort="normal"
) -> list[Row]:
    """Compare d_grads with V and g_grad with J, and check the contract.

    Batches of many sizes are tried, equal and unequal, with usual logits, ties, kinks,
    and logits far off. A derivative that has failed is compared at usual logits alone.
    `batch` asks for one size: N, or (N_real, N_fake). An objective that refuses unequal
    batches is not tried on them. At a kink every number between the one-sided
    derivatives is right. The contract: shapes, dtypes, logits that are only read, no
    memory of an earlier call, J without s_real unless `paired`, and a toy game in which
    D has to tell real from fake, and G has to gain by it.

    analytic=False leaves the complex step out. A value that is not analytic, because it
    takes |s| for instance, is found out: finite differences judge it alone.
    """
    instance("check_objective", "objective", objective, Objective, "NonSaturating()")
    sizes = _sizes(batch)
    analytic = flag("check_objective", "analytic", analytic)
    effort = an_effort("check_objective", effort, "quick")
    seed = whole("check_objective", "seed >= 0", seed)
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return _rows(objective, sizes, seed, analytic, effort)


def _sizes(batch) -> tuple[int, int] | None:
    """(N_real, N_fake), or None for all sizes."""
    if batch is None:
        return None
    pair = batch if isinstance(batch, tuple) else (batch, batch)
    if len(pair) != 2:
        wanted = "batch, a size N or two sizes (N_real, N_fake)"
        raise InputError(f"check_objective expects {wanted}, got {shown(batch)}")
    n_real, n_fake = (whole("check_objective", "batch >= 1", n) for n in pair)
    return n_real, n_fake


def _rows(objective, sizes, seed: int, analytic: bool, effort: str) -> list[Row]:
    name, line = repr(objective), call("check_objective", objective, seed=seed)
    broken = before_derivatives(objective, sizes, seed)
    rows: list[Row] = []
    if not broken:
        found = [Tally("dV/ds", analytic), Tally("dJ/ds", analytic)]
        players = Players(objective)
        for case in _cases(objective, sizes, seed, effort):
            _try(players, case, found, seed)
        rows = [row for tally in found for row in tally.rows(name)]
        if all(row.ok for row in rows):
            broken = beyond_derivatives(objective, sizes, seed)
            broken = broken or [*toy_game(objective)]
    notes = "; ".join(broken) or (remarks(objective) if rows else "")
    return [*rows, Row(name, "contract", float(len(broken)), 0.0, notes, line)]


@dataclass
class Case:
    """Two batches of logits (N, 1). `everywhere` asks differences about all entries."""

    words: str
    s_real: np.ndarray
    s_fake: np.ndarray
    everywhere: bool = False

    @property
    def sizes(self) -> tuple[int, int]:
        """(N_real, N_fake)"""
        return len(self.s_real), len(self.s_fake)


def _cases(objective, sizes, seed: int, effort: str):
    """The cases that the objective takes, the smallest first."""
    rng = np.random.default_rng(seed)
    taken = _Taken(objective)
    for pair in SIZES[effort] if sizes is None else [sizes]:
        if taken(pair):
            yield Case("", *usual(pair, rng), everywhere=True)
    for pair in KIND_SIZES[effort] if sizes is None else [sizes]:
        if taken(pair):
            every = 3 if effort == "quick" else 1
            for words, *s in itertools.islice(kinds(pair, rng), 0, None, every):
                yield Case(words, *s)
    if sizes is None:
        for words, *s in more(effort, rng):
            yield Case(words, *s)


class _Taken:
    """Which sizes of batches an objective takes. One that pairs samples may refuse
    unequal batches, and one that needs a spread may refuse a single logit.
    """

    def __init__(self, objective):
        self.objective, self.unequal = objective, self._calm(objective, (2, 3))

    def __call__(self, sizes) -> bool:
        if sizes[0] != sizes[1]:
            return self.unequal and self._calm(self.objective, sizes)
        return sizes[0] > 1 or self._calm(self.objective, sizes)

    def _calm(self, objective, sizes) -> bool:
        try:
            s = usual(sizes, np.random.default_rng(0))
            _, _, slopes = Players(objective).all(*s)
        except Exception:  # the user may refuse a batch in any way
            return False
        return [np.shape(ds) for ds in slopes] == [a.shape for a in (*s, s[1])]


class Tally:
    """What was found of one quantity: the worst errors, the first failure."""

    def __init__(self, quantity: str, analytic: bool):
        self.quantity, self.analytic, self.asked = quantity, analytic, analytic
        self.exact, self.finite, self.tried, self.unit = 0.0, 0.0, False, 0.0
        self.notes, self.line = {"exact": "", "finite": ""}, ""

    def add(self, verdict, usual: bool, explain, line: str) -> None:
        """Take a verdict in. explain(verdict) gives the failure in words."""
        if usual and not verdict.analytic:
            self.analytic = False
        self.tried |= verdict.tried
        failures = {"exact": verdict.exact > EXACT, "finite": verdict.finite > FINITE}
        for which, fails in failures.items():
            if fails and not self.notes[which]:
                self.notes[which] = explain(verdict)
                self.line = self.line or line
        self.exact = max(self.exact, verdict.exact)
        self.finite = max(self.finite, verdict.finite)

    @property
    def failed(self) -> bool:
        """True if both oracles have found a failure."""
        return all(self.notes.values())

    def wants(self, case: Case) -> bool:
        """False if the case is unusual, and a failure is known."""
        return not (case.words and self.failed)

    def rows(self, name: str) -> list[Row]:
        """The row of the complex step, if the value is analytic, and of differences."""
        note = self.notes["finite"]
        if self.asked and not self.analytic:
            which = self.quantity[1]
            note = note or (
                f"{which} is not analytic: the complex step and finite differences "
                "disagree, so finite differences judge alone"
            )
        finite = self.finite if self.tried else np.inf
        last = Row(name, f"{self.quantity} finite", finite, FINITE, note, self.line)
        if not self.analytic:
            return [last]
        exact = Row(name, self.quantity, self.exact, EXACT, self.notes["exact"])
        exact.line = self.line
        return [exact, last]


def _try(players: Players, case: Case, found: list[Tally], seed: int) -> None:
    """Judge dV/ds and dJ/ds of one case."""
    objective, n = players.objective, len(case.s_real)
    both = np.vstack([case.s_real, case.s_fake])
    of_V, of_J = found

    def V(s):
        return players.V(s[:n], s[n:])

    def J(s):
        return players.J(s, case.s_real.astype(s.real.dtype))

    line = call("check_objective", objective, batch=_short(case.sizes), seed=seed)
    if of_V.wants(case):
        value, dV = V(both), players.dV(case.s_real, case.s_fake)
        fail = _explain(case, "value", V, both, dV, n)
        _judge(of_V, V, both, value, np.vstack(dV), case, fail, line)
    if of_J.wants(case):
        value, dJ = J(case.s_fake), players.dJ(case.s_fake, case.s_real)
        fail = _explain(case, "g_value", J, case.s_fake, (dJ,), n)
        _judge(of_J, J, case.s_fake, value, dJ, case, fail, line)


def _judge(tally, L, s, value, gradient, case, explain, line) -> None:
    usual = not case.words
    if not is_finite(value, gradient):
        truth = in_long_double(L, s)
        if truth is None or not is_finite(truth):
            return  # it is infinite, or nobody can say
    if usual and is_finite(gradient):
        size = float(np.abs(gradient).max(initial=0.0)) * len(s)
        tally.unit = max(tally.unit, size)
    unit = tally.unit / len(s)
    if not is_finite(value):
        gradient = np.full_like(gradient, np.nan)
    verdict = judge(L, s, gradient, unit, case.everywhere, tally.analytic)
    tally.add(verdict, usual, explain, line)


def _short(sizes) -> str:
    return str(sizes[0] if sizes[0] == sizes[1] else tuple(sizes))


def _explain(case: Case, method: str, L, s, parts, n: int):
    """A function from a verdict to the failure in words."""

    def words(verdict) -> str:
        g, i = np.vstack(parts).ravel(), verdict.entry
        of_fake = len(parts) == 1 or i >= n
        part = "ds_fake" if of_fake else "ds_real"
        at = i - n if len(parts) == 2 and of_fake else i
        what = f"g_grad[{at}]" if method == "g_value" else f"{part}[{at}] of d_grads"
        n_real, n_fake = case.sizes
        kind = f" ({case.words})" if case.words else ""
        start = f"with {n_real} real and {n_fake} fake logits{kind}, {what}"
        if not np.isfinite(verdict.expected):
            return f"{start} or {method} is NaN or infinite where it should be finite"
        truth = complex_gradient(L, s)
        if truth is None or not verdict.analytic:
            truth = np.array([differences(L, s, k)[2] for k in range(s.size)])
        guess = what_it_is(g, truth, case.sizes, split=n if len(parts) == 2 else 0)
        return (
            f"{start} is {g[i]:.12g}, and the derivative of {method} is "
            f"{verdict.expected:.12g}{guess}"
        )

    return words


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

"""The slope of a penalty along a direction in theta, by two oracles."""

from dataclasses import dataclass

import numpy as np

from ...net import Net
from ..oracles import STEP, complex_step, finite_difference, relative
from ..report import Row
from .penalty_rules import accumulated

LIMIT, FINITE = 1e-10, 1e-6


@dataclass
class Tally:
    """What was found of one critic: the worst errors, and the first case that fails."""

    critic: str
    exact: float = 0.0
    finite: float = 0.0
    tried: bool = False
    analytic: bool = True
    note: str = ""

    def rows(self, name: str, analytic: bool) -> list[Row]:
        """The row of the complex step, if P is analytic."""
        if not (analytic and self.analytic):
            return []
        return [Row(name, self.critic, self.exact, LIMIT, self.note)]

    def finite_row(self, name: str, analytic: bool) -> Row:
        """The row of finite differences."""
        note = f"by finite differences, {self.critic}"
        if self.note:
            note += f": {self.note}"
        elif analytic and not self.analytic:
            note = (
                "P is not analytic: the complex step and finite differences disagree, "
                "so finite differences judge alone"
            )
        return Row(name, "finite", self.finite if self.tried else np.inf, FINITE, note)


def judge_slopes(found: Tally, slopes: "Slopes", words: str, differences: bool) -> None:
    """Compare one gradient with the oracles, along one random direction."""
    v = np.random.default_rng(slopes.seed + 1).standard_normal(slopes.theta.size)
    own = -float((slopes.grad * v).sum())  # D ascends V - P
    exact = slopes.exact(v) if found.analytic else None
    found.analytic = exact is not None
    agrees = exact is not None and relative(exact - own, slopes.grad) <= LIMIT
    if differences or not agrees:
        estimate, noise = slopes.finite(v)
        if estimate is not None:
            found.tried = True
            apart = max(abs(estimate - own) - noise, 0.0)
            error = relative(apart, slopes.grad)
            off = abs(estimate - (exact or 0.0)) - noise
            if exact is None or off > 1e-5 * max(abs(estimate), abs(own), 1e-9):
                found.analytic = False
            if error > FINITE and not found.note:
                found.note = _in_words(words, own, estimate)
            found.finite = max(found.finite, error)
    if found.analytic:
        error = relative(exact - own, slopes.grad)
        if error > LIMIT and not found.note:
            found.note = _in_words(words, own, exact)
        found.exact = max(found.exact, error)


def _in_words(words: str, own: float, right: float) -> str:
    guess = ""
    if own == 0 or right == 0:
        guess = ": nothing was added to D.grad" if own == 0 else ""
    elif abs(own / right + 1) < 1e-6:
        guess = ": the sign is opposite, but D ascends V - P"
    elif np.isfinite(own / right):
        guess = f": it is {own / right:.9g} times the derivative"
    return (
        f"{words}, the slope of P along a direction is {right:.9g}, and D.grad says "
        f"{own:.9g}{guess}"
    )


class Slopes:
    """P as a function of theta, and what the penalty adds to D.grad.

    The points are drawn from the same seed each time, so that P is such a function.
    nets: copies of D by dtype, whose theta is set for each value of P.
    """

    def __init__(self, penalty, D: Net, batches, seed: int, nets: dict):
        self.penalty, self.batches, self.seed = penalty, batches, seed
        self.theta, self.D, self.nets = D.theta.copy(), D, nets
        self.value, self.grad = accumulated(penalty, D, batches, seed)

    def P(self, theta):
        """P(theta), of a real or a complex theta (n,)."""
        kind = str(theta.dtype)
        if kind not in self.nets:
            self.nets[kind] = self.D.clone(kind)
        D = self.nets[kind]
        D.theta[...] = theta
        return accumulated(self.penalty, D, self.batches, self.seed)[0]

    def exact(self, v):
        """The slope of P along v by the complex step; None if P refuses it."""
        try:
            return complex_step(self.P, self.theta, v)
        except Exception:  # a user's penalty may refuse complex numbers in any way
            return None

    def finite(self, v):
        """(the slope along v, or None across a kink; how far rounding may move it)"""
        h = STEP / max(1.0, float(np.abs(v).max()))
        noise = 50 * np.finfo(float).eps * abs(float(self.value)) / h
        return finite_difference(self.P, self.theta, v), noise

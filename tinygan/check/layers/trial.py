"""One layer in one case: all its passes are tried, and what fails is said.

A case may be none for this layer: a shape on which it cannot be built, a batch that it
refuses. Then `NotTakenError` is raised, and nobody is blamed.
"""

import dataclasses

import numpy as np

from ...layers.base import Layer
from ..oracles import one_sided
from .bands import along_ramp, is_elementwise, long_value
from .cases import Case
from .contract import breaches, float32_rules, order_rules
from .kinks import SLACK, between_sides
from .parts import part_rules
from .passes import Verdict, backward, tangents
from .probe import LONG, Probe

DERIVATIVES = 1e-10  # the limit of a derivative in a case
ALL_TIED = {"zeros", "constant samples", "equal samples"}
LOOSE = {"constant samples": 1e-7, "equal samples": 1e-7, "about 1e-8": 1e-7}
ACCURATE = 1e-6  # of y near x = 1,000,000
EXTREMELY = 1e-6  # the limit where a right formula may lose digits


class NotTakenError(Exception):
    """The layer does not take this case."""


@dataclasses.dataclass
class Failure:
    """A case that fails: in which quantity, by how much, and what was found."""

    case: Case
    quantity: str
    error: float
    limit: float
    note: str = ""


def tried(layer: Layer, in_shape: tuple, case: Case, analytic=True) -> list[Failure]:
    """What fails for this layer in this case; [] if nothing does.

    Raises NotTakenError if the layer cannot be built on the shape or refuses the batch.
    """
    try:
        with np.errstate(all="ignore"):
            p = Probe(layer, in_shape, case)
    except Exception as e:  # a user's code may refuse a case in any way
        raise NotTakenError(f"{type(e).__name__}: {e}") from e
    try:
        with np.errstate(all="ignore"):
            found = dict(_verdicts(p, analytic))
    except Exception as e:
        if case.in_shape is not None:  # nobody has said that it works there
            raise NotTakenError(f"{type(e).__name__}: {e}") from e
        where = f"a pass after forward raises {type(e).__name__}: {e}"
        found = {"contract": Verdict(1.0, 0.0, where)}
    return [
        Failure(case, quantity, v.error, v.limit, v.note)
        for quantity, v in found.items()
        if not v.error <= v.limit
    ]


class Trials:
    """`tried` for one layer on one in_shape, called with a case; none is tried twice.

    A call raises NotTakenError as `tried` does.
    """

    def __init__(self, layer: Layer, in_shape: tuple, analytic=True):
        self.layer, self.in_shape, self.analytic = layer, in_shape, analytic
        self._known: dict[Case, list[Failure] | str] = {}  # or why it is not taken

    def __call__(self, case: Case) -> list[Failure]:
        if case not in self._known:
            try:
                self._known[case] = tried(
                    self.layer, self.in_shape, case, self.analytic
                )
            except NotTakenError as e:
                self._known[case] = str(e)
        found = self._known[case]
        if isinstance(found, str):
            raise NotTakenError(found)
        return found


def _verdicts(p: Probe, analytic: bool):
    """(quantity, Verdict) pairs of a case."""
    if p.y.shape[0] * p.net.packs != p.x.shape[0]:
        return
    if p.case.values == "ramp":
        if is_elementwise(p):
            slope, overflow = along_ramp(p)
            yield "dx", slope
            yield "contract", overflow
        return
    infinite = _finite(p)
    if infinite is not None:
        if infinite.error:
            yield "contract", infinite
        return
    rules = []
    if p.case.dtype == "float32":
        rules.append(float32_rules)
    elif p.case.order != "C" and not p.extreme:
        rules.append(lambda p: order_rules(p, p.case.order))
    elif p.case.in_shape is None and p.case.values == "normal" and p.case.N in (5, 9):
        rules.append(part_rules)
    error, note = breaches(p, rules)
    yield "contract", Verdict(error, 0.0, note)
    if error or p.case.dtype == "float32" or p.case.order != "C":
        return
    if p.case.values == "near 1,000,000":
        yield "contract", _accurate(p)
        return
    if np.abs(p.y).max(initial=0.0) > 1e150:  # squares of such numbers overflow
        return
    yield from _derivatives(p, analytic)


def _derivatives(p: Probe, analytic: bool):
    """The passes against the oracles; between the sides of kinks where they fail."""
    limit = EXTREMELY if p.extreme else LOOSE.get(p.case.values, DERIVATIVES)
    found = backward(p, 1, limit, analytic)
    found |= tangents(p, 1, limit, analytic)
    crossed = any(v.crossed for v in found.values())
    wrong = any(not v.error <= v.limit for v in found.values())
    if p.case.values in ALL_TIED and (crossed or wrong) and not is_elementwise(p):
        return  # so many ties that a few points close to x do not see all choices
    if crossed or (wrong and p.case.values != "normal"):
        sides = between_sides(p)
        if sides.error <= SLACK and (crossed or sides.crossed):
            return  # the derivative is a choice here
        if sides.error > SLACK:
            yield "dx", sides
            return
    yield from found.items()


def _accurate(p: Probe) -> Verdict:
    """y against the longest numbers, where digits cancel if a formula lets them."""
    truth = long_value(p)
    if truth.dtype != LONG or not np.isfinite(truth).all():
        return Verdict()
    error = float(np.abs(p.y - truth).max() / (np.abs(truth).max() or 1.0))
    note = f"y has lost its digits near x = 1,000,000: it is {error:.1e} off"
    return Verdict(error, ACCURATE, note if error > ACCURATE else "")


def _finite(p: Probe) -> Verdict | None:
    """None if all is finite. Otherwise whether it should be: a Verdict of 1 or 0."""
    dx, dtheta = p.gradients()
    if all(np.isfinite(a).all() for a in (p.y, dx, dtheta)):
        return None
    if p.case.in_shape is not None:  # nobody has said that it works there
        return Verdict()
    truth = long_value(p)
    if truth.dtype != LONG or not (np.isfinite(truth) & (np.abs(truth) < 1e300)).all():
        return Verdict()
    where = f"at values of x {p.case.values!r}"
    if not np.isfinite(p.y).all():
        return Verdict(1.0, 0.0, f"y is not finite {where}, though the function is")
    if not np.isfinite(dtheta).all():
        return Verdict(1.0, 0.0, f"dtheta is not finite {where}, though y is")
    for k in np.flatnonzero(~np.isfinite(dx.ravel()))[:4]:
        along = np.zeros(p.x.size)
        along[k] = 1.0
        sides = one_sided(
            lambda x: (p.dy * p.at(x, p.theta)[1]).sum(),
            p.x.astype(LONG),
            along.reshape(p.x.shape),
        )
        if all(np.isfinite(side) and abs(side) < 1e8 for side in sides):
            return Verdict(1.0, 0.0, f"dx is not finite {where}, though y has a slope")
    return Verdict()

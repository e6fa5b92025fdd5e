"""Certify one thing by the check of its kind: a layer, an objective, a penalty ..."""

from ..layers import Layer
from ..likelihood import Likelihood
from ..objectives import Diversity, Objective
from ..optim import Optimizer
from ..penalties import Penalty
from .layers.layer import check_layer
from .moves.diversity import check_diversity
from .moves.likelihood import check_likelihood
from .moves.objective import check_objective
from .moves.optimizer import check_optimizer
from .moves.penalty import check_penalty
from .report import Row

KINDS = Layer | Objective | Optimizer | Penalty | Diversity | Likelihood
CHECKS = {
    Layer: check_layer,
    Objective: check_objective,
    Penalty: check_penalty,
    Diversity: check_diversity,
    Likelihood: check_likelihood,
    Optimizer: check_optimizer,
}


def rows_of(
    thing: KINDS,
    in_shape=None,
    seed=0,
    analytic=True,
    effort="normal",
    batch=4,
    code=None,
) -> list[Row]:
    """The rows of the check of a thing's kind. A layer is tried on `in_shape`, with
    `batch` samples.

    code: an expression that makes the thing. With it, each row that fails has a line of
    Python that repeats its case.
    """
    check = next(check for kind, check in CHECKS.items() if isinstance(thing, kind))
    place = (in_shape,) if isinstance(thing, Layer) else ()
    options = {"seed": seed} | _options(effort)
    if isinstance(thing, Layer):
        options["batch"] = batch
    if not isinstance(thing, Optimizer):
        options["analytic"] = analytic
    rows = check(thing, *place, **options)
    if code is not None:
        given = "".join(f", {k}={v!r}" for k, v in options.items() if v != DEFAULTS[k])
        shape = "".join(f", {s}" for s in place)
        again = f"print_table({check.__name__}({code}{shape}{given}))"
        for row in rows:
            if not row.ok:
                row.line = row.line.replace(repr(thing), code) or again
    return rows


DEFAULTS = {"batch": 4, "seed": 0, "analytic": True, "effort": "normal"}


def _options(effort: str) -> dict:
    """What is passed on to every check for an effort."""
    return {"effort": effort}

"""Check a diversity: the loss that G pays for samples that ignore z.

Its gradient is compared with the oracles, and its contract is checked rule by rule.
"""

import numpy as np

from ..errors import instance, whole
from ..objectives import Diversity
from .objective import slopes
from .report import Row


def check_diversity(diversity: Diversity, batch=9, seed=0, analytic=True) -> list[Row]:
    """Check dL/dx for pairs on both sides of the limit, and the contract.

    analytic=False leaves the complex step out, as in check_layer.
    """
    instance("check_diversity", "diversity", diversity, Diversity, "Diversity(1, 1)")
    batch = whole("check_diversity", "batch >= 2", batch)
    rng = np.random.default_rng(whole("check_diversity", "seed >= 0", seed))
    name, z = repr(diversity), rng.standard_normal((batch, 3))
    x = diversity.limit * rng.standard_normal((batch, 2, 2, 1))
    rules = _rules(diversity, x, z)
    broken = [rule for rule, kept in rules if not kept]
    dx = diversity.grad(x, z)
    return [
        *slopes(name, "dL/dx", lambda x: diversity.value(x, z), x, dx, rng, analytic),
        Row(name, "contract", float(len(broken)), 0.0, "; ".join(broken)),
    ]


def _rules(diversity: Diversity, x, z):
    """The contract of a diversity beside its formulas: (sentence, kept) pairs."""
    given = x.copy(), z.copy()
    value, dx = diversity.value(x, z), diversity.grad(x, z)
    P = len(x) // 2
    yield "dL/dx has the shape of x", np.shape(dx) == x.shape
    yield "samples are only read", all(map(np.array_equal, given, (x, z)))
    yield "the two samples of a pair move apart", np.array_equal(dx[:P], -dx[P : 2 * P])
    yield "a sample without a partner stays", not np.any(dx[2 * P :])
    small = [a.astype("float32") for a in given]
    dtypes = {f(*small).dtype for f in (diversity.value, diversity.grad)}
    yield "float32 stays float32", dtypes == {np.dtype("float32")}
    yield "samples that differ cost less", value < diversity.value(0 * x, z)
    yield "samples that are equal stay", not diversity.grad(0 * x, z).any()

"""Check a diversity: the loss that G pays for samples that ignore z.

Its gradient is compared with the oracles, and its contract is checked rule by rule.
"""

import copy
import warnings

import numpy as np

from ...errors import flag, instance, whole
from ...objectives import Diversity
from ..dead import dead_overrides
from ..report import Row, an_effort
from .derivative import judge
from .objective import Tally
from .protocol import same
from .ratio import call

SIZES = {
    "quick": (2, 3, 9),
    "normal": (2, 3, 4, 5, 6, 9, 16),
    "thorough": (*range(2, 18), 33, 64),
}
SHAPES = ((1,), (2, 2, 1), (5,))  # of one sample


def check_diversity(
    diversity: Diversity, batch=None, seed=0, analytic=True, effort="normal"
) -> list[Row]:
    """Check dL/dx for pairs on both sides of the limit, and the contract.

    Batches of many sizes are tried, up to the first that fails, or of the size `batch`
    alone; samples that are equal in some numbers, and latents that are equal.
    analytic=False leaves the complex step out, as in check_layer.
    """
    instance("check_diversity", "diversity", diversity, Diversity, "Diversity(1, 1)")
    if batch is not None:
        batch = whole("check_diversity", "batch >= 2", batch)
    analytic = flag("check_diversity", "analytic", analytic)
    effort = an_effort("check_diversity", effort, "quick")
    seed = whole("check_diversity", "seed >= 0", seed)
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return _rows(diversity, batch, seed, analytic, effort)


def _rows(diversity, batch, seed: int, analytic: bool, effort: str) -> list[Row]:
    name, rng = repr(diversity), np.random.default_rng(seed)
    found, thing = Tally("dL/dx", analytic), copy.deepcopy(diversity)
    for n in SIZES[effort] if batch is None else (batch,):
        line = call("check_diversity", diversity, batch=n, seed=seed)
        for words, x, z in _samples(diversity.limit, n, rng):
            _judge(found, thing, f"with {n} samples{words}", x, z, line)
        if found.failed:
            break
    x, z = next((x, z) for _, x, z in _samples(diversity.limit, batch or 9, rng))
    rules = [*_rules(diversity, x, z), *_calls(diversity, x, z)]
    broken = [*dead_overrides(diversity), *(rule for rule, kept in rules if not kept)]
    line = call("check_diversity", diversity, seed=seed)
    contract = Row(name, "contract", float(len(broken)), 0.0, "; ".join(broken), line)
    return [*found.rows(name), contract]


def _samples(limit: float, n: int, rng):
    """(words, x, z) of n samples of several shapes, most with pairs near the limit."""
    for shape in SHAPES[::-1]:
        x, z = rng.standard_normal((n, *shape)), rng.standard_normal((n, 3))
        yield f" of the shape {shape}", limit * x, z
        yield f" of the shape {shape}, far apart", 30 * limit * x, z
        yield f" of the shape {shape}, near each other", 0.01 * limit * x, z
    half = n // 2
    tied = x.copy()
    tied[half : 2 * half] = tied[:half]
    yield " of which both of a pair are equal", limit * tied, z
    tied = z.copy()
    tied[half : 2 * half] = tied[:half]
    yield " of which both of a pair have one z", limit * x, tied


def _judge(found: Tally, diversity, words: str, x, z, line: str) -> None:
    dx = np.asarray(diversity.grad(x, z))
    if dx.shape != x.shape:
        return  # the contract says so

    def L(x):
        return diversity.value(x, z)

    found.unit = max(found.unit, float(np.abs(dx).max(initial=0.0)))

    def explain(verdict) -> str:
        entry = tuple(int(i) for i in np.unravel_index(verdict.entry, x.shape))
        return (
            f"{words}, grad{list(entry)} is {dx[entry]:.12g}, and the derivative of "
            f"value is {verdict.expected:.12g}"
        )

    verdict = judge(L, x, dx, found.unit, True, found.analytic)
    found.add(verdict, "equal" not in words, explain, line)


def _rules(diversity: Diversity, x, z):
    """The contract of a diversity beside its formulas: (sentence, kept) pairs."""
    diversity, given = copy.deepcopy(diversity), (x.copy(), z.copy())
    value, dx = diversity.value(x, z), diversity.grad(x, z)
    P = len(x) // 2
    yield "value gives one number, of shape ()", np.shape(value) == ()
    yield "dL/dx has the shape of x", np.shape(dx) == x.shape
    yield "samples are only read", all(map(np.array_equal, given, (x, z)))
    yield "the two samples of a pair move apart", np.array_equal(dx[:P], -dx[P : 2 * P])
    yield "a sample without a partner stays", not np.any(dx[2 * P :])
    small = [a.astype("float32") for a in given]
    L32, dx32 = diversity.value(*small), diversity.grad(*small)
    dtypes = {np.asarray(a).dtype for a in (L32, dx32)}
    yield "float32 stays float32", dtypes == {np.dtype("float32")}
    large = [a.astype(float) for a in small]
    right = diversity.value(*large), diversity.grad(*large)
    pairs = zip((L32, dx32), right, strict=True)
    close = [np.abs(a - b).max() <= 1e-4 * np.abs(b).max() for a, b in pairs]
    yield "float32 agrees with float64", all(close)
    yield "samples that differ cost less", value < diversity.value(0 * x, z)
    yield "samples that are equal stay", not diversity.grad(0 * x, z).any()
    y = np.arange(len(x))
    expected = np.concatenate([y[:P], y[:P], y[2 * P :]])
    yield "both of a pair have one condition", same(diversity.paired(y), expected)


def _calls(diversity: Diversity, x, z):
    """A result depends on x and z alone, in any layout, and stays what it was."""
    strided = (np.repeat(x, 2, axis=0)[::2], np.asfortranarray(z))
    reversed_ = (x[::-1].copy()[::-1], z[:, ::-1].copy()[:, ::-1])
    locked = [a.copy() for a in (x, z)]
    for a in locked:
        a.flags.writeable = False
    for method in ("value", "grad"):
        alone = np.copy(getattr(copy.deepcopy(diversity), method)(x, z))
        for words, arrays in (("strided", strided), ("reversed", reversed_)):
            found = getattr(copy.deepcopy(diversity), method)(*arrays)
            yield f"{method} of {words} samples is the same", same(found, alone)
        one, two = copy.deepcopy(diversity), copy.deepcopy(diversity)
        kept = getattr(one, method)(x, z)
        for other in (one, two):
            other.value(x + z.mean(), z + 1)
            other.grad(x * x, z + 1)
        yield f"what {method} returned stays the same", same(kept, alone)
        again = getattr(one, method)(x, z)
        yield f"{method} does not depend on an earlier call", same(again, alone)
        try:
            getattr(one, method)(*locked)
        except ValueError as e:
            if "read-only" not in str(e):
                raise
            yield "samples are only read", False

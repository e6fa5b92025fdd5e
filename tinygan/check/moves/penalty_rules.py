"""The contract of a penalty: the rules that no derivative shows.

Each rule is a sentence. `accumulated` clears D.grad, calls the penalty, and returns
(P, what it added to D.grad).
"""

import copy

import numpy as np

from ...layers import Dense, Sequential, SpectralNorm, Tanh
from ...net import Net
from ..oracles import relative
from ..ranks import together
from .steps import reseeded


def passes_of(D: Net, batches, locked=False) -> list:
    """[(x, s, cache)] of the batches; `locked` ones cannot be written."""
    passes = []
    for x in batches:
        x = x.astype(D.theta.dtype)
        x.flags.writeable = not locked
        s, cache = D.forward(x)
        if locked:
            s = s.copy()
            s.flags.writeable = False
        passes.append((x, s, cache))
    return passes


def accumulated(penalty, D: Net, batches, seed=0, locked=False):
    """Clear D.grad, and return (P, what the penalty adds to D.grad)."""
    passes = passes_of(D, batches, locked)
    D.zero_grad()
    P = penalty.accumulate(D, *passes, np.random.default_rng(seed))
    return P, D.grad.copy()


def same(one, two) -> bool:
    """Whether two results (P, grad) are equal, up to the order of a sum."""
    (P, grad), (Q, other) = one, two
    close = abs(P - Q) <= 1e-13 * abs(Q) or not (np.isfinite(P) or np.isfinite(Q))
    return bool(close) and relative(grad - other, other) <= 1e-12


def memory_rules(penalty, D: Net, batches, seed: int):
    """P and its gradient depend on D, the batches and rng, and on nothing else."""

    def alone(global_seed: int):
        own, theta = copy.deepcopy(penalty), D.theta.copy()
        found = reseeded(global_seed, lambda: accumulated(own, D, batches, seed))
        moved = not np.array_equal(D.theta, theta)
        D.theta[...] = theta
        return found, moved

    (one, moved), (again, _), (other, _) = alone(1), alone(1), alone(2)
    yield "theta is left alone", not moved
    yield "the same rng gives the same P and gradient", same(one, again)
    yield "np.random's global generator is not used: rng is given", same(one, other)
    kept = copy.deepcopy(penalty)
    P, grad = accumulated(kept, D, batches, seed)
    value = np.copy(P)
    yield (
        "P and its gradient are the same if it is called again",
        same(accumulated(kept, D, batches, seed), (value, grad)),
    )
    other = D.clone()
    other.theta *= 1.5
    there = accumulated(kept, other, batches + 1, seed)
    right = accumulated(copy.deepcopy(penalty), other, batches + 1, seed)
    again = accumulated(kept, D, batches, seed)
    unmoved = same(there, right) and same(again, (value, grad))
    yield "nothing is kept from other samples and another D", unmoved
    yield "what it returned stays the same", np.array_equal(P, value)
    second = copy.deepcopy(penalty)
    accumulated(second, other, batches + 1, seed)
    again = accumulated(kept, D, batches, seed)
    yield "two penalties share nothing", same(again, (value, grad))


def contract_rules(penalty, D: Net, batches, seed: int):
    """(sentence, kept) of the rules of a penalty beside its formula."""
    theta, given = D.theta.copy(), batches.copy()
    P, once = accumulated(penalty, D, batches, seed)
    steep = max(
        float(np.abs(once).max()), _of_a_steep_critic(penalty, D, batches, seed)
    )
    yield "the penalty of a steep critic has a gradient", bool(steep)
    yield "P is one number", np.shape(P) == ()
    passes = passes_of(D, batches)
    before = np.random.default_rng(seed).normal(0, 1, D.grad.size)
    before *= np.abs(once).max() or 1.0
    D.zero_grad()
    D.grad += before
    penalty.accumulate(D, *passes, np.random.default_rng(seed))
    added = D.grad - before
    yield "gradients add up", relative(added - once, once) <= 1e-13
    yield "theta is left alone", np.array_equal(D.theta, theta)
    kept = np.array_equal(batches, given) and _reads_only(penalty, D, batches, seed)
    yield "the samples are only read", kept
    small = D.clone("float32")
    P32, grad32 = accumulated(penalty, small, batches, seed)
    plain = isinstance(P32, float) and not hasattr(P32, "dtype")
    yield "float32 stays float32", plain or np.asarray(P32).dtype == np.float32
    close = np.abs(grad32 - once).max() <= 1e-4 * (np.abs(once).max() or 1.0)
    close = close and abs(P32 - P) <= 1e-4 * max(abs(P), 1e-3 * np.abs(once).max())
    yield "float32 agrees with float64", bool(close)
    flat = D.clone()
    flat.theta[...] = 0  # D is flat: |g| = 0, where a norm has no derivative
    P, grad = accumulated(penalty, flat, batches, seed)
    yield "all is finite where D is flat", bool(np.isfinite([P, *grad]).all())


def _of_a_steep_critic(penalty, D: Net, batches, seed: int) -> float:
    steep = D.clone()
    steep.theta *= 4
    return float(np.abs(accumulated(penalty, steep, batches, seed)[1]).max())


def _reads_only(penalty, D: Net, batches, seed: int) -> bool:
    try:
        accumulated(penalty, D, batches, seed, locked=True)
    except ValueError as e:
        if "read-only" not in str(e):
            raise
        return False
    return True


def state_rules(penalty, batch: int, seed: int):
    """The states of D's layers are left alone."""
    rng = np.random.default_rng(seed)
    D = Net(Sequential(SpectralNorm(Dense(7)), Tanh(), Dense(1)), (4,), seed, "float64")
    D.theta[...] = rng.normal(0, 0.5, D.theta.size)
    D.advance()
    batches = rng.standard_normal((2, batch, 4))
    passes = passes_of(D, batches)
    before = {name: np.copy(value) for name, value in D.state().items()}
    penalty.accumulate(D, *passes, np.random.default_rng(seed))
    kept = all(np.array_equal(D.state()[name], a) for name, a in before.items())
    yield "the state of D's layers is left alone", kept


def states_divisible(penalty) -> bool:
    """Whether the class itself says `divisible`, and not only a parent of tinygan's."""
    stated = next(cls for cls in type(penalty).__mro__ if "divisible" in vars(cls))
    own = stated.__module__.partition(".")[0] != "tinygan"
    return own or stated is type(penalty)


def shared_rules(penalty, batch: int, seed: int):
    """`divisible` says the truth. Two ranks share the batch of a linear critic. Its
    slope is the same anywhere, so it does not matter where each rank draws its points.
    """
    if not penalty.divisible:
        return
    rng = np.random.default_rng(seed)
    D = Net(Dense(1), (4,), seed, "float64")
    D.theta[...] = rng.normal(0, 1, D.theta.size)
    batches = rng.standard_normal((2, batch, 4))
    whole, grad = accumulated(penalty, D, batches, seed)

    def work(rank):
        own = slice(0, 3) if rank.rank == 0 else slice(3, None)
        part = copy.deepcopy(penalty).part(rank)
        return accumulated(part, D.clone(), batches[:, own], seed)

    sentence = "several ranks that share a batch give the whole's P, as divisible says"
    try:
        results = together(2, work)
    except Exception as e:  # from the user's own code
        yield f"{sentence} ({type(e).__name__}: {e})", False
        return
    total = sum(part for _, part in results)
    error = max(relative(total - grad, grad), *(abs(P - whole) for P, _ in results))
    yield f"{sentence} (off by {error:.2g})", error <= 1e-9 * max(1.0, abs(whole))

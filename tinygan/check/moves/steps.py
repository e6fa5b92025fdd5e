"""The contract of an optimizer: the rules that hold whatever its formula is.

Each rule is a sentence, with the numbers that break it. An optimizer that does not give
the same each time is asked no further.
"""

import copy
import random

import numpy as np

from ...optim import Optimizer, Wrapper
from ..dead import dead_overrides
from ..ranks import together

BLOCK = 1 << 15  # numbers: rules go along theta in blocks of about this length
SIZES = {"quick": [BLOCK + 5], "normal": [BLOCK + 5, 70_001]}  # of long vectors
SIZES["thorough"] = [*SIZES["normal"], 2 * BLOCK, 200_003]
GENERATORS = np.random.Generator, np.random.RandomState, random.Random
FLOAT32 = 2e-5  # of the way that a number has gone


def fresh(optimizer: Optimizer, theta, unwritten=False) -> Optimizer:
    """A copy that is ready for theta (n,). If `unwritten`, its working space holds NaN,
    so that a direction which is never written shows.
    """
    new = copy.deepcopy(optimizer)
    new.prepare(theta)
    inner = new
    while isinstance(inner, Wrapper):
        inner = inner.inner
    if unwritten and hasattr(inner, "_u"):
        inner._u[...] = np.nan
    return new


def gradients_for(steps: int, n: int, rng) -> np.ndarray:
    """Gradients (steps, n) from .001 to 100 in size. After 20 steps they are a
    hundredth of it, so that a moment shows what it forgets.
    """
    sizes = np.resize(np.logspace(-3, 2, 7), n)
    later = np.where(np.arange(steps) < 20, 1.0, 0.01)[:, None]
    return rng.standard_normal((steps, n)) * sizes * later


def walk(optimizer, gradients, start) -> np.ndarray:
    """theta after these steps of a fresh copy."""
    theta, new = start.copy(), fresh(optimizer, start)
    for g in gradients:
        new.ascend(theta, g)
    return theta


def is_noisy(optimizer) -> bool:
    """Whether it has a generator of its own, or moves theta = 0 without a gradient,
    each number by another step.
    """
    inner = optimizer
    while isinstance(inner, Wrapper):
        inner = inner.inner
    kept = [*vars(optimizer).values(), *vars(inner).values()]
    if any(isinstance(value, GENERATORS) for value in kept):
        return True
    zero = np.zeros(64)
    theta = walk(optimizer, np.zeros((3, 64)), zero)
    return bool(np.isfinite(theta).all() and len(np.unique(theta)) > 32)


def broken_rules(optimizer, gradients, path, rng, effort: str) -> list[str]:
    """The rules of the contract that are broken."""
    broken = [*dead_overrides(optimizer), *_moves(optimizer, gradients, path)]
    noisy, gradients = is_noisy(optimizer), gradients_for(12, 7, rng)
    if not broken:
        broken = [*_shares(optimizer, gradients), *_global_noise(optimizer, gradients)]
    if broken:
        return broken
    rules = [
        _layouts(optimizer, gradients),
        _counts(optimizer, gradients),
        _extremes(optimizer, rng),
        _rate(optimizer, gradients),
    ]
    if not noisy:
        rules += [
            _sizes(optimizer, effort),
            _float32(optimizer, gradients),
            _parts(optimizer, rng, effort),
        ]
    return [sentence for rule in rules for sentence in rule]


def _moves(optimizer, gradients, path):
    """Every number of theta moves at some step, in place, and g is only read."""
    rule = "theta moves in place, and g is only read"
    if not np.isfinite(path).all():
        t = int(np.argmin(np.isfinite(path).all(axis=1)))
        bad = path[t][~np.isfinite(path[t])][0]
        yield f"each step is finite: step {t} gives {bad}"
        return
    if not (np.diff(path, axis=0) != 0).any(axis=0).all():
        yield rule
        return
    given = gradients.copy()
    start, locked = path[0], gradients.copy()
    locked.flags.writeable = False
    try:
        walk(optimizer, given, start)
        walk(optimizer, locked, start)
    except ValueError as e:
        if "read-only" not in str(e):
            raise
        yield rule
        return
    if not np.array_equal(given, gradients):
        yield rule


def _layouts(optimizer, gradients):
    """A strided g gives what a contiguous g gives."""
    start, few = np.zeros(gradients.shape[1]), gradients[:5]
    right = walk(optimizer, few, start)
    strided = np.repeat(few, 2, axis=1)[:, ::2], few[:, ::-1].copy()[:, ::-1]
    for g, words in zip(strided, ("strided", "reversed"), strict=True):
        if not np.allclose(walk(optimizer, g, start), right, rtol=1e-12, atol=0):
            yield f"a {words} g gives the steps of a contiguous one"


def _counts(optimizer, gradients):
    """t counts steps."""
    new, theta = fresh(optimizer, gradients[0]), np.zeros(gradients.shape[1])
    for n, g in enumerate(gradients[:6], 1):
        (new.ascend if n % 2 else new.descend)(theta, g)
        if new.t != n:
            yield f"t counts steps: after {n} steps it is {new.t}"
            return


def _extremes(optimizer, rng):
    """Zeros, huge and tiny gradients give finite steps."""
    ones = np.sign(rng.standard_normal(7))
    some = np.where(np.arange(7) < 3, 0, ones)
    cases = [
        ("a gradient of zeros", 0 * ones, 3),
        ("a gradient in which some numbers are 0", some, 3),
        ("a gradient of 1e15", 1e15 * ones, 3),
        ("a gradient of 1e-15", 1e-15 * ones, 3),
        ("zeros after a usual gradient", np.stack([ones, *4 * [0 * ones]]), 0),
        ("1e15 after a usual gradient", np.stack([ones, 1e15 * ones, ones]), 0),
    ]
    for dtype in ("float64", "float32"):
        for words, g, times in cases:
            stream = np.tile(g, (times, 1)) if times else g
            theta = np.ones(7, dtype)
            theta = walk(optimizer, stream.astype(dtype), theta)
            if not np.isfinite(theta).all():
                bad = int(np.argmin(np.isfinite(theta)))
                why = ": is eps forgotten?" if "zeros" in words or " 0" in words else ""
                yield f"{words} gives finite steps, not {theta[bad]}, in {dtype}{why}"
                return


def _rate(optimizer, gradients):
    """A new learning rate acts at the next step."""
    theta, old = np.zeros(gradients.shape[1]), fresh(optimizer, gradients[0])
    for g in gradients[:5]:
        old.ascend(theta, g)
    new, moved = copy.deepcopy(old), theta.copy()
    new.lr = old.lr / 2**20
    before = theta.copy()
    old.ascend(theta, gradients[5])
    new.ascend(moved, gradients[5])
    if np.array_equal(theta, moved) and not np.array_equal(theta, before):
        yield "changing lr acts at once: with lr / 2^20 the step was as before"


def _shares(optimizer, gradients):
    """Two optimizers at once do not disturb each other, and a copy goes on alike."""
    few, start = gradients[:12], np.zeros(gradients.shape[1])
    alone = walk(optimizer, few, start)
    one, two = fresh(optimizer, start), fresh(optimizer, start)
    theta, other, twin, third = start.copy(), start.copy(), None, start.copy()
    for t, g in enumerate(few):
        if t == 6:
            twin, third = copy.deepcopy(one), theta.copy()
        one.ascend(theta, g)
        if twin is not None:
            twin.ascend(third, g)
        two.ascend(other, g[::-1] + 1)
    if not np.array_equal(theta, alone):
        yield "two optimizers share nothing: one goes another way if the other steps"
    elif not np.array_equal(third, theta):
        yield "a deep copy goes on as the original does"


def _global_noise(optimizer, gradients):
    """Nothing is drawn from the generators that all code shares."""
    few, start = gradients[:3], np.zeros(gradients.shape[1])
    found = [reseeded(k, lambda: walk(optimizer, few, start)) for k in (1, 2)]
    if not np.array_equal(*found):
        yield (
            "np.random's global generator is not used: a run could not be repeated; "
            "keep a generator of your own"
        )


def reseeded(seed: int, function):
    """What the function gives after the global generators were seeded; they are put
    back.
    """
    before, plain = np.random.get_state(), random.getstate()
    np.random.seed(seed)
    random.seed(seed)
    try:
        return function()
    finally:
        np.random.set_state(before)
        random.setstate(plain)


def _float32(optimizer, gradients):
    """float32 steps as float64 does, up to float32's rounding."""
    few = gradients[:8].astype("float32")
    start = np.zeros(few.shape[1])
    theta, way = start.copy(), start.copy()
    new = fresh(optimizer, start)
    for g in few.astype(float):
        before = theta.copy()
        new.ascend(theta, g)
        way += np.abs(theta - before)
    small = walk(optimizer, few, start.astype("float32"))
    off = np.abs(small - theta) / np.where(way > 0, way, 1)
    if not off.max() <= FLOAT32:
        yield f"float32 agrees with float64: a step is off by {off.max():.2g} of it"


def _sizes(optimizer, effort: str):
    """Vectors of one number and of many are stepped as a whole."""
    for n in (1, *SIZES[effort]):
        g = gradients_for(3, n, np.random.default_rng(n))
        theta = walk(optimizer, g, np.zeros(n))
        if not np.isfinite(theta).all():
            yield f"a vector of {n} numbers gets finite steps"
            return
        still = np.flatnonzero(theta == 0)
        if len(still) and n > 1:  # one number may be its own mean
            yield f"each of {n} numbers moves: number {still[0]} does not"
            return


def _parts(optimizer, rng, effort: str):
    """If it is `divisible`, two ranks that step parts of theta step the whole."""
    if not optimizer.divisible:
        return
    for n in (7, SIZES[effort][0]):
        g, start = gradients_for(3, n, rng), rng.standard_normal(n)
        whole, theta = walk(optimizer, g, start), start.copy()
        shared = fresh(optimizer, start)

        def work(rank, g=g, theta=theta, shared=shared):
            own = slice(0, 3) if rank.rank == 0 else slice(3, None)
            part = shared.part(own, rank)
            for row in g:
                part.ascend(theta[own], row[own])

        try:
            together(2, work)
        except Exception as e:  # from the user's own code
            why = f"{type(e).__name__}: {e}"
            yield f"parts of theta step as the whole does, as divisible says ({why})"
            return
        error = np.abs(theta - whole).max() / np.abs(whole - start).max()
        if not error <= 1e-12:
            yield (
                f"parts of theta step as the whole does, as divisible says: {n} "
                f"numbers in two parts are off by {error:.2g} of a step"
            )
            return

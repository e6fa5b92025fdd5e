"""The rules of an objective that no derivative shows.

A right formula may still write into its logits, keep something from an earlier call,
or return its own buffer. Each rule is a sentence, with the numbers that break it.
toy.py plays with the objective.
"""

import copy
import itertools

import numpy as np

from ...errors import shown
from ..dead import dead_overrides
from .derivative import is_finite
from .logits import column, usual

PROTOCOL = ("value", "d_grads", "g_value", "g_grad", "beliefs")
SAME = 1e-12  # two calls differ by less than this share: only the order of a sum
FAR = column([-1e4, -50.0, 0.0, 50.0, 1e4])


class Players:
    """A copy of an objective, called as the moves call it: J gets s_real only if the
    objective is `paired`.
    """

    def __init__(self, objective):
        self.objective, self.paired = copy.deepcopy(objective), objective.paired

    def V(self, s_real, s_fake):
        """V, a number, of logits (N, 1)."""
        return self.objective.value(s_real, s_fake)

    def dV(self, s_real, s_fake):
        """(ds_real, ds_fake)"""
        return self.objective.d_grads(s_real, s_fake)

    def J(self, s_fake, s_real):
        """J, a number, of logits (N, 1)."""
        return self.objective.g_value(s_fake, s_real if self.paired else None)

    def dJ(self, s_fake, s_real):
        """dJ/ds_fake, (N, 1)."""
        return self.objective.g_grad(s_fake, s_real if self.paired else None)

    def call(self, method: str, s_real, s_fake):
        """What a method of the protocol gives for two batches of logits (N, 1)."""
        if method in ("g_value", "g_grad"):
            real = s_real if self.paired else None
            return getattr(self.objective, method)(s_fake, real)
        return getattr(self.objective, method)(s_real, s_fake)

    def all(self, s_real, s_fake) -> tuple:
        """(V, J, [dV/ds_real, dV/ds_fake, dJ/ds_fake]), each derivative (N, 1)."""
        V, J = self.V(s_real, s_fake), self.J(s_fake, s_real)
        return V, J, [*self.dV(s_real, s_fake), self.dJ(s_fake, s_real)]


def before_derivatives(objective, sizes, seed: int) -> list[str]:
    """The rules without which derivatives mean nothing: those that are broken."""
    rng = np.random.default_rng(seed)
    s = usual(sizes or (5, 5), rng)
    broken = [*dead_overrides(objective), *_needs_real(objective, *s)]
    if broken:
        return broken
    given = tuple(a.copy() for a in s)
    players = Players(objective)
    for pair in [given] if sizes else [*_small(objective), given]:
        broken += _shapes(players, *pair)
        if broken:
            return broken
    if not all(map(np.array_equal, given, s)) or not _reads_only(players, *s):
        broken.append("logits are only read")
    V, J, slopes = players.all(*(a.astype("float32") for a in s))
    numbers = [v for v in (V, J) if not isinstance(v, float) or hasattr(v, "dtype")]
    dtypes = {np.asarray(v).dtype for v in (*numbers, *slopes)}
    if dtypes != {np.dtype("float32")}:
        broken.append("float32 stays float32")
    if not all(
        is_finite(players.call(method, FAR.copy(), FAR.copy()))
        for method in PROTOCOL[:4]
    ):
        broken.append("all is finite at logits of +-10,000")
    return broken


def _small(objective, sizes=((1, 1), (2, 2))):
    """Logits of batches of these sizes, as far as the objective takes them."""
    for pair in sizes:
        s = usual(pair, np.random.default_rng(0))
        try:
            Players(objective).all(*s)
        except Exception:  # it may refuse a batch in any way
            continue
        yield s


def _needs_real(objective, s_real, s_fake) -> list[str]:
    """J of an objective that is not `paired` has to do without s_real."""
    if objective.paired:
        return []
    objective = copy.deepcopy(objective)
    try:
        objective.g_value(s_fake, None)
        objective.g_grad(s_fake, None)
    except Exception as e:  # from the user's own code
        objective.g_value(s_fake, s_real)
        objective.g_grad(s_fake, s_real)
        why = f"{type(e).__name__}: {e}"
        return [f"J needs s_real, so the class has to say paired = True ({why})"]
    return []


def _shapes(players: Players, s_real, s_fake) -> list[str]:
    """Values are numbers, and each derivative is like its logits."""
    broken = []
    sizes = f"for {len(s_real)} real and {len(s_fake)} fake logits"
    values = {
        "value": players.V(s_real, s_fake),
        "g_value": players.J(s_fake, s_real),
    }
    for name, v in values.items():
        if v is None or np.shape(v) != () or isinstance(v, str):
            broken.append(f"{name} gives a number, of shape (), not {shown(v)}")
    shown_beliefs = players.call("beliefs", s_real, s_fake)
    if [np.shape(b) for b in _listed(shown_beliefs)] != [(), ()]:
        broken.append(f"beliefs gives two numbers, not {shown(shown_beliefs)}")
    pair = players.dV(s_real, s_fake)
    if not isinstance(pair, tuple | list) or len(pair) != 2:
        found = shown(pair)
        return [*broken, f"d_grads gives a pair (ds_real, ds_fake), not {found}"]
    named = zip(("ds_real", "ds_fake"), pair, (s_real, s_fake), strict=True)
    grads = [*named, ("g_grad", players.dJ(s_fake, s_real), s_fake)]
    for name, ds, s in grads:
        if np.shape(ds) != s.shape:
            broken.append(
                f"each derivative has its logits' shape: {name} has {np.shape(ds)} "
                f"{sizes}"
            )
    return broken


def _listed(pair) -> list:
    return [*pair] if isinstance(pair, tuple | list) else []


def _reads_only(players: Players, *s) -> bool:
    """Whether the objective takes logits that cannot be written."""
    locked = [a.copy() for a in s]
    for a in locked:
        a.flags.writeable = False
    try:
        players.all(*locked)
        players.call("beliefs", *locked)
    except ValueError as e:
        return "read-only" not in str(e)
    return True


def beyond_derivatives(objective, sizes, seed: int) -> list[str]:
    """The rules about an objective whose derivatives are right: those broken."""
    rng = np.random.default_rng(seed)
    sizes = sizes or (5, 5)
    s, other = usual(sizes, rng), usual(sizes, rng)
    for pair in _small(objective, ((2, 3),)):
        broken = _shapes(Players(objective), *pair)
        if broken:
            return broken
    broken = [*_memory(objective, s, other)]
    if broken:
        return broken
    rules = (
        _layouts(objective, s),
        _float32(objective, s),
        _real_left_out(objective, s, other),
    )
    return [sentence for rule in rules for sentence in rule]


def flat(result) -> np.ndarray:
    """All numbers of a result, of a pair or of one array."""
    parts = result if isinstance(result, tuple | list) else [result]
    return np.concatenate([np.ravel(np.asarray(p, float)) for p in parts])


def same(a, b) -> bool:
    """True if two results have one shape and the same numbers, up to rounding."""
    a, b = flat(a), flat(b)
    if a.shape != b.shape:
        return False
    return bool((np.abs(a - b) <= SAME * np.abs(b).max(initial=0.0)).all())


def _memory(objective, s, other):
    """A method gives the same, whatever was called before it, on this object or on
    another; and a result stays what it was.
    """
    alone = {}
    for method in PROTOCOL:
        try:
            alone[method] = flat(Players(objective).call(method, *s))
        except Exception as e:  # from the user's own code
            why = f"{type(e).__name__}: {e}"
            yield f"{method} works without an earlier call ({why})"
            return
    for first, then in itertools.product(PROTOCOL, repeat=2):
        for before, words in ((s, "the same"), (other, "other")):
            players = Players(objective)
            players.call(first, *before)
            if not same(players.call(then, *s), alone[then]):
                yield f"{then} does not depend on an earlier {first} of {words} logits"
                return
        players, second = Players(objective), Players(objective)
        kept = players.call(first, *s)
        second.call(first, *other)
        if not same(players.call(then, *s), alone[then]):
            yield f"{then} does not depend on a {first} of another object of the class"
            return
        if then == first:
            players.call(first, *other)
            second.call(first, *other)
        if not same(kept, alone[first]):
            yield f"what {first} returned stays the same when {then} is called again"
            return


def _layouts(objective, s):
    """Strided and reversed logits give what contiguous logits give."""
    layouts = {
        "every second row of an array": lambda a: np.repeat(a, 2, axis=0)[::2],
        "an array with negative strides": lambda a: a[::-1].copy()[::-1],
        "a column of a wider array": lambda a: np.hstack([a, a + 1, a])[:, :1],
        "an array in Fortran's order": lambda a: np.hstack([a, -a]).copy("F")[:, :1],
    }
    for words, change in layouts.items():
        for method in PROTOCOL:
            plain = Players(objective).call(method, *s)
            if not same(Players(objective).call(method, *map(change, s)), plain):
                yield f"{method} gives the same if the logits are {words}"
                return


def _float32(objective, s):
    """float32 gives what float64 gives for the same logits, up to rounding."""
    for shift in (0.0, 5.0, -5.0):
        small = [(a + shift).astype("float32") for a in s]
        large = [a.astype(float) for a in small]
        players = Players(objective)
        moved = max(float(np.abs(a).max()) for a in large)
        for method, of in (("value", "d_grads"), ("g_value", "g_grad")):
            slopes = np.abs(flat(players.call(of, *large)))
            near_0 = np.abs(flat(players.call(of, *(0.1 * a for a in s))))
            size = max(slopes.max(), near_0.max())  # far off, slopes may be tiny
            total = moved * max(slopes.sum(), near_0.sum())
            for name, scale in ((method, total), (of, size)):
                right = flat(players.call(name, *large))
                error = np.abs(flat(players.call(name, *small)) - right).max()
                scale = max(float(scale), float(np.abs(right).max()))
                if not error <= 2e-5 * scale:
                    yield (
                        f"float32 agrees with float64: {name} is off by {error:.2g} "
                        f"where {scale:.2g} is usual"
                    )
                    return


def _real_left_out(objective, s, other):
    """J of an objective that is not `paired` does not depend on s_real."""
    if objective.paired:
        return
    for method in ("g_value", "g_grad"):
        call, fake = getattr(copy.deepcopy(objective), method), s[1]
        without = call(fake, None)
        for s_real, words in ((s[0], "s_real"), (other[0], "another s_real")):
            if not same(call(fake, s_real), without):
                yield (
                    f"{method} with {words} is {_first(call(fake, s_real)):.6g}, and "
                    f"{_first(without):.6g} without; g_step gives s_real only to a "
                    "class that says paired = True"
                )
                return


def _first(result) -> float:
    return float(flat(result)[0])

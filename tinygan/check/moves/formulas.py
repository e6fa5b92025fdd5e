"""The penalties of the papers, written another way, and how people get them wrong.

P is computed from the slopes of D by the complex step in x, one number of x at a time:
no backward pass, and no tangent.
"""

import copy
import itertools

import numpy as np

from ...layers import Conv2d, Dense, Flatten, Sequential, Tanh
from ...net import Net
from ...penalties import DRAGAN, R1, R2, WGANGP, Drift
from ..oracles import TINY, relative

KINDS = (WGANGP, R1, R2, DRAGAN, Drift)
AGREES = 1e-9
VECTORS = Sequential(Dense(7), Tanh(), Dense(1))
IMAGES = Sequential(Conv2d(3, 2), Tanh(), Flatten(), Dense(1))


class Scene:
    """A critic, batches (real, fake) of x, and the seed of the random numbers."""

    def __init__(self, tree, shape, n: int, seed: int):
        rng = np.random.default_rng(seed)
        self.D = Net(copy.deepcopy(tree), shape, seed=seed, dtype="float64")
        self.D.theta[...] = rng.normal(0, 0.5, self.D.theta.size)
        self.complex_D, self.seed = self.D.clone("complex128"), seed
        self.batches = rng.standard_normal((2, n, *shape))

    def scores(self, x):
        """s (N, 1) of real or complex samples."""
        D = self.complex_D if np.iscomplexobj(x) else self.D
        return D.forward(x)[0]

    def slopes(self, x):
        """grad_x D, of the shape of x."""
        g, point = np.empty(x.shape), x.astype(complex)
        for place in np.ndindex(x.shape[1:]):
            at = (slice(None), *place)
            point[at] += 1j * TINY
            g[at] = self.scores(point).imag[:, 0] / TINY
            point[at] = x[at]
        return g


def scenes(seed: int) -> list[Scene]:
    """Three vectors, four images, one vector, and 33."""
    few, images = Scene(VECTORS, (4,), 3, seed), Scene(IMAGES, (3, 2, 2), 4, seed + 1)
    return [few, images, *(Scene(VECTORS, (4,), n, seed) for n in (1, 33))]


def each(x):
    """The shape of one number for each sample."""
    return (len(x),) + (1,) * (x.ndim - 1)


def _between(real, fake, eps):
    return eps * real + (1 - eps) * fake


def _around(penalty, real, rng):
    alpha, u = rng.random(each(real)), rng.random(real.shape)
    return real + alpha * (penalty.c * real.std()) * u


POINTS = {  # from (real, fake, rng) to x
    "the real samples": lambda real, fake, rng: real,
    "the fake samples": lambda real, fake, rng: fake,
    "one eps for each sample": lambda x, y, rng: _between(x, y, rng.random(each(x))),
    "one eps for the whole batch": lambda x, y, rng: _between(x, y, rng.random()),
    "an eps for each number": lambda x, y, rng: _between(x, y, rng.random(x.shape)),
    "a normal eps": lambda x, y, rng: _between(x, y, rng.standard_normal(each(x))),
}
NORMS = {  # from g (N, ...) to the norms, of any shape
    "": lambda g: np.sqrt((g * g).reshape(len(g), -1).sum(axis=1)),
    "the norm over the whole batch": lambda g: np.sqrt((g * g).sum(keepdims=True)),
    "each number's own slope for the norm of a sample": np.abs,
    "the norm over the second axis alone": lambda g: np.sqrt((g * g).sum(axis=1)),
    "the norm over the last axis alone": lambda g: np.sqrt((g * g).sum(axis=-1)),
    "the norm of each channel": lambda g: np.sqrt(
        (g * g).sum(axis=tuple(range(1, g.ndim - 1)))
    ),
    "|g|^2 for |g|": lambda g: (g * g).reshape(len(g), -1).sum(axis=1),
    "the sum of |g_i| for the norm": lambda g: abs(g).reshape(len(g), -1).sum(axis=1),
}
FACTORS = {
    "": lambda n: 1,
    "a sum over the batch for the mean": lambda n: n,
    "the factor 1/2 left out": lambda n: 2,
}


def _phi(penalty, r):
    """phi(|g|) by the settings of the penalty."""
    if isinstance(penalty, R1 | R2):
        return penalty.gamma / 2 * r**2
    excess = np.maximum(r - penalty.k, 0) if penalty.one_sided else r - penalty.k
    return penalty.weight * excess**2


def _own_points(penalty) -> str:
    kind = parent_penalty(penalty)
    if kind is R1:
        return "the real samples"
    return "the fake samples" if kind is R2 else "one eps for each sample"


def parent_penalty(penalty) -> type | None:
    """The penalty of tinygan that this one is, or extends; None without."""
    return next((c for c in type(penalty).__mro__ if c in KINDS), None)


def formula(penalty, scene: Scene) -> float:
    """P of the paper, for a penalty that is one of KINDS or extends it."""
    kind, rng = parent_penalty(penalty), np.random.default_rng(scene.seed)
    real, fake = scene.batches
    if kind is Drift:
        return float(penalty.eps * (scene.scores(real) ** 2).mean())
    if kind is DRAGAN:
        x = _around(penalty, real, rng)
    else:
        x = POINTS[_own_points(penalty)](real, fake, rng)
    return float(_phi(penalty, NORMS[""](scene.slopes(x))).mean())


def misformulas(penalty, seen: list[Scene]):
    """(words, [P of each scene]) for the known mistakes in this penalty."""
    kind = parent_penalty(penalty)
    if kind is Drift:
        yield from _wrong_drifts(penalty, seen)
        return
    own = _own_points(penalty) if kind is not DRAGAN else ""
    names = [n for n in POINTS if kind is WGANGP or n.startswith("the ")]
    slopes = {}
    for name in (own, *(n for n in names if n != own)):
        slopes[name] = [_slopes_at(penalty, name, scene) for scene in seen]
    factors = list(FACTORS) if kind in (R1, R2) else list(FACTORS)[:2]
    for name, norm, factor in itertools.product(slopes, NORMS, factors):
        at = "" if name == own else f"its points at {name}"
        at = (
            at.replace("at one", "by one")
            .replace("at an", "by an")
            .replace("at a ", "by a ")
        )
        words = ", ".join(filter(None, (at, norm, factor)))
        if words:
            values = [
                float(FACTORS[factor](len(g)) * _phi(penalty, NORMS[norm](g)).mean())
                for g in slopes[name]
            ]
            yield words, values


def _slopes_at(penalty, name: str, scene: Scene):
    rng = np.random.default_rng(scene.seed)
    if not name:
        return scene.slopes(_around(penalty, scene.batches[0], rng))
    return scene.slopes(POINTS[name](*scene.batches, rng))


def _wrong_drifts(penalty, seen):
    def P(scene, which, factor):
        s = scene.scores(scene.batches[which])
        return float(penalty.eps * factor(len(s)) * (s * s).mean())

    wrong = {
        "the fake samples for the real ones": (1, lambda n: 1),
        "a sum over the batch for the mean": (0, lambda n: n),
        "half of it": (0, lambda n: 0.5),
        "the fake samples for the real ones, and a sum for the mean": (1, lambda n: n),
    }
    for words, (which, factor) in wrong.items():
        yield words, [P(scene, which, factor) for scene in seen]


def compare(penalty, accumulated, seed: int) -> tuple[float, str, bool]:
    """(relative error of P, the failure in words, is it a rule of its own?).

    accumulated(penalty, D, batches, seed) gives (P, ...).
    """
    seen, name = scenes(seed), parent_penalty(penalty).__name__
    found = [float(accumulated(penalty, s.D, s.batches, s.seed)[0]) for s in seen]
    right = [formula(penalty, scene) for scene in seen]
    errors = [relative(a - b, b) for a, b in zip(found, right, strict=True)]
    if max(errors) <= AGREES:
        return max(errors), "", False
    for words, values in misformulas(penalty, seen):
        if np.allclose(found, values, rtol=AGREES, atol=0):
            return max(errors), f"its P is that of {name} with {words}", False
    sizes = np.array([len(scene.batches[0]) for scene in seen])
    built_in = sizes * np.array(right) / np.where(found, found, np.nan)
    if np.ptp(built_in) < 1e-9 and abs(built_in[0] - round(built_in[0])) < 1e-9:
        words = f"a batch of {round(built_in[0])} built in"
        return max(errors), f"its P is that of {name} with {words}", False
    note = f"its P is {found[0]:.9g}, and that of {name} is {right[0]:.9g}"
    if errors[0] <= AGREES:
        places = "three vectors", "images", "a batch of one", "a batch of 33"
        other = next(p for p, e in zip(places, errors, strict=True) if e > AGREES)
        note = f"its P is that of {name} for three vectors, and another for {other}"
        return max(errors), note, False
    return max(errors), note, type(penalty) is not parent_penalty(penalty)

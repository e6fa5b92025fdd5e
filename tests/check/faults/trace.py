"""Everything that a use of a layer, a loss, a penalty or an optimizer can show.

A trace is {what was done: the arrays it gave, or the error}. Two traces of the same
seeds are equal if and only if the two things behave alike in all that is tried here.
"""

import copy
import itertools

import numpy as np

from tinygan import Net
from tinygan.layers import Dense, Flatten, LeakyReLU, Sequential, Tanh
from tinygan.penalties import R1
from tinygan.values import Integers

SIZES = 1, 2, 3, 4, 6, 7, 12, 33, 40
VALUES = {
    "normal": lambda rng, s: rng.standard_normal(s),
    "wide": lambda rng, s: 30 * rng.standard_normal(s),
    "zeros": lambda rng, s: np.zeros(s),
    "some zeros": lambda rng, s: rng.integers(-1, 2, s).astype(float),
    "band": lambda rng, s: rng.uniform(0.5, 0.51, s),
    "little": lambda rng, s: 1e-6 * rng.standard_normal(s),
    "hundredth": lambda rng, s: rng.uniform(0, 0.01, s),
    "denormal": lambda rng, s: np.full(s, 1e-310),
    "constant": lambda rng, s: np.full(s, 1.5),
    "negative": lambda rng, s: -rng.uniform(12, 30, s),
    "thousand": lambda rng, s: np.full(s, 1000.0),
    "billion": lambda rng, s: 1e9 + rng.standard_normal(s),
}
LAYOUTS = {
    "plain": lambda a: a,
    "reversed": lambda a: a[::-1].copy()[::-1],
    "strided": lambda a: np.repeat(a, 2, axis=-1)[..., ::2],
    "fortran": np.asfortranarray,
    "locked": lambda a: locked(a.copy()),
}


def locked(a):
    """An array nobody may write into, and neither into its memory."""
    whole = np.frombuffer(a.tobytes(), a.dtype).reshape(a.shape)
    return whole


def drawn(rng, shape, n, values="normal", dtype="float64"):
    """n samples of a shape; integers where the shape is of integers."""
    if isinstance(shape, Integers):
        return rng.integers(0, shape.n, (n, *shape))
    return VALUES[values](rng, (n, *shape)).astype(dtype)


def tried(act):
    """The arrays that `act` gives, copied; the name of its error if it fails."""
    try:
        with np.errstate(all="ignore"):
            return [np.array(a) for a in flat(act())]
    except Exception as e:
        return [np.array(type(e).__name__)]


def flat(v):
    if isinstance(v, dict):
        return [a for name in sorted(v) for a in flat(v[name])]
    if isinstance(v, tuple | list):
        return [a for part in v for a in flat(part)]
    return [np.array("None") if v is None else v]


class Passes:
    """The passes of one layer on one input: what they return, add and leave."""

    def __init__(self, layer, shape, dtype="float64", scale=1.0):
        self.net = Net(layer, shape, seed=3, dtype=dtype)
        self.net.theta *= scale
        self.shape, self.dtype = shape, dtype

    def cotangent(self, y, seed=1, scale=1.0):
        rng = np.random.default_rng(seed)
        return (scale * rng.standard_normal(y.shape)).astype(y.dtype)

    def all_of(self, x, train=True, layout="plain", scale=1.0):
        """Each pass from a fresh forward pass."""
        net, relay = self.net.tree, LAYOUTS[layout]
        give = lambda a: a if a.dtype.kind in "iu" else relay(a)  # noqa: E731
        x = give(x)
        y, cache = net.forward(x, train)
        dy = relay(self.cotangent(y, scale=scale))
        shown = [y, x, dy]
        for added in (True, False):
            shown += [self.learnt(lambda g=added: net.backward(dy, cache, g)), dy, x]
        shown += [self.learnt(lambda: net.backward_weights(dy, cache)), dy]
        if x.dtype.kind not in "iu":
            shown += self.tangents(x, dy, cache, relay)
        return [*shown, self.net.state(), self.net.theta, dy.shape]

    def tangents(self, x, dy, cache, relay):
        rng = np.random.default_rng(2)
        x_dot = relay(rng.standard_normal(x.shape).astype(x.dtype))
        dy_dot = relay(rng.standard_normal(dy.shape).astype(dy.dtype))
        try:
            y_dot, cache_dot = self.net.tree.tangent(x_dot, cache)
        except Exception as e:
            return [np.array(type(e).__name__)]
        shown = [y_dot, x_dot]
        reverse = self.net.tree.tangent_backward
        for pair in (dy, dy_dot), (None, dy_dot), (dy, None):
            shown += [self.learnt(lambda p=pair: reverse(*p, cache, cache_dot)), pair]
        return shown

    def learnt(self, act):
        """What a pass returns, and what it adds to a gradient that is not 0."""
        self.net.grad[...] = 0.5
        return tried(act), self.net.grad.copy()


def layer_trace(layer, shape, seen_at=()) -> dict[str, list]:
    """The trace of a layer: batches, values, dtypes, layouts, orders of passes."""
    np.random.seed(len(str(seen_at)))  # noqa: NPY002
    trace = {}
    for s in (shape, *seen_at):
        fresh = lambda *a, s=s, **k: Passes(copy.deepcopy(layer), s, *a, **k)  # noqa: E731
        rng = np.random.default_rng(0)
        trace[f"theta of {s}"] = tried(lambda: fresh().net.theta)
        trace[f"theta of {s} again"] = tried(lambda: fresh().net.theta)
        for n, train in itertools.product(SIZES, (True, False)):
            x = drawn(rng, s, n)
            key = f"{n} of {s}, train={train}"
            trace[key] = tried(lambda: fresh().all_of(x, train))
    if not isinstance(shape, Integers):
        trace |= value_trace(layer, shape) | layout_trace(layer, shape)
    return trace | order_trace(layer, shape) | use_trace(layer, shape)


def value_trace(layer, shape):
    trace = {}
    for values, dtype in itertools.product(VALUES, ("float64", "float32")):
        x = drawn(np.random.default_rng(0), shape, 4, values, dtype)
        for train, scale in ((True, 1.0), (False, 1.0), (True, 0.0)):
            key = f"{values}, {dtype}, train={train}, theta x {scale}"
            act = lambda: Passes(  # noqa: E731
                copy.deepcopy(layer),
                shape,
                dtype,
                scale,  # noqa: B023
            ).all_of(x, train)  # noqa: B023
            trace[key] = tried(act)
    x = drawn(np.random.default_rng(0), shape, 4)
    for scale in (1e-7, 1e3):
        act = lambda: Passes(copy.deepcopy(layer), shape).all_of(x, scale=scale)  # noqa: E731, B023
        trace[f"dy x {scale:g}"] = tried(act)
    return trace


def layout_trace(layer, shape):
    x = drawn(np.random.default_rng(0), shape, 5)
    return {
        layout: tried(
            lambda k=layout: Passes(copy.deepcopy(layer), shape).all_of(x, layout=k)
        )
        for layout in LAYOUTS
    }


def order_trace(layer, shape):
    """Passes in other orders, with other passes and other layers in between."""
    rng = np.random.default_rng(5)
    x1, x2 = drawn(rng, shape, 4), drawn(rng, shape, 4)

    def crossed(first=True, second=True):
        p, other = (Passes(copy.deepcopy(layer), shape) for _ in range(2))
        f = p.net.tree
        y1, c1 = f.forward(x1, first)
        y2, c2 = f.forward(x2, second)
        other.net.tree.forward(x2)
        d1, d2 = p.cotangent(y1, 1), p.cotangent(y2, 2)
        g1 = p.learnt(lambda: f.backward(d1, c1))
        g2 = p.learnt(lambda: f.backward(d2, c2))
        return y1, y2, g1, g2, p.learnt(lambda: f.backward(d1, c1))

    def kept():
        p = Passes(copy.deepcopy(layer), shape)
        y1, c1 = p.net.tree.forward(x1)
        g1 = p.net.tree.backward(p.cotangent(y1), c1)
        g2 = p.net.tree.backward(p.cotangent(y1, 2), c1)
        return g1, g2, p.net.grad

    def many():
        p, shown = Passes(copy.deepcopy(layer), shape), []
        for i in range(12):
            x = drawn(np.random.default_rng(i), shape, 4)
            p.net.theta *= 1.01
            y, c = p.net.tree.forward(x)
            shown += [y, p.learnt(lambda: p.net.tree.backward(p.cotangent(y), c))]  # noqa: B023
        return shown

    def of_two_sizes():
        p = Passes(copy.deepcopy(layer), shape)
        p.net.tree.forward(x1)
        y, c = p.net.tree.forward(x2[:3])
        return p.learnt(lambda: p.net.tree.backward(p.cotangent(y), c))

    return {
        "crossed": tried(crossed),
        "crossed with evaluation": tried(lambda: crossed(True, False)),
        "crossed after evaluation": tried(lambda: crossed(False, True)),
        "kept results": tried(kept),
        "many steps": tried(many),
        "two sizes": tried(of_two_sizes),
    }


def use_trace(layer, shape):
    """State, resuming, advance, division of a batch, and a penalty of a critic."""
    batches = [drawn(np.random.default_rng(i), shape, 4) for i in range(6)]

    def states(resume):
        p = Passes(copy.deepcopy(layer), shape)
        for x in batches[:3]:
            p.net.tree.forward(x)
        if resume:
            new = Passes(copy.deepcopy(layer), shape)
            new.net.load_state(copy.deepcopy(p.net.state()))
            p = new
        shown = [p.net.tree.forward(x)[0] for x in batches[3:]]
        return *shown, p.net.tree.forward(batches[0], False)[0], p.net.state()

    def two():
        a, b = (Passes(copy.deepcopy(layer), shape) for _ in range(2))
        a.net.tree.forward(batches[0])
        b.net.tree.forward(batches[1])
        return a.net.state(), b.net.state()

    def advanced():
        p = Passes(copy.deepcopy(layer), shape)
        p.net.grad[...] = 1
        shown = []
        for x in batches[:3]:
            p.net.advance()
            shown += [p.net.theta.copy(), p.net.grad.copy(), p.net.tree.forward(x)[0]]
        return *shown, p.net.state()

    def divided():
        p = Passes(copy.deepcopy(layer), shape)
        f, x = p.net.tree, batches[0]
        if not f.divisible:
            return [np.array("not divisible")]
        parts = [f.forward(part, False)[0] for part in (x[:2], x[2:])]
        return f.divisible, f.forward(x, False)[0], np.concatenate(parts)

    def penalised():
        tree = Sequential(
            copy.deepcopy(layer), Flatten(), Dense(3), Tanh(), LeakyReLU(), Dense(1)
        )
        D = Net(tree, shape, seed=1, dtype="float64")
        s, cache = D.forward(batches[0], False)
        P = R1(10).accumulate(D, (batches[0], s, cache), None)
        return P, D.grad

    return {
        "straight on": tried(lambda: states(False)),
        "resumed": tried(lambda: states(True)),
        "two layers": tried(two),
        "advance": tried(advanced),
        "divided": tried(divided),
        "R1": tried(penalised),
    }

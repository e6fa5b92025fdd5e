"""Everything that a use of a layer, a loss, a penalty or an optimizer can show.

A trace yields (what was done, the arrays it gave or the error). Two traces of the same
seeds are equal if and only if the two things behave alike in all that is tried here.
"""

import copy
import itertools
from collections.abc import Iterator

import numpy as np

from tinygan import Net
from tinygan.layers import Dense, Flatten, Sequential, Tanh
from tinygan.penalties import R1

Trace = Iterator[tuple[str, list]]
SIZES = 1, 2, 3, 4, 6, 7, 12, 33, 70
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
    return np.frombuffer(a.tobytes(), a.dtype).reshape(a.shape)


def drawn(rng, shape, n, values="normal", dtype="float64"):
    """n samples of a shape."""
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
    """A network of one copy of a layer, and what its passes return, add and leave."""

    def __init__(self, layer, shape, dtype="float64", scale=1.0, away=0.0):
        self.net = Net(copy.deepcopy(layer), shape, seed=3, dtype=dtype)
        self.net.theta *= scale
        self.net.theta += away * like(self.net.theta)
        self.tree = self.net.tree

    def all_of(self, x, train=True, layout="plain", scale=1.0):
        """Each pass from one forward pass; dy is multiplied by `scale`."""
        f, relay = self.tree, LAYOUTS[layout]
        x = relay(x)
        y, cache = f.forward(x, train)
        dy = relay((scale * like(y)).astype(y.dtype))
        shown = [y, x, dy]
        for added in (True, False):
            shown += [self.learnt(f.backward, dy, cache, added), dy, x]
        shown += [self.learnt(f.backward_weights, dy, cache), dy]
        shown += tried(lambda: self.tangents(x, dy, cache, relay))
        return [*shown, self.net.state(), self.net.theta, dy.shape]

    def tangents(self, x, dy, cache, relay):
        """The tangent and its reverse, with and without dy and dy_dot."""
        x_dot, dy_dot = relay(like(x, 2)), relay(like(dy, 3))
        y_dot, cache_dot = self.tree.tangent(x_dot, cache)
        shown = [y_dot, x_dot]
        for pair in (dy, dy_dot), (None, dy_dot), (dy, None):
            reverse = self.tree.tangent_backward
            shown += [self.learnt(reverse, *pair, cache, cache_dot), pair]
        return shown

    def learnt(self, act, *args):
        """What a pass returns, and what it adds to a gradient that is not 0."""
        self.net.grad[...] = 0.5
        return tried(lambda: act(*args)), self.net.grad.copy()


def like(a, seed=1):
    """A random array of the shape and dtype of another."""
    return np.random.default_rng(seed).standard_normal(a.shape).astype(a.dtype)


def layer_trace(layer, shape, seen_at=()) -> Trace:
    """The trace of a layer: batches, values, dtypes, layouts, orders of passes."""
    np.random.seed(len(str(seen_at)))
    for s, n, train in itertools.product((shape, *seen_at), SIZES, (True, False)):
        x = drawn(np.random.default_rng(0), s, n)
        yield f"{n} of {s}, train={train}", used(layer, s, x, train)
    yield from value_trace(layer, shape)
    yield from order_trace(layer, shape)
    yield from use_trace(layer, shape)


def used(layer, shape, x, train=True, dtype="float64", theta=1.0, **how) -> list:
    """What all passes of a fresh layer give."""
    return tried(lambda: Passes(layer, shape, dtype, theta).all_of(x, train, **how))


def moved(layer, shape, train, away):
    """What all passes give after some training, or elsewhere than at the start."""
    x = 2 + 3 * drawn(np.random.default_rng(0), shape, 5)
    p = Passes(layer, shape, away=away)
    for _ in range(0 if away else 5):
        p.tree.forward(x)
    return p.all_of(x, train)


def value_trace(layer, shape) -> Trace:
    """Values of many sizes, in both dtypes, in both modes and in all layouts."""
    modes = (True, 1.0), (False, 1.0), (True, 0.0)
    cases = itertools.product(VALUES, ("float64", "float32"), modes)
    for values, dtype, (train, theta) in cases:
        x = drawn(np.random.default_rng(0), shape, 4, values, dtype)
        key = f"{values}, {dtype}, train={train}, theta x {theta:g}"
        yield key, used(layer, shape, x, train, dtype, theta)
    x = drawn(np.random.default_rng(0), shape, 5)
    for scale in (1e-7, 1e3):
        yield f"dy x {scale:g}", used(layer, shape, x, scale=scale)
    for train, away in itertools.product((True, False), (0, 0.3)):
        key = f"train={train}, theta + {away:g} noise, or five batches later"
        yield key, tried(lambda a=(train, away): moved(layer, shape, *a))
    for layout in LAYOUTS:
        yield layout, used(layer, shape, x, layout=layout)


def order_trace(layer, shape) -> Trace:
    """Passes in other orders, with other passes and other layers in between."""
    x1, x2 = (drawn(np.random.default_rng(i), shape, 4) for i in (5, 6))

    def crossed(first=True, second=True):
        p, other = Passes(layer, shape), Passes(layer, shape)
        y1, c1 = p.tree.forward(x1, first)
        y2, c2 = p.tree.forward(x2, second)
        other.tree.forward(x2)
        g1 = p.learnt(p.tree.backward, like(y1), c1)
        g2 = p.learnt(p.tree.backward, like(y2, 2), c2)
        return y1, y2, g1, g2, p.learnt(p.tree.backward, like(y1), c1)

    def kept():
        p = Passes(layer, shape)
        y, c = p.tree.forward(x1)
        dxs = [p.tree.backward(like(y, seed), c) for seed in (1, 2)]
        return dxs, p.net.grad

    def many():
        p, shown = Passes(layer, shape), []
        for i in range(12):
            p.net.theta *= 1.01
            y, c = p.tree.forward(drawn(np.random.default_rng(i), shape, 4))
            shown += [y, p.learnt(p.tree.backward, like(y), c)]
        return shown

    def of_two_sizes():
        p = Passes(layer, shape)
        p.tree.forward(x1)
        y, c = p.tree.forward(x2[:3])
        return p.learnt(p.tree.backward, like(y), c)

    yield "crossed", tried(crossed)
    yield "crossed with evaluation", tried(lambda: crossed(True, False))
    yield "crossed after evaluation", tried(lambda: crossed(False, True))
    yield "kept results", tried(kept)
    yield "many steps", tried(many)
    yield "two sizes", tried(of_two_sizes)


def use_trace(layer, shape) -> Trace:
    """Seeds, state, resuming, advance, division of a batch, and a penalty."""
    batches = [drawn(np.random.default_rng(i), shape, 4) for i in range(6)]

    def played(resume):
        p = Passes(layer, shape)
        for x in batches[:3]:
            p.tree.forward(x)
        if resume:
            state, theta = copy.deepcopy(p.net.state()), p.net.theta
            p = Passes(layer, shape)
            p.net.load_state(state)
            p.net.theta[...] = theta
        shown = [p.tree.forward(x)[0] for x in batches[3:]]
        return *shown, p.tree.forward(batches[0], False)[0], p.net.state()

    def two():
        a, b = Passes(layer, shape), Passes(layer, shape)
        a.tree.forward(batches[0])
        b.tree.forward(batches[1])
        return a.net.state(), b.net.state()

    def advanced():
        p, shown = Passes(layer, shape), []
        p.net.grad[...] = 1
        for x in batches[:3]:
            p.net.advance()
            shown += [p.net.theta.copy(), p.net.grad.copy(), p.tree.forward(x)[0]]
        return *shown, p.net.state()

    def divided():
        p = Passes(layer, shape)
        x = batches[0]
        parts = [p.tree.forward(part, False)[0] for part in (x[:2], x[2:])]
        whole = p.tree.forward(x, False)[0]
        return not p.tree.divisible or np.allclose(whole, np.concatenate(parts))

    def penalised():
        tree = Sequential(copy.deepcopy(layer), Flatten(), Dense(3), Tanh(), Dense(1))
        D = Net(tree, shape, seed=1, dtype="float64")
        s, cache = D.forward(batches[0], False)
        return R1(10).accumulate(D, (batches[0], s, cache), None), D.grad

    def alike(a, b):
        pairs = zip(tried(a), tried(b), strict=True)
        return all(np.array_equal(u, v, u.dtype.kind == "f") for u, v in pairs)

    def start():
        return Passes(layer, shape).net.theta

    straight, resumed = (lambda: played(False)), (lambda: played(True))
    yield "one seed starts alike", tried(lambda: alike(start, start))
    yield "one seed plays alike", tried(lambda: alike(straight, straight))
    yield "a resumed run is alike", tried(lambda: alike(straight, resumed))
    yield "straight on", tried(straight)
    yield "two layers", tried(two)
    yield "advance", tried(advanced)
    yield "parts are alike", tried(divided)
    yield "R1", tried(penalised)

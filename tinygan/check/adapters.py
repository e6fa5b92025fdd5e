"""Adapters: they let checks of real arrays try a layer on tuples and integers.

A check knows only real arrays. In a Sequential, `Given` or `Cut` makes the pair (x, y)
for the layer that follows it, and a `Concat` or a `Pick` makes one array of the tuple
that a layer returns. `Flat` does both for any layer, whatever it takes and returns.
`OneLogit` wraps an objective on several heads.
"""

import math

import numpy as np

from ..errors import InputError, instance, shown, whole
from ..guard.layers import built
from ..layers.base import (
    Layer,
    a_layer,
    backward_of,
    require,
    tangent_backward_of,
    tangent_of,
)
from ..objectives import Objective
from ..ops import get_xp
from ..values import Integers, as_shape, is_tuple, leaves


class Given(Layer):
    """x -> (x, y) with fixed integers y from 0 to n - 1; N samples get the first N y.

    dx is the part of the gradient that belongs to x. The tangent of y is None, which
    means zero. Raises ShapeError for a batch with more samples than y has, and
    InputError for a y that is no array of integers.
    """

    divisible = False  # every part of a batch would take the same y

    def __init__(self, y, n: int):
        self.y, self.n = y, whole(self, "n >= 1", n)
        if getattr(y, "dtype", None) is None or y.dtype.kind not in "iu":
            raise InputError(f"Given expects an array of integers, got {shown(y)}")

    def build(self, in_shape):
        return in_shape, Integers(self.y.shape[1:], self.n)

    def forward(self, x, train=True):
        N = len(x)
        require(len(self.y) >= N, self, f"at most {len(self.y)} samples", N)
        return (x, get_xp(x).asarray(self.y[:N])), ()

    def backward(self, dy, cache, param_grads=True):
        return dy[0]

    def tangent(self, x_dot, cache):
        return (x_dot, None), ()

    def tangent_backward(self, dy, dy_dot, cache, cache_dot):
        return tuple(None if d is None else d[0] for d in (dy, dy_dot))

    def __repr__(self):
        return f"Given({self.n})"


class Cut(Layer):
    """x -> (x[..., :k], x[..., k:])      dx = the gradients of both, side by side"""

    divisible = True

    def __init__(self, k: int):
        self.k = whole(self, "k >= 1", k)

    def build(self, in_shape):
        *places, C = in_shape
        require(0 < self.k < C, self, f"more than {self.k} channels", in_shape)
        self.sizes = self.k, C - self.k
        return (*places, self.k), (*places, C - self.k)

    def forward(self, x, train=True):
        return (x[..., : self.k], x[..., self.k :]), ()

    def backward(self, dy, cache, param_grads=True):
        (like, *_), xp = leaves(dy), get_xp(leaves(dy)[0])
        parts = (
            xp.zeros((*like.shape[:-1], size), like.dtype) if part is None else part
            for part, size in zip(dy, self.sizes, strict=True)
        )
        return xp.concatenate(list(parts), axis=-1)

    def tangent(self, x_dot, cache):
        return self.forward(x_dot)

    def tangent_backward(self, dy, dy_dot, cache, cache_dot):
        pair = (dy, dy_dot)
        return tuple(self.backward(d, cache) if leaves(d) else None for d in pair)

    def __repr__(self):
        return f"Cut({self.k})"


class Flat(Layer):
    """Any layer f as a map from vectors to vectors, (N, n) -> (N, m).

    The numbers of f's input lie side by side in x, and those of its output in y.
    `in_shape` is the shape of f's input: an array, integers, or a tuple of them. The
    integers are drawn from `seed`, the same for every x. An f that takes integers alone
    gets an x (N, 1), which it does not see.

    Raises InputError for an in_shape that is no shape, and ShapeError for an f whose
    output has no numbers.
    """

    def __init__(self, layer: Layer, in_shape, seed: int = 0):
        self.layer, self.takes = a_layer(self, layer), as_shape(in_shape)
        if self.takes is None:
            raise InputError(f"Flat expects in_shape, got {shown(in_shape)}")
        self.seed = whole(self, "seed >= 0", seed)

    def children(self):
        return (("layer", self.layer),)

    def build(self, in_shape):
        n = max(1, width(self.takes))
        require(in_shape == (n,), self, f"a vector of {n}", in_shape)
        self.gives = built(self.layer, self.takes)
        m = width(self.gives)
        require(m > 0, self, "an output with numbers", self.gives)
        return (m,)

    def forward(self, x, train=True):
        y, cache = self.layer.forward(self._value(x, self.takes, True), train)
        n = len(leaves(y)[0])  # fewer than len(x) if the layer packs samples
        return self._vector(y, self.gives, n, x), (cache, len(x), n)

    def backward(self, dy, cache, param_grads=True):
        c, N, _ = cache
        dx = backward_of(self.layer, self._value(dy, self.gives), c, param_grads)
        return self._vector(dx, self.takes, N, dy)

    def tangent(self, x_dot, cache):
        c, _, n = cache
        y_dot, c_dot = tangent_of(self.layer, self._value(x_dot, self.takes), c)
        return self._vector(y_dot, self.gives, n, x_dot), (c_dot,)

    def tangent_backward(self, dy, dy_dot, cache, cache_dot):
        (c, N, _), (c_dot,) = cache, cache_dot
        like = dy if dy_dot is None else dy_dot
        values = (
            None if d is None else self._value(d, self.gives) for d in (dy, dy_dot)
        )
        dx, dx_dot = tangent_backward_of(self.layer, *values, c, c_dot)
        return tuple(self._vector(d, self.takes, N, like) for d in (dx, dx_dot))

    def _value(self, x, shape, integers=False):
        """The value of a shape whose numbers are the vectors x. In place of integers it
        has None, or those that the seed draws.
        """
        xp, rng, start = get_xp(x), np.random.default_rng(self.seed), 0

        def part(shape):
            nonlocal start
            if is_tuple(shape):
                return tuple(map(part, shape))
            if isinstance(shape, Integers):
                drawn = rng.integers(0, shape.n, (len(x), *shape))
                return xp.asarray(drawn) if integers else None
            stop = start + math.prod(shape)
            found, start = x[:, start:stop].reshape(len(x), *shape), stop
            return found

        return part(shape)

    def _vector(self, v, shape, N: int, like):
        """The numbers of a value side by side; None is zero."""
        xp, parts = get_xp(like), []

        def add(v, shape):
            if is_tuple(shape):
                several = (None,) * len(shape) if v is None else v
                for a, s in zip(several, shape, strict=True):
                    add(a, s)
            elif not isinstance(shape, Integers):
                empty = xp.zeros((N, math.prod(shape)), like.dtype)
                parts.append(empty if v is None else v.reshape(N, -1))

        add(v, shape)
        return xp.concatenate(parts or [xp.zeros((N, 1), like.dtype)], axis=1)

    def __repr__(self):
        return f"Flat({self.layer!r}, {self.takes}, {self.seed})"


def width(shape) -> int:
    """How many numbers one value of a shape holds; integers are none."""
    if is_tuple(shape):
        return sum(map(width, shape))
    return 0 if isinstance(shape, Integers) else math.prod(shape)


class OneLogit(Objective):
    """Turns an objective on ((s, c), y) into an objective on s alone.

    c = s a with a fixed a (1, K), and y counts 0, 1, ... K - 1, 0, 1, ... So ds comes
    from both heads. `shape` is the shape of one y: () for a class, (mixed, T) for
    words.
    """

    A = ((0.5, -1.0, 2.0),)

    def __init__(self, objective: Objective, shape: tuple[int, ...] = ()):
        self.objective = instance(self, "objective", objective, Objective)
        self.paired, self.shape = objective.paired, shape

    def heads(self, s):
        """((s, c), y) from s (N, 1)."""
        if s is None:
            return None
        xp = get_xp(s)
        a = xp.asarray(self.A, dtype=s.dtype)
        y = xp.arange(len(s) * math.prod(self.shape)) % len(self.A[0])
        return (s, s @ a), y.reshape(len(s), *self.shape)

    def back(self, d):
        """ds + dc a^T from the gradient ((ds, dc), None)."""
        (ds, dc), _ = d
        return ds + dc @ get_xp(dc).asarray(self.A, dtype=dc.dtype).T

    def value(self, s_real, s_fake):
        return self.objective.value(self.heads(s_real), self.heads(s_fake))

    def d_grads(self, s_real, s_fake):
        both = self.objective.d_grads(self.heads(s_real), self.heads(s_fake))
        return tuple(map(self.back, both))

    def g_value(self, s_fake, s_real=None):
        return self.objective.g_value(self.heads(s_fake), self.heads(s_real))

    def g_grad(self, s_fake, s_real=None):
        return self.back(self.objective.g_grad(self.heads(s_fake), self.heads(s_real)))

    def beliefs(self, s_real, s_fake):
        return self.objective.beliefs(self.heads(s_real), self.heads(s_fake))

    def __repr__(self) -> str:
        return f"{self.objective!r}"

"""Softmax: a row of numbers becomes probabilities, a choice that has a slope.

A character is one of V, and a choice among them has no slope. The softmax is a point
between the V choices, and it has one. With Gumbel noise it is a softened random choice.
"""

import numpy as np

from ..errors import flag, number
from ..fast import primitive
from ..ops import get_xp
from ..rng import SAMPLE, generator
from ..values import mapped, plus
from .base import Layer, require, require_array


@primitive
def softmax(x):
    """y_v = e^x_v / sum_w e^x_w over the last axis of x (..., V); no overflow."""
    xp = get_xp(x)
    e = xp.exp(x - x.max(axis=-1, keepdims=True))  # y is the same, and e <= 1
    return e / e.sum(axis=-1, keepdims=True)  # eq: softmax-rows


@primitive
def softmax_jacobian(y, v):
    """(J v, <y, v>) of the rows y = softmax(x), J = diag(y) - y y^T = J^T.

    y, v: (..., V), and <y, v> is (..., 1)
    """
    along = (y * v).sum(axis=-1, keepdims=True)
    return y * (v - along), along  # eq: softmax-jacobian


def one_hot_of_largest(y):
    """1 at the largest number of each row of y (..., V), and 0 elsewhere."""
    xp = get_xp(y)
    largest = y.argmax(axis=-1)[..., None]
    return (largest == xp.arange(y.shape[-1])).astype(y.dtype)  # eq: one-hot-of-largest


class Softmax(Layer):
    """y_v = e^x_v / sum_w e^x_w over the last axis      dx = J dy      y_dot = J x_dot

    J = diag(y) - y y^T is symmetric, so one function serves both passes. The reversed
    tangent also differentiates J, which depends on y. Let a = <y, x_dot>, and
    b = <y, dy_dot>:

        dx = J (dy + x_dot dy_dot - a dy_dot - b x_dot)      dx_dot = J dy_dot

    x is (N, ..., V), for instance V logits at each of T places. Raises ShapeError when
    built on a single number per sample.
    """

    divisible = True

    def build(self, in_shape):
        require_array(self, in_shape)
        require(len(in_shape) >= 1, self, "inputs (..., V)", in_shape)
        return in_shape

    def forward(self, x, train=True):
        y = softmax(x)
        return y, (y,)

    def backward(self, dy, cache, param_grads=True):
        (y,) = cache
        return softmax_jacobian(y, dy)[0]

    def tangent(self, x_dot, cache):
        (y,) = cache
        y_dot, a = softmax_jacobian(y, x_dot)
        return y_dot, (x_dot, a)

    def tangent_backward(self, dy, dy_dot, cache, cache_dot):
        (y,), (x_dot, a) = cache, cache_dot
        dx_dot = None
        if dy_dot is not None:
            dx_dot, b = softmax_jacobian(y, dy_dot)
            bent = (x_dot - a) * dy_dot - b * x_dot  # d<dy_dot, J x_dot>/dy
            dy = plus(dy, bent)  # eq: softmax-curvature
        return (None if dy is None else softmax_jacobian(y, dy)[0]), dx_dot


class GumbelSoftmax(Softmax):
    """y = softmax((x + g) / tau)      g = -log(-log u), u uniform on (0, 1)

        dx = J dy / tau      y_dot = J x_dot / tau      J as in `Softmax`

    The largest of x + g is a draw: it is v with the probability softmax(x)_v, for any
    tau. A small tau makes y nearly one-hot, and dx nearly 0 or large.

    With `straight_through` y is exactly the one-hot row of that draw, and backward,
    tangent and tangent_backward are those of the soft y. They are not the derivatives
    of forward, which are 0 almost everywhere. So `tinygan check` refuses this setting,
    and certifies the layer without it.

    The noise comes from a generator keyed by (seed, how many were drawn before). Both
    are layer state, so a resumed run draws the next noise. A sample is a draw in
    evaluation, too. There the key is (seed, the sample's place in the batch), so the
    same x at the same place gives the same y. If a batch comes in pieces, the group
    knows the places. Sources: Jang et al. 2017, Maddison et al. 2017, and
    Bengio et al. 2013 for the straight-through estimator.

    Raises InputError unless tau > 0, and ShapeError when built on a single number per
    sample.
    """

    def __init__(self, tau: float = 1.0, straight_through: bool = False):
        self.tau = number(self, "tau > 0", tau)
        self.straight_through = flag(self, "straight_through", straight_through)

    def init(self, rng):
        (own,) = rng.spawn(1)  # so the weights start as they do without this layer
        self.state = {"seed": int(own.integers(2**31)), "draws": 0}

    def forward(self, x, train=True):
        y = softmax((x + self._noise(x, train)) / self.tau)  # eq: gumbel-softmax
        return (one_hot_of_largest(y) if self.straight_through else y), (y,)

    def backward(self, dy, cache, param_grads=True):
        return self._scaled(super().backward(dy, cache))  # eq: gumbel-softmax-dx

    def tangent(self, x_dot, cache):
        return super().tangent(self._scaled(x_dot), cache)

    def tangent_backward(self, dy, dy_dot, cache, cache_dot):
        back = super().tangent_backward(dy, dy_dot, cache, cache_dot)
        return mapped(self._scaled, back)

    def _scaled(self, v):
        return v / self.tau

    def _noise(self, x, train: bool):
        """g of the shape of x. In evaluation each sample's g is keyed by its place."""
        seed, g = self.state["seed"], np.empty(x.shape)
        if train:
            rng = generator(seed, self.state["draws"], *self.group.key)
            self.state["draws"] += 1
            g[...] = rng.gumbel(size=g.shape)  # eq: gumbel-noise
        else:
            rows, _ = self.group.place(len(x))
            for own, n in zip(g, range(rows.start, rows.stop), strict=True):
                own[...] = generator(seed, SAMPLE, 0, n).gumbel(size=own.shape)
        return get_xp(x).asarray(g).astype(x.dtype)

    def __repr__(self):
        rest = ", straight_through=True" if self.straight_through else ""
        return f"GumbelSoftmax({self.tau:g}{rest})"

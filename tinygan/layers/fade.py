"""Fade: new layers take over from old ones, slowly.

A network that grows gets new layers while it is trained. They start at random. If they
took over at once, all layers around them would suddenly work on noise. So the output
moves from the old layers to the new ones on a straight line, over many turns.
"""

import numpy as np

from ..errors import number
from ..guard.layers import built
from ..values import mapped, plus
from .base import (
    Layer,
    a_layer,
    backward_of,
    backward_weights_of,
    require,
    tangent_backward_of,
    tangent_of,
)


class Fade(Layer):
    """y = (1 - alpha) old(x) + alpha new(x)

        dx    = J_old^T (1 - alpha) dy + J_new^T alpha dy
        y_dot = (1 - alpha) J_old x_dot + alpha J_new x_dot

    alpha is a number of the turn, not a parameter. It is layer state, an array (), and
    `set` changes it for all passes that begin later. The gradients of new's weights are
    multiplied by alpha: at alpha = 0 the new layers do not learn yet, and at alpha = 1
    the old ones no longer do.

    Raises ShapeError when old and new give different shapes, and InputError unless
    0 <= alpha <= 1. Source: Karras et al. 2018, sec. 2 and fig. 2.
    """

    divisible = True

    def __init__(self, old: Layer, new: Layer, alpha: float = 1.0):
        self.old, self.new = a_layer(self, old), a_layer(self, new)
        self.start = number(self, "0 <= alpha <= 1", alpha)

    def children(self):
        return (("old", self.old), ("new", self.new))

    def build(self, in_shape):
        old, new = built(self.old, in_shape), built(self.new, in_shape)
        same = tuple(old) == tuple(new)
        require(same, self, f"new to give old's shape {tuple(old)}", tuple(new))
        return new

    def init(self, rng):
        self.state = {"alpha": np.full((), self.start)}

    @property
    def alpha(self):
        """The present alpha, an array ()."""
        return self.state["alpha"]

    def set(self, alpha: float) -> None:
        """Use this alpha from now on. InputError unless 0 <= alpha <= 1."""
        self.alpha[...] = number(self, "0 <= alpha <= 1", alpha)

    def forward(self, x, train=True):
        alpha = self.alpha.copy()  # of this pass, whatever `set` does later
        old, c_old = self.old.forward(x, train)
        new, c_new = self.new.forward(x, train)
        old, new = self.shares(old, new, alpha)
        return plus(old, new), (alpha, c_old, c_new)  # eq: fade

    def backward(self, dy, cache, param_grads=True):
        alpha, c_old, c_new = cache
        d_old, d_new = self.shares(dy, dy, alpha)
        dx_old = backward_of(self.old, d_old, c_old, param_grads)
        dx_new = backward_of(self.new, d_new, c_new, param_grads)
        return plus(dx_old, dx_new)  # eq: fade-dx

    def backward_weights(self, dy, cache):
        alpha, c_old, c_new = cache
        d_old, d_new = self.shares(dy, dy, alpha)
        backward_weights_of(self.old, d_old, c_old)
        backward_weights_of(self.new, d_new, c_new)

    def tangent(self, x_dot, cache):
        alpha, c_old, c_new = cache
        old_dot, old_cache = tangent_of(self.old, x_dot, c_old)
        new_dot, new_cache = tangent_of(self.new, x_dot, c_new)
        y_dot = plus(*self.shares(old_dot, new_dot, alpha))  # eq: fade-tangent
        return y_dot, (old_cache, new_cache)

    def tangent_backward(self, dy, dy_dot, cache, cache_dot):
        alpha, *caches = cache
        branches = zip(
            (self.old, self.new),
            self.shares(dy, dy, alpha),
            self.shares(dy_dot, dy_dot, alpha),
            caches,
            cache_dot,
            strict=True,
        )
        (dx, dx_dot), (dx_new, dx_dot_new) = (tangent_backward_of(*b) for b in branches)
        return plus(dx, dx_new), plus(dx_dot, dx_dot_new)

    def shares(self, old, new, alpha):
        """((1 - alpha) old, alpha new), array by array; None stays None."""
        return mapped(lambda a: (1 - alpha) * a, old), mapped(lambda a: alpha * a, new)

    def __repr__(self):
        return f"Fade({self.old!r}, {self.new!r})"

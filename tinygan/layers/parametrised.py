"""A layer in another one, which computes the weights that it uses.

W and b are parameters of the *outer* layer. The inner layer supplies only the formulas:
each pass works on a copy of it that has W_used in place of W.
"""

import copy

from ..errors import InputError
from ..guard.layers import bound, built, require_bound
from ..ops import Array, get_xp
from .base import Layer, a_layer


class Parametrised(Layer):
    """The wrapped layer with W_used = f(W) in place of W

        y = layer(x; W_used, b)      dW = (dW_used/dW)^T dW_used

    A subclass writes f and its adjoint, `used` and `add_gradient`. A bias stays as it
    is. W_used does not depend on x, so the tangent is that of the wrapped layer.

    Raises InputError unless the layer has a parameter W, no state, and no layers inside
    it. x, dy, x_dot and dy_dot have the shapes that the layer takes.
    """

    W: Array  # of the shape of the wrapped layer's W
    dW: Array

    def __init__(self, layer: Layer):
        self.layer = a_layer(self, layer)
        self.divisible = layer.divisible

    def used(self) -> tuple:
        """(W_used, ...): the weights, and whatever else `add_gradient` needs."""
        raise TypeError(f"{self!r} does not define used()")

    def add_gradient(self, dW_used, cache) -> None:
        """dW += (dW_used/dW)^T dW_used, of the shape of W; dW_used may be overwritten.
        The cache begins with what `used` returned.
        """
        raise TypeError(f"{self!r} does not define add_gradient(dW_used, cache)")

    def build(self, in_shape):
        out_shape = built(self.layer, in_shape)
        for name in ("shapes", "reuses", "fans", "out_axis"):
            setattr(self, name, getattr(self.layer, name))
        if "W" not in self.shapes or self.layer.children():
            raise InputError(
                f"{type(self).__name__} expects a layer with a parameter W, such as "
                f"Dense or Conv2d, got {self.layer!r}"
            )
        return out_shape

    def init(self, rng):
        layer = self._with(self.W, self.dW)
        arrays = bound(layer)
        layer.init(rng)
        require_bound("", layer, arrays)
        if layer.state:
            raise InputError(
                f"{type(self).__name__} expects a layer without state, got "
                f"{self.layer!r}"
            )

    def forward(self, x, train=True):
        used = self.used()
        y, inner = self._with(used[0]).forward(x, train)
        return y, (*used, inner)

    def backward(self, dy, cache, param_grads=True):
        if not param_grads:
            return self._with(cache[0]).backward(dy, cache[-1], param_grads=False)
        layer = self.learning(cache)
        dx = layer.backward(dy, cache[-1])
        self.learned(layer, cache)
        return dx

    def backward_weights(self, dy, cache):
        layer = self.learning(cache)
        layer.backward_weights(dy, cache[-1])
        self.learned(layer, cache)

    def tangent(self, x_dot, cache):
        return self._with(cache[0]).tangent(x_dot, cache[-1])

    def tangent_backward(self, dy, dy_dot, cache, cache_dot):
        layer = self.learning(cache)
        dx, dx_dot = layer.tangent_backward(dy, dy_dot, cache[-1], cache_dot)
        self.learned(layer, cache)
        return dx, dx_dot

    def _with(self, W, dW=None):
        """The wrapped layer with this W and dW; its other parameters are ours."""
        layer = copy.copy(self.layer)
        for name in self.shapes:
            setattr(layer, name, getattr(self, name))
            setattr(layer, f"d{name}", getattr(self, f"d{name}"))
        vars(layer).update(W=W, dW=dW)
        return layer

    def learning(self, cache):
        """The wrapped layer with W_used, and with dW_used = 0."""
        return self._with(cache[0], get_xp(cache[0]).zeros_like(cache[0]))

    def learned(self, layer, cache) -> None:
        """dW from the layer's dW_used. LayerError if it has set another gradient to a
        new array.
        """
        others = [f"d{name}" for name in self.shapes if name != "W"]
        require_bound("", layer, [(name, vars(self)[name]) for name in others])
        self.add_gradient(layer.dW, cache)

    def __repr__(self):
        return f"{type(self).__name__}({self.layer!r})"

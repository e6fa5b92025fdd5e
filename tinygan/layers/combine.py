"""Layers made of layers: the chain rule, and a shortcut around a layer.

They carry an array or a tuple of arrays. conditional/tuples.py has layers for tuples.
"""

from ..errors import number
from ..guard.layers import built
from ..values import mapped, plus
from .base import (
    Layer,
    a_layer,
    backward_of,
    backward_weights_of,
    learns,
    named,
    require,
    tangent_backward_of,
    tangent_of,
)


class Sequential(Layer):
    """y = f_n( ... f_2(f_1(x)))      dx = J_1^T J_2^T ... J_n^T dy

    Backward is the chain rule from the right: the last layer's adjoint comes first. An
    adjoint takes the cache of its layer's forward pass. The tangent begins with J_1.
    """

    divisible = True

    def __init__(self, *layers: Layer):
        self.layers = tuple(a_layer(self, layer) for layer in layers)

    def children(self):
        return named(self.layers)

    def build(self, in_shape):
        for layer in self.layers:
            in_shape = built(layer, in_shape)
        return in_shape

    def forward(self, x, train=True):
        caches = []
        for layer in self.layers:
            x, cache = layer.forward(x, train)  # eq: chain
            caches.append(cache)
        return x, tuple(caches)

    def backward(self, dy, cache, param_grads=True):
        for layer, c in zip(reversed(self.layers), reversed(cache), strict=True):
            dy = backward_of(layer, dy, c, param_grads)  # eq: chain-dx
        return dy

    def backward_weights(self, dy, cache):
        passes = list(zip(self.layers, cache, strict=True))
        first = next((i for i, f in enumerate(self.layers) if learns(f)), None)
        if first is None:
            return
        for layer, c in reversed(passes[first + 1 :]):
            dy = backward_of(layer, dy, c)
        layer, c = passes[first]  # no layer before it learns: here the gradient ends
        backward_weights_of(layer, dy, c)

    def tangent(self, x_dot, cache):
        caches_dot = []
        for layer, c in zip(self.layers, cache, strict=True):
            x_dot, cache_dot = tangent_of(layer, x_dot, c)  # eq: chain-tangent
            caches_dot.append(cache_dot)
        return x_dot, tuple(caches_dot)

    def tangent_backward(self, dy, dy_dot, cache, cache_dot):
        passes = list(zip(self.layers, cache, cache_dot, strict=True))
        for layer, c, c_dot in reversed(passes):
            dy, dy_dot = tangent_backward_of(layer, dy, dy_dot, c, c_dot)
        return dy, dy_dot

    def __repr__(self):
        return f"Sequential({', '.join(map(repr, self.layers))})"


class Residual(Layer):
    """y = g(x) + a f(x)     dx = J_g^T dy + a J_f^T dy     y_dot = (J_g + a J_f) x_dot

    g is the `shortcut`, by default the identity, and a is the `scale`. The gradient
    reaches x undamped through g, however deep f is. The arrays of a tuple are added one
    by one, and integers are taken from g. Raises ShapeError when f and g give different
    shapes. Source: He et al. 2016, eq. 1 and 2.
    """

    divisible = True

    def __init__(self, f: Layer, shortcut: Layer | None = None, scale: float = 1.0):
        self.f, self.scale = a_layer(self, f), number(self, "scale", scale)
        self.shortcut = None if shortcut is None else a_layer(self, shortcut)

    def children(self):
        rest = () if self.shortcut is None else (("shortcut", self.shortcut),)
        return (("f", self.f), *rest)

    def build(self, in_shape):
        f, g = built(self.f, in_shape), in_shape
        if self.shortcut is not None:
            g = built(self.shortcut, in_shape)
        same = tuple(f) == tuple(g)
        require(same, self, f"f to give the shortcut's shape {tuple(g)}", tuple(f))
        return g

    def forward(self, x, train=True):
        f, cache = self.f.forward(x, train)
        if self.shortcut is None:
            g, shortcut = x, None
        else:
            g, shortcut = self.shortcut.forward(x, train)
        return self._sum(g, f), (cache, shortcut)

    def backward(self, dy, cache, param_grads=True):
        dx = backward_of(self.f, self.scaled(dy), cache[0], param_grads)
        if self.shortcut is not None:
            dy = backward_of(self.shortcut, dy, cache[1], param_grads)
        return plus(dy, dx)  # eq: residual-dx

    def tangent(self, x_dot, cache):
        f_dot, cache_dot = tangent_of(self.f, x_dot, cache[0])
        shortcut_dot = None
        if self.shortcut is not None:
            x_dot, shortcut_dot = tangent_of(self.shortcut, x_dot, cache[1])
        return plus(x_dot, self.scaled(f_dot)), (cache_dot, shortcut_dot)

    def tangent_backward(self, dy, dy_dot, cache, cache_dot):
        scaled = self.scaled(dy), self.scaled(dy_dot)
        dx, dx_dot = tangent_backward_of(self.f, *scaled, cache[0], cache_dot[0])
        if self.shortcut is not None:
            dy, dy_dot = tangent_backward_of(
                self.shortcut, dy, dy_dot, cache[1], cache_dot[1]
            )
        return plus(dy, dx), plus(dy_dot, dx_dot)

    def scaled(self, v):
        """a v, array by array; None stays None."""
        return v if self.scale == 1 else mapped(lambda a: self.scale * a, v)

    def _sum(self, g, f):
        if isinstance(g, tuple):
            return tuple(map(self._sum, g, f))
        if g.dtype.kind in "iu":
            return g
        return g + self.scaled(f)  # eq: residual

    def __repr__(self):
        rest = "" if self.shortcut is None else f", shortcut={self.shortcut!r}"
        rest += "" if self.scale == 1 else f", scale={self.scale:g}"
        return f"Residual({self.f!r}{rest})"

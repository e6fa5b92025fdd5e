"""Layers made of layers."""

from .base import Layer


class Sequential(Layer):
    """y = f_n( ... f_2(f_1(x)))      dx = J_1^T J_2^T ... J_n^T dy

    Backward is the chain rule read from the right: the last layer's adjoint first, each
    with the cache of its own forward. The tangent runs forward, J_1 first.
    """

    def __init__(self, *layers: Layer):
        self.layers = layers

    def children(self):
        return tuple(
            (f"{i}_{type(layer).__name__}", layer)
            for i, layer in enumerate(self.layers)
        )

    def build(self, in_shape):
        for layer in self.layers:
            in_shape = layer.build(in_shape)
        return in_shape

    def forward(self, x, train=True):
        caches = []
        for layer in self.layers:
            x, cache = layer.forward(x, train)
            caches.append(cache)
        return x, tuple(caches)

    def backward(self, dy, cache, param_grads=True):
        for layer, c in zip(reversed(self.layers), reversed(cache), strict=True):
            dy = layer.backward(dy, c, param_grads)
        return dy

    def tangent(self, x_dot, cache):
        caches_dot = []
        for layer, c in zip(self.layers, cache, strict=True):
            x_dot, cache_dot = layer.tangent(x_dot, c)
            caches_dot.append(cache_dot)
        return x_dot, tuple(caches_dot)

    def tangent_backward(self, dy, dy_dot, cache, cache_dot):
        passes = list(zip(self.layers, cache, cache_dot, strict=True))
        for layer, c, c_dot in reversed(passes):
            dy, dy_dot = layer.tangent_backward(dy, dy_dot, c, c_dot)
        return dy, dy_dot

    def __repr__(self):
        return f"Sequential({', '.join(map(repr, self.layers))})"

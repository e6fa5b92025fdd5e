"""Right derivatives in code that bends a letter of the protocol's text.

NoiseInDtype: float32 draws other noise than float64, so the two outputs differ.
ParameterView: y is a view into theta, so y changes when theta does.
"""

import numpy as np
from tinygan import Layer


class NoiseInDtype(Layer):
    """y = x + 0.1 n in training, n drawn in the dtype of x"""

    def init(self, rng):
        self.state = {"t": 0}

    def forward(self, x, train=True):
        if not train:
            return x, ()
        rng = np.random.default_rng(self.state["t"])
        self.state["t"] += 1
        return x + 0.1 * rng.standard_normal(x.shape, dtype=x.dtype), ()

    def backward(self, dy, cache, param_grads=True):
        return dy


class ParameterView(Layer):
    """y = b for every sample, by np.broadcast_to"""

    def build(self, in_shape):
        self.shapes = {"b": in_shape}
        return in_shape

    def init(self, rng):
        self.b[...] = rng.standard_normal(self.b.shape)

    def forward(self, x, train=True):
        return np.broadcast_to(self.b, x.shape), ()

    def backward(self, dy, cache, param_grads=True):
        if param_grads:
            self.db += dy.sum(axis=0)
        return 0 * dy


CHECKS = [
    (NoiseInDtype(), (4,)),
    (ParameterView(), (4,)),
]

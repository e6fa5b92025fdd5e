"""Right derivatives in code that bends a letter of the protocol's text.

NoiseInDtype: float32 draws other noise than float64, so the two outputs differ.
ParameterView: y is a view into theta, so y changes when theta does.
OwnGenerator, GlobalRandom: the random numbers come from a generator that is not in
`state`, so the next forward draws other numbers even after `load_state`.
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


class OwnGenerator(Layer):
    """y = m x/0.5 in training, m from a generator that the layer keeps for itself"""

    def __init__(self, seed=0):
        self.rng = np.random.default_rng(seed)

    def forward(self, x, train=True):
        m = np.ones(x.shape)
        if train:
            m = (self.rng.random(x.shape) < 0.5) / 0.5
        m = m.astype(x.dtype)
        return x * m, (m,)

    def backward(self, dy, cache, param_grads=True):
        return dy * cache[0]


class GlobalRandom(Layer):
    """y = x + 0.1 n in training, n from np.random, the generator of the process"""

    def forward(self, x, train=True):
        if train:
            x = x + 0.1 * np.random.randn(*x.shape).astype(x.dtype)
        return x, ()

    def backward(self, dy, cache, param_grads=True):
        return dy


CHECKS = [
    (NoiseInDtype(), (4,)),
    (ParameterView(), (4,)),
    (OwnGenerator(), (4,)),
    (GlobalRandom(), (4,)),
]

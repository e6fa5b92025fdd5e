"""Right values and derivatives, although NumPy warns of an overflow on the way.

The branch that overflows is not taken, or its infinity gives the right limit.
"""

import numpy as np

from tinygan import Layer


class PlainSigmoid(Layer):
    """y = 1/(1 + e^-x): e^1000 is infinite, and y = 0 is right"""

    def forward(self, x, train=True):
        y = 1 / (1 + np.exp(-x))
        return y, (y,)

    def backward(self, dy, cache, param_grads=True):
        (y,) = cache
        return dy * y * (1 - y)


class PlainELU(Layer):
    """y = x or e^x - 1, where e^x may overflow for the x that are not taken"""

    def forward(self, x, train=True):
        e = np.exp(x)
        return np.where(x > 0, x, e - 1), (np.where(x > 0, 1, e).astype(x.dtype),)

    def backward(self, dy, cache, param_grads=True):
        return dy * cache[0]


class LogBothSides(Layer):
    """y = log(1 + x) or -log(1 - x): a logarithm of a negative number is not taken"""

    def forward(self, x, train=True):
        return np.where(x >= 0, np.log(1 + x), -np.log(1 - x)), (x,)

    def backward(self, dy, cache, param_grads=True):
        x = cache[0]
        return dy * np.where(x >= 0, 1 / (1 + x), 1 / (1 - x))


class RootBothSides(Layer):
    """y = sqrt(x + 1) - 1 or 1 - sqrt(1 - x), each NaN on the other's side"""

    def forward(self, x, train=True):
        up, down = np.sqrt(x + 1), np.sqrt(1 - x)
        return np.where(x > 0, up - 1, 1 - down), (x, up, down)

    def backward(self, dy, cache, param_grads=True):
        x, up, down = cache
        return dy * np.where(x > 0, 0.5 / up, 0.5 / down)


class Reciprocal(Layer):
    """y = x e^{-1/x^2}, and 0 at x = 0, where 1/0 is infinite and e^-inf is right"""

    def forward(self, x, train=True):
        e = np.exp(-1 / x**2)
        return x * e, (x, e)

    def backward(self, dy, cache, param_grads=True):
        x, e = cache
        return dy * np.where(e == 0, 0, e * (1 + 2 / x**2))


CHECKS = [
    (PlainSigmoid(), (6,)),
    (PlainELU(), (6,)),
    (LogBothSides(), (6,)),
    (RootBothSides(), (6,)),
    (Reciprocal(), (6,)),
]

"""Activations: elementwise y = f(x), each with its first and second derivative.

For every f here, f'(x) and f''(x) can be computed from y = f(x). So they are written as
functions of y, and the cache is y alone.
"""

from ..errors import number
from ..fast import primitive
from ..ops import get_xp, sigmoid, softplus
from ..values import plus
from .base import Layer


class Activation(Layer):
    """y = f(x)    dx = f' dy    y_dot = f' x_dot, all of one shape

    The reversed tangent also differentiates f', which depends on x:

        dx = f' dy + f'' x_dot dy_dot        dx_dot = f' dy_dot

    Forgetting the f'' term is right for ReLU and wrong for tanh. A subclass writes f,
    `slope` (v -> f' v) and `curvature` (v -> f'' v, or None where f is piecewise
    linear).
    """

    divisible = True

    def f(self, x):
        """y = f(x), elementwise."""
        raise TypeError(f"{self!r} does not define f(x)")

    def slope(self, y, v):
        """f'(x) v, from y = f(x)."""
        raise TypeError(f"{self!r} does not define slope(y, v)")

    def curvature(self, y, v):
        """f''(x) v, from y = f(x). The result None means zero."""
        return None

    def forward(self, x, train=True):
        y = self.f(x)
        return y, (y,)

    def backward(self, dy, cache, param_grads=True):
        (y,) = cache
        return self.slope(y, dy)  # eq: activation-dx

    def tangent(self, x_dot, cache):
        (y,) = cache
        return self.slope(y, x_dot), (x_dot,)  # eq: activation-tangent

    def tangent_backward(self, dy, dy_dot, cache, cache_dot):
        (y,), (x_dot,) = cache, cache_dot
        dx = None if dy is None else self.slope(y, dy)
        if dy_dot is None:
            return dx, None
        dx = plus(dx, self.curvature(y, x_dot * dy_dot))  # eq: activation-curvature
        return dx, self.slope(y, dy_dot)


@primitive
def leaky_relu(x, a):
    """max(x, a x), elementwise, for 0 <= a < 1."""
    return get_xp(x).maximum(x, a * x)


@primitive
def leaky_relu_slope(y, v, a):
    """f'(x) v, elementwise, from y = f(x) = max(x, a x): y > 0 exactly where x > 0."""
    return get_xp(y).where(y > 0, v, a * v)


@primitive
def tanh_slope(y, v):
    """f'(x) v = (1 - y^2) v, elementwise, from y = f(x) = tanh x."""
    return (1 - y * y) * v


class LeakyReLU(Activation):
    """f(x) = max(x, a x), 0 <= a < 1      f' = 1 where x > 0, a elsewhere      f'' = 0

    f has a kink at x = 0, and f' is taken as a there. InputError for another a. Source:
    Maas et al. 2013.
    """

    def __init__(self, a: float = 0.2):
        self.a = number(self, "a slope 0 <= a < 1", a)

    def f(self, x):
        return leaky_relu(x, self.a)

    def slope(self, y, v):
        return leaky_relu_slope(y, v, self.a)

    def __repr__(self):
        return f"LeakyReLU({self.a})"


class ReLU(LeakyReLU):
    """f(x) = max(x, 0)      f' = 1 where x > 0, 0 elsewhere      f'' = 0"""

    def __init__(self):
        super().__init__(0.0)

    def __repr__(self):
        return "ReLU()"


class Tanh(Activation):
    """f(x) = tanh x      f' = 1 - y^2      f'' = -2 y (1 - y^2)"""

    def f(self, x):
        return get_xp(x).tanh(x)

    def slope(self, y, v):
        return tanh_slope(y, v)

    def curvature(self, y, v):
        return -2 * y * (1 - y * y) * v


class Sigmoid(Activation):
    """f(x) = 1 / (1 + e^-x)      f' = y (1 - y)      f'' = y (1 - y) (1 - 2 y)

    It makes images in [0, 1]. A discriminator needs none: objectives take logits.
    """

    def f(self, x):
        return sigmoid(x)

    def slope(self, y, v):
        return y * (1 - y) * v

    def curvature(self, y, v):
        return y * (1 - y) * (1 - 2 * y) * v


class Softplus(Activation):
    """f(x) = log(1 + e^x)      f' = sigma(x) = 1 - e^-y      f'' = (1 - e^-y) e^-y

    A smooth ReLU.
    """

    def f(self, x):
        return softplus(x)

    def slope(self, y, v):
        return -get_xp(y).expm1(-y) * v

    def curvature(self, y, v):
        xp = get_xp(y)
        return -xp.expm1(-y) * xp.exp(-y) * v

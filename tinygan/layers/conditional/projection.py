"""An inner product tells a discriminator how well a sample fits its condition.

If log p(x | y) of data and of samples are both linear in some features h(x), then their
difference, the logit of the best D, is an inner product of h with a vector for y, plus
a term without y (Miyato and Koyama 2018, sec. 3). `Projection` does this for classes.
`InnerProduct` does it for sentences, whose vectors are computed.
"""

from ...ops import Array, column_sum
from ...values import plus
from ..base import Layer, require
from ..init import initialiser, normal
from .embedding import add_rows, require_class, take_rows


class InnerProduct(Layer):
    """(a, b) -> s = sum_c a_c b_c      da = ds b      db = ds a

        s_dot = <a_dot, b> + <a, b_dot>      da_dot = ds_dot b      db_dot = ds_dot a
        reversed, da = ds b + ds_dot b_dot      db = ds a + ds_dot a_dot

    a and b are (N, C), s is (N, 1). The layer is bilinear and has no parameters. A
    tangent of None means zero. Raises ShapeError when built on anything but two
    vectors of one length.
    """

    divisible = True

    def build(self, in_shape):
        same = len(in_shape) == 2 and in_shape[0] == in_shape[1]
        require(same and len(in_shape[0]) == 1, self, "two vectors (C,)", in_shape)
        return (1,)

    def forward(self, x, train=True):
        return _dot(*x), x  # eq: inner

    def backward(self, dy, cache, param_grads=True):
        a, b = cache
        return dy * b, dy * a  # eq: inner-dx

    def tangent(self, x_dot, cache):
        (a, b), (a_dot, b_dot) = cache, x_dot
        return plus(_dot(a_dot, b), _dot(a, b_dot)), x_dot  # eq: inner-tangent

    def tangent_backward(self, dy, dy_dot, cache, cache_dot):
        dx = None if dy is None else self.backward(dy, cache)
        if dy_dot is None:
            return dx, None
        a_dot, b_dot = cache_dot
        bend = tuple(None if v is None else dy_dot * v for v in (b_dot, a_dot))
        return plus(dx, bend), self.backward(dy_dot, cache)  # eq: inner-curvature


class Projection(Layer):
    """(h, y) -> s = <V[y], h> + <w, h> + b

        u = V[y] + w      dh = ds u      s_dot = <u, h_dot>      dh_dot = ds_dot u
        dw = sum_n ds h + ds_dot h_dot      dV[k] = the same over the samples of class k
        db = sum_n ds

    h (N, C) are the features of x, and y is (N,) with n classes. V is (n, C), w (C,), b
    (1,), and s is (N, 1): how well x fits y, plus how real it is for any y. s is f of
    eq. 3 with psi(h) = <w, h> + b. It equals `InnerProduct` after `Embedding`, plus
    Dense(1). V and w start at N(0, 1/C), so s is as large as a number of h.

    Raises ShapeError when built on anything but a vector and one class for each sample.
    Source: Miyato and Koyama 2018, eq. 3.
    """

    divisible = True
    V: Array  # (n, C)
    dV: Array
    w: Array  # (C,)
    dw: Array
    b: Array  # (1,)
    db: Array

    def __init__(self, init=None):
        self.initialise = initialiser(self, init, None)

    def build(self, in_shape):
        h_shape, n = require_class(self, in_shape, "h (C,)")
        require(len(h_shape) == 1, self, "(h, class) with h (C,)", in_shape)
        self.shapes = {"V": (n, *h_shape), "w": h_shape, "b": (1,)}
        return (1,)

    def init(self, rng):
        C = len(self.w)
        initialise = self.initialise or normal(C**-0.5)
        for parameter in (self.V, self.w):
            parameter[...] = initialise(rng, parameter.shape, C, 1)

    def forward(self, x, train=True):
        h, y = x
        u = take_rows(self.V, y) + self.w
        return _dot(u, h) + self.b, (h, y, u)  # eq: projection

    def backward(self, dy, cache, param_grads=True):
        _, _, u = cache
        if param_grads:
            self.backward_weights(dy, cache)
        return dy * u, None  # eq: projection-dh

    def backward_weights(self, dy, cache):
        h, y, _ = cache
        self.db += column_sum(dy)
        self._weigh(dy * h, y)

    def tangent(self, x_dot, cache):
        (h_dot, _), (_, _, u) = x_dot, cache
        return _dot(u, h_dot), (h_dot,)  # eq: projection-tangent

    def tangent_backward(self, dy, dy_dot, cache, cache_dot):
        (_, y, u), (h_dot,) = cache, cache_dot
        dx = None if dy is None else self.backward(dy, cache)
        if dy_dot is None:
            return dx, None
        self._weigh(dy_dot * h_dot, y)
        return dx, (dy_dot * u, None)

    def _weigh(self, du, y) -> None:
        self.dw += column_sum(du)  # eq: projection-dw
        add_rows(self.dV, y, du)  # eq: projection-dV


def _dot(a, b):
    """<a, b> of each sample, (N, 1); None, which is zero, if a or b is None."""
    return None if a is None or b is None else (a * b).sum(axis=-1, keepdims=True)

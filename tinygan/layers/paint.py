"""Painting: a picture as ink on a ground, where a mask says."""

from ..values import is_tuple, plus
from .base import Layer, require


class Paint(Layer):
    """(a, f, b) -> x = b + a (f - b)

        da = sum_c dx (f - b)      df = sum_hw a dx      db = sum_hw (1 - a) dx
        x_dot = a f_dot + (1 - a) b_dot + a_dot (f - b)
        reversed, what comes back from x_dot in the same way, and

        da = sum_c dx_dot (f_dot - b_dot)      df = sum_hw a_dot dx_dot      db = -df

    a (N, H, W, 1) is the mask, 0 where the ground shows and 1 where the ink covers it;
    f (N, C) is the ink's colour and b (N, C) the ground's. A generator that paints has
    to find a shape and two colours, not a colour for each pixel. A tangent that is None
    is zero. Raises ShapeError when built on anything else. Source: the alpha blending
    of Porter and Duff 1984, "over"; in generators, Yang et al. 2017.
    """

    divisible = True

    def build(self, in_shape):
        ok = is_tuple(in_shape) and tuple(map(len, in_shape)) == (3, 1, 1)
        ok = ok and in_shape[0][2] == 1 and in_shape[1] == in_shape[2]
        require(ok, self, "a mask (H, W, 1) and two colours (C,)", in_shape)
        return (*in_shape[0][:2], *in_shape[1])

    def forward(self, x, train=True):
        a, f, b = x
        return _everywhere(b) + a * _everywhere(f - b), x  # eq: paint

    def backward(self, dy, cache, param_grads=True):
        a, f, b = cache
        da = (dy * _everywhere(f - b)).sum(axis=3, keepdims=True)
        df = (a * dy).sum(axis=(1, 2))
        return da, df, dy.sum(axis=(1, 2)) - df  # eq: paint-dx

    def tangent(self, x_dot, cache):
        (a, f, b), (a_dot, f_dot, b_dot) = cache, x_dot
        terms = (
            None if a_dot is None else a_dot * _everywhere(f - b),
            None if f_dot is None else a * _everywhere(f_dot),
            None if b_dot is None else (1 - a) * _everywhere(b_dot),
        )
        x_dot_out = None
        for term in terms:
            x_dot_out = plus(x_dot_out, term)
        return x_dot_out, x_dot  # eq: paint-tangent

    def tangent_backward(self, dy, dy_dot, cache, cache_dot):
        dx = None if dy is None else self.backward(dy, cache)
        if dy_dot is None:
            return dx, None
        a_dot, f_dot, b_dot = cache_dot
        da = df = db = None
        if a_dot is not None:
            df = (a_dot * dy_dot).sum(axis=(1, 2))  # eq: paint-curvature
            db = -df
        for colour_dot, sign in ((f_dot, 1), (b_dot, -1)):
            if colour_dot is not None:
                product = dy_dot * _everywhere(colour_dot)
                da = plus(da, sign * product.sum(axis=3, keepdims=True))
        return plus(dx, (da, df, db)), self.backward(dy_dot, cache)


def _everywhere(colour):
    """(N, C) -> (N, 1, 1, C)"""
    return colour[:, None, None]

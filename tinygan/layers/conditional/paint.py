"""Painting: a mask says where a picture shows ink, and where it shows the ground."""

from ...values import is_tuple, plus
from ..base import Layer, require


class Paint(Layer):
    """(a, f, b) -> x = b + a (f - b)

        da = sum_c dx (f - b)      df = a dx      db = (1 - a) dx
        x_dot = a f_dot + (1 - a) b_dot + a_dot (f - b)

    In the reverse of the tangent, dx_dot goes back as dx does, and it also adds

        da = sum_c dx_dot (f_dot - b_dot)      df = a_dot dx_dot      db = -a_dot dx_dot

    a (N, H, W, 1) is the mask, 0 where the ground shows and 1 where the ink covers it.
    The ink f and the ground b are each a picture (N, H, W, C), or one colour (N, C) for
    the whole picture; its gradient is the sum over the places. A generator that paints
    in one colour has to find a shape, not a colour for each pixel. If the ground is
    plain, only the ink has to be a picture. A tangent of None means zero. Raises
    ShapeError when built on anything else. Source: the alpha blending of Porter and
    Duff 1984, "over"; in generators, Yang et al. 2017.
    """

    divisible = True

    def build(self, in_shape):
        ok = is_tuple(in_shape) and len(in_shape) == 3
        ok = ok and len(in_shape[0]) == 3 and in_shape[0][2] == 1
        H, W, _ = in_shape[0] if ok else (0, 0, 0)
        C = in_shape[2][-1:] if ok else ()
        ok = len(C) == 1 and all(shape in (C, (H, W, *C)) for shape in in_shape[1:])
        what = "a mask (H, W, 1), an ink and a ground, each (C,) or (H, W, C)"
        require(ok, self, what, in_shape)
        return (H, W, *C)

    def forward(self, x, train=True):
        a, f, b = x
        f_, b_ = _everywhere(f), _everywhere(b)
        return b_ + a * (f_ - b_), x  # eq: paint

    def backward(self, dy, cache, param_grads=True):
        a, f, b = cache
        da = (dy * (_everywhere(f) - _everywhere(b))).sum(axis=3, keepdims=True)
        ink = a * dy
        return da, _gathered(ink, f), _gathered(dy - ink, b)  # eq: paint-dx

    def tangent(self, x_dot, cache):
        (a, f, b), (a_dot, f_dot, b_dot) = cache, x_dot
        terms = (
            None if a_dot is None else a_dot * (_everywhere(f) - _everywhere(b)),
            None if f_dot is None else a * _everywhere(f_dot),
            None if b_dot is None else (1 - a) * _everywhere(b_dot),
        )
        x_dot_out = None
        for term in terms:
            x_dot_out = plus(x_dot_out, term)  # eq: paint-tangent
        return x_dot_out, x_dot

    def tangent_backward(self, dy, dy_dot, cache, cache_dot):
        dx = None if dy is None else self.backward(dy, cache)
        if dy_dot is None:
            return dx, None
        (_, f, b), (a_dot, f_dot, b_dot) = cache, cache_dot
        da = df = db = None
        if a_dot is not None:
            ink = a_dot * dy_dot
            df, db = _gathered(ink, f), -_gathered(ink, b)  # eq: paint-curvature
        for colour_dot, sign in ((f_dot, 1), (b_dot, -1)):
            if colour_dot is not None:
                product = dy_dot * _everywhere(colour_dot)
                da = plus(da, sign * product.sum(axis=3, keepdims=True))
        return plus(dx, (da, df, db)), self.backward(dy_dot, cache)


def _everywhere(colour):
    """(N, C) -> (N, 1, 1, C); a picture (N, H, W, C) stays as it is."""
    return colour[:, None, None] if colour.ndim == 2 else colour


def _gathered(dx, colour):
    """The adjoint of `_everywhere`: dx (N, H, W, C) -> the shape of the colour."""
    return dx.sum(axis=(1, 2)) if colour.ndim == 2 else dx

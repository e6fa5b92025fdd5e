"""Maxout: the largest of k linear functions, an activation that is learnt."""

from ..errors import whole
from ..ops import get_xp
from .base import Layer, require, require_array


class Maxout(Layer):
    """y_c = max_j x_{ck+j}      dx = dy at the largest piece, 0 elsewhere

    x is (..., C k), with the k pieces of each output side by side, and y is (..., C).
    So `Dense(240 * 5), Maxout(5)` has 240 units of 5 pieces, as in the discriminator of
    the first GAN. If pieces are equal, the first is taken. A small change of x does not
    change the choice of the piece, so y_dot = x_dot at that piece, and the second
    derivative is 0.

    Raises ShapeError when k does not divide the last axis, InputError for k < 1.
    Source: Goodfellow et al. 2013, "Maxout Networks".
    """

    divisible = True

    def __init__(self, k: int):
        self.k = whole(self, "k >= 1", k)

    def build(self, in_shape):
        require_array(self, in_shape)
        fits = len(in_shape) >= 1 and in_shape[-1] % self.k == 0
        require(fits, self, f"inputs (..., {self.k} C)", in_shape)
        return (*in_shape[:-1], in_shape[-1] // self.k)

    def forward(self, x, train=True):
        xp = get_xp(x)
        pieces = x.reshape(*x.shape[:-1], -1, self.k)  # (..., C, k)
        best = pieces.argmax(axis=-1)  # the first of equal pieces
        largest = best[..., None] == xp.arange(self.k)  # (..., C, k)
        return self._pick(x, largest), (largest,)

    def backward(self, dy, cache, param_grads=True):
        (largest,) = cache
        dx = get_xp(dy).where(largest, dy[..., None], 0)  # eq: maxout-dx
        return dx.reshape(*dy.shape[:-1], -1)

    def tangent(self, x_dot, cache):
        (largest,) = cache
        return self._pick(x_dot, largest), ()

    def tangent_backward(self, dy, dy_dot, cache, cache_dot):
        dx = None if dy is None else self.backward(dy, cache)
        dx_dot = None if dy_dot is None else self.backward(dy_dot, cache)
        return dx, dx_dot

    def _pick(self, x, largest):
        pieces = x.reshape(largest.shape)
        return get_xp(x).where(largest, pieces, 0).sum(axis=-1)  # eq: maxout

    def __repr__(self):
        return f"Maxout({self.k})"

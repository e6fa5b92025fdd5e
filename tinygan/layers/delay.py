"""A delay: what comes out at a step is what went in at the step before."""

from ..ops import get_xp
from .base import Affine, require, require_array


class Delay(Affine):
    """y_t = x_{t-1} and y_1 = 0      dx_t = dy_{t+1} and dx_T = 0

    x and y are (N, T, C). A layer behind it that reads from the first step to the last
    has seen x_1 ... x_{t-1} at step t. So its output may stand for a distribution of
    x_t (likelihood/autoregressive.py). Raises ShapeError when built on anything but
    (T, C).
    """

    divisible = True

    def build(self, in_shape):
        require_array(self, in_shape)
        require(len(in_shape) == 2, self, "sequences (T, C)", in_shape)
        return in_shape

    def linear(self, x):
        y = get_xp(x).zeros_like(x)
        y[:, 1:] = x[:, :-1]  # eq: delay
        return y, ()

    def adjoint(self, dy, cache):
        dx = get_xp(dy).zeros_like(dy)
        dx[:, :-1] = dy[:, 1:]  # eq: delay-dx
        return dx

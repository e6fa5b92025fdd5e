"""A fixed change of units, without parameters."""

from ..errors import number
from .base import Affine


class Scale(Affine):
    """y = a x + b      dx = a dy      y_dot = a x_dot

    a and b are numbers, not parameters. Scale(2, -1) takes pixels in [0, 1], as a
    sigmoid makes them, to [-1, 1], as the data are; Scale(0.5, 0.5) takes them back.
    """

    divisible = True

    def __init__(self, a: float, b: float = 0.0):
        self.factor, self.shift = number(self, "a", a), number(self, "b", b)

    def linear(self, x):
        return self.factor * x, ()

    def forward(self, x, train=True):
        y, cache = self.linear(x)
        return y + self.shift, cache  # eq: scale

    def adjoint(self, dy, cache):
        return self.factor * dy  # eq: scale-dx

    def __repr__(self):
        return f"Scale({self.factor:g}, {self.shift:g})"

"""A bias alone, for an activation that has its own."""

from .base import Affine, require, require_array


class Bias(Affine):
    """y = x + b, one b for each channel      db = sum dy      dx = dy

    x is (N, ..., C) and b is (C,), 0 at first. With `LeakyReLU` and `Scale` it is the
    activation of StyleGAN2 and R3GAN, which adds a bias, bends, and scales by the gain
    sqrt(2 / (1 + a^2)). Raises ShapeError when built on a shape without a last axis.
    """

    divisible = True
    bias = True

    def build(self, in_shape):
        require_array(self, in_shape)
        require(len(in_shape) >= 1, self, "inputs (..., C)", in_shape)
        self.shapes = {"b": in_shape[-1:]}
        return in_shape

    def linear(self, x):
        return x, ()

    def forward(self, x, train=True):
        return x + self.b, ()  # eq: bias

    def adjoint(self, dy, cache):
        return dy  # eq: bias-dx

"""Layers for sequences (N, T, C), each made of a layer for images.

A sequence is an image one pixel high, (N, 1, T, C). So `OneDimensional` gives a linear
layer for images the sequences as such images. All mathematics stays in that layer. Time
runs along the rows of the image, where neighbours are neighbours in memory.
"""

from ..errors import ShapeError
from .base import Affine, require, require_array


class OneDimensional(Affine):
    """A linear layer of images, for sequences: y[:, t] = Y[:, 0, t] with X[:, 0] = x

    x is (N, T, C) and X is (N, 1, T, C), the same numbers. It stands before the layer
    for images in the list of bases: `class Conv1d(OneDimensional, Conv2d)`.

    Raises ShapeError when built on anything but (T, C), and where that layer does.
    """

    def build(self, in_shape):
        require_array(self, in_shape)
        require(len(in_shape) == 2, self, "sequences (T, C)", in_shape)
        try:
            _, T, C = super().build((1, *in_shape))
        except ShapeError as e:
            raise ShapeError(f"{e}: a sequence is an image of height 1") from None
        return (T, C)

    def linear(self, x):
        y, cache = super().linear(x[:, None])  # eq: one-dim
        return y[:, 0], cache

    def adjoint(self, dy, cache):
        return super().adjoint(dy[:, None], cache)[:, 0]

    def weight_grad(self, dy, cache):
        super().weight_grad(dy[:, None], cache)

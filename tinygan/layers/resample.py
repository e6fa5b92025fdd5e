"""Layers that make images smaller and larger by whole factors, without parameters.

Copying every pixel to a k x k block and summing each block are adjoint to each other;
the layers here are made of these two maps. For sequences the blocks are 1 x k.
"""

import math

from ..errors import whole
from ..ops import get_xp
from .base import Affine, require
from .one_dim import OneDimensional


def block_copy(x, block: tuple[int, int]):
    """(N, H, W, C) -> (N, kh H, kw W, C): each pixel becomes a block of copies.

    block: (kh, kw)
    """
    (N, H, W, C), (kh, kw) = x.shape, block
    blocks = get_xp(x).broadcast_to(x[:, :, None, :, None], (N, H, kh, W, kw, C))
    return blocks.reshape(N, H * kh, W * kw, C)  # copies


def block_sum(x, block: tuple[int, int]):
    """(N, kh H, kw W, C) -> (N, H, W, C), the sum of each block: the adjoint.

    block: (kh, kw)
    """
    (N, H, W, C), (kh, kw) = x.shape, block
    return x.reshape(N, H // kh, kh, W // kw, kw, C).sum(axis=(2, 4))


class Resampling(Affine):
    """What the layers have in common: blocks of k x k pixels. InputError for k < 1."""

    divisible = True

    def __init__(self, k: int = 2):
        self.k = whole(self, "a factor k >= 1", k)
        self.block = self.k, self.k  # kh, kw

    def __repr__(self):
        return f"{type(self).__name__}({self.k})"


class AvgPool2d(Resampling):
    """y = the mean of each k x k block      dx = dy / k^2 on each pixel of the block

    x is (N, H, W, C), y (N, H/k, W/k, C). Raises ShapeError when built on anything but
    (H, W, C), or where k does not divide H and W.
    """

    def build(self, in_shape):
        require(len(in_shape) == 3, self, "images (H, W, C)", in_shape)
        (H, W, C), (kh, kw) = in_shape, self.block
        fits = H % kh == W % kw == 0
        many = f"multiples of {self.k}"
        require(fits, self, f"images with sides that are {many}", in_shape)
        return (H // kh, W // kw, C)

    def linear(self, x):
        return block_sum(x, self.block) / math.prod(self.block), ()  # eq: avgpool

    def adjoint(self, dy, cache):
        return block_copy(dy / math.prod(self.block), self.block)  # eq: avgpool-dx


class Upsample2d(Resampling):
    """y = each pixel k x k times      dx = the sum of dy over each k x k block

    x is (N, H, W, C), y (N, k H, k W, C): the nearest neighbour. A Conv2d after it
    gives large images without the checkerboards of ConvTranspose2d (Odena et al. 2016).
    Raises ShapeError when built on anything but (H, W, C).
    """

    def build(self, in_shape):
        require(len(in_shape) == 3, self, "images (H, W, C)", in_shape)
        (H, W, C), (kh, kw) = in_shape, self.block
        return (H * kh, W * kw, C)

    def linear(self, x):
        return block_copy(x, self.block), ()  # eq: upsample

    def adjoint(self, dy, cache):
        return block_sum(dy, self.block)  # eq: upsample-dx


class AvgPool1d(OneDimensional, AvgPool2d):
    """y = the mean of each k places      dx = dy / k on each of them

    x is (N, T, C), y is (N, T/k, C). It is AvgPool2d for images of height 1. Raises
    ShapeError when built on anything but (T, C), or where k does not divide T.
    """

    def __init__(self, k: int = 2):
        super().__init__(k)
        self.block = 1, self.k


class Upsample1d(OneDimensional, Upsample2d):
    """y = each place k times      dx = the sum of dy over each k places

    x is (N, T, C), y is (N, k T, C). It is Upsample2d for images of height 1: with a
    Conv1d after it, a sequence grows without the tones of ConvTranspose1d. Raises
    ShapeError when built on anything but (T, C).
    """

    def __init__(self, k: int = 2):
        super().__init__(k)
        self.block = 1, self.k

"""Layers that make images smaller and larger by whole factors, without parameters.

Copying every pixel to a k x k block and summing each block are adjoint to each other;
both layers here are made of these two maps.
"""

from ..errors import whole
from ..ops import get_xp
from .base import Affine, require


def block_copy(x, k: int):
    """(N, H, W, C) -> (N, k H, k W, C): each pixel becomes a block of k x k copies."""
    N, H, W, C = x.shape
    blocks = get_xp(x).broadcast_to(x[:, :, None, :, None], (N, H, k, W, k, C))
    return blocks.reshape(N, H * k, W * k, C)  # copies


def block_sum(x, k: int):
    """(N, k H, k W, C) -> (N, H, W, C), the sum of each k x k block: the adjoint."""
    N, H, W, C = x.shape
    return x.reshape(N, H // k, k, W // k, k, C).sum(axis=(2, 4))


class AvgPool2d(Affine):
    """y = the mean of each k x k block      dx = dy / k^2 on each pixel of the block

    x is (N, H, W, C), y (N, H/k, W/k, C). Raises ShapeError when built on anything but
    (H, W, C), or where k does not divide H and W.
    """

    divisible = True

    def __init__(self, k: int = 2):
        self.k = whole(self, "a factor k >= 1", k)

    def build(self, in_shape):
        require(len(in_shape) == 3, self, "images (H, W, C)", in_shape)
        (H, W, C), k = in_shape, self.k
        fits = H % k == W % k == 0
        require(fits, self, f"images with sides that are multiples of {k}", in_shape)
        return (H // k, W // k, C)

    def linear(self, x):
        return block_sum(x, self.k) / self.k**2, ()  # eq: avgpool

    def adjoint(self, dy, cache):
        return block_copy(dy / self.k**2, self.k)  # eq: avgpool-dx

    def __repr__(self):
        return f"AvgPool2d({self.k})"


class Upsample2d(Affine):
    """y = each pixel k x k times      dx = the sum of dy over each k x k block

    x is (N, H, W, C), y (N, k H, k W, C): the nearest neighbour. A Conv2d after it
    gives large images without the checkerboards of ConvTranspose2d (Odena et al. 2016).
    Raises ShapeError when built on anything but (H, W, C).
    """

    divisible = True

    def __init__(self, k: int = 2):
        self.k = whole(self, "a factor k >= 1", k)

    def build(self, in_shape):
        require(len(in_shape) == 3, self, "images (H, W, C)", in_shape)
        H, W, C = in_shape
        return (H * self.k, W * self.k, C)

    def linear(self, x):
        return block_copy(x, self.k), ()  # eq: upsample

    def adjoint(self, dy, cache):
        return block_sum(dy, self.k)  # eq: upsample-dx

    def __repr__(self):
        return f"Upsample2d({self.k})"

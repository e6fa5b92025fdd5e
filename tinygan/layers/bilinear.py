"""Layers that halve and double images by a smooth filter, without parameters.

The filter is (1, 3, 3, 1)/8 along each axis. Doubled by it, a pixel lies between its
neighbours: bilinear interpolation, with zeros around the image. Doubling and halving
are adjoint to each other but for a factor of 2 along each axis, so both layers are made
of the same two maps.
"""

from ..ops import get_xp
from .base import Affine, require


def doubled(x):
    """y[2i] = (3 x[i] + x[i-1]) / 4      y[2i+1] = (3 x[i] + x[i+1]) / 4

    along the middle axis, (M, L, K) -> (M, 2L, K), with 0 outside x.
    """
    M, L, K = x.shape
    y = get_xp(x).empty((M, L, 2, K), x.dtype)
    y[...] = 0.75 * x[:, :, None]
    far = 0.25 * x
    y[:, 1:, 0] += far[:, :-1]
    y[:, :-1, 1] += far[:, 1:]
    return y.reshape(M, 2 * L, K)


def halved(x):
    """y[i] = (x[2i-1] + 3 x[2i] + 3 x[2i+1] + x[2i+2]) / 8

    along the middle axis, (M, 2L, K) -> (M, L, K), with 0 outside x: half the adjoint
    of `doubled`.
    """
    M, L, K = x.shape
    pairs = x.reshape(M, L // 2, 2, K)
    y = 0.375 * (pairs[:, :, 0] + pairs[:, :, 1])
    y[:, 1:] += 0.125 * pairs[:, :-1, 1]
    y[:, :-1] += 0.125 * pairs[:, 1:, 0]
    return y


def on_both_axes(f, x):
    """f along the columns and along the rows of images x (N, H, W, C)."""
    N, H, W, C = x.shape
    x = f(x.reshape(N * H, W, C))
    W = x.shape[1]
    x = f(x.reshape(N, H, W * C))
    return x.reshape(N, x.shape[1], W, C)


class BilinearUp2d(Affine):
    """y: twice as large, each pixel 9/16, 3/16, 3/16 and 1/16 of its nearest four

    Along each axis, with 0 outside the image,

        y[2i] = (3 x[i] + x[i-1]) / 4      y[2i+1] = (3 x[i] + x[i+1]) / 4

    x is (N, H, W, C), y (N, 2H, 2W, C), and dx is 4 times `BilinearDown2d` of dy. It is
    the upsampling of StyleGAN2: zeros between the pixels, then the filter (1, 3, 3, 1)
    / 8, times 2 along each axis. Raises ShapeError when built on anything but
    (H, W, C). Source: Karras et al. 2020, "Analyzing and Improving the Image Quality of
    StyleGAN", and its code.
    """

    divisible = True

    def build(self, in_shape):
        require(len(in_shape) == 3, self, "images (H, W, C)", in_shape)
        H, W, C = in_shape
        return (2 * H, 2 * W, C)

    def linear(self, x):
        return on_both_axes(doubled, x), ()  # eq: bilinear-up

    def adjoint(self, dy, cache):
        return 4 * on_both_axes(halved, dy)  # eq: bilinear-up-dx


class BilinearDown2d(Affine):
    """y: half as large, each pixel a weighted mean of 4 x 4 pixels

    Along each axis, with 0 outside the image,

        y[i] = (x[2i-1] + 3 x[2i] + 3 x[2i+1] + x[2i+2]) / 8

    x is (N, 2H, 2W, C), y (N, H, W, C), and dx is 1/4 of `BilinearUp2d` of dy. What is
    finer than the pixels of y is taken out before every second one is dropped. Raises
    ShapeError when built on anything but (2H, 2W, C). Source: as of `BilinearUp2d`;
    Zhang 2019, "Making Convolutional Networks Shift-Invariant Again".
    """

    divisible = True

    def build(self, in_shape):
        require(len(in_shape) == 3, self, "images (H, W, C)", in_shape)
        H, W, C = in_shape
        require(H % 2 == W % 2 == 0, self, "images with even sides", in_shape)
        return (H // 2, W // 2, C)

    def linear(self, x):
        return on_both_axes(halved, x), ()  # eq: bilinear-down

    def adjoint(self, dy, cache):
        return on_both_axes(doubled, dy) / 4  # eq: bilinear-down-dx

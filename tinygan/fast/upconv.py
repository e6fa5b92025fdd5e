"""A 3x3 convolution of an image of twice the size, in four products instead of nine.

With u = U x, each pixel of x stands in two rows of u. So the three rows of W meet only
two rows of x, and those that meet the same row are added first. In one dimension

    y[2i]     = w0 x[i-1] + (w1 + w2) x[i]
    y[2i + 1] = (w0 + w1) x[i] + w2 x[i+1]

These are a transposed convolution of stride 2 and pad 1 with the four weights
v = (w2, w1 + w2, w0 + w1, w0), as x[i] adds to y[2i - 1] ... y[2i + 2].
"""

import numpy as np

from ..layers.correlation import correlation
from . import twin


@twin("cpu")
def enlarged(W, x_shape, pad, k):
    """For twice the size, and a 3x3 kernel that keeps it."""
    if k != 2 or W.shape[:2] != (3, 3) or tuple(pad) != (1, 1):
        return NotImplemented
    return Enlarged2(W, x_shape) if x_shape[2] == W.shape[2] else NotImplemented


class Enlarged2:
    """The map x -> (U x) * W, as the adjoint of a convolution of kernel 4, stride 2.

    W: (3, 3, C_in, C_out)      x: (N, H, W, C_in)      y: (N, 2H, 2W, C_out)
    """

    def __init__(self, W, x_shape: tuple):
        H, width, _ = x_shape
        y_shape = 2 * H, 2 * width, W.shape[3]
        self.A = correlation(spread(W), y_shape, (2, 2), (1, 1))

    def forward(self, x):
        """y (N, 2H, 2W, C_out) from x (N, H, W, C_in)"""
        return self.A.adjoint(x)

    def adjoint(self, dy):
        """dx (N, H, W, C_in) from dy (N, 2H, 2W, C_out)"""
        return self.A.forward(dy)

    def weight_grad(self, x, dy):
        """dW (3, 3, C_in, C_out) from x (N, H, W, C_in) and dy (N, 2H, 2W, C_out)"""
        return gathered(self.A.weight_grad(dy, x))


def spread(W):
    """(3, 3, C_in, C_out) -> (4, 4, C_out, C_in): v along both axes."""
    w = W[::-1, ::-1].swapaxes(2, 3)  # (w2, w1, w0)
    v = np.zeros((4, 4, *w.shape[2:]), W.dtype)
    for i in (0, 1):
        for j in (0, 1):
            v[i : i + 3, j : j + 3] += w
    return v


def gathered(dv):
    """The adjoint of `spread`: (4, 4, C_out, C_in) -> (3, 3, C_in, C_out)"""
    dw = dv[:3] + dv[1:]
    dw = dw[:, :3] + dw[:, 1:]
    return dw[::-1, ::-1].swapaxes(2, 3)

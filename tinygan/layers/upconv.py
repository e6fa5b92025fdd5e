"""A convolution of an image that is made larger first.

    y = A U x + b        dx = U^T A^T dy        dW from U x and dy

U copies every pixel to a block of k x k pixels (resample.py), and A is the map of a
convolution (correlation.py). It is the layer before which an image grows.
"""

from ..errors import whole
from ..fast import primitive
from .conv import Conv2d, geometry_of
from .correlation import correlation
from .resample import block_copy, block_sum


class Enlarged:
    """The linear map x -> (U x) * W for images of one shape, with its adjoint.

    W: (kh, kw, C_in, C_out)      x_shape: (H, W, C_in), without the batch
    x: (N, H, W, C_in)      y: (N, OH, OW, C_out), as of a convolution of U x
    """

    def __init__(self, W, x_shape: tuple, pad: tuple, k: int):
        H, width, C = x_shape
        self.block, self.A = (k, k), correlation(W, (k * H, k * width, C), (1, 1), pad)

    def forward(self, x):
        """y = A U x, (N, H, W, C_in) -> (N, OH, OW, C_out)"""
        return self.A.forward(block_copy(x, self.block))  # eq: upconv

    def adjoint(self, dy):
        """dx = U^T A^T dy, (N, OH, OW, C_out) -> (N, H, W, C_in)"""
        return block_sum(self.A.adjoint(dy), self.block)  # eq: upconv-dx

    def weight_grad(self, x, dy):
        """dW of y = A U x, from x (N, H, W, C_in) and dy (N, OH, OW, C_out)."""
        return self.A.weight_grad(block_copy(x, self.block), dy)


@primitive
def enlarged(W, x_shape, pad, k):
    """The map x -> (U x) * W for images x (N, *x_shape), as `Enlarged` describes it."""
    return Enlarged(W, x_shape, pad, k)


class UpConv2d(Conv2d):
    """y = Conv2d(C_out, kernel, pad=pad) of Upsample2d(k) of x, in one layer

    x is (N, H, W, C_in) and y (N, OH, OW, C_out) with OH = k H + 2p - kh + 1. The k^2
    copies of a pixel meet several weights of a window, whose sum may be taken first:
    for k = 2 and a 3x3 kernel four products remain of nine (fast/upconv.py).

    Raises ShapeError and InputError as `Conv2d` does, and InputError for k < 1. Source:
    Karras et al. 2018, whose code calls this a fused scale.
    """

    def __init__(
        self, C_out: int, kernel, pad=0, k: int = 2, bias=True, init=None, groups=1
    ):
        super().__init__(C_out, kernel, 1, pad, bias, init, groups)
        self.k = whole(self, "a factor k >= 1", k)

    def build(self, in_shape):
        H, W, C = self._image(in_shape)
        return super().build((self.k * H, self.k * W, C))

    def linear(self, x):
        A = enlarged(self.W, x.shape[1:], self.pad, self.k)
        return A.forward(x), (x, A)

    def __repr__(self):
        k = "" if self.k == 2 else f", k={self.k}"
        return f"UpConv2d({self.C_out}, {geometry_of(self)}{k})"

"""Convolution, and transposed convolution as its adjoint.

A convolution is a linear map A of images (correlation.py). Everything about the two
layers here follows by transposing it:

               Conv2d                         ConvTranspose2d
    forward    y  = A x                       y  = A^T x
    adjoint    dx = A^T dy                    dx = A dy
    weights    dW from x and dy               dW from dy and x
"""

import math

from ..errors import flag, whole
from ..fast import primitive
from ..ops import Array
from .base import Affine, Layer, require
from .correlation import conv_size, correlation
from .init import he, initialiser


def pair(layer: Layer, wanted: str, v) -> tuple[int, int]:
    """(v, v) for a number v, and v itself for a pair: height first, then width.

    InputError unless the numbers are whole and in the range that `wanted` states.
    """
    if isinstance(v, tuple | list) and len(v) == 2:
        height, width = v
    else:
        height = width = v
    return whole(layer, wanted, height), whole(layer, wanted, width)


class Convolution(Affine):
    """What a convolution and its transpose have in common: their settings.

    InputError for numbers that are not whole or out of range.
    """

    divisible = True
    W: Array
    dW: Array

    def _settings(self, C_out, kernel, stride, pad, bias, init, groups) -> None:
        self.C_out = whole(self, "C_out >= 1", C_out)
        self.kernel = pair(self, "kernel >= 1", kernel)
        self.stride = pair(self, "stride >= 1", stride)
        self.pad = pair(self, "pad >= 0", pad)
        self.bias = flag(self, "bias", bias)
        self.initialise = initialiser(self, init, he())
        self.groups = whole(self, "groups >= 1", groups)

    def _image(self, in_shape):
        """in_shape, (H, W, C_in). ShapeError unless groups divide C_in and C_out."""
        require(len(in_shape) == 3, self, "images (H, W, C)", in_shape)
        channels = in_shape[2], self.C_out
        fits = not any(C % self.groups for C in channels)
        require(fits, self, f"channels that {self.groups} groups divide", channels)
        return in_shape

    def init(self, rng):
        self.W[...] = self.initialise(rng, self.W.shape, *self.fans)

    def weight_grad_and_adjoint(self, dy, cache):
        return weight_grad_and_adjoint(self, dy, cache)


@primitive
def weight_grad_and_adjoint(layer: Convolution, dy, cache):
    """dW += d<A x, dy>/dW, and return A^T dy; dy has the shape of y."""
    layer.weight_grad(dy, cache)
    return layer.adjoint(dy, cache)


class Conv2d(Convolution):
    """y[n,i,j] = b + sum_{u,v} x[n, i s + u - p, j s + v - p] W[u,v]

    x is (N, H, W, C_in), y is (N, OH, OW, C_out) with OH = floor((H + 2p - k)/s) + 1.
    `kernel`, `stride` and `pad` are numbers or (height, width) pairs.

        cols = im2col(x)     y = cols W + b     dW = cols^T dy     dx = col2im(dy W^T)

    The cache is x and the map A. The columns are k^2/s^2 times as large as x, so they
    are computed again for dW. W is (kh, kw, C_in/groups, C_out): the i-th of the groups
    of y's channels sees only the i-th group of x's. groups = C_in is depthwise.

    Raises ShapeError when built on anything but (H, W, C_in), on an image that is
    smaller than a window, or on channels that the groups do not divide.
    """

    def __init__(
        self, C_out: int, kernel, stride=1, pad=0, bias=True, init=None, groups=1
    ):
        self._settings(C_out, kernel, stride, pad, bias, init, groups)

    def build(self, in_shape):
        H, W, C_in = self._image(in_shape)
        geometry = zip((H, W), self.kernel, self.stride, self.pad, strict=True)
        OH, OW = (conv_size(*g) for g in geometry)
        require(min(OH, OW) > 0, self, "images as large as its kernel", in_shape)
        self.reuses = OH * OW
        k, s, n = math.prod(self.kernel), math.prod(self.stride), self.groups
        self.shapes = {"W": (*self.kernel, C_in // n, self.C_out)}
        # each input pixel reaches k^2/s^2 output pixels
        self.fans = k * C_in // n, k * self.C_out / (n * s)
        if self.bias:
            self.shapes["b"] = (self.C_out,)
        return (OH, OW, self.C_out)

    def linear(self, x):
        A = correlation(self.W, x.shape[1:], self.stride, self.pad)
        return A.forward(x), (x, A)

    def adjoint(self, dy, cache):
        _, A = cache
        return A.adjoint(dy)

    def weight_grad(self, dy, cache):
        x, A = cache
        self.dW += A.weight_grad(x, dy)

    def __repr__(self):
        return f"{type(self).__name__}({self.C_out}, {geometry_of(self)})"


class ConvTranspose2d(Convolution):
    """The adjoint of a convolution: y = A^T x + b, where A is the Conv2d that maps y's
    shape to x's. A stride s makes the image about s times larger.

    x is (N, H, W, C_in), y is (N, OH, OW, C_out) with OH = (H - 1) s - 2p + k + op.
    `output_pad` op < s picks one of the s image sizes that A maps to H. W is the kernel
    of A, (kh, kw, C_out/groups, C_in): A's input channels are this layer's output
    channels.

        y = col2im(x W^T) + b      dx = im2col(dy) W      dW = im2col(dy)^T x

    Raises ShapeError when built on anything but (H, W, C_in), when y would be empty, or
    on channels that the groups do not divide.
    """

    out_axis = -2

    def __init__(
        self,
        C_out: int,
        kernel,
        stride=1,
        pad=0,
        output_pad=0,
        bias=True,
        init=None,
        groups=1,
    ):
        self._settings(C_out, kernel, stride, pad, bias, init, groups)
        self.output_pad = pair(self, "output_pad >= 0", output_pad)
        pads = zip(self.output_pad, self.stride, strict=True)
        fits = all(0 <= op < s for op, s in pads)
        require(fits, self, f"0 <= output_pad < stride {self.stride}", self.output_pad)

    def build(self, in_shape):
        H, W, C_in = self._image(in_shape)
        self.reuses = H * W
        axes = (self.kernel, self.stride, self.pad, self.output_pad)
        OH, OW = (
            (size - 1) * s - 2 * p + k + op  # eq: convt-size
            for size, k, s, p, op in zip(in_shape[:2], *axes, strict=True)
        )
        require(min(OH, OW) > 0, self, "images larger than its padding", in_shape)
        k, s, n = math.prod(self.kernel), math.prod(self.stride), self.groups
        self.shapes = {"W": (*self.kernel, self.C_out // n, C_in)}
        # each output pixel sums over k^2/s^2 input pixels
        self.fans = k * C_in / (n * s), k * self.C_out // n
        if self.bias:
            self.shapes["b"] = (self.C_out,)
        self.out_shape = (OH, OW, self.C_out)
        return self.out_shape

    def linear(self, x):
        A = correlation(self.W, self.out_shape, self.stride, self.pad)
        return A.adjoint(x), (x, A)  # eq: convt

    def adjoint(self, dy, cache):
        _, A = cache
        return A.forward(dy)  # eq: convt-dx

    def weight_grad(self, dy, cache):
        x, A = cache
        self.dW += A.weight_grad(dy, x)  # eq: convt-dW

    def __repr__(self):
        op = self.output_pad
        extra = f", output_pad={op[0] if op[0] == op[1] else op}" if any(op) else ""
        return f"ConvTranspose2d({self.C_out}, {geometry_of(self)}{extra})"


def geometry_of(layer) -> str:
    """The kernel, stride, padding and groups of a layer, as "4, stride=2, pad=1"."""
    k, s, p = (
        v[0] if v[0] == v[1] else v for v in (layer.kernel, layer.stride, layer.pad)
    )
    groups = f", groups={layer.groups}" if layer.groups > 1 else ""
    return f"{k}, stride={s}, pad={p}{groups}"

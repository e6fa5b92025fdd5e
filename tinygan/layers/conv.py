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

    def _settings(self, C_out, kernel, stride, pad, bias, init) -> None:
        self.C_out = whole(self, "C_out >= 1", C_out)
        self.kernel = pair(self, "kernel >= 1", kernel)
        self.stride = pair(self, "stride >= 1", stride)
        self.pad = pair(self, "pad >= 0", pad)
        self.bias = flag(self, "bias", bias)
        self.initialise = initialiser(self, init, he())

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
    are computed again for dW. Raises ShapeError when built on anything but (H, W, C_in)
    or on an image that is smaller than a window.
    """

    divisible = True
    W: Array  # (kh, kw, C_in, C_out)
    dW: Array

    def __init__(self, C_out: int, kernel, stride=1, pad=0, bias=True, init=None):
        self._settings(C_out, kernel, stride, pad, bias, init)

    def build(self, in_shape):
        require(len(in_shape) == 3, self, "images (H, W, C)", in_shape)
        H, W, C_in = in_shape
        geometry = zip((H, W), self.kernel, self.stride, self.pad, strict=True)
        OH, OW = (conv_size(*g) for g in geometry)
        require(min(OH, OW) > 0, self, "images as large as its kernel", in_shape)
        self.reuses = OH * OW
        self.shapes = {"W": (*self.kernel, C_in, self.C_out)}
        if self.bias:
            self.shapes["b"] = (self.C_out,)
        return (OH, OW, self.C_out)

    def init(self, rng):
        kh, kw, C_in, C_out = self.W.shape
        s = math.prod(self.stride)  # each input pixel reaches k^2/s^2 output pixels
        self.W[...] = self.initialise(
            rng, self.W.shape, kh * kw * C_in, kh * kw * C_out / s
        )

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
    of A, (kh, kw, C_out, C_in): A's input channels are this layer's output channels.

        y = col2im(x W^T) + b      dx = im2col(dy) W      dW = im2col(dy)^T x

    Raises ShapeError when built on anything but (H, W, C_in) or when y would be empty.
    """

    divisible = True
    out_axis = -2
    W: Array  # (kh, kw, C_out, C_in)
    dW: Array

    def __init__(
        self, C_out: int, kernel, stride=1, pad=0, output_pad=0, bias=True, init=None
    ):
        self._settings(C_out, kernel, stride, pad, bias, init)
        self.output_pad = pair(self, "output_pad >= 0", output_pad)
        pads = zip(self.output_pad, self.stride, strict=True)
        fits = all(0 <= op < s for op, s in pads)
        require(fits, self, f"0 <= output_pad < stride {self.stride}", self.output_pad)

    def build(self, in_shape):
        require(len(in_shape) == 3, self, "images (H, W, C)", in_shape)
        H, W, C_in = in_shape
        self.reuses = H * W
        axes = (self.kernel, self.stride, self.pad, self.output_pad)
        OH, OW = (
            (size - 1) * s - 2 * p + k + op  # eq: convt-size
            for size, k, s, p, op in zip(in_shape[:2], *axes, strict=True)
        )
        require(min(OH, OW) > 0, self, "images larger than its padding", in_shape)
        self.shapes = {"W": (*self.kernel, self.C_out, C_in)}
        if self.bias:
            self.shapes["b"] = (self.C_out,)
        self.out_shape = (OH, OW, self.C_out)
        return self.out_shape

    def init(self, rng):
        kh, kw, C_out, C_in = self.W.shape
        s = math.prod(self.stride)  # each output pixel sums over k^2/s^2 input pixels
        self.W[...] = self.initialise(
            rng, self.W.shape, kh * kw * C_in / s, kh * kw * C_out
        )

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
    """The kernel, stride and padding of a layer, as "4, stride=2, pad=1"."""
    k, s, p = (
        v[0] if v[0] == v[1] else v for v in (layer.kernel, layer.stride, layer.pad)
    )
    return f"{k}, stride={s}, pad={p}"

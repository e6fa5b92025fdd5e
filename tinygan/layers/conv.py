"""Convolution as one matrix product, and transposed convolution as its adjoint.

`im2col` copies every window of an image into a row of a matrix; it is linear, and
`col2im`, its adjoint, adds every row back to where it came from. With both, convolution
is  y = im2col(x) W  and everything else follows by transposing:

              Conv2d                       ConvTranspose2d
    forward   y  = im2col(x) W             y  = col2im(x W^T)
    adjoint   dx = col2im(dy W^T)          dx = im2col(dy) W
    weights   dW = im2col(x)^T dy          dW = im2col(dy)^T x

Images are (N, H, W, C), kernels (kh, kw, C_in, C_out). As in most deep-learning code,
"convolution" does not flip the kernel: it is a correlation.
"""

import itertools
import math

import numpy as np

from .. import kernels
from ..backend import blocks, get_xp
from .base import Affine, require
from .init import he

COLUMNS = 1 << 20  # numbers of a batch's columns that are worked on at a time
FEW = 8  # channels: below, an addition runs along the pixels of one, not along channels


def pair(v) -> tuple[int, int]:
    """(v, v), or v itself where it is a pair already: height first, then width."""
    return (v, v) if isinstance(v, int) else tuple(v)


def conv_size(size: int, k: int, stride: int, pad: int) -> int:
    """The number of windows along an axis: floor((size + 2 pad - k) / stride) + 1."""
    return (size + 2 * pad - k) // stride + 1


def im2col(x, kernel, stride, pad):
    """(N, H, W, C) -> (N OH OW, kh kw C): row (n, i, j) is the window whose corner is
    at (i sh - ph, j sw - pw) of sample n, with zeros outside the image.
    """
    if kernels.usable(x):
        return kernels.im2col(x, kernel, stride, pad)
    xp = get_xp(x)
    (kh, kw), (sh, sw), (ph, pw) = kernel, stride, pad
    N, H, W, C = x.shape
    OH, OW = conv_size(H, kh, sh, ph), conv_size(W, kw, sw, pw)
    if ph or pw:
        padded = xp.zeros((N, H + 2 * ph, W + 2 * pw, C), x.dtype)
        padded[:, ph : ph + H, pw : pw + W] = x
        x = padded
    n, h, w, c = x.strides
    windows = xp.lib.stride_tricks.as_strided(
        x, (N, OH, OW, kh, kw, C), (n, sh * h, sw * w, h, w, c)
    )  # a view: windows[n, i, j, a, b] = x[n, i sh + a, j sw + b]
    return windows.reshape(N * OH * OW, kh * kw * C)  # copies


def col2im(cols, x_shape, kernel, stride, pad):
    """The adjoint of im2col, (N OH OW, kh kw C) -> (N, H, W, C) = x_shape: every entry
    is added to the pixel it was copied from, so overlapping windows add up.
    """
    if kernels.usable(cols):
        return kernels.col2im(cols, x_shape, kernel, stride, pad)
    xp = get_xp(cols)
    (kh, kw), (sh, sw), (ph, pw) = kernel, stride, pad
    N, H, W, C = x_shape
    OH, OW = conv_size(H, kh, sh, ph), conv_size(W, kw, sw, pw)
    cols = cols.reshape(N, OH, OW, kh, kw, C)
    x = xp.zeros((N, H + 2 * ph, W + 2 * pw, C), cols.dtype)
    few = C < FEW and xp is np
    channels = [slice(c, c + 1) for c in range(C)] if few else [slice(None)]
    for a, b, c in itertools.product(range(kh), range(kw), channels):
        rows, columns = slice(a, a + sh * OH, sh), slice(b, b + sw * OW, sw)
        x[:, rows, columns, c] += cols[:, :, :, a, b, c]
    return x[:, ph : ph + H, pw : pw + W]


class Conv2d(Affine):
    """y[n,i,j] = b + sum_{u,v} x[n, i s + u - p, j s + v - p] W[u,v]

    x is (N, H, W, C_in), y is (N, OH, OW, C_out) with OH = floor((H + 2p - k)/s) + 1.
    `kernel`, `stride` and `pad` are numbers or (height, width) pairs.

        cols = im2col(x)     y = cols W + b     dW = cols^T dy     dx = col2im(dy W^T)

    The cache is x: the columns, k^2/s^2 times as large, are gathered again for dW.
    Raises ShapeError when built on anything but (H, W, C_in) or where no window fits.
    """

    divisible = fresh = True

    def __init__(self, C_out: int, kernel, stride=1, pad=0, bias=True, init=None):
        self.C_out, self.bias, self.initialise = C_out, bias, init or he()
        self.kernel, self.stride, self.pad = pair(kernel), pair(stride), pair(pad)
        require_geometry(self)

    def build(self, in_shape):
        require(len(in_shape) == 3, self, "images (H, W, C)", in_shape)
        H, W, C_in = in_shape
        geometry = zip((H, W), self.kernel, self.stride, self.pad, strict=True)
        OH, OW = (conv_size(*g) for g in geometry)
        require(min(OH, OW) > 0, self, "images as large as its kernel", in_shape)
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
        xp, W = get_xp(x), self.W.reshape(-1, self.C_out)  # (kh*kw*C_in, C_out)
        axes = (x.shape[1:3], self.kernel, self.stride, self.pad)
        OH, OW = (conv_size(*g) for g in zip(*axes, strict=True))
        y = xp.empty((len(x), OH, OW, self.C_out), xp.result_type(x.dtype, W.dtype))
        for n in self._parts(y):
            cols = im2col(x[n], self.kernel, self.stride, self.pad)  # (n*OH*OW, ...)
            xp.matmul(cols, W, out=y[n].reshape(-1, self.C_out))  # eq: conv
        return y, (x,)

    def adjoint(self, dy, cache, param_grads=True):
        (x,) = cache
        xp, W = get_xp(x), self.W.reshape(-1, self.C_out)
        if param_grads:
            self.weigh(dy, cache)
        dx = xp.empty(x.shape, xp.result_type(dy.dtype, W.dtype))
        for n in self._parts(dy):
            dcols = dy[n].reshape(-1, self.C_out) @ W.T  # (n*OH*OW, kh*kw*C_in)
            dx[n] = col2im(
                dcols, x[n].shape, self.kernel, self.stride, self.pad
            )  # eq: conv-dx
        return dx

    def weigh(self, dy, cache):
        (x,) = cache
        for n in self._parts(dy):
            cols = im2col(x[n], self.kernel, self.stride, self.pad)
            dW = cols.T @ dy[n].reshape(-1, self.C_out)  # eq: conv-dW
            self.dW += dW.reshape(self.W.shape)

    def _parts(self, y):
        """Slices of the batch: the columns of each are about COLUMNS numbers."""
        positions = math.prod(y.shape[1:3])
        return blocks(y, COLUMNS, positions * (self.W.size // self.C_out))

    def __repr__(self):
        return f"{type(self).__name__}({self.C_out}, {geometry_of(self)})"


class ConvTranspose2d(Affine):
    """The adjoint of a convolution: y = A^T x + b, where A is the Conv2d that maps y's
    shape to x's. A stride s makes the image about s times larger.

    x is (N, H, W, C_in), y is (N, OH, OW, C_out) with OH = (H - 1) s - 2p + k + op.
    `output_pad` op < s picks one of the s image sizes that A maps to H. The kernel W is
    A's, so (kh, kw, C_out, C_in): A's input channels are this layer's output channels.

        y = col2im(x W^T) + b      dx = im2col(dy) W      dW = im2col(dy)^T x

    Raises ShapeError when built on anything but (H, W, C_in) or when nothing is left.
    """

    divisible = fresh = True

    out_axis = -2

    def __init__(
        self, C_out: int, kernel, stride=1, pad=0, output_pad=0, bias=True, init=None
    ):
        self.C_out, self.bias, self.initialise = C_out, bias, init or he()
        self.kernel, self.stride, self.pad = pair(kernel), pair(stride), pair(pad)
        self.output_pad = pair(output_pad)
        require_geometry(self)
        pads = zip(self.output_pad, self.stride, strict=True)
        fits = all(0 <= op < s for op, s in pads)
        require(fits, self, f"0 <= output_pad < stride {self.stride}", self.output_pad)

    def build(self, in_shape):
        require(len(in_shape) == 3, self, "images (H, W, C)", in_shape)
        C_in = in_shape[2]
        axes = (self.kernel, self.stride, self.pad, self.output_pad)
        OH, OW = (
            (size - 1) * s - 2 * p + k + op
            for size, k, s, p, op in zip(in_shape[:2], *axes, strict=True)
        )
        require(min(OH, OW) > 0, self, "images that its padding leaves", in_shape)
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
        xp, C_in = get_xp(x), x.shape[3]
        W = self.W.reshape(-1, C_in)  # (kh*kw*C_out, C_in)
        y = xp.empty((len(x), *self.out_shape), xp.result_type(x.dtype, W.dtype))
        for n in self._parts(x):
            cols = x[n].reshape(-1, C_in) @ W.T  # (n*H*W, kh*kw*C_out)
            y[n] = col2im(
                cols, y[n].shape, self.kernel, self.stride, self.pad
            )  # eq: convt
        return y, (x,)

    def adjoint(self, dy, cache, param_grads=True):
        (x,) = cache
        xp, C_in = get_xp(x), x.shape[3]
        W = self.W.reshape(-1, C_in)
        dx = xp.empty(x.shape, xp.result_type(dy.dtype, W.dtype))
        for n in self._parts(x):
            dcols = im2col(dy[n], self.kernel, self.stride, self.pad)
            if param_grads:
                dW = dcols.T @ x[n].reshape(-1, C_in)  # eq: convt-dW
                self.dW += dW.reshape(self.W.shape)
            xp.matmul(dcols, W, out=dx[n].reshape(-1, C_in))  # eq: convt-dx
        return dx

    def _parts(self, x):
        """Slices of the batch: the columns of each are about COLUMNS numbers."""
        positions = math.prod(x.shape[1:3])
        return blocks(x, COLUMNS, positions * (self.W.size // x.shape[3]))

    def __repr__(self):
        op = self.output_pad
        extra = f", output_pad={op[0] if op[0] == op[1] else op}" if any(op) else ""
        return f"ConvTranspose2d({self.C_out}, {geometry_of(self)}{extra})"


def require_geometry(layer) -> None:
    """Kernel and stride at least 1, padding at least 0, each for height and width."""
    k, s, p = layer.kernel, layer.stride, layer.pad
    ok = len(k) == len(s) == len(p) == 2 and min(*k, *s) >= 1 and min(p) >= 0
    expected = "kernel and stride >= 1, pad >= 0, each for height and width"
    require(ok, layer, expected, (k, s, p))


def geometry_of(layer) -> str:
    """What the layer was made with: "4, stride=2, pad=1"."""
    k, s, p = (
        v[0] if v[0] == v[1] else v for v in (layer.kernel, layer.stride, layer.pad)
    )
    return f"{k}, stride={s}, pad={p}"

"""The linear map of a convolution, x -> x * W, its adjoint, and its gradient in W.

The map is linear in x and in W. Every way to compute it here consists of three linear
maps, B on x, G on W and A on what their matrix product gives, and so backward consists
of their adjoints:

    y = A(B(x) G(W))      dx = B^T(A^T(dy) G(W)^T)      dW = G^T(B(x)^T A^T(dy))

The plain way is `Windows`: B is im2col, which copies every window of an image into a
row of a matrix, its adjoint is col2im, which adds every row back to where it came from,
and A and G only reshape. `Winograd` (winograd.py) needs fewer products.

Images are (N, H, W, C), kernels (kh, kw, C_in, C_out). As in most deep-learning code,
"convolution" does not flip the kernel: it is a correlation.
"""

import itertools
import math

import numpy as np

from ..backend import blocks, get_xp
from ..fast import cuda as kernels
from ..fast.winograd import Winograd, suits
from ..fast.winograd_odd import OddWinograd

COLUMNS = 1 << 20  # numbers of a batch's columns that are worked on at a time


def conv_size(size: int, k: int, stride: int, pad: int) -> int:
    """The number of windows along an axis: floor((size + 2 pad - k) / stride) + 1."""
    return (size + 2 * pad - k) // stride + 1  # eq: conv-size


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
    if C == 1:  # a row of windows is longer than a row of a window: copy along it
        windows = windows.transpose(3, 4, 5, 0, 1, 2)
        return windows.reshape(kh * kw, N * OH * OW).T
    return windows.reshape(N * OH * OW, kh * kw * C)  # copies  # eq: im2col


def col2im(cols, x_shape, kernel, stride, pad):
    """The adjoint of im2col, (N OH OW, kh kw C) -> (N, H, W, C) = x_shape: every entry
    is added to the pixel it was copied from, so overlapping windows add up.

    As many of a window's pixels as the stride is wide meet no other window's: one
    addition takes them all. With one channel they are few numbers, and taken one by
    one, for NumPy then adds along the row.
    """
    if kernels.usable(cols):
        return kernels.col2im(cols, x_shape, kernel, stride, pad)
    xp = get_xp(cols)
    (kh, kw), (sh, sw), (ph, pw) = kernel, stride, pad
    N, H, W, C = x_shape
    OH, OW = conv_size(H, kh, sh, ph), conv_size(W, kw, sw, pw)
    rows = max(-(-(H + 2 * ph) // sh), OH - 1 - (-kh // sh))  # of sh pixels each
    columns = max(-(-(W + 2 * pw) // sw), OW - 1 - (-kw // sw))
    x = xp.zeros((N, rows, sh, columns, sw, C), cols.dtype)
    cols = cols.reshape(N, OH, OW, kh, kw, C)
    most = sw if C > 1 else 1
    for a, b in itertools.product(range(kh), range(0, kw, most)):
        (i, u), (j, v), width = divmod(a, sh), divmod(b, sw), min(most, kw - b)
        to = x[:, i : i + OH, u, j : j + OW, v : v + width]
        to += cols[:, :, :, a, b : b + width]  # eq: col2im
    x = x.reshape(N, rows * sh, columns * sw, C)
    return x[:, ph : ph + H, pw : pw + W]


class Windows:
    """The plain way: B is im2col, A and G only reshape."""

    size = COLUMNS

    def __init__(self, x_shape, W_shape, stride, pad):
        self.x_shape, self.W_shape = x_shape, W_shape
        self.geometry = W_shape[:2], stride, pad
        axes = zip(x_shape[1:3], *self.geometry, strict=True)
        self.places = tuple(conv_size(*axis) for axis in axes)  # OH, OW
        self.per_sample = math.prod(self.places) * math.prod(W_shape[:3])

    def B(self, x):
        """(n, H, W, C_in) -> (n OH OW, kh kw C_in)"""
        return im2col(x, *self.geometry)

    def B_adjoint(self, dV, dx):
        """(n OH OW, kh kw C_in) -> dx, (n, H, W, C_in)."""
        dx[...] = col2im(dV, dx.shape, *self.geometry)

    def G(self, W):
        """(kh, kw, C_in, C_out) -> (kh kw C_in, C_out)"""
        return W.reshape(-1, self.W_shape[3])

    def G_adjoint(self, dU):
        """(kh kw C_in, C_out) -> (kh, kw, C_in, C_out)"""
        return dU.reshape(self.W_shape)

    def A_of_product(self, V, U, y):
        """y = V U, written into y, (n, OH, OW, C_out)."""
        get_xp(V).matmul(V, U, out=y.reshape(-1, self.W_shape[3]))

    def A_adjoint(self, dy):
        """(n, OH, OW, C_out) -> (n OH OW, C_out)"""
        return dy.reshape(-1, self.W_shape[3])


class Columns:
    """B(x), part of the batch by part. On a CPU, if one part is all, it is kept after
    forward for dW: no more than about way.size numbers.

    x: (N, H, W, C_in)
    """

    def __init__(self, way, x):
        self.way, self.x, self.whole = way, x, None

    def part(self, n: slice):
        """B(x[n]), n one of `parts`."""
        if self.whole is not None:
            return self.whole
        V = self.way.B(self.x[n])
        if isinstance(self.x, np.ndarray) and len(self.x[n]) == len(self.x):
            self.whole = V
        return V


def correlate(way, columns, U, dy=None, dW=None):
    """y = x * W for U = G(W), (N, H, W, C_in) -> (N, OH, OW, C_out); columns: x's.

    Given dy and dW, `correlate_weights` as well: B(x) serves both.
    """
    x, xp = columns.x, get_xp(columns.x)
    y = xp.empty((len(x), *way.places, U.shape[-1]), xp.result_type(x.dtype, U.dtype))
    for n in parts(x, way):
        V = columns.part(n)
        if dW is not None:
            dW += way.G_adjoint(transposed(V) @ way.A_adjoint(dy[n]))  # eq: frame-dW
        way.A_of_product(V, U, y[n])  # eq: frame
    return y


def correlate_adjoint(way, dy, U, columns=None, dW=None):
    """dx, (N, OH, OW, C_out) -> (N, H, W, C_in).

    Given x's columns and dW, `correlate_weights` as well: A^T(dy) serves both.
    """
    xp = get_xp(dy)
    shape = (len(dy), *way.x_shape[1:])
    dx = xp.empty(shape, xp.result_type(dy.dtype, U.dtype))
    for n in parts(dy, way):
        T = way.A_adjoint(dy[n])
        if dW is not None:
            dW += way.G_adjoint(transposed(columns.part(n)) @ T)
        way.B_adjoint(T @ transposed(U), dx[n])  # eq: frame-dx
    return dx


def correlate_weights(way, columns, dy, dW) -> None:
    """dW += its part, from x's columns and dy (N, OH, OW, C_out)."""
    for n in parts(dy, way):
        dW += way.G_adjoint(transposed(columns.part(n)) @ way.A_adjoint(dy[n]))


def way_for(x_shape, W, stride, pad):
    """The faster way for these shapes; on a device `Windows`, which has kernels."""
    windows = Windows(x_shape, W.shape, stride, pad)
    if not (isinstance(W, np.ndarray) and suits(windows)):
        return windows
    odd = any(size % 2 for size in windows.places)
    return OddWinograd(windows) if odd else Winograd(windows)


def parts(a, way) -> list[slice]:
    """Slices of the batch a (N, ...): B of each has about way.size numbers."""
    return blocks(a, way.size, way.per_sample)


def transposed(V):
    """A matrix's transpose; of several, (m, rows, columns), each one's."""
    return V.swapaxes(-1, -2)

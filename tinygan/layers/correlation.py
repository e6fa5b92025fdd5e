"""The linear map of a convolution, its adjoint, and its gradient in the kernel.

im2col copies every window of an image into a row of a matrix; then a convolution is one
matrix product. The adjoint of im2col is col2im: it adds every row to its window. With
cols = im2col(x), and the kernel W as a matrix (kh kw C_in, C_out):

    y = cols W            dx = col2im(dy W^T)            dW = cols^T dy

Images are (N, H, W, C), and W is (kh, kw, C_in, C_out). With channels in groups there
are such products for each group. As in most deep-learning code,
"convolution" does not flip the kernel: strictly it is a correlation.
"""

import itertools
import operator

from ..errors import ShapeError
from ..fast import primitive
from ..ops import get_xp


def conv_size(size: int, k: int, stride: int, pad: int) -> int:
    """The number of windows along an axis: floor((size + 2 pad - k) / stride) + 1."""
    return (size + 2 * pad - k) // stride + 1  # eq: conv-size


def windows_of(x_shape, kernel, stride, pad) -> tuple[int, int]:
    """(OH, OW), how many windows images of the shape (N, H, W, C) have. ShapeError
    unless the others are pairs (height, width) of whole numbers and a window fits.
    """
    try:
        (_, H, W, _), (kh, kw), (sh, sw), (ph, pw) = x_shape, kernel, stride, pad
        OH = operator.index(conv_size(H, kh, sh, ph))
        OW = operator.index(conv_size(W, kw, sw, pw))
        fits = min(kh, kw, sh, sw, OH, OW) >= 1 and min(ph, pw) >= 0
    except (TypeError, ValueError, ZeroDivisionError):
        fits = False
    if not fits:
        raise ShapeError(
            "windows expect images (N, H, W, C) as large as the kernel, and kernel >= "
            "1, stride >= 1 and pad >= 0 as whole numbers (height, width), got "
            f"{x_shape}, {kernel}, {stride} and {pad}"
        )
    return OH, OW


@primitive
def im2col(x, kernel, stride, pad):
    """cols[(n, i, j), (u, v, c)] = x[n, i sh + u - ph, j sw + v - pw, c], 0 outside x

    (N, H, W, C) -> (N OH OW, kh kw C): row (n, i, j) is the window of sample n whose
    corner is at (i sh - ph, j sw - pw).
    """
    OH, OW = windows_of(getattr(x, "shape", x), kernel, stride, pad)
    N, H, W, C = x.shape
    xp, (kh, kw), (sh, sw), (ph, pw) = get_xp(x), kernel, stride, pad
    padded = xp.zeros((N, H + 2 * ph, W + 2 * pw, C), x.dtype)
    padded[:, ph : ph + H, pw : pw + W] = x
    cols = xp.empty((N, OH, OW, kh, kw, C), x.dtype)
    for u, v in itertools.product(range(kh), range(kw)):
        rows, columns = slice(u, u + sh * OH, sh), slice(v, v + sw * OW, sw)
        cols[:, :, :, u, v] = padded[:, rows, columns]  # eq: im2col
    return cols.reshape(N * OH * OW, kh * kw * C)


@primitive
def col2im(cols, x_shape, kernel, stride, pad):
    """x[n, i sh + u - ph, j sw + v - pw, c] += cols[(n, i, j), (u, v, c)]

    The adjoint of im2col, (N OH OW, kh kw C) -> (N, H, W, C) = x_shape. Entries of
    windows that overlap add up. ShapeError for columns of another shape.
    """
    OH, OW = windows_of(x_shape, kernel, stride, pad)
    N, H, W, C = x_shape
    xp, (kh, kw), (sh, sw), (ph, pw) = get_xp(cols), kernel, stride, pad
    if cols.shape != (N * OH * OW, kh * kw * C):
        raise ShapeError(
            f"col2im expects {(N * OH * OW, kh * kw * C)}, got {cols.shape}"
        )
    cols = cols.reshape(N, OH, OW, kh, kw, C)
    padded = xp.zeros((N, H + 2 * ph, W + 2 * pw, C), cols.dtype)
    for u, v in itertools.product(range(kh), range(kw)):
        rows, columns = slice(u, u + sh * OH, sh), slice(v, v + sw * OW, sw)
        padded[:, rows, columns] += cols[:, :, :, u, v]  # eq: col2im
    return padded[:, ph : ph + H, pw : pw + W]


class Correlation:
    """The linear map A: x -> x * W for images of one shape, with its adjoint.

    W: (kh, kw, C_in, C_out)      x_shape: (H, W, C_in), without the batch
    x: (N, H, W, C_in)      y: (N, OH, OW, C_out)
    """

    def __init__(self, W, x_shape: tuple, stride: tuple, pad: tuple):
        self.W, self.x_shape = W, tuple(x_shape)
        self.windows = W.shape[:2], stride, pad
        axes = zip(x_shape[:2], *self.windows, strict=True)
        self.y_shape = (*(conv_size(*axis) for axis in axes), W.shape[3])

    def forward(self, x):
        """y = A x, (N, H, W, C_in) -> (N, OH, OW, C_out)"""
        y = im2col(x, *self.windows) @ as_matrix(self.W)  # eq: conv
        return y.reshape(len(x), *self.y_shape)

    def adjoint(self, dy):
        """dx = A^T dy, (N, OH, OW, C_out) -> (N, H, W, C_in)"""
        dcols = as_matrix(dy) @ as_matrix(self.W).T  # eq: conv-dx
        return col2im(dcols, (len(dy), *self.x_shape), *self.windows)

    def weight_grad(self, x, dy):
        """dW of y = A x, from x (N, H, W, C_in) and dy (N, OH, OW, C_out)."""
        dW = im2col(x, *self.windows).T @ as_matrix(dy)  # eq: conv-dW
        return dW.reshape(self.W.shape)


class GroupedCorrelation(Correlation):
    """The same for channels in G groups: group i of y sees group i of x alone.

    W: (kh, kw, C_in/G, C_out)      x_shape: (H, W, C_in), without the batch
    x: (N, H, W, C_in)      y: (N, OH, OW, C_out)

    The groups of x stand before its samples, as if they were samples too. So im2col
    serves all groups at once, and `@` multiplies group by group.
    """

    def __init__(self, W, x_shape: tuple, stride: tuple, pad: tuple):
        super().__init__(W, x_shape, stride, pad)
        self.G = x_shape[2] // W.shape[2]

    def cols(self, x):
        """(N, H, W, C_in) -> (G, N OH OW, kh kw C_in/G)"""
        x = apart(x, self.G)
        cols = im2col(x.reshape(-1, *x.shape[2:]), *self.windows)
        return cols.reshape(self.G, -1, cols.shape[1])

    def forward(self, x):
        y = self.cols(x) @ apart(as_matrix(self.W), self.G)  # eq: groups
        return together(y).reshape(len(x), *self.y_shape)

    def adjoint(self, dy):
        U, (H, W, C) = apart(as_matrix(self.W), self.G), self.x_shape
        dcols = apart(as_matrix(dy), self.G) @ U.swapaxes(1, 2)  # eq: groups-dx
        many = self.G * len(dy), H, W, C // self.G
        dx = col2im(as_matrix(dcols), many, *self.windows)
        return together(dx.reshape(self.G, len(dy), *many[1:]))

    def weight_grad(self, x, dy):
        dy = apart(as_matrix(dy), self.G)
        dW = self.cols(x).swapaxes(1, 2) @ dy  # eq: groups-dW
        return together(dW).reshape(self.W.shape)


@primitive
def correlation(W, x_shape, stride, pad):
    """The map x -> x * W for images x (N, *x_shape), as `Correlation` describes it; in
    groups, if x has more channels than W takes.
    """
    grouped = x_shape[2] > W.shape[2]
    return (GroupedCorrelation if grouped else Correlation)(W, x_shape, stride, pad)


def as_matrix(a):
    """(..., C) -> (M, C): every position of an image, or of a kernel, is a row."""
    return a.reshape(-1, a.shape[-1])


def apart(a, G: int):
    """(..., C) -> (G, ..., C/G): a view of the G groups of channels, one by one."""
    n = a.ndim - 1
    a = a.reshape(*a.shape[:-1], G, a.shape[-1] // G)
    return a.transpose(n, *range(n), n + 1)


def together(a):
    """(G, ..., C/G) -> (..., C): the groups side by side, the inverse of `apart`."""
    a = a.transpose(*range(1, a.ndim - 1), 0, a.ndim - 1)
    return a.reshape(*a.shape[:-2], a.shape[-2] * a.shape[-1])

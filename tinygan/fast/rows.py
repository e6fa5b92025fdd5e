"""A convolution of stride 1 whose windows are kh matrices where they lie in memory.

im2col copies each number of a 3x3 window's image nine times. With few channels this
takes longer than the products. Here an image is copied once, with its zeros, row after
row. Then a window is kh runs of kw pixels, one in each of its rows, and

    y = sum_{u < kh} V_u W[u],        V_u: the runs in the u-th row of each window

Runs of windows that are kw places apart do not overlap. So, as in interleaved.py, the
runs r, r + kw, r + 2 kw, ... of V_u are the rows of a matrix that needs no copy, and
V_u is V_0, moved by u rows of the image.
"""

import numpy as np

from .scheme import Windows

NUMBERS = 1 << 16  # of x and y that are worked on at a time
RUN = 96  # numbers of a run, at most: with more of them the products take most time
LONG = 12  # outputs along a row, at least: for fewer im2col is as fast


def suits(windows: Windows) -> bool:
    """True if the windows move by one pixel along both axes, and have so few channels
    that this scheme is likely to be faster.
    """
    (kh, kw), stride, pad = windows.windows
    fits = tuple(stride) == (1, 1) and min(kh, kw) > 1 and pad[0] < kh and pad[1] < kw
    C = windows.x_shape[2]
    return fits and 1 < C <= RUN // kw and windows.places[1] >= LONG


class Rows(Windows):
    """For stride 1, a kernel of two pixels or more along both axes, and less padding
    than the kernel has pixels.

    The zeros between two rows serve both, and so do those between two samples. Some
    windows reach from one row or sample into the next, and their outputs are dropped.
    """

    size = NUMBERS

    def numbers(self):
        """How many numbers of x and y one sample has, padding included."""
        (kh, kw), _, (ph, pw) = self.windows
        H, width, C = self.x_shape
        self.width, self.height = width + pw, H + ph  # from one row, sample to the next
        self.m, self.below = kw, (kh - 1) * self.width  # places from V_0 to V_(kh-1)
        return self.height * self.width * (C + self.W.shape[3])

    def rows(self, n: int) -> int:
        """How many rows each of the m matrices of V_u has for n samples."""
        OH, OW = self.places
        last = ((n - 1) * self.height + OH - 1) * self.width + OW - 1
        return last // self.m + 1

    def laid(self, a, first: tuple, more: int):
        """The images of a (n, h, w, C) row after row, (places, C), and `more` places.
        The first pixel of a sample is at the place `first` (row, column).
        """
        n, h, w, C = a.shape
        i, j = first
        whole = n * self.height * self.width
        laid = np.zeros((max(self.m * self.rows(n) + more, whole), C), a.dtype)
        images = laid[:whole].reshape(n, self.height, self.width, C)
        images[:, i : i + h, j : j + w] = a
        return laid

    def runs(self, places, n: int, pixels: int):
        """A view (m, rows, pixels * C): view[r, i] begins at place r + m i."""
        place, number = places.strides
        shape = self.m, self.rows(n), pixels * places.shape[1]
        strides = place, self.m * place, number
        return np.ndarray(shape, places.dtype, places, 0, strides)

    def B(self, x):
        """(n, H, W, C) -> V, (kh, m, rows, kw C)."""
        kh, pad = self.W.shape[0], self.windows[2]
        places = self.laid(x, pad, self.below + self.m)
        V = self.runs(places, len(x), self.m)
        shape, down = (kh, *V.shape), self.width * places.strides[0]
        return np.ndarray(shape, x.dtype, places, 0, (down, *V.strides))

    def A_adjoint(self, dy):
        """(n, OH, OW, C_out) -> (m, rows, C_out), with 0 for windows to be dropped."""
        return self.runs(self.laid(dy, (0, 0), 0), len(dy), 1)

    def G(self, W):
        """(kh, kw, C_in, C_out) -> (kh, kw C_in, C_out)"""
        return W.reshape(len(W), -1, W.shape[3])

    def G_adjoint(self, dU):
        """(kh, m, kw C_in, C_out) -> (kh, kw, C_in, C_out): the sum of m products."""
        return dU.sum(axis=1).reshape(self.W.shape)

    def A_of_product(self, V, U, y):
        """y = sum_u V_u U_u, written into y, (n, OH, OW, C_out)."""
        n, OH, OW, C_out = y.shape
        whole = n * self.height * self.width
        places = max(self.m * self.rows(n), whole)
        out, more = np.empty((2, places, C_out), y.dtype)
        np.matmul(V[0], U[0], out=self.runs(out, n, 1))
        runs = self.runs(more, n, 1)
        with np.errstate(all="ignore"):  # as in a product of matrices
            for V_u, U_u in zip(V[1:], U[1:], strict=True):
                np.matmul(V_u, U_u, out=runs)
                out += more  # eq: rows
        images = out[:whole].reshape(n, self.height, self.width, C_out)
        y[...] = images[:, :OH, :OW]

    def adjoint(self, dy, x=None, dW=None):
        """dx = A^T dy, (N, OH, OW, C_out) -> (N, H, W, C_in): a convolution of dy with
        the kernel turned round. With x and dW, also dW += d<A x, dy>/dW.
        """
        if dW is not None:
            dW += self.weight_grad(x, dy)
        (kh, kw), stride, (ph, pw) = self.windows
        margin = kh - 1 - ph, kw - 1 - pw
        return Rows(self.turned(), self.y_shape, stride, margin).forward(dy)

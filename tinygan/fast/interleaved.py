"""A convolution along one axis whose windows are matrices where they lie in memory.

im2col copies the windows because they overlap: with a kernel of 25 and a stride of 4 it
copies each number six times. But windows that are far apart do not overlap. Let m be
k/s, rounded up, and let a block be s neighbouring places. A window begins with a block
and reaches over m blocks, so window i and window i + m have none in common. Hence the
windows r, r + m, r + 2m, ... are the rows of a matrix that needs no copy, and so m
products of matrices, for r < m, make all outputs.

The adjoint, too, is a convolution of this kind: of dy, with stride 1, where each output
is a block of dx. With W = 0 beyond the kernel, block j of dx is

    dx[j s : j s + s] = sum_{b < m} dy[j - b] W[b s : b s + s]^T

so no columns have to be added up.
"""

import numpy as np

from .scheme import Windows

NUMBERS = 1 << 18  # of x and y that are worked on at a time
LONG = 4  # times m: for fewer outputs im2col is as fast


def suits(windows: Windows) -> bool:
    """True if these windows lie along one axis and overlap, and there are so many that
    this scheme is likely to be faster.
    """
    (kh, k), (_, s), (ph, _) = windows.windows
    along = windows.x_shape[0] == kh == 1 and ph == 0
    return along and k > s and windows.places[1] >= LONG * -(-k // s)


class Interleaved(Windows):
    """For W (1, k, C_in, C_out), images of height 1 and a padding (0, p).

    The samples of a chunk lie one behind the other as blocks. The zeros between two of
    them serve both. Some windows reach from one sample into the next, and their outputs
    are dropped.
    """

    size = NUMBERS

    def numbers(self):
        """How many numbers of x and y one sample has, padding included."""
        (_, k), (_, s), (_, p) = self.windows
        T, OT, C = self.x_shape[1], self.places[1], self.x_shape[2]
        self.m = -(-k // s)
        data = -(-(T + p) // s)  # blocks, with the zeros before x
        end = max(data, OT + self.m - 1)
        spare = min(p // s, end - data)  # zeros after a sample serve the next one, too
        self.pitch = max(end - spare, OT)  # blocks from one sample to the next
        return self.pitch * (s * C + self.W.shape[3])

    def rows(self, n: int) -> int:
        """How many rows each of the m matrices has for n samples."""
        return -(-((n - 1) * self.pitch + self.places[1]) // self.m)

    def laid(self, a, width: int, first: int):
        """The samples of a (n, 1, T, C) as blocks of `width` numbers. The numbers of a
        sample begin with its first-th one.
        """
        n, _, T, C = a.shape
        blocks = max((self.rows(n) + 1) * self.m - 1, n * self.pitch)
        laid = np.zeros((blocks, width), a.dtype)
        samples = laid[: n * self.pitch].reshape(n, -1, C)
        samples[:, first : first + T] = a[:, 0]
        return laid

    def interleaved(self, blocks, n: int, width: int):
        """A view (m, rows, width): view[r, i] begins with block r + m i."""
        row, number = blocks.strides
        shape, strides = (self.m, self.rows(n), width), (row, self.m * row, number)
        return np.lib.stride_tricks.as_strided(blocks, shape, strides)

    def B(self, x):
        """(n, 1, T, C) -> (m, rows, k C): the windows r, r + m, ... for each r < m."""
        (_, k), (_, s), (_, p) = self.windows
        C = self.x_shape[2]
        return self.interleaved(self.laid(x, s * C, p), len(x), k * C)

    def A_adjoint(self, dy):
        """(n, 1, OT, C_out) -> (m, rows, C_out), and 0 for windows that are dropped."""
        C_out = dy.shape[3]
        return self.interleaved(self.laid(dy, C_out, 0), len(dy), C_out)

    def G_adjoint(self, dU):
        """(m, k C_in, C_out) -> (1, k, C_in, C_out): the sum of m products."""
        return dU.sum(axis=0).reshape(self.W.shape)

    def A_of_product(self, V, U, y):
        """y = V U, written into y, (n, 1, OT, C_out)."""
        y[:, 0] = self.outputs(V, U, len(y))

    def outputs(self, V, U, n: int):
        """V U as a view (n, OT, C_out)."""
        C_out, total = U.shape[1], self.m * self.rows(n)
        out = np.empty((max(total, n * self.pitch), C_out), np.result_type(V, U))
        np.matmul(V, U, out=self.interleaved(out, n, C_out))
        return out[: n * self.pitch].reshape(n, self.pitch, C_out)[:, : self.places[1]]

    def adjoint(self, dy, x=None, dW=None):
        """dx = A^T dy, (N, 1, OT, C_out) -> (N, 1, T, C_in). With x and dW, also
        dW += d<A x, dy>/dW.
        """
        if dW is not None:
            dW += self.weight_grad(x, dy)
        p, (_, T, C) = self.pad[1], self.x_shape
        A = Interleaved(self.turned(), self.y_shape, (1, 1), (0, self.m - 1))
        dx = np.empty((len(dy), 1, T, C), np.result_type(dy, self.U.dtype))
        for n in self.chunks(dy):
            blocks = A.outputs(A.B(dy[n]), A.U, len(dy[n]))  # eq: interleaved-dx
            inside = blocks.reshape(len(blocks), -1, C)[:, p : p + T]
            dx[n, 0, : inside.shape[1]] = inside
            dx[n, 0, inside.shape[1] :] = 0  # places that no window reaches
        return dx

    def turned(self):
        """The kernel of the adjoint, (1, m, C_out, s C_in)."""
        (_, k), (_, s), _ = self.windows
        C, C_out = self.W.shape[2:]
        W = np.zeros((self.m * s * C, C_out), self.W.dtype)
        W[: k * C] = self.U
        W = W.reshape(self.m, s * C, C_out)[::-1].swapaxes(1, 2)
        return np.ascontiguousarray(W)[None]

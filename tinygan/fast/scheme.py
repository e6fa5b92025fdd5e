"""The frame of a fast convolution: three linear maps, one chunk of a batch at a time.

Every scheme consists of three linear maps: B of x, G of W, and A of the product of
both matrices. So the adjoint and dW consist of their adjoints:

    y = A(B(x) G(W))      dx = B^T(A^T(dy) G(W)^T)      dW = G^T(B(x)^T A^T(dy))

In `Windows`, the plain scheme, B is im2col, and A and G only reshape. `Winograd`
(winograd.py) needs fewer products. A batch is worked on in chunks, so that B(x) of a
chunk stays in the cache.
"""

import math

import numpy as np

from ..layers.correlation import (
    Correlation,
    apart,
    as_matrix,
    col2im,
    im2col,
    together,
)

COLUMNS = 1 << 18  # how many numbers of a batch's columns are worked on at a time


class Scheme(Correlation):
    """`Correlation`, computed by B, G and A.

    It is made in a forward pass and lives in that pass's cache. There it keeps two
    results for the other passes of the batch: U = G(W), and, if the batch is a single
    chunk, what the forward pass made of its input.
    """

    size = COLUMNS  # how many numbers of B(x) are worked on at a time

    def __init__(self, W, x_shape, stride, pad):
        super().__init__(W, x_shape, stride, pad)
        self.places, self.pad = self.y_shape[:2], pad
        self.per_sample = self.numbers()
        self.U = self.G(W)
        self.input = None, None  # an array, and what the forward pass made of it

    def numbers(self) -> int:
        """How many numbers B makes of one sample."""
        raise TypeError(f"{type(self).__name__} does not define numbers()")

    def B(self, x):
        """(n, H, W, C_in) -> a matrix, or a stack of matrices."""
        raise TypeError(f"{type(self).__name__} does not define B(x)")

    def B_adjoint(self, dV, dx):
        """The adjoint of B, written into dx, (n, H, W, C_in)."""
        raise TypeError(f"{type(self).__name__} does not define B_adjoint(dV, dx)")

    def G(self, W):
        """(kh, kw, C_in, C_out) -> a matrix, or a stack of matrices."""
        raise TypeError(f"{type(self).__name__} does not define G(W)")

    def G_adjoint(self, dU):
        """The adjoint of G: (kh, kw, C_in, C_out)."""
        raise TypeError(f"{type(self).__name__} does not define G_adjoint(dU)")

    def A_of_product(self, V, U, y):
        """A(V U), written into y, (n, OH, OW, C_out)."""
        raise TypeError(f"{type(self).__name__} does not define A_of_product(V, U, y)")

    def A_adjoint(self, dy):
        """The adjoint of A, of dy (n, OH, OW, C_out)."""
        raise TypeError(f"{type(self).__name__} does not define A_adjoint(dy)")

    def forward(self, x, dy=None, dW=None):
        """y = A x, (N, H, W, C_in) -> (N, OH, OW, C_out). With dy and dW, also
        dW += d<A x, dy>/dW: B(x) serves both.
        """
        y = np.empty((len(x), *self.y_shape), np.result_type(x, self.U.dtype))
        for n in self.chunks(x):
            V = self._B(x, n)
            if dW is not None:
                dW += self.G_adjoint(transposed(V) @ self._A_adjoint(dy, n))
            self.A_of_product(V, self.U, y[n])  # eq: frame
        return y

    def adjoint(self, dy, x=None, dW=None):
        """dx = A^T dy, (N, OH, OW, C_out) -> (N, H, W, C_in). With x and dW, also
        dW += d<A x, dy>/dW: the adjoint of A serves both.
        """
        dx = np.empty((len(dy), *self.x_shape), np.result_type(dy, self.U.dtype))
        for n in self.chunks(dy):
            T = self._A_adjoint(dy, n)
            if dW is not None:
                dW += self.G_adjoint(transposed(self._B(x, n)) @ T)
            self.B_adjoint(T @ transposed(self.U), dx[n])  # eq: frame-dx
        return dx

    def weight_grad(self, x, dy):
        dW = np.zeros(self.W.shape, np.result_type(x, dy))
        for n in self.chunks(x):
            product = transposed(self._B(x, n)) @ self._A_adjoint(dy, n)
            dW += self.G_adjoint(product)  # eq: frame-dW
        return dW

    def chunks(self, a) -> list[slice]:
        """Slices of the batch a (N, ...): B of each has about `size` numbers."""
        step = max(1, self.size // self.per_sample)
        return [slice(i, i + step) for i in range(0, len(a), step)]

    def _B(self, x, n: slice):
        return self._kept(self.B, x, n)

    def _A_adjoint(self, dy, n: slice):
        return self._kept(self.A_adjoint, dy, n)

    def _kept(self, f, a, n: slice):
        """f(a[n]). The forward result is kept, if a[n] is the whole batch."""
        array, made = self.input
        if array is a:
            return made
        made = f(a[n])
        if array is None and len(a[n]) == len(a):
            self.input = a, made
        return made


class Windows(Scheme):
    """B is im2col, A and G only reshape.

    With a stride of 1 the adjoint is a convolution as well, with the kernel turned
    round. Its im2col copies in less time than col2im adds.
    """

    def adjoint(self, dy, x=None, dW=None):
        """dx = A^T dy, (N, OH, OW, C_out) -> (N, H, W, C_in). With x and dW, also
        dW += d<A x, dy>/dW.
        """
        kernel, stride, pad = self.windows
        margin = tuple(k - 1 - p for k, p in zip(kernel, pad, strict=True))
        few = self.W.shape[3] <= 2 * self.x_shape[2]  # or the columns of dy are many
        if not few or tuple(stride) != (1, 1) or min(margin) < 0:
            return super().adjoint(dy, x, dW)
        if dW is not None:
            dW += self.weight_grad(x, dy)
        return type(self)(self.turned(), self.y_shape, stride, margin).forward(dy)

    def turned(self):
        """The kernel of the adjoint, W[-u, -v] with C_in and C_out exchanged: (kh, kw,
        C_out/groups, C_in).
        """
        W = apart(self.W, self.x_shape[2] // self.W.shape[2])
        return together(W[:, ::-1, ::-1].swapaxes(3, 4))

    def numbers(self):
        """How many numbers the windows of one sample have."""
        return math.prod(self.places) * math.prod(self.W.shape[:3])

    def B(self, x):
        """(n, H, W, C_in) -> (n OH OW, kh kw C_in)"""
        return im2col(x, *self.windows)

    def B_adjoint(self, dV, dx):
        """(n OH OW, kh kw C_in) -> dx, (n, H, W, C_in)."""
        dx[...] = col2im(dV, dx.shape, *self.windows)

    def G(self, W):
        """(kh, kw, C_in, C_out) -> (kh kw C_in, C_out)"""
        return as_matrix(W)

    def G_adjoint(self, dU):
        """(kh kw C_in, C_out) -> (kh, kw, C_in, C_out)"""
        return dU.reshape(self.W.shape)

    def A_of_product(self, V, U, y):
        """y = V U, written into y, (n, OH, OW, C_out)."""
        np.matmul(V, U, out=as_matrix(y))

    def A_adjoint(self, dy):
        """(n, OH, OW, C_out) -> (n OH OW, C_out)"""
        return as_matrix(dy)


def transposed(V):
    """The transpose of a matrix, or of each matrix in a stack (m, rows, columns)."""
    return V.swapaxes(-1, -2)

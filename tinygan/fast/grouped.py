"""The scheme of a convolution whose channels are in groups.

B makes a stack of matrices, the windows of each group, and G and A take the groups of W
and y apart and together. So a chunk of the batch stays in the cache for all groups, and
the windows of x and the groups of dy each serve two maps.
"""

import math

from ..layers.correlation import apart, as_matrix, col2im, im2col, together
from .scheme import Windows

CHUNK = 1 << 18  # how many numbers of a batch's columns are worked on at a time


class GroupedWindows(Windows):
    """For W (kh, kw, C_in/groups, C_out); B is im2col of every group."""

    size = CHUNK

    def numbers(self):
        """How many numbers the windows of one sample have."""
        self.groups = self.x_shape[2] // self.W.shape[2]
        return math.prod(self.places) * math.prod(self.W.shape[:3]) * self.groups

    def B(self, x):
        """(n, H, W, C_in) -> (groups, n OH OW, kh kw C_in/groups)"""
        x = apart(x, self.groups)
        cols = im2col(x.reshape(-1, *x.shape[2:]), *self.windows)
        return cols.reshape(self.groups, -1, cols.shape[1])

    def B_adjoint(self, dV, dx):
        """(groups, n OH OW, kh kw C_in/groups) -> dx, (n, H, W, C_in)."""
        view = apart(dx, self.groups)
        shape = (self.groups * len(dx), *view.shape[2:])
        view[...] = col2im(as_matrix(dV), shape, *self.windows).reshape(view.shape)

    def G(self, W):
        """(kh, kw, C_in/groups, C_out) -> (groups, kh kw C_in/groups, C_out/groups)"""
        return apart(as_matrix(W), self.groups)

    def G_adjoint(self, dU):
        """(groups, kh kw C_in/groups, C_out/groups) -> (kh, kw, C_in/groups, C_out)"""
        return together(dU).reshape(self.W.shape)

    def A_of_product(self, V, U, y):
        """y = V U, written into y, (n, OH, OW, C_out)."""
        apart(as_matrix(y), self.groups)[...] = V @ U

    def A_adjoint(self, dy):
        """(n, OH, OW, C_out) -> (groups, n OH OW, C_out/groups)"""
        return apart(as_matrix(dy), self.groups)

"""Convolutions of channels in groups: im2col and col2im of all groups, one launch each.

The columns of group g are rows of their own, as `GroupedCorrelation` has them. But its
`im2col` reads a copy in which the groups stand before the samples, and `col2im` writes
one. These kernels read and write the image as it lies.
"""

import math

from ...layers.correlation import (
    Correlation,
    GroupedCorrelation,
    apart,
    as_matrix,
    together,
)
from ...ops import get_xp
from .. import twin
from .launch import Kernel, block_for, blocks, usable

# C is the number of channels of a group. A row of an image has W G C numbers.
IM2COL_GROUPS = Kernel("""
extern "C" __global__ void im2col_groups(IN x, OUT cols, int N, int H, int W, int G,
        int C, int OH, int OW, int kh, int kw, int sh, int sw, int ph, int pw)
{
    OVER(int, gn, G * N, z) OVER(int, p, OH * OW, y) {
        int g = gn / N, n = gn % N, i = p / OW, j = p % OW;
        IN image = x + ((long long)n * H * W * G + g) * C;
        OUT row = cols + ((long long)gn * OH * OW + p) * kh * kw * C;
        OVER(int, k, kh * kw * C, x) {
            int h = i * sh - ph + k / (kw * C), w = j * sw - pw + k / C % kw;
            bool inside = 0 <= h && h < H && 0 <= w && w < W;
            row[k] = inside ? image[((long long)h * W + w) * G * C + k % C] : 0;
        }
    }
}
""")

COL2IM_GROUPS = Kernel("""
extern "C" __global__ void col2im_groups(IN cols, OUT x, int N, int H, int W, int G,
        int C, int OH, int OW, int kh, int kw, int sh, int sw, int ph, int pw)
{
    OVER(int, n, N, z) OVER(int, h, H, y) OVER(int, k, W * G * C, x) {
        int w = k / (G * C), g = k / C % G, c = k % C;
        IN image = cols + (long long)(g * N + n) * OH * OW * kh * kw * C + c;
        REAL sum = 0;
        int i = (h + ph) / sh, u = (h + ph) % sh;    // i sh - ph + u = h
        for (; u < kh; u += sh, --i) {
            int j = (w + pw) / sw, v = (w + pw) % sw;
            for (; v < kw; v += sw, --j)
                if (0 <= i && i < OH && 0 <= j && j < OW)
                    sum += image[((((long long)i * OW + j) * kh + u) * kw + v) * C];
        }
        x[((long long)n * H + h) * W * G * C + k] = sum;
    }
}
""")


@twin("cuda")
def correlation(W, x_shape, stride, pad):
    """`Groups` for channels in groups; else `Correlation`, whose im2col has a twin."""
    kind = Groups if x_shape[2] > W.shape[2] else Correlation
    return kind(W, x_shape, stride, pad)


class Groups(GroupedCorrelation):
    """A GroupedCorrelation on a GPU: the same maps, with fewer copies."""

    def cols(self, x):
        """(N, H, W, C_in) -> (G, N OH OW, kh kw C_in/G)"""
        if not usable(x):
            return super().cols(x)
        xp, (OH, OW, _) = get_xp(x), self.y_shape
        positions, columns = OH * OW, math.prod(self.W.shape[:3])
        cols = xp.empty((self.G, len(x) * positions, columns), x.dtype)
        width, height = block_for(columns)
        across = blocks(columns, 4 * width), blocks(positions, height)
        grid = (*across, blocks(self.G * len(x), 1))
        x = xp.ascontiguousarray(x)
        IM2COL_GROUPS(grid, (width, height), x, cols, *self.sizes(len(x)))
        return cols

    def adjoint(self, dy):
        if not usable(dy, self.W):
            return super().adjoint(dy)
        U = apart(as_matrix(self.W), self.G)
        dcols = apart(as_matrix(dy), self.G) @ U.swapaxes(1, 2)
        N, (H, W, C) = len(dy), self.x_shape
        dx = get_xp(dy).empty((N, H, W, C), dy.dtype)
        width, height = block_for(W * C)
        grid = (blocks(W * C, width), blocks(H, height), blocks(N, 1))
        COL2IM_GROUPS(grid, (width, height), dcols, dx, *self.sizes(N))
        return dx

    def weight_grad(self, x, dy):
        """dW^T = dy^T cols: a stack that cuBLAS takes has to lie as it is, so the
        smaller factor is the one that is transposed.
        """
        dy_T = apart(as_matrix(dy), self.G).swapaxes(1, 2)  # (G, C_out/G, N OH OW)
        dW = (dy_T @ self.cols(x)).swapaxes(1, 2)  # (G, kh kw C_in/G, C_out/G)
        return together(dW).reshape(self.W.shape)

    def sizes(self, N: int) -> tuple:
        """What both kernels take, N to pw."""
        (kh, kw, C, _), (H, W, _) = self.W.shape, self.x_shape
        OH, OW, _ = self.y_shape
        _, stride, pad = self.windows
        return N, H, W, self.G, C, OH, OW, kh, kw, *stride, *pad

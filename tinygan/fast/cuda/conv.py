"""im2col and its adjoint col2im, one launch each.

With the channels last, a row of an image is a run of W C numbers, and a row of a window
is a run of kw C numbers. The next window begins sw C further on. So the kernels count
along a row in numbers, not in pixels: `width` = W C, `run` = kw C, `step` = sw C,
`margin` = pw C, and C itself drops out.
"""

import math

from ...ops import get_xp
from .. import twin
from .launch import Kernel, block_for, blocks, usable

IM2COL = Kernel("""
extern "C" __global__ void im2col(IN x, OUT cols, int N, int H, int width, int OH,
        int OW, int kh, int run, int sh, int step, int ph, int margin)
{
    OVER(int, n, N, z) OVER(int, p, OH * OW, y) {
        int i = p / OW, j = p % OW;
        IN image = x + (long long)n * H * width;
        OUT row = cols + ((long long)n * OH * OW + p) * kh * run;
        OVER(int, k, kh * run, x) {
            int a = k / run, r = k % run;
            int h = i * sh - ph + a, w = j * step - margin + r;
            bool inside = 0 <= h && h < H && 0 <= w && w < width;
            row[k] = inside ? image[(long long)h * width + w] : 0;
        }
    }
}
""")

COL2IM = Kernel("""
extern "C" __global__ void col2im(IN cols, OUT x, int N, int H, int width, int OH,
        int OW, int kh, int run, int sh, int step, int ph, int margin)
{
    OVER(int, n, N, z) OVER(int, h, H, y) OVER(int, w, width, x) {
        IN image = cols + (long long)n * OH * OW * kh * run;
        int first = (w + margin) / step, rest = (w + margin) % step;
        int i = (h + ph) / sh, a = (h + ph) % sh;    // i sh - ph + a = h
        REAL sum = 0;
        for (; a < kh; a += sh, --i)
            for (int r = rest, j = first; r < run; r += step, --j)
                if (0 <= i && i < OH && 0 <= j && j < OW)
                    sum += image[(((long long)i * OW + j) * kh + a) * run + r];
        x[((long long)n * H + h) * width + w] = sum;
    }
}
""")


@twin("cuda")
def im2col(x, kernel, stride, pad):
    """(N, H, W, C) -> (N OH OW, kh kw C); a thread copies entries."""
    if not usable(x):
        return NotImplemented
    xp = get_xp(x)
    N, _, _, C = x.shape
    sizes, (OH, OW) = geometry(x.shape, kernel, stride, pad)
    columns = math.prod(kernel) * C
    cols = xp.empty((N * OH * OW, columns), x.dtype)
    width, height = block_for(columns)
    grid = (
        blocks(columns, 4 * width),  # four numbers to a thread, which finds (i, j) once
        blocks(OH * OW, height),
        blocks(N, 1),
    )
    IM2COL(grid, (width, height), xp.ascontiguousarray(x), cols, *sizes)
    return cols


@twin("cuda")
def col2im(cols, x_shape, kernel, stride, pad):
    """(N OH OW, kh kw C) -> (N, H, W, C) = x_shape.

    One thread for each channel of a pixel gathers from the windows that cover it, in
    the order of (u, v), so the sum is the same every time.
    """
    if not usable(cols):
        return NotImplemented
    xp = get_xp(cols)
    N, H, W, C = x_shape
    sizes, (OH, OW) = geometry(x_shape, kernel, stride, pad)
    cols = xp.ascontiguousarray(cols).reshape(N * OH * OW, math.prod(kernel) * C)
    x = xp.empty(x_shape, cols.dtype)
    width, height = block_for(W * C)
    grid = (blocks(W * C, width), blocks(H, height), blocks(N, 1))
    COL2IM(grid, (width, height), cols, x, *sizes)
    return x


def geometry(x_shape, kernel, stride, pad):
    """The sizes that both kernels take, N to margin, and (OH, OW)."""
    (kh, kw), (sh, sw), (ph, pw) = kernel, stride, pad
    N, H, W, C = x_shape
    OH, OW = (H + 2 * ph - kh) // sh + 1, (W + 2 * pw - kw) // sw + 1
    return (N, H, W * C, OH, OW, kh, kw * C, sh, sw * C, ph, pw * C), (OH, OW)

"""Sums over all axes but the last, in two launches.

A block takes a strip of columns and a slice of the rows: its threads go down the rows,
neighbours reading neighbouring columns, and then add up their sums in shared memory,
two and two. A second launch adds up the slices. The order of the additions is fixed, so
the result is the same every time; and the chains of roundings are short.
"""

from ...ops import get_xp
from .. import twin
from .launch import (
    Kernel,
    as_rows,
    block_for,
    blocks,
    same_shape,
    usable,
)

STRIP = 512  # threads of a block
FILL = 512  # blocks of that many threads keep the largest GPUs busy

# How two partial results become one.
MERGE = """
struct Pair { REAL s, t; };
struct Moments { REAL n, mean, M2; };    // M2 = the sum of (x - mean)^2

__device__ REAL merge(REAL a, REAL b) { return a + b; }
__device__ Pair merge(Pair a, Pair b) { return {a.s + b.s, a.t + b.t}; }
__device__ Moments merge(Moments a, Moments b)
{
    REAL n = a.n + b.n, part = b.n > 0 ? b.n / n : 0, d = b.mean - a.mean;
    return {n, a.mean + d * part, a.M2 + b.M2 + d * d * a.n * part};
}
"""

# `total(mine)` merges what the threads of each column hold, into row 0 of the block.
BLOCK_TOTAL = (
    MERGE
    + """
template <class T> __device__ T total(T mine)
{
    __shared__ T all[STRIP];
    int me = threadIdx.y * blockDim.x + threadIdx.x;
    all[me] = mine;
    for (int rows = blockDim.y / 2; rows > 0; rows /= 2) {
        __syncthreads();
        if (threadIdx.y < rows)
            all[me] = merge(all[me], all[me + rows * blockDim.x]);
    }
    return all[me];
}
""".replace("STRIP", str(STRIP))
)

COLUMN_SUM = Kernel(
    BLOCK_TOTAL
    + """
extern "C" __global__ void column_sum(IN a, OUT sums, long long M, int C)
{
    int c = blockIdx.x * blockDim.x + threadIdx.x;
    REAL sum = 0;
    if (c < C) OVER(long long, row, M, y) sum += a[row * C + c];
    sum = total(sum);
    if (c < C && threadIdx.y == 0) sums[blockIdx.y * C + c] = sum;
}
"""
)

CHANNEL_SUMS = Kernel(
    BLOCK_TOTAL
    + """
extern "C" __global__ void channel_sums(IN a, IN b, OUT sums, long long M, int C)
{
    int c = blockIdx.x * blockDim.x + threadIdx.x;
    Pair sum = {0, 0};
    if (c < C) OVER(long long, row, M, y) {
        sum.s += a[row * C + c];
        sum.t += a[row * C + c] * b[row * C + c];
    }
    sum = total(sum);
    if (c < C && threadIdx.y == 0) {
        sums[2 * blockIdx.y * C + c] = sum.s;
        sums[(2 * blockIdx.y + 1) * C + c] = sum.t;
    }
}
"""
)


@twin("cuda")
def column_sum(a):
    """s[c] = sum_n a[n, c], (N, ..., C) -> (C,), in two launches."""
    if not usable(a):
        return NotImplemented
    rows = as_rows(a)  # (M, C)
    xp, (M, C) = get_xp(a), rows.shape
    (across, slices), block = strips(M, C)
    sums = xp.empty((slices, C), a.dtype)
    COLUMN_SUM((across, slices), block, rows, sums, M, C)
    if slices == 1:
        return sums.reshape(C)
    total = xp.empty((C,), a.dtype)
    COLUMN_SUM((across, 1), block, sums, total, slices, C)
    return total


@twin("cuda")
def channel_sums(dy, x_hat):
    """s[c] = sum_n dy[n, c] x_hat[n, c] and t[c] = sum_n dy[n, c], (N, ..., C) ->
    (C,)
    """
    if not usable(dy, x_hat):
        return NotImplemented
    same_shape("channel_sums", dy.shape, x_hat.shape)
    xp, rows = get_xp(dy), as_rows(dy)  # (M, C)
    M, C = rows.shape
    grid, block = strips(M, C)
    sums = xp.empty((grid[1], 2 * C), dy.dtype)
    CHANNEL_SUMS(grid, block, rows, as_rows(x_hat), sums, M, C)
    both = sums[0] if grid[1] == 1 else column_sum(sums)
    return both[C:], both[:C]


def strips(M: int, C: int) -> tuple[tuple, tuple]:
    """Grid (strips of columns, slices of rows) and block: at least eight rows to a
    thread, and no more blocks than fill the GPU.
    """
    width, height = block_for(C, STRIP)
    across = -(-C // width)
    slices = min(blocks(M, 8 * height), max(1, FILL // across))
    return (across, slices), (width, height)

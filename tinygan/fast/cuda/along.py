"""Sums over some axes of an array, made and used within one launch.

The array is seen as (outer, m, inner), and a sum takes the m numbers of one outer and
one inner place. In a block, x goes over the inner places, z over the outer ones, and
the threads along y share the m numbers of a sum. They add their parts up in shared
memory, two and two, and then all of them know the sum. So the next lines of the kernel
use it at once, and the order of the additions is fixed.
"""

import math

from .launch import blocks
from .sums import MERGE

THREADS = 512  # most threads of a block
DEEP = 64  # most threads of a block along z: CUDA allows no more

# A kernel with `long long tiles, long long outer, int m, int inner` goes TILES(tile) by
# TILES(tile), and EACH(k, part) is the place in memory of a number of its part.
ALONG = (
    MERGE
    + """
struct Part { bool there; long long sum, at, first, end; };

__device__ Part part_of(long long tile, long long outer, int m, int inner)
{
    long long across = (inner - 1) / (int)blockDim.x + 1;    // tiles beside each other
    long long o = tile / across * blockDim.z + threadIdx.z;
    long long c = tile % across * blockDim.x + threadIdx.x, at = o * m * inner + c;
    bool there = o < outer && c < inner;    // or the tile reaches beyond the end
    return {there, o * inner + c, at, at + (long long)threadIdx.y * inner,
            there ? at + (long long)m * inner : 0};
}

#define TILES(tile)  /* as many for each thread of a block: all of them call total */ \\
    for (long long tile = blockIdx.x; tile < tiles; tile += gridDim.x)
#define EACH(k, part) \\
    for (long long k = part.first; k < part.end; k += (long long)blockDim.y * inner)

template <class T> __device__ T total(T mine)
{
    __shared__ T all[THREADS];
    int next = blockDim.x;
    int me = (threadIdx.z * blockDim.y + threadIdx.y) * next + threadIdx.x;
    all[me] = mine;
    for (int rows = blockDim.y / 2; rows > 0; rows /= 2) {
        __syncthreads();
        if (threadIdx.y < rows) all[me] = merge(all[me], all[me + rows * next]);
    }
    __syncthreads();
    T sum = all[me - threadIdx.y * next];
    __syncthreads();    // all have read it before it is overwritten
    return sum;
}
""".replace("THREADS", str(THREADS))
)


def view_of(shape: tuple, axes: tuple) -> tuple[int, int, int] | None:
    """(outer, m, inner) for sums over `axes` of an array, which are neighbours. None if
    they are not, or if a sum would have no numbers.
    """
    first, last = min(axes, default=0), max(axes, default=-1)
    if sorted(axes) != list(range(first, last + 1)) or not 0 <= first <= last:
        return None
    sizes = shape[:first], shape[first : last + 1], shape[last + 1 :]
    outer, m, inner = map(math.prod, sizes)
    return (outer, m, inner) if m else None


def over_tiles(outer: int, m: int, inner: int) -> tuple[tuple, tuple, int]:
    """Grid, block and the number of tiles. A block is 32 wide, so that a warp reads
    neighbours, unless there are fewer inner places. With one of them the threads along
    y are neighbours.
    """
    x = min(32, power(inner))
    y = min(power(m), THREADS // x)
    x = min(power(inner), THREADS // y)
    z = min(power(outer), THREADS // (x * y), DEEP)
    tiles = -(-outer // z) * -(-inner // x)
    return (blocks(tiles, 1),), (x, y, z), tiles


def power(n: int) -> int:
    """The first power of two that is n or more; 1 for n = 0."""
    return 1 << max(0, n - 1).bit_length()

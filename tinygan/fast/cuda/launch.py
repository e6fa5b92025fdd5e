"""How a kernel is compiled and launched.

Only the signature in the CUDA source says what a kernel takes. Every launch is checked
against it, because a GPU does not notice a wrong argument: it reads whatever memory it
is given.
"""

import functools
import math
import re

import numpy as np

from ...ops import get_xp

PRELUDE = """
#define REAL {real}
#define IN const REAL *__restrict__    // an array that is read
#define OUT REAL *__restrict__         // an array that is written; no two overlap
#define OVER(type, i, n, axis)  /* all i < n, shared out among an axis's threads */ \\
    for (type i = (type)blockIdx.axis * blockDim.axis + threadIdx.axis; i < n;      \\
         i += (type)gridDim.axis * blockDim.axis)
"""
SIGMOID = """
__device__ REAL sigmoid(REAL s)    // e <= 1: nothing overflows
{
    REAL e = exp(s < 0 ? s : -s);
    return (s < 0 ? e : 1) / (1 + e);
}
"""
REAL = {"f": "float", "d": "double"}
THREADS = 256  # threads of a block
MOST = 65_535  # how many blocks a grid may have along y or z
SIGNATURE = re.compile(r'extern "C" __global__ void (\w+)\(([^)]*)\)')


def usable(*arrays) -> bool:
    """Whether the kernels take these arrays: all float32 or all float64, and of a
    library that compiles CUDA. The plain code serves others (NumPy's, or complex).
    """
    if type(arrays[0]) is np.ndarray or not hasattr(get_xp(arrays[0]), "RawKernel"):
        return False
    dtypes = {a.dtype.char for a in arrays}
    return len(dtypes) == 1 and dtypes <= {*REAL}


class Kernel:
    """One `extern "C" __global__` function, written for the type REAL.

    `kernel(grid, block, *args)` launches it for the dtype of its first argument, which
    is an array. `parameters` are its (type, name) as the source has them. An array, IN
    or OUT, must be C-contiguous and of that dtype, or None for a null pointer. Numbers
    are converted to the type in the signature. Raises TypeError for any other array,
    ValueError for the wrong number of arguments, OverflowError if an int is too big.
    """

    def __init__(self, source: str):
        self.source = source
        ((self.name, parameters),) = SIGNATURE.findall(source)
        self.parameters = [
            tuple(p.strip().rsplit(" ", 1)) for p in parameters.split(",")
        ]

    def code(self, dtype) -> str:
        """The source with REAL defined: all that a compiler needs."""
        return PRELUDE.format(real=REAL[dtype.char]) + self.source

    def __call__(self, grid: tuple, block: tuple, *args) -> None:
        dtype = args[0].dtype
        numbers = {"int": np.int32, "long long": np.int64, "REAL": dtype.type}
        passed = []
        for (kind, name), value in zip(self.parameters, args, strict=True):
            if kind in numbers:
                value = numbers[kind](value)
            elif value is None:
                value = np.intp(0)
            elif value.dtype != dtype or not value.flags.c_contiguous:
                raise TypeError(
                    f"{self.name} expects {name} to be C-contiguous {dtype}, "
                    f"got {value.dtype}{value.shape} with strides {value.strides}"
                )
            passed.append(value)
        compiled(get_xp(args[0]), self, dtype)(grid, block, tuple(passed))

    def __repr__(self):
        return f"Kernel({self.name})"


@functools.cache
def compiled(xp, kernel: Kernel, dtype):
    """The launchable kernel. It is compiled at its first launch, and kept."""
    return xp.RawKernel(kernel.code(dtype), kernel.name)


def same_shape(what: str, *shapes) -> None:
    """Raises ValueError unless all the shapes are the same."""
    if len(set(shapes)) > 1:
        raise ValueError(f"{what} expects one shape, got {shapes}")


def blocks(n: int, each: int) -> int:
    """How many blocks n things need if a block takes `each` of them: 1 to MOST."""
    return max(1, min(-(-n // each), MOST))


def block_for(columns: int, threads: int = THREADS) -> tuple[int, int]:
    """A block over a matrix, (width, height). It is 32 columns wide, so that a warp
    reads neighbours, or as narrow as the matrix, rounded up to a power of two.
    """
    width = min(32, 1 << (columns - 1).bit_length())
    return width, threads // width


def as_rows(a):
    """`a` as a C-contiguous (M, C) with the channels last; copied only if need be."""
    shape = math.prod(a.shape[:-1]), a.shape[-1]
    return get_xp(a).ascontiguousarray(a).reshape(shape)


def over_rows(a) -> tuple[tuple, tuple]:
    """Grid and block for OVER(c, C, x) OVER(row, M, y), a (M, C): four rows to a
    thread. So a thread reads the numbers of its channel once for all four rows.
    """
    M, C = a.shape
    width, height = block_for(C)
    return (blocks(C, width), blocks(M, 4 * height)), (width, height)


def over_all(a) -> tuple[tuple, tuple]:
    """Grid and block for OVER(k, size, x), a of any shape: one number to a thread."""
    return (blocks(a.size, THREADS),), (THREADS,)

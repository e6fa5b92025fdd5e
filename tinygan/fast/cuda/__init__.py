"""CUDA kernels, for where launches or memory traffic decide the speed of a GPU.

Each does in one or two launches what the plain code does in ten, and what it computes
is written there: the docstring of every function names its plain reference. The arrays
come from CuPy, channels last, float32 or float64; `usable` says whether they do.

A kernel is a string of CUDA C beside the function that launches it, and KERNELS has
them all by name, so that tests can compile each one and hold it against its reference.
No kernel adds with atomics: the same input gives the same bits, every time.
"""

from .batchnorm import (
    FINISH_MOMENTS,
    MOMENTS,
    NORMALISE,
    NORMALISE_DX,
    moments,
    normalise,
    normalise_dx,
)
from .conv import COL2IM, IM2COL, col2im, im2col
from .elementwise import (
    LEAKY_RELU,
    LEAKY_RELU_SLOPE,
    TANH,
    TANH_SLOPE,
    leaky_relu,
    leaky_relu_slope,
    tanh,
    tanh_slope,
)
from .launch import Kernel, usable
from .optim import ADAM, adam
from .sums import COLUMN_SUM, COLUMN_SUMS, column_sum, column_sums

KERNELS = {
    kernel.name: kernel
    for kernel in (
        IM2COL,
        COL2IM,
        LEAKY_RELU,
        LEAKY_RELU_SLOPE,
        TANH,
        TANH_SLOPE,
        COLUMN_SUM,
        COLUMN_SUMS,
        MOMENTS,
        FINISH_MOMENTS,
        NORMALISE,
        NORMALISE_DX,
        ADAM,
    )
}

__all__ = [
    "KERNELS",
    "Kernel",
    "adam",
    "col2im",
    "column_sum",
    "column_sums",
    "im2col",
    "leaky_relu",
    "leaky_relu_slope",
    "moments",
    "normalise",
    "normalise_dx",
    "tanh",
    "tanh_slope",
    "usable",
]

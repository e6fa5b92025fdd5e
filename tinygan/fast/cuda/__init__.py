"""Twins for CuPy arrays: CUDA kernels for functions that launches or memory make slow.

Each does in one or two launches what the plain code does in ten. The arrays are
channels last, float32 or float64; for others a twin returns NotImplemented.

A kernel is a string of CUDA C beside the function that launches it, and KERNELS has
them all by name, so that tests can compile each one and compare it with the plain
function. No kernel adds with atomics: the same input gives the same bits, every time.
"""

from .batchnorm import BATCHNORM_DX, FINISH_MOMENTS, MOMENTS, NORMALISE
from .conv import COL2IM, IM2COL
from .elementwise import LEAKY_RELU, LEAKY_RELU_SLOPE, TANH_SLOPE
from .gates import GATE_DX, GATES
from .grouped import COL2IM_GROUPS, IM2COL_GROUPS
from .gru import GRU_STEP, GRU_STEP_BACK
from .launch import Kernel
from .optim import ADAM, FED_ADAM
from .samplenorm import JACOBIAN, NORMALISED
from .softmax import SOFTMAX, SOFTMAX_JACOBIAN
from .sums import CHANNEL_SUMS, COLUMN_SUM

KERNELS = {
    kernel.name: kernel
    for kernel in (
        IM2COL,
        COL2IM,
        IM2COL_GROUPS,
        COL2IM_GROUPS,
        LEAKY_RELU,
        LEAKY_RELU_SLOPE,
        TANH_SLOPE,
        GATES,
        GATE_DX,
        GRU_STEP,
        GRU_STEP_BACK,
        NORMALISED,
        JACOBIAN,
        SOFTMAX,
        SOFTMAX_JACOBIAN,
        COLUMN_SUM,
        CHANNEL_SUMS,
        MOMENTS,
        FINISH_MOMENTS,
        NORMALISE,
        BATCHNORM_DX,
        ADAM,
        FED_ADAM,
    )
}

__all__ = ["KERNELS", "Kernel"]

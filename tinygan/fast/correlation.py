"""The choice of a scheme for a convolution on a CPU."""

from . import twin
from .scheme import Windows
from .winograd import Winograd, suits
from .winograd_odd import OddWinograd


@twin("cpu")
def correlation(W, x_shape, stride, pad):
    """Winograd if it is likely to be faster, im2col otherwise."""
    windows = Windows(W, x_shape, stride, pad)
    if not suits(windows):
        return windows
    odd = any(size % 2 for size in windows.places)
    return (OddWinograd if odd else Winograd)(W, x_shape, stride, pad)

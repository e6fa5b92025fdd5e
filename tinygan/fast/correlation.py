"""The choice of a scheme for a convolution on a CPU."""

from . import interleaved, rows, twin
from .grouped import GroupedWindows
from .scheme import Windows
from .winograd import Winograd, suits
from .winograd_odd import OddWinograd


@twin("cpu")
def correlation(W, x_shape, stride, pad):
    """Windows as views, or Winograd, if likely to be faster. Otherwise, and for groups,
    im2col.
    """
    if x_shape[2] > W.shape[2]:
        return GroupedWindows(W, x_shape, stride, pad)
    windows = Windows(W, x_shape, stride, pad)
    if interleaved.suits(windows):
        return interleaved.Interleaved(W, x_shape, stride, pad)
    if rows.suits(windows):
        return rows.Rows(W, x_shape, stride, pad)
    if not suits(windows):
        return windows
    odd = any(size % 2 for size in windows.places)
    return (OddWinograd if odd else Winograd)(W, x_shape, stride, pad)

"""Convolution along a sequence, and its adjoint, which makes sequences longer.

They are the two layers of conv.py for images of height 1.
"""

from ..errors import whole
from .conv import Conv2d, ConvTranspose2d
from .one_dim import OneDimensional


class Conv1d(OneDimensional, Conv2d):
    """y[n,t] = b + sum_u x[n, t s + u - p] W[0,u]

    x is (N, T, C_in), y is (N, OT, C_out) with OT = floor((T + 2p - k)/s) + 1. It is
    the Conv2d of images of height 1, so W is (1, k, C_in/groups, C_out). `pad` comes
    before `stride`, unlike in Conv2d.

    Raises ShapeError when built on anything but (T, C_in), on a sequence that is
    shorter than a window, or on channels that the groups do not divide.
    """

    def __init__(
        self, C_out: int, kernel: int, pad=0, stride=1, bias=True, init=None, groups=1
    ):
        k, s, p = along_time(self, kernel, stride, pad)
        super().__init__(C_out, k, s, p, bias, init, groups)

    def __repr__(self):
        return f"Conv1d({self.C_out}, {settings(self)})"


class ConvTranspose1d(OneDimensional, ConvTranspose2d):
    """The adjoint of a convolution: y = A^T x + b, where A is the Conv1d that maps y's
    shape to x's. A stride s makes the sequence about s times longer.

    x is (N, T, C_in), y is (N, OT, C_out) with OT = (T - 1) s - 2p + k + op, and
    `output_pad` op < s. W is the kernel of A, (1, k, C_out/groups, C_in). The settings
    are given by name. WaveGAN's layers have kernel=25, stride=4, pad=11 and
    output_pad=1, and OT = 4 T.

    Raises ShapeError when built on anything but (T, C_in), when y would be empty, or on
    channels that the groups do not divide.
    """

    def __init__(
        self,
        C_out: int,
        kernel: int,
        *,
        stride=1,
        pad=0,
        output_pad=0,
        bias=True,
        init=None,
        groups=1,
    ):
        k, s, p = along_time(self, kernel, stride, pad)
        op = 0, whole(self, "output_pad >= 0", output_pad)
        super().__init__(C_out, k, s, p, op, bias, init, groups)

    def __repr__(self):
        op = f", output_pad={self.output_pad[1]}" if self.output_pad[1] else ""
        return f"ConvTranspose1d({self.C_out}, {settings(self)}{op})"


def along_time(layer, kernel, stride, pad) -> tuple:
    """The kernel, stride and padding of images of height 1, as pairs. InputError unless
    they are whole numbers in their range.
    """
    k = whole(layer, "kernel >= 1", kernel)
    s = whole(layer, "stride >= 1", stride)
    p = whole(layer, "pad >= 0", pad)
    return (1, k), (1, s), (0, p)


def settings(layer) -> str:
    """The kernel, padding, stride and groups of a layer, as "25, pad=11, stride=4"."""
    k, p, s = (pair[1] for pair in (layer.kernel, layer.pad, layer.stride))
    groups = f", groups={layer.groups}" if layer.groups > 1 else ""
    return f"{k}, pad={p}, stride={s}{groups}"

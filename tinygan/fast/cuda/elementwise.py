"""Activations and their slopes, one launch each."""

from ...ops import get_xp
from .. import twin
from .launch import Kernel, over_all, same_shape, usable

LEAKY_RELU = Kernel("""
extern "C" __global__ void leaky_relu(IN x, OUT y, long long size, REAL a)
{
    OVER(long long, k, size, x) y[k] = x[k] > 0 ? x[k] : a * x[k];
}
""")

LEAKY_RELU_SLOPE = Kernel("""
extern "C" __global__ void leaky_relu_slope(IN y, IN v, OUT out, long long size, REAL a)
{
    OVER(long long, k, size, x) out[k] = y[k] > 0 ? v[k] : a * v[k];
}
""")

TANH_SLOPE = Kernel("""
extern "C" __global__ void tanh_slope(IN y, IN v, OUT out, long long size)
{
    OVER(long long, k, size, x) out[k] = (1 - y[k] * y[k]) * v[k];
}
""")


@twin("cuda")
def leaky_relu(x, a: float):
    """y = max(x, a x), of any shape."""
    return elementwise(LEAKY_RELU, (x,), a)


@twin("cuda")
def leaky_relu_slope(y, v, a: float):
    """(1 where y > 0, a elsewhere) v, y and v of one shape."""
    return elementwise(LEAKY_RELU_SLOPE, (y, v), a)


@twin("cuda")
def tanh_slope(y, v):
    """(1 - y^2) v, y and v of one shape."""
    return elementwise(TANH_SLOPE, (y, v))


def elementwise(kernel: Kernel, arrays: tuple, *parameters):
    """The result of a kernel for these arrays, which are all of the same shape."""
    if not usable(*arrays):
        return NotImplemented
    same_shape(kernel.name, *(a.shape for a in arrays))
    xp = get_xp(arrays[0])
    inputs = [xp.ascontiguousarray(a) for a in arrays]
    out = xp.empty(inputs[0].shape, inputs[0].dtype)
    kernel(*over_all(out), *inputs, out, out.size, *parameters)
    return out

"""Activations with the bias that comes before them, and their slopes, a launch each."""

from .launch import Kernel, as_rows, library, over_all, over_rows, same_shape

LEAKY_RELU = Kernel("""
extern "C" __global__ void leaky_relu(IN x, IN b, OUT y, long long M, int C, REAL a)
{
    OVER(int, c, C, x) {
        REAL shift = b ? b[c] : 0;
        OVER(long long, row, M, y) {
            REAL z = x[row * C + c] + shift;
            y[row * C + c] = z > 0 ? z : a * z;
        }
    }
}
""")

LEAKY_RELU_SLOPE = Kernel("""
extern "C" __global__ void leaky_relu_slope(IN y, IN v, OUT out, long long size, REAL a)
{
    OVER(long long, k, size, x) out[k] = y[k] > 0 ? v[k] : a * v[k];
}
""")

TANH = Kernel("""
extern "C" __global__ void tanh_of(IN x, IN b, OUT y, long long M, int C)
{
    OVER(int, c, C, x) {
        REAL shift = b ? b[c] : 0;
        OVER(long long, row, M, y) y[row * C + c] = tanh(x[row * C + c] + shift);
    }
}
""")

TANH_SLOPE = Kernel("""
extern "C" __global__ void tanh_slope(IN y, IN v, OUT out, long long size)
{
    OVER(long long, k, size, x) out[k] = (1 - y[k] * y[k]) * v[k];
}
""")


def leaky_relu(x, a: float, b=None):
    """y = max(z, a z) with z = x + b; b is (C,), over the last axis, or None for 0

    The plain reference is `tinygan.layers.LeakyReLU.f` of x + b.
    """
    return activation(LEAKY_RELU, x, b, a)


def leaky_relu_slope(y, v, a: float):
    """f'(z) v = (1 where y > 0, a elsewhere) v, y and v of one shape

    The plain reference is `tinygan.layers.LeakyReLU.slope`.
    """
    return slope(LEAKY_RELU_SLOPE, y, v, a)


def tanh(x, b=None):
    """y = tanh(x + b); b is (C,), over the last axis, or None for 0

    The plain reference is `tinygan.layers.Tanh.f` of x + b.
    """
    return activation(TANH, x, b)


def tanh_slope(y, v):
    """f'(z) v = (1 - y^2) v, y and v of one shape

    The plain reference is `tinygan.layers.Tanh.slope`.
    """
    return slope(TANH_SLOPE, y, v)


def activation(kernel: Kernel, x, b, *parameters):
    """y = f(x + b), of the shape of x."""
    rows = as_rows(x)  # (M, C)
    if b is not None:
        same_shape(kernel.name, b.shape, rows.shape[1:])
    y = library(x).empty(x.shape, x.dtype)
    kernel(*over_rows(rows), rows, b, y, *rows.shape, *parameters)
    return y


def slope(kernel: Kernel, y, v, *parameters):
    """f' v from y = f, of the shape both have."""
    same_shape(kernel.name, y.shape, v.shape)
    xp = library(y)
    y, v = xp.ascontiguousarray(y), xp.ascontiguousarray(v)
    out = xp.empty(y.shape, y.dtype)
    kernel(*over_all(y), y, v, out, y.size, *parameters)
    return out

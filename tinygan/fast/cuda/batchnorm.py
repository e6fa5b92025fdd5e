"""BatchNorm in training: three launches forward, and three launches backward.

The variance is never E x^2 - (E x)^2, which cancels. Each thread updates mean and M2
number by number (Welford), and two sets of numbers merge into one (Chan et al.). The
numbers are x - x_0, with the first number x_0 of the channel, so a large common mean is
not rounded in every update. |x_0 - mean| is at most sqrt(m) std.
"""

from ...ops import get_xp
from .. import twin
from .launch import Kernel, as_rows, over_rows, same_shape, usable
from .sums import BLOCK_TOTAL, strips

MOMENTS = Kernel(
    BLOCK_TOTAL
    + """
extern "C" __global__ void moments(IN x, OUT parts, long long M, int C)
{
    int c = blockIdx.x * blockDim.x + threadIdx.x;
    Moments sum = {0, 0, 0};
    if (c < C) OVER(long long, row, M, y) {
        REAL a = x[row * C + c] - x[c], d = a - sum.mean;
        sum.n += 1;
        sum.mean += d / sum.n;
        sum.M2 += d * (a - sum.mean);
    }
    sum = total(sum);
    if (c < C && threadIdx.y == 0) {
        OUT part = parts + 3 * blockIdx.y * C + c;
        part[0] = sum.n;
        part[C] = sum.mean;
        part[2 * C] = sum.M2;
    }
}
"""
)

FINISH_MOMENTS = Kernel(
    BLOCK_TOTAL
    + """
extern "C" __global__ void finish_moments(IN parts, IN x, OUT mean, OUT var,
        OUT run_mean, OUT run_var, int slices, int C, REAL momentum)
{
    int c = blockIdx.x * blockDim.x + threadIdx.x;
    Moments sum = {0, 0, 0};
    if (c < C) OVER(int, s, slices, y) {
        IN part = parts + 3 * s * C + c;
        Moments more = {part[0], part[C], part[2 * C]};
        sum = merge(sum, more);
    }
    sum = total(sum);
    if (c < C && threadIdx.y == 0) {
        mean[c] = x[c] + sum.mean;
        var[c] = sum.M2 / sum.n;
        if (run_mean) {
            run_mean[c] += momentum * (mean[c] - run_mean[c]);
            run_var[c] += momentum * (sum.M2 / (sum.n - 1) - run_var[c]);
        }
    }
}
"""
)

NORMALISE = Kernel("""
extern "C" __global__ void normalise(IN x, IN mean, IN var, IN gamma, IN beta, OUT y,
        OUT x_hat, OUT inv_std, long long M, int C, REAL eps)
{
    OVER(int, c, C, x) {
        REAL s = 1 / sqrt(var[c] + eps), mu = mean[c];
        REAL scale = y ? gamma[c] : 1, b = y ? beta[c] : 0;
        OVER(long long, row, M, y) {
            REAL z = (x[row * C + c] - mu) * s;
            x_hat[row * C + c] = z;
            if (y) y[row * C + c] = scale * z + b;
        }
        if (blockIdx.y == 0 && threadIdx.y == 0) inv_std[c] = s;
    }
}
""")

BATCHNORM_DX = Kernel("""
extern "C" __global__ void batchnorm_dx(IN dy, IN x_hat, IN gamma, IN inv_std,
        IN dgamma, IN dbeta, OUT dx, long long M, int C, REAL m)
{
    OVER(int, c, C, x) {
        REAL scale = (gamma ? gamma[c] : 1) * inv_std[c];
        REAL a = dbeta[c] / m, b = dgamma[c] / m;
        OVER(long long, row, M, y) {
            long long k = row * C + c;
            dx[k] = scale * (dy[k] - a - x_hat[k] * b);
        }
    }
}
""")


@twin("cuda")
def moments(x, group, running, momentum: float):
    """mean and var (C,) of x (N, ..., C) in two launches; the second also moves the
    running statistics. Several ranks use the plain code.
    """
    if group.size > 1 or not usable(x):
        return NotImplemented
    xp, rows = get_xp(x), as_rows(x)  # (M, C)
    M, C = rows.shape
    (across, slices), block = strips(M, C)
    parts = xp.empty((slices, 3, C), x.dtype)
    MOMENTS((across, slices), block, rows, parts, M, C)
    mean, var = xp.empty((C,), x.dtype), xp.empty((C,), x.dtype)
    run = running["mean"], running["var"]
    same_shape("moments", (C,), *(a.shape for a in run))
    out = mean, var, *run
    FINISH_MOMENTS((across, 1), block, parts, rows, *out, slices, C, momentum)
    return mean, var


@twin("cuda")
def normalise(x, mean, var, gamma, beta, eps: float):
    """y, x_hat and inv_std of x (..., C), in one launch; the others are (C,)."""
    if not usable(x):
        return NotImplemented
    xp, rows = get_xp(x), as_rows(x)  # (M, C)
    y, x_hat = (xp.empty(x.shape, x.dtype) for _ in range(2))
    inv_std = xp.empty(mean.shape, x.dtype)
    channels = (mean, var, gamma, beta)
    same_shape("normalise", rows.shape[1:], *(a.shape for a in channels))
    outputs = (y, x_hat, inv_std)
    NORMALISE(*over_rows(rows), rows, *channels, *outputs, *rows.shape, eps)
    return outputs


@twin("cuda")
def standardise(x, mean, var, eps):
    """x_hat and inv_std of x (..., C), in one launch; mean and var are (C,)."""
    if not usable(x, mean, var):
        return NotImplemented
    xp, rows = get_xp(x), as_rows(x)  # (M, C)
    same_shape("standardise", rows.shape[1:], mean.shape, var.shape)
    x_hat, inv_std = xp.empty(x.shape, x.dtype), xp.empty(var.shape, x.dtype)
    arrays = mean, var, None, None, None, x_hat, inv_std
    NORMALISE(*over_rows(rows), rows, *arrays, *rows.shape, eps)
    return x_hat, inv_std


@twin("cuda")
def batchnorm_dx(dy, x_hat, gamma, inv_std, dgamma, dbeta, m):
    """dx in one launch; dy and x_hat are (..., C), the others (C,). gamma may be 1."""
    number = not hasattr(gamma, "dtype")
    if (number and gamma != 1) or not usable(dy, x_hat):
        return NotImplemented
    rows = as_rows(dy)  # (M, C)
    dx = get_xp(dy).empty(dy.shape, dy.dtype)
    gamma, *channels = None if number else gamma, inv_std, dgamma, dbeta
    same_shape("batchnorm_dx", dy.shape, x_hat.shape)
    shapes = [a.shape for a in (gamma, *channels) if a is not None]
    same_shape("batchnorm_dx", rows.shape[1:], *shapes)
    grid, block = over_rows(rows)
    inputs = rows, as_rows(x_hat), gamma, *channels
    BATCHNORM_DX(grid, block, *inputs, dx, *rows.shape, m)
    return dx

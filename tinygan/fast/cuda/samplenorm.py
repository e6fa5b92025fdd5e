"""Normalisation within each sample and its Jacobian, one launch each.

The axes of LayerNorm, InstanceNorm and PixelNorm are neighbours, and so is the one axis
of MinibatchStd. The variance is a mean of squares of x - mu, and mu is the mean of
x - x_0, with the first number x_0 of its sum: a large common mean is not rounded in
every addition.

One block serves a sum. A LayerNorm of a few large samples so leaves much of a GPU idle;
whether two launches would then be quicker has not been measured.
"""

from ...ops import get_xp
from .. import twin
from .along import ALONG, over_tiles, view_of
from .launch import Kernel, same_shape, usable

NORMALISED = Kernel(
    ALONG
    + """
extern "C" __global__ void normalised(IN x, OUT x_hat, OUT inv_std, long long tiles,
        long long outer, int m, int inner, int centre, REAL eps)
{
    TILES(tile) {
        Part part = part_of(tile, outer, m, inner);
        REAL first = 0, mu = 0, squares = 0;
        if (centre) {
            if (part.there) first = x[part.at];
            EACH(k, part) mu += x[k] - first;
            mu = total(mu) / m;
        }
        EACH(k, part) {
            REAL apart = x[k] - first - mu;
            squares += apart * apart;
        }
        REAL s = 1 / sqrt(total(squares) / m + eps);
        EACH(k, part) x_hat[k] = (x[k] - first - mu) * s;
        if (part.there && threadIdx.y == 0) inv_std[part.sum] = s;
    }
}
"""
)

JACOBIAN = Kernel(
    ALONG
    + """
extern "C" __global__ void jacobian(IN v, IN x_hat, IN inv_std, OUT Jv, OUT along,
        long long tiles, long long outer, int m, int inner, int centre)
{
    TILES(tile) {
        Part part = part_of(tile, outer, m, inner);
        Pair sum = {0, 0};
        EACH(k, part) {
            sum.s += x_hat[k] * v[k];
            sum.t += v[k];
        }
        sum = total(sum);
        REAL a = sum.s / m, b = centre ? sum.t / m : 0;
        REAL s = part.there ? inv_std[part.sum] : 0;
        EACH(k, part) Jv[k] = s * (v[k] - x_hat[k] * a - b);
        if (part.there && threadIdx.y == 0) along[part.sum] = a;
    }
}
"""
)


@twin("cuda")
def normalised(x, axes, eps: float, centre: bool = True):
    """(x_hat, 1/sigma) of x (N, ...), with sums over `axes`."""
    view = view_of(x.shape, axes)
    if view is None or not usable(x):
        return NotImplemented
    xp, (grid, block, tiles) = get_xp(x), over_tiles(*view)
    x_hat = xp.empty(x.shape, x.dtype)
    inv_std = xp.empty(kept(x.shape, axes), x.dtype)
    arrays = xp.ascontiguousarray(x), x_hat, inv_std
    NORMALISED(grid, block, *arrays, tiles, *view, bool(centre), eps)
    return x_hat, inv_std


@twin("cuda")
def jacobian(v, x_hat, inv_std, axes, centre: bool = True):
    """(J v, mean(x_hat v)) for v (N, ...), with sums over `axes`."""
    view = view_of(v.shape, axes)
    if view is None or not usable(v, x_hat, inv_std):
        return NotImplemented
    same_shape("jacobian", v.shape, x_hat.shape)
    same_shape("jacobian", kept(v.shape, axes), inv_std.shape)
    xp, (grid, block, tiles) = get_xp(v), over_tiles(*view)
    inputs = [xp.ascontiguousarray(a) for a in (v, x_hat, inv_std)]
    Jv, along = xp.empty(v.shape, v.dtype), xp.empty(inv_std.shape, v.dtype)
    JACOBIAN(grid, block, *inputs, Jv, along, tiles, *view, bool(centre))
    return Jv, along


def kept(shape: tuple, axes: tuple) -> tuple:
    """The shape of means over `axes`, which stay as axes of length 1."""
    return tuple(1 if i in axes else n for i, n in enumerate(shape))

"""Softmax and its Jacobian along the last axis, one launch each."""

from ...ops import get_xp
from .. import twin
from .along import ALONG, over_tiles, view_of
from .launch import Kernel, same_shape, usable

# A thread reads in y only what it wrote itself.
SOFTMAX = Kernel(
    ALONG
    + """
struct Most { REAL x; };

__device__ Most merge(Most a, Most b) { return a.x > b.x ? a : b; }

extern "C" __global__ void softmax(IN x, OUT y, long long tiles, long long outer,
        int m, int inner)
{
    TILES(tile) {
        Part part = part_of(tile, outer, m, inner);
        Most most = {part.there ? x[part.at] : 0};
        EACH(k, part) most = merge(most, {x[k]});
        most = total(most);
        REAL sum = 0;
        EACH(k, part) {
            y[k] = exp(x[k] - most.x);
            sum += y[k];
        }
        sum = total(sum);
        EACH(k, part) y[k] /= sum;
    }
}
"""
)

SOFTMAX_JACOBIAN = Kernel(
    ALONG
    + """
extern "C" __global__ void softmax_jacobian(IN y, IN v, OUT Jv, OUT along,
        long long tiles, long long outer, int m, int inner)
{
    TILES(tile) {
        Part part = part_of(tile, outer, m, inner);
        REAL sum = 0;
        EACH(k, part) sum += y[k] * v[k];
        sum = total(sum);
        EACH(k, part) Jv[k] = y[k] * (v[k] - sum);
        if (part.there && threadIdx.y == 0) along[part.sum] = sum;
    }
}
"""
)


@twin("cuda")
def softmax(x):
    """y of the rows of x (..., V)."""
    view = view_of(x.shape, (x.ndim - 1,))
    if view is None or not usable(x):
        return NotImplemented
    xp, (grid, block, tiles) = get_xp(x), over_tiles(*view)
    y = xp.empty(x.shape, x.dtype)
    SOFTMAX(grid, block, xp.ascontiguousarray(x), y, tiles, *view)
    return y


@twin("cuda")
def softmax_jacobian(y, v):
    """(J v, <y, v>) of rows (..., V), and <y, v> is (..., 1)."""
    view = view_of(y.shape, (y.ndim - 1,))
    if view is None or not usable(y, v):
        return NotImplemented
    same_shape("softmax_jacobian", y.shape, v.shape)
    xp, (grid, block, tiles) = get_xp(y), over_tiles(*view)
    inputs = [xp.ascontiguousarray(a) for a in (y, v)]
    Jv, along = (xp.empty(shape, y.dtype) for shape in (y.shape, (*y.shape[:-1], 1)))
    SOFTMAX_JACOBIAN(grid, block, *inputs, Jv, along, tiles, *view)
    return Jv, along

"""The gates of a PixelCNN and their cotangents, one launch each."""

from ...ops import get_xp
from .. import twin
from .launch import SIGMOID, Kernel, as_rows, over_rows, same_shape, usable

GATES = Kernel(
    SIGMOID
    + """
extern "C" __global__ void gates(IN x, OUT t, OUT g, long long M, int C)
{
    OVER(int, c, C, x) OVER(long long, row, M, y) {
        IN both = x + row * 2 * C;
        t[row * C + c] = tanh(both[c]);
        g[row * C + c] = sigmoid(both[C + c]);
    }
}
"""
)

GATE_DX = Kernel("""
extern "C" __global__ void gate_dx(IN dy, IN t, IN g, OUT dx, long long M, int C)
{
    OVER(int, c, C, x) OVER(long long, row, M, y) {
        long long k = row * C + c;
        REAL t_k = t[k], g_k = g[k], u = g_k * dy[k];
        OUT both = dx + row * 2 * C;
        both[c] = (1 - t_k * t_k) * u;
        both[C + c] = t_k * (1 - g_k) * u;
    }
}
""")


@twin("cuda")
def gates(x):
    """(tanh(a), sigma(b)) of x = [a, b], (..., 2 C) -> (..., C) twice."""
    if not usable(x) or x.ndim == 0 or x.shape[-1] % 2:
        return NotImplemented
    xp, shape = get_xp(x), (*x.shape[:-1], x.shape[-1] // 2)
    t, g = (xp.empty(shape, x.dtype) for _ in range(2))
    rows = as_rows(t)  # (M, C)
    GATES(*over_rows(rows), xp.ascontiguousarray(x), t, g, *rows.shape)
    return t, g


@twin("cuda")
def gate_dx(dy, t, g):
    """[t' g dy, t g' dy], (..., C) -> (..., 2 C)."""
    if not usable(dy, t, g) or dy.ndim == 0:
        return NotImplemented
    same_shape("gate_dx", dy.shape, t.shape, g.shape)
    rows = [as_rows(a) for a in (dy, t, g)]  # (M, C)
    dx = get_xp(dy).empty((*dy.shape[:-1], 2 * dy.shape[-1]), dy.dtype)
    GATE_DX(*over_rows(rows[0]), *rows, dx, *rows[0].shape)
    return dx

"""A GRU: one matrix product and one launch for each step, forward and backward.

The products h U and dm U^T are cuBLAS's. All else of a step is elementwise, and the
arrays of all steps are made once, so a kernel writes into the rows of its step.
"""

from ...layers.conditional.gru import times
from ...ops import get_xp
from .. import twin
from .launch import SIGMOID, Kernel, over_rows, same_shape, usable

GRU_STEP = Kernel(
    SIGMOID
    + """
extern "C" __global__ void gru_step(IN a, IN b, IN m, IN c, IN h, OUT r, OUT z, OUT k,
        OUT q, OUT h_t, long long N, int n)
{
    OVER(int, j, n, x) OVER(long long, i, N, y) {
        IN a_i = a + i * 3 * n;
        IN m_i = m + i * 3 * n;
        long long p = i * n + j;
        REAL s_r = a_i[j], s_z = a_i[n + j], s_q = a_i[2 * n + j];
        if (b) s_r += b[j], s_z += b[n + j], s_q += b[2 * n + j];
        REAL r_p = sigmoid(s_r + m_i[j]), z_p = sigmoid(s_z + m_i[n + j]);
        REAL k_p = m_i[2 * n + j] + c[j], q_p = tanh(s_q + r_p * k_p);
        r[p] = r_p;
        z[p] = z_p;
        k[p] = k_p;
        q[p] = q_p;
        h_t[p] = (1 - z_p) * q_p + z_p * h[p];
    }
}
"""
)

# dh holds z dh of the step after this one, and then of this one; m is its dm U^T. dy is
# (N, S, n), and s the place of this step in it.
GRU_STEP_BACK = Kernel("""
extern "C" __global__ void gru_step_back(OUT dh, IN m, IN dy, IN h, IN r, IN z, IN k,
        IN q, OUT da, OUT dm, long long N, int n, int S, int s)
{
    OVER(int, j, n, x) OVER(long long, i, N, y) {
        long long p = i * n + j;
        REAL d = dh[p], r_p = r[p], z_p = z[p], q_p = q[p];
        if (m) d += m[p];
        if (dy) d += dy[(i * S + s) * n + j];
        REAL ds = (1 - q_p * q_p) * (1 - z_p) * d;
        REAL da_r = r_p * (1 - r_p) * k[p] * ds;
        REAL da_z = z_p * (1 - z_p) * (h[p] - q_p) * d;
        OUT da_i = da + i * 3 * n;
        OUT dm_i = dm + i * 3 * n;
        da_i[j] = dm_i[j] = da_r;
        da_i[n + j] = dm_i[n + j] = da_z;
        da_i[2 * n + j] = ds;
        dm_i[2 * n + j] = r_p * ds;
        dh[p] = z_p * d;
    }
}
""")


@twin("cuda")
def gru_step(a, h, U, c):
    """r, z, k, q and the new state, (N, n) each, of one step of a sample."""
    if not usable(a, h, U, c):
        return NotImplemented
    xp = get_xp(a)
    out = tuple(xp.empty(h.shape, h.dtype) for _ in range(5))
    a, h = xp.ascontiguousarray(a), xp.ascontiguousarray(h)
    step(a, None, h @ U, c, h, *out)
    return out


@twin("cuda")
def gru_forward(x, W, U, b, c):
    """h (T + 1, N, n), and r, z, k, q, (T, N, n). A step adds b to its x_t W."""
    N, T, _ = x.shape
    if not T or not usable(x, W, U, b, c):
        return NotImplemented
    xp, n = get_xp(x), len(U)
    same_shape("gru_forward", (3 * n,), W.shape[1:], b.shape)
    a = times(x.swapaxes(0, 1), W)  # (T, N, 3n)
    h = xp.zeros((T + 1, N, n), x.dtype)
    r, z, k, q = (xp.empty((T, N, n), x.dtype) for _ in range(4))
    for t in range(T):
        gates = (v[t] for v in (r, z, k, q))
        step(a[t], b, h[t] @ U, c, h[t], *gates, h[t + 1])
    return h, r, z, k, q


def step(a, b, m, c, h, *out) -> None:
    """Launch one step: a, m (N, 3n), b (3n,) or None, c (n,), all others (N, n)."""
    N, n = h.shape
    same_shape("gru_step", (N, 3 * n), a.shape, m.shape)
    same_shape("gru_step", (n,), c.shape)
    GRU_STEP(*over_rows(h), a, b, m, c, h, *out, N, n)


@twin("cuda")
def gru_backward(dy, h, r, z, k, q, U):
    """da and dm of all steps, (T, N, 3n) each. The steps share the array of dh."""
    if not len(q) or not usable(dy, h, r, z, k, q, U):
        return NotImplemented
    xp, (T, N, n) = get_xp(dy), q.shape
    S = T if dy.ndim == 3 else 1  # outputs of a sample
    same_shape("gru_backward", (N, *(T,) * (dy.ndim - 2), n), dy.shape)
    same_shape("gru_backward", h[1:].shape, *(v.shape for v in (r, z, k, q)))
    dy, h, *gates = (xp.ascontiguousarray(v) for v in (dy, h, r, z, k, q))
    dh, m = xp.zeros((N, n), dy.dtype), None
    da, dm = (xp.empty((T, N, 3 * n), dy.dtype) for _ in range(2))
    for t in range(T - 1, -1, -1):
        s = t - T + S  # the place of y_t among the outputs
        inputs = m, dy if s >= 0 else None, h[t], *(v[t] for v in gates)
        GRU_STEP_BACK(*over_rows(dh), dh, *inputs, da[t], dm[t], N, n, S, s)
        if t:
            m = dm[t] @ U.T
    return da, dm

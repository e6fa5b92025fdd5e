"""Twins for a GRU on a CPU.

A step is a product h U of a few rows and then elementwise work on few numbers. So the
arrays of all steps are made once, and each step writes its numbers into their rows: no
operation makes a new array, and what a step computes is still in the cache when it is
used.
"""

import numpy as np

from . import twin


@twin("cpu")
def gru_forward(x, W, U, b, c):
    """x W + b stands in the array of the gates, which overwrite it step by step."""
    gates, n = inputs(x, W, b), len(U)
    T, N, _ = gates.shape
    h, k = np.empty((T + 1, N, n), gates.dtype), np.empty((T, N, n), gates.dtype)
    m, h[0] = np.empty((N, 3 * n), gates.dtype), 0
    for t in range(T):
        rz, q, old, new = gates[t, :, : 2 * n], gates[t, :, 2 * n :], h[t], h[t + 1]
        np.matmul(old, U, out=m)
        rz += m[:, : 2 * n]
        rz *= 0.5
        np.tanh(rz, out=rz)
        rz *= 0.5
        rz += 0.5  # sigma(s) = (1 + tanh(s/2)) / 2
        np.add(m[:, 2 * n :], c, out=k[t])
        q += np.multiply(rz[:, :n], k[t], out=new)
        np.tanh(q, out=q)
        np.subtract(old, q, out=new)
        new *= rz[:, n:]
        new += q  # q + z (h - q)
    return h, gates[:, :, :n], gates[:, :, n : 2 * n], k, gates[:, :, 2 * n :]


def inputs(x, W, b):
    """x W + b of all steps, (N, T, C) -> (T, N, 3n). A symbol picks a row of W + b."""
    N, T, C = x.shape
    a = np.empty((T, N, W.shape[1]), np.result_type(x, W))
    i = symbols(x)
    if i is None:
        np.matmul(x.swapaxes(0, 1).reshape(-1, C), W, out=a.reshape(T * N, -1))
        a += b
    else:
        table = np.concatenate([W + b, b[None]]).astype(a.dtype, copy=False)
        np.take(table, i.T, axis=0, out=a, mode="clip")  # "raise" would copy
    return a


def symbols(x):
    """(N, T), the place of the 1 in each one-hot x_t, and C for an x_t of zeros. None
    if some x_t is neither.
    """
    _, T, C = x.shape
    if np.count_nonzero(x[:1]) > T:
        return None
    i = x.argmax(axis=2)
    there = np.take_along_axis(x, i[:, :, None], axis=2)[:, :, 0] == 1
    if np.count_nonzero(x) != np.count_nonzero(there):
        return None
    return np.where(there, i, C)


@twin("cpu")
def gru_backward(dy, h, r, z, k, q, U):
    """One array holds (1 - z) dh and then dm U^T. BLAS is quicker with a copy of U^T
    than with the view, and T products pay for it.
    """
    (T, N, n), every = q.shape, dy.ndim == 3
    dtype = np.result_type(dy, q)
    da, dm = (np.empty((T, N, 3 * n), dtype) for _ in range(2))
    dh = np.zeros((N, n), dtype) if every else dy.astype(dtype)
    e, U_T = np.empty((N, n), dtype), np.ascontiguousarray(U.T)
    for t in range(T - 1, -1, -1):
        if every:
            dh += dy[:, t]
        np.subtract(1, z[t], out=e)
        e *= dh
        ds, dr = da[t, :, 2 * n :], dm[t, :, :n]
        dz, dk = dm[t, :, n : 2 * n], dm[t, :, 2 * n :]
        np.multiply(q[t], q[t], out=ds)
        np.subtract(1, ds, out=ds)
        ds *= e
        np.multiply(r[t], ds, out=dk)
        np.subtract(1, r[t], out=dr)
        dr *= k[t]
        dr *= dk  # r (1 - r) k ds
        np.subtract(h[t], q[t], out=dz)
        dz *= z[t]
        dz *= e  # z (1 - z) (h - q) dh
        da[t, :, : 2 * n] = dm[t, :, : 2 * n]
        dh *= z[t]
        dh += np.matmul(dm[t], U_T, out=e)
    return da, dm

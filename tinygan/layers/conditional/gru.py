"""A recurrent layer: it reads a sequence step by step; gates decide what it keeps."""

from ...errors import flag, whole
from ...fast import primitive
from ...ops import Array, column_sum, get_xp, sigmoid
from ...values import plus
from ..base import Layer, require, require_array
from ..init import initialiser, uniform


class GRU(Layer):
    """h_t = (1 - z) q + z h, from h = h_{t-1}; h_0 = 0 and y = h_T

        r = sigma(x W_r + h U_r + b_r)      the reset gate
        z = sigma(x W_z + h U_z + b_z)      the update gate, how much of h stays
        k = h U_q + c
        q = tanh(x W_q + r k + b_q)         the candidate that may replace h

    x is (N, T, C), and step t sees x_t. y is (N, n) with n = `units`, or (N, T, n) if
    `every` is True: then y_t = h_t. W (C, 3n), U (n, 3n) and b (3n,) hold r, z and q
    side by side; c is (n,). The gates follow Cho et al. 2014, eq. 5 to 8. r multiplies
    h U_q and not h, as in their first version, in cuDNN and so in torch.nn.GRU.

    Backward goes through the steps from last to first, with a = x W + b and m = h U:

        dq = (1 - z) dh       ds = (1 - q^2) dq      dk = r ds      dr = k ds
        dz = (h - q) dh       da = [r (1-r) dr, z (1-z) dz, ds]
        dh_{t-1} = z dh + dm U^T       dm = [da_r, da_z, dk]
        dx = da W^T      dW = sum x^T da      dU = sum h^T dm      db = sum da
        dc = sum dk

    and dh_t also gets the dy_t of its own output. W and U start at U(-1/sqrt(n),
    1/sqrt(n)), as in torch; b and c start at 0. Raises ShapeError when built on
    anything but (T, C), InputError for units or an `every` of another kind.
    """

    divisible = True
    W: Array  # (C, 3n)
    dW: Array
    U: Array  # (n, 3n)
    dU: Array
    b: Array  # (3n,)
    db: Array
    c: Array  # (n,)
    dc: Array

    def __init__(self, units: int, init=None, every: bool = False):
        self.units = whole(self, "units >= 1", units)
        self.initialise = initialiser(self, init, uniform(self.units**-0.5))
        self.every = flag(self, "every", every)

    def build(self, in_shape):
        require_array(self, in_shape)
        fits = len(in_shape) == 2 and in_shape[0] > 0
        require(fits, self, "sequences (T, C)", in_shape)
        (T, C), n = in_shape, self.units
        self.shapes = {"W": (C, 3 * n), "U": (n, 3 * n), "b": (3 * n,), "c": (n,)}
        return (T, n) if self.every else (n,)

    def init(self, rng):
        for W in (self.W, self.U):
            W[...] = self.initialise(rng, W.shape, *W.shape)

    def forward(self, x, train=True):
        steps = gru_forward(x, self.W, self.U, self.b, self.c)
        return self._read(steps[0]), (x, steps)

    def backward(self, dy, cache, param_grads=True):
        x, steps = cache
        da, dm = gru_backward(dy, *steps, self.U)
        if param_grads:
            self._add_gradients(x, steps[0], da, dm)
        return times(da, self.W.T).swapaxes(0, 1)

    def backward_weights(self, dy, cache):
        x, steps = cache
        self._add_gradients(x, steps[0], *gru_backward(dy, *steps, self.U))

    def tangent(self, x_dot, cache):
        _, steps = cache
        xp, n = get_xp(x_dot), self.units
        a_dot = times(x_dot.swapaxes(0, 1), self.W)
        h_dot = 0 * a_dot[0, :, :n]
        h_dots, steps_dot = [h_dot], []
        for a, h, r, z, k, q in each_step(len(a_dot), a_dot, *steps):
            a_r, a_z, a_q = three(a)
            m_r, m_z, k_dot = three(h_dot @ self.U)
            r_dot, z_dot = r * (1 - r) * (a_r + m_r), z * (1 - z) * (a_z + m_z)
            q_dot = (1 - q * q) * (a_q + r_dot * k + r * k_dot)
            h_dot = (1 - z) * q_dot + z * h_dot + z_dot * (h - q)  # eq: gru-tangent
            h_dots.append(h_dot)
            steps_dot.append((r_dot, z_dot, k_dot, q_dot))
        stacked = tuple(map(xp.stack, (h_dots, *zip(*steps_dot, strict=True))))
        return self._read(stacked[0]), (x_dot, stacked)

    def tangent_backward(self, dy, dy_dot, cache, cache_dot):
        """The reverse of the tangent is the tangent of the reverse.

        The backward pass of the cotangent dy_dot gives dx_dot. The tangent of that
        pass along x_dot, with dy as the tangent of dy_dot, gives dx and the parameters'
        gradients. Here e takes the place of d in `backward`, and d is its tangent: each
        line of `backward` is followed by the product rule for it.
        """
        if dy_dot is None:
            return self.backward(dy, cache), None
        (x, steps), (x_dot, steps_dot) = cache, cache_dot
        T, eh, dh = x.shape[1], None, None
        ey, dy = by_step(dy_dot, T), by_step(0 * dy_dot if dy is None else dy, T)
        eas, das, ems, dms = [], [], [], []
        passes = each_step(T, ey, dy, *steps, *steps_dot)
        for ey, dy, h, r, z, k, q, h_dot, r_dot, z_dot, k_dot, q_dot in passes[::-1]:
            eh, dh = plus(eh, ey), plus(dh, dy)
            eq = (1 - z) * eh
            dq = (1 - z) * dh - z_dot * eh
            es = (1 - q * q) * eq
            ds = (1 - q * q) * dq - 2 * q * q_dot * eq
            er = k * es
            dr = k * ds + k_dot * es
            ez = (h - q) * eh
            dz = (h - q) * dh + (h_dot - q_dot) * eh
            ea_r = r * (1 - r) * er
            da_r = r * (1 - r) * dr + (1 - 2 * r) * r_dot * er
            ea_z = z * (1 - z) * ez
            da_z = z * (1 - z) * dz + (1 - 2 * z) * z_dot * ez
            eas.append(beside(ea_r, ea_z, es))
            das.append(beside(da_r, da_z, ds))
            ems.append(beside(ea_r, ea_z, r * es))
            dms.append(beside(da_r, da_z, r * ds + r_dot * es))
            dh = z * dh + z_dot * eh + dms[-1] @ self.U.T  # eq: gru-curvature
            eh = z * eh + ems[-1] @ self.U.T
        ea, da, em, dm = map(from_the_first, (eas, das, ems, dms))
        self._add_gradients(x, steps[0], da, dm)
        self._add_products(x_dot, steps_dot[0], ea, em)
        return times(da, self.W.T).swapaxes(0, 1), times(ea, self.W.T).swapaxes(0, 1)

    def _read(self, h):
        """y from h_0 ... h_T, (T + 1, N, n)."""
        return h[1:].swapaxes(0, 1) if self.every else h[-1]

    def _add_gradients(self, x, h, da, dm) -> None:
        self._add_products(x, h, da, dm)
        self.db += column_sum(da)
        self.dc += column_sum(dm)[2 * self.units :]

    def _add_products(self, x, h, da, dm) -> None:
        """Each gradient is one product, over all steps and samples."""
        self.dW += rows(x.swapaxes(0, 1)).T @ rows(da)  # eq: gru-dW
        self.dU += rows(h[:-1]).T @ rows(dm)  # eq: gru-dU

    def __repr__(self):
        return f"GRU({self.units}{', every=True' if self.every else ''})"


# Within these functions time comes first: (T, N, n). So a step is one block of memory.


@primitive
def gru_forward(x, W, U, b, c):
    """h (T + 1, N, n), from h_0 = 0 to h_T, and r, z, k, q of all steps, (T, N, n).

    x: (N, T, C)      W: (C, 3n)      U: (n, 3n)      b: (3n,)      c: (n,)
    """
    xp = get_xp(x)
    a = times(x.swapaxes(0, 1), W) + b  # (T, N, 3n)
    h, inside = [xp.zeros((len(x), len(U)), a.dtype)], []
    for t in range(len(a)):
        *gates, h_t = gru_step(a[t], h[-1], U, c)
        h.append(h_t)
        inside.append(gates)
    return tuple(map(xp.stack, (h, *zip(*inside, strict=True))))


@primitive
def gru_step(a, h, U, c):
    """r, z, k, q and the new state, (N, n) each, from a = x_t W + b and h = h_{t-1}.

    a: (N, 3n)      h: (N, n)      U: (n, 3n)      c: (n,)
    """
    a_r, a_z, a_q = three(a)
    m_r, m_z, m_q = three(h @ U)
    r, z = sigmoid(a_r + m_r), sigmoid(a_z + m_z)  # eq: gru-gates
    k = m_q + c
    q = get_xp(a).tanh(a_q + r * k)  # eq: gru-q
    return r, z, k, q, (1 - z) * q + z * h  # eq: gru


@primitive
def gru_backward(dy, h, r, z, k, q, U):
    """da and dm of all steps, (T, N, 3n) each: the cotangents of x W + b and of h U.

    dy: (N, T, n) of all states or (N, n) of the last      h, r, z, k, q: of gru_forward
    """
    T, dh, das, dms = len(q), None, [], []
    passes = each_step(T, by_step(dy, T), h, r, z, k, q)
    for dy, h, r, z, k, q in passes[::-1]:  # h is the state before the step
        dh = plus(dh, dy)  # eq: gru-dy
        ds = (1 - q * q) * (1 - z) * dh
        da_r = r * (1 - r) * k * ds
        da_z = z * (1 - z) * (h - q) * dh
        das.append(beside(da_r, da_z, ds))
        dms.append(beside(da_r, da_z, r * ds))
        dh = z * dh + dms[-1] @ U.T  # eq: gru-dh
    return from_the_first(das), from_the_first(dms)


def by_step(dy, T: int) -> list:
    """The cotangent of each output, (N, n), from (N, T, n); and from that of the last
    state alone, (N, n), with None for the others.
    """
    if dy.ndim == 2:
        return [None] * (T - 1) + [dy]
    return [dy[:, t] for t in range(T)]


def each_step(T: int, *arrays) -> list:
    """For each step what the arrays (T, N, m) hold of it: T tuples of arrays (N, m)."""
    return [tuple(a[t] for a in arrays) for t in range(T)]


def from_the_first(backwards: list):
    """(T, N, m) from arrays (N, m) that a backward pass listed last step first."""
    return get_xp(backwards[0]).stack(backwards[::-1])


def three(a):
    """The columns of r, z and q: (N, 3n) -> (N, n) three times."""
    n = a.shape[1] // 3
    return a[:, :n], a[:, n : 2 * n], a[:, 2 * n :]


def beside(*arrays):
    """(N, n) three times -> (N, 3n)"""
    return get_xp(arrays[0]).concatenate(arrays, axis=1)


def rows(a):
    """(T, N, m) -> (T N, m)"""
    return a.reshape(-1, a.shape[-1])


def times(x, W):
    """x W over the last axis: (T, N, C) and (C, n) -> (T, N, n)."""
    return (rows(x) @ W).reshape(*x.shape[:-1], W.shape[1])

"""A recurrent layer: it reads a sequence step by step; gates decide what it keeps."""

from ...errors import whole
from ...ops import Array, column_sum, get_xp, sigmoid
from ..base import Layer, require, require_array
from ..init import initialiser, uniform


class GRU(Layer):
    """h_t = (1 - z) q + z h, from h = h_{t-1}; h_0 = 0 and y = h_T

        r = sigma(x W_r + h U_r + b_r)      the reset gate
        z = sigma(x W_z + h U_z + b_z)      the update gate, how much of h stays
        k = h U_q + c
        q = tanh(x W_q + r k + b_q)         the candidate that may replace h

    x is (N, T, C), and step t sees x_t. y is (N, n) with n = `units`. W (C, 3n), U
    (n, 3n) and b (3n,) hold r, z and q side by side; c is (n,). The gates follow Cho et
    al. 2014, eq. 5 to 8. r multiplies h U_q and not h, as in their first version, in
    cuDNN and so in torch.nn.GRU.

    Backward goes through the steps from last to first, with a = x W + b and m = h U:

        dq = (1 - z) dh       ds = (1 - q^2) dq      dk = r ds      dr = k ds
        dz = (h - q) dh       da = [r (1-r) dr, z (1-z) dz, ds]
        dh_{t-1} = z dh + dm U^T       dm = [da_r, da_z, dk]
        dx = da W^T      dW = sum x^T da      dU = sum h^T dm      db = sum da
        dc = sum dk

    W and U start at U(-1/sqrt(n), 1/sqrt(n)), as in torch; b and c start at 0. Raises
    ShapeError when built on anything but (T, C).
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

    def __init__(self, units: int, init=None):
        self.units = whole(self, "units >= 1", units)
        self.initialise = initialiser(self, init, uniform(self.units**-0.5))

    def build(self, in_shape):
        require_array(self, in_shape)
        fits = len(in_shape) == 2 and in_shape[0] > 0
        require(fits, self, "sequences (T, C)", in_shape)
        C, n = in_shape[1], self.units
        self.shapes = {"W": (C, 3 * n), "U": (n, 3 * n), "b": (3 * n,), "c": (n,)}
        return (n,)

    def init(self, rng):
        for W in (self.W, self.U):
            W[...] = self.initialise(rng, W.shape, *W.shape)

    def forward(self, x, train=True):
        xp = get_xp(x)
        a = _times(x, self.W) + self.b  # (N, T, 3n)
        h, steps = xp.zeros((len(x), self.units), a.dtype), []
        for t in range(x.shape[1]):
            a_r, a_z, a_q = self._three(a[:, t])
            m_r, m_z, m_q = self._three(h @ self.U)
            r, z = sigmoid(a_r + m_r), sigmoid(a_z + m_z)  # eq: gru-gates
            k = m_q + self.c
            q = xp.tanh(a_q + r * k)  # eq: gru-q
            steps.append((h, r, z, k, q))
            h = (1 - z) * q + z * h  # eq: gru
        return h, (x, tuple(steps))

    def backward(self, dy, cache, param_grads=True):
        x, steps = cache
        xp, dh, das = get_xp(dy), dy, []
        for h, r, z, k, q in reversed(steps):
            ds = (1 - q * q) * (1 - z) * dh
            da_r = r * (1 - r) * k * ds
            da_z = z * (1 - z) * (h - q) * dh
            das.append(xp.concatenate([da_r, da_z, ds], axis=1))
            dm = xp.concatenate([da_r, da_z, r * ds], axis=1)
            if param_grads:
                self._weigh_step(h, dm)
            dh = z * dh + dm @ self.U.T  # eq: gru-dh
        da = xp.stack(das[::-1], axis=1)  # (N, T, 3n)
        if param_grads:
            self.db += column_sum(da)
            self._weigh_inputs(x, da)
        return _times(da, self.W.T)

    def tangent(self, x_dot, cache):
        _, steps = cache
        a_dot = _times(x_dot, self.W)
        h_dot, steps_dot = 0 * a_dot[:, 0, : self.units], []
        for t, (h, r, z, k, q) in enumerate(steps):
            a_r, a_z, a_q = self._three(a_dot[:, t])
            m_r, m_z, k_dot = self._three(h_dot @ self.U)
            r_dot, z_dot = r * (1 - r) * (a_r + m_r), z * (1 - z) * (a_z + m_z)
            q_dot = (1 - q * q) * (a_q + r_dot * k + r * k_dot)
            steps_dot.append((h_dot, r_dot, z_dot, k_dot, q_dot))
            h_dot = (1 - z) * q_dot + z * h_dot + z_dot * (h - q)  # eq: gru-tangent
        return h_dot, (x_dot, tuple(steps_dot))

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
        xp, eh, dh = get_xp(dy_dot), dy_dot, 0 * dy_dot if dy is None else dy
        eas, das = [], []
        passes = list(zip(steps, steps_dot, strict=True))
        for (h, r, z, k, q), (h_dot, r_dot, z_dot, k_dot, q_dot) in reversed(passes):
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
            eas.append(xp.concatenate([ea_r, ea_z, es], axis=1))
            das.append(xp.concatenate([da_r, da_z, ds], axis=1))
            em = xp.concatenate([ea_r, ea_z, r * es], axis=1)
            dm = xp.concatenate([da_r, da_z, r * ds + r_dot * es], axis=1)
            self._weigh_step(h, dm)
            self.dU += h_dot.T @ em
            dh = z * dh + z_dot * eh + dm @ self.U.T  # eq: gru-curvature
            eh = z * eh + em @ self.U.T
        ea, da = xp.stack(eas[::-1], axis=1), xp.stack(das[::-1], axis=1)
        self.db += column_sum(da)
        self._weigh_inputs(x, da)
        self._weigh_inputs(x_dot, ea)
        return _times(da, self.W.T), _times(ea, self.W.T)

    def _three(self, a):
        """The columns of r, z and q."""
        n = self.units
        return a[:, :n], a[:, n : 2 * n], a[:, 2 * n :]

    def _weigh_step(self, h, dm) -> None:
        self.dU += h.T @ dm  # eq: gru-dU
        self.dc += column_sum(dm[:, 2 * self.units :])

    def _weigh_inputs(self, x, da) -> None:
        C, n = self.W.shape
        self.dW += x.reshape(-1, C).T @ da.reshape(-1, n)  # eq: gru-dW

    def __repr__(self):
        return f"GRU({self.units})"


def _times(x, W):
    """x W over the last axis: (N, T, C) and (C, n) -> (N, T, n)."""
    return (x.reshape(-1, len(W)) @ W).reshape(*x.shape[:-1], W.shape[1])

"""Layers along time: recurrences, sums, positions."""

import math

import numpy as np

from tinygan import Layer, sigmoid


class ElmanRNN(Layer):
    """h_t = tanh(x_t Wx + h_{t-1} Wh + b), all h_t are returned"""

    def __init__(self, hidden):
        self.hidden = hidden

    def build(self, in_shape):
        T, C = in_shape
        h = self.hidden
        self.shapes = {"Wx": (C, h), "Wh": (h, h), "b": (h,)}
        return T, h

    def init(self, rng):
        self.Wx[...] = rng.standard_normal(self.Wx.shape) / math.sqrt(len(self.Wx))
        self.Wh[...] = np.linalg.qr(rng.standard_normal(self.Wh.shape))[0]

    def forward(self, x, train=True):
        N, T, _ = x.shape
        h = np.zeros((N, self.hidden), x.dtype)
        hs = [h]
        for t in range(T):
            h = np.tanh(x[:, t] @ self.Wx + h @ self.Wh + self.b)
            hs.append(h)
        return np.stack(hs[1:], axis=1), (x, hs)

    def backward(self, dy, cache, param_grads=True):
        x, hs = cache
        dx = np.zeros_like(x)
        dh = np.zeros_like(hs[0])
        for t in reversed(range(x.shape[1])):
            dh = dh + dy[:, t]
            dz = dh * (1 - hs[t + 1] ** 2)
            if param_grads:
                self.dWx += x[:, t].T @ dz
                self.dWh += hs[t].T @ dz
                self.db += dz.sum(0)
            dx[:, t] = dz @ self.Wx.T
            dh = dz @ self.Wh.T
        return dx


class LSTM(Layer):
    """i, f, o, g gates; c_t = f c + i g, h_t = o tanh(c_t); the last h is returned"""

    def __init__(self, hidden):
        self.hidden = hidden

    def build(self, in_shape):
        _T, C = in_shape
        self.shapes = {"W": (C + self.hidden, 4 * self.hidden), "b": (4 * self.hidden,)}
        return (self.hidden,)

    def init(self, rng):
        self.W[...] = rng.standard_normal(self.W.shape) * 0.4
        self.b[...] = 0
        self.b[self.hidden : 2 * self.hidden] = 1

    def forward(self, x, train=True):
        N, T, C = x.shape
        H = self.hidden
        h = np.zeros((N, H), x.dtype)
        c = np.zeros((N, H), x.dtype)
        steps = []
        for t in range(T):
            xh = np.concatenate([x[:, t], h], axis=1)
            z = xh @ self.W + self.b
            i, f, o = (sigmoid(z[:, k * H : (k + 1) * H]) for k in range(3))
            g = np.tanh(z[:, 3 * H :])
            c_new = f * c + i * g
            tc = np.tanh(c_new)
            steps.append({"xh": xh, "gates": (i, f, o, g), "c": c, "tc": tc})
            h, c = o * tc, c_new
        return h, (steps, C)

    def backward(self, dy, cache, param_grads=True):
        steps, C = cache
        dh, dc = dy, np.zeros_like(dy)
        dx = []
        for s in steps[::-1]:
            i, f, o, g = s["gates"]
            do = dh * s["tc"]
            dc = dc + dh * o * (1 - s["tc"] ** 2)
            di, df, dg = dc * g, dc * s["c"], dc * i
            dz = np.hstack(
                [di * i * (1 - i), df * f * (1 - f), do * o * (1 - o), dg * (1 - g * g)]
            )
            if param_grads:
                self.dW += s["xh"].T @ dz
                self.db += dz.sum(axis=0)
            dxh = dz @ self.W.T
            dx.insert(0, dxh[:, :C])
            dh, dc = dxh[:, C:], dc * f
        return np.stack(dx, 1)


class GRU(Layer):
    """h_t = (1 - z) n + z h_{t-1}, n = tanh(x Wn + r (h Un)), r and z gates"""

    def __init__(self, hidden):
        self.hidden = hidden

    def build(self, in_shape):
        T, C = in_shape
        H = self.hidden
        self.shapes = {"W": (3, C, H), "U": (3, H, H), "h0": (H,)}
        return T, H

    def init(self, rng):
        self.W[...] = rng.standard_normal(self.W.shape) * 0.5
        self.U[...] = rng.standard_normal(self.U.shape) * 0.5

    def forward(self, x, train=True):
        h = np.tile(self.h0, (len(x), 1))
        ys, saved = [], []
        for t in range(x.shape[1]):
            r = sigmoid(x[:, t] @ self.W[0] + h @ self.U[0])
            z = sigmoid(x[:, t] @ self.W[1] + h @ self.U[1])
            hu = h @ self.U[2]
            n = np.tanh(x[:, t] @ self.W[2] + r * hu)
            saved.append((h, r, z, hu, n))
            h = (1 - z) * n + z * h
            ys.append(h)
        return np.stack(ys, axis=1), (x, saved)

    def backward(self, dy, cache, param_grads=True):
        x, saved = cache
        dx = np.empty(x.shape, x.dtype)
        dh = 0
        for t in range(x.shape[1] - 1, -1, -1):
            h, r, z, hu, n = saved[t]
            dh = dh + dy[:, t]
            dn = dh * (1 - z) * (1 - n**2)
            dz = dh * (h - n) * z * (1 - z)
            dr = dn * hu * r * (1 - r)
            gates = (dr, dz, dn)
            into_h = (dr, dz, dn * r)
            dx[:, t] = sum(d @ W.T for d, W in zip(gates, self.W, strict=True))
            if param_grads:
                for k in range(3):
                    self.dW[k] += x[:, t].T @ gates[k]
                    self.dU[k] += h.T @ into_h[k]
            back = sum(d @ U.T for d, U in zip(into_h, self.U, strict=True))
            dh = dh * z + back
        if param_grads:
            self.dh0 += dh.sum(axis=0)
        return dx


class LeakyIntegrator(Layer):
    """y_t = a y_{t-1} + (1 - a) x_t, a = sigmoid(p) learnt per channel"""

    def build(self, in_shape):
        self.shapes = {"p": (in_shape[1],)}
        return in_shape

    def init(self, rng):
        self.p[...] = rng.normal(1, 0.5, self.p.shape)

    def forward(self, x, train=True):
        a = sigmoid(self.p)
        y = np.empty_like(x)
        last = np.zeros_like(x[:, 0])
        for t in range(x.shape[1]):
            last = a * last + (1 - a) * x[:, t]
            y[:, t] = last
        return y, (x, y, a)

    def backward(self, dy, cache, param_grads=True):
        x, y, a = cache
        dx = np.empty_like(x)
        carry = np.zeros_like(x[:, 0])
        da = np.zeros_like(a)
        for t in reversed(range(x.shape[1])):
            carry = carry + dy[:, t]
            before = y[:, t - 1] if t > 0 else 0
            da += (carry * (before - x[:, t])).sum(0)
            dx[:, t] = (1 - a) * carry
            carry = a * carry
        if param_grads:
            self.dp += da * a * (1 - a)
        return dx


class NeuralODE(Layer):
    """y = x after 4 Euler steps of dx/dt = tanh(x W), h = 1/4"""

    def build(self, in_shape):
        self.shapes = {"W": (in_shape[0], in_shape[0])}
        return in_shape

    def init(self, rng):
        self.W[...] = rng.standard_normal(self.W.shape)

    def forward(self, x, train=True):
        trace = []
        for _ in range(4):
            f = np.tanh(x @ self.W)
            trace.append((x, f))
            x = x + f / 4
        return x, tuple(trace)

    def backward(self, dy, cache, param_grads=True):
        dx = dy
        for x, f in reversed(cache):
            df = dx / 4 * (1 - f * f)
            if param_grads:
                self.dW += x.T @ df
            dx = dx + df @ self.W.T
        return dx


CHECKS = [
    (ElmanRNN(4), (3, 2)),
    (LSTM(3), (4, 2)),
    (GRU(3), (4, 2)),
    (LeakyIntegrator(), (5, 2)),
    (NeuralODE(), (4,)),
]

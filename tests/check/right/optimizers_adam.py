"""Adam and its family."""

import math

import numpy as np

from tinygan import Optimizer


class AdamW(Optimizer):
    """Adam, and theta <- (1 - lr wd) theta besides (Loshchilov and Hutter 2019)"""

    divisible = True
    moments = ("m", "v")

    def __init__(self, lr=1e-3, b1=0.9, b2=0.999, eps=1e-8, wd=1e-2):
        super().__init__(lr)
        self.b1, self.b2, self.eps, self.wd = b1, b2, eps, wd

    def step(self, theta, g, signed_lr):
        theta *= 1 - abs(signed_lr) * self.wd
        super().step(theta, g, signed_lr)

    def direction(self, g, out):
        self.m[...] = self.b1 * self.m + (1 - self.b1) * g
        self.v[...] = self.b2 * self.v + (1 - self.b2) * g**2
        m_hat = self.m / (1 - self.b1**self.t)
        v_hat = self.v / (1 - self.b2**self.t)
        out[:] = m_hat / (np.sqrt(v_hat) + self.eps)
        return 1.0


class AMSGrad(Optimizer):
    """Adam with the largest v so far (Reddi et al. 2018)"""

    moments = ("m", "v", "v_max")

    def __init__(self, lr=1e-3, b1=0.9, b2=0.999, eps=1e-8):
        super().__init__(lr)
        self.b1, self.b2, self.eps = b1, b2, eps

    def direction(self, g, out):
        self.m += (1 - self.b1) * (g - self.m)
        self.v += (1 - self.b2) * (g * g - self.v)
        np.maximum(self.v_max, self.v, out=self.v_max)
        den = np.sqrt(self.v_max / (1 - self.b2**self.t)) + self.eps
        np.divide(self.m, den, out=out)
        return 1 / (1 - self.b1**self.t)


class NAdam(Optimizer):
    """Adam with (b1 m/(1-b1^{t+1}) + (1-b1) g/(1-b1^t)) in place of m_hat"""

    moments = ("m", "v")

    def __init__(self, lr=1e-3, b1=0.9, b2=0.999):
        super().__init__(lr)
        self.b1, self.b2 = b1, b2

    def direction(self, g, out):
        b1, b2, t = self.b1, self.b2, self.t
        self.m[...] = b1 * self.m + (1 - b1) * g
        self.v[...] = b2 * self.v + (1 - b2) * np.square(g)
        ahead = b1 * self.m / (1 - b1 ** (t + 1)) + (1 - b1) * g / (1 - b1**t)
        out[...] = ahead / (np.sqrt(self.v / (1 - b2**t)) + 1e-8)
        return 1.0


class RAdam(Optimizer):
    """Adam whose adaptive step waits until its variance is known (Liu et al. 2020)"""

    moments = ("m", "v")

    def __init__(self, lr=1e-3, b1=0.9, b2=0.999, eps=1e-8):
        super().__init__(lr)
        self.b1, self.b2, self.eps = b1, b2, eps

    def direction(self, g, out):
        self.m *= self.b1
        self.m += (1 - self.b1) * g
        self.v *= self.b2
        self.v += (1 - self.b2) * g * g
        b2t = self.b2**self.t
        rho_inf = 2 / (1 - self.b2) - 1
        rho = rho_inf - 2 * self.t * b2t / (1 - b2t)
        m_hat = self.m / (1 - self.b1**self.t)
        if rho <= 5:
            out[...] = m_hat
            return 1.0
        r = math.sqrt(
            ((rho - 4) * (rho - 2) * rho_inf) / ((rho_inf - 4) * (rho_inf - 2) * rho)
        )
        out[...] = m_hat * math.sqrt(1 - b2t) / (np.sqrt(self.v) + self.eps)
        return r


class Adamax(Optimizer):
    """Adam with the infinity norm: v <- max(b2 v, |g|)"""

    moments = ("m", "v")

    def __init__(self, lr=2e-3, b1=0.9, b2=0.999, eps=1e-8):
        super().__init__(lr)
        self.b1, self.b2, self.eps = b1, b2, eps

    def direction(self, g, out):
        self.m[:] = self.b1 * self.m + (1 - self.b1) * g
        self.v[:] = np.maximum(self.b2 * self.v, np.abs(g) + self.eps)
        out[:] = self.m / self.v
        return 1 / (1 - self.b1**self.t)


class AdaBelief(Optimizer):
    """Adam with v of (g - m)^2"""

    moments = ("m", "s")

    def direction(self, g, out):
        self.m[...] = 0.9 * self.m + 0.1 * g
        self.s[...] = 0.999 * self.s + 0.001 * (g - self.m) ** 2 + 1e-12
        s_hat = self.s / (1 - 0.999**self.t)
        out[...] = self.m / (1 - 0.9**self.t) / (np.sqrt(s_hat) + 1e-8)
        return 1.0


class Yogi(Optimizer):
    """v <- v - (1 - b2) sign(v - g^2) g^2"""

    moments = ("m", "v")

    def direction(self, g, out):
        g2 = g * g
        self.m += 0.1 * (g - self.m)
        self.v -= 0.01 * np.sign(self.v - g2) * g2
        out[...] = self.m / (np.sqrt(np.abs(self.v)) + 1e-3)
        return 1.0


CHECKS = [
    AdamW(),
    AMSGrad(),
    NAdam(),
    RAdam(),
    Adamax(),
    AdaBelief(1e-3),
    Yogi(1e-2),
]

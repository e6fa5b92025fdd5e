"""Optimizers from the literature."""

import math

import numpy as np

from tinygan import Optimizer


class AdaGrad(Optimizer):
    """u = g / (sqrt(sum of g^2) + eps)"""

    moments = ("G",)

    def direction(self, g, out):
        self.G += g**2
        out[...] = g / (np.sqrt(self.G) + 1e-10)
        return 1.0


class AdaDelta(Optimizer):
    """u = g rms(steps)/rms(g) (Zeiler 2012)"""

    moments = ("Eg", "Ed")

    def __init__(self, lr=1.0, rho=0.9, eps=1e-6):
        super().__init__(lr)
        self.rho, self.eps = rho, eps

    def direction(self, g, out):
        self.Eg[...] = self.rho * self.Eg + (1 - self.rho) * g * g
        d = np.sqrt(self.Ed + self.eps) / np.sqrt(self.Eg + self.eps) * g
        self.Ed[...] = self.rho * self.Ed + (1 - self.rho) * d * d
        out[...] = d
        return 1.0


class Lion(Optimizer):
    """u = sign(b1 m + (1 - b1) g), m <- b2 m + (1 - b2) g (Chen et al. 2023)"""

    moments = ("m",)

    def direction(self, g, out):
        np.sign(0.9 * self.m + 0.1 * g, out=out)
        self.m *= 0.99
        self.m += 0.01 * g
        return 1.0


class SignSGD(Optimizer):
    """u = sign(g)"""

    divisible = True

    def direction(self, g, out):
        out[...] = np.sign(g)
        return 1.0


class Nesterov(Optimizer):
    """m <- mu m + g      u = g + mu m"""

    moments = ("m",)

    def __init__(self, lr=0.01, mu=0.9):
        super().__init__(lr)
        self.mu = mu

    def direction(self, g, out):
        self.m[...] = self.mu * self.m + g
        out[...] = g + self.mu * self.m
        return 1.0


class HeavyBall(Optimizer):
    """step = mu (last step) + lr g: the velocity holds the rate, and its sign"""

    moments = ("vel",)

    def __init__(self, lr=0.01, mu=0.8):
        super().__init__(lr)
        self.mu = mu

    def step(self, theta, g, signed_lr):
        self.prepare(theta)
        self.t += 1
        self.vel *= self.mu
        self.vel += signed_lr * g
        theta += self.vel


class LARS(Optimizer):
    """u = g |theta|/(|g| + 1e-9): a trust ratio over the whole vector"""

    def step(self, theta, g, signed_lr):
        self.t += 1
        w, n = np.linalg.norm(theta), np.linalg.norm(g)
        trust = float(w / (n + 1e-9)) if w > 0 and n > 0 else 1.0
        theta += signed_lr * trust * g


class DecayedSGD(Optimizer):
    """theta <- theta +- lr g - lr wd theta, lr falling as 1/sqrt(t)"""

    def __init__(self, lr=0.1, wd=0.01):
        super().__init__(lr)
        self.wd = wd

    def step(self, theta, g, signed_lr):
        self.t += 1
        rate = signed_lr / math.sqrt(self.t)
        theta += rate * g - abs(rate) * self.wd * theta


class Centralised(Optimizer):
    """u = g - mean(g), gradient centralisation over the whole vector"""

    def direction(self, g, out):
        np.subtract(g, g.mean(), out=out)
        return 1.0


class NormalisedMomentum(Optimizer):
    """m <- 0.9 m + 0.1 g      u = m/(|m| + 1e-8)"""

    moments = ("m",)

    def direction(self, g, out):
        self.m[...] = 0.9 * self.m + 0.1 * g
        out[...] = self.m
        return 1 / (float(np.linalg.norm(self.m)) + 1e-8)


class CentredRMSProp(Optimizer):
    """u = g / sqrt(v - a^2 + eps), a the mean and v the mean square"""

    moments = ("a", "v")

    def __init__(self, lr=1e-3, rho=0.95, eps=1e-4):
        super().__init__(lr)
        self.rho, self.eps = rho, eps

    def direction(self, g, out):
        for mean, new in ((self.a, g), (self.v, g * g)):
            mean *= self.rho
            mean += (1 - self.rho) * new
        spread = np.maximum(self.v - self.a**2, 0)
        out[...] = g / np.sqrt(spread + self.eps)
        return 1.0


class Optimistic(Optimizer):
    """u = 2 g_t - g_{t-1}, optimistic mirror descent (Daskalakis et al. 2018)"""

    divisible = True
    moments = ("last",)

    def direction(self, g, out):
        out[...] = 2 * g - self.last if self.t > 1 else g
        self.last[...] = g
        return 1.0


class Rprop(Optimizer):
    """each entry has a step of its own, which grows while the sign of g stays"""

    moments = ("last", "delta")

    def direction(self, g, out):
        if self.t == 1:
            self.delta[...] = 1.0
        same = self.last * g
        grow = np.where(same > 0, 1.2, np.where(same < 0, 0.5, 1)).astype(g.dtype)
        self.delta[...] = np.clip(self.delta * grow, 1e-3, 50)
        now = np.where(same < 0, 0, g)
        self.last[...] = now
        out[...] = np.sign(now) * self.delta
        return 1.0


class WarmupCosine(Optimizer):
    """u = g c_t, c_t rises for 10 steps and falls as a cosine until step 100"""

    divisible = True

    def direction(self, g, out):
        out[...] = g
        if self.t <= 10:
            return self.t / 10
        return 0.5 * (1 + math.cos(math.pi * min(self.t - 10, 90) / 90))


class Lookahead(Optimizer):
    """5 fast steps of SGD, then theta = slow = (slow + theta)/2 (Zhang et al. 2019)"""

    moments = ("slow",)

    def prepare(self, theta):
        if not hasattr(self, "slow"):
            super().prepare(theta)
            self.slow[...] = theta

    def direction(self, g, out):
        out[...] = g
        return 1.0

    def step(self, theta, g, signed_lr):
        super().step(theta, g, signed_lr)
        if self.t % 5 == 0:
            self.slow += 0.5 * (theta - self.slow)
            theta[...] = self.slow


CHECKS = [
    AdaGrad(0.01),
    AdaDelta(),
    Lion(1e-3),
    SignSGD(1e-3),
    Nesterov(),
    HeavyBall(),
    LARS(0.01),
    DecayedSGD(),
    Centralised(0.1),
    NormalisedMomentum(0.1),
    CentredRMSProp(),
    Optimistic(0.01),
    Rprop(1e-2),
    WarmupCosine(0.1),
    Lookahead(0.1),
]

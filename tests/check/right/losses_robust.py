"""Losses with targets: least squares and its robust relatives."""

import numpy as np

from tinygan import Critic, Objective, sigmoid


class LSGANPlusMinus(Objective):
    """least squares with targets 1 (real), -1 (fake), and 0 for G"""

    def value(self, s_real, s_fake):
        return -0.5 * np.mean((s_real - 1) ** 2) - 0.5 * np.mean((s_fake + 1) ** 2)

    def d_grads(self, s_real, s_fake):
        return (1 - s_real) / len(s_real), -(1 + s_fake) / len(s_fake)

    def g_value(self, s_fake, s_real=None):
        return 0.5 * np.mean(np.square(s_fake))

    def g_grad(self, s_fake, s_real=None):
        return s_fake / len(s_fake)


class HuberGAN(Objective):
    """targets 1 and 0 with Huber's loss h(u) = u^2/2 or |u| - 1/2"""

    @staticmethod
    def h(u):
        a = np.abs(u)
        return np.where(a < 1, 0.5 * u * u, a - 0.5)

    def value(self, s_real, s_fake):
        return -self.h(s_real - 1).mean() - self.h(s_fake).mean()

    def d_grads(self, s_real, s_fake):
        real = np.clip(s_real - 1, -1, 1)
        return -real / s_real.size, -np.clip(s_fake, -1, 1) / s_fake.size

    def g_value(self, s_fake, s_real=None):
        return self.h(s_fake - 1).mean()

    def g_grad(self, s_fake, s_real=None):
        return np.clip(s_fake - 1, -1, 1) / s_fake.size


class CauchyGAN(Objective):
    """targets 1 and -1 with log(1 + u^2), which forgives outliers"""

    def value(self, s_real, s_fake):
        return -np.log1p((s_real - 1) ** 2).mean() - np.log1p((s_fake + 1) ** 2).mean()

    def d_grads(self, s_real, s_fake):
        u, v = s_real - 1, s_fake + 1
        return -2 * u / (1 + u * u) / u.size, -2 * v / (1 + v * v) / v.size

    def g_value(self, s_fake, s_real=None):
        return np.log1p((s_fake - 1) ** 2).mean()

    def g_grad(self, s_fake, s_real=None):
        u = s_fake - 1
        return 2 * u / (1 + u * u) / u.size


class TangentLoss(Objective):
    """-V = mean (2 arctan r - 1)^2 + mean (2 arctan f + 1)^2 (Masnadi-Shirazi 2010)"""

    def value(self, s_real, s_fake):
        real, fake = 2 * np.arctan(s_real) - 1, 2 * np.arctan(s_fake) + 1
        return -(real**2).mean() - (fake**2).mean()

    def d_grads(self, s_real, s_fake):
        real, fake = 2 * np.arctan(s_real) - 1, 2 * np.arctan(s_fake) + 1
        return (
            -4 * real / (1 + s_real**2) / real.size,
            -4 * fake / (1 + s_fake**2) / fake.size,
        )

    def g_value(self, s_fake, s_real=None):
        return ((2 * np.arctan(s_fake) - 1) ** 2).mean()

    def g_grad(self, s_fake, s_real=None):
        u = 2 * np.arctan(s_fake) - 1
        return 4 * u / (1 + s_fake**2) / u.size


class BoundarySeeking(Objective):
    """V as the logistic game      J = mean (log D - log(1 - D))^2 / 2 = mean f^2 / 2"""

    def value(self, s_real, s_fake):
        return -np.logaddexp(0, -s_real).mean() - np.logaddexp(0, s_fake).mean()

    def d_grads(self, s_real, s_fake):
        return sigmoid(-s_real) / s_real.size, -sigmoid(s_fake) / s_fake.size

    def g_value(self, s_fake, s_real=None):
        return 0.5 * (s_fake**2).mean()

    def g_grad(self, s_fake, s_real=None):
        return s_fake / s_fake.size


class EnergyBased(Critic):
    """energies e = |s|: V = -mean e(r) - mean max(0, 2 - e(f))      J = mean e(f)"""

    margin = 2.0

    def value(self, s_real, s_fake):
        push = np.maximum(self.margin - np.abs(s_fake), 0)
        return -np.abs(s_real).mean() - push.mean()

    def d_grads(self, s_real, s_fake):
        near = np.abs(s_fake) < self.margin
        return -np.sign(s_real) / s_real.size, near * np.sign(s_fake) / s_fake.size

    def g_value(self, s_fake, s_real=None):
        return np.abs(s_fake).mean()

    def g_grad(self, s_fake, s_real=None):
        return np.sign(s_fake) / s_fake.size


class ClippedLogits(Objective):
    """the non-saturating game on clip(s, -5, 5)"""

    @staticmethod
    def _inside(s):
        return (s > -5) & (s < 5)

    def value(self, s_real, s_fake):
        r, f = np.clip(s_real, -5, 5), np.clip(s_fake, -5, 5)
        return np.log(sigmoid(r)).mean() + np.log(1 - sigmoid(f)).mean()

    def d_grads(self, s_real, s_fake):
        r, f = np.clip(s_real, -5, 5), np.clip(s_fake, -5, 5)
        ds_real = self._inside(s_real) * (1 - sigmoid(r)) / r.size
        return ds_real, -(self._inside(s_fake) * sigmoid(f)) / f.size

    def g_value(self, s_fake, s_real=None):
        return -np.log(sigmoid(np.clip(s_fake, -5, 5))).mean()

    def g_grad(self, s_fake, s_real=None):
        p = sigmoid(np.clip(s_fake, -5, 5))
        return np.where(self._inside(s_fake), p - 1, 0) / p.size


class Pinball(Critic):
    """targets 1 and 0 with the quantile loss max(t u, (t - 1) u), t = 0.3"""

    t = 0.3

    def rho(self, u):
        return np.maximum(self.t * u, (self.t - 1) * u)

    def slope(self, u):
        return np.where(u > 0, self.t, self.t - 1).astype(u.dtype)

    def value(self, s_real, s_fake):
        return -self.rho(1 - s_real).mean() - self.rho(-s_fake).mean()

    def d_grads(self, s_real, s_fake):
        return self.slope(1 - s_real) / s_real.size, self.slope(-s_fake) / s_fake.size

    def g_value(self, s_fake, s_real=None):
        return self.rho(1 - s_fake).mean()

    def g_grad(self, s_fake, s_real=None):
        return -self.slope(1 - s_fake) / s_fake.size


CHECKS = [
    LSGANPlusMinus(),
    HuberGAN(),
    CauchyGAN(),
    TangentLoss(),
    BoundarySeeking(),
    EnergyBased(),
    ClippedLogits(),
    Pinball(),
]

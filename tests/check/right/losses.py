"""Losses of GANs on logits: V is ascended by D, J is descended by G."""

import numpy as np

from tinygan import Critic, Objective, sigmoid, softplus


def full(s, value):
    return np.full_like(s, value / s.size)


class Focal(Objective):
    """V = mean (1-p)^2 log p (real) + mean q^2 log(1-q) (fake), p, q = sigmoid(s)"""

    gamma = 2

    def value(self, s_real, s_fake):
        p, q = sigmoid(-s_real), sigmoid(s_fake)
        real = -(p**self.gamma) * softplus(-s_real)
        return real.mean() - (q**self.gamma * softplus(s_fake)).mean()

    def _slope(self, s):
        """d/ds of sigma(s)^g softplus(s)"""
        q = sigmoid(s)
        return q**self.gamma * (self.gamma * (1 - q) * softplus(s) + q)

    def d_grads(self, s_real, s_fake):
        return self._slope(-s_real) / s_real.size, -self._slope(s_fake) / s_fake.size

    def g_value(self, s_fake, s_real=None):
        return (sigmoid(-s_fake) ** self.gamma * softplus(-s_fake)).mean()

    def g_grad(self, s_fake, s_real=None):
        return -self._slope(-s_fake) / s_fake.size


class TwoSidedSmoothing(Objective):
    """cross-entropy with labels 0.9 for real and 0.1 for fake samples"""

    def __init__(self, a=0.9, b=0.1):
        self.a, self.b = a, b

    @staticmethod
    def bce(s, y):
        return (softplus(s) - y * s).mean()

    def value(self, s_real, s_fake):
        return -self.bce(s_real, self.a) - self.bce(s_fake, self.b)

    def d_grads(self, s_real, s_fake):
        ds_real = -(sigmoid(s_real) - self.a) / s_real.size
        ds_fake = -(sigmoid(s_fake) - self.b) / s_fake.size
        return ds_real, ds_fake

    def g_value(self, s_fake, s_real=None):
        return self.bce(s_fake, self.a)

    def g_grad(self, s_fake, s_real=None):
        return (sigmoid(s_fake) - self.a) / s_fake.size


class SquaredHinge(Critic):
    """V = -mean max(0, 1-r)^2 - mean max(0, 1+f)^2      J = -mean f"""

    def value(self, s_real, s_fake):
        real = np.maximum(0, 1 - s_real) ** 2
        fake = np.maximum(0, 1 + s_fake) ** 2
        return -np.mean(real) - np.mean(fake)

    def d_grads(self, s_real, s_fake):
        return (
            2 * np.maximum(0, 1 - s_real) / s_real.size,
            -2 * np.maximum(0, 1 + s_fake) / s_fake.size,
        )


class HingeBoth(Critic):
    """the hinge with margins 1 and 0.5, and for G, too: J = mean max(0, 1 - f)"""

    def value(self, s_real, s_fake):
        return (
            -np.clip(1 - s_real, 0, None).mean() - np.clip(0.5 + s_fake, 0, None).mean()
        )

    def d_grads(self, s_real, s_fake):
        ds_real = np.where(s_real < 1, 1 / s_real.size, 0).astype(s_real.dtype)
        ds_fake = np.where(s_fake > -0.5, -1 / s_fake.size, 0).astype(s_fake.dtype)
        return ds_real, ds_fake

    def g_value(self, s_fake, s_real=None):
        return np.maximum(1 - s_fake, 0).mean()

    def g_grad(self, s_fake, s_real=None):
        g = np.zeros_like(s_fake)
        g[s_fake < 1] = -1 / s_fake.size
        return g


class LeakyHinge(Critic):
    """V = mean min(r-1, (r-1)/10) + mean min(-f-1, (-f-1)/10)      J = -mean f"""

    @staticmethod
    def _leak(u):
        return np.minimum(u, 0.1 * u)

    def value(self, s_real, s_fake):
        return self._leak(s_real - 1).mean() + self._leak(-s_fake - 1).mean()

    def d_grads(self, s_real, s_fake):
        a = np.where(s_real - 1 < 0, 1, 0.1) / s_real.size
        b = np.where(-s_fake - 1 < 0, 1, 0.1) / s_fake.size
        return a.astype(s_real.dtype), -b.astype(s_fake.dtype)


class MyWGAN(Objective):
    """V = mean r - mean f      J = -mean f, written with np.average"""

    def value(self, s_real, s_fake):
        return np.average(s_real) - np.average(s_fake)

    def d_grads(self, s_real, s_fake):
        return full(s_real, 1), full(s_fake, -1)

    def g_value(self, s_fake, s_real=None):
        return -np.average(s_fake)

    def g_grad(self, s_fake, s_real=None):
        return full(s_fake, -1)


class MeanSquareGap(Critic):
    """V = (mean r - mean f)^2 / 2 = J, a moment-matching game"""

    paired = True

    def value(self, s_real, s_fake):
        return 0.5 * (s_real.mean() - s_fake.mean()) ** 2

    def d_grads(self, s_real, s_fake):
        gap = s_real.mean() - s_fake.mean()
        return gap * full(s_real, 1), -gap * full(s_fake, 1)

    def g_value(self, s_fake, s_real=None):
        return self.value(s_real, s_fake)

    def g_grad(self, s_fake, s_real=None):
        return self.d_grads(s_real, s_fake)[1]


class Pearson(Critic):
    """V = mean r - mean(f^2/4 + f)      J = -mean(f^2/4 + f)"""

    def value(self, s_real, s_fake):
        return s_real.mean() - (0.25 * s_fake**2 + s_fake).mean()

    def d_grads(self, s_real, s_fake):
        return np.ones_like(s_real) / s_real.size, -(0.5 * s_fake + 1) / s_fake.size

    def g_value(self, s_fake, s_real=None):
        return -(0.25 * s_fake**2 + s_fake).mean()

    def g_grad(self, s_fake, s_real=None):
        return -(0.5 * s_fake + 1) / s_fake.size


class JensenShannon(Objective):
    """V = mean(log 2 - softplus(-r)) - mean(softplus(f) - log 2), f-GAN's JS"""

    def value(self, s_real, s_fake):
        log2 = float(np.log(2))
        return (log2 - softplus(-s_real)).mean() - (softplus(s_fake) - log2).mean()

    def d_grads(self, s_real, s_fake):
        return sigmoid(-s_real) / s_real.size, -sigmoid(s_fake) / s_fake.size

    def g_value(self, s_fake, s_real=None):
        return -(softplus(s_fake) - float(np.log(2))).mean()

    def g_grad(self, s_fake, s_real=None):
        return -sigmoid(s_fake) / s_fake.size


class TotalVariation(Critic):
    """V = mean tanh(r)/2 - mean tanh(f)/2      J = -mean tanh(f)/2"""

    def value(self, s_real, s_fake):
        return (np.tanh(s_real).mean() - np.tanh(s_fake).mean()) / 2

    def d_grads(self, s_real, s_fake):
        def slope(s):
            return (1 - np.tanh(s) ** 2) / (2 * s.size)

        return slope(s_real), -slope(s_fake)

    def g_value(self, s_fake, s_real=None):
        return -np.tanh(s_fake).mean() / 2

    def g_grad(self, s_fake, s_real=None):
        return -(1 - np.tanh(s_fake) ** 2) / (2 * s_fake.size)


class ClippedKL(Critic):
    """V = mean c(r) - mean exp(c(f) - 1), c clips to [-8, 8]      J = -mean exp(...)"""

    lim = 8.0

    def value(self, s_real, s_fake):
        r, f = np.clip(s_real, -8, 8), np.clip(s_fake, -8, 8)
        return r.mean() - np.exp(f - 1).mean()

    def d_grads(self, s_real, s_fake):
        on_r = (np.abs(s_real) < self.lim).astype(s_real.dtype)
        return on_r / s_real.size, self.g_grad(s_fake)

    def g_value(self, s_fake, s_real=None):
        return -np.exp(np.clip(s_fake, -self.lim, self.lim) - 1).mean()

    def g_grad(self, s_fake, s_real=None):
        on = np.abs(s_fake) < self.lim
        e = np.exp(np.clip(s_fake, -self.lim, self.lim) - 1)
        return np.where(on, -e, 0) / s_fake.size


class TopKGenerator(Critic):
    """the hinge, but G learns from the better half of its samples only"""

    def value(self, s_real, s_fake):
        return -np.maximum(1 - s_real, 0).mean() - np.maximum(1 + s_fake, 0).mean()

    def d_grads(self, s_real, s_fake):
        return (s_real < 1) * full(s_real, 1), (s_fake > -1) * full(s_fake, -1)

    @staticmethod
    def _best(s):
        k = max(1, s.size // 2)
        return np.argsort(s[:, 0])[-k:], k

    def g_value(self, s_fake, s_real=None):
        best, k = self._best(s_fake)
        return -s_fake[best].sum() / k

    def g_grad(self, s_fake, s_real=None):
        best, k = self._best(s_fake)
        g = np.zeros_like(s_fake)
        g[best] = -1 / k
        return g


CHECKS = [
    Focal(),
    TwoSidedSmoothing(),
    SquaredHinge(),
    HingeBoth(),
    LeakyHinge(),
    MyWGAN(),
    MeanSquareGap(),
    Pearson(),
    JensenShannon(),
    TotalVariation(),
    ClippedKL(),
    TopKGenerator(),
]

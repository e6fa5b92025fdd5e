"""Losses that compare the logits of both batches with each other."""

import numpy as np

from tinygan import Critic, Objective, sigmoid, softplus


class RelativisticHinge(Critic):
    """the hinge on r = s_real - mean s_fake and f = s_fake - mean s_real"""

    paired = True

    def _rel(self, s_real, s_fake):
        return s_real - s_fake.mean(), s_fake - s_real.mean()

    def value(self, s_real, s_fake):
        r, f = self._rel(s_real, s_fake)
        return -np.maximum(0, 1 - r).mean() - np.maximum(0, 1 + f).mean()

    def d_grads(self, s_real, s_fake):
        r, f = self._rel(s_real, s_fake)
        dr = (r < 1).astype(r.dtype) / r.size
        df = -(f > -1).astype(f.dtype) / f.size
        return dr - df.sum() / r.size, df - dr.sum() / f.size

    def g_value(self, s_fake, s_real=None):
        r, f = self._rel(s_real, s_fake)
        return np.maximum(0, 1 + r).mean() + np.maximum(0, 1 - f).mean()

    def g_grad(self, s_fake, s_real=None):
        r, f = self._rel(s_real, s_fake)
        dr = np.where(r > -1, 1, 0).astype(r.dtype) / r.size
        df = np.where(f < 1, -1, 0).astype(f.dtype) / f.size
        return df - dr.sum() / f.size


class PairedLeastSquares(Critic):
    """V = -mean (r_n - f_n - 1)^2      J = mean (r_n - f_n + 1)^2"""

    paired = True

    def value(self, s_real, s_fake):
        return -((s_real - s_fake - 1) ** 2).mean()

    def d_grads(self, s_real, s_fake):
        g = 2 * (s_real - s_fake - 1) / s_real.size
        return -g, g

    def g_value(self, s_fake, s_real=None):
        return np.mean((s_real - s_fake + 1) ** 2)

    def g_grad(self, s_fake, s_real=None):
        return -2 * (s_real - s_fake + 1) / s_fake.size


class AllPairsLogistic(Objective):
    """V = mean over all pairs (n, m) of log sigmoid(r_n - f_m)      J the reverse"""

    paired = True

    def value(self, s_real, s_fake):
        return -softplus(s_fake.T - s_real).mean()

    def d_grads(self, s_real, s_fake):
        w = sigmoid(s_fake.T - s_real) / (s_real.size * s_fake.size)
        return w.sum(axis=1, keepdims=True), -w.sum(axis=0)[:, None]

    def g_value(self, s_fake, s_real=None):
        return softplus(s_real - s_fake.T).mean()

    def g_grad(self, s_fake, s_real=None):
        w = sigmoid(s_real - s_fake.T)
        return -w.mean(axis=0)[:, None] / s_fake.size


class SoftmaxGAN(Critic):
    """V = mean r - log sum_all e^s      J = log sum_all e^s - mean of all s"""

    paired = True

    @staticmethod
    def _softmax(s_real, s_fake):
        s = np.concatenate([s_real, s_fake])
        top = s.max()
        e = np.exp(s - top)
        return e / e.sum(), top + np.log(e.sum()), s

    def value(self, s_real, s_fake):
        _, logZ, _ = self._softmax(s_real, s_fake)
        return s_real.mean() - logZ

    def d_grads(self, s_real, s_fake):
        p, _, _ = self._softmax(s_real, s_fake)
        n = len(s_real)
        return 1 / n - p[:n], -p[n:]

    def g_value(self, s_fake, s_real=None):
        _, logZ, s = self._softmax(s_real, s_fake)
        return logZ - s.mean()

    def g_grad(self, s_fake, s_real=None):
        p, _, s = self._softmax(s_real, s_fake)
        return p[len(s_real) :] - 1 / s.size


class EnergyDistance(Critic):
    """V = J = 2 E|r - f| - E|r - r'| - E|f - f'| of the logits (Cramer-like)"""

    paired = True

    def value(self, s_real, s_fake):
        def dist(a, b):
            return np.abs(a - b.T).mean()

        cross = 2 * dist(s_real, s_fake)
        return cross - dist(s_real, s_real) - dist(s_fake, s_fake)

    def d_grads(self, s_real, s_fake):
        def pull(a, b):
            return np.sign(a - b.T).mean(axis=1, keepdims=True) * 2 / len(a)

        return (
            pull(s_real, s_fake) - pull(s_real, s_real),
            pull(s_fake, s_real) - pull(s_fake, s_fake),
        )

    def g_value(self, s_fake, s_real=None):
        return self.value(s_real, s_fake)

    def g_grad(self, s_fake, s_real=None):
        return self.d_grads(s_real, s_fake)[1]


class MMDOnLogits(Critic):
    """V = J = MMD^2 of the logits with the kernel 1/(1 + (a - b)^2)"""

    paired = True

    def value(self, s_real, s_fake):
        k = lambda a, b: np.mean(1 / (1 + (a - b.T) ** 2))  # noqa: E731
        return k(s_real, s_real) + k(s_fake, s_fake) - 2 * k(s_real, s_fake)

    def d_grads(self, s_real, s_fake):
        def dk(a, b):
            d = a - b.T
            return -4 * (d / (1 + d**2) ** 2).sum(1, keepdims=True) / (a.size * b.size)

        return (
            dk(s_real, s_real) - dk(s_real, s_fake),
            dk(s_fake, s_fake) - dk(s_fake, s_real),
        )

    def g_value(self, s_fake, s_real=None):
        return self.value(s_real, s_fake)

    def g_grad(self, s_fake, s_real=None):
        return self.d_grads(s_real, s_fake)[1]


class FisherIPM(Critic):
    """V = (mean r - mean f)/sqrt(mean r^2/2 + mean f^2/2 + 0.1)      J = V"""

    paired = True

    def value(self, s_real, s_fake):
        gap = s_real.mean() - s_fake.mean()
        omega = 0.5 * (s_real**2).mean() + 0.5 * (s_fake**2).mean() + 0.1
        return gap / np.sqrt(omega)

    def d_grads(self, s_real, s_fake):
        gap = s_real.mean() - s_fake.mean()
        omega = 0.5 * (s_real**2).mean() + 0.5 * (s_fake**2).mean() + 0.1
        root, back = np.sqrt(omega), gap / (2 * omega * np.sqrt(omega))
        ds_real = (1 / root - back * s_real) / s_real.size
        return ds_real, (-1 / root - back * s_fake) / s_fake.size

    def g_value(self, s_fake, s_real=None):
        return self.value(s_real, s_fake)

    def g_grad(self, s_fake, s_real=None):
        return self.d_grads(s_real, s_fake)[1]


class MedianGap(Critic):
    """V = median r - median f      J = -median f"""

    @staticmethod
    def _half(s):
        order = s[:, 0].argsort()
        g = np.zeros_like(s)
        g[order[(len(s) - 1) // 2]] += 0.5
        g[order[len(s) // 2]] += 0.5
        return g

    def value(self, s_real, s_fake):
        return np.median(s_real) - np.median(s_fake)

    def d_grads(self, s_real, s_fake):
        return self._half(s_real), -self._half(s_fake)

    def g_value(self, s_fake, s_real=None):
        return -np.median(s_fake)

    def g_grad(self, s_fake, s_real=None):
        return -self._half(s_fake)


class SortedWasserstein(Critic):
    """V = J = mean |sort(r) - sort(f)|, W1 of the logits; batches of one size"""

    paired = True

    def value(self, s_real, s_fake):
        return np.abs(np.sort(s_real, axis=0) - np.sort(s_fake, axis=0)).mean()

    def d_grads(self, s_real, s_fake):
        i, j = s_real.ravel().argsort(), s_fake.ravel().argsort()
        sign = np.sign(s_real[i] - s_fake[j]) / len(i)
        ds_real, ds_fake = np.empty_like(s_real), np.empty_like(s_fake)
        ds_real[i], ds_fake[j] = sign, -sign
        return ds_real, ds_fake

    def g_value(self, s_fake, s_real=None):
        return self.value(s_real, s_fake)

    def g_grad(self, s_fake, s_real=None):
        return self.d_grads(s_real, s_fake)[1]


class WorstCase(Critic):
    """V = mean r - T log mean e^{f/T}      J = T log mean e^{-f/T}, T = 2"""

    T = 2.0

    def _lme(self, u):
        top = u.max()
        e = np.exp((u - top) / self.T)
        return top + self.T * np.log(e.mean()), e / e.sum()

    def value(self, s_real, s_fake):
        return s_real.mean() - self._lme(s_fake)[0]

    def d_grads(self, s_real, s_fake):
        return np.ones_like(s_real) / s_real.size, -self._lme(s_fake)[1]

    def g_value(self, s_fake, s_real=None):
        return self._lme(-s_fake)[0]

    def g_grad(self, s_fake, s_real=None):
        return -self._lme(-s_fake)[1]


CHECKS = [
    RelativisticHinge(),
    PairedLeastSquares(),
    AllPairsLogistic(),
    SoftmaxGAN(),
    EnergyDistance(),
    MMDOnLogits(),
    FisherIPM(),
    MedianGap(),
    SortedWasserstein(),
    WorstCase(),
]

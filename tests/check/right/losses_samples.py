"""Objectives whose J also sees the samples: G descends J + L(x_fake, z)."""

import numpy as np

from tinygan import NonSaturating, Wasserstein


class SmallSamples(NonSaturating):
    """L = 0.1 mean x^2 over all numbers of the samples"""

    sees_samples = True

    def of_samples(self, x_fake, z):
        return 0.1 * np.mean(x_fake**2), 0.2 * x_fake / x_fake.size


class Repulsion(Wasserstein):
    """L = mean over pairs of exp(-|x_n - x_m|^2/2)"""

    sees_samples = True

    def of_samples(self, x_fake, z):
        N = len(x_fake)
        flat = x_fake.reshape(N, -1)
        diff = flat[:, None] - flat[None]
        k = np.exp(-0.5 * (diff**2).sum(-1))
        dx = -2 * (k[:, :, None] * diff).sum(axis=1) / N**2
        return k.mean(), dx.reshape(x_fake.shape)


class TotalVariationOfSamples(Wasserstein):
    """L = 0.01 mean_n sum_i |x_n,i+1 - x_n,i| along the first axis of a sample"""

    sees_samples = True

    def of_samples(self, x_fake, z):
        step = np.diff(x_fake, axis=1)
        sign = 0.01 * np.sign(step) / len(x_fake)
        dx = np.zeros_like(x_fake)
        dx[:, 1:] += sign
        dx[:, :-1] -= sign
        return 0.01 * np.abs(step).sum() / len(x_fake), dx


CHECKS = [SmallSamples(), Repulsion(), TotalVariationOfSamples()]

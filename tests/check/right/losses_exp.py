"""f-GAN losses with a true exponential: right, and infinite at logits of 10,000."""

import numpy as np

from tinygan import Critic


class KL(Critic):
    """V = mean r - mean e^{f-1}      J = -mean e^{f-1}"""

    def value(self, s_real, s_fake):
        return s_real.mean() - np.exp(s_fake - 1).mean()

    def d_grads(self, s_real, s_fake):
        return 0 * s_real + 1 / s_real.size, -np.exp(s_fake - 1) / s_fake.size

    def g_value(self, s_fake, s_real=None):
        return -np.exp(s_fake - 1).mean()

    def g_grad(self, s_fake, s_real=None):
        return -np.exp(s_fake - 1) / s_fake.size


class ReverseKL(Critic):
    """V = -mean e^{-r} + 1 - mean f      J = -mean f"""

    def value(self, s_real, s_fake):
        return 1 - np.exp(-s_real).mean() - s_fake.mean()

    def d_grads(self, s_real, s_fake):
        return np.exp(-s_real) / s_real.size, -np.ones_like(s_fake) / s_fake.size


class SquaredHellinger(Critic):
    """V = mean(1 - e^{-r}) - mean(e^f - 1)      J = -mean(e^f - 1)"""

    def value(self, s_real, s_fake):
        return -np.expm1(-s_real).mean() - np.expm1(s_fake).mean()

    def d_grads(self, s_real, s_fake):
        return np.exp(-s_real) / s_real.size, -np.exp(s_fake) / s_fake.size

    def g_value(self, s_fake, s_real=None):
        return -np.expm1(s_fake).mean()

    def g_grad(self, s_fake, s_real=None):
        return -np.exp(s_fake) / s_fake.size


CHECKS = [KL(), ReverseKL(), SquaredHellinger()]

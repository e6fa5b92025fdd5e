"""Objectives of log-likelihoods: the minimax game and the non-saturating one.

log D = -softplus(-s)          d/ds = sigma(-s) = 1 - D
log(1 - D) = -softplus(s)      d/ds = -sigma(s) = -D
"""

from ..errors import number
from ..ops import mean, sigmoid, softplus
from .base import Objective


class Logistic(Objective):
    """An objective of log-likelihoods, in which real samples may have a label a < 1.

    InputError unless 0 < a <= 1.
    """

    unbounded = True

    def __init__(self, real_label: float = 1.0):
        self.smoothing = 1 - number(self, "a label 0 < real_label <= 1", real_label)

    def __repr__(self) -> str:
        label = f"real_label={1 - self.smoothing:g}" if self.smoothing else ""
        return f"{type(self).__name__}({label})"


class Minimax(Logistic):
    """V = mean log D(x) + mean log(1 - D(G(z)))      J = mean log(1 - D(G(z)))

        dV/ds_real = (1 - D)/N      dV/ds_fake = -D/N      dJ/ds_fake = -D/N

    J is the second term of V, the only term that G can move. If D rejects a sample,
    D(G(z)) -> 0 and so does dJ/ds: the objective *saturates*, and G learns slowest
    where it is worst. Source: Goodfellow et al. 2014, eq. 1 and Algorithm 1.

    With real_label a < 1 (one-sided label smoothing) the first term of V is

        mean(a log D(x) + (1 - a) log(1 - D(x)))      dV/ds_real = (a - D)/N

    so that D(x) = a is best for a sample that is surely real, and s stays finite.
    Source: Salimans et al. 2016, section 3.4. InputError unless 0 < a <= 1.
    """

    def value(self, s_real, s_fake):
        V_real = -mean(softplus(-s_real)) - self.smoothing * mean(s_real)
        return V_real - mean(softplus(s_fake))  # eq: minimax-V

    def d_grads(self, s_real, s_fake):
        ds_real = (sigmoid(-s_real) - self.smoothing) / s_real.size  # eq: minimax-dV
        ds_fake = -sigmoid(s_fake) / s_fake.size
        return ds_real, ds_fake

    def g_value(self, s_fake, s_real=None):
        return -mean(softplus(s_fake))  # eq: minimax-J

    def g_grad(self, s_fake, s_real=None):
        return -sigmoid(s_fake) / s_fake.size  # eq: minimax-dJ


class NonSaturating(Minimax):
    """V as in Minimax      J = -mean log D(G(z))      dJ/ds_fake = -(1 - D)/N

    G maximises log D(G(z)) instead of minimising log(1 - D(G(z))). The fixed point is
    the same, the gradient is not: -(1 - D) is near -1 where D rejects a sample, and
    vanishes where D is fooled. Source: Goodfellow et al. 2014, section 3.
    """

    def g_value(self, s_fake, s_real=None):
        return mean(softplus(-s_fake))  # eq: nonsaturating-J

    def g_grad(self, s_fake, s_real=None):
        return -sigmoid(-s_fake) / s_fake.size  # eq: nonsaturating-dJ

"""Objectives on scores: D is a critic, and its s is not the logit of a belief."""

from ..errors import InputError, number
from ..ops import get_xp, mean
from .base import Objective


class Critic(Objective):
    """An objective on scores, not beliefs. A subclass may override J = -mean s_fake.

    dJ/ds_fake = -1/N
    """

    def g_value(self, s_fake, s_real=None):
        return -mean(s_fake)  # eq: critic-J

    def g_grad(self, s_fake, s_real=None):
        return -get_xp(s_fake).ones_like(s_fake) / s_fake.size  # eq: critic-dJ

    def beliefs(self, s_real, s_fake):
        """The mean scores of both batches."""
        return mean(s_real), mean(s_fake)


class Wasserstein(Critic):
    """V = mean s_real - mean s_fake      J = -mean s_fake

        dV/ds_real = 1/N      dV/ds_fake = -1/N      dJ/ds_fake = -1/N

    The largest V over all critics with slopes of at most 1 is the Wasserstein distance
    W1(p_data, p_G), by Kantorovich and Rubinstein. So weight clipping, a gradient
    penalty or spectral normalisation has to keep the critic from being steep.
    Source: Arjovsky et al. 2017, eq. 2 and Algorithm 1.
    """

    unbounded = True

    def value(self, s_real, s_fake):
        return mean(s_real) - mean(s_fake)  # eq: wasserstein-V

    def d_grads(self, s_real, s_fake):
        N, M, ones = s_real.size, s_fake.size, get_xp(s_real).ones_like
        return ones(s_real) / N, -ones(s_fake) / M  # eq: wasserstein-dV


class Hinge(Critic):
    """V = -mean max(0, 1 - s_real) - mean max(0, 1 + s_fake)      J = -mean s_fake

        dV/ds_real = 1/N where s_real < 1, else 0
        dV/ds_fake = -1/N where s_fake > -1, else 0

    A sample that is on the right side by a margin of 1 teaches D nothing. Source: Lim
    and Ye 2017; Miyato et al. 2018, eq. 16 and 17.
    """

    unbounded = True

    def value(self, s_real, s_fake):
        where = get_xp(s_real).where
        short, over = (where(a > 0, a, 0) for a in (1 - s_real, 1 + s_fake))
        return -mean(short) - mean(over)  # eq: hinge-V

    def d_grads(self, s_real, s_fake):
        ds_real = (s_real < 1).astype(s_real.dtype) / s_real.size  # eq: hinge-dV
        ds_fake = -(s_fake > -1).astype(s_fake.dtype) / s_fake.size
        return ds_real, ds_fake


class LeastSquares(Critic):
    """V = -1/2 mean (s_real - b)^2 - 1/2 mean (s_fake - a)^2

    J = 1/2 mean (s_fake - c)^2

        dV/ds_real = -(s_real - b)/N      dV/ds_fake = -(s_fake - a)/N
        dJ/ds_fake = (s_fake - c)/N

    D regresses on the labels a = 0 and b = 1, and G wants c = 1. A sample far on the
    right side of the border is drawn back to it. With b - c = 1 and b - a = 2, J at the
    best D is half the Pearson chi^2 divergence, up to terms that G cannot move. b < 1
    is one-sided label smoothing. Raises InputError for a = b, and unless a, b and c
    are finite. Source: Mao et al. 2017, eq. 2 and 9.
    """

    def __init__(self, a: float = 0.0, b: float = 1.0, c: float = 1.0):
        self.a, self.b = number(self, "a", a), number(self, "b", b)
        self.c = number(self, "c", c)
        if self.a == self.b:
            raise InputError(f"LeastSquares expects a and b apart, got {a} for both")

    def __repr__(self) -> str:
        return f"LeastSquares({self.a:g}, {self.b:g}, {self.c:g})"

    def value(self, s_real, s_fake):
        real, fake = s_real - self.b, s_fake - self.a
        return -mean(real * real) / 2 - mean(fake * fake) / 2  # eq: lsgan-V

    def d_grads(self, s_real, s_fake):
        ds_real = (self.b - s_real) / s_real.size  # eq: lsgan-dV
        ds_fake = (self.a - s_fake) / s_fake.size
        return ds_real, ds_fake

    def g_value(self, s_fake, s_real=None):
        error = s_fake - self.c
        return mean(error * error) / 2  # eq: lsgan-J

    def g_grad(self, s_fake, s_real=None):
        return (s_fake - self.c) / s_fake.size  # eq: lsgan-dJ

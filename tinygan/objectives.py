"""Objectives: what the two players of the game want, and the derivatives of it.

The discriminator gives a logit s for each sample, and D = sigma(s) is its belief that
the sample is real. Every sign and every 1/N of the game stands in this file: D
*ascends* V, G *descends* J. An objective gives both values and their derivatives with
respect to the logits; everything below the logits is the layers' business.

    log D = -softplus(-s)          d/ds = sigma(-s) = 1 - D
    log(1 - D) = -softplus(s)      d/ds = -sigma(s) = -D
"""

from .backend import sigmoid, softplus


class Objective:
    """V(D, G), which D ascends, and J(G), which G descends. Logits s are (N, 1)."""

    def value(self, s_real, s_fake):
        """V(D, G), a 0-d array."""
        raise TypeError(f"{type(self).__name__} does not define value")

    def d_grads(self, s_real, s_fake):
        """dV/ds_real and dV/ds_fake, each of its logits' shape."""
        raise TypeError(f"{type(self).__name__} does not define d_grads")

    def g_value(self, s_fake, s_real=None):
        """J(G), a 0-d array."""
        raise TypeError(f"{type(self).__name__} does not define g_value")

    def g_grad(self, s_fake, s_real=None):
        """dJ/ds_fake."""
        raise TypeError(f"{type(self).__name__} does not define g_grad")


class Minimax(Objective):
    """V = mean log D(x) + mean log(1 - D(G(z)))      J = mean log(1 - D(G(z)))

        dV/ds_real = (1 - D)/N      dV/ds_fake = -D/N      dJ/ds_fake = -D/N

    J is the second term of V, the only one that G can move. Where D rejects a sample,
    D(G(z)) -> 0 and so does dJ/ds: the objective *saturates*, and G learns slowest
    where it is worst. Source: Goodfellow et al. 2014, eq. 1 and Algorithm 1.
    """

    def value(self, s_real, s_fake):
        return -softplus(-s_real).mean() - softplus(s_fake).mean()  # eq: minimax-V

    def d_grads(self, s_real, s_fake):
        ds_real = sigmoid(-s_real) / s_real.size  # eq: minimax-dV
        ds_fake = -sigmoid(s_fake) / s_fake.size
        return ds_real, ds_fake

    def g_value(self, s_fake, s_real=None):
        return -softplus(s_fake).mean()  # eq: minimax-J

    def g_grad(self, s_fake, s_real=None):
        return -sigmoid(s_fake) / s_fake.size  # eq: minimax-dJ


class NonSaturating(Minimax):
    """V as in Minimax      J = -mean log D(G(z))      dJ/ds_fake = -(1 - D)/N

    G maximises log D(G(z)) instead of minimising log(1 - D(G(z))). The fixed point is
    the same, the gradient is not: -(1 - D) is near -1 where D rejects a sample, and
    vanishes where D is fooled. Source: Goodfellow et al. 2014, section 3.
    """

    def g_value(self, s_fake, s_real=None):
        return softplus(-s_fake).mean()  # eq: nonsaturating-J

    def g_grad(self, s_fake, s_real=None):
        return -sigmoid(-s_fake) / s_fake.size  # eq: nonsaturating-dJ

"""Objectives: what the two players of the game want, and the derivatives of it.

The discriminator gives a logit s for each sample, and D = sigma(s) is its belief that
the sample is real; a critic's s is a score, without a sigma. Every sign and every 1/N
of the game stands here: D *ascends* V, G *descends* J. An objective gives both values
and their derivatives with respect to the logits; everything below the logits is the
layers' business. Objectives that compare real logits with fake ones are in
relativistic.py, those of conditional games in conditional.py.

    log D = -softplus(-s)          d/ds = sigma(-s) = 1 - D
    log(1 - D) = -softplus(s)      d/ds = -sigma(s) = -D
"""

from .backend import get_xp, mean, sigmoid, softplus
from .errors import ShapeError


class Objective:
    """V(D, G), which D ascends, and J(G), which G descends. Logits s are (N, 1).

    With `paired`, J depends on s_real as well, and g_value and g_grad must be given it.
    """

    paired = False

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

    def beliefs(self, s_real, s_fake):
        """What the log shows as D(x) and D(G(z)), two 0-d arrays: mean sigma(s)."""
        return mean(sigmoid(s_real)), mean(sigmoid(s_fake))

    def expects(self, out_shape) -> None:
        """Raises ShapeError unless it takes what a D of this output's shape gives."""
        if out_shape != (1,):
            raise ShapeError(f"D must end in one logit per sample, got {out_shape}")

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"


class Logistic(Objective):
    """An objective of log-likelihoods, in which real samples may have a label a < 1.

    ValueError unless 0 < a <= 1.
    """

    def __init__(self, real_label: float = 1.0):
        if not 0 < real_label <= 1:
            raise ValueError(
                f"{type(self).__name__} expects a label 0 < real_label <= 1, "
                f"got {real_label}"
            )
        self.smoothing = 1 - float(real_label)

    def __repr__(self) -> str:
        label = f"real_label={1 - self.smoothing:g}" if self.smoothing else ""
        return f"{type(self).__name__}({label})"


class Minimax(Logistic):
    """V = mean log D(x) + mean log(1 - D(G(z)))      J = mean log(1 - D(G(z)))

        dV/ds_real = (1 - D)/N      dV/ds_fake = -D/N      dJ/ds_fake = -D/N

    J is the second term of V, the only one that G can move. Where D rejects a sample,
    D(G(z)) -> 0 and so does dJ/ds: the objective *saturates*, and G learns slowest
    where it is worst. Source: Goodfellow et al. 2014, eq. 1 and Algorithm 1.

    With real_label a < 1 (one-sided label smoothing) the first term of V is

        mean(a log D(x) + (1 - a) log(1 - D(x)))      dV/ds_real = (a - D)/N

    so that D(x) = a is best for a sample that must be real, and s stays finite. Source:
    Salimans et al. 2016, section 3.4. ValueError unless 0 < a <= 1.
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


class Critic(Objective):
    """An objective on scores, not beliefs; J = -mean s_fake unless a subclass differs.

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
    W1(p_data, p_G), by Kantorovich and Rubinstein; so the critic has to be kept from
    being steep, by weight clipping, a gradient penalty or spectral normalisation.
    Source: Arjovsky et al. 2017, eq. 2 and Algorithm 1.
    """

    def value(self, s_real, s_fake):
        return mean(s_real) - mean(s_fake)  # eq: wasserstein-V

    def d_grads(self, s_real, s_fake):
        ones_like = get_xp(s_real).ones_like  # eq: wasserstein-dV
        return ones_like(s_real) / s_real.size, -ones_like(s_fake) / s_fake.size


class Hinge(Critic):
    """V = -mean max(0, 1 - s_real) - mean max(0, 1 + s_fake)      J = -mean s_fake

        dV/ds_real = 1/N where s_real < 1, else 0
        dV/ds_fake = -1/N where s_fake > -1, else 0

    A sample that is on the right side by a margin of 1 teaches D no more. Source: Lim
    and Ye 2017; Miyato et al. 2018, eq. 16 and 17.
    """

    def value(self, s_real, s_fake):
        where = get_xp(s_real).where
        short, over = 1 - s_real, 1 + s_fake  # eq: hinge-V
        return -mean(where(short > 0, short, 0)) - mean(where(over > 0, over, 0))

    def d_grads(self, s_real, s_fake):
        ds_real = (s_real < 1).astype(s_real.dtype) / s_real.size  # eq: hinge-dV
        ds_fake = -(s_fake > -1).astype(s_fake.dtype) / s_fake.size
        return ds_real, ds_fake


class LeastSquares(Critic):
    """V = -1/2 mean (s_real - b)^2 - 1/2 mean (s_fake - a)^2

    J = 1/2 mean (s_fake - c)^2

        dV/ds_real = -(s_real - b)/N      dV/ds_fake = -(s_fake - a)/N
        dJ/ds_fake = (s_fake - c)/N

    D regresses on the labels a = 0 and b = 1, G wants c = 1; a sample far on the right
    side of the border is drawn back to it. With b - c = 1 and b - a = 2, J at the best
    D is half the Pearson chi^2 divergence, up to what G cannot move. b < 1 is one-sided
    label smoothing. Source: Mao et al. 2017, eq. 2 and 9.
    """

    def __init__(self, a: float = 0.0, b: float = 1.0, c: float = 1.0):
        self.a, self.b, self.c = float(a), float(b), float(c)

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

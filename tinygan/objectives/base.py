"""Objectives: what the two players of the game want, and its derivatives.

The discriminator gives a logit s for each sample, and D = sigma(s) is its belief that
the sample is real; a critic's s is a score, without a sigma. Every sign and every 1/N
of the game is in these files: D *ascends* V, G *descends* J. An objective gives both
values and their derivatives with respect to the logits; everything below the logits is
the layers' business. relativistic.py has objectives that compare real logits with fake
logits, and auxiliary.py has objectives of conditional games.

    log D = -softplus(-s)          d/ds = sigma(-s) = 1 - D
    log(1 - D) = -softplus(s)      d/ds = -sigma(s) = -D
"""

from ..errors import ShapeError
from ..guard.logits import explained
from ..ops import mean, sigmoid


class Objective:
    """V(D, G), which D ascends, and J(G), which G descends. Logits s are (N, 1).

    If `paired`, J depends on s_real as well, and g_value and g_grad need s_real.
    """

    paired = False
    sees_samples = False  # True if J also depends on the samples G(z) themselves
    unbounded = False  # True if s has to be any number: a D that ends in a Sigmoid is
    # refused, because its s lies in [0, 1]

    def __init_subclass__(cls, checks_logits: bool = True):
        for name in ("value", "d_grads", "g_value", "g_grad", "beliefs"):
            if checks_logits and name in vars(cls):
                setattr(cls, name, explained(vars(cls)[name]))

    def value(self, s_real, s_fake):
        """V(D, G), a 0-d array."""
        raise TypeError(f"{type(self).__name__} does not define value")

    def d_grads(self, s_real, s_fake):
        """dV/ds_real and dV/ds_fake, each with the shape of its logits."""
        raise TypeError(f"{type(self).__name__} does not define d_grads")

    def g_value(self, s_fake, s_real=None):
        """J(G), a 0-d array."""
        raise TypeError(f"{type(self).__name__} does not define g_value")

    def g_grad(self, s_fake, s_real=None):
        """dJ/ds_fake."""
        raise TypeError(f"{type(self).__name__} does not define g_grad")

    def of_samples(self, x_fake, z):
        """(L, dL/dx_fake) of an objective that `sees_samples`: G descends J + L.

        x_fake: (N, ...) made from z (N, ...)
        """
        raise TypeError(f"{type(self).__name__} does not define of_samples")

    @explained
    def beliefs(self, s_real, s_fake):
        """D(x) and D(G(z)) as the log shows them, two 0-d arrays: mean sigma(s)."""
        return mean(sigmoid(s_real)), mean(sigmoid(s_fake))

    def expects(self, out_shape) -> None:
        """Raises ShapeError unless the objective takes a D with this output's shape."""
        if out_shape != (1,):
            raise ShapeError(f"D must end in one logit per sample, got {out_shape}")

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"

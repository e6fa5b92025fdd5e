"""Relativistic objectives: logits of real and fake samples, compared with each other.

In an ordinary objective D judges each sample by itself. Here D is asked which of two
samples, or of two batches, is more real. So J depends on the real samples as well
(`paired`). Signs and 1/N are as in base.py. Source: Jolicoeur-Martineau 2018.
"""

from ..errors import ShapeError
from ..ops import mean, sigmoid, softplus
from .base import Objective
from .logistic import Logistic


class RelativisticAverage(Logistic):
    """Is a real sample more real than the fake ones are on average, and the reverse?

        r = s_real - mean s_fake                f = s_fake - mean s_real
        V = mean log sigma(r) + mean log(1 - sigma(f))
        J = -mean log(1 - sigma(r)) - mean log sigma(f)

        dV/ds_real = (sigma(-r) + mean sigma(f))/N
        dV/ds_fake = -(sigma(f) + mean sigma(-r))/N
        dJ/ds_fake = -(sigma(-f) + mean sigma(r))/N

    Each mean couples every logit to the whole other batch. This gives the second terms.
    So the logits of both batches come before any backward pass. J is V with the roles
    exchanged; G also gains when the real samples seem less real. With real_label a < 1
    the first term of V is smoothed as in Minimax: dV has sigma(-r) - (1 - a) in place
    of sigma(-r).

    Source: Jolicoeur-Martineau 2018, section 4.3 (RaSGAN).
    """

    paired = True

    def value(self, s_real, s_fake):
        r, f = self._relative(s_real, s_fake)
        V_real = -mean(softplus(-r)) - self.smoothing * mean(r)
        return V_real - mean(softplus(f))  # eq: ragan-V

    def d_grads(self, s_real, s_fake):
        r, f = self._relative(s_real, s_fake)
        dr, df = sigmoid(-r) - self.smoothing, -sigmoid(f)  # N dV/dr and N dV/df
        ds_real = (dr - mean(df)) / s_real.size  # eq: ragan-dV
        ds_fake = (df - mean(dr)) / s_fake.size
        return ds_real, ds_fake

    def g_value(self, s_fake, s_real=None):
        r, f = self._relative(s_real, s_fake)
        return mean(softplus(r)) + mean(softplus(-f))  # eq: ragan-J

    def g_grad(self, s_fake, s_real=None):
        r, f = self._relative(s_real, s_fake)
        return -(sigmoid(-f) + mean(sigmoid(r))) / s_fake.size  # eq: ragan-dJ

    def _relative(self, s_real, s_fake):
        _both(self, s_real, s_fake)
        return s_real - mean(s_fake), s_fake - mean(s_real)

    def beliefs(self, s_real, s_fake):
        """mean sigma(r) and mean sigma(f)."""
        r, f = self._relative(s_real, s_fake)
        return mean(sigmoid(r)), mean(sigmoid(f))


class RelativisticPairing(Objective):
    """Given a real and a fake sample, which of the two is real?

        d = s_real - s_fake, sample by sample
        V = mean log sigma(d)                   J = -mean log sigma(-d)

        dV/ds_real = sigma(-d)/N      dV/ds_fake = -sigma(-d)/N
        dJ/ds_fake = -sigma(d)/N

    Only the difference of logits matters: adding a constant to D changes nothing.
    Both batches must be of one size (ShapeError). Source: Jolicoeur-Martineau 2018,
    section 4.1 (RSGAN).
    """

    paired = unbounded = True

    def value(self, s_real, s_fake):
        return -mean(softplus(-self._difference(s_real, s_fake)))  # eq: rpgan-V

    def d_grads(self, s_real, s_fake):
        ds_real = sigmoid(-self._difference(s_real, s_fake)) / s_real.size
        return ds_real, -ds_real  # eq: rpgan-dV

    def g_value(self, s_fake, s_real=None):
        return mean(softplus(self._difference(s_real, s_fake)))  # eq: rpgan-J

    def g_grad(self, s_fake, s_real=None):
        d = self._difference(s_real, s_fake)
        return -sigmoid(d) / s_fake.size  # eq: rpgan-dJ

    def _difference(self, s_real, s_fake):
        _both(self, s_real, s_fake)
        if len(s_real) != len(s_fake):
            raise ShapeError(
                "RelativisticPairing expects as many real logits as fake ones, "
                f"got {s_real.shape} and {s_fake.shape}"
            )
        return s_real - s_fake

    def beliefs(self, s_real, s_fake):
        """mean sigma(d), how surely D picks the real sample, and 1 - mean sigma(d)."""
        right = mean(sigmoid(self._difference(s_real, s_fake)))
        return right, 1 - right


def _both(objective: Objective, s_real, s_fake) -> None:
    """ShapeError unless there are logits (N, 1) of both batches, each of its own N."""
    name = type(objective).__name__
    if s_real is None:
        raise ShapeError(f"{name} expects s_real as well as s_fake, got None")
    if s_real.shape[1:] != s_fake.shape[1:]:
        shapes = f"{s_real.shape} and {s_fake.shape}"
        raise ShapeError(f"{name} expects real and fake logits (N, 1), got {shapes}")

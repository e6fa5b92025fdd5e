"""Faulty penalties: each is to do D.grad -= dP/dtheta, and to return P."""

import numpy as np

from tinygan.penalties import DRAGAN, R1, R2, WGANGP, Drift, penalise

from .book import Book

BOOK = Book()


@BOOK.other("penalty")
class BatchOfFourBuiltIn(R2):
    """P and its gradient are sums over the samples, divided by 4."""

    def accumulate(self, D, real, fake, rng=None):
        _, s, cache = fake
        g, n = self.gamma, len(s)
        return penalise(
            D, s, cache, lambda r: (g / 2 * r * r * n / 4, g * n / 4 + 0 * r)
        )


@BOOK.other("penalty")
class DriftOfAFixedBatch(Drift):
    """dP/ds is divided by 16."""

    def accumulate(self, D, real, fake, rng=None):
        _, s, cache = real
        D.backward_weights(s * (-2 * self.eps / 16), cache)
        return self.eps * (s * s).mean()


@BOOK.other("penalty")
class ClearsTheGradientOfV(Drift):
    """D.grad is set to 0 first, so D forgets V."""

    def accumulate(self, D, real, fake, rng=None):
        D.grad[...] = 0
        return super().accumulate(D, real, fake, rng)


@BOOK.other("penalty")
class DriftUphill(Drift):
    """The gradient is added, not taken off: the scores are driven away."""

    def accumulate(self, D, real, fake, rng=None):
        _, s, cache = real
        D.backward_weights(s * (2 * self.eps / s.size), cache)
        return self.eps * (s * s).mean()


@BOOK.other("penalty")
class TwoForgotten(Drift):
    """dP/ds is eps s/N: the 2 of the square is missing."""

    def accumulate(self, D, real, fake, rng=None):
        _, s, cache = real
        D.backward_weights(s * (-self.eps / s.size), cache)
        return self.eps * (s * s).mean()


@BOOK.other("penalty")
class HalfInTheValueOnly(R1):
    """P has gamma where its gradient has gamma/2."""

    def accumulate(self, D, real, fake, rng=None):
        return 2 * super().accumulate(D, real, fake, rng)


@BOOK.other("penalty")
class GradientOfOtherGamma(R2):
    """phi'(r)/r is 2 gamma for gamma/2 r^2."""

    def phi(self, r):
        value, slope = super().phi(r)
        return value, 2 * slope


@BOOK.other("penalty")
class SaysR2IsR1(R2):
    """The penalty is on the real batch."""

    def accumulate(self, D, real, fake, rng=None):
        return self.at(D, *real)


@BOOK.other("penalty")
class DriftOfFakeScores(Drift):
    """The drift is taken from the fake scores."""

    def accumulate(self, D, real, fake, rng=None):
        return super().accumulate(D, fake, real, rng)


@BOOK.other("penalty")
class NoiseFromTheGlobalGenerator(DRAGAN):
    """The points are drawn from np.random."""

    def uniform(self, like, shape, rng):
        return np.random.random(shape).astype(like.real.dtype)


@BOOK.other("penalty")
class NoiseFromAFixedGenerator(WGANGP):
    """Every step has the same epsilons."""

    def uniform(self, like, shape, rng):
        return super().uniform(like, shape, np.random.default_rng(0))


@BOOK.other("penalty")
class OneEpsilonForAll(WGANGP):
    """All samples share one epsilon."""

    def uniform(self, like, shape, rng):
        return super().uniform(like, shape, rng)[:1] + np.zeros(shape, like.real.dtype)


@BOOK.other("penalty")
class OneEpsilonForEachNumber(WGANGP):
    """Each number of a sample has its own epsilon: x_hat leaves the line."""

    def points(self, x_real, x_fake, rng):
        eps = self.uniform(x_real, x_real.shape, rng)
        return eps * x_real + (1 - eps) * x_fake


@BOOK.other("penalty")
class ThetaLeftChanged(R1):
    """theta is shrunk for the penalty, and not put back exactly."""

    def accumulate(self, D, real, fake, rng=None):
        D.theta *= 1 - 1e-3
        P = super().accumulate(D, real, fake, rng)
        D.theta /= 1 - 1e-3 + 1e-6
        return P


@BOOK.other("penalty")
class NoSlopeIsNan(WGANGP):
    """phi'(r)/r divides by r, which is 0 where D is flat."""

    def phi(self, r):
        with np.errstate(all="ignore"):
            value, _ = super().phi(r)
            return value, 2 * self.weight * (r - self.k) / r


@BOOK.other("penalty")
class GentleSlopesAreFree(WGANGP):
    """Slopes below 0.05 are not punished: the gradient is 0 there."""

    def phi(self, r):
        value, slope = super().phi(r)
        return value, np.where(r < 0.05, 0, slope).astype(slope.dtype)


@BOOK.other("penalty")
class SteepSlopesAreFree(R1):
    """Slopes above 50 get no gradient."""

    def phi(self, r):
        value, slope = super().phi(r)
        return value, np.where(r > 50, 0, slope).astype(slope.dtype)


@BOOK.other("penalty")
class SlopesClippedAtTen(R2):
    """P counts slopes above 10 as 10, and the gradient does not."""

    def phi(self, r):
        _, slope = super().phi(r)
        r = np.where(r > 10, 10, r).astype(r.dtype)
        return self.gamma / 2 * r * r, slope


@BOOK.other("penalty")
class NormOfTheBatch(WGANGP):
    """The norm is that of the whole batch's gradient, not one for each sample."""

    def phi(self, r):
        whole = np.sqrt((r * r).sum()) + 0 * r
        return super().phi(whole)


@BOOK.other("penalty")
class TwoSidedThoughOneSided(WGANGP):
    """one_sided is ignored in the gradient: gentle slopes are pulled up."""

    def __init__(self):
        super().__init__(one_sided=True)

    def phi(self, r):
        value, _ = super().phi(r)
        positive = r > 0
        slope = np.where(positive, r - self.k, 0) / np.where(positive, r, 1)
        return value, 2 * self.weight * slope


class OneSided(WGANGP):
    """WGANGP with one_sided"""

    def __init__(self):
        super().__init__(one_sided=True)


BOOK.twin("two_sided_though_one_sided", lambda: [OneSided()])


@BOOK.other("penalty")
class PenaltyOffABillionth(R1):
    """The gradient is too large by a factor of 1 + 1e-9."""

    def phi(self, r):
        value, slope = super().phi(r)
        return value, slope * (1 + 1e-9)


@BOOK.other("penalty")
class OddCallsOnly(R1):
    """A lazy penalty that says nothing of it: every other call returns 0."""

    calls = 0

    def accumulate(self, D, real, fake, rng=None):
        self.calls += 1
        if self.calls % 2 == 0:
            return 0 * real[1].sum()
        return super().accumulate(D, real, fake, rng)


@BOOK.other("penalty")
class PenaltyOfTheFirstSample(R2):
    """P is over the batch, and its gradient over the first sample alone."""

    def phi(self, r):
        value, slope = super().phi(r)
        slope[1:] = 0
        return value, slope


@BOOK.other("penalty")
class PIsAVector(R1):
    """P is returned for each sample, (N,), not as a mean."""

    def accumulate(self, D, real, fake, rng=None):
        P = super().accumulate(D, real, fake, rng)
        return P + np.zeros(len(real[1]), np.real(real[1]).dtype)


@BOOK.other("penalty")
class SlopeOfTheFirstCall(R1):
    """The norms of the first call are kept, for batches of the same size."""

    def phi(self, r):
        kept = vars(self).setdefault("kept", {}).setdefault(r.shape, r)
        return super().phi(kept)


@BOOK.other("penalty")
class TargetIgnoredInTheGradient(WGANGP):
    """The gradient is that of k = 0, and P that of k = 1."""

    def phi(self, r):
        value, slope = super().phi(r)
        return value, 2 * self.weight + 0 * slope


FAULTS = BOOK.checks()

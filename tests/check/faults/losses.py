"""Faulty objectives. D ascends V and G descends J; s_real and s_fake are (N, 1)."""

import numpy as np

from tinygan import sigmoid, softplus
from tinygan.objectives import (
    Hinge,
    LeastSquares,
    Minimax,
    NonSaturating,
    RelativisticAverage,
    RelativisticPairing,
    Wasserstein,
)
from tinygan.ops import mean

from .book import Book

BOOK = Book()


@BOOK.other("loss", function=False)
class BatchOfEightInV(Wasserstein):
    """V is a sum over 8, not a mean; its gradient agrees with it."""

    def value(self, s_real, s_fake):
        return s_real.sum() / 8 - s_fake.sum() / 8

    def d_grads(self, s_real, s_fake):
        return 0 * s_real + 1 / 8, 0 * s_fake - 1 / 8


@BOOK.other("loss")
class BatchOfFiveInJ(LeastSquares):
    """dJ/ds is divided by 5, whatever the batch."""

    def g_grad(self, s_fake, s_real=None):
        return (s_fake - self.c) / 5


@BOOK.other("loss")
class FakeSizeForBothBatches(Minimax):
    """dV/ds_real is divided by the size of the fake batch."""

    def d_grads(self, s_real, s_fake):
        ds_real, ds_fake = super().d_grads(s_real, s_fake)
        return ds_real * (s_real.size / s_fake.size), ds_fake


@BOOK.other("loss")
class ValueCutToTheSmallerBatch(Hinge):
    """V drops the samples by which one batch is larger; its gradient does not."""

    def value(self, s_real, s_fake):
        n = min(len(s_real), len(s_fake))
        return super().value(s_real[:n], s_fake[:n])


@BOOK.other("loss")
class MeanOfUnequalBatches(RelativisticAverage):
    """The second term of dV/ds_real is a sum over the fake batch by the real size."""

    def d_grads(self, s_real, s_fake):
        r, f = self._relative(s_real, s_fake)
        ds_real = (sigmoid(-r) + sigmoid(f).sum() / s_real.size) / s_real.size
        return ds_real, super().d_grads(s_real, s_fake)[1]


@BOOK.other("loss")
class OneSampleGivesNothing(LeastSquares):
    """A batch of one has no gradient: an average over N - 1 was avoided."""

    def g_grad(self, s_fake, s_real=None):
        return super().g_grad(s_fake) * (s_fake.size > 1)


@BOOK.other("loss")
class WrongOnTheMargin(Hinge):
    """A logit exactly on its margin counts twice."""

    def d_grads(self, s_real, s_fake):
        ds_real, ds_fake = super().d_grads(s_real, s_fake)
        return np.where(s_real == 1, 2 / s_real.size, ds_real), ds_fake


@BOOK.other("loss")
class TiedWithinTheBatch(NonSaturating):
    """Equal fake logits share one gradient: `unique` took the copies away."""

    def g_grad(self, s_fake, s_real=None):
        g = super().g_grad(s_fake)
        count = (s_fake == s_fake.reshape(1, -1)).sum(axis=1, keepdims=True)
        return g / count.astype(g.dtype)


@BOOK.other("loss")
class SaturatedLogitsIgnored(NonSaturating):
    """dJ/ds is 0 for s < -12, where G has most to learn."""

    def g_grad(self, s_fake, s_real=None):
        g = super().g_grad(s_fake)
        return np.where(s_fake < -12, 0, g).astype(g.dtype)


@BOOK.other("loss")
class ZeroLogitIgnored(Minimax):
    """dV/ds_fake is 0 at a logit of exactly 0, where every D starts."""

    def d_grads(self, s_real, s_fake):
        ds_real, ds_fake = super().d_grads(s_real, s_fake)
        return ds_real, np.where(s_fake == 0, 0, ds_fake).astype(ds_fake.dtype)


@BOOK.other("loss")
class JKeptFromV(NonSaturating):
    """J takes the fake logits that `value` saw last."""

    def value(self, s_real, s_fake):
        self.seen = s_fake
        return super().value(s_real, s_fake)

    def g_value(self, s_fake, s_real=None):
        return super().g_value(vars(self).get("seen", s_fake))


@BOOK.other("loss")
class MovingTarget(LeastSquares):
    """b follows the real logits, a bit with each call of d_grads."""

    def d_grads(self, s_real, s_fake):
        result = super().d_grads(s_real, s_fake)
        self.b += 0.01 * (float(np.real(s_real.mean())) - self.b)
        return result


@BOOK.other("loss")
class LogOfAProbability(Minimax):
    """V takes log(1 - sigma(s)), which is -inf at s = 50."""

    def value(self, s_real, s_fake):
        with np.errstate(divide="ignore"):
            return mean(np.log(sigmoid(s_real))) + mean(np.log(1 - sigmoid(s_fake)))


@BOOK.other("loss")
class LogitsCentredInPlace(RelativisticPairing):
    """`value` takes the mean off s_real itself."""

    def value(self, s_real, s_fake):
        V = super().value(s_real, s_fake)
        s_real -= s_real.mean()
        return V


@BOOK.other("loss")
class PathThroughTheMeanOffABillionth(RelativisticAverage):
    """dJ/ds_fake is too large by a factor of 1 + 1e-9."""

    def g_grad(self, s_fake, s_real=None):
        return super().g_grad(s_fake, s_real) * (1 + 1e-9)


@BOOK.other("loss")
class SmoothingOfTheWrongTerm(NonSaturating):
    """J is smoothed with 0.1 s, and dJ is not."""

    def g_value(self, s_fake, s_real=None):
        return mean(softplus(-s_fake)) + 0.1 * mean(s_fake)


@BOOK.other("loss")
class LogitsBeyond64(LeastSquares):
    """dV/ds_fake is 0 for samples after the 64th."""

    def d_grads(self, s_real, s_fake):
        ds_real, ds_fake = super().d_grads(s_real, s_fake)
        ds_fake[64:] = 0
        return ds_real, ds_fake


FAULTS = BOOK.checks()

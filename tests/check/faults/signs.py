"""Objectives with a wrong sign or role, or that return another kind of thing."""

import numpy as np

from tinygan.objectives import (
    Hinge,
    LeastSquares,
    Minimax,
    NonSaturating,
    RelativisticAverage,
    Wasserstein,
)
from tinygan.ops import mean

from .book import Book

BOOK = Book()


@BOOK.other("loss", function=False)
class VNegated(Hinge):
    """V and dV are the loss of other libraries: D would learn to be wrong."""

    def value(self, s_real, s_fake):
        return -super().value(s_real, s_fake)

    def d_grads(self, s_real, s_fake):
        return tuple(-d for d in super().d_grads(s_real, s_fake))


@BOOK.other("loss", function=False)
class JNegated(Wasserstein):
    """J and dJ have the other sign: G would learn to be found out."""

    def g_value(self, s_fake, s_real=None):
        return mean(s_fake)

    def g_grad(self, s_fake, s_real=None):
        return -super().g_grad(s_fake)


@BOOK.other("loss", function=False)
class BothNegated(NonSaturating):
    """V and J both have the other sign, each with its gradient."""

    def value(self, s_real, s_fake):
        return -super().value(s_real, s_fake)

    def d_grads(self, s_real, s_fake):
        return tuple(-d for d in super().d_grads(s_real, s_fake))

    def g_value(self, s_fake, s_real=None):
        return -super().g_value(s_fake)

    def g_grad(self, s_fake, s_real=None):
        return -super().g_grad(s_fake)


@BOOK.other("loss")
class OnlyTheGradientOfVNegated(LeastSquares):
    """dV has the other sign than V."""

    def d_grads(self, s_real, s_fake):
        return tuple(-d for d in super().d_grads(s_real, s_fake))


@BOOK.other("loss")
class OnlyTheValueOfJNegated(Minimax):
    """J has the other sign than dJ."""

    def g_value(self, s_fake, s_real=None):
        return -super().g_value(s_fake)


@BOOK.other("loss", function=False)
class RealAndFakeExchanged(Wasserstein):
    """V and dV take the real logits for the fake ones."""

    def value(self, s_real, s_fake):
        return super().value(s_fake, s_real)

    def d_grads(self, s_real, s_fake):
        return super().d_grads(s_fake, s_real)[::-1]


@BOOK.other("loss", function=False)
class ValueHasAnAxis(LeastSquares):
    """V is (1,), not 0-d."""

    def value(self, s_real, s_fake):
        return np.reshape(super().value(s_real, s_fake), (1,))


@BOOK.other("loss", function=False)
class ValueIsAFloat(Wasserstein):
    """V is a Python float: a GPU would have to wait, the complex step is lost."""

    def value(self, s_real, s_fake):
        return float(np.real(super().value(s_real, s_fake)))


@BOOK.other("loss", function=False)
class ValueIsSummed(Hinge):
    """V and dV are sums over the samples, with no 1/N."""

    def value(self, s_real, s_fake):
        return super().value(s_real, s_fake) * s_real.size

    def d_grads(self, s_real, s_fake):
        ds_real, ds_fake = super().d_grads(s_real, s_fake)
        return ds_real * s_real.size, ds_fake * s_real.size


@BOOK.other("loss")
class GradientIsFlat(Minimax):
    """dJ/ds_fake is (N,), not (N, 1)."""

    def g_grad(self, s_fake, s_real=None):
        return super().g_grad(s_fake)[:, 0]


@BOOK.other("loss", function=False)
class BeliefsExchanged(NonSaturating):
    """`beliefs` gives D(G(z)) first."""

    def beliefs(self, s_real, s_fake):
        return super().beliefs(s_real, s_fake)[::-1]


@BOOK.other("loss", function=False)
class GradientIsFloat64(LeastSquares):
    """dV of float32 logits is float64: the labels are NumPy numbers."""

    def d_grads(self, s_real, s_fake):
        one = np.float64(1)
        return tuple(one * d for d in super().d_grads(s_real, s_fake))


@BOOK.other("loss", function=False)
class PairedSaysItIsNot(RelativisticAverage):
    """J needs s_real, and `paired` is False, so g_step fails."""

    paired = False


@BOOK.other("loss", function=False)
class RealLogitsUsedThoughNotPaired(Minimax):
    """J depends on s_real, and `paired` is False: g_step passes None."""

    def g_value(self, s_fake, s_real=None):
        J = super().g_value(s_fake)
        return J if s_real is None else J + mean(s_real * s_real)

    def g_grad(self, s_fake, s_real=None):
        g = super().g_grad(s_fake)
        return g if s_real is None else g + 0.1 * mean(s_real) / s_fake.size


FAULTS = BOOK.checks()

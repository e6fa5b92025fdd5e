"""Faulty optimizers: theta += lr u(g) to ascend, theta -= lr u(g) to descend."""

import numpy as np

from tinygan.optim import SGD, Adam, ClipNorm, ClipValue, Momentum, RMSProp
from tinygan.optim.base import moving_average

from .book import Book

BOOK = Book()


class OwnAdam(Adam):
    """Adam with its pieces apart"""

    def direction(self, g, out):
        self.remember(g)
        m_hat = self.m / (1 - self.beta1 ** self.count())
        v_hat = self.v / (1 - self.beta2 ** self.count())
        out[...] = m_hat / self.root(v_hat)
        return 1.0

    def remember(self, g):
        moving_average(self.m, g, self.beta1)
        moving_average(self.v, g * g, self.beta2)

    def count(self):
        return self.t

    def root(self, v_hat):
        return np.sqrt(v_hat) + self.eps


@BOOK.other("optimizer", 1e-3)
class TimeOffByOne(OwnAdam):
    """The bias is undone for t + 1."""

    def count(self):
        return self.t + 1


@BOOK.other("optimizer", 1e-3)
class EpsInsideTheRoot(OwnAdam):
    """sqrt(v_hat + eps), where sqrt(v_hat) + eps belongs."""

    def root(self, v_hat):
        return np.sqrt(v_hat + self.eps)


@BOOK.other("optimizer", 1e-3)
class NoBiasCorrection(OwnAdam):
    """m and v are used as they are, so the first steps are wrong."""

    def count(self):
        return 10**9


@BOOK.other("optimizer", 1e-3)
class EpsForgotten(RMSProp):
    """g / sqrt(v) is 0/0 for a parameter whose gradients are all 0."""

    def direction(self, g, out):
        moving_average(self.v, g * g, self.rho)
        with np.errstate(all="ignore"):
            out[...] = g / np.sqrt(self.v)
        return 1.0


@BOOK.other("optimizer", 1e-2)
class RateFrozenAtTheFirstStep(Momentum):
    """A schedule changes lr, and the steps do not follow."""

    def step(self, theta, g, signed_lr):
        self.first = vars(self).get("first", abs(signed_lr))
        super().step(theta, g, self.first if signed_lr > 0 else -self.first)


@BOOK.other("optimizer", 1e-2)
class MomentUnsaved(Momentum):
    """m is not among the moments, so a resumed run starts it at 0."""

    moments = ()

    def prepare(self, theta):
        super().prepare(theta)
        if not hasattr(self, "m"):
            self.m = np.zeros_like(theta)


@BOOK.other("optimizer", 1e-3)
class CountUnsaved(OwnAdam):
    """A warm-up counts its own steps, and a resumed run warms up again."""

    steps = 0

    def direction(self, g, out):
        self.steps += 1
        return super().direction(g, out) * min(1.0, self.steps / 15)


class WarmUp(OwnAdam):
    """A warm-up by t"""

    def direction(self, g, out):
        return super().direction(g, out) * min(1.0, self.t / 15)


BOOK.twin("count_unsaved", lambda: [WarmUp(1e-3)])


@BOOK.other("optimizer", 1e-2)
class FirstBlockOnly(RMSProp):
    """Parameters beyond 32,768 stand still."""

    def direction(self, g, out):
        factor = super().direction(g, out)
        out[32768:] = 0
        return factor


@BOOK.other("optimizer", 1e-2)
class BlockOf1000(SGD):
    """Parameters are stepped in blocks of 1,000; the remainder stands still."""

    def direction(self, g, out):
        end = len(g) - len(g) % 1000 if len(g) > 1000 else len(g)
        out[:end], out[end:] = g[:end], 0
        return 1.0


@BOOK.other("optimizer", 1e-2)
class MomentOfTheClass(Momentum):
    """m belongs to the class: D and G share it."""

    shared: dict = {}  # noqa: RUF012

    def direction(self, g, out):
        m = self.shared.setdefault((g.shape, g.dtype), np.zeros_like(g))
        self.m[...] = m
        factor = super().direction(g, out)
        m[...] = self.m
        return factor


@BOOK.other("optimizer", 1e-3)
class SecondMomentInHalf(OwnAdam):
    """v is rounded to half precision, so small gradients give huge steps."""

    def remember(self, g):
        super().remember(g)
        self.v[...] = self.v.astype(np.float16)


@BOOK.other("optimizer", 1e-2)
class MomentumInHalf(Momentum):
    """In float32 m is rounded to half precision."""

    def direction(self, g, out):
        factor = super().direction(g, out)
        if g.dtype == np.float32:
            self.m[...] = self.m.astype(np.float16)
        return factor


@BOOK.other("optimizer", 1e-2)
class DescendAscends(SGD):
    """descend is ascend: G climbs up J."""

    def descend(self, theta, g):
        self.step(theta, g, +self.lr)


@BOOK.other("optimizer", 1e-2)
class AscendDescends(Momentum):
    """ascend takes the sign of a loss."""

    def ascend(self, theta, g):
        self.step(theta, g, -self.lr)


@BOOK.other("optimizer", 1e-2)
class GradientScaledInPlace(RMSProp):
    """g itself is divided by the root."""

    def direction(self, g, out):
        moving_average(self.v, g * g, self.rho)
        g /= np.sqrt(self.v) + self.eps
        out[...] = g
        return 1.0


@BOOK.other("optimizer", 1e-2)
class WeightDecayInTheDirection(SGD):
    """u = g + 0.01: a step is not odd in g."""

    def direction(self, g, out):
        out[...] = g + 0.01
        return 1.0


@BOOK.other("optimizer", 1e-2)
class MomentumTwice(Momentum):
    """u = mu m + g where u = m belongs: Nesterov's step under the plain name."""

    def direction(self, g, out):
        super().direction(g, out)
        out[...] = self.mu * self.m + g
        return 1.0


@BOOK.other("optimizer", 1e-2)
class WrongAfterFifteenSteps(SGD):
    """After 15 steps the rate is a tenth: a decay that nobody asked for."""

    def direction(self, g, out):
        out[...] = g
        return 1.0 if self.t <= 15 else 0.1


@BOOK.other("optimizer", SGD(1e-2), 1.0)
class NormOfEachThousand(ClipNorm):
    """The norm is that of the first 1,000 gradients."""

    def clipped(self, g):
        super().clipped(g[:1000])
        norm = float(np.sqrt((g[:1000] ** 2).sum()))
        self._g[...] = g * min(1.0, self.limit / max(norm, 1e-30))
        return self._g


@BOOK.other("optimizer", SGD(1e-2), 1.0)
class ClippedAboveOnly(ClipValue):
    """Gradients below -limit are not clipped: u is not odd."""

    def clipped(self, g):
        np.minimum(g, self.limit, out=self._g)
        return self._g


@BOOK.other("optimizer", 1e-3)
class AlphaBetaSwapped(OwnAdam):
    """m decays with beta2 and v with beta1."""

    def remember(self, g):
        moving_average(self.m, g, self.beta2)
        moving_average(self.v, g * g, self.beta1)


@BOOK.other("optimizer", 1e-2)
class LastParameterStands(SGD):
    """u is 0 for the last parameter: a slice that ends one too early."""

    def direction(self, g, out):
        out[:-1], out[-1] = g[:-1], 0
        return 1.0


@BOOK.other("optimizer", 1e-2)
class FirstStepSkipped(Momentum):
    """The first step only fills m."""

    def direction(self, g, out):
        factor = super().direction(g, out)
        return factor if self.t > 1 else 0.0


@BOOK.other("optimizer", 1e-3)
class TimeNotLoaded(OwnAdam):
    """load_state leaves t at 0, so the bias is undone once more."""

    def load_state(self, state):
        super().load_state(state)
        self.t = 0


@BOOK.other("optimizer", 1e-2)
class LoadedStateIsShared(Momentum):
    """load_state keeps the checkpoint's array, and steps write into it."""

    def load_state(self, state):
        super().load_state(state)
        self.m = state["m"]


@BOOK.other("optimizer", 1e-2)
class SmallGradientsIgnored(SGD):
    """u is 0 where |g| < 1e-5."""

    def direction(self, g, out):
        out[...] = np.where(np.abs(g) < 1e-5, 0, g)
        return 1.0


FAULTS = BOOK.checks()

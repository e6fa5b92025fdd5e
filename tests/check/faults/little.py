"""Gradients that are wrong by very little, and layers that start or advance wrongly."""

import numpy as np

from tinygan.layers import Dropout, LayerNorm, SpectralNorm
from tinygan.layers.dense import Dense

from .book import Book
from .right import Causal, Elementwise, Elman, Linear, Softmax, Swish, rows

BOOK = Book()
LITTLE, MADE = "error of 1e-9 to 1e-5", "init, advance, divisible"


@BOOK.layer(LITTLE, (6,))
class WeightGradientOffByABillionth(Linear):
    """dW is too large by a factor of 1 + 1e-9."""

    def learn(self, dy, x):
        self.dW += (rows(x).T @ rows(dy)) * (1 + 1e-9)
        self.db += rows(dy).sum(axis=0)


@BOOK.layer(LITTLE, (4, 3))
class RecurrentDxOffALittle(Elman):
    """dx is too large by a factor of 1 + 1e-8."""

    def backward(self, dy, cache, param_grads=True):
        return super().backward(dy, cache, param_grads) * (1 + 1e-8)


@BOOK.layer(LITTLE, (6,))
class OneEntryOfDbOffALittle(Linear):
    """db[2] is too large by a factor of 1 + 1e-8."""

    def learn(self, dy, x):
        super().learn(dy, x)
        self.db[2] += 1e-8 * rows(dy)[:, 2].sum()


@BOOK.layer(LITTLE, (3, 4))
class EpsForgottenInBackward(LayerNorm):
    """dx takes 1/sigma without eps: wrong by about 5e-6."""

    def backward(self, dy, cache, param_grads=True):
        _, inv_std = cache
        bare = inv_std / np.sqrt(1 - self.eps * inv_std * inv_std)
        return super().backward(dy, cache, param_grads) * (bare / inv_std)


class Gelu(Elementwise):
    """y = x/2 (1 + tanh u), u = c (x + a x^3)"""

    c, a = (2 / np.pi) ** 0.5, 0.044715
    c = float(c)

    def f(self, x):
        return 0.5 * x * (1 + np.tanh(self.c * (x + self.a * x**3)))

    def f1(self, x):
        t = np.tanh(self.c * (x + self.a * x**3))
        return 0.5 * (1 + t) + 0.5 * x * (1 - t * t) * self.u1(x)

    def u1(self, x):
        return self.c * (1 + 3 * self.a * x * x)

    def f2(self, x):
        t, u1 = np.tanh(self.c * (x + self.a * x**3)), self.u1(x)
        u2 = 6 * self.c * self.a * x
        return (1 - t * t) * (u1 - x * t * u1 * u1 + 0.5 * x * u2)


@BOOK.layer(LITTLE, (6,))
class ConstantRounded(Gelu):
    """f' has sqrt(2/pi) as 0.797885, f has all its digits."""

    def u1(self, x):
        return 0.797885 * (1 + 3 * self.a * x * x)


@BOOK.layer(LITTLE, (6,))
class SlopeByADifferenceQuotient(Gelu):
    """f' is a central difference of f with a step of 1e-4."""

    def f1(self, x):
        return (self.f(x + 1e-4) - self.f(x - 1e-4)) / 2e-4


@BOOK.layer(LITTLE, (6,))
class ConstantAddedToDx(Softmax):
    """dx has 1e-9 more in each entry, also where dy is 0."""

    def backward(self, dy, cache, param_grads=True):
        return super().backward(dy, cache, param_grads) + 1e-9


@BOOK.layer(LITTLE, (6, 3))
class LastTapOffALittle(Causal):
    """The part of the last tap in dx is too large by a factor of 1 + 1e-7."""

    def adjoint(self, dy, cache):
        k = self.taps - 1
        more = 1e-7 * self.early(dy @ self.W[k].T, k)
        return super().adjoint(dy, cache) + more


@BOOK.layer(MADE, (6,))
class InitIgnoresItsGenerator(Linear):
    """`init` draws from NumPy's global generator: a seed does not repeat a run."""

    def init(self, rng):
        self.W[...] = np.random.standard_normal(self.W.shape)


@BOOK.layer(MADE, (6,))
class InitDrawsFromAFreshGenerator(Linear):
    """`init` makes a generator of its own, without a seed."""

    def init(self, rng):
        self.W[...] = np.random.default_rng().standard_normal(self.W.shape)


@BOOK.layer(MADE, (6,))
class InitLeavesInfinity(Swish):
    """`init` divides by zero."""

    def init(self, rng):
        with np.errstate(divide="ignore"):
            self.b[...] = 1 / np.zeros(self.b.shape)


@BOOK.layer(MADE, (1,))
class InitIsNanForOneInput(Linear):
    """`init` scales by 1/sqrt(n - 1), which is 1/0 where n = 1."""

    def init(self, rng):
        with np.errstate(divide="ignore"):
            scale = 1 / np.sqrt(len(self.W) - 1)
        self.W[...] = rng.standard_normal(self.W.shape) * scale


@BOOK.layer(MADE, (6,))
class AdvanceDecaysTheWeights(Swish):
    """`advance` shrinks a parameter by 1 %."""

    def advance(self):
        self.b *= 0.99


@BOOK.layer(MADE, (6,))
class AdvanceRestartsTheState(Dropout):
    """`advance` sets the count of masks to 0, so every step has the same masks."""

    def advance(self):
        self.state["draws"] = 0


class Spectral(SpectralNorm):
    """A dense layer under spectral normalisation"""

    def __init__(self):
        super().__init__(Dense(4))


@BOOK.layer(MADE, (6,))
class AdvanceClearsTheGradients(Spectral):
    """`advance` sets dW to 0."""

    def advance(self):
        super().advance()
        self.dW[...] = 0


@BOOK.layer(MADE, (6,))
class SigmaIsNotHeldConstant(Spectral):
    """`forward` makes a power iteration, so the same x gives another y each time."""

    def forward(self, x, train=True):
        self._iterate(1)
        return super().forward(x, train)


class BatchMean(Linear):
    """y = (x - mean of the batch) W + b"""

    divisible = False

    def forward(self, x, train=True):
        return super().forward(x - x.mean(axis=0), train)

    def backward(self, dy, cache, param_grads=True):
        dx = super().backward(dy, cache, param_grads)
        return dx - dx.mean(axis=0)

    def tangent(self, x_dot, cache):
        return super().tangent(x_dot - x_dot.mean(axis=0), cache)

    def tangent_backward(self, dy, dy_dot, cache, cache_dot):
        dx, dx_dot = super().tangent_backward(dy, dy_dot, cache, cache_dot)
        return dx, None if dx_dot is None else dx_dot - dx_dot.mean(axis=0)


@BOOK.layer(MADE, (6,))
class BatchMeanSaysDivisible(BatchMean):
    """The mean over the batch is taken off, and the layer says: samples do not meet."""

    divisible = True


class BatchSoftmax(Softmax):
    """The softmax over the batch"""

    divisible = False

    def forward(self, x, train=True):
        y, _ = super().forward(x.T, train)
        return y.T, (y,)

    def backward(self, dy, cache, param_grads=True):
        return super().backward(dy.T, cache, param_grads).T


@BOOK.layer(MADE, (6,))
class BatchSoftmaxSaysDivisible(BatchSoftmax):
    """The softmax is over the batch, and the layer says that samples do not meet."""

    divisible = True


FAULTS = BOOK.checks()

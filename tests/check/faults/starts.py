"""Right where the parameters and the state start, wrong where training takes them."""

import numpy as np

from tinygan.layers import BatchNorm, InstanceNorm, LayerNorm
from tinygan.ops import column_sum

from .book import Book
from .right import Elementwise, Elman, Linear, Softmax, Swish

BOOK = Book()
STARTS, EVALUATION = "some parameters or state only", "evaluation only"


@BOOK.layer(STARTS, (3, 4))
class GammaForgottenInDx(LayerNorm):
    """dx leaves gamma out, which starts at 1."""

    def backward(self, dy, cache, param_grads=True):
        super().backward(dy, cache, param_grads)
        return self._J(dy, cache)[0]


@BOOK.layer(STARTS, (6,))
class GammaForgottenInTraining(BatchNorm):
    """In training dx is divided by gamma, which starts at 1."""

    def backward(self, dy, cache, param_grads=True):
        dx = super().backward(dy, cache, param_grads)
        return dx / self.gamma if cache[2] else dx


@BOOK.layer(STARTS, (5, 3), function=False)
class GammaForgottenInTheTangent(InstanceNorm):
    """The tangent leaves gamma out, which starts at 1."""

    def tangent(self, x_dot, cache):
        _, cache_dot = super().tangent(x_dot, cache)
        return cache_dot[0], cache_dot


class StartsAtOne(Swish):
    """Swish with b = 1 at the start"""

    def init(self, rng):
        self.b[...] = 1


@BOOK.layer(STARTS, (6,))
class SlopeTakenForOne(StartsAtOne):
    """dx has x g' where b x g' belongs, and b starts at 1."""

    def backward(self, dy, cache, param_grads=True):
        x, g = cache
        super().backward(dy, cache, param_grads)
        return (g + x * g * (1 - g)) * dy


class StartsWithoutBias(Linear):
    """A linear layer with b = 0 at the start"""

    def init(self, rng):
        super().init(rng)
        self.b[...] = 0


@BOOK.layer(STARTS, (6,), function=False)
class TangentAddsABiasOfZero(StartsWithoutBias):
    """The tangent is x_dot W + b, and b starts at 0."""

    def tangent(self, x_dot, cache):
        return x_dot @ self.W + self.b, (x_dot,)


@BOOK.layer(STARTS, (6,))
class BiasInTheGradient(StartsWithoutBias):
    """dW has (x + mean b) where x belongs, and b starts at 0."""

    def learn(self, dy, x):
        super().learn(dy, x + self.b.mean())


class Identity(Linear):
    """A square linear layer with W = 1 at the start"""

    def __init__(self):
        super().__init__(6)

    def init(self, rng):
        self.W[...] = np.eye(len(self.W))


@BOOK.layer(STARTS, (6,))
class TransposeOfTheIdentity(Identity):
    """dx = dy W, where W^T belongs, and W starts as the identity."""

    def backward(self, dy, cache, param_grads=True):
        super().backward(dy, cache, param_grads)
        return dy @ self.W


class ReZero(Elementwise):
    """y = x + a x^3, with one a for each channel that starts at 0"""

    def build(self, in_shape):
        self.shapes = {"a": in_shape[-1:]}
        return in_shape

    def f(self, x):
        return x + self.a * x**3

    def f1(self, x):
        return 1 + 3 * self.a * x * x

    def f2(self, x):
        return 6 * self.a * x

    def backward(self, dy, cache, param_grads=True):
        if param_grads:
            self.da += column_sum(cache[0] ** 3 * dy)
        return super().backward(dy, cache, param_grads)

    def tangent_backward(self, dy, dy_dot, cache, cache_dot):
        if dy_dot is not None:
            self.da += column_sum(3 * cache[0] ** 2 * cache_dot[0] * dy_dot)
        return super().tangent_backward(dy, dy_dot, cache, cache_dot)


@BOOK.layer(STARTS, (6,))
class BranchThatStartsAtZero(ReZero):
    """dx = dy: the branch is left out, and its factor a starts at 0."""

    def backward(self, dy, cache, param_grads=True):
        super().backward(dy, cache, param_grads)
        return dy


@BOOK.layer(STARTS, (6,), function=False)
class CurvatureThatStartsAtZero(ReZero):
    """tangent_backward leaves f'' out, which is 0 as long as a is 0."""

    def f2(self, x):
        return 0 * x


class Temperature(Softmax):
    """y = softmax(x / T), and T starts at 1"""

    def build(self, in_shape):
        self.shapes = {"T": (1,)}
        return in_shape

    def init(self, rng):
        self.T[...] = 1

    def forward(self, x, train=True):
        y, cache = super().forward(x / self.T, train)
        return y, (*cache, x)

    def backward(self, dy, cache, param_grads=True):
        du = super().backward(dy, cache[:1], param_grads)
        if param_grads:
            self.dT -= self.slope_of(cache[1], du)
        return du / self.T

    def slope_of(self, x, du):
        return (x * du).sum() / self.T**2


@BOOK.layer(STARTS, (6,))
class SquareOfTheTemperature(Temperature):
    """dT is divided by T, where T^2 belongs, and T starts at 1."""

    def slope_of(self, x, du):
        return (x * du).sum() / self.T


class WithoutMemory(Elman):
    """A recurrent layer with U = 0 at the start"""

    def init(self, rng):
        super().init(rng)
        self.U[...] = 0


@BOOK.layer(STARTS, (4, 3))
class NoGradientThroughTime(WithoutMemory):
    """dx stops at the last step; U starts at 0, so nothing else arrives there yet."""

    def backward(self, dy, cache, param_grads=True):
        dx = super().backward(dy, cache, param_grads)
        dx[:, :-1] = 0
        return dx


@BOOK.layer(EVALUATION, (6,))
class RunningVarianceForgotten(BatchNorm):
    """In evaluation dx leaves the running variance out, which starts at 1."""

    def backward(self, dy, cache, param_grads=True):
        dx = super().backward(dy, cache, param_grads)
        return dx if cache[2] else self.gamma * dy / np.sqrt(1 + self.eps)


@BOOK.layer(EVALUATION, (6,))
class RunningMeanAddedToTheTangent(BatchNorm):
    """The tangent takes the running mean off x_dot; it starts at 0."""

    def tangent(self, x_dot, cache):
        return super().tangent(x_dot - self.state["mean"], cache)


FAULTS = BOOK.checks()

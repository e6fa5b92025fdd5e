"""Wrong in the tangent passes, or in the shorter passes."""

import numpy as np

from tinygan.layers import BatchNorm, InstanceNorm, LayerNorm
from tinygan.layers.activations import Sigmoid, Softplus, Tanh
from tinygan.ops import column_sum

from .book import Book
from .right import (
    Causal,
    Conv,
    Elementwise,
    Elman,
    Gate,
    Linear,
    MaxPool,
    Swish,
    rows,
)

BOOK = Book()
TANGENT, OTHER = "tangent passes", "other passes and None"


@BOOK.layer(TANGENT, (6,))
class SecondDerivativeForgotten(Elementwise):
    """tangent_backward leaves out f'' x_dot dy_dot."""

    def f2(self, x):
        return 0 * x


@BOOK.layer(TANGENT, (6,))
class CurvatureWithoutItsTwo(Tanh):
    """f'' is -y (1 - y^2), half of what it is."""

    def curvature(self, y, v):
        return super().curvature(y, v) / 2


@BOOK.layer(TANGENT, (6,))
class CurvatureOffByABillionth(Sigmoid):
    """f'' is too large by a factor of 1 + 1e-9."""

    def curvature(self, y, v):
        return super().curvature(y, v) * (1 + 1e-9)


@BOOK.layer(TANGENT, (6,))
class CurvatureLostAbove10(Softplus):
    """f'' is negative for x > 10, where it is e^-x."""

    def curvature(self, y, v):
        return np.where(y > 10, -1, 1) * super().curvature(y, v)


@BOOK.layer(TANGENT, (6,))
class TangentAddsTheBias(Linear):
    """The tangent is x_dot W + b."""

    def tangent(self, x_dot, cache):
        return x_dot @ self.W + self.b, (x_dot,)


@BOOK.layer(TANGENT, (6, 3))
class TangentOfThreeSamplesOnly(Causal):
    """The tangent is 0 for the samples after the third."""

    def tangent(self, x_dot, cache):
        y_dot, cache_dot = super().tangent(x_dot, cache)
        y_dot[3:] = 0
        return y_dot, cache_dot


@BOOK.layer(TANGENT, (6,))
class TangentWeightsForgotten(Linear):
    """tangent_backward adds nothing to dW for dy_dot."""

    def tangent_backward(self, dy, dy_dot, cache, cache_dot):
        dx = None if dy is None else self.backward(dy, cache)
        return dx, None if dy_dot is None else dy_dot @ self.W.T


@BOOK.layer(TANGENT, (6,))
class SlopeParameterForgotten(Swish):
    """tangent_backward leaves out the part of db that comes through the slope."""

    def tangent_backward(self, dy, dy_dot, cache, cache_dot):
        dx, dx_dot = super().tangent_backward(dy, None, cache, cache_dot)
        kept = self.db.copy()
        more, dx_dot = super().tangent_backward(None, dy_dot, cache, cache_dot)
        self.db[...] = kept
        return more if dx is None else dx + more, dx_dot


@BOOK.layer(TANGENT, (6,))
class OneHalfOfTheGatesCurvature(Gate):
    """tangent_backward gives the value's part of dx and forgets that of the gate."""

    def tangent_backward(self, dy, dy_dot, cache, cache_dot):
        dx, dx_dot = super().tangent_backward(dy, dy_dot, cache, cache_dot)
        if dy_dot is not None:
            a_dot, g_dot = cache_dot
            dx = dx - self.both(0 * dy_dot * g_dot, dy_dot * a_dot)
        return dx, dx_dot


@BOOK.layer(TANGENT, (3, 4))
class NormWithoutItsBend(LayerNorm):
    """tangent_backward takes J for a constant."""

    def tangent_backward(self, dy, dy_dot, cache, cache_dot):
        dx = None if dy is None else self.backward(dy, cache)
        if dy_dot is None:
            return dx, None
        self.dgamma += column_sum(dy_dot * cache_dot[0])
        return dx, self._J(self.gamma * dy_dot, cache)[0]


@BOOK.layer(TANGENT, (5, 3))
class DgammaOfTheTangentForgotten(InstanceNorm):
    """tangent_backward leaves out dgamma = sum dy_dot x_hat_dot."""

    def tangent_backward(self, dy, dy_dot, cache, cache_dot):
        result = super().tangent_backward(dy, dy_dot, cache, cache_dot)
        if dy_dot is not None:
            self.dgamma -= column_sum(dy_dot * cache_dot[0])
        return result


@BOOK.layer(TANGENT, (5, 6, 2))
class TangentOfTheFlippedKernel(Conv):
    """The tangent runs the kernel backwards over its rows."""

    def tangent(self, x_dot, cache):
        y_dot, cache_dot = super().tangent(x_dot[:, ::-1], cache)
        return y_dot[:, ::-1], (x_dot, cache_dot[1])


@BOOK.layer(TANGENT, (6, 3))
class PoolingTangentOfTheLarger(MaxPool):
    """The tangent takes the larger of two tangents, not that of the larger input."""

    def tangent(self, x_dot, cache):
        return np.maximum(x_dot[:, ::2], x_dot[:, 1::2]), ()


@BOOK.layer(TANGENT, (4, 3))
class TangentInEvaluationOfTraining(BatchNorm):
    """In evaluation the tangent centres x_dot, as if the batch gave the mean."""

    def tangent(self, x_dot, cache):
        return super().tangent(x_dot - x_dot.mean(axis=0), cache)


@BOOK.layer(OTHER, (6,))
class NoneTakenForZeros(Linear):
    """tangent_backward fails where dy is None: it multiplies None by W."""

    def tangent_backward(self, dy, dy_dot, cache, cache_dot):
        dx = self.backward(dy, cache)
        return dx, super().tangent_backward(None, dy_dot, cache, cache_dot)[1]


@BOOK.layer(OTHER, (6,))
class DxForgottenWhereDyIsNone(Elementwise):
    """Where dy is None, tangent_backward returns no dx either."""

    def tangent_backward(self, dy, dy_dot, cache, cache_dot):
        dx, dx_dot = super().tangent_backward(dy, dy_dot, cache, cache_dot)
        return None if dy is None else dx, dx_dot


@BOOK.layer(OTHER, (6,))
class DyDotNoneFails(Swish):
    """tangent_backward fails where dy_dot is None."""

    def tangent_backward(self, dy, dy_dot, cache, cache_dot):
        if dy_dot is None:
            dy_dot = dy_dot + 0
        return super().tangent_backward(dy, dy_dot, cache, cache_dot)


@BOOK.layer(OTHER, (6,))
class BackwardWeightsWithoutDb(Linear):
    """backward_weights, which D's own step takes, leaves db out."""

    def backward_weights(self, dy, cache):
        self.dW += rows(cache[0]).T @ rows(dy)


@BOOK.layer(OTHER, (6,))
class BackwardWeightsTwice(Swish):
    """backward_weights adds db twice."""

    def backward_weights(self, dy, cache):
        self.backward(dy, cache)
        self.backward(dy, cache)


@BOOK.layer(OTHER, (6, 3))
class BackwardWeightsOfTheFirstTap(Causal):
    """backward_weights gives dW for the first tap alone."""

    def backward_weights(self, dy, cache):
        self.db += column_sum(dy)
        self.dW[0] += rows(cache[0]).T @ rows(dy)


@BOOK.layer(OTHER, (5, 3))
class ParamGradsIgnored(Elman):
    """With param_grads=False, db is added all the same."""

    def backward(self, dy, cache, param_grads=True):
        dx = super().backward(dy, cache, param_grads)
        if not param_grads:
            self.db += dy.sum(axis=0)
        return dx


@BOOK.layer(OTHER, (6,))
class AnotherDxWithoutParamGrads(Swish):
    """With param_grads=False, dx misses the second term."""

    def backward(self, dy, cache, param_grads=True):
        dx = super().backward(dy, cache, param_grads)
        return dx if param_grads else cache[1] * dy


@BOOK.layer(OTHER, (6,))
class TangentBackwardLearnsTwice(Linear):
    """tangent_backward adds dy's dW twice, once in `backward` and once itself."""

    def tangent_backward(self, dy, dy_dot, cache, cache_dot):
        if dy is not None:
            self.dW += rows(cache[0]).T @ rows(dy)
        return super().tangent_backward(dy, dy_dot, cache, cache_dot)


FAULTS = BOOK.checks()

"""The checker checks itself: it must see what is wrong, and let pass what is right.

Every class here called by a fault has that fault, and the checker has to say so in the
row where it belongs. The names of the faults are those of real mistakes.
"""

import subprocess
import sys

import numpy as np
import pytest

import tinygan as tg
from tinygan import cli
from tinygan.check import (
    Row,
    builtin_rows,
    check_game,
    check_layer,
    check_objective,
    check_optimizer,
    file_rows,
    finite_difference,
    print_table,
    relative,
)
from tinygan.check import game as check_game_module
from tinygan.layers import (
    Activation,
    BatchNorm,
    Conv2d,
    ConvTranspose2d,
    Dense,
    Dropout,
    Layer,
    LeakyReLU,
    Reshape,
    Sequential,
    Sigmoid,
    Softplus,
    Tanh,
)


def failed(rows) -> set[str]:
    return {row.quantity for row in rows if not row.ok}


# Wrong layers


class NoTranspose(Dense):
    def adjoint(self, dy, cache, param_grads=True):
        super().adjoint(dy, cache, param_grads)
        return dy @ self.W  # W is square: nothing complains


class WrongSign(Dense):
    def adjoint(self, dy, cache, param_grads=True):
        return -super().adjoint(dy, cache, param_grads)


class MeanOverBatch(Dense):
    def adjoint(self, dy, cache, param_grads=True):
        (x,) = cache
        if param_grads:
            self.dW += x.T @ dy / len(x)
        return dy @ self.W.T


class Assigns(Dense):
    def adjoint(self, dy, cache, param_grads=True):
        (x,) = cache
        if param_grads:
            self.dW[...] = x.T @ dy
        return dy @ self.W.T


class Rebinds(Dense):
    def adjoint(self, dy, cache, param_grads=True):
        (x,) = cache
        if param_grads:
            self.dW = x.T @ dy  # no longer a view into grad
        return dy @ self.W.T


class OneElement(Dense):
    def adjoint(self, dy, cache, param_grads=True):
        dx = super().adjoint(dy, cache, param_grads)
        if param_grads:
            self.dW[2, 1] += 1e-8 * dy[0, 1]
        return dx


class OneInput(Dense):
    def adjoint(self, dy, cache, param_grads=True):
        dx = super().adjoint(dy, cache, param_grads)
        dx[-1, 0] += 1e-8 * dy[0, 0]
        return dx


class IgnoresParamGrads(Dense):
    def adjoint(self, dy, cache, param_grads=True):
        return super().adjoint(dy, cache, True)


class OtherDxWhenFrozen(Dense):
    def adjoint(self, dy, cache, param_grads=True):
        dx = super().adjoint(dy, cache, param_grads)
        return dx if param_grads else 2 * dx


class NoBias(Dense):
    def forward(self, x, train=True):
        return self.linear(x)


class NoBiasGradient(Dense):
    def backward(self, dy, cache, param_grads=True):
        return self.adjoint(dy, cache, param_grads)


class BiasGradientOfFirstSample(Dense):
    def backward(self, dy, cache, param_grads=True):
        if param_grads:
            self.db += dy[0]
        return self.adjoint(dy, cache, param_grads)


class BiasInTangent(Dense):
    def tangent(self, x_dot, cache):
        y_dot, cache_dot = self.linear(x_dot)
        return y_dot + self.b, cache_dot


class BiasInReverse(Dense):
    def tangent_backward(self, dy, dy_dot, cache, cache_dot):
        dx = None if dy is None else self.backward(dy, cache)
        return dx, None if dy_dot is None else self.backward(dy_dot, cache_dot)


class NoWeightsInReverse(Dense):
    def tangent_backward(self, dy, dy_dot, cache, cache_dot):
        dx = None if dy is None else self.backward(dy, cache)
        if dy_dot is None:
            return dx, None
        return dx, self.adjoint(dy_dot, cache_dot, param_grads=False)


class NoneIsNotZero(Dense):
    def tangent_backward(self, dy, dy_dot, cache, cache_dot):
        dx = 0 * cache[0] + 1 if dy is None else self.backward(dy, cache)
        return dx, None if dy_dot is None else self.adjoint(dy_dot, cache_dot)


class RemembersX(Dense):
    """The cache is on self: right, until a second forward comes in between."""

    def linear(self, x):
        self.x = x
        return x @ self.W, ()

    def adjoint(self, dy, cache, param_grads=True):
        return super().adjoint(dy, (self.x,), param_grads)


class RemembersY(Tanh):
    """The same, in a layer whose dx needs what was kept."""

    def forward(self, x, train=True):
        self.y = self.f(x)
        return self.y, ()

    def backward(self, dy, cache, param_grads=True):
        return self.slope(self.y, dy)

    tangent = Layer.tangent


class RemembersXWithoutTangent(RemembersX):
    tangent = Layer.tangent


class WritesIntoX(LeakyReLU):
    def f(self, x):
        x[x < 0] *= self.a
        return x


class WritesIntoDy(LeakyReLU):
    def backward(self, dy, cache, param_grads=True):
        (y,) = cache
        dy[y <= 0] *= self.a
        return dy


class WritesIntoCache(Tanh):
    def backward(self, dy, cache, param_grads=True):
        (y,) = cache
        y *= y
        return (1 - y) * dy


class Promotes(Tanh):
    def f(self, x):
        return np.sqrt(np.float64(1.0)) * np.tanh(x)


class PromotesBackward(Tanh):
    def backward(self, dy, cache, param_grads=True):
        return np.sqrt(np.float64(1.0)) * super().backward(dy, cache)


class FlatDx(Reshape):
    def adjoint(self, dy, cache, param_grads=True):
        return dy.reshape(len(dy), -1)


class FortranDx(Reshape):
    def adjoint(self, dy, cache, param_grads=True):
        (x_shape,) = cache
        return dy.reshape(x_shape, order="F")


class NoCurvature(Tanh):
    def curvature(self, y, v):
        return None


class CurvatureSign(Sigmoid):
    def curvature(self, y, v):
        return -super().curvature(y, v)


class SlopeOfX(Softplus):
    def slope(self, y, v):
        return tg.sigmoid(y) * v  # y where x belongs


class WrongBranch(LeakyReLU):
    def slope(self, y, v):
        return np.where(y > 0, self.a * v, v)


class ForgottenLeak(LeakyReLU):
    def slope(self, y, v):
        return np.where(y > 0, v, 0 * v)


class LinearTangent(Tanh):
    def tangent(self, x_dot, cache):
        return x_dot, (x_dot,)


class NoMeanTerm(BatchNorm):
    def backward(self, dy, cache, param_grads=True):
        x_hat, inv_std, train = cache
        dx = super().backward(dy, cache, param_grads)
        return dx + self.gamma * inv_std * dy.mean(axis=0) if train else dx


class NoVarianceTerm(BatchNorm):
    def backward(self, dy, cache, param_grads=True):
        x_hat, inv_std, train = cache
        dx = super().backward(dy, cache, param_grads)
        lost = x_hat * (dy * x_hat).mean(axis=0)
        return dx + self.gamma * inv_std * lost if train else dx


class SumForMean(BatchNorm):
    def backward(self, dy, cache, param_grads=True):
        x_hat, inv_std, train = cache
        if not train:
            return super().backward(dy, cache, param_grads)
        super().backward(dy, cache, param_grads)
        dx = dy - dy.sum(axis=0) - x_hat * (dy * x_hat).sum(axis=0)
        return self.gamma * inv_std * dx


class BatchFormulaInEvaluation(BatchNorm):
    def backward(self, dy, cache, param_grads=True):
        x_hat, inv_std, _ = cache
        return super().backward(dy, (x_hat, inv_std, True), param_grads)


class NoGamma(BatchNorm):
    def backward(self, dy, cache, param_grads=True):
        return super().backward(dy, cache, param_grads) / self.gamma


class NotANumber(BatchNorm):
    """Only in evaluation, only in one entry."""

    def backward(self, dy, cache, param_grads=True):
        dx = super().backward(dy, cache, param_grads)
        if not cache[2]:
            dx[0, 0] = np.nan
        return dx


class RedrawnMask(Dropout):
    def adjoint(self, dy, cache, param_grads=True):
        return dy if cache[0] is None else self.forward(dy)[0]


class UnscaledMask(Dropout):
    def adjoint(self, dy, cache, param_grads=True):
        return dy if cache[0] is None else dy * (cache[0] > 0)


class GlobalNoise(Dropout):
    """Its noise is nowhere in its state, so no pass can be repeated."""

    noise = np.random.default_rng(0)

    def forward(self, x, train=True):
        mask = (self.noise.random(x.shape) > self.p).astype(x.dtype)
        return x * mask, (mask,)


def scatter(cols, x_shape, kernel, stride, pad, add=True, shift=0):
    """col2im, with overlaps overwritten, or every window `shift` pixels off."""
    (kh, kw), (sh, sw), (ph, pw) = kernel, stride, pad
    N, H, W, C = x_shape
    x = np.zeros((N, H + 2 * ph + shift, W + 2 * pw + shift, C), cols.dtype)
    OH, OW = (
        (n + 2 * p - k) // s + 1 for n, k, s, p in zip((H, W), *(kernel, stride, pad))
    )
    cols = cols.reshape(N, OH, OW, kh, kw, C)
    for i in range(OH):
        for j in range(OW):
            window = x[:, i * sh + shift :, j * sw + shift :][:, :kh, :kw]
            window[...] = cols[:, i, j] + (window if add else 0)
    return x[:, ph : ph + H, pw : pw + W]


class Overwrites(Conv2d):
    def adjoint(self, dy, cache, param_grads=True):
        (x,) = cache
        super().adjoint(dy, cache, param_grads)
        cols = dy.reshape(-1, self.C_out) @ self.W.reshape(-1, self.C_out).T
        return scatter(cols, x.shape, self.kernel, self.stride, self.pad, add=False)


class OffByOne(Conv2d):
    def adjoint(self, dy, cache, param_grads=True):
        (x,) = cache
        super().adjoint(dy, cache, param_grads)
        cols = dy.reshape(-1, self.C_out) @ self.W.reshape(-1, self.C_out).T
        return scatter(cols, x.shape, self.kernel, self.stride, self.pad, shift=1)


class FlippedKernel(Conv2d):
    def adjoint(self, dy, cache, param_grads=True):
        dx = super().adjoint(dy, cache, param_grads)
        self.W[...] = self.W[::-1, ::-1].copy()
        dx = super().adjoint(dy, cache, False)
        self.W[...] = self.W[::-1, ::-1].copy()
        return dx


class TransposedWeights(ConvTranspose2d):
    """dW permuted: the channels are as many on both sides, so that the shape fits."""

    def adjoint(self, dy, cache, param_grads=True):
        before = self.dW.copy()
        dx = super().adjoint(dy, cache, param_grads)
        self.dW[...] = before + (self.dW - before).swapaxes(2, 3)
        return dx


class CachesMixedUp(Sequential):
    def backward(self, dy, cache, param_grads=True):
        return super().backward(dy, cache[::-1], param_grads)


WRONG_LAYERS = [
    (NoTranspose(4), (4,), {"dx", "adjoint", "finite"}),
    (WrongSign(3), (4,), {"dx"}),
    (MeanOverBatch(3), (4,), {"dtheta", "finite"}),
    (Assigns(3), (4,), {"manners"}),
    (Rebinds(3), (4,), {"dtheta"}),
    (OneElement(3), (4,), {"dtheta"}),
    (OneInput(3), (4,), {"dx"}),
    (IgnoresParamGrads(3), (4,), {"manners"}),
    (OtherDxWhenFrozen(3), (4,), {"manners"}),
    (NoBias(3), (4,), {"dtheta"}),
    (NoBiasGradient(3), (4,), {"dtheta"}),
    (BiasGradientOfFirstSample(3), (4,), {"dtheta"}),
    (BiasInTangent(3), (4,), {"tangent", "adjoint"}),
    (BiasInReverse(3), (4,), {"reverse"}),
    (NoWeightsInReverse(3), (4,), {"reverse"}),
    (NoneIsNotZero(3), (4,), {"reverse"}),
    (RemembersX(3), (4,), {"manners"}),
    (RemembersXWithoutTangent(3), (4,), {"manners"}),
    (RemembersY(), (4,), {"manners"}),
    (WritesIntoX(), (4,), {"manners"}),
    (WritesIntoDy(), (4,), {"manners"}),
    (WritesIntoCache(), (4,), {"manners"}),
    (Promotes(), (4,), {"manners"}),
    (PromotesBackward(), (4,), {"manners"}),
    (FortranDx(6), (2, 3), {"dx"}),
    (NoCurvature(), (4,), {"reverse"}),
    (CurvatureSign(), (4,), {"reverse"}),
    (SlopeOfX(), (4,), {"dx"}),
    (WrongBranch(), (4,), {"dx"}),
    (ForgottenLeak(), (4,), {"dx"}),
    (LinearTangent(), (4,), {"tangent", "adjoint"}),
    (NoMeanTerm(), (4,), {"dx"}),
    (NoVarianceTerm(), (4,), {"dx"}),
    (SumForMean(), (4,), {"dx"}),
    (BatchFormulaInEvaluation(), (4,), {"dx"}),
    (NoGamma(), (4,), {"dx"}),
    (NotANumber(), (4,), {"dx"}),
    (RedrawnMask(), (4,), {"dx", "manners"}),
    (UnscaledMask(), (4,), {"dx"}),
    (GlobalNoise(), (4,), {"dx", "manners"}),
    (Overwrites(2, 3), (5, 5, 2), {"dx"}),
    (OffByOne(2, 3), (5, 5, 2), {"dx"}),
    (FlippedKernel(2, 3), (5, 5, 2), {"dx"}),
    (TransposedWeights(2, 3), (4, 4, 2), {"dtheta"}),
    (CachesMixedUp(Tanh(), Sigmoid()), (4,), {"dx"}),
]

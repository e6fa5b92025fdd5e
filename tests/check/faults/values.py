"""Wrong for some values of x, dy or W only, and what overflows."""

import numpy as np

from tinygan.layers import InstanceNorm, LayerNorm, LeakyReLU, Maxout, PixelNorm
from tinygan.layers.activations import Sigmoid, Softplus, Tanh

from .book import Book
from .right import Elementwise, Linear, MaxPool, Softmax, Swish, rows

BOOK = Book()
VALUES, OVER = "some values of x only", "overflow"


class Pieces(Maxout):
    """A maxout with settings"""

    def __init__(self):
        super().__init__(2)


def size(x):
    """|x|, elementwise, also of complex numbers"""
    return np.maximum(x, -x)


@BOOK.layer(VALUES, (6,))
class NothingAtExactlyZero(Elementwise):
    """f' is 1 where x = 0, as if 0/0 had been filled."""

    def f1(self, x):
        return np.where(x == 0, 1.0, super().f1(x)).astype(x.dtype)


@BOOK.layer(VALUES, (6,))
class NanAtExactlyZero(Elementwise):
    """y = x |x|, with f' = 2 x^2 / |x|, which is NaN at 0."""

    def f(self, x):
        return x * size(x)

    def f1(self, x):
        with np.errstate(invalid="ignore", divide="ignore"):
            return 2 * x * x / size(x)

    def f2(self, x):
        return np.where(x > 0, 2.0, -2.0).astype(x.dtype)


class SignedSquare(NanAtExactlyZero):
    """y = x |x|"""

    def f1(self, x):
        return 2 * size(x)


BOOK.twin("nan_at_exactly_zero", lambda: [(SignedSquare(), (6,))])


@BOOK.layer(VALUES, (6, 3))
class TiedPairsLearnTwice(MaxPool):
    """Where both pixels are equal, both get all of dy."""

    def first(self, x):
        return (x[:, ::2] >= x[:, 1::2], x[:, 1::2] >= x[:, ::2])

    def pick(self, x, first):
        return super().pick(x, first[0])

    def backward(self, dy, cache, param_grads=True):
        first, second = cache[0]
        pairs = np.stack([np.where(first, dy, 0), np.where(second, dy, 0)], axis=2)
        return pairs.reshape(len(dy), -1, *dy.shape[2:])


@BOOK.layer(VALUES, (6,))
class EqualPiecesAllLearn(Pieces):
    """Equal pieces of a maxout all get dy, where one of them should."""

    def forward(self, x, train=True):
        y, (largest,) = super().forward(x, train)
        pieces = x.reshape(largest.shape)
        return y, (largest, pieces == pieces.max(axis=-1, keepdims=True))

    def backward(self, dy, cache, param_grads=True):
        return super().backward(dy, cache[1:], param_grads)

    def tangent(self, x_dot, cache):
        return super().tangent(x_dot, cache[:1])


@BOOK.layer(VALUES, (6,))
class ThinBandAboveAHalf(Elementwise):
    """f' is 0 for 0.5 < |x| < 0.51."""

    def f1(self, x):
        band = (size(x) > 0.5) & (size(x) < 0.51)
        return np.where(band, 0, super().f1(x)).astype(x.dtype)


@BOOK.layer(VALUES, (6,))
class SlopeCutAbove20(Softplus):
    """f' is 0 for x > 20, where it should be 1: a table that ends too early."""

    def slope(self, y, v):
        return np.where(y > 20, 0, super().slope(y, v)).astype(v.dtype)


@BOOK.layer(VALUES, (6,))
class SlopeCutBelowMinus12(Sigmoid):
    """f' is 0 for x < -12, where it is e^x: a unit that starts there never moves."""

    def slope(self, y, v):
        return np.where(y < 6e-6, 0, super().slope(y, v)).astype(v.dtype)


@BOOK.layer(VALUES, (6,))
class SwishNegativeTailForgotten(Swish):
    """dx is 0 for x < -12."""

    def backward(self, dy, cache, param_grads=True):
        dx = super().backward(dy, cache, param_grads)
        return np.where(cache[0] < -12, 0, dx).astype(dx.dtype)


@BOOK.layer(VALUES, (6,))
class SmallXTakenForZero(Tanh):
    """f' is 0 for |x| < 1e-5, where it is 1."""

    def slope(self, y, v):
        return np.where(size(y) < 1e-5, 0, super().slope(y, v)).astype(v.dtype)


@BOOK.layer(VALUES, (6,))
class SquareUnderflows(Tanh):
    """f' has sqrt(y^2)/|y| in it, which is 0 where y^2 is below the smallest number."""

    def slope(self, y, v):
        length = np.where(y == 0, 1, size(y))
        one = np.where(y == 0, 1, np.sqrt(y * y) / length)
        return one.astype(v.dtype) * super().slope(y, v)


@BOOK.layer(VALUES, (6,))
class SaturatedUnitsAreDead(Tanh):
    """f' is 0 where |y| > 0.999, a clip that was meant for log(1 - y)."""

    def slope(self, y, v):
        return np.where(size(y) > 0.999, 0, super().slope(y, v)).astype(v.dtype)


@BOOK.layer(VALUES, (6,))
class LeakBetweenZeroAndAHundredth(LeakyReLU):
    """The slope changes at y = 0.01, the function at 0."""

    def slope(self, y, v):
        return super().slope(np.where(y > 0.01, y, -1), v)


@BOOK.layer(VALUES, (3, 4))
class ConstantSampleIsNan(LayerNorm):
    """1/sigma leaves eps out where the variance is 0: a constant sample gives NaN."""

    def backward(self, dy, cache, param_grads=True):
        x_hat, inv_std = cache
        flat = (x_hat * x_hat).sum(axis=self.axes(x_hat.ndim), keepdims=True) == 0
        bad = np.where(flat, np.nan, inv_std)
        return super().backward(dy, (x_hat, bad), param_grads)


@BOOK.layer(VALUES, (5, 3))
class ConstantChannelIsCutOff(InstanceNorm):
    """dx is 0 for a channel of variance 0, where it is dy/sqrt(eps), centred."""

    def backward(self, dy, cache, param_grads=True):
        x_hat, _ = cache
        flat = (x_hat * x_hat).sum(axis=self.axes(x_hat.ndim), keepdims=True) == 0
        dx = super().backward(dy, cache, param_grads)
        return np.where(flat, 0, dx).astype(dx.dtype)


@BOOK.layer(VALUES, (4, 3))
class LengthZeroIsNan(PixelNorm):
    """dx divides by the length of y, which is 0 for a pixel of zeros."""

    def backward(self, dy, cache, param_grads=True):
        y, inv_std = cache
        length = np.sqrt((y * y).sum(axis=-1, keepdims=True))
        with np.errstate(invalid="ignore"):
            return super().backward(dy, (y, inv_std * (length / length)), param_grads)


@BOOK.layer(VALUES, (6,))
class LargeGradientsClipped(Linear):
    """dx is clipped to |dx| <= 50."""

    def backward(self, dy, cache, param_grads=True):
        dx = super().backward(dy, cache, param_grads)
        return np.where(dx > 50, 50, np.where(dx < -50, -50, dx)).astype(dx.dtype)


@BOOK.layer(VALUES, (6,))
class SmallGradientsDropped(Linear):
    """dy below 1e-6 counts as 0 for dW, so late training stands still."""

    def learn(self, dy, x):
        super().learn(np.where(size(dy) < 1e-6, 0, dy).astype(dy.dtype), x)


@BOOK.layer(VALUES, (6,))
class ZeroWeightsNeverLearn(Linear):
    """dW is masked where W = 0: a pruned or zero-started weight stays 0."""

    def learn(self, dy, x):
        self.dW += np.where(self.W == 0, 0, rows(x).T @ rows(dy))
        self.db += rows(dy).sum(axis=0)


@BOOK.layer(VALUES, (12,))
class NegativeInputsLearnNothing(Linear):
    """A sample whose inputs are all negative adds nothing to dW."""

    def learn(self, dy, x):
        some = (x > 0).any(axis=-1, keepdims=True)
        self.dW += rows(np.where(some, x, 0)).T @ rows(dy)
        self.db += rows(dy).sum(axis=0)


@BOOK.layer(OVER, (6,))
class SigmoidOfLargeXIsNan(Elementwise):
    """e^x / (1 + e^x) is inf/inf at x = 1,000."""

    def f(self, x):
        e = np.exp(x)
        return e / (1 + e)

    def f1(self, x):
        y = self.f(x)
        return y * (1 - y)

    def f2(self, x):
        y = self.f(x)
        return y * (1 - y) * (1 - 2 * y)


class StableSigmoid(SigmoidOfLargeXIsNan):
    """1 / (1 + e^-x), finite everywhere"""

    def f(self, x):
        return Sigmoid().f(x)


BOOK.twin("sigmoid_of_large_x_is_nan", lambda: [(StableSigmoid(), (6,))])


@BOOK.layer(OVER, (6,))
class SoftmaxWithoutTheMaximum(Softmax):
    """e^x / sum e^x without taking the largest x off first."""

    def forward(self, x, train=True):
        e = np.exp(x)
        y = e / e.sum(axis=-1, keepdims=True)
        return y, (y,)


@BOOK.layer(OVER, (6,))
class TanhByExponentials(Tanh):
    """(e^2x - 1) / (e^2x + 1) is NaN at x = 1,000."""

    def f(self, x):
        e = np.exp(2 * x)
        return (e - 1) / (e + 1)


@BOOK.layer(OVER, (6,))
class SlopeOverflowsWhereYDoesNot(Swish):
    """dx has g' = e^u / (1 + e^u)^2, which is NaN at u = 1,000; y is right."""

    def backward(self, dy, cache, param_grads=True):
        super().backward(dy, cache, param_grads)
        x, g = cache
        e = np.exp(self.b * x)
        return (g + self.b * x * e / (1 + e) ** 2) * dy


@BOOK.layer(OVER, (4, 3))
class NormOfLargeXByMoments(LayerNorm):
    """The variance is mean(x^2) - mean(x)^2: all digits are lost at x = 1e9 + noise."""

    def forward(self, x, train=True):
        axes = self.axes(x.ndim)
        mean = x.mean(axis=axes, keepdims=True)
        var = (x * x).mean(axis=axes, keepdims=True) - mean * mean
        inv_std = 1 / np.sqrt(np.where(var > 0, var, 0) + self.eps)
        x_hat = (x - mean) * inv_std
        return self.gamma * x_hat + self.beta, (x_hat, inv_std)


@BOOK.layer(VALUES, (6,))
class EqualSamplesCountOnce(Linear):
    """dW is summed over distinct samples: copies of a sample in a batch are lost."""

    def learn(self, dy, x):
        kept = np.unique(rows(x), axis=0, return_index=True)[1]
        super().learn(rows(dy)[kept], rows(x)[kept])


FAULTS = BOOK.checks()

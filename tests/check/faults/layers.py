"""Wrong formulas of a gradient, in layers of many kinds."""

import numpy as np

from tinygan.layers import BatchNorm, LayerNorm, MinibatchStd
from tinygan.ops import column_sum

from .book import Book
from .right import (
    Causal,
    Conv,
    Elman,
    Gate,
    Linear,
    MaxPool,
    Pool,
    Shortcut,
    Softmax,
    Swish,
    rows,
)

BOOK = Book()
KIND = "formula of dx, dW or db"


@BOOK.layer(KIND, (6,))
class BiasGradientMeanForSum(Linear):
    """db is the mean over the samples, where the sum belongs."""

    def learn(self, dy, x):
        self.dW += rows(x).T @ rows(dy)
        self.db += rows(dy).mean(axis=0)


@BOOK.layer(KIND, (6,))
class WeightGradientMeanForSum(Linear):
    """dW is divided by the batch size."""

    def learn(self, dy, x):
        self.dW += rows(x).T @ rows(dy) / len(x)
        self.db += rows(dy).sum(axis=0)


@BOOK.layer(KIND, (3, 4))
class BiasGradientOfTheFirstPosition(Linear):
    """db leaves out all positions but the first."""

    def learn(self, dy, x):
        self.dW += rows(x).T @ rows(dy)
        self.db += dy[:, 0].sum(axis=0)


@BOOK.layer(KIND, (6,))
class FirstEntryOfDbMissing(Linear):
    """db[0] stays 0: a loop that starts at 1."""

    def learn(self, dy, x):
        self.dW += rows(x).T @ rows(dy)
        for j in range(1, self.n):
            self.db[j] += rows(dy)[:, j].sum()


@BOOK.layer(KIND, (6,), function=False)
class WeightGradientOverwritten(Linear):
    """dW is assigned, not added: the second batch of a step replaces the first."""

    def learn(self, dy, x):
        self.dW[...] = rows(x).T @ rows(dy)
        self.db += rows(dy).sum(axis=0)


@BOOK.layer(KIND, (6,))
class WeightGradientAddedTwice(Linear):
    """dW is added by `learn` and once more by `backward`."""

    def backward(self, dy, cache, param_grads=True):
        if param_grads:
            self.dW += rows(cache[0]).T @ rows(dy)
        return super().backward(dy, cache, param_grads)


@BOOK.layer(KIND, (6,))
class WeightGradientOfTheLastSample(Linear):
    """A loop over the samples keeps the last outer product only."""

    def learn(self, dy, x):
        for one_x, one_dy in zip(rows(x), rows(dy), strict=True):
            outer = np.outer(one_x, one_dy)
        self.dW += outer
        self.db += rows(dy).sum(axis=0)


@BOOK.layer(KIND, (6,))
class GuidedBackward(Linear):
    """dx leaves out what is negative in dy, so it is not linear in dy."""

    def backward(self, dy, cache, param_grads=True):
        super().backward(dy, cache, param_grads)
        return np.where(dy > 0, dy, 0) @ self.W.T


@BOOK.layer(KIND, (5, 3))
class RecurrentWeightsFromTheWrongStep(Elman):
    """dU takes h_t, where h_{t-1} belongs."""

    def backward(self, dy, cache, param_grads=True):
        x, hs = cache
        shifted = hs[1:]
        dx = super().backward(dy, cache, False)
        if param_grads:
            dh = dy
            for t in reversed(range(x.shape[1])):
                da = (1 - hs[t + 1] ** 2) * dh
                self.learn(da, x[:, t], shifted[t], t)
                dh = da @ self.U.T
        return dx


@BOOK.layer(KIND, (6, 3))
class TruncatedInTime(Elman):
    """The gradient stops after the last three steps of a longer sequence."""

    def backward(self, dy, cache, param_grads=True):
        x, hs = cache
        dx = super().backward(dy, (x[:, -3:], hs[-4:]), param_grads)
        return np.concatenate([0 * x[:, :-3], dx], axis=1)


@BOOK.layer(KIND, (6,))
class ResidualWithoutItsIdentity(Shortcut):
    """dx misses the path around the inner layer."""

    def backward(self, dy, cache, param_grads=True):
        return super().backward(dy, cache, param_grads) - dy


@BOOK.layer(KIND, (6,))
class GateHalvesSwapped(Gate):
    """The gradients of the value and of the gate are in each other's place."""

    def backward(self, dy, cache, param_grads=True):
        a, g = cache
        return self.both(dy * a, dy * g)


@BOOK.layer(KIND, (6,))
class SoftmaxDiagonalOnly(Softmax):
    """dx = y (1 - y) dy, the diagonal of the Jacobian alone."""

    def backward(self, dy, cache, param_grads=True):
        (y,) = cache
        return y * (1 - y) * dy


@BOOK.layer(KIND, (6,))
class SlopeParameterMissesAnX(Swish):
    """db has x g' dy, where x^2 g' dy belongs."""

    def backward(self, dy, cache, param_grads=True):
        x, g = cache
        if param_grads:
            self.db += column_sum(x * g * (1 - g) * dy)
        return super().backward(dy, cache, False)


@BOOK.layer(KIND, (3, 4))
class NormOfConstantSigma(LayerNorm):
    """sigma is taken for a constant: dx misses the term of the variance."""

    def backward(self, dy, cache, param_grads=True):
        super().backward(dy, cache, param_grads)
        h, (_, inv_std) = self.gamma * dy, cache
        return inv_std * (h - h.mean(axis=self.axes(h.ndim), keepdims=True))


@BOOK.layer(KIND, (6,))
class BatchNormOfConstantMean(BatchNorm):
    """In training the mean is taken for a constant: dx misses mean(dy)."""

    def backward(self, dy, cache, param_grads=True):
        _, inv_std, train = cache
        dx = super().backward(dy, cache, param_grads)
        return dx + self.gamma * inv_std * dy.mean(axis=0) if train else dx


@BOOK.layer(KIND, (6, 3))
class ConvolutionTurnedTheWrongWay(Causal):
    """dx is delayed by k, where it should be advanced by k."""

    def adjoint(self, dy, cache):
        return sum(self.late(dy @ self.W[k].T, k) for k in range(self.taps))


@BOOK.layer(KIND, (5, 6, 2))
class KernelGradientFlipped(Conv):
    """dW is that of the kernel turned by 180 degrees."""

    def weight_grad(self, dy, cache):
        x, A = cache
        self.dW += A.weight_grad(x, dy)[::-1, ::-1]


@BOOK.layer(KIND, (5, 6, 2))
class BorderLeftOutOfDb(Conv):
    """db leaves out the pixels of the border."""

    def backward(self, dy, cache, param_grads=True):
        if param_grads:
            self.db += column_sum(dy[:, 1:-1, 1:-1]) - column_sum(dy)
        return super().backward(dy, cache, param_grads)


@BOOK.layer(KIND, (4, 6, 2))
class PoolingNotDivided(Pool):
    """dx is dy on each pixel of a block, not a quarter of it."""

    def adjoint(self, dy, cache):
        return super().adjoint(4 * dy, cache)


@BOOK.layer(KIND, (6, 3))
class PoolingSharesEqually(MaxPool):
    """dx goes to both pixels of a pair by halves, as for a mean."""

    def backward(self, dy, cache, param_grads=True):
        return np.repeat(dy / 2, 2, axis=1)


@BOOK.layer(KIND, (6,))
class OwnSlopeUnlearnt(Swish):
    """The parameter gets no gradient at all."""

    def backward(self, dy, cache, param_grads=True):
        return super().backward(dy, cache, False)


@BOOK.layer(KIND, (6,))
class StatisticTakenForAConstant(MinibatchStd):
    """dx leaves out the channel that depends on all samples."""

    def backward(self, dy, cache, param_grads=True):
        return dy[..., :-1]


@BOOK.layer(KIND, (6,))
class WeightDecayInTheGradient(Linear):
    """dW has 0.01 W of a weight decay in it, which belongs to no derivative of y."""

    def learn(self, dy, x):
        super().learn(dy, x)
        self.dW += 0.01 * self.W


FAULTS = BOOK.checks()

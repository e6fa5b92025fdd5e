"""Wrong for some batch sizes only, and wrong for some shapes only."""

from tinygan.layers import BatchNorm

from .book import Book
from .right import (
    Causal,
    Conv,
    Elementwise,
    Elman,
    Gate,
    Linear,
    MaxPool,
    Pool,
    Softmax,
    Swish,
    rows,
)

BOOK = Book()
BATCH, SHAPE = "some batch sizes only", "some shapes only"


@BOOK.layer(BATCH, (6,))
class OneSampleLearnsNothing(Linear):
    """A batch of one sample adds nothing to dW: `if len(x) > 1`."""

    def learn(self, dy, x):
        if len(x) > 1:
            super().learn(dy, x)


@BOOK.layer(BATCH, (6,))
class TwoSamplesHalved(BatchNorm):
    """In training on two samples, dx is half of what it should be."""

    def backward(self, dy, cache, param_grads=True):
        dx = super().backward(dy, cache, param_grads)
        return dx / 2 if len(dy) == 2 and cache[2] else dx


@BOOK.layer(BATCH, (6,))
class ThreeSamplesTakenForColours(Linear):
    """Three samples are taken for three colours: dy is turned around."""

    def backward(self, dy, cache, param_grads=True):
        if len(dy) == 3:
            dy = dy[::-1]
        return super().backward(dy, cache, param_grads)


@BOOK.layer(BATCH, (6,))
class RemainderOfEightsDropped(Linear):
    """dW is summed in blocks of eight, and samples beyond the last block are lost."""

    def learn(self, dy, x):
        end = len(x) - len(x) % 8 if len(x) > 8 else len(x)
        super().learn(dy[:end], x[:end])


@BOOK.layer(BATCH, (6,))
class Only32SamplesCount(Swish):
    """db is taken over the first 32 samples."""

    def backward(self, dy, cache, param_grads=True):
        x, g = cache
        if param_grads and len(x) > 32:
            super().backward(dy[:32], (x[:32], g[:32]), True)
            param_grads = False
        return super().backward(dy, cache, param_grads)


@BOOK.layer(BATCH, (4, 3))
class SamplesBeyond32KeepNoGradient(Elman):
    """dx is written for 32 samples, and is 0 for the rest."""

    def backward(self, dy, cache, param_grads=True):
        dx = super().backward(dy, cache, param_grads)
        dx[32:] = 0
        return dx


@BOOK.layer(BATCH, (6, 3))
class BatchOfSevenBuiltIn(Causal):
    """dW is a mean over the samples times 7."""

    def weight_grad(self, dy, cache):
        for k in range(self.taps):
            late = rows(self.late(cache[0], k))
            self.dW[k] += late.T @ rows(dy) * (7 / len(dy))


@BOOK.layer(BATCH, (6,))
class BatchOfTwelveBuiltIn(Swish):
    """db is scaled for batches of 12."""

    def backward(self, dy, cache, param_grads=True):
        before = self.db.copy()
        dx = super().backward(dy, cache, param_grads)
        self.db[...] = before + (self.db - before) * (12 / len(dy))
        return dx


@BOOK.layer(BATCH, (6,))
class OddBatchesLoseASample(Elementwise):
    """dx is made pair by pair, and the last sample of an odd batch gets 0."""

    def backward(self, dy, cache, param_grads=True):
        dx = super().backward(dy, cache, param_grads)
        if len(dy) % 2 and len(dy) > 1:
            dx[-1] = 0
        return dx


@BOOK.layer(BATCH, (6,))
class SquareBatchTransposed(Softmax):
    """Where there are as many samples as features, dy is transposed."""

    def backward(self, dy, cache, param_grads=True):
        square = dy.ndim == 2 and dy.shape[0] == dy.shape[1]
        return super().backward(dy.T if square else dy, cache, param_grads)


@BOOK.layer(SHAPE, (6,), seen_at=[(5,)])
class TransposedGradientWhereSquare(Linear):
    """dW is transposed where W is square."""

    def learn(self, dy, x):
        super().learn(dy, x)
        if self.W.shape[0] == self.W.shape[1]:
            more = rows(x).T @ rows(dy)
            self.dW += more.T - more


@BOOK.layer(SHAPE, (6,), seen_at=[(5,)], function=False)
class TangentTransposedWhereSquare(Linear):
    """The tangent takes W^T for W where W is square."""

    def tangent(self, x_dot, cache):
        square = self.W.shape[0] == self.W.shape[1]
        return x_dot @ (self.W.T if square else self.W), (x_dot,)


@BOOK.layer(SHAPE, (4, 4, 2), seen_at=[(4, 4, 1)])
class OneChannelCountsAsNone(Conv):
    """Images of one channel get no dW: a squeeze that takes the axis away."""

    def weight_grad(self, dy, cache):
        if cache[0].shape[-1] > 1:
            super().weight_grad(dy, cache)


@BOOK.layer(SHAPE, (6,), seen_at=[(1,)])
class OneInputBroadcast(Swish):
    """With one channel db is a mean: the sum runs over the wrong axis."""

    def backward(self, dy, cache, param_grads=True):
        if param_grads and dy.shape[-1] == 1:
            before = self.db.copy()
            super().backward(dy, cache, True)
            self.db[...] = before + (self.db - before) / len(dy)
            param_grads = False
        return super().backward(dy, cache, param_grads)


@BOOK.layer(SHAPE, (6,), seen_at=[(70,)])
class ChannelsBeyond64(Swish):
    """db is made in a tile of 64 channels; later channels learn nothing."""

    def backward(self, dy, cache, param_grads=True):
        before = self.db[64:].copy()
        dx = super().backward(dy, cache, param_grads)
        self.db[64:] = before
        return dx


@BOOK.layer(SHAPE, (6,), seen_at=[(129,)])
class FeaturesBeyond128(Softmax):
    """The inner product of dx runs over 128 features at most."""

    def backward(self, dy, cache, param_grads=True):
        (y,) = cache
        along = (y * dy)[..., :128].sum(axis=-1, keepdims=True)
        return y * (dy - along)


@BOOK.layer(SHAPE, (6, 6, 2), seen_at=[(5, 4, 2), (4, 5, 2)])
class LastRowOfOddImages(Conv):
    """dx of the last row is 0 in images of an odd height."""

    def adjoint(self, dy, cache):
        dx = super().adjoint(dy, cache)
        if dx.shape[1] % 2:
            dx[:, -1] = 0
        return dx


@BOOK.layer(SHAPE, (4, 4, 2), seen_at=[(4, 6, 2)])
class HeightAndWidthMixedUp(Pool):
    """dx takes the axes of height and width for each other; a square hides it."""

    def adjoint(self, dy, cache):
        N, H, W, C = dy.shape
        dx = super().adjoint(dy.reshape(N, W, H, C), cache)
        return dx.reshape(N, H * self.k, W * self.k, C)


@BOOK.layer(SHAPE, (6,), seen_at=[(7000,)])
class ParametersBeyond32768(Linear):
    """dW is made in one block of 32,768 entries; the others stay 0."""

    def learn(self, dy, x):
        block = (rows(x).T @ rows(dy)).reshape(-1)
        block[32768:] = 0
        self.dW += block.reshape(self.W.shape)
        self.db += rows(dy).sum(axis=0)


@BOOK.layer(SHAPE, (5, 3), seen_at=[(1, 3)])
class SequenceOfOneStep(Elman):
    """A sequence of one step gives dx = 0: there is no step before it."""

    def backward(self, dy, cache, param_grads=True):
        dx = super().backward(dy, cache, param_grads)
        return 0 * dx if dx.shape[1] == 1 else dx


@BOOK.layer(SHAPE, (6,), seen_at=[(3, 4), (2, 3, 4)])
class MoreAxesCountOnce(Linear):
    """For inputs with positions, dW is a mean over the positions."""

    def learn(self, dy, x):
        positions = rows(x).shape[0] // len(x)
        super().learn(dy / positions, x)


@BOOK.layer(SHAPE, (3, 4), seen_at=[(2, 3, 4)])
class FourAxesSummedWrongly(Swish):
    """With two axes of positions, db takes the first row of positions only."""

    def backward(self, dy, cache, param_grads=True):
        x, g = cache
        if param_grads and dy.ndim == 4:
            super().backward(dy[:, :1], (x[:, :1], g[:, :1]), True)
            param_grads = False
        return super().backward(dy, cache, param_grads)


@BOOK.layer(SHAPE, (6,), seen_at=[(2,)])
class GateOfOneChannel(Gate):
    """With one gate, the gradient of the gate is left out."""

    def backward(self, dy, cache, param_grads=True):
        dx = super().backward(dy, cache, param_grads)
        if dx.shape[-1] == 2:
            dx[..., 1] = 0
        return dx


@BOOK.layer(SHAPE, (6, 3), seen_at=[(2, 3)])
class PoolingToOnePlace(MaxPool):
    """If one place is left after the pooling, the second pixel never learns."""

    def backward(self, dy, cache, param_grads=True):
        dx = super().backward(dy, cache, param_grads)
        if dy.shape[1] == 1:
            dx[:, 1] = 0
        return dx


@BOOK.layer(BATCH, (6,))
class LastTileBeyond64Dropped(Swish):
    """dx is made in tiles of 64 samples, and a last tile that is not full is lost."""

    def backward(self, dy, cache, param_grads=True):
        dx = super().backward(dy, cache, param_grads)
        if len(dx) > 64:
            dx[len(dx) - len(dx) % 64 :] = 0
        return dx


@BOOK.layer(SHAPE, (5, 3), seen_at=[(20, 3)])
class TruncatedAfter16Steps(Elman):
    """The gradient of a sequence ends 16 steps before its last step."""

    def backward(self, dy, cache, param_grads=True):
        dx = super().backward(dy, cache, param_grads)
        dx[:, :-16] = 0
        return dx


FAULTS = BOOK.checks()

"""Buffers, caches and counters that outlive the pass that they belong to."""

import numpy as np

from tinygan.layers import BatchNorm
from tinygan.layers.activations import Tanh

from .book import Book
from .right import Causal, Elementwise, Elman, Linear, MaxPool, Softmax, Swish, rows

BOOK = Book()
CACHE = "buffer, cache or counter"


@BOOK.layer(CACHE, (6,))
class OutputInOneBuffer(Tanh):
    """y is one array that every forward pass of this shape writes into."""

    def f(self, x):
        y = super().f(x)
        old = vars(self).get("y")
        if old is None or old.shape != y.shape or old.dtype != y.dtype:
            self.y = y
        self.y[...] = y
        return self.y


@BOOK.layer(CACHE, (6,))
class DxInOneBuffer(Swish):
    """dx is one array for each shape, and the second dx overwrites the first."""

    def backward(self, dy, cache, param_grads=True):
        dx = super().backward(dy, cache, param_grads)
        buffers = vars(self).setdefault("buffers", {})
        kept = buffers.setdefault((dx.shape, dx.dtype), dx)
        kept[...] = dx
        return kept


@BOOK.layer(CACHE, (6, 3))
class DxIsAddedIntoABuffer(Elman):
    """dx is added to what the last backward pass left."""

    def backward(self, dy, cache, param_grads=True):
        dx = super().backward(dy, cache, param_grads)
        old = vars(self).get("dx")
        if old is not None and old.shape == dx.shape and old.dtype == dx.dtype:
            dx = dx + old
        self.dx = dx
        return dx


@BOOK.layer(CACHE, (6,))
class ScratchOfDwNeverCleared(Linear):
    """dW is summed in an array on self that keeps the sums of earlier passes."""

    def learn(self, dy, x):
        part = rows(x).T @ rows(dy)
        old = vars(self).get("scratch")
        self.scratch = part if old is None or old.dtype != part.dtype else old + part
        self.dW += self.scratch
        self.db += rows(dy).sum(axis=0)


@BOOK.layer(CACHE, (6,))
class CacheOnSelf(Linear):
    """backward reads x of the last forward pass from self, not from the cache."""

    def forward(self, x, train=True):
        self.x = x
        return super().forward(x, train)

    def backward(self, dy, cache, param_grads=True):
        return super().backward(dy, (self.x,), param_grads)


@BOOK.layer(CACHE, (6,))
class CacheIsOneDictOfTheClass(Tanh):
    """All layers of this class share one dict as their cache."""

    kept: dict = {}  # noqa: RUF012

    def forward(self, x, train=True):
        self.kept["y"] = np.tanh(x)
        return self.kept["y"], (self.kept,)

    def backward(self, dy, cache, param_grads=True):
        return super().backward(dy, (cache[0]["y"],), param_grads)

    def tangent(self, x_dot, cache):
        return super().tangent(x_dot, (cache[0]["y"],))

    def tangent_backward(self, dy, dy_dot, cache, cache_dot):
        return super().tangent_backward(dy, dy_dot, (cache[0]["y"],), cache_dot)


@BOOK.layer(CACHE, (6, 3))
class WinnersOfTheLastBatch(MaxPool):
    """The mask of the larger pixels is one array per shape, written anew each time."""

    def first(self, x):
        first = super().first(x)
        kept = vars(self).setdefault("masks", {}).setdefault(first.shape, first)
        kept[...] = first
        return kept


@BOOK.layer(CACHE, (6,))
class MaskOfTheFirstBatch(Elementwise):
    """f' is computed once for each shape of x, and taken from there after that."""

    def f1(self, x):
        slopes = vars(self).setdefault("slopes", {})
        return slopes.setdefault((x.shape, x.dtype), super().f1(x))


@BOOK.layer(CACHE, (6,))
class OldTransposeOfW(Linear):
    """backward takes a W^T that was copied at the first forward pass."""

    def forward(self, x, train=True):
        if vars(self).get("WT") is None or self.WT.dtype != self.W.dtype:
            self.WT = self.W.T.copy()
        return super().forward(x, train)

    def backward(self, dy, cache, param_grads=True):
        super().backward(dy, cache, param_grads)
        return dy @ self.WT


@BOOK.layer(CACHE, (6,))
class CacheUsedUp(Softmax):
    """The cache holds a list that backward empties: a second backward fails."""

    def forward(self, x, train=True):
        y, _ = super().forward(x, train)
        return y, ([y],)

    def backward(self, dy, cache, param_grads=True):
        return super().backward(dy, (cache[0].pop(),), param_grads)


@BOOK.layer(CACHE, (6,))
class WrongFromTheThirdForwardOn(Linear):
    """A warm-up that ends: from the third forward pass on, y has no bias."""

    seen = 0

    def forward(self, x, train=True):
        self.seen += 1
        y, cache = super().forward(x, train)
        return (y if self.seen < 3 else y - self.b), cache


@BOOK.layer(CACHE, (6,))
class WrongOnTheSecondBackward(Tanh):
    """The second backward pass of a layer gives half of dx, and only that one."""

    seen = 0

    def backward(self, dy, cache, param_grads=True):
        self.seen += 1
        dx = super().backward(dy, cache, param_grads)
        return dx / 2 if self.seen == 2 else dx


@BOOK.layer(CACHE, (6, 3))
class EveryTenthGradientDropped(Causal):
    """Every tenth call adds nothing to dW."""

    seen = 0

    def weight_grad(self, dy, cache):
        self.seen += 1
        if self.seen % 10:
            super().weight_grad(dy, cache)


@BOOK.layer(CACHE, (6,))
class BatchSizeOfTheFirstForward(BatchNorm):
    """In training dx divides by the batch size of the layer's first forward pass."""

    def forward(self, x, train=True):
        self.first = vars(self).get("first", len(x))
        return super().forward(x, train)

    def backward(self, dy, cache, param_grads=True):
        dx = super().backward(dy, cache, param_grads)
        return dx * (len(dy) / self.first) if cache[2] else dx


FAULTS = BOOK.checks()

"""State that is kept or moved in the wrong place."""

import numpy as np

from tinygan import Layer
from tinygan.layers import BatchNorm

from .book import Book
from .evaluation import Noisy
from .right import rows

BOOK = Book()
STATE = "state and resuming"


@BOOK.layer(STATE, (6,))
class TrainRememberedOnSelf(BatchNorm):
    """backward asks self, not the cache, whether the pass was one of training."""

    def forward(self, x, train=True):
        self.train = train
        return super().forward(x, train)

    def backward(self, dy, cache, param_grads=True):
        return super().backward(dy, (*cache[:2], self.train), param_grads)


@BOOK.layer(STATE, (6,))
class StateOnTheClass(BatchNorm):
    """All layers of this class share their running statistics."""

    shared: dict = {}  # noqa: RUF012
    state = property(
        lambda self: self.shared, lambda self, new: self.shared.update(new)
    )


@BOOK.layer(STATE, (6,))
class StatisticsMovedInEvaluation(BatchNorm):
    """The running statistics follow the batches of an evaluation as well."""

    def forward(self, x, train=True):
        if not train:
            mean = self.state["mean"]
            self.state["mean"] = mean + 0.1 * (x.mean(axis=0) - mean)
        return super().forward(x, train)


@BOOK.layer(STATE, (6,))
class StatisticsMovedByBackward(BatchNorm):
    """The running variance moves in backward: a penalty's backward moves it again."""

    def backward(self, dy, cache, param_grads=True):
        self.state["var"] = self.state["var"] * 0.9 + 0.1 * cache[1] ** -2
        return super().backward(dy, cache, param_grads)


@BOOK.layer(STATE, (6,))
class StateMovedByTheTangent(BatchNorm):
    """The tangent pass adds to the running mean."""

    def tangent(self, x_dot, cache):
        y_dot, cache_dot = super().tangent(x_dot, cache)
        self.state["mean"] = self.state["mean"] + 0.1 * x_dot.mean(axis=0)
        return y_dot, cache_dot


@BOOK.layer(STATE, (6,))
class MasksFromAnUnsavedGenerator(Noisy):
    """The masks come from a generator on self, which no checkpoint keeps."""

    def init(self, rng):
        super().init(rng)
        self.rng = np.random.default_rng(int(rng.integers(2**31)))

    def forward(self, x, train=True):
        if not train:
            return x, (None,)
        mask = (self.rng.random(x.shape) >= self.p).astype(x.dtype) / (1 - self.p)
        return x * mask, (mask,)


@BOOK.layer(STATE, (6,))
class MasksFromTheGlobalGenerator(Noisy):
    """The masks come from np.random, so a seed repeats no run."""

    def forward(self, x, train=True):
        if not train:
            return x, (None,)
        mask = (np.random.random(x.shape) >= self.p).astype(x.dtype) / (1 - self.p)
        return x * mask, (mask,)


class RunningMean(Layer):
    """y = x - m, with m a running mean that follows the batches of training"""

    def init(self, rng):
        self.state = {"m": np.zeros(self.C)}

    def build(self, in_shape):
        self.C = in_shape[-1]
        return in_shape

    def forward(self, x, train=True):
        mean = rows(x).mean(axis=0)
        if train:
            self.state["m"] += 0.1 * (mean - self.state["m"])
        return x - (mean if train else self.state["m"]), (train,)

    def backward(self, dy, cache, param_grads=True):
        return dy - rows(dy).mean(axis=0) if cache[0] else dy


@BOOK.layer(STATE, (6,))
class MeanBesideTheState(RunningMean):
    """The running mean is an attribute, so a resumed run starts it at 0 again."""

    def init(self, rng):
        self.m = np.zeros(self.C)

    def forward(self, x, train=True):
        mean = rows(x).mean(axis=0)
        if train:
            self.m = self.m + 0.1 * (mean - self.m)
        return x - (mean if train else self.m), (train,)


@BOOK.layer(STATE, (6,))
class HiddenCountBesideTheState(RunningMean):
    """The mean moves by 1/t, and the count t of the batches is not in the state."""

    t = 0

    def forward(self, x, train=True):
        mean = rows(x).mean(axis=0)
        if train:
            self.t += 1
            self.state["m"] += (mean - self.state["m"]) / self.t
        return x - (mean if train else self.state["m"]), (train,)


FAULTS = BOOK.checks()

"""Right in training, wrong in evaluation."""

from tinygan.layers import BatchNorm, Dropout

from .book import Book
from .right import Linear, Pool, Softmax, rows

BOOK = Book()
EVALUATION = "evaluation only"


class Noisy(Dropout):
    """A dropout with settings"""

    def __init__(self):
        super().__init__(0.3)


@BOOK.layer(EVALUATION, (6,))
class DropoutInEvaluationNotScaledBack(Noisy):
    """In evaluation y is multiplied by 1 - p as well; dx is not."""

    def forward(self, x, train=True):
        y, cache = super().forward(x, train)
        return y if train else y * (1 - self.p), cache


@BOOK.layer(EVALUATION, (6,))
class DropoutNeverStops(Noisy):
    """There are masks in evaluation, too."""

    def forward(self, x, train=True):
        return super().forward(x, True)


@BOOK.layer(EVALUATION, (6,))
class EvaluationTakesTheBatchTerms(BatchNorm):
    """In evaluation dx has the two extra terms of training."""

    def backward(self, dy, cache, param_grads=True):
        return super().backward(dy, (*cache[:2], True), param_grads)


@BOOK.layer(EVALUATION, (6,))
class NoDgammaInEvaluation(BatchNorm):
    """In evaluation gamma and beta get no gradient."""

    def backward(self, dy, cache, param_grads=True):
        return super().backward(dy, cache, param_grads and cache[2])


@BOOK.layer(EVALUATION, (6,))
class VarianceWithoutItsRoot(BatchNorm):
    """In evaluation dx is divided by the variance, not by its root."""

    def backward(self, dy, cache, param_grads=True):
        x_hat, inv_std, train = cache
        inv_std = inv_std if train else inv_std * inv_std
        return super().backward(dy, (x_hat, inv_std, train), param_grads)


@BOOK.layer(EVALUATION, (6,))
class EvaluationCountsTwice(Linear):
    """In evaluation dW is added twice."""

    def forward(self, x, train=True):
        return x @ self.W + self.b, (x, train)

    def backward(self, dy, cache, param_grads=True):
        if param_grads and not cache[1]:
            self.dW += rows(cache[0]).T @ rows(dy)
        return super().backward(dy, cache[:1], param_grads)


@BOOK.layer(EVALUATION, (4, 6, 2))
class EvaluationPoolsTheFirstPixel(Pool):
    """In evaluation y is the first pixel of each block, dx that of the mean."""

    def forward(self, x, train=True):
        y, cache = super().forward(x, train)
        return (y if train else x[:, ::2, ::2]), cache


@BOOK.layer(EVALUATION, (6,))
class TemperatureInEvaluation(Softmax):
    """In evaluation x is doubled in y and not in dx."""

    def forward(self, x, train=True):
        return super().forward(x if train else 2 * x, train)


FAULTS = BOOK.checks()

"""Writes into arguments, precision, and the order of arrays in memory."""

import numpy as np

from tinygan.layers import BatchNorm, LayerNorm
from tinygan.layers.activations import Sigmoid, Tanh

from .book import Book
from .right import (
    Causal,
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
WRITES, FLOATS = "writes into an argument", "float32 and half"
ORDER = "order of memory"


@BOOK.layer(WRITES, (6,))
class ForwardCentresXInPlace(Softmax):
    """forward takes the largest x off x itself."""

    def forward(self, x, train=True):
        x -= x.max(axis=-1, keepdims=True)
        return super().forward(x, train)


@BOOK.layer(WRITES, (6,), function=False)
class EvaluationWritesIntoX(Elementwise):
    """In evaluation, where nobody needs x again, y is written into x."""

    def forward(self, x, train=True):
        y, cache = super().forward(x.copy(), train)
        if not train:
            x[...] = y
        return y, cache


@BOOK.layer(WRITES, (6,))
class BackwardScalesDyInPlace(Swish):
    """backward multiplies dy itself: the next path of a branch gets the product."""

    def backward(self, dy, cache, param_grads=True):
        dx = super().backward(dy, cache, param_grads)
        dy[...] = dx
        return dx


@BOOK.layer(WRITES, (6, 3))
class BackwardSpoilsXInTheCache(Elman):
    """backward writes dx into the x that the cache holds."""

    def backward(self, dy, cache, param_grads=True):
        dx = super().backward(dy, cache, param_grads)
        cache[0][...] = dx.astype(cache[0].dtype)
        return dx


@BOOK.layer(WRITES, (6,), function=False)
class TangentWritesIntoXDot(Tanh):
    """tangent multiplies x_dot in place."""

    def tangent(self, x_dot, cache):
        result = super().tangent(x_dot.copy(), cache)
        x_dot *= 0.5
        return result


@BOOK.layer(WRITES, (6,), function=False)
class ReverseWritesIntoDyDot(Sigmoid):
    """tangent_backward multiplies dy_dot in place."""

    def tangent_backward(self, dy, dy_dot, cache, cache_dot):
        result = super().tangent_backward(dy, dy_dot, cache, cache_dot)
        if dy_dot is not None:
            dy_dot *= 2
        return result


@BOOK.layer(WRITES, (6,), function=False)
class ReverseWritesIntoDy(Linear):
    """tangent_backward clears dy once it has used it."""

    def tangent_backward(self, dy, dy_dot, cache, cache_dot):
        result = super().tangent_backward(dy, dy_dot, cache, cache_dot)
        if dy is not None:
            dy[...] = 0
        return result


@BOOK.layer(WRITES, (6,), function=False)
class BackwardWithoutDthetaWritesIntoDy(Linear):
    """With param_grads=False, as in the step of G, dy is cleared."""

    def backward(self, dy, cache, param_grads=True):
        dx = super().backward(dy, cache, param_grads)
        if not param_grads:
            dy[...] = 0
        return dx


@BOOK.layer(WRITES, (6,))
class ForwardRoundsTheWeights(Linear):
    """forward rounds W itself to three digits."""

    def forward(self, x, train=True):
        if not np.iscomplexobj(self.W):
            np.round(self.W, 3, out=self.W)
        return super().forward(x, train)


@BOOK.layer(WRITES, (6,))
class BackwardStepsTheWeights(Linear):
    """backward moves W down its gradient, which is the optimizer's business."""

    def learn(self, dy, x):
        super().learn(dy, x)
        self.W -= 1e-3 * (rows(x).T @ rows(dy)).real


@BOOK.layer(FLOATS, (6,))
class Float64FromFloat32(Elementwise):
    """A NumPy float64 constant makes y of float32 x float64."""

    def f(self, x):
        return super().f(x) * np.float64(1.0)


@BOOK.layer(FLOATS, (5, 3))
class DxAlwaysFloat64(Elman):
    """dx is made by np.zeros, without a dtype."""

    def backward(self, dy, cache, param_grads=True):
        dx = super().backward(dy, cache, param_grads)
        return np.zeros(dx.shape, np.result_type(dx, np.float64)) + dx


@BOOK.layer(FLOATS, (6,))
class Float32HasAnotherSlope(Sigmoid):
    """The slope of float32 is a fit that is right to 1e-3."""

    def slope(self, y, v):
        right = super().slope(y, v)
        return right * np.float32(1.002) if y.dtype == np.float32 else right


@BOOK.layer(FLOATS, (6,))
class WeightGradientInHalf(Linear):
    """In float32 dW is summed in half precision."""

    def learn(self, dy, x):
        if dy.dtype == np.float32:
            dy = dy.astype(np.float16).astype(np.float32)
        super().learn(dy, x)


@BOOK.layer(FLOATS, (6, 3))
class WeightsInHalf(Causal):
    """In float32 the convolution reads W in half precision, and so does dx."""

    def linear(self, x):
        if x.dtype != np.float32:
            return super().linear(x)
        W = self.W.astype(np.float16).astype(np.float32)
        return sum(self.late(x, k) @ W[k] for k in range(self.taps)), (x,)


@BOOK.layer(FLOATS, (3, 4))
class SigmaInHalf(LayerNorm):
    """In float32 sigma is kept in half precision: dx is off by 1e-4 or so."""

    def forward(self, x, train=True):
        y, (x_hat, inv_std) = super().forward(x, train)
        if x.dtype == np.float32:
            inv_std = (1 / inv_std).astype(np.float16).astype(np.float32) ** -1
        return y, (x_hat, inv_std)


@BOOK.layer(FLOATS, (6,), function=False)
class TangentOfFloat32IsFloat64(Swish):
    """The tangent of float32 is float64, so D's penalty is made in float64."""

    def tangent(self, x_dot, cache):
        y_dot, cache_dot = super().tangent(x_dot, cache)
        return y_dot * np.ones(1), cache_dot


@BOOK.layer(FLOATS, (6,))
class RunningMeanInHalf(BatchNorm):
    """In float32 the running mean is kept in half precision."""

    def forward(self, x, train=True):
        result = super().forward(x, train)
        if x.dtype == np.float32:
            mean = self.state["mean"]
            mean[...] = mean.astype(np.float16)
        return result


@BOOK.layer(ORDER, (6,))
class StridedXReadAsIfWhole(Softmax):
    """forward reads the memory behind a strided x, so it takes other numbers."""

    def forward(self, x, train=True):
        if not x.flags.c_contiguous:
            x = x[..., ::-1]
        return super().forward(x, train)


@BOOK.layer(ORDER, (6,))
class NegativeStridesTurnedAround(Swish):
    """A dy with a negative stride is read forwards."""

    def backward(self, dy, cache, param_grads=True):
        if dy.strides[0] < 0:
            dy = dy[::-1]
        return super().backward(dy, cache, param_grads)


@BOOK.layer(ORDER, (6,))
class FortranOrderTransposed(Linear):
    """A dy in Fortran order is flattened in the order of its memory for dW."""

    def learn(self, dy, x):
        if dy.flags.f_contiguous and not dy.flags.c_contiguous:
            dy = dy.ravel(order="K").reshape(dy.shape)
        super().learn(dy, x)


@BOOK.layer(ORDER, (6,))
class TransposedXDotReadWrongly(Linear):
    """An x_dot in Fortran order is flattened in the order of its memory."""

    def tangent(self, x_dot, cache):
        if not x_dot.flags.c_contiguous:
            x_dot = x_dot.ravel(order="K").reshape(x_dot.shape)
        return super().tangent(x_dot, cache)


@BOOK.layer(ORDER, (4, 6, 2))
class EveryOtherPixel(Pool):
    """dy with gaps between its rows is read without them."""

    def adjoint(self, dy, cache):
        if not dy.flags.c_contiguous:
            dy = dy[:, ::-1]
        return super().adjoint(dy, cache)


@BOOK.layer(ORDER, (6,))
class ReadOnlyDyFails(Gate):
    """backward sets dy's flag writeable, which fails for a view of read-only data."""

    def backward(self, dy, cache, param_grads=True):
        dy.flags.writeable = True
        return super().backward(dy, cache, param_grads)


@BOOK.layer(ORDER, (6,))
class ReadOnlyXFails(Elementwise):
    """forward rounds x in place for no effect: it adds 0, and fails if x is locked."""

    def forward(self, x, train=True):
        x += 0
        return super().forward(x, train)


@BOOK.layer(ORDER, (6, 3))
class ShapeSetInPlace(MaxPool):
    """backward reshapes dy by setting its shape, so the caller's dy is flat then."""

    def backward(self, dy, cache, param_grads=True):
        dx = super().backward(dy, cache, param_grads)
        dy.shape = (len(dy), -1)
        return dx


FAULTS = BOOK.checks()

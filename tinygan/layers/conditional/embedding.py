"""Embedding: a learnt row of numbers for each class, or for each word.

The gradient of a row is a sum over the places that hold its integer. `add_rows` is that
sum, the adjoint of taking rows; every layer with parameters for each class uses it.
"""

from ...errors import whole
from ...fast import primitive
from ...ops import Array, get_xp, require_integers
from ...values import Integers
from ..base import Layer, require, require_array
from ..init import initialiser, normal

ONE_HOT = 1 << 24  # how many numbers of a one-hot matrix are made at a time


class Embedding(Layer):
    """y = W[i]      dW[k] = the sum of dy over the places where i = k

    i is (N, ...) of integers 0 to n - 1, y is (N, ..., dim) and W (n, dim); the shape
    of i, Integers(..., n), tells n. Integers have neither gradient nor tangent:
    `backward` returns None. W starts at N(0, 1), so a number of y is as large as a
    number of z, with which y is often concatenated.

    Raises ShapeError when built on anything but integers. On NumPy it raises InputError
    for an integer that is not a row of W. Source: Mirza and Osindero 2014, where y is
    one-hot and W the first layer's weights; Bengio et al. 2003, sec. 2.
    """

    divisible = True
    W: Array  # (n, dim)
    dW: Array

    def __init__(self, dim: int, init=None):
        self.dim = whole(self, "dim >= 1", dim)
        self.initialise = initialiser(self, init, normal(1.0))

    def build(self, in_shape):
        require(isinstance(in_shape, Integers), self, "Integers(..., n)", in_shape)
        self.shapes = {"W": (in_shape.n, self.dim)}
        return (*in_shape, self.dim)

    def init(self, rng):
        self.W[...] = self.initialise(rng, self.W.shape, 1, self.dim)

    def forward(self, x, train=True):
        return take_rows(self.W, x), (x,)  # eq: embedding

    def backward(self, dy, cache, param_grads=True):
        (i,) = cache
        if param_grads:
            add_rows(self.dW, i, dy)

    def tangent(self, x_dot, cache):
        return None, ()

    def tangent_backward(self, dy, dy_dot, cache, cache_dot):
        if dy is not None:
            self.backward(dy, cache)
        return None, None

    def __repr__(self):
        return f"Embedding({self.dim})"


def require_class(layer: Layer, in_shape, of: str) -> tuple[tuple, int]:
    """The shape of x and the number n of classes, from the shape of a pair (x, y) with
    one class for each sample; ShapeError for anything else.
    """
    fits = len(in_shape) == 2 and isinstance(in_shape[1], Integers) and not in_shape[1]
    require(fits, layer, f"({of}, class), of shapes (..., Integers((), n))", in_shape)
    require_array(layer, in_shape[0])
    return in_shape[0], in_shape[1].n


def take_rows(W, i):
    """W[i] for integers i of any shape: (n, dim) -> (*i.shape, dim).

    InputError, on NumPy, for an i that is not among 0 to n - 1.
    """
    require_integers(i, len(W))
    return W[i]


@primitive
def add_rows(dW, i, dy) -> None:
    """dW[k] += the sum of dy over the places where i = k, always in the same order.

    dW: (n, dim)      i: integers of any shape      dy: (*i.shape, dim)

    `dW[i] += dy` would keep only one of several equal i. A product with onehot(i) adds
    them all, without atomics and without a host read, so the same input gives the same
    bits.
    """
    n, dim = dW.shape
    i, dy, xp = i.reshape(-1), dy.reshape(-1, dim), get_xp(dW)
    step = max(1, ONE_HOT // n)
    for start in range(0, len(i), step):
        part = slice(start, start + step)
        onehot = (i[part] == xp.arange(n)[:, None]).astype(dW.dtype)  # (n, M)
        dW += onehot @ dy[part]  # eq: embedding-dW

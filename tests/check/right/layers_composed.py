"""Layers made of the package's layers, its short ways, and tuples of arrays."""

import numpy as np

from tinygan import Conv2d, Dense, Integers, Layer, LayerNorm, Sequential, Tanh
from tinygan.layers import Activation, Affine


class Logistic2(Activation):
    """f = 2/(1 + e^-x) - 1 = tanh(x/2)      f' = (1 - y^2)/2"""

    def f(self, x):
        return np.tanh(x / 2)

    def slope(self, y, v):
        return (1 - y**2) / 2 * v

    def curvature(self, y, v):
        return -y * (1 - y**2) / 2 * v


class Asinh(Activation):
    """f = arcsinh(x)      f' = 1/cosh(y)      f'' = -sinh(y)/cosh(y)^3"""

    def f(self, x):
        return np.arcsinh(x)

    def slope(self, y, v):
        return v / np.cosh(y)

    def curvature(self, y, v):
        return -np.sinh(y) / np.cosh(y) ** 3 * v


class ReLU1(Activation):
    """f = min(max(x, 0), 1), its curvature left at None"""

    def f(self, x):
        return np.clip(x, 0, 1)

    def slope(self, y, v):
        return v * ((y > 0) & (y < 1))


class SymmetricDense(Affine):
    """y = x (S + S^T)/2 + b"""

    bias = True

    def build(self, in_shape):
        d = in_shape[-1]
        self.shapes = {"S": (d, d), "b": (d,)}
        return in_shape

    def init(self, rng):
        self.S[...] = rng.standard_normal(self.S.shape)

    def linear(self, x):
        return x @ ((self.S + self.S.T) / 2), (x,)

    def adjoint(self, dy, cache):
        return dy @ ((self.S + self.S.T) / 2)

    def weight_grad(self, dy, cache):
        axes = list(range(dy.ndim - 1))
        d = np.tensordot(cache[0], dy, (axes, axes))
        self.dS += (d + d.T) / 2


class HadamardTransform(Affine):
    """y = x H/sqrt(4), H the 4x4 Hadamard matrix"""

    def build(self, in_shape):
        assert in_shape[-1] == 4
        return in_shape

    def linear(self, x):
        H = np.array([[1, 1, 1, 1], [1, -1, 1, -1], [1, 1, -1, -1], [1, -1, -1, 1]])
        return x @ H.astype(x.dtype) / 2, ()

    def adjoint(self, dy, cache):
        return self.linear(dy)[0]


class MLPBlock(Sequential):
    """Dense, LayerNorm, Tanh, Dense: a Sequential with fixed layers"""

    def __init__(self, width):
        super().__init__(Dense(width), LayerNorm(), Tanh(), Dense(3))

    def __repr__(self):
        return "MLPBlock()"


class Scaled(Layer):
    """y = c f(x), f any layer, c learnt; the inner layer is a child"""

    def __init__(self, inner):
        self.inner = inner

    def children(self):
        return (("inner", self.inner),)

    def build(self, in_shape):
        self.shapes = {"c": ()}
        return self.inner.build(in_shape)

    def init(self, rng):
        self.c[...] = 0.5

    def forward(self, x, train=True):
        f, inner = self.inner.forward(x, train)
        return self.c * f, (f, inner)

    def backward(self, dy, cache, param_grads=True):
        f, inner = cache
        if param_grads:
            self.dc += (dy * f).sum()
        return self.inner.backward(self.c * dy, inner, param_grads)


class DenseSkip(Layer):
    """y = [x, f(x)] along the channels (DenseNet)"""

    def __init__(self, f):
        self.f = f

    def children(self):
        return (("f", self.f),)

    def build(self, in_shape):
        *rest, C = in_shape
        out = self.f.build(in_shape)
        return (*rest, C + out[-1])

    def forward(self, x, train=True):
        y, c = self.f.forward(x, train)
        return np.concatenate([x, y], axis=-1), (c, x.shape[-1])

    def backward(self, dy, cache, param_grads=True):
        c, C = cache
        return dy[..., :C] + self.f.backward(dy[..., C:].copy(), c, param_grads)


class Siamese(Layer):
    """y = |f(a) - f(b)|, the two halves of x through the same layer"""

    def __init__(self, f):
        self.f = f

    def children(self):
        return (("f", self.f),)

    def build(self, in_shape):
        (d,) = in_shape
        return self.f.build((d // 2,))

    def forward(self, x, train=True):
        a, b = np.hsplit(x, 2)
        fa, ca = self.f.forward(a, train)
        fb, cb = self.f.forward(b, train)
        return np.abs(fa - fb), (ca, cb, np.sign(fa - fb))

    def backward(self, dy, cache, param_grads=True):
        ca, cb, sign = cache
        da = self.f.backward(sign * dy, ca, param_grads)
        db = self.f.backward(-sign * dy, cb, param_grads)
        return np.hstack([da, db])


class Interaction(Layer):
    """y = a^T W b for a pair of arrays (a, b)"""

    def build(self, in_shape):
        (p,), (q,) = in_shape
        self.shapes = {"W": (2, p, q)}
        return (2,)

    def init(self, rng):
        self.W[...] = rng.standard_normal(self.W.shape)

    def forward(self, x, train=True):
        a, b = x
        return np.einsum("np,kpq,nq->nk", a, self.W, b), (a, b)

    def backward(self, dy, cache, param_grads=True):
        a, b = cache
        if param_grads:
            self.dW += np.einsum("nk,np,nq->kpq", dy, a, b)
        da = np.einsum("nk,kpq,nq->np", dy, self.W, b)
        return da, np.einsum("nk,kpq,np->nq", dy, self.W, a)


class Modulate(Layer):
    """y = (1 + g_c) x + b_c, with the rows g_c and b_c of tables for the class c"""

    def build(self, in_shape):
        x, c = in_shape
        self.shapes = {"g": (c.n, *x), "b": (c.n, *x)}
        return tuple(x)

    def init(self, rng):
        self.g[...] = 0.3 * rng.standard_normal(self.g.shape)

    def forward(self, x, train=True):
        x, c = x
        return (1 + self.g[c]) * x + self.b[c], (x, c)

    def backward(self, dy, cache, param_grads=True):
        x, c = cache
        if param_grads:
            np.add.at(self.dg, c, dy * x)
            np.add.at(self.db, c, dy)
        return (1 + self.g[c]) * dy, None


class SplitHalves(Layer):
    """x -> (a, 2 b), the two halves as a tuple; a gradient of None is zero"""

    def build(self, in_shape):
        h = in_shape[0] // 2
        return (h,), (in_shape[0] - h,)

    def forward(self, x, train=True):
        h = x.shape[1] // 2
        return (x[:, :h], 2 * x[:, h:]), (x,)

    def backward(self, dy, cache, param_grads=True):
        (x,) = cache
        da, db = dy
        h = x.shape[1] // 2
        dx = np.zeros_like(x)
        if da is not None:
            dx[:, :h] = da
        if db is not None:
            dx[:, h:] = 2 * db
        return dx


CHECKS = [
    (Logistic2(), (6,)),
    (Asinh(), (6,)),
    (ReLU1(), (6,)),
    (SymmetricDense(), (4,)),
    (SymmetricDense(), (2, 3)),
    (HadamardTransform(), (3, 4)),
    (MLPBlock(5), (4,)),
    (Scaled(Dense(4)), (3,)),
    (Scaled(Conv2d(2, 3, 1, 1)), (4, 4, 2)),
    (DenseSkip(Sequential(Dense(3), Tanh())), (4,)),
    (Siamese(Dense(3)), (6,)),
    (SplitHalves(), (5,)),
    (Interaction(), ((3,), (4,))),
    (Modulate(), ((4,), Integers((), 3))),
]

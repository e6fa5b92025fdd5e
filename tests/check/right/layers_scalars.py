"""Real-only code: Python floats, buffers, objects in the cache."""

import math

import numpy as np

from tinygan import Layer


class DoubleInside(Layer):
    """y = log(1 + mean e^x) with the sum in float64, whatever x is"""

    def build(self, in_shape):
        return (1,)

    def forward(self, x, train=True):
        z = x.astype(np.float64)
        top = np.maximum(z.max(1, keepdims=True), 0)
        e = np.exp(z - top)
        s = np.exp(-top) + e.mean(1, keepdims=True)
        return (top + np.log(s)).astype(x.dtype), (e / s / z.shape[1],)

    def backward(self, dy, cache, param_grads=True):
        return (dy * cache[0]).astype(dy.dtype)


class FloatScale(Layer):
    """y = x / float(1 + |W|), a norm that is cast to a Python number on the way"""

    def build(self, in_shape):
        self.shapes = {"W": (2, 3)}
        return in_shape

    def init(self, rng):
        self.W[...] = rng.standard_normal((2, 3))

    def forward(self, x, train=True):
        n = float(np.linalg.norm(self.W))
        return x / (1 + n), (x, n)

    def backward(self, dy, cache, param_grads=True):
        x, n = cache
        if param_grads:
            dn = -float(np.sum(dy * x)) / (1 + n) ** 2
            self.dW += dn * self.W / n
        return dy / (1 + n)


class MathScalars(Layer):
    """y = math.tanh(a) x + math.exp(-b^2), with two learnt numbers"""

    def build(self, in_shape):
        self.shapes = {"a": (), "b": ()}
        return in_shape

    def init(self, rng):
        self.a[...] = 0.6
        self.b[...] = -0.3

    def forward(self, x, train=True):
        return math.tanh(self.a) * x + math.exp(-(self.b**2)), (x,)

    def backward(self, dy, cache, param_grads=True):
        t = math.tanh(self.a)
        if param_grads:
            self.da += (1 - t**2) * float((dy * cache[0]).sum())
            self.db += -2 * self.b * math.exp(-(self.b**2)) * dy.sum()
        return t * dy


class RealOnly(Layer):
    """y = x^2/(1 + x^2), and an error for anything but float32 and float64"""

    def forward(self, x, train=True):
        if x.dtype not in (np.float32, np.float64):
            raise TypeError(f"floats only, got {x.dtype}")
        if not np.isfinite(x).all():
            raise ValueError("NaN or infinity in the input")
        d = 1 + x * x
        return x * x / d, (x, d)

    def backward(self, dy, cache, param_grads=True):
        x, d = cache
        return 2 * x / d**2 * dy


class OutBuffer(Layer):
    """y = tanh(x)/2, written into buffers of x's real dtype with out="""

    def forward(self, x, train=True):
        y = np.empty(x.shape, dtype=np.float32 if x.dtype == np.float32 else np.float64)
        np.tanh(x, out=y)
        np.multiply(y, 0.5, out=y)
        return y, (y,)

    def backward(self, dy, cache, param_grads=True):
        slope = np.square(cache[0])
        slope *= -4
        slope += 1
        slope /= 2
        return slope * dy


class Closure(Layer):
    """y = x sin(x); the cache holds a function that does the whole backward pass"""

    def forward(self, x, train=True):
        s, c = np.sin(x), np.cos(x)
        return x * s, (lambda dy: dy * (s + x * c),)

    def backward(self, dy, cache, param_grads=True):
        (pull,) = cache
        return pull(dy)


class ObjectCache(Layer):
    """y = x |x|, saved in an object of a class of the user's own"""

    class Context:
        def save(self, **kw):
            self.__dict__.update(kw)
            return self

    def forward(self, x, train=True):
        ctx = self.Context().save(size=np.fabs(x))
        return x * ctx.size, (ctx,)

    def backward(self, dy, cache, param_grads=True):
        return 2 * cache[0].size * dy


class ApplyAlongAxis(Layer):
    """y = each row minus its largest entry, by np.apply_along_axis"""

    def forward(self, x, train=True):
        y = np.apply_along_axis(lambda row: row - row.max(), 1, x)
        return y, (np.argmax(x, axis=1),)

    def backward(self, dy, cache, param_grads=True):
        dx = dy.copy()
        dx[np.arange(len(dy)), cache[0]] -= dy.sum(axis=1)
        return dx


class LazyDense(Layer):
    """y = x W with a backward_weights of its own that computes no dx"""

    def build(self, in_shape):
        self.shapes = {"W": (in_shape[0], 2)}
        return (2,)

    def init(self, rng):
        self.W[...] = rng.uniform(-1, 1, self.W.shape)

    def forward(self, x, train=True):
        return x @ self.W, (x,)

    def backward_weights(self, dy, cache):
        self.dW += cache[0].T @ dy

    def backward(self, dy, cache, param_grads=True):
        if param_grads:
            self.backward_weights(dy, cache)
        return dy @ self.W.T


CHECKS = [
    (DoubleInside(), (5,)),
    (FloatScale(), (4,)),
    (MathScalars(), (4,)),
    (RealOnly(), (6,)),
    (OutBuffer(), (6,)),
    (Closure(), (6,)),
    (ObjectCache(), (6,)),
    (ApplyAlongAxis(), (5,)),
    (LazyDense(), (4,)),
]

"""Layers of two inputs, and layers with a class or with words for each sample."""

import numpy as np

from tinygan import Layer
from tinygan.check import Cut, Given
from tinygan.layers import Concat, Identity, Parallel, Sequential
from tinygan.values import plus

from .book import Book
from .right import Words, rows

BOOK = Book()
FORMULA, TANGENT = "formula of dx, dW or db", "tangent passes"
OTHER = "other passes and None"
CLASSES = np.random.default_rng(7).integers(0, 3, 64)
WORDS = np.random.default_rng(8).choice([0, 1, 2, 257, 299], (64, 5))


def cut(layer):
    """The layer on two halves of its input"""
    return Sequential(Cut(3), layer)


def given(layer):
    """The layer on (x, y), with fixed classes y"""
    return Sequential(Given(CLASSES, 3), layer)


def beside_words(layer):
    """x beside what the layer makes of five words, each one of 300"""
    return Sequential(Given(WORDS, 300), Parallel(Identity(), layer), Concat())


class Product(Layer):
    """y = a b of a pair (a, b)"""

    divisible = True

    def build(self, in_shape):
        return in_shape[0]

    def forward(self, x, train=True):
        return x[0] * x[1], x

    def backward(self, dy, cache, param_grads=True):
        return dy * cache[1], dy * cache[0]

    def tangent(self, x_dot, cache):
        return x_dot[0] * cache[1] + x_dot[1] * cache[0], x_dot

    def tangent_backward(self, dy, dy_dot, cache, cache_dot):
        dx = None if dy is None else self.backward(dy, cache)
        if dy_dot is None:
            return dx, None
        return plus(dx, self.backward(dy_dot, cache_dot)), self.backward(dy_dot, cache)


class ClassScale(Layer):
    """y = W[c] x, a row of factors for each class c"""

    divisible = True

    def build(self, in_shape):
        x, c = in_shape
        self.shapes = {"W": (c.n, x[-1])}
        return x

    def init(self, rng):
        self.W[...] = 1 + 0.1 * rng.standard_normal(self.W.shape)

    def scale(self, c):
        return self.W[c]

    def forward(self, x, train=True):
        x, c = x
        return self.scale(c) * x, (x, c)

    def backward(self, dy, cache, param_grads=True):
        x, c = cache
        if param_grads:
            self.learn(x * dy, c)
        return self.scale(c) * dy, None

    def learn(self, d, c):
        for k in range(len(self.W)):
            self.dW[k] += rows(d[c == k]).sum(axis=0)

    def tangent(self, x_dot, cache):
        return self.scale(cache[1]) * x_dot[0], (x_dot[0],)

    def tangent_backward(self, dy, dy_dot, cache, cache_dot):
        dx = None if dy is None else self.backward(dy, cache)
        if dy_dot is None:
            return dx, None
        c = cache[1]
        self.learn(cache_dot[0] * dy_dot, c)
        dx = (0 * dy_dot, None) if dx is None else dx
        return dx, (self.scale(c) * dy_dot, None)


@BOOK.layer(FORMULA, (6,), inside=cut)
class SecondInputGetsNothing(Product):
    """The second input's gradient is 0."""

    def backward(self, dy, cache, param_grads=True):
        return dy * cache[1], 0 * dy


@BOOK.layer(FORMULA, (6,), inside=cut)
class SameGradientForBothInputs(Product):
    """Both inputs get the gradient of the first."""

    def backward(self, dy, cache, param_grads=True):
        return dy * cache[1], dy * cache[1]


@BOOK.layer(TANGENT, (6,), inside=cut)
class TangentOfTheFirstInputForgotten(Product):
    """The tangent takes b_dot a and leaves a_dot b out."""

    def tangent(self, x_dot, cache):
        return x_dot[1] * cache[0], x_dot


@BOOK.layer(TANGENT, (6,), inside=cut)
class MixedSecondDerivativeForgotten(Product):
    """tangent_backward leaves out the derivative by one input and then the other."""

    def tangent_backward(self, dy, dy_dot, cache, cache_dot):
        dx = None if dy is None else self.backward(dy, cache)
        return dx, None if dy_dot is None else self.backward(dy_dot, cache)


@BOOK.layer(FORMULA, (6,), inside=given)
class EachClassCountsOnce(ClassScale):
    """dW[c] += d keeps one sample of each class."""

    def learn(self, d, c):
        self.dW[c] += d


@BOOK.layer(FORMULA, (6,), inside=given)
class LastClassUnlearnt(ClassScale):
    """The loop over the classes ends one too early."""

    def learn(self, d, c):
        for k in range(len(self.W) - 1):
            self.dW[k] += rows(d[c == k]).sum(axis=0)


@BOOK.layer(TANGENT, (6,), inside=given)
class ClassWeightsForgottenInTheReverse(ClassScale):
    """tangent_backward adds nothing to dW for dy_dot."""

    def tangent_backward(self, dy, dy_dot, cache, cache_dot):
        before = self.dW.copy()
        super().tangent_backward(None, dy_dot, cache, cache_dot)
        self.dW[...] = before
        dx, _ = super().tangent_backward(dy, None, cache, cache_dot)
        if dy_dot is None:
            return dx, None
        dx = (0 * dy_dot, None) if dx is None else dx
        return dx, (self.scale(cache[1]) * dy_dot, None)


@BOOK.layer(FORMULA, (6,), inside=beside_words)
class RepeatedWordsCountOnce(Words):
    """dW[i] += dy keeps one of several places with the same word."""

    def backward(self, dy, cache, param_grads=True):
        if param_grads:
            self.dW[cache[0]] += dy


@BOOK.layer(FORMULA, (6,), inside=beside_words)
class WordsBeyond256(Words):
    """Words are kept as uint8, so the gradient of word 256 goes to word 0."""

    def backward(self, dy, cache, param_grads=True):
        return super().backward(dy, (cache[0].astype(np.uint8),), param_grads)


@BOOK.layer(OTHER, (6,), inside=beside_words)
class BackwardWeightsOfDistinctWords(Words):
    """backward_weights counts a word once where it stands twice."""

    def backward_weights(self, dy, cache):
        self.dW[cache[0]] += dy


FAULTS = BOOK.checks()

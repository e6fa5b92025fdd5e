"""Mismatch on sentences: a pair is wrong as soon as one word is."""

import numpy as np
import pytest

import tinygan as tg
from tinygan.values import Integers

SENTENCES = np.array([[[1, 2, 3]], [[1, 2, 4]], [[1, 5, 4]], [[1, 2, 3]]])
N = len(SENTENCES)


class Reads(tg.Layer):
    """A logit of the last word alone: s = w y."""

    def build(self, in_shape):
        self.shapes = {"w": (1,)}
        return (1,)

    def forward(self, x, train=True):
        y = x[1][:, 0, -1:].astype(self.w.dtype)
        return self.w * y, (y,)

    def backward(self, dy, cache, param_grads=True):
        self.dw += (dy * cache[0]).sum(axis=0)


def wrong_pairs(seed: int, near: float) -> np.ndarray:
    """The sentences that Mismatch shows, as its docstring has them."""
    shift = np.random.default_rng(seed).integers(1, N)
    order = (np.arange(N) + shift) % N
    if near:
        order = np.array([1, 0, 1, 1])  # who shares most words; the first of equals
    return SENTENCES[order]


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("near", [0.0, 1.0])
def test_a_sentence_that_differs_in_one_word_is_wrong(seed, near):
    D = tg.Net(Reads(), ((2,), Integers((1, 3), 6)), dtype="float64")
    D.theta[...] = w = 0.3
    x = np.zeros((N, 2))
    s, cache = D.forward((x, SENTENCES))
    D.zero_grad()
    penalty = tg.Mismatch(0.7, near)
    real = ((x, SENTENCES), s, cache)
    P = penalty.accumulate(D, real, None, np.random.default_rng(seed))
    value = gradient = 0.0
    for own, wrong in zip(SENTENCES, wrong_pairs(seed, near), strict=True):
        if own.tolist() != wrong.tolist():
            s_wrong = w * wrong[0, -1]
            value += 0.7 / N * np.log1p(np.exp(s_wrong))
            gradient += 0.7 / N * wrong[0, -1] / (1 + np.exp(-s_wrong))
    assert pytest.approx(value, rel=1e-14) == P
    assert D.grad == pytest.approx([-gradient], rel=1e-14)

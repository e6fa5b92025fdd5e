"""Mismatch: D pays for believing a real picture with a wrong sentence.

GAN-CLS shows D three kinds of pairs. This penalty is for the third kind.
"""

import numpy as np

from ..errors import InputError, instance, number
from ..ops import get_xp, sigmoid, softplus
from ..values import in_place_of_first, leaves, together
from .base import Penalty


class Mismatch(Penalty):
    """P = w mean softplus(s_wrong), the logits of real samples under others' conditions

        D.grad -= dP/dtheta      dP/ds_wrong = w sigma(s_wrong) / N

    (x, y'), a real picture with a sentence of another picture, is as wrong as a fake
    picture, and D is to say so: without such pairs D need not read y at all. y' is the
    batch's y, moved on by a random number of places; a pair does not count if its y'
    equals its y. For a share `near` of the samples, y' is instead the sentence of the
    batch that shares most words with y. A wrong sentence that differs in a word or two
    teaches D to read every word. Source: Reed et al. 2016, Algorithm 1, the term
    log(1 - s_w) / 2; `near` is ours.

    Raises InputError for unconditional samples, and unless 0 <= near <= 1.
    """

    divisible = True

    def __init__(self, weight: float = 0.5, near: float = 0.0):
        self.weight = number(self, "weight >= 0", weight)
        self.near = number(self, "a share 0 <= near <= 1", near)

    def accumulate(self, D, real, fake, rng=None):
        pair = real[0]
        if not isinstance(pair, tuple):
            raise InputError("Mismatch expects samples with a condition, (x, y)")
        if rng is None:
            raise InputError("Mismatch draws the wrong pairs: d_step needs rng=")
        instance(self, "rng", rng, np.random.Generator, "np.random.default_rng(0)")
        x, y = pair
        own, N = self.group.place(len(y))
        xp, all_y = get_xp(y), together(self.group.all_gather(y))
        order = (np.arange(N) + rng.integers(1, N)) % N if N > 1 else np.zeros(1, int)
        order = xp.asarray(order)
        n = round(self.near * N)
        if n:
            order = xp.concatenate([nearest(all_y)[:n], order[n:]])
        wrong = all_y[order[own]]
        out, cache = D.forward((x, wrong))
        s_wrong = leaves(out)[0]  # the first head; a second head does not see y
        differs = (wrong != y).reshape(len(y), -1).any(axis=1)
        weights = self.weight / N * differs.astype(s_wrong.dtype)[:, None]
        ds_wrong = -weights * sigmoid(s_wrong)  # eq: mismatch-gradient
        D.backward_weights(in_place_of_first(out, ds_wrong), cache)
        (P,) = self.group.all_reduce(
            (weights * softplus(s_wrong)).sum()  # eq: mismatch
        )
        return P


def nearest(y):
    """For each sentence of y (N, ..., T), the row of the other sentence that shares
    most words with it: (N,) indices.
    """
    xp, words = get_xp(y), y.reshape(len(y), -1)
    # [t', n, t, m]: is word t of n also word t' of m?
    common = (words[:, :, None] == words.T[:, None, None]).any(axis=0)
    score = (common & (words > 0)[:, :, None]).sum(axis=1)  # (N, N); 0 is padding
    same = (words[:, None] == words[None]).all(axis=2)
    return xp.where(same, -1, score).argmax(axis=1)

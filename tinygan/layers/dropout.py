"""Dropout: noise as a regulariser of the discriminator."""

import numpy as np

from ..errors import number
from ..ops import get_xp
from ..rng import generator
from .base import Affine


class Dropout(Affine):
    """y = m x / (1 - p)      dx = m dy / (1 - p)      in evaluation y = x

    Each entry of the mask m is 0 with probability p and 1 otherwise.
    Dividing by 1 - p keeps E[y] = x. The masks come from a generator keyed by (seed,
    how many were drawn before). Both are layer state, so a resumed run draws the next
    mask. Source: Srivastava et al. 2014, in the inverted form.

    Raises InputError unless 0 <= p < 1.
    """

    divisible = True

    def __init__(self, p: float = 0.5):
        self.p = number(self, "a probability 0 <= p < 1", p)

    def init(self, rng):
        self.state = {"seed": int(rng.integers(2**31)), "draws": 0}

    def forward(self, x, train=True):
        if not train or self.p == 0:
            return x, (None,)
        rng = generator(self.state["seed"], self.state["draws"], *self.group.key)
        self.state["draws"] += 1
        kept = rng.random(x.shape, dtype=np.float32) >= self.p
        mask = get_xp(x).asarray(kept).astype(x.dtype) / (1 - self.p)
        return x * mask, (mask,)  # eq: dropout

    def adjoint(self, dy, cache):
        (mask,) = cache
        return dy if mask is None else dy * mask  # eq: dropout-dx

    def tangent(self, x_dot, cache):
        return self.adjoint(x_dot, cache), cache

    def __repr__(self):
        return f"Dropout({self.p})"

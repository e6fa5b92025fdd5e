"""Masked dense layers: a network whose outputs see earlier inputs alone.

The numbers of a sample stand at places 1, 2, ..., D, and an autoregressive model needs
an output d that depends on the places before d only. MADE gives every unit a place, its
degree, and a mask keeps a weight if the degrees allow it. So a hidden unit of degree m
depends on the places 1 to m, and output d on the hidden units of a degree below d.
Source: Germain et al. 2015, "MADE: Masked Autoencoder for Distribution Estimation".
"""

import math

import numpy as np

from ..errors import InputError, ShapeError, flag, numbers, shown, whole
from .activations import ReLU
from .base import Layer, require, require_array
from .combine import Residual, Sequential
from .dense import Dense
from .reshape import Flatten, Reshape


class MaskedDense(Dense):
    """y = x (M * W) + b      dx = dy (M * W)^T      dW = M * (x^T dy)

    Output j sees input i if M_ij = 1, and not if M_ij = 0. The mask M (n_in, n_out) is
    layer state. At first W_ij ~ N(0, 2 / n_j), where n_j is the number of inputs that
    output j sees.

    x is (N, n_in) and y (N, n_out); any further axes in front of the last count as
    samples. Raises ShapeError for a mask without two axes, or when built on a shape
    whose last axis is not n_in, and InputError for a mask with other entries.
    """

    def __init__(self, mask, bias: bool = True):
        M = numbers("MaskedDense, mask", mask)
        if M.ndim != 2 or not M.size:
            raise ShapeError(f"MaskedDense expects a mask (n_in, n_out), got {M.shape}")
        if not np.isin(M, (0, 1)).all():
            raise InputError(f"MaskedDense expects a mask of 0 and 1, got {shown(M)}")
        super().__init__(M.shape[1], flag(self, "bias", bias))
        self.mask = M.astype(bool)

    def build(self, in_shape):
        out_shape, n_in = super().build(in_shape), len(self.mask)
        require(in_shape[-1] == n_in, self, f"inputs (..., {n_in})", in_shape)
        return out_shape

    def init(self, rng):
        super().init(rng)  # N(0, 2 / n_in)
        seen = np.maximum(self.mask.sum(axis=0), 1)
        self.W *= np.sqrt(len(self.mask) / seen)
        self.state = {"M": self.mask.astype(float)}

    def linear(self, x):
        W = self.state["M"] * self.W
        y = x.reshape(-1, len(W)) @ W  # eq: masked
        return y.reshape(*x.shape[:-1], self.n_out), (x, W)

    def adjoint(self, dy, cache):
        x, W = cache
        dx = dy.reshape(-1, self.n_out).dot(W.T)  # eq: masked-dx
        return dx.reshape(x.shape)

    def weight_grad(self, dy, cache):
        x, W = cache
        dW = x.reshape(-1, len(W)).T @ dy.reshape(-1, self.n_out)
        dW *= self.state["M"]  # eq: masked-dW
        self.dW += dW

    def __repr__(self):
        return f"MaskedDense({len(self.mask)} to {self.n_out})"


class MADE(Sequential):
    """s_d = f_d(x_1 ... x_{d-1}) for all places d at once, s of the shape of x

    Layers of `hidden` units with ReLU between them. The degrees of n hidden units are
    spaced equally from 1 to D - 1. With `direct`, each s_d also has a linear term in
    all x before d. Without it and with fewer than D - 1 units, some s_d do not see all
    places before d, not even the nearest.

    x is (N, D), D places of one number each, or (N, ..., V), where the V numbers of a
    place do not see each other: one of V symbols, or the colours of a pixel. So s can
    be the logits of a `Bernoulli` or of a `Categorical`.

    Raises InputError unless `hidden` is a list of one or more sizes n >= 1, and
    ShapeError when built on anything but an array of numbers.
    """

    def __init__(self, hidden, direct: bool = True):
        if not (isinstance(hidden, list | tuple) and hidden):
            raise InputError(f"MADE expects sizes such as [500], got {shown(hidden)}")
        self.hidden = tuple(whole(self, "n >= 1", n) for n in hidden)
        self.direct = flag(self, "direct", direct)
        super().__init__()

    def build(self, in_shape):
        require_array(self, in_shape)
        require(len(in_shape) >= 1, self, "inputs (D,) or (..., V)", in_shape)
        V = in_shape[-1] if len(in_shape) > 1 else 1
        D = math.prod(in_shape) // V
        places = np.repeat(np.arange(1, D + 1), V)
        layers, seen = [], places
        for n in self.hidden:
            layers += [MaskedDense(up_to(seen, degrees(n, D))), ReLU()]
            seen = degrees(n, D)
        self.f = Sequential(*layers, MaskedDense(below(seen, places)))
        s: Layer = self.f
        if self.direct:
            self.A = MaskedDense(below(places, places), bias=False)
            s = Residual(self.f, self.A)
        self.layers = (Flatten(), s, Reshape(*in_shape))
        return super().build(in_shape)

    def __repr__(self):
        return f"MADE({list(self.hidden)}{'' if self.direct else ', direct=False'})"


def degrees(n: int, D: int):
    """The degrees of n hidden units, spaced equally from 1 to D - 1: (n,)."""
    return 1 + np.arange(n) * (D - 1) // n  # eq: made-degrees


def up_to(m, own):
    """The mask of hidden units of the degrees `own` (n,), which see units of the
    degrees m (n_in,): (n_in, n).
    """
    return m[:, None] <= own  # eq: made-hidden


def below(m, d):
    """The mask of outputs at the places d (n,), which see units of the degrees m
    (n_in,): (n_in, n).
    """
    return m[:, None] < d  # eq: made-output

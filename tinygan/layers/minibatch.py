"""Layers that let D see several samples at once, against mode collapse.

A generator that always makes the same picture is not told so by a D that judges one
sample at a time. Both layers make a logit depend on more than one sample, and that is
their purpose; a gradient penalty then takes the gradient of the *sum* of the logits
(MinibatchStd) or of a logit by all the samples it judges (Pack).
"""

from ..errors import number, whole
from ..ops import get_xp
from .base import Affine, Layer, require, require_array
from .samplenorm import jacobian, normalised


class MinibatchStd(Layer):
    """y = x and one more channel: how much the samples of a group differ

        sigma = sqrt(var + eps) over the group, for each feature      s = mean(sigma)
        ds/dx = x_hat / (g F)      s_dot = mean(x_hat x_dot)

    x is (N, ..., C) and y (N, ..., C + 1); s is one number for each group of g samples,
    repeated at every position of each of them. x_hat is x normalised over the group, F
    the number of features. As in the authors' code g = min(group, N), there are M = N/g
    groups, and group i holds the samples i, i + M, i + 2M, ... Reversing the tangent,
    with t the sum of dy_dot over the copies of s_dot and J = dx_hat/dx:

        dx += t/(g F) J x_dot      dx_dot += t/(g F) x_hat

    N counts the samples of all ranks: a group may lie on several of them, so they hand
    each other their x, x_dot and t.

    Raises ShapeError when g does not divide N, InputError for group < 1. Source: Karras
    et al. 2018, sec. 3.
    """

    divisible = True

    def __init__(self, group: int = 4, eps: float = 1e-8):
        self.g = whole(self, "group >= 1", group)
        self.eps = number(self, "eps >= 0", eps)

    def build(self, in_shape):
        require_array(self, in_shape)
        require(len(in_shape) >= 1, self, "inputs (..., C)", in_shape)
        return (*in_shape[:-1], in_shape[-1] + 1)

    def forward(self, x, train=True):
        every, own = self._gathered(x)
        N = len(every)
        g = min(self.g, N)
        require(N % g == 0, self, f"a number of samples that is a multiple of {g}", N)
        x_hat, inv_std = normalised(every.reshape(g, N // g, -1), (0,), self.eps)
        s = (1 / inv_std).mean(axis=2)  # (1, M)  # eq: minibatch-std
        return self._append(x, s, g, own), (x_hat, inv_std, own)

    def backward(self, dy, cache, param_grads=True):
        x_hat, _, own = cache  # x_hat is (g, M, F)
        return self._reverse(dy, x_hat, own)

    def tangent(self, x_dot, cache):
        x_hat, _, own = cache
        v = self._gathered(x_dot)[0].reshape(x_hat.shape)
        s_dot = (x_hat * v).mean(axis=(0, 2))
        return self._append(x_dot, s_dot, len(x_hat), own), (v,)

    def tangent_backward(self, dy, dy_dot, cache, cache_dot):
        (x_hat, inv_std, own), (v,) = cache, cache_dot
        dx = None if dy is None else self._reverse(dy, x_hat, own)
        if dy_dot is None:
            return dx, None
        x_hat_dot, _ = jacobian(v, x_hat, inv_std, (0,))
        bend = self._spread(dy_dot, x_hat_dot, own)  # eq: minibatch-std-curvature
        dx_dot = self._reverse(dy_dot, x_hat, own)
        return bend if dx is None else dx + bend, dx_dot

    def _gathered(self, a):
        """(the a of all ranks, which of its rows are this rank's)"""
        parts, rank = self.group.all_gather(a), self.group.rank
        start = sum(map(len, parts[:rank]))
        return get_xp(a).concatenate(parts), slice(start, start + len(a))

    def _append(self, x, s, g, own):
        """x with one more channel: the s of each sample's group. s has M numbers."""
        xp = get_xp(x)
        s = xp.tile(s.reshape(-1), g)[own].reshape(-1, *[1] * (x.ndim - 1))
        s = xp.broadcast_to(s, (*x.shape[:-1], 1))
        return xp.concatenate([x, s], axis=-1)

    def _reverse(self, dy, x_hat, own):
        """dx: dy at x, plus x_hat / (g F) times the sum of dy over the copies of s"""
        return dy[..., :-1] + self._spread(dy, x_hat, own)  # eq: minibatch-std-dx

    def _spread(self, dy, v, own):
        """t / (g F) v, of the shape of x; t is the sum of dy over the copies of s."""
        g, M, F = v.shape
        t, _ = self._gathered(dy[..., -1].reshape(len(dy), -1).sum(axis=1))
        t = t.reshape(g, M).sum(axis=0).reshape(1, M, 1)
        spread = (t * v / (g * F)).reshape(g * M, F)[own]
        return spread.reshape(*dy.shape[:-1], dy.shape[-1] - 1)

    def __repr__(self):
        return f"MinibatchStd({self.g})"


class Pack(Affine):
    """y = m samples that follow one another, side by side along the channels

    x is (N, ..., C), y (N/m, ..., m C): D gives one logit for m samples, which are all
    real or all generated, and so D can tell a collapsed generator by their likeness.
    The adjoint takes them apart again. Pack is only for the first layer of D.

    Raises ShapeError when m does not divide N, InputError for m < 1. Source: Lin et al.
    2018, "PacGAN".
    """

    divisible = True

    def __init__(self, m: int = 2):
        self.m = self.packs = whole(self, "m >= 1", m)

    def build(self, in_shape):
        require_array(self, in_shape)
        require(len(in_shape) >= 1, self, "inputs (..., C)", in_shape)
        return (*in_shape[:-1], self.m * in_shape[-1])

    def linear(self, x):
        (N, *rest, C), m = x.shape, self.m
        require(N % m == 0, self, f"a number of samples that is a multiple of {m}", N)
        groups = x.reshape(N // m, m, *rest, C)
        y = get_xp(x).moveaxis(groups, 1, -2)  # (N/m, ..., m, C)  # eq: pack
        return y.reshape(N // m, *rest, m * C), ()

    def adjoint(self, dy, cache):
        (packs, *rest, mC), m = dy.shape, self.m
        groups = dy.reshape(packs, *rest, m, mC // m)
        dx = get_xp(dy).moveaxis(groups, -2, 1)  # (N/m, m, ..., C)  # eq: pack-dx
        return dx.reshape(packs * m, *rest, mC // m)

    def __repr__(self):
        return f"Pack({self.m})"

"""Spectral normalisation: a linear layer that stretches no vector.

D is Lipschitz if its layers are, and a linear layer's Lipschitz constant is the largest
singular value sigma of its matrix. Dividing the weights by sigma makes it 1.
"""

import copy

from ..errors import InputError, whole
from ..guard.layers import bound, built, require_bound
from ..ops import Array, get_xp
from .base import Layer, a_layer

TINY = 1e-12  # added to sigma: weights that are all 0 stay 0, and nothing is NaN
START = 20  # power iterations at initialisation: u and v are good from the start


class SpectralNorm(Layer):
    """The wrapped layer with W_bar = W / sigma in place of W

        sigma = u^T M v      dM = (dM_bar - <dM_bar, M_bar> u v^T) / sigma

    M (C_out, n) is W as a matrix, its output channels in rows. u (C_out,) and v (n,)
    follow M's leading singular vectors by power iteration,

        v = M^T u / |M^T u|      u = M v / |M v|      (`advance`, n_iterations times)

    They are layer state, and the gradient holds them constant. The forward pass reads
    them and never moves them. For a convolution sigma is the norm of this matrix, as in
    the paper, and not of the map from image to image. A bias stays as it is.

    Raises InputError unless the layer has a parameter W, no state, and no layers inside
    it, and unless n_iterations is a whole number >= 1. Source: Miyato et al.
    2018, Algorithm 1 and eq. 12.
    """

    W: Array  # of the shape of the wrapped layer's W
    dW: Array

    def __init__(self, layer: Layer, n_iterations: int = 1):
        self.n_iterations = whole(self, "n_iterations >= 1", n_iterations)
        self.layer = a_layer(self, layer)
        self.divisible = layer.divisible

    # W and b are parameters of *this* layer. The wrapped layer supplies only the
    # formulas: each pass works on a copy of it that has W_bar in place of W.

    def build(self, in_shape):
        out_shape = built(self.layer, in_shape)
        self.shapes, self.reuses = self.layer.shapes, self.layer.reuses
        if "W" not in self.shapes or self.layer.children():
            raise InputError(
                f"SpectralNorm expects a layer with a parameter W, such as Dense or "
                f"Conv2d, got {self.layer!r}"
            )
        return out_shape

    def init(self, rng):
        layer = self._with(self.W, self.dW)
        arrays = bound(layer)
        layer.init(rng)
        require_bound("", layer, arrays)
        if layer.state:
            raise InputError(
                f"SpectralNorm expects a layer without state, got {self.layer!r}"
            )
        A = self._matrix(self.W)
        u, v = (rng.standard_normal(n) for n in A.shape[::-1])
        self.state = {"u": _unit(u, u), "v": _unit(v, v)}
        self._iterate(START)

    def advance(self):
        self._iterate(self.n_iterations)

    def forward(self, x, train=True):
        u, v = self.state["u"], self.state["v"]
        sigma = v @ self._matrix(self.W) @ u + TINY  # eq: spectral-sigma
        W_bar = self.W / sigma
        y, cache = self._with(W_bar).forward(x, train)
        return y, (W_bar, sigma, u, v, cache)

    def backward(self, dy, cache, param_grads=True):
        W_bar, *_, inner = cache
        if not param_grads:
            return self._with(W_bar).backward(dy, inner, param_grads=False)
        layer = self._with(W_bar, get_xp(W_bar).zeros_like(W_bar))
        dx = layer.backward(dy, inner)
        self._reverse(self._gradient(layer), cache)
        return dx

    def backward_weights(self, dy, cache):
        layer = self._with(cache[0], get_xp(dy).zeros_like(cache[0]))
        layer.backward_weights(dy, cache[-1])
        self._reverse(self._gradient(layer), cache)

    def tangent(self, x_dot, cache):
        W_bar, *_, inner = cache
        return self._with(W_bar).tangent(x_dot, inner)

    def tangent_backward(self, dy, dy_dot, cache, cache_dot):
        W_bar, *_, inner = cache
        layer = self._with(W_bar, get_xp(W_bar).zeros_like(W_bar))
        dx, dx_dot = layer.tangent_backward(dy, dy_dot, inner, cache_dot)
        self._reverse(self._gradient(layer), cache)
        return dx, dx_dot

    def _gradient(self, layer):
        """dW_bar; LayerError if the layer has set another gradient to a new array."""
        others = [f"d{name}" for name in self.shapes if name != "W"]
        require_bound("", layer, [(name, vars(self)[name]) for name in others])
        return layer.dW

    def _reverse(self, dW_bar, cache) -> None:
        """dW += dW_bar, taken back through W -> W_bar = W / sigma; sigma depends on W.
        dW_bar is overwritten.
        """
        W_bar, sigma, u, v, _ = cache
        along = dW_bar.ravel().dot(W_bar.ravel())  # <dW_bar, W_bar>
        uv = (v[:, None] * (along * u)).reshape(self._outputs_last(self.W).shape)
        dW_bar -= get_xp(uv).moveaxis(uv, -1, self.layer.out_axis)  # d sigma/dW
        dW_bar /= sigma
        self.dW += dW_bar  # eq: spectral-dW

    def _with(self, W, dW=None):
        """The wrapped layer with this W and dW; its other parameters are ours."""
        layer = copy.copy(self.layer)
        for name in self.shapes:
            setattr(layer, name, getattr(self, name))
            setattr(layer, f"d{name}", getattr(self, f"d{name}"))
        vars(layer).update(W=W, dW=dW)
        return layer

    def _outputs_last(self, W):
        return get_xp(W).moveaxis(W, self.layer.out_axis, -1)

    def _matrix(self, W):
        """M^T (n, C_out), which for Dense and Conv2d is W itself, seen as a matrix."""
        W = self._outputs_last(W)
        return W.reshape(-1, W.shape[-1])

    def _iterate(self, n: int) -> None:
        A, u, v = self._matrix(self.W), self.state["u"], self.state["v"]
        for _ in range(n):
            v = _unit(A @ u, v)  # eq: spectral-v
            u = _unit(v @ A, u)  # eq: spectral-u
        self.state = {"u": u, "v": v}  # new arrays: a cache may hold the old ones

    def __repr__(self):
        return f"SpectralNorm({self.layer!r})"


def _unit(a, old):
    """a / |a|, or `old` if a is 0, which has no direction."""
    xp = get_xp(a)
    size = xp.sqrt((a * a).sum())
    some = size > TINY
    return xp.where(some, a / xp.where(some, size, 1), old)

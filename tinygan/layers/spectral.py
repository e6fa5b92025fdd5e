"""Spectral normalisation: a linear layer that stretches no vector.

D is Lipschitz if its layers are, and a linear layer's Lipschitz constant is the largest
singular value sigma of its matrix. Dividing the weights by sigma makes it 1.
"""

from ..errors import whole
from ..ops import get_xp
from .base import Layer
from .parametrised import Parametrised

TINY = 1e-12  # added to sigma: weights that are all 0 stay 0, and nothing is NaN
START = 20  # power iterations at initialisation: u and v are good from the start


class SpectralNorm(Parametrised):
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

    def __init__(self, layer: Layer, n_iterations: int = 1):
        self.n_iterations = whole(self, "n_iterations >= 1", n_iterations)
        super().__init__(layer)

    def init(self, rng):
        super().init(rng)
        A = self._matrix(self.W)
        u, v = (rng.standard_normal(n) for n in A.shape[::-1])
        self.state = {"u": _unit(u, u), "v": _unit(v, v)}
        self._iterate(START)

    def advance(self):
        self._iterate(self.n_iterations)

    def used(self):
        """(W_bar, sigma, u, v), W_bar of the shape of W."""
        u, v = self.state["u"], self.state["v"]
        sigma = v @ self._matrix(self.W) @ u + TINY  # eq: spectral-sigma
        return self.W / sigma, sigma, u, v

    def add_gradient(self, dW_bar, cache):
        """dW += dW_bar, taken back through W -> W_bar = W / sigma; sigma depends on W.
        dW_bar is overwritten.
        """
        W_bar, sigma, u, v, _ = cache
        along = dW_bar.ravel().dot(W_bar.ravel())  # <dW_bar, W_bar>
        uv = (v[:, None] * (along * u)).reshape(self._outputs_last(self.W).shape)
        dW_bar -= get_xp(uv).moveaxis(uv, -1, self.layer.out_axis)  # d sigma/dW
        dW_bar /= sigma  # eq: spectral-dW
        self.dW += dW_bar

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


def _unit(a, old):
    """a / |a|, or `old` if a is 0, which has no direction."""
    xp = get_xp(a)
    size = xp.sqrt((a * a).sum())
    some = size > TINY
    return xp.where(some, a / xp.where(some, size, 1), old)

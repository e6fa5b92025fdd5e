"""Batch normalisation with a scale and a shift for each class."""

from ...values import leaves
from ..batchnorm import BatchNorm, batchnorm_dx, channel_sums, moments, standardise
from .embedding import add_rows, require_class, take_rows


class ConditionalBatchNorm(BatchNorm):
    """(x, y) -> (u, y), u = gamma[y] x_hat + beta[y]: BatchNorm with a scale and a
    shift for each class

    x is (N, ..., C), y is (N,) with n classes, gamma and beta are (n, C). x_hat, the
    running statistics and the sums over a `group` are as in BatchNorm, over the samples
    of all classes.

        dgamma[k] = sum du x_hat, dbeta[k] = sum du, over the samples of class k
        dx_hat = gamma[y] du
        training    dx = (dx_hat - mean(dx_hat) - x_hat mean(dx_hat x_hat)) / sigma
        evaluation  dx = dx_hat / sigma      sigma = sqrt(var + eps)

    There is a tangent in evaluation only, x_hat_dot = x_dot / sigma:

        u_dot = gamma[y] x_hat_dot      dx_dot = gamma[y] du_dot / sigma
        dgamma[k] = sum du x_hat + sum du_dot x_hat_dot, over the samples of class k

    y is handed on to the next such layer of a generator, and has no gradient.

    Raises ShapeError when built on anything but (x, y) with one class for each sample,
    and the errors of BatchNorm. Source: Dumoulin et al. 2017, eq. 5, and de Vries et
    al. 2017, sec. 3.
    """

    def build(self, in_shape):
        x_shape, n = require_class(self, in_shape, "x (..., C)")
        super().build(x_shape)
        self.shapes = {name: (n, *shape) for name, shape in self.shapes.items()}
        return in_shape

    def forward(self, x, train=True):
        x, y = x
        mean, var = self.state["mean"], self.state["var"]
        if train:
            mean, var = moments(x, *self.batch_of(x))
        x_hat, inv_std = standardise(x, mean, var, self.eps)
        u = _rows_for(self.gamma, y, x) * x_hat
        u += _rows_for(self.beta, y, x)  # eq: conditional-batchnorm
        return (u, y), (x_hat, y, inv_std, train)

    def backward(self, dy, cache, param_grads=True):
        (du, _), (x_hat, y, inv_std, train) = dy, cache
        if param_grads:
            add_rows(self.dgamma, y, _sample_sum(du * x_hat))
            add_rows(self.dbeta, y, _sample_sum(du))  # eq: conditional-batchnorm-dbeta
        dx_hat = _rows_for(self.gamma, y, du) * du
        if not train:
            return dx_hat * inv_std, None
        sums = *channel_sums(dx_hat, x_hat), du.size // du.shape[-1]
        sums = self.group.all_reduce(*sums)
        return batchnorm_dx(dx_hat, x_hat, 1, inv_std, *sums), None  # eq: cbn-dx

    def tangent(self, x_dot, cache):
        (x_dot, _), (_, y, inv_std, train) = x_dot, cache
        self._require_constants(train)
        x_hat_dot = x_dot * inv_std
        return (_rows_for(self.gamma, y, x_dot) * x_hat_dot, None), (x_hat_dot,)

    def tangent_backward(self, dy, dy_dot, cache, cache_dot):
        (_, y, inv_std, _), (x_hat_dot,) = cache, cache_dot
        dx = self.backward(dy, cache) if leaves(dy) else None
        if not leaves(dy_dot):
            return dx, None
        du_dot, _ = dy_dot
        add_rows(self.dgamma, y, _sample_sum(du_dot * x_hat_dot))
        return dx, (_rows_for(self.gamma, y, du_dot) * du_dot * inv_std, None)


def _rows_for(gamma, y, x):
    """gamma[y], to be multiplied with x: (N, 1, ..., 1, C)."""
    return take_rows(gamma, y).reshape(len(x), *(1,) * (x.ndim - 2), x.shape[-1])


def _sample_sum(a):
    """The sum over all places of each sample, (N, ..., C) -> (N, C)."""
    return a.reshape(len(a), -1, a.shape[-1]).sum(axis=1)

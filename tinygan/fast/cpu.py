"""Twins for NumPy arrays on a CPU.

A step on a CPU spends much of its time on moving numbers between memory and cache, and
on the inner loops of NumPy, which are short if the last axis is short. So the twins
write in place into arrays that they made, do without arrays that are used once, and go
along long rows.
"""

import functools
import itertools
import math

import numpy as np

from ..layers.correlation import windows_of
from ..optim.adam import Adam
from . import (
    correlation,  # noqa: F401  (its twins)
    gru,  # noqa: F401  (its twins)
    twin,
    upconv,  # noqa: F401  (its twin)
)

DIRECTION = Adam.direction  # an optimizer with this method takes Adam's steps
FEW = 128  # for up to so many rows, a product with onehot(i) is faster than sorting i
BLOCK = 1 << 15  # numbers: several arrays of this length fit in the cache of a core


@twin("cpu")
def im2col(x, kernel, stride, pad):
    """Copy all windows at once, from a view of x. A single channel is copied along the
    rows of the image.
    """
    OH, OW = windows_of(x.shape, kernel, stride, pad)
    N, H, W, C = x.shape
    (kh, kw), (sh, sw), (ph, pw) = kernel, stride, pad
    if (kh, kw, sh, sw, ph, pw) == (1, 1, 1, 1, 0, 0):
        return x.reshape(N * H * W, C)
    if ph or pw:
        padded = np.zeros((N, H + 2 * ph, W + 2 * pw, C), x.dtype)
        padded[:, ph : ph + H, pw : pw + W] = x
        x = padded
    n, h, w, c = x.strides
    windows = np.lib.stride_tricks.as_strided(
        x, (N, OH, OW, kh, kw, C), (n, sh * h, sw * w, h, w, c)
    )  # a view: windows[n, i, j, u, v] = x[n, i sh + u, j sw + v]
    if C == 1:  # a row of windows is longer than a row of one window: copy along it
        windows = windows.transpose(3, 4, 5, 0, 1, 2)
        return windows.reshape(kh * kw, N * OH * OW).T
    return windows.reshape(N * OH * OW, kh * kw * C)  # copies


@twin("cpu")
def col2im(cols, x_shape, kernel, stride, pad):
    """Add several pixels of each window at once.

    A run of sw pixels does not overlap the same run of the next window, so one addition
    takes this run of all windows. With one channel a run is only a few numbers; then
    the pixels are added one by one, and NumPy goes along the row of windows.
    """
    OH, OW = windows_of(x_shape, kernel, stride, pad)
    N, H, W, C = x_shape
    (kh, kw), (sh, sw), (ph, pw) = kernel, stride, pad
    if cols.shape != (N * OH * OW, kh * kw * C):
        return NotImplemented  # the plain function says so
    rows, columns = -(-(H + 2 * ph) // sh), -(-(W + 2 * pw) // sw)  # of sh, sw pixels
    x = np.zeros((N, rows, sh, columns, sw, C), cols.dtype)
    cols = cols.reshape(N, OH, OW, kh, kw, C)
    most = sw if C > 1 else 1
    for a, b in itertools.product(range(kh), range(0, kw, most)):
        (i, u), (j, v), width = divmod(a, sh), divmod(b, sw), min(most, kw - b)
        to = x[:, i : i + OH, u, j : j + OW, v : v + width]
        to += cols[:, :, :, a, b : b + width]
    x = x.reshape(N, rows * sh, columns * sw, C)
    return x[:, ph : ph + H, pw : pw + W]


@twin("cpu")
def leaky_relu(x, a):
    """The result overwrites the array a x."""
    y = a * x
    return np.maximum(x, y, out=y)


@twin("cpu")
def leaky_relu_slope(y, v, a):
    """The result overwrites the array of slopes."""
    slope = (y > 0).astype(y.dtype)
    if a:
        np.maximum(slope, a, out=slope)
    slope *= v
    return slope


def centred(x, group, running, momentum):
    """x - mean, (N, ..., C), and mean and var, (C,). The squares of x - mean are summed
    without being stored. x - mean is (x - guess) - rest / m, in place: it is exact to
    its own size, which it would not be if the mean itself were rounded first.
    """
    total, m = group.all_reduce(column_sum(x), x.size // x.shape[-1])
    guess = total / m
    apart = x - along_rows(guess, x)
    (rest,) = group.all_reduce(column_sum(apart))
    rest = rest / m
    apart -= along_rows(rest, x)
    mean = guess + rest
    (total,) = group.all_reduce(column_dot(apart, apart))
    var = total / m
    if group.keeps_state:
        running["mean"] += momentum * (mean - running["mean"])
        running["var"] += momentum * (var * (m / (m - 1)) - running["var"])
    return apart, mean, var


@twin("cpu")
def moments(x, group, running, momentum):
    """The squares of x - mean are summed without being stored."""
    return centred(x, group, running, momentum)[1:]


@twin("cpu")
def batchnorm(x, gamma, beta, eps, group, running, momentum):
    """x - mean is computed once, for var and for x_hat, which overwrites it."""
    x_hat, _, var = centred(x, group, running, momentum)
    return scaled(x_hat, var, gamma, beta, eps)


@twin("cpu")
def normalise(x, mean, var, gamma, beta, eps):
    """x_hat and y are computed in place."""
    return scaled(x - along_rows(mean, x), var, gamma, beta, eps)


def scaled(x_hat, var, gamma, beta, eps):
    """y, x_hat and 1 / std, (C,), from x - mean (N, ..., C), which x_hat overwrites."""
    inv_std = 1 / np.sqrt(var + eps)
    x_hat *= along_rows(inv_std, x_hat)
    y = along_rows(gamma, x_hat) * x_hat
    y += along_rows(beta, x_hat)
    return y, x_hat, inv_std


@twin("cpu")
def channel_sums(dy, x_hat):
    """The products dy x_hat are summed without being stored."""
    return column_dot(dy, x_hat), column_sum(dy)


@twin("cpu")
def batchnorm_dx(dy, x_hat, gamma, inv_std, dgamma, dbeta, m):
    """dx is computed in place."""
    dx = x_hat * along_rows(-dgamma / m, dy)
    dx += dy
    dx -= along_rows(dbeta / m, dy)
    dx *= along_rows(gamma * inv_std, dy)
    return dx


@twin("cpu")
def gates(x):
    """sigma(b) = (1 + tanh(b/2)) / 2: NumPy's tanh takes less time than its exp, and
    it is faster along whole arrays than along each half of the channels.
    """
    C = x.shape[-1] // 2
    t, g = x[..., :C].copy(), x[..., C:] * 0.5
    np.tanh(t, out=t)
    np.tanh(g, out=g)
    g *= 0.5
    g += 0.5
    return t, g


@twin("cpu")
def gate_dx(dy, t, g):
    """da = u - t^2 u and db = t u - g t u, with u = g dy. One sample at a time, so all
    of this stays in the cache.
    """
    C = dy.shape[-1]
    dx = np.empty((*dy.shape[:-1], 2 * C), np.result_type(dy, t))
    u, tu, w = (np.empty(dy.shape[1:], dx.dtype) for _ in range(3))
    for dx_, dy_, t_, g_ in zip(dx, dy, t, g, strict=True):
        np.multiply(g_, dy_, out=u)
        np.multiply(t_, u, out=tu)
        u -= np.multiply(t_, tu, out=w)
        dx_[..., :C] = u
        tu -= np.multiply(g_, tu, out=w)
        dx_[..., C:] = tu
    return dx


@twin("cpu")
def mean_product(a, b, axes):
    """The products a b are summed without being stored. One axis is summed first,
    so the chains of roundings are short.
    """
    every, first = list(range(a.ndim)), axes[0]
    sums = np.einsum(a, every, b, every, every[:first] + every[first + 1 :])
    sums = np.expand_dims(sums, first).sum(axis=axes, keepdims=True)
    return sums / math.prod(a.shape[axis] for axis in axes)


@twin("cpu")
def column_sum(a):
    """A product with ones: BLAS adds rows faster than `sum` does."""
    n, C = len(a), a.shape[-1]
    a = ones(n, a.dtype) @ a.reshape(n, -1)
    return a if a.size == C else ones(a.size // C, a.dtype) @ a.reshape(-1, C)


@functools.lru_cache(8)
def ones(n, dtype):
    """(n,), made once for a batch of n."""
    return np.ones(n, dtype)


def column_dot(a, b):
    """column_sum(a b), (N, ..., C) -> (C,), without storing a b."""
    n, C = len(a), a.shape[-1]
    products = np.einsum("nj,nj->j", a.reshape(n, -1), b.reshape(n, -1))
    return products if products.size == C else column_sum(products.reshape(-1, C))


def along_rows(v, x):
    """v (C,), repeated for every position of a sample x (N, ..., C): NumPy then goes
    along rows of thousands of numbers, not of C.
    """
    if x.ndim == 2:
        return v
    return np.tile(v, math.prod(x.shape[1:-1])).reshape(x.shape[1:])


@twin("cpu")
def take_step(theta, g, optimizer, signed_lr):
    """Adam's step, block by block: a block stays in the cache until it is done.

    u = m/m_bias / (sqrt(v)/sqrt(v_bias) + eps), with the biases moved out of the loop.
    """
    if type(optimizer).direction is not DIRECTION:
        return NotImplemented
    beta1, beta2, t = optimizer.beta1, optimizer.beta2, optimizer.t
    root = math.sqrt(1 - beta2**t)
    step = signed_lr * root / (1 - beta1**t)  # eq: adam-two-numbers
    eps = optimizer.eps * root
    arrays, u = (theta, g, optimizer.m, optimizer.v), np.empty(BLOCK, g.dtype)
    for start in range(0, len(g), BLOCK):
        theta_, g_, m, v = (a[start : start + BLOCK] for a in arrays)
        u_ = u[: len(g_)]
        m *= beta1
        m += np.multiply(g_, 1 - beta1, out=u_)
        np.multiply(g_, g_, out=u_)
        u_ *= 1 - beta2
        v *= beta2
        v += u_
        np.sqrt(v, out=u_)
        u_ += eps
        np.divide(m, u_, out=u_)
        u_ *= step
        theta_ += u_
    return None


@twin("cpu")
def add_rows(dW, i, dy):
    """Sort the rows by i, and add up each run of equal i.

    Measured on 1024 rows of 64 numbers: 0.3 ms for any n, against 1 ms for the product
    with n = 500, and 0.5 ms for `np.add.at`. For a small n the product is faster.
    """
    n, dim = dW.shape
    if n <= FEW:
        return NotImplemented
    i, dy = i.reshape(-1), dy.reshape(-1, dim)
    order = np.argsort(i, kind="stable")
    i = i[order]
    starts = np.flatnonzero(np.append(True, i[1:] != i[:-1]))
    dW[i[starts]] += np.add.reduceat(dy[order], starts, axis=0)
    return None

"""Forward passes against independent ones: no gradient check sees a wrong forward.

Here are naive loops over the definition, explicit matrices, and Python's `math`.
"""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinygan as tg
from tinygan.check import relative
from tinygan.layers import (
    AvgPool2d,
    BatchNorm,
    Conv2d,
    ConvTranspose2d,
    Dense,
    Dropout,
    Flatten,
    InstanceNoise,
    InstanceNorm,
    LayerNorm,
    LeakyReLU,
    Maxout,
    MinibatchStd,
    Pack,
    PixelNorm,
    ReLU,
    Reshape,
    Residual,
    Sequential,
    Sigmoid,
    Softplus,
    Tanh,
    Upsample2d,
    glorot,
    he,
    normal,
)

seeds = st.integers(0, 2**32 - 1)
few = st.integers(1, 3)


def double(layer, in_shape, rng) -> tg.Net:
    """A float64 network of one layer with every parameter drawn from N(0, 1)."""
    net = tg.Net(layer, in_shape, dtype="float64")
    net.theta[...] = rng.standard_normal(net.theta.shape)
    return net


# Dense and convolutions


@given(st.lists(few, max_size=2), st.integers(1, 4), st.integers(1, 4), seeds)
def test_dense(front, n_in, n_out, seed):
    rng = np.random.default_rng(seed)
    net = double(Dense(n_out), (*front, n_in), rng)
    x = rng.standard_normal((2, *front, n_in))
    y, _ = net.forward(x)
    W, b = net.tree.W, net.tree.b
    for n in np.ndindex(2, *front):
        for j in range(n_out):
            expected = b[j] + sum(x[n][i] * W[i, j] for i in range(n_in))
            assert abs(y[n][j] - expected) <= 1e-12


def naive_conv(x, W, b, stride, pad):
    """y[n,i,j,o] = b[o] + sum_{a,c,q} x[n, i s + a - p, j s + c - p, q] W[a,c,q,o]"""
    (sh, sw), (ph, pw) = stride, pad
    (N, H, Wd, C_in), (kh, kw, _, C_out) = x.shape, W.shape
    OH, OW = (H + 2 * ph - kh) // sh + 1, (Wd + 2 * pw - kw) // sw + 1
    y = np.zeros((N, OH, OW, C_out))
    for n, i, j, o in np.ndindex(*y.shape):
        y[n, i, j, o] = b[o]
        for a, c, q in np.ndindex(kh, kw, C_in):
            row, col = i * sh + a - ph, j * sw + c - pw
            if 0 <= row < H and 0 <= col < Wd:
                y[n, i, j, o] += x[n, row, col, q] * W[a, c, q, o]
    return y


def naive_conv_transpose(x, W, b, stride, pad, out):
    """Every input pixel stamps the kernel: y[n, i s + a - p, ..] += x[n,i,j] W[a,c]."""
    (sh, sw), (ph, pw), (OH, OW) = stride, pad, out
    (N, H, Wd, C_in), (kh, kw, C_out, _) = x.shape, W.shape
    y = np.zeros((N, OH, OW, C_out)) + b
    for n, i, j, q, a, c, o in np.ndindex(N, H, Wd, C_in, kh, kw, C_out):
        row, col = i * sh + a - ph, j * sw + c - pw
        if 0 <= row < OH and 0 <= col < OW:
            y[n, row, col, o] += x[n, i, j, q] * W[a, c, o, q]
    return y


@st.composite
def axes(draw):
    """(size, kernel, stride, pad) of one image axis, where at least one window fits."""
    k, s, p = draw(st.integers(1, 4)), draw(few), draw(st.integers(0, 2))
    least = max(1, k - 2 * p)
    return draw(st.integers(least, least + 3)), k, s, p


@given(axes(), axes(), few, few, st.booleans(), seeds)
def test_conv(rows, cols, C_in, C_out, bias, seed):
    (H, W), kernel, stride, pad = zip(rows, cols, strict=True)
    rng = np.random.default_rng(seed)
    net = double(Conv2d(C_out, kernel, stride, pad, bias), (H, W, C_in), rng)
    x = rng.standard_normal((2, H, W, C_in))
    y, _ = net.forward(x)
    b = net.tree.b if bias else np.zeros(C_out)
    expected = naive_conv(x, net.tree.W, b, stride, pad)
    assert y.shape == expected.shape == (2, *net.out_shape)
    assert relative(y - expected, expected) <= 1e-12


@st.composite
def transposed_axes(draw):
    """(size, kernel, stride, pad, output_pad) that leave at least one output pixel."""
    k, s, p = draw(st.integers(1, 4)), draw(few), draw(st.integers(0, 2))
    op = draw(st.integers(0, s - 1))
    sizes = [n for n in range(1, 9) if (n - 1) * s - 2 * p + k + op >= 1]
    return draw(st.sampled_from(sizes[:3])), k, s, p, op


@given(transposed_axes(), transposed_axes(), few, few, st.booleans(), seeds)
def test_conv_transpose(rows, cols, C_in, C_out, bias, seed):
    (H, W), kernel, stride, pad, op = zip(rows, cols, strict=True)
    rng = np.random.default_rng(seed)
    layer = ConvTranspose2d(C_out, kernel, stride, pad, op, bias)
    net = double(layer, (H, W, C_in), rng)
    x = rng.standard_normal((2, H, W, C_in))
    y, _ = net.forward(x)
    out = [
        (n - 1) * s - 2 * p + k + o
        for n, k, s, p, o in zip((H, W), kernel, stride, pad, op, strict=True)
    ]
    assert y.shape == (2, *out, C_out) == (2, *net.out_shape)
    b = net.tree.b if bias else np.zeros(C_out)
    expected = naive_conv_transpose(x, net.tree.W, b, stride, pad, out)
    assert relative(y - expected, expected) <= 1e-12


@given(transposed_axes(), transposed_axes(), few, few, seeds)
def test_conv_transpose_is_the_transposed_matrix_of_conv(rows, cols, C_in, C_out, seed):
    """A is written out, column by column: Conv2d of the basis images."""
    (H, W), kernel, stride, pad, op = zip(rows, cols, strict=True)
    rng = np.random.default_rng(seed)
    layer = ConvTranspose2d(C_out, kernel, stride, pad, op, bias=False)
    transposed = double(layer, (H, W, C_in), rng)
    image = transposed.out_shape
    conv = double(Conv2d(C_in, kernel, stride, pad, bias=False), image, rng)
    assert conv.out_shape == (H, W, C_in)  # output_pad chose the size that A maps here
    conv.theta[...] = transposed.theta
    size = math.prod(image)
    A = conv.forward(np.eye(size).reshape(size, *image))[0].reshape(size, -1).T
    x = rng.standard_normal((3, H, W, C_in))
    y, _ = transposed.forward(x)
    expected = x.reshape(3, -1) @ A
    assert relative(y.reshape(3, -1) - expected, expected) <= 1e-12


def test_an_int_means_both_axes():
    rng = np.random.default_rng(0)
    x = rng.standard_normal((2, 5, 5, 2))
    for kind in (Conv2d, ConvTranspose2d):
        one = double(kind(3, 3, 2, 1), (5, 5, 2), np.random.default_rng(1))
        two = double(
            kind(3, (3, 3), (2, 2), (1, 1)), (5, 5, 2), np.random.default_rng(1)
        )
        assert np.array_equal(one.forward(x)[0], two.forward(x)[0])


# Batch normalisation


@given(st.lists(few, max_size=2), few, st.floats(0.01, 1), seeds)
def test_batch_norm_by_loops(front, C, momentum, seed):
    """Channel by channel, over two batches; the running variance is unbiased."""
    rng = np.random.default_rng(seed)
    eps = 1e-3
    net = double(BatchNorm(eps, momentum), (*front, C), rng)
    mean, var = [0.0] * C, [1.0] * C
    for _ in range(2):
        x = rng.normal(1.0, 2.0, (3, *front, C))
        y, _ = net.forward(x)
        for c in range(C):
            values = x[..., c].ravel().tolist()
            m = len(values)
            mu = math.fsum(values) / m
            squares = math.fsum((v - mu) ** 2 for v in values)
            scale = math.sqrt(squares / m + eps)
            for v, out in zip(values, y[..., c].ravel(), strict=True):
                expected = net.tree.gamma[c] * (v - mu) / scale + net.tree.beta[c]
                assert abs(out - expected) <= 1e-12 * max(1, abs(expected))
            mean[c] = (1 - momentum) * mean[c] + momentum * mu
            var[c] = (1 - momentum) * var[c] + momentum * squares / (m - 1)
    state = net.state()
    assert relative(state[".mean"] - mean, mean) <= 1e-12
    assert relative(state[".var"] - var, var) <= 1e-12

    y, _ = net.forward(x, train=False)
    scale = net.tree.gamma / np.sqrt(np.array(var) + eps)
    expected = (x - mean) * scale + net.tree.beta
    assert relative(y - expected, expected) <= 1e-12
    assert np.array_equal(net.state()[".mean"], state[".mean"])  # evaluation reads it


def test_batch_norm_normalises():
    rng = np.random.default_rng(3)
    net = tg.Net(BatchNorm(), (4, 5, 3), dtype="float64")
    x = rng.normal([5.0, -2.0, 0.0], [3.0, 0.1, 1.0], (8, 4, 5, 3))
    y, _ = net.forward(x)
    assert np.abs(y.mean(axis=(0, 1, 2))).max() <= 1e-13
    assert np.abs(y.std(axis=(0, 1, 2)) - 1).max() <= 1e-3  # eps against 0.1^2
    for _ in range(200):
        net.forward(x)
    y, _ = net.forward(x, train=False)  # the running statistics have got there
    assert np.abs(y.std(axis=(0, 1, 2)) - 1).max() <= 5e-3


@pytest.mark.parametrize("in_shape", [(3,), (1, 1, 3)])
def test_batch_norm_refuses_a_single_value(in_shape):
    net = tg.Net(BatchNorm(), in_shape)
    x = np.zeros((1, *in_shape), "float32")
    with pytest.raises(tg.ShapeError, match=r"more than one value.*got \(1"):
        net.forward(x)
    net.forward(x, train=False)


# Normalisation within a sample


def naive_norm(values, eps, centre=True):
    """(x - mu) / sqrt(mean (x - mu)^2 + eps) of a list of numbers."""
    m = len(values)
    mu = math.fsum(values) / m if centre else 0.0
    sigma = math.sqrt(math.fsum((v - mu) ** 2 for v in values) / m + eps)
    return [(v - mu) / sigma for v in values]


@given(st.lists(few, max_size=2), st.integers(2, 4), seeds)
def test_layer_norm_by_loops(front, C, seed):
    rng = np.random.default_rng(seed)
    net = double(LayerNorm(1e-3), (*front, C), rng)
    x = rng.normal(1.0, 2.0, (3, *front, C))
    y, _ = net.forward(x)
    for n in range(3):
        x_hat = np.reshape(naive_norm(x[n].ravel().tolist(), 1e-3), x[n].shape)
        for at in np.ndindex(*x[n].shape):
            expected = net.tree.gamma[at[-1]] * x_hat[at] + net.tree.beta[at[-1]]
            assert abs(y[n][at] - expected) <= 1e-12 * max(1, abs(expected))


@given(few, st.integers(2, 3), few, seeds)
def test_instance_norm_by_loops(H, W, C, seed):
    rng = np.random.default_rng(seed)
    net = double(InstanceNorm(1e-3), (H, W, C), rng)
    x = rng.normal(1.0, 2.0, (3, H, W, C))
    y, _ = net.forward(x)
    for n, c in np.ndindex(3, C):
        x_hat = naive_norm(x[n, :, :, c].ravel().tolist(), 1e-3)
        expected = net.tree.gamma[c] * np.array(x_hat) + net.tree.beta[c]
        assert relative(y[n, :, :, c].ravel() - expected, expected) <= 1e-12


@given(st.lists(few, max_size=2), st.integers(2, 4), seeds)
def test_pixel_norm_by_loops(front, C, seed):
    rng = np.random.default_rng(seed)
    x = rng.normal(1.0, 2.0, (3, *front, C))
    y, _ = PixelNorm().forward(x)
    for at in np.ndindex(3, *front):
        expected = naive_norm(x[at].tolist(), 1e-8, centre=False)
        assert np.abs(y[at] - expected).max() <= 1e-12
        square = (x[at] ** 2).mean()  # y's is 1 but for eps
        assert abs((y[at] ** 2).mean() - square / (square + 1e-8)) <= 1e-12


def test_sample_norms_see_no_neighbours_and_no_scale():
    """Each sample's output is its own, and the same in training and evaluation."""
    rng = np.random.default_rng(0)
    x = rng.normal(3.0, 2.0, (4, 3, 5, 6))
    for kind in (LayerNorm, InstanceNorm, PixelNorm):
        net = tg.Net(kind(), (3, 5, 6), dtype="float64")
        y, _ = net.forward(x)
        alone, _ = net.forward(x[2:3], train=False)
        assert relative(alone[0] - y[2], y[2]) <= 1e-14
        scaled, _ = net.forward(7 * x)
        assert relative(scaled - y, y) <= 1e-5  # but for eps


@pytest.mark.parametrize(
    "layer, in_shape, message",
    [
        (LayerNorm(), (1,), r"LayerNorm\(\) expects more than one number per sample"),
        (LayerNorm(), (), r"expects inputs \(\.\.\., C\), got \(\)"),
        (InstanceNorm(), (6,), r"more than one position, got \(6,\)"),
        (InstanceNorm(), (1, 1, 6), r"more than one position, got \(1, 1, 6\)"),
        (PixelNorm(), (4, 4, 1), r"more than one channel, got \(4, 4, 1\)"),
    ],
)
def test_sample_norms_refuse(layer, in_shape, message):
    with pytest.raises(tg.ShapeError, match=message):
        tg.Net(layer, in_shape)


@pytest.mark.parametrize("eps", [0.0, -1e-5, math.nan])
def test_sample_norms_refuse_an_eps(eps):
    for kind in (LayerNorm, InstanceNorm, PixelNorm):
        with pytest.raises(ValueError, match=f"{kind.__name__} expects 0 < eps < 1"):
            kind(eps)


# Resampling


@given(few, few, few, few, seeds)
def test_resampling_by_loops(k, H, W, C, seed):
    x = np.random.default_rng(seed).standard_normal((2, k * H, k * W, C))
    small, _ = tg.Net(AvgPool2d(k), x.shape[1:], dtype="float64").forward(x)
    large, _ = tg.Net(Upsample2d(k), x.shape[1:], dtype="float64").forward(x)
    assert small.shape == (2, H, W, C) and large.shape == (2, k * k * H, k * k * W, C)
    for n, i, j, c in np.ndindex(*small.shape):
        block = [
            x[n, k * i + a, k * j + b, c]
            for a, b in itertools.product(range(k), [*range(k)])
        ]
        assert abs(small[n, i, j, c] - math.fsum(block) / k**2) <= 1e-12
    for n, i, j, c in np.ndindex(*large.shape):
        assert large[n, i, j, c] == x[n, i // k, j // k, c]
    again, _ = AvgPool2d(k).forward(large)
    assert relative(again - x, x) <= 1e-14


def test_resampling_refuses():
    for kind in (AvgPool2d, Upsample2d):
        expected = f"{kind.__name__} expects a factor k >= 1, got 0"
        with pytest.raises(ValueError, match=expected):
            kind(0)
        with pytest.raises(tg.ShapeError, match=r"expects images \(H, W, C\), got"):
            tg.Net(kind(2), (4, 4))
    with pytest.raises(tg.ShapeError, match=r"multiples of 2, got \(4, 5, 1\)"):
        tg.Net(AvgPool2d(2), (4, 5, 1))


# Several samples at once


@given(few, st.integers(1, 4), st.lists(few, max_size=2), few, seeds)
def test_minibatch_std_by_loops(M, g, front, C, seed):
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((g * M, *front, C))
    net = tg.Net(MinibatchStd(g), (*front, C), dtype="float64")
    y, _ = net.forward(x)
    assert y.shape == (g * M, *front, C + 1) == (g * M, *net.out_shape)
    assert np.array_equal(y[..., :C], x)
    for i in range(M):
        members = [i + M * j for j in range(g)]
        deviations = []
        for at in np.ndindex(*front, C):
            values = [x[n][at] for n in members]
            mu = math.fsum(values) / g
            variance = math.fsum((v - mu) ** 2 for v in values) / g
            deviations.append(math.sqrt(variance + 1e-8))
        s = math.fsum(deviations) / len(deviations)
        for n in members:
            assert np.abs(y[n][..., C] - s).max() <= 1e-12


def test_minibatch_std_of_a_small_batch():
    """Fewer samples than a group are one group; equal samples differ by sqrt(eps)."""
    x = np.random.default_rng(0).standard_normal((3, 5))
    assert np.array_equal(MinibatchStd(4).forward(x)[0], MinibatchStd(3).forward(x)[0])
    y, cache = MinibatchStd(4).forward(x[:1])
    assert relative(y[:, 5] - 1e-4, 1e-4) <= 1e-12
    dy = np.ones((1, 6))
    assert np.array_equal(MinibatchStd(4).backward(dy, cache), dy[:, :5])
    with pytest.raises(tg.ShapeError, match="samples that is a multiple of 4, got 6"):
        MinibatchStd(4).forward(np.zeros((6, 5)))
    with pytest.raises(
        ValueError, match="MinibatchStd expects a whole number group >= 1, got 0"
    ):
        MinibatchStd(0)


@given(few, few, st.lists(few, max_size=2), few, seeds)
def test_pack_by_loops(packs, m, front, C, seed):
    x = np.random.default_rng(seed).standard_normal((packs * m, *front, C))
    net = tg.Net(Pack(m), (*front, C), dtype="float64")
    y, _ = net.forward(x)
    assert y.shape == (packs, *front, m * C) == (packs, *net.out_shape)
    for p, j in np.ndindex(packs, m):
        assert np.array_equal(y[p][..., j * C : (j + 1) * C], x[p * m + j])


def test_pack_refuses():
    with pytest.raises(tg.ShapeError, match="samples that is a multiple of 2, got 3"):
        Pack(2).forward(np.zeros((3, 4)))
    with pytest.raises(ValueError, match="Pack expects a whole number m >= 1, got 0"):
        Pack(0)
    net = tg.Net(Sequential(Pack(2), Dense(3), Pack(3), Dense(1)), (4,))
    assert "(24,)" not in net.describe() and "(9,)" in net.describe()


# Maxout


@given(st.integers(1, 4), st.lists(few, max_size=2), few, seeds)
def test_maxout_by_loops(k, front, C, seed):
    rng = np.random.default_rng(seed)
    x = rng.integers(-2, 3, (2, *front, C * k)).astype(float)  # many are equal
    net = tg.Net(Maxout(k), (*front, C * k), dtype="float64")
    y, cache = net.forward(x)
    dy, x_dot = rng.standard_normal(y.shape), rng.standard_normal(x.shape)
    dx, (y_dot, _) = net.backward(dy, cache), net.tangent(x_dot, cache)
    assert y.shape == (2, *net.out_shape)
    for at in np.ndindex(2, *front, C):
        pieces = x[at[:-1]][at[-1] * k : (at[-1] + 1) * k].tolist()
        first = at[-1] * k + pieces.index(max(pieces))
        assert y[at] == max(pieces) and y_dot[at] == x_dot[at[:-1]][first]
        expected = [dy[at] if i == first else 0 for i in range(at[-1] * k, first + 1)]
        assert dx[at[:-1]][at[-1] * k : first + 1].tolist() == expected
    assert abs(dx.sum() - dy.sum()) <= 1e-12  # nothing behind the first


def test_maxout_refuses():
    with pytest.raises(tg.ShapeError, match=r"inputs \(..., 5 C\), got \(12,\)"):
        tg.Net(Maxout(5), (12,))
    with pytest.raises(ValueError, match="Maxout expects a whole number k >= 1, got 0"):
        Maxout(0)


# Residual connections


@pytest.mark.parametrize("scale", [1.0, 0.1])
def test_residual(scale):
    rng = np.random.default_rng(0)
    x = rng.standard_normal((3, 4))
    f, g = Dense(4), Dense(4)
    net = double(Residual(f, scale=scale), (4,), rng)
    y, _ = net.forward(x)
    assert relative(y - (x + scale * (x @ f.W + f.b)), y) <= 1e-14
    net = double(Residual(f, g, scale), (4,), rng)
    names = ["f.W", "f.b", "shortcut.W", "shortcut.b"]
    assert list(net.parameters()) == names
    y, _ = net.forward(x)
    assert relative(y - (x @ g.W + g.b + scale * (x @ f.W + f.b)), y) <= 1e-14


@pytest.mark.parametrize("train", [True, False])
def test_residual_is_in_one_mode(train):
    """Both of its layers train, or neither does: in evaluation BatchNorm's are the
    running statistics.
    """
    rng = np.random.default_rng(1)
    f, g = BatchNorm(gamma_std=0.5), BatchNorm(gamma_std=0.5)
    net = double(Residual(f, g, 0.3), (4,), rng)
    net.forward(3 + rng.standard_normal((5, 4)))
    x = rng.standard_normal((5, 4))
    expected = g.forward(x, train)[0] + 0.3 * f.forward(x, train)[0]
    y, _ = net.forward(x, train)
    assert relative(y - expected, y) <= 1e-14


def test_residual_refuses():
    with pytest.raises(tg.ShapeError, match=r"shape \(4,\), got \(3,\)"):
        tg.Net(Residual(Dense(3)), (4,))
    with pytest.raises(tg.ShapeError, match=r"shape \(2,\), got \(3,\)"):
        tg.Net(Residual(Dense(3), Dense(2)), (4,))


# Dropout


@pytest.mark.parametrize("p", [0.1, 0.5, 0.9])
def test_dropout_keeps_a_share_and_scales_it(p):
    net = tg.Net(Dropout(p), (1000,), seed=4, dtype="float64")
    x = 1 + np.random.default_rng(0).random((100, 1000))
    y, _ = net.forward(x)
    kept = y != 0
    n = kept.size
    assert abs(kept.mean() - (1 - p)) <= 5 * math.sqrt(p * (1 - p) / n)
    assert np.abs(y[kept] - x[kept] / (1 - p)).max() <= 1e-12
    for axis in (0, 1):  # no column and no row is special
        share = kept.mean(axis=axis)
        spread = math.sqrt(p * (1 - p) / kept.shape[axis])
        assert np.abs(share - (1 - p)).max() <= 6 * spread


def test_dropout_keeps_the_mean():
    """E[y] = x, entry by entry, over 2,000 draws."""
    net = tg.Net(Dropout(0.4), (5,), seed=1, dtype="float64")
    x = np.random.default_rng(0).standard_normal((3, 5))
    draws = 2000
    mean = sum(net.forward(x)[0] for _ in range(draws)) / draws
    spread = np.abs(x) * math.sqrt(0.4 / 0.6 / draws)
    assert (np.abs(mean - x) <= 5 * spread).all()


def test_dropout_is_the_identity_in_evaluation():
    net = tg.Net(Dropout(0.4), (5,))
    x, dy = np.random.default_rng(0).standard_normal((2, 3, 5))
    before = net.state()
    y, cache = net.forward(x, train=False)
    assert np.array_equal(y, x) and np.array_equal(net.backward(dy, cache), dy)
    assert net.state() == before  # no draw was used up
    y, _ = tg.Net(Dropout(0.0), (5,)).forward(x)
    assert np.array_equal(y, x)


def test_dropout_masks_come_from_the_state():
    def mask(net):
        return net.forward(np.ones((40, 50), "float32"))[0] != 0

    net = tg.Net(Dropout(0.5), (50,), seed=6)
    state = net.state()
    first, second = mask(net), mask(net)
    after = net.state()
    assert after[".draws"] == state[".draws"] + 2
    net.load_state(state)
    assert np.array_equal(mask(net), first)
    assert np.array_equal(mask(net), second)
    twin = tg.Net(Dropout(0.5), (50,), seed=6, dtype="float64")
    assert np.array_equal(mask(twin), first)  # whatever the dtype
    two = tg.Net(Sequential(Dropout(0.5), Dropout(0.5)), (50,), seed=6)
    x = np.ones((40, 50), "float32")
    m_1 = two.tree.layers[0].forward(x)[0]
    m_2 = two.tree.layers[1].forward(x)[0]
    masks = [first, second, mask(tg.Net(Dropout(0.5), (50,), seed=7)), m_2 != 0]
    assert np.array_equal(m_1 != 0, first)
    for a, b in itertools.combinations(masks, 2):
        assert 0.4 < (a == b).mean() < 0.6  # independent


@pytest.mark.parametrize("p", [-0.1, 1.0, 1.5, math.nan])
def test_dropout_refuses(p):
    with pytest.raises(ValueError, match="0 <= p < 1"):
        Dropout(p)


# Noise


def test_instance_noise_is_normal():
    net = tg.Net(InstanceNoise(0.3), (1000,), seed=4, dtype="float64")
    x = np.random.default_rng(0).random((200, 1000))
    n = (net.forward(x)[0] - x) / 0.3
    assert abs(n.mean()) <= 5 / math.sqrt(n.size)
    assert abs(n.var() - 1) <= 5 * math.sqrt(2 / n.size)
    assert abs((n**4).mean() - 3) <= 0.1
    for axis in (0, 1):  # no column and no row is special
        assert np.abs(n.mean(axis=axis)).max() <= 6 / math.sqrt(n.shape[axis])
    y, _ = net.forward(x, train=False)
    assert np.array_equal(y, x)
    x_dot = np.ones_like(x)
    assert np.array_equal(net.tangent(x_dot, ())[0], x_dot)


def test_instance_noise_falls_to_nothing():
    """In a straight line, by `advance` alone, whose first call comes before the first
    forward of a step; then no more numbers are drawn."""
    net = tg.Net(InstanceNoise(2.0, steps=4), (5000,), seed=1, dtype="float64")
    x, seen = np.zeros((20, 5000)), []
    for _ in range(6):
        seen.append((net.forward(x)[0].std(), net.forward(x)[0].std()))
        net.advance()
    expected = np.array([2.0, 2.0, 1.5, 1.0, 0.5, 0.0])[:, None]
    assert np.abs(np.array(seen) - expected).max() <= 0.02
    assert net.state()[".t"] == 6 and net.state()[".draws"] == 10
    constant = tg.Net(InstanceNoise(2.0), (5000,), dtype="float64")
    constant.advance()
    assert abs(constant.forward(x)[0].std() - 2) <= 0.02


def test_instance_noise_comes_from_the_state():
    net = tg.Net(InstanceNoise(1.0, steps=10), (50,), seed=6)
    x, state = np.zeros((4, 50), "float32"), net.state()

    def turn():
        net.advance()
        return net.forward(x)[0], net.forward(x)[0]

    first, second = turn(), turn()
    net.load_state(state)
    for ours, again in ((first, turn()), (second, turn())):
        assert np.array_equal(ours, again)
    draws = [a.ravel() / a.std() for a in (*first, *second)]
    for a, b in itertools.combinations(draws, 2):
        assert abs((a * b).mean()) <= 0.3  # independent
    assert first[0].dtype == np.float32


def test_instance_noise_refuses():
    for std in (-0.1, math.nan):
        with pytest.raises(ValueError, match="InstanceNoise expects std >= 0"):
            InstanceNoise(std)
    with pytest.raises(
        ValueError, match="InstanceNoise expects a whole number steps >= 1, got 0"
    ):
        InstanceNoise(0.1, 0)


# Activations


DEFINITIONS = {
    LeakyReLU(0.3): lambda x: x if x > 0 else 0.3 * x,
    LeakyReLU(0.0): lambda x: max(x, 0.0),
    LeakyReLU(): lambda x: x if x > 0 else 0.2 * x,
    ReLU(): lambda x: max(x, 0.0),
    Tanh(): math.tanh,
    Sigmoid(): lambda x: 1 / (1 + math.exp(-x)),
    Softplus(): lambda x: math.log1p(math.exp(x)),
}
activations = pytest.mark.parametrize("layer", DEFINITIONS, ids=repr)


@activations
def test_activations_are_their_definition(layer):
    x = np.random.default_rng(0).normal(0, 5, (40, 50))
    x[0, :5] = [0.0, -0.0, 1e-300, -1e-300, 30.0]
    y, _ = layer.forward(x)
    f = DEFINITIONS[layer]
    expected = np.array([f(v) for v in x.ravel().tolist()]).reshape(x.shape)
    assert np.abs(y - expected).max() <= 1e-14
    scaled = np.abs(y - expected) / np.maximum(np.abs(expected), 1e-300)
    assert scaled.max() <= 1e-14  # the tails too


LIMITS_FAR_OUT = {  # f(-1e4), f(1e4), f'(-1e4), f'(1e4)
    LeakyReLU: (-2e3, 1e4, 0.2, 1.0),
    ReLU: (0.0, 1e4, 0.0, 1.0),
    Tanh: (-1.0, 1.0, 0.0, 0.0),
    Sigmoid: (0.0, 1.0, 0.0, 0.0),
    Softplus: (0.0, 1e4, 0.0, 1.0),
}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("kind", LIMITS_FAR_OUT)
def test_activations_far_out(kind, dtype):
    """Every pass is finite, without a warning, and has its limit."""
    layer = kind()
    x = np.array([[-1e4, 1e4, -100, 100, -1e-30, 1e-30]], dtype)
    dy, x_dot, dy_dot = np.random.default_rng(0).standard_normal((3, *x.shape))
    y, cache = layer.forward(x)
    dx = layer.backward(dy.astype(dtype), cache)
    y_dot, cache_dot = layer.tangent(x_dot.astype(dtype), cache)
    reverse = layer.tangent_backward(
        dy.astype(dtype), dy_dot.astype(dtype), cache, cache_dot
    )
    for v in (y, dx, y_dot, *reverse):
        assert np.isfinite(v).all() and v.dtype == dtype
    low, high, slope_low, slope_high = LIMITS_FAR_OUT[kind]
    assert np.allclose(y[0, :2], [low, high], rtol=1e-6, atol=0)
    slopes = np.array([slope_low, slope_high])
    assert np.allclose(dx[0, :2], slopes * dy[0, :2], rtol=1e-6, atol=0)
    assert np.allclose(y_dot[0, :2], slopes * x_dot[0, :2], rtol=1e-6, atol=0)


@pytest.mark.parametrize("a", [-0.1, 1.0, 2.0, math.nan])
def test_leaky_relu_refuses(a):
    with pytest.raises(ValueError, match="0 <= a < 1"):
        LeakyReLU(a)


# Reshaping


def test_reshape_and_flatten_keep_the_order():
    x = np.arange(48.0).reshape(2, 2, 3, 4)
    y, _ = Reshape(4, 6).forward(x)
    assert y.shape == (2, 4, 6) and np.array_equal(y.ravel(), x.ravel())
    y, _ = tg.Net(Flatten(), (2, 3, 4), dtype="float64").forward(x)
    assert y.shape == (2, 24) and np.array_equal(y.ravel(), x.ravel())


# Initialisers


N = 200_000


@pytest.mark.parametrize(
    "init, variance",
    [
        (he(), 2 / 50),
        (he(0.2), 2 / (1.04 * 50)),
        (glorot(), 2 / (50 + 30)),
        (normal(), 0.02**2),
        (normal(0.5), 0.25),
    ],
)
def test_moments(init, variance):
    w = init(np.random.default_rng(0), (N,), 50, 30)
    assert w.shape == (N,) and w.dtype == np.float64
    std = math.sqrt(variance)
    assert abs(w.mean()) <= 5 * std / math.sqrt(N)
    assert abs(w.var() / variance - 1) <= 5 * math.sqrt(2 / N)
    kurtosis = (w**4).mean() / variance**2
    uniform = init.__qualname__.startswith("glorot")
    assert abs(kurtosis - (1.8 if uniform else 3.0)) <= 0.1
    if uniform:
        r = math.sqrt(6 / (50 + 30))
        assert 0.999 * r < np.abs(w).max() <= r


@pytest.mark.parametrize(
    "make, in_shape, fan_in, fan_out",
    [
        (lambda init: Dense(7, init=init), (5,), 5, 7),
        (lambda init: Dense(7, init=init), (4, 5), 5, 7),
        (lambda init: Conv2d(7, (3, 4), init=init), (8, 8, 5), 3 * 4 * 5, 3 * 4 * 7),
        (
            lambda init: ConvTranspose2d(7, (3, 4), (1, 2), init=init),
            (4, 4, 5),
            3 * 4 * 5 / 2,
            3 * 4 * 7,
        ),
        (
            lambda init: Conv2d(7, (3, 4), (1, 2), init=init),
            (8, 8, 5),
            3 * 4 * 5,
            3 * 4 * 7 / 2,
        ),
    ],
    ids=["dense", "dense on a sequence", "conv", "conv transpose", "strided conv"],
)
def test_fans(make, in_shape, fan_in, fan_out):
    """Each layer tells its initialiser how many inputs an output sums over, and how
    many outputs an input reaches."""
    seen = []

    def init(rng, shape, *fans):
        seen.append((shape, *fans))
        return np.zeros(shape)

    net = tg.Net(make(init), in_shape)
    assert seen == [(net.tree.W.shape, fan_in, fan_out)]
    assert not net.tree.b.any()


@pytest.mark.parametrize(
    "layer, in_shape, inside",
    [
        (Dense(2000), (300,), np.s_[:]),
        (Conv2d(200, 3, pad=1), (6, 6, 64), np.s_[:, 1:-1, 1:-1]),
        (ConvTranspose2d(200, 4, 2, 1), (4, 4, 64), np.s_[:, 2:-2, 2:-2]),
    ],
    ids=["dense", "conv", "conv transpose"],
)
def test_he_keeps_the_signal(layer, in_shape, inside):
    """Through ReLU and one layer, E[x^2] stays: that is what the 2 is for."""
    net = tg.Net(Sequential(ReLU(), layer), in_shape, seed=5)
    x = np.random.default_rng(1).standard_normal((100, *in_shape), dtype="float32")
    y, _ = net.forward(x)
    assert abs((y[inside] ** 2).mean() - 1) <= 0.05

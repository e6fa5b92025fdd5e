"""Every derivative, over random shapes and settings (QUALITY.md, derivatives).

`check_layer` holds all passes of a layer against the complex step (1e-11), finite
differences (1e-6) and the adjoint identity (1e-12); here it meets shapes that nobody
thought of. Cotangents are random everywhere.
"""

import numpy as np
import pytest
from examples import a_third
from hypothesis import given, settings
from hypothesis import strategies as st

import tinygan as tg
from tinygan import Net
from tinygan.check import check_game, check_layer, finite_difference, relative
from tinygan.check.builtin import builtin_layers
from tinygan.fast.structure import backward_keeping, reverse_tangent
from tinygan.layers import (
    Augment,
    AvgPool1d,
    AvgPool2d,
    BatchNorm,
    Bias,
    BilinearDown2d,
    BilinearUp2d,
    Conv1d,
    Conv2d,
    ConvTranspose1d,
    ConvTranspose2d,
    Dense,
    Dropout,
    EqualRate,
    Flatten,
    InstanceNoise,
    InstanceNorm,
    LayerNorm,
    LeakyReLU,
    Maxout,
    MinibatchStd,
    Pack,
    PhaseShuffle,
    PixelNorm,
    ReLU,
    Reshape,
    Residual,
    Sequential,
    Sigmoid,
    Softplus,
    SpectralNorm,
    Tanh,
    UpConv2d,
    Upsample1d,
    Upsample2d,
    col2im,
    im2col,
)
from tinygan.layers.samplenorm import mean_product
from tinygan.values import Integers, is_tuple

seeds = st.integers(0, 2**32 - 1)
few = st.integers(1, 3)
LIMITS = {
    "dx": 1e-11,
    "dtheta": 1e-11,
    "tangent": 1e-11,
    "adjoint": 1e-12,
    "reverse": 1e-11,
    "finite": 1e-6,
    "contract": 0.0,
}


def certify(layer, in_shape, batch, seed, tame=True) -> None:
    """All rows of check_layer within QUALITY.md's limits, which are stated here.

    Where not `tame`, two rows that are not exact are left out: finite differences have
    nothing to measure where a gradient vanishes, as in a deep stack of sigmoids; and
    float32 loses its digits in the batch norm of a few numbers that are nearly equal.
    """
    rows = {
        row.quantity: row
        for row in check_layer(layer, in_shape, batch, seed, effort="plain")
    }
    assert set(LIMITS) - set(rows) <= (set() if layer.shapes else {"dtheta"})
    if not tame:
        del rows["finite"]
        if rows["contract"].note == "float32 agrees with float64":
            del rows["contract"]
    wrong = [row for row in rows.values() if not row.error <= LIMITS[row.quantity]]
    assert not wrong, wrong


# Layers


@given(
    st.lists(st.integers(1, 5), min_size=1, max_size=3),
    st.integers(1, 6),
    st.booleans(),
    st.integers(1, 4),
    seeds,
)
def test_dense(in_shape, n_out, bias, batch, seed):
    certify(Dense(n_out, bias), tuple(in_shape), batch, seed)


@st.composite
def axes(draw, transposed=False):
    """(size, kernel, stride, pad) of one image axis, where at least one window fits;
    with the output padding as well for a transposed convolution."""
    k, s, p = draw(st.integers(1, 5)), draw(few), draw(st.integers(0, 3))
    if not transposed:
        return draw(st.integers(max(1, k - 2 * p), max(1, k - 2 * p) + 4)), k, s, p
    op = draw(st.integers(0, s - 1))
    least = max(1, -((k + op - 2 * p - 1) // s) + 1)  # (size-1) s - 2p + k + op >= 1
    return draw(st.integers(least, least + 3)), k, s, p, op


@given(axes(), axes(), few, few, st.booleans(), few, seeds)
def test_conv(rows, cols, C_in, C_out, bias, batch, seed):
    (H, W), k, s, p = zip(rows, cols, strict=True)
    certify(Conv2d(C_out, k, s, p, bias), (H, W, C_in), batch, seed)


@given(
    axes(transposed=True), axes(transposed=True), few, few, st.booleans(), few, seeds
)
def test_conv_transpose(rows, cols, C_in, C_out, bias, batch, seed):
    (H, W), k, s, p, op = zip(rows, cols, strict=True)
    certify(ConvTranspose2d(C_out, k, s, p, op, bias), (H, W, C_in), batch, seed)


@given(
    st.lists(st.integers(1, 3), min_size=1, max_size=3),
    st.integers(1, 6),
    st.sampled_from([0.0, 0.02, 0.5]),
    seeds,
)
def test_batch_norm(in_shape, batch, gamma_std, seed):
    in_shape = tuple(in_shape)
    m = batch * int(np.prod(in_shape[:-1], dtype=int))
    if m < 3:
        return  # refused for m = 1; for m = 2 see the test below
    certify(BatchNorm(gamma_std=gamma_std), in_shape, batch, seed, tame=m >= 8)


@given(st.integers(1, 5), seeds)
def test_batch_norm_of_two(C, seed):
    """With m = 2 the three terms of dx cancel down to eps / (var + eps) of their size.

    So the error is measured against that size: no formula in float64 does better.
    """
    rng = np.random.default_rng(seed)
    net = tg.Net(BatchNorm(gamma_std=0.5), (C,), seed=seed, dtype="float64")
    exact = net.clone("complex128")
    x, dy, v = rng.standard_normal((3, 2, C))
    _, cache = net.forward(x)
    dx = net.backward(dy, cache)
    y = exact.forward(x + 1e-200j * v)[0]
    error = (dy * y.imag / 1e-200).sum() - (dx * v).sum()
    _, inv_std, _ = cache
    terms = net.tree.gamma * inv_std * dy
    assert relative(error, terms) <= 1e-14 * np.linalg.norm(v)


@given(
    st.one_of(
        st.sampled_from([ReLU, Tanh, Sigmoid, Softplus]).map(lambda kind: kind()),
        st.sampled_from([0.0, 0.1, 0.2, 0.9]).map(LeakyReLU),
    ),
    st.lists(few, min_size=1, max_size=3),
    few,
    seeds,
)
def test_activations(layer, in_shape, batch, seed):
    certify(layer, tuple(in_shape), batch, seed)


@given(st.permutations([2, 3, 4]), st.permutations([2, 3, 4]), few, seeds)
def test_reshape(in_shape, out_shape, batch, seed):
    certify(Reshape(*out_shape), tuple(in_shape), batch, seed)
    certify(Reshape(6, 4), tuple(in_shape), batch, seed)
    certify(Flatten(), tuple(in_shape), batch, seed)


@given(st.floats(0, 0.95), st.lists(few, min_size=1, max_size=3), few, seeds)
def test_dropout(p, in_shape, batch, seed):
    certify(Dropout(p), tuple(in_shape), batch, seed)


@given(st.floats(0, 2), st.sampled_from([None, 1, 5]), few, few, seeds)
def test_instance_noise(std, steps, C, batch, seed):
    certify(InstanceNoise(std, steps), (2, C), batch, seed)


@given(
    st.sampled_from([LayerNorm, InstanceNorm, PixelNorm]),
    st.lists(few, min_size=1, max_size=3),
    st.sampled_from([1e-8, 1e-5, 0.1]),
    few,
    seeds,
)
def test_sample_norms(kind, in_shape, eps, batch, seed):
    """Of two numbers x_hat is a sign, and J no larger than rounding: nothing to see."""
    layer, in_shape = kind(eps), tuple(in_shape)
    axes = layer.axes(len(in_shape) + 1)
    m = int(np.prod([in_shape[axis - 1] for axis in axes], dtype=int))
    if m < 3:
        return
    certify(layer, in_shape, batch, seed, tame=m >= 8)


@given(seeds, st.sampled_from([LayerNorm, InstanceNorm, PixelNorm]))
def test_sample_norms_of_two(seed, kind):
    """With m = 2 the terms cancel, but a large eps leaves enough of them."""
    shape = {LayerNorm: (2,), InstanceNorm: (2, 3), PixelNorm: (3, 2)}[kind]
    certify(kind(0.5), shape, 2, seed)


def flat(kind):
    """J taken for a constant: right in backward and tangent, wrong in the reverse."""

    class Flat(kind):
        def tangent_backward(self, dy, dy_dot, cache, cache_dot):
            _, dx_dot = super().tangent_backward(dy, dy_dot, cache, cache_dot)
            dx = None if dy is None else self.backward(dy, cache, param_grads=False)
            return dx, dx_dot

    return Flat


@pytest.mark.parametrize("kind", [LayerNorm, InstanceNorm, PixelNorm, MinibatchStd])
def test_a_forgotten_curvature_is_caught(kind):
    rows = {row.quantity: row for row in check_layer(flat(kind)(), (3, 4, 5))}
    assert {q for q, row in rows.items() if not row.ok} == {"reverse"}
    assert rows["reverse"].error > 1e-3


def linear_layers():
    """A layer with a W, and the shape of its input."""
    dense = st.builds(Dense, few, st.booleans())
    conv = st.builds(Conv2d, few, few, few, st.just(1), st.booleans())
    convt = st.builds(
        ConvTranspose2d, few, st.integers(2, 3), few, st.integers(0, 1), st.just(0)
    )
    flat = st.tuples(dense, st.lists(few, min_size=1, max_size=3).map(tuple))
    images = st.tuples(st.one_of(conv, convt), st.tuples(*[st.integers(2, 4)] * 2, few))
    return st.one_of(flat, images)


@given(linear_layers(), st.sampled_from([2.0, 1.0, 0.1]), few, seeds)
def test_equal_rate(pair, gain, batch, seed):
    layer, in_shape = pair
    certify(EqualRate(layer, gain), in_shape, batch, seed)


@given(linear_layers(), few, few, seeds)
def test_spectral_norm(pair, n_iterations, batch, seed):
    """A W of one column or row has no direction to move in but its own, and its own
    does not count: dW is what rounding left of 0."""
    layer, in_shape = pair
    wrapped = SpectralNorm(layer, n_iterations)
    wrapped.build(in_shape)
    W = np.prod(wrapped.shapes["W"], dtype=int)
    if W == 1:
        return
    certify(wrapped, in_shape, batch, seed, tame=False)


@a_third  # of five layers each
@given(few, few, few, few, few, seeds)
def test_resampling(k, H, W, C, batch, seed):
    certify(AvgPool2d(k), (k * H, k * W, C), batch, seed)
    certify(Upsample2d(k), (H, W, C), batch, seed)
    certify(UpConv2d(2, 3, pad=1, k=k), (H, W, C), batch, seed)
    certify(BilinearUp2d(), (H, W, C), batch, seed)
    certify(BilinearDown2d(), (2 * H, 2 * W, C), batch, seed)


@given(st.lists(few, min_size=1, max_size=3), few, seeds)
def test_bias(in_shape, batch, seed):
    certify(Bias(), tuple(in_shape), batch, seed)


@given(st.integers(1, 4), st.lists(few, max_size=2), few, few, seeds)
def test_maxout(k, front, C, batch, seed):
    certify(Maxout(k), (*front, C * k), batch, seed)


@given(few, st.integers(1, 4), st.lists(few, max_size=2), few, seeds)
def test_minibatch_std(groups, group, front, C, seed):
    eps = 0.1 if group == 2 else 1e-8  # of two numbers, see the sample norms
    certify(MinibatchStd(group, eps), (*front, C), groups * group, seed)


@given(few, few, st.lists(few, max_size=2), few, seeds)
def test_pack(packs, m, front, C, seed):
    certify(Pack(m), (*front, C), packs * m, seed)


@given(
    st.sampled_from([None, "Dense", "Residual"]),
    st.sampled_from([1.0, 0.1, -2.0]),
    st.lists(few, max_size=2),
    few,
    seeds,
)
def test_residual(shortcut, scale, front, batch, seed):
    f = Sequential(Dense(6), Softplus(), Dense(4))
    kinds = {"Dense": Dense(4), "Residual": Residual(Sequential(Dense(4), Tanh()))}
    layer = Residual(f, kinds.get(shortcut), scale)
    certify(layer, (*front, 4), batch, seed)


# Networks


def activation():
    kinds = [ReLU, LeakyReLU, Tanh, Sigmoid, Softplus, lambda: Dropout(0.3)]
    return st.sampled_from(kinds).map(lambda kind: kind())


@st.composite
def stacks(draw, depth=2):
    """A random tree of layers for images, with Sequentials in Sequentials."""
    layers = []
    for _ in range(draw(few)):
        kind = draw(st.integers(0, 9))
        if kind == 0:
            layers.append(Conv2d(draw(few), draw(few), draw(few), 2))
        elif kind == 1:
            layers.append(
                ConvTranspose2d(draw(few), draw(few), draw(st.integers(1, 2)))
            )
        elif kind == 2:
            layers.append(Dense(draw(st.integers(2, 4))))
        elif kind == 3 and depth:
            layers.append(Sequential(*draw(stacks(depth - 1))))
        elif kind == 4:
            layers.append(BatchNorm(gamma_std=0.1))
        elif kind == 5:
            layers.append(LayerNorm(eps=0.1))
        elif kind == 6:
            layers.append(SpectralNorm(Conv2d(draw(few), 3, pad=1)))
        elif kind == 7:
            layers.append(Residual(Sequential(Tanh(), LayerNorm(0.1))))
        elif kind == 8:
            layers.append(Upsample2d(2))
        layers.append(draw(activation()))
    return layers


@given(stacks(), st.integers(0, 3), few, st.integers(3, 5), seeds)
def test_networks(layers, head, C, batch, seed):
    """Every pass through a random tree, to the limits of a single layer."""
    tree = Sequential(*layers, Flatten(), Dense(head)) if head else Sequential(*layers)
    certify(tree, (3, 4, C), batch, seed, tame=False)


def test_finite_steps_rarely_cross_a_kink():
    """Of 2,000 finite steps through ReLU networks under 1 % are discarded, and the
    rest agree with backward."""
    crossed, worst, steps = 0, 0.0, 2000
    for seed in range(steps // 4):
        rng = np.random.default_rng(seed)
        tree = Sequential(Dense(8), ReLU(), Dense(6), LeakyReLU(), Dense(2))
        net = tg.Net(tree, (5,), seed=seed, dtype="float64")
        net.theta += 0.1 * rng.standard_normal(net.theta.shape)  # b = 0 is on a kink
        theta, x = net.theta.copy(), rng.standard_normal((3, 5))
        y, cache = net.forward(x)
        dy = rng.standard_normal(y.shape)
        dx = net.backward(dy, cache)
        dtheta = net.grad.copy()

        def by_x(x, net=net, dy=dy):
            return (dy * net.forward(x)[0]).sum()

        def by_theta(t, net=net, x=x, theta=theta, by_x=by_x):
            net.theta[...] = t
            value = by_x(x)
            net.theta[...] = theta
            return value

        for L, point, gradient in ((by_x, x, dx), (by_theta, theta, dtheta)):
            for _ in range(2):
                v = rng.standard_normal(point.shape)
                estimate = finite_difference(L, point, v)
                if estimate is None:
                    crossed += 1
                else:
                    error = estimate - (gradient * v).sum()
                    worst = max(worst, relative(error, gradient))
    assert crossed < 0.01 * steps, crossed
    assert worst <= 1e-6


def test_a_step_across_a_kink_is_seen():
    v = np.array([1.0, 1.0])
    for apart, crossed in (
        (1e-8, True),
        (1e-6, False),
    ):  # a shorter step fits
        x = np.array([apart, 1.0])
        relu = finite_difference(lambda x: np.maximum(x, 0).sum(), x, -v)
        size = finite_difference(lambda x: np.abs(x).sum(), x, v)
        square = finite_difference(lambda x: (x * x).sum(), x, v)
        assert square == pytest.approx(2 + 2 * apart)
        if crossed:
            assert relu is None and size is None
        else:
            assert (relu, size) == (pytest.approx(-2), pytest.approx(2))


@given(st.sampled_from([tg.Minimax, tg.NonSaturating]), seeds)
@settings(max_examples=20)
def test_whole_games(objective, seed):
    """theta_D moves along dV/dtheta_D, theta_G along -dJ/dtheta_G, and no other."""
    rows = check_game(objective(), seed)
    assert [row.quantity for row in rows] == 2 * [
        "gradient",
        "gradient finite",
        "stays",
    ]
    assert [row.limit for row in rows] == 2 * [1e-11, 1e-6, 0.0]
    assert all(row.ok for row in rows), rows


# what a formula is spelt with to be fast


@pytest.mark.parametrize("over", [(0,), (1,), (3,), (1, 2), (1, 2, 3)])
@pytest.mark.parametrize("dtype", ["float64", "complex128"])
def test_mean_of_products(over, dtype):
    """Over any axes, which stay as axes of length 1; without a conjugate."""
    rng = np.random.default_rng(0)
    a, b = (rng.standard_normal((3, 4, 5, 6)).astype(dtype) for _ in range(2))
    if dtype == "complex128":
        a += 1j * rng.standard_normal(a.shape)
        b += 1j * rng.standard_normal(b.shape)
    expected = (a * b).mean(axis=over, keepdims=True)
    found = mean_product(a, b, over)
    assert found.shape == expected.shape
    assert relative(found - expected, np.abs(a * b).max()) <= 1e-15


# im2col and col2im


@given(axes(), axes(), few, few, seeds)
def test_col2im_is_the_adjoint_of_im2col(rows, cols, N, C, seed):
    (H, W), *geometry = zip(rows, cols, strict=True)
    rng = np.random.default_rng(seed)
    x, x_2 = rng.standard_normal((2, N, H, W, C))
    y = im2col(x, *geometry)
    c, c_2 = rng.standard_normal((2, *y.shape))
    back = col2im(c, x.shape, *geometry)
    assert back.shape == x.shape
    identity = (c * y).sum() - (back * x).sum()
    scale = np.linalg.norm(c) * np.linalg.norm(y)
    assert relative(identity, scale) <= 1e-12

    a = rng.standard_normal()
    both = im2col(x + a * x_2, *geometry)
    assert np.array_equal(both, y + a * im2col(x_2, *geometry))  # copies: no rounding
    both = col2im(c + a * c_2, x.shape, *geometry)
    back_2 = a * col2im(c_2, x.shape, *geometry)
    # to the size of the terms, since their sum may cancel
    scale = np.linalg.norm(back) + np.linalg.norm(back_2)
    assert relative(both - (back + back_2), scale) <= 1e-14


# float32 in the sizes of training


TRAINING_SIZES = [
    (Dense(512), (512,)),
    (Dense(512), (784,)),
    (Dense(1), (1024,)),
    (Conv2d(128, 4, 2, 1), (14, 14, 64)),
    (Conv2d(64, 4, 2, 1), (28, 28, 1)),
    (ConvTranspose2d(64, 4, 2, 1), (7, 7, 128)),
    (ConvTranspose2d(1, 4, 2, 1), (14, 14, 64)),
    (BatchNorm(gamma_std=0.02), (512,)),
    (BatchNorm(gamma_std=0.02), (14, 14, 64)),
    (LeakyReLU(), (14, 14, 64)),
    (ReLU(), (14, 14, 64)),
    (Tanh(), (28, 28, 1)),
    (Sigmoid(), (28, 28, 1)),
    (Softplus(), (14, 14, 64)),
    (Dropout(0.3), (512,)),
    (InstanceNoise(0.3), (512,)),
    (Augment(), (28, 28, 3)),
    (LayerNorm(), (512,)),
    (LayerNorm(), (14, 14, 64)),
    (InstanceNorm(), (14, 14, 64)),
    (PixelNorm(), (14, 14, 64)),
    (SpectralNorm(Dense(512)), (784,)),
    (SpectralNorm(Conv2d(128, 4, 2, 1)), (14, 14, 64)),
    (SpectralNorm(ConvTranspose2d(64, 4, 2, 1)), (7, 7, 128)),
    (EqualRate(Dense(512)), (784,)),
    (EqualRate(Conv2d(64, 3, pad=1)), (14, 14, 64)),
    (Conv2d(96, 3, pad=1, groups=6), (14, 14, 96)),
    (ConvTranspose2d(64, 4, 2, 1, groups=4), (7, 7, 128)),
    (AvgPool2d(2), (14, 14, 64)),
    (Upsample2d(2), (7, 7, 128)),
    (UpConv2d(64, 3, pad=1), (7, 7, 128)),
    (BilinearUp2d(), (7, 7, 128)),
    (Conv1d(32, 25, pad=11, stride=4), (1024, 1)),
    (Conv1d(64, 25, pad=11, stride=4), (256, 32)),
    (ConvTranspose1d(32, 25, stride=4, pad=11, output_pad=1), (64, 64)),
    (ConvTranspose1d(1, 25, stride=4, pad=11, output_pad=1), (256, 32)),
    (AvgPool1d(4), (256, 32)),
    (Upsample1d(4), (64, 64)),
    (PhaseShuffle(2), (256, 32)),
    (BilinearDown2d(), (14, 14, 64)),
    (Bias(), (14, 14, 64)),
    (Maxout(5), (1200,)),
    (MinibatchStd(4), (14, 14, 64)),
    (Pack(2), (14, 14, 64)),
    (Residual(Dense(512)), (512,)),
    (Flatten(), (7, 7, 128)),
    (Reshape(7, 7, 128), (6272,)),
]


def float32_errors(layer, in_shape, train, mean=0.0) -> dict[str, float]:
    """{"y", "dx", "W" ...: largest error of float32 over the largest float64 entry}."""
    rng = np.random.default_rng(7)
    double = tg.Net(layer, in_shape, seed=3, dtype="float64")
    single = double.clone("float32")
    double.theta[...] = single.theta  # the same numbers, rounded already
    x = rng.normal(mean, 1.0, (64, *in_shape)).astype("float32")
    N = 64 // layer.packs
    dy = rng.standard_normal((N, *double.out_shape), dtype="float32")
    results = []
    for net in (double, single):
        y, cache = net.forward(x.astype(net.theta.dtype), train)
        dx = net.backward(dy.astype(net.theta.dtype), cache)
        results.append({"y": y, "dx": dx} | net.parameters(net.grad))
        assert {a.dtype for a in results[-1].values()} == {net.theta.dtype}
    return {
        name: float(np.abs(results[1][name] - exact).max() / np.abs(exact).max())
        for name, exact in results[0].items()
    }


# The others do the same in evaluation: no other layer looks at `train`.
OTHER_IN_EVALUATION = BatchNorm, Dropout, InstanceNoise, Augment, PhaseShuffle


@pytest.mark.parametrize(
    "layer, in_shape, train",
    [
        *((*case, True) for case in TRAINING_SIZES),
        *((*c, False) for c in TRAINING_SIZES if isinstance(c[0], OTHER_IN_EVALUATION)),
    ],
    ids=lambda v: str(v).replace(" ", ""),
)
def test_float32_agrees_with_float64(layer, in_shape, train):
    """Batch 64: each gradient within 1e-5 of its largest entry."""
    errors = float32_errors(layer, in_shape, train)
    assert max(errors.values()) <= 1e-5, errors


def test_float32_agrees_with_float64_in_dcgan_64():
    """The last batch norm of DCGAN's generator for 64 x 64 images, after a bias."""
    errors = float32_errors(BatchNorm(gamma_std=0.02), (32, 32, 64), True, mean=3.0)
    assert max(errors.values()) <= 1e-5, errors


def smooth_and_not():
    """Layers with a tangent, alone and one after another."""
    for layer, in_shape in builtin_layers():
        if not is_tuple(in_shape) and not isinstance(in_shape, Integers):
            yield layer, in_shape
    inner = Sequential(Dense(4), Softplus(), Residual(Sequential(Dense(4), Tanh())))
    yield Sequential(Dense(3), inner, LayerNorm(), LeakyReLU(0.2), Dense(2)), (5,)
    yield Sequential(Conv2d(3, 4, 2, 1), Tanh(), Flatten(), Dense(1)), (6, 6, 2)


@pytest.mark.parametrize(("layer", "in_shape"), list(smooth_and_not()), ids=repr)
def test_what_a_backward_pass_kept_serves_the_tangents(layer, in_shape):
    """The gradient of <dy, y_dot>, and dx, as tangent_backward has them, from the
    cotangents that a backward pass for dx left (fast/structure.py).
    """
    net = Net(layer, in_shape, seed=1, dtype="float64")
    rng = np.random.default_rng(0)
    net.theta += 0.3 * rng.standard_normal(net.theta.shape)
    x, v = rng.standard_normal((2, 4, *in_shape))
    y, cache = net.forward(x)
    try:
        _, cache_dot = net.tangent(v, cache)
    except tg.TangentError:
        pytest.skip("it has no tangent")
    dy_dot, dy = rng.standard_normal((2, *y.shape))
    net.zero_grad()
    dx, dx_dot = net.tangent_backward(dy, dy_dot, cache, cache_dot)
    expected = net.grad.copy()
    before, kept = backward_keeping(net.tree, dy_dot, cache)
    net.zero_grad()
    found = reverse_tangent(net.tree, dy, cache, (cache_dot,), kept)
    for ours, theirs in ((before, dx_dot), (found, dx), (net.grad, expected)):
        assert relative(ours - theirs, 1 + np.abs(theirs).max(initial=0)) <= 1e-13
    net.zero_grad()
    reverse_tangent(net.tree, None, cache, (cache_dot,), kept)
    alone = net.grad.copy()
    net.zero_grad()
    net.tangent_backward(None, dy_dot, cache, cache_dot)
    assert relative(alone - net.grad, 1 + np.abs(alone).max(initial=0)) <= 1e-13


def test_a_curvature_of_its_own_is_not_cut_short():
    """A LeakyReLU in name, tanh in fact: x_dot leaves its trace in dx."""

    class Bent(LeakyReLU):
        f, slope, curvature = Tanh.f, Tanh.slope, Tanh.curvature

    rng = np.random.default_rng(0)
    x, v, dy, dy_dot = rng.standard_normal((4, 3, 5))
    for kind in (Bent, Tanh):
        layer = kind()
        _, cache = layer.forward(x)
        _, cache_dot = layer.tangent(v, cache)
        expected, _ = layer.tangent_backward(dy, dy_dot, cache, cache_dot)
        _, kept = backward_keeping(layer, dy_dot, cache)
        found = reverse_tangent(layer, dy, cache, (cache_dot,), kept)
        assert relative(found - expected, np.abs(expected).max()) <= 1e-15
        without = layer.slope(cache[0], dy)
        assert np.abs(found - without).max() > 0.1


def test_a_layer_with_passes_of_its_own_keeps_none_of_the_shortcuts():
    """One that changes backward, or tangent_backward, is asked for them."""
    asked = []

    class Mine(Dense):
        def backward(self, dy, cache, param_grads=True):
            asked.append("backward")
            return super().backward(dy, cache, param_grads)

        def tangent_backward(self, dy, dy_dot, cache, cache_dot):
            asked.append("tangent_backward")
            return super().tangent_backward(dy, dy_dot, cache, cache_dot)

    net = Net(Sequential(Mine(3), Tanh(), Dense(1)), (2,), dtype="float64")
    y, cache = net.forward(np.ones((4, 2)))
    g, kept = backward_keeping(net.tree, np.ones_like(y), cache)
    _, cache_dot = net.tangent(g, cache)
    reverse_tangent(net.tree, None, cache, (cache_dot,), kept)
    assert asked == ["backward", "tangent_backward", "backward"]

"""Layers along time: loops over the definition, matrices, all passes, and their kin."""

import numpy as np
import pytest
from examples import a_third
from hypothesis import given
from hypothesis import strategies as st
from test_derivatives import certify

import tinygan as tg
from tinygan import InputError, Integers, Net, ShapeError, fast
from tinygan.check import relative
from tinygan.layers import (
    AvgPool1d,
    AvgPool2d,
    Conv1d,
    Conv2d,
    ConvTranspose1d,
    ConvTranspose2d,
    EqualRate,
    LeakyReLU,
    Sequential,
    SpectralNorm,
    Tanh,
    Upsample1d,
    Upsample2d,
)
from tinygan.layers.conditional import sequence

seeds = st.integers(0, 2**32 - 1)
few = st.integers(1, 3)
modes = pytest.mark.parametrize("plain", [True, False], ids=["plain", "fast"])
WAVEGAN = {"kernel": 25, "stride": 4, "pad": 11}  # 4 T -> T


def draw(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape)


def filled(layer, in_shape, seed=0, dtype="float64") -> Net:
    """A network of one layer with every parameter drawn from N(0, 1)."""
    net = Net(layer, in_shape, dtype=dtype)
    net.theta[...] = draw(net.theta.size, seed=seed)
    return net


# Forward, by loops over single numbers


@given(st.integers(1, 6), few, few, few, st.integers(0, 2), few, st.booleans(), seeds)
def test_conv1d(T, C_in, C_out, k, pad, stride, bias, seed):
    if T + 2 * pad < k:
        return
    net = filled(Conv1d(C_out, k, pad, stride, bias), (T, C_in), seed)
    x = draw(2, T, C_in, seed=seed)
    y, _ = net.forward(x)
    OT = (T + 2 * pad - k) // stride + 1
    assert y.shape == (2, OT, C_out) == (2, *net.out_shape)
    W, b = net.tree.W, net.tree.b if bias else np.zeros(C_out)
    for n, t, o in np.ndindex(*y.shape):
        total = b[o]
        for u, c in np.ndindex(k, C_in):
            if 0 <= t * stride + u - pad < T:
                total += x[n, t * stride + u - pad, c] * W[0, u, c, o]
        assert abs(y[n, t, o] - total) <= 1e-12
    certify(Conv1d(C_out, k, pad, stride, bias), (T, C_in), 3, seed)


@st.composite
def transposed(draw):
    """(T, kernel, stride, pad, output_pad) that leave at least one place."""
    k, s, p = draw(st.integers(1, 6)), draw(st.integers(1, 4)), draw(st.integers(0, 2))
    op = draw(st.integers(0, s - 1))
    sizes = [T for T in range(1, 9) if (T - 1) * s - 2 * p + k + op >= 1]
    return draw(st.sampled_from(sizes[:4])), k, s, p, op


@given(transposed(), few, few, st.booleans(), seeds)
def test_conv_transpose1d(geometry, C_in, C_out, bias, seed):
    """Each x[t] stamps the kernel into y, from place t s - p on."""
    T, k, s, p, op = geometry
    layer = ConvTranspose1d(C_out, k, stride=s, pad=p, output_pad=op, bias=bias)
    net = filled(layer, (T, C_in), seed)
    x = draw(2, T, C_in, seed=seed)
    y, _ = net.forward(x)
    OT = (T - 1) * s - 2 * p + k + op
    assert y.shape == (2, OT, C_out) == (2, *net.out_shape)
    W, b = net.tree.W, net.tree.b if bias else np.zeros(C_out)
    expected = np.zeros_like(y) + b
    for n, t, c, u, o in np.ndindex(2, T, C_in, k, C_out):
        if 0 <= t * s + u - p < OT:
            expected[n, t * s + u - p, o] += x[n, t, c] * W[0, u, o, c]
    assert relative(y - expected, expected) <= 1e-12


@a_third
@given(transposed(), few, few, few, st.booleans(), few, seeds)
def test_conv_transpose1d_is_certified(geometry, C_in, C_out, groups, bias, N, seed):
    T, k, s, p, op = geometry
    how = {"stride": s, "pad": p, "output_pad": op, "bias": bias, "groups": groups}
    layer = ConvTranspose1d(groups * C_out, k, **how)
    certify(layer, (T, groups * C_in), N, seed)


@given(few, few, few, seeds)
def test_resampling_by_loops(k, T, C, seed):
    x = draw(2, k * T, C, seed=seed)
    small, _ = Net(AvgPool1d(k), (k * T, C), dtype="float64").forward(x)
    large, _ = Net(Upsample1d(k), (k * T, C), dtype="float64").forward(x)
    assert small.shape == (2, T, C) and large.shape == (2, k * k * T, C)
    for n, t, c in np.ndindex(*small.shape):
        assert abs(small[n, t, c] - sum(x[n, k * t : k * t + k, c]) / k) <= 1e-14
    for n, t, c in np.ndindex(*large.shape):
        assert large[n, t, c] == x[n, t // k, c]


@a_third
@given(few, few, few, few, seeds)
def test_resampling_is_certified(k, T, C, N, seed):
    certify(AvgPool1d(k), (k * T, C), N, seed)
    certify(Upsample1d(k), (T, C), N, seed)


# WaveGAN's own geometry


def test_wavegans_layers_change_the_length_by_four():
    for T in (1, 3, 16, 64):
        up = Net(ConvTranspose1d(2, **WAVEGAN, output_pad=1), (T, 3))
        down = Net(Conv1d(3, **WAVEGAN), (4 * T, 2))
        assert up.out_shape == (4 * T, 2) and down.out_shape == (T, 3)
        assert up.tree.W.shape == down.tree.W.shape == (1, 25, 2, 3)


@pytest.mark.parametrize("C", [1, 2, 4])
def test_wavegans_layers_are_certified(C):
    certify(Conv1d(4, **WAVEGAN), (36, C), 2, 1)
    certify(ConvTranspose1d(C, **WAVEGAN, output_pad=1), (9, 4), 2, 1)


@modes
def test_the_transposed_layer_is_the_adjoint_of_the_convolution(plain):
    """<Conv1d x, y> = <x, ConvTranspose1d y>, from one theta."""
    x, y = draw(3, 36, 2), draw(3, 9, 5, seed=1)
    with fast.plain(plain):
        down = filled(Conv1d(5, **WAVEGAN, bias=False), (36, 2))
        up = filled(ConvTranspose1d(2, **WAVEGAN, output_pad=1, bias=False), (9, 5))
        forth, back = down.forward(x)[0], up.forward(y)[0]
    scale = np.linalg.norm(forth) * np.linalg.norm(y)
    assert abs((forth * y).sum() - (x * back).sum()) <= 1e-14 * scale


# They are the layers for images, for images of one row, or of one column


KIN = [
    (Conv1d(6, 5, 2, 3), Conv2d(6, (1, 5), (1, 3), (0, 2)), True),
    (Conv1d(6, 5, 2, 3, groups=2), Conv2d(6, (5, 1), (3, 1), (2, 0), groups=2), False),
    (
        ConvTranspose1d(4, 6, stride=4, pad=1, output_pad=2, groups=2),
        ConvTranspose2d(4, (1, 6), (1, 4), (0, 1), (0, 2), groups=2),
        True,
    ),
    (
        ConvTranspose1d(3, 6, stride=4, pad=1, bias=False),
        ConvTranspose2d(3, (6, 1), (4, 1), (1, 0), bias=False),
        False,
    ),
]


@modes
@pytest.mark.parametrize("ours, theirs, row", KIN, ids=str)
def test_all_passes_are_those_of_the_layer_for_images(ours, theirs, row, plain):
    """From the same theta; a kernel (k, 1, ...) is the same numbers as (1, k, ...)."""
    axis = 1 if row else 2
    x, x_dot = draw(2, 3, 12, 4)
    results = []
    with fast.plain(plain):
        for layer, image in ((ours, False), (theirs, True)):
            in_shape = ((1, 12, 4) if row else (12, 1, 4)) if image else (12, 4)
            net = filled(layer, in_shape)
            a, v = (np.expand_dims(u, axis) if image else u for u in (x, x_dot))
            y, cache = net.forward(a)
            dy, dy_dot = draw(2, *y.shape, seed=1)
            y_dot, cache_dot = net.tangent(v, cache)
            dx = net.backward(dy, cache), net.backward(dy, cache, param_grads=False)
            both = net.tangent_backward(dy, dy_dot, cache, cache_dot)
            found = [u.ravel() for u in (y, y_dot, *dx, *both)]
            results.append([*found, net.grad])
    for a, b in zip(*results, strict=True):
        assert relative(a - b, b) <= 1e-14


@pytest.mark.parametrize("kind", [AvgPool1d, Upsample1d])
def test_resampling_is_that_of_images(kind):
    x = draw(2, 6, 3)
    layer, kin = kind(3), {AvgPool1d: AvgPool2d, Upsample1d: Upsample2d}[kind]
    assert isinstance(layer, kin)
    y, _ = layer.forward(x)
    wide, _ = kin(3).forward(np.repeat(x[:, None], 3, axis=1))  # three equal rows
    assert relative(y - wide[:, 0], y) <= 1e-15


@pytest.mark.parametrize("wrap", [SpectralNorm, EqualRate])
@a_third
@given(seed=seeds)
def test_they_can_be_wrapped(wrap, seed):
    certify(wrap(Conv1d(3, 4, 1, 2)), (7, 2), 2, seed)
    certify(wrap(ConvTranspose1d(3, 5, stride=4, pad=1)), (4, 2), 2, seed)


def test_a_critic_of_sounds_has_its_penalty():
    """dtheta of WGAN-GP, with the fast twins and without."""
    grads = []
    for plain in (True, False):
        layers = Conv1d(4, **WAVEGAN), LeakyReLU(), Conv1d(6, **WAVEGAN), Tanh()
        D = Net(Sequential(*layers, tg.Flatten(), tg.Dense(1)), (64, 1), 1, "float64")
        with fast.plain(plain):
            real, fake = ((x, *D.forward(x)) for x in draw(2, 3, 64, 1))
            tg.WGANGP(2.0).accumulate(D, real, fake, np.random.default_rng(0))
        grads.append(D.grad)
    assert np.abs(grads[0]).max() > 1e-3
    assert relative(grads[1] - grads[0], grads[0]) <= 1e-12


# Settings


def test_conv1d_keeps_its_options_apart():
    """pad comes before stride, unlike in Conv2d: neighbouring words need a pad."""
    layer = Conv1d(8, 3, pad=1, stride=2)
    assert (layer.kernel, layer.pad, layer.stride) == ((1, 3), (0, 1), (1, 2))
    assert repr(layer) == "Conv1d(8, 3, pad=1, stride=2)"
    assert Conv1d(8, 3, 1).pad == (0, 1)


def test_the_transposed_layer_takes_its_settings_by_name():
    with pytest.raises(TypeError, match="positional"):
        ConvTranspose1d(8, 25, 4, 11)
    layer = ConvTranspose1d(8, **WAVEGAN, output_pad=1)
    how = layer.kernel, layer.stride, layer.pad, layer.output_pad
    assert how == ((1, 25), (1, 4), (0, 11), (0, 1))


@pytest.mark.parametrize(
    "layer",
    [
        Conv1d(8, 3, groups=2),
        ConvTranspose1d(8, 25, stride=4, pad=11, output_pad=1, groups=4),
        ConvTranspose1d(8, 3, stride=2),
        AvgPool1d(4),
        Upsample1d(3),
    ],
    ids=str,
)
def test_they_say_what_they_are(layer):
    again = eval(repr(layer), vars(tg))
    assert type(again) is type(layer)
    settings = ("kernel", "stride", "pad", "output_pad", "groups", "block")
    for name in settings:
        assert getattr(again, name, None) == getattr(layer, name, None), name


def test_the_first_weights_are_those_of_he():
    """A place of the convolution sums k C_in numbers, one of its adjoint k C_in / s."""
    down = Net(Conv1d(64, **WAVEGAN), (64, 32), seed=1)
    up = Net(ConvTranspose1d(64, **WAVEGAN, output_pad=1), (16, 32), seed=1)
    assert down.tree.fans == (25 * 32, 25 * 64 / 4)
    assert up.tree.fans == (25 * 32 / 4, 25 * 64)
    for net in (down, up):
        assert net.tree.W.std() == pytest.approx(
            (2 / net.tree.fans[0]) ** 0.5, rel=0.02
        )


def test_the_old_import_still_works():
    assert sequence.Conv1d is Conv1d


@pytest.mark.parametrize(
    "layer, in_shape, words",
    [
        (Conv1d(3, 2), (3,), r"sequences \(T, C\), got \(3,\)"),
        (Conv1d(3, 2), (8, 8, 3), r"sequences \(T, C\), got \(8, 8, 3\)"),
        (Conv1d(3, 5), (4, 2), r"as large as its kernel, got \(1, 4, 2\): a sequence"),
        (Conv1d(3, 2, groups=3), (4, 2), "channels that 3 groups divide"),
        (Conv1d(3, 2), ((4, 2), (4, 2)), "an array of numbers"),
        (Conv1d(3, 2), Integers((4, 2), 3), "an array of numbers"),
        (ConvTranspose1d(3, 2), (3,), r"sequences \(T, C\)"),
        (ConvTranspose1d(3, 2, pad=3), (4, 2), "images larger than its padding"),
        (AvgPool1d(2), (5, 3), r"multiples of 2, got \(1, 5, 3\): a sequence"),
        (Upsample1d(2), (5,), r"sequences \(T, C\)"),
    ],
    ids=str,
)
def test_a_shape_that_does_not_fit_is_refused(layer, in_shape, words):
    with pytest.raises(ShapeError, match=words):
        Net(layer, in_shape)


def test_an_output_pad_is_below_the_stride():
    with pytest.raises(InputError, match="output_pad >= 0, got -1"):
        ConvTranspose1d(3, 5, stride=4, output_pad=-1)
    with pytest.raises(ShapeError, match=r"output_pad < stride \(1, 4\)"):
        ConvTranspose1d(3, 5, stride=4, output_pad=4)

"""The schemes of a fast convolution: Winograd's against `Windows`, the plain one.

All are three linear maps and their adjoints (fast/scheme.py); test_twins.py holds them
to the plain `Correlation`. Here: the same y, dx and dW for any geometry, the adjoint of
each map, where a scheme is chosen, and what it keeps in its cache.
"""

import copy

import numpy as np
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

import tinygan as tg
from tinygan.check import check_layer, relative
from tinygan.fast import winograd
from tinygan.fast.grouped import GroupedWindows
from tinygan.fast.scheme import Windows, transposed
from tinygan.fast.winograd import Winograd
from tinygan.fast.winograd_odd import OddWinograd, Stacks
from tinygan.layers import Conv2d, ConvTranspose2d
from tinygan.layers.correlation import Correlation, GroupedCorrelation, correlation

HOW = (2, 2), (1, 1)  # stride and padding of the DCGAN
seeds = st.integers(0, 2**32 - 1)
few = st.integers(1, 3)
sizes = st.tuples(st.integers(2, 13), st.integers(2, 13))
pads = st.tuples(st.integers(0, 3), st.integers(0, 3))


@pytest.fixture
def any_channels(monkeypatch):
    """Winograd wherever it is right, and not only where it is faster."""
    monkeypatch.setattr(winograd, "CHANNELS", 1)


def ways(size, pad, N, C_in, C_out):
    """Windows, and the Winograd that suits their number, for images of this size."""
    assume(all(n + 2 * p >= 6 for n, p in zip(size, pad, strict=True)))
    how = np.zeros((4, 4, C_in, C_out)), (*size, C_in), (2, 2), pad
    plain = Windows(*how)
    odd = any(n % 2 for n in plain.places)
    return plain, (OddWinograd if odd else Winograd)(*how)


def flat(stacks) -> np.ndarray:
    """All numbers of an array, or of Stacks."""
    arrays = stacks if isinstance(stacks, Stacks) else [stacks]
    return np.concatenate([a.ravel() for a in arrays])


def like(stacks, rng):
    """Random numbers of the same shapes."""
    if isinstance(stacks, Stacks):
        return Stacks(rng.standard_normal(a.shape) for a in stacks)
    return rng.standard_normal(stacks.shape)


@given(sizes, pads, few, few, few, seeds)
@example((14, 14), (1, 1), 3, 2, 3, 0)  # 7 x 7 outputs
@example((16, 14), (1, 1), 3, 2, 3, 0)  # 8 x 7: one axis is even
@example((14, 12), (1, 1), 2, 1, 3, 0)
@example((6, 6), (1, 1), 3, 3, 2, 0)  # a tile of three and no other
@example((7, 9), (0, 0), 1, 1, 1, 0)  # rows and columns that no window reaches
def test_both_ways_agree(size, pad, N, C_in, C_out, seed):
    """y, dx and dW, to 1e-13 of the size of their terms."""
    rng = np.random.default_rng(seed)
    results = []
    x = rng.standard_normal((N, *size, C_in))
    W = rng.standard_normal((4, 4, C_in, C_out))
    plain, fast = ways(size, pad, N, C_in, C_out)
    dy = rng.standard_normal((N, *plain.places, C_out))
    for way in (plain, fast):
        y, dW = np.empty(dy.shape), np.zeros(W.shape)
        V, U, dM = way.B(x), way.G(W), way.A_adjoint(dy)
        dU, dV = (transposed(a) for a in (V, U))
        dW += way.G_adjoint(dU @ dM)
        dx = np.full(x.shape, np.nan)
        way.B_adjoint(dM @ dV, dx)
        way.A_of_product(V, U, y)
        results.append((y, dx, dW))
    for plain_value, value in zip(*results, strict=True):
        assert value.shape == plain_value.shape
        assert relative(value - plain_value, 1 + np.abs(plain_value).max()) <= 1e-13


@given(sizes, pads, few, few, few, seeds)
def test_each_map_has_its_adjoint(size, pad, N, C_in, C_out, seed):
    """<c, M a> = <M^T c, a> for B, G and A, with random a and c."""
    rng = np.random.default_rng(seed)
    _, way = ways(size, pad, N, C_in, C_out)

    def A(V):
        """A itself: of the product with the unit matrix."""
        y = np.empty((N, *way.places, C_out))
        unit = np.eye(C_out)[None]
        way.A_of_product(V, Stacks([unit] * 4) if isinstance(V, Stacks) else unit, y)
        return y

    def B_adjoint(dV):
        dx = np.full((N, *size, C_in), np.nan)
        way.B_adjoint(dV, dx)
        return dx

    m = way.A_adjoint(np.zeros((N, *way.places, C_out)))
    for forward, adjoint, a in (
        (way.B, B_adjoint, rng.standard_normal((N, *size, C_in))),
        (way.G, way.G_adjoint, rng.standard_normal((4, 4, C_in, C_out))),
        (A, way.A_adjoint, like(m, rng)),
    ):
        b = forward(a)
        c = like(b, rng)
        scale = np.linalg.norm(flat(c)) * np.linalg.norm(flat(b))
        identity = flat(c) @ flat(b)
        identity -= flat(adjoint(copy.deepcopy(c))) @ flat(a)
        assert relative(identity, scale + 1e-12) <= 1e-12


@given(
    st.tuples(st.integers(3, 6), st.integers(3, 6)),
    st.tuples(st.integers(1, 4), st.integers(1, 4)),
    pads,
    st.sampled_from([(1, 1, 1), (1, 1, 3), (1, 3, 1), (2, 1, 2), (3, 2, 1)]),
    seeds,
)
def test_the_adjoint_of_stride_1_is_a_convolution(size, kernel, pad, channels, seed):
    """dx and dW as the plain map has them, by the kernel turned round or by col2im."""
    rng = np.random.default_rng(seed)
    groups, c, o = channels
    assume(all(n + 2 * p >= k for n, p, k in zip(size, pad, kernel, strict=True)))
    W = rng.standard_normal((*kernel, c, groups * o))
    how = W, (*size, groups * c), (1, 1), pad
    kind = Windows if groups == 1 else GroupedWindows
    plain = (Correlation if groups == 1 else GroupedCorrelation)(*how)
    x, dy = (rng.standard_normal((2, *shape)) for shape in (how[1], plain.y_shape))
    expected, dW = plain.adjoint(dy), plain.weight_grad(x, dy)
    dx, found = kind(*how).adjoint(dy), np.ones(W.shape)
    assert relative(dx - expected, expected) <= 1e-13
    dx = kind(*how).adjoint(dy, x, found)
    assert relative(dx - expected, expected) <= 1e-13
    assert relative(found - 1 - dW, 1 + np.abs(dW).max()) <= 1e-13


def test_when_the_kernel_is_turned(monkeypatch):
    """For a stride of 1 and a pad below the kernel, unless y has far more channels."""
    adds = []
    monkeypatch.setattr(Windows, "B_adjoint", lambda way, dV, dx: adds.append(dx.shape))
    for turned, channels, stride, pad in (
        (True, (2, 4), 1, 1),
        (True, (8, 1), 1, 2),
        (False, (2, 5), 1, 1),
        (False, (4, 4), 2, 1),
        (False, (4, 4), 1, 3),
    ):
        adds.clear()
        W = np.ones((3, 3, *channels))
        way = Windows(W, (6, 6, channels[0]), (stride,) * 2, (pad,) * 2)
        way.adjoint(np.ones((1, *way.y_shape)))
        assert bool(adds) is not turned


@pytest.mark.parametrize(
    "effort", ["quick", pytest.param("normal", marks=pytest.mark.slow)]
)
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize(
    ("layer", "in_shape"),
    [
        *((Conv2d, (10, 11, 2)), (Conv2d, (8, 8, 1)), (Conv2d, (14, 10, 1))),
        *((ConvTranspose2d, (5, 4, 2)), (ConvTranspose2d, (2, 4, 2))),
    ],
)
@pytest.mark.usefixtures("any_channels")
def test_layers_are_certified(layer, in_shape, bias, effort):
    """All passes, complex step and tangents among them, as in `tinygan check`."""
    layer = layer(3, 4, 2, 1, bias=bias)
    rows = check_layer(layer, in_shape, batch=3, seed=5, effort=effort)
    assert rows
    assert all(row.ok for row in rows), [row for row in rows if not row.ok]


def taken(x_shape, W_shape, stride=(2, 2), pad=(1, 1)) -> type:
    """The scheme that a convolution takes."""
    return type(correlation(np.zeros(W_shape), x_shape[1:], stride, pad))


def test_where_it_is_taken():
    """Kernel 4, stride 2, and enough channels: a DCGAN's layers."""
    assert taken((8, 32, 32, 64), (4, 4, 64, 128)) is Winograd
    assert taken((8, 14, 14, 64), (4, 4, 64, 128)) is OddWinograd
    assert taken((8, 16, 14, 64), (4, 4, 64, 128)) is OddWinograd
    assert taken((8, 8, 8, 256), (4, 4, 256, 512)) is Winograd
    assert taken((8, 64, 64, 3), (4, 4, 3, 64)) is Windows
    assert taken((8, 10, 10, 64), (4, 4, 64, 64)) is OddWinograd
    assert taken((8, 6, 6, 64), (4, 4, 64, 64)) is Windows  # 3 x 3 outputs
    assert taken((8, 3, 16, 64), (4, 4, 64, 64)) is Windows  # one output along an axis
    assert taken((8, 16, 16, 64), (3, 3, 64, 64)) is Windows
    assert taken((8, 16, 16, 64), (4, 4, 64, 64), stride=(1, 1)) is Windows
    assert taken((8, 16, 16, 64), (4, 4, 64, 64), stride=(2, 1)) is Windows


@pytest.mark.parametrize("side", [8, 10])
@pytest.mark.parametrize("kind", [Conv2d, ConvTranspose2d])
def test_a_training_step_is_the_same(monkeypatch, side, kind):
    """A whole layer in a network, cut in parts or not, in float64: to 1e-12."""
    rng = np.random.default_rng(0)
    large, small = (6, side, side, 32), (6, side // 2, side // 2, 32)
    x, dy = map(rng.standard_normal, (large, small))
    if kind is ConvTranspose2d:
        x, dy = dy, x
    grads = []
    for channels, size in ((1, 1), (1, winograd.MIXED), (64, 1), (64, 1 << 20)):
        monkeypatch.setattr(winograd, "CHANNELS", channels)
        for way in (Winograd, OddWinograd, Windows):
            monkeypatch.setattr(way, "size", size)
        net = tg.Net(kind(32, 4, 2, 1), x.shape[1:], seed=1, dtype="float64")
        y, cache = net.forward(x)
        dx = net.backward(dy, cache)
        net.backward_weights(dy, cache)
        grads.append(np.concatenate([y.ravel(), dx.ravel(), net.grad]))
    for other in grads[1:]:
        assert relative(other - grads[0], np.abs(grads[0]).max()) <= 1e-12


def test_small_columns_are_kept_for_the_weights(monkeypatch):
    """B(x) is made once for forward and dW if one part is all, else part by part."""
    made, B = [], Windows.B
    monkeypatch.setattr(Windows, "B", lambda way, x: made.append(len(x)) or B(way, x))
    x, dy = np.ones((4, 6, 6, 1)), np.ones((4, 3, 3, 2))
    for size, expected in ((1 << 20, [4]), (1, [1] * 8)):
        monkeypatch.setattr(Windows, "size", size)
        made.clear()
        net = tg.Net(Conv2d(2, 4, 2, 1), (6, 6, 1), dtype="float64")
        _, cache = net.forward(x)
        net.backward_weights(dy, cache)
        assert made == expected


@pytest.mark.parametrize("kind", [Conv2d, ConvTranspose2d])
def test_a_cotangent_may_change_between_two_backward_passes(kind, any_channels):
    """One array, filled with other numbers: what a scheme kept of it is not used."""
    rng = np.random.default_rng(0)
    net = tg.Net(kind(3, 4, 2, 1), (8, 8, 3), seed=1, dtype="float64")
    y, cache = net.forward(rng.standard_normal((2, 8, 8, 3)))
    dy = rng.standard_normal(y.shape)
    calls = (
        lambda: net.backward(dy, cache),
        lambda: net.backward(dy, cache, param_grads=False),
        lambda: net.backward_weights(dy, cache),
    )
    for first in calls:
        for second in calls:
            results = []
            for again in (False, True):
                dy[...] = 1.0
                if again:
                    first()
                dy[...] = np.arange(dy.size).reshape(dy.shape) % 7
                net.zero_grad()
                results.append((second(), net.grad.copy()))
            for once, twice in zip(*results, strict=True):
                assert np.array_equal(once, twice)

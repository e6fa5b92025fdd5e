"""Bilinear resampling: the filter by loops and by PyTorch, the adjoint, the edges."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinygan as tg
from tinygan import Net
from tinygan.check import check_layer, relative
from tinygan.layers import BilinearDown2d, BilinearUp2d, Sequential

FILTER = np.outer((1, 3, 3, 1), (1, 3, 3, 1)) / 64  # its sum is 1
seeds = st.integers(0, 2**32 - 1)
few = st.integers(1, 4)
shapes = st.tuples(few, few, st.integers(1, 3))


def forward(layer, x):
    """y, in the dtype of x."""
    return Net(layer, x.shape[1:], dtype=x.dtype).forward(x)[0]


def draw(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape)


# By loops over the 16 taps of the filter


def padded(x, before: int, after: int):
    return np.pad(x, ((0, 0), (before, after), (before, after), (0, 0)))


def up_by_loops(x):
    """As StyleGAN2's code has it: each pixel followed by a zero along both axes, two
    zeros in front and one behind, then 4 times the filter.
    """
    N, H, W, C = x.shape
    spread = np.zeros((N, 2 * H, 2 * W, C))
    spread[:, ::2, ::2] = x
    spread, y = padded(spread, 2, 1), np.zeros((N, 2 * H, 2 * W, C))
    for i, j, u, v in np.ndindex(2 * H, 2 * W, 4, 4):
        y[:, i, j] += 4 * FILTER[u, v] * spread[:, i + u, j + v]
    return y


def down_by_loops(x):
    """One zero at each edge, the filter, and of the result every second row and column:
    the windows that begin at -1, 1, 3, ...
    """
    N, H, W, C = x.shape
    around, y = padded(x, 1, 1), np.zeros((N, H // 2, W // 2, C))
    for i, j, u, v in np.ndindex(H // 2, W // 2, 4, 4):
        y[:, i, j] += FILTER[u, v] * around[:, 2 * i + u, 2 * j + v]
    return y


@given(shapes, seeds)
def test_the_filter_by_loops(shape, seed):
    H, W, C = shape
    x = draw(2, H, W, C, seed=seed)
    y = forward(BilinearUp2d(), x)
    assert y.shape == (2, 2 * H, 2 * W, C)
    assert relative(y - up_by_loops(x), y) <= 1e-14
    x = draw(2, 2 * H, 2 * W, C, seed=seed)
    y = forward(BilinearDown2d(), x)
    assert y.shape == (2, H, W, C)
    assert relative(y - down_by_loops(x), y) <= 1e-14


def test_one_pixel():
    """The whole of a doubled pixel is its filter, times 4."""
    x = np.zeros((1, 3, 3, 1))
    x[0, 1, 1] = 1
    assert np.array_equal(forward(BilinearUp2d(), x)[0, 1:5, 1:5, 0], 4 * FILTER)


# What the maps are


@given(shapes, seeds)
def test_each_is_four_times_the_others_adjoint(shape, seed):
    """<up x, y> = 4 <x, down y>, over all their numbers."""
    H, W, C = shape
    x, y = draw(2, H, W, C, seed=seed), draw(2, 2 * H, 2 * W, C, seed=seed + 1)
    left = (forward(BilinearUp2d(), x) * y).sum()
    right = 4 * (x * forward(BilinearDown2d(), y)).sum()
    assert abs(left - right) <= 1e-13 * np.linalg.norm(x) * np.linalg.norm(y)


def ramp(i, j):
    return 2 * i - 3 * j + 1


def test_a_ramp_is_interpolated():
    """Inside, a straight line stays one. Doubled, its pixels lie a quarter of a pixel
    to either side of the old ones; halved, half-way between two of them.
    """
    x = ramp(*np.mgrid[:8, :6].astype(float))[None, :, :, None]
    y = forward(BilinearUp2d(), x)[0, :, :, 0]
    assert np.allclose(y[1:-1, 1:-1], ramp(*(np.mgrid[1:15, 1:11] / 2 - 0.25)))
    y = forward(BilinearDown2d(), x)[0, :, :, 0]
    assert np.allclose(y[1:-1, 1:-1], ramp(*(2 * np.mgrid[1:3, 1:2] + 0.5)))


def test_there_are_zeros_around_the_image():
    """So a flat image is darker at its edges: by 1/4 doubled, and by 1/8 halved."""
    flat = np.ones((1, 4, 4, 1))
    for layer, edge in ((BilinearUp2d(), 3 / 4), (BilinearDown2d(), 7 / 8)):
        y = forward(layer, flat)[0, :, :, 0]
        side = np.full(len(y), 1.0)
        side[[0, -1]] = edge
        assert np.allclose(y, np.outer(side, side))


def test_a_fine_grid_is_taken_out():
    """Every second pixel bright: gone when halved, where dropping pixels keeps it."""
    x = (np.indices((8, 8)).sum(axis=0) % 2)[None, :, :, None] - 0.5
    assert np.abs(forward(BilinearDown2d(), x)[0, 1:-1, 1:-1]).max() <= 1e-15
    assert np.abs(x[:, ::2, ::2]).min() == 0.5


# Derivatives and types


@given(shapes, few, seeds)
def test_they_are_certified(shape, batch, seed):
    H, W, C = shape
    for layer, in_shape in (
        (BilinearUp2d(), (H, W, C)),
        (BilinearDown2d(), (2 * H, 2 * W, C)),
        (Sequential(BilinearUp2d(), BilinearDown2d()), (H, W, C)),
    ):
        rows = check_layer(layer, in_shape, batch, seed, effort="plain")
        assert rows and [row for row in rows if not row.ok] == []


class AverageBack(BilinearUp2d):
    """The adjoint without the factor 4: a mean where a sum belongs."""

    def adjoint(self, dy, cache):
        return super().adjoint(dy, cache) / 4


class NearestBack(BilinearDown2d):
    """Each pixel of dy to its own 2 x 2 pixels alone."""

    def adjoint(self, dy, cache):
        return np.repeat(np.repeat(dy, 2, axis=1), 2, axis=2) / 4


@pytest.mark.parametrize("kind", [AverageBack, NearestBack])
def test_wrong_adjoints_are_caught(kind):
    failed = {row.quantity for row in check_layer(kind(), (4, 6, 2)) if not row.ok}
    assert failed == {"adjoint", "dx", "finite", "reverse"}


@pytest.mark.parametrize("kind", [BilinearUp2d, BilinearDown2d])
def test_the_output_is_new_and_keeps_the_type(kind):
    x = draw(2, 4, 6, 3).astype("float32")
    for a in (x, x.swapaxes(1, 2), x[..., ::2], x[:, ::-1]):
        before = a.copy()
        y = forward(kind(), a)
        assert y.dtype == "float32" and y.flags.c_contiguous
        assert np.array_equal(a, before) and not np.shares_memory(y, a)


# Names and refusals


def test_what_is_written():
    assert repr(BilinearUp2d()) == "BilinearUp2d()"
    net = Net(Sequential(BilinearDown2d(), BilinearUp2d()), (6, 8, 3))
    assert net.out_shape == (6, 8, 3) and net.parameters() == {}


@pytest.mark.parametrize("shape", [(5, 4, 2), (4, 5, 2), (1, 1, 3)])
def test_an_odd_side_has_no_half(shape):
    with pytest.raises(tg.ShapeError) as e:
        Net(BilinearDown2d(), shape)
    assert (
        str(e.value) == f"BilinearDown2d() expects images with even sides, got {shape}"
    )


@pytest.mark.parametrize("kind", [BilinearUp2d, BilinearDown2d])
@pytest.mark.parametrize("shape", [(4,), (4, 4), (2, 4, 4, 3)])
def test_what_is_no_image(kind, shape):
    with pytest.raises(tg.ShapeError, match=r"expects images \(H, W, C\), got"):
        Net(kind(), shape)


# PyTorch


def test_pytorch_says_the_same():
    """A convolution of every channel, and its adjoint, with the filter as a whole."""
    torch = pytest.importorskip("torch")
    F, C = torch.nn.functional, 3
    kernel = torch.tensor(np.tile(FILTER, (C, 1, 1, 1)))

    def up(x):
        """The transposed convolution is the adjoint of the one below."""
        return F.conv_transpose2d(x, 4 * kernel, stride=2, padding=1, groups=C)

    def down(x):
        return F.conv2d(x, kernel, stride=2, padding=1, groups=C)

    x = draw(2, 6, 8, C)
    for layer, f in ((BilinearUp2d(), up), (BilinearDown2d(), down)):
        net = Net(layer, x.shape[1:], dtype="float64")
        y, cache = net.forward(x)
        dy = draw(*y.shape, seed=1)
        x_t = torch.tensor(np.moveaxis(x, -1, 1), requires_grad=True)
        y_t = f(x_t)
        (dx_t,) = torch.autograd.grad(y_t, x_t, torch.tensor(np.moveaxis(dy, -1, 1)))
        for a, b in ((y, y_t), (net.backward(dy, cache), dx_t)):
            b = np.moveaxis(b.detach().numpy(), 1, -1)
            assert relative(a - b, b) <= 1e-14

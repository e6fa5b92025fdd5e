"""Windows as views of the rows of an image, against im2col: the same maps."""

import numpy as np
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from maps import assert_same_map

import tinygan as tg
from tinygan.check import check_layer
from tinygan.fast import rows
from tinygan.fast.interleaved import Interleaved
from tinygan.fast.rows import Rows
from tinygan.fast.scheme import Windows
from tinygan.layers.correlation import Correlation, correlation

few, sides = st.integers(1, 3), st.integers(1, 12)


@given(
    st.tuples(sides, sides),
    st.tuples(st.integers(2, 5), st.integers(2, 5)),
    st.tuples(st.integers(0, 4), st.integers(0, 4)),
    st.tuples(st.integers(1, 5), few, few),
    st.sampled_from([1, 400, 1 << 16]),
    st.integers(0, 2**32 - 1),
)
@example((16, 16), (3, 3), (1, 1), (3, 2, 4), 1 << 16, 0)
@example((1, 1), (3, 2), (2, 1), (2, 1, 1), 1 << 16, 0)  # more zeros than pixels
@example((5, 7), (5, 4), (0, 0), (3, 2, 1), 1 << 16, 0)  # a row of outputs
def test_it_is_the_same_map(side, kernel, pad, numbers, size, seed):
    """y, dx and dW, alone and together, for chunks of any number of samples."""
    (H, W), (kh, kw), (ph, pw), (N, C_in, C_out) = side, kernel, pad, numbers
    assume(ph < kh and pw < kw and H + 2 * ph >= kh and W + 2 * pw >= kw)
    rng = np.random.default_rng(seed)
    how = rng.standard_normal((kh, kw, C_in, C_out)), (H, W, C_in), (1, 1), pad
    plain, fast = Correlation(*how), Rows(*how)
    fast.size = size
    assert_same_map(plain, fast, N, rng)


def test_the_windows_are_views():
    """Row i of matrix r of V_u is row u of window r + 3 i, and begins at that place."""
    x = np.arange(1.0, 36).reshape(1, 5, 7, 1)
    way = Rows(np.zeros((2, 3, 1, 1)), (5, 7, 1), (1, 1), (0, 0))
    V = way.B(x)
    assert V.shape == (2, 3, 9, 3) and V.base is not None
    for u in range(2):
        for j in range(3 * 9):
            oh, ow = divmod(j, 7)
            if ow < 5 and oh < 4:  # others reach into the next row
                assert np.array_equal(V[u, j % 3, j // 3], x[0, oh + u, ow : ow + 3, 0])


def test_rows_and_samples_share_the_zeros_between_them():
    way = Rows(np.zeros((3, 3, 1, 1)), (16, 16, 1), (1, 1), (1, 1))
    assert (way.height, way.width) == (17, 17)


def taken(shape, W_shape, stride=(1, 1), pad=(1, 1)) -> type:
    return type(correlation(np.zeros(W_shape), shape, stride, pad))


def test_where_it_is_taken():
    """With a stride of 1, few channels and long rows: the last layers of ProGAN."""
    assert taken((32, 32, 16), (3, 3, 16, 16)) is Rows
    assert taken((16, 16, 32), (3, 3, 32, 32)) is Rows
    assert taken((28, 28, 2), (5, 5, 2, 8), pad=(2, 2)) is Rows
    assert taken((28, 28, 1), (3, 3, 1, 16)) is Windows  # copied along the rows
    assert taken((16, 16, 64), (3, 3, 64, 32)) is Windows
    assert taken((8, 8, 16), (3, 3, 16, 16)) is Windows
    assert taken((32, 32, 16), (1, 1, 16, 3), pad=(0, 0)) is Windows
    assert taken((32, 32, 16), (3, 3, 16, 16), stride=(2, 2)) is Windows
    assert taken((32, 32, 16), (3, 3, 16, 16), pad=(3, 3)) is Windows
    assert taken((1, 64, 8), (1, 3, 8, 8), pad=(0, 1)) is Interleaved


@pytest.mark.parametrize(
    ("layer", "in_shape"),
    [
        (tg.Conv2d(3, 3, pad=1), (5, 6, 2)),
        (tg.ConvTranspose2d(2, 3, pad=1), (4, 5, 3)),
        (tg.Conv2d(2, (2, 3), pad=(0, 2)), (4, 3, 2)),
    ],
)
def test_layers_are_certified(layer, in_shape, monkeypatch):
    monkeypatch.setattr(rows, "LONG", 0)
    found = check_layer(layer, in_shape, batch=3, seed=5)
    assert found
    assert all(row.ok for row in found), [row for row in found if not row.ok]

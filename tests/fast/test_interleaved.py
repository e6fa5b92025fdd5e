"""Interleaved windows against im2col: the same maps, wherever their windows overlap."""

import numpy as np
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from maps import assert_same_map

import tinygan as tg
from tinygan.check import check_layer
from tinygan.fast import interleaved
from tinygan.fast.grouped import GroupedWindows
from tinygan.fast.interleaved import Interleaved
from tinygan.fast.rows import Rows
from tinygan.fast.scheme import Windows
from tinygan.layers.correlation import Correlation, conv_size, correlation

seeds, few = st.integers(0, 2**32 - 1), st.integers(1, 3)
WAVEGAN = {"kernel": 25, "stride": 4, "pad": 11}


@given(
    st.integers(1, 90),
    st.tuples(st.integers(1, 26), st.integers(1, 6), st.integers(0, 30)),
    st.tuples(st.integers(1, 5), few, few),
    st.sampled_from([1, 400, 1 << 18]),
    seeds,
)
@example(64, (25, 4, 11), (3, 1, 2), 1 << 18, 0)  # WaveGAN's
@example(9, (2, 5, 1), (3, 1, 2), 1 << 18, 0)  # gaps: a stride beyond the kernel
@example(3, (4, 1, 30), (3, 1, 2), 1 << 18, 0)  # windows that hold padding alone
@example(11, (3, 4, 0), (2, 2, 1), 1 << 18, 0)  # places that no window reaches
def test_it_is_the_same_map(T, windows, numbers, size, seed):
    """y, dx and dW, alone and together, for chunks of any number of samples."""
    (k, s, p), (N, C_in, C_out) = windows, numbers
    assume(conv_size(T, k, s, p) > 0)
    rng = np.random.default_rng(seed)
    how = rng.standard_normal((1, k, C_in, C_out)), (1, T, C_in), (1, s), (0, p)
    plain, fast = Correlation(*how), Interleaved(*how)
    fast.size = size
    assert_same_map(plain, fast, N, rng)


def test_the_windows_are_views():
    """Row i of the r-th matrix is window r + m i, and no number is copied twice."""
    x = np.arange(1.0, 41).reshape(1, 1, 40, 1)
    way = Interleaved(np.zeros((1, 5, 1, 1)), (1, 40, 1), (1, 2), (0, 0))
    V = way.B(x)
    assert way.m == 3 and V.shape == (3, 6, 5) and V.base is not None
    for r in range(3):
        for i in range(6):
            start = 2 * (r + 3 * i)
            assert np.array_equal(V[r, i], x[0, 0, start : start + 5, 0])


def test_two_samples_share_the_zeros_between_them():
    """64 places are 16 outputs, whose windows reach over 22 blocks: 2 of zeros before
    the data, and 3 after them, of which 2 are those before the next sample.
    """
    way = Interleaved(np.zeros((1, 25, 1, 1)), (1, 64, 1), (1, 4), (0, 11))
    assert way.places == (1, 16) and way.pitch == 20


def taken(shape, W_shape, stride=(1, 4), pad=(0, 11)) -> type:
    return type(correlation(np.zeros(W_shape), shape, stride, pad))


def test_where_it_is_taken():
    """Along one axis, where windows overlap and are many: WaveGAN's layers."""
    assert taken((1, 4096, 1), (1, 25, 1, 16)) is Interleaved
    assert taken((1, 112, 8), (1, 25, 8, 16)) is Interleaved
    assert taken((1, 64, 64), (1, 25, 64, 128)) is Windows  # 16 outputs
    assert taken((1, 64, 8), (1, 3, 8, 8), (1, 1), (0, 1)) is Interleaved
    assert taken((1, 64, 8), (1, 4, 8, 8), (1, 4), (0, 0)) is Windows  # no overlap
    assert taken((64, 64, 8), (1, 3, 8, 8), (1, 1), (0, 1)) is Windows
    assert taken((1, 64, 8), (3, 3, 8, 8), (1, 1), (1, 1)) is Rows
    assert taken((1, 64, 8), (1, 3, 8, 8), (1, 1), (1, 1)) is Windows  # three rows
    assert taken((1, 4096, 4), (1, 25, 2, 16)) is GroupedWindows


@pytest.mark.parametrize(
    ("layer", "in_shape"),
    [(tg.Conv1d(3, **WAVEGAN), (48, 2)), (tg.ConvTranspose1d(2, **WAVEGAN), (9, 3))],
)
def test_layers_are_certified(layer, in_shape, monkeypatch):
    monkeypatch.setattr(interleaved, "LONG", 0)
    rows = check_layer(layer, in_shape, batch=3, seed=5)
    assert rows
    assert all(row.ok for row in rows), [row for row in rows if not row.ok]

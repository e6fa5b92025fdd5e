"""Phase shuffle against the slices of its definition, its draws, and its passes."""

import itertools
import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_augment import penalty_error, within

import tinygan as tg
from tinygan import (
    DRAGAN,
    R1,
    WGANGP,
    Conv1d,
    Dense,
    Flatten,
    Net,
    PhaseShuffle,
    Sequential,
    Tanh,
)
from tinygan.check import check_layer, relative
from tinygan.layers.augment import shifted
from tinygan.layers.shuffle import reflected

seeds = st.integers(0, 2**32 - 1)


def draw(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape)


@st.composite
def lengths(draw):
    """(n, T) with T > n."""
    n = draw(st.integers(0, 4))
    return n, n + draw(st.integers(1, 5))


def network(n, in_shape, seed=0) -> Net:
    return Net(PhaseShuffle(n), in_shape, seed=seed, dtype="float64")


def by_padding(x, a: int):
    """One sequence (T, C), as the code of WaveGAN shifts it: padded by its reflection
    at one end, and cut at the other.
    """
    T = len(x)
    left, right = max(a, 0), max(-a, 0)
    return np.pad(x, ((left, right), (0, 0)), mode="reflect")[right : right + T]


# The map


@given(lengths(), st.integers(1, 3), seeds)
def test_each_sequence_is_padded_and_cut(sizes, C, seed):
    n, T = sizes
    x = draw(4, T, C, seed=seed)
    y, (a,) = network(n, (T, C), seed).forward(x)
    assert a.shape == (4,) and np.abs(a).max() <= n
    for ours, before, shift in zip(y, x, a, strict=True):
        assert np.array_equal(ours, by_padding(before, shift))


def test_what_it_does_to_six_places():
    x = np.arange(6.0)[:, None]
    layer = PhaseShuffle(2)
    y = layer.linear_change(np.stack([x, x, x]), np.array([2, 0, -1]))
    rows = [2, 1, 0, 1, 2, 3], [0, 1, 2, 3, 4, 5], [1, 2, 3, 4, 5, 4]
    assert np.array_equal(y[..., 0], rows)


@pytest.mark.parametrize("T", [1, 2, 5])
def test_reflections(T):
    """0 1 2 3 4 3 2 1 0 1 ..., to both sides."""
    wave = [*range(T), *range(T - 2, 0, -1)] or [0]
    i = np.arange(1 - T, 2 * T - 1)
    assert [wave[k % len(wave)] for k in i] == reflected(i, T).tolist()


@given(lengths(), st.integers(1, 2), seeds)
def test_the_adjoint_is_the_transposed_matrix(sizes, C, seed):
    """A is written out for each sample: what it makes of the basis sequences."""
    n, T = sizes
    net = network(n, (T, C), seed)
    N = 3
    _, cache = net.forward(np.zeros((N, T, C)))
    A = np.zeros((N, T * C, T * C))
    for i in range(T * C):
        unit = np.zeros((N, T * C))
        unit[:, i] = 1
        A[:, :, i] = net.tangent(unit.reshape(N, T, C), cache)[0].reshape(N, -1)
    dy = draw(N, T, C, seed=seed)
    expected = np.einsum("nij,ni->nj", A, dy.reshape(N, -1))
    dx = net.backward(dy, cache).reshape(N, -1)
    assert relative(dx - expected, expected) <= 1e-15
    assert np.array_equal(A.sum(axis=2), np.ones((N, T * C)))  # one place each
    assert np.isclose(dx.sum(), dy.sum())  # so all of dy arrives


@given(lengths(), st.integers(1, 4), st.integers(1, 4), seeds)
def test_every_pass_is_certified(sizes, C, batch, seed):
    n, T = sizes
    rows = check_layer(PhaseShuffle(n), (T, C), batch, seed, effort="plain")
    assert all(row.ok for row in rows), rows


def test_another_draw_in_backward_is_caught():
    class Redrawn(PhaseShuffle):
        def adjoint(self, dy, cache):
            rng = np.random.default_rng(int(1e6 * abs(dy.sum())))
            return self.adjoint_change(dy, *self.draw(rng, *dy.shape))

    rows = {row.quantity: row for row in check_layer(Redrawn(3), (8, 2), batch=4)}
    assert not rows["dx"].ok and rows["dx"].error > 1e-3


def test_an_adjoint_without_the_reflection_is_caught():
    class Lost(PhaseShuffle):
        def adjoint_change(self, dy, a):
            return shifted(dy[:, :, None], -a, 0 * a)[:, :, 0]

    rows = {row.quantity: row for row in check_layer(Lost(3), (8, 2), batch=4)}
    assert not rows["dx"].ok and rows["dx"].error > 1e-3


# The draws


@pytest.mark.parametrize("n", [1, 2, 5])
def test_shifts_are_uniform(n):
    (a,) = PhaseShuffle(n).draw(np.random.default_rng(0), 20_000, 16, 3)
    within(Counter(a.tolist()), range(-n, n + 1), 20_000)


def test_all_channels_are_shifted_alike_and_the_samples_apart():
    t = np.arange(20.0)
    x = np.stack([t, 100 + t], axis=1)[None].repeat(400, axis=0)
    y, (a,) = network(4, (20, 2)).forward(x)
    assert np.array_equal(y[..., 1], 100 + y[..., 0])
    assert len(set(a.tolist())) == 9
    pairs = np.corrcoef(a[:-1], a[1:])[0, 1]
    assert abs(pairs) <= 5 / math.sqrt(400)


def test_the_draws_come_from_the_state():
    x = draw(6, 32, 2).astype("float32")
    net = Net(PhaseShuffle(8), (32, 2), seed=6)
    state = net.state()
    first, second = net.forward(x)[0], net.forward(x)[0]
    assert first.dtype == np.float32 and not np.array_equal(first, second)
    assert net.state()[".draws"] == state[".draws"] + 2
    net.load_state(state)
    assert np.array_equal(net.forward(x)[0], first)
    assert np.array_equal(net.forward(x)[0], second)
    twin = network(8, (32, 2), seed=6)
    assert np.array_equal(twin.forward(x.astype(float))[0], first)
    other = Net(PhaseShuffle(8), (32, 2), seed=7)
    assert not np.array_equal(other.forward(x)[0], first)


def test_the_other_layers_weights_do_not_change():
    def critic(*middle):
        return Sequential(Conv1d(3, 5, 2, 2), *middle, Flatten(), Dense(1))

    with_it, without = (
        Net(critic(*middle), (16, 1), seed=4) for middle in ([PhaseShuffle(2)], [])
    )
    assert np.array_equal(with_it.theta, without.theta)
    assert sorted(with_it.state()) == ["1_PhaseShuffle.draws", "1_PhaseShuffle.seed"]


def test_evaluation_is_the_identity():
    net = network(3, (8, 2))
    x, dy = draw(2, 4, 8, 2)
    before = net.state()
    y, cache = net.forward(x, train=False)
    assert np.array_equal(y, x) and net.state() == before
    assert np.array_equal(net.backward(dy, cache), dy)
    assert np.array_equal(net.tangent(x, cache)[0], x)


def test_nothing_is_shifted_by_at_most_nothing():
    x = draw(4, 3, 2)
    assert np.array_equal(network(0, (3, 2)).forward(x)[0], x)


# In a critic


@pytest.mark.parametrize("penalty", [R1(2.0), WGANGP(2.0), DRAGAN(2.0)], ids=repr)
def test_a_penalty_goes_through_it(penalty):
    """P of given draws, by the complex step; each forward pass has draws of its own."""
    layers = Conv1d(3, 5, 2, 2), Tanh(), PhaseShuffle(2), Conv1d(4, 3), Tanh()
    tree = Sequential(*layers, PhaseShuffle(1), Flatten(), Dense(1))
    D = Net(tree, (16, 2), seed=1, dtype="float64")
    real, fake = draw(2, 5, 16, 2)
    assert penalty_error(penalty, D, real, fake) <= 1e-12


def test_one_batch_is_never_seen_twice_alike():
    """Real, generated and x_hat have shifts of their own; the passes of one do not."""
    net = network(3, (12, 1), seed=2)
    x = draw(1, 12, 1).repeat(6, axis=0)
    passes = [net.forward(x) for _ in range(4)]
    pairs = itertools.combinations([y for y, _ in passes], 2)
    assert not any(np.array_equal(y, other) for y, other in pairs)
    for y, cache in passes:
        assert np.array_equal(net.tangent(x, cache)[0], y)


# Refused


@pytest.mark.parametrize("in_shape", [(4, 2), (1, 2), (6,), (8, 8, 2), ()])
def test_a_sequence_that_is_too_short_is_refused(in_shape):
    words = r"PhaseShuffle\(4\) expects sequences \(T, C\) with T > 4, got "
    with pytest.raises(tg.ShapeError, match=words):
        Net(PhaseShuffle(4), in_shape)
    assert Net(PhaseShuffle(4), (5, 2)).out_shape == (5, 2)


def test_a_pair_is_refused():
    with pytest.raises(tg.ShapeError, match="expects an array of numbers"):
        Net(PhaseShuffle(1), ((8, 1), (8, 1)))

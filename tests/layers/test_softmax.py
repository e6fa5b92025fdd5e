"""Softmax and its random version: their passes, their draws, and the gradient of a
straight-through choice, which is no derivative.
"""

import itertools
import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_augment import penalty_error, within
from test_derivatives import certify, float32_errors

import tinygan as tg
from tinygan import R1, WGANGP, Dense, Flatten, GumbelSoftmax, Net, Sequential, Softmax
from tinygan.check import check_layer
from tinygan.check.ranks import together
from tinygan.group import Group
from tinygan.layers.softmax import one_hot_of_largest, softmax
from tinygan.rng import generator
from tinygan.runs.sampling import Piece

seeds = st.integers(0, 2**32 - 1)
shapes = st.lists(st.integers(1, 4), min_size=1, max_size=3).map(tuple)
temperatures = st.floats(0.2, 5)


def draw(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape)


def network(layer, in_shape, seed=0) -> Net:
    return Net(layer, in_shape, seed=seed, dtype="float64")


class Ranked(Group):
    """A rank with a key of its own."""

    key = (5,)


# The formula


@given(shapes, seeds)
def test_softmax_is_its_formula(in_shape, seed):
    x = 3 * draw(2, *in_shape, seed=seed)
    y, _ = network(Softmax(), in_shape).forward(x)
    V = in_shape[-1]
    for row, found in zip(x.reshape(-1, V), y.reshape(-1, V), strict=True):
        total = sum(math.exp(a) for a in row)
        assert np.allclose(found, [math.exp(a) / total for a in row], rtol=1e-14)


def test_no_size_of_logits_overflows():
    y, _ = network(Softmax(), (3,)).forward(np.array([[1e300, -1e300, 0], [9e4] * 3]))
    assert np.array_equal(y, [[1, 0, 0], [1 / 3] * 3])


def test_what_the_noise_of_the_state_makes():
    """y = softmax((x + g) / tau), the g drawn again from the key."""
    x, net = draw(4, 5, 3), network(GumbelSoftmax(0.7), (5, 3), seed=2)
    state = net.tree.state
    for i in range(3):
        y, _ = net.forward(x)
        g = generator(state["seed"], i).gumbel(size=x.shape)
        assert np.array_equal(y, softmax((x + g) / 0.7))
    assert state["draws"] == 3


@pytest.mark.parametrize("tau", [0.1, 1.0, 10.0])
def test_the_largest_is_a_draw_from_the_softmax(tau):
    """The Gumbel-max theorem, for any tau: v has the probability softmax(x)_v."""
    p, N = np.array([0.5, 0.2, 0.2, 0.1]), 40_000
    x = np.broadcast_to(np.log(p) + 3, (N, 4))  # a constant in x changes nothing
    y, _ = network(GumbelSoftmax(tau), (4,), seed=1).forward(x)
    counts = np.bincount(y.argmax(axis=1), minlength=4)
    spread = np.sqrt(N * p * (1 - p))
    assert (np.abs(counts - N * p) <= 4 * spread).all()


def test_all_places_draw_apart():
    x = np.zeros((30_000, 2, 3))
    y, _ = network(GumbelSoftmax(), (2, 3), seed=3).forward(x)
    pairs = Counter(map(tuple, y.argmax(axis=2).tolist()))
    within(pairs, [*itertools.product(range(3), repeat=2)], 30_000)


# The passes


@given(shapes, st.integers(1, 3), seeds)
def test_softmax_is_certified(in_shape, batch, seed):
    certify(Softmax(), in_shape, batch, seed)


@given(temperatures, shapes, st.integers(1, 3), seeds)
def test_gumbel_softmax_is_certified(tau, in_shape, batch, seed):
    certify(GumbelSoftmax(tau), in_shape, batch, seed, tame=tau > 0.5)


@pytest.mark.parametrize("layer", [Softmax(), GumbelSoftmax(0.5)], ids=repr)
@pytest.mark.parametrize("train", [True, False], ids=["train", "eval"])
def test_float32_agrees_with_float64(layer, train):
    assert max(float32_errors(layer, (32, 28), train).values()) <= 1e-5


def test_a_jacobian_that_forgets_the_other_rows_is_caught():
    class Diagonal(Softmax):
        def backward(self, dy, cache, param_grads=True):
            (y,) = cache
            return y * (1 - y) * dy

    rows = {row.quantity: row for row in check_layer(Diagonal(), (3, 4))}
    assert not rows["dx"].ok and rows["dx"].error > 1e-2


def test_a_temperature_forgotten_in_backward_is_caught():
    class Cold(GumbelSoftmax):
        def _scaled(self, v):
            return v

    rows = {row.quantity: row for row in check_layer(Cold(0.5), (3, 4))}
    assert not rows["dx"].ok and not rows["reverse"].ok


@pytest.mark.parametrize("tau", [None, 0.5, 2.0])
def test_pytorch_agrees(tau):
    torch = pytest.importorskip("torch")
    from test_torch import check_passes

    layer = Softmax() if tau is None else GumbelSoftmax(tau)

    def f(x):
        if tau is None:
            return torch.softmax(x, dim=-1)
        g = generator(layer.state["seed"], 0).gumbel(size=tuple(x.shape))
        return torch.softmax((x + torch.tensor(g)) / tau, dim=-1)

    check_passes(layer, (4, 5), f)


@pytest.mark.parametrize("penalty", [R1(2.0), WGANGP(2.0)], ids=repr)
def test_a_penalty_goes_through_it(penalty):
    tree = Sequential(Dense(4), Softmax(), Flatten(), Dense(5), Softmax(), Dense(1))
    D = Net(tree, (3, 2), seed=1, dtype="float64")
    real, fake = draw(2, 5, 3, 2)
    assert penalty_error(penalty, D, real, fake) <= 1e-12


# The state


def test_the_draws_come_from_the_state():
    x = draw(6, 4, 3).astype("float32")
    net = Net(GumbelSoftmax(), (4, 3), seed=6)
    state = net.state()
    first, second = net.forward(x)[0], net.forward(x)[0]
    assert first.dtype == np.float32 and not np.array_equal(first, second)
    net.load_state(state)
    assert np.array_equal(net.forward(x)[0], first)
    assert np.array_equal(net.forward(x)[0], second)
    twin = network(GumbelSoftmax(), (4, 3), seed=6)
    assert np.abs(twin.forward(x.astype(float))[0] - first).max() < 1e-6
    other = Net(GumbelSoftmax(), (4, 3), seed=7)
    assert not np.array_equal(other.forward(x)[0], first)


def test_evaluation_draws_too_and_always_the_same():
    net = network(GumbelSoftmax(straight_through=True), (40, 3), seed=1)
    x = np.zeros((50, 40, 3))
    y, _ = net.forward(x, train=False)
    assert net.state()[".draws"] == 0
    trained, _ = net.forward(x)
    assert np.array_equal(net.forward(x, train=False)[0], y)
    assert 0.2 < (y == trained).all(axis=2).mean() < 0.47  # 1/3 by chance
    within(Counter(y.argmax(axis=2).ravel().tolist()), range(3), 2000)


def test_the_other_layers_weights_do_not_change():
    with_it, without = (
        Net(Sequential(Dense(4), *end), (3,), seed=4)
        for end in ([GumbelSoftmax()], [Softmax()])
    )
    assert np.array_equal(with_it.theta, without.theta)


def test_ranks_draw_apart_in_training_and_share_the_whole_in_evaluation():
    net = network(GumbelSoftmax(), (30,), seed=5)
    x = np.zeros((7, 30))
    whole, _ = net.forward(x, train=False)

    def work(train):
        def of(rank):
            part = net.part(rank, np.zeros_like(net.grad))
            rows = slice(0, 3) if rank.rank == 0 else slice(3, 7)
            return part.forward(x[rows], train)[0]

        return np.concatenate(together(2, of))

    assert np.array_equal(work(False), whole)
    y = work(True)
    assert len(np.unique(y.round(9), axis=0)) == 7


@pytest.mark.parametrize("size", [1, 3, 7])
def test_pieces_of_a_batch_have_the_noise_of_the_whole(size):
    """Each sample knows its place, so it has noise of its own in any piece."""
    net, x = network(GumbelSoftmax(), (2, 5), seed=5), np.zeros((7, 2, 5))
    whole, _ = net.forward(x, train=False)
    assert len(np.unique(whole.reshape(-1, 5).round(9), axis=0)) == 14
    for i in range(0, 7, size):
        net.tree.group = Piece(i, 7)
        y, _ = net.forward(x[i : i + size], train=False)
        assert np.array_equal(y, whole[i : i + size])
    assert Piece(3, 7).place(2) == (slice(3, 5), 7)


def test_evaluation_repeats_no_noise_of_training():
    net, x = network(GumbelSoftmax(), (200,), seed=5), np.zeros((20, 200))
    part = net.part(Ranked(), np.zeros_like(net.grad))
    found = [
        f.forward(x, train)[0] for train in (True, True, False) for f in (net, part)
    ]
    rows = np.concatenate([y.round(9) for y in found[:-1]])
    assert np.array_equal(found[-1], found[-2])
    assert len(np.unique(rows, axis=0)) == len(rows)


# Straight through


def pair(tau=0.6, seed=3):
    """The soft layer and the straight-through one, with the same noise."""
    return [network(GumbelSoftmax(tau, hard), (4, 3), seed) for hard in (False, True)]


def test_straight_through_is_a_choice_with_the_gradient_of_the_soft_one():
    (soft, hard), x, dy = pair(), draw(5, 4, 3), draw(5, 4, 3, seed=1)
    (y, cache), (choice, hard_cache) = soft.forward(x), hard.forward(x)
    assert np.array_equal(choice, one_hot_of_largest(y))
    assert set(choice.ravel()) == {0, 1} and (choice.sum(axis=2) == 1).all()
    assert np.array_equal(soft.backward(dy, cache), hard.backward(dy, hard_cache))
    _, soft_dot = soft.tangent(x, cache)
    _, hard_dot = hard.tangent(x, hard_cache)
    found = hard.tangent_backward(dy, dy, hard_cache, hard_dot)
    expected = soft.tangent_backward(dy, dy, cache, soft_dot)
    assert all(map(np.array_equal, found, expected))


def test_the_check_refuses_it_because_its_slope_is_zero():
    rows = {row.quantity: row for row in check_layer(GumbelSoftmax(1.0, True), (3, 4))}
    wrong = {quantity for quantity, row in rows.items() if not row.ok}
    assert wrong == {"dx", "tangent", "reverse", "finite"}
    assert "it should be 0" in rows["dx"].note
    assert rows["contract"].ok and rows["adjoint"].ok


def mean_gradient(layer, x, slope, N=60_000):
    """The mean and the standard error of dx over N draws at one row x (V,), where
    slope(y) is the gradient of a loss at y (N, V).
    """
    net = network(layer, x.shape, seed=8)
    y, cache = net.forward(np.broadcast_to(x, (N, len(x))))
    dx = net.backward(slope(y), cache)
    return dx.mean(axis=0), dx.std(axis=0) / math.sqrt(N)


def test_a_linear_loss_leaves_no_bias_for_a_small_temperature():
    """d/dx E[<c, y>] = J c, and the soft y is nearer to a one-hot row as tau falls."""
    x, c = np.array([0.5, 0.0, -0.7]), np.array([1.0, -2.0, 0.5])
    p = softmax(x)
    right = p * (c - p @ c)
    bias = []
    for tau in (2.0, 0.5, 0.1):
        found, error = mean_gradient(
            GumbelSoftmax(tau, True), x, lambda y: np.broadcast_to(c, y.shape)
        )
        bias.append(np.linalg.norm(found - right))
    assert bias[0] > bias[1] > bias[2]
    assert bias[0] > 0.3 * np.linalg.norm(right)
    assert (np.abs(found - right) <= 5 * error + 0.02).all()


def test_the_limit_of_a_small_temperature_is_a_trapezoid():
    """Between two choices the right gradient is p_1 p_2 (L(e_1) - L(e_2)). A small tau
    has the mean of L's slopes at both ends in place of the difference. That is right
    for a square, and 3/2 of it for a cube. The soft y has no such bias.
    """
    x = np.array([0.8, 0.0])
    p = softmax(x)
    right = p[0] * p[1] * np.array([1, -1])
    for power, factor in ((2, 1.0), (3, 1.5), (1, 1.0)):

        def slope(y, power=power):
            return power * y ** (power - 1) * np.array([1, 0])

        found, error = mean_gradient(GumbelSoftmax(0.05, True), x, slope)
        assert (np.abs(found - factor * right) <= 5 * error).all()
        assert error.max() < 0.02
        found, error = mean_gradient(GumbelSoftmax(0.05), x, slope)
        assert (np.abs(found - right) <= 5 * error).all()


@pytest.mark.parametrize("seed", range(8))
def test_the_mean_points_uphill_of_a_linear_loss(seed):
    x, c = draw(2, 4, seed=seed)
    p = softmax(x)
    right = p * (c - p @ c)
    found, _ = mean_gradient(
        GumbelSoftmax(1.0, True), x, lambda y: np.broadcast_to(c, y.shape), 4000
    )
    cosine = found @ right / np.linalg.norm(found) / np.linalg.norm(right)
    assert cosine > 0.8


# Refused


@pytest.mark.parametrize("tau", [0, -1, math.nan, math.inf, "1", True])
def test_a_temperature_that_cannot_be_is_refused(tau):
    with pytest.raises(tg.InputError, match=r"GumbelSoftmax expects .*tau > 0, got "):
        GumbelSoftmax(tau)


@pytest.mark.parametrize("kind", [Softmax, GumbelSoftmax])
def test_a_single_number_has_no_last_axis(kind):
    with pytest.raises(tg.ShapeError, match=r"expects inputs \(..., V\), got \(\)"):
        Net(kind(), ())
    with pytest.raises(tg.ShapeError, match="expects an array of numbers"):
        Net(kind(), ((2,), (3,)))


def test_names():
    assert repr(GumbelSoftmax(0.5, True)) == "GumbelSoftmax(0.5, straight_through=True)"
    assert repr(GumbelSoftmax()) == "GumbelSoftmax(1)"

"""Masks and shifts: what an output sees, and what it does not, is exact.

The Jacobian of an autoregressive network is strictly triangular in its order of places.
Its other entries are 0.0 here, not small. And every entry that is allowed is there:
an output that cannot see an earlier pixel has a blind spot.
"""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinygan as tg
from tinygan import (
    MADE,
    Branch,
    CausalConv2d,
    Concat,
    Conv2d,
    Coordinates,
    Gate,
    GatedBlock,
    Identity,
    MaskedDense,
    Net,
    Pick,
    PixelCNN,
    Sequential,
    Shift,
    Tanh,
)
from tinygan.check import check_layer, relative
from tinygan.check.adapters import Cut
from tinygan.group import ALONE
from tinygan.layers import masked
from tinygan.layers.correlation import correlation
from tinygan.likelihood import Bernoulli, Categorical, log_likelihood

seeds = st.integers(0, 2**32 - 1)
few = st.integers(1, 4)


def network(tree, in_shape, seed=0) -> Net:
    """A float64 network with every parameter drawn anew: no bias is 0."""
    net = Net(tree, in_shape, dtype="float64")
    rng = np.random.default_rng(seed)
    net.theta[...] += 0.5 * rng.standard_normal(net.theta.shape)
    return net


# The forward passes, against their definitions


@given(few, few, st.lists(few, max_size=1), st.booleans(), seeds)
def test_masked_dense_by_loops(n_in, n_out, front, bias, seed):
    rng = np.random.default_rng(seed)
    M = rng.random((n_in, n_out)) < 0.5
    net = network(MaskedDense(M, bias=bias), (*front, n_in), seed)
    x = rng.standard_normal((2, *front, n_in))
    y, _ = net.forward(x)
    for place in np.ndindex(y.shape):
        j, row = place[-1], x[place[:-1]]
        expected = net.tree.b[j] if bias else 0.0
        expected += sum(row[i] * net.tree.W[i, j] for i in range(n_in) if M[i, j])
        assert y[place] == pytest.approx(expected, abs=1e-13)


@st.composite
def causal_axes(draw):
    """(size, kernel, before) of one axis."""
    k = draw(st.integers(1, 4))
    return draw(st.integers(1, 5)), k, draw(st.integers(0, k - 1))


@given(causal_axes(), causal_axes(), few, few, seeds)
def test_causal_conv_by_loops(rows, columns, C_in, C_out, seed):
    size, kernel, before = zip(rows, columns, strict=True)
    net = network(CausalConv2d(C_out, kernel, before), (*size, C_in), seed)
    x = np.random.default_rng(seed).standard_normal((2, *size, C_in))
    y, _ = net.forward(x)
    expected = np.zeros((2, *size, C_out)) + net.tree.b
    for i, j, u, v in np.ndindex(*size, *kernel):
        a, b = i + u - before[0], j + v - before[1]
        if 0 <= a < size[0] and 0 <= b < size[1]:
            expected[:, i, j] += x[:, a, b] @ net.tree.W[u, v]
    assert relative(y - expected, expected) <= 1e-13


def test_coordinates_by_loops():
    """The centres of H x W equal pixels that fill the square from -1 to 1."""
    x = np.random.default_rng(0).standard_normal((2, 3, 4, 2))
    y, _ = network(Coordinates(), (3, 4, 2)).forward(x)
    assert np.array_equal(y[..., :2], x)
    for n, i, j in np.ndindex(2, 3, 4):
        place = (-2 / 3, 0, 2 / 3)[i], (-0.75, -0.25, 0.25, 0.75)[j]
        assert y[n, i, j, 2:] == pytest.approx(place, abs=1e-15)
    y, _ = network(Coordinates(), (1, 1, 1)).forward(x[:, :1, :1, :1])
    assert not y[..., 1:].any()


@given(st.integers(0, 5), st.integers(0, 5), seeds)
def test_shift_by_loops(a, b, seed):
    x = np.random.default_rng(seed).standard_normal((2, 3, 4, 2))
    y, _ = network(Shift(a, b), (3, 4, 2)).forward(x)
    for n, i, j, c in np.ndindex(y.shape):
        inside = i >= a and j >= b
        assert y[n, i, j, c] == (x[n, i - a, j - b, c] if inside else 0)


def test_gate_is_its_definition():
    x = np.random.default_rng(0).standard_normal((3, 2, 5, 6)) * 4
    y, _ = network(Gate(), (2, 5, 6)).forward(x)
    expected = np.tanh(x[..., :3]) / (1 + np.exp(-x[..., 3:]))
    assert relative(y - expected, expected) <= 1e-15


def test_a_gated_block_is_its_definition():
    block = GatedBlock(3, 5)
    net = network(Sequential(Cut(3), block, Concat()), (6, 7, 6))
    v, h = np.random.default_rng(1).standard_normal((2, 2, 6, 7, 3))
    y, _ = net.forward(np.concatenate([v, h], axis=-1))

    def gate(a):
        return np.tanh(a[..., :3]) / (1 + np.exp(-a[..., 3:]))

    new_v = gate(block.V.forward(v)[0])
    z = gate(block.H.forward(h)[0] + new_v @ block.U.W[0, 0])
    assert block.V.kernel == (3, 5) and block.H.kernel == (1, 3)
    assert relative(y[..., :3] - new_v, new_v) <= 1e-14
    new_h = h + z @ block.P.W[0, 0] + block.P.b
    assert relative(y[..., 3:] - new_h, new_h) <= 1e-14


LAYERS = [
    (MaskedDense([[1, 0, 1], [0, 0, 1]]), (2,)),
    (MaskedDense([[1, 0, 1], [1, 0, 1]], bias=False), (4, 2)),
    (MADE([5, 4]), (6,)),
    (MADE([3], direct=False), (3, 2)),
    (Shift(1, 2), (4, 3, 2)),
    (Shift(4, 0), (3, 3, 1)),
    (Coordinates(), (3, 4, 2)),
    (CausalConv2d(3, (2, 3), before=(1, 1)), (4, 5, 2)),
    (CausalConv2d(2, (1, 3), before=(0, 2), bias=False), (3, 4, 2)),
    (Gate(), (6,)),
    (Gate(), (3, 2, 4)),
    (Sequential(Cut(2), GatedBlock(2), Concat()), (4, 3, 4)),
    (Sequential(Cut(1), GatedBlock(2, 5, residual=False), Concat()), (3, 4, 2)),
    (PixelCNN(2, 2), (3, 4, 1)),
]


@pytest.mark.parametrize(("layer", "in_shape"), LAYERS, ids=repr)
def test_every_pass_is_certified(layer, in_shape):
    rows = {r.quantity: r for r in check_layer(layer, in_shape, effort="plain")}
    assert all(row.ok for row in rows.values()), rows
    assert max(rows[q].error for q in ("dx", "tangent", "reverse")) <= 1e-11
    assert rows["adjoint"].error <= 1e-12
    if "dtheta" in rows:
        assert rows["dtheta"].error <= 1e-11


# The masks of MADE


def test_degrees_are_spaced_equally():
    assert masked.degrees(4, 5).tolist() == [1, 2, 3, 4]
    assert masked.degrees(6, 4).tolist() == [1, 1, 2, 2, 3, 3]
    assert masked.degrees(3, 7).tolist() == [1, 3, 5]
    assert masked.degrees(2, 1).tolist() == [1, 1]
    for n, D in itertools.product((1, 4, 10, 100), (2, 3, 11)):
        m = masked.degrees(n, D)
        counts = np.bincount(m, minlength=D)[1:]
        assert counts.sum() == n and counts.size == D - 1  # 1 to D - 1
        assert np.ptp(counts) <= 1 and (np.diff(m) >= 0).all()


def test_masks_are_those_of_the_paper():
    """Eq. 12 and 13 of Germain et al."""
    M = masked.up_to(np.array([1, 2, 3]), np.array([1, 2, 2]))
    assert M.astype(int).tolist() == [[1, 1, 1], [0, 1, 1], [0, 0, 0]]
    M = masked.below(np.array([1, 2, 2]), np.array([1, 2, 3]))
    assert M.astype(int).tolist() == [[0, 1, 1], [0, 0, 1], [0, 0, 1]]


def test_weights_begin_with_the_variance_of_the_inputs_that_are_seen():
    n = np.array([1, 10, 100, 400])
    mask = np.arange(400)[:, None] < n
    tree = MaskedDense(np.repeat(mask, 200, axis=1))
    net = Net(tree, (400,), dtype="float64")
    columns = net.tree.W.reshape(400, 4, 200)
    assert np.allclose(columns.var(axis=(0, 2)) * n, 2, rtol=0.02)


# The Jacobian of a whole network


def jacobian(net, x):
    """J[d, e] = ds_d / dx_e at x, (D, D) for samples of D numbers, from dx."""
    D = x.size
    y, cache = net.forward(np.repeat(x[None], D, axis=0), train=False)
    dx = net.backward(np.eye(D).reshape(y.shape), cache, param_grads=False)
    return dx.reshape(D, D)


def seen(net):
    """sees[d, e]: does s_d depend on x_e, anywhere? At six random x."""
    x = np.random.default_rng(0).standard_normal((6, *net.in_shape))
    return np.any([jacobian(net, one) != 0.0 for one in x], axis=0)


def earlier(in_shape):
    """earlier[d, e]: is the place of x_e before the place of s_d?"""
    V = in_shape[-1] if len(in_shape) > 1 else 1
    place = np.arange(np.prod(in_shape)) // V
    return place[None, :] < place[:, None]


WHOLE = [
    (MADE([20]), (7,)),
    (MADE([20, 15]), (7,)),
    (MADE([3]), (7,)),  # few units: the direct connections see the rest
    (MADE([20, 30], direct=False), (7,)),
    (MADE([40], direct=False), (3, 3, 1)),
    (MADE([15], direct=False), (5, 3)),
    (MADE([2]), (1,)),
    (PixelCNN(6, 3), (5, 4, 1)),
    (PixelCNN(6, 2), (3, 4, 3)),
    (PixelCNN(4, 1), (1, 4, 1)),
    (PixelCNN(4, 1), (4, 1, 1)),
]


@pytest.mark.parametrize(("tree", "in_shape"), WHOLE, ids=repr)
def test_an_output_sees_every_earlier_place_and_no_other(tree, in_shape):
    net = network(tree, in_shape)
    assert np.array_equal(seen(net), earlier(in_shape))
    x = np.random.default_rng(1).standard_normal(in_shape)
    y, cache = net.forward(np.repeat(x[None], x.size, axis=0))
    y_dot, _ = net.tangent(np.eye(x.size).reshape(y.shape), cache)
    J = jacobian(net, x)
    assert relative(y_dot.reshape(J.shape).T - J, J + 1) <= 1e-13


@pytest.mark.parametrize(("tree", "in_shape"), WHOLE, ids=repr)
def test_a_later_number_changes_no_bit(tree, in_shape):
    net, rng = network(tree, in_shape), np.random.default_rng(2)
    for d in range(0, int(np.prod(in_shape)), 3):
        x = rng.standard_normal((2, *in_shape))
        x[1].ravel()[:d] = x[0].ravel()[:d]
        one, two = net.forward(x)[0].reshape(2, -1)
        place = d // (in_shape[-1] if len(in_shape) > 1 else 1)
        until = (place + 1) * (in_shape[-1] if len(in_shape) > 1 else 1)
        assert np.array_equal(one[:until], two[:until])


def test_few_hidden_units_alone_do_not_see_the_nearest_place():
    """Degrees 1, 3 and 5 of 7: output 5 sees hidden units of the degree 3 and below."""
    sees = seen(network(MADE([3], direct=False), (7,)))
    assert [int(row.sum()) for row in sees] == [0, 1, 1, 3, 3, 5, 5]
    assert not (sees & ~earlier((7,))).any()


def within_reach(H, W, rows, columns, left):
    """The pixels at most `rows` above and `columns` to either side, and in the own row
    the last `left`.
    """
    sees = np.zeros((H, W, H, W), bool)
    for i, j, a, b in np.ndindex(sees.shape):
        above = 0 < i - a <= rows and abs(b - j) <= columns
        sees[i, j, a, b] = above or (a == i and 0 < j - b <= left)
    return sees.reshape(H * W, H * W)


@pytest.mark.parametrize("blocks", [1, 2])
def test_a_shallow_pixelcnn_sees_a_rectangle_and_a_row(blocks):
    H, W, L = 7, 9, blocks
    sees = seen(network(PixelCNN(8, blocks), (H, W, 1)))
    assert np.array_equal(sees, within_reach(H, W, L + 3, L + 2, L + 3))


class Masked(Conv2d):
    """A kernel of 3 x 3 that sees its own row on the left, and the row above."""

    own = 1

    def linear(self, x):
        mask = np.array([[1, 1, 1], [1, self.own, 0], [0, 0, 0]])[..., None, None]
        A = correlation(mask * self.W, x.shape[1:], self.stride, self.pad)
        return A.forward(x), (x, A)


class MaskedA(Masked):
    own = 0


def test_one_stack_of_masked_kernels_has_a_blind_spot():
    """A path goes at most one column to the right for each row that it goes up. So
    pixels that stand further to the right are never seen, in a network of any depth.
    """
    C, H, W = 3, 5, 7
    inner = [f for _ in range(7) for f in (Tanh(), Masked(C, 3, pad=1))]
    tree = Sequential(MaskedA(C, 3, pad=1), *inner, Tanh(), Conv2d(1, 1))
    sees = seen(network(tree, (H, W, 1)))
    allowed = earlier((H, W, 1))
    assert not (sees & ~allowed).any()
    i, j, a, b = np.indices((H, W, H, W)).reshape(4, H * W, H * W)
    blind = allowed & (b - j > i - a)
    assert blind.any() and np.array_equal(allowed & ~sees, blind)
    deep = seen(network(PixelCNN(6, 5), (H, W, 1)))
    assert np.array_equal(deep, allowed)


# Probabilities


@pytest.mark.parametrize(
    ("tree", "in_shape"),
    [(MADE([30]), (9,)), (MADE([9, 5]), (5, 2)), (PixelCNN(4, 2), (3, 3, 1))],
    ids=repr,
)
def test_the_probabilities_of_all_inputs_sum_to_one(tree, in_shape):
    net = network(tree, in_shape)
    x = np.array(list(itertools.product([-1.0, 1.0], repeat=np.prod(in_shape))))
    p = np.exp(log_likelihood(net, Bernoulli(), x.reshape(-1, *in_shape)))
    assert p.sum() == pytest.approx(1, abs=1e-12) and np.ptp(p) > 0.01


@pytest.mark.parametrize(
    ("tree", "in_shape"), [(MADE([20]), (5, 3)), (PixelCNN(4, 2), (2, 3, 3))], ids=repr
)
def test_the_probabilities_of_all_symbols_sum_to_one(tree, in_shape):
    net, V = network(tree, in_shape), in_shape[-1]
    places = np.prod(in_shape) // V
    x = np.eye(V)[np.array(list(itertools.product(range(V), repeat=places)))]
    log_p = log_likelihood(net, Categorical(), x.reshape(-1, *in_shape))
    assert np.exp(log_p).sum() == pytest.approx(1, abs=1e-12)


@pytest.mark.parametrize(("tree", "in_shape"), WHOLE, ids=repr)
def test_two_halves_of_a_batch_have_the_gradient_of_the_whole(tree, in_shape):
    net = network(tree, in_shape)
    x, dy = np.random.default_rng(3).standard_normal((2, 6, *in_shape))
    _, cache = net.forward(x)
    net.backward(dy, cache)
    halves = [net.part(ALONE, np.zeros_like(net.grad)) for _ in range(2)]
    for half, rows in zip(halves, (slice(0, 2), slice(2, 6)), strict=True):
        half.backward(dy[rows], half.forward(x[rows])[1])
    error = halves[0].grad + halves[1].grad - net.grad
    assert relative(error, net.grad) <= 1e-13


# Planted mistakes


def test_a_gradient_without_its_mask_is_caught():
    class Unmasked(MaskedDense):
        def weight_grad(self, dy, cache):
            self.dW += cache[0].T @ dy

    rows = check_layer(Unmasked([[1, 0], [0, 1], [1, 1]]), (3,))
    failed = {row.quantity: row.error for row in rows if not row.ok}
    assert failed["dtheta"] > 0.1 and "dx" not in failed


def total(net):
    """The sum of p(x) over all x of -1 and 1."""
    x = np.array(list(itertools.product([-1.0, 1.0], repeat=np.prod(net.in_shape))))
    return np.exp(log_likelihood(net, Bernoulli(), x.reshape(-1, *net.in_shape))).sum()


def test_an_output_that_sees_its_own_place_is_caught(monkeypatch):
    """Degree <= d where the output needs degree < d."""
    monkeypatch.setattr(masked, "below", masked.up_to)
    net = network(MADE([12]), (6,))
    assert np.diag(seen(net)).all()
    assert abs(total(net) - 1) > 0.01


@pytest.mark.parametrize(
    ("v", "h"), [(Shift(1, 0), Identity()), (Identity(), Shift(0, 1))], ids=["h", "v"]
)
def test_a_first_layer_that_sees_its_own_pixel_is_caught(v, h):
    """Type B where the paper has type A."""
    blocks = GatedBlock(3, 7, residual=False), GatedBlock(3), Pick(1), Conv2d(1, 1)
    net = network(Sequential(Branch(v, h), *blocks), (3, 3, 1))
    assert np.diag(seen(net)).all()
    assert abs(total(net) - 1) > 0.01
    right = Sequential(Branch(Shift(1, 0), Shift(0, 1)), *blocks)
    assert total(network(right, (3, 3, 1))) == pytest.approx(1, abs=1e-12)


# Refused


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda: MaskedDense([1, 0]), tg.ShapeError, r"a mask \(n_in, n_out\)"),
        (lambda: MaskedDense([[1, 2]]), tg.InputError, "a mask of 0 and 1"),
        (lambda: MaskedDense("abc"), tg.InputError, "MaskedDense, mask"),
        (lambda: MaskedDense([[1, 0]], bias=2), tg.InputError, "bias True or False"),
        (lambda: MADE(500), tg.InputError, r"sizes such as \[500\], got 500"),
        (lambda: MADE([]), tg.InputError, "sizes such as"),
        (lambda: MADE([5, 0]), tg.InputError, "n >= 1, got 0"),
        (lambda: MADE([5], direct=1), tg.InputError, "direct True or False"),
        (lambda: Shift(-1, 0), tg.InputError, "a >= 0"),
        (lambda: Shift(0, 1.5), tg.InputError, "b >= 0"),
        (lambda: CausalConv2d(2, 3, before=3), tg.InputError, "before < kernel"),
        (lambda: CausalConv2d(2, (2, 3), (1, 3)), tg.InputError, "before < kernel"),
        (lambda: CausalConv2d(2, 3, before=-1), tg.InputError, "before >= 0"),
        (lambda: GatedBlock(3, 4), tg.InputError, "an odd k, got 4"),
        (lambda: GatedBlock(0), tg.InputError, "C >= 1"),
        (lambda: GatedBlock(3, residual=None), tg.InputError, "residual"),
        (lambda: PixelCNN(0, 3), tg.InputError, "C >= 1"),
        (lambda: PixelCNN(3, 0), tg.InputError, "blocks >= 1"),
    ],
)
def test_wrong_settings_are_refused(make, error, words):
    with pytest.raises(error, match=words):
        make()


@pytest.mark.parametrize(
    ("layer", "in_shape", "words"),
    [
        (MaskedDense([[1], [0]]), (3,), r"MaskedDense\(2 to 1\) expects inputs"),
        (MADE([3]), (), "MADE.* expects inputs"),
        (MADE([3]), ((2,), (2,)), "an array of numbers"),
        (Shift(1, 0), (4, 2), r"Shift\(1, 0\) expects images \(H, W, C\)"),
        (Coordinates(), (4, 2), r"Coordinates\(\) expects images \(H, W, C\)"),
        (CausalConv2d(2, 3, 2), (4, 2), "expects images"),
        (Gate(), (3,), r"inputs \(..., 2 C\)"),
        (Gate(), (), r"inputs \(..., 2 C\)"),
        (GatedBlock(2), (4, 4, 2), "a tuple of 2 values"),
        (GatedBlock(2), ((4, 4, 2), (4, 4, 1)), "Residual.* expects f to give"),
        (PixelCNN(2, 1), (6,), r"PixelCNN\(2, 1\) expects images \(H, W, C\)"),
    ],
)
def test_wrong_shapes_are_refused(layer, in_shape, words):
    with pytest.raises(tg.ShapeError, match=words):
        Net(layer, in_shape)

"""Spectral normalisation: u, v and sigma, who moves them, what is saved."""

import math

import numpy as np
import pytest

import tinygan as tg
from tinygan import Net
from tinygan.check import check_layer, relative
from tinygan.layers import (
    BatchNorm,
    Conv2d,
    ConvTranspose2d,
    Dense,
    Flatten,
    LeakyReLU,
    Sequential,
    SpectralNorm,
    Tanh,
)

LAYERS = {
    "Dense": (lambda: Dense(7), (5,)),
    "Dense, tall": (lambda: Dense(3, bias=False), (4, 9)),
    "Conv2d": (lambda: Conv2d(4, (3, 2), 2, 1), (6, 5, 3)),
    "ConvTranspose2d": (lambda: ConvTranspose2d(4, (3, 2), 2, 1), (4, 5, 3)),
}
layers = pytest.mark.parametrize("make, in_shape", LAYERS.values(), ids=LAYERS)


def normed(make, in_shape, dtype="float64", **settings) -> Net:
    return Net(SpectralNorm(make(), **settings), in_shape, seed=3, dtype=dtype)


def matrix(layer, W):
    """W as (C_out, n), one row for each output channel, by loops."""
    axis = {ConvTranspose2d: 2}.get(type(layer.layer), W.ndim - 1)
    return np.array([W.take(c, axis).ravel() for c in range(W.shape[axis])])


def W_bar(net, x):
    """The weights that the forward pass used."""
    _, (W, *_) = net.forward(x)
    return W


def draw(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape)


def copied(state):
    return {k: np.copy(v) for k, v in state.items()}


# sigma


@layers
def test_sigma_is_the_largest_singular_value(make, in_shape):
    net = normed(make, in_shape)
    net.theta += 0.3 * draw(net.theta.size)
    x = draw(2, *in_shape)
    for _ in range(500):
        net.advance()
    M = matrix(net.tree, net.tree.W)
    u, v = net.state().values()
    sigma = np.linalg.svd(M, compute_uv=False)[0]
    assert abs(u @ M @ v / sigma - 1) <= 1e-10
    assert abs((u * u).sum() - 1) <= 1e-14 and abs((v * v).sum() - 1) <= 1e-14
    largest = np.linalg.norm(matrix(net.tree, W_bar(net, x)), 2)
    assert abs(largest - 1) <= 1e-10


@layers
def test_u_and_v_are_good_from_the_start(make, in_shape):
    for seed in range(20):
        net = Net(SpectralNorm(make()), in_shape, seed=seed, dtype="float64")
        M = matrix(net.tree, net.tree.W)
        u, v = net.state().values()
        sigma = np.linalg.svd(M, compute_uv=False)[0]
        assert 0.9 * sigma < u @ M @ v <= (1 + 1e-12) * sigma


@layers
def test_the_wrapped_layer_sets_the_formulas(make, in_shape):
    """SpectralNorm is its layer with W / sigma, every pass; b is untouched."""
    net = normed(make, in_shape)
    net.theta += 0.3 * draw(net.theta.size)
    plain = Net(make(), in_shape, dtype="float64")
    assert net.out_shape == plain.out_shape
    x, x_dot = draw(2, 3, *in_shape)
    y, cache = net.forward(x)
    plain.theta[...] = net.theta
    plain.tree.W[...] = W_bar(net, x)
    y_plain, cache_plain = plain.forward(x)
    dy = draw(*y.shape, seed=1)
    assert relative(y - y_plain, y) <= 1e-14
    dx = plain.backward(dy, cache_plain)
    assert relative(net.backward(dy, cache) - dx, dx) <= 1e-14
    y_dot, _ = net.tangent(x_dot, cache)
    assert relative(plain.tangent(x_dot, cache_plain)[0] - y_dot, y_dot) <= 1e-14
    if "b" in plain.tree.shapes:
        assert relative(net.tree.db - plain.tree.db, plain.tree.db) <= 1e-15


@layers
def test_the_scale_of_W_does_not_matter(make, in_shape):
    """So <W, dW> = 0: the gradient is orthogonal to the weights."""
    net = normed(make, in_shape)
    x = draw(3, *in_shape)
    y, cache = net.forward(x)
    dy = draw(*y.shape, seed=1)
    net.backward(dy, cache)
    W, dW = net.tree.W, net.tree.dW
    sizes = np.linalg.norm(W) * np.linalg.norm(dW)
    assert abs((W * dW).sum()) <= 1e-11 * sizes and dW.any()
    W *= 100.0
    scaled, _ = net.forward(x)
    assert relative(scaled - y, y) <= 1e-11


# Who moves u and v


def test_only_advance_moves_u_and_v():
    make, in_shape = LAYERS["Conv2d"]
    net = normed(make, in_shape)
    net.theta += 0.3 * draw(net.theta.size)
    before = copied(net.state())
    x, x_dot = draw(2, 3, *in_shape)
    for train in (True, False):
        y, cache = net.forward(x, train)
        net.backward(y, cache)
        _, cache_dot = net.tangent(x_dot, cache)
        net.tangent_backward(y, y, cache, cache_dot)
    np.testing.assert_equal(net.state(), before)
    dx = net.backward(y, cache)
    net.advance()
    after = net.state()
    assert all(relative(after[k] - before[k], before[k]) > 1e-3 for k in before)
    # a cache in flight keeps the u and v of its forward pass
    assert np.array_equal(net.backward(y, cache), dx)
    net.zero_grad()
    net.backward(y, cache)
    late = net.grad.copy()
    net.load_state(before)
    net.zero_grad()
    net.backward(y, net.forward(x)[1])
    assert relative(late - net.grad, late) <= 1e-15


def test_advance_is_the_power_iteration():
    for n in (1, 2, 5):
        net = normed(lambda: Dense(4), (6,), n_iterations=n)
        net.theta += draw(net.theta.size)
        u, v = net.state().values()
        M = net.tree.W.T
        for _ in range(n):
            v = M.T @ u / math.sqrt(((M.T @ u) ** 2).sum())
            u = M @ v / math.sqrt(((M @ v) ** 2).sum())
        net.advance()
        ours = net.state()
        assert relative(ours[".u"] - u, u) <= 1e-14
        assert relative(ours[".v"] - v, v) <= 1e-14


def test_d_step_advances_once_and_g_step_leaves_D_alone():
    def tree():
        return Sequential(SpectralNorm(Dense(4)), Tanh(), SpectralNorm(Dense(1)))

    D, twin = (Net(tree(), (2,), seed=2) for _ in range(2))
    G = Net(Sequential(Dense(3), Tanh(), Dense(2)), (3,), seed=1)
    for net in (D, twin):
        net.theta += 0.1
    x, z = draw(8, 2).astype("float32"), draw(8, 3, seed=1).astype("float32")
    twin.advance()
    tg.d_step(D, tg.SGD(0.1), tg.NonSaturating(), x, G.forward(z)[0])
    np.testing.assert_equal(D.state(), twin.state())
    tg.g_step(G, D, tg.SGD(0.1), tg.NonSaturating(), z)
    np.testing.assert_equal(D.state(), twin.state())


def test_D_stays_1_lipschitz_in_training():
    """|D(a) - D(b)| <= |a - b| through two layers and LeakyReLU, 200 steps along."""
    rng = np.random.default_rng(0)
    tree = Sequential(SpectralNorm(Dense(16)), LeakyReLU(), SpectralNorm(Dense(1)))
    D = Net(tree, (2,), seed=2, dtype="float64")
    G = Net(Sequential(Dense(16), Tanh(), Dense(2)), (3,), seed=1, dtype="float64")
    opt_G, opt_D = tg.Adam(1e-3, 0.5), tg.Adam(1e-3, 0.5)
    for _ in range(200):
        x, z = rng.normal(2, 1, (32, 2)), rng.standard_normal((32, 3))
        tg.d_step(D, opt_D, tg.NonSaturating(), x, G.forward(z)[0])
        tg.g_step(G, D, opt_G, tg.NonSaturating(), z)
    D.advance()
    a, b = rng.normal(0, 3, (2, 500, 2))
    slopes = (D.forward(a)[0] - D.forward(b)[0])[:, 0] ** 2 / ((a - b) ** 2).sum(axis=1)
    assert 0.1 < math.sqrt(slopes.max()) <= 1.01  # u and v lag a step behind W


# State, copies, and what Net says


def test_parameters_and_state_have_names():
    tree = Sequential(SpectralNorm(Conv2d(4, 3)), Flatten(), SpectralNorm(Dense(1)))
    net = Net(tree, (4, 4, 2))
    names = ["0_SpectralNorm.W", "0_SpectralNorm.b", "2_SpectralNorm.W"]
    assert list(net.parameters()) == [*names, "2_SpectralNorm.b"]
    shapes = {k: v.shape for k, v in net.state().items()}
    assert shapes == {
        "0_SpectralNorm.u": (4,),
        "0_SpectralNorm.v": (18,),
        "2_SpectralNorm.u": (1,),
        "2_SpectralNorm.v": (16,),
    }
    assert {v.dtype for v in net.state().values()} == {np.dtype("float32")}
    net.advance()
    assert {v.dtype for v in net.state().values()} == {np.dtype("float32")}


def test_wrapping_draws_the_same_weights():
    for make, in_shape in LAYERS.values():
        plain = Net(make(), in_shape, seed=3, dtype="float64")
        assert np.array_equal(normed(make, in_shape).theta, plain.theta)


def test_one_W_not_two():
    """The wrapped layer keeps none of its own: theta's is the only one."""
    net = normed(lambda: Dense(4), (5,))
    net.advance()
    _, cache = net.forward(draw(2, 5))
    net.backward(draw(2, 4), cache)
    assert not {"W", "dW", "b", "db"} & set(vars(net.tree.layer))
    assert np.shares_memory(net.tree.W, net.theta)
    assert np.shares_memory(net.tree.dW, net.grad)


def test_clone():
    net = normed(*LAYERS["ConvTranspose2d"])
    x = draw(2, 4, 5, 3)
    net.theta += 0.1
    net.advance()
    y, _ = net.forward(x)
    clone = net.clone()
    assert np.array_equal(clone.forward(x)[0], y)
    clone.theta[...] = draw(clone.theta.size)
    clone.advance()
    assert np.array_equal(net.forward(x)[0], y)
    single = net.clone("float32")
    assert {v.dtype for v in single.state().values()} == {np.dtype("float32")}
    assert relative(single.forward(x.astype("float32"))[0] - y, y) <= 1e-6
    state = copied(net.state())
    net.advance()
    net.load_state(state)
    assert np.array_equal(net.forward(x)[0], y)


def test_describe_observe_and_watch():
    tree = Sequential(SpectralNorm(Conv2d(4, 3)), Flatten(), SpectralNorm(Dense(1)))
    net = Net(tree, (4, 4, 2), dtype="float64")
    lines = net.describe().splitlines()
    row = "0 SpectralNorm(Conv2d(4, 3, stride=1, pad=0)) (2, 2, 4) 76"
    assert " ".join(lines[1].split()) == row
    assert lines[-1].split() == ["total", "93"]
    seen, x = {}, draw(3, 4, 4, 2)
    y, _ = net.forward(x)
    with net.observe(lambda *args: seen.setdefault(args[:2], args[2].shape)):
        y_seen, cache = net.forward(x)
        net.backward(y_seen, cache)
    assert np.array_equal(y_seen, y)
    assert seen["0_SpectralNorm", "forward"] == (3, 2, 2, 4)
    assert seen["0_SpectralNorm", "backward"] == x.shape
    net.tree.layers[2].W[0] = np.nan
    with (
        net.watch("D"),
        pytest.raises(tg.NonFiniteError, match="D, layer 2_SpectralNorm, in forward"),
    ):
        net.forward(x)


# What could go wrong


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@layers
def test_zero_weights_stay_finite(make, in_shape, dtype):
    net = normed(make, in_shape, dtype)
    net.tree.W[...] = 0
    x = draw(3, *in_shape).astype(dtype)
    net.advance()
    y, cache = net.forward(x)
    dx = net.backward(np.ones_like(y), cache)
    y_dot, cache_dot = net.tangent(x, cache)
    reverse = net.tangent_backward(y + 1, y + 1, cache, cache_dot)
    for a in (y, dx, y_dot, *reverse, net.grad, *net.state().values()):
        assert np.isfinite(a).all() and a.dtype == dtype
    net.tree.W[...] = draw(*net.tree.W.shape)  # u and v have not been lost
    for _ in range(100):
        net.advance()
    largest = np.linalg.norm(matrix(net.tree, W_bar(net, x)).astype("float64"), 2)
    assert abs(largest - 1) <= 1e-3


def test_zero_weights_from_the_start():
    layer = SpectralNorm(Dense(3, init=lambda rng, shape, *fans: np.zeros(shape)))
    net = Net(layer, (4,), dtype="float64")
    assert not net.forward(draw(2, 4))[0].any()
    assert all(abs((v * v).sum() - 1) <= 1e-14 for v in net.state().values())


@pytest.mark.parametrize("wrapped", [Tanh(), BatchNorm(), Sequential(Dense(3))])
def test_a_layer_without_W_is_refused(wrapped):
    with pytest.raises(tg.InputError) as e:
        Net(SpectralNorm(wrapped), (4,))
    assert str(e.value) == (
        "SpectralNorm expects a layer with a parameter W, such as Dense or Conv2d, "
        f"got {wrapped!r}"
    )


def test_other_refusals():
    with pytest.raises(tg.InputError, match="expects a layer without state, got Spec"):
        Net(SpectralNorm(SpectralNorm(Dense(3))), (4,))
    with pytest.raises(ValueError, match="a whole number n_iterations >= 1, got 0"):
        SpectralNorm(Dense(3), n_iterations=0)
    with pytest.raises(tg.ShapeError, match=r"Conv2d.* expects images"):
        Net(SpectralNorm(Conv2d(3, 3)), (4,))


class SigmaIsConstant(SpectralNorm):
    """dW = dW_bar / sigma: the commonest mistake."""

    def add_gradient(self, dW_bar, cache):
        self.dW += dW_bar / cache[1]


class WrongOuterProduct(SpectralNorm):
    """The term with u v^T, but W in the inner product where W_bar should be."""

    def add_gradient(self, dW_bar, cache):
        W_bar, sigma, *rest = cache
        super().add_gradient(dW_bar, (W_bar * sigma, sigma, *rest))


class ForgetsTheTangent(SpectralNorm):
    """The reverse of W -> W_bar in backward alone, not in the tangent's reverse."""

    def tangent_backward(self, dy, dy_dot, cache, cache_dot):
        layer = self._with(cache[0], 0 * cache[0])
        result = layer.tangent_backward(dy, dy_dot, cache[-1], cache_dot)
        self.dW += layer.dW / cache[1]
        return result


class LeaksIntoTheWeights(SpectralNorm):
    """Adds to dW although it should not."""

    def backward(self, dy, cache, param_grads=True):
        return super().backward(dy, cache)


PLANTED = {
    SigmaIsConstant: {"dtheta", "finite", "reverse"},
    WrongOuterProduct: {"dtheta", "finite", "reverse"},
    ForgetsTheTangent: {"reverse"},
    LeaksIntoTheWeights: {"contract"},
}


@layers
@pytest.mark.parametrize("kind", PLANTED)
def test_wrong_gradients_are_caught(kind, make, in_shape):
    rows = check_layer(kind(make()), in_shape, effort="plain")
    assert {r.quantity for r in rows if not r.ok} == PLANTED[kind]


@layers
def test_right_gradients_pass(make, in_shape):
    rows = check_layer(SpectralNorm(make()), in_shape, effort="quick")
    assert all(r.ok for r in rows)

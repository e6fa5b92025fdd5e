"""A GRU that gives all its states, a delay, and stacks of them."""

import numpy as np
import pytest
from examples import a_third
from hypothesis import given
from hypothesis import strategies as st

from tinygan import GRU, Delay, Dense, Net, Sequential, ShapeError, fast
from tinygan.check import check_layer
from tinygan.check.oracles import relative
from tinygan.values import Integers

few, seeds = st.integers(1, 4), st.integers(0, 2**32 - 1)


def double(tree, in_shape, seed=0) -> Net:
    """A float64 network, every parameter drawn from N(0, 1)."""
    net = Net(tree, in_shape, dtype="float64")
    net.theta[...] = np.random.default_rng(seed).standard_normal(net.theta.shape)
    return net


def errors(tree, in_shape) -> dict:
    """What check_layer measures, by quantity: the complex step, and adjoints."""
    rows = check_layer(tree, in_shape, batch=3, effort="plain")
    assert [row for row in rows if not row.ok] == []
    return {row.quantity: row.error for row in rows}


@a_third
@given(few, few, few, few, seeds)
def test_a_state_is_what_a_reader_of_the_first_steps_returns(N, T, C, n, seed):
    every = double(GRU(n, every=True), (T, C), seed)
    x = np.random.default_rng(seed).standard_normal((N, T, C))
    y, cache = every.forward(x)
    assert y.shape == (N, T, n) == (N, *every.out_shape)
    dx = 0
    for t in range(T):
        last = double(GRU(n), (t + 1, C), seed)
        h, c = last.forward(x[:, : t + 1])
        assert relative(y[:, t] - h, h) <= 1e-14
        before = last.backward(np.cos(h), c)
        dx = dx + np.pad(before, ((0, 0), (0, T - 1 - t), (0, 0)))
        every.theta[...], every.grad[...] = last.theta, every.grad + last.grad
    sums, every.grad[...] = every.grad.copy(), 0
    ours = every.backward(np.cos(y), cache)
    assert relative(ours - dx, dx) <= 1e-13
    assert relative(every.grad - sums, sums) <= 1e-13


@pytest.mark.parametrize("plain", [True, False], ids=["plain", "fast"])
@pytest.mark.parametrize(
    "tree",
    [
        GRU(4),
        GRU(4, every=True),
        Delay(),
        Sequential(Delay(), GRU(3, every=True), GRU(4, every=True), Dense(2)),
        Sequential(GRU(3, every=True), GRU(4)),
    ],
    ids=str,
)
def test_all_passes(tree, plain):
    with fast.plain(plain):
        found = errors(tree, (5, 3))
    exact = [found[q] for q in ("dx", "dtheta", "tangent", "reverse") if q in found]
    assert max(exact) <= 1e-11 and found["adjoint"] <= 1e-12


def test_what_was_built_before_has_the_same_parameters():
    """Checkpoints hold theta as one vector, and the settings of a recipe by name."""
    for every in (False, True):
        net = Net(GRU(5, every=every), (4, 3), seed=2)
        shapes = {k[-1]: v.shape for k, v in net.parameters().items()}
        assert shapes == {"W": (3, 15), "U": (5, 15), "b": (15,), "c": (5,)}
    assert np.array_equal(net.theta, Net(GRU(5), (4, 3), seed=2).theta)
    assert (repr(GRU(5)), repr(GRU(5, every=True))) == ("GRU(5)", "GRU(5, every=True)")


def test_all_states_of_a_stack_are_torchs():
    """The outputs and every gradient, with torch's weights."""
    torch = pytest.importorskip("torch")
    torch.set_num_threads(1)
    torch.manual_seed(3)
    T, C, n, N = 7, 5, 6, 4
    theirs = torch.nn.GRU(C, n, 2, batch_first=True, dtype=torch.float64)
    ours = Net(
        Sequential(GRU(n, every=True), GRU(n, every=True)), (T, C), dtype="float64"
    )
    parameters = dict(theirs.named_parameters())
    for i, layer in enumerate(ours.tree.layers):
        kinds = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        W, U, b, c = (parameters[f"{kind}_l{i}"].detach().numpy() for kind in kinds)
        layer.W[...], layer.U[...], layer.c[...] = W.T, U.T, c[2 * n :]
        layer.b[...] = b + np.concatenate([c[: 2 * n], np.zeros(n)])
    rng = np.random.default_rng(4)
    x, dy = rng.standard_normal((N, T, C)), rng.standard_normal((N, T, n))
    x_t = torch.tensor(x, requires_grad=True)
    y_t, _ = theirs(x_t)
    y, cache = ours.forward(x)
    assert relative(y - y_t.detach().numpy(), y) <= 1e-12
    (y_t * torch.tensor(dy)).sum().backward()
    dx = ours.backward(dy, cache)
    assert relative(dx - x_t.grad.numpy(), dx) <= 1e-12
    for i, layer in enumerate(ours.tree.layers):
        dW, dU, db, dc = (parameters[f"{kind}_l{i}"].grad.numpy() for kind in kinds)
        pairs = (layer.dW, dW.T), (layer.dU, dU.T), (layer.db, db)
        for a, b in (*pairs, (layer.dc, dc[2 * n :])):
            assert relative(a - b, b) <= 1e-12


@given(few, few, few, seeds)
def test_a_delay(N, T, C, seed):
    x, dy = np.random.default_rng(seed).standard_normal((2, N, T, C))
    net = Net(Delay(), (T, C), dtype="float64")
    y, cache = net.forward(x)
    dx = net.backward(dy, cache)
    for t in range(T):
        assert np.array_equal(y[:, t], x[:, t - 1] if t else 0 * x[:, 0])
        assert np.array_equal(dx[:, t], dy[:, t + 1] if t + 1 < T else 0 * x[:, 0])


@pytest.mark.parametrize("shape", [(3,), (2, 3, 4), ((3, 2),), Integers((4,), 3)])
def test_a_delay_of_no_sequence_is_refused(shape):
    with pytest.raises(ShapeError, match=r"Delay\(\) expects"):
        Delay().build(shape)


# Planted mistakes


class LateStates(GRU):
    """dU from the state after each step, not before it."""

    def _add_products(self, x, h, da, dm):
        super()._add_products(x, np.concatenate([h[1:], h[-1:]]), da, dm)


class LateReset(GRU):
    """The reset gate's gradient from h_t U_q + c, not from h_{t-1} U_q + c."""

    def backward(self, dy, cache, param_grads=True):
        x, (h, r, z, _, q) = cache
        k = (h[1:] @ self.U)[..., 2 * self.units :] + self.c
        return super().backward(dy, (x, (h, r, z, k, q)), param_grads)


class OnlyTheLast(GRU):
    """The gradient of the last output alone."""

    def backward(self, dy, cache, param_grads=True):
        last = 0 * dy
        last[:, -1] = dy[:, -1]
        return super().backward(last, cache, param_grads)


class Same(Delay):
    """The adjoint of the identity for that of a delay."""

    def adjoint(self, dy, cache):
        return dy


@pytest.mark.parametrize(
    ("tree", "quantity"),
    [
        (LateStates(3, every=True), "dtheta"),
        (LateReset(3, every=True), "dx"),
        (LateReset(3, every=True), "dtheta"),
        (OnlyTheLast(3, every=True), "dx"),
        (Same(), "dx"),
    ],
    ids=lambda v: v if isinstance(v, str) else type(v).__name__,
)
def test_a_planted_mistake_is_caught(tree, quantity):
    rows = check_layer(tree, (4, 3), batch=5, effort="plain")
    (row,) = (row for row in rows if row.quantity == quantity)
    assert not row.ok and row.error > 1e-4

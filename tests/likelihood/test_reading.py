"""A language model that reads: Delay, GRUs and a Dense give log p(x) exactly."""

import itertools
import math

import numpy as np
import pytest

from tinygan import (
    GRU,
    Adam,
    Conv1d,
    Delay,
    Dense,
    Dropout,
    LayerNorm,
    Net,
    Sequential,
    Tanh,
    fast,
)
from tinygan.check.oracles import complex_step, relative
from tinygan.fast.recurrent import carried
from tinygan.layers.conditional import gru
from tinygan.likelihood import (
    Bernoulli,
    Categorical,
    ancestral,
    likelihood_step,
    log_likelihood,
)


def model(V, T, n=5, layers=1, seed=0, dtype="float64", noise=0.7) -> Net:
    """A model of T symbols. Its weights are large, and what it has read counts."""
    readers = (GRU(n, every=True) for _ in range(layers))
    net = Net(Sequential(Delay(), *readers, Dense(V)), (T, V), seed, dtype)
    net.theta[...] += noise * np.random.default_rng(seed).standard_normal(
        net.theta.size
    )
    return net


def every(V, T):
    """All V^T sequences, one-hot."""
    return np.eye(V)[np.array(list(itertools.product(range(V), repeat=T)))]


def drawn(N, T, V, seed=0):
    return np.eye(V)[np.random.default_rng(seed).integers(0, V, (N, T))]


@pytest.mark.parametrize("plain", [True, False], ids=["plain", "fast"])
@pytest.mark.parametrize(("V", "T", "layers"), [(3, 4, 1), (2, 6, 2), (5, 1, 1)])
def test_the_probabilities_of_all_sequences_sum_to_one(V, T, layers, plain):
    net = model(V, T, layers=layers)
    with fast.plain(plain):
        log_p = log_likelihood(net, Categorical(), every(V, T))
    assert np.exp(log_p).sum() == pytest.approx(1, abs=1e-12)
    assert np.ptp(log_p) > 0.1  # not all the same


def test_an_output_depends_on_earlier_symbols_only():
    """The Jacobian in time is exactly 0 at the diagonal and above, and not below."""
    net, x = model(3, 6, layers=2), drawn(4, 6, 3)
    s, cache = net.forward(x)
    for t in range(6):
        ds = np.zeros_like(s)
        ds[:, t] = np.random.default_rng(t).standard_normal(s[:, t].shape)
        dx = net.backward(ds, cache, param_grads=False)
        assert not dx[:, t:].any()
        assert all(np.abs(dx[:, i]).max() > 1e-9 for i in range(t))
        other = x.copy()
        other[:, t:] = np.roll(other[:, t:], 1, axis=-1)
        assert np.array_equal(net.forward(other)[0][:, : t + 1], s[:, : t + 1])


@pytest.mark.parametrize("plain", [True, False], ids=["plain", "fast"])
def test_the_gradient_of_log_p_by_the_complex_step(plain):
    net, x = model(4, 7, layers=2), drawn(3, 7, 4)
    twin = net.clone("complex128")
    v = np.random.default_rng(1).standard_normal(net.theta.shape)

    def L(theta):
        twin.theta[...] = theta
        return log_likelihood(twin, Categorical(), x).sum()

    with fast.plain(plain):
        s, cache = net.forward(x)
        net.zero_grad()
        net.backward_weights(Categorical().grad(x, s), cache)
        exact = complex_step(L, net.theta, v)
    assert relative(net.grad @ v - exact, exact) <= 1e-11


def fifty_steps() -> None:
    """theta and L of a stack of two, with Adam. torch adds two biases to r and z, which
    would both learn; the second of them is kept. AssertionError where they differ.
    """
    torch = pytest.importorskip("torch")
    torch.set_num_threads(1)
    torch.manual_seed(0)
    V, T, n, N = 6, 9, 5, 8
    ours, opt = model(V, T, n, layers=2, noise=0), Adam(0.01, 0.9, 0.999)
    reader = torch.nn.GRU(V, n, 2, batch_first=True, dtype=torch.float64)
    last = torch.nn.Linear(n, V, dtype=torch.float64)
    _, *layers, dense = ours.tree.layers
    both = [*reader.parameters(), *last.parameters()]
    with torch.no_grad():
        for layer, p in zip(layers, (both[:4], both[4:8]), strict=True):
            halves = (layer.W.T, layer.U.T, layer.b, np.r_[np.zeros(2 * n), layer.c])
            for theirs, a in zip(p, halves, strict=True):
                theirs.copy_(torch.tensor(a))
        last.weight.copy_(torch.tensor(dense.W.T))
        last.bias.copy_(torch.tensor(dense.b))
    adam = torch.optim.Adam(both, 0.01)
    for i in range(50):
        x = drawn(N, T, V, seed=i)
        value = likelihood_step(ours, opt, Categorical(), x)
        x = torch.tensor(x)
        before = torch.nn.functional.pad(x, (0, 0, 1, 0))[:, :-1]
        log_p = (x * last(reader(before)[0]).log_softmax(-1)).sum() / N
        assert relative(value - log_p.item(), value) <= 1e-8
        adam.zero_grad()
        (-log_p).backward()
        for p in (both[3], both[7]):
            p.grad[: 2 * n] = 0
        adam.step()
    for layer, p in zip(layers, (both[:4], both[4:8]), strict=True):
        W, U, b, c = (a.detach().numpy() for a in p)
        pairs = (layer.W, W.T), (layer.U, U.T), (layer.b, b), (layer.c, c[2 * n :])
        assert all(relative(a - b, b) <= 1e-8 for a, b in pairs)
    W = last.weight.detach().numpy().T
    assert relative(dense.W - W, W) <= 1e-8


@pytest.mark.parametrize("plain", [True, False], ids=["plain", "fast"])
def test_fifty_steps_are_torchs(plain):
    with fast.plain(plain):
        fifty_steps()


def test_a_gradient_that_stops_at_each_step_is_seen_in_fifty_steps(monkeypatch):
    """Nothing flows back through h U, as if each step had been cut off."""
    right = gru.gru_backward
    cut = lambda dy, *rest: right(dy, *rest[:-1], 0 * rest[-1])  # noqa: E731
    monkeypatch.setattr(gru, "gru_backward", cut)
    with pytest.raises(AssertionError):
        fifty_steps()


def test_it_learns_a_cycle():
    """abcabc..., from any letter: p = 1/3, and no model can give all three more."""
    x = np.eye(3)[(np.arange(3)[:, None] + np.arange(8)) % 3]
    net, opt = model(3, 8, n=8, noise=0), Adam(0.03, 0.9, 0.999)
    values = [float(likelihood_step(net, opt, Categorical(), x)) for _ in range(150)]
    assert values[0] < -5 and -math.log(3) - 0.1 < values[-1] < -math.log(3)


# Samples


def both_ways(net, likelihood, u):
    with fast.plain():
        slow = ancestral(net, likelihood, u)
    with fast.plain(False):
        return slow, ancestral(net, likelihood, u)


def test_carrying_the_state_gives_the_same_samples(monkeypatch):
    net, u = model(5, 12, layers=2), np.random.default_rng(0).random((30, 12))
    slow, quick = both_ways(net, Categorical(), u)
    assert np.array_equal(slow, quick) and (slow.sum(axis=-1) == 1).all()
    monkeypatch.setattr(net, "forward", None)  # the whole network is asked no more
    with fast.plain(False):
        assert np.array_equal(ancestral(net, Categorical(), u), quick)


def test_carrying_the_state_for_numbers_that_are_no_symbols():
    """A place may hold several numbers, independent given what was before."""
    net, u = model(3, 5), np.random.default_rng(0).random((7, 5, 3))
    slow, quick = both_ways(net, Bernoulli(), u)
    assert np.array_equal(slow, quick) and slow.shape == (7, 5, 3)


def test_samples_have_the_probabilities_of_the_model():
    net, N = model(3, 3), 40_000
    with fast.plain(False):
        x = ancestral(net, Categorical(), np.random.default_rng(0).random((N, 3)))
    code = x.argmax(axis=-1) @ [9, 3, 1]
    p = np.exp(log_likelihood(net, Categorical(), every(3, 3)))
    share = np.bincount(code, minlength=27) / N
    assert (np.abs(share - p) < 5 * np.sqrt(p / N)).all()


class Backwards(GRU):
    """It reads the last symbol first."""

    def forward(self, x, train=True):
        y, cache = super().forward(x[:, ::-1], train)
        return y[:, ::-1], cache


@pytest.mark.parametrize(
    "tree",
    [
        Sequential(GRU(4, every=True), Delay(), Dense(3)),
        Sequential(Delay(), Backwards(4, every=True), Dense(3)),
        Sequential(Delay(), Conv1d(3, 3, pad=1)),
        Sequential(Delay(), LayerNorm(), Dense(3)),
        Sequential(Delay(), Delay(), Dense(3)),
        Dense(3),
    ],
    ids=str,
)
def test_the_twin_leaves_other_networks_to_the_plain_function(tree):
    net, u = Net(tree, (4, 3)), np.zeros((2, 4))
    assert carried(net, Categorical(), u) is NotImplemented
    assert carried(object(), Categorical(), u) is NotImplemented
    tree = Sequential(Sequential(Delay()), GRU(4, every=True), Dropout(), Tanh())
    net = Net(Sequential(tree, Dense(3)), (4, 3))
    assert carried(net, Categorical(), u[:, :3]) is NotImplemented
    assert carried(net, Categorical(), u).shape == (2, 4, 3)

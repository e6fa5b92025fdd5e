"""The layers of conditional networks: tuples, classes, words.

Forward passes are held against loops over the definition, or PyTorch; derivatives
against the oracles of `check_layer`, behind `Given` and `Cut`, which make tuples and
integers of its real inputs. Mistakes that one makes with such layers are planted.
"""

import itertools
import math

import numpy as np
import pytest
from examples import a_third
from hypothesis import given
from hypothesis import strategies as st
from test_derivatives import certify, float32_errors

import tinygan as tg
from tinygan import Net, ShapeError, TangentError
from tinygan.check import Cut, Given, check_layer, complex_step, relative
from tinygan.check.device import xp as fake_device
from tinygan.fast import cpu
from tinygan.layers import (
    GRU,
    BatchNorm,
    Branch,
    Concat,
    ConditionalBatchNorm,
    Conv1d,
    Conv2d,
    Dense,
    Dropout,
    Each,
    Embedding,
    Flatten,
    Identity,
    InnerProduct,
    Layer,
    LayerNorm,
    LeakyReLU,
    MeanPool,
    Pack,
    Paint,
    Parallel,
    Pick,
    Projection,
    Reshape,
    Residual,
    Sequential,
    Softplus,
    SpectralNorm,
    Tanh,
)
from tinygan.layers.conditional import embedding
from tinygan.parallel.mailbox import shared
from tinygan.parallel.shards import Shards, cut
from tinygan.penalties import penalise
from tinygan.values import Integers, leaves, plus

seeds = st.integers(0, 2**32 - 1)
few = st.integers(1, 3)
places = st.lists(few, max_size=2).map(tuple)


def draw(rng, *shape):
    return rng.standard_normal(shape)


def classes(N: int, n: int, seed: int, *shape: int) -> Given:
    return Given(np.random.default_rng(seed).integers(0, n, (N, *shape)), n)


def double(tree, in_shape, seed=0) -> Net:
    """A float64 network, every parameter drawn from N(0, 1)."""
    net = Net(tree, in_shape, dtype="float64")
    net.theta[...] = np.random.default_rng(seed).standard_normal(net.theta.shape)
    return net


def beside(*layers):
    """(x, y) -> (layers(x), y)"""
    return Parallel(Sequential(*layers), Identity())


# Tuples


def test_what_the_layers_for_tuples_give():
    a, b = np.arange(6.0).reshape(2, 3), np.arange(4.0).reshape(2, 2)
    shapes = ((3,), (2,))
    net = Net(Parallel(Tanh(), Identity()), shapes, dtype="float64")
    (ta, same), _ = net.forward((a, b))
    assert net.out_shape == shapes
    assert np.array_equal(ta, np.tanh(a)) and same is b
    net = Net(Branch(Tanh(), Identity()), (3,), dtype="float64")
    (ta, same), _ = net.forward(a)
    assert net.out_shape == ((3,), (3,))
    assert np.array_equal(ta, np.tanh(a)) and same is a
    for i, picked in ((0, a), (1, b), (-1, b), (-2, a)):
        net = Net(Pick(i), shapes, dtype="float64")
        y, cache = net.forward((a, b))
        assert y is picked and net.out_shape == y.shape[1:]
        dv = net.backward(y, cache)
        assert [d is None for d in dv] == [picked is b, picked is a]


@given(places, st.lists(few, min_size=1, max_size=4), st.integers(0, 15), seeds)
def test_concat(places, channels, vectors, seed):
    """Some of the parts are vectors, by the bits of `vectors`."""
    rng, N = np.random.default_rng(seed), 2
    shapes = tuple(
        (C,) if vectors >> i & 1 else (*places, C) for i, C in enumerate(channels)
    )
    net = Net(Concat(), shapes, dtype="float64")
    x = tuple(draw(rng, N, *shape) for shape in shapes)
    y, cache = net.forward(x)
    wide = places if any(len(s) > 1 for s in shapes) else ()
    assert y.shape == (N, *wide, sum(channels)) == (N, *net.out_shape)
    for place in np.ndindex(N, *wide):
        rows = [a[place] if len(a.shape) == len(y.shape) else a[place[0]] for a in x]
        assert np.array_equal(y[place], [number for row in rows for number in row])
    dx = net.backward(draw(rng, *y.shape), cache)
    assert [d.shape for d in dx] == [a.shape for a in x]
    first = tuple(None if i else a for i, a in enumerate(x))
    same = tuple(0 * a if i else a for i, a in enumerate(x))
    y_dot, full = (net.tangent(v, cache)[0] for v in (first, same))
    assert np.array_equal(y_dot, full)


@a_third
@given(places, st.integers(2, 5), st.data(), seeds)
def test_parallel_branch_concat_pick(places, C, data, seed):
    cut = data.draw(st.integers(1, C - 1))
    inner = Parallel(Sequential(Tanh(), Dense(2)), Branch(Identity(), Softplus()))
    flat = Parallel(Identity(), Concat())
    certify(Sequential(Cut(cut), inner, flat, Concat()), (*places, C), 3, seed)
    pick = data.draw(st.sampled_from([0, 1, -1]))
    certify(Sequential(Cut(cut), Branch(Pick(pick), Concat()), Concat()), (C,), 3, seed)


@a_third
@given(st.lists(few, min_size=1, max_size=2), st.integers(2, 5), seeds)
def test_a_vector_at_every_place(places, C, seed):
    tree = Sequential(Cut(1), Parallel(Identity(), MeanPool()), Concat(), Tanh())
    certify(tree, (*places, C), 2, seed)


@a_third
@given(st.sampled_from([None, 1, 2]), seeds)
def test_residual_of_a_tuple(kind, seed):
    f = Parallel(Sequential(Tanh(), Dense(2)), Sequential(Dense(3), Softplus()))
    shortcuts = {None: None, 1: Identity(), 2: Parallel(Tanh(), Dense(3))}
    tree = Sequential(Cut(2), Residual(f, shortcuts[kind], 0.5), Concat())
    certify(tree, (5,), 3, seed)


def test_plus_takes_none_for_zero():
    a, b = np.ones(2), np.full(2, 2.0)
    assert plus(None, None) is None
    assert plus(a, None) is plus(None, a) is a
    both = plus((a, None, (b, None)), (b, a, None))
    assert np.array_equal(both[0], a + b) and both[1] is a and both[2][0] is b
    with pytest.raises(ValueError):
        plus((a, b), (a,))


pair = ((3,), Integers((), 4))
REFUSED = [
    (Parallel(Identity()), pair),
    (Parallel(Identity(), Identity()), (3,)),
    (Pick(2), pair),
    (Pick(-3), pair),
    (Pick(0), (3,)),
    (Concat(), pair),
    (Concat(), (3,)),
    (Concat(), ((3,), ())),
    (Concat(), ((2, 3), (4, 3))),
    (Concat(), ((3,), ((3,), (3,)))),
    (Embedding(3), (3,)),
    (Embedding(3), pair),
    (ConditionalBatchNorm(), (3,)),
    (ConditionalBatchNorm(), ((3,), ())),
    (ConditionalBatchNorm(), ((3,), Integers((2,), 4))),
    (ConditionalBatchNorm(), ((), Integers((), 4))),
    (Projection(), ((3,), (3,))),
    (Projection(), ((2, 3), Integers((), 4))),
    (Projection(), (((3,), (3,)), Integers((), 4))),
    (InnerProduct(), ((3,), (4,))),
    (InnerProduct(), ((2, 3), (2, 3))),
    (InnerProduct(), pair),
    (MeanPool(), (3,)),
    (GRU(3), (3,)),
    (GRU(3), (0, 3)),
    (Each(Identity()), ()),
    (Each(Identity()), ((2, 3), (3, 3))),
    (Each(Pack(2)), (4, 3)),
    (Residual(Pick(0)), pair),
    *((layer, pair) for layer in (Dense(3), Tanh(), Flatten(), Reshape(3), GRU(3))),
    *((layer, pair) for layer in (BatchNorm(), LayerNorm(), MeanPool(), Dropout())),
    (Dense(3), Integers((4,), 3)),
    (Tanh(), Integers((4,), 3)),
]


@pytest.mark.parametrize("layer, in_shape", REFUSED, ids=str)
def test_a_shape_that_does_not_fit_is_refused(layer, in_shape):
    with pytest.raises(ShapeError) as e:
        layer.build(in_shape)
    assert " expects " in str(e.value) and "\n" not in str(e.value)


# Embedding


@given(
    st.lists(few, max_size=2),
    st.sampled_from([1, 2, 5, cpu.FEW, cpu.FEW + 1, 400]),
    few,
    seeds,
)
def test_embedding(shape, n, dim, seed):
    """Rows forward, and backward a sum over equal integers, of which there are many."""
    rng = np.random.default_rng(seed)
    i = rng.integers(0, min(n, 4), (6, *shape)) * max(1, n // 4)
    net = double(Parallel(Embedding(dim)), (Integers(shape, n),), seed)
    (y,), cache = net.forward((i,))
    dy, dE, added = draw(rng, *y.shape), np.zeros((n, dim)), np.zeros((n, dim))
    E = net.tree.layers[0].W
    for place in np.ndindex(*i.shape):
        assert np.array_equal(y[place], E[i[place]])
        dE[i[place]] += dy[place]
        added[i[place]] += np.abs(dy[place])
    assert net.backward((dy,), cache) is None
    # a sum may cancel: its rounding is relative to what was added
    assert relative(net.tree.layers[0].dW - dE, added) <= 1e-14
    first = net.grad.copy()
    net.backward((dy,), cache)
    assert relative(net.grad - 2 * first, first) <= 1e-15
    net.zero_grad()
    net.backward((dy,), cache, param_grads=False)
    assert not net.grad.any()


@a_third
@given(st.sampled_from([2, 7, 200]), places, few, seeds)
def test_embedding_in_a_network(n, shape, dim, seed):
    text = [MeanPool()] if shape else []
    tree = Sequential(
        classes(4, n, seed, *shape),
        Parallel(Tanh(), Sequential(Embedding(dim), *text, Dense(3), Tanh())),
        Concat(),
        Dense(2),
    )
    certify(tree, (3,), 4, seed)


@pytest.mark.parametrize("way", ["numpy, few", "numpy, many", "device"])
def test_adding_rows_is_the_same_to_the_bit(way, monkeypatch):
    """Every way, however the batch is dealt with; and a device makes no host read."""
    rng = np.random.default_rng(1)
    n = 300 if way == "numpy, many" else 9
    i, dy = rng.integers(0, n, (64, 5)), rng.standard_normal((64, 5, 7), "float32")
    expected = np.zeros((n, 7))
    np.add.at(expected, i.reshape(-1), dy.reshape(-1, 7))
    xp = fake_device if way == "device" else np
    for one_hot in (1 << 24, 40, 1):  # in one product, or in several
        monkeypatch.setattr(embedding, "ONE_HOT", one_hot)
        results = []
        for _ in range(2):
            dE = xp.zeros((n, 7), "float32")
            with fake_device.counting() as counts:
                embedding.add_rows(dE, xp.asarray(i), xp.asarray(dy))
            assert counts.host_reads == 0
            results.append(dE.get() if way == "device" else dE)
        assert np.array_equal(*results) and results[0].dtype == "float32"
        assert np.abs(results[0] - expected).max() <= 1e-5


@pytest.mark.parametrize("bad", [-1, 4])
def test_an_integer_that_is_no_class_is_refused(bad):
    y = np.array([0, bad, 3])
    for tree in (Parallel(Tanh(), Embedding(2)), ConditionalBatchNorm(), Projection()):
        net = Net(tree, pair)
        with pytest.raises(tg.InputError, match="integers from 0 to 3, got"):
            net.forward((np.zeros((3, 3), "float32"), y))


def test_an_embedding_starts_as_large_as_z():
    net = Net(Parallel(Embedding(64)), (Integers((), 500),), seed=1)
    assert abs(net.theta.std() - 1) < 0.02 and abs(net.theta.mean()) < 0.02
    small = Net(Parallel(Embedding(64, init=tg.normal(0.02))), (Integers((), 500),))
    assert abs(small.theta.std() - 0.02) < 0.001


# Conditional batch normalisation


@given(places, few, st.integers(4, 9), st.integers(1, 4), st.booleans(), seeds)
def test_conditional_batch_norm(places, C, N, n, train, seed):
    """Sample by sample: each has the scale and the shift of its class."""
    rng = np.random.default_rng(seed)
    net = double(ConditionalBatchNorm(), ((*places, C), Integers((), n)), seed)
    x, y = draw(rng, N, *places, C), rng.integers(0, n, N)
    net.forward((draw(rng, N, *places, C), y))  # the running statistics move
    mean, var = (net.tree.state[k].copy() for k in ("mean", "var"))
    (u, same), _ = net.forward((x, y), train)
    if train:
        columns = x.reshape(-1, C)
        mean, var = columns.mean(axis=0), columns.var(axis=0)
    assert same is y and u.shape == x.shape
    for i in range(N):
        x_hat = (x[i] - mean) / np.sqrt(var + 1e-5)
        expected = net.tree.gamma[y[i]] * x_hat + net.tree.beta[y[i]]
        assert np.abs(u[i] - expected).max() <= 1e-10 * max(1, np.abs(expected).max())


def test_a_pick_counts_from_either_end():
    shapes = ((2,), (3,), (4,))
    for i, size in ((0, 2), (2, 4), (-1, 4), (-3, 2)):
        assert Net(Pick(i), shapes).out_shape == (size,)
    for i in (3, -4):
        with pytest.raises(ShapeError, match=f"a tuple with a value {i}"):
            Net(Pick(i), shapes)


def test_words_start_as_large_as_a_latent_vector():
    net = Net(Embedding(64), Integers((3,), 500), seed=1)
    assert abs(net.theta.std() - 1) < 0.01 and abs(net.theta.mean()) < 0.02


def test_for_one_class_it_is_batch_norm():
    """With its running statistics to the bit; the rest to rounding, because the twin of
    batch norm does not round the mean before it subtracts it.
    """
    rng = np.random.default_rng(2)
    x, dy, y = draw(rng, 6, 4, 3, 2), draw(rng, 6, 4, 3, 2), np.zeros(6, int)
    plain = double(BatchNorm(), (4, 3, 2), 5)
    given = double(ConditionalBatchNorm(), ((4, 3, 2), Integers((), 1)), 5)
    for train in (True, False):
        plain.zero_grad(), given.zero_grad()
        u, cache = plain.forward(x, train)
        dx = plain.backward(dy, cache)
        (u_2, _), cache = given.forward((x, y), train)
        dx_2, dy_2 = given.backward((dy, None), cache)
        assert relative(u_2 - u, u) <= 1e-15 and dy_2 is None
        assert relative(dx_2 - dx, dx) <= 1e-14
        assert relative(given.grad - plain.grad, plain.grad) <= 1e-14
        for name, value in plain.state().items():
            assert np.array_equal(value, given.state()[name])


@a_third
@given(places, few, st.integers(4, 6), st.integers(1, 5), seeds)
def test_conditional_batch_norm_derivatives(places, C, N, n, seed):
    m = N * math.prod(places)
    tree = Sequential(classes(N, n, seed), ConditionalBatchNorm(gamma_std=0.1), Pick(0))
    certify(tree, (*places, C), N, seed, tame=m >= 8)
    block = Sequential(ConditionalBatchNorm(), beside(Tanh(), Dense(C)))
    tree = Sequential(classes(N, n, seed), block, Residual(block), Pick(0))
    certify(tree, (*places, C), N, seed, tame=False)


def test_in_training_it_has_no_tangent_and_says_so():
    net = Net(ConditionalBatchNorm(), pair)
    x, y = np.random.default_rng(1).standard_normal((4, 3), "float32"), np.zeros(4, int)
    _, cache = net.forward((x, y))
    with pytest.raises(TangentError, match="ConditionalBatchNorm in training has no"):
        net.tangent((x, None), cache)
    with pytest.raises(ShapeError, match="more than one value per channel"):
        net.forward((x[:1], y[:1]))


# Inner products


@given(few, st.integers(1, 5), st.integers(1, 4), seeds)
def test_projection(N, C, n, seed):
    """s = <V[y], h> + <w, h> + b by loops; and as a sum of two other layers."""
    rng = np.random.default_rng(seed)
    h, y = draw(rng, N, C), rng.integers(0, n, N)
    net = double(Projection(), ((C,), Integers((), n)), seed)
    layer = net.tree
    s, cache = net.forward((h, y))
    for i in range(N):
        V = sum(layer.V[y[i], c] * h[i, c] for c in range(C))
        w = sum(layer.w[c] * h[i, c] for c in range(C))
        assert abs(s[i, 0] - (V + w + layer.b[0])) <= 1e-13

    inner = Sequential(Parallel(Identity(), Embedding(C)), InnerProduct())
    both = double(
        Residual(inner, Sequential(Pick(0), Dense(1))), ((C,), Integers((), n))
    )
    parts = both.parameters()
    for name, a in parts.items():
        of = {"ding.W": layer.V, "ense.W": layer.w, "ense.b": layer.b}
        a[...] = of[name[-6:]].reshape(a.shape)
    s_2, cache_2 = both.forward((h, y))
    assert np.abs(s - s_2).max() <= 1e-13  # of terms of size 1, which may cancel
    ds = draw(rng, N, 1)
    dh, none = net.backward(ds, cache)
    dh_2, none_2 = both.backward(ds, cache_2)
    assert none is none_2 is None and relative(dh - dh_2, dh) <= 1e-13
    for name, a in both.parameters(both.grad).items():
        of = {"ding.W": layer.dV, "ense.W": layer.dw, "ense.b": layer.db}
        ours = of[name[-6:]]
        assert relative(ours - a.reshape(ours.shape), ours) <= 1e-13


@a_third
@given(few, st.integers(1, 5), st.integers(1, 4), seeds)
def test_inner_products(N, C, n, seed):
    certify(Sequential(classes(N, n, seed), Projection()), (C,), N, seed)
    certify(Sequential(Cut(C), InnerProduct()), (2 * C,), N, seed)
    parts = Parallel(Tanh(), Sequential(Embedding(C), Tanh()))
    tree = Sequential(classes(N, n, seed), parts, InnerProduct())
    certify(tree, (C,), N, seed)


def test_a_projection_starts_as_large_as_its_features():
    net = Net(Projection(), ((256,), Integers((), 10)), seed=1)
    h = np.random.default_rng(1).standard_normal((500, 256), "float32")
    s, _ = net.forward((h, np.arange(500) % 10))
    assert 1.2 < s.std() < 1.7  # of two sums of variance 1


# Sequences


@given(st.lists(few, min_size=1, max_size=3), few, seeds)
def test_mean_pool(places, C, seed):
    x = draw(np.random.default_rng(seed), 2, *places, C)
    y, _ = Net(MeanPool(), (*places, C), dtype="float64").forward(x)
    for n in range(2):
        mean = sum(x[(n, *place)] for place in np.ndindex(*places)) / math.prod(places)
        assert np.abs(y[n] - mean).max() <= 1e-14
    certify(MeanPool(), (*places, C), 2, seed)


@a_third
@given(st.integers(1, 4), few, few, seeds)
def test_gru(T, C, n, seed):
    """Number by number, in Python's floats."""
    net = double(GRU(n), (T, C), seed)
    x = draw(np.random.default_rng(seed), 2, T, C)
    y, _ = net.forward(x)
    W, U, b, c = (getattr(net.tree, name) for name in "WUbc")

    def sigma(s):
        return 1 / (1 + math.exp(-s))

    for i in range(2):
        h = [0.0] * n
        for t in range(T):
            a = [
                sum(x[i, t, j] * W[j, k] for j in range(C)) + b[k] for k in range(3 * n)
            ]
            m = [sum(h[j] * U[j, k] for j in range(n)) for k in range(3 * n)]
            r = [sigma(a[k] + m[k]) for k in range(n)]
            z = [sigma(a[n + k] + m[n + k]) for k in range(n)]
            q = [
                math.tanh(a[2 * n + k] + r[k] * (m[2 * n + k] + c[k])) for k in range(n)
            ]
            h = [(1 - z[k]) * q[k] + z[k] * h[k] for k in range(n)]
        assert np.abs(y[i] - h).max() <= 1e-12
    certify(GRU(n), (T, C), 2, seed)


def test_gru_is_torchs():
    """Its output and every gradient, with torch's weights."""
    torch = pytest.importorskip("torch")
    torch.set_num_threads(1)
    torch.manual_seed(3)
    T, C, n, N = 7, 5, 6, 4
    theirs = torch.nn.GRU(C, n, batch_first=True, dtype=torch.float64)
    ours = Net(GRU(n), (T, C), dtype="float64")
    layer = ours.tree
    W, U, b, c = (p.detach().numpy() for p in theirs.parameters())
    layer.W[...], layer.U[...] = W.T, U.T
    layer.b[...] = b + np.concatenate([c[: 2 * n], np.zeros(n)])
    layer.c[...] = c[2 * n :]
    rng = np.random.default_rng(4)
    x, dy = draw(rng, N, T, C), draw(rng, N, n)
    x_t = torch.tensor(x, requires_grad=True)
    y_t = theirs(x_t)[1][0]
    y, cache = ours.forward(x)
    assert relative(y - y_t.detach().numpy(), y) <= 1e-14
    (y_t * torch.tensor(dy)).sum().backward()
    dx = ours.backward(dy, cache)
    assert relative(dx - x_t.grad.numpy(), dx) <= 1e-13
    dW, dU, db, dc = (p.grad.numpy() for p in theirs.parameters())
    for a, b in ((layer.dW, dW.T), (layer.dU, dU.T), (layer.db, db)):
        assert relative(a - b, b) <= 1e-13
    assert relative(layer.dc - dc[2 * n :], dc) <= 1e-13


@a_third
@given(few, few, few, few, seeds)
def test_each(N, M, T, C, seed):
    """f of every x[:, m], one by one; of tuples and of integers too."""
    rng = np.random.default_rng(seed)
    x, i = draw(rng, N, M, T, C), rng.integers(0, 5, (N, M, T))
    tree = Sequential(Parallel(Tanh(), Embedding(2)), Concat(), GRU(3))
    shapes = (M, T, C), Integers((M, T), 5)
    net = double(Each(tree), shapes, seed)
    assert net.out_shape == (M, 3)
    y, cache = net.forward((x, i))
    single = double(tree, ((T, C), Integers((T,), 5)), seed)
    for m in range(M):
        assert relative(y[:, m] - single.forward((x[:, m], i[:, m]))[0], y) <= 1e-14
    dx, none = double(Each(tree), shapes, seed).backward(y, cache)
    assert dx.shape == x.shape and none is None
    certify(Each(Sequential(GRU(2), Tanh())), (M, T, C), N, seed)
    words = Sequential(
        classes(N, 5, seed, M, T),
        Parallel(Identity(), Sequential(Each(Sequential(Embedding(2), GRU(2))))),
        Parallel(Identity(), MeanPool()),
        Concat(),
    )
    certify(words, (C,), N, seed)


def test_each_keeps_the_form_of_a_shape():
    words = Each(Identity()).build((Integers((2, 3), 7), (2, 4)))
    assert words == ((2, 3), (2, 4)) and words[0].n == 7
    assert Each(Embedding(4)).build(Integers((2, 3), 7)) == (2, 3, 4)


# Where the tangent is zero: what follows from integers alone


def penalised(front, rest, in_shape, y):
    """dP/dtheta by `penalise`, and P as a function of theta, on a complex network."""
    rng = np.random.default_rng(7)
    net = double(Sequential(*front, *rest), in_shape, 8)
    net.theta *= 0.5
    x, exact, theta = (
        draw(rng, len(y), *in_shape[0]),
        net.clone("complex128"),
        net.theta,
    )

    def phi(r):
        return (r - 1) ** 2, 2 * (r - 1) / r

    s, cache = net.forward((x, y))
    net.zero_grad()
    P = penalise(net, s, cache, phi)

    def L(theta):
        exact.theta[...] = theta
        s, cache = exact.forward((x + 0j, y))
        g, none = exact.backward(np.ones_like(s), cache, param_grads=False)
        assert none is None
        r = np.sqrt((g * g).reshape(len(y), -1).sum(axis=1))
        return ((r - 1) ** 2).mean()

    assert abs(P - L(theta).real) <= 1e-12 * abs(P)
    return -net.grad, L, theta.copy()


def encoder(*layers):
    return Parallel(Identity(), Sequential(*layers))


y_classes, y_words = np.array([2, 0, 2, 1, 3]), np.arange(30).reshape(5, 2, 3) % 6
CRITICS = {
    "joined": (
        [encoder(Embedding(4), Dense(5), Tanh()), Concat()],
        ((3,), Integers((), 4)),
    ),
    "text": (
        [encoder(Embedding(4), Each(GRU(3)), MeanPool(), Tanh()), Concat()],
        ((3,), Integers((2, 3), 6)),
    ),
    "beside an image": (
        [encoder(Embedding(4), Tanh()), Concat(), Conv2d(3, 2), Tanh(), Flatten()],
        ((3, 3, 2), Integers((), 4)),
    ),
    "inner product": (
        [
            Parallel(Sequential(Dense(4), Tanh()), Sequential(Embedding(4), Tanh())),
            InnerProduct(),
        ],
        ((3,), Integers((), 4)),
    ),
    "projection": ([beside(Dense(4), Tanh()), Projection()], ((3,), Integers((), 4))),
    "branched": (
        [
            Branch(
                Pick(0),
                Sequential(Pick(1), Embedding(2), Branch(Tanh(), Dense(2)), Concat()),
                Sequential(encoder(Embedding(3), Tanh()), Concat()),
            ),
            Concat(),
        ],
        ((3,), Integers((), 4)),
    ),
    "residual": (
        [
            Residual(Parallel(Tanh(), Identity())),
            encoder(Embedding(3), Residual(Sequential(Dense(3), Tanh())), Dense(2)),
            Concat(),
        ],
        ((3,), Integers((), 4)),
    ),
    "a norm in the encoder": (  # BatchNorm in training has no tangent, and needs none
        [encoder(Embedding(4), BatchNorm(), SpectralNorm(Dense(3)), Tanh()), Concat()],
        ((3,), Integers((), 4)),
    ),
}


@pytest.mark.parametrize("name", CRITICS)
def test_a_gradient_penalty_on_a_conditional_critic(name):
    front, in_shape = CRITICS[name]
    y = y_words if name == "text" else y_classes
    rest = (Dense(8), Tanh(), Dense(1))
    gradient, L, theta = penalised(front, rest, in_shape, y)
    rng = np.random.default_rng(9)
    for _ in range(4):
        v = rng.standard_normal(theta.shape)
        error = complex_step(L, theta, v) - gradient @ v
        assert relative(error, gradient) <= 1e-11
    assert np.abs(gradient).max() > 0


def test_a_branch_of_integers_is_left_out_where_it_can_be():
    """No tangent pass through it, and no backward pass for dx alone."""
    called = []

    class Told(Tanh):
        def backward(self, dy, cache, param_grads=True):
            called.append(("backward", param_grads))
            return super().backward(dy, cache, param_grads)

        def tangent(self, x_dot, cache):
            called.append("tangent")
            return super().tangent(x_dot, cache)

    head = Dense(4), Tanh(), Dense(1)
    tree = Sequential(encoder(Embedding(4), Told()), Concat(), *head)
    net = double(tree, pair)
    x, y = np.ones((5, 3)), y_classes
    s, cache = net.forward((x, y))
    dx, none = net.backward(s, cache, param_grads=False)
    _, cache_dot = net.tangent((x, None), cache)
    assert called == [] and none is None and dx.shape == x.shape
    dx, dx_dot = net.tangent_backward(None, s, cache, cache_dot)
    assert called == [("backward", True)]
    assert dx_dot[1] is None and dx_dot[0].shape == x.shape
    assert net.parameters(net.grad)["0_Parallel.1_Sequential.0_Embedding.W"].any()


def test_none_comes_through_whatever_form_it_has():
    tree = Sequential(Parallel(Dense(3), Dense(2)), Pick(0), Tanh())
    net = double(tree, ((3,), (4,)))
    a, b = np.ones((2, 3)), np.ones((2, 4))
    y, cache = net.forward((a, b))
    da, db = net.backward(y, cache)
    assert da.shape == a.shape and db is None
    assert not net.parameters(net.grad)["0_Parallel.1_Dense.W"].any()
    y_dot, cache_dot = net.tangent((None, b), cache)  # only what is left behind
    assert y_dot is None
    dx, dx_dot = net.tangent_backward(y, y, cache, cache_dot)
    assert np.array_equal(dx[0], da) and not leaves(dx_dot)


# Planted mistakes: each must be caught


class AssignsRows(Embedding):
    def backward(self, dy, cache, param_grads=True):
        (i,) = cache
        if param_grads:
            self.dW[i] += dy


class ShiftsRows(Embedding):
    def backward(self, dy, cache, param_grads=True):
        (i,) = cache
        super().backward(dy, ((i + 1) % len(self.W),), param_grads)


class NoBatchTerms(ConditionalBatchNorm):
    def backward(self, dy, cache, param_grads=True):
        super().backward(dy, cache, param_grads)
        (du, _), (_, y, inv_std, _) = dy, cache
        gamma = self.gamma[y].reshape(len(y), *(1,) * (du.ndim - 2), -1)
        return gamma * du * inv_std, None


class GammaOutside(ConditionalBatchNorm):
    """BatchNorm's formula: right if all samples have the same gamma."""

    def backward(self, dy, cache, param_grads=True):
        _, y, _, _ = cache
        gamma, self.gamma = self.gamma, np.ones_like(self.gamma)
        dx, _ = super().backward(dy, cache, param_grads)
        self.gamma = gamma
        return gamma[y].reshape(len(y), *(1,) * (dx.ndim - 2), -1) * dx, None


class ForgetsGammaInReverse(ConditionalBatchNorm):
    def tangent_backward(self, dy, dy_dot, cache, cache_dot):
        dx = self.backward(dy, cache) if leaves(dy) else None
        _, y, inv_std, _ = cache
        if not leaves(dy_dot):
            return dx, None
        gamma = self.gamma[y].reshape(len(y), *(1,) * (dy_dot[0].ndim - 2), -1)
        return dx, (gamma * inv_std * dy_dot[0], None)


class LastPlaceOnly(Concat):
    def adjoint(self, dy, cache, param_grads=True):
        parts = list(super().adjoint(dy, cache))
        for i, shape in enumerate(self.in_shapes):
            if len(shape) == 1 and self.places:
                end = sum(s[-1] for s in self.in_shapes[: i + 1])
                parts[i] = dy[:, -1, -1, end - shape[0] : end]
        return tuple(parts)


class LastBranchOnly(Branch):
    def inputs_adjoint(self, dxs):
        return dxs[-1]


class OneSided(InnerProduct):
    def tangent(self, x_dot, cache):
        return (x_dot[0] * cache[1]).sum(axis=-1, keepdims=True), x_dot


class NoBend(InnerProduct):
    def tangent_backward(self, dy, dy_dot, cache, cache_dot):
        halves = (None if d is None else self.backward(d, cache) for d in (dy, dy_dot))
        return tuple(halves)


class ForgetsV(Projection):
    def tangent_backward(self, dy, dy_dot, cache, cache_dot):
        dx = None if dy is None else self.backward(dy, cache)
        if dy_dot is None:
            return dx, None
        self.dw += (dy_dot * cache_dot[0]).sum(axis=0)
        return dx, (dy_dot * cache[2], None)


class Truncated(GRU):
    """Backpropagation that stops after one step."""

    def backward(self, dy, cache, param_grads=True):
        x, (h, *inside) = cache
        last = x[:, -1:], (h[-2:], *(v[-1:] for v in inside))
        dx = 0 * x
        dx[:, -1:] = super().backward(dy, last, param_grads)
        return dx


class FlatGRU(GRU):
    """Gates taken for constants where the tangent is reversed."""

    def tangent_backward(self, dy, dy_dot, cache, cache_dot):
        x_dot, steps_dot = cache_dot
        still = tuple(0 * v for v in steps_dot)
        return super().tangent_backward(dy, dy_dot, cache, (x_dot, still))


class Interleaved(Each):
    def _unfolded(self, v):
        if v is None:
            return None
        return v.reshape(self.M, len(v) // self.M, *v.shape[1:]).swapaxes(0, 1)


FIVE = Given(np.array([2, 0, 2, 2, 1]), 4)
MISTAKES = [
    (Sequential(FIVE, Parallel(Tanh(), AssignsRows(3)), Concat()), (3,), "dtheta"),
    (Sequential(FIVE, Parallel(Tanh(), ShiftsRows(3)), Concat()), (3,), "dtheta"),
    (Sequential(FIVE, NoBatchTerms(), Pick(0)), (3, 2), "dx"),
    (Sequential(FIVE, GammaOutside(), Pick(0)), (3, 2), "dx"),
    (Sequential(FIVE, ForgetsGammaInReverse(), Pick(0)), (3, 2), "reverse"),
    (
        Sequential(Cut(1), Parallel(Identity(), MeanPool()), LastPlaceOnly()),
        (2, 2, 3),
        "dx",
    ),
    (Sequential(LastBranchOnly(Dense(2), Tanh()), Concat()), (3,), "dx"),
    (Sequential(Cut(3), OneSided()), (6,), "tangent"),
    (Sequential(Cut(3), NoBend()), (6,), "reverse"),
    (Sequential(FIVE, ForgetsV()), (3,), "reverse"),
    (Truncated(3), (4, 2), "dx"),
    (FlatGRU(3), (4, 2), "reverse"),
    (Each(Interleaved(Tanh())), (2, 3, 2), "dx"),
]


@pytest.mark.parametrize("tree, in_shape, quantity", MISTAKES, ids=str)
def test_a_planted_mistake_is_caught(tree, in_shape, quantity):
    rows = check_layer(tree, in_shape, batch=5, effort="plain")
    (row,) = (row for row in rows if row.quantity == quantity)
    assert not row.ok and row.error > 1e-4


# A batch in parts, and float32


def conditional_pair():
    G = Sequential(
        Branch(
            Sequential(Parallel(Identity(), Embedding(3)), Concat(), Dense(8), Tanh()),
            Pick(1),
        ),
        ConditionalBatchNorm(gamma_std=0.1),
        beside(Softplus(), Dense(6)),
        ConditionalBatchNorm(),
        Pick(0),
    )
    D = Sequential(beside(Dense(8), LeakyReLU(), Dense(5), Tanh()), Projection())
    shape = Integers((), 4)
    return Net(G, ((5,), shape), 1, "float64"), Net(D, ((6,), shape), 2, "float64")


class Passes:
    """One rank's passes through a G and a D, on its rows."""

    def __init__(self, own, G, D):
        self.own, self.G, self.D = own, G, D

    def run(self, z, y, ds):
        z, y, ds = z[self.own], y[self.own], ds[self.own]
        x, c_G = self.G.forward((z, y))
        s, c_D = self.D.forward((x, y))
        dx, none = self.D.backward(ds, c_D)
        assert none is None
        self.G.backward(dx, c_G)
        _, cache_dot = self.D.tangent((x, None), c_D)
        (dx_2, _), (dx_dot, _) = self.D.tangent_backward(ds, -ds, c_D, cache_dot)
        return x, s, dx, dx_2, dx_dot


def test_a_divided_batch_gives_the_same_gradients():
    rng = np.random.default_rng(3)
    z, y, ds = draw(rng, 12, 5), rng.integers(0, 4, 12), draw(rng, 12, 1)
    results = []
    for size in (1, 2, 3):
        G, D = conditional_pair()
        grads = [
            [shared(np.zeros_like(net.grad)) for net in (G, D)] for _ in range(size)
        ]

        def make(ranks, G=G, D=D, grads=grads, size=size):
            parts = cut(12, size) if size > 1 else [slice(None)]
            each = zip(ranks, parts, grads, strict=True)
            return [Passes(own, G.part(r, g), D.part(r, d)) for r, own, (g, d) in each]

        everyone = Shards(size, make).run("run", z, y, ds)
        rows = [np.concatenate(parts) for parts in zip(*everyone, strict=True)]
        sums = [sum(each) for each in zip(*grads, strict=True)]
        results.append([*rows, *sums, *G.state().values()])
    for parts in results[1:]:
        for a, b in zip(parts, results[0], strict=True):
            assert relative(a - b, b) <= 1e-12


def given_64(n, *shape):
    return classes(64, n, 3, *shape)


TRAINING_SIZES = [
    (Sequential(given_64(10), ConditionalBatchNorm(gamma_std=0.02), Pick(0)), (512,)),
    (Sequential(given_64(10), ConditionalBatchNorm(), Pick(0)), (14, 14, 64)),
    (Sequential(given_64(10), Projection()), (1024,)),
    (Sequential(given_64(10), Parallel(Identity(), Embedding(64)), Concat()), (28,)),
    (
        Sequential(
            given_64(500, 16), encoder(Embedding(64), MeanPool()), InnerProduct()
        ),
        (64,),
    ),
    (Conv1d(128, 3, pad=1), (16, 64)),
    (MeanPool(), (16, 128)),
    (GRU(128), (16, 64)),
    (Each(Sequential(Conv1d(64, 3, pad=1), LeakyReLU(), MeanPool())), (2, 16, 64)),
]


@pytest.mark.parametrize("train", [True, False], ids=["train", "eval"])
@pytest.mark.parametrize("layer, in_shape", TRAINING_SIZES, ids=str)
def test_float32_agrees_with_float64(layer, in_shape, train):
    """Batch 64: each gradient within 1e-5 of its largest entry."""
    errors = float32_errors(layer, in_shape, train)
    assert max(errors.values()) <= 1e-5, errors


# For the reader


def test_they_say_what_they_are():
    text = Sequential(Embedding(4), Each(GRU(3)), MeanPool())
    tree = Sequential(Parallel(Identity(), text), Concat(), Dense(1))
    assert repr(tree) == (
        "Sequential(Parallel(Identity(), Sequential(Embedding(4), Each(GRU(3)), "
        "MeanPool())), Concat(), Dense(1))"
    )
    net = Net(tree, ((3,), Integers((2, 5), 6)))
    assert list(net.parameters())[:2] == [
        "0_Parallel.1_Sequential.0_Embedding.W",
        "0_Parallel.1_Sequential.1_Each.f.W",
    ]
    for mine in (Branch, Parallel):
        with pytest.raises(ValueError, match="at least one layer"):
            mine()
    with pytest.raises(ValueError, match="whole number"):
        Pick(0.5)
    assert all(layer.divisible for _, layer in net.layers())


def test_a_layer_that_mixes_samples_still_says_so():
    mixing = type("Mixing", (Identity,), {"divisible": False})()
    net = Net(Sequential(Parallel(mixing, Identity()), Pick(0)), pair)
    with pytest.raises(ShapeError, match="needs the batch in one piece"):
        net.part(Shards(2, list).ranks[0], net.grad)
    assert isinstance(net.tree, Layer)


# Painting


@given(few, few, few, few, seeds, st.booleans(), st.booleans())
def test_painting(N, H, W, C, seed, ink, ground):
    """b where the mask is 0, f where it is 1, between them in between; by loops. An
    `ink` or a `ground` of its own at each place, or of one colour.
    """
    rng = np.random.default_rng(seed)
    f_shape, b_shape = ((H, W, C) if own else (C,) for own in (ink, ground))
    a, f, b = rng.random((N, H, W, 1)), draw(rng, N, *f_shape), draw(rng, N, *b_shape)
    net = double(Paint(), ((H, W, 1), f_shape, b_shape), seed)
    assert net.out_shape == (H, W, C)
    x, cache = net.forward((a, f, b))
    dx = draw(rng, *x.shape)
    da, df, db = net.backward(dx, cache)
    sums = np.zeros(f.shape), np.zeros(b.shape)
    for n, i, j in itertools.product(range(N), range(H), range(W)):
        alpha, slope = a[n, i, j, 0], 0.0
        f_at, b_at = (n, i, j) if ink else (n,), (n, i, j) if ground else (n,)
        for c in range(C):
            f_, b_ = f[(*f_at, c)], b[(*b_at, c)]
            assert abs(x[n, i, j, c] - (b_ + alpha * (f_ - b_))) <= 1e-14
            slope += dx[n, i, j, c] * (f_ - b_)
            sums[0][(*f_at, c)] += dx[n, i, j, c] * alpha
            sums[1][(*b_at, c)] += dx[n, i, j, c] * (1 - alpha)
        assert abs(da[n, i, j, 0] - slope) <= 1e-13
    for found, expected in zip((df, db), sums, strict=True):
        assert relative(found - expected, expected) <= 1e-13
    for mask, colour in ((0 * a, b), (0 * a + 1, f)):
        x, _ = net.forward((mask, f, b))
        size = np.abs(f).max() + np.abs(b).max()  # b + (f - b) is f but for rounding
        wanted = colour if colour.ndim == 4 else colour[:, None, None]
        assert np.abs(x - wanted).max() <= 1e-15 * size


@pytest.mark.parametrize("ink", [(4,), (2, 2, 4)])
@pytest.mark.parametrize("missing", [(0,), (1,), (2,), (0, 1), (1, 2), (0, 2)])
def test_painting_with_tangents_that_are_zero(missing, ink):
    """None is zero: in the tangent, and in what its reverse gives."""
    rng = np.random.default_rng(5)
    shapes = (2, 2, 1), ink, (4,)
    x = tuple(draw(rng, 3, *s) for s in shapes)
    dots = [draw(rng, 3, *s) for s in shapes]
    net = double(Paint(), shapes, 0)
    y, cache = net.forward(x)
    for i in missing:
        dots[i] = 0 * dots[i]
    some = tuple(None if i in missing else d for i, d in enumerate(dots))
    dy, dy_dot = draw(rng, *y.shape), draw(rng, *y.shape)
    results = []
    for x_dot in (tuple(dots), some):
        y_dot, cache_dot = net.tangent(x_dot, cache)
        dx, dx_dot = net.tangent_backward(dy, dy_dot, cache, cache_dot)
        results.append([y_dot, *dx, *dx_dot])
    for whole, part in zip(*results, strict=True):
        assert relative(whole - part, whole) <= 1e-14


@pytest.mark.parametrize(
    "in_shape",
    [
        (4, 4, 1),
        ((4, 4, 1), (3,)),
        ((4, 4, 2), (3,), (3,)),
        ((4, 4, 1), (3,), (4,)),
        ((4, 4, 1), (4, 3, 3), (3,)),
        ((4, 4, 1), (3,), (4, 4)),
        ((4, 4, 1), (3,), ()),
        ((4, 4, 1), ((3,), (3,)), (3,)),
        ((4, 4, 1), (3,), ((4, 4), 3)),
        ((4,), (3,), (3,)),
    ],
)
def test_painting_needs_a_mask_an_ink_and_a_ground(in_shape):
    with pytest.raises(ShapeError, match="a mask"):
        Paint().build(in_shape)

"""The equalised learning rate: c, the first weights, what a step does, and PyTorch."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinygan as tg
from tinygan import Net
from tinygan.check import check_layer, relative
from tinygan.check.device import xp as fake_device
from tinygan.layers import (
    GRU,
    AvgPool2d,
    BatchNorm,
    Conv2d,
    ConvTranspose2d,
    Dense,
    EqualRate,
    Flatten,
    LeakyReLU,
    MinibatchStd,
    PixelNorm,
    Reshape,
    Sequential,
    SpectralNorm,
    Tanh,
    Upsample2d,
    normal,
)

LAYERS = {  # a layer, the shape of its input, and how many inputs an output sums over
    "Dense": (lambda: Dense(7), (5,), 5),
    "Dense of a sequence": (lambda: Dense(3, bias=False), (4, 9), 9),
    "Conv2d": (lambda: Conv2d(4, (3, 2), 2, 1), (6, 5, 3), 18),
    "Conv2d in groups": (lambda: Conv2d(4, 3, 1, 1, groups=2), (4, 5, 6), 27),
    "ConvTranspose2d": (lambda: ConvTranspose2d(4, 4, 2, 1), (4, 5, 3), 12),
    "ConvTranspose2d in groups": (
        lambda: ConvTranspose2d(6, (4, 2), 2, (1, 0), bias=False, groups=3),
        (2, 3, 6),
        4,
    ),
}
layers = pytest.mark.parametrize("make, in_shape, fan_in", LAYERS.values(), ids=LAYERS)


def draw(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape)


def equalised(make, in_shape, dtype="float64", **settings) -> Net:
    return Net(EqualRate(make(), **settings), in_shape, seed=3, dtype=dtype)


# What the layer is


@layers
def test_the_constant(make, in_shape, fan_in):
    """A Python float: it widens no float32."""
    for gain in (math.sqrt(2), 1, 0.1):
        layer = equalised(make, in_shape, gain=gain).tree
        assert type(layer.factor) is float
        assert layer.factor == pytest.approx(gain / math.sqrt(fan_in), rel=1e-15)


@layers
def test_the_wrapped_layer_sets_the_formulas(make, in_shape, fan_in):
    """EqualRate is its layer with c W, every pass, and dW is c times that of c W."""
    c = math.sqrt(2 / fan_in)
    net, plain = equalised(make, in_shape), Net(make(), in_shape, dtype="float64")
    net.theta += 0.3 * draw(net.theta.size)
    assert net.out_shape == plain.out_shape and net.products == plain.products
    assert net.tree.out_axis == plain.tree.out_axis
    plain.theta[...] = net.theta
    plain.tree.W[...] = c * net.tree.W
    x, x_dot = draw(2, 3, *in_shape)
    (y, cache), (y_2, cache_2) = net.forward(x), plain.forward(x)
    dy, dy_dot = draw(2, *y.shape, seed=1)
    found = [y, net.backward(dy, cache)]
    wanted = [y_2, plain.backward(dy, cache_2)]
    (y_dot, cache_dot), (wanted_dot, cache_dot_2) = (
        net.tangent(x_dot, cache),
        plain.tangent(x_dot, cache_2),
    )
    found += [y_dot, *net.tangent_backward(dy, dy_dot, cache, cache_dot)]
    wanted += [wanted_dot, *plain.tangent_backward(dy, dy_dot, cache_2, cache_dot_2)]
    net.tree.backward_weights(dy, cache)
    plain.tree.backward_weights(dy, cache_2)
    found += [net.tree.dW]
    wanted += [c * plain.tree.dW]
    if "b" in plain.tree.shapes:
        found.append(net.tree.db)
        wanted.append(plain.tree.db)
    for a, b in zip(found, wanted, strict=True):
        assert relative(a - b, b) <= 1e-14


def test_the_first_weights():
    """N(0, 1) whatever the layer's own init; biases start as the layer says."""
    for layer in (Dense(300), Dense(300, init=normal(0.02)), ConvTranspose2d(99, 5)):
        in_shape = (200,) if isinstance(layer, Dense) else (4, 4, 30)
        net = equalised(lambda layer=layer: layer, in_shape)
        W = net.tree.W.ravel()
        assert abs(W.mean()) <= 4 / math.sqrt(W.size)
        assert abs((W * W).mean() - 1) <= 4 * math.sqrt(2 / W.size)
        assert abs((W**4).mean() / 3 - 1) <= 0.1  # a Gaussian's
        assert not net.tree.b.any()
    started = equalised(lambda: Dense(2, bias=[1.0, -1.0]), (3,))
    assert np.array_equal(started.tree.b, [1.0, -1.0])


@pytest.mark.parametrize(
    "make, in_shape",
    [
        (lambda: Dense(400), (300,)),
        (lambda: Conv2d(200, 3), (6, 6, 30)),
        (lambda: Conv2d(200, 3, groups=5), (6, 6, 60)),
        (lambda: ConvTranspose2d(200, 4, 2, 3), (7, 7, 40)),
        (lambda: ConvTranspose2d(200, 4, 2, 3, groups=5), (7, 7, 100)),
    ],
)
def test_the_first_outputs_have_the_variance_of_he(make, in_shape):
    """E[y^2] = 2 for x of variance 1, as with he(): every output sums over the whole
    fan, for the transposed layers cut off their edges.
    """
    x = draw(20, *in_shape)
    he = Net(make(), in_shape, seed=4, dtype="float64").forward(x)[0]
    y = equalised(make, in_shape).forward(x)[0]
    assert abs((y * y).mean() / 2 - 1) <= 0.05
    assert abs((y * y).mean() / (he * he).mean() - 1) <= 0.1
    unit = equalised(make, in_shape, gain=1).forward(x)[0]
    assert abs((unit * unit).mean() - 1) <= 0.05


# What a step does, by hand


@pytest.mark.parametrize("rule", ["SGD", "Adam"])
def test_steps_by_hand(rule):
    """Five steps down |y - t|^2/2 of a Dense, written out with x, V, b and c alone."""
    net = equalised(lambda: Dense(4), (6,))
    opt = tg.SGD(0.03) if rule == "SGD" else tg.Adam(0.03, 0.5, 0.9)
    V, b, c = net.tree.W.copy(), net.tree.b.copy(), math.sqrt(2 / 6)
    moments = [[0, 0], [0, 0]]
    for step in range(1, 6):
        x, t = draw(8, 6, seed=step), draw(8, 4, seed=100 + step)
        y, cache = net.forward(x)
        net.zero_grad()
        net.tree.backward_weights(y - t, cache)
        opt.descend(net.theta, net.grad)

        error = c * (x @ V) + b - t
        gradients = c * (x.T @ error), error.sum(axis=0)
        for array, g, moment in zip((V, b), gradients, moments, strict=True):
            if rule == "SGD":
                array -= 0.03 * g
                continue
            moment[0] = 0.5 * moment[0] + 0.5 * g
            moment[1] = 0.9 * moment[1] + 0.1 * g * g
            m, v = moment[0] / (1 - 0.5**step), moment[1] / (1 - 0.9**step)
            array -= 0.03 * m / (np.sqrt(v) + 1e-8)
        assert relative(net.tree.W - V, V) <= 1e-13
        assert relative(net.tree.b - b, b) <= 1e-13


def test_every_layer_moves_at_the_same_relative_speed():
    """One step of Adam: lr of the size of W, for a narrow and for a wide layer. With
    He's weights the wide layer moves 16 times as far, as a share of its weights.
    """

    def shares(wrap):
        layers = wrap(Dense(1024)), LeakyReLU(), wrap(Dense(8)), LeakyReLU(), Dense(1)
        net = Net(Sequential(*layers), (4,), seed=1, dtype="float64")
        before = {name: W.copy() for name, W in net.parameters().items()}
        y, cache = net.forward(draw(64, 4))
        net.backward(y, cache)
        tg.Adam(1e-3).descend(net.theta, net.grad)
        after = net.parameters().items()
        moved = {name: np.linalg.norm(W - before[name]) for name, W in after}
        kinds = [name for name in moved if name.endswith(".W")][:2]
        return [moved[name] / np.linalg.norm(before[name]) for name in kinds]

    assert shares(EqualRate) == pytest.approx([1e-3, 1e-3], rel=0.05)
    narrow, wide = shares(lambda layer: layer)
    assert wide / narrow == pytest.approx(math.sqrt(1024 / 4), rel=0.05)


def test_what_it_costs_on_a_device():
    """A launch more in a forward pass; three more where dW is wanted: zeros, c, add."""

    def launches(wrap):
        where = fake_device.FakeBackend()
        net = Net(wrap(Dense(3)), (5,), dtype="float64", backend=where)
        x, dy = where.asarray(draw(4, 5)), where.asarray(draw(4, 3))
        net.backward(dy, net.forward(x)[1])  # the first passes are watched
        counted = []
        _, cache = net.forward(x)
        for move in (
            lambda: net.forward(x),
            lambda: net.backward(dy, cache, param_grads=False),
            lambda: net.backward(dy, cache),
        ):
            with fake_device.counting() as counts:
                move()
            assert counts.host_reads == 0
            counted.append(counts.launches)
        return counted

    more = [
        a - b for a, b in zip(launches(EqualRate), launches(lambda f: f), strict=True)
    ]
    assert more == [1, 0, 3]


# Derivatives


@given(
    st.sampled_from(sorted(LAYERS)),
    st.sampled_from([math.sqrt(2), 1.0, 0.1]),
    st.integers(1, 3),
    st.integers(0, 2**32 - 1),
)
def test_it_is_certified(name, gain, batch, seed):
    make, in_shape, _ = LAYERS[name]
    rows = check_layer(EqualRate(make(), gain), in_shape, batch, seed, effort="plain")
    assert [row for row in rows if not row.ok] == []


@pytest.mark.parametrize(
    "layer, in_shape",
    [
        (SpectralNorm(EqualRate(ConvTranspose2d(4, 3, 2, 1))), (3, 4, 2)),
        (EqualRate(GRU(3)), (4, 2)),
    ],
    ids=repr,
)
def test_it_is_certified_in_and_around_others(layer, in_shape):
    rows = check_layer(layer, in_shape)
    assert rows and [row for row in rows if not row.ok] == []


def test_a_layer_that_says_no_fans():
    """Then the fan is W's size over its outputs: of GRU's W (C, 3 n), it is C."""
    net = Net(EqualRate(GRU(3), gain=1), (4, 2), dtype="float64")
    assert net.tree.factor == pytest.approx(1 / math.sqrt(2))


class ForgetsTheConstant(EqualRate):
    """dW = dW_used."""

    def add_gradient(self, dW_used, cache):
        self.dW += dW_used


class Divides(EqualRate):
    """dW = dW_used / c."""

    def add_gradient(self, dW_used, cache):
        self.dW += dW_used / self.factor


class LeaksIntoTheWeights(EqualRate):
    """Adds to dW although it should not."""

    def backward(self, dy, cache, param_grads=True):
        return super().backward(dy, cache)


PLANTED = {
    ForgetsTheConstant: {"dtheta", "finite", "reverse"},
    Divides: {"dtheta", "finite", "reverse"},
    LeaksIntoTheWeights: {"contract"},
}


@pytest.mark.parametrize("kind", PLANTED)
@pytest.mark.parametrize("name", ["Dense", "Conv2d in groups"])
def test_wrong_gradients_are_caught(kind, name):
    make, in_shape, _ = LAYERS[name]
    failed = {r.quantity for r in check_layer(kind(make()), in_shape) if not r.ok}
    assert failed == PLANTED[kind]


# Names and refusals


def test_parameters_and_what_is_written():
    tree = Sequential(EqualRate(Conv2d(4, 3)), Flatten(), EqualRate(Dense(1), gain=1))
    net = Net(tree, (4, 4, 2))
    names = ["0_EqualRate.W", "0_EqualRate.b", "2_EqualRate.W", "2_EqualRate.b"]
    assert list(net.parameters()) == names and net.state() == {}
    assert repr(tree.layers[0]) == "EqualRate(Conv2d(4, 3, stride=1, pad=0))"
    assert repr(tree.layers[2]) == "EqualRate(Dense(1), gain=1)"
    x = draw(2, 4, 4, 2).astype("float32")
    assert np.array_equal(net.clone().forward(x)[0], net.forward(x)[0])


@pytest.mark.parametrize("wrapped", [Tanh(), BatchNorm(), Sequential(Dense(3))])
def test_a_layer_without_W_is_refused(wrapped):
    with pytest.raises(tg.InputError) as e:
        Net(EqualRate(wrapped), (4,))
    assert str(e.value) == (
        "EqualRate expects a layer with a parameter W, such as Dense or Conv2d, "
        f"got {wrapped!r}"
    )


def test_other_refusals():
    with pytest.raises(tg.InputError, match="expects a layer without state, got Spec"):
        Net(EqualRate(SpectralNorm(Dense(3))), (4,))
    with pytest.raises(tg.InputError, match="EqualRate expects gain > 0, got 0"):
        EqualRate(Dense(3), gain=0)
    with pytest.raises(tg.ShapeError, match=r"Conv2d.* expects images"):
        Net(EqualRate(Conv2d(3, 3)), (4,))


# PyTorch


def generator():
    return Sequential(
        *(EqualRate(Dense(4 * 4 * 6), gain=0.5), Reshape(4, 4, 6)),
        *(LeakyReLU(0.2), PixelNorm(), Upsample2d()),
        *(EqualRate(Conv2d(5, 3, pad=1)), LeakyReLU(0.2), PixelNorm()),
        EqualRate(Conv2d(2, 1), gain=1),
    )


def critic():
    return Sequential(
        *(EqualRate(Conv2d(5, 1)), LeakyReLU(0.2)),
        *(EqualRate(Conv2d(6, 3, pad=1)), LeakyReLU(0.2), AvgPool2d()),
        MinibatchStd(4),
        *(EqualRate(Conv2d(6, 3, pad=1)), LeakyReLU(0.2)),
        *(EqualRate(ConvTranspose2d(3, 4, 2, 1)), LeakyReLU(0.2)),
        *(Flatten(), EqualRate(Dense(1), gain=1)),
    )


def test_50_steps_of_a_progressive_gan():
    """tinygan's turns beside PyTorch's own, in float64: theta to 1e-8 after 50 turns.

    In torch the scale is applied as in the authors' code, to the weights in each pass.
    """
    torch = pytest.importorskip("torch")
    torch.set_num_threads(1)
    F, lrelu = torch.nn.functional, torch.nn.functional.leaky_relu
    root = math.sqrt(2)

    def conv(x, W, b, fan, gain=root, pad=0):
        W = (gain / math.sqrt(fan) * W).permute(3, 2, 0, 1)
        return F.conv2d(x.permute(0, 3, 1, 2), W, b, padding=pad).permute(0, 2, 3, 1)

    def pixel_norm(x):
        return x / ((x * x).mean(-1, keepdim=True) + 1e-8).sqrt()

    def G_t(z, p):
        y = (z @ (0.5 / math.sqrt(5) * p[0]) + p[1]).reshape(-1, 4, 4, 6)
        y = pixel_norm(lrelu(y, 0.2))
        y = y.repeat_interleave(2, 1).repeat_interleave(2, 2)
        y = pixel_norm(lrelu(conv(y, p[2], p[3], 54, pad=1), 0.2))
        return conv(y, p[4], p[5], 5, gain=1)

    def D_t(x, p):
        y = lrelu(conv(x, p[0], p[1], 2), 0.2)
        y = lrelu(conv(y, p[2], p[3], 45, pad=1), 0.2)
        y = y.reshape(-1, 4, 2, 4, 2, 6).mean((2, 4))
        groups = y.reshape(4, len(y) // 4, -1)  # sample i is in the group i mod N/4
        s = (groups.var(0, correction=0) + 1e-8).sqrt().mean(1)
        s = s.repeat(4).reshape(-1, 1, 1, 1).expand(-1, 4, 4, 1)
        y = lrelu(conv(torch.cat([y, s], -1), p[4], p[5], 63, pad=1), 0.2)
        W = (root / math.sqrt(24) * p[6]).permute(3, 2, 0, 1)
        y = F.conv_transpose2d(y.permute(0, 3, 1, 2), W, p[7], 2, 1)
        y = lrelu(y.permute(0, 2, 3, 1), 0.2).flatten(1)
        return y @ (1 / math.sqrt(192) * p[8]) + p[9]

    G = Net(generator(), (5,), seed=1, dtype="float64")
    D = Net(critic(), (8, 8, 2), seed=2, dtype="float64")
    start, opts = (G.theta.copy(), D.theta.copy()), [tg.Adam(2e-3, 0.0) for _ in "GD"]
    theirs = [
        [torch.tensor(p, requires_grad=True) for p in net.parameters().values()]
        for net in (G, D)
    ]
    opts_t = [torch.optim.Adam(p, 2e-3, (0.0, 0.999)) for p in theirs]
    rng, softplus = np.random.default_rng(5), F.softplus
    for _ in range(50):
        real = rng.uniform(-1, 1, (8, 8, 8, 2))
        z, z_2 = rng.normal(size=(2, 8, 5))
        tg.d_step(D, opts[1], tg.NonSaturating(), real, G.forward(z)[0])
        tg.g_step(G, D, opts[0], tg.NonSaturating(), z_2)
        real, z, z_2 = map(torch.tensor, (real, z, z_2))
        fake = G_t(z, theirs[0]).detach()
        loss_D = softplus(-D_t(real, theirs[1])).mean()
        loss_D = loss_D + softplus(D_t(fake, theirs[1])).mean()
        opts_t[1].zero_grad()
        loss_D.backward()
        opts_t[1].step()
        opts_t[0].zero_grad()
        softplus(-D_t(G_t(z_2, theirs[0]), theirs[1])).mean().backward()
        opts_t[0].step()
    for net, parameters, before in zip((G, D), theirs, start, strict=True):
        flat = torch.cat([p.detach().ravel() for p in parameters]).numpy()
        assert relative(net.theta - flat, flat) <= 1e-8
        assert np.linalg.norm(net.theta - before) > 0.01 * np.linalg.norm(before)

"""Convolutions with channels in groups: naive loops, all passes, the twin, PyTorch."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinygan as tg
from tinygan import Net, fast
from tinygan.check import check_layer, relative
from tinygan.fast import winograd
from tinygan.fast.grouped import GroupedWindows
from tinygan.fast.scheme import transposed
from tinygan.fast.winograd import Winograd
from tinygan.layers import Conv2d, ConvTranspose2d, EqualRate, SpectralNorm, glorot, he
from tinygan.layers.correlation import (
    GroupedCorrelation,
    apart,
    correlation,
    together,
)

seeds = st.integers(0, 2**32 - 1)
few = st.integers(1, 3)
modes = pytest.mark.parametrize("plain", [True, False], ids=["plain", "fast"])


def draw(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape)


@st.composite
def axes(draw, transposed=False):
    """(size, kernel, stride, pad) of one image axis, where at least one window fits;
    with the output padding as well for a transposed convolution.
    """
    k, s, p = draw(st.integers(1, 4)), draw(few), draw(st.integers(0, 2))
    if not transposed:
        least = max(1, k - 2 * p)
        return draw(st.integers(least, least + 3)), k, s, p
    op = draw(st.integers(0, s - 1))
    sizes = [n for n in range(1, 9) if (n - 1) * s - 2 * p + k + op >= 1]
    return draw(st.sampled_from(sizes[:3])), k, s, p, op


channels = st.tuples(
    st.integers(1, 3), few, few
)  # groups, and channels in and out each


def filled(layer, in_shape, seed) -> Net:
    """A float64 network of one layer with every parameter drawn from N(0, 1)."""
    net = Net(layer, in_shape, dtype="float64")
    net.theta[...] = draw(net.theta.size, seed=seed)
    return net


# The forward passes, by loops over single numbers


def naive(x, W, b, stride, pad, groups):
    """Output channel o belongs to group o // (C_out/groups), and reads only the
    channels of that group.
    """
    (sh, sw), (ph, pw) = stride, pad
    (N, H, Wd, _), (kh, kw, c, C_out) = x.shape, W.shape
    OH, OW = (H + 2 * ph - kh) // sh + 1, (Wd + 2 * pw - kw) // sw + 1
    y = np.zeros((N, OH, OW, C_out))
    for n, i, j, o in np.ndindex(*y.shape):
        first = o // (C_out // groups) * c
        y[n, i, j, o] = b[o]
        for u, v, q in np.ndindex(kh, kw, c):
            row, col = i * sh + u - ph, j * sw + v - pw
            if 0 <= row < H and 0 <= col < Wd:
                y[n, i, j, o] += x[n, row, col, first + q] * W[u, v, q, o]
    return y


def naive_transpose(x, W, b, stride, pad, out, groups):
    """Input channel q stamps its kernels into the output channels of its own group."""
    (sh, sw), (ph, pw), (OH, OW) = stride, pad, out
    (N, H, Wd, C_in), (kh, kw, c, _) = x.shape, W.shape
    y = np.zeros((N, OH, OW, c * groups)) + b
    for n, i, j, q, u, v, o in np.ndindex(N, H, Wd, C_in, kh, kw, c):
        row, col = i * sh + u - ph, j * sw + v - pw
        if 0 <= row < OH and 0 <= col < OW:
            first = q // (C_in // groups) * c
            y[n, row, col, first + o] += x[n, i, j, q] * W[u, v, o, q]
    return y


@given(axes(), axes(), channels, st.booleans(), st.booleans(), seeds)
def test_conv(rows, cols, channels, bias, plain, seed):
    (H, W), kernel, stride, pad = zip(rows, cols, strict=True)
    groups, c, o = channels
    layer = Conv2d(groups * o, kernel, stride, pad, bias, groups=groups)
    net = filled(layer, (H, W, groups * c), seed)
    assert net.tree.W.shape == (*kernel, c, groups * o)
    x = draw(2, H, W, groups * c, seed=seed)
    with fast.plain(plain):
        y, _ = net.forward(x)
    b = net.tree.b if bias else np.zeros(groups * o)
    expected = naive(x, net.tree.W, b, stride, pad, groups)
    assert y.shape == expected.shape == (2, *net.out_shape)
    assert relative(y - expected, expected) <= 1e-12


@given(axes(True), axes(True), channels, st.booleans(), st.booleans(), seeds)
def test_conv_transpose(rows, cols, channels, bias, plain, seed):
    (H, W), kernel, stride, pad, op = zip(rows, cols, strict=True)
    groups, c, o = channels
    settings = kernel, stride, pad, op, bias
    layer = ConvTranspose2d(groups * o, *settings, groups=groups)
    net = filled(layer, (H, W, groups * c), seed)
    assert net.tree.W.shape == (*kernel, o, groups * c)
    x = draw(2, H, W, groups * c, seed=seed)
    with fast.plain(plain):
        y, _ = net.forward(x)
    b = net.tree.b if bias else np.zeros(groups * o)
    out = net.out_shape[:2]
    expected = naive_transpose(x, net.tree.W, b, stride, pad, out, groups)
    assert y.shape == expected.shape == (2, *net.out_shape)
    assert relative(y - expected, expected) <= 1e-12


@modes
@pytest.mark.parametrize("kind", [Conv2d, ConvTranspose2d])
def test_it_is_a_layer_for_each_group(kind, plain):
    """Side by side: y, dx, dW, db, y_dot of each group alone, to rounding."""
    net = filled(kind(6, 4, 2, 1, groups=3), (6, 8, 12), 1)
    x, x_dot = draw(2, 5, 6, 8, 12)
    dy = draw(5, *net.out_shape, seed=1)
    with fast.plain(plain):
        y, cache = net.forward(x)
        dx = net.backward(dy, cache)
        y_dot, _ = net.tangent(x_dot, cache)
        for i in range(3):
            ins, outs = slice(4 * i, 4 * i + 4), slice(2 * i, 2 * i + 2)
            one = Net(kind(2, 4, 2, 1), (6, 8, 4), dtype="float64")
            columns = outs if kind is Conv2d else ins
            one.tree.W[...], one.tree.b[...] = (
                net.tree.W[..., columns],
                net.tree.b[outs],
            )
            y_1, cache_1 = one.forward(x[..., ins])
            dx_1 = one.backward(dy[..., outs], cache_1)
            y_dot_1, _ = one.tangent(x_dot[..., ins], cache_1)
            for whole, part in (
                (y[..., outs], y_1),
                (dx[..., ins], dx_1),
                (y_dot[..., outs], y_dot_1),
                (net.tree.dW[..., columns], one.tree.dW),
                (net.tree.db[outs], one.tree.db),
            ):
                assert relative(whole - part, part) <= 1e-13


def test_one_group_is_no_group():
    """The same code, to the last bit, and the same first weights."""
    x = draw(2, 6, 6, 4)
    for kind in (Conv2d, ConvTranspose2d):
        nets = [Net(f, (6, 6, 4), seed=3) for f in (kind(4, 3), kind(4, 3, groups=1))]
        y, y_2 = (net.forward(x.astype("float32"))[0] for net in nets)
        assert np.array_equal(nets[0].theta, nets[1].theta) and np.array_equal(y, y_2)


def test_apart_and_together():
    a = draw(2, 3, 12)
    groups = apart(a, 4)
    assert groups.shape == (4, 2, 3, 3) and np.shares_memory(groups, a)
    for i in range(4):
        assert np.array_equal(groups[i], a[..., 3 * i : 3 * i + 3])
    assert np.array_equal(together(groups), a)


# The first weights


@pytest.mark.parametrize("init", [he(), glorot()])
@pytest.mark.parametrize("kind", [Conv2d, ConvTranspose2d])
def test_fans_are_those_of_one_group(kind, init):
    """An output sums over the channels of its group alone, so W is larger."""
    asked = []

    def asking(rng, shape, fan_in, fan_out):
        asked.append((fan_in, fan_out))
        return init(rng, shape, fan_in, fan_out)

    for groups in (1, 4):
        layer = kind(12, (3, 2), (2, 1), 1, init=asking, groups=groups)
        net = Net(layer, (5, 5, 8), dtype="float64")
        assert net.tree.fans == asked[-1]
        fan_in, fan_out = 6 * 8 / groups, 6 * 12 / groups
        if kind is Conv2d:
            assert asked[-1] == (fan_in, fan_out / 2)
        else:
            assert asked[-1] == (fan_in / 2, fan_out)


@pytest.mark.parametrize("kind", [Conv2d, ConvTranspose2d])
def test_products_are_counted(kind):
    """A group sees a part of the channels: a network says how much there is to do."""
    whole, parts = (
        Net(kind(12, 3, bias=False, groups=n), (5, 6, 6)).products for n in (1, 3)
    )
    assert whole == 3 * parts


# Derivatives


@given(axes(), axes(), channels, st.booleans(), few, seeds)
def test_conv_is_certified(rows, cols, channels, bias, batch, seed):
    (H, W), kernel, stride, pad = zip(rows, cols, strict=True)
    groups, c, o = channels
    layer = Conv2d(groups * o, kernel, stride, pad, bias, groups=groups)
    rows = check_layer(layer, (H, W, groups * c), batch, seed, effort="plain")
    assert [row for row in rows if not row.ok] == []


@given(axes(True), axes(True), channels, st.booleans(), few, seeds)
def test_conv_transpose_is_certified(rows, cols, channels, bias, batch, seed):
    (H, W), *settings = zip(rows, cols, strict=True)
    groups, c, o = channels
    layer = ConvTranspose2d(groups * o, *settings, bias, groups=groups)
    rows = check_layer(layer, (H, W, groups * c), batch, seed, effort="plain")
    assert [row for row in rows if not row.ok] == []


@modes
@pytest.mark.parametrize("wrap", [SpectralNorm, EqualRate])
@pytest.mark.parametrize("kind", [Conv2d, ConvTranspose2d])
def test_wrapped_layers_are_certified(kind, wrap, plain):
    """The plain code in fewer cases: test_twins.py holds the fast code to it."""
    effort = "quick" if plain else "normal"
    with fast.plain(plain):
        layer = wrap(kind(4, 3, 2, 1, groups=2))
        rows = check_layer(layer, (4, 5, 6), effort=effort)
    assert rows and [row for row in rows if not row.ok] == []


class GroupsMixedUp(GroupedCorrelation):
    """dx gives the gradient of each group to the next one."""

    def adjoint(self, dy):
        return np.roll(super().adjoint(dy), self.W.shape[2], axis=-1)


class ChannelsInterleaved(GroupedCorrelation):
    """dW with the channels of the groups in turn, and not group by group."""

    def weight_grad(self, x, dy):
        dW = super().weight_grad(x, dy).reshape(*self.W.shape[:3], self.G, -1)
        return dW.swapaxes(3, 4).reshape(self.W.shape)


PLANTED = {
    GroupsMixedUp: {"adjoint", "dx", "finite", "reverse"},
    ChannelsInterleaved: {"dtheta", "finite", "reverse"},
}


@pytest.mark.parametrize("wrong", PLANTED)
def test_wrong_gradients_are_caught(wrong, monkeypatch):
    monkeypatch.setattr("tinygan.layers.correlation.GroupedCorrelation", wrong)
    with fast.plain():
        rows = check_layer(Conv2d(6, 3, 1, 1, groups=2), (4, 3, 4))
    assert {row.quantity for row in rows if not row.ok} == PLANTED[wrong]


# The twin


def taken(C, groups, kernel=(4, 4), stride=(2, 2)) -> type:
    W = np.zeros((*kernel, C // groups, C))
    return type(correlation(W, (16, 16, C), stride, (1, 1)))


def test_which_map_is_taken(monkeypatch):
    """Winograd's scheme is for one group, also where it would suit each of them."""
    with fast.plain(False):
        assert taken(128, 1) is Winograd
        assert taken(128, 2) is taken(128, 128) is GroupedWindows
        assert taken(64, 4, (3, 3), (1, 1)) is GroupedWindows
        monkeypatch.setattr(winograd, "CHANNELS", 1)
        assert taken(16, 2) is GroupedWindows
    with fast.plain():
        assert taken(128, 2) is GroupedCorrelation


@given(axes(), axes(), channels, few, seeds)
def test_each_map_of_the_scheme_has_its_adjoint(rows, cols, channels, N, seed):
    """<c, M a> = <M^T c, a> for B, G and A, with random a and c."""
    rng = np.random.default_rng(seed)
    size, kernel, stride, pad = zip(rows, cols, strict=True)
    groups, c, o = channels
    W = rng.standard_normal((*kernel, c, groups * o))
    way = GroupedWindows(W, (*size, groups * c), stride, pad)
    unit = np.broadcast_to(np.eye(o), (groups, o, o))

    def A(V):
        y = np.empty((N, *way.places, groups * o))
        way.A_of_product(V, unit, y)
        return y

    def B_adjoint(dV):
        dx = np.full((N, *size, groups * c), np.nan)
        way.B_adjoint(dV, dx)
        return dx

    m = way.A_adjoint(np.zeros((N, *way.places, groups * o)))
    for forward, adjoint, shape in (
        (way.B, B_adjoint, (N, *size, groups * c)),
        (way.G, way.G_adjoint, W.shape),
        (A, way.A_adjoint, m.shape),
    ):
        a = rng.standard_normal(shape)
        b = forward(a)
        d = rng.standard_normal(b.shape)
        identity = (d * b).sum() - (adjoint(d) * a).sum()
        assert relative(identity, np.linalg.norm(d) * np.linalg.norm(b)) <= 1e-12
    assert way.numbers() * N == way.B(np.zeros((N, *size, groups * c))).size
    assert transposed(m).shape == (groups, o, m.shape[1])


@pytest.mark.parametrize("kind", [Conv2d, ConvTranspose2d])
def test_cut_in_chunks_or_not(kind, monkeypatch):
    """y, dx and theta's gradient of both ways, for one sample at a time and for all."""
    net = filled(kind(8, 3, 2, 1, groups=4), (6, 5, 8), 1)
    x, dy = draw(5, 6, 5, 8), draw(5, *net.out_shape)
    found = []
    for plain, size in ((True, 0), (False, 1), (False, 1 << 20)):
        monkeypatch.setattr(GroupedWindows, "size", size)
        net.zero_grad()
        with fast.plain(plain):
            y, cache = net.forward(x)
            dx = net.backward(dy, cache)
            net.backward_weights(dy, cache)
        found.append(np.concatenate([y.ravel(), dx.ravel(), net.grad]))
    for other in found[1:]:
        assert relative(other - found[0], found[0]) <= 1e-13


# Names and refusals


def test_what_is_written():
    assert repr(Conv2d(4, 3, groups=2)) == "Conv2d(4, 3, stride=1, pad=0, groups=2)"
    layer = ConvTranspose2d(4, 3, 2, output_pad=1, groups=2)
    text = "ConvTranspose2d(4, 3, stride=2, pad=0, groups=2, output_pad=1)"
    assert repr(layer) == text
    assert repr(Conv2d(4, 3, groups=1)) == "Conv2d(4, 3, stride=1, pad=0)"


@pytest.mark.parametrize("kind", [Conv2d, ConvTranspose2d])
@pytest.mark.parametrize(("C_in", "C_out"), [(4, 6), (6, 4), (1, 3)])
def test_groups_must_divide_the_channels(kind, C_in, C_out):
    with pytest.raises(tg.ShapeError) as e:
        Net(kind(C_out, 3, groups=3), (5, 5, C_in))
    text = f"groups=3) expects channels that 3 groups divide, got ({C_in}, {C_out})"
    assert str(e.value).endswith(text)


# PyTorch


@modes
@pytest.mark.parametrize("kind", [Conv2d, ConvTranspose2d])
@pytest.mark.parametrize("groups", [2, 6])
def test_pytorch_says_the_same(kind, groups, plain):
    torch = pytest.importorskip("torch")
    F = torch.nn.functional
    f = F.conv2d if kind is Conv2d else F.conv_transpose2d
    net = filled(kind(12, (4, 3), 2, 1, groups=groups), (7, 6, 6), 2)
    x, dy = draw(3, 7, 6, 6), draw(3, *net.out_shape)
    with fast.plain(plain):
        y, cache = net.forward(x)
        dx = net.backward(dy, cache)
    x_t, W_t, b_t = leaves = [
        torch.tensor(a, requires_grad=True) for a in (x, net.tree.W, net.tree.b)
    ]
    W = W_t.permute(3, 2, 0, 1)
    y_t = f(x_t.permute(0, 3, 1, 2), W, b_t, 2, 1, groups=groups).permute(0, 2, 3, 1)
    d_t = torch.autograd.grad(y_t, leaves, torch.tensor(dy))
    ours = (y, dx, net.tree.dW, net.tree.db)
    for a, b in zip(ours, (y_t, *d_t), strict=True):
        assert relative(a - b.detach().numpy(), a) <= 1e-13

"""Fade and growing networks: all passes at any alpha, and what a level is."""

import numpy as np
import pytest
from growing_nets import WIDTHS, Z, discriminator, generator, leaky, nets

import tinygan as tg
from tinygan import R1, R2, WGANGP, Drift
from tinygan.check import check_layer
from tinygan.check.moves.game import move_rows, penalty_rows
from tinygan.errors import InputError, ShapeError
from tinygan.growth import GrowingNet
from tinygan.layers import (
    Conv2d,
    Dense,
    Fade,
    GrowingDiscriminator,
    GrowingGenerator,
    Sequential,
    Softplus,
    Upsample2d,
)
from tinygan.layers.resample import block_copy

ALPHAS = (0.0, 0.3, 1.0)
alphas = pytest.mark.parametrize("alpha", ALPHAS)
levels = pytest.mark.parametrize("level", [1, 2])


def draw(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape)


def close(a, b, limit=1e-12):
    return np.linalg.norm(a - b) <= limit * np.linalg.norm(b)


# Fade


@alphas
def test_all_passes_of_a_fade(alpha):
    rows = check_layer(
        Fade(Sequential(Dense(4), Softplus()), Dense(4), alpha), (5,), effort="plain"
    )
    assert {"dx", "dtheta", "tangent", "reverse", "adjoint"} <= {
        r.quantity for r in rows
    }
    wrong = [r for r in rows if not r.ok]
    assert not wrong, wrong
    exact = [r.error for r in rows if r.quantity in ("dx", "dtheta", "tangent")]
    assert max(exact) <= 1e-11


@alphas
def test_a_fade_is_a_straight_line_between_two_layers(alpha):
    old, new = Dense(3), Dense(3)
    net = tg.Net(Fade(old, new, alpha), (4,), dtype="float64")
    x, dy = draw(6, 4), draw(6, 3, seed=1)
    y, cache = net.forward(x)
    assert close(y, (1 - alpha) * (x @ old.W) + alpha * (x @ new.W))
    net.zero_grad()
    dx = net.backward(dy, cache)
    assert close(dx, dy @ ((1 - alpha) * old.W + alpha * new.W).T)
    np.testing.assert_allclose(old.dW, (1 - alpha) * x.T @ dy, atol=1e-14)
    np.testing.assert_allclose(new.dW, alpha * x.T @ dy, atol=1e-14)


def test_a_pass_has_the_alpha_of_its_forward_pass():
    fade = Fade(Dense(3), Dense(3), 0.3)
    net = tg.Net(fade, (4,), dtype="float64")
    x, dy = draw(6, 4), draw(6, 3, seed=1)
    _, cache = net.forward(x)
    before = net.backward(dy, cache)
    fade.set(0.9)
    np.testing.assert_array_equal(net.backward(dy, cache), before)
    assert not close(net.backward(dy, net.forward(x)[1]), before, 0.1)


@pytest.mark.parametrize("alpha", [-0.1, 1.1, np.nan, "x", None])
def test_an_alpha_that_is_no_share(alpha):
    with pytest.raises(InputError, match="0 <= alpha <= 1"):
        Fade(Dense(2), Dense(2), alpha)
    fade = Fade(Dense(2), Dense(2))
    tg.Net(fade, (3,))
    with pytest.raises(InputError, match="0 <= alpha <= 1"):
        fade.set(alpha)


def test_a_fade_between_two_shapes():
    with pytest.raises(
        ShapeError, match=r"Fade.* expects new to give old's shape \(2,\)"
    ):
        tg.Net(Fade(Dense(2), Dense(3)), (4,))


# Growing networks


@alphas
@levels
def test_all_passes_of_a_grown_network(level, alpha):
    """The whole of G and of D, at every alpha: complex step 1e-11, adjoint 1e-12."""
    for net in nets():
        net.grow(level, alpha)
        x = draw(4, *net.in_shape)
        dy, v = draw(*net.forward(x)[0].shape, seed=1), draw(*x.shape, seed=2)
        _, cache = net.forward(x)
        net.zero_grad()
        dx = net.backward(dy, cache)
        dtheta = net.grad.copy()
        exact = net.clone("complex128")
        assert exact.tree.now == net.tree.now
        h, w = 1e-200, draw(net.theta.size, seed=3)
        y = exact.forward(x + 1j * h * v)[0]
        y_dot, _ = net.tangent(v, cache)
        assert close(y_dot, y.imag / h, 1e-11)
        assert (
            abs((dy * y.imag / h).sum() - (dx * v).sum()) <= 1e-11 * abs(dx * v).sum()
        )
        exact.theta[...] = net.theta + 1j * h * w
        along = (dy * exact.forward(x + 0j)[0].imag / h).sum()
        assert abs(along - dtheta @ w) <= 1e-11 * abs(dtheta * w).sum()


@alphas
@levels
@pytest.mark.parametrize("penalty", [WGANGP(10), R1(3), R2(3), Drift(0.1)], ids=repr)
def test_penalties_through_a_fade(penalty, level, alpha):
    G, D = nets()
    for net in (G, D):
        net.grow(level, alpha)
    x, (x_fake, _) = draw(4, *D.in_shape), G.forward(draw(4, Z))
    rows = penalty_rows(penalty, D, x, x_fake, np.random.default_rng(0), "P", 4, True)
    assert rows and all(row.ok for row in rows), rows
    (exact,) = (row for row in rows if row.quantity == "dP/dtheta")
    assert exact.error <= 1e-11


@alphas
@levels
def test_the_moves_through_a_fade(level, alpha):
    G, D = nets()
    for net in (G, D):
        net.grow(level, alpha)
    x, z = draw(4, *D.in_shape), draw(4, Z)
    objective = tg.NonSaturating()
    rows = move_rows(objective, G, D, x, z, np.random.default_rng(0), "", 4, True)
    assert rows and all(row.ok for row in rows), rows


@levels
def test_alpha_0_is_the_level_below_enlarged(level):
    G, D = nets()
    z, x = draw(4, Z), draw(4, *D.tree.in_shapes[level])
    for net in (G, D):
        net.grow(level - 1)
    small = block_copy(G.forward(z)[0], (2, 2))
    N, H, W, C = x.shape
    halved = x.reshape(N, H // 2, 2, W // 2, 2, C).mean(axis=(2, 4))
    s = D.forward(halved)[0]
    for net in (G, D):
        net.grow(level, 0.0)
    assert close(G.forward(z)[0], small) and close(D.forward(x)[0], s)


@levels
def test_alpha_1_is_the_new_level_alone(level):
    """As the limit of a fade, and as the network without one."""
    for net in nets():
        x = draw(4, *net.tree.in_shapes[level])
        net.grow(level, 1.0)
        alone = net.forward(x)[0]
        assert not net.tree.fading
        net.tree.state["fading"] = 1  # a fade at alpha = 1
        assert close(net.forward(x)[0], alone)


def test_a_level_of_a_grown_network_is_a_plain_network():
    """The last level has the layers and the numbers of a Sequential."""
    tree = generator()
    grown = GrowingNet(tree, (Z,), 0, "float64")
    z = draw(4, Z)
    x, _ = grown.forward(z)
    for layer in (*tree.blocks, tree.ends[-1]):
        z, _ = layer.forward(z)
    np.testing.assert_array_equal(x, z)


def test_the_gradients_of_other_levels_are_exactly_0():
    for net in nets():
        for level in range(3):
            for alpha in ALPHAS if level else (1.0,):
                net.grow(level, alpha)
                y, cache = net.forward(draw(4, *net.in_shape))
                net.zero_grad()
                net.backward(draw(*y.shape, seed=1), cache)
                used = np.zeros(net.theta.size, bool)
                for part in net.used:
                    used[part] = True
                assert not net.grad[~used].any()
                assert moved(net) == expected(level, alpha)


def moved(net) -> set[str]:
    """The blocks and ends whose gradients are not 0: {"block0", "rgb1", ...}."""
    grads = net.parameters(net.grad)
    return {name.partition(".")[0] for name, g in grads.items() if g.any()}


def expected(level: int, alpha: float) -> set[str]:
    """Those that count: at alpha = 0 the new block and its end do not yet."""
    below = {f"block{i}" for i in range(level)}
    new = {f"block{level}", f"rgb{level}"} if alpha > 0 else set()
    return below | new | ({f"rgb{level - 1}"} if alpha < 1 else set())


def test_shapes_follow_the_level():
    G, D = nets()
    assert G.out_shape == D.in_shape == (8, 8, 2)
    for level, side in enumerate((2, 4, 8)):
        for net in (G, D):
            net.grow(level)
        assert G.out_shape == D.in_shape == (side, side, 2)
        assert G.in_shape == (Z,) and D.out_shape == (1,)
        with pytest.raises(ShapeError, match="expects inputs"):
            D.forward(draw(4, 2 * side, 2 * side, 2))
    state = D.state()
    assert state[".level"] == 2 and state["fade1.alpha"] == 1


def test_a_state_brings_its_level():
    (G, _), (other, _) = nets(), nets()
    G.grow(1, 0.25)
    other.load_state(G.state())
    assert other.tree.now == (1, 1) and other.alpha == 0.25
    assert other.out_shape == (4, 4, 2)
    z = draw(4, Z)
    np.testing.assert_array_equal(other.forward(z)[0], G.forward(z)[0])


def test_a_network_may_grow_between_two_passes():
    G, _ = nets(leaky)
    z = draw(4, Z)
    G.grow(1, 0.5)
    x, cache = G.forward(z)
    dx = draw(*x.shape, seed=1)
    before = G.tree.backward(dx, cache)
    G.grow(2)
    np.testing.assert_array_equal(G.tree.backward(dx, cache), before)


@pytest.mark.parametrize(
    ("level", "alpha"), [(-1, 1), (3, 1), (0, 0.5), (1, -0.1), (1, 2), (1.5, 1)]
)
def test_a_place_that_is_none(level, alpha):
    G, _ = nets()
    with pytest.raises(InputError, match="GrowingGenerator expects"):
        G.grow(level, alpha)
    assert G.tree.now == (2, 0) and G.out_shape == (8, 8, 2)


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: GrowingGenerator([Dense(4)], []), "one to_rgb for each block"),
        (lambda: GrowingGenerator([], []), "one to_rgb for each block"),
        (lambda: GrowingDiscriminator(Dense(4), [Dense(1)]), "expects lists of layers"),
        (lambda: GrowingDiscriminator([Dense(4)], [tg.ReLU]), "ReLU"),
    ],
)
def test_no_growing_network(make, says):
    with pytest.raises(InputError, match=says):
        make()


def test_levels_that_do_not_fit():
    blocks = generator().blocks[:2]
    three = Sequential(Upsample2d(3), Conv2d(WIDTHS[1], 3, pad=1))
    tree = GrowingGenerator([blocks[0], three], [Conv2d(1, 1), Conv2d(1, 1)])
    with pytest.raises(ShapeError, match=r"Fade.* to give old's shape"):
        GrowingNet(tree, (Z,))
    with pytest.raises(ShapeError, match="multiples of 2"):
        GrowingNet(discriminator(), (6, 6, 2))

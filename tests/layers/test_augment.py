"""Augmentation against naive loops, the distribution of its draws, and the game."""

import itertools
import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinygan as tg
from tinygan import (
    R1,
    WGANGP,
    Augment,
    ColourJitter,
    Conv2d,
    Cutout,
    Dense,
    Flatten,
    Identity,
    Integers,
    Net,
    NonSaturating,
    Parallel,
    Projection,
    Sequential,
    Tanh,
    Translate,
)
from tinygan.check import check_layer, complex_step, relative
from tinygan.layers.augment import KINDS, augmentation, augmented, rounded, shifted

seeds = st.integers(0, 2**32 - 1)
sides = st.integers(1, 6)
LAYERS = [Translate(), Cutout(), ColourJitter(), Augment()]
every = pytest.mark.parametrize("layer", LAYERS, ids=repr)


def forward(layer, x, seed=0):
    """y (N, H, W, C), the cache and the network of one layer in training."""
    net = Net(layer, x.shape[1:], seed=seed, dtype="float64")
    y, cache = net.forward(x)
    return y, cache, net


# The maps, by naive loops with the draws that the cache holds


@given(sides, sides, st.integers(1, 3), st.floats(0, 0.99), seeds)
def test_translate_by_loops(H, W, C, share, seed):
    x = np.random.default_rng(seed).standard_normal((3, H, W, C))
    y, (a, b), _ = forward(Translate(share), x, seed)
    for n, i, j in np.ndindex(3, H, W):
        row, col = i - a[n], j - b[n]
        inside = 0 <= row < H and 0 <= col < W
        assert np.array_equal(y[n, i, j], x[n, row, col] if inside else np.zeros(C))


@given(sides, sides, st.integers(1, 3), st.floats(0, 0.99), seeds)
def test_cutout_by_loops(H, W, C, share, seed):
    x = np.random.default_rng(seed).standard_normal((3, H, W, C))
    y, (top, left), _ = forward(Cutout(share), x, seed)
    h, w = (math.floor(share * side + 0.5) for side in (H, W))
    expected = x.copy()
    for n in range(3):
        for i, j in itertools.product(range(h), range(w)):
            row, col = top[n] + i, left[n] + j
            if 0 <= row < H and 0 <= col < W:
                expected[n, row, col] = 0
    assert np.array_equal(y, expected)


@given(sides, sides, st.integers(1, 4), seeds)
def test_colour_jitter_is_brightness_then_saturation_then_contrast(H, W, C, seed):
    """One after the other, as in the paper's code, number by number."""
    x = np.random.default_rng(seed).standard_normal((3, H, W, C))
    y, (b, s, c), _ = forward(ColourJitter(), x, seed)
    for n in range(3):
        bright = [[[v + b[n].item() for v in p] for p in row] for row in x[n].tolist()]
        mixed = []
        for p in itertools.chain(*bright):
            grey = math.fsum(p) / C
            mixed += [s[n].item() * (v - grey) + grey for v in p]
        mean = math.fsum(mixed) / len(mixed)
        expected = [c[n].item() * (v - mean) + mean for v in mixed]
        assert np.abs(y[n].ravel() - expected).max() <= 1e-13 * max(1, *map(abs, mixed))


def test_a_grey_picture_has_no_saturation():
    x = np.random.default_rng(0).standard_normal((4, 5, 5, 1))
    layer = ColourJitter()
    b, s, c = layer.draw(np.random.default_rng(1), 4, 5, 5)
    m = x.mean(axis=(1, 2), keepdims=True)
    assert relative(layer.change(x, b, s, c) - (m + c * (x - m) + b), x) <= 1e-7
    assert np.array_equal(layer.change(x, b, s, c), layer.change(x, b, 0 * s, c))


def test_a_translation_there_and_back_loses_the_border_alone():
    x = np.random.default_rng(0).standard_normal((1, 5, 6, 2))
    a, b = np.array([2]), np.array([-1])
    back = shifted(shifted(x, a, b), -a, -b)
    assert np.array_equal(back[:, :3, 1:], x[:, :3, 1:])
    assert not back[:, 3:].any() and not back[:, :, :1].any()
    assert not shifted(x, np.array([5]), b).any()


def test_halves_are_rounded_up():
    assert [rounded(v) for v in (0.0, 0.49, 0.5, 2.5, 3.5)] == [0, 0, 1, 3, 4]


# The draws


def within(counts: Counter, values, n: int) -> None:
    """Each value came about as often as the others, and no other came: 5 deviations."""
    p = 1 / len(values)
    assert set(counts) == set(values)
    for value in values:
        assert abs(counts[value] - n * p) <= 5 * math.sqrt(n * p * (1 - p)), value


@pytest.mark.parametrize(
    "share, H, W, m", [(1 / 8, 16, 28, (2, 4)), (0.3, 5, 4, (2, 1))]
)
def test_translations_are_uniform(share, H, W, m):
    a, b = Translate(share).draw(np.random.default_rng(0), 20_000, H, W)
    pairs = itertools.product(*(range(-k, k + 1) for k in m))
    within(Counter(zip(a.tolist(), b.tolist(), strict=True)), [*pairs], 20_000)


@pytest.mark.parametrize(
    "share, side, places",
    [(0.5, 8, range(-2, 7)), (0.5, 6, range(-1, 5)), (0.3, 3, range(3))],
)
def test_cutouts_are_uniform(share, side, places):
    """8 pixels have 9 gaps for the middle of a hole of 4; 6 have a hole of 3, whose
    middle is one of 6 pixels.
    """
    top, left = Cutout(share).draw(np.random.default_rng(0), 20_000, side, side)
    for drawn in (top, left):
        within(Counter(drawn.tolist()), places, 20_000)
    assert abs(np.corrcoef(top, left)[0, 1]) <= 5 / math.sqrt(20_000)


def test_a_cutout_is_as_likely_on_the_left_as_on_the_right():
    x = np.ones((20_000, 7, 8, 1))
    hole = (forward(Cutout(), x)[0] == 0).mean(axis=0)[..., 0]
    assert np.abs(hole - hole[::-1, ::-1]).max() <= 6 * math.sqrt(0.25 / 20_000)
    assert hole.min() > 0 and hole.max() < 1  # each pixel is seen, and hidden


def test_colours_are_uniform():
    ends = ((-0.5, 0.5), (0, 2), (0.5, 1.5))
    drawn = ColourJitter().draw(np.random.default_rng(0), 20_000, 3, 3)
    for values, (low, high) in zip(drawn, ends, strict=True):
        assert values.shape == (20_000, 1, 1, 1) and values.dtype == np.float32
        assert low <= values.min() and values.max() < high
        tenths = Counter(np.floor(10 * (values - low).ravel() / (high - low)).tolist())
        within(tenths, range(10), 20_000)
    correlation = np.corrcoef([v.ravel() for v in drawn])
    assert np.abs(correlation - np.eye(3)).max() <= 5 / math.sqrt(20_000)


@every
def test_each_sample_and_each_pass_has_its_own_draw(layer):
    x = np.random.default_rng(0).standard_normal((1, 16, 16, 3)).repeat(6, axis=0)
    net = Net(layer, (16, 16, 3), seed=3, dtype="float64")
    y = np.concatenate([net.forward(x)[0] for _ in range(2)])
    pairs = [*itertools.combinations(range(12), 2)]
    assert sum(np.array_equal(y[i], y[j]) for i, j in pairs) <= 0.1 * len(pairs)


@every
def test_the_draws_come_from_the_state(layer):
    """A float32 twin, another seed, and the same state again."""
    x = np.random.default_rng(0).standard_normal((5, 16, 16, 3)).astype("float32")
    net = Net(layer, (16, 16, 3), seed=6)
    state = net.state()
    first, second = net.forward(x)[0], net.forward(x)[0]
    assert first.dtype == np.float32 and not np.array_equal(first, second)
    after = net.state()
    draws = [name for name in state if name.endswith("draws")]
    assert draws and all(after[name] == state[name] + 2 for name in draws)
    net.load_state(state)
    assert np.array_equal(net.forward(x)[0], first)
    assert np.array_equal(net.forward(x)[0], second)
    twin = Net(layer, (16, 16, 3), seed=6, dtype="float64")
    assert relative(twin.forward(x.astype(float))[0] - first, first) <= 1e-6
    other = Net(layer, (16, 16, 3), seed=7)
    assert not np.array_equal(other.forward(x)[0], first)


@every
def test_evaluation_is_the_identity(layer):
    net = Net(layer, (8, 8, 3), dtype="float64")
    x, dy = np.random.default_rng(0).standard_normal((2, 3, 8, 8, 3))
    before = net.state()
    y, cache = net.forward(x, train=False)
    assert np.array_equal(y, x) and net.state() == before
    assert np.array_equal(net.backward(dy, cache), dy)
    y_dot, cache_dot = net.tangent(x, cache)
    assert np.array_equal(y_dot, x)
    found = net.tangent_backward(dy, x, cache, cache_dot)
    assert np.array_equal(found[0], dy) and np.array_equal(found[1], x)


# The passes


@given(
    st.one_of(
        st.floats(0, 0.99).map(Translate),
        st.floats(0, 0.99).map(Cutout),
        st.just(ColourJitter()),
    ),
    *(sides, sides, st.integers(1, 4), st.integers(1, 4), seeds),
)
def test_every_pass_is_certified(layer, H, W, C, batch, seed):
    """dx, tangent and reverse by the complex step, and the adjoint identity."""
    rows = check_layer(layer, (H, W, C), batch, seed, effort="plain")
    assert all(row.ok for row in rows), rows


@pytest.mark.parametrize("kind", [ColourJitter, Translate, Cutout])
def test_another_draw_in_backward_is_caught(kind):
    """A backward pass that draws anew has another A than its forward pass."""

    class Redrawn(kind):
        def adjoint(self, dy, cache):
            rng = np.random.default_rng(int(1e6 * abs(dy.sum())))
            return self.adjoint_change(dy, *self.draw(rng, *dy.shape[:3]))

    rows = {row.quantity: row for row in check_layer(Redrawn(), (8, 8, 3))}
    assert not rows["dx"].ok and rows["dx"].error > 1e-3


def critic(*front, act=Tanh):
    layers = Conv2d(3, 3, 2, 1), act(), Flatten(), Dense(1)
    return Sequential(*front, *layers)


def penalty_error(penalty, D, real, fake) -> float:
    """What a penalty adds to D.grad, against the complex step of P. Every pass begins
    from the state that D has now: of given draws P is a function of theta.
    """

    def accumulated(theta):
        copy = D.clone(theta.dtype)
        copy.theta[...] = theta
        passes = [(x, *copy.forward(x)) for x in (real, fake)]
        copy.zero_grad()
        return penalty.accumulate(copy, *passes, np.random.default_rng(0)), copy.grad

    _, grad = accumulated(D.theta)
    v = np.random.default_rng(1).standard_normal(grad.size)
    slope = complex_step(lambda theta: accumulated(theta)[0], D.theta, v)
    return relative(slope + grad @ v, grad)  # D ascends V - P


@pytest.mark.parametrize("penalty", [R1(2.0), WGANGP(2.0)], ids=repr)
def test_a_penalty_goes_through_the_augmentation(penalty):
    D = Net(critic(Augment()), (8, 8, 3), seed=1, dtype="float64")
    real, fake = np.random.default_rng(0).standard_normal((2, 5, 8, 8, 3))
    assert penalty_error(penalty, D, real, fake) <= 1e-12


def test_r1_is_the_slope_at_the_picture_before_it_is_changed():
    """For D(x) = <w, T(x)> the slope is A^T w, and P = gamma/2 mean |A_n^T w|^2."""
    D = Net(Sequential(Augment(), Flatten(), Dense(1)), (6, 6, 2), dtype="float64")
    x = np.random.default_rng(0).standard_normal((4, 6, 6, 2))
    s, cache = D.forward(x)
    P = R1(2.0).accumulate(D, (x, s, cache), None)
    w = D.parameters()["2_Dense.W"].reshape(1, 6, 6, 2).repeat(4, axis=0)
    slope = D.tree.layers[0].backward(w, cache[0])
    assert abs(P - (slope**2).sum() / 4) <= 1e-12 * P


# The game: the same kinds of change for real and generated pictures, in both steps


class Seen(Identity):
    """y = x, and a record of what went by."""

    def __init__(self):
        self.xs = []

    def forward(self, x, train=True):
        self.xs.append(x)
        return x, ()


def test_both_batches_and_both_steps_are_augmented():
    """One and the same picture, real and generated: D never sees it as it is, and each
    time otherwise.
    """
    seen = Seen()
    D = Net(critic(Augment(), seen), (16, 16, 1), seed=1)
    picture = np.random.default_rng(0).standard_normal((1, 16, 16, 1), dtype="float32")
    G = Net(Sequential(Dense(256), tg.Reshape(16, 16, 1)), (2,), seed=2)
    x, z = picture.repeat(4, axis=0), np.ones((4, 2), "float32")
    x_fake, _ = G.forward(z)
    tg.d_step(D, tg.SGD(1e-9), NonSaturating(), x, x_fake)
    before = G.theta.copy()
    tg.g_step(G, D, tg.SGD(1e-2), NonSaturating(), z)
    assert (G.theta != before).any()
    assert [len(y) for y in seen.xs] == [4, 4, 4]  # real, generated, G's step
    for y, source in zip(seen.xs, (picture, x_fake[:1], x_fake[:1]), strict=True):
        gone = [np.array_equal(each, source[0]) for each in y]
        assert not any(gone)
        assert any((each == 0).sum() >= 16 for each in y)  # cut out, and shifted
    assert not np.array_equal(seen.xs[1], seen.xs[2])


def test_g_learns_through_the_change():
    """G's gradient is A^T dy: a pixel that was cut out teaches nothing."""
    D = Net(Sequential(Cutout(), Flatten(), Dense(1)), (8, 8, 1), dtype="float64")
    x = 1 + np.random.default_rng(0).random((5, 8, 8, 1))
    s, cache = D.forward(x)
    dx = D.backward(np.ones_like(s), cache, param_grads=False)
    y, _ = D.clone().tree.layers[0].forward(x, train=False)
    w = D.parameters()["2_Dense.W"].reshape(8, 8, 1)
    hidden = dx == 0
    assert np.array_equal(y, x) and 0.1 < hidden.mean() < 0.3
    assert np.array_equal(dx, np.where(hidden, 0, w))


# Before a D


def test_augmented_keeps_theta_and_adds_state_alone():
    plain = Net(critic(), (8, 8, 1), seed=4)
    D = Net(augmented(critic(), (8, 8, 1), "cutout"), (8, 8, 1), seed=4)
    assert D.theta.shape == plain.theta.shape and D.out_shape == plain.out_shape
    assert sorted(D.state()) == ["0_Augment.0_Cutout.draws", "0_Augment.0_Cutout.seed"]
    assert np.array_equal(D.theta, plain.theta)  # from the same seed
    x = np.random.default_rng(0).standard_normal((3, 8, 8, 1)).astype("float32")
    assert np.array_equal(D.forward(x, train=False)[0], plain.forward(x, False)[0])
    assert (D.forward(x)[0] != plain.forward(x)[0]).all()


def test_a_condition_is_left_alone():
    tree = Sequential(
        Parallel(Sequential(Flatten(), Dense(6)), Identity()), Projection()
    )
    in_shape = (8, 8, 3), Integers((), 4)
    D = Net(augmented(tree, in_shape), in_shape, seed=1, dtype="float64")
    x, y = np.random.default_rng(0).standard_normal((5, 8, 8, 3)), np.arange(5) % 4
    (changed, same), _ = D.tree.layers[0].forward((x, y))
    assert same is y and (changed != x).any(axis=(1, 2, 3)).all()
    s, cache = D.forward((x, y))
    dx, dy = D.backward(np.ones_like(s), cache)
    assert dx.shape == x.shape and dy is None
    assert penalty_error(R1(1.0), D, (x, y), (x, y)) <= 1e-12


def test_kinds_come_in_one_order():
    assert Augment().kinds == Augment(*KINDS).kinds == [*KINDS]
    assert repr(Augment("cutout", "colour")) == "Augment('colour', 'cutout')"
    kinds = [type(layer) for layer in Augment("translation", "colour").layers]
    assert kinds == [ColourJitter, Translate]
    assert [type(layer) for layer in Augment().layers] == [*KINDS.values()]
    assert isinstance(augmentation((8, 8, 1), "cutout"), Augment)


# Refused


def test_augment_refuses():
    expected = "Augment expects a kind 'colour' or 'translation' or 'cutout', got "
    for kind in ("color", "", None, ("colour", "cutout"), Cutout()):
        with pytest.raises(tg.InputError, match=expected):
            Augment(kind)
    with pytest.raises(tg.InputError, match="each kind once, got cutout, cutout"):
        Augment("cutout", "cutout")


@every
@pytest.mark.parametrize("in_shape", [(6,), (4, 4), (2, 3, 4, 1), ()])
def test_only_images_can_be_changed(layer, in_shape):
    with pytest.raises(tg.ShapeError, match=r"expects images \(H, W, C\), got "):
        Net(layer, in_shape)


@every
def test_a_pair_cannot_be_changed(layer):
    with pytest.raises(tg.ShapeError, match="expects an array of numbers"):
        Net(layer, ((8, 8, 1), Integers((), 3)))


@pytest.mark.parametrize("share", [-0.1, 1.0, 2, math.nan, "1/8", None, True])
def test_a_share_is_refused(share):
    for kind in (Translate, Cutout):
        expected = f"{kind.__name__} expects a share 0 <= share < 1, got "
        with pytest.raises(tg.InputError, match=expected):
            kind(share)

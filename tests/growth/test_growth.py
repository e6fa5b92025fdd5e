"""The schedule of growth, the optimizer of a part of theta, and a level's pictures."""

import copy

import numpy as np
import pytest
from growing_nets import Z, nets
from hypothesis import given
from hypothesis import strategies as st

from tinygan import SGD, Adam, ClipNorm, ClipValue, ClipWeights, Momentum, RMSProp
from tinygan.errors import InputError, ShapeError
from tinygan.group import ALONE
from tinygan.growth import Growth, Level, Within, at_level, larger, smaller

# The schedule


def test_a_schedule_by_hand():
    """Batches of 10: 25 images are 3 turns, and 12 images of a fade are 2."""
    growth = Growth([Level(25), Level(20, fade=12, rate=0.5), Level(20, 20, times=2)])
    assert growth.turns(10) == 3 + (2 + 2) + (1 + 1)
    stages = [growth.at(turn, 10) for turn in range(12)]
    assert [s.level for s in stages] == [0] * 3 + [1] * 4 + [2] * 5
    assert [s.alpha for s in stages] == pytest.approx(
        [1, 1, 1, 1 / 3, 2 / 3, 1, 1, 1 / 2, 1, 1, 1, 1]
    )
    assert [s.batch for s in stages] == [10] * 7 + [20] * 5
    assert [s.rate for s in stages] == [1] * 3 + [0.5] * 4 + [1] * 5
    assert [i for i, s in enumerate(stages) if s.begins] == [0, 3, 7]


@given(
    st.lists(st.tuples(st.integers(0, 60), st.integers(1, 60)), min_size=1, max_size=4),
    st.integers(1, 9),
)
def test_every_schedule(phases, batch):
    """Levels rise by one, alpha rises to 1 within a level, and images are counted."""
    first, *rest = phases
    levels = [Level(max(first)), *(Level(stable, fade) for stable, fade in rest)]
    growth = Growth(levels)
    stages = [growth.at(turn, batch) for turn in range(growth.turns(batch) + 3)]
    places = [(s.level, s.alpha) for s in stages]
    assert places == sorted(places) and places[0] == (0, 1.0)
    assert places[-1][0] == len(levels) - 1
    for i, level in enumerate(levels):
        fading = sum(s.level == i and s.alpha < 1 for s in stages)
        stable = sum(s.level == i and s.alpha == 1 for s in stages[:-3])
        assert fading == -(-level.fade // batch) and stable == -(-level.stable // batch)
        assert sum(s.level == i and s.begins for s in stages) == 1
    assert all(0 < s.alpha <= 1 for s in stages)


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: Level(-1), "stable >= 0"),
        (lambda: Level(10, 1.5), "fade >= 0"),
        (lambda: Level(10, times=0), "times >= 1"),
        (lambda: Level(10, rate=0), "rate > 0"),
        (lambda: Level(0), "images in one of its phases"),
        (lambda: Growth([]), "a list of levels"),
        (lambda: Growth(Level(10)), "a list of levels"),
        (lambda: Growth([10]), r"Level\(stable=8000\)"),
        (lambda: Growth([Level(10, 10)]), "fade 0 for its first level"),
        (lambda: Growth([Level(10), Level(10)]), "got fade 0 for level 1"),
        (lambda: Growth([Level(10)], reset=2), "reset"),
    ],
)
def test_no_schedule(make, says):
    with pytest.raises(InputError, match=says):
        make()


# The optimizer of a part of theta

RULES = {
    "SGD": lambda: SGD(0.1),
    "Momentum": lambda: Momentum(0.1),
    "RMSProp": lambda: RMSProp(0.01),
    "Adam": lambda: Adam(0.01),
    "ClipNorm": lambda: ClipNorm(Adam(0.01), 0.1),
    "ClipValue": lambda: ClipValue(Momentum(0.1), 0.1),
    "ClipWeights": lambda: ClipWeights(RMSProp(0.01), 0.1),
}
rules = pytest.mark.parametrize("make", RULES.values(), ids=RULES)


def gradient(net, seed):
    """A random gradient of the used part; all else is 0, as after a backward pass."""
    g = np.zeros(net.theta.size)
    rng = np.random.default_rng(seed)
    for part in net.used:
        g[part] = rng.standard_normal(g[part].size)
    return g


def packed(net, v):
    return np.concatenate([v[part] for part in net.used])


@rules
@pytest.mark.parametrize(
    ("level", "alpha"), [(0, 1), (1, 0.5), (1, 1), (2, 0.5), (2, 1)]
)
def test_the_used_part_steps_as_if_it_were_alone(make, level, alpha):
    """Three steps, beside the same rule on a vector of the used numbers; everything
    else stays to the last bit, moments too.
    """
    net, _ = nets()
    net.grow(2, 0.5)
    opt = Within(make(), net)
    opt.prepare(net.theta)
    for seed in range(3):  # moments everywhere
        opt.ascend(net.theta, np.random.default_rng(seed).normal(size=net.theta.size))
    net.grow(level, alpha)
    alone, theta = copy.deepcopy(opt.inner), packed(net, net.theta)
    alone.bind(lambda moment: packed(net, moment))
    for clip in (alone, getattr(alone, "inner", alone)):
        for name in ("_u", "_g"):
            if hasattr(clip, name):
                setattr(clip, name, np.empty_like(theta))
    start = {k: np.copy(v) for k, v in opt.state().items()} | {
        "theta": net.theta.copy()
    }
    for seed in range(3):
        g = gradient(net, seed)
        opt.descend(net.theta, g)
        alone.descend(theta, packed(net, g))
    used = np.zeros(net.theta.size, bool)
    for part in net.used:
        used[part] = True
    end = opt.state() | {"theta": net.theta}
    assert end["t"] == start["t"] + 3 == alone.t
    for name, before in start.items():
        if name != "t":
            np.testing.assert_array_equal(end[name][~used], before[~used])
    # The norm over g is summed in another order.
    np.testing.assert_allclose(net.theta[used], theta, rtol=1e-14, atol=1e-16)


@pytest.mark.parametrize("make", [RULES["Adam"], RULES["Momentum"]])
@pytest.mark.parametrize("cut", [0, 7, 100, 300])
def test_parts_of_theta_on_two_ranks(make, cut):
    """Each rank steps its part of theta, within what is used."""
    whole, parts = nets()[0], nets()[0]
    opt, other = Within(make(), whole), Within(make(), parts)
    other.prepare(parts.theta)
    for net in (whole, parts):
        net.grow(2, 1.0)
    own = [slice(0, cut), slice(cut, parts.theta.size)]
    ranks = [other.part(part, ALONE) for part in own]
    for seed in range(3):
        g = gradient(whole, seed)
        opt.descend(whole.theta, g)
        for part, rank in zip(own, ranks, strict=True):
            rank.descend(parts.theta[part], g[part])
    np.testing.assert_array_equal(parts.theta, whole.theta)
    for name in other.inner.moments:
        np.testing.assert_array_equal(other.state()[name], opt.state()[name])


@rules
def test_reset_forgets_everything(make):
    net, _ = nets()
    opt, fresh, theta = Within(make(), net), make(), net.theta.copy()
    opt.ascend(net.theta, gradient(net, 0))
    opt.reset()
    assert opt.t == 0
    net.theta[...] = theta
    opt.ascend(net.theta, gradient(net, 1))
    fresh.ascend(theta, gradient(net, 1))
    gap = np.ones(theta.size, bool)
    for part in net.used:
        gap[part] = False
    np.testing.assert_allclose(net.theta[~gap], theta[~gap], rtol=1e-15)


def test_an_optimizer_within_what_does_not_grow():
    with pytest.raises(InputError, match="expects a GrowingNet as net"):
        Within(Adam(), "G")
    net, _ = nets()
    with pytest.raises(InputError, match="theta has shape"):
        Within(Adam(), net).ascend(net.theta, net.theta[:3])


# The pictures of a level


def test_pictures_are_averaged_and_faded():
    x = np.arange(2 * 8 * 8 * 3.0).reshape(2, 8, 8, 3)
    np.testing.assert_array_equal(at_level(x, (8, 8, 3)), x)
    small = at_level(x, (2, 2, 3))
    assert small.shape == (2, 2, 2, 3)
    assert small[1, 0, 1, 2] == pytest.approx(x[1, :4, 4:, 2].mean())
    blocks = larger(smaller(x, 2), 2)
    assert blocks[0, 3, 4, 1] == blocks[0, 2, 5, 1] == x[0, 2:4, 4:6, 1].mean()
    half = at_level(x, (8, 8, 3), 0.25)
    np.testing.assert_allclose(half, 0.75 * blocks + 0.25 * x)
    four = at_level(x, (4, 4, 3), 0.5)
    halved = smaller(x, 2)
    np.testing.assert_allclose(four, (larger(smaller(halved, 2), 2) + halved) / 2)


def test_real_pictures_fade_as_generated_ones_do():
    """At alpha = 0 both are pictures of the level below, in blocks of 2x2 pixels."""
    G, _ = nets()
    G.grow(2, 0.0)
    x, _ = G.forward(np.random.default_rng(0).normal(size=(4, Z)))
    np.testing.assert_allclose(at_level(x, G.out_shape, 0.0), x, atol=1e-15)


@pytest.mark.parametrize("shape", [(3, 3, 3), (8, 4, 3), (4, 4, 1), (16, 16, 3)])
def test_a_level_that_the_pictures_do_not_have(shape):
    with pytest.raises(ShapeError, match="a level of"):
        at_level(np.zeros((2, 8, 8, 3)), shape)

"""A game played in parts, a process for each: the game of whole batches, but for
rounding.
"""

import copy
import json
import subprocess
import sys
import textwrap

import numpy as np
import pytest
from parts import players

import tinygan as tg
import tinygan.runs.run
from tinygan import NUMPY, Net, ShapeError, backend, recipes
from tinygan.check import relative
from tinygan.cli.arguments import main
from tinygan.layers import (
    Augment,
    AvgPool1d,
    AvgPool2d,
    BatchNorm,
    Bias,
    BilinearDown2d,
    BilinearUp2d,
    Conv1d,
    Conv2d,
    ConvTranspose1d,
    ConvTranspose2d,
    Dense,
    Dropout,
    EqualRate,
    Flatten,
    Identity,
    InstanceNoise,
    InstanceNorm,
    Layer,
    LayerNorm,
    LeakyReLU,
    Maxout,
    MinibatchStd,
    Pack,
    PhaseShuffle,
    PixelNorm,
    ReLU,
    Reshape,
    Residual,
    Scale,
    Sequential,
    SpectralNorm,
    Tanh,
    Upsample1d,
    Upsample2d,
)
from tinygan.parallel.gathered import divided
from tinygan.parallel.shards import ALONE, Shards, cut
from tinygan.runs.run import Run
from tinygan.values import rows


def generator():
    return Sequential(
        *(Dense(2 * 2 * 6, bias=False), Reshape(2, 2, 6), BatchNorm(), ReLU()),
        *(ConvTranspose2d(4, 4, 2, 1, bias=False), BatchNorm(gamma_std=0.1), ReLU()),
        *(Upsample2d(), PixelNorm(), BilinearUp2d(), BilinearDown2d()),
        *(EqualRate(Conv2d(4, 3, 1, 1, groups=2)), Bias(), Conv2d(2, 3, 1, 1), Tanh()),
    )


def critic(*front):
    block = Sequential(Conv2d(4, 3, 1, 1), InstanceNorm(), Tanh())
    return Sequential(
        *front,
        *(SpectralNorm(Conv2d(4, 3, 1, 1)), LayerNorm(), LeakyReLU(0.2)),
        *(Residual(block), AvgPool2d(), Scale(2.0)),
        *(ConvTranspose2d(4, 4, 2, 1, groups=4), Bias(), Tanh(), BilinearDown2d()),
        *(Flatten(), Dense(6), Maxout(2), Dense(1)),
    )


def discriminator():
    """BatchNorm in D, which no penalty can have."""
    return Sequential(
        *(Conv2d(4, 4, 2, 1), LeakyReLU(0.2)),
        *(Conv2d(6, 3, 2, 1, bias=False), BatchNorm(), LeakyReLU(0.2)),
        *(Flatten(), Dense(1)),
    )


SGD = tg.SGD(0.005)


def after(D, size, N, objective, penalties=(), opt=SGD, diversity=None):
    """All that two turns leave behind."""
    nets = Net(generator(), (5,), 1, "float64"), Net(D, (8, 8, 2), 2, "float64")
    opts = [copy.deepcopy(opt), copy.deepcopy(opt)]
    group = players(nets, opts, size, N, objective, penalties, diversity)
    rng = np.random.default_rng(3)
    for turn in range(2):
        x, z = rng.standard_normal((N, 8, 8, 2)), rng.standard_normal((N, 5))
        everyone = group.run("move", x, z, turn)
        values = [np.array(v) for v in everyone[0]]
        for others in everyone:
            assert np.array_equal(others, values)  # to the last bit
    found = {f"value {i}": v for i, v in enumerate(values)}
    for name, net, opt in zip("GD", nets, opts, strict=True):
        found |= {f"{name} theta": net.theta, f"{name} grad": net.grad}
        found |= {f"{name} {k}": v for k, v in net.state().items()}
        found |= {f"{name} optimizer {k}": v for k, v in opt.state().items()}
    return found


def same(ours: dict, whole: dict, tolerance=1e-12) -> None:
    assert ours.keys() == whole.keys()
    for name, a in ours.items():
        b = np.asarray(whole[name])
        size = max(np.abs(b).max(initial=0), 1e-3)
        assert np.abs(a - b).max(initial=0) <= tolerance * size, name


OBJECTIVES = (
    *(tg.NonSaturating(), tg.RelativisticAverage(), tg.RelativisticPairing()),
    *(tg.Hinge(), tg.Minimax(0.9)),
)
PENALTIES = {
    "none": (),
    "wgan-gp and drift": (tg.WGANGP(2.0), tg.Drift()),
    "r1 and r2": (tg.R1(1.0), tg.R2(1.0)),
    "dragan": (tg.DRAGAN(2.0),),
}


@pytest.mark.parametrize("objective", OBJECTIVES, ids=repr)
@pytest.mark.parametrize("size, N", [(2, 8), (2, 9), (3, 16), (4, 8)])
def test_a_move_in_parts_is_the_whole_move(objective, size, N):
    """BatchNorm's statistics are the whole batch's, and all gradients arrive."""
    same(
        after(discriminator(), size, N, objective),
        after(discriminator(), 1, N, objective),
    )


@pytest.mark.parametrize("penalties", PENALTIES.values(), ids=PENALTIES)
@pytest.mark.parametrize("front, N", [((), 9), ((Pack(2),), 10)], ids=["", "packed"])
def test_penalties_in_parts(penalties, front, N):
    same(
        after(critic(*front), 2, N, tg.Wasserstein(), penalties),
        after(critic(*front), 1, N, tg.Wasserstein(), penalties),
    )


class Centred(tg.Optimizer):
    """u = g - mean(g): every u_i is a function of all of g."""

    moments = ("steps",)

    def direction(self, g, out):
        self.steps += 1
        out[...] = g - g.mean()
        return 1.0


OPTIMIZERS = (
    *(tg.Momentum(0.005), tg.RMSProp(1e-4), tg.Adam(1e-4, 0.5)),
    *(tg.ClipNorm(tg.Momentum(0.005), 0.01), tg.ClipValue(tg.SGD(0.01), 0.01)),
    *(tg.ClipWeights(tg.ClipNorm(tg.SGD(0.01), 0.01), 0.2), Centred(0.005)),
    tg.ClipNorm(Centred(0.005), 0.01),
)


@pytest.mark.parametrize("opt", OPTIMIZERS, ids=lambda opt: type(opt).__name__)
def test_optimizers_in_parts(opt):
    """Each rank steps a part of theta; norms are those of the whole gradient."""
    same(
        after(discriminator(), 3, 12, tg.NonSaturating(), opt=opt),
        after(discriminator(), 1, 12, tg.NonSaturating(), opt=opt),
        tolerance=1e-9,  # where g is small, g / sqrt(v) has its rounding, not its size
    )


def test_a_pair_may_be_two_ranks():
    diversity = tg.Diversity(0.5, 10.0)
    whole = after(discriminator(), 1, 9, tg.NonSaturating(), diversity=diversity)
    same(after(discriminator(), 2, 9, tg.NonSaturating(), diversity=diversity), whole)
    plain = after(discriminator(), 1, 9, tg.NonSaturating())
    assert relative(plain["G theta"] - whole["G theta"], plain["G theta"]) > 1e-6


def test_it_was_divided():
    """The tests above compare something: ranks see parts, of batches and of theta."""

    class Seen(Layer):
        divisible = True

        def forward(self, x, train=True):
            return np.full_like(x, 10 * self.group.rank + len(x)), ()

        def backward(self, dy, cache, param_grads=True):
            return dy

    G = Net(Sequential(Dense(2), Seen()), (3,), dtype="float64")
    D = Net(Dense(1), (2,), dtype="float64")
    opts = [tg.Adam(0.1), tg.Adam(0.1)]
    group = players((G, D), opts, 2, 9, tg.Wasserstein())
    made = [
        player.G.forward(np.ones((own, 3)))[0][0, 0]
        for player, own in zip(group.parts, (4, 5), strict=True)
    ]
    assert made == [4, 15]
    assert [p.own for p in group.parts] == [slice(0, 4), slice(4, 9)]
    assert [p.opt_G.own for p in group.parts] == [slice(0, 4), slice(4, 8)]
    for part in group.parts:
        assert np.shares_memory(part.G.theta, G.theta)
        assert np.shares_memory(part.opt_G.mine.m, opts[0].m)
    assert not np.shares_memory(group.parts[0].G.grad, group.parts[1].G.grad)


class Passes:
    """One rank's passes through a network, each on its rows."""

    def __init__(self, rank, own, net):
        self.rank, self.own, self.net = rank, own, net

    def all_of_them(self, x, v, dy, dy_dot):
        """y, dx, y_dot, and what tangent_backward gives; grad holds all gradients."""
        x, v, dy, dy_dot = (rows(a, self.own) for a in (x, v, dy, dy_dot))
        y, cache = self.net.forward(x)
        self.net.zero_grad()
        dx = self.net.backward(dy, cache)
        self.net.backward(dy, cache, param_grads=False)  # adds nothing
        self.net.backward_weights(dy, cache)
        y_dot, cache_dot = self.net.tangent(v, cache)
        both = self.net.tangent_backward(dy, dy_dot, cache, cache_dot)
        return y, dx, y_dot, *both

    def forward(self, x):
        return self.net.forward(rows(x, self.own))[0]


def passes(net, size, N) -> Shards:
    def make(ranks):
        grads = [np.zeros_like(net.grad) for _ in ranks]
        parts = [slice(None)] if size == 1 else cut(N, size, net.packs)
        each = zip(ranks, parts, grads, strict=True)
        return [Passes(rank, own, net.part(rank, grad)) for rank, own, grad in each]

    return Shards(size, make)


def test_each_rank_has_its_rows_of_every_pass():
    rng = np.random.default_rng(0)
    x, v = rng.standard_normal((2, 13, 8, 8, 2))
    dy = rng.standard_normal((13, 1))
    found = []
    for size in (1, 3):
        net = Net(critic(), (8, 8, 2), 2, "float64")
        parts = passes(net, size, 13).run("all_of_them", x, v, dy, -dy)
        found.append([np.concatenate(same) for same in zip(*parts, strict=True)])
    for whole, ours in zip(*found, strict=True):
        assert relative(ours - whole, whole) <= 1e-13


def test_each_rank_has_its_rows_of_sounds():
    rng = np.random.default_rng(0)
    x, v = rng.standard_normal((2, 7, 32, 1))
    dy = rng.standard_normal((7, 1))
    tree = Sequential(
        *(Conv1d(4, 9, pad=4, stride=4), LeakyReLU(0.2), Upsample1d(2)),
        *(ConvTranspose1d(6, 5, stride=2, pad=2, groups=2), Tanh()),
        *(SpectralNorm(Conv1d(3, 3, 1, groups=3)), AvgPool1d(31), Flatten(), Dense(1)),
    )
    found = []
    for size in (1, 3):
        net = Net(tree, (32, 1), 2, "float64")
        parts = passes(net, size, 7).run("all_of_them", x, v, dy, -dy)
        found.append([np.concatenate(same) for same in zip(*parts, strict=True)])
    for whole, ours in zip(*found, strict=True):
        assert relative(ours - whole, whole) <= 1e-13


@pytest.mark.parametrize("g", [1, 2, 3, 6])
def test_a_group_of_samples_may_lie_on_several_ranks(g):
    rng = np.random.default_rng(g)
    x, v = rng.standard_normal((2, 6, 4, 4, 2))
    dy, dy_dot = rng.standard_normal((2, 6, 4, 4, 3))
    found = []
    for size in (1, 2, 3):
        net = Net(MinibatchStd(g), (4, 4, 2), dtype="float64")
        parts = passes(net, size, 6).run("all_of_them", x, v, dy, dy_dot)
        found.append([np.concatenate(same) for same in zip(*parts, strict=True)])
    whole, *others = found
    for other in others:
        for one, ours in zip(whole, other, strict=True):
            assert relative(ours - one, one) <= 1e-13


def test_a_layer_that_does_not_say_is_refused():
    net = Net(Sequential(type("Mine", (Layer,), {})(), Dense(1)), (4,))
    with pytest.raises(ShapeError, match=r"0_\w+ .* needs the batch in one piece"):
        Shards(2, lambda ranks: divided(net, tg.SGD(0.1), ranks))


def test_a_penalty_that_does_not_say_is_refused():
    class Mine(tg.R1):
        divisible = False

    with pytest.raises(tg.BackendError, match=r"Mine\(gamma=10\) .* --cores 1"):
        after(critic(), 2, 8, tg.Wasserstein(), (Mine(),))
    mine = Mine()
    assert mine.part(ALONE) is mine  # it may remember something
    e = recipes.build(recipes.find("dcgan-digits"), {})
    e.penalties, e.D = [Mine()], Sequential(Flatten(), Dense(1))
    assert not Run(e, cores=2).divided


def test_ranks_draw_noise_of_their_own():
    net = Net(Sequential(InstanceNoise(1.0), Dropout(0.5)), (400,), dtype="float64")
    group = passes(net, 2, 4)
    y = np.concatenate(group.run("forward", np.zeros((4, 400))))
    assert np.abs(np.corrcoef(y)[0, 2]) < 0.3  # row 0 of either part
    again = np.concatenate(group.run("forward", np.zeros((4, 400))))
    assert not np.array_equal(y, again)
    assert net.state()["0_InstanceNoise.draws"] == 2


def test_ranks_change_pictures_on_their_own():
    net = Net(Augment(), (16, 16, 1), dtype="float64")
    group = passes(net, 2, 8)
    x = np.random.default_rng(0).standard_normal((1, 16, 16, 1)).repeat(8, axis=0)
    y = np.concatenate(group.run("forward", x))
    assert len(np.unique(y.reshape(8, -1), axis=0)) == 8
    assert net.state()["1_Translate.draws"] == 1


def test_ranks_shuffle_phases_on_their_own():
    net = Net(PhaseShuffle(8), (32, 1), dtype="float64")
    group = passes(net, 2, 24)
    x = np.arange(32.0)[None, :, None].repeat(24, axis=0)
    first, second = (np.concatenate(group.run("forward", x)) for _ in range(2))
    shifts = 8 - first[:, 8, 0]  # y[8] = x[8 - a]
    assert not np.array_equal(shifts[:12], shifts[12:])  # the rows of either part
    assert np.abs(shifts).max() <= 8 and len(set(shifts)) > 8
    assert not np.array_equal(first, second)
    assert net.state()[".draws"] == 2


def test_the_whole_network_and_its_copies_stay_whole():
    net = Net(discriminator(), (8, 8, 2))
    opt = tg.Adam(0.1)
    group = Shards(2, lambda ranks: divided(net, opt, ranks))
    for each in (net, net.clone()):
        assert all(layer.group is ALONE for _, layer in each.layers())
        assert len(each.forward(np.ones((3, 8, 8, 2), "float32"))[0]) == 3
    part, _ = group.parts[1]
    assert all(layer.group is group.ranks[1] for _, layer in part.layers())


# Runs


def run(cores, name="dcgan-digits", **options):
    return Run(recipes.build(recipes.find(name), options), cores=cores)


def test_a_core_needs_enough_to_do(monkeypatch):
    monkeypatch.setattr(backend, "cores", lambda: 16)
    few = backend.FEW
    found = [NUMPY.cores_for(n) for n in (0, few, 2 * few - 1, 2 * few, 9.5 * few)]
    assert found == [1, 1, 1, 2, 9]
    assert NUMPY.cores_for(10**12) == 16


NAMES = ("dcgan-digits", "wgan-gp-digits", "mlp-ring", "ragan-digits", "acgan-digits")


# What V sees of the logits in these games are differences, so D's last bias, the last
# number of theta_D, has no gradient. Adam makes a step of lr out of any rounding error.
DIFFERENCES = {"ragan-digits", "wgan-gp-digits"}


@pytest.mark.parametrize("name", NAMES)
def test_a_run_on_two_cores_is_that_on_one(name):
    one, two = run(1, name), run(2, name)
    assert not one.divided and two.divided
    for _ in range(3):
        one.turn()
        two.turn()
    values = [r.fetch()[:3] for r in (one, two)]
    assert np.abs(values[0] - values[1]).max() <= 1e-4  # float32, and Adam
    ours, whole = two.state(), one.state()
    assert ours.keys() == whole.keys() and int(two.players["G"].opt.state()["t"]) == 3
    if name in DIFFERENCES:
        bias = [*two.players["D"].net.parameters()][-1]
        assert bias.endswith("Dense.b")
        for state in (ours, whole):
            assert abs(state["D.opt.m"][-1]) <= 1e-6 * np.abs(state["D.opt.m"]).max()
            state["D.theta"] = state["D.theta"][:-1]
    for key in whole:
        assert np.allclose(ours[key], whole[key], atol=1e-3), key


def test_a_divided_run_repeats_and_resumes_bit_for_bit():
    first, second, third = run(2), run(2), run(2)
    for _ in range(2):
        first.turn()
        second.turn()
    third.turn()  # its other process has another state, which load has to end
    third.load(first.on_host(first.state()))
    for r in (first, second, third):
        r.turn()
    state = first.state()
    for other in (second.state(), third.state()):
        assert all(np.array_equal(state[k], other[k]) for k in state)


def test_what_sees_the_whole_batch_is_left_whole():
    e = recipes.build(recipes.find("dcgan-digits"), {})
    e.D = Sequential(type("Mine", (Identity,), {"divisible": False})(), *e.D.layers)
    assert not Run(e, cores=2).divided
    assert not run(2, batch=3).divided  # two samples for each


def test_where_a_nan_arises_is_found_in_whole_batches():
    r = run(2)
    good = r.state()
    r.turn()
    r.load(good)
    good["D.theta"][3] = np.nan
    r.load(good)
    r.turn()
    assert "step 1: NaN or infinity in D, layer 0_" in r.diagnose(good)


def test_a_step_in_the_steady_state_lives_in_the_memory_of_the_last():
    """Without it, every large array's pages are faults: thousands in each step."""
    program = """
        import resource
        import numpy as np
        from tinygan import backend, recipes
        from tinygan.runs.run import Run

        run = Run(recipes.build(recipes.find("dcgan-digits"), {"batch": 256}))
        faults = []
        for keep in (False, True):
            if keep:
                backend.keep_memory()
            for turns in (2, 3):
                before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
                for _ in range(turns):
                    run.turn()
                after = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
            faults.append((after - before) / turns)
        print(*faults)
    """
    if not sys.platform.startswith("linux"):
        pytest.skip("the C library's memory is glibc's only on Linux")
    command = [sys.executable, "-c", textwrap.dedent(program)]
    found = subprocess.run(command, capture_output=True, text=True, check=True)
    freed, kept = map(float, found.stdout.split())
    if freed < 500:
        pytest.skip(f"this C library keeps memory by itself: {freed:.0f} faults a step")
    assert kept < freed / 20


def test_the_command_line_says_how_many_cores(tmp_path, capsys, small_pictures):
    """They stand in config.json, and a resumed run has as many."""
    path = tmp_path / "run"
    arguments = ["--quiet", "--batch", "8", "--out", str(path)]
    train = ["train", "dcgan-digits", "--cores", "2", "--steps", "2"]
    assert main([*train, *arguments]) == 0
    config = json.loads((path / "config.json").read_text())
    assert config["cores"] == 2
    made = []

    class Seen(Run):
        def __init__(self, *args):
            super().__init__(*args)
            made.append((self.cores, self.divided))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tinygan.runs.run, "Run", Seen)
        assert main(["train", "--resume", str(path), "--steps", "3", "--quiet"]) == 0
    assert made == [(2, True)]
    with pytest.raises(SystemExit):
        main(["train", "--cores", "0"])
    assert "--cores" in capsys.readouterr().err

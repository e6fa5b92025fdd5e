"""A batch worked on in parts at once: the same step, but for rounding."""

import gc
import json
import os
import pathlib
import signal
import subprocess
import sys
import textwrap
import time
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinygan as tg
import tinygan.run
from tinygan import Net, ShapeError, recipes
from tinygan.check import relative
from tinygan.cli import main
from tinygan.divided import Cut
from tinygan.layers import (
    AvgPool2d,
    BatchNorm,
    Conv2d,
    ConvTranspose2d,
    Dense,
    Dropout,
    Flatten,
    InstanceNoise,
    InstanceNorm,
    Layer,
    LayerNorm,
    LeakyReLU,
    Maxout,
    MinibatchStd,
    Pack,
    PixelNorm,
    ReLU,
    Reshape,
    Residual,
    Scale,
    Sequential,
    SpectralNorm,
    Tanh,
    Upsample2d,
)
from tinygan.run import Run
from tinygan.shards import ALONE, Shards


def generator():
    return Sequential(
        *(Dense(2 * 2 * 6, bias=False), Reshape(2, 2, 6), BatchNorm(), ReLU()),
        *(ConvTranspose2d(4, 4, 2, 1, bias=False), BatchNorm(gamma_std=0.1), ReLU()),
        *(Upsample2d(), PixelNorm(), Conv2d(2, 3, 1, 1), Tanh()),
    )


def critic(*front):
    block = Sequential(Conv2d(4, 3, 1, 1), InstanceNorm(), Tanh())
    return Sequential(
        *front,
        *(SpectralNorm(Conv2d(4, 3, 1, 1)), LayerNorm(), LeakyReLU(0.2)),
        *(Residual(block), AvgPool2d(), Scale(2.0)),
        *(Flatten(), Dense(6), Maxout(2), Dense(1)),
    )


def discriminator():
    """BatchNorm in D, which no penalty can have."""
    return Sequential(
        *(Conv2d(4, 4, 2, 1), LeakyReLU(0.2)),
        *(Conv2d(6, 3, 2, 1, bias=False), BatchNorm(), LeakyReLU(0.2)),
        *(Flatten(), Dense(1)),
    )


def pair(D, size, shape=(8, 8, 2)):
    """G and D in float64, cut in `size` parts (1: not cut)."""
    nets = Net(generator(), (5,), 1, "float64"), Net(D, shape, 2, "float64")
    shards = Shards(size)
    for net in nets:
        net.divide(shards)
    return nets


def after(D, size, N, objective, penalties=(), turns=2) -> dict:
    """All that some turns leave behind."""
    G, D = pair(D, size)
    rng = np.random.default_rng(3)
    opt_G, opt_D = tg.SGD(0.005), tg.SGD(0.005)
    points = np.random.default_rng(4)
    for _ in range(turns):
        x, z = rng.standard_normal((N, 8, 8, 2)), rng.standard_normal((N, 5))
        values = tg.d_step(G, D, opt_D, objective, x, z, penalties, points)
        J = tg.g_step(G, D, opt_G, objective, z, x)
    found = {f"value {i}": v for i, v in enumerate((*values, J))}
    for name, net in (("G", G), ("D", D)):
        found |= {f"{name} theta": net.theta, f"{name} grad": net.grad}
        found |= {f"{name} {k}": v for k, v in net.state().items()}
    return found


def same(ours: dict, whole: dict) -> None:
    assert ours.keys() == whole.keys()
    for name, a in ours.items():
        b = np.asarray(whole[name])
        size = max(np.abs(b).max(initial=0), 1e-3)
        assert np.abs(a - b).max(initial=0) <= 1e-12 * size, name


OBJECTIVES = (tg.NonSaturating(), tg.RelativisticAverage(), tg.Hinge())
PENALTIES = {
    "none": (),
    "wgan-gp and drift": (tg.WGANGP(2.0), tg.Drift()),
    "r1 and r2": (tg.R1(1.0), tg.R2(1.0)),
    "dragan": (tg.DRAGAN(2.0),),
}


@pytest.mark.parametrize("objective", OBJECTIVES, ids=repr)
@pytest.mark.parametrize("size, N", [(2, 8), (2, 9), (3, 16), (4, 8)])
def test_a_divided_step_is_the_whole_step(objective, size, N):
    """BatchNorm's statistics are the whole batch's, and all gradients arrive."""
    same(
        after(discriminator(), size, N, objective),
        after(discriminator(), 1, N, objective),
    )


@pytest.mark.parametrize("penalties", PENALTIES.values(), ids=PENALTIES)
@pytest.mark.parametrize("front", [(), (Pack(2),)], ids=["", "packed"])
def test_penalties_through_divided_passes(penalties, front):
    same(
        after(critic(*front), 2, 8, tg.Wasserstein(), penalties),
        after(critic(*front), 1, 8, tg.Wasserstein(), penalties),
    )


def test_it_was_divided():
    """The tests above compare something: BatchNorm sees parts, a pass leaves a Cut."""
    G, _ = pair(discriminator(), 2)
    x, cache = G.forward(np.ones((8, 5)))
    mine = G.passes.parts[0].caches[cache.key]
    assert [len(mine[0][0]), len(x) - len(mine[0][0])] == [4, 4]
    assert [s.start for s in cache.x_rows] == [0, 4]
    assert x.shape == (8, 8, 8, 2)
    _, whole = G.forward(np.ones((8, 5)), train=False)
    assert isinstance(whole, tuple) and not isinstance(whole, Cut)
    _, small = G.forward(np.ones((3, 5)))
    assert not isinstance(small, Cut)


@given(st.integers(1, 50), st.integers(1, 6), st.integers(1, 3))
def test_parts_cover_the_batch(n, size, multiple):
    parts = Shards(size).cut(n, multiple)
    if n % multiple or n // multiple < 2 * size:
        assert parts == []
        return
    assert np.array_equal(np.concatenate([np.arange(n)[p] for p in parts]), range(n))
    lengths = [p.stop - p.start for p in parts]
    assert len(parts) == size and all(length % multiple == 0 for length in lengths)
    assert max(lengths) - min(lengths) <= multiple


def test_dx_and_tangent_are_joined_in_order():
    whole, cut = (Net(critic(), (8, 8, 2), 2, "float64") for _ in range(2))
    cut.divide(Shards(3))
    rng = np.random.default_rng(0)
    x, v = rng.standard_normal((2, 13, 8, 8, 2))
    dy, dy_dot = rng.standard_normal((2, 13, 1))
    for dys in ((dy, dy_dot), (dy, None), (None, dy_dot)):
        found = []
        for net in (whole, cut):
            y, cache = net.forward(x)
            net.zero_grad()
            dx = net.backward(dy, cache)
            y_dot, cache_dot = net.tangent(v, cache)
            found.append((y, dx, y_dot, *net.tangent_backward(*dys, cache, cache_dot)))
            found[-1] += (net.grad.copy(),)
        for a, b in zip(*found, strict=True):
            assert (a is None) == (b is None)
            assert a is None or relative(a - b, b) <= 1e-13


def test_gradients_add_up_until_they_are_cleared():
    net = Net(critic(), (8, 8, 2), 2, "float64")
    net.divide(Shards(2))
    x, dy = np.ones((8, 8, 8, 2)), np.ones((8, 1))
    _, cache = net.forward(x)
    net.backward_weights(dy, cache)
    once = net.grad.copy()
    net.backward(dy, cache)
    assert relative(net.grad - 2 * once, once) <= 1e-13
    before = net.grad.copy()
    net.backward(dy, cache, param_grads=False)
    assert np.array_equal(net.grad, before)


@pytest.mark.parametrize("layer", [MinibatchStd(2), type("Mine", (Layer,), {})()])
def test_a_layer_that_mixes_samples_or_does_not_say_is_refused(layer):
    net = Net(Sequential(layer, Dense(1)), (4,))
    with pytest.raises(ShapeError, match=r"0_\w+ .* needs the batch in one piece"):
        net.divide(Shards(2))


def test_members_draw_noise_of_their_own():
    net = Net(Sequential(InstanceNoise(1.0), Dropout(0.5)), (400,), dtype="float64")
    net.divide(Shards(2))
    y, _ = net.forward(np.zeros((4, 400)))
    assert np.abs(np.corrcoef(y)[0, 2]) < 0.3  # row 0 of either part
    again, _ = net.forward(np.zeros((4, 400)))
    assert not np.array_equal(y, again)
    assert net.state()["0_InstanceNoise.draws"] == 2


def test_an_error_in_one_part_ends_the_pass_and_the_next_works():
    """No deadlock: the other members wait at BatchNorm for one that will not come."""

    class Picky(Layer):
        divisible = True

        def forward(self, x, train=True):
            if (x > 5).any():
                raise ArithmeticError("too large")
            return x, ()

    net = Net(Sequential(Picky(), BatchNorm()), (3,), dtype="float64")
    net.divide(Shards(2))
    x = np.random.default_rng(0).standard_normal((8, 3))
    expected, _ = net.forward(x)
    for bad in (0, 7):
        wrong = x.copy()
        wrong[bad] = 9
        with pytest.raises(ArithmeticError, match="too large"):
            net.forward(wrong)
        y, _ = net.forward(x)
        assert np.array_equal(y, expected)


def test_an_error_that_cannot_be_handed_over_is_told():
    class Odd(Layer):
        divisible = True

        def forward(self, x, train=True):
            if self.group.rank == 1:
                raise type("HomeMadeError", (Exception,), {})("odd")
            return x, ()

    net = Net(Sequential(Odd(), BatchNorm()), (3,))
    net.divide(Shards(2))
    with pytest.raises(RuntimeError, match="HomeMadeError: odd"):
        net.forward(np.ones((8, 3), "float32"))


def others(shards) -> list[int]:
    return [worker.pid for worker in shards._workers]


def lives(pid: int) -> bool:
    """Whether a process is there and not about to be buried."""
    try:
        status = pathlib.Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return status.rpartition(")")[2].split()[0] != "Z"


def ends(pid: int, seconds: float = 20) -> bool:
    until = time.monotonic() + seconds
    while lives(pid) and time.monotonic() < until:
        time.sleep(0.01)
    return not lives(pid)


def test_a_member_that_is_killed_is_missed_and_replaced():
    """The system ends the largest process when memory runs out."""
    net = Net(Sequential(Dense(3), BatchNorm()), (3,), dtype="float64")
    shards = Shards(3)
    net.divide(shards)
    x = np.random.default_rng(0).standard_normal((8, 3))
    expected, _ = net.forward(x)
    before = others(shards)
    os.kill(before[0], signal.SIGKILL)
    with pytest.raises(tg.BackendError, match=r"was ended; .* --cores 1"):
        net.forward(x)
    y, _ = net.forward(x)
    assert np.array_equal(y, expected)
    assert not set(before) & set(others(shards))
    assert all(map(ends, before))


def test_what_a_member_kept_is_lost_with_it():
    net = Net(Sequential(Dense(3), Tanh()), (3,), dtype="float64")
    shards = Shards(2)
    net.divide(shards)
    x = np.ones((8, 3))
    y, cache = net.forward(x)
    _, cache_dot = net.tangent(x, cache)
    shards.close()
    for late in (
        lambda: net.backward(y, cache),
        lambda: net.backward(y, cache, param_grads=False),
        lambda: net.backward_weights(y, cache),
        lambda: net.tangent(x, cache),
        lambda: net.tangent_backward(y, y, cache, cache_dot),
    ):
        with pytest.raises(tg.BackendError, match="must be repeated"):
            late()
    y, cache = net.forward(x)
    assert net.backward(y, cache).shape == x.shape


def test_members_end_with_their_group():
    net = Net(Dense(1), (3,))
    shards = Shards(2)
    net.divide(shards)
    net.forward(np.ones((8, 3), "float32"))
    (pid,) = others(shards)
    assert lives(pid)
    del net, shards
    gc.collect()
    assert ends(pid)


@pytest.mark.parametrize("how", ["exit", "SIGKILL"])
def test_members_end_with_the_first_one(how):
    program = f"""
        import os, signal, sys
        import numpy as np
        from tinygan import Dense, Net
        from tinygan.shards import Shards

        net, shards = Net(Dense(1), (3,)), Shards(2)
        net.divide(shards)
        net.forward(np.ones((8, 3), "float32"))
        print(*(worker.pid for worker in shards._workers), flush=True)
        if {how!r} == "SIGKILL":
            os.kill(os.getpid(), signal.SIGKILL)
    """
    command = [sys.executable, "-c", textwrap.dedent(program)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True) as process:
        (pid,) = map(int, process.stdout.readline().split())
        assert ends(pid)  # with our end of its pipe still open
        assert process.wait() == (0 if how == "exit" else -signal.SIGKILL)
        assert process.stderr.read() == ""


def test_caches_are_dropped_everywhere():
    """What no caller holds, no member keeps: else memory would grow step by step."""

    class Told(Layer):
        divisible, parts = True, []

        def forward(self, x, train=True):
            caches = self.parts[self.group.rank].caches
            return np.full_like(x, len(caches)), ()

    net = Net(Sequential(Told(), Dense(3)), (3,), dtype="float64")
    net.divide(Shards(2))
    Told.parts += net.passes.parts
    net.theta[:] = np.concatenate([np.eye(3).ravel(), np.zeros(3)])
    x, held = np.ones((4, 3)), []
    for expected in (0, 0, 0):
        y, _ = net.forward(x)
        assert np.all(y == expected)
        del _
    for expected in (0, 1, 2):
        y, cache = net.forward(x)
        held.append(cache)
        assert np.all(y == expected)


def test_ctrl_c_in_a_pass_leaves_the_group_usable():
    class Interrupted(Layer):
        divisible, armed = True, [True]

        def forward(self, x, train=True):
            if self.armed and self.group.rank == 0:
                self.armed.clear()
                raise KeyboardInterrupt
            return x, ()

    net = Net(Sequential(Interrupted(), BatchNorm()), (3,), dtype="float64")
    net.divide(Shards(2))
    x = np.random.default_rng(0).standard_normal((8, 3))
    with pytest.raises(KeyboardInterrupt):
        net.forward(x)
    net.forward(x)


def test_warnings_are_silenced_in_every_process():
    net = Net(Sequential(Tanh(), Dense(1)), (3,))
    net.divide(Shards(3))
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("error")
        net.forward(np.full((9, 3), 1e38, "float32"))


def test_an_observer_sees_the_whole_batch_and_a_nan_in_it():
    net = Net(Sequential(Dense(3), Tanh()), (3,), dtype="float64")
    net.divide(Shards(2))
    seen = []
    with net.observe(lambda path, which, result: seen.append((path, len(result)))):
        net.forward(np.ones((7, 3)))
    assert seen == [("0_Dense", 7), ("1_Tanh", 7)]
    x = np.ones((7, 3))
    x[6] = np.nan
    with net.watch("D"), pytest.raises(tg.NonFiniteError, match="D, layer 0_Dense"):
        net.forward(x)


def test_a_copy_is_whole_and_its_layers_are_alone():
    net = Net(discriminator(), (8, 8, 2))
    net.divide(Shards(2))
    assert all(layer.group is ALONE for _, layer in net.clone().layers())
    _, cache = net.clone().forward(np.ones((8, 8, 8, 2), "float32"))
    assert not isinstance(cache, Cut)


@pytest.mark.parametrize("size", [0, -1, 1.5, None])
def test_bad_sizes(size):
    with pytest.raises(ValueError, match="size >= 1"):
        Shards(size)


def run(cores, **options):
    return Run(recipes.build(recipes.find("dcgan-digits"), options), cores=cores)


def test_a_run_on_two_cores_is_that_on_one():
    one, two = run(1), run(2)
    assert not one.divided and two.divided
    for _ in range(3):
        one.turn()
        two.turn()
    values = [r.fetch()[:3] for r in (one, two)]
    assert np.abs(values[0] - values[1]).max() <= 1e-4  # float32, and Adam
    assert two.D.state()["3_BatchNorm.mean"].any()


def test_a_divided_run_repeats_and_resumes_bit_for_bit():
    first, second, third = run(2), run(2), run(2)
    for _ in range(2):
        first.turn()
        second.turn()
    third.load(first.on_host(first.state()))
    for r in (first, second, third):
        r.turn()
    assert np.array_equal(first.G.theta, second.G.theta)
    assert np.array_equal(first.G.theta, third.G.theta)


def test_a_network_with_minibatch_statistics_is_left_whole():
    e = recipes.build(recipes.find("dcgan-digits"), {})
    e.D = Sequential(MinibatchStd(), *e.D.layers)
    assert not Run(e, cores=2).divided


def test_a_step_in_the_steady_state_lives_in_the_memory_of_the_last():
    """Without it, every large array's pages are faults: thousands in each step."""
    program = """
        import resource
        import numpy as np
        from tinygan import backend, recipes
        from tinygan.run import Run

        run = Run(recipes.build(recipes.find("dcgan-digits"), {"batch": 512}))
        faults = []
        for keep in (False, True):
            if keep:
                backend.keep_memory()
            for turns in (6, 12):
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


def test_the_command_line_says_how_many_cores(tmp_path, capsys):
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
        patch.setattr(tinygan.run, "Run", Seen)
        assert main(["train", "--resume", str(path), "--steps", "3", "--quiet"]) == 0
    assert made == [(2, True)]
    with pytest.raises(SystemExit):
        main(["train", "--cores", "0"])
    assert "--cores" in capsys.readouterr().err

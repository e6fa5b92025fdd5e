"""The training loop: reproducible, resumable at any step, and hard to break.

Everything is held to the last bit: what `Run.state()` gives, the rows of metrics.jsonl,
the last picture. Ctrl-C, kill -9 and NaN are brought about for real.
"""

import copy
import dataclasses
import json
import os
import random
import signal
import subprocess
import textwrap
import time
import types
from functools import cache, partial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pictures import PROGRAM

import tinygan
from tinygan import (
    R1,
    WGANGP,
    Adam,
    BatchNorm,
    ClipNorm,
    ClipWeights,
    Conv2d,
    ConvTranspose2d,
    Dense,
    Drift,
    Dropout,
    Flatten,
    InstanceNoise,
    LeakyReLU,
    Momentum,
    NonSaturating,
    RelativisticPairing,
    ReLU,
    Reshape,
    Sequential,
    SpectralNorm,
    Tanh,
    gan,
    plots,
    recipes,
)
from tinygan.backend import NUMPY, Backend
from tinygan.cli.arguments import main
from tinygan.data import load_digits, ring
from tinygan.errors import CheckpointError, InputError, NonFiniteError, ShapeError
from tinygan.rng import LATENT, PICTURE, POINTS, generator
from tinygan.runs import CriticSteps, Experiment, Latent, provenance
from tinygan.runs.checkpoint import load_checkpoint, read_manifest
from tinygan.runs.folder import RunFolder
from tinygan.runs.run import Run
from tinygan.runs.sampling import SAMPLE, generate
from tinygan.runs.stopping import Stopped
from tinygan.runs.train import train
from tinygan.runs.turn import Draws

STEPS, LOG_EVERY = 23, 4
CONFIG = {"recipe": "test", "options": {}}


def images(**numbers) -> Experiment:
    """All that a run has to remember: BatchNorm, Dropout, moments, k = 2, decay."""
    G = Sequential(
        Dense(2 * 2 * 6, bias=False),
        Reshape(2, 2, 6),
        BatchNorm(),
        ReLU(),
        ConvTranspose2d(1, 4, stride=4),
        Tanh(),
    )
    D = Sequential(
        Conv2d(5, 4, stride=2, pad=1),
        BatchNorm(),
        LeakyReLU(0.2),
        Flatten(),
        Dropout(0.3),
        Dense(1),
    )
    return _experiment(G, D, (8, 8, 1), load_digits, **numbers)


def points(**numbers) -> Experiment:
    """The same for points in the plane, with Dropout in G as well."""
    G = Sequential(Dense(12), BatchNorm(), ReLU(), Dropout(0.2), Dense(2))
    D = Sequential(Dense(12), BatchNorm(), LeakyReLU(0.2), Dropout(0.3), Dense(1))
    return _experiment(G, D, (2,), ring, **numbers)


def falling(turn: int) -> float:
    return 0.97**turn


def regularised(**numbers) -> Experiment:
    """Whatever keeps a game smooth: spectral norms, penalties at random points, noise
    that fades, clipping, an average of G, a critic's schedule, a paired objective."""
    G = Sequential(
        Dense(12), BatchNorm(), ReLU(), SpectralNorm(Dense(8)), Dropout(0.2), Dense(2)
    )
    D = Sequential(
        InstanceNoise(0.3, steps=40),
        SpectralNorm(Dense(12)),
        LeakyReLU(0.2),
        SpectralNorm(Dense(6)),
        LeakyReLU(0.2),
        Dense(1),
    )
    numbers = {
        "objective": RelativisticPairing(),
        "penalties": [WGANGP(2.0, 0.1), Drift(0.1), R1(0.5)],
        "k": CriticSteps(2, boost=4, first=2, every=5),
        "decay": falling,
        "ema": 0.9,
        "opt_G": ClipNorm(Adam(0.01, beta1=0.5), 0.1),
        "opt_D": ClipWeights(ClipNorm(Adam(0.01, beta1=0.5), 0.5), 0.6),
    } | numbers
    return _experiment(G, D, (2,), ring, **numbers)


def _experiment(G, D, shape, data, **numbers):
    numbers = {
        "steps": STEPS,
        "batch": 8,
        "k": 2,
        "decay": True,
        "log_every": LOG_EVERY,
        "picture_every": 1000,
        "objective": NonSaturating(),
        "opt_G": Adam(0.01, beta1=0.5),
        "opt_D": Momentum(0.01),
    } | numbers
    return Experiment(G, D, shape, data, Latent(3), **numbers)


MAKERS = {"images": images, "points": points, "regularised": regularised}
every = pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)


def turns(run: Run, n: int) -> Run:
    for _ in range(n):
        run.turn()
    return run


def differing_bits(a: dict, b: dict) -> int:
    """In how many bits two states differ that have the same names, shapes, dtypes."""
    assert a.keys() == b.keys()
    bits = 0
    for name in a:
        assert (a[name].shape, a[name].dtype) == (b[name].shape, b[name].dtype), name
        x, y = (np.frombuffer(v.tobytes(), np.uint8) for v in (a[name], b[name]))
        bits += int(np.bitwise_count(x ^ y).sum())
    return bits


def table(path) -> list[dict]:
    """The rows of metrics.jsonl."""
    lines = (path / "metrics.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines]


def rows(path) -> list[dict]:
    """The same without the time, which differs from run to run."""
    return [{k: v for k, v in row.items() if k != "seconds"} for row in table(path)]


def stored(path) -> dict:
    """The arrays of the checkpoint."""
    with np.load(path / "checkpoint.npz", allow_pickle=False) as file:
        return {k: file[k] for k in file.files if k != "manifest.json"}


@pytest.fixture
def no_pictures(monkeypatch):
    """Drawing is slow, and other tests look at what is drawn."""
    draw_nothing(monkeypatch)


def draw_nothing(monkeypatch):
    blank = np.zeros((4, 4, 3), np.uint8)
    monkeypatch.setattr(plots, "picture", lambda *_: blank)
    monkeypatch.setattr(plots, "plot_losses", lambda *_: None)
    monkeypatch.setattr(plots, "save_gif", lambda *_: None)


class Interrupted(Run):
    """A run that receives the signal of Ctrl-C in the middle of the turn `at`."""

    at: int | None = None

    def turn(self):
        super().turn()
        if self.step == self.at:
            signal.raise_signal(signal.SIGINT)


def interrupted(experiment, at) -> Interrupted:
    run = Interrupted(experiment)
    run.at = at
    return run


def stopped(run: Interrupted, folder, **options) -> Interrupted:
    """Train until the signal comes, which `train` passes on once all is saved."""
    with pytest.raises(Stopped) as e:
        train(run, folder, **options)
    assert e.value.step == run.step == run.at
    return run


# Reproducible


@every
def test_the_same_seed_gives_the_same_bits_and_another_seed_others(make):
    a, b, other = (turns(Run(make(seed=s)), 7).state() for s in (5, 5, 6))
    assert differing_bits(a, b) == 0
    for name in ("G.theta", "D.theta", "log"):
        assert differing_bits({name: a[name]}, {name: other[name]}) > 0, name


def test_the_networks_follow_the_seed_and_g_and_d_are_no_twins():
    a, b = Run(points(seed=0)), Run(points(seed=1))
    for one, other in ((a.G, b.G), (a.D, b.D), (b.G, a.D), (a.G, b.D)):
        W, V = one.tree.layers[0].W, other.tree.layers[0].W
        assert (W[:2] != V[:2]).all()
    assert a.players["G"].opt.t == 0 and not a.players["G"].opt.m.any()


def test_samples_are_of_the_same_latents_at_every_step_and_change_nothing():
    run = turns(Run(points()), 3)
    before = run.state()
    assert (run.samples(9) == run.samples(9)).all()
    assert differing_bits(before, run.state()) == 0
    run.G.theta *= 1.5
    assert (run.samples(9) != Run(points()).samples(9)).any()


# Resumed


@pytest.mark.parametrize("most", [6, pytest.param(STEPS, marks=pytest.mark.slow)])
@every
def test_n_steps_and_then_m_are_n_plus_m(make, most, tmp_path):
    """For every N, and every M <= most: after each step, the same bits."""
    run, straight = Run(make()), []
    for _ in range(STEPS):
        straight.append((run.state(), run.fetch().tobytes()))
        run.turn()
    straight.append((run.state(), run.fetch().tobytes()))
    folder = RunFolder(tmp_path, CONFIG)
    for N in range(STEPS + 1):
        folder.save_checkpoint(straight[N][0])
        resumed = Run(make())
        resumed.load(folder.load_checkpoint(resumed.state()))
        assert resumed.step == N
        for state, log in straight[N : N + most + 1]:
            assert differing_bits(resumed.state(), state) == 0
            assert resumed.fetch().tobytes() == log
            if resumed.step < STEPS:
                resumed.turn()


@every
def test_the_state_holds_all_that_moves_and_all_of_it_matters(make):
    saved = turns(Run(make()), 6).state()
    straight = turns(Run(make()), 9).state()
    fresh = Run(make()).state()
    kinds = {"G.theta", "D.theta", "G.opt.m", "G.opt.v", "D.opt.m", "G.opt.t"}
    suffixes = ["BatchNorm.mean", "BatchNorm.var", "Dropout.draws"]
    if make is regularised:
        kinds |= {"D.opt.v", "G.ema"}
        suffixes += ["Norm.u", "Norm.v", "Noise.draws", "Noise.t"]
    assert kinds <= saved.keys()
    for suffix in suffixes:
        assert any(name.endswith(suffix) for name in saved), suffix
    unread = ["D.opt.t"] if make is not regularised else []  # Momentum's
    # `advance` makes v of u before D is used; samples between two steps do need v
    unread += [n for n in saved if n[0] == "D" and n.endswith("SpectralNorm.v")]
    unmoved = []
    for name in saved:
        if differing_bits({name: fresh[name]}, {name: saved[name]}) == 0:
            unmoved.append(name)
            continue
        forgetful = Run(make())
        forgetful.load(saved | {name: fresh[name]})
        moved = turns(forgetful, 3).state()
        assert name in unread or differing_bits(straight, moved) > 0, name
    assert all(name.endswith((".seed", "D.opt.t")) for name in unmoved)


@pytest.fixture(scope="module")
def in_one_go(tmp_path_factory):
    """make -> (run, folder) of a run that nothing stopped, played once a `make`."""

    @cache
    def played(make):
        folder = RunFolder.create(tmp_path_factory.mktemp("runs") / "straight", CONFIG)
        run = Run(make())
        with pytest.MonkeyPatch.context() as monkeypatch:
            draw_nothing(monkeypatch)
            train(run, folder)
        return run, folder.path

    return played


@every
@pytest.mark.parametrize("N", [1, 4, 6, 20, 22])
def test_a_run_stopped_by_ctrl_c_and_resumed_writes_what_one_in_one_go_writes(
    make, N, tmp_path, no_pictures, in_one_go
):
    run, straight = in_one_go(make)
    halves = RunFolder.create(tmp_path / "halves", CONFIG)
    first = stopped(interrupted(make(), N), halves)
    assert first.step == read_manifest(halves.checkpoint)["step"] == N
    assert rows(halves.path)[-1]["step"] == N
    second = Run(make())
    train(second, RunFolder.open(halves.path), resume=True)
    assert second.step == STEPS
    assert differing_bits(run.state(), second.state()) == 0
    assert differing_bits(stored(straight), stored(halves.path)) == 0
    assert rows(straight) == rows(halves.path)
    assert [r["step"] for r in rows(halves.path)] == [4, 8, 12, 16, 20, 23]
    assert run.samples(9).tobytes() == second.samples(9).tobytes()


def test_a_second_ctrl_c_does_not_wait_for_the_end_of_the_step(tmp_path, no_pictures):
    class Impatient(Run):
        def turn(self):
            super().turn()
            signal.raise_signal(signal.SIGINT)
            signal.raise_signal(signal.SIGINT)
            pytest.fail("the second signal was ignored")

    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        train(Impatient(points()), RunFolder.create(tmp_path / "run", CONFIG))
    assert signal.getsignal(signal.SIGINT) is before


def test_what_a_killed_run_wrote_after_its_checkpoint_is_written_again(
    tmp_path, no_pictures
):
    straight = RunFolder.create(tmp_path / "straight", CONFIG)
    train(Run(images()), straight)
    folder = RunFolder.create(tmp_path / "killed", CONFIG)
    stopped(interrupted(images(), 10), folder)
    with open(folder.metrics, "a") as file:
        file.write('{"step": 12, "V": 1, "J": 1, "D_x": 1, "D_Gz": 1}\n{"step": 1')
    train(Run(images()), folder, resume=True)
    assert rows(folder.path) == rows(straight.path)


def test_the_time_in_the_log_goes_on_when_a_run_is_resumed(tmp_path, no_pictures):
    folder = RunFolder.create(tmp_path / "run", CONFIG)
    folder.begun -= 100  # it has taken 100 seconds so far
    stopped(interrupted(images(), 8), folder)
    train(Run(images()), RunFolder.open(folder.path), resume=True)
    seconds = [row["seconds"] for row in table(folder.path)]
    assert seconds == sorted(seconds) and seconds[0] >= 100 and seconds[-1] < 200


def test_a_checkpoint_of_another_architecture_is_refused_and_changes_nothing(tmp_path):
    folder = RunFolder.create(tmp_path / "run", CONFIG)
    folder.save_checkpoint(turns(Run(images()), 2).state())
    wider = dataclasses.replace(images(), G=Sequential(*images().G.layers))
    wider.G.layers[0].n_out, wider.G.layers[1].shape = 28, (2, 2, 7)
    for experiment in (wider, points(), images(opt_D=Adam(0.01))):
        run = Run(experiment)
        before = run.state()
        with pytest.raises(CheckpointError) as e:
            train(run, folder, resume=True)
        sentence = str(e.value)
        assert str(folder.checkpoint) in sentence and "\n" not in sentence
        assert "expected" in sentence and "found" in sentence
        assert "architecture" in sentence
        assert differing_bits(before, run.state()) == 0


# The game


@every
def test_d_step_moves_d_and_g_step_moves_g(make, monkeypatch):
    moved = []

    def watched(step):
        def wrapped(*args):
            G_before, D_before = G.theta.copy(), D.theta.copy()
            result = step(*args)
            G_moved, D_moved = (
                (G.theta != G_before).mean(),
                (D.theta != D_before).mean(),
            )
            moved.append((step.__name__, G_moved > 0.5, D_moved > 0.5))
            assert 0 in (G_moved, D_moved)
            return result

        return wrapped

    run = Run(make(k=2))  # it rehearses a turn
    d_step, g_step = gan.d_step, gan.g_step
    monkeypatch.setattr(gan, "d_step", watched(d_step))
    monkeypatch.setattr(gan, "g_step", watched(g_step))
    G, D = run.G, run.D
    turns(run, 3)
    assert moved == 3 * [
        ("d_step", False, True),
        ("d_step", False, True),
        ("g_step", True, False),
    ]
    assert [
        opt.state()["t"] for opt in (run.players["G"].opt, run.players["D"].opt)
    ] == [3, 6]


@every
@pytest.mark.parametrize("k", [1, 3])
def test_every_step_has_a_batch_and_latents_of_its_own(make, k, monkeypatch):
    reals, latents = [], []
    d_step = gan.d_step

    def d_seen(D, opt_D, objective, x_real, x_fake, *rest):
        reals.append(x_real.copy())
        return d_step(D, opt_D, objective, x_real, x_fake, *rest)

    def latent(draws, draw=Draws.latent):
        latents.append(draw(draws).copy())
        return draws.z

    run = Run(make(k=k, seed=3))
    monkeypatch.setattr(gan, "d_step", d_seen)
    monkeypatch.setattr(Draws, "latent", latent)
    turns(run, 4)
    batches = run.data.batches(8, 3)
    assert len(reals) == 4 * k and len(latents) == 4 * (k + 1)
    for i, x in enumerate(reals):
        np.testing.assert_array_equal(x, batches(i))
    assert len({x.tobytes() for x in reals}) == len(reals)
    assert len({z.tobytes() for z in latents}) == len(latents)
    assert {z.shape for z in latents} == {(8, 3)}


@pytest.mark.parametrize("k", [1, 3])
def test_a_shared_game_is_about_one_g_of_z(k):
    """With the same z drawn for G's step, fresh play moves as shared play does, but
    for the running statistics, which see a pass of G less.
    """
    shared, fresh = (Run(images(k=k, seed=3, shared=s)) for s in (True, False))
    draws, z = [], fresh.game.latents

    def again(n, *key):
        *rest, i = key
        return z(n, *rest, min(i, k - 1))  # G's step draws what D's last step drew

    def counted(n, *key):
        draws.append(key)
        return z(n, *key)

    fresh.game.latents, shared.game.latents = again, counted
    for _ in range(3):
        shared.turn()
        fresh.turn()
    assert len(draws) == 3 * k
    np.testing.assert_array_equal(shared.fetch()[:3], fresh.fetch()[:3])
    np.testing.assert_array_equal(shared.G.theta, fresh.G.theta)
    np.testing.assert_array_equal(shared.D.theta, fresh.D.theta)


def test_a_schedule_of_critic_steps_takes_every_batch_once(monkeypatch):
    reals, steps, d_step, g_step = [], [], gan.d_step, gan.g_step

    def d_seen(D, opt_D, objective, x_real, *rest):
        reals.append(x_real.copy())
        return d_step(D, opt_D, objective, x_real, *rest)

    def g_seen(G, D, opt_G, objective, z, x_real, *rest):
        steps.append(len(reals))
        assert np.array_equal(x_real, reals[-1])  # what a paired objective compares
        return g_step(G, D, opt_G, objective, z, x_real, *rest)

    run = Run(regularised())
    monkeypatch.setattr(gan, "d_step", d_seen)
    monkeypatch.setattr(gan, "g_step", g_seen)
    turns(run, 12)
    k = [4, 4, 2, 2, 2, 4, 2, 2, 2, 2, 4, 2]  # boosted: 0, 1, and every fifth
    assert steps == np.cumsum(k).tolist()
    opts = {name: player.opt for name, player in run.players.items()}
    assert (opts["G"].inner.t, opts["D"].inner.inner.t) == (12, sum(k))
    for i, x in enumerate(reals):
        np.testing.assert_array_equal(x, run.game.reader.batches(i))
    assert len({x.tobytes() for x in reals}) == len(reals)


def test_critic_steps_are_those_of_the_first_wgan():
    k, done = CriticSteps(), 0
    for turn in range(2100):
        assert k.before(turn) == done
        assert k(turn) == (100 if turn < 25 or turn % 500 == 0 else 5)
        done += k(turn)


@given(*(st.integers(a, 9) for a in (1, 1, 0, 0)))
def test_critic_steps(k, boost, first, every):
    schedule, done = CriticSteps(k, boost, first, every), 0
    for turn in range(30):
        boosted = turn < first or (every and turn % every == 0)
        assert schedule.before(turn) == done
        assert schedule(turn) == (boost if boosted else k)
        done += schedule(turn)


@pytest.mark.parametrize("wrong", [(0,), (5, 0), (5, 9, -1), (5, 9, 2, -1)])
def test_critic_steps_out_of_range(wrong):
    with pytest.raises(
        ValueError,
        match=r"CriticSteps expects a whole number (k|boost|first|every) >= [01], got",
    ):
        CriticSteps(*wrong)


def test_the_rates_decay_linearly_to_zero_after_the_last_step():
    run, rates = Run(points(steps=10)), []
    for _ in range(10):
        run.turn()
        rates.append((run.players["G"].opt.lr, run.players["D"].opt.lr))
    expected = 0.01 * (1 - np.arange(10) / 10)
    np.testing.assert_allclose(rates, np.stack([expected, expected], axis=1))
    constant = turns(Run(points(decay=False)), 3)
    assert [player.opt.lr for player in constant.players.values()] == [0.01, 0.01]


def test_the_rates_decay_by_a_function_of_the_turn():
    """Through the wrappers, to the optimizers that have the rates."""
    run = Run(regularised())
    for turn in range(9):
        run.turn()
        rates = run.players["G"].opt.inner.lr, run.players["D"].opt.inner.inner.lr
        assert rates == pytest.approx(2 * [0.01 * 0.97**turn], rel=1e-12)
    assert run.experiment.opt_G.lr == 0.01
    still = turns(Run(regularised(decay=lambda turn: 0.0)), 1)
    start = Run(regularised())
    for still_net, net in ((still.G, start.G), (still.D, start.D)):
        before = net.theta if net is start.G else net.theta.clip(-0.6, 0.6)
        assert np.array_equal(still_net.theta, before)


def test_weights_are_clipped_after_each_step():
    run = Run(regularised(opt_D=ClipWeights(Adam(0.01), 0.05)))
    assert np.abs(run.D.theta).max() > 0.05
    for _ in range(3):
        run.turn()
        assert np.abs(run.D.theta).max() == np.float32(0.05)


def test_the_quantities_are_those_of_each_step():
    run, by_hand = Run(points(k=1, log_every=3)), Run(points(k=1))
    values = []
    for i in range(5):
        z = by_hand.game.inputs(8, LATENT, i, 0)
        x_fake, _ = by_hand.G.forward(z)
        s_real, _ = by_hand.D.forward(by_hand.game.reader.batches(i))
        s_fake, _ = by_hand.D.forward(x_fake)
        D_x, D_Gz = 1 / (1 + np.exp(-s_real)), 1 / (1 + np.exp(-s_fake))
        V = np.log(D_x).mean() + np.log(1 - D_Gz).mean()
        values.append((V, D_x.mean(), D_Gz.mean()))
        by_hand.load(turns(run, 1).state() | {"log": by_hand.log})
        logged = run.fetch()[-1]
        np.testing.assert_allclose(logged[[0, 2, 3]], values[-1], rtol=1e-5)
    assert len(run.fetch()) == 2  # steps 4 and 5


@pytest.mark.parametrize("make", [points, images])
def test_the_penalty_is_in_the_rows_if_there_is_one(make, tmp_path, no_pictures):
    plain = RunFolder.create(tmp_path / "plain", CONFIG)
    train(Run(make()), plain)
    assert all("P" not in row for row in rows(plain.path))
    drift = RunFolder.create(tmp_path / "drift", CONFIG)
    train(Run(make(penalties=[Drift(0.0), Drift(1.0)])), drift)
    assert all(row["P"] > 0 for row in rows(drift.path))
    switched_off = RunFolder.create(tmp_path / "off", CONFIG)
    train(Run(make(penalties=[Drift(0.0)])), switched_off)
    assert rows(switched_off.path) == [row | {"P": 0} for row in rows(plain.path)]


def test_the_penalty_in_the_log_is_that_of_the_step():
    """R1 and Drift by their formulas, with D as it was before the step."""
    penalties = [R1(0.5), Drift(0.1)]
    by_hand, run = Run(regularised(k=1)), Run(regularised(k=1, penalties=penalties))
    for turn in range(3):
        by_hand.load(run.state())
        D, x = by_hand.D, by_hand.game.reader.batches(turn)
        D.advance()
        s, cache = D.forward(x)
        g = D.backward(np.ones_like(s), cache, param_grads=False)
        P = 0.25 * (g * g).sum(axis=1).mean() + 0.1 * (s * s).mean()
        assert turns(run, 1).fetch()[-1][4] == pytest.approx(P, rel=1e-5)


def test_every_step_has_points_of_its_own():
    """From a stream that the seed and the turn determine, like all that is random."""
    seen = []

    class Noted(WGANGP):
        def points(self, x_real, x_fake, rng):
            seen.append(copy.deepcopy(rng).random(4).tobytes())
            return super().points(x_real, x_fake, rng)

    runs = [Run(regularised(seed=s, k=2, penalties=[Noted(2.0)])) for s in (0, 1)]
    seen.clear()  # a run rehearses a turn
    for run in runs:
        turns(run, 3)
    assert len(set(seen)) == len(seen) == 2 * 3 * 2
    for turn in range(3):
        rng = generator(1, POINTS, turn)
        assert seen[6 + 2 * turn] == rng.random(4).tobytes()


# The average of G's weights


def test_the_average_is_a_weighted_sum_of_the_trajectory():
    """theta_bar = sum_t w_t theta_t, w_t = (1 - beta_t) beta_(t+1) ... beta_(T-1), the
    rest of 1 on where G began; beta_t = (1 + t)/(10 + t), at most ema."""
    for ema, T in ((0.2, 6), (0.9, 9), (0.999, 30)):
        run = Run(regularised(ema=ema))
        trajectory = [run.G.theta.astype(float)]
        for _ in range(T):
            run.turn()
            trajectory.append(run.G.theta.astype(float))
        beta = np.array([min(ema, (1 + t) / (10 + t)) for t in range(T)])
        w = [(1 - beta[t]) * np.prod(beta[t + 1 :]) for t in range(T)]
        w = np.array([1 - sum(w), *w])
        assert w[0] == pytest.approx(np.prod(beta)) and (w > 0).all()
        average = np.tensordot(w, trajectory, 1)
        np.testing.assert_allclose(run.average.theta, average, atol=2e-7)
        assert run.average.theta.dtype == np.float32
        assert np.abs(run.average.theta - run.G.theta).max() > 1e-3


def by_average(run: Run, z) -> np.ndarray:
    """G(z) in evaluation with the averaged weights and G's own running statistics."""
    G = run.G.clone()
    G.theta[...] = run.state()["G.ema"]
    return G.forward(z, train=False)[0]


def test_samples_are_made_by_the_average():
    run = turns(Run(regularised()), 7)
    z = run.game.inputs(9, PICTURE)
    assert np.array_equal(run.samples(9), by_average(run, z))
    assert (run.samples(9) != run.G.forward(z, train=False)[0]).any()
    without = turns(Run(regularised(ema=0.0)), 7)
    assert without.average is without.G and "G.ema" not in without.state()
    assert np.array_equal(without.samples(9), without.G.forward(z, train=False)[0])


def test_the_average_does_not_touch_the_game():
    a, b = (turns(Run(regularised(ema=ema)), 6).state() for ema in (0.0, 0.95))
    del b["G.ema"]
    assert differing_bits(a, b) == 0


def test_tinygan_sample_samples_from_the_average(tmp_path, no_pictures):
    experiment = regularised(steps=6)
    run, folder = Run(experiment), RunFolder.create(tmp_path / "run", CONFIG)
    train(run, folder)
    z = experiment.latent.draw(5, generator(7, SAMPLE))
    expected = by_average(run, z)
    assert np.array_equal(generate(experiment, folder, NUMPY, z), expected)

    recipe = write_recipe(tmp_path / "mine.py", numbers="ema=0.95")
    path, out = tmp_path / "cli", tmp_path / "x.npy"
    arguments = ["--steps", "6", "--lr", "0.01", "--out", str(path), "--quiet"]
    assert main(["train", recipe, *arguments]) == 0
    arguments = ["--n", "3", "--seed", "1", "--out", str(out)]
    assert main(["sample", str(path), *arguments]) == 0
    run = Run(recipes.build(recipes.find(recipe), {"lr": 0.01}))
    run.load(stored(path))
    z = run.experiment.latent.draw(3, generator(1, SAMPLE))
    assert np.array_equal(np.load(out), (by_average(run, z) + 1) / 2)
    assert (np.load(out) != (run.G.forward(z, train=False)[0] + 1) / 2).any()


@pytest.mark.parametrize("ema", [-0.1, 1.0, 2.0, float("nan")])
def test_the_share_of_the_average_is_checked(ema):
    with pytest.raises(InputError, match=f"ema: expected a share .*, got {ema}"):
        regularised(ema=ema)


class Counting(Backend):
    """NumPy, counting the arrays that the host reads, and those of the log."""

    def __init__(self):
        self.reads = self.log_reads = self.checks = 0

    def to_host(self, a):
        self.reads += 1
        self.log_reads += a.shape == (LOG_EVERY, 5)
        return super().to_host(a)

    def later(self, arrays):
        self.checks += "vitals" in arrays
        return lambda: {name: self.to_host(a) for name, a in arrays.items()}


@every
def test_the_host_reads_nothing_in_a_turn_and_once_per_log_interval(
    make, tmp_path, no_pictures
):
    backend = Counting()
    run = Run(make(), backend)
    backend.reads = 0
    turns(run, LOG_EVERY)
    assert backend.reads == 0
    assert run.fetch().shape == (LOG_EVERY, 5)
    assert backend.reads == 1

    run = Run(make(checkpoint_every=1000), backend)
    backend.reads = backend.log_reads = 0
    train(run, RunFolder.create(tmp_path / "run", CONFIG))
    assert backend.checks == len([4, 8, 12, 16, 20, 23])
    # the log: in each interval, and in the last checkpoint
    assert backend.log_reads == backend.checks + 1
    # in an interval the log and whether all is finite; the first norms; two pictures,
    # samples to measure, one checkpoint
    assert backend.reads <= 2 * backend.checks + 4 + len(run.state())


# What is written


def test_the_folder_of_a_run(tmp_path, small_pictures):
    path = tmp_path / "run"
    options = ["--steps", "21", "--batch", "8", "--lr", "0.001", "--seed", "3"]
    status = main(["train", "mlp-digits", *options, "--quiet", "--out", str(path)])
    assert status == 0
    config = json.loads((path / "config.json").read_text())
    options = {"steps": 21, "batch": 8, "lr": 0.001, "seed": 3}
    assert config["recipe"] == "mlp-digits" and config["options"] == options
    assert (config["steps"], config["batch"], config["seed"]) == (21, 8, 3)
    assert config["tinygan"] == tinygan.__version__ and "commit" in config
    assert config["machine"]["backend"] == "numpy"
    assert config["machine"]["numpy"] == np.__version__
    assert [row["step"] for row in table(path)] == [20, 21]
    for row in table(path):
        names = {"step", "V", "J", "D_x", "D_Gz", "norm_G", "norm_D", "seconds"}
        measured = {"sliced_wasserstein", "distinct", "distinct_real"}
        assert row.keys() == names | measured
        assert row["V"] < 0 < row["J"]
        assert 0 < row["D_x"] < 1 and 0 < row["D_Gz"] < 1 and row["seconds"] > 0
    assert read_manifest(path / "checkpoint.npz")["step"] == 21
    pictures = sorted(p.name for p in (path / "samples").iterdir())
    assert pictures == [f"{step:07d}.png" for step in range(22)]
    last = (path / "samples" / "0000021.png").read_bytes()
    assert (path / "samples.png").read_bytes() == last


def test_the_commit_is_that_of_the_checkout_or_of_the_installation(monkeypatch):
    git = subprocess.run(
        ["git", "-C", str(provenance.ROOT), "rev-parse", "HEAD"],
        capture_output=True,
        text=True,
    )
    found = provenance.checked_out()
    if git.returncode == 0 and (provenance.ROOT / ".git").exists():
        assert found.removesuffix("-changed") == git.stdout.strip()
    else:
        assert found is None
    about = json.dumps({"url": "x", "vcs_info": {"vcs": "git", "commit_id": "abc"}})
    reader = types.SimpleNamespace(read_text=lambda name: about)
    monkeypatch.setattr("importlib.metadata.distribution", lambda name: reader)
    assert provenance.provenance()["commit"] == "abc"
    monkeypatch.setattr(provenance, "ROOT", provenance.ROOT / "nowhere")
    assert provenance.checked_out() is None


def test_the_rows_are_the_means_of_their_intervals(tmp_path, no_pictures):
    run, values = Run(images()), []

    class Noted(Run):
        def turn(self):
            super().turn()
            values.append(self.log[(self.step - 1) % LOG_EVERY].astype(float))

    run = Noted(images())
    folder = RunFolder.create(tmp_path / "run", CONFIG)
    train(run, folder)
    for row in rows(folder.path):
        first = (row["step"] - 1) // LOG_EVERY * LOG_EVERY
        mean = np.mean(values[first : row["step"]], axis=0)
        got = [row[name] for name in ("V", "J", "D_x", "D_Gz")]
        np.testing.assert_allclose([*got, 0], mean, rtol=1e-12)


def test_a_folder_that_holds_a_run_is_left_alone(tmp_path):
    folder = RunFolder.create(tmp_path / "run", CONFIG)
    folder.metrics.write_text("precious")
    with pytest.raises(InputError, match="holds a run already") as e:
        RunFolder.create(tmp_path / "run", CONFIG)
    assert str(folder.path) in str(e.value)
    assert folder.metrics.read_text() == "precious"


def test_an_experiment_refuses_numbers_and_networks_that_do_not_fit():
    for name in ("steps", "batch", "k", "log_every"):
        for value in (0, -1, 2.5, "7"):
            with pytest.raises(InputError, match=f"^{name}: expected"):
                points(**{name: value})
    with pytest.raises(InputError, match="seed"):
        points(seed=-1)
    with pytest.raises(ShapeError, match="G makes"):
        Run(dataclasses.replace(points(), shape=(3,)))
    with pytest.raises(ShapeError, match="one logit"):
        Run(dataclasses.replace(points(), D=Sequential(Dense(2))))
    flat = dataclasses.replace(points(), data=load_digits)
    with pytest.raises(InputError, match=r"\(2,\), found \(8, 8, 1\)"):
        Run(flat)
    with pytest.raises(ValueError, match="normal' or 'uniform"):
        Latent(2, "cauchy")


def test_latents_have_the_stated_distribution():
    rng = np.random.default_rng(0)
    z = Latent(4, scale=2.0).draw(50_000, rng)
    assert z.dtype == np.float32 and abs(z.mean()) < 0.02 and abs(z.std() - 2) < 0.02
    u = Latent(4, "uniform", 3.0).draw(50_000, rng)
    assert u.dtype == np.float32 and -3 <= u.min() < -2.99 and 2.99 < u.max() <= 3
    assert abs(u.std() - 3 / np.sqrt(3)) < 0.02


# Ctrl-C and kill -9, on a process of its own

RECIPE = '''
"""Written in the tests."""

from tinygan import *
from tinygan.data import load_digits
from tinygan.runs import Experiment, Latent


class Fails(Layer):
    """y = x until the `after`th forward pass in training, then NaN."""

    def __init__(self, after):
        self.after = after

    def init(self, rng):
        self.state = {{"calls": 0}}

    def forward(self, x, train=True):
        self.state["calls"] += train
        return (x if self.state["calls"] <= self.after else x * float("nan")), ()

    def backward(self, dy, cache, param_grads=True):
        return dy


def recipe(steps=100000, batch=8, lr=1e-3, seed=0):
    G = Sequential(Dense(64), BatchNorm(), {in_G} Tanh(), Reshape(8, 8, 1))
    D = Sequential(Flatten(), Dense(8), LeakyReLU(), {in_D} Dense(1))
    return Experiment(
        G, D, (8, 8, 1), load_digits, Latent(4), NonSaturating(),
        {optimizers}, steps=steps, batch=batch, seed=seed, {numbers}
    )
'''


def write_recipe(
    path, in_G="", in_D="", optimizers="Adam(lr), Adam(lr)", numbers="log_every=1"
):
    text = RECIPE.format(in_G=in_G, in_D=in_D, optimizers=optimizers, numbers=numbers)
    path.write_text(textwrap.dedent(text))
    return str(path)


def start(*arguments, **options):
    """`tinygan train` in a process of its own, on one thread, with small pictures."""
    return subprocess.Popen(
        [*PROGRAM, "train", "--quiet", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"OPENBLAS_NUM_THREADS": "1"},
        **options,
    )


def wait_until(condition, process, seconds=60):
    end = time.monotonic() + seconds
    while not condition():
        if process.poll() is not None or time.monotonic() > end:
            process.kill()
            pytest.fail(f"it did not come so far: {process.communicate()}")
        time.sleep(0.005)


def lines(path) -> int:
    return path.read_text().count("\n") if path.exists() else 0


def test_ctrl_c_saves_says_how_to_go_on_and_exits_with_130(
    tmp_path, capsys, small_pictures
):
    path = tmp_path / "run"
    options = ("--steps", "100000", "--batch", "8")
    with start("mlp-ring", *options, "--out", str(path)) as process:
        wait_until(lambda: lines(path / "metrics.jsonl") >= 3, process)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert err == ""
    assert f"tinygan train --resume {path}" in out
    step = read_manifest(path / "checkpoint.npz")["step"]
    assert f"stopped at step {step} of 100000" in out
    assert step >= 60
    assert table(path)[-1]["step"] == step
    for name in ("losses.png", "training.gif", f"samples/{step:07d}.png"):
        assert (path / name).stat().st_size > 0
    more = str(step + 5)
    assert main(["train", "--resume", str(path), "--steps", more, "--quiet"]) == 0
    assert read_manifest(path / "checkpoint.npz")["step"] == step + 5
    assert "8 modes" in capsys.readouterr().out


def _is_past(checkpoint, step) -> bool:
    return checkpoint.exists() and read_manifest(checkpoint)["step"] > step


def test_kill_9_at_any_moment_leaves_a_checkpoint_that_can_be_gone_on_from(
    tmp_path, small_pictures
):
    numbers = "log_every=1, checkpoint_every=1, picture_every=1"
    recipe = write_recipe(tmp_path / "mine.py", numbers=numbers)
    path, rng = tmp_path / "run", random.Random(0)
    checkpoint, arguments = path / "checkpoint.npz", (recipe, "--out", str(path))
    step = 0
    for _ in range(3):  # test_killed.py has a campaign
        with start(*arguments) as process:
            wait_until(partial(_is_past, checkpoint, step), process)
            time.sleep(rng.uniform(0, 0.1))
            process.kill()
        assert process.returncode == -signal.SIGKILL
        arrays, manifest = load_checkpoint(
            checkpoint, {"step": ((), np.int64), "G.opt.t": ((), np.int64)}
        )
        assert manifest["step"] == arrays["step"] == arrays["G.opt.t"] > step
        step = manifest["step"]
        assert {p.name for p in path.glob("*.npz")} == {"checkpoint.npz"}
        arguments = ("--resume", str(path))
    left_behind = path / ".checkpoint.npz.left-behind"
    left_behind.write_bytes(checkpoint.read_bytes()[:100])
    more = str(step + 2)
    assert main(["train", "--resume", str(path), "--steps", more, "--quiet"]) == 0
    assert read_manifest(checkpoint)["step"] == step + 2
    assert [row["step"] for row in table(path)] == list(range(1, step + 3))


# NaN and infinity


def diverges(capsys, recipe, path) -> str:
    """The one sentence with which a run ends that is no longer finite."""
    arguments = ["--out", str(path), "--steps", "200", "--quiet"]
    status = main(["train", recipe, *arguments])
    err = capsys.readouterr().err
    assert status == 1
    assert err.count("\n") == 1 and err.endswith("\n"), err
    return err


@pytest.mark.parametrize(
    "place, after, step, where",
    [
        # D's forward passes: 3 in a turn, the third in G's step; G's passes: 2
        ("in_D", 18, 7, "D, layer 3_Fails, in forward"),
        ("in_D", 20, 7, "D, layer 3_Fails, in forward"),
        ("in_G", 13, 7, "G, layer 2_Fails, in forward"),
        ("in_G", 12, 7, "G, layer 2_Fails, in forward"),
    ],
)
def test_the_layer_that_yields_nan_is_named(
    place, after, step, where, tmp_path, capsys, no_pictures
):
    numbers = "log_every=3, checkpoint_every=3, picture_every=1000"
    fails = {place: f"Fails({after}),"}
    recipe = write_recipe(tmp_path / "mine.py", numbers=numbers, **fails)
    path = tmp_path / "run"
    sentence = diverges(capsys, recipe, path)
    assert f"step {step}: NaN or infinity in {where}" in sentence
    assert str(path / "checkpoint.npz") in sentence
    assert read_manifest(path / "checkpoint.npz")["step"] == 6
    arrays = stored(path)
    assert all(np.isfinite(a).all() for a in arrays.values())
    assert [row["step"] for row in rows(path)] == [3, 6]


def test_the_step_is_named_also_within_a_long_interval(tmp_path, capsys, no_pictures):
    recipe = write_recipe(
        tmp_path / "mine.py", in_D="Fails(30),", numbers="log_every=50"
    )
    sentence = diverges(capsys, recipe, tmp_path / "run")
    assert "step 11: NaN or infinity in D, layer 3_Fails, in forward" in sentence
    checkpoint = tmp_path / "run" / "checkpoint.npz"
    assert str(checkpoint) in sentence
    assert read_manifest(checkpoint)["step"] == 0  # a run begins with a checkpoint


@pytest.mark.parametrize(
    "optimizers, network",
    [
        ("SGD(1e-3), SGD({})", "D"),
        ("SGD({}), Momentum(1e-3)", "G"),
        ("RMSProp(1e-3), RMSProp({})", "D"),
    ],
)
def test_an_enormous_rate_ends_the_run_and_keeps_the_last_good_checkpoint(
    optimizers, network, tmp_path, capsys, no_pictures
):
    def write(rate):
        numbers = "log_every=2, checkpoint_every=2, picture_every=1000"
        optimizer = optimizers.format(rate)
        return write_recipe(tmp_path / "mine.py", "", "", optimizer, numbers)

    path, recipe = tmp_path / "run", write(1e-3)
    assert main(["train", recipe, "--out", str(path), "--quiet", "--steps", "4"]) == 0
    capsys.readouterr()
    write(1e38)
    again = ["--resume", str(path), "--steps", "1000", "--quiet", "--with-changes"]
    status = main(["train", *again])
    err = capsys.readouterr().err
    assert status == 1 and err.count("\n") == 1
    assert "step " in err and f"NaN or infinity in {network}, layer " in err
    assert read_manifest(path / "checkpoint.npz")["step"] >= 4
    assert all(np.isfinite(a).all() for a in stored(path).values())


def test_an_optimizer_that_overflows_is_named(tmp_path, no_pictures):
    class Overflowing(Adam):
        def direction(self, g, out):
            factor = super().direction(g, out)
            if self.t == 5:
                self.v[...] = np.inf
            return factor

    experiment = points(k=1, opt_D=Overflowing(0.01))
    with pytest.raises(NonFiniteError, match=r"step 5: .*\bD\b"):
        train(Run(experiment), RunFolder.create(tmp_path / "run", CONFIG))


# Resuming from the command line


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A finished run of 20 steps; copy it before changing it."""
    folder = tmp_path_factory.mktemp("finished")
    path, recipe = folder / "run", write_recipe(folder / "mine.py", numbers="")
    arguments = ["--steps", "20", "--batch", "8", "--quiet", "--out", str(path)]
    with pytest.MonkeyPatch.context() as monkeypatch:
        draw_nothing(monkeypatch)
        assert main(["train", recipe, *arguments]) == 0
    for name in ("losses.png", "training.gif"):
        (path / name).write_bytes(b"drawn after the checkpoint")
    return path


def refused(capsys, *arguments) -> str:
    capsys.readouterr()
    assert main(["train", *map(str, arguments)]) == 2
    err = capsys.readouterr().err
    assert err.count("\n") == 1 and err.endswith("\n")
    return err


def test_resume_refuses_what_would_make_it_another_run(finished, capsys):
    before = {p: p.read_bytes() for p in finished.rglob("*") if p.is_file()}
    for option, value in (("--batch", 16), ("--seed", 1)):
        err = refused(capsys, "--resume", finished, option, value, "--steps", 30)
        assert option in err
    assert "--with-changes" in refused(capsys, "mlp-digits", "--resume", finished)
    assert "--resume" in refused(capsys, "--resume", finished, "--out", "elsewhere")
    err = refused(capsys, "--resume", finished)
    assert "step 20 of 20" in err and "--steps" in err
    refused(capsys, "--resume", finished, "--steps", 10)
    assert before == {p: p.read_bytes() for p in finished.rglob("*") if p.is_file()}


def test_resume_with_more_steps_goes_on(finished, tmp_path, no_pictures):
    path = tmp_path / "run"
    path.mkdir()
    for name in ("config.json", "metrics.jsonl", "checkpoint.npz"):
        (path / name).write_bytes((finished / name).read_bytes())
    (path / "samples").mkdir()
    same = ["--steps", "41", "--batch", "8"]
    assert main(["train", "--resume", str(path), "--quiet", *same]) == 0
    assert read_manifest(path / "checkpoint.npz")["step"] == 41
    config = json.loads((path / "config.json").read_text())
    assert config["steps"] == config["options"]["steps"] == 41
    assert [r["step"] for r in rows(path)] == [20, 40, 41]
    straight = ["--out", str(tmp_path / "straight"), "--quiet", *same]
    assert main(["train", config["recipe"], *straight]) == 0
    a, b = (stored(p) for p in (path, tmp_path / "straight"))
    assert differing_bits(a, b) == 0

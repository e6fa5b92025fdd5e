"""Runs of networks that grow: every turn at its level; stopped anywhere and resumed bit
for bit; on the device, and on two ranks.
"""

import dataclasses
import json

import numpy as np
import pytest
from growing_nets import Z, discriminator, generator, leaky
from pictures import small_losses

from tinygan import WGANGP, Adam, Drift, InputError, Wasserstein, plots
from tinygan.check.device import xp as fake_device
from tinygan.data import load_digits
from tinygan.growth import Growth, Level, larger, smaller
from tinygan.layers import (
    Dense,
    Flatten,
    GrowingDiscriminator,
    Sequential,
)
from tinygan.layers.augment import augmented
from tinygan.runs import Experiment, Latent
from tinygan.runs.folder import RunFolder
from tinygan.runs.run import Run
from tinygan.runs.sampling import Request, generate
from tinygan.runs.train import train

# Batches of 4, 8 and 4: three turns, then 2 + 3, then 4 + 4.
GROWTH = Growth([Level(12), Level(24, 16, times=2), Level(16, 16, rate=0.5)])
STEPS = GROWTH.turns(4)
CONFIG = {"recipe": "test", "options": {}}


def growing(**numbers) -> Experiment:
    """WGAN-GP, two steps of D in a turn, an average of G, and moments."""
    numbers = {
        "objective": Wasserstein(),
        "penalties": [WGANGP(10), Drift(0.01)],
        "opt_G": Adam(0.01, beta1=0.5),
        "opt_D": Adam(0.01, beta1=0.5),
        "steps": STEPS,
        "batch": 4,
        "k": 2,
        "ema": 0.9,
        "log_every": 2,
        "picture_every": 5,
        "growth": GROWTH,
    } | numbers
    G, D = generator(leaky, channels=1), discriminator(leaky)
    return Experiment(G, D, (8, 8, 1), load_digits, Latent(Z), **numbers)


def states(run, n: int) -> list[dict]:
    """The run's state before each of n turns, and after them."""
    found = [run.state()]
    for _ in range(n):
        run.turn()
        found.append(run.state())
    return found


def same(a: dict, b: dict) -> bool:
    return a.keys() == b.keys() and all(
        np.asarray(a[k]).tobytes() == np.asarray(b[k]).tobytes() for k in a
    )


def test_every_turn_is_at_its_level():
    run = Run(growing())
    assert STEPS == 3 + 5 + 8
    seen = []
    for turn in range(STEPS):
        run.turn()
        assert run.G.out_shape == run.D.in_shape
        seen.append((run.D.tree.level, run.D.in_shape[0], run.D.alpha))
        stage = GROWTH.at(turn, 4)
        assert run.place() == {
            "level": stage.level,
            "pixels": 2 << stage.level,
            "alpha": stage.alpha,
        }
        assert seen[-1][::2] == (stage.level, pytest.approx(stage.alpha))
    assert [level for level, *_ in seen] == [0] * 3 + [1] * 5 + [2] * 8
    assert run.place()["pixels"] == 8 and len(set(seen)) > 6


def test_the_average_begins_anew_with_each_level():
    run = Run(growing())
    for age in (*range(3), *range(5), *range(8)):
        before = run.average.theta.copy()
        run.turn()
        beta = min(0.9, (1 + age) / (3 + age))
        average = beta * before + (1 - beta) * run.G.theta
        np.testing.assert_allclose(run.average.theta, average, atol=1e-6)


def test_real_pictures_are_those_of_the_level():
    run = Run(growing())
    images = load_digits().batches(4, 0)
    for turn in (0, 3, 8):
        run.game._go(GROWTH.at(turn, 4))
        level, alpha, batch, *_ = GROWTH.at(turn, 4)
        x = smaller(load_digits().batches(batch, 0)(6), 4 >> level)
        if level:
            x = (1 - alpha) * larger(smaller(x, 2), 2) + alpha * x
        np.testing.assert_allclose(run.game.real(6, turn), x, rtol=1e-6)
    assert images(6).shape == (4, 8, 8, 1)


def test_only_what_a_level_uses_is_moved_and_optimizers_begin_anew():
    run = Run(growing())
    for turn in range(STEPS):
        before = run.state()
        run.turn()
        after = run.state()
        assert after["G.opt.t"] == 1 + sum(
            not GROWTH.at(t, 4).begins
            for t in range(1, turn + 1)
            if GROWTH.at(t, 4).level == GROWTH.at(turn, 4).level
        )
        reset = turn and GROWTH.at(turn, 4).begins
        for name, (net, _) in run.players.items():
            used = np.zeros(net.theta.size, bool)
            for part in net.used:
                used[part] = True
            for key in ("theta", "opt.m", "opt.v"):
                old, new = before[f"{name}.{key}"], after[f"{name}.{key}"]
                if key != "theta" and reset:
                    old = np.zeros_like(old)
                np.testing.assert_array_equal(new[~used], old[~used])
            assert (after[f"{name}.theta"] != before[f"{name}.theta"])[
                used
            ].mean() > 0.9


def test_without_reset_the_moments_stay():
    growth = Growth(list(GROWTH.levels), reset=False)
    run = Run(growing(growth=growth))
    states(run, 5)
    assert run.state()["G.opt.t"] == 5


def test_the_average_is_defined_at_every_level():
    """What no level has used yet is in the average what it is in G: the start."""
    run = Run(growing())
    start = run.G.theta.copy()
    states(run, 3)
    average, new = run.average, run.G.parameters()["block2.1_Conv2d.W"]
    assert not np.array_equal(average.theta, start)
    np.testing.assert_array_equal(average.parameters()["block2.1_Conv2d.W"], new)
    states(run, 3)
    x = run.samples(6)
    assert x.shape == (6, 8, 8, 1) and run.average.out_shape == (4, 4, 1)
    np.testing.assert_array_equal(larger(smaller(x, 2), 2), x)  # 4x4, enlarged


def test_stopped_anywhere_it_goes_on_bit_for_bit(tmp_path):
    """Within each level, within both fades, and at every border."""
    straight = states(Run(growing()), STEPS)
    folder = RunFolder(tmp_path, CONFIG)
    for n in range(STEPS):
        folder.save_checkpoint(straight[n])
        resumed = Run(growing())
        resumed.load(folder.load_checkpoint(resumed.state()))
        assert resumed.step == n
        for state in straight[n + 1 : n + 4]:
            resumed.turn()
            assert same(resumed.state(), state)


def test_the_folder_of_a_run(tmp_path, monkeypatch):
    """Rows and pictures name the level; all frames are of one size; a run that is not
    grown up yet gives samples.
    """
    monkeypatch.setattr(plots, "plot_losses", small_losses)
    folder = RunFolder.create(tmp_path / "run", CONFIG)
    run = Run(growing(steps=6))
    train(run, folder)
    text = (folder.path / "metrics.jsonl").read_text()
    rows = [json.loads(line) for line in text.splitlines()]
    assert [(r["step"], r["level"], r["pixels"]) for r in rows] == [
        (2, 0, 2),
        (4, 1, 4),
        (6, 1, 4),
    ]
    assert [r["alpha"] for r in rows] == pytest.approx([1, 1 / 3, 1])
    frames = sorted((folder.path / "samples").iterdir())
    assert len({plots._png_size(f) for f in frames}) == 1 and len(frames) == 3
    for name in ("losses.png", "training.gif", "samples.png"):
        assert (folder.path / name).stat().st_size > 0
    e = growing(steps=6)
    _, _, z = Request().inputs(e, 5, 0)
    x = generate(e, folder, run.backend, z)
    assert x.shape == (5, 8, 8, 1)
    again = Run(growing())  # and longer
    train(again, RunFolder.open(folder.path), resume=True)
    whole = Run(growing())
    states(whole, STEPS)
    assert same(whole.state(), again.state())


def test_augmentation_comes_before_every_level():
    """D stays the root of its tree; a resumed run draws the next changes."""

    def changed():
        e = growing()
        return dataclasses.replace(e, D=augmented(e.D, e.shape))

    run = Run(changed())
    assert isinstance(run.D.tree, GrowingDiscriminator)
    straight = states(run, STEPS)
    draws = [s["D.state.first.0_Augment.0_ColourJitter.draws"] for s in straight]
    assert (np.diff(draws) > 0).all()
    for n in (1, 4, 9):
        resumed = Run(changed())
        resumed.load(straight[n])
        resumed.turn()
        assert same(resumed.state(), straight[n + 1])
    plain = states(Run(growing()), 1)[0]
    assert np.array_equal(straight[0]["D.theta"], plain["D.theta"])


def test_the_host_knows_alpha_as_the_device_has_it():
    backend = fake_device.FakeBackend()
    run, fading = Run(growing(), backend), 0
    for _ in range(STEPS):
        run.turn()
        tree = run.D.tree
        if tree.fading:
            fading += 1
            with fake_device.counting() as counts:
                alpha = run.D.alpha
            assert counts.host_reads == 0
            assert alpha == float(backend.to_host(tree.fades[tree.level].alpha))
        if tree.fading and fading == 1:
            state = run.state()
    assert fading > 2 and run.D.alpha == 1.0
    run.load(state)  # now it has to ask
    tree = run.D.tree
    assert run.D.alpha == float(backend.to_host(tree.fades[tree.level].alpha)) < 1


def test_no_host_read_in_a_turn():
    """At a level, in a fade, at the border of two levels: alpha goes to the device."""
    game = growing().game(fake_device.FakeBackend())
    for turn in range(STEPS):
        game.turn(turn)
        if turn:
            with fake_device.counting() as counts:
                game.turn(turn)
            assert counts.host_reads == 0


def test_two_ranks_play_the_game_of_one():
    """With MinibatchStd in D, whose groups of samples lie on both ranks."""
    one, two = Run(growing(), cores=1), Run(growing(), cores=2)
    if not two.divided:
        pytest.skip("processes cannot share a batch here")
    with two.computing():
        for _ in range(STEPS):
            one.turn()
            two.turn()
    two.alone()
    for name, a in one.state().items():
        np.testing.assert_allclose(two.state()[name], a, rtol=2e-3, atol=2e-4)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (
            {"growth": None},
            "growth: expected a Growth with a level for each level of G",
        ),
        ({"growth": Growth([Level(4), Level(4, 4)])}, "a level for each level of G"),
        ({"growth": [Level(4)]}, "expects a Growth as growth"),
        ({"D": Sequential(Flatten(), Dense(1))}, "for each level of D"),
    ],
)
def test_growth_that_does_not_fit(change, says):
    with pytest.raises(InputError, match=says):
        dataclasses.replace(growing(), **change)

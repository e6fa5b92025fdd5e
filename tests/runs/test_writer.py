"""The loop does not wait for a device: on the stand-in, whose copies come late.

A run of whose folder a thread takes care writes what one writes that waits, byte for
byte, and it ends in the same way, whatever ends it.
"""

import contextlib
import errno
import os
import pathlib
import signal
import threading
import time

import numpy as np
import pytest
import test_killed
from pictures import draw_small_pictures
from test_graphs import small
from test_growing_runs import growing
from test_train import CONFIG, differing_bits, rows, stored

from tinygan import recipes
from tinygan.check.device import FakeBackend
from tinygan.check.device import xp as device
from tinygan.cli.arguments import main
from tinygan.errors import NonFiniteError
from tinygan.layers import Dense, Layer, Sequential, Tanh
from tinygan.runs import keeper
from tinygan.runs.asking import Asked
from tinygan.runs.checkpoint import read_manifest
from tinygan.runs.folder import RunFolder
from tinygan.runs.run import Run
from tinygan.runs.stopping import Stopped
from tinygan.runs.train import train
from tinygan.runs.writer import MOST, Writer, WriterThread, writer_for

EVERY = {"log_every": 4, "picture_every": 3, "checkpoint_every": 8}


class Waits(FakeBackend):
    """A device whose host waits for it."""

    overlaps = False


@pytest.fixture
def quick(monkeypatch):
    draw_small_pictures(monkeypatch)


def points(**more):
    return small(**EVERY | {"steps": 23} | more)


def made(name: str):
    recipe = recipes.find(name)
    e = recipes.build(recipe, {"steps": 9, "batch": 4})
    e.log_every, e.picture_every, e.checkpoint_every = 4, 3, 8
    return e


GAMES = {
    "points": points,
    "a clipped critic": lambda: points(k=2, ema=0.0),
    **{
        name: lambda name=name: made(name)
        for name in ("cgan-digits", "vae-digits", "gru-names")
    },
    "growing": lambda: growing(picture_every=3, checkpoint_every=8),
}


def new(path) -> RunFolder:
    return RunFolder.create(path, CONFIG)


def contents(path: pathlib.Path) -> dict:
    """{name: bytes} of a run's files, without times."""
    found = {str(p.relative_to(path)): p for p in path.rglob("*") if p.is_file()}
    found = {name: p.read_bytes() for name, p in found.items()}
    found["metrics.jsonl"] = str(rows(path)).encode()
    del found["report.html"]
    manifest = read_manifest(path / "checkpoint.npz")
    arrays = {name: a.tobytes() for name, a in stored(path).items()}
    return found | {"checkpoint.npz": str((manifest, sorted(arrays.items()))).encode()}


class Held(RunFolder):
    """A folder whose first row is written late: not before `free` is set."""

    def log(self, row):
        if row["step"] == 4:
            assert self.free.wait(20)
        super().log(row)


class Freeing(Run):
    """A run that plays a turn, and sets `free` once it is at the step `at`."""

    at = 12

    def turn(self):
        super().turn()
        if self.step == self.at:
            self.free.set()


def held(path, run) -> Held:
    folder = Held.create(path, CONFIG)
    folder.free = run.free = threading.Event()
    return folder


# Nobody waits


@pytest.mark.parametrize(
    ("name", "graphs"),
    [(name, False) for name in GAMES] + [(name, True) for name in [*GAMES][:4]],
)
def test_no_turn_waits_for_the_device(name, graphs, tmp_path, quick):
    """From the third turn on, when the graphs are made, to the last."""
    with contextlib.ExitStack() as stack:

        class Counted(Run):
            def turn(self):
                if self.step == 2:
                    self.counts = stack.enter_context(device.counting())
                if self.step == self.experiment.steps - 1:
                    stack.close()
                super().turn()

        run = Counted(GAMES[name](), FakeBackend(), graphs=graphs)
        train(run, new(tmp_path / "run"))
    assert run.counts.launches > 0
    assert run.counts.host_reads == 0
    assert run.counts.elsewhere == 0  # the thread asks the device for nothing


@pytest.mark.parametrize("name", GAMES)
def test_the_folder_is_that_of_a_loop_that_waits(name, tmp_path, quick):
    paths = [tmp_path / way / "run" for way in ("thread", "waits")]
    for path, backend in zip(paths, (FakeBackend(), Waits()), strict=True):
        path.parent.mkdir()
        train(Run(GAMES[name](), backend, graphs=True), new(path))
    ours, others = map(contents, paths)
    assert ours.keys() == others.keys()
    assert [name for name in ours if ours[name] != others[name]] == []
    assert len(rows(paths[0])) >= 3 and len(list(paths[0].glob("samples/*"))) >= 4


def test_figures_are_the_same_in_a_thread(tmp_path):
    paths = [tmp_path / way / "run" for way in ("thread", "waits")]
    for path, backend in zip(paths, (FakeBackend(), Waits()), strict=True):
        path.parent.mkdir()
        train(Run(points(steps=8), backend), new(path))
    ours, others = map(contents, paths)
    assert [name for name in ours if ours[name] != others[name]] == []


def test_the_loop_goes_on_while_a_row_is_written_but_not_far(tmp_path, quick):
    run = Freeing(points(picture_every=1000), FakeBackend())
    folder, seen = held(tmp_path / "run", run), []

    def free():
        before, seconds = -1, 0
        while before < run.step and seconds < 10:
            before, seconds = run.step, seconds + 1
            time.sleep(0.5)
        seen.append(run.step)
        run.free.set()

    run.at = None
    watch = threading.Thread(target=free)
    watch.start()
    train(run, folder)
    watch.join()
    assert seen == [4 + 4 * (MOST + 1)]
    assert [row["step"] for row in rows(folder.path)] == [4, 8, 12, 16, 20, 23]


def test_numpy_writes_at_once():
    assert type(writer_for(Waits())) is Writer
    assert type(writer_for(FakeBackend())) is WriterThread


# What goes wrong


class Fails(Layer):
    """y = x until the turn `after`, then NaN."""

    def init(self, rng):
        self.state = {"turns": 0}

    def advance(self):
        self.state["turns"] += 1

    def forward(self, x, train=True):
        return (x if self.state["turns"] <= 6 else x * float("nan")), ()

    def backward(self, dy, cache, param_grads=True):
        return dy


def test_nan_is_named_though_the_loop_has_gone_on(tmp_path, quick):
    D = Sequential(Dense(8), Fails(), Tanh(), Dense(1))
    run = Freeing(points(D=D, picture_every=6), FakeBackend())
    folder, furthest = held(tmp_path / "run", run), []
    run.diagnose = lambda *a: furthest.append(run.step) or Run.diagnose(run, *a)
    with pytest.raises(NonFiniteError) as e:
        train(run, folder)
    assert str(e.value) == "step 7: NaN or infinity in D, layer 1_Fails, in forward"
    assert furthest[0] >= 12
    assert [row["step"] for row in rows(folder.path)] == [4]
    pictures = [path.stem for path in folder.path.glob("samples/*")]
    assert sorted(map(int, pictures)) == [0, 6]
    assert read_manifest(folder.checkpoint)["step"] == 0


def test_nan_that_does_not_come_back_is_told_with_the_step_where_it_was_seen(
    tmp_path, quick
):
    class Diverging(Freeing):
        def turn(self):
            super().turn()
            if self.step == 6 and not self.free.is_set():  # not in the replay
                self.G.theta[0] = float("nan")

    run = Diverging(points(picture_every=1000), FakeBackend())
    folder = held(tmp_path / "run", run)
    with pytest.raises(NonFiniteError, match=r"step 8: .* a replay did not show again"):
        train(run, folder)
    assert all(np.isfinite(a).all() for a in stored(folder.path).values())


def test_one_checkpoint_by_time_is_under_way_at_once(tmp_path, quick, monkeypatch):
    run, saving, most = Freeing(points(), FakeBackend()), [], []
    ask, write = keeper.Keeper.checkpoint, keeper.Keeper.write

    def asked(self, needed):
        saving.append(run.step)
        most.append(len(saving))
        return ask(self, needed)

    def written(self, *rest):
        write(self, *rest)
        saving.clear()

    monkeypatch.setattr(keeper, "SHARE", 1e9)
    monkeypatch.setattr(keeper.Keeper, "checkpoint", asked)
    monkeypatch.setattr(keeper.Keeper, "write", written)
    run.at, run.experiment.checkpoint_every = 7, 1000
    train(run, held(tmp_path / "run", run), save_every=0)
    assert len(most) > 2 and max(most[:-1]) == 1  # the last one does not wait


@pytest.mark.parametrize("times", [1, 2])
def test_a_signal_waits_for_what_was_asked_for(times, tmp_path, quick):
    class Struck(Run):
        def turn(self):
            super().turn()
            if self.step == 7:
                for _ in range(times):
                    signal.raise_signal(signal.SIGINT)

    run = Struck(points(), FakeBackend())
    folder = held(tmp_path / "run", run)
    threading.Timer(0.5, run.free.set).start()
    with pytest.raises(Stopped) as e:
        train(run, folder)
    at = {1: 7, 2: 4}[times]  # the second one does not wait for the end of the turn
    assert e.value.step == read_manifest(folder.checkpoint)["step"] == at
    assert [row["step"] for row in rows(folder.path)] == [4, 7][: 3 - times]
    straight = new(tmp_path / "straight")
    train(Run(points(), Waits()), straight)
    train(Run(points(), FakeBackend()), folder, resume=True)
    assert differing_bits(stored(folder.path), stored(straight.path)) == 0
    assert rows(folder.path) == rows(straight.path)


def test_a_signal_while_the_loop_waits_for_the_thread(tmp_path, quick):
    run = Freeing(points(picture_every=1000), FakeBackend())
    folder = held(tmp_path / "run", run)

    def strike():
        while run.step < 16:
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(0.2)
        run.free.set()

    run.at = None
    threading.Thread(target=strike).start()
    with pytest.raises(Stopped):
        train(run, folder)
    step = read_manifest(folder.checkpoint)["step"]
    assert step == run.step == 16
    assert [row["step"] for row in rows(folder.path)] == [4, 8, 12, 16]


@pytest.fixture
def on_the_stand_in(monkeypatch):
    """`tinygan train` finds this backend, whatever is asked for."""

    def use(backend):
        monkeypatch.setattr("tinygan.backend.get_backend", lambda name: backend)

    return use


def test_a_full_disk_ends_the_run_as_ever(
    tmp_path, quick, on_the_stand_in, capsys, monkeypatch
):
    plain, said = RunFolder.log, []

    def log(folder, row):
        if row["step"] == 6:
            why = os.strerror(errno.ENOSPC)
            raise OSError(errno.ENOSPC, why, str(folder.metrics))
        plain(folder, row)

    monkeypatch.setattr(RunFolder, "log", log)
    (tmp_path / "mine.py").write_text(test_killed.RECIPE)
    for backend in (FakeBackend(), Waits()):
        on_the_stand_in(backend)
        path = tmp_path / type(backend).__name__
        recipe = [str(tmp_path / "mine.py"), "--steps", "30", "--quiet"]
        status = main(["train", *recipe, "--out", str(path)])
        err = capsys.readouterr().err.replace(path.name, "run")
        said.append((status, err, rows(path), sorted(stored(path).items())))
    ours, others = said
    assert str(ours) == str(others)
    assert ours[0] != 0 and "No space left on device; saved up to step 6" in ours[1]
    assert ours[1].count("\n") == 1 and [row["step"] for row in ours[2]] == [2, 4]


@test_killed.pytestmark
def test_a_run_that_is_killed_has_no_dead_end(tmp_path, quick, on_the_stand_in):
    on_the_stand_in(FakeBackend())
    ways = test_killed.campaign(tmp_path, 1, 5, 23)
    assert ways["resumed"] >= 2 and ways["complete"] <= 1


# The thread itself


def numbers(found: list, start: int):
    """An array on the device, which changes as soon as it was asked for."""

    def ask():
        x = FakeBackend().asarray(np.arange(3.0) + start)
        asked.append(x)
        return Asked({"x": x}, lambda host: found.append(host["x"].tolist()))

    asked: list = []
    return ask, asked


def test_the_thread_reads_in_order_what_was_there_when_it_was_asked_for():
    found: list = []
    with writer_for(FakeBackend()) as writer:
        for start in range(0, 20, 2):
            (one, x), (two, y) = (numbers(found, start + i) for i in range(2))
            writer.put([one, two])
            x[0][...] = y[0][...] = -1
        writer.finish()
        assert found == [[n, n + 1.0, n + 2.0] for n in range(20)]


def test_after_an_error_nothing_is_written_and_it_is_raised_once():
    found: list = []

    def fails():
        return Asked({}, lambda host: found.append("tried") or 1 / 0)

    with writer_for(FakeBackend()) as writer:
        writer.put([fails, numbers(found, 0)[0]])
        writer.drain()
        with pytest.raises(ZeroDivisionError):
            writer.put([fails])
        writer.put([numbers(found, 0)[0]])
        writer.finish()
    assert found == ["tried"]
    assert not writer.thread.is_alive()

"""What ends a run from outside, and what it leaves: signals, dead workers, time."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
from pictures import PROGRAM
from test_train import (
    CONFIG,
    Interrupted,
    differing_bits,
    draw_nothing,
    images,
    lines,
    points,
    regularised,
    rows,
    start,
    stored,
    wait_until,
)

import tinygan.parallel.mailbox
from tinygan import recipes
from tinygan.backend import NUMPY, Backend
from tinygan.errors import InputError, NonFiniteError
from tinygan.fast import memory
from tinygan.parallel.mailbox import can_fork
from tinygan.runs import keeper
from tinygan.runs import train as loop
from tinygan.runs.checkpoint import read_manifest
from tinygan.runs.folder import RunFolder
from tinygan.runs.run import Run
from tinygan.runs.stopping import ECHO, Stopped, interruptible, stoppable
from tinygan.runs.train import train

forks = pytest.mark.skipif(not can_fork(), reason="forks on Linux only")
slow = pytest.mark.slow


@pytest.fixture(autouse=True)
def no_pictures(monkeypatch):
    draw_nothing(monkeypatch)


@pytest.fixture
def four_cores(monkeypatch):
    monkeypatch.setattr(Backend, "cores", lambda self: 4)


def new(tmp_path, name="run") -> RunFolder:
    return RunFolder.create(tmp_path / name, CONFIG)


def step_of(folder) -> int:
    return read_manifest(folder.checkpoint)["step"]


# Signals


def test_the_library_passes_the_interrupt_on_once_all_is_saved(tmp_path):
    """So that a loop over seeds ends, too."""
    folder, run = new(tmp_path), Interrupted(points())
    run.at = 9
    with pytest.raises(KeyboardInterrupt):
        train(run, folder)
    assert step_of(folder) == run.step == 9
    assert not folder.is_held


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_each_signal_stops_after_the_turn(name, tmp_path):
    class Ended(Run):
        def turn(self):
            super().turn()
            if self.step == 5:
                os.kill(os.getpid(), getattr(signal, name))

    folder, run = new(tmp_path), Ended(points())
    before = {s: signal.getsignal(s) for s in (signal.SIGTERM, signal.SIGHUP)}
    with pytest.raises(Stopped) as e:
        train(run, folder)
    assert e.value.step == run.step == step_of(folder) == 5
    assert before == {s: signal.getsignal(s) for s in before}


def test_a_signal_that_is_sent_twice_is_one_wish(tmp_path):
    """`timeout` sends SIGTERM to the program, and to its group."""

    class Ended(Run):
        def turn(self):
            super().turn()
            if self.step == 5:
                for name in ("SIGTERM", "SIGHUP", "SIGTERM"):
                    signal.raise_signal(getattr(signal, name))

    folder = new(tmp_path)
    with pytest.raises(Stopped):
        train(Ended(points()), folder)
    assert step_of(folder) == 5


def test_a_later_signal_does_not_wait(monkeypatch):
    with stoppable() as stop:
        assert not stop
        signal.raise_signal(signal.SIGTERM)
        assert stop
        stop.since -= ECHO + 0.1
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGTERM)


def test_a_second_ctrl_c_in_a_turn_saves_the_last_good_state(tmp_path):
    class Impatient(Run):
        def turn(self):
            super().turn()
            if self.step == 7:
                signal.raise_signal(signal.SIGINT)
                signal.raise_signal(signal.SIGINT)

    folder = new(tmp_path)
    with pytest.raises(Stopped) as e:
        train(Impatient(points()), folder)
    assert e.value.step == step_of(folder) == 4  # the last row of the log
    straight = new(tmp_path, "straight")
    train(Run(points()), straight)
    train(Run(points()), folder, resume=True)
    assert differing_bits(stored(folder.path), stored(straight.path)) == 0
    assert rows(folder.path) == rows(straight.path)


def test_an_error_saves_the_last_good_state(tmp_path):
    class Broken(Run):
        def turn(self):
            super().turn()
            if self.step == 11:
                raise RuntimeError("the data are gone")

    folder = new(tmp_path)
    with pytest.raises(RuntimeError, match="data are gone"):
        train(Broken(points()), folder)
    assert step_of(folder) == 8


def test_a_hangup_that_is_ignored_stays_ignored():
    """As `nohup` wants it."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with stoppable() as stop, interruptible():
            signal.raise_signal(signal.SIGHUP)
            assert not stop
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


def test_other_threads_train_without_signals(tmp_path):
    folder, failed = new(tmp_path), []

    def work():
        try:
            train(Run(points()), folder)
        except BaseException as e:
            failed.append(e)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert failed == [] and step_of(folder) == points().steps


@forks
@pytest.mark.parametrize(
    "cores, name",
    [
        *((1, "SIGTERM"), (2, "SIGINT")),
        *(  # each signal, of one process: test_each_signal_stops_after_the_turn
            pytest.param(cores, name, marks=slow)
            for cores, name in ((1, "SIGINT"), (2, "SIGTERM"))
        ),
        *(pytest.param(cores, "SIGHUP", marks=slow) for cores in (1, 2)),
    ],
)
def test_a_signal_to_the_whole_group_is_saved(cores, name, tmp_path):
    path = tmp_path / "run"
    arguments = ["dcgan-digits", "--batch", "8", "--cores", str(cores)]
    with start(*arguments, "--out", str(path), start_new_session=True) as process:
        wait_until(lambda: lines(path / "metrics.jsonl"), process)
        os.killpg(process.pid, getattr(signal, name))
        out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (130, "")
    step = read_manifest(path / "checkpoint.npz")["step"]
    assert step >= 20 and f"stopped at step {step} of 4000; saved. Go on with" in out
    assert f"tinygan train --resume {path}" in out


@pytest.mark.parametrize(
    ("owner", "name", "at"),
    [(RunFolder, "log", 20), (RunFolder, "picture", 20), (loop, "_due", 7)],
)
def test_a_signal_while_a_turn_is_written_is_saved(
    owner, name, at, tmp_path, monkeypatch
):
    """Then the loop ends without another turn, and this one must not be lost."""
    run = Run(recipes.build(recipes.find("mlp-ring"), {"steps": 400, "batch": 8}))
    folder = RunFolder.create(tmp_path / "run", {"recipe": "mlp-ring", "options": {}})
    plain = getattr(owner, name)

    def struck(*arguments):
        found = plain(*arguments)
        if run.step == at:
            os.kill(os.getpid(), signal.SIGTERM)
        return found

    monkeypatch.setattr(owner, name, struck)
    with pytest.raises(Stopped) as stopped:
        train(run, folder)
    step = read_manifest(folder.checkpoint)["step"]
    assert step == run.step == stopped.value.step == at


def test_a_command_that_is_ended_before_the_first_step_says_so(tmp_path):
    recipe = tmp_path / "slow.py"
    recipe.write_text("import time\nprint('here', flush=True)\ntime.sleep(60)\n")
    with start(str(recipe)) as process:
        assert process.stdout.readline() == "here\n"
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (130, "tinygan: interrupted\n")


# Workers


class Struck(Run):
    """A run whose workers get a signal before some turns, each time once."""

    number, at, struck = signal.SIGKILL, (10,), 0

    def turn(self):
        if self.step in self.at[self.struck :]:
            self.struck += 1
            for worker in self.shards._workers:
                os.kill(worker.pid, self.number)
        super().turn()


@forks
@pytest.mark.parametrize(
    "cores, make",
    [
        *((2, regularised), (3, images)),
        *(pytest.param(*case, marks=slow) for case in ((2, images), (2, points))),
        *(pytest.param(*case, marks=slow) for case in ((3, regularised), (3, points))),
    ],
)
def test_the_turns_of_a_dead_worker_are_played_again_bit_for_bit(
    cores, make, tmp_path, capsys, four_cores
):
    """With all that layers remember: statistics, Dropout's draws, spectral norms."""
    straight, struck = new(tmp_path, "straight"), new(tmp_path, "struck")
    train(Run(make(), cores=cores), straight)
    assert capsys.readouterr().err == ""
    run = Struck(make(), cores=cores)
    run.at = (3, 10, 18)
    train(run, struck)
    assert run.struck == 3 and run.divided
    assert differing_bits(stored(straight.path), stored(struck.path)) == 0
    assert rows(straight.path) == rows(struck.path)
    err = capsys.readouterr().err
    assert err.count("was ended by signal 9") == 3 == err.count("\n")
    assert "step 11: process " in err and "played again from step 8 by new" in err


@forks
def test_after_some_dead_workers_one_process_goes_on(tmp_path, capsys):
    class Doomed(Struck):
        def turn(self):
            self.struck = 0
            if self.divided:
                super().turn()
            else:
                Run.turn(self)

    folder, run = new(tmp_path), Doomed(points(), cores=2)
    train(run, folder)
    assert step_of(folder) == run.step == points().steps and not run.divided
    err = capsys.readouterr().err
    assert err.count("by new processes") == 2 and "by one process, which goes on" in err
    steps = [row["step"] for row in rows(folder.path)]
    assert steps == [4, 8, 12, 16, 20, 23]


@forks
def test_the_good_state_is_saved_when_a_worker_dies(tmp_path):
    class Last(Struck):
        def load(self, arrays):
            if self.struck:
                raise MemoryError("this process as well")
            super().load(arrays)

    folder = new(tmp_path)
    with pytest.raises(MemoryError):
        train(Last(points(checkpoint_every=1000), cores=2), folder)
    assert step_of(folder) == 8


@forks
def test_a_stopped_worker_does_not_keep_a_run_from_its_end(tmp_path):
    timer = threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGTERM))

    class Sleeping(Struck):
        number = signal.SIGSTOP

        def turn(self):
            if self.step == self.at[0]:
                timer.start()
            super().turn()

    run, folder = Sleeping(points(), cores=2), new(tmp_path)
    with pytest.raises(Stopped) as e:
        train(run, folder)
    timer.join()
    assert e.value.step == step_of(folder) == 11


@forks
def test_without_shared_memory_one_process_goes_on(tmp_path, monkeypatch, capsys):
    class Missing:
        def __init__(self):
            raise OSError(28, "No space left on device", "/dev/shm")

    one, folder = new(tmp_path, "one"), new(tmp_path)
    train(Run(points(), cores=1), one)
    monkeypatch.setattr("tinygan.parallel.shards.Signal", Missing)
    run = Run(points(), cores=2)
    train(run, folder)
    assert not run.divided and run.step == points().steps
    assert differing_bits(stored(one.path), stored(folder.path)) == 0
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert "/dev/shm: No space left on device" in err and "one process goes on" in err


@forks
@pytest.mark.parametrize(
    "error", [OSError(12, "Cannot allocate memory"), MemoryError()]
)
def test_without_memory_or_processes_one_process_goes_on(error, monkeypatch, capsys):
    def refused(*_, **__):
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(os, "fork", refused)
        run = Run(points(), cores=2)
        run.turn()
    assert not run.divided and run.step == 1
    assert "one process goes on" in capsys.readouterr().err
    if isinstance(error, OSError):
        monkeypatch.setattr(tinygan.parallel.mailbox.mmap, "mmap", refused)
        assert not Run(points(), cores=2).divided
        assert "memory for several processes" in capsys.readouterr().err


# Time


class Clock:
    """A clock that a run moves on."""

    now = 0.0

    def monotonic(self):
        return self.now


def test_a_checkpoint_is_written_after_a_minute(tmp_path, monkeypatch):
    """At any step, also within an interval of the log; the row comes at its end."""
    clock, saved = Clock(), []
    monkeypatch.setattr(keeper, "time", clock)

    class Slow(Run):
        def turn(self):
            super().turn()
            clock.now += 25

    class Noted(RunFolder):
        def save_checkpoint(self, state):
            super().save_checkpoint(state)
            saved.append(int(state["step"]))

    numbers = {"checkpoint_every": 1000, "steps": 14}
    train(Slow(points(**numbers)), Noted.create(tmp_path / "a", CONFIG))
    assert saved == [0, 3, 6, 9, 12, 14]
    saved.clear()
    run = Slow(points(**numbers))
    train(run, Noted.create(tmp_path / "b", CONFIG), save_every=1e9)
    assert saved == [0, 14]
    a, b = (tmp_path / name for name in "ab")
    assert rows(a) == rows(b) and differing_bits(stored(a), stored(b)) == 0


def test_a_run_goes_on_bit_for_bit_from_a_checkpoint_by_time(tmp_path, monkeypatch):
    straight, folder = new(tmp_path, "straight"), new(tmp_path)
    train(Run(regularised()), straight)

    class Killed(Run):
        def turn(self):
            if self.step == 11:
                raise SystemExit
            super().turn()

    monkeypatch.setattr(keeper, "SHARE", 1e9)
    with pytest.raises(SystemExit):
        train(Killed(regularised()), folder, save_every=0)
    assert step_of(folder) == 11  # and rows are logged at 4, 8, 12 ...
    train(Run(regularised()), folder, resume=True)
    assert differing_bits(stored(straight.path), stored(folder.path)) == 0
    assert rows(straight.path) == rows(folder.path)


def test_checkpoints_by_time_take_a_hundredth_of_it(tmp_path, monkeypatch):
    clock, saved = Clock(), []
    monkeypatch.setattr(keeper, "time", clock)

    class Slow(Run):
        def turn(self):
            super().turn()
            clock.now += 60

    class Large(RunFolder):
        def save_checkpoint(self, state):
            clock.now += 6
            saved.append(int(state["step"]))

    train(Slow(points(checkpoint_every=1000)), Large.create(tmp_path / "a", CONFIG))
    assert saved == [0, 10, 20, 23]


def test_a_state_that_is_not_finite_is_never_saved(tmp_path, monkeypatch):
    class Diverging(Run):
        def turn(self):
            super().turn()
            if self.step == 6:
                self.G.theta[0] = np.nan

    folder = new(tmp_path)
    monkeypatch.setattr(keeper, "SHARE", 1e9)
    with pytest.raises(NonFiniteError):
        train(Diverging(points()), folder, save_every=0)
    assert step_of(folder) == 5
    assert all(np.isfinite(a).all() for a in stored(folder.path).values())


# Cores


def test_no_more_cores_than_there_are(monkeypatch, capsys):
    monkeypatch.setattr(Backend, "cores", lambda self: 2)
    run = Run(points(), cores=48)
    assert run.cores == 2
    err = capsys.readouterr().err
    assert err == "tinygan: 48 cores were asked for, and 2 can be used here\n"
    assert Run(points(), cores=2).cores == 2 and Run(points(), cores=1).cores == 1
    assert capsys.readouterr().err == ""


@forks
def test_as_many_cores_as_divide_the_batch(four_cores):
    for batch, cores in ((8, 4), (7, 3), (5, 2), (3, None), (2, None)):
        run = Run(points(batch=batch, k=1), cores=4)
        assert (
            (run.shards.parts and len(run.shards.parts)) == cores
            if cores
            else (run.shards is None)
        )
    e = recipes.build(recipes.find("pacgan-grid"), {"batch": 12})
    assert Run(e, cores=4).cores < 4


@pytest.mark.parametrize("cores", [0, -2, 1.5, "2", True])
def test_cores_are_a_whole_number(cores):
    with pytest.raises(InputError, match="a whole number cores >= 1"):
        Run(points(), cores=cores)


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


@pytest.mark.parametrize(
    "groups, files, expected",
    [
        ("0::/a/b\n", {"a/b/cpu.max": "150000 100000\n"}, 1.5),
        ("0::/a/b\n", {"a/cpu.max": "200000 100000", "a/b/cpu.max": "max 100000"}, 2),
        ("0::/\n", {"cpu.max": "400000 100000\n"}, 4),  # as a container sees itself
        ("0::/elsewhere\n", {"cpu.max": "50000 100000\n"}, 0.5),
        ("0::/\n", {"cpu.max": "max 100000\n"}, np.inf),
        ("0::/\n", {"cpu.max": "nonsense"}, np.inf),
        ("0::/\n", {}, np.inf),
        ("", {}, np.inf),
        (
            "5:memory:/m\n4:cpu,cpuacct:/docker/x\n",
            {
                "cpu,cpuacct/docker/x/cpu.cfs_quota_us": "300000\n",
                "cpu,cpuacct/docker/x/cpu.cfs_period_us": "100000\n",
                "memory/m/cpu.max": "100000 100000",
            },
            3,
        ),
        (
            "1:cpu:/\n",
            {"cpu/cpu.cfs_quota_us": "-1", "cpu/cpu.cfs_period_us": "1"},
            np.inf,
        ),
    ],
)
def test_the_quota_of_a_container_is_read(groups, files, expected, tmp_path):
    write(tmp_path / "proc/self/cgroup", groups)
    for name, text in files.items():
        write(tmp_path / "sys" / name, text)
    assert memory.quota(tmp_path / "proc", tmp_path / "sys") == expected


def test_cores_are_bound_by_the_quota(monkeypatch):
    monkeypatch.setattr(memory.os, "sched_getaffinity", lambda _: range(64))
    for quota, cores in ((np.inf, 64), (2.0, 2), (1.9, 1), (0.5, 1), (100.0, 64)):
        monkeypatch.setattr(memory, "quota", lambda quota=quota: quota)
        assert memory.cores() == cores == NUMPY.cores()


# The terminal


def test_a_terminal_that_is_gone_ends_no_run(tmp_path, monkeypatch):
    class Gone:
        def write(self, text=""):
            raise OSError(5, "Input/output error")

        flush = write

        def isatty(self):
            return True

    monkeypatch.setattr(sys, "stderr", Gone())
    folder = new(tmp_path)
    train(Run(points()), folder, progress=True)
    monkeypatch.setattr(sys, "stderr", None)
    again = new(tmp_path, "again")
    train(Run(points()), again, progress=True)
    assert step_of(folder) == step_of(again) == points().steps


@forks
def test_a_closed_terminal_saves(tmp_path):
    """The terminal closes: the programs get SIGHUP, and can write nothing any more."""
    path = tmp_path / "run"
    ours, theirs = os.openpty()
    command = [*PROGRAM, "train", "mlp-ring", "--batch", "8", "--out", str(path)]
    environment = os.environ | {"OPENBLAS_NUM_THREADS": "1"}
    with subprocess.Popen(
        [*command, "--steps", "100000"],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=environment,
        start_new_session=True,
        preexec_fn=lambda: __import__("fcntl").ioctl(0, 0x540E, 0),  # TIOCSCTTY
    ) as process:
        os.close(theirs)
        until = time.monotonic() + 60
        while time.monotonic() < until:
            with contextlib.suppress(OSError):
                os.set_blocking(ours, False)
                os.read(ours, 10000)
            if lines(path / "metrics.jsonl"):
                break
            time.sleep(0.05)
        os.close(ours)
        try:
            process.wait(timeout=60)
        finally:
            process.kill()
    assert process.returncode == 130
    assert read_manifest(path / "checkpoint.npz")["step"] >= 20

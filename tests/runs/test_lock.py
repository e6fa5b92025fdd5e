"""One folder, one process: locks, and many starts at once."""

import errno
import json
import os
import signal
import socket
import subprocess
import sys
import time

import pytest
from killing import in_a_fork
from pictures import PROGRAM
from test_train import (
    CONFIG,
    draw_nothing,
    lines,
    points,
    refused,
    wait_until,
    write_recipe,
)

from tinygan import plots
from tinygan.cli.arguments import main
from tinygan.errors import InputError
from tinygan.runs.checkpoint import read_manifest
from tinygan.runs.folder import RunFolder
from tinygan.runs.lock import NAME, Lock, TakenError, owner
from tinygan.runs.run import Run
from tinygan.runs.train import train

forks = pytest.mark.skipif(sys.platform != "linux", reason="forks on Linux only")


@pytest.fixture(autouse=True)
def no_pictures(monkeypatch):
    draw_nothing(monkeypatch)


@pytest.fixture
def no_system_locks(monkeypatch):
    """As on some network file systems."""
    import fcntl

    def refused(*_):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", refused)


def test_a_lock_names_its_process_and_ends(tmp_path):
    lock = Lock(tmp_path)
    pid, host, since = owner(tmp_path / NAME)
    assert (pid, host) == (os.getpid(), socket.gethostname()[:80])
    assert abs(time.mktime(time.strptime(since, "%Y-%m-%d %H:%M:%S")) - time.time()) < 9
    with pytest.raises(TakenError, match=f"trained by process {pid} on {host}, since"):
        Lock(tmp_path)
    lock.release()
    assert os.listdir(tmp_path) == []
    again = Lock(tmp_path)
    del again  # with the object the lock goes as well
    assert os.listdir(tmp_path) == []


def test_a_lock_without_locks_of_the_system(tmp_path, no_system_locks):
    lock = Lock(tmp_path)
    with pytest.raises(TakenError, match=f"process {os.getpid()} on .* or delete"):
        Lock(tmp_path)
    lock.release()
    assert os.listdir(tmp_path) == []
    about = {"pid": 2**22 + 1, "host": socket.gethostname(), "since": "yesterday"}
    (tmp_path / NAME).write_text(json.dumps(about))  # no process has such a number
    Lock(tmp_path).release()
    (tmp_path / NAME).write_text(json.dumps(about | {"host": "elsewhere"}))
    with pytest.raises(TakenError, match="on elsewhere, since yesterday"):
        Lock(tmp_path)
    (tmp_path / NAME).write_text("")
    with pytest.raises(TakenError, match="by another process"):
        Lock(tmp_path)  # it may write its name in this moment
    os.utime(tmp_path / NAME, (1, 1))
    Lock(tmp_path).release()
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("text", ["", "{", "[]", '{"pid": "x"}', "\x00" * 9000])
def test_a_lock_file_with_nonsense_is_no_lock(text, tmp_path):
    (tmp_path / NAME).write_text(text)
    assert owner(tmp_path / NAME) is None
    Lock(tmp_path).release()


@forks
def test_a_killed_process_leaves_no_lock(tmp_path):
    def killed():
        kept = Lock(tmp_path)
        os.kill(os.getpid(), signal.SIGKILL)
        return kept

    assert in_a_fork(killed) == -signal.SIGKILL
    assert (tmp_path / NAME).exists()
    Lock(tmp_path).release()


@forks
def test_a_forked_process_has_no_lock_and_cannot_end_it(tmp_path):
    """The processes that share a batch: if the first one is killed, nobody has it."""
    lock = Lock(tmp_path)
    read, write = os.pipe()

    def child():
        os.close(write)
        lock.release()
        os.read(read, 1)  # until the parent closes the pipe
        return 0

    pid = os.fork()
    if pid == 0:
        os._exit(child())
    with pytest.raises(TakenError):
        Lock(tmp_path)
    lock.release()
    Lock(tmp_path).release()  # with the child still there
    os.close(write)
    os.waitpid(pid, 0)
    os.close(read)


def test_a_lock_that_is_a_link_is_refused(tmp_path):
    """A stranger's folder must not make this process write elsewhere."""
    target = tmp_path / "precious"
    target.write_text("precious")
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / NAME).symlink_to(target)
    with pytest.raises(InputError, match="cannot be written"):
        RunFolder.create(tmp_path / "run", CONFIG)
    assert target.read_text() == "precious"


def test_a_folder_is_locked_from_its_creation_to_the_end_of_training(tmp_path):
    folder = RunFolder.create(tmp_path / "run", CONFIG)
    seen = []

    class Noted(Run):
        def turn(self):
            super().turn()
            try:
                RunFolder.open(tmp_path / "run", hold=True)
            except TakenError:
                seen.append(self.step)

    assert folder.is_held
    train(Noted(points(steps=5)), folder)
    assert seen == [1, 2, 3, 4, 5] and not folder.is_held
    RunFolder.open(tmp_path / "run", hold=True).let_go()


@forks
def test_a_running_run_is_left_to_its_process(tmp_path, capsys, small_pictures):
    path = tmp_path / "run"
    command = [*PROGRAM, "train", "mlp-ring", "--batch", "8", "--quiet"]
    with subprocess.Popen(
        [*command, "--steps", "100000", "--out", str(path)], stdout=subprocess.DEVNULL
    ) as process:
        wait_until(lambda: lines(path / "metrics.jsonl"), process)
        who = f"is being trained by process {process.pid} on {socket.gethostname()}"
        assert who in refused(capsys, "--resume", path)
        assert who in refused(capsys, "mlp-ring", "--out", path)
        assert main(["sample", str(path), "--n", "2"]) == 0  # reading is free
        process.send_signal(signal.SIGSTOP)  # neither if it sleeps
        assert who in refused(capsys, "--resume", path)
        process.kill()
    assert process.returncode == -signal.SIGKILL
    more = str(read_manifest(path / "checkpoint.npz")["step"] + 3)
    assert main(["train", "--resume", str(path), "--steps", more, "--quiet"]) == 0


# Pairs of processes that start at once


def at_once(*works) -> list[int]:
    """The exit statuses of works, which forked processes begin at one moment."""
    read, write = os.pipe()
    pids = []
    for work in works:
        pid = os.fork()
        if pid == 0:
            status = 99
            try:
                nothing = os.open(os.devnull, os.O_WRONLY)
                os.dup2(nothing, 1)
                os.dup2(nothing, 2)
                os.close(write)
                os.read(read, 1)  # the end of the pipe is the start
                status = work()
            finally:
                os._exit(status)
        pids.append(pid)
    os.close(read)
    os.close(write)
    return [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in pids]


def check_whole(path, steps, log_every=2):
    """A run that one process has written."""
    text = (path / "metrics.jsonl").read_text().splitlines()
    found = [json.loads(line)["step"] for line in text]
    due = {*range(log_every, steps + 1, log_every), steps}
    assert found == sorted(due), path
    assert read_manifest(path / "checkpoint.npz")["step"] == steps
    assert not list(path.rglob("*.tmp")) and not (path / NAME).exists()


def pairs(tmp_path, monkeypatch, n: int) -> None:
    """n pairs of each kind: no run is written by two processes."""
    recipe = write_recipe(tmp_path / "mine.py", numbers="log_every=2")
    new = ["train", recipe, "--cores", "1", "--quiet", "--steps"]

    def drawn(path, *_):
        path.write_bytes(b"drawn")

    monkeypatch.setattr(plots, "plot_losses", drawn)
    monkeypatch.setattr(plots, "save_gif", drawn)

    def command(*arguments):
        return lambda: main([*map(str, arguments)])

    for i in range(n):
        same = tmp_path / f"same-{i}"
        statuses = at_once(*2 * [command(*new, 6, "--out", same)])
        assert sorted(statuses) == [0, 2], i
        check_whole(same, 6)

        statuses = at_once(*2 * [command("train", "--resume", same, "--steps", 12)])
        assert sorted(statuses) == [0, 2], i
        check_whole(same, 12)

        resume = command("train", "--resume", same, "--steps", 18)
        statuses = at_once(resume, command(*new, 6, "--out", same))
        assert statuses == [0, 2], i
        check_whole(same, 18)

        (tmp_path / f"cwd-{i}").mkdir()
        monkeypatch.chdir(tmp_path / f"cwd-{i}")
        assert at_once(*2 * [command(*new, 6)]) == [0, 0], i
        for name in ("mine", "mine-2"):
            check_whole(tmp_path / f"cwd-{i}" / "runs" / name, 6)


@forks
def test_some_pairs_that_start_at_once_are_not_mixed(tmp_path, monkeypatch):
    pairs(tmp_path, monkeypatch, 1)


@forks
def test_pairs_are_not_mixed_without_locks_of_the_system(
    tmp_path, monkeypatch, no_system_locks
):
    pairs(tmp_path, monkeypatch, 1)


@forks
@pytest.mark.slow
def test_two_hundred_pairs_that_start_at_once_are_not_mixed(tmp_path, monkeypatch):
    pairs(tmp_path, monkeypatch, 50)

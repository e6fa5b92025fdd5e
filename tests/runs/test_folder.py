"""A run's folder: whose files it touches, what a resumed run has, what damage costs."""

import errno
import json
import os
import pathlib
import shutil

import numpy as np
import pytest
from test_train import (
    CONFIG,
    STEPS,
    images,
    interrupted,
    points,
    refused,
    regularised,
    rows,
    stopped,
    write_recipe,
)

from tinygan import plots
from tinygan.cli.arguments import main
from tinygan.errors import InputError
from tinygan.runs import folder as folder_module
from tinygan.runs.folder import RunFolder
from tinygan.runs.metrics import read_rows
from tinygan.runs.owned import OWN, is_run, new_folder, refuse_own_files
from tinygan.runs.run import Run
from tinygan.runs.stopping import Stopped
from tinygan.runs.train import train


@pytest.fixture(autouse=True)
def quick_pictures(monkeypatch):
    draw_quickly(monkeypatch)


def draw_quickly(monkeypatch):
    """Small pictures, which still tell one state of a run from another."""

    def picture(samples, real, title, columns):
        numbers = np.frombuffer(samples[:8].tobytes(), np.uint8)
        return np.resize(numbers, (8, 8, 3)) // 2 + np.uint8(sum(title.encode()) % 100)

    def curves(path, found, names):
        values = np.array([[row[k] for k in ("V", "J")] for row in found])
        plots.save_png(path, np.resize(values.view("u1"), (8, 8, 3)))

    monkeypatch.setattr(plots, "picture", picture)
    monkeypatch.setattr(plots, "plot_losses", curves)


def new(path) -> RunFolder:
    return RunFolder.create(path, CONFIG)


def files(path) -> dict:
    """{name: bytes} of everything in a folder."""
    every = pathlib.Path(path).rglob("*")
    return {str(p.relative_to(path)): p.read_bytes() for p in every if p.is_file()}


SUFFIXES = ("png", "gif")


def pictures(path) -> dict:
    return {k: v for k, v in files(path).items() if k.endswith(SUFFIXES)}


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A finished run of 6 steps; copy it before changing it."""
    base = tmp_path_factory.mktemp("trained")
    numbers = "log_every=2, picture_every=2"
    recipe = write_recipe(base / "mine.py", numbers=numbers)
    path = base / "run"
    arguments = ["--steps", "6", "--out", str(path), "--quiet"]
    with pytest.MonkeyPatch.context() as monkeypatch:
        draw_quickly(monkeypatch)
        assert main(["train", recipe, *arguments]) == 0
    return path


@pytest.fixture
def run(trained, tmp_path):
    path = tmp_path / "run"
    shutil.copytree(trained, path)
    return path


# Pictures survive as rows do


@pytest.mark.parametrize(
    "make, every",
    [
        *((points, 3), (images, 5), (regularised, 3)),
        *(
            pytest.param(*case, marks=pytest.mark.slow)
            for case in ((points, 5), (images, 3), (regularised, 5))
        ),
    ],
)
def test_stopped_runs_have_the_pictures_and_the_film_of_an_unbroken_one(
    make, every, tmp_path
):
    numbers = {"picture_every": every, "checkpoint_every": 8}
    straight = new(tmp_path / "straight")
    train(Run(make(**numbers)), straight)
    wanted = pictures(straight.path)
    due = {*range(0, STEPS, every), STEPS}
    names = {f"samples/{step:07d}.png" for step in due}
    assert wanted.keys() == names | {"samples.png", "losses.png", "training.gif"}
    for stops in ([1], [2, 3], [4], [6, 7, 8], [9, 12, 20]):
        folder = new(tmp_path / "-".join(map(str, stops)))
        for at in stops:
            stopped(interrupted(make(**numbers), at), folder, resume=at != stops[0])
            assert f"samples/{at:07d}.png" in pictures(folder.path)  # the last state
        train(Run(make(**numbers)), folder, resume=True)
        assert pictures(folder.path) == wanted
        assert rows(folder.path) == rows(straight.path)


def test_what_a_finished_run_lacks_is_drawn_again(run, capsys):
    """The process was ended, or the disk was full, while it drew its pictures."""
    wanted = files(run)
    assert "step 6 of 6" in refused(capsys, "--resume", run)
    for missing in (
        ["training.gif"],
        ["losses.png", "training.gif"],
        ["samples.png", "samples/0000006.png", "losses.png", "training.gif"],
    ):
        for name in missing:
            (run / name).unlink()
        assert main(["train", "--resume", str(run), "--quiet"]) == 0
        assert "already at step 6 of 6" in capsys.readouterr().out
        found = files(run)
        assert found.keys() == wanted.keys()
        assert pictures(run) == {k: v for k, v in wanted.items() if k[-3:] in SUFFIXES}
        assert found["metrics.jsonl"] == wanted["metrics.jsonl"]
    assert "step 6 of 6" in refused(capsys, "--resume", run)


def test_a_film_from_before_the_last_steps_is_drawn_again(run, capsys):
    os.utime(run / "training.gif", (1, 1))
    assert main(["train", "--resume", str(run), "--quiet"]) == 0
    assert (run / "training.gif").stat().st_mtime > 1


# A run begins with a checkpoint, and a beginning without one begins again


def test_a_run_can_be_resumed_from_its_first_moment(tmp_path):
    class Killed(Run):
        def turn(self):
            raise SystemExit

    straight, folder = new(tmp_path / "straight"), new(tmp_path / "run")
    train(Run(points()), straight)
    with pytest.raises(SystemExit):
        train(Killed(points()), folder)
    assert folder.step() == 0
    train(Run(points()), RunFolder.open(folder.path), resume=True)
    assert rows(folder.path) == rows(straight.path)


@pytest.mark.parametrize("how", ["train", "--resume"])
def test_a_beginning_without_a_checkpoint_begins_again(how, tmp_path, capsys):
    recipe, path = write_recipe(tmp_path / "mine.py", numbers=""), tmp_path / "run"
    new(path).let_go()  # what a killed process leaves: config.json alone
    config = json.loads((path / "config.json").read_text())
    config["recipe"] = recipe
    config["options"] = {"steps": 4}
    (path / "config.json").write_text(json.dumps(config))
    (path / ".config.json.0a1b2c3d.tmp").write_text("{")
    begin = {"train": ["train", recipe, "--steps", "4", "--out"]}
    arguments = begin.get(how, ["train", "--resume"])
    assert main([*arguments, str(path), "--quiet"]) == 0
    assert [row["step"] for row in rows(path)] == [4]
    assert not list(path.glob(".*"))


# Files of others


def test_files_of_others_are_left_alone(tmp_path, capsys):
    recipe = write_recipe(tmp_path / "mine.py", numbers="")
    for name in [*sorted(OWN - {"samples"}), "samples/cat.png"]:
        path = tmp_path / "theirs" / name.replace("/", "-")
        (path / name).parent.mkdir(parents=True)
        (path / name).write_text("precious")
        err = refused(capsys, recipe, "--steps", 2, "--out", path)
        assert str(path) in err and name.partition("/")[0] in err and "--out" in err
        assert files(path) == {name: b"precious"}


def test_a_folder_with_other_files_is_taken_and_they_stay(tmp_path):
    recipe, path = write_recipe(tmp_path / "mine.py", numbers=""), tmp_path / "run"
    path.mkdir()
    theirs = {"notes.txt", "other.tmp", ".vimrc.12345678.tmp", "log.jsonl"}
    for name in theirs:
        (path / name).write_text("precious")
    assert main(["train", recipe, "--steps", "2", "--quiet", "--out", str(path)]) == 0
    (path / "samples" / "cat.png").write_text("precious")
    (path / "samples" / "²²³.png").write_text("precious")
    (path / "samples" / "x.tmp").write_text("precious")
    (path / ".checkpoint.npz.abcdef12.tmp").write_text("a leftover")
    before = (path / "training.gif").stat().st_size
    assert main(["train", "--resume", str(path), "--steps", "3", "--quiet"]) == 0
    kept = {k for k, v in files(path).items() if v == b"precious"}
    assert kept == theirs | {"samples/cat.png", "samples/²²³.png", "samples/x.tmp"}
    assert not list(path.glob(".checkpoint*"))
    assert before > 0  # and the film was made, without the cat


def test_a_run_without_its_config_is_not_written_over(run, capsys):
    (run / "config.json").unlink()
    before = files(run)
    assert is_run(run)
    assert "would overwrite" in refused(capsys, "mlp-ring", "--out", run)
    (run / "config.json").write_text("{}")
    assert "would overwrite" in refused(capsys, "mlp-ring", "--out", run)
    assert {k: v for k, v in files(run).items() if k != "config.json"} == before


def test_a_run_without_its_checkpoint_is_not_written_over(run, capsys):
    (run / "checkpoint.npz").unlink()
    before = files(run)
    assert "holds a run already" in refused(capsys, "mlp-ring", "--out", run)
    assert files(run) == before
    assert main(["train", "--resume", str(run), "--quiet"]) == 0  # from step 0
    assert [row["step"] for row in rows(run)] == [2, 4, 6]


def test_no_command_writes_into_a_runs_own_files(run, capsys, monkeypatch):
    before = files(run)
    monkeypatch.chdir(run / "samples")
    outs = {
        "sample": ["checkpoint.npz", "samples.png", "losses.png", "samples/x.png"],
        "evaluate": ["config.json", "metrics.jsonl", "training.gif", "CONFIG.JSON"],
        "theory": ["samples.png"],
    }
    subjects = {"sample": str(run), "evaluate": str(run), "theory": "dirac-table"}
    for command, names in outs.items():
        for name in names:
            for out in (run / name, pathlib.Path("..") / name):
                assert main([command, subjects[command], "--out", str(out)]) == 2
                err = capsys.readouterr().err
                assert "a file of the run itself" in err and err.count("\n") == 1
    link = run.parent / "link.png"
    link.symlink_to(run / "samples.png")
    with pytest.raises(InputError):
        refuse_own_files(link)
    assert "run itself" in refused(capsys, "mlp-ring", "--out", run / "samples" / "x")
    assert files(run) == before
    for free in (run / "generated.png", run / "mine.npz", run.parent / "samples.png"):
        assert main(["sample", str(run), "--n", "2", "--out", str(free)]) == 0
    assert {k: v for k, v in files(run).items() if k in before} == before


def test_default_folders_are_numbered(tmp_path):
    made = [new_folder(tmp_path / "runs" / "name").name for _ in range(3)]
    assert made == ["name", "name-2", "name-3"]
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot be written as a folder"):
        new_folder(tmp_path / "file" / "name")


# Damage costs a row or a picture, and never the run


NONSENSE = [b"\x00\xff\n", b"{}\n", b"[]\n", b"null\n", b'{"step": "3"}\n', b"\n"]
NONSENSE += [b'{"step": -1}\n', b'{"step": true}\n', b"[" * 100_000 + b"\n"]
NONSENSE += [b'{"step": 1e3}\n', b'{"step": NaN}\n']


def test_rows_that_are_none_are_left_out_and_named(run, capsys):
    lines = (run / "metrics.jsonl").read_bytes().splitlines(keepends=True)
    damaged = b"".join([lines[0], *NONSENSE, lines[1], lines[2], b'{"step": 7'])
    (run / "metrics.jsonl").write_bytes(damaged)
    found, bad = read_rows(run / "metrics.jsonl")
    assert [row["step"] for row in found] == [2, 4, 6]
    assert bad == list(range(2, 2 + len(NONSENSE)))
    assert main(["train", "--resume", str(run), "--steps", "8", "--quiet"]) == 0
    err = capsys.readouterr().err
    assert "metrics.jsonl" in err and "line 2, 3, 4, 5, 6 ..." in err
    assert (run / "metrics.jsonl").read_bytes().startswith(b"".join(lines))
    assert [row["step"] for row in rows(run)] == [2, 4, 6, 8]


@pytest.mark.parametrize(
    "seconds", ['"a"', "null", "1" + "0" * 400, "NaN", "-5", "[]", "true", "Infinity"]
)
def test_the_seconds_of_a_row_may_be_nonsense(seconds, run):
    text = '{"step": 2, "V": 1, "J": 2, "D_x": 0, "D_Gz": 0, "seconds": %s}\n'
    (run / "metrics.jsonl").write_text(text % seconds)
    assert main(["train", "--resume", str(run), "--steps", "8", "--quiet"]) == 0
    assert [row["step"] for row in rows(run)] == [2, 8]


def test_rows_of_two_processes_are_read_once(tmp_path):
    path = tmp_path / "metrics.jsonl"
    path.write_text("".join(f'{{"step": {n}}}\n' for n in (2, 4, 2, 4, 6, 99, 8)))
    assert [row["step"] for row in read_rows(path, 8)[0]] == [2, 4, 6, 8]
    assert read_rows(tmp_path / "nothing") == ([], [])


def test_pictures_that_cannot_be_read_are_left_out_of_the_film(run, capsys):
    (run / "samples" / "0000002.png").write_bytes(b"no picture")
    whole = (run / "samples" / "0000004.png").read_bytes()
    (run / "samples" / "0000004.png").write_bytes(whole[: len(whole) // 2])
    assert main(["train", "--resume", str(run), "--steps", "8", "--quiet"]) == 0
    err = capsys.readouterr().err
    assert "damage" in err and "0000002.png, 0000004.png; the film" in err
    assert err.count("\n") == 1
    assert (run / "training.gif").stat().st_size > 0


def test_curves_that_cannot_be_drawn_are_left_out(run, capsys, monkeypatch):
    def nonsense(*_):
        raise KeyError("D_x")

    monkeypatch.setattr(plots, "plot_losses", nonsense)
    assert main(["train", "--resume", str(run), "--steps", "8", "--quiet"]) == 0
    err = capsys.readouterr().err
    assert "losses.png: cannot be drawn (KeyError: 'D_x'); it is left out" in err


# Disks


def full(monkeypatch, name: str, error=errno.ENOSPC, times=10**9):
    """From now on a file of this name cannot be put in its place."""
    replace, left = os.replace, [times]

    def refuse(a, b, **options):
        if str(b).endswith(name) and left[0] > 0:
            left[0] -= 1
            raise OSError(error, os.strerror(error), str(a), None, str(b))
        return replace(a, b, **options)

    monkeypatch.setattr(os, "replace", refuse)
    return left


@pytest.mark.parametrize("error", [errno.ENOSPC, errno.EFBIG, errno.EDQUOT])
def test_a_full_disk_is_named_and_the_way_on(error, tmp_path, capsys, monkeypatch):
    numbers = "log_every=2, checkpoint_every=2"
    recipe, path = write_recipe(tmp_path / "mine.py", numbers=numbers), tmp_path / "run"
    arguments = ["train", recipe, "--steps", "6", "--quiet", "--out", str(path)]
    save = RunFolder.save_checkpoint
    with monkeypatch.context() as patch:

        def full_at_4(self, state):
            if int(state["step"]) == 4:
                full(patch, "checkpoint.npz", error)
            save(self, state)

        patch.setattr(RunFolder, "save_checkpoint", full_at_4)
        assert main(arguments) == 1
    err = capsys.readouterr().err
    assert err.count("\n") == 1 and f"{path / 'checkpoint.npz'}: " in err
    assert f"{os.strerror(error)}; saved up to step 2; " in err
    assert f"tinygan train --resume {path}" in err
    assert main(["train", "--resume", str(path), "--quiet"]) == 0
    assert [row["step"] for row in rows(path)] == [2, 4, 6]


def test_a_row_that_cannot_be_written_names_its_file(tmp_path, monkeypatch):
    folder = new(tmp_path / "run")
    if not pathlib.Path("/dev/full").exists():
        pytest.skip("no device that is always full")
    folder.metrics = pathlib.Path("/dev/full")
    with pytest.raises(OSError, match="No space left on device") as e:
        folder.log({"step": 1})
    assert e.value.filename == "/dev/full"


def test_a_film_for_which_there_is_no_room_is_drawn_later(run, capsys, monkeypatch):
    (run / "training.gif").unlink()
    with monkeypatch.context() as patch:
        full(patch, "training.gif")
        assert main(["train", "--resume", str(run), "--quiet"]) == 1
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert "training.gif: No space left on device; saved up to step 6; make room" in err
    assert main(["train", "--resume", str(run), "--quiet"]) == 0
    assert (run / "training.gif").exists()


def test_a_picture_that_another_program_has_open_ends_no_run(run, capsys, monkeypatch):
    """As on Windows; it is tried again for a while, then left out."""
    monkeypatch.setattr("tinygan.files.time.sleep", lambda seconds: None)
    left = full(monkeypatch, "samples.png", errno.EACCES, times=3)
    assert main(["train", "--resume", str(run), "--steps", "8", "--quiet"]) == 0
    assert left == [0] and capsys.readouterr().err == ""
    monkeypatch.setattr("tinygan.plots.write_atomically", impatient(plots))
    full(monkeypatch, "samples.png", errno.EACCES)
    assert main(["train", "--resume", str(run), "--steps", "12", "--quiet"]) == 0
    err = capsys.readouterr().err
    assert err.count("samples.png: Permission denied; it is left out") == 1
    assert RunFolder.open(run).step() == 12 and not list(run.rglob("*.tmp"))


def impatient(module):
    write = module.write_atomically
    return lambda path, what: write(path, what, patience=0)


def test_a_checkpoint_that_another_program_has_open_is_written_later(
    run, capsys, monkeypatch
):
    monkeypatch.setattr(folder_module, "PATIENCE", 0)
    full(monkeypatch, "checkpoint.npz", errno.EACCES, times=1)
    recipe = json.loads((run / "config.json").read_text())["recipe"]
    assert main(["train", "--resume", str(run), "--steps", "30", "--quiet"]) == 0
    err = capsys.readouterr().err
    assert "checkpoint.npz: Permission denied; the next checkpoint tries again" in err
    assert RunFolder.open(run).step() == 30 and recipe


def test_a_stop_in_the_middle_keeps_the_lock_free(tmp_path):
    folder = new(tmp_path / "run")
    with pytest.raises(Stopped):
        train(interrupted(points(), 3), folder)
    assert not list(folder.path.glob(".*"))

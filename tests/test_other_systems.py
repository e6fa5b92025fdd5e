"""Windows and macOS, as far as Linux can play them (see other_systems.py)."""

import errno
import os
import pathlib
import signal
import subprocess
import sys
import types

import numpy as np
import pytest
from PIL import Image

from tinygan.check.recipes import turns
from tinygan.cli import terminal
from tinygan.data.files.containers import Folder
from tinygan.parallel import mpi
from tinygan.runs import memory, provenance
from tinygan.userfile import load_module, read_source, source

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="it is played on Linux")
TESTS = pathlib.Path(__file__).parent

# A run from its beginning to its end, and all that an mpirun without mpi4py needs.
RUN = """
import os, sys
import other_systems
other_systems.{system}({arguments})
from tinygan import BackendError, plots
import pictures
from tinygan.cli.arguments import main
from tinygan.parallel import mpi

plots.picture, plots.plot_losses = pictures.small_picture, pictures.small_losses
small = ["--batch", "8", "--cores", "2", "--quiet"]
status = [
    main(["train", "mlp-ring", "--steps", "2", "--out", "run", *small]),
    main(["train", "--resume", "run", "--steps", "3", *small[2:]]),
    main(["train", "mlp-ring", "--steps", "2", "--out", "run", *small]),
    main(["sample", "run", "--n", "4", "--out", "a.png"]),
    main(["data", "pictures"]),
]
sys.modules["mpi4py"] = None
with mpi.obedient():
    try:
        os.environ["PMI_SIZE"] = "2"
        mpi.world()
    except BackendError as e:
        print(e)
print(status)
"""

# A lock whose process has ended, on a drive that has no locks.
STALE = """
import json, os, pathlib, socket, sys
import other_systems
other_systems.windows(locks=False)
from tinygan.runs.lock import NAME, Lock, TakenError

Lock(os.curdir).release()
print(os.listdir())
about = {"pid": 2**22 + 1, "host": socket.gethostname(), "since": "yesterday"}
pathlib.Path(NAME).write_text(json.dumps(about), "utf-8")
try:
    Lock(os.curdir)
except TakenError as e:
    print(e)
"""


def played(program: str, folder) -> str:
    """What a program prints, in a locale of ASCII."""
    environment = {k: v for k, v in os.environ.items() if k not in mpi.STARTED}
    paths = os.pathsep.join([str(TESTS), str(TESTS.parent)])
    environment |= {"PYTHONPATH": paths, "MPLBACKEND": "agg", "LC_ALL": "C"}
    environment |= {"PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    command = [sys.executable, "-c", program]
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, encoding="utf-8"
    )
    assert "Traceback" not in done.stderr and done.returncode == 0, done.stderr
    return done.stdout


def pictures_with_a_link(tmp_path) -> pathlib.Path:
    """A folder of a picture and of a link that leads out of it."""
    folder, elsewhere = tmp_path / "pictures", tmp_path / "elsewhere"
    for place in (folder, elsewhere):
        place.mkdir()
        Image.fromarray(np.zeros((4, 4, 3), np.uint8)).save(place / "a.png")
    (folder / "b.png").symlink_to(elsewhere / "a.png")
    (folder / "c.png").symlink_to(folder / "a.png")
    return folder


@pytest.mark.parametrize(
    "system, arguments", [("windows", ""), ("windows", "locks=False"), ("macos", "")]
)
def test_a_run_from_its_beginning_to_its_end(system, arguments, tmp_path):
    pictures_with_a_link(tmp_path)
    text = played(RUN.format(system=system, arguments=arguments), tmp_path)
    assert text.splitlines()[-1] == "[0, 0, 2, 0, 0]"  # 2: there is such a run
    assert "mpi4py cannot be used" in text
    run = {path.name for path in (tmp_path / "run").iterdir()}
    assert run >= {"checkpoint.npz", "config.json", "training.gif", "samples.png"}
    assert not [name for name in run if name.startswith(".")]  # no lock, no leftover
    assert (tmp_path / "a.png").stat().st_size > 0


def test_windows_does_not_tell_whether_a_process_has_ended(tmp_path):
    first, second = played(STALE, tmp_path).splitlines()
    assert first == "[]"
    assert "since yesterday; wait until" in second and "or delete" in second


def test_a_link_to_another_drive_leads_out_of_the_folder(tmp_path, monkeypatch):
    folder = Folder(pictures_with_a_link(tmp_path))

    def on_two_drives(paths):
        raise ValueError("Paths don't have the same drive")

    monkeypatch.setattr(os.path, "commonpath", on_two_drives)
    assert folder.names() == ["a.png", "c.png"]
    assert folder.left_out == [("b.png", "a link that leads out of the folder")]


def test_a_file_on_another_drive_is_named_in_full(monkeypatch):
    def on_two_drives(path):
        raise ValueError("path is on mount 'D:', start on mount 'C:'")

    here = os.path.abspath("mine.py")
    assert turns._from_here(here) == "mine.py"
    monkeypatch.setattr(os.path, "relpath", on_two_drives)
    assert turns._from_here(here) == here


def test_a_neighbour_is_found_by_its_very_name(tmp_path, monkeypatch):
    """A file system that takes Common.py for common.py as well."""
    (tmp_path / "mine.py").write_text("import common\nrecipe = common.x\n", "utf-8")
    (tmp_path / "Common.py").write_text("x = 1\n", "utf-8")

    def in_any_case(path):
        listed = os.listdir(path.parent) if path.parent.is_dir() else ()
        names = {name.casefold(): name for name in listed}
        return path.with_name(names.get(path.name.casefold(), path.name))

    exists, read = pathlib.Path.is_file, source.read_plain
    monkeypatch.setattr(pathlib.Path, "is_file", lambda p: exists(in_any_case(p)))
    monkeypatch.setattr(
        source, "read_plain", lambda path, most: read(in_any_case(path), most)
    )
    assert read_source(tmp_path / "mine.py").gather().files == {}
    (tmp_path / "Common.py").rename(tmp_path / "common.py")
    assert load_module(tmp_path / "mine.py").recipe == 1


def test_windows_has_another_word_for_a_pipe_without_reader(monkeypatch, capsys):
    error = OSError(errno.EINVAL, "Invalid argument")
    monkeypatch.setattr(terminal, "_lost", [error])
    assert terminal.final(0) == 1
    assert "cannot be written (Invalid argument)" in capsys.readouterr().err
    monkeypatch.setattr(terminal, "os", types.SimpleNamespace(name="nt"))
    assert terminal.final(0) == terminal.CLOSED
    assert capsys.readouterr().err == ""


def test_git_may_answer_in_another_encoding(monkeypatch):
    def git(command, **options):
        return subprocess.CompletedProcess(command, 0, b" M tinygan/\x81.py\n")

    monkeypatch.setattr(provenance.subprocess, "run", git)
    assert provenance._git("status") == "M tinygan/\N{REPLACEMENT CHARACTER}.py"


def test_a_system_without_a_limit_of_memory(monkeypatch):
    import resource

    known = memory._of_the_process()
    monkeypatch.delattr(resource, "RLIMIT_AS")
    assert memory._of_the_process() is None
    monkeypatch.setitem(sys.modules, "resource", None)
    assert memory._of_the_process() is None
    assert known is None or known > 0


def test_a_handler_that_is_not_of_python_is_no_error(monkeypatch):
    """A library of MPI may have set one. Python tells None for it."""
    before, seen = signal.getsignal(signal.SIGTERM), []
    monkeypatch.setattr(mpi.signal, "signal", lambda *call: seen.append(call))
    with mpi.obedient():
        assert {handler for _, handler in seen} == {signal.SIG_IGN}
        seen.clear()
    assert {handler for _, handler in seen} == {signal.SIG_DFL}
    assert signal.getsignal(signal.SIGTERM) is before


def test_the_pictures_are_replaced_while_nothing_has_them_open(tmp_path):
    """What `windows()` plays: it refuses to replace a file that is open."""
    program = """
import other_systems
other_systems.windows()
from tinygan.files import write_atomically
write_atomically("x", lambda file: file.write(b"1"))
with open("x", "rb"):
    try:
        write_atomically("x", lambda file: file.write(b"2"), patience=0)
    except PermissionError as e:
        print(e.filename)
write_atomically("x", lambda file: file.write(b"3"))
"""
    assert played(program, tmp_path) == "x\n"
    assert (tmp_path / "x").read_bytes() == b"3" and os.listdir(tmp_path) == ["x"]

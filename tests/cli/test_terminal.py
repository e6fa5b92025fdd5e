"""Output: into a code page, a closed pipe, a full disk, or nothing at all."""

import errno
import io
import os
import pathlib
import re
import signal
import subprocess
import sys

import pytest
from pictures import PROGRAM

import tinygan
from tinygan.cli import commands, terminal
from tinygan.cli.arguments import main

ROOT = pathlib.Path(tinygan.__file__).parent
COMMAND = [sys.executable, "-m", "tinygan"]
TRAIN = ["train", "mlp-ring", "--steps", "2", "--batch", "4", "--cores", "1"]
posix = pytest.mark.skipif(os.name != "posix", reason="descriptors are those of POSIX")
slow = pytest.mark.slow


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(ROOT.parent))
    return tmp_path


# Another code page


@pytest.mark.parametrize("code", ["cp1252", "ascii", "cp437", "shift_jis"])
def test_a_code_page_that_lacks_the_letters(monkeypatch, here, small_pictures, code):
    raw = io.BytesIO(), io.BytesIO()
    for name, buffer in zip(("stdout", "stderr"), raw, strict=True):
        stream = io.TextIOWrapper(buffer, code, errors="strict")
        monkeypatch.setattr(sys, name, stream)
    out = "\u0915\u8fd0\xe9"
    assert main([*TRAIN, "--quiet", "--out", out]) == 0
    assert main([*TRAIN, "--quiet", "--out", out]) == 2
    assert sys.stdout.errors == "strict"
    assert r"\u0915" in raw[0].getvalue().decode(code)
    assert r"\u0915" in raw[1].getvalue().decode(code)
    assert os.listdir(here) == [out]


def test_a_code_page_of_a_process(here):
    environment = {**os.environ, "PYTHONIOENCODING": "ascii:strict"}
    command = [*COMMAND, "sample", "\u8fd0"]
    done = subprocess.run(command, env=environment, capture_output=True)
    assert done.returncode == 2
    assert rb"\u8fd0: expected" in done.stderr and b"Traceback" not in done.stderr


# No stdout, no stderr


@pytest.mark.parametrize("missing", [["stdout"], ["stderr"], ["stdout", "stderr"]])
def test_without_streams_the_work_is_done(monkeypatch, here, small_pictures, missing):
    for name in missing:
        monkeypatch.setattr(sys, name, None)
    assert main([*TRAIN, "--out", "run"]) == 0
    assert main(["evaluate", "run", "--n", "20"]) == 0
    assert main(["evaluate", "nowhere"]) == 2
    assert [getattr(sys, name) for name in missing] == [None] * len(missing)
    assert (here / "run" / "training.gif").exists()


@posix
@pytest.mark.parametrize(
    "closed",
    [">&- 2>&- <&-", *(pytest.param(one, marks=slow) for one in (">&-", "2>&-"))],
)
def test_closed_descriptors_are_not_taken_by_files(here, closed):
    line = " ".join([*PROGRAM, *TRAIN, "--out", "run", closed])
    assert subprocess.run(line, shell=True).returncode == 0
    for name in ("config.json", "metrics.jsonl"):
        text = (here / "run" / name).read_text()
        assert text.startswith("{") and "steps into" not in text


# A closed pipe, a full disk


@posix
@pytest.mark.parametrize(
    "arguments",
    [[*COMMAND, "recipes"], [*COMMAND, "theory"], [*PROGRAM, *TRAIN, "--out", "run"]],
)
def test_a_pipe_that_is_closed_ends_it_quietly(arguments):
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(arguments, stdout=write, stderr=subprocess.PIPE)
    os.close(write)
    assert done.returncode == terminal.CLOSED == 128 + signal.SIGPIPE
    assert b"Error" not in done.stderr and b"Exception" not in done.stderr


@posix
def test_a_bar_whose_pipe_is_closed_does_not_end_a_run(here):
    read, write = os.pipe()
    os.close(read)
    command = [*PROGRAM, *TRAIN, "--out", "run"]
    done = subprocess.run(command, stderr=write, stdout=subprocess.PIPE)
    os.close(write)
    assert b"look at run" in done.stdout
    assert (here / "run" / "training.gif").exists()


class Full(io.StringIO):
    """A file on a full disk."""

    def write(self, text):
        raise OSError(errno.ENOSPC, "No space left on device")


def test_output_on_a_full_disk_is_told(monkeypatch, capsys):
    monkeypatch.setattr(sys, "stdout", Full())
    assert main(["recipes"]) == 1
    expected = "tinygan: the output cannot be written (No space left on device)\n"
    assert capsys.readouterr().err == expected
    monkeypatch.setattr(sys, "stderr", Full())
    assert main(["sample", "nowhere"]) == 2


def test_a_stream_that_was_closed_changes_nothing(monkeypatch):
    stream = io.StringIO()
    stream.close()
    monkeypatch.setattr(sys, "stdout", stream)
    monkeypatch.setattr(sys, "stderr", stream)
    assert main(["recipes"]) == 1


@pytest.mark.parametrize("progress", [True, False])
@pytest.mark.parametrize("stream", ["none", "closed", "full"])
def test_the_library_trains_without_a_stderr(
    monkeypatch, here, small_pictures, progress, stream
):
    from tinygan import recipes
    from tinygan.runs.folder import RunFolder
    from tinygan.runs.run import Run
    from tinygan.runs.train import train

    stderr = {"none": None, "closed": io.StringIO(), "full": Full()}[stream]
    if stream == "closed":
        stderr.close()
    options = {"steps": 2, "batch": 4}
    run = Run(recipes.build(recipes.find("mlp-ring"), options), cores=1)
    folder = RunFolder.create("run", {"recipe": "mlp-ring", "options": options})
    monkeypatch.setattr(sys, "stderr", stderr)
    train(run, folder, progress=progress)
    assert run.step == 2 and (here / "run" / "training.gif").exists()


# Interrupts


@pytest.mark.parametrize(
    "command", [["recipes"], ["train"], ["sample", "x"], ["evaluate", "x"], ["check"]]
)
def test_an_interrupt_ends_every_command_in_one_sentence(monkeypatch, capsys, command):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    for name in ("find", "names"):
        monkeypatch.setattr(f"tinygan.recipes.{name}", interrupted)
    monkeypatch.setattr("tinygan.runs.folder.RunFolder.open", interrupted)
    monkeypatch.setattr("tinygan.check.builtin_rows", interrupted)
    assert main(command) == 130
    assert capsys.readouterr().err == "tinygan: interrupted\n"


@posix
def test_an_interrupted_process_has_no_traceback(here):
    (here / "endless.py").write_text(
        "print('going', flush=True)\nwhile True:\n    pass\n"
    )
    with subprocess.Popen(
        [*COMMAND, "check", "endless.py"],
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout.readline() == b"going\n"
        process.send_signal(signal.SIGINT)
        try:
            process.wait(timeout=60)
        finally:
            process.kill()
        assert process.stderr.read() == b"tinygan: interrupted\n"
    assert process.returncode == 130


# Names from files


def test_lines_have_no_control_characters(capsys):
    terminal.say("  a\x1b[31m\tb\n\u202e")
    assert capsys.readouterr().out == "  a\\x1b[31m b \\u202e\n"


def test_all_commands_print_through_the_terminal():
    for path in sorted((ROOT / "cli").glob("*.py")):
        found = re.findall(r"(?<![\w.])print\(", path.read_text("utf-8"))
        assert len(found) == (path.name == "terminal.py"), path.name
    assert commands.say is terminal.say


def test_a_warning_is_one_line(capsys):
    import warnings

    with warnings.catch_warnings(), terminal.any_terminal():
        warnings.simplefilter("always")
        warnings.warn("a\x1b[31m\nb", UserWarning, stacklevel=1)
    assert capsys.readouterr().err == "tinygan: UserWarning: a\\x1b[31m b\n"

"""How the code blocks of the book are run, by Sybil, inside pytest.

    ```python     is executed; a page's blocks share one namespace, in its order. One
                  that begins with a line `# NAME.py` is saved under that name as well
    ```pycon      is a doctest, in the same namespace
    ```console    lines `$ tinygan ...` run in a folder of the page's own, and what
                  stands below one must be what it prints; "..." stands for anything

Other kinds show no code: text, math, figures, included source.
"""

import contextlib
import doctest
import io
import os
import pathlib
import re
import shlex
import sys
import tempfile

import pytest
from pictures import draw_small_pictures
from sybil import Sybil
from sybil.evaluators.python import PythonEvaluator
from sybil.parsers.myst import CodeBlockParser, PythonCodeBlockParser

from tinygan.cli import arguments as cli

ROOT = pathlib.Path(__file__).parents[2]
FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


def sybil() -> Sybil:
    """What collects and runs the blocks of all pages."""
    return Sybil(
        parsers=[
            saving(PythonCodeBlockParser(doctest_optionflags=FLAGS)),
            CodeBlockParser("console", run_console),
            Pycon(),
        ],
        path=str(ROOT / "docs"),
        patterns=["*.md"],
        excludes=["_build/*"],
        setup=enter,
        teardown=leave,
    )


def saving(parser):
    """A parser of Python whose blocks with a name are files, too."""

    def parse(document):
        for region in parser(document):
            name = re.match(r"# (\w+\.py)\n", region.parsed)
            if name:
                region.evaluator = saved(name[1], region.evaluator)
            yield region

    return parse


def saved(name: str, evaluate):
    """What saves an example under a name, then evaluates it."""

    def save_and_evaluate(example):
        pathlib.Path(name).write_text(example.parsed, "utf-8")
        evaluate(example)

    return save_and_evaluate


def enter(namespace: dict) -> None:
    """Each page has an empty folder of its own, where its commands run, and from which
    its blocks import files.
    """
    namespace["_home"], namespace["_modules"] = os.getcwd(), set(sys.modules)
    namespace["_folder"] = tempfile.TemporaryDirectory()
    os.chdir(namespace["_folder"].name)
    sys.path.insert(0, namespace["_folder"].name)


def leave(namespace: dict) -> None:
    """Back to where the tests run, without the files of the page."""
    folder = namespace["_folder"].name
    sys.path.remove(folder)
    for name in set(sys.modules) - namespace["_modules"]:
        if str(getattr(sys.modules[name], "__file__", "")).startswith(folder):
            del sys.modules[name]
    os.chdir(namespace["_home"])
    namespace["_folder"].cleanup()


class Pycon(PythonCodeBlockParser):
    """The parser of blocks of >>> lines: each line of them is an example."""

    def __init__(self):
        super().__init__(doctest_optionflags=FLAGS)
        self.codeblock_parser = CodeBlockParser("pycon", PythonEvaluator())


def run_console(example) -> None:
    """Each `$ ` line in turn, and what it prints against the lines below it."""
    for command, expected in commands(example.parsed):
        printed = run(command)
        if expected and not doctest.OutputChecker().check_output(
            expected, printed, FLAGS
        ):
            raise AssertionError(f"$ {command}\n{printed}\ninstead of\n{expected}")


def commands(block: str) -> list[tuple[str, str]]:
    """(command, what it prints) for each `$ ` line of a block."""
    found: list[list[str]] = []
    for line in block.splitlines():
        if line.startswith("$ "):
            found.append([line[2:], ""])
        elif found:
            found[-1][1] += line + "\n"
        else:
            raise AssertionError(f"a console block begins with '$ ', not {line!r}")
    return [(command, text) for command, text in found]


def run(command: str) -> str:
    """What a command prints. Those that install are .ci/run's to run: here they must
    be among its lines, or the README's.
    """
    words = shlex.split(command, comments=True)
    if words[0] != "tinygan":
        known = [(ROOT / name).read_text() for name in (".ci/run", "README.md")]
        assert any(command in text for text in known), f"nobody runs {command!r}"
        return ""
    out = io.StringIO()
    with (
        pytest.MonkeyPatch.context() as monkeypatch,
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(io.StringIO()),
    ):
        if words[1] == "train":  # drawing takes most of the time of a few steps
            draw_small_pictures(monkeypatch)
        try:
            status = cli.main(words[1:])
        except SystemExit as e:
            status = e.code or 0
    assert status == 0, f"{command!r} ended with status {status}: {out.getvalue()}"
    return out.getvalue()

"""Make one change after another in a copy of the project, and see what notices it."""

import contextlib
import dataclasses
import importlib.util
import os
import pathlib
import queue
import random
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from .changes import Change, changes_of
from .relevant import ROOT, certified, changed_files, tests_of

SEED = 7
COPIED = ("tinygan", "tests", "docs", "benchmarks", "setup.cfg", "pyproject.toml")
PATIENCE = 10.0  # times the seconds that a command takes if nothing fails
LEAST = 120.0  # seconds that a command has in any case
UNKNOWN = 180.0  # seconds that a command is thought to take before it has succeeded
VERDICTS = ("check", "tests", "timed out", "survived", "equivalent")
ENVIRONMENT = {
    "OPENBLAS_NUM_THREADS": "1",
    "MPLBACKEND": "agg",
    "TINYGAN_PROFILE": "mutants",
}


@dataclasses.dataclass
class Result:
    """What noticed a mutant: one of VERDICTS, and how that was said."""

    number: int
    change: Change
    verdict: str
    by: str = ""
    seconds: float = 0.0


def drawn(seed: int = SEED, only: str | None = None) -> list[Change]:
    """All changes, or those of one file, in an order that the seed draws."""
    files = changed_files() if only is None else [only]
    found = [c for f in files for c in changes_of(f, (ROOT / f).read_text("utf-8"))]
    return random.Random(seed).sample(found, len(found))


def equivalent() -> dict[tuple[str, str, str], str]:
    """The changes that nothing can notice, and why: (file, was, becomes) -> why."""
    path = pathlib.Path(__file__).with_name("equivalent.toml")
    entries = tomllib.loads(path.read_text("utf-8"))["change"]
    return {(e["file"], e["was"], e["becomes"]): e["why"] for e in entries}


def key(change: Change) -> tuple[str, str, str]:
    """What a change is known by. A line's number is not: it moves."""
    return change.file, change.was, change.becomes


class Copy:
    """A copy of the project, in which one mutant after another lives."""

    def __init__(self, folder: str):
        self.root = pathlib.Path(folder)
        self.usual: dict[str, float] = {}  # seconds of a command that succeeded
        for name in COPIED:
            if (ROOT / name).is_dir():
                skipped = shutil.ignore_patterns("__pycache__", "_build", "runs-*")
                shutil.copytree(ROOT / name, self.root / name, ignore=skipped)
            elif (ROOT / name).exists():
                shutil.copy(ROOT / name, self.root / name)

    def judge(self, number: int, change: Change) -> Result:
        """What notices a change: `tinygan check`, or the first test that fails."""
        commands = [
            ("check", [sys.executable, "-m", "tinygan", *ask])
            for ask in certified(change.file)
        ]
        commands += [("tests", pytest(tests)) for tests in tests_of(change.file)]
        begun = time.monotonic()
        for kind, command in commands:
            with self.changed(change):
                status, said = self.run(command)
            if status != 0:
                self.unchanged(command)
                verdict = "timed out" if status is None else kind
                return Result(number, change, verdict, said, time.monotonic() - begun)
        return Result(number, change, "survived", "", time.monotonic() - begun)

    @contextlib.contextmanager
    def changed(self, change: Change) -> Iterator[None]:
        """The file with the change, and then as it was."""
        path = self.root / change.file
        source = path.read_text("utf-8")
        compiled = pathlib.Path(importlib.util.cache_from_source(str(path)))
        try:
            path.write_text(change.applied(source), "utf-8")
            compiled.unlink(missing_ok=True)  # it may be as old and as long as the new
            yield
        finally:
            path.write_text(source, "utf-8")
            compiled.unlink(missing_ok=True)

    def unchanged(self, command: list[str]) -> None:
        """A failure tells something only of a command that can succeed."""
        if " ".join(command) not in self.usual:
            status, said = self.run(command)
            if status != 0:
                raise RuntimeError(f"without a change, {' '.join(command)}: {said}")

    def run(self, command: list[str]) -> tuple[int | None, str]:
        """(the status, or None after far too long; the line that tells why)."""
        begun, name = time.monotonic(), " ".join(command)
        limit = LEAST + PATIENCE * self.usual.get(name, UNKNOWN)
        places = [str(self.root), str(self.root / "tests")]
        env = {**os.environ, **ENVIRONMENT, "PYTHONPATH": os.pathsep.join(places)}
        process = subprocess.Popen(
            command,
            cwd=self.root,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        try:
            out, _ = process.communicate(timeout=limit)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, 9)
            process.communicate()
            return None, f"{limit:.0f} s"
        if process.returncode == 0:
            self.usual[name] = time.monotonic() - begun
        lines = out.splitlines() or [""]
        told = [line for line in lines if line.startswith(TELLING)]
        return process.returncode, (told or lines[-1:])[0]


TELLING = ("FAILED", "FAILS", "ERROR")  # how a line begins that tells what failed


def pytest(tests: str) -> list[str]:
    """The command that runs a file of tests, or a folder, up to the first failure."""
    options = ["-x", "-q", "-p", "no:cacheprovider", "-p", "tests.mutants.plugin"]
    options += ["--ignore=tests/mutants", "-m", "not slow"]
    return [sys.executable, "-m", "pytest", *options, tests]


def campaign(numbers, changes: list[Change], jobs: int = 1) -> Iterator[Result]:
    """The results of some mutants, by their numbers, as they come."""
    known = equivalent()
    copies: queue.SimpleQueue[Copy] = queue.SimpleQueue()

    def one(number: int) -> Result:
        change = changes[number]
        if key(change) in known:
            return Result(number, change, "equivalent", known[key(change)])
        place = copies.get()
        try:
            return place.judge(number, change)
        finally:
            copies.put(place)

    with tempfile.TemporaryDirectory(prefix="tinygan_mutants_") as folder:
        for job in range(jobs):
            copies.put(Copy(os.path.join(folder, str(job))))
        with ThreadPoolExecutor(jobs) as pool:
            yield from pool.map(one, numbers)


def summary(results: list[Result]) -> list[str]:
    """How many were killed, as lines of text; those that live come first."""
    count = dict.fromkeys(VERDICTS, 0)
    for result in results:
        count[result.verdict] += 1
    live = [r for r in results if r.verdict == "survived"]
    lines = [f"survived, number {r.number}: {r.change}" for r in live]
    lines += [f"{kind:<11}{count[kind]:>5}" for kind in VERDICTS]
    judged = len(results) - count["equivalent"]
    killed = judged - count["survived"]
    share = 100 * killed / judged if judged else 100.0
    return [
        *lines,
        f"killed {killed} of {judged} that are not equivalent: {share:.1f} %",
    ]

"""A run's folder on the disk: write it, and read it back.

    config.json       the recipe, its options, the data, the machine and the versions
    recipe.py         a copy of the recipe, and recipe/ of the files that it imports
    metrics.jsonl     one line per log interval: step, means of V, J, D(x), D(G(z)), P;
                      forty lines also have measures of the samples
    samples/          pictures of G(z) for the same z, as training goes
    samples.png       the last picture
    health.txt        what is wrong with the run, in sentences (health.py), if anything
    losses.png        the curves of metrics.jsonl
    training.gif      the film of samples/
    report.html       all of it as one page (report/)
    checkpoint.npz    everything needed to go on (checkpoint.py)
    .tinygan.lock     only while a process trains the run (lock.py)

To resume a run, only config.json and checkpoint.npz are needed, and recipe.py if the
file of a user's own recipe has moved. A run begins with the checkpoint of step 0, so it
can be resumed whenever it is ended. A folder without a checkpoint holds no more than
the beginning of a run, which may begin again.
"""

import contextlib
import json
import os
import pathlib
import reprlib
import time

import numpy as np

from ..errors import CheckpointError, InputError
from ..files import naming, write_atomically
from .checkpoint import load_checkpoint, read_manifest, save_checkpoint
from .drawing import Drawing
from .frames import frames
from .health import Health
from .lock import NAME as LOCK
from .lock import Lock
from .media import medium_of
from .medium import Medium, Shown
from .metrics import read_rows, seconds_of
from .notes import tell
from .owned import (
    CHECKPOINT,
    CONFIG,
    DRAWN,
    HEALTH,
    METRICS,
    REPORT,
    SAMPLES,
    expect_room,
    refuse_own_files,
    remove_leftovers,
)
from .settings import read_config

PATIENCE = 10.0  # seconds to wait for a program that has the checkpoint open (Windows)


class RunFolder:
    """The folder at `path`. Call `create` for a new run, `open` for an earlier run."""

    def __init__(self, path, config: dict):
        self.path, self.config = pathlib.Path(path), config
        self.metrics = self.path / METRICS
        self.checkpoint = self.path / CHECKPOINT
        self.begun = time.monotonic()
        self.lock: Lock | None = None
        self.health = Health(config.get("game"))
        self.drawing = Drawing(self.path)

    @classmethod
    def create(cls, path, config: dict) -> "RunFolder":
        """Make a folder and lock it, so that this process can train in it.

        A folder that exists is taken if it holds no file that a run would overwrite.
        InputError if it holds a run or such a file, or cannot be written. TakenError,
        which names the process, if another process trains in it.
        """
        folder = cls(path, config)
        refuse_own_files(folder.path)
        with _writable(folder.path):
            folder.path.mkdir(parents=True, exist_ok=True)
            if not (folder.path / LOCK).exists():
                expect_room(folder.path)  # before anything is written into it
            folder.hold()
            try:
                expect_room(folder.path)
                remove_leftovers(folder.path)
                folder.write_config()
            except BaseException:
                folder.let_go()
                raise
        return folder

    @classmethod
    def open(cls, path, hold: bool = False) -> "RunFolder":
        """The folder of an earlier run; with `hold`, locked for this process to train.

        InputError if `path` holds no run. TakenError if another process trains it.
        """
        folder = cls(path, {})
        if hold and os.path.exists(folder.path / CONFIG):  # a long name is none
            folder.hold()
        try:
            folder.config = read_config(folder.path)
        except BaseException:
            folder.let_go()
            raise
        return folder

    # One folder, one process.

    def hold(self) -> None:
        """Lock the folder until `let_go`. TakenError if another process has the lock,
        InputError if the folder cannot be written.
        """
        if not self.is_held:
            with _writable(self.path):
                self.lock = Lock(self.path)

    def let_go(self) -> None:
        """Unlock the folder."""
        if self.lock is not None:
            self.lock.release()

    @property
    def is_held(self) -> bool:
        """True if this process has locked the folder through this object."""
        return self.lock is not None and self.lock.release.alive

    @contextlib.contextmanager
    def held(self):
        """A context in which the folder is locked. Afterwards it is not."""
        self.hold()
        try:
            yield self
        finally:
            self.let_go()

    def write_config(self) -> None:
        """Write config.json."""
        text = json.dumps(self.config, indent=2) + "\n"
        write_atomically(self.path / CONFIG, lambda file: file.write(text.encode()))

    # During training.

    def begin(self, facts: dict) -> None:
        """Write a log without rows, and forget what an earlier beginning has left. The
        facts of the game go into config.json.
        """
        remove_leftovers(self.path)
        self.config["game"] = facts
        self.write_config()
        self._write_rows([])
        self._watch([])

    def log(self, row: dict) -> None:
        """Append a row, and the seconds since the run began, to metrics.jsonl."""
        seconds = round(time.monotonic() - self.begun, 3)
        line = json.dumps({**row, "seconds": seconds}) + "\n"
        with naming(self.metrics), open(self.metrics, "ab") as file:
            file.write(line.encode())
        found = self.health.see(json.loads(line))
        for finding in found:
            tell(finding.sentence)
        if found:
            self._write_findings()

    def picture(self, medium: Medium, shown: Shown) -> None:
        """Write a picture of a run's samples into samples/, and as samples.png. If that
        is not possible, a note on stderr says so, and the run goes on.
        """
        self.drawing.picture(medium, shown)

    def save_checkpoint(self, state: dict) -> None:
        """Write the state that Run.state() gave, in place of the old checkpoint."""
        manifest = {"step": int(state["step"]), "recipe": self.config["recipe"]}
        source = self.config.get("source") or {}
        facts = {"run": self.config.get("run"), "source": source.get("sha256")}
        manifest |= {name: fact for name, fact in facts.items() if fact is not None}
        save_checkpoint(self.checkpoint, state, manifest, PATIENCE)

    def finish(self, run, only=("losses.png", "training.gif")) -> None:
        """Draw losses.png and training.gif, or only these pictures. OSError, after all
        were tried, if one cannot be written.
        """
        self.drawing.finish(run, self.metrics, only)

    def report(self) -> None:
        """Write report.html. If that fails, a note on stderr says so."""
        self.drawing.report()

    # When a run is resumed.

    def load_checkpoint(self, like: dict) -> dict[str, np.ndarray]:
        """The checkpoint's arrays for the names, shapes and dtypes of `like`."""
        expected = {k: (a.shape, a.dtype) for k, a in like.items()}
        arrays, _ = load_checkpoint(self.checkpoint, expected)
        return arrays

    def step(self) -> int:
        """The step of the checkpoint; CheckpointError if there is none."""
        step = read_manifest(self.checkpoint).get("step")
        if type(step) is not int or step < 0:
            raise CheckpointError(
                f"{self.checkpoint}: expected a step, found {reprlib.repr(step)}"
            )
        return step

    def undrawn(self) -> list[str]:
        """The pictures that are missing or older than the checkpoint, because the run
        was ended while it drew them: samples.png, losses.png, training.gif; and the
        report. A run of an earlier version has none.
        """
        names = (*DRAWN, REPORT) if "game" in self.config else DRAWN
        return self.drawing.missing(self.checkpoint, names)

    def rewind(self, run) -> None:
        """Make the folder that of an unbroken run at `run.step`, the checkpoint's step.

        Rows and pictures from after this step will be written again, so they go now. So
        do the row and the picture that were made because the run was stopped, and what
        was half written when it was ended.
        """
        e, step = run.experiment, run.step
        remove_leftovers(self.path)
        unbroken = step if step >= e.steps else step - step % e.log_every
        rows, bad = read_rows(self.metrics, unbroken)
        if bad:
            lines = ", ".join(map(str, bad[:5])) + (" ..." if bad[5:] else "")
            tell(f"{self.metrics}: expected a row of JSON, found none in line {lines}")
        self.begun = time.monotonic() - seconds_of(rows)
        self._write_rows(rows)
        self._watch(rows)
        due = step % e.picture_every == 0 or step >= e.steps
        for at, frame in frames(self.path):
            if at > step or (at == step and not due):
                with contextlib.suppress(OSError):  # then it is drawn over
                    frame.unlink()
        if due and not (self.path / SAMPLES / f"{step:07d}.png").exists():
            self.picture(medium_of(e), run.shown())

    def _watch(self, rows: list[dict]) -> None:
        """Watch the health of a run that has these rows already."""
        self.health = Health(self.config.get("game"))
        for row in rows:
            self.health.see(row)
        self._write_findings()

    def _write_findings(self) -> None:
        """Write health.txt, or remove it. The run does not depend on it."""
        path, found = self.path / HEALTH, self.health.findings
        text = "".join(f"{finding.sentence}\n" for finding in found).encode()
        try:
            if text:
                write_atomically(path, lambda file: file.write(text))
            else:
                path.unlink(missing_ok=True)
        except OSError as e:
            tell(f"{path}: {e.strerror or e}; it is left out")

    def _write_rows(self, rows: list[dict]) -> None:
        text = "".join(json.dumps(row) + "\n" for row in rows)
        write_atomically(self.metrics, lambda file: file.write(text.encode()))


@contextlib.contextmanager
def _writable(path):
    """Within this context an OSError becomes an InputError that names the folder."""
    try:
        yield
    except OSError as e:
        why = e.strerror or e
        raise InputError(f"{path}: cannot be written as a folder ({why})") from e

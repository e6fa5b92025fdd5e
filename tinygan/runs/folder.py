"""A run's folder on the disk: write it, and read it back.

    config.json       the recipe, its options, the machine and the versions
    metrics.jsonl     one line per log interval: step, means of V, J, D(x), D(G(z)), P;
                      forty lines also have measures of the samples
    samples/          pictures of G(z) for the same z, as training goes
    samples.png       the last picture
    losses.png        the curves of metrics.jsonl
    training.gif      the film of samples/
    checkpoint.npz    everything needed to go on (checkpoint.py)

To resume a run, only config.json and checkpoint.npz are needed.
"""

import json
import pathlib
import re
import reprlib
import time

import numpy as np

from .. import plots
from ..errors import CheckpointError, InputError
from ..files import write_atomically
from .checkpoint import load_checkpoint, read_manifest, save_checkpoint
from .metrics import read_rows, seconds_of
from .settings import read_config


class RunFolder:
    """The folder at `path`. Call `create` for a new run, `open` for an earlier run."""

    def __init__(self, path, config: dict):
        self.path, self.config = pathlib.Path(path), config
        self.metrics = self.path / "metrics.jsonl"
        self.checkpoint = self.path / "checkpoint.npz"
        self.begun = time.monotonic()

    @classmethod
    def create(cls, path, config: dict) -> "RunFolder":
        """Make a folder. InputError if it holds a run already or cannot be written."""
        path = pathlib.Path(path)
        try:
            if (path / "config.json").exists():
                raise InputError(
                    f"{path}: holds a run already; choose another --out, or go on with "
                    f"it by tinygan train --resume {path}"
                )
            (path / "samples").mkdir(parents=True, exist_ok=True)
            folder = cls(path, config)
            folder.write_config()
            folder.metrics.write_bytes(b"")
        except OSError as e:
            why = e.strerror or e
            raise InputError(f"{path}: cannot be written as a folder ({why})") from e
        return folder

    @classmethod
    def open(cls, path) -> "RunFolder":
        """The folder of an earlier run. InputError if `path` holds no run."""
        return cls(path, read_config(path))

    def write_config(self) -> None:
        """Write config.json."""
        text = json.dumps(self.config, indent=2) + "\n"
        write_atomically(
            self.path / "config.json", lambda file: file.write(text.encode())
        )

    # During training.

    def log(self, row: dict) -> None:
        """Append a row, and the seconds since the run began, to metrics.jsonl."""
        seconds = round(time.monotonic() - self.begun, 3)
        with open(self.metrics, "a", encoding="utf-8") as file:
            file.write(json.dumps({**row, "seconds": seconds}) + "\n")

    def picture(self, run) -> None:
        """Write a picture of the run's samples into samples/, and as samples.png."""
        is_image = len(run.experiment.shape) == 3
        samples, columns = run.picture_samples(100 if is_image else 1000)
        real = None if is_image else run.game.real_samples(1000)
        pixels = plots.picture(samples, real, f"step {run.step}", columns)
        (self.path / "samples").mkdir(exist_ok=True)
        plots.save_png(self.path / "samples" / f"{run.step:07d}.png", pixels)
        plots.save_png(self.path / "samples.png", pixels)

    def save_checkpoint(self, state: dict) -> None:
        """Write the state that Run.state() gave, in place of the old checkpoint."""
        manifest = {"step": int(state["step"]), "recipe": self.config["recipe"]}
        save_checkpoint(self.checkpoint, state, manifest)

    def finish(self, run) -> None:
        """Draw losses.png and training.gif."""
        rows, _ = read_rows(self.metrics)
        plots.plot_losses(self.path / "losses.png", rows, run.game.curves)
        frames = sorted((self.path / "samples").glob("*.png"))
        plots.save_gif(self.path / "training.gif", frames)

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

    def forget_after(self, step: int) -> None:
        """Delete what was written after `step`, or half written when the run ended."""
        for leftover in self.path.rglob("*.tmp"):
            leftover.unlink()
        for frame in (self.path / "samples").glob("*.png"):
            if re.fullmatch("[0-9]{1,18}", frame.stem) and int(frame.stem) > step:
                frame.unlink()
        rows, _ = read_rows(self.metrics)
        kept = [row for row in rows if row["step"] <= step]
        self.begun = time.monotonic() - seconds_of(kept)
        text = "".join(json.dumps(row) + "\n" for row in kept)
        write_atomically(self.metrics, lambda file: file.write(text.encode()))

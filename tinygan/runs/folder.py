"""A run's folder on the disk: write it, and read it back.

    config.json       the recipe, its options, the data, the machine and the versions
    recipe.py         a copy of the recipe, and recipe/ of the files that it imports
    metrics.jsonl     one line per log interval: step, means of V, J, D(x), D(G(z)), P;
                      forty lines also have measures of the samples
    samples/          pictures of G(z) for the same z, as training goes
    samples.png       the last picture
    losses.png        the curves of metrics.jsonl
    training.gif      the film of samples/
    checkpoint.npz    everything needed to go on (checkpoint.py)

To resume a run, only config.json and checkpoint.npz are needed; and recipe.py, if the
recipe is a user's own and its file has moved.
"""

import json
import pathlib
import time

import numpy as np

from .. import plots
from ..errors import CheckpointError, InputError
from ..files import read_plain, write_atomically
from .checkpoint import load_checkpoint, read_manifest, save_checkpoint

MOST = 1 << 22  # bytes of config.json
OWN = ("config.json", "metrics.jsonl", "checkpoint.npz", "samples", "samples.png")
OWN += ("losses.png", "training.gif", "recipe.py", "recipe", "generated.png")


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
        path = pathlib.Path(path)
        try:
            text = read_plain(path / "config.json", MOST)
            config = json.loads(text.decode("utf-8"))
            if not isinstance(config["recipe"], str):
                raise TypeError("its recipe is not a name")
            if not isinstance(config["options"], dict):
                raise TypeError("its options are not a table")
        except OSError as e:
            raise InputError(
                f"{path}: expected a run's folder with a config.json, found none "
                f"({e.strerror})"
            ) from e
        except (ValueError, KeyError, TypeError, RecursionError) as e:
            raise InputError(
                f"{path / 'config.json'}: expected a run's settings as JSON, found "
                f"something else ({e})"
            ) from e
        return cls(path, config)

    def refuse_links(self) -> None:
        """InputError if a file of the run is a link out of its folder. What is read
        or written there would be another file.
        """
        root = self.path.resolve()
        for name in OWN:
            path = self.path / name
            if path.is_symlink() and not path.resolve().is_relative_to(root):
                raise InputError(
                    f"{path}: expected a file of this run, found a link out of its "
                    "folder; say --trust if you made it"
                )

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
        source = self.config.get("source") or {}
        facts = {"run": self.config.get("run"), "source": source.get("sha256")}
        manifest |= {name: fact for name, fact in facts.items() if fact is not None}
        save_checkpoint(self.checkpoint, state, manifest)

    def finish(self, run) -> None:
        """Draw losses.png and training.gif."""
        plots.plot_losses(self.path / "losses.png", self.metrics, run.game.curves)
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
        if not isinstance(step, int):
            raise CheckpointError(f"{self.checkpoint}: expected a step, found {step!r}")
        return step

    def forget_after(self, step: int) -> None:
        """Delete what was written after `step`, or half written when the run ended."""
        for leftover in self.path.rglob("*.tmp"):
            leftover.unlink()
        for frame in (self.path / "samples").glob("*.png"):
            if frame.stem.isdigit() and int(frame.stem) > step:
                frame.unlink()
        kept = []
        if self.metrics.exists():
            for line in self.metrics.read_text("utf-8", "replace").splitlines():
                try:
                    row = json.loads(line)
                    if row["step"] > step:
                        break
                except (ValueError, KeyError, TypeError):
                    break  # the last line of a run that was killed
                kept.append(line + "\n")
                self.begun = time.monotonic() - row.get("seconds", 0.0)
        text = "".join(kept)
        write_atomically(self.metrics, lambda file: file.write(text.encode()))

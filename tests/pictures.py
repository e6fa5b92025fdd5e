"""Small pictures for tests of runs: a figure takes most of a short run's time.

As a program, `python pictures.py train ...` is `python -m tinygan train ...` with small
pictures, for the tests of what a process does.
"""

import runpy
import sys

import numpy as np

from tinygan import plots

PROGRAM = [sys.executable, __file__]


def small_picture(samples, *_) -> np.ndarray:
    """The bytes of a sample as 4x4 pixels, in place of `plots.picture`."""
    return np.resize(np.frombuffer(samples[:1].tobytes(), np.uint8), (4, 4, 3))


def small_losses(path, *_) -> None:
    """Save a blank picture of 4x4 pixels, in place of `plots.plot_losses`."""
    plots.save_png(path, np.zeros((4, 4, 3), np.uint8))


def draw_small_pictures(monkeypatch) -> None:
    """A run draws 4x4 pixels in place of each of its figures."""
    monkeypatch.setattr(plots, "picture", small_picture)
    monkeypatch.setattr(plots, "plot_losses", small_losses)


if __name__ == "__main__":
    plots.picture, plots.plot_losses = small_picture, small_losses
    runpy.run_module("tinygan", run_name="__main__", alter_sys=True)

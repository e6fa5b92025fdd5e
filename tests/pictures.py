"""Small pictures for tests of runs: a figure takes most of a short run's time."""

import numpy as np

from tinygan import plots


def draw_small_pictures(monkeypatch) -> None:
    """A run draws a blank picture of 4x4 pixels in place of each of its figures."""
    blank = np.zeros((4, 4, 3), np.uint8)
    monkeypatch.setattr(plots, "picture", lambda *_: blank)
    monkeypatch.setattr(plots, "plot_losses", lambda p, *_: plots.save_png(p, blank))

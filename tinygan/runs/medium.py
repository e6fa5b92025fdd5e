"""How the samples of a run are shown and written: images and points as pictures.

hearing.py does the same for sounds, and writing.py for text. media.py finds the medium
of an experiment.
"""

import pathlib

import numpy as np

from .. import plots
from ..measures import cheap_measures
from .trainable import Trainable

ARRAYS = ".npy", ".npz"


class Medium:
    """Images and points, as pictures. A subclass shows samples of another kind."""

    suffixes: tuple[str, ...] = (".png", *ARRAYS)
    expected = "a name ending in .png, .npy or .npz"
    default = "generated.png"  # the file of `tinygan sample` in the run's folder

    def __init__(self, experiment: Trainable):
        self.experiment = experiment

    def drawn(self, run, title: str) -> tuple[np.ndarray, dict[str, bytes]]:
        """(the picture of a run's samples, {name of another file: its bytes})."""
        is_image = len(self.experiment.shape) == 3
        samples, columns = run.picture_samples(100 if is_image else 1000)
        real = None if is_image else run.game.real_samples(1000)
        return plots.picture(samples, real, f"step {run.step}", columns), {}

    def lines(self, run) -> list[str]:
        """Samples as lines for the terminal, during training; [] if they are none."""
        return []

    def presented(self, x):
        """Samples (n, *shape) as a user wants them, (n, ...)."""
        return x

    def array(self, x) -> np.ndarray:
        """What is written as .npy or .npz, (n, ...): images scaled to [0, 1]."""
        return (x + 1) / 2 if x.ndim == 4 else x

    def pixels(self, x, columns, title: str, backend) -> np.ndarray:
        """The picture of what `presented` gave, (n, ...)."""
        real = None
        if x.ndim != 4:
            data = self.experiment.data()
            real = backend.to_host(data.batches(1000, 0, backend)(0))
        return plots.picture(x, real, title, columns)

    def write(self, out: pathlib.Path, x, title: str) -> None:
        """Write what `presented` gave, (n, ...), to a file that is no picture and no
        array.
        """
        raise TypeError(f"{type(self).__name__} does not define write(out, x, title)")

    def hints(self, path: pathlib.Path) -> list[str]:
        """Lines that tell what else to look at in the folder of a run."""
        return []

    def measures(self, samples, real, data) -> dict[str, float]:
        """Cheap measures of samples (n, *shape) beside real ones, for the log."""
        return cheap_measures(samples, real, data)

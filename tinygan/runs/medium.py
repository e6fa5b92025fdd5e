"""How the samples of a run are shown and written: images and points as pictures.

hearing.py does the same for sounds, and writing.py for text. media.py finds the medium
of an experiment.
"""

import pathlib
from typing import NamedTuple

import numpy as np

from .. import plots
from ..measures import cheap_measures
from .trainable import Trainable

ARRAYS = ".npy", ".npz"


class Shown(NamedTuple):
    """What a picture of a run shows, on the host.

    samples: (n, *shape)    columns: those of the picture, or None for any
    real: real samples beside them, or None    more: {file: (samples, columns)}
    """

    step: int
    samples: np.ndarray
    columns: int | None
    real: np.ndarray | None
    more: dict[str, tuple[np.ndarray, int]]


class Medium:
    """Images and points, as pictures. A subclass shows samples of another kind."""

    suffixes: tuple[str, ...] = (".png", *ARRAYS)
    expected = "a name ending in .png, .npy or .npz"
    default = "generated.png"  # the file of `tinygan sample` in the run's folder

    def __init__(self, experiment: Trainable):
        self.experiment = experiment

    @property
    def n_shown(self) -> int:
        """How many samples a picture has at most."""
        return 100 if len(self.experiment.shape) == 3 else 1000

    @property
    def n_real(self) -> int:
        """How many real samples it has beside them; 0 if none."""
        return 0 if len(self.experiment.shape) == 3 else 1000

    def drawn(self, shown: Shown, title: str) -> tuple[np.ndarray, dict[str, bytes]]:
        """(the picture of a run's samples, {name of another file: its bytes})."""
        of = f"step {shown.step}"
        return plots.picture(shown.samples, shown.real, of, shown.columns), {}

    def lines(self, samples) -> list[str]:
        """Some of the samples (n, *shape) as lines for the terminal, during training;
        [] if they are none.
        """
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

"""The pictures of a run's folder: samples/, samples.png, losses.png, training.gif.

They can be drawn again from the checkpoint, metrics.jsonl and samples/. So a picture
that cannot be written, or is damaged, never ends a run: a note on stderr names it.
"""

import pathlib
import re
import warnings
from collections.abc import Callable

from PIL import Image

from .. import plots
from .notes import tell
from .owned import DRAWN, SAMPLES

FRAME = re.compile(r"([0-9]{7,18})\.png")
MOST = 1 << 24  # pixels of a frame


class Drawing:
    """Draws the pictures of the folder `path`.

    failed: {name: error} of the pictures that could not be written the last time.
    """

    def __init__(self, path):
        self.path = pathlib.Path(path)
        self.failed: dict[str, OSError] = {}

    def picture(self, run) -> None:
        """Write a picture of the run's samples into samples/, and as samples.png."""
        is_image = len(run.experiment.shape) == 3
        samples, columns = run.picture_samples(100 if is_image else 1000)
        real = None if is_image else run.game.real_samples(1000)
        pixels = plots.picture(samples, real, f"step {run.step}", columns)
        for name in (f"{SAMPLES}/{run.step:07d}.png", DRAWN[0]):
            self._draw(name, lambda path: plots.save_png(path, pixels))

    def finish(self, run, metrics, only) -> None:
        """Draw losses.png and training.gif, and samples.png if it is in `only`.

        OSError, after all were tried, if one cannot be written, unless another program
        has it open (Windows).
        """
        samples, losses, film = DRAWN
        if samples in only and samples not in self.failed:
            self.picture(run)
        if losses in only:
            curves = run.game.curves
            self._draw(losses, lambda path: plots.plot_losses(path, metrics, curves))
        if film in only:
            shown = [frame for _, frame in frames(self.path) if self._sound(frame)]
            self._draw(film, lambda path: plots.save_gif(path, shown))
        for name in DRAWN:
            error = self.failed.get(name)
            if error is not None and not isinstance(error, PermissionError):
                raise error

    def missing(self, checkpoint) -> list[str]:
        """The names in DRAWN that are missing or older than the checkpoint."""
        since = pathlib.Path(checkpoint).stat().st_mtime_ns
        files = {name: self.path / name for name in DRAWN}
        return [
            name
            for name, file in files.items()
            if not file.exists() or file.stat().st_mtime_ns < since
        ]

    def _draw(self, name: str, draw: Callable) -> None:
        """Call draw(path of the picture `name`), and note its failure."""
        try:
            (self.path / name).parent.mkdir(exist_ok=True)
            draw(self.path / name)
            self.failed.pop(name, None)
        except OSError as e:
            kind = name.partition("/")[0]
            at_end = name in DRAWN[1:] and not isinstance(e, PermissionError)
            if kind not in self.failed and not at_end:  # said once; `finish` raises it
                tell(f"{self.path / name}: {e.strerror or e}; it is left out")
            self.failed[kind] = self.failed[name] = e
        except (ArithmeticError, LookupError, TypeError, ValueError) as e:
            why = f"{type(e).__name__}: {e}"[:200]  # of damaged files
            tell(f"{self.path / name}: cannot be drawn ({why}); it is left out")

    def _sound(self, frame: pathlib.Path) -> bool:
        """True if a picture can be read; otherwise a note names it."""
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", Image.DecompressionBombWarning)
                with Image.open(frame, formats=["PNG"]) as image:
                    if image.width * image.height > MOST:
                        raise ValueError(f"{image.width} x {image.height} pixels")
                    image.load()
        except Exception as e:  # Pillow raises many kinds on bad bytes
            why = f"{type(e).__name__}: {e}"[:200].replace(str(frame), "it")
            tell(f"{frame}: expected a picture, found damage ({why}); it is left out")
            return False
        return True


def frames(path) -> list[tuple[int, pathlib.Path]]:
    """(step, picture) of each picture in samples/ that a run has made, in order."""
    found = []
    try:
        for file in (pathlib.Path(path) / SAMPLES).iterdir():
            named = FRAME.fullmatch(file.name)
            if named and file.name == f"{int(named[1]):07d}.png":
                found.append((int(named[1]), file))
    except OSError:
        return []
    return sorted(found)

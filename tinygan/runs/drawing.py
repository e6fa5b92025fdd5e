"""The pictures of a run's folder: samples/, samples.png, losses.png, training.gif.

They can be drawn again from the checkpoint, metrics.jsonl and samples/. So a picture
that cannot be written, or is damaged, never ends a run: a note on stderr names it.
"""

import pathlib
from collections.abc import Callable

from .. import plots
from ..files import write_atomically
from .frames import frames
from .media import medium_of
from .medium import Medium, Shown
from .metrics import read_rows
from .notes import tell
from .owned import CONFIG, DRAWN, METRICS, REPORT, SAMPLES, TEXT
from .report import write


class Drawing:
    """Draws the pictures of the folder `path`.

    failed: {name: error} of the pictures that could not be written the last time.
    """

    def __init__(self, path):
        self.path = pathlib.Path(path)
        self.failed: dict[str, OSError] = {}

    def picture(self, medium: Medium, shown: Shown) -> None:
        """Write a picture of a run's samples into samples/, and as samples.png."""
        title = f"{self.path.name}, step {shown.step}"
        pixels, others = medium.drawn(shown, title)
        text = others.get(TEXT, b"").decode()
        for name in (f"{SAMPLES}/{shown.step:07d}.png", DRAWN[0]):
            self._draw(name, lambda path: plots.save_png(path, pixels, text))
        for name, content in others.items():
            self._draw(name, lambda path, content=content: _write(path, content))
        for name, (x, columns) in shown.more.items():
            more = plots.picture(x, None, f"step {shown.step}", columns)
            self._draw(name, lambda path, more=more: plots.save_png(path, more))

    def finish(self, run, metrics, only) -> None:
        """Draw losses.png and training.gif, and samples.png if it is in `only`.

        OSError, after all were tried, if one cannot be written, unless another program
        has it open (Windows).
        """
        samples, losses, film = DRAWN
        if samples in only and samples not in self.failed:
            self.picture(medium_of(run.experiment), run.shown())
        if losses in only:
            curves = run.game.curves
            rows, _ = read_rows(metrics)
            self._draw(losses, lambda path: plots.plot_losses(path, rows, curves))
        if film in only:
            self._draw(film, self._film)
        self.report()
        for name in DRAWN:
            error = self.failed.get(name)
            if error is not None and not isinstance(error, PermissionError):
                raise error

    def report(self) -> None:
        """Write report.html. Whatever goes wrong, the run is saved already, so a note
        on stderr is enough. Before the first row of the log there is nothing to tell.
        """
        files = self.path / CONFIG, self.path / METRICS
        if not all(file.is_file() and file.stat().st_size for file in files):
            return
        try:
            write([self.path], self.path / REPORT)
        except Exception as e:
            why = getattr(e, "strerror", None) or f"{type(e).__name__}: {e}"
            tell(f"{self.path / REPORT}: cannot be written ({why}); it is left out")

    def missing(self, checkpoint, names=DRAWN) -> list[str]:
        """Those of the names that are missing or older than the checkpoint."""
        since = pathlib.Path(checkpoint).stat().st_mtime_ns
        files = {name: self.path / name for name in names}
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
            known = {error.errno for error in self.failed.values()}
            if e.errno not in known and not at_end:  # said once; `finish` raises it
                tell(f"{self.path / name}: {e.strerror or e}; it is left out")
            self.failed[kind] = self.failed[name] = e
        except (ArithmeticError, LookupError, TypeError, ValueError) as e:
            why = f"{type(e).__name__}: {e}"[:200]  # of damaged files
            tell(f"{self.path / name}: cannot be drawn ({why}); it is left out")

    def _film(self, path: pathlib.Path) -> None:
        """Write the film of samples/. A note names the frames that it leaves out."""
        shown = [frame for _, frame in frames(self.path)]
        bad = plots.save_gif(path, shown)
        if bad:
            names = ", ".join(bad[:5]) + (" ..." if bad[5:] else "")
            tell(
                f"{self.path / SAMPLES}: expected pictures of one size, found damage "
                f"or another size in {names}; the film leaves them out"
            )


def _write(path, content: bytes) -> None:
    write_atomically(path, lambda file: file.write(content))

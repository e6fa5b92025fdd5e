"""Notes: sentences on stderr about things that do not end a run."""

import contextlib
import sys

from tqdm import tqdm

from ..errors import one_line


def tell(sentence: str) -> None:
    """Print a sentence to stderr, above the progress bar. A stderr that is closed, or a
    terminal that is gone, changes nothing.
    """
    if sys.stderr is None:
        return
    with contextlib.suppress(OSError, ValueError):
        tqdm.write(f"tinygan: {one_line(sentence)}", file=sys.stderr)
        sys.stderr.flush()


class Screen:
    """stderr for the progress bar, which must not end a run if the terminal is gone."""

    def __init__(self, file):
        self.file = file

    def write(self, text: str) -> None:
        """Write the text, if that is possible."""
        with contextlib.suppress(OSError, ValueError):
            self.file.write(text)

    def flush(self) -> None:
        """Flush the file, if that is possible."""
        with contextlib.suppress(OSError, ValueError):
            self.file.flush()

    def isatty(self) -> bool:
        """Whether somebody may be looking."""
        with contextlib.suppress(OSError, ValueError, AttributeError):
            return self.file.isatty()
        return False

    def __getattr__(self, name):
        return getattr(self.file, name)

"""The command `tinygan check`: certify tinygan, a file of one's own, or a recipe."""

import contextlib
import shutil
import sys
import time

from ..errors import one_line
from . import compare
from .terminal import say

PATIENCE = 0.5  # seconds until it says what it is at


def check(args) -> int:
    """Print the table of errors; return 1 if one is too large."""
    from .. import fast
    from ..check import builtin_rows, file_rows, print_table

    data = None if args.data is None else compare.data_path(args.data)
    effort = "thorough" if args.thorough else "normal"
    with fast.plain(args.plain or fast.is_plain()), _progress() as at:
        if args.file:
            exact = not args.finite
            rows = file_rows(args.file, args.seed, exact, effort, data, say=at)
        else:
            effort = "thorough" if args.thorough else "quick"
            rows = builtin_rows(args.seed, not args.finite, effort, say=at)
        plain = fast.is_plain()
    if plain:
        say("the plain code, without fast twins")
    return 0 if print_table(rows, say) else 1


@contextlib.contextmanager
def _progress():
    """Yields a function that is told what is checked now. On a terminal, one line shows
    it, once the checks take long; the line is gone at the end.
    """
    stream, start, shown = sys.stderr, time.monotonic(), False

    def at(name: str) -> None:
        nonlocal shown
        if stream.isatty() and time.monotonic() - start > PATIENCE:
            room = shutil.get_terminal_size().columns - 1
            _write(stream, f"checking {one_line(name)}"[:room].ljust(room))
            shown = True

    try:
        yield at
    finally:
        if shown:
            _write(stream, " " * (shutil.get_terminal_size().columns - 1) + "\r")


def _write(stream, line: str) -> None:
    with contextlib.suppress(OSError, ValueError):  # no terminal to tell it
        stream.write(f"\r{line}")
        stream.flush()

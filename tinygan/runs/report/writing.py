"""Write the report of one run, or of several side by side."""

import pathlib

from ...errors import InputError
from ...files import write_atomically
from .page import page_of
from .reading import Told, read

MOST_RUNS = 8  # side by side


def report(paths) -> tuple[str, list[Told]]:
    """(the HTML, what was read) of the runs in the folders `paths`.

    Raises InputError if there are no paths or more than MOST_RUNS, and for a path that
    is no run's folder, or one whose log has no rows yet.
    """
    if not 1 <= len(paths) <= MOST_RUNS:
        raise InputError(f"expected 1 to {MOST_RUNS} runs, got {len(paths)}")
    told = [read(path) for path in paths]
    return page_of(told), told


def write(paths, out) -> list[Told]:
    """Write the report of the runs in `paths` to the file `out`, and return what was
    read. Raises InputError as `report` does, and OSError if it cannot be written.
    """
    text, told = report(paths)
    content = text.encode("utf-8", "replace")
    write_atomically(pathlib.Path(out), lambda file: file.write(content))
    return told

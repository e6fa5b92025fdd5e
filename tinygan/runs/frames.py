"""The pictures in samples/: which files of a folder a run has drawn, and when."""

import pathlib
import re

from .owned import SAMPLES

FRAME = re.compile(r"([0-9]{7,18})\.png")


def frames(path) -> list[tuple[int, pathlib.Path]]:
    """(step, picture) of each picture in samples/ that a run has made, in order."""
    found = []
    try:
        for file in (pathlib.Path(path) / SAMPLES).iterdir():
            named = FRAME.fullmatch(file.name)
            # No link is followed out of the folder, and no pipe is waited for.
            own = file.is_file() and not file.is_symlink()
            if named and own and file.name == f"{int(named[1]):07d}.png":
                found.append((int(named[1]), file))
    except OSError:
        return []
    return sorted(found)

"""Which recipes were trained on this machine: their code may run again unasked.

A run's folder may come from a stranger, and its recipe is a program. So `tinygan` runs
the recipe of a folder only if it was trained here, or if the user says --trust. A small
file for each recipe, named by its SHA-256, records what was trained. The files lie in
`trained` under `state_folder()`.
"""

import json
import os
import pathlib
import re

from ..files import read_plain, write_atomically

MOST = 1 << 16  # bytes of a record
MOST_PATHS = 20


def state_folder() -> pathlib.Path | None:
    """The folder in which tinygan keeps its records; None if there is no place for it.

    It is $TINYGAN_STATE, or `tinygan` in $XDG_STATE_HOME or ~/.local/state, on Windows
    in %LOCALAPPDATA%. A relative path is not taken: it might be in a stranger's folder.
    """
    own = os.environ.get("TINYGAN_STATE")
    if own is not None:
        path = pathlib.Path(own)
    else:
        name = "LOCALAPPDATA" if os.name == "nt" else "XDG_STATE_HOME"
        base = pathlib.Path(os.environ.get(name, ""))
        try:
            home = pathlib.Path.home() / ".local" / "state"
        except (RuntimeError, OSError):
            home = pathlib.Path()
        path = (base if base.is_absolute() else home) / "tinygan"
    return path if path.is_absolute() else None


def _record(sha256: str) -> pathlib.Path | None:
    folder, sound = state_folder(), re.fullmatch("[0-9a-f]{64}", str(sha256))
    return folder / "trained" / f"{sha256}.json" if folder and sound else None


def trained_from(sha256: str) -> list[str] | None:
    """The paths of the recipe with this SHA-256 when it was trained on this machine;
    None if it was not.
    """
    path = _record(sha256)
    if path is None:
        return None
    try:
        record = json.loads(read_plain(path, MOST))
        paths = record["paths"] if record["sha256"] == sha256 else None
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None
    sound = isinstance(paths, list) and all(isinstance(p, str) for p in paths)
    return paths if sound else None


def remember(sha256: str, path: str) -> bool:
    """Record that the recipe at `path` was trained here. False if it cannot be: no run
    ends for that.
    """
    record = _record(sha256)
    if record is None:
        return False
    known = trained_from(sha256)
    if known is not None and path in known:
        return True
    paths = [*(known or []), path][-MOST_PATHS:]
    text = json.dumps({"sha256": sha256, "paths": paths}, indent=1) + "\n"
    try:
        record.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_atomically(record, lambda file: file.write(text.encode()))
    except (OSError, ValueError):
        return False
    return True

"""The files of a run, and the files of others: a run touches only its own.

A folder is a run's if its config.json or its checkpoint.npz is one. A new run takes a
folder in which it would overwrite nothing. No other command writes to a run's own
files.
"""

import contextlib
import os
import pathlib
import stat

from ..errors import CheckpointError, InputError
from ..files import temporary_of
from .checkpoint import read_manifest
from .lock import NAME as LOCK
from .settings import NAME as CONFIG
from .settings import read_config

CHECKPOINT, METRICS = "checkpoint.npz", "metrics.jsonl"
SAMPLES = "samples"
DRAWN = ("samples.png", "losses.png", "training.gif")
PAGE = "sounds.html"  # of a run of sounds
MORE = ("reconstructions.png", "walk.png")  # of a variational autoencoder
TEXT = "samples.txt"  # of a run of text
REPORT = "report.html"
HEALTH = "health.txt"  # of a run that is not well
OWN = {CONFIG, CHECKPOINT, METRICS, SAMPLES, *DRAWN, *MORE, PAGE, TEXT, REPORT, HEALTH}
COPIES = "recipe"  # the folder of the files that recipe.py imports
COPY = "recipe.py"


def is_run(path) -> bool:
    """True if the folder `path` is a run's, perhaps without its config.json."""
    with contextlib.suppress(InputError):
        return bool(read_config(path))
    with contextlib.suppress(CheckpointError):
        return bool(read_manifest(pathlib.Path(path) / CHECKPOINT))
    return False


def expect_room(path) -> None:
    """Raise InputError unless a new run may take the folder `path`: it may hold files
    of other names, and the beginning of a run that never had a checkpoint.
    """
    path = pathlib.Path(path)
    found = sorted(p.name for p in path.iterdir() if p.name.casefold() in OWN)
    if not found:
        return
    try:
        read_config(path)
    except InputError as e:
        raise InputError(
            f"{path}: holds {', '.join(found)} already, which a run would overwrite, "
            "but no config.json of a run; choose another --out"
        ) from e
    metrics = path / METRICS
    if CHECKPOINT in found or (metrics.is_file() and metrics.stat().st_size):
        raise InputError(
            f"{path}: holds a run already; choose another --out, or go on with "
            f"it by tinygan train --resume {path}"
        )


def refuse_own_files(path) -> None:
    """Raise InputError if `path` is a run's own file, or lies in a run's samples/."""
    path = pathlib.Path(path)
    for whole in {path.absolute(), path.resolve()}:
        above = whole.parent.name.casefold()
        inner = above in (SAMPLES, COPIES) and is_run(whole.parents[1])
        own = whole.name.casefold() in {*OWN, COPY, COPIES} and is_run(whole.parent)
        if own or inner:
            raise InputError(
                f"--out {path}: is a file of the run itself, which it needs to go on; "
                "choose another name"
            )


def expect_plain(path, links: bool = False) -> None:
    """Raise InputError if a file of the run in the folder `path` is a pipe, a device,
    or, unless `links` are allowed, a link out of the folder: to read or to write it
    would reach something else, or hang.
    """
    path = pathlib.Path(path)
    root = path.resolve()
    for name in sorted({*OWN, COPY, COPIES, "generated.png", LOCK}):
        file = path / name
        with contextlib.suppress(OSError):
            mode = file.stat().st_mode
            if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
                raise InputError(f"{file}: expected a plain file, found a pipe or such")
        if not links and os.path.islink(file) and not _lies_in(root, file):
            raise InputError(
                f"{file}: expected a file of this run, found a link out of its folder; "
                "say --trust if you made it"
            )


def _lies_in(root: pathlib.Path, file: pathlib.Path) -> bool:
    try:
        return file.resolve().is_relative_to(root)
    except (OSError, RuntimeError):  # links in a circle
        return False


def new_folder(base) -> pathlib.Path:
    """Make the first of base, base-2, base-3 ... that does not exist, and return it.

    InputError if it cannot be made.
    """
    base = pathlib.Path(base)
    n, path = 1, base
    try:
        base.parent.mkdir(parents=True, exist_ok=True)
        while True:
            try:
                path.mkdir()
                return path
            except FileExistsError:
                n += 1
                path = base.with_name(f"{base.name}-{n}")
    except OSError as e:
        why = e.strerror or e
        raise InputError(f"{path}: cannot be written as a folder ({why})") from e


def remove_leftovers(path) -> None:
    """Delete what a run was writing in the folder `path` when it was ended."""
    path = pathlib.Path(path)
    for folder in (path, path / SAMPLES, path / COPIES):
        with contextlib.suppress(OSError):
            for file in list(folder.iterdir()):
                name = temporary_of(file)
                ours = name in {*OWN, COPY} or (folder != path and name)
                if ours and file.is_file() and not file.is_symlink():
                    file.unlink()

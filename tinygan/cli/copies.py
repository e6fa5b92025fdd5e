"""The copy of a recipe in a run's folder: recipe.py, and recipe/ with its neighbours.

config.json records the SHA-256 of each file. A copy that is not what was recorded is no
copy. Nothing is run here.
"""

import contextlib
import hashlib
import pathlib
import re

from ..errors import InputError
from ..files import read_plain, write_atomically
from ..runs import trust
from ..runs.folder import RunFolder
from ..userfile import MOST, MOST_FILES, Source


def recorded_in(folder) -> dict | None:
    """{"sha256": ..., "files": {name: SHA-256}} of config.json; None in old runs.

    Raises InputError for names that are no files of a run's folder.
    """
    facts = folder.config.get("source")
    if facts is None:
        return None
    part = r"(recipe/([^\W\d]\w*/)*[^\W\d]\w*\.py|recipe\.py)"
    try:
        files, sha256 = facts["files"], facts["sha256"]
        sound = len(files) <= MOST_FILES and all(re.fullmatch(part, n) for n in files)
        sound = sound and "recipe.py" in files and isinstance(sha256, str)
    except (TypeError, KeyError, AttributeError):
        sound = False
    if not sound:
        raise InputError(
            f"{folder.path / 'config.json'}: expected the names and hashes of the "
            "recipe's files as `source`, found something else"
        )
    return facts


def copy_in(folder, recorded: dict | None) -> Source | None:
    """The copy of the recipe in the folder, if it is what was trained."""
    if recorded is None:
        return None
    found = read_copy(folder, recorded["files"])
    return found if found and found.sha256 == recorded["sha256"] else None


def read_copy(folder, names) -> Source | None:
    """The copy in a run's folder; None if it is not whole. No link is followed."""
    path, root = folder.path, folder.path.resolve()
    places = [(path / n).parent for n in names]
    if not all(place.resolve().is_relative_to(root) for place in places):
        return None
    return read(path / "recipe.py", names, path / "recipe", links=False)


def read(main: pathlib.Path, names, folder=None, links: bool = True) -> Source | None:
    """The recipe at `main` with its neighbours `names` in `folder`, by default that of
    the recipe; None if one cannot be read.
    """
    if is_remote(str(main)):
        return None
    beside = [name.removeprefix("recipe/") for name in names if name != "recipe.py"]
    texts, most = [], MOST
    try:
        folder = main.resolve().parent if folder is None else folder
        for path in (main, *map(folder.joinpath, beside)):
            texts.append(read_plain(path, most, links))
            most -= len(texts[-1])
    except (OSError, ValueError, RuntimeError):
        return None
    return Source(main, texts[0], dict(zip(beside, texts[1:], strict=True)), folder)


def is_remote(name: str) -> bool:
    """True for a path of the network, which is not even looked at."""
    return name.startswith(("//", "\\\\")) or "://" in name


def may_lie_in(path: pathlib.Path, source: Source | None) -> None:
    """InputError if the folder has a recipe.py of the user's, which the run's copy
    would overwrite. The copy of an earlier run, as its config.json tells, may go.
    """
    earlier = _earlier(path)
    for name, data in source.copies().items() if source else ():
        file = path / name
        try:
            found = read_plain(file, MOST) if file.exists() else data
        except OSError:
            found = None
        own = found == data or (found and earlier.get(name) == _sha256(found))
        if not own or file.is_symlink():
            raise InputError(
                f"{file}: this file is not of this run, and the run's copy of its "
                "recipe would overwrite it; choose another --out"
            )


def _earlier(path: pathlib.Path) -> dict:
    """The hashes of the copies that a config.json in this folder tells."""
    with contextlib.suppress(InputError):
        recorded = recorded_in(RunFolder.open(path))
        return recorded["files"] if recorded else {}
    return {}


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def facts(source: Source | None) -> dict | None:
    """What config.json says of the recipe: a hash of it all, and one of each file."""
    if source is None:
        return None
    return {"sha256": source.sha256, "files": source.hashes()}


def keep(folder: RunFolder, source: Source | None) -> None:
    """Write the copy of the recipe that runs now, and record that it was trained here.

    config.json is only changed in memory. Raises InputError if the copy would leave the
    folder by a link.
    """
    folder.config["source"] = facts(source)
    if source is None:
        return
    root = folder.path.resolve()
    for name, data in source.copies().items():
        path = folder.path / name
        if not path.parent.resolve().is_relative_to(root) or path.is_symlink():
            raise InputError(f"{path}: expected a file of this folder, found a link")
        try:
            same = read_plain(path, MOST) == data
        except OSError:
            same = False
        if not same:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(path, lambda file, data=data: file.write(data))
    trust.remember(source.sha256, folder.config["recipe"])

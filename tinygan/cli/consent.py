"""The recipe of an earlier run: find its code, compare it, and ask before it is run.

A run's folder has a copy of its recipe. The file that it was trained from comes first,
if it still says the same; the copy is taken if that file has moved. A recipe runs only
if it was trained on this machine, if the user names its file, or with --trust. The code
that is read is hashed, compared and run: no file is read twice.
"""

import contextlib
import pathlib
from types import ModuleType

from .. import recipes
from ..errors import InputError
from ..runs import identity, settings, trust
from ..runs.folder import RunFolder
from ..userfile import Source, read_source
from .copies import copy_in, is_remote, read, read_copy, recorded_in
from .terminal import say

SHOWN = 12  # lines of a recipe that is not run
WIDTH = 88


def recipe_of(folder: RunFolder, args) -> ModuleType:
    """The recipe of the run in `folder`, after a comparison with config.json.

    Raises InputError if it has changed, or is not known on this machine: see `args`
    with_changes, as_trained, trust, and `recipe` for a recipe that the user names.
    """
    name, recorded = folder.config["recipe"], recorded_in(folder)
    kept = copy_in(folder, recorded)
    named = getattr(args, "recipe", None)
    if named is not None and _same_file(named, folder.path / "recipe.py"):
        return recipes.load(kept or _present_copy(folder))
    if named is not None or (name in recipes.names() and not args.as_trained):
        module = _found(folder, name) if named is None else recipes.find(named)
        now = recipes.source(module)
        if named is not None:
            _expect_name(folder, named, recorded, args)
        if now is not None and not _is(now, recorded, kept):
            _expect_changes(folder, named or module.__file__, now, kept, args)
        if named is not None:
            is_file = named not in recipes.names()
            path = str(pathlib.Path(named).resolve()) if is_file else named
            folder.config["recipe"] = path
        return module
    if recorded is None and args.as_trained:
        raise InputError(
            f"--as-trained: {folder.path} has no record of the recipe, because it is a "
            "run of an older version"
        )
    if recorded is None or (args.with_changes and not args.as_trained):
        source = _present(folder, name)
    else:
        source = _as_trained(folder, name, recorded, kept, args)
    _ask(folder, source, recorded, args)
    return recipes.load(source)


def _as_trained(folder, name, recorded: dict, kept: Source | None, args) -> Source:
    """The code that the run was trained with, from the recipe's file or the copy."""
    path = folder.path / name  # `name` itself if that is absolute
    now = read(path, recorded["files"])
    if now is not None and now.sha256 == recorded["sha256"] and not args.as_trained:
        return now
    if kept is None:
        what = "is not there" if now is None else "has changed since"
        raise InputError(
            f"{name}: the recipe of {folder.path} {what}, and the copy in the run's "
            "folder is missing or not the one that was trained; --with-changes takes "
            f"{'the copy' if now is None else 'the file'} as it is now"
        )
    if now is not None and not args.as_trained and not _is(now, recorded, kept):
        _expect_changes(folder, name, now, kept, args)
    return kept


def _present(folder, name: str) -> Source:
    """The recipe's file as it is now, or else the copy in the run's folder, as it is
    now. Neighbours are those that the text names.
    """
    if not (name.endswith(".py") or "/" in name):
        _found(folder, name)  # raises InputError with the nearest names
    path, copy = folder.path / name, folder.path / "recipe.py"
    if _is_there(path):
        return _gathered(read_source(path))
    if not copy.is_file():
        raise InputError(
            f"{name[:200]}: expected the recipe of {folder.path}, found none; "
            "put its file into that folder as recipe.py"
        )
    return _present_copy(folder)


def _found(folder, name: str) -> ModuleType:
    with settings.blamed(folder.path):
        return recipes.find(name)


def _present_copy(folder) -> Source:
    found = read_copy(folder, {})
    if found is None:
        path = folder.path / "recipe.py"
        raise InputError(f"{path}: expected a Python file of this folder")
    return _gathered(found)


def _gathered(source: Source) -> Source:
    with contextlib.suppress(SyntaxError, ValueError, RecursionError, MemoryError):
        source.gather()  # or else Python will say what is wrong when it is run
    return source


def _same_file(one, other) -> bool:
    try:
        return pathlib.Path(one).samefile(other)
    except (OSError, ValueError):
        return False


# Compare


def _is_there(path: pathlib.Path) -> bool:
    try:
        return not is_remote(str(path)) and path.is_file()
    except OSError:  # for instance the name is too long
        return False


def _is(now: Source, recorded: dict | None, kept: Source | None) -> bool:
    """True if `now` is the recipe that was trained, but for comments and layout."""
    if recorded is None or now.sha256 == recorded["sha256"]:
        return True
    return kept is not None and identity.same_meaning(now.copies(), kept.copies())


def _expect_name(folder, named: str, recorded: dict | None, args) -> None:
    """A run of an old version tells only the name of its recipe."""
    name = folder.config["recipe"]
    both_files = named.endswith(".py") and name.endswith(".py")
    if recorded is None and named != name and not both_files and not args.with_changes:
        raise InputError(
            f"{folder.path}: this run is of the recipe {name!r:.100}, not of "
            f"{named!r:.100}; --with-changes takes the other recipe"
        )


def _expect_changes(folder, where, now: Source, kept: Source | None, args) -> None:
    """InputError unless the user says --with-changes."""
    if args.with_changes:
        return
    at, copy = "", ""
    if kept is not None:
        at = f" (it differs at {_difference(kept.copies(), now.copies())})"
        copy = f"--as-trained takes the run's own copy, {folder.path / 'recipe.py'}; "
    raise InputError(
        f"{where}: this recipe is not the one that {folder.path} was trained with{at}; "
        f"{copy}--with-changes takes the recipe as it is now"
    )


def _difference(was: dict[str, bytes], now: dict[str, bytes]) -> str:
    """The first place where two recipes differ: "line 7" or "common.py, line 7"."""
    name = next(n for n in [*was, *now] if was.get(n) != now.get(n))
    line = identity.first_difference(was.get(name, b""), now.get(name, b""))
    other = name.removeprefix("recipe/")
    return f"line {line}" if name == "recipe.py" else f"{other}, line {line}"


# Ask


def _ask(folder, source: Source, recorded: dict | None, args) -> None:
    """InputError unless the code was trained on this machine, or the user trusts it.

    With --with-changes the user's own file may have been edited, at the path where it
    was trained.
    """
    if args.trust or trust.trained_from(source.sha256) is not None:
        return
    if args.with_changes and recorded is not None:
        own = trust.trained_from(recorded["sha256"]) or ()
        if folder.config["recipe"] in own and str(source.path) in own:
            return
    lines = source.main.decode("utf-8", "replace").splitlines()
    say(f"{source.path} would be run. It begins:")
    say()
    for line in lines[:SHOWN]:
        say(f"    {line[:WIDTH]}")
    say()
    for name, sha in source.hashes().items():
        say(f"{sha}  {name}")
    no_record = "" if trust.state_folder() else " (there is no folder for such records)"
    raise InputError(
        f"{folder.path}: its recipe was not trained on this machine{no_record}, and it "
        f"is a program: {source.path}, {len(lines)} lines, SHA-256 "
        f"{source.sha256[:16]}...; nothing was run; look at it, then say --trust"
    )

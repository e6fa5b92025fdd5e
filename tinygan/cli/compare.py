"""Compare a run with its config.json: its checkpoint, its data and its backend.

What differs is refused, unless the user says --with-changes or names it, and then it is
told and recorded.
"""

import contextlib
import pathlib

from ..errors import DataError, InputError
from .terminal import complain


def data_path(text: str, name: str = "--data") -> str:
    """The absolute path of data. InputError for a device, a pipe or a network path."""
    expected = f"{name} {text!r:.200}: expected a file or a folder on this machine"
    if text.startswith(("//", "\\\\")) or "://" in text:
        raise InputError(f"{expected}, found a path of the network")
    try:
        path = pathlib.Path(text).resolve()
        other = path.exists() and not (path.is_file() or path.is_dir())
    except (OSError, ValueError, RuntimeError):
        return str(pathlib.Path(text).absolute())  # its reader says what is wrong
    if other or path.parts[1:2] in (("proc",), ("sys",)):  # some of these never end
        raise InputError(f"{expected}, found a device or a pipe")
    return str(path)


def step(folder) -> int:
    """The step of the run's checkpoint; 0 without one."""
    return folder.step() if folder.checkpoint.exists() else 0


def note(folder, changes: dict) -> None:
    """Record in config.json what changes at this step of the run."""
    if changes:
        earlier = folder.config.get("changes")
        earlier = earlier if isinstance(earlier, list) else []
        folder.config["changes"] = [*earlier, {"step": step(folder), **changes}]


def facts_of(config: dict) -> dict:
    """The facts whose change is worth a note in config.json."""
    source, machine = config.get("source"), config.get("machine")
    return {
        "recipe": source["sha256"] if source else None,
        "tinygan": config.get("tinygan"),
        "backend": machine.get("backend") if isinstance(machine, dict) else None,
    }


def checkpoint(folder, args) -> None:
    """InputError if the checkpoint is another run's."""
    from ..runs.checkpoint import read_manifest

    if args.with_changes or not folder.checkpoint.exists():
        return
    found, config = read_manifest(folder.checkpoint), folder.config
    runs = found.get("run"), config.get("run")
    names = [pathlib.PurePath(str(t.get("recipe"))).name for t in (found, config)]
    if all(runs):
        same = runs[0] == runs[1]
    else:  # a run of an older version has no number
        same = found.get("recipe") is None or names[0] == names[1]
    if not same:
        raise InputError(
            f"{folder.checkpoint}: expected a checkpoint of this run, found one of "
            f"another run, by the recipe {names[0]!r:.80}; --with-changes takes it"
        )


def backend_of(folder, args):
    """The run's backend, or the one that is asked for. BackendError if it is missing
    here.
    """
    from ..backend import get_backend
    from ..errors import BackendError

    recorded = facts_of(folder.config)["backend"]
    if args.backend or recorded not in ("numpy", "cupy"):
        return get_backend(args.backend or "numpy")
    try:
        return get_backend(recorded)
    except BackendError as e:
        raise BackendError(
            f"{folder.path}: this run was trained with --backend {recorded}, which "
            f"cannot be used here ({e}); say --backend numpy to go on without it"
        ) from e


def recorded_cores(folder, backend) -> int | None:
    """The cores that the run had, if it had this backend; None otherwise."""
    was, cores = facts_of(folder.config)["backend"], folder.config.get("cores")
    sound = type(cores) is int and cores >= 1
    return cores if sound and was in (None, backend.name) else None


@contextlib.contextmanager
def where_data_are(folder, args):
    """Within this context a DataError says how to name the new place of data that the
    run's config.json no longer finds.

    Raises InputError in place of the DataError.
    """
    try:
        yield
    except DataError as e:
        was = folder.config["options"].get("data")
        if args.data is not None or not isinstance(was, str) or _exists(was):
            raise
        raise InputError(f"{e}; say with --data where the data are now") from e


def _exists(path: str) -> bool:
    try:
        return pathlib.Path(path).exists()
    except (OSError, ValueError):
        return False


def meaning_of_words(experiment, folder) -> None:
    """Read the data of a run whose words come from its data, before it is sampled.
    Other data would give other numbers to the words.
    """
    from ..runs import Sentences

    own = folder.config["options"].get("data") is not None
    if own and isinstance(experiment.condition, Sentences):
        experiment.data()


def watch_data(experiment, folder, args) -> None:
    """Let the experiment compare its data with the run's when it reads them.

    Other data are told if --data or --with-changes names them. Otherwise to read them
    raises InputError.
    """
    from ..runs.identity import differs, fingerprint

    read = getattr(experiment, "data", None)
    recorded = folder.config.get("fingerprint")
    if read is None:
        return  # a game of another kind

    def data():
        with where_data_are(folder, args):
            found = read()
        now = fingerprint(found)
        difference = differs(recorded, now)
        if not difference:
            folder.config["fingerprint"] = recorded or now
            return found
        sentence = f"the data are not those of the run ({difference:.120})"
        if args.data is None and not args.with_changes:
            raise InputError(
                f"{folder.path}: {sentence}; --data PATH or --with-changes takes them"
            )
        if folder.config["fingerprint"] == recorded:  # say it once
            complain(f"{sentence}; taking them ...")
            note(folder, {"fingerprint": [recorded, now]})
        folder.config["fingerprint"] = now
        return found

    with contextlib.suppress(AttributeError):  # it may refuse that
        experiment.data = data

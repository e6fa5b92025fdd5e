"""The folders of runs, as the commands use them: a new one, or one of an earlier run.

A run is itself: what is taken up again has to be what was trained. The recipe, the
checkpoint and the data are compared with config.json, and a difference is refused
unless the user says --with-changes. Nothing is run unasked: consent.py decides whether
the recipe of a folder may run.
"""

import contextlib
import pathlib
import sys

from .. import __version__
from ..errors import InputError

FREE = ("steps", "data", "lr", "array")  # may change when a run is resumed
REASONS = {
    "batch": "the order of the data depends on it",
    "seed": "every random number depends on it",
}
RESERVED = ("/proc", "/sys")  # their files are no data, and some never end


def say(sentence: str) -> None:
    """A sentence for the user, on stderr."""
    print(f"tinygan: {sentence}", file=sys.stderr, flush=True)


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
    if other or str(path).startswith(RESERVED):
        raise InputError(f"{expected}, found a device or a pipe")
    return str(path)


# A new run


def only_old_runs(args) -> None:
    """InputError for an option that says something of an earlier run."""
    for name in ("with_changes", "as_trained", "trust"):
        if getattr(args, name):
            option = name.replace("_", "-")
            raise InputError(f"--{option}: expected --resume RUN as well")


def new_folder(args, module, options: dict, run):
    """Make the folder of a new run: config.json and the copy of the recipe."""
    from .. import recipes
    from ..runs.folder import RunFolder
    from ..runs.identity import fingerprint, new_id
    from ..runs.provenance import provenance
    from .consent import facts, keep, may_lie_in

    name, source = args.recipe, recipes.source(module)
    config = {
        "recipe": str(pathlib.Path(name).resolve()) if name.endswith(".py") else name,
        "run": new_id(),
        "source": facts(source),
        "options": options,
        "steps": run.experiment.steps,
        "batch": run.experiment.batch,
        "seed": run.experiment.seed,
        "cores": run.cores,
        "fingerprint": fingerprint(run.data),
        **provenance(),
        "machine": run.backend.describe(),
    }
    path = pathlib.Path(args.out) if args.out else _free_folder(name)
    may_lie_in(path, source)
    folder = RunFolder.create(path, config)
    keep(folder, source)
    return folder


def _free_folder(recipe: str) -> pathlib.Path:
    """The first of runs/NAME, runs/NAME-2, -3, ... that does not exist."""
    base = pathlib.Path("runs") / pathlib.Path(recipe).stem
    n, path = 1, base
    while path.exists():
        n += 1
        path = base.with_name(f"{base.name}-{n}")
    return path


# An earlier run


def trained(args):
    """The folder, experiment, recipe and backend of a run. --data tells where its data
    are now, if they have moved.
    """
    folder, module, backend = _opened(args, args.folder)
    options = _stored(folder, module)
    if args.data is not None:
        options["data"] = data_path(args.data)
    experiment = _built(folder, module, options, args)
    return folder, experiment, module, backend


def reopened(args, given: dict):
    """The folder, experiment, recipe and backend of a run that goes on. What may change
    is in FREE. InputError if any other option is new.
    """
    from .. import recipes

    if args.out is not None:
        raise InputError(
            "--out cannot be given with --resume: the run goes on in its own folder; "
            "to keep that as it is, copy it and resume the copy"
        )
    folder, module, backend = _opened(args, args.resume)
    options = _stored(folder, module)
    settled = recipes.settled(module, _known(folder, module) | options)
    changes = {}
    for name, value in given.items():
        was = settled.get(name)
        if value == was:
            continue
        if name not in FREE:
            why = REASONS.get(name, "the run depends on it")
            raise InputError(
                f"--{name} cannot change when a run is resumed, because {why} from the "
                "first step; only --steps, --lr and --data can"
            )
        changes[name] = [was, value]
    experiment = _built(folder, module, settled | given, args)
    step = _step(folder)
    if step >= experiment.steps:
        raise InputError(
            f"{folder.path}: already at step {step} of {experiment.steps}; "
            "give a larger --steps to go on"
        )
    folder.config |= {"options": settled | given, "steps": experiment.steps}
    _note(folder, step, changes)
    return folder, experiment, module, backend


def going_on(folder, module, run) -> None:
    """Record what a resumed run goes on with: recipe, version, machine and cores."""
    from .. import recipes
    from ..runs.identity import new_id
    from ..runs.provenance import provenance
    from .consent import keep

    before = _comparable(folder.config)
    keep(folder, recipes.source(module))
    folder.config.setdefault("run", new_id())  # which a run of 0.1.0 does not have
    folder.config |= {"cores": run.cores, "machine": run.backend.describe()}
    folder.config |= provenance()
    after = _comparable(folder.config)
    names = (k for k in after if None not in (before[k], after[k]))
    changed = {k: [before[k], after[k]] for k in names if before[k] != after[k]}
    _note(folder, _step(folder), changed)


def _comparable(config: dict) -> dict:
    """The facts whose change is worth a note in config.json."""
    source, machine = config.get("source"), config.get("machine")
    return {
        "recipe": source["sha256"] if source else None,
        "tinygan": config.get("tinygan"),
        "backend": machine.get("backend") if isinstance(machine, dict) else None,
    }


def recorded_cores(folder, backend) -> int | None:
    """The cores that the run had, if it had this backend; None otherwise."""
    machine, cores = folder.config.get("machine"), folder.config.get("cores")
    was = machine.get("backend") if isinstance(machine, dict) else None
    sound = type(cores) is int and cores >= 1
    return cores if sound and was in (None, backend.name) else None


def _known(folder, module) -> dict:
    """What the config.json of an old run tells beside the options that were given."""
    from .. import recipes

    names = {"steps", "batch", "seed"} & recipes.defaults(module).keys()
    return {k: folder.config[k] for k in names if k in folder.config}


def _note(folder, step: int, changes: dict) -> None:
    """Record in config.json that options changed at this step."""
    if changes:
        earlier = folder.config.get("changes")
        earlier = earlier if isinstance(earlier, list) else []
        folder.config["changes"] = [*earlier, {"step": step, **changes}]


def _step(folder) -> int:
    return folder.step() if folder.checkpoint.exists() else 0


def _opened(args, path):
    """The folder at `path`, its recipe and backend, as far as they are the run's."""
    from ..runs.folder import RunFolder
    from .consent import recipe_of

    if not str(path).strip():
        raise InputError(f"expected the folder of a run, got {str(path)!r}")
    folder = RunFolder.open(path)
    if not args.trust:
        folder.refuse_links()
    _compare_checkpoint(folder, args)
    writer = folder.config.get("tinygan")
    if writer is not None and writer != __version__:
        say(f"this run is of tinygan {writer!s:.20}, and this is {__version__}")
    module = recipe_of(folder, args)
    return folder, module, _backend(folder, args)


def _compare_checkpoint(folder, args) -> None:
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


def _backend(folder, args):
    """The run's backend, or the one that is asked for. BackendError if it is missing
    here.
    """
    from ..backend import get_backend
    from ..errors import BackendError

    machine = folder.config.get("machine")
    recorded = machine.get("backend") if isinstance(machine, dict) else None
    if args.backend or recorded not in ("numpy", "cupy"):
        return get_backend(args.backend or "numpy")
    try:
        return get_backend(recorded)
    except BackendError as e:
        raise BackendError(
            f"{folder.path}: this run was trained with --backend {recorded}, which "
            f"cannot be used here ({e}); say --backend numpy to go on without it"
        ) from e


def _stored(folder, module) -> dict:
    from .. import recipes

    where = folder.path / "config.json"
    return recipes.stored(module, folder.config["options"], where)


def _built(folder, module, options: dict, args):
    """The experiment, whose data are compared with the run's when they are read."""
    from .. import recipes

    data = options.get("data")
    if isinstance(data, str) and args.data is None:
        options["data"] = data_path(data, f"{folder.path / 'config.json'}: data")
    experiment = recipes.build(module, options)
    _watch(experiment, folder, args)
    return experiment


def _watch(experiment, folder, args) -> None:
    """Let the experiment compare its data with the run's. Other data are told, and
    refused unless --data or --with-changes names them.
    """
    from ..runs.identity import differs, fingerprint

    read = experiment.data
    recorded = folder.config.get("fingerprint")

    def data():
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
            say(sentence)
            _note(folder, _step(folder), {"fingerprint": [recorded, now]})
        folder.config["fingerprint"] = now
        return found

    with contextlib.suppress(AttributeError):  # an experiment of another kind
        experiment.data = data

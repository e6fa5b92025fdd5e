"""The folders of runs, as the commands use them: a new one, or one of an earlier run.

A run is itself: what is taken up again has to be what was trained. The recipe, the
checkpoint and the data are compared with config.json (compare.py), and a difference is
refused unless the user says --with-changes. Nothing is run unasked: consent.py decides
whether the recipe of a folder may run.
"""

import contextlib
import pathlib

from .. import __version__
from ..errors import InputError
from . import compare
from .terminal import complain, say

FREE = ("steps", "data", "lr", "array")  # may change when a run is resumed
REASONS = {
    "batch": "the order of the data depends on it",
    "seed": "every random number depends on it",
}


# A new run


def only_old_runs(args) -> None:
    """InputError for an option that says something of an earlier run."""
    for name in ("with_changes", "as_trained", "trust"):
        if getattr(args, name):
            option = name.replace("_", "-")
            raise InputError(f"--{option}: expected --resume RUN as well")


def begun(args, module, options: dict, run):
    """Make the folder of a new run: config.json and the copy of the recipe."""
    from .. import recipes
    from ..runs.folder import RunFolder
    from ..runs.identity import fingerprint, new_id
    from ..runs.owned import new_folder
    from ..runs.provenance import provenance
    from .copies import facts, keep, may_lie_in

    name, source = args.recipe, recipes.source(module)
    config = {
        "recipe": str(pathlib.Path(name).resolve()) if name.endswith(".py") else name,
        "run": new_id(),
        "source": facts(source),
        **_numbers(options, run.experiment),
        "cores": run.cores,
        "fingerprint": fingerprint(run.data),
        **provenance(),
        "machine": run.backend.describe(),
    }
    if args.out is None:
        path = new_folder(pathlib.Path("runs") / pathlib.Path(name).stem)
    else:
        path = pathlib.Path(args.out)
        may_lie_in(path, source)
    folder = RunFolder.create(path, config)
    keep(folder, source)
    return folder


def _numbers(options: dict, experiment) -> dict:
    """The options, and the experiment's numbers where the recipe does not take them."""
    facts = {}
    for name in ("steps", "batch", "seed"):
        value = options.get(name)
        if isinstance(value, float) and value.is_integer():
            options = options | {name: int(value)}  # for instance 1e4
        is_number = isinstance(value, int | float)
        facts[name] = options[name] if is_number else getattr(experiment, name)
    return {"options": options, **facts}


# An earlier run


def trained(args):
    """The folder, experiment, recipe and backend of a run. --data tells where its data
    are now, if they have moved.
    """
    folder, module, backend = _opened(args, args.folder)
    options = _stored(folder, module)
    if args.data is not None:
        options["data"] = compare.data_path(args.data)
    experiment = _built(folder, module, options, args)
    return folder, experiment, module, backend


def reopened(args, given: dict, held: contextlib.ExitStack | None):
    """The folder, experiment, recipe and backend of a run that goes on. What may change
    is in FREE. InputError if any other option is new. The folder is locked, until
    `held` is left at the latest.
    """
    from .. import recipes

    if args.out is not None:
        raise InputError(
            "--out cannot be given with --resume: the run goes on in its own folder; "
            "to keep that as it is, copy it and resume the copy"
        )
    folder, module, backend = _opened(args, args.resume, held)
    settled = recipes.settled(module, _stored(folder, module))
    changes = {}
    for name, value in given.items():
        was = settled.get(name)
        if value == was or (isinstance(value, tuple) and list(value) == was):
            continue
        if name not in FREE:
            why = REASONS.get(name, "the run depends on it")
            raise InputError(
                f"--{name} cannot change when a run is resumed, because {why} from the "
                "first step; only --steps, --lr, --data, --array, --cores and "
                "--backend can"
            )
        changes[name] = [was, value]
    experiment = _built(folder, module, settled | given, args)
    at, steps = compare.step(folder), experiment.steps
    if at > steps or (at == steps and not folder.undrawn()):
        raise InputError(
            f"{folder.path}: already at step {at} of {steps}; give a larger --steps to "
            "go on"
        )
    if at == steps:
        say(f"already at step {at} of {at}; some pictures have to be drawn again")
    folder.config |= _numbers(settled | given, experiment)
    compare.note(folder, changes)
    return folder, experiment, module, backend


def going_on(folder, module, run) -> None:
    """Record what a resumed run goes on with: recipe, version, machine and cores."""
    from .. import recipes
    from ..runs.identity import new_id
    from ..runs.provenance import provenance
    from .copies import keep

    before = compare.facts_of(folder.config)
    keep(folder, recipes.source(module))
    folder.config.setdefault("run", new_id())  # which a run of 0.1.0 does not have
    folder.config |= {"cores": run.cores, "machine": run.backend.describe()}
    folder.config |= provenance()
    after = compare.facts_of(folder.config)
    names = (k for k in after if None not in (before[k], after[k]))
    changed = {k: [before[k], after[k]] for k in names if before[k] != after[k]}
    compare.note(folder, changed)


def _opened(args, path, held: contextlib.ExitStack | None = None):
    """The folder at `path`, its recipe and backend, as far as they are the run's. With
    `held` the folder is locked until that is left.
    """
    from ..runs.folder import RunFolder
    from ..runs.owned import expect_plain
    from .consent import recipe_of

    if not str(path).strip():
        raise InputError(f"expected the folder of a run, got {str(path)!r}")
    expect_plain(path, links=args.trust)
    folder = RunFolder.open(path, hold=held is not None)
    if held is not None:  # a mistake below unlocks it
        held.callback(folder.let_go)
    compare.checkpoint(folder, args)
    writer = folder.config.get("tinygan")
    if writer is not None and writer != __version__:
        complain(f"this run is of tinygan {writer!s:.20}, and this is {__version__}")
    module = recipe_of(folder, args)
    return folder, module, compare.backend_of(folder, args)


def _stored(folder, module) -> dict:
    """The run's options. The config.json of an old run has only those that were given,
    and beside them steps, batch and seed.
    """
    from .. import recipes

    config, where = folder.config, folder.path / "config.json"
    names = {"steps", "batch", "seed"} & recipes.defaults(module).keys()
    known = {name: config[name] for name in names if name in config}
    return recipes.stored(module, known | config["options"], where)


def _built(folder, module, options: dict, args):
    """The experiment, whose data are compared with the run's when they are read."""
    from .. import recipes
    from ..runs import settings

    data = options.get("data")
    own = data == recipes.defaults(module).get("data")  # the recipe's code names it
    if isinstance(data, str) and not own:
        compare.data_path(data, f"{folder.path / 'config.json'}: data")
    with settings.blamed(folder.path), compare.where_data_are(folder, args):
        experiment = recipes.build(module, options)  # which may read the data
    compare.watch_data(experiment, folder, args)
    return experiment

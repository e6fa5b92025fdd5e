"""The commands of `tinygan`: train, sample, evaluate, recipes, check, theory.

arguments.py reads the command line and calls one of these functions. Each takes the
parsed arguments and returns an exit status. It imports what it needs when it is called,
so that `tinygan --help` is quick.
"""

import pathlib
import sys

from .. import __version__
from ..errors import InputError, NonFiniteError
from . import compare, folders

SCALARS = ("steps", "batch", "seed", "lr", "data")


def train(args) -> int:
    """Train by a recipe, or resume a run; write the run's folder.

    Raises InputError for a user's mistake, NonFiniteError for a run that diverged.
    """
    from .. import recipes
    from ..backend import get_backend
    from ..runs.run import Run
    from ..runs.train import train as play_on

    given = {k: v for k in SCALARS if (v := getattr(args, k)) is not None}
    if "data" in given:
        given["data"] = compare.data_path(given["data"])
    cores, resumed = args.cores, args.resume is not None
    if resumed:
        folder, experiment, module, backend = folders.reopened(args, given)
        cores = cores or compare.recorded_cores(folder, backend)
    else:
        folders.only_old_runs(args)
        backend = get_backend(args.backend or "numpy")
        args.recipe = recipes.DEFAULT if args.recipe is None else args.recipe
        module = recipes.find(args.recipe)
        options = recipes.settled(module, given)
        experiment = recipes.build(module, options)
    with recipes.blamed(module):  # the recipe reads the data
        run = Run(experiment, backend, cores)
    if resumed:
        folders.going_on(folder, module, run)
    else:
        folder = folders.new_folder(args, module, options, run)
    print(f"{folder.config['recipe']}: {experiment.steps} steps into {folder.path}")
    try:
        with recipes.blamed(module, OSError):  # a full disk is not the recipe's fault
            play_on(run, folder, resumed, progress=not args.quiet)
    except NonFiniteError as e:
        raise NonFiniteError(f"{e}; {_way_on(folder)}") from e
    if run.step < experiment.steps:
        print(f"stopped at step {run.step} of {experiment.steps}; saved. Go on with")
        print(f"    tinygan train --resume {folder.path}")
        return 130
    for line in _report(run):
        print(line)
    print(f"look at {folder.path / 'samples.png'} and {folder.path / 'training.gif'}")
    return 0


def _way_on(folder) -> str:
    """The checkpoint of a diverged run, and the command that goes on more slowly."""
    if not folder.checkpoint.exists():
        return "last good checkpoint: none yet"
    rate = folder.config["options"].get("lr")
    hint = f"last good checkpoint: {folder.checkpoint}"
    if isinstance(rate, int | float) and rate > 0:
        command = f"tinygan train --resume {folder.path} --lr {rate / 2:g}"
        hint += f"; a smaller rate may help: {command}"
    return hint


def _report(run):
    """A line that says how good the samples are, if the density is known."""
    from ..data import GaussianMixture
    from ..measures import mode_coverage

    if isinstance(run.data, GaussianMixture):
        modes, quality = mode_coverage(run.samples(2500), run.data)
        yield (
            f"{modes} of {len(run.data.means)} modes, {quality:.1%} high quality "
            "(of 2,500 samples, within 3 standard deviations of a mode)"
        )


def sample(args) -> int:
    """Draw samples from a run; InputError if it cannot make what is asked for."""
    from .. import recipes
    from ..runs import sampling

    if args.to is not None and args.text is None:
        raise InputError("--to: expected --text as well, to begin from")
    asked = sampling.Request(args.label, args.text, args.to, args.grid)
    folder, experiment, module, backend = folders.trained(args)
    out = args.out or folder.path / "generated.png"
    with recipes.blamed(module):
        compare.meaning_of_words(experiment, folder)
        n = sampling.write(experiment, folder, backend, args.n, args.seed, out, asked)
    print(f"{n} samples of step {folder.step()} in {out}")
    return 0


def evaluate(args) -> int:
    """Print the measures of a run; InputError if it or its data cannot be read."""
    from .. import recipes
    from ..runs.evaluate import evaluate as measured
    from ..runs.results import table, write

    if args.out and (args.out.is_dir() or not args.out.parent.is_dir()):
        raise InputError(f"--out {args.out}: expected a file in a folder that exists")
    folder, experiment, module, backend = folders.trained(args)

    def say(sentence):
        print(f"{sentence} ...", file=sys.stderr, flush=True)

    with recipes.blamed(module):
        n, rows = measured(experiment, folder, backend, args.n, args.seed, say)
    few = f" (not {args.n:,}: at most a third of the data)" if n < args.n else ""
    print(
        f"{folder.path}, step {folder.step()}: {n:,} samples{few} against as many real"
    )
    print("ceiling: the value that as many other real samples reach\n")
    for line in table(rows):
        print(line)
    if args.out:
        about = {"run": str(folder.path), "recipe": folder.config["recipe"]}
        about |= {"step": folder.step(), "n": n, "seed": args.seed}
        write(args.out, about | {"tinygan": __version__}, rows)
    return 0


def list_recipes(args) -> int:
    """Print a line for each recipe."""
    from .. import recipes

    for name in recipes.names():
        mark = "*" if name == recipes.DEFAULT else " "
        print(f"{mark} {name:<14} {recipes.summary(recipes.find(name))}")
    print("\n* the default. A recipe may also be a Python file of your own.")
    return 0


def check(args) -> int:
    """Print the table of errors; return 1 if one is too large."""
    from .. import fast
    from ..check import builtin_rows, file_rows, print_table

    with fast.plain(args.plain or fast.is_plain()):
        if args.file:
            rows = file_rows(args.file, args.seed, analytic=not args.finite)
        else:
            rows = builtin_rows(args.seed)
        if fast.is_plain():
            print("the plain code, without fast twins")
    return 0 if print_table(rows) else 1


def theory(args) -> int:
    """Draw a figure, or list all figures; InputError for an unknown name."""
    from ..theory import figures

    if args.name is None:
        if args.out:
            raise InputError("--out needs the NAME of a figure; see tinygan theory")
        for name, (_, about) in figures.FIGURES.items():
            print(f"{name:<24}{about}")
        return 0
    figures.find(args.name)
    out = args.out or pathlib.Path(f"{args.name}.png")
    for line in figures.write(args.name, out, args.seed):
        print(line)
    print(f"look at {out}")
    return 0

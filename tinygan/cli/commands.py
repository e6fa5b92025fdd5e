"""The commands of `tinygan`: train, sample, evaluate, data, recipes, theory.

arguments.py reads the command line and calls one of these functions. Each takes the
parsed arguments and returns an exit status. It imports what it needs when it is called,
so that `tinygan --help` is quick.
"""

import contextlib
import errno
import os
import pathlib
import sys

from .. import __version__
from ..errors import InputError, NonFiniteError
from . import compare, folders
from .terminal import say

# Options of the recipe, and of how it reads its data.
PLAYING = ("steps", "batch", "seed", "lr", "images", "beta", "augment")
READING = ("data", "size", "channels", "array", "range", "labels")


def train(args) -> int:
    """Train by a recipe, or resume a run; write the run's folder.

    Raises InputError for a user's mistake, NonFiniteError for a run that diverged.
    """
    from ..parallel import mpi
    from ..runs.stopping import interruptible

    world = mpi.world()
    with interruptible(), mpi.session(world), contextlib.ExitStack() as held:
        return _train(args, held, world)


def _train(args, held: contextlib.ExitStack, world) -> int:
    from .. import recipes
    from ..backend import get_backend
    from ..parallel.mpi import agreed
    from ..runs.joint import follow
    from ..runs.media import medium_of
    from ..runs.run import Run
    from ..runs.stopping import Stopped
    from ..runs.train import train as play_on

    names = PLAYING + READING
    given = {k: v for k in names if (v := getattr(args, k)) is not None}
    if "data" in given:
        given["data"] = compare.data_path(given["data"])
    cores, resumed = args.cores, args.resume is not None
    with agreed(world):
        if resumed:
            lock = held if world.rank == 0 else None
            folder, experiment, module, backend = folders.reopened(args, given, lock)
            cores = cores or compare.recorded_cores(folder, backend)
        else:
            folders.only_old_runs(args)
            backend = get_backend(args.backend or "numpy")
            args.recipe, options = _chosen(args.recipe, given)
            module = recipes.find(args.recipe)
            experiment = recipes.build(module, options)
            given |= experiment.decided
    with recipes.blamed(module):  # the recipe reads the data
        graphs = backend.has_graphs and args.graph
        run = Run(experiment, backend, cores, world, graphs)
    if world.rank > 0:
        follow(run)
        return 0
    if resumed:
        folders.going_on(folder, module, run)
    else:
        folder = folders.begun(args, module, recipes.settled(module, given), run)
    for note in _notes(run.data):
        say(note)
    say(f"{folder.config['recipe']}: {experiment.steps} steps into {folder.path}")
    try:
        with recipes.blamed(module, OSError):  # a full disk is not the recipe's fault
            play_on(run, folder, resumed, progress=not args.quiet)
    except NonFiniteError as e:
        raise NonFiniteError(f"{e}; {_way_on(folder)}") from e
    except OSError as e:
        raise _with_way_on(e, folder) from e
    except Stopped as e:
        if e.step < experiment.steps:
            say(f"stopped at step {e.step} of {experiment.steps}; saved. Go on with")
            say(f"    tinygan train --resume {folder.path}")
            return 130
    for line in _report(run):
        say(line)
    say(f"look at {folder.path / 'samples.png'} and {folder.path / 'training.gif'}")
    for line in medium_of(experiment).hints(folder.path):
        say(line)
    return 0


def _chosen(name: str | None, given: dict) -> tuple[str, dict]:
    """The recipe's name, and its options. With data and no name, the data choose."""
    from .. import recipes

    if name is not None or "data" not in given:
        return name or recipes.DEFAULT, given
    data = recipes.read({k: v for k, v in given.items() if k in READING})
    name = recipes.suiting(data)
    n = getattr(data, "classes", 0)  # text has none
    classes = f"{n} classes: " if n >= 2 else ""
    say(f"{data!r}, {classes}the recipe {name} suits them")
    return name, given | {"data": data}


def _notes(data) -> tuple[str, ...]:
    """The sentences of the data's reader."""
    return getattr(getattr(data, "images", data), "notes", ())


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


def _with_way_on(error: OSError, folder) -> OSError:
    """The error of a folder that cannot be written, with what is saved and the way on.

    Raises nothing.
    """
    saved = "nothing is saved yet"
    with contextlib.suppress(InputError):
        saved = f"saved up to step {folder.step()}"
    why = error.strerror or str(error)
    advice = {errno.EFBIG: "allow larger files (ulimit -f), then "}
    advice |= dict.fromkeys((errno.ENOSPC, errno.EDQUOT), "make room, then ")
    first = advice.get(error.errno or 0, "")
    why = f"{why}; {saved}; {first}go on by tinygan train --resume {folder.path}"
    return OSError(error.errno or errno.EIO, why, error.filename)


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
    from ..runs.media import medium_of

    if args.to is not None and args.text is None:
        raise InputError("--to: expected --text as well, to begin from")
    asked = sampling.Request(args.label, args.text, args.to, args.grid)
    folder, experiment, module, backend = folders.trained(args)
    out = args.out or folder.path / medium_of(experiment).default
    with recipes.blamed(module):
        compare.meaning_of_words(experiment, folder)
        n = sampling.write(experiment, folder, backend, args.n, args.seed, out, asked)
    if out.suffix == ".txt" and args.out is None:
        for line in out.read_text(encoding="utf-8").splitlines():
            say(line)
    say(f"{n} samples of step {folder.step()} in {out}")
    return 0


def evaluate(args) -> int:
    """Print the measures of a run; InputError if it or its data cannot be read."""
    from .. import recipes
    from ..runs.evaluate import evaluate as measured
    from ..runs.owned import refuse_own_files
    from ..runs.results import table, write

    if args.out and (args.out.is_dir() or not args.out.parent.is_dir()):
        raise InputError(f"--out {args.out}: expected a file in a folder that exists")
    if args.out:
        refuse_own_files(args.out)
    folder, experiment, module, backend = folders.trained(args)
    with recipes.blamed(module):
        n, rows = measured(experiment, folder, backend, args.n, args.seed, _tell)
    few = f" (not {args.n:,}: at most a third of the data)" if n < args.n else ""
    step = folder.step()
    say(f"{folder.path}, step {step}: {n:,} samples{few} against as many real")
    say("ceiling: the value that as many other real samples reach")
    say()
    for line in table(rows):
        say(line)
    if args.out:
        about = {"run": str(folder.path), "recipe": folder.config["recipe"]}
        about |= {"step": folder.step(), "n": n, "seed": args.seed}
        write(args.out, about | {"tinygan": __version__}, rows)
    return 0


def _tell(sentence: str) -> None:
    say(f"{sentence} ...", sys.stderr)


def data(args) -> int:
    """Say what the data are, and draw some; InputError if they cannot be read."""
    from .. import plots
    from ..data.survey import survey
    from ..sound import sound_grid

    out = _free_picture(args.out, pathlib.Path(args.path))
    options = (args.size, args.channels, args.array, args.range, args.labels)
    found = survey(args.path, *options, say=_tell)
    for line in (*found.text().splitlines(), "train on them with"):
        say(line)
    say(f"    {found.command}")
    if found.samples is None:
        if args.out is not None:
            say(f"no picture is drawn of {found.kind}: {out} is not written")
        return 0
    if out is None:
        say("no picture is drawn: it would lie among the data; --out says where else")
        return 0
    if found.rate is None:
        pixels, what = plots.image_grid(found.samples), "images, as a network sees them"
    else:
        pixels, what = sound_grid(found.samples, found.rate), "sounds, as a network"
        what += " gets them: frequencies over time, and the waveform below"
    plots.save_png(out, pixels)
    say(f"look at {out}: some of the {what}")
    return 0


def _free_picture(out: pathlib.Path | None, data: pathlib.Path) -> pathlib.Path | None:
    """Where to draw: `out`, or the first of data.png, data-2.png ... that is free. None
    if that is a place among the data. InputError for an `out` that cannot be.
    """
    from ..runs.owned import refuse_own_files

    n, path = 1, out or pathlib.Path("data.png")
    while out is None and os.path.lexists(path):
        n += 1
        path = pathlib.Path(f"data-{n}.png")
    if out is not None:
        refuse_own_files(out)
    among = data.is_dir() and path.resolve().is_relative_to(data.resolve())
    if out is None:
        return None if among else path
    if out.suffix.lower() != ".png" or out.is_dir() or not out.parent.is_dir():
        raise InputError(f"--out {out}: expected a .png file in a folder that exists")
    if among:
        raise InputError(f"--out {out}: expected a place that is not among the data")
    if out.exists():
        raise InputError(f"--out {out}: there is such a file; name another")
    return out


def list_recipes(args) -> int:
    """Print a line for each recipe."""
    from .. import recipes

    for name in recipes.names():
        mark = "*" if name == recipes.DEFAULT else " "
        say(f"{mark} {name:<14} {recipes.summary(recipes.find(name))}")
    say()
    say("* the default. A recipe may also be a Python file of your own.")
    return 0


def theory(args) -> int:
    """Draw a figure, or list all figures; InputError for an unknown name."""
    from ..runs.owned import refuse_own_files
    from ..theory import figures

    if args.name is None:
        if args.out:
            raise InputError("--out needs the NAME of a figure; see tinygan theory")
        for name, (_, about) in figures.FIGURES.items():
            say(f"{name:<24}{about}")
        return 0
    figures.find(args.name)
    out = args.out or pathlib.Path(f"{args.name}.png")
    refuse_own_files(out)
    for line in figures.write(args.name, out, args.seed):
        say(line)
    say(f"look at {out}")
    return 0

"""The command line: `tinygan train`, `sample`, `evaluate`, `recipes`, `check`,
`theory`.

Everything that a user can get wrong arrives here as an `InputError` and leaves as one
sentence on stderr with exit status 2. A diverged run ends with status 1, an interrupted
one with 130.
"""

import argparse
import math
import pathlib
import sys

from . import __version__
from .errors import DataError, InputError, NonFiniteError

SCALARS = ("steps", "batch", "seed", "lr", "data")


def main(argv: list[str] | None = None) -> int:
    """Run the command line and return its exit status."""
    args = _parser().parse_args(argv)
    try:
        return args.run(args)
    except InputError as e:
        return _fail(str(e), 2)
    except NonFiniteError as e:
        return _fail(str(e), 1)
    except MemoryError as e:
        return _fail(f"not enough memory ({e}); a smaller --batch or --n may fit", 2)
    except KeyboardInterrupt:
        return _fail("interrupted", 130)
    except BrokenPipeError:  # the reader of our output went away
        sys.stderr.close()
        return 1
    except OSError as e:  # the disk is full, say
        return _fail(f"{e.filename or 'the system'}: {e.strerror}", 1)


def _fail(sentence: str, status: int) -> int:
    print("tinygan:", " ".join(sentence.split()), file=sys.stderr)
    return status


# The commands


def train(args) -> int:
    from . import recipes
    from .backend import get_backend
    from .train import Run
    from .train import train as play_on

    backend = get_backend(args.backend)
    given = {k: v for k in SCALARS if (v := getattr(args, k)) is not None}
    if "data" in given:
        given["data"] = str(pathlib.Path(given["data"]).resolve())
    if args.resume:
        folder, experiment, module = _reopen(args, given)
    else:
        name = args.recipe or recipes.DEFAULT
        module = recipes.find(name)
        experiment = recipes.build(module, given)
    with recipes.blamed(module):  # it reads the data
        run = Run(experiment, backend)
    if not args.resume:
        folder = _new_folder(args, name, given, run)
    print(f"{folder.config['recipe']}: {experiment.steps} steps into {folder.path}")
    try:
        with recipes.blamed(module, OSError):  # a full disk is not the recipe's
            play_on(run, folder, bool(args.resume), progress=not args.quiet)
    except NonFiniteError as e:
        kept = folder.checkpoint if folder.checkpoint.exists() else "none yet"
        raise NonFiniteError(f"{e}; last good checkpoint: {kept}") from e
    if run.step < experiment.steps:
        print(f"stopped at step {run.step} of {experiment.steps}; saved. Go on with")
        print(f"    tinygan train --resume {folder.path}")
        return 130
    for line in _report(run):
        print(line)
    print(f"look at {folder.path / 'samples.png'} and {folder.path / 'training.gif'}")
    return 0


def _new_folder(args, name: str, given: dict, run):
    """The folder of a new run, its config.json written."""
    from .runfolder import RunFolder

    is_file = name.endswith(".py")
    config = {
        "recipe": str(pathlib.Path(name).resolve()) if is_file else name,
        "options": given,
        "steps": run.experiment.steps,
        "batch": run.experiment.batch,
        "seed": run.experiment.seed,
        "tinygan": __version__,
        "machine": run.backend.describe(),
    }
    return RunFolder.create(args.out or _free_folder(name), config)


def _reopen(args, given: dict):
    """Folder, experiment and recipe of an earlier run, perhaps with other steps."""
    from . import recipes
    from .runfolder import RunFolder

    if args.recipe or args.out:
        raise InputError("--resume takes the recipe and the folder from the run itself")
    folder = RunFolder.open(args.resume)
    options = folder.config["options"]
    module = recipes.find(folder.config["recipe"])
    settled = {**recipes.defaults(module), **folder.config, **options}
    for name in given:
        if name not in ("steps", "data") and given[name] != settled.get(name):
            raise InputError(
                f"--{name} cannot change when a run is resumed, only --steps and --data"
            )
    options.update(given)
    experiment = recipes.build(module, options)
    if folder.step() >= experiment.steps:
        raise InputError(
            f"{folder.path}: already at step {folder.step()} of {experiment.steps}; "
            "give a larger --steps to go on"
        )
    folder.config["steps"] = experiment.steps
    return folder, experiment, module


def _report(run):
    """What can be said of the samples in a line, for data whose density is known."""
    from .data import GaussianMixture
    from .metrics import mode_coverage

    if isinstance(run.data, GaussianMixture):
        modes, quality = mode_coverage(run.samples(2500), run.data)
        yield (
            f"{modes} of {len(run.data.means)} modes, {quality:.1%} high quality "
            "(of 2,500 samples, within 3 standard deviations of a mode)"
        )


def _free_folder(recipe: str) -> pathlib.Path:
    """runs/NAME, or runs/NAME-2, -3, ..., whichever is still free."""
    base = pathlib.Path("runs") / pathlib.Path(recipe).stem
    n, path = 1, base
    while path.exists():
        n += 1
        path = base.with_name(f"{base.name}-{n}")
    return path


def sample(args) -> int:
    from . import recipes, sampling
    from .backend import get_backend
    from .runfolder import RunFolder

    backend = get_backend(args.backend)
    folder = RunFolder.open(args.folder)
    module = recipes.find(folder.config["recipe"])
    experiment = recipes.build(module, folder.config["options"])
    out = args.out or folder.path / "generated.png"
    with recipes.blamed(module):
        sampling.write(experiment, folder, backend, args.n, args.seed, out)
    print(f"{args.n} samples of step {folder.step()} in {out}")
    return 0


def evaluate(args) -> int:
    from . import recipes
    from .backend import get_backend
    from .evaluate import evaluate as measured
    from .evaluate import table, write
    from .runfolder import RunFolder

    if args.out and (args.out.is_dir() or not args.out.parent.is_dir()):
        raise InputError(f"--out {args.out}: expected a file in a folder that exists")
    backend = get_backend(args.backend)
    folder = RunFolder.open(args.folder)
    module = recipes.find(folder.config["recipe"])
    options = dict(folder.config["options"])
    if args.data is not None:
        options["data"] = str(pathlib.Path(args.data).resolve())
    experiment = recipes.build(module, options)

    def say(sentence):
        print(f"{sentence} ...", file=sys.stderr, flush=True)

    try:
        with recipes.blamed(module):
            n, rows = measured(experiment, folder, backend, args.n, args.seed, say)
    except DataError as e:
        hint = "; --data tells where the data are now" if "data" in options else ""
        raise InputError(f"{e}{hint}") from e
    few = f" (of {args.n:,}: a third of the data is the most)" if n < args.n else ""
    print(
        f"{folder.path}, step {folder.step()}: {n:,} samples{few} against as many real"
    )
    print("ceiling: what as many other real samples reach\n")
    for line in table(rows):
        print(line)
    if args.out:
        about = {"run": str(folder.path), "recipe": folder.config["recipe"]}
        about |= {"step": folder.step(), "n": n, "seed": args.seed}
        write(args.out, about | {"tinygan": __version__}, rows)
    return 0


def list_recipes(args) -> int:
    from . import recipes

    for name in recipes.names():
        mark = "*" if name == recipes.DEFAULT else " "
        print(f"{mark} {name:<14} {recipes.summary(recipes.find(name))}")
    print("\n* the default. A recipe may also be a Python file of your own.")
    return 0


def check(args) -> int:
    from .check import builtin_rows, file_rows, print_table

    if args.file:
        rows = file_rows(args.file, args.seed, analytic=not args.finite)
    else:
        rows = builtin_rows(args.seed)
    return 0 if print_table(rows) else 1


def theory(args) -> int:
    from .theory import figures

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


# The arguments


class Parser(argparse.ArgumentParser):
    """An ArgumentParser whose errors are one sentence."""

    def error(self, message):
        self.exit(2, f"{self.prog}: {message} (see {self.prog} --help)\n")


def _parser() -> Parser:
    parser = Parser(
        prog="tinygan",
        description="Generative adversarial networks from scratch, without autograd.",
    )
    parser.add_argument("--version", action="version", version=f"tinygan {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    for name, run, arguments, help, examples in COMMANDS:
        sub = commands.add_parser(
            name,
            help=help,
            description=help[0].upper() + help[1:] + ".",
            epilog="examples:\n" + "\n".join(f"  {e}" for e in examples),
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        sub.set_defaults(run=run)
        arguments(sub)
    return parser


def _train_arguments(sub) -> None:
    sub.add_argument(
        "recipe",
        nargs="?",
        metavar="RECIPE",
        help="a name that `tinygan recipes` lists, or a Python file (dcgan-digits)",
    )
    sub.add_argument("--steps", type=_positive, help="turns of the game")
    sub.add_argument("--batch", type=_positive, help="samples per step")
    sub.add_argument("--seed", type=_natural, help="seed of everything random")
    sub.add_argument(
        "--lr", type=_rate, help="learning rate (in dcgan-mnist of G, half of it for D)"
    )
    sub.add_argument("--data", help="IDX files, a folder of them, .npy or .npz")
    sub.add_argument("--out", help="the run's folder (runs/RECIPE)")
    sub.add_argument(
        "--resume", metavar="RUN", help="go on with the run in this folder"
    )
    sub.add_argument("--quiet", action="store_true", help="no progress bar")
    _backend_argument(sub)


def _sample_arguments(sub) -> None:
    sub.add_argument("folder", metavar="RUN", help="the folder of a run")
    sub.add_argument("--n", type=_positive, default=64, help="how many (64)")
    sub.add_argument("--seed", type=_natural, default=0, help="seed of z (0)")
    sub.add_argument(
        "--out",
        type=pathlib.Path,
        help="a .png picture, or the samples as .npy or .npz (RUN/generated.png)",
    )
    _backend_argument(sub)


def _evaluate_arguments(sub) -> None:
    sub.add_argument("folder", metavar="RUN", help="the folder of a run")
    sub.add_argument(
        "--n", type=_positive, default=2500, help="how many samples, 20 or more (2500)"
    )
    sub.add_argument(
        "--seed", type=_natural, default=0, help="seed of z and of all choices (0)"
    )
    sub.add_argument("--data", help="where the data are now, if not where they were")
    sub.add_argument("--out", type=pathlib.Path, help="write the results there as JSON")
    _backend_argument(sub)


def _check_arguments(sub) -> None:
    sub.add_argument("file", nargs="?", help="a Python file that defines layers")
    sub.add_argument("--seed", type=_natural, default=0, help="seed of the draws (0)")
    sub.add_argument(
        "--finite", action="store_true", help="finite differences only, to 1e-6"
    )


def _theory_arguments(sub) -> None:
    sub.add_argument("name", nargs="?", metavar="NAME", help="none: list the figures")
    sub.add_argument("--out", type=pathlib.Path, help="a .png picture (NAME.png)")
    sub.add_argument("--seed", type=_natural, default=0, help="seed of training (0)")


def _backend_argument(sub) -> None:
    sub.add_argument(
        "--backend", choices=("numpy", "cupy"), default="numpy", help="CPU or GPU"
    )


def _number(text: str, kind, ok, expected: str):
    try:
        value = kind(text)
    except ValueError:
        value = None
    if value is None or not ok(value):
        raise argparse.ArgumentTypeError(f"expected {expected}, got {text!r}")
    return value


def _positive(text: str) -> int:
    return _number(text, int, lambda v: v >= 1, "a positive whole number")


def _natural(text: str) -> int:
    return _number(text, int, lambda v: v >= 0, "0 or a positive whole number")


def _rate(text: str) -> float:
    return _number(
        text, float, lambda v: v > 0 and math.isfinite(v), "a positive number"
    )


# name, function, its arguments, what it is for, examples
COMMANDS = (
    (
        "train",
        train,
        _train_arguments,
        "train a GAN by a recipe and write a run's folder",
        (
            "tinygan train",
            "tinygan train mlp-ring --steps 2000 --seed 3",
            "tinygan train dcgan-mnist --data folder/of/idx/files",
            "tinygan train my_recipe.py --out runs/mine",
            "tinygan train --resume runs/mine --steps 5000",
        ),
    ),
    (
        "sample",
        sample,
        _sample_arguments,
        "draw samples from a trained generator",
        (
            "tinygan sample runs/dcgan-digits --n 64 --out digits.png",
            "tinygan sample runs/dcgan-digits --n 10000 --out digits.npz",
        ),
    ),
    (
        "evaluate",
        evaluate,
        _evaluate_arguments,
        "measure how good and how varied a generator's samples are",
        (
            "tinygan evaluate runs/dcgan-digits",
            "tinygan evaluate runs/mlp-ring --n 10000 --out results.json",
            "tinygan evaluate runs/dcgan-mnist --data folder/of/idx/files",
        ),
    ),
    (
        "recipes",
        list_recipes,
        lambda sub: None,
        "list the recipes, a line each",
        ("tinygan recipes",),
    ),
    (
        "check",
        check,
        _check_arguments,
        "certify every derivative: ours, or those of your own layer",
        (
            "tinygan check",
            "tinygan check my_layer.py",
            "tinygan check my_layer.py --finite   (a forward with abs, norm or conj)",
        ),
    ),
    (
        "theory",
        theory,
        _theory_arguments,
        "draw what the theory says beside what the code does",
        (
            "tinygan theory",
            "tinygan theory optimal-discriminator --out d.png --seed 3",
            "tinygan theory dirac-table",
        ),
    ),
)

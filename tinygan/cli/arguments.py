"""The command line: `tinygan train`, `sample`, `evaluate`, `theory` ...

This file reads the arguments, and commands.py does what they say. A user's mistake
arrives here as an `InputError`; it leaves as one sentence on stderr, with exit status
2. A diverged run ends with status 1, and an interrupted run with 130.
"""

import argparse
import contextlib
import os
import traceback

from .. import __version__
from ..errors import InputError, NonFiniteError
from . import commands
from .parser import Parser
from .terminal import any_terminal, complain, final
from .values import black_and_white, name, natural, path, positive, rate, turns


def main(argv: list[str] | None = None) -> int:
    """Run the command line and return its exit status."""
    with any_terminal():
        return final(_run(argv))


def _run(argv: list[str] | None) -> int:
    try:
        args = _parser().parse_args(argv)
        with _traceback_shown(args.traceback):
            return args.run(args)
    except InputError as e:
        return _fail(str(e), 2)
    except NonFiniteError as e:
        return _fail(str(e), 1)
    except MemoryError as e:
        why = f" ({e})" if str(e) else ""
        return _fail(f"not enough memory{why}; a smaller --batch or --n may fit", 2)
    except KeyboardInterrupt:
        return _fail("interrupted", 130)
    except OSError as e:  # for instance the disk is full
        return _fail(f"{e.filename or 'the system'}: {e.strerror or e}", 1)


@contextlib.contextmanager
def _traceback_shown(wanted: bool):
    """Within this context, an error also prints its traceback, if that is wanted."""
    try:
        yield
    except Exception:
        if wanted or os.environ.get("TINYGAN_TRACEBACK", "0") not in ("", "0"):
            traceback.print_exc()
        raise


def _fail(sentence: str, status: int) -> int:
    complain(sentence)
    return status


DATA = (
    "a folder or zip of pictures (class folders give labels), IDX files, .npy, .npz, "
    "CIFAR, SVHN .mat, or pictures with captions"
)


def _parser() -> Parser:
    parser = Parser(
        prog="tinygan",
        description="Generative adversarial networks from scratch, without autograd.",
    )
    parser.add_argument("--version", action="version", version=f"tinygan {__version__}")
    subparsers = parser.add_subparsers(metavar="COMMAND", required=True)
    for command, run, arguments, help, examples in COMMANDS:
        sub = subparsers.add_parser(
            command,
            help=help,
            description=help[0].upper() + help[1:] + ".",
            epilog="examples:\n" + "\n".join(f"  {e}" for e in examples),
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        sub.set_defaults(run=run)
        arguments(sub)
        sub.add_argument(
            "--traceback",
            action="store_true",
            help="show where an error comes from, as TINYGAN_TRACEBACK=1 does",
        )
    return parser


def _train_arguments(sub) -> None:
    sub.add_argument(
        "recipe",
        nargs="?",
        type=name,
        metavar="RECIPE",
        help="a name that `tinygan recipes` lists, or a Python file (dcgan-digits)",
    )
    sub.add_argument("--steps", type=turns, help="turns of the game")
    sub.add_argument("--batch", type=positive, help="samples per step")
    sub.add_argument("--seed", type=natural, help="seed of everything random")
    sub.add_argument("--lr", type=rate, help="learning rate (of G, if D has another)")
    sub.add_argument(
        "--data",
        type=name,
        metavar="PATH",
        help=f"{DATA}; tinygan data PATH tells what it holds. Without a RECIPE, "
        "pictures or class-pictures is taken",
    )
    _picture_arguments(sub)
    sub.add_argument("--out", type=name, help="the run's folder (runs/RECIPE)")
    sub.add_argument(
        "--resume",
        type=name,
        metavar="RUN",
        help="go on with the run in this folder; --steps, --lr and --data may change",
    )
    sub.add_argument(
        "--cores",
        type=positive,
        help="cores to use (all for large networks, fewer for small ones)",
    )
    sub.add_argument("--quiet", action="store_true", help="no progress bar")
    _backend_argument(sub)
    _run_arguments(sub)


def _sample_arguments(sub) -> None:
    sub.add_argument("folder", type=name, metavar="RUN", help="the folder of a run")
    sub.add_argument("--n", type=positive, default=64, help="number of samples (64)")
    sub.add_argument("--seed", type=natural, default=0, help="seed of z (0)")
    which = sub.add_mutually_exclusive_group()
    which.add_argument(
        "--label",
        type=name,
        metavar="K",
        help="samples of class K, a number or a name, if the run has classes",
    )
    which.add_argument(
        "--text", metavar="SENTENCE", help="samples that this sentence describes"
    )
    which.add_argument(
        "--grid",
        action="store_true",
        help="each row has one class or sentence, each column one z",
    )
    sub.add_argument(
        "--to", metavar="SENTENCE", help="from --text to this sentence, one z per row"
    )
    _data_argument(sub)
    sub.add_argument(
        "--out",
        type=path,
        help="a .png picture, or the samples as .npy or .npz (RUN/generated.png)",
    )
    _backend_argument(sub)
    _run_arguments(sub)


def _evaluate_arguments(sub) -> None:
    sub.add_argument("folder", type=name, metavar="RUN", help="the folder of a run")
    sub.add_argument(
        "--n", type=positive, default=2500, help="number of samples, 20 or more (2500)"
    )
    sub.add_argument(
        "--seed", type=natural, default=0, help="seed of z and of all choices (0)"
    )
    _data_argument(sub)
    sub.add_argument(
        "--out", type=path, help="also write the results to this file as JSON"
    )
    _backend_argument(sub)
    _run_arguments(sub)


def _data_arguments(sub) -> None:
    sub.add_argument("path", type=name, metavar="PATH", help=f"the data: {DATA}")
    _picture_arguments(sub)
    sub.add_argument(
        "--out",
        type=path,
        help="draw some of the images into this .png picture (data.png)",
    )


def _picture_arguments(sub) -> None:
    """How `--data` become images."""
    sub.add_argument(
        "--size",
        type=positive,
        help="crop the middle square of each picture and scale it to SIZE x SIZE",
    )
    sub.add_argument(
        "--channels",
        type=natural,
        choices=(1, 3, 4),
        help="1: grey, 3: colour, 4: colour with transparency (as the data are)",
    )
    sub.add_argument(
        "--array", metavar="NAME", help="the array to take from a .npz file"
    )
    sub.add_argument(
        "--range",
        type=black_and_white,
        metavar="LOW,HIGH",
        help="the numbers that are black and white, as in --range 0,16",
    )


def _check_arguments(sub) -> None:
    sub.add_argument(
        "file", nargs="?", type=name, help="a Python file that defines layers"
    )
    sub.add_argument("--seed", type=natural, default=0, help="seed of the draws (0)")
    sub.add_argument(
        "--finite", action="store_true", help="use finite differences only, to 1e-6"
    )
    sub.add_argument(
        "--plain",
        action="store_true",
        help="check the plain code, without its fast twins",
    )


def _theory_arguments(sub) -> None:
    sub.add_argument(
        "name",
        nargs="?",
        type=name,
        metavar="NAME",
        help="a figure; without NAME, list all figures",
    )
    sub.add_argument("--out", type=path, help="write this .png picture (NAME.png)")
    sub.add_argument("--seed", type=natural, default=0, help="seed of training (0)")


def _data_argument(sub) -> None:
    sub.add_argument(
        "--data",
        type=name,
        metavar="PATH",
        help=f"the new place of the data, if they have moved: {DATA}",
    )


def _backend_argument(sub) -> None:
    sub.add_argument(
        "--backend",
        choices=("numpy", "cupy"),
        help="CPU or GPU (numpy, or that of the run)",
    )


def _run_arguments(sub) -> None:
    """How a run is taken up again, if its recipe or its data are not as they were."""
    sub.add_argument(
        "--with-changes",
        action="store_true",
        help="take the recipe, the checkpoint and the data as they are now",
    )
    sub.add_argument(
        "--as-trained",
        action="store_true",
        help="take the recipe from the run's own copy, even if its file has changed",
    )
    sub.add_argument(
        "--trust",
        action="store_true",
        help="run the recipe of a folder from elsewhere: it is a program",
    )


# name, function, its arguments, its help, examples
COMMANDS = (
    (
        "train",
        commands.train,
        _train_arguments,
        "train a GAN by a recipe and write a run's folder",
        (
            "tinygan train",
            "tinygan train mlp-ring --steps 2000 --seed 3",
            "tinygan train --data folder/of/pictures --size 32",
            "tinygan train dcgan-mnist --data folder/of/idx/files",
            "tinygan train my_recipe.py --out runs/mine",
            "tinygan train --resume runs/mine --steps 5000",
        ),
    ),
    (
        "sample",
        commands.sample,
        _sample_arguments,
        "draw samples from a trained generator",
        (
            "tinygan sample runs/dcgan-digits --n 64 --out digits.png",
            "tinygan sample runs/dcgan-digits --n 10000 --out digits.npz",
            "tinygan sample runs/cgan-digits --label 7",
            "tinygan sample runs/cgan-digits --grid --n 100",
            'tinygan sample runs/text2digit --text "a small green three"',
        ),
    ),
    (
        "evaluate",
        commands.evaluate,
        _evaluate_arguments,
        "measure how good and how varied a generator's samples are",
        (
            "tinygan evaluate runs/dcgan-digits",
            "tinygan evaluate runs/mlp-ring --n 10000 --out results.json",
            "tinygan evaluate runs/dcgan-mnist --data folder/of/idx/files",
        ),
    ),
    (
        "data",
        commands.data,
        _data_arguments,
        "look at data before you train: what they are, and how a network sees them",
        (
            "tinygan data photos",
            "tinygan data photos.zip --size 32",
            "tinygan data arrays.npz --array x_test --range 0,16",
        ),
    ),
    (
        "recipes",
        commands.list_recipes,
        lambda sub: None,
        "list the recipes, one per line",
        ("tinygan recipes",),
    ),
    (
        "check",
        commands.check,
        _check_arguments,
        "certify every derivative, of tinygan or of your own layer",
        (
            "tinygan check",
            "tinygan check --plain",
            "tinygan check my_layer.py",
            "tinygan check my_layer.py --finite   (a forward with abs, norm or conj)",
        ),
    ),
    (
        "theory",
        commands.theory,
        _theory_arguments,
        "draw what the theory says and what the code does",
        (
            "tinygan theory",
            "tinygan theory optimal-discriminator --out d.png --seed 3",
            "tinygan theory dirac-table",
        ),
    ),
)

"""The command line: `tinygan train`, `sample`, `evaluate`, `theory` ...

This file reads the arguments, and commands.py does what they say. A user's mistake
arrives here as an `InputError`; it leaves as one sentence on stderr, with exit status
2. A diverged run ends with status 1, and an interrupted run with 130.
"""

import argparse
import contextlib
import functools
import os
import traceback

from .. import __version__
from ..errors import InputError, NonFiniteError
from . import checking, commands, laboratory, options, reporting
from .parser import Parser
from .terminal import any_terminal, complain, final


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


@functools.cache
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


# name, function, its arguments, its help, examples
COMMANDS = (
    (
        "train",
        commands.train,
        options.train,
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
        options.sample,
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
        options.evaluate,
        "measure how good and how varied a generator's samples are",
        (
            "tinygan evaluate runs/dcgan-digits",
            "tinygan evaluate runs/mlp-ring --n 10000 --out results.json",
            "tinygan evaluate runs/dcgan-mnist --data folder/of/idx/files",
        ),
    ),
    (
        "report",
        reporting.report,
        options.report,
        "write one HTML file of what a run tells: samples over time, curves, health",
        (
            "tinygan report runs/dcgan-digits",
            "tinygan report runs/dcgan-digits --out digits.html",
            "tinygan report runs/mlp-ring runs/mlp-ring-2   (side by side)",
        ),
    ),
    (
        "data",
        commands.data,
        options.data,
        "look at data before you train: what they are, and how a network sees them",
        (
            "tinygan data photos",
            "tinygan data photos.zip --size 32",
            "tinygan data arrays.npz --array x_test --range 0,16",
            "tinygan data shakespeare.txt --size 64",
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
        checking.check,
        options.check,
        "certify every derivative: of tinygan, of your own layer, of a whole recipe",
        (
            "tinygan check",
            "tinygan check --plain",
            "tinygan check my_layer.py",
            "tinygan check my_layer.py --thorough",
            "tinygan check my_layer.py --finite   (a forward with abs, norm or conj)",
            "tinygan check my_recipe.py",
            "tinygan check dcgan-mnist --data folder/of/idx/files",
        ),
    ),
    (
        "theory",
        commands.theory,
        options.theory,
        "draw what the theory says and what the code does",
        (
            "tinygan theory",
            "tinygan theory optimal-discriminator --out d.png --seed 3",
            "tinygan theory dirac-table",
        ),
    ),
    (
        "lab",
        laboratory.lab,
        options.lab,
        "open a page in the browser on which a game is played live",
        (
            "tinygan lab",
            "tinygan lab runs/dcgan-digits",
            "tinygan lab --port 5006 --no-browser",
        ),
    ),
)

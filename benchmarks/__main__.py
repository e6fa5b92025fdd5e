"""The benchmark suite in one command: peaks, layers, steps, recipes and sweeps."""

import argparse
import sys
from pathlib import Path

from tinygan import InputError

from . import layers, peak, recipes, report, step, suite_pages, sweep, turns
from .moves import ASKED
from .suite_pages import BENCHMARKS
from .sweep import SWEEPS
from .works import WORKS

QUICK_WORKS = ("mlp", "dcgan28", "wgangp28")
EXAMPLES = """\
examples:
  python -m benchmarks --quick                      # about a minute: a first look
  python -m benchmarks --out results --docs docs    # everything, with a page
  python -m benchmarks --only peak,layers --libraries numpy,torch-cpu
  python -m benchmarks --show results --docs docs   # the page again, from the files
  python -m benchmarks.compare old/step.json new/step.json

Each part is also a command with more options: python -m benchmarks.peak, .layers,
.step, .recipes and .sweep. --out gets a file for each part, --docs gets benchmarks.md
and its plots, and --show takes several folders, one for each machine.
"""


def main(argv: list[str] | None = None) -> int:
    parser, options = parse(argv)
    folders = {}
    try:
        for folder in options.show or ():
            folders[folder.resolve().name] = suite_pages.read(folder)
    except InputError as e:
        parser.error(str(e))
    if not folders:
        measured = measure(options)
        if not any(results["libraries"] for results in measured.values()):
            print("none of the libraries asked for can run here", file=sys.stderr)
            return 2
        name = options.out.resolve().name if options.out else "here"
        folders = {name: measured}
    elif not options.docs:
        print(suite_pages.page(folders))
    if options.docs:
        suite_pages.write(folders, options.docs)
        print(f"written: {options.docs / 'benchmarks.md'} and its plots")
    return 0


def parse(argv):
    parser = turns.parser("", __doc__.partition("\n")[0], EXAMPLES)
    add = parser.add_argument
    add(
        "--only",
        type=report.names(BENCHMARKS),
        default=list(BENCHMARKS),
        metavar="A,B",
        help=f"some of {','.join(BENCHMARKS)} (default: all)",
    )
    add(
        "--game",
        choices=ASKED,
        default="shared",
        help="the game of step and sweep (default shared)",
    )
    add("--out", type=folder, metavar="DIR", help="a file of results for each part")
    add("--docs", type=folder, metavar="DIR", help="write the page and plots there")
    add(
        "--show",
        type=folder,
        nargs="+",
        metavar="DIR",
        help="measure nothing, and make the page of these results",
    )
    options = parser.parse_args(argv)
    if options.show and options.out:
        parser.error("--show measures nothing, so --out has nothing to write")
    return parser, options


def folder(text: str) -> Path:
    """An argparse type: a folder, or one that can be made."""
    path = Path(text)
    if path.exists() and not path.is_dir():
        raise argparse.ArgumentTypeError(f"{text!r} is a file, expected a folder")
    return path


def measure(options) -> dict[str, dict]:
    """{benchmark: results} of each part; each is written as soon as it is measured."""
    found: dict[str, dict] = {}
    for name in BENCHMARKS:
        if name not in options.only:
            continue
        print(f"\n== {name}")
        found[name] = measure_one(name, options, found)
        if options.out:
            options.out.mkdir(parents=True, exist_ok=True)
            report.write_json(options.out / f"{name}.json", found[name])
    return found


def measure_one(name: str, options, found: dict) -> dict:
    """The results of one part, with its own defaults."""
    mine = argparse.Namespace(**vars(options))
    if name == "peak":
        mine.megabytes = None
        peak.settle(mine)
        return peak.measure(mine)
    if name == "layers":
        mine.layers = layers.TITLES
        layers.settle(mine)
        return layers.measure(mine, found["peak"]["peaks"] if "peak" in found else None)
    if name == "step":
        mine.works = QUICK_WORKS if options.quick else tuple(WORKS)
        step.settle(mine)
        return step.measure(mine)
    if name == "recipes":
        mine.recipes = None
        recipes.settle(mine)
        return recipes.measure(mine)
    mine.sweeps = tuple(SWEEPS)
    sweep.settle(mine)
    return sweep.measure(mine)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)

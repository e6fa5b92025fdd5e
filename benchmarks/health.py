"""Is any healthy recipe told that it is sick? Very slow: it trains all of them.

    python -m benchmarks.health --only mlp-ring,dcgan-digits --out found.json
    python -m benchmarks.health --data dcgan-mnist=folder/with/mnist

Each recipe is trained to its end with several seeds, and its log is read as `tinygan
report` reads it (tinygan/runs/health.py). Recipes that need the user's data are trained
if --data names them. The status is 1 if there is an alarm.
"""

import json
import pathlib
import sys
import tempfile

import numpy as np

import tinygan
from tinygan import recipes
from tinygan.runs.folder import RunFolder
from tinygan.runs.health import findings
from tinygan.runs.metrics import read_rows
from tinygan.runs.run import Run
from tinygan.runs.train import train

from .recipes import NAMES
from .report import Parser, above, commit, machine, names, new_file, now, write_json


def main(argv=None) -> int:
    args = parse(argv)
    about = {"date": now(), "commit": commit(), "tinygan": tinygan.__version__}
    about |= {"machine": machine(), "numpy": np.__version__}
    rows = []
    for recipe in args.only or [*NAMES, *args.data]:
        for seed in range(args.first, args.first + args.seeds):
            options = {"seed": seed} | args.data.get(recipe, {})
            if args.steps:
                options["steps"] = args.steps
            rows.append({"recipe": recipe, "seed": seed} | told(recipe, options))
            print(json.dumps(rows[-1]), flush=True)
            if args.out:
                write_json(args.out, about | {"runs": rows})
    alarms = sum(len(row["findings"]) for row in rows)
    print(f"{alarms} alarms in {len(rows)} runs")
    return 1 if alarms else 0


def parse(argv):
    parser = Parser(prog="python -m benchmarks.health", description=__doc__)
    parser.add_argument("--only", type=names(recipes.names()), help="these recipes")
    parser.add_argument("--seeds", type=above(int, 0), default=3, help="how many (3)")
    parser.add_argument("--first", type=above(int, -1), default=0, help="the first (0)")
    parser.add_argument("--steps", type=above(int, 0), help="instead of the recipe's")
    parser.add_argument(
        "--data",
        nargs="+",
        default=[],
        metavar="RECIPE=PATH",
        help="recipes that need data of the user, and where these are",
    )
    parser.add_argument("--out", type=new_file, help="write the results there as JSON")
    args = parser.parse_args(argv)
    pairs = [text.partition("=") for text in args.data]
    unknown = [
        name for name, _, path in pairs if name not in recipes.names() or not path
    ]
    if unknown:
        parser.error(f"--data: expected RECIPE=PATH, got {unknown[0]!r}")
    args.data = {name: {"data": path} for name, _, path in pairs}
    return args


def told(recipe: str, options: dict) -> dict:
    """The findings of a run of this recipe, and how far it came."""
    run = Run(recipes.build(recipes.find(recipe), options))
    with tempfile.TemporaryDirectory() as path:
        config = {"recipe": recipe, "options": options}
        folder = RunFolder.create(pathlib.Path(path) / "run", config)
        ended = None
        try:
            train(run, folder)
        except tinygan.NonFiniteError as e:
            ended = str(e)
        rows, _ = read_rows(folder.metrics)
        facts = folder.config.get("game")
    if ended is None and run.step < run.experiment.steps:  # Ctrl-C
        raise KeyboardInterrupt
    found = [finding.sentence for finding in findings(rows, facts)]
    return {"steps": run.step, "findings": [*found, *([ended] if ended else [])]}


if __name__ == "__main__":
    sys.exit(main())

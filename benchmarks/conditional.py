"""Does a conditional generator do what it is asked? Slow: it trains.

    python -m benchmarks.conditional --only cgan-digits,acgan-digits --seeds 3
    python -m benchmarks.conditional --only text2digit --shuffled --out found.json
    python -m benchmarks.conditional --only specgan-digits --data recordings.zip
    python -m benchmarks.conditional --show found.json

Each run is measured like `tinygan evaluate` does: the share of samples in which a
classifier of real images finds what was asked for, and the variety under one condition.
There is a share for each class or attribute, for seen and for unseen combinations. With
--shuffled every image is trained with another's caption, so that captions teach
nothing. The measures are then at chance, and a network that reads must be far above it.
Sounds are judged in the same way, and `wavegan-digits`, which takes no wishes, is here
for its classes. --show prints the means over the seeds of a file's results.
"""

import dataclasses
import gc
import json
import math
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

import tinygan
from tinygan import recipes
from tinygan.backend import NUMPY
from tinygan.data import Captioned
from tinygan.rng import SHUFFLE, generator
from tinygan.runs.evaluate import evaluate
from tinygan.runs.folder import RunFolder
from tinygan.runs.run import Run
from tinygan.runs.train import train

from .report import (
    Parser,
    above,
    commit,
    machine,
    markdown,
    names,
    new_file,
    now,
    write_json,
)

CONDITIONAL = [
    "cgan-digits",
    "acgan-digits",
    "cdcgan-mnist",
    "projection-mnist",
    "text2digit",
    "text2character",
    "wavegan-tones",
    "cwavegan-digits",
    "specgan-digits",
    "wavegan-digits",
]


def shuffled(data: Captioned, seed: int) -> Captioned:
    """The images with each other's captions, and without their attributes."""
    order = generator(seed, SHUFFLE).permutation(len(data))
    captions = [data.all_captions[i] for i in order]
    return Captioned(data.images, captions, data.vocabulary)


def measure(recipe: str, options: dict, n: int, shuffle: bool, cores, keep) -> dict:
    """Train a recipe, and evaluate it on images with their own captions."""
    honest = recipes.build(recipes.find(recipe), options)
    played = honest
    if shuffle:
        seed, data = honest.seed, honest.data
        played = dataclasses.replace(honest, data=lambda: shuffled(data(), seed))
    with tempfile.TemporaryDirectory() as temporary:
        path = Path(keep or temporary) / f"{recipe}-{honest.seed}{'-s' * shuffle}"
        folder = RunFolder.create(path, {"recipe": recipe, "options": options})
        begun, cpu = time.perf_counter(), cpu_seconds()
        run = Run(played, cores=cores)
        train(run, folder)
        if run.step < played.steps:  # Ctrl-C ends a run in good order
            raise KeyboardInterrupt
        steps, cores = run.step, run.cores
        del run  # its processes end, and cpu_seconds counts them
        gc.collect()
        seconds, cpu = time.perf_counter() - begun, cpu_seconds() - cpu
        result = evaluate(honest, folder, NUMPY, n)
    rows = {row.name: [finite(row.value), finite(row.ceiling)] for row in result.rows}
    return {
        "seed": honest.seed,
        "steps": steps,
        "cores": cores,
        "shuffled": shuffle,
        "seconds": round(seconds, 1),
        "cpu_seconds": round(cpu, 1),
        "n": result.n,
        "value_and_ceiling": rows,
    }


def table(results: dict) -> str:
    """The measures of each recipe as Markdown: their mean and range over the seeds."""
    lines = []
    for recipe, runs in results.items():
        for name in runs[0]["value_and_ceiling"]:
            pairs = [run["value_and_ceiling"][name] for run in runs]
            values, ceilings = (
                [v for v in some if v is not None] for some in zip(*pairs, strict=True)
            )
            if values and ceilings:
                spread = f"{min(values):.3g} to {max(values):.3g}"
                mean, top = statistics.mean(values), statistics.mean(ceilings)
                lines.append((recipe, name, f"{mean:.3g}", spread, f"{top:.3g}"))
        minutes = [run["cpu_seconds"] / 60 for run in runs]
        spread = f"{min(minutes):.3g} to {max(minutes):.3g}"
        mean = f"{statistics.mean(minutes):.3g}"
        lines.append((recipe, "processor minutes of training", mean, spread, ""))
    return markdown(("recipe", "measure", "mean", "range", "real"), lines)


def cpu_seconds() -> float:
    """The seconds of this process and of its child processes that have ended."""
    return sum(os.times()[:4])


def finite(value):
    """The value, or None for NaN and infinity: JSON has no numbers for them."""
    return value if math.isfinite(value) else None


def main(argv=None) -> int:
    parser = Parser(prog="python -m benchmarks.conditional", description=__doc__)
    parser.add_argument("--only", type=names(CONDITIONAL), default=CONDITIONAL[:2])
    parser.add_argument("--seeds", type=above(int, 0), default=1, help="how many (1)")
    parser.add_argument("--first", type=above(int, -1), default=0, help="the first (0)")
    parser.add_argument("--steps", type=above(int, 0), help="instead of the recipe's")
    parser.add_argument("--cores", type=above(int, 0), help="instead of tinygan's")
    parser.add_argument("--n", type=above(int, 19), default=2000, help="samples (2000)")
    parser.add_argument("--data", help="data for recipes that need them")
    parser.add_argument("--shuffled", action="store_true", help="captions mixed up")
    parser.add_argument("--keep", type=Path, help="keep the runs in this folder")
    parser.add_argument("--out", type=new_file, help="write the results there as JSON")
    parser.add_argument("--show", type=Path, help="print the table of such a file")
    args = parser.parse_args(argv)
    if args.show:
        try:
            print(table(json.loads(args.show.read_text())["results"]))
        except (OSError, ValueError, LookupError, TypeError, AttributeError) as e:
            parser.error(
                f"--show {args.show}: expected results of this benchmark ({e})"
            )
        return 0
    about = {"date": now(), "commit": commit(), "tinygan": tinygan.__version__}
    about |= {"machine": machine(), "numpy": np.__version__}
    results = {}
    for recipe in args.only:
        for seed in range(args.first, args.first + args.seeds):
            options = {"seed": seed}
            options |= {"steps": args.steps} if args.steps else {}
            options |= {"data": args.data} if args.data else {}
            how = args.n, args.shuffled, args.cores, args.keep
            try:
                row = measure(recipe, options, *how)
            except tinygan.InputError as e:
                parser.error(str(e))
            results.setdefault(recipe, []).append(row)
            print(f"{recipe}:", json.dumps(row), flush=True)
            if args.out:  # after every run: hours of work stand in it
                write_json(args.out, about | {"results": results})
    print(table(results))
    return 0


if __name__ == "__main__":
    sys.exit(main())

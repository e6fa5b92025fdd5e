"""Stacked MNIST: how many of 1,000 modes does a recipe find? Slow: it trains.

    python -m benchmarks.stacked --data MNIST --seeds 0,1,2 --out found.json
    python -m benchmarks.stacked --data MNIST --recipes dcgan-stacked-mnist,mine.py
    python -m benchmarks.stacked --show found.json

Each recipe is trained with each seed, for its own steps, --steps, or as many as fit
into --minutes. A classifier of digits then reads the triples of 26,000 samples, as in
VEEGAN and PacGAN. It is trained on five sixths of the digits; pictures of the others
give the ceiling. The KL to the data's triples is printed beside the KL to equal shares,
which the papers report. --show prints the table of a file for the documentation.
"""

import argparse
import json
import math
import statistics
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

import tinygan
from tinygan import recipes
from tinygan.backend import NUMPY
from tinygan.data import StackedDigits
from tinygan.measures import digit_judge, kl_divergence, perfect_modes
from tinygan.measures.classifier import Classifier
from tinygan.measures.stacked import triple_counts, triples
from tinygan.rng import SPLIT, generator
from tinygan.runs import Experiment
from tinygan.runs.folder import RunFolder
from tinygan.runs.run import Run
from tinygan.runs.sampling import Request, generate
from tinygan.runs.train import train

from .conditional import cpu_seconds, finite
from .report import Parser, above, commit, machine, new_file, now, write_json

DEFAULT = ["dcgan-stacked-mnist", "r3gan-stacked-mnist"]
SAMPLES = 26_000
PROBED = 20  # turns, to see how many fit into --minutes
PUBLISHED = """\
| DCGAN (VEEGAN's table) | 99.0 | | 3.40 |
| VEEGAN | 150.0 | | 2.95 |
| DCGAN (PacGAN's table) | 78.9 ± 6.5 | | 4.50 ± 0.13 |
| PacDCGAN2 | 1000.0 ± 0.0 | | 0.06 ± 0.00 |
| GAN + R1 + R2 (R3GAN's ablation) | 693 | | 0.927 |
| relativistic pairs + R1 + R2 (R3GAN's ablation) | 1000 | | 0.078 |"""


class Judged:
    """A judge of the digits of `data`, and what it says of pictures it has not seen."""

    def __init__(self, data: StackedDigits, n: int):
        order, sixth = generator(0, SPLIT).permutation(len(data)), len(data) // 6
        held = data.part(order[:sixth])
        self.weights = data.weights
        self.judge: Classifier = digit_judge(data.images.part(order[sixth:]))
        modes, kl = perfect_modes(n, self.weights)
        self.about = {
            "accuracy": self.judge.accuracy(held.images),
            "real": self(held.batches(n, 0)(0)),
            "perfect": {"modes": modes, "kl": kl},
        }

    def __call__(self, x) -> dict:
        """The measures of pictures x (n, H, W, 3)."""
        counts, confidence = triple_counts(x, self.judge)
        return {
            "modes": int((counts > 0).sum()),
            "kl": finite(kl_divergence(counts, triples(self.weights))),
            "kl_equal": kl_divergence(counts, np.ones(len(counts))),
            "confidence": confidence,
        }


def steps_in(minutes: float, experiment: Experiment, cores: int | None) -> int:
    """How many turns take so long, by the clock."""
    run = Run(experiment, cores=cores)
    with run.computing(), np.errstate(all="ignore"):
        run.turn()
        begun = time.perf_counter()
        for _ in range(PROBED):
            run.turn()
    run.alone()
    each = (time.perf_counter() - begun) / PROBED
    return max(1, round(60 * minutes / each))


def played(name: str, experiment: Experiment, n: int, cores: int | None):
    """Train, and draw n samples as `tinygan evaluate` does: (facts, (n, *shape))."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = RunFolder.create(Path(temporary) / "run", {"recipe": name})
        begun, cpu = time.perf_counter(), cpu_seconds()
        run = Run(experiment, cores=cores)
        facts = {"seed": experiment.seed, "cores": run.cores}
        train(run, folder)
        facts["steps"] = run.step
        run.alone()  # its processes end, and cpu_seconds counts them
        facts["seconds"] = round(time.perf_counter() - begun, 1)
        facts["cpu_seconds"] = round(cpu_seconds() - cpu, 1)
        _, _, inputs = Request().inputs(experiment, n, experiment.seed)
        return facts, generate(experiment, folder, NUMPY, inputs)


def measure(name: str, args, judges: dict) -> dict:
    """One recipe: what its judge says of real pictures, and a row for each seed."""
    module, rows = recipes.find(name), []
    for seed in args.seeds:
        options = {"seed": seed}
        options |= {"data": args.data} if args.data else {}
        options |= {"steps": args.steps} if args.steps else {}
        experiment = recipes.build(module, options)
        data = experiment.data()
        if not isinstance(data, StackedDigits):
            raise tinygan.InputError(f"{name}: expected stacked digits, found {data!r}")
        if args.minutes:
            options["steps"] = steps_in(args.minutes, experiment, args.cores)
            experiment = recipes.build(module, options)
        if data.shape not in judges:
            judges[data.shape] = Judged(data, args.n)
            print(f"the judge of {data!r}: {judges[data.shape].about}", flush=True)
        judge = judges[data.shape]
        facts, x = played(name, experiment, args.n, args.cores)
        rows.append(facts | judge(x))
        print(f"{name}:", json.dumps(rows[-1]), flush=True)
    return {"n": args.n, "judge": judge.about, "runs": rows}


def table(results: dict) -> str:
    """The results beside published numbers, as Markdown: means ± standard errors."""
    head = "generator|modes|KL|KL to equal shares|confidence|steps|minutes"
    lines = [f"| {head.replace('|', ' | ')} |", "|---|---|---|---|---|---|---|"]
    judges = {}
    for name, found in results.items():
        rows, real = found["runs"], found["judge"]["real"]
        judges[tuple(real.values())] = real
        of = [mean(rows, k, d) for k, d in (("modes", 1), ("kl", 2), ("kl_equal", 2))]
        of += [mean(rows, "confidence", 2), mean(rows, "steps", 0)]
        minutes = statistics.mean(row["seconds"] for row in rows) / 60
        lines.append(f"| {name} | {' | '.join(of)} | {minutes:.1f} |")
    for real in judges.values():
        of = f"{real['modes']} | {real['kl']:.3f} | {real['kl_equal']:.3f}"
        lines.append(f"| real digits | {of} | {real['confidence']:.2f} | | |")
    return "\n".join([*lines, *(f"{line} | | |" for line in PUBLISHED.splitlines())])


def mean(rows: list[dict], key: str, digits: int) -> str:
    """The mean, with its standard error if there are several rows."""
    values = [row[key] for row in rows if row[key] is not None]
    if not values:
        return "infinite"
    text = f"{statistics.mean(values):.{digits}f}"
    if len(values) < 2 or len(set(values)) == 1:
        return text
    return f"{text} ± {statistics.stdev(values) / math.sqrt(len(values)):.{digits}f}"


def seeds(text: str) -> list[int]:
    """An argparse type: whole numbers from 0 on, with commas between them."""
    try:
        found = [int(word) for word in text.split(",")]
    except ValueError:
        found = [-1]
    if min(found) < 0:
        expected = "expected seeds such as 0,1,2"
        raise argparse.ArgumentTypeError(f"{expected}, got {text!r}")
    return list(dict.fromkeys(found))


def main(argv=None) -> int:
    parser = Parser(prog="python -m benchmarks.stacked", description=__doc__)
    names = {"type": lambda text: text.split(","), "default": DEFAULT}
    parser.add_argument("--recipes", **names, help="names or files, with commas")
    parser.add_argument("--data", help="MNIST's folder, for recipes that need it")
    parser.add_argument("--seeds", type=seeds, default=[0], help="such as 0,1,2 (0)")
    parser.add_argument("--steps", type=above(int, 0), help="instead of the recipe's")
    parser.add_argument(
        "--minutes", type=above(float, 0), help="for each run, by clock"
    )
    parser.add_argument("--cores", type=above(int, 0), help="instead of tinygan's")
    parser.add_argument("--n", type=above(int, 19), default=SAMPLES, help="(26000)")
    parser.add_argument("--out", type=new_file, help="write the results there as JSON")
    parser.add_argument("--show", type=Path, help="print the table of such a file")
    args = parser.parse_args(argv)
    if args.steps and args.minutes:
        parser.error("expected either --steps or --minutes")
    if args.show:
        try:
            print(table(json.loads(args.show.read_text())["results"]))
        except (OSError, ValueError, KeyError) as e:
            parser.error(
                f"--show {args.show}: expected results of this benchmark ({e})"
            )
        return 0
    about = {"date": now(), "commit": commit(), "tinygan": tinygan.__version__}
    about |= {"machine": machine(), "numpy": np.__version__}
    judges: dict = {}
    try:
        results = {name: measure(name, args, judges) for name in args.recipes}
    except tinygan.InputError as e:
        parser.error(str(e))
    if args.out:
        write_json(args.out, about | {"results": results})
    print(table(results))
    return 0


if __name__ == "__main__":
    sys.exit(main())

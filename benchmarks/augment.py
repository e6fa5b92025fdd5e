"""Does augmentation help where there are few pictures? Slow: it trains.

    python -m benchmarks.augment --data nouns_32.zip --pictures 500 --seeds 0,1,2 \\
        --minutes 10 --out augment.jsonl
    python -m benchmarks.augment --show augment.jsonl

A recipe is trained on a few of the pictures, with `--augment` and without, for as many
minutes of the processor. Its samples are compared with pictures that it has not seen,
as `tinygan evaluate` compares them. The ceiling are other unseen pictures. Each run has
one process and one thread. How many turns it has is estimated from its first ones,
because a rate that falls to 0 needs to know its end.

A finished run is a line of the file and is not played again, so the command may be
stopped and repeated.
"""

import statistics
import sys
import time
from pathlib import Path

import numpy as np

import tinygan
from tinygan import recipes
from tinygan.layers.augment import KINDS
from tinygan.rng import SPLIT, generator
from tinygan.runs.measuring import measure
from tinygan.runs.run import Run

from .growing import samples
from .lines import Lines
from .report import Parser, above, markdown, new_file, numbers

RECIPES = ("pictures", "r3gan-faces")  # any number of turns suits them
KEYS = ("recipe", "pictures", "minutes", "seed", "augment")
HEADS = ("measure", "real", "without", "with --augment", "with / without")
FIRST, LEAST = 5, 5  # seconds and turns to estimate a turn
LEFT_OUT = ("Parzen likelihood", "1-NN accuracy")  # of the table


def lines(path: Path) -> Lines:
    """The runs in a file."""
    return Lines(path, KEYS, "runs")


def experiment_of(cell: dict, images, steps: int):
    """The recipe on these images, with as many turns."""
    options = {"data": images, "steps": steps, "seed": cell["seed"]}
    options |= {"augment": tuple(KINDS)} if cell["augment"] else {}
    return recipes.build(recipes.find(cell["recipe"]), options)


def turns_in(seconds: float, experiment) -> int:
    """How many of its turns take so many seconds of the processor."""
    run, used = Run(experiment, cores=1), []
    with np.errstate(all="ignore"), run.computing():
        run.turn()  # the first turn is none like the others
        while len(used) < LEAST or sum(used) < min(FIRST, seconds):
            begun = time.process_time()
            run.turn()
            used.append(time.process_time() - begun)
    return max(1, round(seconds * len(used) / sum(used)))


def play(cell: dict) -> dict:
    """One run, and the line about it."""
    images = recipes.read_pictures(cell["data"])
    if len(images) < 2 * cell["pictures"]:
        raise tinygan.InputError(
            f"--pictures {cell['pictures']}: expected at least twice as many in the "
            f"data, found {len(images)}"
        )
    order = generator(cell["seed"], SPLIT).permutation(len(images))
    few, unseen = map(images.part, np.split(order, [cell["pictures"]]))
    seconds = 60 * cell["minutes"]
    steps = turns_in(seconds, experiment_of(cell, few, 10**6))
    run = Run(experiment_of(cell, few, steps), cores=1)
    begun = time.process_time()
    with np.errstate(all="ignore"), run.computing():
        for _ in range(steps):
            run.turn()
    used = time.process_time() - begun
    x = samples(run, min(cell["n"], len(unseen) // 3))
    found = measure(x, unseen) if np.isfinite(x).all() else []
    return {k: cell[k] for k in KEYS} | {
        "n": len(x),
        "turns": steps,
        "cpu_seconds": round(used, 1),
        "diverged": not found,
        "value_and_ceiling": {r.name: [r.value, r.ceiling] for r in found},
    }


def says(row: dict) -> str:
    """A line about a run."""
    values = row["value_and_ceiling"].items()
    found = "; ".join(f"{name} {value:.4g}" for name, (value, _) in values)
    return f"{row['turns']} turns, {row['cpu_seconds']} s: {found or 'diverged'}"


def table(rows: list[dict]) -> str:
    """Medians over the seeds in Markdown, with the least and the largest.

    Raises InputError if there is nothing to compare, or if runs differ in more than
    seed and augmentation.
    """
    kinds = {tuple(row[k] for k in KEYS[:3]) for row in rows}
    if len(kinds) > 1:
        raise tinygan.InputError(f"expected runs of one kind, found {sorted(kinds)}")
    by_key = {(row["seed"], row["augment"]): row for row in rows}
    seeds = sorted({s for s, _ in by_key if {(s, False), (s, True)} <= by_key.keys()})
    pairs = [(by_key[s, False], by_key[s, True]) for s in seeds]
    good = [pair for pair in pairs if not any(row["diverged"] for row in pair)]
    if not good:
        raise tinygan.InputError("there is no seed in it with both runs")
    found = []
    for name in good[0][0]["value_and_ceiling"]:
        if name in LEFT_OUT:
            continue
        pairs = [[row["value_and_ceiling"][name] for row in pair] for pair in good]
        real = statistics.median(ceiling for (_, ceiling), _ in pairs)
        ways = list(zip(*([value for value, _ in pair] for pair in pairs), strict=True))
        found.append((name, f"{real:.3g}", *map(_spread, ways), _ratio(*ways)))
    turns = [statistics.median(pair[k]["turns"] for pair in good) for k in (0, 1)]
    recipe, pictures, minutes = kinds.pop()
    return (
        f"{markdown(HEADS, found)}\n{recipe} on {pictures} pictures, {minutes:g} "
        f"minutes: {turns[0]:,.0f} turns without and {turns[1]:,.0f} with --augment; "
        f"seeds {', '.join(map(str, seeds))}, of which {len(seeds) - len(good)} "
        "diverged.\n"
    )


def _ratio(without, with_it) -> str:
    """The median ratio; "" if an estimate is not above 0, as that of MMD^2 may be."""
    if min(*without, *with_it) <= 0:
        return ""
    pairs = zip(without, with_it, strict=True)
    return f"{statistics.median(b / a for a, b in pairs):.2f}"


def _spread(values: list[float]) -> str:
    return f"{statistics.median(values):.3g} ({min(values):.3g}..{max(values):.3g})"


def main(argv=None) -> int:
    parser = Parser(prog="python -m benchmarks.augment", description=__doc__)
    add = parser.add_argument
    add("--data", help="the pictures")
    add("--recipe", choices=RECIPES, default="pictures", help="(pictures)")
    add("--pictures", type=above(int, 0), default=500, help="of them (500)")
    add("--seeds", type=numbers, default=[0, 1, 2], help="(0,1,2)")
    add("--minutes", type=above(float, 0), default=10.0, help="of each run (10)")
    add("--n", type=above(int, 19), default=2000, help="samples (2000)")
    add("--jobs", type=above(int, 0), default=1, help="runs at a time (1)")
    add("--out", type=new_file, help="the file of runs, .jsonl")
    add("--show", type=Path, help="play nothing, and show this file")
    args = parser.parse_args(argv)
    if bool(args.out) == bool(args.show) or bool(args.out) != bool(args.data):
        parser.error("expected --data PATH and --out FILE, or --show FILE")
    cells = [
        {k: getattr(args, k) for k in ("recipe", "pictures", "minutes", "data", "n")}
        | {"seed": seed, "augment": augment}
        for seed in args.seeds
        for augment in (False, True)
    ]
    file = lines(args.out or args.show)
    try:
        if args.out:
            file.play(cells, play, says, args.jobs, tinygan=tinygan.__version__)
        file.about()
        print(table(file.read()))
    except tinygan.InputError as e:
        parser.error(str(e))
    return 0


if __name__ == "__main__":
    sys.exit(main())

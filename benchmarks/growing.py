"""Growing against the same networks trained at full size from the start. Slow: hours.

    python -m benchmarks.growing --recipes progan-faces,progan-mnist \\
        --data nouns_32.zip folder/with/mnist --seeds 0,1,2 --out growing.jsonl
    python -m benchmarks.growing --show growing.jsonl --docs docs

Both ways have the recipe's optimizers, penalties and batch, and as much time of the
processor: the growing run plays the recipe to its end, and the plain one stops when it
has used as many seconds. The plain networks are those of the last level, and their
moving average follows the same rule. Now and then 2,500 samples of the moving average
are compared with held-out pictures, by the sliced Wasserstein distance of their 7x7
patches at each level of a Laplacian pyramid. This time is not counted. Each run has one
process and one thread.

A finished run is a line of the file and is not played again, so the command may be
stopped and repeated. With --docs the page and its plot are written into that folder.
"""

import dataclasses
import sys
import time
from pathlib import Path

import numpy as np

import tinygan
from tinygan import GrowingDiscriminator, GrowingGenerator, Sequential, recipes
from tinygan.data import Images
from tinygan.growth import Growth, Level
from tinygan.measures import sliced_wasserstein_patches
from tinygan.rng import PICTURE, SPLIT, generator
from tinygan.runs import Experiment
from tinygan.runs.run import Run
from tinygan.values import rows

from . import growing_pages
from .growing_pages import lines
from .report import Parser, above, names, new_file, numbers

RECIPES = [name for name in recipes.names() if name.startswith("progan")]
DEFAULT = ["progan-faces", "progan-mnist"]
WAYS = ("growing", "plain")
PER_IMAGE, DIRECTIONS = 128, 128
CHUNK = 256  # samples in a forward pass


def plain(experiment: Experiment) -> Experiment:
    """The game of the last level's networks as their only level, for ever."""
    G, D = experiment.G, experiment.D
    return dataclasses.replace(
        experiment,
        G=GrowingGenerator([Sequential(*G.blocks)], G.ends[-1:]),
        D=GrowingDiscriminator([Sequential(*reversed(D.blocks))], D.ends[-1:]),
        growth=Growth([Level(stable=10**9)]),
        steps=10**9,
    )


def apart(data: Images, n: int) -> tuple[Images, Images, Images]:
    """(kept, held, other): n pictures that no run sees, n others, and all but the held.

    The same for every seed. Of few pictures at most a quarter is held.
    """
    order = generator(0, SPLIT).permutation(len(data))
    n = min(n, len(data) // 4)
    return tuple(map(data.part, (order[n:], order[:n], order[n : 2 * n])))


def samples(run: Run, n: int) -> np.ndarray:
    """n samples of the moving average, in evaluation, from the same latents always."""
    run.average.load_state(run.G.state())
    z, parts = run.game.inputs(n, PICTURE), []
    for i in range(0, n, CHUNK):
        made, _ = run.average.forward(rows(z, slice(i, i + CHUNK)), train=False)
        parts.append(run.backend.to_host(run.game.samples(made)))
    return np.concatenate(parts)


def distances(x, y) -> list[float]:
    """The sliced Wasserstein distance of the patches at each level, times 1000."""
    how = {"per_image": PER_IMAGE, "directions": DIRECTIONS}
    return [1000 * d for d in sliced_wasserstein_patches(x, y, **how)]


class Curve:
    """Plays a run for some processor time, and measures its samples every so often."""

    def __init__(self, run: Run, real: np.ndarray, every: float):
        self.run, self.real, self.every = run, real, every
        self.seconds, self.points, self.finite = 0.0, [], True

    def play(self, budget: float, steps: int) -> None:
        """Turns until `budget` seconds are used, or the run has `steps` turns, or a
        sample is not finite.
        """
        due, end = self.every, False
        while self.finite and not end:
            begun = time.process_time()
            self.run.turn()
            self.seconds += time.process_time() - begun
            end = self.seconds >= budget or self.run.step >= steps
            if end or self.seconds >= due:
                due += self.every
                self.measure()

    def measure(self) -> None:
        """Add (seconds, turn, distances), if all samples are finite."""
        x = samples(self.run, len(self.real))
        self.finite = bool(np.isfinite(x).all())
        if self.finite:
            found = [round(d, 3) for d in distances(x, self.real)]
            self.points.append([round(self.seconds, 2), self.run.step, found])


def play(cell: dict) -> dict:
    """One run, and the line about it."""
    settings = cell["settings"]
    options = {"seed": cell["seed"]} | dict(settings["options"])
    options |= {"data": cell["data"]} if cell["data"] else {}
    experiment = recipes.build(recipes.find(cell["recipe"]), options)
    kept, held, other = apart(experiment.data(), settings["n"])
    experiment = dataclasses.replace(experiment, data=lambda: kept)
    if cell["way"] == "plain":
        experiment = plain(experiment)
    run = Run(experiment, cores=1)
    real = held.scaled(held.pixels)
    curve = Curve(run, real, settings["every"])
    with np.errstate(all="ignore"), run.computing():
        curve.play(cell["budget"], experiment.steps)
    keys = {k: cell[k] for k in growing_pages.KEYS}
    return keys | {
        "settings": settings,
        "pixels": experiment.shape[0],
        "n": len(held),
        "turns": run.step,
        "cpu_seconds": round(curve.seconds, 2),
        "diverged": not curve.finite,
        "curve": curve.points,
        "real": [round(d, 3) for d in distances(other.scaled(other.pixels), real)],
    }


def says(row: dict) -> str:
    """A line about a run."""
    if row["diverged"]:
        return f"diverged at turn {row['turns']}"
    found = " ".join(f"{d:.4g}" for d in row["curve"][-1][2])
    return f"{found} after {row['turns']} turns, {row['cpu_seconds']:.0f} s"


def play_all(args) -> None:
    """Play what has no line yet: first the growing runs, which give the plain ones
    their time.
    """
    file = lines(args.out)
    settings = {"options": args.options, "every": args.every, "n": args.n}
    for way in WAYS:
        known = file.read()
        growing_pages.expect_same(known, settings)
        budgets = {
            (row["recipe"], row["seed"]): row["cpu_seconds"]
            for row in known
            if row["way"] == "growing"
        }
        cells = [
            {
                "recipe": recipe,
                "seed": seed,
                "way": way,
                "data": args.data_of[recipe],
                "settings": settings,
                "budget": float("inf") if way == "growing" else budgets[recipe, seed],
            }
            for seed in args.seeds
            for recipe in args.recipes
        ]
        print(f"{way}:")
        file.play(cells, play, says, args.jobs, tinygan=tinygan.__version__)


def parse(argv):
    parser = Parser(prog="python -m benchmarks.growing", description=__doc__)
    add = parser.add_argument
    add("--recipes", type=names(RECIPES), default=DEFAULT, help=f"({DEFAULT})")
    add("--data", nargs="+", default=[], help="the data of each recipe, or one for all")
    add("--seeds", type=numbers, default=[0, 1, 2], help="(0,1,2)")
    add("--images", type=above(int, 0), help="of each phase, instead of the recipe's")
    add("--every", type=above(float, 0), default=90.0, help="seconds to measure (90)")
    add("--n", type=above(int, 19), default=2500, help="samples (2500)")
    add("--jobs", type=above(int, 0), default=1, help="runs at a time (1)")
    add("--out", type=new_file, help="the file of runs, .jsonl")
    add("--show", type=Path, help="play nothing, and show this file")
    add("--docs", type=Path, help="write the page into this folder")
    args = parser.parse_args(argv)
    if bool(args.out) == bool(args.show):
        parser.error("expected either --out FILE or --show FILE")
    paths = args.data or [None]
    paths = paths * len(args.recipes) if len(paths) == 1 else paths
    if len(paths) != len(args.recipes):
        of_each = "one for each of " + ", ".join(args.recipes)
        parser.error(f"--data: expected one path, or {of_each}")
    args.data_of = dict(zip(args.recipes, paths, strict=True))
    args.options = {"images": args.images} if args.images else {}
    return parser, args


def main(argv=None) -> int:
    parser, args = parse(argv)
    try:
        if args.out:
            play_all(args)
        growing_pages.show(args.out or args.show, args.docs)
    except tinygan.InputError as e:
        parser.error(str(e))
    return 0


if __name__ == "__main__":
    sys.exit(main())

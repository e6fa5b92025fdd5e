"""Does a critic's loss say how good the samples are? Does a GAN's?

    python -m benchmarks.critic --seeds 3 --out critic.json --docs docs

It trains WGAN-GP on the grid and on the digits, and GANs beside them. For a Wasserstein
critic V is minus its loss (without the penalty) and an estimate of the distance. V is
compared with the sliced Wasserstein distance between samples and data, by Spearman's
rank correlation over the run; 1 is perfect order.
"""

import math
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np

from tinygan import plots, recipes
from tinygan.measures import sliced_wasserstein
from tinygan.runs.run import Run

from .report import Parser, above, commit, machine, names, new_file, now, write_json

RECIPES = ("wgan-gp-digits", "wgan-gp-grid", "dcgan-digits", "mlp-grid")
PLACES, FIRST = 40, 20
SAMPLES, DIRECTIONS = 1500, 256
PLOT = "images/critic-loss.png"


def spearman(x, y) -> float:
    """The correlation of the ranks of two sequences without ties."""
    ranks = (np.argsort(np.argsort(values)) for values in (x, y))
    return float(np.corrcoef(*ranks)[0, 1])


def places(steps: int) -> set[int]:
    """Up to PLACES turns from FIRST to the last, evenly spaced in the log of the turn.

    A short run begins sooner. Samples improve fast at first and slowly later: with even
    spacing, the distance would change by no more than its noise at most of the turns.
    """
    first = min(FIRST, max(1, steps // 10))
    return {round(turn) for turn in np.geomspace(first, steps, PLACES)}


def distance_of(run: Run) -> float:
    """The sliced Wasserstein distance of SAMPLES samples to as many real ones.

    It is NaN if a sample is not finite. It takes more samples and directions than the
    log does: late in a run the samples differ by less than the log's noise.
    """
    x = run.samples(SAMPLES)
    if not np.isfinite(x).all():
        return math.nan
    return sliced_wasserstein(x, run.game.real_samples(SAMPLES), DIRECTIONS)


def curve(recipe: str, options: dict) -> tuple[list[tuple], int | None]:
    """(turn, V, sliced Wasserstein distance) at some places of a run of the recipe.

    V is the mean over the turns since the last place, like in a log. The second value
    is None, or the turn at which V or a sample was no longer finite: a run that
    diverges ends there.
    """
    experiment = recipes.build(recipes.find(recipe), options)
    experiment.log_every = experiment.steps  # every turn's V is kept until the last
    where = places(experiment.steps)
    run, points, before = Run(experiment), [], 0
    with np.errstate(all="ignore"), run.computing():
        for _ in range(experiment.steps):
            run.turn()
            if run.step in where:
                V = float(run.fetch()[before:, 0].mean())
                before = run.step
                distance = distance_of(run)
                if not math.isfinite(V + distance):
                    return points, run.step
                points.append((run.step, V, distance))
    return points, None


def measure(args, keep: Callable) -> dict:
    """{recipe: [{"seed", "spearman", "diverged", "curve"}, ...]}

    spearman: None for a run that diverged, and for one with a single place
    keep: called with the results so far, after each run
    """
    results: dict[str, list] = {}
    for recipe in args.only:
        results[recipe] = []
        for seed in range(args.seeds):
            options = {"seed": seed} | ({"steps": args.steps} if args.steps else {})
            points, diverged = curve(recipe, options)
            rho = None
            if diverged is None and len(points) > 1:
                rho = spearman(*np.transpose(points)[1:])
            row = {"seed": seed, "spearman": rho, "diverged": diverged, "curve": points}
            results[recipe].append(row)
            keep(results)
            found = "none" if rho is None else f"{rho:+.3f}"
            found += f", diverged at {diverged}" if diverged else ""
            print(f"{recipe} seed {seed}: Spearman {found}", flush=True)
    return results


def draw(results: dict, out: Path) -> None:
    """Draw V and the distance over the turns of each recipe's first run."""
    figure = plots.blank(5.2 * len(results), 3.8)
    for i, (recipe, runs) in enumerate(results.items()):
        left = figure.add_subplot(1, len(results), i + 1)
        step, V, distance = np.reshape(runs[0]["curve"], (-1, 3)).T  # it may be empty
        left.plot(step, V, color="tab:blue", label="V of the critic (left)")
        right = left.twinx()
        right.plot(step, distance, color="tab:red", label="sliced Wasserstein (right)")
        known = [run["spearman"] for run in runs if run["spearman"] is not None]
        mean = f"{np.mean(known):+.2f}" if known else "none"
        left.set_title(f"{recipe}: Spearman {mean} ({len(known)} of {len(runs)} seeds)")
        left.set_xlabel("turn")
        left.set_xscale("log" if len(step) else "linear")
        handles = [*left.get_lines(), *right.get_lines()]
        left.legend(handles, [h.get_label() for h in handles], fontsize=8)
    plots.save_png(out, plots.render(figure))


def main(argv=None) -> int:
    parser = Parser(prog="python -m benchmarks.critic", description=__doc__)
    parser.add_argument("--only", type=names(RECIPES), default=[*RECIPES])
    parser.add_argument("--seeds", type=above(int, 0), default=3, help="how many (3)")
    parser.add_argument("--steps", type=above(int, 0), help="instead of the recipe's")
    parser.add_argument("--out", type=new_file, help="write the results there as JSON")
    parser.add_argument("--docs", type=Path, help="draw the plot into this folder")
    args = parser.parse_args(argv)
    about = {"date": now(), "commit": commit(), "machine": machine()}
    about["numpy"] = np.__version__

    def keep(results: dict) -> None:
        if args.out:
            write_json(args.out, about | {"results": results})

    results = measure(args, keep)
    if args.docs:
        (args.docs / PLOT).parent.mkdir(parents=True, exist_ok=True)
        draw(results, args.docs / PLOT)
    return 0


if __name__ == "__main__":
    sys.exit(main())

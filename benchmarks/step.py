"""How long one training step takes: of D and of G, or up a likelihood; float32, Adam.

For each work every library gets its own process. The processes take turns, round after
round, so that a disturbance of the machine disturbs all of them. The results also have
the time until the first step, the memory at its peak, and the page faults of a step.
"""

import sys

from . import levels, report, turns
from .cost import step_flop
from .libraries import LIBRARIES
from .moves import ASKED, GAMES
from .worker import Worker
from .works import WORKS

DEFAULT = turns.Default(rounds=(7, 2), seconds=(3.0, 0.5))
MB = 1e6
EXAMPLES = """\
examples:
  python -m benchmarks.step --quick
  python -m benchmarks.step --works mlp --libraries numpy,torch-cpu
  python -m benchmarks.step --game fresh
  python -m benchmarks.step --rounds 9 --seconds 5 --out results.json

{works}
Games: shared has one G forward for the steps of D and G; fresh is Algorithm 1, with a
new G forward for G's step. Other works have a game of their own: wgangp28 its critic's
step alone, text-names a turn of WGAN-GP with one critic step, a growing one a turn of
its level, a WaveGAN a turn of R3GAN, and a likelihood model a step up its likelihood.
A step is timed by the clock (CPU) or between device events (GPU), after a warm-up.
GFLOP/s counts the useful matrix products alone: see step_flop in cost.py.
A ratio of 2 means twice as long as PyTorch on the same device, round by round.
"""


def main(argv: list[str] | None = None) -> int:
    options = parse(argv)
    return turns.end(measure(options), options.out)


def parse(argv):
    each = (f"{name} = {w.title}, batch {w.batch}" for name, w in WORKS.items())
    works = report.listed("Works", each)
    parser = turns.parser(
        "step", __doc__.partition("\n")[0], EXAMPLES.format(works=works), DEFAULT
    )
    add = parser.add_argument
    parser.choice("--works", WORKS)
    add("--game", choices=ASKED, default="shared", help="(default shared)")
    parser.results_file()
    options = parser.parse_args(argv)
    settle(options)
    return options


def settle(options) -> None:
    DEFAULT.settle(options)


def measure(options) -> dict:
    """Time every work, print tables, and return the results."""
    results = turns.begin("step", options, game=options.game)
    for name in dict.fromkeys(
        WORKS[work].game or options.game for work in options.works
    ):
        print(f"game {name}: {GAMES[name].says}")
    for name in options.works:
        results["works"][name] = time_work(name, options, results)
    levels.show(results)
    return results


def time_work(name: str, options, results: dict) -> dict:
    """Time one work with every library that can run here. Print and return a table."""
    work = WORKS[name]
    game = work.game or options.game
    flop = step_flop(work, game)
    print(f"\n{name}: {work.title}, batch {work.batch}, {flop / 1e9:.4g} GFLOP a step")
    job = {"task": "step", "work": work.spec(), "game": game}
    found = {"batch": work.batch, "game": game, "flop": flop}
    workers = turns.start(options, results)
    try:
        found |= turns.time_job(workers, job, options, flop, beside_the_step)
    finally:
        turns.stop(workers)
    rows = found["results"]
    for library, row in rows.items():
        other = rows.get(LIBRARIES[library].reference)
        row["memory_ratio"] = memory_ratio(row, other) if other else {}
    show(rows)
    return found


def beside_the_step(worker: Worker) -> dict:
    """One worker's times before the steady state, memory and page faults."""
    memory = worker.memory()
    pool = memory["pool"]
    return {
        "start_s": worker.start_s,
        "ready_s": worker.start_s + worker.build_s,
        "first_ms": 1e3 * worker.first_s,
        "idle_mb": memory["idle"] / MB,
        "peak_mb": memory["peak"] / MB,
        "added_mb": (memory["peak"] - memory["idle"]) / MB,
        "pool_mb": None if pool is None else pool / MB,
        "faults": report.median(worker.faults),
    }


def memory_ratio(row: dict, other: dict) -> dict:
    """How many times as much memory: the whole process, its own part, the pool."""
    return {
        key: row[key] / other[key]
        for key in ("peak_mb", "added_mb", "pool_mb")
        if row[key] is not None and other[key]
    }


def show(rows: dict) -> None:
    if not rows:
        return
    heads = ("median ms", "quartiles ms", "GFLOP/s", "steps", "times as long as")
    print(f"  {'':<{turns.WIDTH}}" + "{:>10}{:>20}{:>10}{:>7}   {}".format(*heads))
    for library, row in rows.items():
        quartiles = f"{row['q1_ms']:.4g} .. {row['q3_ms']:.4g}"
        print(
            f"  {library:<{turns.WIDTH}}{row['median_ms']:>10.4g}{quartiles:>20}"
            f"{row['gflops']:>10.4g}{row['steps']:>7}   {turns.ratios(row)}"
        )
    heads = ("ready s", "first ms", "idle MB", "peak MB", "pool MB", "faults a step")
    print(
        f"  {'':<{turns.WIDTH}}" + "{:>10}{:>10}{:>10}{:>10}{:>10}{:>15}".format(*heads)
    )
    for library, row in rows.items():
        pool = "-" if row["pool_mb"] is None else f"{row['pool_mb']:.4g}"
        print(
            f"  {library:<{turns.WIDTH}}{row['ready_s']:>10.3g}{row['first_ms']:>10.4g}"
            f"{row['idle_mb']:>10.4g}{row['peak_mb']:>10.4g}{pool:>10}"
            f"{row['faults']:>15,.0f}"
        )


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)

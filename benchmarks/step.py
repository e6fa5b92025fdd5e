"""How long one training step takes: one step of D and one of G, float32, Adam.

For each work every library gets a process of its own; they take turns, round after
round, so that what disturbs the machine disturbs all of them.
"""

import argparse
import math
import sys
import time

from . import report
from .libraries import LIBRARIES, UnavailableError
from .worker import Worker, WorkerError
from .works import WORKS, step_flop

PAUSE = 0.2  # s before each turn: busy-waiting threads of the one before fall asleep
EXAMPLES = """\
examples:
  python -m benchmarks.step --quick
  python -m benchmarks.step --works mlp --libraries numpy,torch-cpu
  python -m benchmarks.step --rounds 9 --seconds 5 --out results.json

Works: {works}.
Time is a step's as the program sees it (CPU) or between device events (GPU), after a
warm-up. GFLOP/s counts the useful matrix products alone: see step_flop in works.py.
A ratio of 2 means twice as long as PyTorch on the same device, round by round.
"""
GAME = (
    "non-saturating, float32, Adam; the same for all: D's step has a G forward "
    "without gradients, G's step a fresh one; D's weights get no gradient in G's step"
)


def main(argv: list[str] | None = None) -> int:
    options = parse(argv)
    results = {
        "benchmark": "step",
        "date": report.now(),
        "commit": report.commit(),
        "machine": report.machine(),
        "flags": {"dtype": "float32", "tf32": options.tf32, "game": GAME},
        "options": {"rounds": options.rounds, "seconds": options.seconds},
        "libraries": {},
        "left_out": {},
        "works": {},
    }
    print(report.one_line({"machine": results["machine"], "tf32": options.tf32}))
    print(f"game: {GAME}")
    if results["machine"]["load_at_start"] > 0.5:
        print("NOTE: something else is running here; take no figure below seriously")
    for name in options.works:
        results["works"][name] = time_work(name, options, results)
    for library, description in results["libraries"].items():
        print(f"{library}: {report.one_line(description)}")
    if options.out:
        report.write_json(options.out, results)
    if not results["libraries"]:
        print("none of the libraries asked for can run here", file=sys.stderr)
        return 2
    return 0


def parse(argv) -> argparse.Namespace:
    works = "; ".join(f"{w.name} = {w.title}, batch {w.batch}" for w in WORKS.values())
    parser = report.Parser(
        prog="python -m benchmarks.step",
        description=__doc__.partition("\n")[0],
        epilog=EXAMPLES.format(works=works),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    for option, known in (("--works", WORKS), ("--libraries", LIBRARIES)):
        every = ",".join(known)
        add(
            option,
            type=report.names(known),
            default=list(known),
            metavar="A,B",
            help=f"some of {every} (default: all)",
        )
    rounds, seconds = report.above(int, 0), report.above(float, 0)
    add("--rounds", type=rounds, metavar="N", help="turns of each library (default 7)")
    add("--seconds", type=seconds, metavar="S", help="a turn's length (default 3)")
    add("--quick", action="store_true", help="2 rounds of 0.5 s unless given")
    add("--tf32", action="store_true", help="TF32 on, for every GPU library (or off)")
    add("--out", type=report.new_file, metavar="FILE", help="write the results as JSON")
    options = parser.parse_args(argv)
    options.rounds = options.rounds or (2 if options.quick else 7)
    options.seconds = options.seconds or (0.5 if options.quick else 3.0)
    return options


def time_work(name: str, options: argparse.Namespace, results: dict) -> dict:
    """Time one work with every library that can run here; print and return a table."""
    work = WORKS[name]
    flop = step_flop(work)
    print(f"\n{name}: {work.title}, batch {work.batch}, {flop / 1e9:.4g} GFLOP a step")
    workers = start(name, options, results)
    try:
        samples = take_turns(workers, options)
    except WorkerError as e:
        print(f"  given up: {e}")
        return {"batch": work.batch, "flop": flop, "results": {}, "error": str(e)}
    finally:
        for worker in workers:
            worker.close()
    table = {library: report.summarise(s, flop) for library, s in samples.items()}
    for library, row in table.items():
        reference = LIBRARIES[library].reference
        other = table.get(reference)
        row["ratio"] = {reference: report.ratio(row, other)} if other else {}
    show(table)
    return {"batch": work.batch, "flop": flop, "results": table}


def start(name: str, options: argparse.Namespace, results: dict) -> list[Worker]:
    """The workers for one work, each warmed up; tells who is left out, and why."""
    workers = []
    for library in options.libraries:
        if library in results["left_out"]:
            continue
        try:
            worker = Worker(library, name, options.tf32)
            warm_up(worker, options.seconds)
        except (UnavailableError, WorkerError) as e:
            results["left_out"][library] = str(e)
            print(f"  {library} left out: {e}")
            continue
        results["libraries"][library] = worker.description
        workers.append(worker)
    return workers


def warm_up(worker: Worker, seconds: float) -> None:
    """Untimed steps (buffers, kernels, clocks), and from them the steps of a turn."""
    step = min(worker.run(2))
    step = min(worker.run(max(1, round(0.2 * seconds / step))))
    worker.steps = max(2, math.ceil(seconds / step))


def take_turns(workers: list[Worker], options) -> dict[str, list[list[float]]]:
    """{library: rounds of seconds per step}, the order turned by one every round."""
    samples = {worker.library: [] for worker in workers}
    for i in range(options.rounds):
        k = i % max(1, len(workers))
        for worker in workers[k:] + workers[:k]:
            time.sleep(PAUSE)
            skip = max(1, worker.steps // 20)  # caches and threads are cold again
            samples[worker.library].append(worker.run(worker.steps, skip))
    return samples


def show(table: dict) -> None:
    if not table:
        return
    heads = ("median ms", "quartiles ms", "GFLOP/s", "steps", "times as long as")
    print("  {:<12}{:>10}{:>20}{:>10}{:>7}   {}".format("", *heads))
    for library, row in table.items():
        quartiles = f"{row['q1_ms']:.4g} .. {row['q3_ms']:.4g}"
        ratios = [f"{value:.2f} x {other}" for other, value in row["ratio"].items()]
        print(
            f"  {library:<12}{row['median_ms']:>10.4g}{quartiles:>20}"
            f"{row['gflops']:>10.4g}{row['steps']:>7}   {' '.join(ratios) or '-'}"
        )


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)

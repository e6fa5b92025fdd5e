"""How the benchmarks of speed take their samples: workers that take turns.

All of them have the same options, the same warm-up and turns, and results of one form:
{"benchmark", "date", "commit", "machine", "flags", "options", "libraries", "left_out",
"works": {name of the work: {..., "results": {library: row}}}}. `report.summarise` makes
a row, and "ratio": {reference: how many times as long} is added. A work may also have
"skipped" and "errors": {library: why it has no row}.
"""

import argparse
import dataclasses
import math
import sys
import time

from . import report
from .libraries import LIBRARIES, USUAL
from .library import UnavailableError
from .worker import Worker, WorkerError

PAUSE = 0.2  # s before each turn, in which the last one's busy threads fall asleep
SHORT_PAUSE = 0.01  # before turns shorter than PAUSE, which are only a first look
WHOLE_STEPS = ("step", "sweep")  # the benchmarks of whole training steps
WIDTH = 1 + max(map(len, LIBRARIES))  # of a column with the libraries' names


@dataclasses.dataclass(frozen=True)
class Default:
    """The defaults of --rounds and --seconds: usually, and with --quick."""

    rounds: tuple[int, int]
    seconds: tuple[float, float]

    def settle(self, options) -> None:
        """Set the two options that were not given."""
        options.rounds = options.rounds or self.rounds[options.quick]
        options.seconds = options.seconds or self.seconds[options.quick]

    def help(self, what: str) -> str:
        usual, quick = getattr(self, what)
        return f"(default {usual:g}, quick {quick:g})"


def parser(
    name: str, description: str, epilog: str, default: Default | None = None
) -> report.Parser:
    """The options that every benchmark of speed has."""
    new = report.Parser(
        prog=f"python -m benchmarks{'.' * bool(name)}{name}",
        description=description,
        epilog=epilog,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = new.add_argument
    new.choice("--libraries", LIBRARIES, usual=USUAL)
    rounds, seconds = report.above(int, 0), report.above(float, 0)
    own = "(default: chosen by each part)"
    n, t = (default.help(k) if default else own for k in ("rounds", "seconds"))
    add("--rounds", type=rounds, metavar="N", help=f"turns of each library {n}")
    add("--seconds", type=seconds, metavar="S", help=f"a turn's length {t}")
    add("--quick", action="store_true", help="less of everything: a first look")
    add("--tf32", action="store_true", help="turn TF32 on for every GPU library")
    return new


def begin(benchmark: str, options, **flags) -> dict:
    """Results with nothing timed yet. Prints the machine. `flags` change the work."""
    results = {
        "benchmark": benchmark,
        "date": report.now(),
        "commit": report.commit(),
        "machine": report.machine(),
        "flags": {"dtype": "float32", "tf32": options.tf32} | flags,
        "options": {"rounds": options.rounds, "seconds": options.seconds},
        "libraries": {},
        "left_out": {},
        "works": {},
    }
    print(report.one_line({"machine": results["machine"], "tf32": options.tf32}))
    if results["machine"]["load_at_start"] > 0.5:
        print("NOTE: something else is running here; take no figure below seriously")
    if pinned := report.pinned(results["machine"]):
        print(f"NOTE: {pinned}")
    return results


def end(results: dict, out=None) -> int:
    """Print the libraries, write the file if asked, and return the exit status."""
    for library, description in results["libraries"].items():
        print(f"{library}: {report.one_line(description)}")
    if out:
        report.write_json(out, results)
    if not results["libraries"]:
        print("none of the libraries asked for can run here", file=sys.stderr)
        return 2
    return 0


def start(options, results: dict) -> list[Worker]:
    """A worker for each library that can run here. Prints why others are left out."""
    workers = []
    for library in options.libraries:
        if library in results["left_out"]:
            continue
        if LIBRARIES[library].only_steps and results["benchmark"] not in WHOLE_STEPS:
            leave_out(library, "it is here for whole training steps alone", results)
            continue
        try:
            worker = Worker(library, options.tf32)
        except (UnavailableError, WorkerError) as e:
            leave_out(library, str(e), results)
            continue
        results["libraries"].setdefault(library, worker.description)
        workers.append(worker)
    return workers


def leave_out(library: str, why: str, results: dict) -> None:
    """Go on without this library."""
    results["left_out"][library] = why
    results["libraries"].pop(library, None)
    print(f"  {library} left out: {why}")


def stop(workers: list[Worker]) -> None:
    for worker in workers:
        worker.close()


def time_job(workers: list[Worker], job: dict, options, flop=0, beside=None) -> dict:
    """{"results": {library: row}} of a job for every worker.

    The order of the workers moves on by one every round. A library whose process ends
    is left out, and "errors" says so; "skipped" says why a library does not have this
    job. After the timing beside(worker) adds to a row.
    """
    samples: dict[str, list] = {worker.library: [] for worker in workers}
    more, errors, skipped = {}, {}, {}

    def each(f, order) -> None:
        for worker in order:
            try:
                if worker.library not in errors | skipped:
                    f(worker)
            except WorkerError as e:
                errors[worker.library] = str(e)
                print(f"  {worker.library} given up: {e}")
            except UnavailableError as e:
                skipped[worker.library] = str(e)
                print(f"  {worker.library:<{WIDTH}}{'-':>10}   {e}")

    def ready(worker):
        worker.make(job)
        warm_up(worker, options.seconds)

    def turn(worker):
        time.sleep(PAUSE if options.seconds >= PAUSE else SHORT_PAUSE)
        skip = max(1, worker.steps // 20)  # caches and threads are cold again
        samples[worker.library].append(worker.run(worker.steps, skip))

    def look(worker):
        more[worker.library] = beside(worker) if beside else {}

    each(ready, workers)
    for i in range(options.rounds):
        k = i % max(1, len(workers))
        each(turn, workers[k:] + workers[:k])
    each(look, workers)
    without = {"errors": errors, "skipped": skipped}
    found = {name: s for name, s in samples.items() if name not in errors | skipped}
    rows = table(found, flop)
    for library, row in rows.items():
        row |= more[library]
    return {"results": rows} | {what: whys for what, whys in without.items() if whys}


def warm_up(worker: Worker, seconds: float) -> None:
    """Untimed steps for buffers, kernels and clocks. They set the steps of a turn."""
    step = max(1e-7, min(worker.run(2)))
    step = max(1e-7, min(worker.run(max(1, round(0.2 * seconds / step)))))
    worker.faults = []
    worker.steps = max(2, math.ceil(seconds / step))


def table(samples: dict, flop: int) -> dict[str, dict]:
    """{library: its row, with the ratio to PyTorch on the same device}."""
    rows = {library: report.summarise(s, flop) for library, s in samples.items()}
    for library, row in rows.items():
        reference = LIBRARIES[library].reference
        other = rows.get(reference)
        row["ratio"] = {reference: report.ratio(row, other)} if other else {}
    return rows


def works_of(results: dict, library: str) -> dict[str, dict]:
    """{work: row} for one library."""
    return {
        name: work["results"][library]
        for name, work in results["works"].items()
        if library in work["results"]
    }


def ratios(row: dict) -> str:
    """ "1.30 x torch-cpu", or a dash."""
    return " ".join(f"{r:.2f} x {name}" for name, r in row["ratio"].items()) or "-"

"""How much faster several processes of MPI are, and what to expect of many machines.

    python -m benchmarks.scaling --out scaling.json
    python -m benchmarks.scaling --show scaling.json --docs docs

Each process has one core and one thread. A step on a whole batch is timed with one
process, and with several that share the batch, in turn. Then the processes add arrays
of several sizes: that gives the latency and the bandwidth between them. Last, one
process plays batches of fewer samples, as each of many would have. From these figures a
model predicts the step of 2 to 64 machines in networks of other speeds (see
scaling_pages.py). With --docs the page and its plot are written into that folder.

Needs mpi4py and mpiexec: pip install 'tinygan[mpi]' mpich
"""

import json
import os
import shutil
import statistics
import subprocess
import sys
from pathlib import Path

from tinygan import InputError

from . import scaling_pages
from .report import (
    ROOT,
    Parser,
    above,
    commit,
    machine,
    names,
    new_file,
    now,
    numbers,
    write_json,
)
from .works import GANS

DEFAULT = ["dcgan28", "dcgan64"]
SIZES = [8 << k for k in range(0, 22, 3)]  # bytes
PINNED = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")  # they choose slower kernels


def launcher() -> str:
    """mpiexec beside this Python, or on the path. InputError if there is none."""
    beside = Path(sys.executable).parent / "mpiexec"
    found = str(beside) if beside.exists() else shutil.which("mpiexec")
    if found is None:
        raise InputError("there is no mpiexec: pip install 'tinygan[mpi]' mpich")
    return found


def asked(job: dict, n: int) -> dict:
    """What n processes say about a job."""
    launch = [launcher(), "-n", str(n)] if n > 1 else []
    command = [*launch, sys.executable, "-m", "benchmarks.scaling_rank"]
    environment = {k: v for k, v in os.environ.items() if k not in PINNED}
    done = subprocess.run(
        [*command, json.dumps(job)],
        env=environment | {"OPENBLAS_NUM_THREADS": "1"},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        said = done.stderr.strip().splitlines() or ["nothing was said"]
        raise InputError(f"{n} processes failed: {said[-1]}")
    return json.loads(done.stdout)


def time_work(name: str, args) -> dict:
    """A work's seconds a step: by processes in each round, and by batch."""
    batch = GANS[name].batch
    job = {"work": name, "batch": batch, "steps": args.steps}
    rounds: dict[int, list] = {n: [] for n in args.ranks}
    messages = {}
    for _ in range(args.rounds):
        for n in args.ranks:
            found = asked(job, n)
            rounds[n].append(statistics.median(found["seconds"]))
            messages[n] = found["messages"]
    by_batch = {batch: statistics.median(rounds[1])}
    while batch > 2:
        batch //= 2
        found = asked(job | {"batch": batch}, 1)
        by_batch[batch] = statistics.median(found["seconds"])
    return {"rounds": rounds, "messages": messages, "by_batch": by_batch}


def measure(args) -> dict:
    """All that is measured."""
    results = {"date": now(), "commit": commit(), "machine": machine(), "works": {}}
    for name in args.works:
        results["works"][name] = found = time_work(name, args)
        alone = found["rounds"][1]
        for n, seconds in found["rounds"].items():
            pairs = zip(alone, seconds, strict=True)
            speedup = statistics.median(one / many for one, many in pairs)
            ms = 1e3 * statistics.median(seconds)
            print(f"{name}: {n} processes, {ms:.4g} ms a step, {speedup:.2f} times")
    most = max(args.ranks)
    job = {"bytes": SIZES, "steps": 20 * args.steps}
    results |= {"sums": asked(job, most)["sums"], "ranks_of_sums": most}
    return results


def parse(argv):
    parser = Parser(prog="python -m benchmarks.scaling", description=__doc__)
    add = parser.add_argument
    add("--works", type=names(GANS), default=DEFAULT, help=f"({','.join(DEFAULT)})")
    add("--ranks", type=numbers, default=[1, 2], help="numbers of processes (1,2)")
    add("--rounds", type=above(int, 0), default=7, help="with each number (7)")
    add("--steps", type=above(int, 0), default=20, help="in a round (20)")
    add("--out", type=new_file, help="measure, and write the results as JSON")
    add("--show", type=Path, help="measure nothing, and show these results")
    add("--docs", type=Path, help="write the page into this folder")
    args = parser.parse_args(argv)
    if bool(args.out) == bool(args.show):
        parser.error("expected either --out FILE or --show FILE")
    if args.ranks[0] != 1 or max(args.ranks) < 2 or 0 in args.ranks:
        parser.error(f"--ranks: expected 1 and more, such as 1,2, got {args.ranks}")
    return parser, args


def main(argv=None) -> int:
    parser, args = parse(argv)
    try:
        if args.out:
            write_json(args.out, measure(args))
        scaling_pages.show(args.out or args.show, args.docs)
    except InputError as e:
        parser.error(str(e))
    return 0


if __name__ == "__main__":
    sys.exit(main())

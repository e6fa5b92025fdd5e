"""The best that this machine can do: float32 matrix products, and moving memory.

Nothing else can be faster than this roof. The product c = a b of large square matrices
runs with all threads and with one. The copy a = b and the triad a = b + s c run on all
cores, on arrays much larger than any cache, as in STREAM (McCalpin 1995).
"""

import sys

from . import report, turns
from .libraries import LIBRARIES

DEFAULT = turns.Default(rounds=(5, 2), seconds=(1.0, 0.1))
N = {"cpu": 2048, "gpu": 8192}  # rows and columns of the matrices
QUICK_N = {"cpu": 1024, "gpu": 4096}
TIMES = {"cpu": 1, "gpu": 4}  # how many times as large the arrays are
ARRAYS = {"copy": 2, "triad": 3}  # arrays that are read or written, once each
EXAMPLES = """\
examples:
  python -m benchmarks.peak --quick
  python -m benchmarks.peak --libraries numpy,torch-cpu --out peak.json
  python -m benchmarks.peak --megabytes 1024

The best of all steps counts. GB/s counts the bytes that the operation reads and writes
by its definition: two arrays for a copy and three for a triad, as in STREAM.
"""


def main(argv: list[str] | None = None) -> int:
    options = parse(argv)
    return turns.end(measure(options), options.out)


def parse(argv):
    parser = turns.parser("peak", __doc__.partition("\n")[0], EXAMPLES, DEFAULT)
    add = parser.add_argument
    whole = report.above(int, 0)
    add(
        "--megabytes",
        type=whole,
        metavar="M",
        help="size of each array (default 256, quick 64)",
    )
    parser.results_file()
    options = parser.parse_args(argv)
    settle(options)
    return options


def settle(options) -> None:
    DEFAULT.settle(options)
    options.megabytes = options.megabytes or (64 if options.quick else 256)


def jobs(device: str, options) -> dict[str, dict]:
    """{name: job, with its FLOP and bytes} for libraries on that device."""
    n = (QUICK_N if options.quick else N)[device]
    megabytes = options.megabytes * TIMES[device]
    numbers = megabytes * 10**6 // 4
    product = {"task": "gemm", "n": n, "flop": 2 * n**3, "bytes": 3 * 4 * n * n}
    found = {f"gemm {n}": product}
    if device == "cpu":
        found[f"gemm {n}, 1 thread"] = product | {"threads": 1}
    for task, arrays in ARRAYS.items():
        flop = 2 * numbers if task == "triad" else 0
        cost = {"flop": flop, "bytes": arrays * 4 * numbers}
        found[f"{task} {megabytes} MB"] = {"task": task, "numbers": numbers} | cost
    return found


def measure(options) -> dict:
    """Time every operation; print a table; return the results, with their "peaks"."""
    results = turns.begin("peak", options)
    workers = turns.start(options, results)
    try:
        for device in N:
            group = [w for w in workers if LIBRARIES[w.library].device == device]
            for name, job in jobs(device, options).items() if group else ():
                results["works"][name] = time_one(name, job, group, options)
    finally:
        turns.stop(workers)
    results["peaks"] = peaks(results)
    for device, peak in results["peaks"].items():
        print(f"{device}: {peak['gflops']:.4g} GFLOP/s, {peak['gbs']:.4g} GB/s")
    return results


def time_one(name: str, job: dict, workers: list, options) -> dict:
    print(f"\n{name}")
    found = turns.time_job(workers, job, options, job["flop"])
    for library, row in found["results"].items():
        seconds = 1e-3 * row["best_ms"]
        row["best_gflops"] = 1e-9 * job["flop"] / seconds
        row["best_gbs"] = 1e-9 * job["bytes"] / seconds
        unit = "GFLOP/s" if job["task"] == "gemm" else "GB/s"
        best = row["best_gflops" if job["task"] == "gemm" else "best_gbs"]
        print(f"  {library:<12}{best:>10.4g} {unit}   {turns.ratios(row)}")
    return {"job": job, "flop": job["flop"], "bytes": job["bytes"]} | found


def peaks(results: dict) -> dict[str, dict]:
    """{"cpu": {"gflops", "gflops_1", "gbs"}, "gpu": ...}: the best of any library.

    gflops_1 is for one thread. A device without a measurement is left out.
    """
    found: dict[str, dict] = {}
    for work in results["works"].values():
        product = work["job"]["task"] == "gemm"
        keys = ["gflops" if product else "gbs"]
        if "threads" in work["job"]:
            keys.append(f"gflops_{work['job']['threads']}")
        for library, row in work["results"].items():
            peak = found.setdefault(LIBRARIES[library].device, {})
            best = row["best_gflops" if product else "best_gbs"]
            for key in keys:
                peak[key] = max(peak.get(key, 0.0), best)
    return {k: peak for k, peak in found.items() if {"gflops", "gbs"} <= peak.keys()}


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)

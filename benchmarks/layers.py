"""How long each layer takes, forward and backward, and how near it is to the roof.

The roof is the best that the machine can do (peak.py): no pass can be faster than its
products at the machine's GEMM peak, nor than its bytes at the memory's bandwidth.
"""

import argparse
import json
import sys
from pathlib import Path

from . import cost, peak, turns
from .cases import CASES, SMALL
from .libraries import LIBRARIES

DEFAULT = turns.Default(rounds=(5, 2), seconds=(0.3, 0.02))
TITLES = tuple(dict.fromkeys(case.title for case in CASES.values()))
EXAMPLES = """\
examples:
  python -m benchmarks.layers --quick
  python -m benchmarks.layers --layers Conv2d,Dense --libraries numpy,torch-cpu
  python -m benchmarks.layers --peak peak.json --out layers.json

Backward is dx and the parameters' gradients. GFLOP/s counts 2 MNK for a product, and
the arithmetic of the other layers. GB/s counts the least that a pass has to move, each
array once. Shares are of this machine's own peaks, which are measured first unless
--peak has them. Beyond 100 % of the bandwidth the arrays stay in a cache.
"""


def main(argv: list[str] | None = None) -> int:
    options = parse(argv)
    return turns.end(measure(options, options.peak), options.out)


def parse(argv):
    parser = turns.parser("layers", __doc__.partition("\n")[0], EXAMPLES, DEFAULT)
    add = parser.add_argument
    parser.choice("--layers", TITLES)
    add("--peak", type=peak_file, metavar="FILE", help="results of benchmarks.peak")
    parser.results_file()
    options = parser.parse_args(argv)
    settle(options)
    return options


def settle(options) -> None:
    DEFAULT.settle(options)


def peak_file(text: str) -> dict:
    """An argparse type: the peaks in a file that benchmarks.peak wrote."""
    try:
        return json.loads(Path(text).read_text())["peaks"]
    except OSError as e:
        raise argparse.ArgumentTypeError(f"{text!r} cannot be read") from e
    except (ValueError, TypeError, KeyError) as e:
        message = f"{text!r} is not a file of python -m benchmarks.peak"
        raise argparse.ArgumentTypeError(message) from e


def measure(options, peaks: dict | None = None) -> dict:
    """Time every pass; print a table; return the results, with the "peaks" used."""
    if peaks is None:
        first = argparse.Namespace(**vars(options))
        first.rounds = first.seconds = first.megabytes = None
        peak.settle(first)
        peaks = peak.measure(first)["peaks"]
    results = turns.begin("layers", options)
    results["peaks"] = peaks
    workers = turns.start(options, results)
    try:
        for case in SMALL if options.quick else CASES.values():
            for which in case.passes if case.title in options.layers else ():
                name = f"{case.name}, {which}"
                results["works"][name] = time_one(case, which, workers, options, peaks)
    finally:
        turns.stop(workers)
    return results


def time_one(case, which: str, workers: list, options, peaks: dict) -> dict:
    """Time one pass of one layer; print a line for each library."""
    flop, moved = cost.pass_flop(case, which), cost.pass_bytes(case, which)
    print(f"\n{case.name}, {which}: {flop / moved:.3g} FLOP a byte")
    job = {"task": "layer", "case": case.name, "pass": which}
    found = turns.time_job(workers, job, options, flop)
    for library, row in found["results"].items():
        row |= under_the_roof(row, moved, peaks.get(LIBRARIES[library].device))
        shares = "".join(
            f"{100 * row[key]:>6.1f} % of {of}"
            for key, of in (("peak_share", "peak"), ("bandwidth_share", "bandwidth"))
            if key in row
        )
        print(
            f"  {library:<12}{row['median_ms']:>10.4g} ms{row['gflops']:>9.4g} GFLOP/s"
            f"{row['gbs']:>9.4g} GB/s{shares}   {turns.ratios(row)}"
        )
    return {"layer": case.title, "pass": which, "flop": flop, "bytes": moved} | found


def under_the_roof(row: dict, moved: int, peak: dict | None) -> dict:
    """GB/s and, if the device's peak is known, the shares of it.

    The roof is min(peak, intensity x bandwidth) GFLOP/s, with intensity = FLOP / bytes.
    """
    gbs = 1e-6 * moved / row["median_ms"]
    if peak is None:
        return {"gbs": gbs}
    peak_share, bandwidth_share = row["gflops"] / peak["gflops"], gbs / peak["gbs"]
    return {
        "gbs": gbs,
        "peak_share": peak_share,
        "bandwidth_share": bandwidth_share,
        "roof_share": max(peak_share, bandwidth_share),
    }


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)

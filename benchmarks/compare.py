"""Has anything become slower? Two result files of one benchmark, by ratio.

    new / old of the ratio to PyTorch, if both files have one: machines differ
    new / old of the milliseconds, if they do not and the machine is the same

A change above the tolerance is "slower", one below its inverse "faster".
"""

import argparse
import json
import sys
from pathlib import Path

from . import report
from .libraries import LIBRARIES
from .turns import WIDTH

SAME_MACHINE = ("processor", "cores", "system", "environment")
SAME_WORK = ("batch", "game", "flop", "bytes", "job", "work", "layer", "pass")
EXAMPLES = """\
examples:
  python -m benchmarks.compare old.json new.json
  python -m benchmarks.compare old.json new.json --tolerance 1.25

Times from another machine say nothing, so a library without a ratio to PyTorch in both
files is not judged there. PyTorch is not judged if others are compared with it.
Exit status: 0, or 1 if something became slower, or 2 if the files cannot be compared.
"""


class CompareError(Exception):
    """The files cannot be compared; the message says why."""


def main(argv: list[str] | None = None) -> int:
    parser = report.Parser(
        prog="python -m benchmarks.compare",
        description=__doc__.partition("\n")[0],
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    for name, which in (("old", "before"), ("new", "after")):
        parser.add_argument(name, metavar=name.upper(), help=f"results {which}")
    parser.add_argument(
        "--tolerance",
        type=report.above(float, 1),
        default=1.1,
        metavar="R",
        help="a ratio above it is slower (default 1.1)",
    )
    options = parser.parse_args(argv)
    try:
        old, new = read(options.old), read(options.new)
        lines = compare(old, new)
    except CompareError as e:
        parser.error(str(e))
    return show(old, new, lines, options.tolerance)


def read(path: str) -> dict:
    """The results in a file. Raises CompareError if it holds anything else."""
    try:
        results = json.loads(Path(path).read_text())
    except OSError as e:
        raise CompareError(f"{path}: cannot be read ({e.strerror})") from e
    except ValueError as e:
        raise CompareError(f"{path}: is not JSON") from e
    if not _well_formed(results):
        raise CompareError(f"{path}: is not a result file of a benchmark of speed")
    return results


def _well_formed(results) -> bool:
    """Whether the results have all parts that are compared."""
    try:
        parts = [results[key] for key in ("flags", "machine", "works")]
        for work in results["works"].values():
            for library, row in work["results"].items():
                parts.append(row["ratio"])
                if library not in LIBRARIES or not row["median_ms"] > 0:
                    return False
    except (TypeError, KeyError, AttributeError):
        return False
    return "benchmark" in results and all(isinstance(part, dict) for part in parts)


def compare(old: dict, new: dict) -> list[dict]:
    """A line for each work and library that both have: "change" = new / old, and "by".

    "by" names the unit that is compared. If nothing can be said, "change" is None and
    "by" gives the reason. Raises CompareError if the files differ in benchmark, flags
    or works, or have nothing in common.
    """
    for key in ("benchmark", "flags"):
        same(key, old[key], new[key])
    here = same_machine(old, new)
    lines = []
    for name, work in old["works"].items():
        other = new["works"].get(name)
        if other is None:
            continue
        for key in SAME_WORK:
            same(f"{name}: {key}", work.get(key), other.get(key))
        rows, others = work["results"], other["results"]
        for library in rows.keys() & others.keys():
            judged = judge(library, rows, others, here)
            lines.append({"work": name, "library": library} | judged)
    if not lines:
        raise CompareError("the files have no work and library in common")
    order = list(LIBRARIES)
    lines.sort(key=lambda line: order.index(line["library"]))
    return sorted(lines, key=lambda line: list(old["works"]).index(line["work"]))


def same(what: str, old, new) -> None:
    """Raise CompareError, which names the difference, unless old == new."""
    if isinstance(old, dict) and isinstance(new, dict):
        for key in old | new:
            same(f"{what}: {key}", old.get(key), new.get(key))
    elif old != new:
        raise CompareError(f"the files differ in {what}: {old!r} and {new!r}")


def same_machine(old: dict, new: dict) -> bool:
    """Whether the milliseconds of the two files can be compared."""
    a, b = old["machine"], new["machine"]
    return all(a.get(key) == b.get(key) for key in SAME_MACHINE)


def judge(library: str, rows: dict, others: dict, same_machine: bool) -> dict:
    """{"old", "new", "change", "by"} for one library, from the rows of one work."""
    reference = LIBRARIES[library].reference
    old, new = rows[library], others[library]
    compared = reference in old["ratio"] and reference in new["ratio"]
    if compared and library != reference:
        a, b = old["ratio"][reference], new["ratio"][reference]
        return {"old": a, "new": b, "change": b / a, "by": f"x {reference}"}
    a, b = old["median_ms"], new["median_ms"]
    line = {"old": a, "new": b, "change": b / a, "by": "ms"}
    if library == reference and _serves(library, rows) and _serves(library, others):
        return line | {"change": None, "by": "ms, the reference"}
    return line if same_machine else line | {"change": None, "by": "ms, other machine"}


def _serves(library: str, rows: dict) -> bool:
    """Whether another library is compared with this one."""
    return any(library in row["ratio"] for name, row in rows.items() if name != library)


def verdict(change: float | None, tolerance: float) -> str:
    """A word for a change."""
    if change is None:
        return "not judged"
    if change > tolerance:
        return "SLOWER"
    return "faster" if change < 1 / tolerance else "as before"


def show(old: dict, new: dict, lines: list[dict], tolerance: float) -> int:
    """Print the table, and return the exit status."""
    print(f"{old['benchmark']}: {_when(old)} -> {_when(new)}, tolerance {tolerance:g}")
    if not same_machine(old, new):
        print("NOTE: the machines differ; only ratios to PyTorch are judged")
    width = max(len(line["work"]) for line in lines)
    heads = ("old", "new", "new / old")
    print(f"  {'':<{width}}  {'':<{WIDTH}}{heads[0]:>10}{heads[1]:>10}{heads[2]:>11}")
    slower = judged = 0
    for line in lines:
        says = verdict(line["change"], tolerance)
        slower += says == "SLOWER"
        judged += line["change"] is not None
        change = "-" if line["change"] is None else f"{line['change']:.3f}"
        print(
            f"  {line['work']:<{width}}  {line['library']:<{WIDTH}}{line['old']:>10.4g}"
            f"{line['new']:>10.4g}{change:>11}   {says} ({line['by']})"
        )
    for which, a, b in (("old", old, new), ("new", new, old)):
        only = [name for name in a["works"] if name not in b["works"]]
        if only:
            print(f"  only in the {which} file: {'; '.join(only)}")
    print(f"{slower} of {judged} judged became slower")
    if not judged:
        print("nothing could be judged: the machines differ", file=sys.stderr)
        return 2
    return 1 if slower else 0


def _when(results: dict) -> str:
    commit = results.get("commit") or "no commit"
    return f"{results.get('date', 'no date')} ({commit[:9]})"


if __name__ == "__main__":
    sys.exit(main())

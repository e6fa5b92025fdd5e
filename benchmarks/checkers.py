"""How many mistakes gradient checkers find: tinygan's, and four of other libraries.

    python -m benchmarks.checkers --out benchmarks/results/checkers.json --docs docs
    python -m benchmarks.checkers --show benchmarks/results/checkers.json --docs docs

The mistakes are those of tests/check/faults: files of users with one fault each. The
other checkers are torch.autograd.gradcheck, jax.test_util.check_grads,
autograd.test_util.check_grads and scipy.optimize.check_grad; `pip install
-e '.[compare]'` installs the four. They are asked about what is a function with a
gradient by hand (asked.py): one test point of four samples, their default tolerances,
float64. A checker that raises an error or answers no has refused. A mistake is found
if it is refused and its twin, the same code without the mistake, is not.

tinygan is asked by `tinygan check` of the file. Right files (--right) show false
alarms: entries of their CHECKS that are refused. A checker has 60 seconds for each.
"""

import glob
import importlib.metadata
import importlib.util
import runpy
import signal
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np

import tinygan
from tinygan.check import file_rows

from . import checkers_pages
from .asked import functions
from .judges import JUDGES
from .report import ROOT, Parser, commit, machine, now, write_json

LIMIT = 60  # seconds for one answer
RIGHT = str(ROOT / "tests" / "check" / "right" / "*.py")


def by_tinygan(text: str) -> bool:
    """Whether `tinygan check` refuses a file with this text."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "asked.py"
        path.write_text(text, encoding="utf-8")
        try:
            return not all(row.ok for row in file_rows(path))
        except Exception:
            return True


def by_judge(judge: Callable, entry) -> bool | None:
    """Whether another checker refuses an entry; None if it cannot be asked."""
    try:
        asked = functions(entry)
        steady = asked and all(f.steady() for f in functions(entry))
    except Exception:
        steady = True  # it fails at once: let the checker say so
    if not steady:
        return None
    try:
        for function in functions(entry):
            judge(function)
    except Exception:
        return True
    return False


class Late(BaseException):
    """No answer in time. It is no Exception, so that no checker takes it for one."""


def late(*_):
    raise Late


def answer(ask: Callable[[], bool | None]) -> dict:
    """{"refused": True, False, None or "late", if there is no answer in time,
    "seconds": ...}
    """
    begun, before = time.perf_counter(), signal.signal(signal.SIGALRM, late)
    signal.setitimer(signal.ITIMER_REAL, LIMIT)
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            refused = ask()
    except Late:
        refused = "late"
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    return {"refused": refused, "seconds": round(time.perf_counter() - begun, 4)}


def ask_all(judges: dict, text: str, make: Callable, function: bool = True) -> dict:
    """{checker: its answer} for one file, whose entries `make` gives anew each time.

    function: whether the others can be asked at all
    """
    answers = {"tinygan": answer(lambda: by_tinygan(text))}
    for name, judge in judges.items():
        nobody = {"refused": None, "seconds": 0.0}
        ask = lambda judge=judge: by_judge(judge, make()[0])  # noqa: E731
        answers[name] = answer(ask) if function else nobody
    return answers


def of_faults(judges: dict, only: str = "") -> list[dict]:
    """The answers about each fault and about its twin."""
    from tests.check.faults import faults, file_of  # no part of the package

    results = []
    for name, fault in faults().items():
        if only not in name:
            continue
        texts = [file_of(name, which) for which in ("every", "right")]
        results.append(
            {
                "name": name,
                "kind": fault.kind,
                "fault": ask_all(judges, texts[0], fault.make, fault.function),
                "twin": ask_all(judges, texts[1], fault.twin, fault.function),
            }
        )
        print(line_of(results[-1]), flush=True)
    return results


def line_of(result: dict) -> str:
    """One fault: which checkers found it."""
    found = [k for k in result["fault"] if checkers_pages.found(result, k)]
    return f"{result['kind']:28} {result['name']:44} {' '.join(found) or '-'}"


def of_right(judges: dict, paths: list[str]) -> list[dict]:
    """The answers about each entry of the right files."""
    results = []
    for path in sorted(paths):
        text = Path(path).read_text(encoding="utf-8")
        for i in range(len(runpy.run_path(path)["CHECKS"])):
            one = f"{text}\n\nCHECKS = CHECKS[{i} : {i + 1}]\n"
            make = lambda path=path, i=i: runpy.run_path(path)["CHECKS"][i:]  # noqa: E731
            answers = ask_all(judges, one, make)
            results.append({"name": f"{Path(path).name}, {i}", "right": answers})
    return results


def installed() -> dict[str, Callable]:
    """The judges whose libraries are here."""
    return {k: j for k, j in JUDGES.items() if importlib.util.find_spec(k)}


def main(argv=None) -> int:
    parser = Parser(prog="python -m benchmarks.checkers", description=__doc__)
    parser.results_file()
    parser.add_argument("--show", type=Path, metavar="FILE", help="ask nobody")
    parser.add_argument("--docs", type=Path, metavar="FOLDER", help="write the page")
    parser.add_argument("--right", nargs="*", metavar="FILE", help=f"({RIGHT})")
    parser.add_argument("--only", default="", help="faults with this in their names")
    args = parser.parse_args(argv)
    if args.show:
        results = checkers_pages.read(args.show)
    else:
        judges = installed()
        names = {k: importlib.metadata.version(k) for k in judges}
        results = {
            "date": now(),
            "commit": commit(),
            "machine": machine(),
            "versions": {"tinygan": tinygan.__version__, **names},
            "faults": of_faults(judges, args.only),
            "right": of_right(
                judges, glob.glob(RIGHT) if args.right is None else args.right
            ),
        }
    if args.out:
        write_json(args.out, results)
    page = checkers_pages.page(results)
    print(page)
    if args.docs:
        (args.docs / "guide" / "checkers.md").write_text(page, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())

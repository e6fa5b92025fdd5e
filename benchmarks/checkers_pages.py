"""docs/guide/checkers.md, from the answers that benchmarks/checkers.py wrote."""

import json
import statistics
import textwrap
from collections import Counter
from pathlib import Path

from tinygan import InputError

TITLES = {
    "tinygan": "`tinygan check`",
    "torch": "torch `gradcheck`",
    "jax": "jax `check_grads`",
    "autograd": "autograd `check_grads`",
    "scipy": "scipy `check_grad`",
}
HEAD = """# What gradient checkers find

Here are {n} files of users. Each has one mistake and is right otherwise: a layer, a
loss, a penalty or an optimizer (`tests/check/faults`). The table says how many of the
mistakes five checkers find. A cell is *found / asked*. A dash means that the checker
cannot be asked.

Four of the checkers are given one function $y = f(x, W)$ with its gradient by hand, and
one test point: four random samples, and the parameters as `init` leaves them. That is
their documented use, in float64 and with the default tolerances. So they can only be
asked where the mistake lies in a forward or a backward pass in training, and they see
the shape and the values of that one point. More points would find more.
`tinygan check` is given the file. It chooses inputs itself, and it asks for more than a
gradient: the contract of [a layer](layer.md) and of [a loss](loss.md).

A mistake is found if the checker refuses the file with it, and does not refuse the same
file without it. *False alarms* are refusals of right things. `tinygan check` was asked
about {right}.
*Some parameters or state only* are mistakes that do not show where the parameters and
the state start: a forgotten factor that starts at 1, for example.

"""
FOOT = """
Mistakes in other passes, modes and dtypes, in the state, in penalties and in optimizers
are no wrong gradient of one function. So {unasked} of the {n} cannot be asked of the
others. The row *asked of all* has the totals over the other {asked}. The mistakes and
tinygan are by the same authors. The mistakes were written from a list of kinds, without
a look at the checker. scipy returns a distance and leaves the judgement to its reader.
Here more than 1e-5 of the gradient's norm counts as refused.

{about}

Repeat it with

    pip install -e '.[compare]'
    python -m benchmarks.checkers --out checkers.json --docs docs
"""


def read(path: Path) -> dict:
    """The results of a file; InputError if it holds something else."""
    try:
        results = json.loads(path.read_text(encoding="utf-8"))
        if {"faults", "right", "versions"} <= results.keys():
            return results
    except (OSError, ValueError, AttributeError):
        pass
    raise InputError(f"{path} is not a file of python -m benchmarks.checkers")


def found(result: dict, checker: str) -> bool | None:
    """Whether a checker refuses a fault and not its twin; None if nobody asked it."""
    refused = result["fault"][checker]["refused"]
    if refused is None:
        return None
    return refused is True and result["twin"][checker]["refused"] is not True


def cell(answers) -> str:
    """ "found / asked" of some answers True, False or None; a dash if all are None."""
    count = Counter(answers)
    asked = count[True] + count[False]
    return f"{count[True]} / {asked}" if asked else "–"


def row(title: str, cells) -> str:
    return f"| {title} | {' | '.join(cells)} |\n"


def table(results: dict) -> str:
    """Kinds of faults by checkers, with totals, false alarms and times."""
    faults, checkers = results["faults"], list(results["versions"])
    text = row("mistakes", (TITLES[c] for c in checkers))
    text += row("---", ["---"] * len(checkers))
    for kind in dict.fromkeys(fault["kind"] for fault in faults):
        text += counts(kind, [f for f in faults if f["kind"] == kind], checkers)
    text += counts("**asked of all**", list(filter(asked_of_all, faults)), checkers)
    text += counts("**all**", faults, checkers)
    alarms = (alarms_of(results, c) for c in checkers)
    text += row("false alarms, of right things", map(cell, alarms))
    text += row("median time", (spelt(median(results, c)) for c in checkers))
    return text


def counts(title: str, faults: list, checkers: list) -> str:
    """A row: how many of some faults each checker finds."""
    return row(title, (cell([found(f, c) for f in faults]) for c in checkers))


def asked_of_all(fault: dict) -> bool:
    return all(a["refused"] is not None for a in fault["fault"].values())


def alarms_of(results: dict, checker: str) -> list:
    """Whether the checker refuses each right thing; twins if there are no others."""
    right = [r["right"] for r in results["right"]] or [
        f["twin"] for f in results["faults"]
    ]
    refused = [r[checker]["refused"] for r in right]
    return [None if r in (None, "late") else r for r in refused]


def median(results: dict, checker: str) -> float:
    """Seconds for an answer about a twin."""
    answers = [f["twin"][checker] for f in results["faults"]]
    times = [a["seconds"] for a in answers if a["refused"] is not None]
    return statistics.median(times) if times else float("nan")


def spelt(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds >= 1 else f"{1000 * seconds:.0f} ms"


def page(results: dict) -> str:
    """The page in Markdown."""
    n, common = len(results["faults"]), sum(map(asked_of_all, results["faults"]))
    things = len(results["right"])
    right = f"{things} of them, from other files" if things else "those without faults"
    versions = ", ".join(f"{k} {v}" for k, v in results["versions"].items())
    about = f"Measured {results['date'][:10]} with {versions}."
    return (
        HEAD.format(n=n, right=right)
        + table(results)
        + FOOT.format(
            n=n, asked=common, unasked=n - common, about=textwrap.fill(about, 88)
        )
    )

"""Tools of all benchmarks: options, statistics of samples, the machine, JSON."""

import argparse
import contextlib
import datetime
import json
import os
import platform
import statistics
import subprocess
import textwrap
from pathlib import Path

ROOT = Path(__file__).parents[1]
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
WAITING = ("OMP_WAIT_POLICY", "KMP_BLOCKTIME", "GOMP_SPINCOUNT")
KERNELS = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")
COMPILERS = ("XLA_FLAGS", "CXX")


class Parser(argparse.ArgumentParser):
    """A parser that answers bad arguments with one sentence on stderr and status 2."""

    def error(self, message):
        self.exit(2, f"{self.prog}: {message}\n")

    def choice(self, option: str, known, all_unless_given=True, usual=None) -> None:
        """Add an option for some of `known`. The default is `usual`, all, or None."""
        default = list(usual or known) if all_unless_given else None
        says = ",".join(usual) if usual else "all"
        self.add_argument(
            option,
            type=names(known),
            default=default,
            metavar="A,B",
            help=f"some of {','.join(known)} (default: {says})",
        )

    def results_file(self) -> None:
        """Add --out, the file for the results."""
        help = "write the results as JSON"
        self.add_argument("--out", type=new_file, metavar="FILE", help=help)


def names(known):
    """An argparse type: a comma-separated choice among `known`, without repetitions."""

    def parse(text: str) -> list[str]:
        chosen = list(dict.fromkeys(text.split(",")))
        for name in chosen:
            if name not in known:
                raise argparse.ArgumentTypeError(
                    f"{name!r} is unknown: expected some of {','.join(known)}"
                )
        return chosen

    return parse


def numbers(text: str) -> list[int]:
    """An argparse type: comma-separated whole numbers >= 0, without repetitions."""
    if not all(part.isdecimal() for part in text.split(",")):
        message = f"expected whole numbers such as 0,1,2, got {text!r}"
        raise argparse.ArgumentTypeError(message)
    return list(dict.fromkeys(map(int, text.split(","))))


def listed(what: str, items) -> str:
    """ "Works: one; two." over as many lines as help text needs."""
    return textwrap.fill(f"{what}: {'; '.join(items)}.", 88)


def above(number, low):
    """An argparse type: a finite int or float (`number`) larger than `low`."""

    def parse(text: str):
        with contextlib.suppress(ValueError):
            value = number(text)
            if low < value < float("inf"):
                return value
        kind = {int: "a whole number", float: "a number"}[number]
        raise argparse.ArgumentTypeError(f"expected {kind} above {low}, got {text!r}")

    return parse


def new_file(text: str) -> Path:
    """An argparse type: a path whose folder exists."""
    path = Path(text)
    if path.is_dir() or not path.absolute().parent.is_dir():
        expected = "expected a file in an existing folder"
        raise argparse.ArgumentTypeError(f"{expected}, got {text!r}")
    return path


def summarise(rounds: list[list[float]], flop: int) -> dict:
    """Statistics of one library's samples: `rounds` of seconds per step."""
    samples = sorted(s for seconds in rounds for s in seconds)
    q1, median, q3 = statistics.quantiles(samples, n=4, method="inclusive")
    return {
        "median_ms": 1e3 * median,
        "q1_ms": 1e3 * q1,
        "q3_ms": 1e3 * q3,
        "best_ms": 1e3 * samples[0],
        "gflops": 1e-9 * flop / median,
        "steps": len(samples),
        "rounds_ms": [1e3 * statistics.median(seconds) for seconds in rounds],
    }


def median(values: list[float]) -> float:
    """The median of the values; 0 if there are none."""
    return statistics.median(values) if values else 0.0


def ratio(ours: dict, theirs: dict) -> float:
    """How many times as long as `theirs`: the median over rounds, each round paired.

    A disturbance of the machine slows a whole round, and leaves its ratio alone.
    """
    pairs = zip(ours["rounds_ms"], theirs["rounds_ms"], strict=True)
    return statistics.median(a / b for a, b in pairs)


def ratio_to(row: dict) -> str:
    """The ratio to PyTorch in a row, for a table; "" without one."""
    return ", ".join(f"{r:.2f}" for r in row["ratio"].values())


def markdown(heads, rows) -> str:
    """A table in Markdown."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "".join("| " + " | ".join(map(str, line)) + " |\n" for line in lines)


def machine() -> dict:
    """The machine and the settings in the environment that change what is measured."""
    names = THREADS + WAITING + KERNELS + COMPILERS
    settings = {k: os.environ[k] for k in names if k in os.environ}
    return {
        "processor": processor(),
        "cores": usable_cores(),
        "system": platform.system(),
        "python": platform.python_version(),
        "load_at_start": round(os.getloadavg()[0], 2),
        "environment": settings,
    }


def pinned(machine: dict) -> str:
    """A sentence if the environment chooses the kernels of OpenBLAS; "" if not."""
    settings = machine["environment"]
    chosen = [f"{name}={settings[name]}" for name in KERNELS if name in settings]
    if not chosen:
        return ""
    return (
        f"{' and '.join(chosen)} may pin older kernels of OpenBLAS than this machine's"
    )


def processor() -> str:
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def usable_cores() -> int:
    """The cores that this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def commit() -> str | None:
    """The commit of this checkout, with a + if files differ from it."""

    def git(*words):
        command = ["git", "-C", str(ROOT), *words]
        return subprocess.run(
            command, capture_output=True, text=True, check=True
        ).stdout

    try:
        return git("rev-parse", "HEAD").strip() + "+" * bool(git("status", "--short"))
    except (OSError, subprocess.CalledProcessError):
        return None


def now() -> str:
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")


def one_line(description: dict) -> str:
    """A (nested) description in one line: "processor Xeon, cores 2, ..."."""
    parts = []
    for key, value in description.items():
        if isinstance(value, dict):
            inner = one_line(value)
            parts += [f"{key} ({inner})"] if inner else []
        else:
            parts.append(f"{key} {value}")
    return ", ".join(parts)


def write_json(path: Path, results: dict) -> None:
    path.write_text(json.dumps(results, indent=1) + "\n")

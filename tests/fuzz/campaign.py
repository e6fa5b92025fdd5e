"""Read many mutants of each target, in a process with limits, and count the faults."""

import contextlib
import dataclasses
import json
import os
import pathlib
import random
import resource
import signal
import subprocess
import sys
import tempfile
import time
import traceback
import unicodedata
import warnings

from tinygan.errors import InputError, NonFiniteError

ROOT = pathlib.Path(__file__).parents[2]
SEED = 7
LONGEST = 500  # characters of a sentence
SECONDS = 5.0  # of the processor, for one mutant
WAITING = 60.0  # seconds for one mutant, if the processor has other work
MEMORY = 1 << 30  # bytes, above those of the process before the first mutant
BIDI = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f"


@dataclasses.dataclass
class Result:
    """What happened to the mutants of one target."""

    target: str
    mutants: int = 0
    documented: int = 0  # refused by an error that is meant
    accepted: int = 0
    faults: dict[str, list[int]] = dataclasses.field(default_factory=dict)
    slowest: float = 0.0  # seconds
    most_mb: float = 0.0
    seconds: float = 0.0

    def fault(self, what: str, number: int) -> None:
        """Count a fault, and note which mutant had it."""
        self.faults.setdefault(what, []).append(number)


class Hang(BaseException):
    """A mutant took too long. Nothing that reads files catches this."""


def campaign(names, n: int, seed: int = SEED, only: int | None = None) -> list[Result]:
    """Read n mutants of each target in a new process; a dead process is a fault."""
    command = [sys.executable, "-m", "tests.fuzz", "--child", *names]
    command += ["--n", str(n), "--seed", str(seed)]
    if only is not None:
        command += ["--only", str(only)]
    environment = {
        **os.environ,
        **{"PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "tests")])},
        **{"OPENBLAS_NUM_THREADS": "1", "MPLBACKEND": "agg"},
    }
    done = subprocess.run(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True
    )
    results = [Result(**json.loads(line)) for line in done.stdout.splitlines()]
    if done.returncode or len(results) < len(names):
        dead = Result(names[min(len(results), len(names) - 1)])
        dead.fault(f"the process ended with status {done.returncode}", -1)
        results.append(dead)
    return results


def child(names, n: int, seed: int, only: int | None) -> None:
    """Print the result of each target as a line of JSON."""
    from .targets import TARGETS

    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what a reader prints is no result
    base = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    warnings.simplefilter("ignore")
    for alarm in (signal.SIGALRM, signal.SIGPROF):
        signal.signal(alarm, _too_long)
    for name in names:
        with tempfile.TemporaryDirectory(dir=base) as folder:
            os.environ["TINYGAN_STATE"] = f"{folder}/state"
            target = TARGETS[name](folder)
            result = read_mutants(name, target, n, seed, only)
        print(json.dumps(dataclasses.asdict(result)), file=out, flush=True)


def read_mutants(name, target, n, seed, only=None) -> Result:
    """Read n mutants, or only one of them."""
    result = Result(name)
    for data in getattr(target, "seeds", ()):  # what is imported only once
        with contextlib.suppress(InputError):
            target.read(data)
    before, begun = _peak_mb(), time.monotonic()
    _limit(MEMORY)
    for number in range(n) if only is None else [only]:
        data = target.mutant(random.Random(f"{name}/{seed}/{number}"))
        result.mutants += 1
        started = time.process_time()
        signal.setitimer(signal.ITIMER_PROF, SECONDS)
        signal.setitimer(signal.ITIMER_REAL, WAITING)
        try:
            target.read(data)
            result.accepted += 1
        except InputError as e:
            result.documented += 1
            what = wrong_with(str(e))
            if what:
                result.fault(f"{what}: {str(e)[:200]!r}", number)
        except NonFiniteError:
            result.documented += 1
        except Hang:
            result.fault("hang", number)
        except Exception as e:
            result.fault(_place(e), number)
            if only is not None:
                traceback.print_exc()
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
            signal.setitimer(signal.ITIMER_REAL, 0)
        result.slowest = max(result.slowest, time.process_time() - started)
    result.seconds = time.monotonic() - begun
    result.most_mb = _peak_mb() - before
    if result.most_mb > MEMORY / 2**20:
        result.fault(f"{result.most_mb:.0f} MB", -1)
    return result


def wrong_with(sentence: str) -> str:
    """What is wrong with a sentence, or "" if it is fit to print."""
    if len(sentence) > LONGEST:
        return f"{len(sentence)} characters"
    bad = [c for c in sentence if unicodedata.category(c) in ("Cc", "Cs") or c in BIDI]
    return f"control character {bad[0]!r}" if bad else ""


def _too_long(number, frame):
    raise Hang


def _place(error: Exception) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    ours = [f for f in frames if f.filename.startswith(str(ROOT / "tinygan"))]
    last = (ours or frames)[-1]
    place = f"{pathlib.Path(last.filename).name}:{last.lineno}"
    return f"{type(error).__name__} at {place}: {str(error)[:120]!r}"


def _limit(more: int) -> None:
    """Let this process take `more` bytes of addresses than it has now."""
    pages = int(pathlib.Path("/proc/self/statm").read_text().split()[0])
    most = pages * resource.getpagesize() + more
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (most, hard))


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def table(results: list[Result]) -> list[str]:
    """The results as lines of text."""
    lines = [
        f"{'target':<12}{'mutants':>8}{'refused':>9}{'accepted':>9}{'faults':>8}"
        f"{'slowest s':>11}{'most MB':>9}{'seconds':>9}"
    ]
    for r in results:
        faults = sum(map(len, r.faults.values()))
        lines.append(
            f"{r.target:<12}{r.mutants:>8}{r.documented:>9}{r.accepted:>9}{faults:>8}"
            f"{r.slowest:>11.2f}{r.most_mb:>9.0f}{r.seconds:>9.1f}"
        )
    for r in results:
        for what, numbers in r.faults.items():
            lines.append(f"{r.target}: {len(numbers)} x {what}, as --only {numbers[0]}")
    return lines

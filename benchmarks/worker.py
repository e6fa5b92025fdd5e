"""One library in its own process, which does steps on request: lines of JSON in pipes.

Two numerical libraries in one process would fight over the cores: the threads of one
wait busily while the other computes. `Worker` asks, and `main` in the process answers:

    -> (start)                      <- {"ready": {versions, threads, flags}}
                                    or {"unavailable": "why"}
    -> {"make": {a job}}            <- {"build": seconds, "first": seconds}
                                    or {"unavailable": "why"}
    -> {"steps": 100, "skip": 1}    <- {"seconds": [100 numbers], "faults": 3.2}
    -> {"memory": true}             <- {"idle": bytes, "peak": bytes, "pool": bytes}
    -> (end of input)               (end)

A worker has one job at a time (jobs.py); a new job replaces the last one.
"""

import contextlib
import gc
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from . import jobs, memory
from .libraries import LIBRARIES
from .library import UnavailableError

ROOT = Path(__file__).parents[1]
COMPILED = "TORCHINDUCTOR_CACHE_DIR"  # where torch.compile keeps what it has compiled


class WorkerError(RuntimeError):
    """A worker ended before it answered."""


class Worker:
    """A process that has one library ready. Raises UnavailableError if it cannot."""

    def __init__(self, library: str, tf32: bool = False):
        self.library, self.tf32 = library, tf32
        self.faults: list[float] = []  # minor page faults per step, for each run
        self.steps = 1  # steps in a turn: turns.py sets it
        self.start()

    def start(self) -> None:
        """Start the process, and wait until it has imported the library.

        It finds no code that another process has compiled.
        """
        self.scratch = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        start, tf32 = time.perf_counter(), str(int(self.tf32))
        self.process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.worker", self.library, tf32],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env=os.environ | {COMPILED: self.scratch.name},
        )
        answer = self._answer()
        if "unavailable" in answer:
            self.close()
            raise UnavailableError(answer["unavailable"])
        self.description = answer["ready"]
        self.start_s = time.perf_counter() - start

    def make(self, job: dict) -> None:
        """Make a job ready, and take its first step. An ended process starts again.

        `build_s` and `first_s` are the seconds of the two. Raises UnavailableError if
        the library does not have this job.
        """
        if self.process.poll() is not None:
            self.close()
            self.start()
        answer = self._ask({"make": job})
        if "unavailable" in answer:
            raise UnavailableError(answer["unavailable"])
        self.build_s, self.first_s, self.faults = answer["build"], answer["first"], []

    def run(self, steps: int, skip: int = 0) -> list[float]:
        """The seconds of each of `steps` steps, after `skip` untimed ones."""
        answer = self._ask({"steps": steps, "skip": skip})
        self.faults.append(answer["faults"])
        return answer["seconds"]

    def memory(self) -> dict:
        """Bytes: "idle" after the import, "peak" so far, "pool" on a GPU or None."""
        return self._ask({"memory": True})

    def close(self) -> None:
        """End the process by force."""
        self.process.kill()
        self.process.communicate()
        self.scratch.cleanup()

    def _ask(self, request: dict) -> dict:
        with contextlib.suppress(BrokenPipeError):  # it has ended: _answer says so
            print(json.dumps(request), file=self.process.stdin, flush=True)
        return self._answer()

    def _answer(self) -> dict:
        try:
            line = self.process.stdout.readline()
        except BaseException:  # Ctrl-C: leave nothing behind that computes
            self.close()
            raise
        if not line:
            self.close()
            status = self.process.returncode
            raise WorkerError(f"the {self.library} worker ended with status {status}")
        return json.loads(line)


def main(library: str, tf32: str) -> None:
    """Answer requests until the input ends. Prints of the library go to stderr."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that asks
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    try:
        ready = LIBRARIES[library](tf32=tf32 == "1")
    except UnavailableError as e:
        print(json.dumps({"unavailable": str(e)}), file=answers)
        return
    print(json.dumps({"ready": ready.describe()}), file=answers)
    memory.forget_peak()
    answer = Answers(ready)
    for line in sys.stdin:
        print(json.dumps(answer(json.loads(line))), file=answers)


class Answers:
    """The answering end: a library, and its present job."""

    def __init__(self, library):
        self.library, self.idle = library, memory.resident()
        self.step = self.context = None

    def __call__(self, request: dict) -> dict:
        if "make" in request:
            return self.make(request["make"])
        if "memory" in request:
            pool = self.library.pool_peak()
            return {"idle": self.idle, "peak": memory.peak(), "pool": pool}
        return self.run(**request)

    def make(self, job: dict) -> dict:
        self.step = self.context = None
        gc.collect()
        start = time.perf_counter()
        try:
            self.step, self.context = jobs.make(self.library, job)
            built = time.perf_counter()
            with self.context():
                self.step()
        except UnavailableError as e:
            return {"unavailable": str(e)}
        self.library.wait()
        return {"build": built - start, "first": time.perf_counter() - built}

    def run(self, steps: int, skip: int = 0) -> dict:
        with self.context():
            for _ in range(skip):
                self.step()
            before = memory.minor_faults()
            seconds = self.library.timed(self.step, steps)
        faults = (memory.minor_faults() - before) / steps
        return {"seconds": seconds, "faults": faults}


if __name__ == "__main__":
    main(*sys.argv[1:])

"""One library in a process of its own, asked for steps by line-JSON over its pipes.

Two numerical libraries in one process would fight over the cores: the threads of one
wait busily while the other computes. `Worker` is the end that asks, `main` the other:

    -> (start)                      <- {"ready": {versions, threads, flags}}
                                    or {"unavailable": "why"}
    -> {"steps": 100, "skip": 1}    <- {"seconds": [100 numbers]}
    -> (end of input)               (end)
"""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

from .libraries import LIBRARIES, UnavailableError
from .works import WORKS

ROOT = Path(__file__).parents[1]


class WorkerError(RuntimeError):
    """A worker ended before it answered."""


class Worker:
    """A process that has one library and one work ready.

    Raises UnavailableError if it cannot.
    """

    def __init__(self, library: str, work: str, tf32: bool = False):
        self.library, self.work = library, work
        self.process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.worker", library, work, str(int(tf32))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        answer = self._answer()
        if "unavailable" in answer:
            self.close()
            raise UnavailableError(answer["unavailable"])
        self.description = answer["ready"]

    def run(self, steps: int, skip: int = 0) -> list[float]:
        """Seconds of each of `steps` steps, after `skip` untimed ones."""
        try:
            print(json.dumps({"steps": steps, "skip": skip}), file=self.process.stdin)
            self.process.stdin.flush()
        except BrokenPipeError:
            pass  # it has ended: _answer says so
        return self._answer()["seconds"]

    def close(self) -> None:
        """End the process: at once if it is idle, else by force."""
        self.process.kill()
        self.process.communicate()

    def _answer(self) -> dict:
        try:
            line = self.process.stdout.readline()
        except BaseException:  # Ctrl-C: leave nothing behind that computes
            self.close()
            raise
        if not line:
            self.close()
            status = self.process.returncode
            raise WorkerError(
                f"the {self.library} worker ended with status {status} on {self.work}"
            )
        return json.loads(line)


def main(library: str, work: str, tf32: str) -> None:
    """Answer requests until the input ends. What libraries print goes to stderr."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the one who asks
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    try:
        ready = LIBRARIES[library](WORKS[work], tf32=tf32 == "1")
    except UnavailableError as e:
        print(json.dumps({"unavailable": str(e)}), file=answers)
        return
    print(json.dumps({"ready": ready.describe()}), file=answers)
    for line in sys.stdin:
        seconds = ready.run(**json.loads(line))
        print(json.dumps({"seconds": seconds}), file=answers)


if __name__ == "__main__":
    main(*sys.argv[1:])

"""The laboratory in a process of its own, for tests that ask it as a browser does."""

import contextlib
import os
import re
import subprocess
import sys

COMMAND = [sys.executable, "-m", "tinygan", "lab", "--no-browser"]
ADDRESS = re.compile(r"the laboratory is at (http://127\.0\.0\.1:(\d+)/) ")


@contextlib.contextmanager
def served(*arguments):
    """(the process of `tinygan lab`, the address that it printed)."""
    process = subprocess.Popen(
        [*COMMAND, *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
    )
    with process:
        try:
            line = process.stdout.readline()
            found = ADDRESS.match(line)
            assert found, (line, process.poll())
            yield process, found[1]
        finally:
            process.kill()

"""Memory of this process: how much it holds, the most it held, its page faults."""

import contextlib
import resource
import sys
from pathlib import Path

PROC = Path("/proc")
CLEAR = PROC / "self/clear_refs"


def resident() -> int:
    """Bytes of memory that this process holds now; if unknown, the most it held."""
    return _bytes("self/status", "VmRSS") or _maxrss()


def peak() -> int:
    """The most bytes that this process and its children held. It counts from the last
    `forget_peak` on, if that works here. A page that a child shares counts in part.

    ru_maxrss is the same number with one flaw on Linux: a process begins with its
    parent's number. /proc has the process's own.
    """
    others = sum(_own_peak(pid) for pid in _children())
    return (_bytes("self/status", "VmHWM") or _maxrss()) + others


def _children() -> list[str]:
    with contextlib.suppress(OSError):
        lists = (PROC / "self/task").glob("*/children")
        return [pid for own in lists for pid in own.read_text().split()]
    return []


def _own_peak(pid: str) -> int:
    """The peak of a process, less the part of its memory that is now others' share."""
    most, now = (_bytes(f"{pid}/status", name) for name in ("VmHWM", "VmRSS"))
    return most - now + _bytes(f"{pid}/smaps_rollup", "Pss")


def forget_peak() -> None:
    """Restart `peak`, if the system can, so that it does not count the imports."""
    with contextlib.suppress(OSError):
        CLEAR.write_text("5")


def minor_faults() -> int:
    """Page faults of this process, all threads, that needed no disk."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt


def _bytes(file: str, name: str) -> int:
    with contextlib.suppress(OSError):
        for line in (PROC / file).read_text().splitlines():
            if line.startswith(name + ":"):
                return 1024 * int(line.split()[1])  # "VmHWM:  123 kB"
    return 0


def _maxrss() -> int:
    unit = 1 if sys.platform == "darwin" else 1024
    return unit * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

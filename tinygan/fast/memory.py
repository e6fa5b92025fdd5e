"""Memory and cores of a CPU: what a training step costs beside its arithmetic."""

import ctypes
import functools
import math
import os
import pathlib

M_TRIM_THRESHOLD, M_MMAP_MAX, M_ARENA_MAX = -1, -4, -8  # options of glibc's mallopt


def cores() -> int:
    """How many cores this process may use: the machine's, those that it is bound to, or
    as many as its container may keep busy.
    """
    if hasattr(os, "sched_getaffinity"):
        n = len(os.sched_getaffinity(0))
    else:
        n = os.cpu_count() or 1
    return max(1, int(min(n, quota())))


def quota(proc="/proc", sys="/sys/fs/cgroup") -> float:
    """How many cores the control groups of this process may keep busy, as with
    `docker run --cpus 2`; infinity without a limit. Linux has them, in two versions.
    """
    found = [math.inf]
    for line in _text(f"{proc}/self/cgroup").splitlines():
        _, controllers, path = (*line.split(":", 2), "", "")[:3]
        names = controllers.split(",")
        if controllers and "cpu" not in names:
            continue
        roots = [f"{sys}/{controllers}", f"{sys}/cpu"] if controllers else [sys]
        for root in roots:
            folder = pathlib.PurePosixPath(path.lstrip("/"))
            for inner in (folder, *folder.parents):  # a container may see only the root
                found.append(_limit(f"{root}/{inner}", bool(controllers)))
    return min(found)


def _limit(folder: str, first_version: bool) -> float:
    """The cores that a control group may keep busy: quota / period, in microseconds."""
    if first_version:
        names = "cpu.cfs_quota_us", "cpu.cfs_period_us"
        words = [_text(f"{folder}/{name}") for name in names]
    else:
        words = _text(f"{folder}/cpu.max").split()  # "200000 100000" or "max 100000"
    try:
        limit, period = map(int, words)
        return limit / period if limit > 0 and period > 0 else math.inf
    except ValueError:
        return math.inf


def _text(path: str) -> str:
    try:
        return pathlib.Path(path).read_text("utf-8")
    except (OSError, ValueError):
        return ""


@functools.cache
def keep_memory() -> None:
    """Let the C library keep the memory of freed arrays, for the next arrays.

    By default glibc gives the memory of a large array back to the system, and each new
    array then costs a page fault for every 4 KiB: a third of the time of a small
    training step. With the memory kept, a step reuses the memory of the step before.
    Without glibc this function does nothing.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError, TypeError):
        return  # no glibc
    settings = {M_MMAP_MAX: 0, M_TRIM_THRESHOLD: 2**31 - 1, M_ARENA_MAX: 1}
    for parameter, value in settings.items():
        mallopt(parameter, value)

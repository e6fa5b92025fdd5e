"""Memory and cores of a CPU: what a training step costs beside its arithmetic."""

import ctypes
import functools
import os

M_TRIM_THRESHOLD, M_MMAP_MAX, M_ARENA_MAX = -1, -4, -8  # options of glibc's mallopt


def cores() -> int:
    """How many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


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

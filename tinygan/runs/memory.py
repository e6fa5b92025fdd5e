"""How much memory is free, and whether something fits into it.

Linux grants more memory than there is, and ends a program that uses it. So what is
absurdly large is refused before the first array is made.
"""

import contextlib
import os
import pathlib

from ..errors import InputError

_GROUP = pathlib.Path("/sys/fs/cgroup")  # of a container: version 2, then version 1
_LIMITS = (
    ("memory.max", "memory.current"),
    ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes"),
)


def free_bytes() -> int | None:
    """The memory that this process may still take, in bytes; None if it is unknown.

    It is the least of what the machine, the container and the limit of the process
    (ulimit -v) leave.
    """
    found = [_of_the_machine(), _of_the_process()]
    for limit, used in _LIMITS:
        with contextlib.suppress(OSError, ValueError):  # "max": no limit
            found.append(_number(_GROUP / limit) - _number(_GROUP / used))
    known = [max(n, 0) for n in found if n is not None]
    return min(known, default=None)


def expect_room(size: int, what: str, hint: str) -> None:
    """Raise InputError if `size` bytes do not fit. `what` needs them."""
    free = free_bytes()
    if free is not None and size > free:
        raise InputError(
            f"{what}: expected to fit into the free memory of {free / 2**30:.1f} GiB, "
            f"found that it needs about {size / 2**30:,.1f} GiB; {hint}"
        )


def _of_the_machine() -> int | None:
    """Linux: what is free or can be freed, and swap. Elsewhere: all the memory."""
    with contextlib.suppress(OSError, ValueError, IndexError, KeyError):
        lines = pathlib.Path("/proc/meminfo").read_text("ascii").splitlines()
        table = {
            name: rest.split() for name, _, rest in (x.partition(":") for x in lines)
        }
        return 1024 * sum(int(table[name][0]) for name in ("MemAvailable", "SwapFree"))
    with contextlib.suppress(OSError, ValueError, AttributeError):
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return None


def _of_the_process() -> int | None:
    unknown = ImportError, AttributeError, OSError, ValueError, IndexError
    with contextlib.suppress(*unknown):  # Windows has no such limit
        import resource

        limit, _ = resource.getrlimit(resource.RLIMIT_AS)
        if limit != resource.RLIM_INFINITY:
            used = int(pathlib.Path("/proc/self/statm").read_text("ascii").split()[0])
            return limit - used * resource.getpagesize()
    return None


def _number(path: pathlib.Path) -> int:
    return int(path.read_text("ascii"))

"""One folder, one process: the lock that a process has on a run's folder.

The lock is a file in the folder, which names the process. The operating system keeps
the lock (flock on Unix, locking on Windows), so a process that is killed leaves no lock
behind, even if it leaves the file. On a file system without locks the file itself is
the lock. It is stale if the process that it names has ended.
"""

import contextlib
import errno
import json
import os
import pathlib
import secrets
import socket
import time
import weakref

from ..errors import InputError

NAME = ".tinygan.lock"
TAKEN = {errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES, errno.EDEADLK}
FAR = 1 << 30  # the byte that Windows locks; the text before it can still be read
YOUNG = 10.0  # seconds in which a process writes its name into its lock
_ours: set[int] = set()  # descriptors of the locks that this process has


class TakenError(InputError):
    """Another process has the lock."""


class Lock:
    """A lock on the folder `path`, until `release`, or until this process ends.

    Raises TakenError, naming the process that has it, and OSError if the lock cannot
    be written.
    """

    def __init__(self, path):
        self.file = pathlib.Path(path) / NAME
        fd = _take(self.file)
        about = {"pid": os.getpid(), "host": socket.gethostname(), "since": _now()}
        with contextlib.suppress(OSError):  # on a full disk it holds without a text
            os.ftruncate(fd, 0)
            os.write(fd, json.dumps(about).encode())
        _ours.add(fd)
        self.release = weakref.finalize(self, _release, self.file, fd, os.getpid())


def owner(file) -> tuple[int, str, str] | None:
    """(pid, host, time) of the process that has the lock, as its file says."""
    try:
        about = json.loads(pathlib.Path(file).read_bytes()[:4096])
        return int(about["pid"]), str(about["host"])[:80], str(about["since"])[:40]
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return None


def _now() -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S")


def _take(file: pathlib.Path) -> int:
    """The descriptor of the locked file."""
    for _ in range(1000):
        fd, made = _open(file)
        try:
            by_system = _locked_by_system(fd)
            if not by_system and not made and not _set_aside_if_stale(file):
                raise _taken(file, f", or delete {file} if no such process runs")
            if (by_system or made) and _is_at(file, fd):
                return fd
        except BaseException as e:
            os.close(fd)
            if isinstance(e, OSError) and e.errno in TAKEN:
                raise _taken(file) from e
            raise
        os.close(fd)  # the last owner deleted this file just now
    raise _taken(file)


def _taken(file: pathlib.Path, hint: str = "") -> TakenError:
    found = owner(file)
    who = "another process"
    if found is not None:
        who = "process {} on {}, since {}".format(*found)
    return TakenError(
        f"{file.parent}: holds a run already, which is being trained by {who}; wait "
        f"until that process ends{hint}"
    )


def _open(file: pathlib.Path) -> tuple[int, bool]:
    """(its descriptor, True if it is new)."""
    flags = os.O_RDWR | getattr(os, "O_NOFOLLOW", 0)
    while True:
        with contextlib.suppress(FileExistsError):
            return os.open(file, flags | os.O_CREAT | os.O_EXCL, 0o666), True
        with contextlib.suppress(FileNotFoundError):
            return os.open(file, flags), False


def _locked_by_system(fd: int) -> bool:
    """Let the system lock an open file. False if there are no locks here.

    Raises OSError if another process has the lock.
    """
    try:
        if os.name == "nt":
            import msvcrt

            os.lseek(fd, FAR, os.SEEK_SET)
            msvcrt.locking(fd, msvcrt.LK_NBLCK, 1)  # type: ignore
            os.lseek(fd, 0, os.SEEK_SET)
        else:
            import fcntl

            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except ImportError:
        return False
    except OSError as e:
        if e.errno in TAKEN:
            raise
        return False  # ENOLCK, ENOTSUP, ENOSYS ...
    return True


def _is_at(file: pathlib.Path, fd: int) -> bool:
    """True if the open file is still the one in the folder."""
    try:
        return os.path.samestat(os.stat(file), os.fstat(fd))
    except FileNotFoundError:
        return False


def _set_aside_if_stale(file: pathlib.Path) -> bool:
    """Delete a lock whose process has ended; True if that was done.

    Only the one process that renames it deletes it.
    """
    try:
        before = file.read_bytes()
        if not _stale(file):
            return False
        aside = file.with_name(f"{file.name}.{secrets.token_hex(4)}")
        os.rename(file, aside)
        if aside.read_bytes() != before:  # another process was quicker
            os.rename(aside, file)
            return False
        aside.unlink()
    except FileNotFoundError:
        pass
    return True


def _stale(file: pathlib.Path) -> bool:
    found = owner(file)
    if found is None:
        return time.time() - file.stat().st_mtime > YOUNG
    pid, host, _ = found
    if host != socket.gethostname()[:80] or os.name == "nt":
        return False  # nobody can tell: on Windows os.kill(pid, 0) sends Ctrl-C
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except (OSError, OverflowError):
        return False
    return False


def _release(file: pathlib.Path, fd: int, pid: int) -> None:
    if os.getpid() != pid:
        return  # a copy of this object in a forked process
    with contextlib.suppress(OSError):
        if os.name != "nt" and _is_at(file, fd):
            file.unlink()
    _ours.discard(fd)
    with contextlib.suppress(OSError):
        os.close(fd)
    with contextlib.suppress(OSError):
        if os.name == "nt":  # an open file cannot be deleted there
            file.unlink()


def _forget_ours() -> None:
    """A forked process closes the files of its parent's locks: if the parent is killed,
    nobody has the lock.
    """
    for fd in _ours:
        with contextlib.suppress(OSError):
            os.close(fd)
    _ours.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_ours)

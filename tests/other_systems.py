"""What Windows and macOS lack, taken out of this Python, for a program that then runs.

`windows()` and `macos()` come before tinygan is imported, and after what is not
tinygan's own. They cannot be undone, so each test has a process of its own.
"""

import builtins
import contextlib
import ctypes
import errno
import io
import multiprocessing
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import types

import matplotlib.backends.backend_agg
import matplotlib.figure
import numpy
import PIL.ImageOps
import threadpoolctl
import tqdm

NOT_OURS = (matplotlib, multiprocessing, numpy, PIL, shutil, socket, subprocess)
NOT_OURS += (tempfile, threadpoolctl, tqdm)
LINUX = {os: ("sched_getaffinity", "posix_fadvise", "memfd_create")}
POSIX = {
    os: (
        *("fork", "register_at_fork", "sched_yield", "WNOHANG", "WIFSIGNALED"),
        *("WTERMSIG", "killpg", "getuid", "geteuid", "sysconf", "statvfs", "mkfifo"),
        *("O_NOFOLLOW", "O_NONBLOCK", "O_CLOEXEC", "O_DIRECTORY", "uname", "fchmod"),
    ),
    signal: (
        *("SIGHUP", "SIGKILL", "SIGCONT", "SIGSTOP", "SIGPIPE", "SIGALRM", "SIGQUIT"),
        *("SIGUSR1", "pthread_sigmask", "setitimer"),
    ),
}
NO_MODULES = ("fcntl", "resource", "termios", "pwd", "grp")


def macos() -> None:
    """No control groups, no /proc, no mallopt, and no fork beside Apple's libraries."""
    _take_out(LINUX)
    _hide("/proc", "/sys", "/dev/shm")
    sys.platform = "darwin"
    real = ctypes.CDLL

    def library(name, *rest, **options):
        found = real(name, *rest, **options)
        return found if name else types.SimpleNamespace()

    ctypes.CDLL = library


def windows(locks: bool = True) -> None:
    """No fork, few signals, no fcntl. An open file is neither replaced nor deleted, and
    two drives have no path in common. Without `locks` the drive has none.
    """
    import fcntl

    sys.modules["msvcrt"] = _msvcrt(fcntl.flock if locks else None)
    _take_out(LINUX | {os: LINUX[os] + POSIX[os], signal: POSIX[signal]})
    for name in NO_MODULES:
        sys.modules[name] = None  # its import fails
    _hide("/proc", "/sys", "/dev/shm")
    for name in ("replace", "rename", "unlink", "remove"):
        setattr(os, name, _unless_open(getattr(os, name)))
    os.kill = os.path.commonpath = os.path.relpath = _refused
    ctypes.CDLL, subprocess.run = _no_library, _no_program
    sys.platform, os.name = "win32", "nt"
    # pathlib takes WindowsPath now, but the disk is as it was
    sys.modules[pathlib.Path.__module__].WindowsPath = pathlib.PosixPath


def _take_out(names: dict) -> None:
    for module, attributes in names.items():
        for name in attributes:
            if hasattr(module, name):
                delattr(module, name)


def _hide(*folders: str) -> None:
    """Files in these folders cannot be opened. threadpoolctl looks for libraries there,
    so the BLAS is one that it does not know.
    """
    threadpoolctl.threadpool_limits = lambda *_, **__: contextlib.nullcontext()
    real = io.open

    def opened(file, *rest, **options):
        if str(file).startswith(folders):
            raise FileNotFoundError(errno.ENOENT, "No such file", str(file))
        return real(file, *rest, **options)

    io.open = builtins.open = opened


def _unless_open(function):
    """The function of a path, which refuses if this process has the file open."""
    listed, link = os.listdir, os.readlink

    def refusing(path, *rest, **options):
        whole = {os.path.realpath(os.fspath(p)) for p in (path, *rest)}
        for fd in listed("/proc/self/fd"):
            try:
                target = link(f"/proc/self/fd/{fd}")
            except OSError:
                continue
            if target in whole:
                why = "The file is used by another process"
                raise PermissionError(errno.EACCES, why, target)
        return function(path, *rest, **options)

    return refusing


def _refused(*_, **__):
    """os.kill(pid, 0) sends Ctrl-C on Windows; ntpath finds no path between drives."""
    raise ValueError("not on Windows")


def _no_library(name, *rest, **options):
    raise TypeError("CDLL expects a name")


def _no_program(command, **options):
    """Python's subprocess needs the names that were taken out. So there is no git."""
    raise FileNotFoundError(errno.ENOENT, "No such file", command[0])


def _msvcrt(flock) -> types.ModuleType:
    module = types.ModuleType("msvcrt")
    module.LK_NBLCK = 2

    def locking(fd, mode, n):
        if flock is None:
            raise OSError(errno.EINVAL, "Invalid argument")
        try:
            flock(fd, 2 | 4)  # LOCK_EX | LOCK_NB
        except BlockingIOError:
            raise PermissionError(errno.EACCES, "Permission denied") from None

    module.locking = locking
    return module

"""The terminal, or what is in its place: a pipe, a file, or nothing.

A program may be started without stdout or stderr (pythonw, a service, `2>&-`). The
reader of a pipe may end first. A code page may lack a letter. In all these cases the
work is done, and no output ends it.
"""

import contextlib
import errno
import os
import sys
import warnings

from ..errors import one_line, printable

CLOSED = 141  # the status of a program that a closed pipe ends, 128 + SIGPIPE
_lost: list[Exception] = []  # why output could not be written


def say(line: str = "", file=None) -> None:
    """Print a line to stdout, or to `file`, without control characters.

    If it cannot be written, `final` tells it later.
    """
    file = file or sys.stdout
    try:
        print(printable(line), file=file, flush=True)
    except (OSError, ValueError) as e:  # ValueError: the stream is closed
        _lost.append(e)
        _mute(file)


def complain(sentence: str) -> None:
    """Print one sentence to stderr."""
    say(f"tinygan: {one_line(sentence)}", sys.stderr)


@contextlib.contextmanager
def any_terminal():
    """Within this context there are a stdout and a stderr, and they take every letter.

    A letter that their encoding lacks is written as its escape. A warning is one line.
    """
    _lost.clear()
    old = sys.stdout, sys.stderr
    if None in old:
        _fill_descriptors()
    with contextlib.ExitStack() as stack:
        stack.enter_context(warnings.catch_warnings())
        warnings.showwarning = _show_warning
        for name, stream in zip(("stdout", "stderr"), old, strict=True):
            if stream is None:
                nothing = stack.enter_context(open(os.devnull, "w", encoding="utf-8"))
                setattr(sys, name, nothing)
            elif hasattr(stream, "reconfigure"):
                errors = stream.errors
                stream.reconfigure(errors="backslashreplace")
                stack.callback(_restore, stream, errors)
        try:
            yield
        finally:
            _flush()
            sys.stdout, sys.stderr = old


def final(status: int) -> int:
    """The exit status: `status`, unless it is 0 and output could not be written."""
    _flush()
    if status or not _lost:
        return status
    error = _lost[0]
    if _no_reader(error):  # it has seen enough
        return CLOSED
    complain(f"the output cannot be written ({getattr(error, 'strerror', 0) or error})")
    return 1


def _no_reader(error: Exception) -> bool:
    """True if the other end of the pipe is closed, which Windows calls EINVAL."""
    on_windows = os.name == "nt" and getattr(error, "errno", 0) == errno.EINVAL
    return on_windows or isinstance(error, BrokenPipeError)


def _show_warning(message, category, filename, lineno, file=None, line=None) -> None:
    """A warning may quote a file, as a sentence may."""
    complain(f"{category.__name__}: {message}")


def _restore(stream, errors: str | None) -> None:
    with contextlib.suppress(OSError, ValueError):
        stream.reconfigure(errors=errors)


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError) as e:
            _lost.append(e)
            _mute(stream)


def _mute(stream) -> None:
    """Let the stream write into nothing, so that Python's own end is quiet as well."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, stream.fileno())
        os.close(nothing)


def _fill_descriptors() -> None:
    """Open nothing as descriptors 0 to 2 if they are closed. Otherwise the next file
    would get such a number, and an error message would go into it.
    """
    opened = os.open(os.devnull, os.O_RDWR)
    while opened <= 2:
        opened = os.open(os.devnull, os.O_RDWR)
    os.close(opened)

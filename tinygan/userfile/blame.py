"""Errors that a user's file raised, with the file and the line."""

import pathlib
import traceback
from types import ModuleType

import numpy as np

from ..errors import InputError

NAME = "tinygan_userfile_"  # and the name of the file: how its module is called
# Where code lies that is not the user's: tinygan, Python, and the installed packages.
_HOMES = (__file__, 1), (traceback.__file__, 0), (np.__file__, 1)
_LIBRARIES = ("<", *(str(pathlib.Path(f).resolve().parents[n]) for f, n in _HOMES))


def failure(path, error: Exception) -> InputError:
    """The InputError for an error that the file at `path` raised: its line, and why."""
    if isinstance(error, SyntaxError):
        where = f"{path}, line {error.lineno}"
    else:
        where = users_line(error) or str(path)
    notes = "".join(f" ({note})" for note in getattr(error, "__notes__", ()))
    why = f"{type(error).__name__}: {error}{notes}"
    return InputError(f"{where}: {why}; TINYGAN_TRACEBACK=1 shows the traceback")


def placed(path, error: InputError) -> InputError:
    """The error with the user's line that led to it, if there is such a line."""
    where = users_line(error)
    if not where or str(error).startswith((where, f"{path}:", f"{path}, ")):
        return error
    return type(error)(f"{where}: {error}")


def is_users(module: ModuleType) -> bool:
    """Whether `load_module` made this module from a user's file."""
    return module.__name__.startswith(NAME)


def is_library(file: str) -> bool:
    """Whether a file of code is tinygan's, Python's or a library's, not the user's."""
    return file.startswith(_LIBRARIES)


def users_line(error: Exception) -> str:
    """The last line of the traceback that is neither tinygan's nor a library's, as
    "mine.py, line 3"; "" if there is none.
    """
    frames = traceback.extract_tb(error.__traceback__)
    ours = [f for f in frames if not is_library(f.filename)]
    return f"{ours[-1].filename}, line {ours[-1].lineno}" if ours else ""

"""Python files that users write: their own recipe, or a layer for `tinygan check`."""

import importlib.machinery
import importlib.util
import pathlib
import sys
import traceback
from types import ModuleType

import numpy as np

from .errors import InputError

# Where code lies that is not the user's: tinygan, Python, and the installed packages.
_HOMES = (__file__, 0), (traceback.__file__, 0), (np.__file__, 1)
_LIBRARIES = ("<", *(str(pathlib.Path(f).resolve().parents[n]) for f, n in _HOMES))


class _AsItStands(importlib.machinery.SourceFileLoader):
    """A loader that compiles the file each time. Python's cache tells an edit by its
    second and its length, and two edits within a second may have the same length.
    """

    def get_code(self, fullname):
        path = self.get_filename(fullname)
        return self.source_to_code(self.get_data(path), path)


def load_module(path) -> ModuleType:
    """Run the Python file at `path` and return its module.

    Raises InputError if there is no such file or it fails: one sentence with the file
    and the line.
    """
    path = pathlib.Path(path)
    try:
        found = path.is_file()
    except OSError as e:
        raise InputError(f"{path}: expected a Python file ({e.strerror})") from e
    if not found:
        raise InputError(f"{path}: expected a Python file, found none")
    if path.suffix != ".py":
        raise InputError(f"{path}: expected a Python file whose name ends in .py")
    name = f"tinygan_userfile_{path.stem}"
    loader = _AsItStands(name, str(path))
    spec = importlib.util.spec_from_file_location(name, path, loader=loader)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    folder = str(path.resolve().parent)
    if folder not in sys.path:
        sys.path.insert(0, folder)  # as for a script: it may import its neighbours
    try:
        spec.loader.exec_module(module)
    except InputError as e:
        raise placed(path, e) from e
    except Exception as e:
        raise failure(path, e) from e
    return module


def failure(path, error: Exception) -> InputError:
    """The InputError for an error that the file at `path` raised: its line, and why."""
    if isinstance(error, SyntaxError):
        where = f"{path}, line {error.lineno}"
    else:
        where = _place(error) or str(path)
    notes = "".join(f" ({note})" for note in getattr(error, "__notes__", ()))
    why = f"{type(error).__name__}: {error}{notes}"
    return InputError(f"{where}: {why}; TINYGAN_TRACEBACK=1 shows the traceback")


def placed(path, error: InputError) -> InputError:
    """The error with the user's line that led to it, if there is such a line."""
    where = _place(error)
    if not where or str(error).startswith((where, f"{path}:", f"{path}, ")):
        return error
    return type(error)(f"{where}: {error}")


def is_users(module: ModuleType) -> bool:
    """Whether `load_module` made this module from a user's file."""
    return module.__name__.startswith("tinygan_userfile_")


def _place(error: Exception) -> str:
    """The last line of the traceback that is neither tinygan's nor a library's."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [f for f in frames if not f.filename.startswith(_LIBRARIES)]
    return f"{ours[-1].filename}, line {ours[-1].lineno}" if ours else ""

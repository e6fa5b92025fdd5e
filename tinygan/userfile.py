"""Python files that users write: their own recipe, or a layer for `tinygan check`."""

import importlib.machinery
import importlib.util
import pathlib
import sys
import traceback
from types import ModuleType

from .errors import InputError


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
    except InputError:
        raise
    except Exception as e:
        raise failure(path, e) from e
    return module


def failure(path, error: Exception) -> InputError:
    """The InputError for an error that the file at `path` raised: its line, and why."""
    path = pathlib.Path(path)

    def same(name):
        return pathlib.Path(name).resolve() == path.resolve()

    if isinstance(error, SyntaxError):
        lines = [error.lineno]
    else:
        frames = traceback.extract_tb(error.__traceback__)
        lines = [f.lineno for f in frames if same(f.filename)]
    where = f", line {lines[-1]}" if lines else ""
    return InputError(f"{path}{where}: {type(error).__name__}: {error}")

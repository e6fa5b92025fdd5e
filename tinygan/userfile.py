"""Python files that users write: a recipe of their own, or a layer to be checked."""

import importlib.util
import pathlib
import sys
import traceback
from types import ModuleType

from .errors import InputError


def load_module(path) -> ModuleType:
    """Run the Python file at `path` and return its module.

    Raises InputError with one sentence, naming file and line, if it is not there or
    fails.
    """
    path = pathlib.Path(path)
    try:
        found = path.is_file()
    except OSError as e:
        raise InputError(f"{path}: expected a Python file ({e.strerror})") from e
    if not found:
        raise InputError(f"{path}: expected a Python file, found none")
    name = f"tinygan_userfile_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise InputError(f"{path}: expected a Python file whose name ends in .py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    folder = str(path.resolve().parent)
    if folder not in sys.path:
        sys.path.insert(0, folder)  # as for a script: it may import its neighbours
    try:
        # what stands there now: a cache tells an edit by its second and its length
        source = spec.loader.get_data(str(path))
        exec(spec.loader.source_to_code(source, str(path)), vars(module))
    except InputError:
        raise
    except Exception as e:
        raise failure(path, e) from e
    return module


def failure(path, error: Exception) -> InputError:
    """The sentence for an error that the file at `path` raised: its line, and why."""
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

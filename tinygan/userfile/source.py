"""The text of a user's file, and how it is run.

A `Source` holds the text of such a file, and of the files beside it that it imports.
The bytes that are read are the bytes that are hashed, kept and run.
"""

import ast
import hashlib
import importlib.abc
import importlib.machinery
import importlib.util
import os
import pathlib
import sys
from types import ModuleType

from ..errors import InputError
from ..files import read_plain
from .blame import NAME, failure, placed

MOST = 1 << 24  # bytes of one file
MOST_FILES = 200


class Source:
    """A Python file at `path` as bytes, `main`, and its neighbours, `files`.

    `files` maps a name such as "common.py" or "pkg/part.py" to bytes. An `alive` source
    adds to it what the file imports from its `folder` while it runs, as a script may.
    Otherwise the file can import its neighbours from `files` alone, and nothing else
    that lies in the folder.
    """

    def __init__(self, path, main: bytes, files=None, folder=None, alive=False):
        self.path, self.main = pathlib.Path(path), main
        self.files: dict[str, bytes] = dict(files or {})
        self.folder = self.path.resolve().parent if folder is None else folder
        self.alive = alive
        # Where Python's own finder looks for parts of a package. If the source is not
        # alive, this is a folder that cannot exist: it lies below a file.
        self.root = str(self.folder if alive else self.path.resolve())

    @property
    def sha256(self) -> str:
        """The SHA-256 of the file. With neighbours, that of the lines `hash  name` that
        `sha256sum recipe.py recipe/*.py` prints, sorted by name.
        """
        if not self.files:
            return hashlib.sha256(self.main).hexdigest()
        lines = (f"{sha}  {name}\n" for name, sha in sorted(self.hashes().items()))
        return hashlib.sha256("".join(lines).encode()).hexdigest()

    def copies(self) -> dict[str, bytes]:
        """The files by the names that they have in a run's folder: recipe.py and, for
        the neighbours, recipe/NAME.
        """
        return {"recipe.py": self.main} | {
            f"recipe/{name}": data for name, data in sorted(self.files.items())
        }

    def hashes(self) -> dict[str, str]:
        """The SHA-256 of every file, by the same names as `copies`."""
        return {
            name: hashlib.sha256(data).hexdigest()
            for name, data in self.copies().items()
        }

    def gather(self, package: str = "") -> "Source":
        """Add the neighbours that the text imports, and those that they import.

        Nothing is run. `package` is the name under which neighbours are imported as
        well. Raises SyntaxError or ValueError for a text that is not Python.
        """
        todo = [("", self.main), *self.files.items()]
        while todo:
            name, data = todo.pop()
            for other in _imports(data, name, package):
                if not self._may_have(other.partition("/")[0]):
                    continue
                for candidate in (f"{other}.py", f"{other}/__init__.py"):
                    new = candidate not in self.files
                    if new and (found := self._beside(candidate)) is not None:
                        self.files[candidate] = found
                        todo.append((candidate, found))
        return self

    def _may_have(self, name: str) -> bool:
        """False if the module `name` came from elsewhere, as NumPy did."""
        known = sys.modules.get(name)
        if known is None or isinstance(_loader(known), _Bytes):
            return name != "tinygan"
        return not getattr(known, "__file__", None) and hasattr(known, "__path__")

    def _beside(self, name: str) -> bytes | None:
        """The bytes of a neighbour in the folder; None if there is none."""
        path = self.folder / name
        if len(self.files) >= MOST_FILES or not path.is_file():
            return None
        try:
            return read_plain(path, MOST) if _is_called(self.folder, name) else None
        except OSError:
            return None

    def load(self) -> ModuleType:
        """Run the file and return its module.

        Raises InputError if it fails: one sentence with the file and the line.
        """
        name = f"{NAME}{self.path.stem}"
        spec = self._spec(name, self.path, self.main, None)
        module = importlib.util.module_from_spec(spec)
        _BESIDE.begin(self)
        sys.modules[name] = module
        if self.alive and str(self.folder) not in sys.path:
            sys.path.insert(0, str(self.folder))  # for what is no .py file
        try:
            spec.loader.exec_module(module)
        except InputError as e:
            raise placed(self.path, e) from e
        except Exception as e:
            raise failure(self.path, e) from e
        return module

    def find(self, fullname: str, path):
        """The spec of a neighbour, None if there is none of this name. `path` is that
        of the package which the neighbour is part of, or None.
        """
        if not self._may_have(fullname.partition(".")[0]):
            return None
        parts = [os.path.relpath(p, self.root) for p in path or [] if self._within(p)]
        if path is not None and not parts:
            return None
        package = "" if path is None else parts[0].replace(os.sep, "/") + "/"
        name = package + fullname.rpartition(".")[2]
        inside = [os.path.join(self.root, *name.split("/"))]
        for file, where in ((f"{name}/__init__.py", inside), (f"{name}.py", None)):
            if file not in self.files and self.alive:
                found = self._beside(file)
                if found is not None:
                    self.files[file] = found
            if file in self.files:
                place = self.folder / file
                return self._spec(fullname, place, self.files[file], where)
        if not self.alive and any(f.startswith(f"{name}/") for f in self.files):
            spec = importlib.machinery.ModuleSpec(fullname, None, is_package=True)
            spec.submodule_search_locations = inside
            return spec
        return None

    def _within(self, place: str) -> bool:
        return pathlib.Path(place).is_relative_to(self.root)

    def _spec(self, fullname, place, data: bytes, where):
        loader = _Bytes(fullname, place, data, self)
        return importlib.util.spec_from_file_location(
            fullname, place, loader=loader, submodule_search_locations=where
        )


class _Bytes(importlib.abc.SourceLoader):
    """A loader of a text that was read before. It compiles the text each time. Python's
    cache tells an edit by its second and its length, and two edits may share both.
    """

    def __init__(self, fullname, path, data: bytes, source: Source):
        self.fullname, self.path, self.data = fullname, str(path), data
        self.source = source

    def get_filename(self, fullname):
        return self.path

    def get_data(self, path):
        return self.data

    def get_code(self, fullname):
        return self.source_to_code(self.data, self.path)


class _Beside(importlib.abc.MetaPathFinder):
    """A finder of the neighbours of the files that were loaded, the last one first."""

    def __init__(self):
        self.sources: list[Source] = []

    def begin(self, source: Source) -> None:
        """Look in `source` first, and forget the neighbours of earlier files."""
        for name, module in list(sys.modules.items()):
            if isinstance(_loader(module), _Bytes) and not name.startswith(NAME):
                del sys.modules[name]
        others = [s for s in self.sources if not s.alive and s.root != source.root]
        self.sources = [source, *others]
        if self not in sys.meta_path:
            plain = importlib.machinery.PathFinder
            known = plain in sys.meta_path
            sys.meta_path.insert(sys.meta_path.index(plain) if known else 0, self)

    def find_spec(self, fullname, path=None, target=None):
        """The spec of a neighbour, or None."""
        found = (source.find(fullname, path) for source in self.sources)
        return next((spec for spec in found if spec is not None), None)


_BESIDE = _Beside()


def _is_called(folder, name: str) -> bool:
    """True if the file has this very name. macOS and Windows open Common.py as
    common.py as well, but Python imports it as Common alone.
    """
    *folders, last = name.split("/")
    for part in folders:
        if part not in os.listdir(folder):
            return False
        folder = os.path.join(folder, part)
    return last in os.listdir(folder)


def _imports(text: bytes, name: str, package: str) -> set[str]:
    """What a text may import from its folder, as "common" or "pkg/part". `name` is the
    name of its file there.
    """
    found = set()
    here = name.split("/")[:-1]
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            up = here[: len(here) - node.level + 1] if node.level else []
            base = ".".join([*up, *filter(None, [node.module])])
            names = [base, *(f"{base}.{alias.name}" for alias in node.names)]
        else:
            continue
        for dotted in names:
            if package and dotted.startswith(f"{package}."):
                dotted = dotted.removeprefix(f"{package}.")
            parts = [p for p in dotted.split(".") if p and p != "*"]
            found |= {"/".join(parts[:n]) for n in range(1, len(parts) + 1)}
    return found


def read_source(path) -> Source:
    """The Python file at `path` alone. Raises InputError if there is no such file."""
    path = pathlib.Path(path)
    try:
        found = path.is_file()
    except (OSError, ValueError) as e:
        why = getattr(e, "strerror", None) or e
        raise InputError(f"{path}: expected a Python file ({why})") from e
    if not found:
        raise InputError(f"{path}: expected a Python file, found none")
    if path.suffix != ".py":
        raise InputError(f"{path}: expected a Python file whose name ends in .py")
    try:
        return Source(path, read_plain(path, MOST))
    except OSError as e:
        raise InputError(f"{path}: expected a Python file ({e.strerror})") from e


def load_module(path) -> ModuleType:
    """Run the Python file at `path` and return its module. It may import the files
    beside it.

    Raises InputError if there is no such file or it fails: one sentence with the file
    and the line.
    """
    source = read_source(path)
    return Source(source.path, source.main, alive=True).load()


def source_of(module: ModuleType) -> Source | None:
    """The source that a module was loaded from; None if it came in another way."""
    loader = _loader(module)
    return loader.source if isinstance(loader, _Bytes) else None


def _loader(module: ModuleType):
    return getattr(getattr(module, "__spec__", None), "loader", None)

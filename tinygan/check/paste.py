"""Make a line of Python self-contained: the imports that it needs come before it."""

import ast
import builtins
import importlib
import pathlib
import pkgutil
import sys
from types import ModuleType

HERE = "tinygan.check"
HOMES = (HERE, "tinygan", "tinygan.values")  # where names are looked for first


def self_contained(line: str, module: ModuleType | None = None, path=None) -> str:
    """The line with imports before it, so that one can paste it into Python.

    Names that are not tinygan's are those of a user's `module`, whose file is at
    `path`. A line that is no Python stays as it is.
    """
    try:
        nodes = list(ast.walk(ast.parse(line)))
    except SyntaxError:
        return line
    names = [n.id for n in nodes if isinstance(n, ast.Name)]
    bound = {n.id for n in nodes if isinstance(n, ast.Name) and _is_set(n)}
    wanted = [n for n in dict.fromkeys(names) if n not in bound and _unknown(n)]
    files = pkgutil.walk_packages([str(pathlib.Path(__file__).parent)], f"{HERE}.")
    optional = f"{HERE}.strategies"  # needs Hypothesis
    homes = [*HOMES, *(file.name for file in files if file.name != optional)]
    found: dict[str, list[str]] = {}
    modules = []
    for name in sorted(wanted):
        value = vars(module).get(name) if module is not None else None
        home = next((h for h in homes if _has(h, name, value)), None)
        if isinstance(value, ModuleType):
            modules.append(f"import {value.__name__} as {name}")
        elif home:
            found.setdefault(home, []).append(name)
        elif value is not None:
            found.setdefault("", []).append(name)
    own = _of_file(path, found.pop("", []))
    imports = [f"from {home} import {', '.join(of)}" for home, of in found.items()]
    return "; ".join([*modules, *imports, *own, line])


def _is_set(node: ast.Name) -> bool:
    return not isinstance(node.ctx, ast.Load)


def _unknown(name: str) -> bool:
    return not hasattr(builtins, name)


def _has(home: str, name: str, value) -> bool:
    """Whether the module `home` has the name, for the same thing as the user's file. A
    file of this room has only what it defines.
    """
    there = getattr(importlib.import_module(home), name, None)
    own = home in HOMES or getattr(there, "__module__", None) == home
    return there is not None and own and (value is None or value is there)


def _of_file(path, names: list[str]) -> list[str]:
    """The statements that bring names of a user's file."""
    if not names:
        return []
    path = pathlib.Path(path)
    stem, taken = path.stem, {*sys.stdlib_module_names, "tinygan"}
    if path.parent == pathlib.Path() and stem.isidentifier() and stem not in taken:
        return [f"from {stem} import {', '.join(names)}"]
    values = ", ".join(f"mine.{name}" for name in names)
    load = f"mine = load_module({str(path)!r})"
    return [
        "from tinygan.userfile import load_module",
        load,
        f"{', '.join(names)} = {values}",
    ]

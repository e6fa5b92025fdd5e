"""The listings of a page: what a `literalinclude` shows, and which equation it follows.

Listings that stand below each other, with nothing in between, are one group. A group
belongs to the last equation that is displayed above it in the same section. Sphinx
itself reads the code, so what is tested is what is built.
"""

import ast
import pathlib
import re
import textwrap
from dataclasses import dataclass
from types import SimpleNamespace

from ledger import ROOT
from sphinx.directives.code import LiteralIncludeReader

_PART = re.compile(
    r"^```\{literalinclude\} (?P<path>.*?)\n(?P<options>.*?)^```\n"
    r"|^(?P<fence>`{3,})[^\n]*\n.*?^(?P=fence)`*\n"
    r"|^\$\$\n.*?^\$\$ \((?P<label>.*?)\) *\n"
    r"|^(?P<heading>#+ [^\n]*)\n"
    r"|^(?P<text>[^\n]*\S[^\n]*)\n",
    re.DOTALL | re.MULTILINE,
)


@dataclass(frozen=True)
class Listing:
    """One literalinclude."""

    where: str  # page:line
    path: str  # of the code, from the root of the repository
    options: dict[str, str]
    lines: range  # of the code, from 1
    text: str
    label: str | None  # of the equation that its group follows
    group: int

    def statements(self) -> list[ast.stmt]:
        """What the listing does: its statements without docstrings, and without
        methods that only raise. SyntaxError where it is cut in the middle of one.
        """
        code = textwrap.dedent(self.text)
        try:
            body = ast.parse(code).body
        except SyntaxError:  # a `return` needs a function around it
            body = ast.parse("def part():\n" + textwrap.indent(code, "    ")).body
        return [node for node in body if _does_something(node)]


def _does_something(node) -> bool:
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return any(map(_does_something, node.body))
    says = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    return not says and not isinstance(node, ast.Raise | ast.Pass)


def listings(page: pathlib.Path) -> list[Listing]:
    """The listings of a page. ValueError where an option matches no line."""
    text, found, label, group, open_ = page.read_text("utf-8"), [], None, 0, False
    for part in _PART.finditer(text):
        if part["path"] is None:
            open_ = False
            if part["heading"]:
                label = None
            label = part["label"] or label
            continue
        group += not open_
        open_ = True
        options = dict(re.findall(r"^:([\w-]+): *(.*)$", part["options"], re.M))
        path = (page.parent / part["path"]).resolve()
        lines, code = _read(path, options)
        number = 1 + text.count("\n", 0, part.start())
        name = path.relative_to(ROOT).as_posix()
        where = f"{page.name}:{number}"
        found.append(Listing(where, name, options, lines, code, label, group))
    return found


def _read(path: pathlib.Path, options: dict) -> tuple[range, str]:
    given = {k: v or None for k, v in options.items()} | {"lineno-match": None}
    config = SimpleNamespace(source_encoding="utf-8-sig")
    reader = LiteralIncludeReader(str(path), given, config)
    code, count = reader.read()
    return range(reader.lineno_start, reader.lineno_start + count), code

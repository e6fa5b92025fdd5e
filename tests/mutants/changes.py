"""Every small change that can be made to the source text of a file.

A change is made to the text, not to the tree, so every other line keeps its number.
Left out is what only words depend on: docstrings, annotations, errors that are raised,
f-strings and `__repr__`.
"""

import ast
import copy
import dataclasses
import functools
from collections.abc import Iterator

COMPARED: dict[type, list[type]] = {
    ast.Lt: [ast.LtE, ast.Gt],
    ast.LtE: [ast.Lt, ast.GtE],
    ast.Gt: [ast.GtE, ast.Lt],
    ast.GtE: [ast.Gt, ast.LtE],
    ast.Eq: [ast.NotEq],
    ast.NotEq: [ast.Eq],
    ast.Is: [ast.IsNot],
    ast.IsNot: [ast.Is],
    ast.In: [ast.NotIn],
    ast.NotIn: [ast.In],
}
COMPUTED: dict[type, type] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Add,
    ast.Pow: ast.Mult,
    ast.LShift: ast.RShift,
    ast.RShift: ast.LShift,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
}
PAIRS = (("min", "max"), ("minimum", "maximum"), ("argmin", "argmax"), ("any", "all"))
CALLED = dict(PAIRS) | {b: a for a, b in PAIRS}
WORDS = (ast.Raise, ast.JoinedStr, ast.Assert, ast.Import, ast.ImportFrom)


@dataclasses.dataclass(frozen=True)
class Change:
    """One small change of a file: bytes start to stop become `new`."""

    file: str  # from the root of the project
    line: int
    was: str  # the line without the change, and with it
    becomes: str
    new: str = dataclasses.field(repr=False)
    start: int = dataclasses.field(repr=False)
    stop: int = dataclasses.field(repr=False)

    def applied(self, source: str) -> str:
        """The source text with the change. The lines after it keep their numbers."""
        text = source.encode()
        new, lines = self.new.encode(), text[self.start : self.stop].count(b"\n")
        if new.endswith(b")"):
            new = new[:-1] + b"\n" * lines + b")"
        return (text[: self.start] + new + text[self.stop :]).decode()

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.was} -> {self.becomes}"


@functools.cache
def changes_of(file: str, source: str) -> tuple[Change, ...]:
    """The changes of a file, in the order of its lines."""
    starts = [0]
    for line in source.encode().splitlines(keepends=True):
        starts.append(starts[-1] + len(line))

    def at(line, column) -> int:
        return starts[line - 1] + column

    found = []
    for node, new in _walk(ast.parse(source)):
        start = at(node.lineno, node.col_offset)
        stop = at(node.end_lineno, node.end_col_offset)
        text = ast.unparse(new)
        if isinstance(new, ast.expr) and not isinstance(new, ast.Slice):
            text = f"({text})"  # it binds as the old one did
        change = Change(file, node.lineno, "", "", text, start, stop)
        was, becomes = (
            full.splitlines()[node.lineno - 1].strip()
            for full in (source, change.applied(source))
        )
        found.append(dataclasses.replace(change, was=was, becomes=becomes))
    return tuple(sorted(found, key=lambda c: (c.start, c.stop, c.new)))


def _walk(node) -> Iterator[tuple[ast.AST, ast.AST]]:
    """(a node, what may stand in its place), for all nodes."""
    if isinstance(node, WORDS):
        return
    if isinstance(node, ast.FunctionDef) and node.name == "__repr__":
        return
    if isinstance(node, ast.If | ast.While | ast.IfExp):
        yield node.test, ast.UnaryOp(ast.Not(), node.test)
    for new in _others(node):
        yield node, new
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "returns", "decorator_list", "format_spec"):
            continue
        if isinstance(node, ast.keyword) and node.arg == "strict":  # of zip: it asserts
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST) and not _is_any_size(child, node):
                yield from _walk(child)


def _others(node) -> Iterator[ast.AST]:
    """What may stand in place of a node."""
    match node:
        case ast.Compare():
            for i, op in enumerate(node.ops):
                for kind in COMPARED[type(op)]:
                    new = copy.deepcopy(node)
                    new.ops[i] = kind()
                    yield new
        case ast.BinOp() if not _is_text(node.left) and not _is_text(node.right):
            if type(node.op) in COMPUTED:
                yield _with(node, op=COMPUTED[type(node.op)]())
        case ast.BoolOp():
            other = ast.Or() if isinstance(node.op, ast.And) else ast.And()
            yield _with(node, op=other)
        case ast.UnaryOp(op=ast.Not() | ast.USub()):
            yield node.operand
        case ast.Constant():
            yield from map(ast.Constant, _other_constants(node.value))
        case ast.Name(id=name, ctx=ast.Load()) if name in CALLED:
            yield _with(node, id=CALLED[name])
        case ast.Attribute(attr=name) if name in CALLED:
            yield _with(node, attr=CALLED[name])
        case ast.keyword(arg="axis", value=ast.Constant(value=int(k))):
            yield _with(node, value=ast.Constant(k - 1))
        case ast.Slice():
            if node.lower is not None:
                yield _with(node, lower=ast.BinOp(node.lower, ast.Add(), _ONE))
            if node.upper is not None:
                yield _with(node, upper=ast.BinOp(node.upper, ast.Sub(), _ONE))
        case ast.AugAssign():
            yield ast.Assign([node.target], node.value, lineno=node.lineno)
            if type(node.op) in COMPUTED:
                yield _with(node, op=COMPUTED[type(node.op)]())


_ONE = ast.Constant(1)


def _with(node, **fields):
    new = copy.copy(node)
    for name, value in fields.items():
        setattr(new, name, value)
    return new


def _is_any_size(node, parent) -> bool:
    """The -1 of a.reshape(-1, n), for which NumPy takes any negative number."""
    called = isinstance(parent, ast.Call) and getattr(parent.func, "attr", "")
    return called == "reshape" and isinstance(node, ast.UnaryOp)


def _is_text(node) -> bool:
    return isinstance(node, ast.JoinedStr) or (
        isinstance(node, ast.Constant) and isinstance(node.value, str)
    )


def _other_constants(value) -> list:
    if isinstance(value, bool):
        return [not value]
    if isinstance(value, int):
        return [value + 1]
    if isinstance(value, float):
        return [2 * value if value else 1.0]
    return []

"""Print what a check found: the table of `tinygan check`, and each failure below it."""

from collections.abc import Callable

from ..errors import one_line
from .layers.layer import LIMITS
from .report import Row

NAME = 60  # characters of a name in the table
MOST = 20  # things whose failures are told one by one
LONGEST = 1000  # characters of a note
LAYER_COLUMNS = [*LIMITS]
MEANINGS = {  # of a failure without a note
    "dx": "backward does not return the derivative of forward with respect to x",
    "dtheta": "backward does not add the derivative of forward to the gradients",
    "tangent": "tangent does not return the derivative of forward along x_dot",
    "adjoint": "backward and tangent do not belong to the same Jacobian",
    "reverse": "tangent_backward is not the reverse of tangent, which a penalty needs",
    "finite": "the derivative does not agree with finite differences",
    "dV/ds": "d_grads does not return the derivative of value",
    "dJ/ds": "g_grad does not return the derivative of g_value",
    "dlogp/ds": "grad does not return the derivative of log_p",
    "dL/dx": "grad does not return the derivative of value",
    "dP/dtheta": "accumulate does not subtract dP/dtheta from the gradient",
    "gradient": "the player does not move along the derivative of its value",
}
# A note says what a failure means. Of a row that is right it is told only if it has
# one of these: how the row was judged, or what was counted.
TELLING = ("note: ", "not analytic")


def print_table(rows: list[Row], say: Callable = print) -> bool:
    """Print one line of errors for each thing checked; return True if none fails.

    Things that are checked for the same quantities share a header. Below the table each
    failure is told: the error, the limit, what it means, and a line that repeats it.
    `say` prints a line.
    """
    things: dict[str, list[Row]] = {}
    for row in rows:
        things.setdefault(row.name, []).append(row)
    columns: list[str] = []
    for name, checks in things.items():
        errors = {row.quantity: row for row in checks}
        if not set(errors) <= set(columns):
            columns = LAYER_COLUMNS if set(errors) <= set(LAYER_COLUMNS) else [*errors]
            heads = (f"{c:>{_wide(c)}}" for c in columns)
            say("")
            say(" ".join([f"{'worst error of':<{NAME}}", *heads]))
        cells = (_cell(errors.get(c)) for c in columns)
        line = (f"{v:>{_wide(c)}}" for c, v in zip(columns, cells, strict=True))
        say(" ".join([f"{_short(name):<{NAME}}", *line]))
    say("")
    for line in _notes(things):
        say(line)
    failures = [row for row in rows if not row.ok]
    for line in _failures(failures):
        say(line)
    say(f"{len(things)} things, {len(rows)} checks, {len(failures)} failures")
    return not failures


def _short(name: str) -> str:
    """A name that fits into the table: a long one loses its middle."""
    name = one_line(name)
    if len(name) <= NAME:
        return name
    tail = NAME // 2
    return f"{name[: NAME - tail - 3]}...{name[-tail:]}"


def _wide(column: str) -> int:
    return max(8, len(column))


def _cell(row: Row | None) -> str:
    """An error as the table shows it: "-" if there is none, with "!" if it fails."""
    if row is None:
        return "-"
    return f"{row.error:.0e}" if row.ok else f"{row.error:.0e}!"


def _notes(things: dict[str, list[Row]]):
    """A line for each note of rows that are right, with the things it is about."""
    about: dict[str, list[str]] = {}
    for name, rows in things.items():
        notes = (row.note for row in rows if row.ok and _is_told(row.note))
        for note in dict.fromkeys(notes):
            about.setdefault(note.removeprefix("note: "), []).append(name)
    for note, names in about.items():
        first = "; ".join(map(one_line, names[:3]))
        more = f" and {len(names) - 3} more" if len(names) > 3 else ""
        yield f"note   {first}{more}: {one_line(note, LONGEST)}"
    if about:
        yield ""


def _meaning(row: Row) -> str:
    return row.note or MEANINGS.get(row.quantity.removesuffix(" finite"), "")


def _is_told(note: str) -> bool:
    return any(words in note for words in TELLING)


def _failures(rows: list[Row]):
    """The lines about the failures, thing by thing. What several of them share stands
    below the last one.
    """
    names = list(dict.fromkeys(row.name for row in rows))
    for name in names[:MOST]:
        own = [row for row in rows if row.name == name]
        for i, row in enumerate(own):
            yield (
                f"FAILS  {one_line(name)}: {row.quantity}: error {row.error:.3g}, "
                f"at most {row.limit:g} allowed"
            )
            after = own[i + 1] if i + 1 < len(own) else None
            meaning = _meaning(row)
            if meaning and (after is None or _meaning(after) != meaning):
                yield f"       {one_line(meaning, LONGEST)}"
            if row.line and (after is None or after.line != row.line):
                yield f"       {row.line}"
    if len(names) > MOST:
        yield f"FAILS  {len(names) - MOST} more things, marked with ! in the table"
    if rows:
        yield ""

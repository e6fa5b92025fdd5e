"""What a text file holds, before an hour is spent on it."""

import shlex
from collections.abc import Iterator
from pathlib import Path

from ..errors import shown
from .files.albums import plural, printable, quoted
from .files.lines import cut_lines, read_text, whole_lines
from .finding import Survey, evenly
from .lines import Lines

SIZE = 32  # characters of a line, if nobody says how many
_EXAMPLES, _WIDTH = 3, 60  # lines, and the characters of a line that are shown


def survey_text(path: Path, size: int | None = None) -> Survey:
    """How many lines a text file has, how long they are, and of which characters. They
    are counted before the long ones are cut. `size` is the length of a line then.

    Raises DataError and InputError as `read_lines` does.
    """
    text = read_text(path)
    lines = cut_lines(path, text, SIZE if size is None else size)
    found = Survey(quoted(str(path), 200), "a text file", lines)
    found.lines, found.notes = [*_facts(whole_lines(text), lines)], [*lines.notes]
    if len(set(lines.texts)) < 2:
        found.notes.append("training takes two distinct lines or more")
    found.command = f"tinygan train text-lines --data {shlex.quote(str(path))}"
    found.command += "" if size is None else f" --size {size}"
    return found


def _facts(whole: list[str], lines: Lines) -> Iterator[tuple[str, str]]:
    """The lines of the file, and what a network gets."""
    (T, V), characters = lines.shape, lines.alphabet.characters
    yield "lines", f"{len(whole):,}"
    yield "distinct", f"{len(set(whole)):,}"
    yield "longest", plural(max(map(len, whole)), "character")
    yield "alphabet", f"{plural(len(characters), 'character')}: {shown(characters)}"
    yield "in training", f"{plural(T, 'place')}, each with one of {V} symbols"
    for k, i in enumerate(evenly(len(whole), _EXAMPLES)):
        yield "" if k else "for example", _short(printable(whole[i]))


def _short(line: str) -> str:
    return line if len(line) <= _WIDTH else f"{line[: _WIDTH - 3]}..."

"""tinygan's docstrings are plain text; here they become reStructuredText.

    indented paragraphs, and those with gaps in every line    typed: equations, tables
    lines that begin with `argument:`                         a list of arguments
    all the rest                                              prose

In prose `name` is code, *word* is stressed, and nothing else has a meaning.
"""

import inspect
import re

from docutils import nodes

_GAP = re.compile(r"(?<=\S) {3,}(?=\S)")
_NAME = re.compile(r"(\w+(?:, \w+)*): (?=\S)")
_MARKED = re.compile(r"`([^`\n]+)`|(?<![\w*])\*([a-z][a-z ]*)\*(?![\w*])")


def paragraphs(lines: list[str]) -> list[list[str]]:
    """The lines between blank lines."""
    found: list[list[str]] = [[]]
    for line in lines:
        if line.strip():
            found[-1].append(line)
        elif found[-1]:
            found.append([])
    return [p for p in found if p]


def prose(text: str) -> str:
    """Plain text as reStructuredText: `name` is code, *word* stressed, all else is
    escaped.
    """
    out, end = "", 0
    for match in _MARKED.finditer(text):
        code, stressed = match.groups()
        out += escaped(text[end : match.start()])
        out += f"``{code}``" if code else f"*{stressed}*"
        end = match.end()
    return out + escaped(text[end:])


def escaped(text: str) -> str:
    """Text in which no character has a meaning."""
    return re.sub(r"([\\*|_`])", r"\\\1", text)


def begins(line: str, arguments) -> re.Match | None:
    """The match of `argument:`, or `one, other:`, at the beginning of a line."""
    match = _NAME.match(line)
    return match if match and set(match[1].split(", ")) <= set(arguments) else None


def is_typed(paragraph: list[str], arguments) -> bool:
    """Whether its lines are equations, or a table, to be left as they are."""
    if all(line.startswith("    ") for line in paragraph):
        return True
    flush = [line for line in paragraph if not line.startswith(" ")]
    return all(map(_GAP.search, flush)) and not begins(paragraph[0], arguments)


def pieces(paragraph: list[str], arguments) -> list[str]:
    """A paragraph cut before each `argument:`, if it has gaps or is a list of them."""
    flush = [line for line in paragraph if not line.startswith(" ")]
    is_list = all(begins(line, arguments) for line in flush)
    if not (is_list or any(map(_GAP.search, paragraph))):
        return ["\n".join(paragraph)]
    lines = (
        ("\0" if begins(line, arguments) else "\n") + line.strip() for line in paragraph
    )
    return [p for p in _GAP.sub("\0", "".join(lines)).strip().split("\0") if p]


def converted(lines: list[str], arguments=()) -> list[str]:
    """The docstring's lines as reStructuredText."""
    out: list[str] = []
    for paragraph in paragraphs(lines):
        if is_typed(paragraph, arguments):
            out += [".. code-block:: text", "", *("    " + v for v in paragraph), ""]
            continue
        parts = pieces(paragraph, arguments)
        for part in parts:
            name = _NAME.match(part) if len(parts) > 1 else begins(part, arguments)
            if name:
                about = prose(part[name.end() :]).replace("\n", "\n  ")
                out += [*f"- ``{name[1]}``: {about}".split("\n"), ""]
            else:
                out += [*prose(part).split("\n"), ""]
    return out


def process(app, what, name, obj, options, lines) -> None:
    try:
        arguments = inspect.signature(obj).parameters
    except (TypeError, ValueError):  # a module, a property
        arguments = ()
    lines[:] = converted(lines, arguments)


def without_object(app, doctree) -> None:
    """That a class has no base goes without saying."""
    for paragraph in list(doctree.findall(nodes.paragraph)):
        if paragraph.astext() == "Bases: object":
            paragraph.parent.remove(paragraph)


def setup(app):
    app.connect("autodoc-process-docstring", process)
    app.connect("doctree-read", without_object)
    return {"version": "1", "parallel_read_safe": True}

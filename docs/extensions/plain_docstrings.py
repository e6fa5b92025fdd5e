"""tinygan's docstrings are plain text; here they become reStructuredText.

Indented blocks and lines with gaps in them are equations, and stay as they are typed;
the rest is prose, in which `name` is code and nothing else has a meaning.
"""

import re

_GAP = re.compile(r"\S {3,}\S")


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
    """Plain text as reStructuredText: `name` is code, all else is escaped."""
    parts = re.split(r"`([^`\n]+)`", text)
    escaped = (re.sub(r"([\\*|_`])", r"\\\1", part) for part in parts[::2])
    code = [f"``{part}``" for part in parts[1::2]]
    return "".join(a + b for a, b in zip(escaped, [*code, ""], strict=True))


def converted(lines: list[str]) -> list[str]:
    """The docstring's lines as reStructuredText."""
    out: list[str] = []
    for paragraph in paragraphs(lines):
        typed = all(line.startswith("    ") for line in paragraph)
        if typed or any(map(_GAP.search, paragraph)):
            out += ["::", "", *("    " + line for line in paragraph), ""]
        else:
            out += [*prose("\n".join(paragraph)).split("\n"), ""]
    return out


def process(app, what, name, obj, options, lines) -> None:
    lines[:] = converted(lines)


def setup(app):
    app.connect("autodoc-process-docstring", process)
    return {"version": "1", "parallel_read_safe": True}

"""The ledger: each displayed equation and the line of code that computes it.

In the book an equation is displayed as

    $$
    dx = dy\\, W^\\top
    $$ (dense-dx)

and in the code the line that computes it ends in `# eq: dense-dx`. Under the equation
the built page says where that is, with a link to the line; the sources are pages of the
build. An equation without a line is an error of the build; tests/test_book.py holds
both lists against each other, both ways.
"""

import pathlib
import re
from dataclasses import dataclass

from docutils import nodes
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer
from sphinx.util import logging

DOCS = pathlib.Path(__file__).parents[1]
ROOT = DOCS.parent
COMPUTED_IN = ("tinygan", "docs/figures")

_MARK = re.compile(r"#\s*eq:\s*([\w-]+)")
_DISPLAY = re.compile(r"^\$\$\n(.*?)^\$\$(?: \((.*?)\))? *$", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True)
class Line:
    """A line of code that computes an equation."""

    path: str  # from the root of the repository
    number: int  # from 1

    @property
    def page(self) -> str:
        """The page of the build that shows the file."""
        return "source/" + self.path.removesuffix(".py")


def files() -> list[pathlib.Path]:
    """Every file that may compute an equation."""
    return sorted(p for top in COMPUTED_IN for p in (ROOT / top).rglob("*.py"))


def computed() -> dict[str, list[Line]]:
    """label -> the lines that carry it. There should be one."""
    found: dict[str, list[Line]] = {}
    for path in files():
        name = path.relative_to(ROOT).as_posix()
        for number, text in enumerate(path.read_text("utf-8").splitlines(), 1):
            for label in _MARK.findall(text):
                found.setdefault(label, []).append(Line(name, number))
    return found


def displayed() -> dict[str | None, list[str]]:
    """label -> the pages that display it, None for equations without a label."""
    found: dict[str | None, list[str]] = {}
    for page in sorted(DOCS.rglob("*.md")):
        if "_build" not in page.parts:
            for _, label in _DISPLAY.findall(page.read_text("utf-8")):
                name = page.relative_to(DOCS).as_posix()
                found.setdefault(label or None, []).append(name)
    return found


def link_equations(app, doctree, docname) -> None:
    """Put "computed in FILE, line N" behind each displayed equation."""
    lines = computed()
    for equation in list(doctree.findall(nodes.math_block)):
        label = equation.get("label")
        if label not in lines:
            logging.getLogger(__name__).warning(
                "no line of code carries '# eq: %s'", label, location=equation
            )
            continue
        line = lines[label][0]
        uri = app.builder.get_relative_uri(docname, line.page)
        text = f"{line.path}, line {line.number}"
        link = nodes.reference(text, text, internal=True)
        link["refuri"] = f"{uri}#L-{line.number}"
        told = nodes.paragraph("", "", link, classes=["computed"])
        last = equation.parent.index(equation) + 1
        equation.parent.insert(last, told)


def source_pages(app):
    """Every file of code as a page with an anchor for each line."""
    formatter = HtmlFormatter(linenos="inline", lineanchors="L", anchorlinenos=True)
    for path in files():
        name = path.relative_to(ROOT).as_posix()
        code = highlight(path.read_text("utf-8"), PythonLexer(), formatter)
        body = f"<h1>{name}</h1>\n{code}"
        yield Line(name, 1).page, {"title": name, "body": body}, "page.html"


def setup(app):
    app.connect("doctree-resolved", link_equations)
    app.connect("html-collect-pages", source_pages)
    return {"version": "1", "parallel_read_safe": True}

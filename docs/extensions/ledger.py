"""The ledger: each displayed equation and the line of code that computes it.

In the book an equation is displayed as

    $$
    dx = dy\\, W^\\top
    $$ (dense-dx)

and in the code the line that computes it ends in `# eq: dense-dx`. Under the equation
the built page says where that is, with a link to the line; the sources are pages of the
build. An equation without a line is an error of the build; tests/test_book.py holds
both lists against each other, both ways. A step of a proof, or a definition of which
nothing is computed, is a statement: its label begins with `stated-`, and no line
carries it.

The second equation of chapter 4 is (4.2), on its page and wherever it is named.
"""

import pathlib
import re
from dataclasses import dataclass

from docutils import nodes
from editions import say
from sphinx.domains.math import MathDomain
from sphinx.util import logging

DOCS = pathlib.Path(__file__).parents[1]
ROOT = DOCS.parent
COMPUTED_IN = ("tinygan", "docs/figures")
STATED = "stated-"

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

    def link(self, app, docname: str, text: str) -> nodes.reference:
        """A link from a page to this line."""
        uri = app.builder.get_relative_uri(docname, self.page)
        return nodes.reference(
            text, text, internal=True, refuri=f"{uri}#L-{self.number}"
        )


def files() -> list[pathlib.Path]:
    """Every file that may compute an equation."""
    return sorted(p for top in COMPUTED_IN for p in (ROOT / top).rglob("*.py"))


def pages() -> list[pathlib.Path]:
    """Every page of the book, of the guide and of the reference."""
    return [p for p in sorted(DOCS.rglob("*.md")) if "_build" not in p.parts]


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
    for page in pages():
        for _, label in _DISPLAY.findall(page.read_text("utf-8")):
            name = page.relative_to(DOCS).as_posix()
            found.setdefault(label or None, []).append(name)
    return found


def chapter(docname: str) -> str:
    """ "4" for book/04-game, "2b" for book/02b-fooled, "" outside of the book."""
    match = re.match(r"book/0?(\w+)-", docname)
    return match[1] if match else ""


class NumbersByChapter(MathDomain):
    """Equations, numbered as (4.1), (4.2) ... in chapter 4."""

    def note_equation(self, docname: str, labelid: str, location=None) -> None:
        super().note_equation(docname, labelid, location)
        _, number = self.equations[labelid]
        numbered = f"{chapter(docname)}.{number}".lstrip(".")
        self.equations[labelid] = (docname, numbered)  # type: ignore[assignment]


def link_equations(app, doctree, docname) -> None:
    """Put "computed in FILE, line N" behind each displayed equation."""
    lines = computed()
    for equation in list(doctree.findall(nodes.math_block)):
        label = equation.get("label") or ""
        if label.startswith(STATED):
            continue
        if label not in lines:
            logging.getLogger(__name__).warning(
                "no line of code carries '# eq: %s'", label, location=equation
            )
            continue
        line = lines[label][0]
        where = say(app, "{path}, line {number}")
        where = where.format(path=line.path, number=line.number)
        link = line.link(app, docname, where)
        told = nodes.paragraph("", "", link, classes=["computed"])
        last = equation.parent.index(equation) + 1
        equation.parent.insert(last, told)


def setup(app):
    app.add_domain(NumbersByChapter, override=True)
    app.connect("doctree-resolved", link_equations)
    return {"version": "2", "parallel_read_safe": True}

"""{notation}: the letters of all chapters, from the tables at the head of each.

A table begins with `| Symbol |`; the last cell of a row says what the symbols of its
first cell are. Chapter 0 has the letters of the whole book.
"""

import pathlib
import re
from dataclasses import dataclass

from docutils import nodes
from docutils.parsers.rst import Directive
from editions import say, translated
from ledger import DOCS, chapter

_TABLE = re.compile(r"^\| Symbol \|.*\n\|[-|]+\n((?:\|.*\n)+)", re.MULTILINE)
_SPACE = re.compile(r"^(\\ |\s)+|(\\ |\s)+$")
_CELLS = re.compile(r"(?<!\\)\|")
_GREEK = re.compile(
    "(var)?(alpha|beta|gamma|delta|epsilon|zeta|eta|theta|kappa|lambda|mu|nu|xi|pi|rho"
    "|sigma|tau|phi|psi|omega)|ell",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Symbol:
    """What a symbol means in a chapter."""

    text: str  # of the formula
    row: str  # all symbols of its row, Markdown
    meaning: str  # of the row, Markdown
    page: pathlib.Path

    @property
    def letter(self) -> str:
        """The letter to look it up by: `s` of s_{real}, `theta` of theta_D."""
        bare = re.sub(r"\\(?:d|dot|hat|bar|mathrm|partial)\b|[{}\s/]", " ", self.text)
        found = re.search(r"\\([A-Za-z]+)|([A-Za-z])", bare)
        return (found[1] or found[2]) if found else ""

    @property
    def is_plain(self) -> bool:
        """A letter by itself, without an accent or an index."""
        return self.text.strip(" \\") == self.letter


def symbols(page: pathlib.Path) -> list[Symbol]:
    """The symbols of a chapter's table."""
    found = []
    for table in _TABLE.findall(page.read_text("utf-8")):
        for row in table.splitlines():
            first, *_, meaning = (c.strip() for c in _CELLS.split(row)[1:-1])
            for formula in re.findall(r"\$([^$]+)\$", first):
                for text in re.split(r",(?![^{(]*[})])", formula):
                    text = _SPACE.sub("", text)
                    found.append(Symbol(text, first, meaning, page))
    return [s for s in found if s.letter]


def chapters() -> list[pathlib.Path]:
    """The pages of the book."""
    return sorted((DOCS / "book").glob("*.md"))


def of_the_book() -> set[str]:
    """The letters that mean one thing in all chapters."""
    return {s.text for s in symbols(chapters()[0]) if s.is_plain}


class Notation(Directive):
    """The index as a table: letter, meaning, chapter."""

    def run(self):
        env = self.state.document.settings.env
        for page in chapters():
            env.note_dependency(str(page))
        rows = [s for page in chapters() for s in symbols(page)]
        rows.sort(key=lambda s: (_order(s.letter), s.page.name))
        heads = " | ".join(say(env, h) for h in ("Symbol", "What it is", "Chapter"))
        lines = [f"| {heads} |", "|---|---|---|"]
        for s in rows:
            name = s.page.stem
            link = f"[{chapter(f'book/{name}')}](book/{s.page.name})"
            star = " ★" if borrowed(s) else ""
            row, meaning = (
                translated(env, f"book/{name}", t) for t in (s.row, s.meaning)
            )
            if s.row != f"${s.text}$":
                meaning = say(env, "{row}: {meaning}").format(row=row, meaning=meaning)
            lines.append(f"| ${s.text}${star} | {meaning} | {link} |")
        box = nodes.container()
        self.state.nested_parse(lines, self.content_offset, box)
        return box.children


def _order(letter: str) -> tuple:
    greek = _GREEK.fullmatch(letter)
    return bool(greek), letter.lower(), letter


def borrowed(symbol: Symbol) -> bool:
    """True if a chapter gives another meaning to a letter of the whole book."""
    return (symbol.page.stem, symbol.text) in BORROWED


BORROWED = {
    ("15-conditioning", "V"): "the rows of a projection; V(D, G) keeps its brackets",
    ("15b-text", "z"): "the update gate of a GRU, as everywhere in the literature",
    ("26-vae", "D(z) = s"): "the decoder; there is no discriminator",
    ("27-autoregressive", "D"): "how many numbers a sample has; no discriminator",
    ("23-r3gan", "L"): "the number of residual branches, as in Zhang et al. 2019",
    ("25-spectrograms", "L"): "the length of a frame",
    ("28-text", "V"): "the size of the alphabet; there is no value of a game",
    ("28-text", "J"): "the Jacobian of one row, named in chapter 0",
    ("29-recurrent", "V"): "the size of the alphabet; there is no value of a game",
}


def setup(app):
    app.add_directive("notation", Notation)
    return {"version": "1", "parallel_read_safe": True}

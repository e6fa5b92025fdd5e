"""Listings: each has its file as caption, and stands beside the equation it computes.

The caption leads to the source page, at the line where the listing begins. An equation,
the words behind it and the listing that follows are one `pair`, which book.css shows in
two columns where the window is wide.
"""

import pathlib

from docutils import nodes
from ledger import ROOT, Line
from sphinx.directives.code import LiteralInclude

WORDS = (nodes.paragraph, nodes.target, nodes.bullet_list, nodes.comment)
FURTHEST = 3  # paragraphs between an equation and its listing
LONGEST = 18  # lines of code, or the other column would be empty


class Listing(LiteralInclude):
    """A literalinclude that knows at which line of which file it begins."""

    def run(self):
        self.options["lineno-match"] = None
        (node,) = super().run()
        if isinstance(node, nodes.literal_block):
            node["linenos"] = False  # known, not shown
            node["begins"] = node["highlight_args"].pop("linenostart")
        return [node]


def put_captions(app, doctree, docname) -> None:
    """Put FILE above each listing, with a link to its line."""
    for block in list(doctree.findall(nodes.literal_block)):
        if "begins" in block:
            path = pathlib.Path(block["source"]).resolve().relative_to(ROOT).as_posix()
            line = Line(path, block["begins"])
            caption = nodes.paragraph("", "", line.link(app, docname, path))
            caption["classes"] = ["file"]
            listing = nodes.container("", caption, classes=["listing"])
            block.replace_self(listing)
            listing += block


def pair(app, doctree, docname) -> None:
    """Put each listing into one container with the equation above it."""
    for listing in list(doctree.findall(_is_listing)):
        parent = listing.parent
        start = parent.index(listing)
        before, after = up_to_equation(parent[:start]), [listing]
        for node in parent[start + 1 :]:
            if not _is_listing(node):
                break
            after.append(node)
        if not before or sum(map(_lines, after)) > LONGEST:
            continue
        both = nodes.container("", classes=["pair"])
        parent.insert(parent.index(before[0]), both)
        for column, content in ("formula", before), ("beside", after):
            for node in content:
                parent.remove(node)
            both += nodes.container("", *content, classes=[column])


def up_to_equation(nodes_before: list) -> list:
    """The last equation and the words behind it; [] if it is too far above."""
    for count, node in enumerate(reversed(nodes_before), 1):
        if _holds_equation(node):
            found = nodes_before[-count:]
            words = [n for n in found if isinstance(n, nodes.paragraph)]
            return found if len(words) <= FURTHEST else []
        if not isinstance(node, WORDS):
            break
    return []


def _holds_equation(node) -> bool:
    """Furo puts each equation into a box of its own."""
    return isinstance(node, nodes.math_block) or (
        isinstance(node, nodes.container) and "math-wrapper" in node["classes"]
    )


def _lines(listing) -> int:
    return listing[-1].astext().count("\n") + 1


def _is_listing(node) -> bool:
    return isinstance(node, nodes.container) and "listing" in node["classes"]


def setup(app):
    app.add_directive("literalinclude", Listing, override=True)
    app.connect("doctree-resolved", put_captions, priority=600)
    app.connect("doctree-resolved", pair, priority=700)
    return {"version": "1", "parallel_read_safe": True}

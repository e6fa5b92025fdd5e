"""The sources as pages: each line can be linked to, and leads back to the book.

A line that computes an equation names it, by its number and with a link. At the head of
a page stand the chapters that show a part of it.
"""

import functools
import html
import re

from docutils import nodes
from editions import say
from ledger import DOCS, ROOT, Line, files, pages
from listings import listings
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

_MARKED = re.compile(r"(#\s*eq:\s*)([\w-]+)")


def shown_on() -> dict[str, list[str]]:
    """file -> the pages (docnames) that show a part of it."""
    found: dict[str, list[str]] = {}
    for page in pages():
        docname = page.relative_to(DOCS).with_suffix("").as_posix()
        for listing in listings(page):
            if docname not in found.setdefault(listing.path, []):
                found[listing.path].append(docname)
    return found


def source_pages(app):
    """Every file of code as a page, each line with an anchor."""
    shown = shown_on()
    formatter = HtmlFormatter(linenos="inline", linespans="L", anchorlinenos=True)
    for path in files():
        name = path.relative_to(ROOT).as_posix()
        page = Line(name, 1).page
        link = functools.partial(_link, app, page)
        code = highlight(path.read_text("utf-8"), PythonLexer(), formatter)
        code = _MARKED.sub(functools.partial(_to_equation, app, link), code)
        body = f"<h1>{name}</h1>\n"
        if name in shown:
            chapters = ", ".join(
                link(docname, html.escape(app.env.titles[docname].astext()))
                for docname in shown[name]
            )
            body += f'<p class="shown">{say(app, "Shown in: ")}{chapters}</p>\n'
        yield page, {"title": name, "body": body + code}, "page.html"


def _link(app, page: str, docname: str, text: str, anchor: str = "") -> str:
    uri = app.builder.get_relative_uri(page, docname)
    return f'<a href="{uri}{anchor}">{text}</a>'


def _to_equation(app, link, match: re.Match) -> str:
    """`# eq: dense-dx`, with a link to the equation and its number."""
    mark, label = match.groups()
    docname, number = app.env.get_domain("math").equations.get(label, ("", ""))
    if not docname:
        return match[0]
    anchor = "#" + nodes.make_id(f"equation-{label}")
    return mark + link(docname, f"{label} ({number})", anchor)


def reuse_navigation(app, pagename, templatename, context, doctree) -> None:
    """One tree of contents for all source pages of a depth, which are not in it. To
    make it anew for each of them took most of the time of a build.
    """
    if pagename.startswith("source/"):
        trees = app.env.temp_data.setdefault("source_trees", {})
        depth = pagename.count("/")
        context["toctree"] = _kept(trees, depth, context["toctree"])


def _kept(trees: dict, depth: int, make):
    def toctree(**options):
        if depth not in trees:
            trees[depth] = make(**options)
        return trees[depth]

    return toctree


def setup(app):
    app.connect("html-collect-pages", source_pages)
    app.connect("html-page-context", reuse_navigation, priority=400)  # before Furo
    return {"version": "1", "parallel_read_safe": True}

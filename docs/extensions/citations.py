"""Citations: "Karras et al. 2018" is a link to its entry in the bibliography.

The words are written as they are read, on the pages and in docstrings, and need no
mark. What an entry may be called follows from its authors and its year:

    one author       Polyak 1964
    two              Kingma and Ba 2015
    three            Radford et al. 2016, or Radford, Metz and Chintala 2016
    more             Goodfellow et al. 2014

A year may stand in brackets. Accents may be left out.
"""

import functools
import re
import unicodedata

from docutils import nodes
from editions import say
from ledger import DOCS, pages
from pybtex.database import Entry, parse_file

PAGE = "bibliography"
_WITHOUT_DOTS = str.maketrans("øØłŁ", "oOlL")
_SILENT = (nodes.reference, nodes.literal, nodes.literal_block, nodes.title, nodes.math)


@functools.cache
def entries() -> dict[str, Entry]:
    """key -> entry of references.bib."""
    return dict(parse_file(DOCS / "references.bib", "bibtex").entries.items())


def plain(text: str) -> str:
    """Text without accents."""
    parts = unicodedata.normalize("NFKD", text.translate(_WITHOUT_DOTS))
    return "".join(c for c in parts if not unicodedata.combining(c))


def names(entry: Entry) -> list[str]:
    """What the authors of an entry may be called."""
    people = entry.persons["author"]
    last = [" ".join(p.prelast_names + p.last_names) for p in people]
    found = [" and ".join(last)] if len(last) < 3 else [f"{last[0]} et al."]
    if len(last) == 3:
        found.append(f"{last[0]}, {last[1]} and {last[2]}")
    return found


@functools.cache
def keys() -> dict[str, list[str]]:
    """ "Karras et al. 2018", without accents -> the entries that are called so."""
    found: dict[str, list[str]] = {}
    for key, entry in entries().items():
        for name in names(entry):
            found.setdefault(plain(f"{name} {entry.fields['year']}"), []).append(key)
    return found


@functools.cache
def mention() -> re.Pattern:
    """What matches each name and year of the bibliography."""
    spelt = {
        _spelling(form, entry.fields["year"])
        for entry in entries().values()
        for name in names(entry)
        for form in (name, plain(name))
    }
    return re.compile("|".join(sorted(spelt, key=len, reverse=True)))


def _spelling(name: str, year: str) -> str:
    words = r"\s+".join(map(re.escape, name.split()))
    # No \b: a Chinese character may stand beside a name, and counts as a letter.
    return rf"(?<![A-Za-z]){words}\s+(?:{year}(?![0-9A-Za-z])|\({year}\))"


def key_of(words: str) -> str:
    """The entry that a mention means."""
    (key,) = keys()[plain(re.sub(r"[()]", "", " ".join(words.split())))]
    return key


def link_citations(app, doctree, docname) -> None:
    """Make each mention a link; on the page of the bibliography, link back."""
    if docname == PAGE:
        _tell_where_cited(app, doctree)
        return
    uri = app.builder.get_relative_uri(docname, PAGE)
    for text in list(doctree.findall(nodes.Text)):
        if mention().search(text) and not _within(text, _SILENT):
            text.parent.replace(text, _with_links(text, uri))


def _with_links(text: str, uri: str) -> list:
    out, end = [], 0
    for match in mention().finditer(text):
        out.append(nodes.Text(text[end : match.start()]))
        refuri = f"{uri}#{anchor(key_of(match[0]))}"
        out.append(
            nodes.reference(
                "", match[0], internal=True, refuri=refuri, classes=["cite"]
            )
        )
        end = match.end()
    return [*out, nodes.Text(text[end:])]


def _within(node, kinds) -> bool:
    while node.parent is not None:
        node = node.parent
        if isinstance(node, kinds):
            return True
    return False


def anchor(key: str) -> str:
    """Where an entry stands on its page; conf.py asks for the same."""
    return f"cite-{key}"


def cited_on() -> dict[str, list[str]]:
    """key -> the pages (docnames) that name it."""
    found: dict[str, list[str]] = {}
    for page in pages():
        docname = page.relative_to(DOCS).with_suffix("").as_posix()
        for match in mention().finditer(page.read_text("utf-8")):
            cited = found.setdefault(key_of(match[0]), [])
            if docname not in cited:
                cited.append(docname)
    return found


def _tell_where_cited(app, doctree) -> None:
    cited = {anchor(key): docnames for key, docnames in cited_on().items()}
    for item in doctree.findall(nodes.list_item):
        docnames = [d for i in item["ids"] for d in cited.get(i, ())]
        if not docnames:
            continue
        told = nodes.inline("", " " + say(app, "Cited in: "), classes=["shown"])
        for docname in docnames:
            if docname != docnames[0]:
                told += nodes.Text(say(app, "; "))
            title = app.env.titles[docname].astext()
            uri = app.builder.get_relative_uri(PAGE, docname)
            told += nodes.reference("", title, internal=True, refuri=uri)
        item[-1] += told


def setup(app):
    app.connect("doctree-resolved", link_citations)
    return {"version": "1", "parallel_read_safe": True}

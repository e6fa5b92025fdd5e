"""Every paper that is named is in the bibliography, and every term in the glossary
leads to a chapter."""

import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
sys.path.insert(0, str(DOCS / "extensions"))

citations = pytest.importorskip("citations", reason="the docs extra is not installed")
ledger = pytest.importorskip("ledger", reason="the docs extra is not installed")

READ = [*ledger.pages(), *ledger.files(), ROOT / "README.md"]
NAME = r"(?:(?:van den|van|de) )?[A-Z][^\W\d_]+(?:-[A-Z][^\W\d_]+)*"
# "Karras et al. 2018", "Kingma and Ba (2015)"
CITED = re.compile(rf"({NAME}),?\s+(?:et\s+al\.|and\s+{NAME}),?\s+\(?(?:19|20)\d\d\b")
# They are not on the web, as far as we know.
NOWHERE = {"breuleux2011", "korpelevich1976"}


@pytest.mark.parametrize("path", READ, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_what_is_cited_is_in_the_bibliography(path):
    text = path.read_text("utf-8")
    known = [match.span() for match in citations.mention().finditer(text)]
    for match in CITED.finditer(text):
        assert any(a <= match.start(1) < b for a, b in known), match[0]


def test_a_citation_that_is_not_known_is_found():
    for text in (
        "Nobody and Noone (1999)",
        "Karras et al. 2017",
        "de Vries et al. 2016",
    ):
        assert CITED.search(text) and not citations.mention().search(text)
    for text, key in (
        ("Karras et\n  al. 2018", "karras2018"),
        ("Radford, Metz and Chintala (2016)", "radford2016"),
        ("van den Oord et al. 2016", "oord2016"),
        ("Kynkaanniemi et al. 2019", "kynkaanniemi2019"),
        ("Sonderby et al. 2017", "sonderby2017"),
        ("Polyak 1964", "polyak1964"),
    ):
        assert citations.key_of(citations.mention().fullmatch(text)[0]) == key


def test_a_name_and_a_year_mean_one_entry():
    assert {k: v for k, v in citations.keys().items() if len(v) > 1} == {}


def test_every_entry_is_cited_and_can_be_found():
    text = "\n".join(path.read_text("utf-8") for path in READ)
    cited = {citations.key_of(m[0]) for m in citations.mention().finditer(text)}
    assert cited == set(citations.entries())
    for key, entry in citations.entries().items():
        fields = entry.fields
        assert len(fields["title"]) > 5 and re.fullmatch(r"(19|20)\d\d", fields["year"])
        linked = {"eprint", "doi", "url"} & set(fields)
        assert bool(linked) != (key in NOWHERE), key
        assert re.fullmatch(r"\d{4}\.\d{4,5}", fields.get("eprint", "1234.12345")), key
        assert fields.get("doi", "10.").startswith("10."), key


def test_each_term_of_the_glossary_leads_to_the_chapter_that_has_it():
    text = (DOCS / "glossary.md").read_text("utf-8")
    (body,) = re.findall(r"```\{glossary\}\n:sorted:\n(.*?)```", text, re.DOTALL)
    terms = re.findall(r"^(\S.*)\n((?:  .*\n)+)", body, re.MULTILINE)
    assert len(terms) >= 40 and len({term for term, _ in terms}) == len(terms)
    for term, words in terms:
        ((number, page),) = re.findall(r"\[Chapter (\w+)\]\(([\w/.-]+)\)", words)
        assert number == ledger.chapter(page.removesuffix(".md")), term
        stem = max(re.findall(r"[\w-]+", term.lower()), key=len)[:5].rstrip("-")
        assert stem in (DOCS / page).read_text("utf-8").lower(), term

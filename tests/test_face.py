"""How the book is shown: figures in two themes, listings with captions, sources."""

import re
import sys
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[1] / "docs"
sys.path.insert(0, str(DOCS / "extensions"))

captions = pytest.importorskip("captions", reason="the docs extra is not installed")
figures = pytest.importorskip("figures", reason="the docs extra is not installed")
ledger = pytest.importorskip("ledger", reason="the docs extra is not installed")
sources = pytest.importorskip("source_pages", reason="the docs extra is not installed")

SCRIPT = """
from tinygan.theory.canvas import BLACK, BLUE, DARK, subplots

def figure():
    drawn, ((axis,),) = subplots(1, 1, 2, 2)
    axis.plot([0, 1], [0, 1], "o-", color=BLACK, mfc="white")
    axis.plot({points}, color=BLUE)
    axis.text(0, 0, "on a ground", color=DARK)
    return drawn
"""


def drawn(points: str, folder, monkeypatch) -> str:
    monkeypatch.setattr(figures, "OUT", folder)
    script = folder / "trial.py"
    script.write_text(SCRIPT.format(points=points))
    return figures.draw(script).read_text("utf-8")


def test_a_figure_has_two_themes(tmp_path, monkeypatch):
    svg = drawn("[1, 0]", tmp_path, monkeypatch)
    assert '<svg id="dark" ' in svg and "svg:target {" in svg
    assert "stroke: var(--ink)" in svg and "fill: var(--paper)" in svg
    assert re.search(r'id="patch_1">\s*<path d="[^"]*" style="fill: none"', svg)
    assert "#0072b2" in svg and "#010101" in svg  # they are what they are
    assert not re.search(r": #(000000|ffffff)\b", svg)


def test_a_figure_that_is_too_large_is_an_error(tmp_path, monkeypatch):
    """Lines are simplified; points are not."""
    with pytest.raises(ValueError, match=r"trial.py: .* rasterized=True"):
        drawn("range(9999), '.'", tmp_path, monkeypatch)
    assert not (tmp_path / "trial.svg").exists()


def test_a_page_has_both_themes_of_a_figure(tmp_path, monkeypatch):
    drawn("[1, 0]", tmp_path, monkeypatch)
    body = '<p><img alt="A" src="../_images/trial.svg" /><img src="a.svg" /></p>'
    context = {"body": body}
    figures.show_both(None, "page", "page.html", context, None)
    shown = re.findall(r'<img class="only-(\w+)" alt="A" src="(\S+)"', context["body"])
    assert shown == [
        ("light", "../_images/trial.svg"),
        ("dark", "../_images/trial.svg#dark"),
    ]
    assert '<img src="a.svg" />' in context["body"]


def test_an_equation_has_the_number_of_its_chapter():
    assert ledger.chapter("book/04-game") == "4"
    assert ledger.chapter("book/02b-fooled") == "2b"
    assert ledger.chapter("book/00-notation") == "0"
    assert ledger.chapter("guide/loss") == ""


def test_a_source_page_knows_who_shows_it():
    shown = sources.shown_on()
    assert "book/04-game" in shown["tinygan/gan.py"]
    assert "guide/journey" in shown["tinygan/gan.py"]
    known = {path.relative_to(ledger.ROOT).as_posix() for path in ledger.files()}
    assert set(shown) <= known, "a listing of a file that has no page"


def test_an_equation_is_beside_its_listing_if_only_words_are_between():
    from docutils import nodes

    equation, word = nodes.math_block(), nodes.paragraph()
    assert captions.up_to_equation([word, equation, word]) == [equation, word]
    assert captions.up_to_equation([equation, nodes.table(), word]) == []
    assert captions.up_to_equation([word, word]) == []
    far = [equation] + [nodes.paragraph() for _ in range(captions.FURTHEST + 1)]
    assert captions.up_to_equation(far) == []

"""One letter for one thing: the notation of the book, and its references."""

import re
import sys
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[1] / "docs"
sys.path.insert(0, str(DOCS / "extensions"))

ledger = pytest.importorskip("ledger", reason="the docs extra is not installed")
notation = pytest.importorskip("notation", reason="the docs extra is not installed")

PAGES = [p for p in sorted(DOCS.rglob("*.md")) if "_build" not in p.parts]


def test_a_reference_to_another_page_names_its_chapter():
    """{eq}`dense-dx` is shown as (1.5). The words beside it help who reads on paper."""
    pages = {label: name for label, (name,) in ledger.displayed().items()}
    for page in PAGES:
        text, name = page.read_text("utf-8"), page.relative_to(DOCS).as_posix()
        for m in re.finditer(r"\{eq\}`([\w-]+)`", text):
            if pages[m[1]] != name:
                chapter = re.match(r"book/0?(\w+)-", pages[m[1]])[1]
                before = re.split(r"\.\s|\n\n", text[: m.start()])[-1]
                after = re.split(r"\.\s|\n\n", text[m.end() :])[0]
                named = re.findall(r"[Cc]hapters?\s+(\w+)", f"{before} {after}")
                assert chapter in named, f"{name}: eq {m[1]} of chapter {chapter}"


def prose(page: Path) -> str:
    """A page without its code. A solution that can be opened is prose."""
    lines, fences = [], []
    for line in page.read_text("utf-8").splitlines():
        ticks = re.match(r"`{3,}", line)
        if ticks and fences and line == fences[-1][0]:
            fences.pop()
        elif ticks:
            fences.append((ticks[0], "{dropdown}" in line))
        elif all(opens for _, opens in fences):
            lines.append(line)
    assert not fences, f"{page.name}: an open fence"
    return "\n".join(lines)


def formulas(page: Path) -> list[str]:
    """Everything between dollars."""
    return re.findall(r"\$\$\n.*?\n\$\$|\$[^$]+\$", prose(page), re.S)


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.relative_to(DOCS).as_posix())
def test_one_notation(page):
    r"""An upright d is a derivative of L, an italic one the small quantity of calculus.
    Densities are p and q, and the logits of the two batches s_real and s_fake.
    """
    wrong = r"\\frac\{\\d(\{\}| ?\()|\\mathrm *\{?d\b|p_\{?data|p_G\b|s\^\{(real|fake)"
    for formula in formulas(page):
        if r"\int" in formula:
            assert not re.search(r"\\d(?![a-z])", formula), formula
            assert re.search(r"\bd[a-z]\b|\bd\\[a-z]", formula), formula
        assert not re.search(wrong, formula), formula


MEANS = {  # what a row about a letter of the whole book must say of it
    "N": "samples",
    "z": "latent|law of|random",
    "G": "generator",
    "D": "discriminator|belief",
    "s": "logit|score",
    "V": "ascends|value",
    "J": "descends",
    "L": "descends|differentiated|any such number",
}


def test_a_letter_of_the_whole_book_has_one_meaning():
    """A chapter that needs one of them for something else says so in BORROWED."""
    assert set(MEANS) <= notation.of_the_book()
    rows = [s for page in notation.chapters() for s in notation.symbols(page)]
    assert len(rows) > 200
    other = {
        (s.page.stem, s.text)
        for s in rows
        if s.text in MEANS and not re.search(MEANS[s.text], s.meaning)
    }
    named = {(s.page.stem, s.text) for s in rows}
    assert other <= set(notation.BORROWED) <= named


def test_a_letter_means_one_thing_in_a_chapter():
    """A table names a letter once, but for x and y, which every layer has."""
    for page in notation.chapters():
        plain = [s.text for s in notation.symbols(page) if s.is_plain]
        twice = {text for text in plain if plain.count(text) > 1} - {"x", "y"}
        assert twice <= SECTIONS.get(page.stem, set()), page.stem


SECTIONS = {"15b-text": {"b", "c"}}  # letters that the table gives to one section


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.relative_to(DOCS).as_posix())
def test_the_number_of_an_equation_begins_with_its_chapter(page):
    """So it is unique in the book: only chapters have numbered equations."""
    name = page.relative_to(DOCS).with_suffix("").as_posix()
    if "$$\n" in page.read_text("utf-8"):
        assert ledger.chapter(name)
        title = page.read_text("utf-8").splitlines()[0]
        assert title.startswith(f"# {ledger.chapter(name)} ")

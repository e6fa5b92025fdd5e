"""One letter for one thing: the notation of the book, and its references."""

import re
import sys
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[1] / "docs"
sys.path.insert(0, str(DOCS / "extensions"))

ledger = pytest.importorskip("ledger", reason="the docs extra is not installed")

PAGES = [p for p in sorted(DOCS.rglob("*.md")) if "_build" not in p.parts]


def test_a_reference_to_another_page_names_its_chapter():
    """Numbers of equations begin again on every page."""
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

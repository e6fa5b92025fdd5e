"""The book cannot drift: its ledger of equations, its figures, its code blocks."""

import inspect
import re
import sys
from pathlib import Path

import pytest

import tinygan
from tinygan import Layer, Objective

DOCS = Path(__file__).parents[1] / "docs"
sys.path.insert(0, str(DOCS / "extensions"))

ledger = pytest.importorskip("ledger", reason="the docs extra is not installed")

PAGES = [p for p in sorted(DOCS.rglob("*.md")) if "_build" not in p.parts]
KINDS = {"python", "console", "text", "pycon"}


def test_every_equation_of_the_code_is_displayed_once():
    where = ledger.displayed()
    code = set(ledger.computed())
    assert sorted(code - set(where)) == []
    assert {label: pages for label, pages in where.items() if len(pages) > 1} == {}


def test_every_displayed_equation_is_computed_by_one_line():
    lines = ledger.computed()
    pages = ledger.displayed()
    assert None not in pages, f"equations without a label in {pages[None]}"
    assert sorted(set(pages) - set(lines)) == []
    assert {label: at for label, at in lines.items() if len(at) > 1} == {}


def defined(base: type, method: str) -> list[type]:
    """The public classes of tinygan that define a method of this base themselves."""
    things = (getattr(tinygan, name) for name in tinygan.__all__)
    kinds = (thing for thing in things if inspect.isclass(thing))
    return [k for k in kinds if issubclass(k, base) and method in vars(k)]


@pytest.mark.parametrize(
    "kind",
    [
        *defined(Layer, "backward"),
        *defined(Layer, "adjoint"),
        *defined(Objective, "value"),
        *defined(tinygan.Penalty, "accumulate"),
        *defined(tinygan.Optimizer, "direction"),
    ],
    ids=lambda kind: kind.__name__,
)
def test_every_backward_objective_penalty_and_optimizer_is_in_the_ledger(kind):
    source = "".join(inspect.getsource(inspect.getmodule(kind)).splitlines(True))
    assert "# eq:" in inspect.getsource(kind), f"{kind.__name__} has no equation"
    assert source


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.relative_to(DOCS).as_posix())
def test_a_page_shows_no_code_that_is_not_run(page):
    fences = re.findall(r"^ {0,3}`{3,}([^\n`]*)$", page.read_text("utf-8"), re.M)
    kinds = {f.strip() for f in fences if f.strip() and not f.startswith("{")}
    assert kinds <= KINDS


def test_every_figure_is_in_the_book_and_every_picture_has_its_script():
    text = "".join(page.read_text("utf-8") for page in PAGES)
    shown = set(re.findall(r"figures/out/([\w-]+)\.svg", text))
    drawn = {path.stem for path in (DOCS / "figures").glob("*.py")}
    assert shown == drawn

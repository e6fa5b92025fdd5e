"""The Chinese edition: complete, with the same formulas and links, in agreed terms."""

import csv
import functools
import re
import sys
from collections import Counter
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[1] / "docs"
sys.path.insert(0, str(DOCS / "extensions"))
MESSAGES = DOCS / "locale" / "zh_CN" / "LC_MESSAGES"

pofile = pytest.importorskip("babel.messages.pofile", reason="needs the docs extra")
pytest.importorskip("myst_parser", reason="needs the docs extra")
citations = pytest.importorskip("citations", reason="needs the docs extra")

FILES = sorted(MESSAGES.rglob("*.po"))
SAME = ("code_inline", "math_inline", "myst_role", "image", "link_open", "strong_open")


def messages(path: Path) -> list:
    """The messages of a file."""
    with path.open("rb") as file:
        return [m for m in pofile.read_po(file, locale="zh_CN") if m.id]


def terms() -> list[tuple[re.Pattern, list[str]]]:
    """Each English term, its plural too, and the Chinese ones that may stand for it."""
    with (DOCS / "locale" / "terms.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return [
        (re.compile(rf"\b{r['term']}s?\b", re.IGNORECASE), r["Chinese"].split("|"))
        for r in rows
    ]


TERMS = terms()
DISPLAY = re.compile(r"^\$\$\n(.*?)^\$\$", re.DOTALL | re.MULTILINE)
EQUATIONS = {
    " ".join(body.split())
    for page in DOCS.rglob("*.md")
    for body in DISPLAY.findall(page.read_text("utf-8"))
}  # displayed


def markup(text: str) -> Counter:
    """How often a message has each formula, piece of code, role, link and emphasis."""
    found: Counter = Counter()
    for block in parser().parse(text):
        for token in block.children or ():
            if token.type in SAME:
                target = token.attrs.get("href", token.attrs.get("src", ""))
                content = "" if token.type == "image" else token.content
                found[token.type, content, target] += 1
    return found


@functools.cache
def parser():
    """The parser that Sphinx uses for the pages."""
    from myst_parser.config.main import MdParserConfig
    from myst_parser.mdit_to_docutils.base import DocutilsRenderer
    from myst_parser.parsers.mdit import create_md_parser

    enabled = {"dollarmath", "colon_fence", "deflist"}
    return create_md_parser(MdParserConfig(enable_extensions=enabled), DocutilsRenderer)


def mentions(text: str) -> set[str]:
    """The entries of the bibliography that a message names, and so links to."""
    return {citations.key_of(m[0]) for m in citations.mention().finditer(text)}


def prose(text: str) -> str:
    """A message without formulas, code, roles and the addresses of links."""
    text = re.sub(r"\{[a-z:]+\}`[^`]*`|`+[^`]*`+|\$[^$]*\$", " ", text)
    return re.sub(r"\]\([^)]*\)", "]", text)


def faults(english: str, chinese: str) -> list[str]:
    """What is wrong with the translation of a message. Sphinx spoils a displayed
    equation that is not the same in both languages.
    """
    if " ".join(english.split()) in EQUATIONS:
        return [] if chinese == english else ["a displayed equation that differs"]
    found = []
    missing, added = (
        markup(english) - markup(chinese),
        markup(chinese) - markup(english),
    )
    if missing or added:
        found.append(f"markup: missing {dict(missing)}, added {dict(added)}")
    cited, kept = map(mentions, (english, chinese))
    if cited != kept:
        found.append(f"citations: {sorted(cited)} became {sorted(kept)}")
    read = prose(english)
    for pattern, renderings in TERMS:
        if pattern.search(read) and not any(r in chinese for r in renderings):
            found.append(f"term: {pattern.pattern} is {' or '.join(renderings)}")
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
def test_translations_keep_markup_and_terms(path):
    """The same formulas, code, roles and links, and the terms of terms.csv."""
    done = [m for m in messages(path) if m.string and not m.fuzzy]
    wrong = {m.id: found for m in done if (found := faults(m.id, m.string))}
    assert wrong == {}


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
def test_nothing_is_left_in_english(path):
    """`python docs/locale/update.py` tells what an edited page needs."""
    assert [m.id for m in messages(path) if m.fuzzy or not m.string] == []


FIRST = (
    "生成器 $G$ 的梯度（{eq}`adam`）见[第 3 章](03-logistic.md)和 `play`，"
    "由Karras et al. 2018提出。"
)
ENGLISH = (
    "The gradient of the generator $G$ ({eq}`adam`) is in [chapter 3](03-logistic.md)"
    " and in `play`, after Karras et al. 2018."
)


def test_a_good_translation_has_no_fault():
    assert faults(ENGLISH, FIRST) == []


def test_a_displayed_equation_stays_as_it_is():
    equation = max(EQUATIONS, key=len)
    assert faults(equation, equation) == []
    assert len(faults(equation, equation + r"\\quad \text{若}")) == 1


@pytest.mark.parametrize(
    "old, new",
    [
        ("$G$", "$D$"),
        ("{eq}`adam`", "{eq}`adam-m`"),
        ("03-logistic.md", "04-game.md"),
        ("`play`", "`玩`"),
        ("生成器", "产生器"),
        ("梯度", "斜率"),
        ("{eq}`adam`", ""),
        ("Karras et al. 2018", "Karras 等人"),
    ],
)
def test_a_bad_one_has(old, new):
    assert len(faults(ENGLISH, FIRST.replace(old, new))) == 1


CODE = re.compile(r"^```(?s:.*?)^```|(?<=\n\n)(?: {4}.*\n)+", re.MULTILINE)


def test_the_chinese_readme_has_the_code_and_the_links_of_the_other():
    english, chinese = (
        (DOCS.parent / name).read_text("utf-8")
        for name in ("README.md", "README.zh-CN.md")
    )
    assert CODE.findall(english) == CODE.findall(chinese)
    found = [
        sorted(re.findall(r"\]\(((?!#)[^)]*)\)", text)) for text in (english, chinese)
    ]
    other = [sorted({*found[0]} - {*found[1]}), sorted({*found[1]} - {*found[0]})]
    assert other == [["README.zh-CN.md"], ["README.md"]]

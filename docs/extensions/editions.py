"""The book in two languages: English, and Chinese in the folder zh_CN of its build.

    python -m sphinx -D language=zh_CN docs docs/_build/zh_CN
    python -m sphinx docs docs/_build

The messages of the Chinese edition are in docs/locale. Formulas, code and figures are
shared. Each page leads to itself in the other language, if that has been built: the
English build must come second.
"""

import functools
import pathlib

from babel.messages.pofile import read_po

CHINESE = "zh_CN"
MESSAGES = pathlib.Path(__file__).parents[1] / "locale" / CHINESE / "LC_MESSAGES"
NAMES = {
    "en": ("Read this page in Chinese", "简体中文"),
    CHINESE: ("阅读英文版", "English"),
}


def link_editions(app, pagename, templatename, context, doctree) -> None:
    """Tell the template of the sidebar where the other edition has this page."""
    here = app.config.language
    up = "../" * pagename.count("/")
    name = f"{pagename}{app.builder.link_suffix}"
    if here == CHINESE:
        context["edition"] = {"uri": f"{up}../{name}", "language": "en"}
    elif (pathlib.Path(app.outdir) / CHINESE / "index.html").exists():
        context["edition"] = {"uri": f"{up}{CHINESE}/{name}", "language": "zh-CN"}
    else:
        return
    context["edition"]["title"], context["edition"]["name"] = NAMES[here]


WORDS = {
    "Cited in: ": "引用于：",
    "Shown in: ": "本文件出现于：",
    "; ": "；",
    "{path}, line {number}": "{path} 第 {number} 行",
    "Symbol": "符号",
    "What it is": "含义",
    "Chapter": "章",
    "{row}: {meaning}": "{row}：{meaning}",
}  # what the extensions write onto pages


def say(app, words: str) -> str:
    """Words of an extension in the language of the build."""
    return WORDS[words] if app.config.language == CHINESE else words


@functools.cache
def _messages(docname: str) -> dict[str, str]:
    path = MESSAGES / f"{docname}.po"
    if not path.exists():
        return {}
    with path.open("rb") as file:
        found = read_po(file, locale=CHINESE)
    return {m.id: m.string for m in found if m.id and m.string and not m.fuzzy}


def translated(app, docname: str, message: str) -> str:
    """A message of a page in the language of the build."""
    if app.config.language != CHINESE:
        return message
    return _messages(docname).get(message, message)


def setup(app):
    app.connect("html-page-context", link_editions)
    return {"version": "1", "parallel_read_safe": True}
